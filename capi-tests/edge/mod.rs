//! zlib's C edge: what every wrong call answers, side by side with stock zlib.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use libtest_mimic::{Completion, Trial};
use xshell::{Shell, cmd};

use base::debian::Sid;
use base::library::LIBRARIES;
use base::paths;
use check::{PASSED, Setup, check, lines, skip};

/// The checks.
pub fn trials(setup: &'static Setup) -> Vec<Trial> {
    vec![check("edge::answers_are_stocks", || answers_are_stocks(setup))]
}

/// Each call of capi-tests/edge/edge.c.
pub fn answers_are_stocks(setup: &Setup) -> Result<Completion> {
    let sh = Shell::new()?;
    let stock = Sid::open(&sh).and_then(|sid| {
        let include = sid.unpacked(&sh, "zlib1g-dev")?.join("usr/include");
        Ok((setup.machine.stock(&sh, &LIBRARIES[0])?, include))
    });
    let (stock, include) = match stock {
        Ok(stock) => stock,
        Err(missing) => return skip(format!("{missing:#}")),
    };
    let dir = tempfile::tempdir()?;
    let program = dir.path().join("edge");
    let source = paths::root().join("capi-tests/edge/edge.c");
    // Against stock's header, as a program that was built before ours was put in place.
    let cc = setup.machine.cc();
    cmd!(sh, "{cc} -O1 -Wall -Wextra -Werror -o {program} {source} -I{include} -ldl")
        .quiet()
        .run()?;
    let library = setup.prefix.join("lib/libz.so.1");
    let run = |library: &Path| setup.machine.cmd(&sh, &program).arg(library);
    let theirs = run(&stock).read().context("stock zlib")?;
    let ours = run(&library).read().context("our libz")?;
    lines::equal([&ours, &theirs], 3000).context("edge.c")?;

    // Where stock crashes: an error, or the success of an End.
    let alone = run(&library).arg("ours").read().context("our libz, alone")?;
    ensure!(alone.lines().count() > 15, "too few calls: {alone}");
    for line in alone.lines() {
        let sane = line.ends_with("= -2") || (line.contains("End(") && line.ends_with("= 0"));
        ensure!(sane, "edge.c:{line}");
    }
    PASSED
}
