//! The patches in cpython-patch/: one folder a version or package, with a `series` file.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

use base::paths;

/// The folder of the patches for `name` (3.13, 3.14, backports.zstd).
pub fn dir(name: &str) -> PathBuf {
    paths::root().join("cpython-patch").join(name)
}

/// The patches for `name` in the order of its series file; none if there is no such folder.
pub fn series(name: &str) -> Result<Vec<PathBuf>> {
    let dir = dir(name);
    if !dir.exists() {
        return Ok(Vec::new());
    }
    let file = dir.join("series");
    let text = fs::read_to_string(&file).with_context(|| format!("{}", file.display()))?;
    let names = text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
    let patches: Vec<PathBuf> = names.map(|n| dir.join(n)).collect();
    ensure!(!patches.is_empty(), "{} names no patch", file.display());
    for patch in &patches {
        ensure!(patch.exists(), "{} names {}, which is not there", file.display(), patch.display());
    }
    Ok(patches)
}

/// Applies `patches` to the source in `tree`, each checked first.
pub fn apply(sh: &Shell, tree: &Path, patches: &[PathBuf]) -> Result<()> {
    let _dir = sh.push_dir(tree);
    for patch in patches {
        let name = patch.file_name().unwrap_or_default().to_string_lossy().into_owned();
        git_apply(sh, tree, patch, &["--check", "--verbose"])
            .and_then(|()| git_apply(sh, tree, patch, &["--whitespace=nowarn"]))
            .with_context(|| format!("{name} does not apply to {}", tree.display()))?;
        // Inside another repository git passes over paths in silence; it must not.
        git_apply(sh, tree, patch, &["--check", "--reverse"])
            .with_context(|| format!("{name} left no trace in {}", tree.display()))?;
    }
    Ok(())
}

fn git_apply(sh: &Shell, tree: &Path, patch: &Path, options: &[&str]) -> Result<()> {
    // The tree may lie below our own repository, which git must not take for the tree's.
    let above = tree.parent().unwrap_or(tree);
    cmd!(sh, "git apply {options...} {patch}")
        .env("GIT_CEILING_DIRECTORIES", above)
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .quiet()
        .ignore_stderr()
        .run()?;
    Ok(())
}
