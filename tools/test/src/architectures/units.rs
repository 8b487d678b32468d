//! The library's own unit tests, every kernel among them, under the emulator.

use anyhow::{Result, ensure};
use libtest_mimic::Completion;
use xshell::{Shell, cmd};

use super::lab::Lab;
use super::table::Architecture;
use base::paths;
use check::PASSED;

/// As `cargo test` runs them here.
pub fn run(architecture: &'static Architecture, lab: &'static Lab) -> Result<Completion> {
    let sh = Shell::new()?;
    let _dir = sh.push_dir(paths::root());
    let target = architecture.target;
    let folder = paths::target().join("architectures");
    let runner = super::suite::wrapper(lab).join(" ");
    let out = cmd!(sh, "cargo test --quiet --package zcompat --lib --target {target}")
        .arg("--target-dir")
        .arg(folder)
        .env(architecture.setting("LINKER"), architecture.cc())
        .env(architecture.setting("RUNNER"), runner)
        .env_remove("RUSTFLAGS")
        .quiet()
        .ignore_status()
        .output()?;
    let said = [out.stdout, out.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    ensure!(out.status.success(), "{said}");
    // The kernels that qemu's CPU can have, the portable one among them.
    let kernels = if architecture.name == "aarch64" { [4, 3] } else { [1, 1] };
    for (checksum, count) in ["crc32", "adler32"].iter().zip(kernels) {
        let line = format!("{checksum}, guard pages: {count} of {count}");
        ensure!(said.contains(&line), "not {line}: {said}");
    }
    PASSED
}
