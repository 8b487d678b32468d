//! Which variants of a part a test has called, and which were wrong: as lines that
//! `cargo xtask test deflate::mutants` reads.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What is known of the variants so far.
pub struct Report {
    what: &'static str,
    all: &'static [&'static str],
    checked: BTreeSet<&'static str>,
    /// With the first fault of each.
    wrong: BTreeMap<&'static str, String>,
}

impl Report {
    /// Nothing of `all` is checked yet.
    pub fn new(what: &'static str, all: &'static [&'static str]) -> Report {
        Report { what, all, checked: BTreeSet::new(), wrong: BTreeMap::new() }
    }

    /// Checks a variant. One that was wrong is not asked again, and hides no other.
    pub fn check(&mut self, name: &'static str, check: impl FnOnce() -> Result<(), String>) {
        if self.wrong.contains_key(name) {
            return;
        }
        self.checked.insert(name);
        let result = catch_unwind(AssertUnwindSafe(check));
        if let Err(fault) = result.unwrap_or_else(|_| Err("it panicked".into())) {
            self.wrong.insert(name, fault);
        }
    }

    /// # Panics
    /// A variant was wrong, or was not called.
    pub fn conclude(self) {
        let Report { what, all, checked, wrong } = self;
        let mut said = format!(
            "deflate, {what}: {} of {} variants checked\n",
            all.iter().filter(|name| checked.contains(*name)).count(),
            all.len()
        );
        if !wrong.is_empty() {
            let names: Vec<&str> = wrong.keys().copied().collect();
            said += &format!("wrong kernels: {}\n", names.join(", "));
        }
        // Not println!, which the test harness would swallow: a variant left out must be seen.
        std::io::stdout().write_all(said.as_bytes()).unwrap();
        assert!(wrong.is_empty(), "deflate, {what}: {wrong:#?}");
        assert_eq!(checked, all.iter().copied().collect(), "deflate, {what}: not as listed");
    }
}

/// An error unless both are the same.
pub fn same<T: PartialEq + std::fmt::Debug>(
    found: T,
    expected: T,
    context: impl FnOnce() -> String,
) -> Result<(), String> {
    if found == expected {
        return Ok(());
    }
    Err(format!("found {found:?}, expected {expected:?}: {}", context()))
}
