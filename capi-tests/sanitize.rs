//! The library's unit tests under Miri, and the C test programs under AddressSanitizer and valgrind. The gz programs have checks of their
//! own (gz.rs), since they run with data that they make first.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use libtest_mimic::{Completion, Trial};
use xshell::{Shell, cmd};

use base::{debian, paths, process};
use check::{PASSED, Setup, check, skip};

pub fn trials(setup: &'static Setup) -> Vec<Trial> {
    let mut trials = vec![check("sanitize::miri", || miri(setup))];
    if setup.full {
        trials.push(check("sanitize::address", || address(setup)));
        trials.push(check("sanitize::valgrind", || valgrind(setup)));
    }
    trials
}

/// The unit tests that Miri runs: those of the C functions, which go through the portable engines
/// with buffers that overlap and were never written; of gz, of the buffers, of the formats; of the
/// engines those that take less than a few minutes. The others only compute, on more data than an
/// interpreter can take.
const MIRI: [&str; 10] = [
    "ffi::zlib::tests",
    "gz::",
    "io::",
    "decimal::",
    "format::",
    "deflate::tree",
    "deflate::tests::pieces",
    "inflate::tests::codes",
    "inflate::tests::streams_in_place",
    "inflate::tests::streams_through",
];

/// No undefined behaviour that Miri knows of.
fn miri(setup: &Setup) -> Result<Completion> {
    if !setup.full {
        return skip("minutes in an interpreter: with --full");
    }
    let sh = Shell::new()?;
    let _dir = sh.push_dir(paths::root());
    let cargo = ["run", "nightly", "cargo", "miri"];
    let found = cmd!(sh, "rustup {cargo...} --version").quiet().ignore_stdout().ignore_stderr();
    if found.run().is_err() {
        return skip(
            "missing: Miri; get it with: rustup toolchain install nightly --component miri,rust-src",
        );
    }
    let out = cmd!(sh, "rustup {cargo...} test --package zcompat --lib --")
        .args(MIRI)
        .env("CARGO_TARGET_DIR", paths::target().join("miri"))
        // gz files are files.
        .env("MIRIFLAGS", "-Zmiri-disable-isolation")
        .quiet()
        .ignore_status()
        .output()?;
    let text = String::from_utf8_lossy(&out.stdout);
    ensure!(out.status.success(), "{text}\n{}", String::from_utf8_lossy(&out.stderr));
    let counts = check::counts::unit_counts(&text)?;
    ensure!(counts.passed >= 35, "Miri ran {} tests", counts.passed);
    println!("{} tests under Miri", counts.passed);
    PASSED
}

/// Each with the libraries that it links to and its arguments, in which LIB stands for the folder
/// of the libraries. Left out are those that define malloc themselves or need 4 GiB.
const PROGRAMS: [(&str, &[&str], &[&str]); 11] = [
    ("capi-tests/edge/edge.c", &[], &["LIB/libz.so.1"]),
    ("capi-tests/edge/edge.c", &[], &["LIB/libz.so.1", "ours"]),
    ("capi-tests/checksum/semantics.c", &["-lz"], &[]),
    ("capi-tests/checksum/first_use.c", &["-lz"], &[]),
    ("capi-tests/checksum/tier.c", &["-lz"], &[]),
    ("capi-tests/static/both.c", &["-lz", "-lzstd"], &[]),
    ("capi-tests/zstd/bytes.c", &[], &["LIB/libzstd.so.1"]),
    ("capi-tests/zstd/contexts.c", &["-lzstd"], &[]),
    ("examples/checksums.c", &["-lz"], &[]),
    ("examples/dictionary.c", &["-lzstd"], &[]),
    ("examples/stream.c", &["-lz", "-lzstd"], &["LIB/libz.so.1"]),
];

