//! How many tests `cargo test` ran.

use anyhow::{Context, Result};

/// Those of all programs that it ran.
#[derive(Default)]
pub struct UnitCounts {
    /// That passed.
    pub passed: u64,
    /// That failed.
    pub failed: u64,
    /// That were not run.
    pub ignored: u64,
}

/// The sums of the lines that `cargo test` ends each program's tests with.
///
/// # Errors
/// A line is not as cargo writes it.
pub fn unit_counts(text: &str) -> Result<UnitCounts> {
    let mut counts = UnitCounts::default();
    for line in text.lines().filter(|l| l.starts_with("test result:")) {
        counts.passed += number_before(line, " passed")?;
        counts.failed += number_before(line, " failed")?;
        counts.ignored += number_before(line, " ignored")?;
    }
    Ok(counts)
}

fn number_before(line: &str, word: &str) -> Result<u64> {
    line.split_once(word)
        .and_then(|(head, _)| head.rsplit(' ').next()?.parse().ok())
        .with_context(|| format!("no number before {word:?} in: {line}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_from_cargo_tests_line() {
        let line = "test result: FAILED. 12 passed; 3 failed; 4 ignored; 0 measured";
        let counts = unit_counts(&format!("x\n{line}\ny\n{line}\n")).unwrap();
        assert_eq!((counts.passed, counts.failed, counts.ignored), (24, 6, 8));
        assert!(unit_counts("test result: ok. All passed").is_err());
    }
}
