//! The fuzz targets, a minute each: docs/fuzzing.md.

use anyhow::{Context, Result, bail};
use libtest_mimic::{Completion, Trial};
use xshell::{Shell, cmd};

use base::{debian, paths};
use check::{PASSED, Setup, check, skip};

const TARGETS: [&str; 7] =
    ["inflate", "inflate_back", "roundtrip", "sequence", "gz", "checksum", "zstd"];

/// How long each runs.
const SECONDS: u32 = 60;

pub fn trials(setup: &'static Setup) -> Vec<Trial> {
    if !setup.full {
        return Vec::new();
    }
    let mut all = vec![check("fuzz::threads", threads)];
    all.extend(TARGETS.map(|target| check(&format!("fuzz::{target}"), move || run(target))));
    all
}

/// Sixteen threads that begin at once, under ThreadSanitizer. std itself is not instrumented:
/// without its source there is no other way, and all that threads share here is ours.
fn threads() -> Result<Completion> {
    let sh = Shell::new()?;
    if cmd!(sh, "cargo +nightly --version").quiet().ignore_stdout().run().is_err() {
        return skip("missing: nightly Rust");
    }
    let _dir = sh.push_dir(paths::root());
    let target_dir = paths::target().join("tsan");
    let out = cmd!(
        sh,
        "cargo +nightly run --quiet --package differential --example threads --features linked
         --target x86_64-unknown-linux-gnu --target-dir {target_dir}"
    )
    .env("RUSTFLAGS", "-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer")
    .env("TSAN_OPTIONS", "halt_on_error=1")
    .quiet()
    .ignore_status()
    .output()?;
    if out.status.success() {
        return PASSED;
    }
    bail!("{}", String::from_utf8_lossy(&out.stderr))
}

fn run(target: &str) -> Result<Completion> {
    let sh = Shell::new()?;
    if cmd!(sh, "cargo +nightly fuzz --version").quiet().ignore_stdout().run().is_err() {
        return skip("missing: nightly Rust or cargo-fuzz; get it with: cargo install cargo-fuzz");
    }
    // zstd's C code must be instrumented by the compiler whose runtime it meets.
    if let Err(error) = debian::install(&sh, &["clang"]) {
        return skip(format!("{error:#}"));
    }
    let _dir = sh.push_dir(paths::root().join("fuzz"));
    let limit = format!("-max_total_time={SECONDS}");
    // Where finds are kept, and, read only, where they start.
    let corpora: Vec<String> = [format!("corpus/{target}"), format!("seeds/{target}")]
        .into_iter()
        .filter(|folder| sh.path_exists(folder) || folder.starts_with("corpus"))
        .collect();
    sh.create_dir(&corpora[0])?;
    let mut fuzz =
        cmd!(sh, "cargo +nightly fuzz run -O {target} {corpora...} -- {limit} -max_len=4096")
            .env("CC", "clang")
            .env("CXX", "clang++")
            // So that the fuzzer sees the C code's branches.
            .env("CFLAGS", "-fsanitize=fuzzer-no-link")
            .env("ASAN_OPTIONS", "suppressions=asan.supp")
            .quiet()
            .ignore_status();
    if ["sequence", "gz"].contains(&target) {
        // Without it these would check what they can of ours alone, and pass.
        match compare::stock(&sh) {
            Ok(stock) => fuzz = fuzz.env("ZCOMPAT_STOCK", stock),
            Err(error) => return skip(format!("{error:#}")),
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
