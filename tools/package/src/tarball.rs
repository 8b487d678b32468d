//! The source archive: the tree, all crates that it needs, and a bill of materials. The same bytes
//! from the same commit, wherever and whenever it is made.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

use super::{copyright, sbom};
use base::paths;

/// What is made.
pub struct Archive {
    /// `zcompat-VERSION.tar.xz`
    pub file: PathBuf,
    /// The bill of materials, as it is also in the archive.
    pub sbom: PathBuf,
    /// SHA-256 of both, as `sha256sum -c` reads it.
    pub checksums: PathBuf,
    /// The name without an ending, which is also the folder in the archive.
    pub name: String,
    /// The time that the files have, and that builds may use: seconds since 1970.
    pub epoch: u64,
}

/// Crates are built for these. What only others need is left out of the archive but for its name.
const TARGETS: [&str; 6] = [
    "aarch64-unknown-linux-gnu",
    "i686-unknown-linux-gnu",
    "riscv64gc-unknown-linux-gnu",
    "s390x-unknown-linux-gnu",
    "x86_64-unknown-linux-gnu",
    "x86_64-unknown-linux-musl",
];

/// Makes the archive of the tree at `root` in the folder `out`: a clone, or what was unpacked from
/// such an archive.
pub fn make(sh: &Shell, root: &Path, out: &Path) -> Result<Archive> {
    let name = format!("zcompat-{}", env!("CARGO_PKG_VERSION"));
    let epoch = epoch(sh, root)?;
    fs::create_dir_all(out).with_context(|| out.display().to_string())?;
    let work = tempfile::tempdir_in(out)?;
    let tree = work.path().join(&name);
    copy_tree(sh, root, &tree)?;
    if !tree.join("vendor").exists() {
        vendor(sh, &tree)?;
    }
    let sbom = sbom::write(sh, &tree)?;

    let file = out.join(format!("{name}.tar.xz"));
    let _dir = sh.push_dir(work.path());
    // Two threads whatever the machine has: one alone would give other blocks.
    cmd!(sh, "tar --create --file={file} --sort=name --format=gnu")
        .arg(format!("--mtime=@{epoch}"))
        .args(["--owner=0", "--group=0", "--numeric-owner", "--mode=u=rwX,go=rX"])
        .arg("--use-compress-program=xz -6 -T2 --block-size=16MiB")
        .arg(&name)
        .env("LC_ALL", "C")
        .env_remove("XZ_OPT")
        .env_remove("XZ_DEFAULTS")
        .quiet()
        .run()
        .context("tar cannot write the archive (it needs GNU tar and xz)")?;
    let kept = out.join(format!("{name}.cdx.json"));
    fs::copy(&sbom, &kept)?;
    let checksums = out.join(format!("{name}.sha256"));
    let names = [&file, &kept].map(|f| f.file_name().unwrap_or_default().to_owned());
    let _dir = sh.push_dir(out);
    fs::write(&checksums, cmd!(sh, "sha256sum {names...}").quiet().read()? + "\n")?;
    Ok(Archive { file, sbom: kept, checksums, name, epoch })
}

/// The time of the last commit, unless `SOURCE_DATE_EPOCH` says another.
fn epoch(sh: &Shell, root: &Path) -> Result<u64> {
    if let Ok(text) = std::env::var("SOURCE_DATE_EPOCH") {
        return text.parse().with_context(|| format!("SOURCE_DATE_EPOCH is {text:?}"));
    }
    if root.join(".git").exists() {
        let time = cmd!(sh, "git -C {root} log -1 --format=%ct").quiet().read()?;
        return time.parse().with_context(|| format!("git log says {time:?}"));
    }
    // Unpacked from an archive, all files have its time.
    let time = fs::metadata(root.join("Cargo.lock"))?.modified()?;
    Ok(time.duration_since(std::time::UNIX_EPOCH)?.as_secs())
}

/// What git knows, as it is now; without git everything but what builds leave.
fn copy_tree(sh: &Shell, root: &Path, to: &Path) -> Result<()> {
    if !root.join(".git").exists() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(root)?.flatten() {
            let (from, name) = (entry.path(), entry.file_name());
            if name != "target" && name != "sbom" && name != "debian" {
                cmd!(sh, "cp -a {from} {to}").quiet().run()?;
            }
        }
        return Ok(());
    }
    let names = cmd!(sh, "git -C {root} ls-files -z --recurse-submodules").quiet().read()?;
    for name in names.split('\0').filter(|name| !name.is_empty()) {
        let (from, to) = (root.join(name), to.join(name));
        fs::create_dir_all(to.parent().context("a folder")?)?;
        // A file that is deleted and not yet committed so.
        if from.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(&from)?, &to)?;
        } else if from.exists() {
            fs::copy(&from, &to).with_context(|| from.display().to_string())?;
        }
    }
    Ok(())
}

