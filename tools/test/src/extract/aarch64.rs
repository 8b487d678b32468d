//! The aarch64 kernels, run under qemu-user with Debian's own Rust for arm64.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use anyhow::{Result, ensure};
use libtest_mimic::{Completion, Trial};
use xshell::{Shell, cmd};

use super::Extract;
use base::debian::{self, Sid};
use check::{PASSED, Setup, check, skip};

/// The checks.
pub fn trials(setup: &'static Setup) -> Vec<Trial> {
    vec![check("checksum::aarch64_kernels", || run(setup))]
}

fn run(setup: &Setup) -> Result<Completion> {
    if cfg!(target_arch = "aarch64") {
        return skip("the unit tests have run them");
    }
    if !setup.full {
        return skip("long (some 250 MB of packages, 2 minutes under qemu): with --full");
    }
    let sh = Shell::new()?;
    let tools = ["qemu-user", "gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross"];
    let sysroot = debian::install(&sh, &tools)
        .and_then(|()| Sid::open(&sh)?.closure(&sh, "arm64", &["rustc", "libstd-rust-dev:arm64"]));
    let sysroot = match sysroot {
        Ok(root) => root,
        Err(missing) => return skip(format!("{missing:#}")),
    };
    // Through sid's own loader and C library, which can be newer than this system's.
    let extract = Extract::new()?;
    let rustc = extract.dir.path().join("rustc");
    let lib = sysroot.join("usr/lib/x86_64-linux-gnu");
    let (root, lib) = (sysroot.display(), lib.display());
    fs::write(
        &rustc,
        format!(
            "#!/bin/sh\nexec {lib}/ld-linux-x86-64.so.2 --library-path {lib} {root}/usr/bin/rustc \
             --sysroot {root}/usr \"$@\"\n"
        ),
    )?;
    fs::set_permissions(&rustc, fs::Permissions::from_mode(0o755))?;

    let manifest = extract.manifest();
    let target = "aarch64-unknown-linux-gnu";
    let out =
        cmd!(sh, "cargo test --quiet --lib --target {target} --manifest-path {manifest} checksum")
            .quiet()
            .env("RUSTC", &rustc)
            .env("CARGO_TARGET_DIR", extract.target("aarch64"))
            .env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", "aarch64-linux-gnu-gcc")
            .env(
                "CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER",
                "qemu-aarch64 -cpu max -L /usr/aarch64-linux-gnu",
            )
            .env_remove("RUSTFLAGS")
            .ignore_status()
            .output()?;
    let said = [out.stdout, out.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    ensure!(out.status.success(), "{said}");
    for kernels in ["crc32, guard pages: 4 of 4", "adler32, guard pages: 3 of 3"] {
        ensure!(said.contains(kernels), "not {kernels}: {said}");
    }
    PASSED
}
