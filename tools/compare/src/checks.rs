//! Our libz beside stock zlib, our libzstd beside Debian's: the same calls, the same answers.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use anyhow::{Result, bail, ensure};
use libtest_mimic::{Completion, Trial};
use xshell::{Cmd, Shell, cmd};

use base::{debian, paths};
use check::{PASSED, Setup, check, skip};

/// Kinds of cases and how many of each a quick run has; zstd's begin with its name.
pub const KINDS: [(&str, u32); 12] = [
    ("inflate", 20_000),
    ("back", 8_000),
    ("deflate", 30_000),
    ("one-shot", 5_000),
    ("bound", 3_000),
    ("faults", 400),
    ("deviations", 1),
    ("zstd-constants", 1),
    ("zstd-frames", 20_000),
    ("zstd-parameters", 8_000),
    ("zstd-decode", 8_000),
    ("zstd-encode", 1_500),
];

/// Those of which one says all.
pub const ONCE: [&str; 3] = ["bound", "deviations", "zstd-constants"];

/// A full run has this many times more.
const FULL: u32 = 10;

/// Cases of each kind under valgrind.
const CHECKED: u32 = 40;

pub fn trials(setup: &'static Setup) -> Vec<Trial> {
    let mut all = vec![check("differential::valgrind", move || valgrind(setup))];
    all.push(check("differential::files", move || files(setup)));
    all.extend(kinds(setup));
    all
}

/// Real files whose compressed bytes are compared: those of the machine that every Debian has, the
/// project's own, and the corpora beside the project where they are.
fn files(setup: &Setup) -> Result<Completion> {
    /// In a quick run, so much of each file.
    const MOST: &str = "150000";
    let sh = Shell::new()?;
    let stock = match crate::stock(&sh) {
        Ok(stock) => stock,
        Err(error) => return skip(format!("{error:#}")),
    };
    let driver = crate::driver(&sh)?;
    let ours = setup.prefix.join("lib/libz.so.1");
    let made = paths::target().join("test/files");
    fs::create_dir_all(&made)?;
    let root = paths::root();
    let (sources, headers) = (made.join("sources.tar"), made.join("headers.tar"));
    cmd!(sh, "tar -C {root} -cf {sources} src docs Cargo.lock").quiet().run()?;
    cmd!(sh, "tar -C /usr/include -cf {headers} linux").quiet().run()?;
    let mut files = vec![made, root.join("Cargo.lock")];
    files.extend(["/bin/bash", "/bin/tar", "/var/lib/dpkg/status"].map(PathBuf::from));
    let corpora = root.join("../shared/corpora");
    if corpora.is_dir() {
        files.push(if setup.full { corpora } else { corpora.join("canterbury") });
    }
    let breadth: &[&str] = if setup.full { &["--all-settings"] } else { &["--most", MOST] };
    let command =
        cmd!(sh, "{driver} --ours {ours} --stock {stock} {breadth...} --files {files...}");
    let out = command.quiet().ignore_status().output()?;
    let said = String::from_utf8_lossy(&out.stdout);
    if out.status.success() && said.contains("all equal") {
        return PASSED;
    }
    bail!("{said}{}", String::from_utf8_lossy(&out.stderr))
}

fn kinds(setup: &'static Setup) -> Vec<Trial> {
    KINDS
        .map(|(kind, count)| {
            let count = if setup.full { count * FULL } else { count };
            check(&format!("differential::{kind}"), move || compare(setup, kind, count))
        })
        .into()
}

/// The two libraries of a kind, as the driver takes them.
fn libraries(sh: &Shell, setup: &Setup, kind: &str) -> Result<[OsString; 4]> {
    let lib = setup.prefix.join("lib");
    Ok(match kind.starts_with("zstd-") {
        true => [
            "--ours-zstd".into(),
            lib.join("libzstd.so.1").into(),
            "--stock-zstd".into(),
            crate::stock_zstd(sh)?.into(),
        ],
        false => [
            "--ours".into(),
            lib.join("libz.so.1").into(),
            "--stock".into(),
            crate::stock(sh)?.into(),
        ],
    })
}

fn compare(setup: &Setup, kind: &str, count: u32) -> Result<Completion> {
    let sh = Shell::new()?;
    let libraries = match libraries(&sh, setup, kind) {
        Ok(libraries) => libraries,
        Err(error) => return skip(format!("{error:#}")),
    };
    let driver = crate::driver(&sh)?;
    agree(sh.cmd(driver), &libraries, kind, count)?;
    PASSED
}

/// Runs `count` cases with the driver that `command` starts.
///
/// # Errors
/// What differs.
pub fn agree(command: Cmd<'_>, libraries: &[OsString], kind: &str, count: u32) -> Result<()> {
    let count = count.to_string();
    let command = command.args(libraries).args(["--kind", kind, "--count", &count]);
    let out = command.quiet().ignore_status().output()?;
    let said = String::from_utf8_lossy(&out.stdout);
    if out.status.success() {
        // One line for the kind, so that a driver that did nothing does not pass.
        ensure!(said.contains(" 0 differences, "), "the driver compared nothing: {said}");
        return Ok(());
    }
    bail!("{said}{}", String::from_utf8_lossy(&out.stderr))
}

/// A few cases of each kind without a read of what was never written, or a byte too far.
fn valgrind(setup: &Setup) -> Result<Completion> {
    let sh = Shell::new()?;
    if let Err(error) = debian::install(&sh, &["valgrind"]) {
        return skip(format!("{error:#}"));
    }
    let driver = crate::driver(&sh)?;
    for (kind, _) in KINDS.iter().filter(|(kind, _)| !ONCE.contains(kind)) {
        let libraries = match libraries(&sh, setup, kind) {
            Ok(libraries) => libraries,
            Err(error) => return skip(format!("{error:#}")),
        };
        let count = CHECKED.to_string();
        let out = cmd!(
            sh,
            "valgrind -q --error-exitcode=9 {driver} {libraries...}
             --kind {kind} --count {count} --no-shrink"
        )
        .quiet()
        .ignore_status()
        .output()?;
        if !out.status.success() || !out.stderr.is_empty() {
            let (found, said) =
                (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
            bail!("{kind}: {found}{said}");
        }
    }
    PASSED
}
