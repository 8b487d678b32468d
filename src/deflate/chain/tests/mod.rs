//! Each finder against zlib's search step by step, at each search of a parse.

pub mod compare;
mod finders;
pub mod stock;

use super::super::tests::report::Report;
use crate::testing::{Random, fewer};
use compare::{Settings, compare};
use finders::NAMES;
use stock::{Config, LEVELS};

/// The bytes that a test looks at, and the largest window's and table's bits: under Miri, enough for
/// the smallest window to slide.
const LONG: usize = fewer(75_000, 900);
const SHORT: usize = fewer(15_000, 700);
const WINDOW: u32 = fewer(15, 9) as u32;
const TABLE: u32 = fewer(15, 8) as u32;

/// Bytes that repeat in several ways: the same kind of data for all tests.
fn data() -> Vec<(&'static str, Vec<u8>)> {
    const PART: usize = fewer(20_000, 300);
    let mut random = Random::new(1);
    let noise: Vec<u8> = random.bytes(fewer(90_000, 1500));
    let few: Vec<u8> = (0..fewer(90_000, 1500)).map(|_| random.pick(*b"ab")).collect();
    let words: Vec<Vec<u8>> = (0..200)
        .map(|_| (0..1 + random.below(9)).map(|_| random.pick(*b"etaoinsr ")).collect())
        .collect();
    let mut text = Vec::new();
    while text.len() < fewer(150_000, 1500) {
        let common = 1 + random.below(200);
        text.extend(&words[random.below(common)]);
        text.push(b' ');
    }
    let zeros = vec![0; fewer(80_000, 1500)];
    let period: Vec<u8> =
        noise[..fewer(700, 100)].iter().copied().cycle().take(fewer(100_000, 1500)).collect();
    let mut records = Vec::new();
    while records.len() < fewer(120_000, 1500) {
        let (first, second) = (random.below(3) as u8, random.below(20) as u8);
        records.extend([0, 0, first, 1, 0, 7, 7, second, random.below(256) as u8]);
    }
    let mut mixed = Vec::new();
    for part in [&noise, &few, &text, &zeros, &period, &records] {
        let at = random.below(part.len() - PART);
        mixed.extend(&part[at..at + PART]);
    }
    vec![
        ("noise", noise),
        ("few", few),
        ("text", text),
        ("zeros", zeros),
        ("period", period),
        ("records", records),
        ("mixed", mixed),
    ]
}

#[test]
fn every_finder_finds_what_zlib_finds_at_every_level() {
    let mut report = Report::new("finders at every level", NAMES);
    for (name, data) in data() {
        for config in LEVELS {
            compare(&mut report, name, &data[..LONG], &Settings::new(WINDOW, TABLE, config));
        }
    }
    report.conclude();
}

#[test]
fn at_every_window_and_table_size() {
    let mut report = Report::new("finders at every window and table size", NAMES);
    for (name, data) in data() {
        for window_bits in [9, 10, 12, 14].into_iter().take(fewer(4, 1)) {
            for hash_bits in [8, 11, 13, 16].into_iter().take(fewer(4, 2)) {
                for config in [LEVELS[0], LEVELS[2], LEVELS[5]] {
                    let data = &data[..fewer(data.len() / 4, 600)];
                    compare(
                        &mut report,
                        name,
                        data,
                        &Settings::new(window_bits, hash_bits, config),
                    );
                }
            }
        }
    }
    report.conclude();
}

#[test]
fn with_odd_tunes() {
    let mut report = Report::new("finders with odd tunes", NAMES);
    let tunes = [(0, 4, 258), (1, 0, 3), (3, 0, 258), (7, 5, 1), (50, 100, 1000), (4096, 0, 0)];
    for (name, data) in data() {
        for (chain, good, nice) in tunes.into_iter().step_by(fewer(1, 2)) {
            for (slow, lazy) in [(false, 5), (true, 16), (true, 300)] {
                let config = Config { good, lazy, nice, chain, slow };
                for window_bits in [9, 15].into_iter().take(fewer(2, 1)) {
                    let settings = Settings::new(window_bits, TABLE.min(12), config);
                    compare(&mut report, name, &data[..SHORT], &settings);
                }
            }
        }
    }
    report.conclude();
}

#[test]
fn in_pieces() {
    let mut report = Report::new("finders in pieces", NAMES);
    for (name, data) in data() {
        for (piece, flush) in
            [(1, false), (1, true), (7, true), (300, true), (5_000, false), (20_000, true)]
        {
            for window_bits in [9, 15].into_iter().take(fewer(2, 1)) {
                for config in [LEVELS[0], LEVELS[3], LEVELS[5], LEVELS[8]] {
                    let len = if piece < 1_000 { fewer(3_000, 600) } else { fewer(70_000, 600) };
                    let restart = piece >= 1_000;
                    let settings = Settings::new(window_bits, TABLE, config);
                    let settings = Settings { piece, flush, restart, ..settings };
                    compare(&mut report, name, &data[..len], &settings);
                }
            }
        }
    }
    report.conclude();
}

#[test]
fn short_inputs() {
    let mut report = Report::new("finders on short inputs", NAMES);
    for (name, data) in data() {
        for len in (0..20).chain([100, 259, 262, 263, 1000, 4096]).take(fewer(26, 24)) {
            for config in LEVELS.into_iter().step_by(fewer(1, 4)) {
                compare(&mut report, name, &data[..len], &Settings::new(WINDOW, TABLE, config));
            }
        }
    }
    report.conclude();
}

#[test]
fn short_inputs_that_grow() {
    let mut report = Report::new("finders on short inputs that grow", NAMES);
    for (name, data) in data() {
        for (piece, flush) in [(90, true), (300, true), (500, false)] {
            for config in [LEVELS[0], LEVELS[2], LEVELS[5]] {
                let settings = Settings { piece, flush, ..Settings::new(WINDOW, TABLE, config) };
                compare(&mut report, name, &data[..fewer(3_000, 900)], &settings);
            }
        }
    }
    report.conclude();
}
