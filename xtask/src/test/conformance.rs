//! Upstream's test programs and everyday programs on the installed libraries.

use anyhow::{Result, bail};
use libtest_mimic::{Completion, Trial};
use xshell::Shell;

use super::{PASSED, Setup, check, skip};
use crate::conformance::{Outcome, Report, programs, zlib, zstd};

/// The checks of this area.
pub fn trials(setup: &'static Setup) -> Vec<Trial> {
    // A fixed seed: the same run twice. `cargo xtask conformance zstd` takes another each time.
    let effort = zstd::Effort { seconds: if setup.full { 120 } else { 3 }, seed: 1 };
    let programs = programs::names().into_iter().map(|name| {
        check(&format!("conformance/programs/{name}"), move || {
            result(programs::run_one(&Shell::new()?, &setup.prefix, name))
        })
    });
    let zlib = zlib::names().into_iter().map(|name| {
        check(&format!("conformance/zlib/{name}"), move || {
            let sh = Shell::new()?;
            match zlib::Upstream::get(&sh) {
                Ok(upstream) => result(upstream.run_one(&sh, &setup.prefix, name)),
                Err(error) => skip(format!("{error:#}")),
            }
        })
    });
    let zstd = zstd::names().into_iter().map(move |name| {
        check(&format!("conformance/zstd/{name}"), move || {
            let sh = Shell::new()?;
            match zstd::Upstream::get(&sh) {
                Ok(upstream) => result(upstream.run_one(&sh, &setup.prefix, name, effort)),
                Err(error) => skip(format!("{error:#}")),
            }
        })
    });
    programs.chain(zlib).chain(zstd).collect()
}

fn result(report: Report) -> Result<Completion> {
    match report.outcome {
        Outcome::Passed(_) => PASSED,
        Outcome::Failed(why) => bail!(why),
        Outcome::Known(why) | Outcome::Skipped(why) => skip(why),
    }
}
