//! That generated files are what the generators write.

use check::{PASSED, Setup, check};
use libtest_mimic::Trial;

use crate::{abi, constants, headers};

/// The checks of this area.
pub fn trials(setup: &'static Setup) -> Vec<Trial> {
    let mut trials = vec![
        check("abi::generated_files_are_current", || {
            abi::generated_files_are_current()?;
            PASSED
        }),
        check("checksum::constants_are_derived", || {
            constants::check(&constants::path())?;
            PASSED
        }),
    ];
    trials.extend(headers::checks::trials(setup));
    trials
}
