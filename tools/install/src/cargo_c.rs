//! cargo-c: a recent one that is on PATH, else the pinned one, built once under target/.

use std::path::PathBuf;

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use base::paths;

/// The newest that builds with the Rust this workspace is pinned to.
const VERSION: &str = "0.10.24+cargo-0.98.0";

/// The oldest that is tried: distributions have it.
const OLDEST: [u32; 3] = [0, 10, 18];

/// A `cargo-cinstall` to build with.
pub struct CargoC {
    /// How it is called.
    pub program: PathBuf,
    /// Whether this is the pinned one: there is no other to fall back to.
    pub pinned: bool,
}

/// The `cargo-cinstall` to build with, built first if need be.
pub fn cinstall(sh: &Shell) -> Result<PathBuf> {
    Ok(find(sh)?.program)
}

/// What [`cinstall`] is, and whether it is the pinned one.
pub fn find(sh: &Shell) -> Result<CargoC> {
    let out = cmd!(sh, "cargo-cinstall --version").quiet().ignore_stderr().read();
    match out.ok().as_deref().and_then(version) {
        Some(version) if version >= OLDEST => {
            Ok(CargoC { program: "cargo-cinstall".into(), pinned: false })
        }
        _ => pinned(sh),
    }
}

/// The pinned cargo-c, built first if need be.
pub fn pinned(sh: &Shell) -> Result<CargoC> {
    let tools = paths::target().join("tools/cargo-c");
    let program = tools.join("bin/cargo-cinstall");
    if !program.exists() {
        eprintln!("building cargo-c {VERSION} once under {} (some minutes)", tools.display());
        // From outside the workspace and without its settings: it is a tool, not part of a build.
        // Unoptimised, which halves the wait and costs a second at each use.
        let _dir = sh.push_dir("/");
        cmd!(sh, "cargo install cargo-c --version {VERSION} --locked --debug --root {tools}")
            .without_build_settings()
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .run()
            .context("cargo-c could not be built: `cargo install cargo-c` says why above")?;
    }
    Ok(CargoC { program, pinned: true })
}

/// The numbers in `cargo-c 0.10.24+cargo-0.98.0`; older ones leave out what follows the `+`.
fn version(text: &str) -> Option<[u32; 3]> {
    let word =
        text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    let numbers = word.split(['+', '-']).next()?.split('.').map(|n| n.parse().ok());
    numbers.collect::<Option<Vec<u32>>>()?.try_into().ok()
}

trait WithoutBuildSettings {
    /// Without what a user has set for the build of the libraries.
    fn without_build_settings(self) -> Self;
}

impl WithoutBuildSettings for xshell::Cmd<'_> {
    fn without_build_settings(self) -> Self {
        [
            "CARGO_BUILD_RUSTFLAGS",
            "CARGO_BUILD_TARGET",
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_TARGET_DIR",
            "CFLAGS",
            "CPATH",
            "LDFLAGS",
            "RUSTFLAGS",
        ]
        .iter()
        .fold(self, |cmd, name| cmd.env_remove(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_and_compared() {
        assert_eq!(version("cargo-c 0.10.24+cargo-0.98.0"), Some([0, 10, 24]));
        assert_eq!(version("cargo-c 0.10.18"), Some([0, 10, 18]));
        assert_eq!(version("cargo-c"), None);
        assert!(version("cargo-c 0.10.9+cargo-0.85.0") < Some(OLDEST));
        assert!(version("cargo-c 0.11.0") > Some(OLDEST));
    }
}
