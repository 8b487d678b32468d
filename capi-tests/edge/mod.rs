//! zlib's C edge: what every wrong call answers, side by side with stock zlib.

use anyhow::{Context, Result, ensure};
use libtest_mimic::{Completion, Trial};
use xshell::{Shell, cmd};

use base::debian::Sid;
use base::paths;
use check::{PASSED, Setup, check, lines, skip};

pub fn trials(setup: &'static Setup) -> Vec<Trial> {
    vec![check("edge::answers_are_stocks", || answers_are_stocks(setup))]
}

fn answers_are_stocks(setup: &Setup) -> Result<Completion> {
    let sh = Shell::new()?;
    let stock = Sid::open(&sh).and_then(|sid| {
        Ok((sid.unpacked(&sh, "zlib1g")?, sid.unpacked(&sh, "zlib1g-dev")?.join("usr/include")))
    });
    let (stock, include) = match stock {
        Ok(stock) => stock,
        Err(missing) => return skip(format!("{missing:#}")),
    };
    let stock = stock.join("usr/lib/x86_64-linux-gnu/libz.so.1");
    let dir = tempfile::tempdir()?;
    let program = dir.path().join("edge");
    let source = paths::root().join("capi-tests/edge/edge.c");
    // Against stock's header, as a program that was built before ours was put in place.
    cmd!(sh, "cc -O1 -Wall -Wextra -Werror -o {program} {source} -I{include} -ldl")
        .quiet()
        .run()?;
    let library = setup.prefix.join("lib/libz.so.1");
    let theirs = cmd!(sh, "{program} {stock}").quiet().read().context("stock zlib")?;
    let ours = cmd!(sh, "{program} {library}").quiet().read().context("our libz")?;
    lines::equal([&ours, &theirs], 3000).context("edge.c")?;

    // Where stock crashes: an error, or the success of an End.
    let alone = cmd!(sh, "{program} {library} ours").quiet().read().context("our libz, alone")?;
    ensure!(alone.lines().count() > 15, "too few calls: {alone}");
    for line in alone.lines() {
        let sane = line.ends_with("= -2") || (line.contains("End(") && line.ends_with("= 0"));
        ensure!(sane, "edge.c:{line}");
    }
    PASSED
}
