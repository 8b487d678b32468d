//! The fuzz targets, a minute each: docs/fuzzing.md.

use anyhow::{Context, Result, bail};
use libtest_mimic::{Completion, Trial};
use xshell::{Shell, cmd};

use super::{PASSED, Setup, check, skip};
use crate::{differential, paths};

const TARGETS: [&str; 7] =
    ["inflate", "inflate_back", "roundtrip", "sequence", "gz", "checksum", "zstd"];

/// How long each runs.
const SECONDS: u32 = 60;

pub fn trials(setup: &'static Setup) -> Vec<Trial> {
    if !setup.full {
        return Vec::new();
    }
    TARGETS.map(|target| check(&format!("fuzz::{target}"), move || run(target))).into()
}

fn run(target: &str) -> Result<Completion> {
    let sh = Shell::new()?;
    if cmd!(sh, "cargo +nightly fuzz --version").quiet().ignore_stdout().run().is_err() {
        return skip("missing: nightly Rust or cargo-fuzz; get it with: cargo install cargo-fuzz");
    }
    let _dir = sh.push_dir(paths::root().join("fuzz"));
    let limit = format!("-max_total_time={SECONDS}");
    let mut fuzz = cmd!(sh, "cargo +nightly fuzz run -O {target} -- {limit} -max_len=4096")
        .quiet()
        .ignore_status();
    if target == "sequence" {
        // Without it the target checks what it can of ours alone.
        if let Ok(stock) = differential::stock(&sh) {
            fuzz = fuzz.env("ZCOMPAT_STOCK", stock);
        }
    }
    let out = fuzz.output().context("cargo fuzz cannot be run")?;
    if out.status.success() {
        return PASSED;
    }
    let text = String::from_utf8_lossy(&out.stderr);
    let lines: Vec<&str> = text.lines().collect();
    bail!("{}", lines[lines.len().saturating_sub(40)..].join("\n"))
}