/// Puts all crates of Cargo.lock into `vendor/`, and tells cargo to take them from there.
fn vendor(sh: &Shell, tree: &Path) -> Result<()> {
    let _dir = sh.push_dir(tree);
    let settings =
        cmd!(sh, "cargo vendor --locked vendor").quiet().ignore_stderr().read().context(
            "cargo vendor fails: it needs the crates of Cargo.lock, from the network or ~/.cargo",
        )?;
    let file = tree.join(".cargo/config.toml");
    let own = fs::read_to_string(&file)?;
    fs::write(&file, format!("{own}\n# The crates of this archive.\n{settings}\n"))?;

    let mut needed = BTreeSet::new();
    for target in TARGETS {
        let filter = format!("--filter-platform={target}");
        let metadata = sbom::metadata(sh, tree, &["--all-features", &filter])?;
        needed.extend(metadata.resolve.nodes.into_iter().map(|node| node.id));
    }
    let all = sbom::metadata(sh, tree, &["--all-features"])?;
    for package in all.packages.iter().filter(|package| !needed.contains(&package.id)) {
        hollow_out(&package.manifest_path)?;
    }
    for entry in fs::read_dir(tree.join("vendor"))?.flatten() {
        leave_out_backups(&entry.path())?;
        executables_are_no_part_of_crates(&entry.path())?;
    }
    copyright::write(tree, &all)
}

/// Leaves of a crate that is never compiled what cargo reads of every crate in Cargo.lock: without
/// this half of the archive would be import libraries of other systems.
fn hollow_out(manifest: &Path) -> Result<()> {
    let dir = manifest.parent().context("a crate's folder")?;
    for entry in fs::read_dir(dir)?.flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let licence = name.to_string_lossy().to_lowercase().contains("licen");
        if path.is_dir() {
            fs::remove_dir_all(&path)?;
        } else if name != "Cargo.toml" && name != ".cargo-checksum.json" && !licence {
            fs::remove_file(&path)?;
        }
    }
    fs::create_dir(dir.join("src"))?;
    fs::write(dir.join("src/lib.rs"), "")?;
    checksums(dir, |_| false)
}

/// Leaves out what Debian's dh_clean, and others, take for an editor's backup and remove.
fn leave_out_backups(dir: &Path) -> Result<()> {
    let backup = dir.join("Cargo.toml.orig");
    if backup.exists() {
        fs::remove_file(&backup)?;
        checksums(dir, |name| name != "Cargo.toml.orig")?;
    }
    Ok(())
}

/// Lists only the files of a crate that `keep` names: cargo wants the checksum of the whole crate
/// as it was, and compares the files that are listed.
fn checksums(dir: &Path, keep: impl Fn(&str) -> bool) -> Result<()> {
    let list = dir.join(".cargo-checksum.json");
    let mut text: serde_json::Value = serde_json::from_str(&fs::read_to_string(&list)?)?;
    let files = text["files"].as_object_mut().context("a list of files")?;
    files.retain(|name, _| keep(name));
    fs::write(&list, text.to_string())?;
    Ok(())
}

/// Modes are those that the crate's author happened to have: the build runs none of these files.
fn executables_are_no_part_of_crates(path: &Path) -> Result<()> {
    if path.is_dir() {
        for entry in fs::read_dir(path)?.flatten() {
            executables_are_no_part_of_crates(&entry.path())?;
        }
    } else if !path.is_symlink() {
        fs::set_permissions(path, fs::Permissions::from_mode(0o644))?;
    }
    Ok(())
}

/// Unpacks an archive below `to` and returns its folder.
pub fn unpack(sh: &Shell, archive: &Archive, to: &Path) -> Result<PathBuf> {
    fs::create_dir_all(to)?;
    let file = &archive.file;
    cmd!(sh, "tar -xf {file} -C {to}").quiet().run()?;
    let tree = to.join(&archive.name);
    ensure!(tree.join("Cargo.lock").exists(), "{} has no {}", file.display(), archive.name);
    Ok(tree)
}

/// A user's cargo home that has nothing in it: a build that needs the network fails.
pub fn empty_cargo_home() -> Result<tempfile::TempDir> {
    let dir = paths::target().join("tmp");
    fs::create_dir_all(&dir)?;
    tempfile::tempdir_in(dir).map_err(Into::into)
}
