//! The first use of the checksums by several threads at once, under ThreadSanitizer.

use anyhow::{Context, Result, ensure};
use libtest_mimic::{Completion, Trial};
use xshell::{Shell, cmd};

use super::Extract;
use base::paths;
use check::{PASSED, check, skip};

/// How often each program runs: every run is a first use.
const RUNS: usize = 20;

/// The checks.
pub fn trials() -> Vec<Trial> {
    vec![check("checksum::concurrent_first_use", concurrent_first_use)]
}

fn concurrent_first_use() -> Result<Completion> {
    let sh = Shell::new()?;
    if cmd!(sh, "cargo +nightly --version").quiet().ignore_stdout().ignore_stderr().run().is_err() {
        return skip("no nightly toolchain, which ThreadSanitizer needs");
    }
    let extract = Extract::new()?;
    build(&extract)?;
    ensure!(races(&extract, "-DRACE")? > 0, "ThreadSanitizer does not see a race in C");
    ensure!(races(&extract, "-DNONE")? == 0, "the first use of the checksums is a data race");

    // The same with the dispatcher's atomic load made an ordinary one.
    let load = "self.code.load(Ordering::Relaxed);\n        // SAFETY: `code` only";
    let plain = "unsafe { *self.code.as_ptr() };\n        // SAFETY: `code` only";
    extract.replace("checksum/kernel.rs", load, 1, plain)?;
    build(&extract)?;
    ensure!(
        races(&extract, "-DNONE")? > 0,
        "ThreadSanitizer does not see a race in the dispatcher"
    );
    PASSED
}

/// The copy as an instrumented archive. Its threads are C's, since the std at hand is not
/// instrumented.
fn build(extract: &Extract) -> Result<()> {
    let (sh, manifest) = (Shell::new()?, extract.manifest());
    cmd!(sh, "cargo +nightly build --quiet --lib --manifest-path {manifest}")
        .quiet()
        .env("CARGO_TARGET_DIR", extract.target("races"))
        .env("RUSTFLAGS", "-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer")
        .run()
        .context("the checksums cannot be built with -Zsanitizer=thread")
}

/// In how many of [`RUNS`] runs a data race was reported.
fn races(extract: &Extract, define: &str) -> Result<usize> {
    let sh = Shell::new()?;
    let archive = std::path::Path::new(&extract.target("races")).join("debug/libextract.a");
    let (program, source) = (
        extract.dir.path().join("first_use"),
        paths::root().join("capi-tests/checksum/first_use.c"),
    );
    // rustc's runtime, which fits its instrumentation; an older compiler's lacks functions.
    let sysroot = cmd!(sh, "rustc +nightly --print sysroot").quiet().read()?;
    let host = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let runtime = format!("{sysroot}/lib/rustlib/{host}/lib/librustc-nightly_rt.tsan.a");
    let object = extract.dir.path().join("first_use.o");
    cmd!(sh, "cc -O1 -g -Wall -Werror -fsanitize=thread {define} -c -o {object} {source}")
        .quiet()
        .run()?;
    let (whole, no_whole) = ("-Wl,--whole-archive", "-Wl,--no-whole-archive");
    cmd!(sh, "cc -o {program} {object} {archive} {whole} {runtime} {no_whole} -lpthread -ldl -lm -lrt -lgcc_s")
        .quiet()
        .run()?;
    let mut racy = 0;
    for _ in 0..RUNS {
        // setarch: ThreadSanitizer's runtimes often cannot place their shadow memory under
        // today's wide address space randomisation.
        let out = cmd!(sh, "setarch -R {program}").quiet().ignore_status().output()?;
        let said = String::from_utf8_lossy(&out.stderr);
        if said.contains("WARNING: ThreadSanitizer: data race") {
            racy += 1;
        } else {
            ensure!(out.status.success(), "{}: {said}", out.status);
        }
    }
    Ok(racy)
}
