//! What a check of `cargo xtask test` is: a name, what it may use, how it ends, when it may be skipped.

pub mod counts;
pub mod lines;
pub mod machine;
mod skips;

use std::path::PathBuf;
use std::sync::OnceLock;

use anyhow::Result;
use libtest_mimic::{Completion, Failed, Trial};

use machine::Machine;
pub use skips::Policy;

/// What every check may use.
pub struct Setup {
    /// Where this run's libraries are installed.
    pub prefix: PathBuf,
    /// Whether the long tests were asked for.
    pub full: bool,
    /// What they run on.
    pub machine: Machine,
}

impl Setup {
    /// How many cases a check has that has `count` in a usual run: more in a full one, fewer under an
    /// emulator.
    pub fn cases(&self, count: usize) -> usize {
        match (self.machine.other.is_some(), self.full) {
            (false, false) => count,
            (false, true) => 10 * count,
            (true, false) => count / 20,
            (true, true) => count / 3,
        }
    }
}

/// A check as a trial: an error fails it with its whole chain of causes, and so does a skip that
/// this run does not allow.
pub fn check(name: &str, run: impl FnOnce() -> Result<Completion> + Send + 'static) -> Trial {
    let own_name = name.to_owned();
    let judged = move || policy()?.judge(&own_name, run()?);
    Trial::ignorable_test(name, move || judged().map_err(|e| Failed::from(format!("{e:#}"))))
}

/// What a skip means in this run.
pub fn policy() -> Result<&'static Policy> {
    static POLICY: OnceLock<Policy> = OnceLock::new();
    if let Some(policy) = POLICY.get() {
        return Ok(policy);
    }
    let policy = Policy::of_this_run()?;
    Ok(POLICY.get_or_init(|| policy))
}

/// The result of a check that passed.
pub const PASSED: Result<Completion> = Ok(Completion::Completed);

/// The result of a check that cannot run here: `reason` is printed. With `CI=true` it is a failure
/// unless `.ci/allowed-skips.toml` lists it.
pub fn skip(reason: impl ToString) -> Result<Completion> {
    Ok(Completion::ignored_with(reason))
}