/// Builds each program with `flags`, and runs it on the libraries in `lib`, behind `checker`.
fn run_all(setup: &Setup, lib: &Path, flags: &[&str], checker: &[&str]) -> Result<()> {
    let sh = Shell::new()?;
    let dir = tempfile::tempdir()?;
    let include = setup.prefix.join("include");
    for (source, libraries, args) in PROGRAMS {
        let program = dir.path().join("program");
        let file = paths::root().join(source);
        cmd!(sh, "cc -O1 -g -w {flags...} -I{include} -o {program} {file} -L{lib} {libraries...}")
            .args(["-ldl", "-pthread"])
            .quiet()
            .run()?;
        let words: Vec<_> = checker.iter().map(Path::new).chain([program.as_path()]).collect();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).env("LD_LIBRARY_PATH", lib).current_dir(dir.path());
        command.args(args.iter().map(|arg| arg.replace("LIB", &lib.display().to_string())));
        let done = process::finish(&mut command, Duration::from_secs(900))?;
        let said = String::from_utf8_lossy(&done.stderr);
        let fine = done.status.success() && !said.contains("Sanitizer") && !said.contains("==");
        ensure!(fine, "{source}: {}: {}", process::ending(done.status), done.tail());
    }
    Ok(())
}

/// No finding of AddressSanitizer and LeakSanitizer.
fn address(setup: &Setup) -> Result<Completion> {
    let sh = Shell::new()?;
    let Some(lib) = address_sanitizer_libraries(&sh)? else { return skip(NO_NIGHTLY) };
    run_all(setup, &lib, &["-fsanitize=address"], &[])?;
    PASSED
}

/// No finding of memcheck, nor a leak.
fn valgrind(setup: &Setup) -> Result<Completion> {
    let sh = Shell::new()?;
    if let Err(missing) = debian::install(&sh, &["valgrind"]) {
        return skip(format!("{missing:#}"));
    }
    run_all(
        setup,
        &setup.prefix.join("lib"),
        &[],
        &["valgrind", "-q", "--error-exitcode=9", "--leak-check=full"],
    )?;
    PASSED
}

/// Why the sanitizer checks are skipped.
pub const NO_NIGHTLY: &str =
    "missing: a nightly toolchain; get it with: rustup toolchain install nightly";

/// Both shared libraries built for AddressSanitizer, unoptimised, so that debug assertions and
/// overflow checks are in them; their folder, or `None` without a nightly Rust. The programs that
/// link to them bring the sanitizer's runtime.
pub fn address_sanitizer_libraries(sh: &Shell) -> Result<Option<PathBuf>> {
    let _dir = sh.push_dir(paths::root());
    let cargo = ["run", "nightly", "cargo"];
    let found = cmd!(sh, "rustup {cargo...} --version").quiet().ignore_stdout().ignore_stderr();
    if found.run().is_err() {
        return Ok(None);
    }
    let target = paths::target().join("asan");
    let triple = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let lib = target.join("lib");
    fs::create_dir_all(&lib)?;
    for (package, soname) in [("libz", "libz.so.1"), ("libzstd", "libzstd.so.1")] {
        cmd!(
            sh,
            "rustup {cargo...} rustc -q -p {package} --features capi --target {triple} --crate-type staticlib"
        )
        .env("CARGO_TARGET_DIR", &target)
        .env("RUSTFLAGS", "-Zsanitizer=address -Cpanic=abort")
        .quiet()
        .run()
        .with_context(|| format!("{package} cannot be built for AddressSanitizer"))?;
        let archive = target.join(&triple).join(format!("debug/lib{package}.a"));
        let (file, link) = (lib.join(soname), lib.join(soname.trim_end_matches(".1")));
        cmd!(sh, "cc -shared -fsanitize=address -o {file} -Wl,-soname,{soname} -Wl,--whole-archive {archive} -Wl,--no-whole-archive -lpthread -ldl -lm")
            .quiet()
            .run()?;
        if !sh.path_exists(&link) {
            std::os::unix::fs::symlink(soname, link)?;
        }
    }
    Ok(Some(lib))
}
