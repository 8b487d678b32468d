//! Our libz beside stock zlib: the same calls, the same answers.

use anyhow::{Result, bail};
use libtest_mimic::{Completion, Trial};
use xshell::{Shell, cmd};

use super::{PASSED, Setup, check, skip};
use crate::{debian, differential};

/// Kinds of cases and how many of each a quick run has.
const KINDS: [(&str, u32); 8] = [
    ("inflate", 20_000),
    ("back", 8_000),
    ("deflate", 8_000),
    ("deflate-wild", 8_000),
    ("one-shot", 5_000),
    ("bound", 3_000),
    ("faults", 400),
    ("deviations", 1),
];

/// A full run has this many times more.
const FULL: u32 = 10;

/// Cases of each kind under valgrind.
const CHECKED: u32 = 40;

pub fn trials(setup: &'static Setup) -> Vec<Trial> {
    let mut all = vec![check("differential::valgrind", move || valgrind(setup))];
    all.extend(kinds(setup));
    all
}

fn kinds(setup: &'static Setup) -> Vec<Trial> {
    KINDS
        .map(|(kind, count)| {
            let count = if setup.full { count * FULL } else { count };
            check(&format!("differential::{kind}"), move || compare(setup, kind, count))
        })
        .into()
}

fn compare(setup: &Setup, kind: &str, count: u32) -> Result<Completion> {
    let sh = Shell::new()?;
    let stock = match differential::stock(&sh) {
        Ok(stock) => stock,
        Err(error) => return skip(format!("{error:#}")),
    };
    let driver = differential::driver(&sh)?;
    let ours = setup.prefix.join("lib/libz.so.1");
    let count = count.to_string();
    let out = cmd!(sh, "{driver} --ours {ours} --stock {stock} --kind {kind} --count {count}")
        .quiet()
        .ignore_status()
        .output()?;
    if out.status.success() {
        return PASSED;
    }
    bail!("{}", String::from_utf8_lossy(&out.stdout))
}

/// A few cases of each kind without a read of what was never written, or a byte too far.
fn valgrind(setup: &Setup) -> Result<Completion> {
    let sh = Shell::new()?;
    let stock = match differential::stock(&sh) {
        Ok(stock) => stock,
        Err(error) => return skip(format!("{error:#}")),
    };
    if let Err(error) = debian::install(&sh, &["valgrind"]) {
        return skip(format!("{error:#}"));
    }
    let driver = differential::driver(&sh)?;
    let ours = setup.prefix.join("lib/libz.so.1");
    for (kind, _) in KINDS.iter().filter(|(kind, _)| !["bound", "deviations"].contains(kind)) {
        let count = CHECKED.to_string();
        let out = cmd!(
            sh,
            "valgrind -q --error-exitcode=9 {driver} --ours {ours} --stock {stock}
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
