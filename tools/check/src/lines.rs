//! Two outputs side by side, line by line.

use anyhow::{Result, ensure};

/// An error unless both outputs are equal and have `at_least` lines. `heads` begins a line that names
/// what follows, for the error.
///
/// # Errors
/// The first pair that differs, or which output is too short.
pub fn equal_in_parts([ours, stock]: [&str; 2], at_least: usize, heads: &str) -> Result<()> {
    let counts = [ours, stock].map(|text| text.lines().count());
    ensure!(counts[1] >= at_least, "{} lines of stock, wanted {at_least} at least", counts[1]);
    let mut part = "";
    for (ours, stock) in ours.lines().zip(stock.lines()) {
        if !heads.is_empty() && stock.starts_with(heads) {
            part = stock;
        }
        ensure!(ours == stock, "{part}\nours:  {ours}\nstock: {stock}");
    }
    ensure!(counts[0] == counts[1], "{} lines of ours, {} of stock", counts[0], counts[1]);
    Ok(())
}

/// As [`equal_in_parts`], without parts.
///
/// # Errors
/// As there.
pub fn equal(outputs: [&str; 2], at_least: usize) -> Result<()> {
    equal_in_parts(outputs, at_least, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_that_ends_early_is_found() {
        assert!(equal(["a\nb\n", "a\nb\n"], 2).is_ok());
        for outputs in [["", "a\nb\n"], ["a\n", "a\nb\n"], ["a\nb\n", "a\n"], ["a\nc\n", "a\nb\n"]]
        {
            assert!(equal(outputs, 1).is_err(), "{outputs:?}");
        }
        // Both empty, or both shorter than anything that could have been meant.
        assert!(equal(["", ""], 1).is_err());
        assert!(equal(["a\n", "a\n"], 2).is_err());
    }

    #[test]
    fn the_error_names_the_part() {
        let outputs = ["sequence 1\na\nsequence 2\nb\n", "sequence 1\na\nsequence 2\nc\n"];
        let error = equal_in_parts(outputs, 1, "sequence").unwrap_err().to_string();
        assert_eq!(error, "sequence 2\nours:  b\nstock: c");
    }
}
