//! libzstd: how often it asks CPUID, and that its bytes are zstd's own.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use libtest_mimic::{Completion, Trial};
use xshell::{Shell, cmd};

use base::debian;
use base::library::LIBRARIES;
use base::paths;
use check::{PASSED, Setup, check, lines, skip};

pub fn trials(setup: &'static Setup) -> Vec<Trial> {
    vec![
        check("zstd::cpuid_is_in_one_function", || cpuid_in_one_function(setup)),
        check("zstd::cpuid_is_asked_once", || cpuid_asked_once(setup)),
        check("zstd::bytes_are_stocks", || bytes_are_stocks(setup)),
        check("zstd::formats_before_v0_5_are_left_out", || old_formats_left_out(setup)),
    ]
}

/// The only function that may contain the instruction.
const DETECTOR: &str = "zcompat_zstd_leaf7_ebx";

/// Upstream's default, and so Debian's: the formats since v0.5. What a program can ask of a frame of
/// an older one is compared by `differential::zstd-*`; this is that the code is gone.
fn old_formats_left_out(setup: &Setup) -> Result<Completion> {
    let archive = setup.prefix.join("lib/libzstd.a");
    let bytes = fs::read(&archive).with_context(|| archive.display().to_string())?;
    for version in 1..=7 {
        let prefix = format!("ZSTDv0{version}_");
        // The names of all symbols, local ones too, are in the archive's string tables.
        let there = bytes.windows(prefix.len()).any(|name| name == prefix.as_bytes());
        ensure!(there == (version >= 5), "code of v0.{version} is there: {there}");
    }
    PASSED
}

fn library(setup: &Setup) -> PathBuf {
    setup.prefix.join("lib/libzstd.so.1.5.7")
}

fn cpuid_in_one_function(setup: &Setup) -> Result<Completion> {
    if !cfg!(target_arch = "x86_64") {
        return skip("CPUID is an x86 instruction");
    }
    let sites = code::scan(&library(setup))?.cpuid;
    ensure!(!sites.is_empty(), "no CPUID instruction at all: is the code read right?");
    for site in &sites {
        ensure!(site.function == DETECTOR, "CPUID at {:#x} in {}", site.address, site.function);
    }
    PASSED
}

/// Runs a program that creates contexts in two threads under gdb, with a breakpoint at each CPUID
/// instruction of the library, and reads how often each was hit.
fn cpuid_asked_once(setup: &Setup) -> Result<Completion> {
    if !cfg!(target_arch = "x86_64") {
        return skip("CPUID is an x86 instruction");
    }
    let sh = Shell::new()?;
    if let Err(missing) = debian::install(&sh, &["gdb"]) {
        return skip(format!("{missing:#}"));
    }
    let dir = tempfile::tempdir()?;
    let program = dir.path().join("contexts");
    let prefix = &setup.prefix;
    let source = paths::root().join("capi-tests/zstd/contexts.c");
    cmd!(sh, "cc -O1 -o {program} {source} -I{prefix}/include -L{prefix}/lib -lzstd -pthread")
        .arg(format!("-Wl,-rpath,{}", prefix.join("lib").display()))
        .quiet()
        .run()?;
    let sites = code::scan(&library(setup))?.cpuid;
    let mut script = String::from(
        "set pagination off\nset debuginfod enabled off\nset confirm off\nstarti\n\
         set stop-on-solib-events 1\n",
    );
    // The library has its address once the loader has mapped it, before it runs.
    script += "python\n\
        import re\n\
        def base():\n\
        \x20   text = gdb.execute('info proc mappings', to_string=True)\n\
        \x20   rows = [l.split() for l in text.splitlines() if 'libzstd.so.1' in l]\n\
        \x20   return int(rows[0][0], 16) if rows else None\n\
        while base() is None: gdb.execute('continue')\n\
        gdb.execute('set stop-on-solib-events 0')\n";
    for site in &sites {
        script += &format!("gdb.execute('break *%d' % (base() + {}))\n", site.address);
    }
    script += &format!(
        "for n in range(1, {}): gdb.execute('ignore %d 1000000' % n)\n\
         gdb.execute('continue')\nend\ninfo breakpoints\n",
        sites.len() + 1
    );
    let commands = dir.path().join("commands");
    fs::write(&commands, script)?;
    let out = cmd!(sh, "gdb -nx -q -batch -x {commands} {program}")
        .env_remove("LD_LIBRARY_PATH")
        .quiet()
        .ignore_stderr()
        .read()
        .context("gdb cannot run the program")?;
    if out.contains("ptrace: Operation not permitted") {
        return skip("ptrace is not allowed here");
    }
    // Not as a line: gdb's words on a thread's end may stand before or in it.
    ensure!(
        out.contains("done") && out.contains("exited normally"),
        "the program did not finish under gdb:\n{out}"
    );
    let hits: Vec<u32> = out
        .lines()
        .filter_map(|l| l.trim().strip_prefix("breakpoint already hit "))
        .filter_map(|l| l.split(' ').next()?.parse().ok())
        .collect();
    ensure!(!hits.is_empty(), "no CPUID was executed: the breakpoints are not where it is\n{out}");
    ensure!(hits.iter().all(|hits| *hits == 1), "CPUID instructions were hit {hits:?} times");
    PASSED
}

/// Every level, dictionaries, threads and streaming, against Debian's libzstd of the same version.
pub fn bytes_are_stocks(setup: &Setup) -> Result<Completion> {
    let sh = Shell::new()?;
    let stock = match setup.machine.stock(&sh, &LIBRARIES[1]) {
        Ok(stock) => stock,
        Err(missing) => return skip(format!("{missing:#}")),
    };
    let dir = tempfile::tempdir()?;
    let program = dir.path().join("bytes");
    let prefix = &setup.prefix;
    let source = paths::root().join("capi-tests/zstd/bytes.c");
    let machine = &setup.machine;
    let cc = machine.cc();
    cmd!(sh, "{cc} -O2 -o {program} {source} -I{prefix}/include -ldl").quiet().run()?;
    let ours = machine.cmd(&sh, &program).arg(library(setup)).read()?;
    let theirs = machine.cmd(&sh, &program).arg(stock).read()?;
    lines::equal([&ours, &theirs], 30)?;
    PASSED
}
