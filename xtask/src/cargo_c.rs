//! The pinned cargo-c: the one on PATH if it is that version, else built once under target/.

use std::path::PathBuf;

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::paths;

/// The newest that builds with the Rust this workspace is pinned to.
const VERSION: &str = "0.10.24+cargo-0.98.0";

/// The path of `cargo-cinstall`, built first if need be.
pub fn cinstall(sh: &Shell) -> Result<PathBuf> {
    if let Some(found) = on_path(sh) {
        return Ok(found);
    }
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
    Ok(program)
}

fn on_path(sh: &Shell) -> Option<PathBuf> {
    let out = cmd!(sh, "cargo-cinstall --version").quiet().ignore_stderr().read().ok()?;
    // "cargo-c 0.10.24+cargo-0.98.0" on current versions, without the build metadata on older.
    out.split_whitespace().any(|word| word == VERSION).then(|| PathBuf::from("cargo-cinstall"))
}

trait WithoutBuildSettings {
    /// Without what a user, or this workspace's `.cargo/config.toml`, has set for our own builds.
    fn without_build_settings(self) -> Self;
}

impl WithoutBuildSettings for xshell::Cmd<'_> {
    fn without_build_settings(self) -> Self {
        [
            "CARGO_BUILD_TARGET",
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_TARGET_DIR",
            "CFLAGS",
            "CFLAGS_aarch64_unknown_linux_gnu",
            "CFLAGS_x86_64_unknown_linux_gnu",
            "CPATH",
            "RUSTFLAGS",
        ]
        .iter()
        .fold(self, |cmd, name| cmd.env_remove(name))
    }
}
