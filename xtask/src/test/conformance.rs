//! Upstream's test programs and everyday programs on the installed libraries.

use anyhow::{Result, bail};
use libtest_mimic::{Completion, Trial};
use xshell::Shell;

use super::{PASSED, Setup, check, skip};
use crate::conformance::{Outcome, Report, programs};

/// The checks of this area.
pub fn trials(setup: &'static Setup) -> Vec<Trial> {
    let programs = programs::names().into_iter().map(|name| {
        check(&format!("conformance/programs/{name}"), move || {
            result(programs::run_one(&Shell::new()?, &setup.prefix, name))
        })
    });
    programs.collect()
}

fn result(report: Report) -> Result<Completion> {
    match report.outcome {
        Outcome::Passed(_) => PASSED,
        Outcome::Failed(why) => bail!(why),
        Outcome::Known(why) | Outcome::Skipped(why) => skip(why),
    }
}
