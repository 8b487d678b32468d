//! For every variant of the fast loop, a copy with one wrong number, which its tests must notice.

use libtest_mimic::Trial;

use super::Extract;
use super::mutants::{Mutant, all_are_noticed, mutant};
use check::{PASSED, check};

/// What only one variant uses, and what both do, once for each.
#[cfg(target_arch = "x86_64")]
const MUTANTS: &[Mutant] = &[
    mutant("inflate portable", COPY, "[from.read(); 16]", 1, "[from.add(1).read(); 16]"),
    mutant("inflate portable", TABLES, "lengths.chunks(64)", 1, "lengths.chunks(63)"),
    mutant("inflate portable", TABLES, "BITS: u32 = 0x0fff", 1, "BITS: u32 = 0x07ff"),
    mutant("inflate avx2", COPY, "(16 - 16 % distance)", 1, "(16 - 17 % distance)"),
    mutant("inflate avx2", TABLES, "from.add(32)", 1, "from.add(31)"),
    mutant("inflate avx2", TABLES, "all(0x00ff_3fff)", 1, "all(0x00ff_2fff)"),
    mutant("inflate portable", COPY, "put(length - 16)", 1, "put(length - 17)"),
    mutant("inflate avx2", COPY, "put(length - 16)", 1, "put(length - 17)"),
    mutant("inflate portable", COPY, "put(LONGEST - 16)", 1, "put(LONGEST - 17)"),
    mutant("inflate avx2", COPY, "put(LONGEST - 16)", 1, "put(LONGEST - 17)"),
    mutant("inflate portable", COPY, "from.read(), length)", 1, "from.read(), length - 1)"),
    mutant("inflate avx2", COPY, "(done - periods)", 1, "(done + 1 - periods)"),
    mutant("inflate avx2", COPY, "to.add(at).cast(), piece", 1, "to.cast(), piece"),
    mutant("inflate portable", FAST, "21 + tables::LITERAL_ROOT", 1, "1 + tables::LITERAL_ROOT"),
    mutant("inflate avx2", FAST, "21 + tables::LITERAL_ROOT", 1, "1 + tables::LITERAL_ROOT"),
    mutant("inflate portable", FAST, "before < length - 1", 1, "before < 2"),
    mutant("inflate avx2", FAST, "before < length - 1", 1, "before < 2"),
    mutant("inflate portable", FAST, "self.start as usize;", 1, "self.start as usize + 1;"),
    mutant("inflate avx2", FAST, "self.start as usize;", 1, "self.start as usize + 1;"),
    mutant("inflate portable", SYMBOLS, "= window.is_output();", 1, "= false;"),
    mutant("inflate avx2", SYMBOLS, "= window.is_output();", 1, "= false;"),
    mutant("inflate portable", LENGTHS, "+ extra as usize", 1, "+ extra as usize / 2"),
    mutant("inflate avx2", LENGTHS, "+ extra as usize", 1, "+ extra as usize / 2"),
];
#[cfg(not(target_arch = "x86_64"))]
const MUTANTS: &[Mutant] = &[
    mutant("inflate portable", COPY, "[from.read(); 16]", 1, "[from.add(1).read(); 16]"),
    mutant("inflate portable", COPY, "put(length - 16)", 1, "put(length - 17)"),
    mutant("inflate portable", FAST, "self.start as usize;", 1, "self.start as usize + 1;"),
    mutant("inflate portable", SYMBOLS, "= window.is_output();", 1, "= false;"),
    mutant("inflate portable", LENGTHS, "+ extra as usize", 1, "+ extra as usize / 2"),
];

const COPY: &str = "inflate/copy.rs";
const FAST: &str = "inflate/fast.rs";
const LENGTHS: &str = "inflate/blocks/lengths.rs";
const SYMBOLS: &str = "inflate/blocks/symbols.rs";
const TABLES: &str = "inflate/tables.rs";

/// The checks.
pub fn trials() -> Vec<Trial> {
    vec![check("inflate::mutants", || {
        all_are_noticed(&Extract::new()?, MUTANTS, "inflate::tests::streams", |_| String::new())?;
        PASSED
    })]
}
