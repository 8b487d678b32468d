//! Which checks may be skipped where all that is missing could be installed: with `CI=true` only
//! those that `.ci/allowed-skips.toml` lists. A part of the tests that vanishes is a failure there.

use std::{env, fs};

use anyhow::{Context, Result, bail, ensure};
use libtest_mimic::Completion;
use serde::Deserialize;

use crate::paths;

/// Where the list is, below the root.
const LIST: &str = ".ci/allowed-skips.toml";

/// The list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    skip: Vec<Allowed>,
}

/// A skip that is no failure.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Allowed {
    /// A check's name, or its beginning and a `*`.
    check: String,
    /// Words of the reason that is printed.
    reason: String,
    /// Why nothing can be installed against it.
    because: String,
}

impl Allowed {
    fn names(&self, check: &str) -> bool {
        match self.check.strip_suffix('*') {
            Some(beginning) => check.starts_with(beginning),
            None => check == self.check,
        }
    }
}

/// What a skipped check means in this run.
pub struct Policy {
    /// The list, where a skip that it does not have is a failure.
    strict: Option<List>,
}

impl Policy {
    /// The policy of this run.
    ///
    /// # Errors
    /// The list cannot be read; it is read everywhere, so that a mistake in it shows at once.
    pub fn of_this_run() -> Result<Policy> {
        let path = paths::root().join(LIST);
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        Policy::new(is_ci(env::var("CI").ok().as_deref()), &text)
    }

    fn new(ci: bool, list: &str) -> Result<Policy> {
        let list: List = toml::from_str(list).context(LIST)?;
        for Allowed { check, reason, because } in &list.skip {
            ensure!(
                !check.is_empty() && check != "*" && !reason.is_empty() && !because.is_empty(),
                "{LIST}: {check:?} needs a check's name, a reason and why"
            );
        }
        Ok(Policy { strict: ci.then_some(list) })
    }

    /// `outcome` of `check`, or an error if it is a skip that this run does not allow.
    ///
    /// # Errors
    /// See above.
    pub fn judge(&self, check: &str, outcome: Completion) -> Result<Completion> {
        let (Some(list), Completion::Ignored { reason }) = (&self.strict, &outcome) else {
            return Ok(outcome);
        };
        let reason = reason.as_deref().unwrap_or("no reason given");
        if list.skip.iter().any(|a| a.names(check) && reason.contains(&a.reason)) {
            return Ok(outcome);
        }
        bail!("not run, and with CI=true only {LIST} says what may be left out: {reason}")
    }

    /// Unit tests that were not run: they have no reason, so none is allowed.
    ///
    /// # Errors
    /// There are some, in a strict run.
    pub fn judge_ignored(&self, count: u64) -> Result<()> {
        ensure!(self.strict.is_none() || count == 0, "{count} unit tests are marked as ignored");
        Ok(())
    }
}

/// Whether the variable CI says that this is a run of the kind.
fn is_ci(variable: Option<&str>) -> bool {
    variable.is_some_and(|value| !matches!(value, "" | "0" | "false"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = "[[skip]]\ncheck = \"gz::*\"\nreason = \"no nightly\"\nbecause = \"so\"\n\
                         [[skip]]\ncheck = \"one\"\nreason = \"with --full\"\nbecause = \"so\"\n";

    fn verdict(ci: bool, check: &str, reason: &str) -> Result<Completion> {
        Policy::new(ci, SMALL).unwrap().judge(check, Completion::ignored_with(reason))
    }

    #[test]
    fn with_ci_only_what_is_listed_may_be_skipped() {
        assert!(verdict(true, "one", "long: with --full").is_ok());
        assert!(verdict(true, "gz::sanitizer", "missing: no nightly here").is_ok());
        // Another reason, another check, a beginning without its star.
        assert!(verdict(true, "one", "missing: valgrind").is_err());
        assert!(verdict(true, "two", "long: with --full").is_err());
        assert!(verdict(true, "one::more", "long: with --full").is_err());
        let none = Policy::new(true, SMALL).unwrap();
        assert!(none.judge("one", Completion::ignored()).is_err());
        assert!(none.judge("two", Completion::Completed).is_ok());
        assert!(none.judge_ignored(1).is_err() && none.judge_ignored(0).is_ok());
    }

    #[test]
    fn elsewhere_every_skip_is_only_a_skip() {
        assert!(verdict(false, "two", "missing: valgrind").is_ok());
        assert!(Policy::new(false, SMALL).unwrap().judge_ignored(3).is_ok());
    }

    #[test]
    fn a_mirror_that_cannot_be_reached_is_a_failure() {
        let policy = Policy::of(true);
        for check in ["differential::inflate", "edge::answers_are_stocks", "gz::reading_is_stocks"]
        {
            let reason = "Debian sid's package lists cannot be read: apt-get update failed";
            let error = policy.judge(check, Completion::ignored_with(reason)).err().unwrap();
            assert!(error.to_string().contains(reason), "{error}");
        }
    }

    #[test]
    fn a_list_that_allows_everything_is_refused() {
        assert!(
            Policy::new(true, "[[skip]]\ncheck = \"*\"\nreason = \"x\"\nbecause = \"x\"").is_err()
        );
        assert!(
            Policy::new(true, "[[skip]]\ncheck = \"a\"\nreason = \"\"\nbecause = \"x\"").is_err()
        );
        assert!(Policy::new(true, "[[skip]]\ncheck = \"a\"\nreason = \"x\"").is_err());
    }

    #[test]
    fn every_entry_names_a_check_that_there_is() {
        let text = fs::read_to_string(paths::root().join(LIST)).unwrap();
        let list: List = toml::from_str(&text).unwrap();
        let setup = Box::leak(Box::new(super::super::Setup {
            prefix: paths::default_prefix(),
            full: true,
            machine: Default::default(),
        }));
        let trials = super::super::trials(setup, false).0;
        for allowed in &list.skip {
            let check = &allowed.check;
            assert!(trials.iter().any(|t| allowed.names(t.name())), "no check is called {check}");
        }
    }

    #[test]
    fn ci_is_a_variable_of_many_spellings() {
        assert!(is_ci(Some("true")) && is_ci(Some("1")));
        assert!(!is_ci(None) && !is_ci(Some("")) && !is_ci(Some("false")) && !is_ci(Some("0")));
    }

    impl Policy {
        /// The list of the repository.
        fn of(ci: bool) -> Policy {
            let text = fs::read_to_string(paths::root().join(LIST)).unwrap();
            Policy::new(ci, &text).unwrap()
        }
    }
}
