//! Each finder against zlib's search step by step, at each search of a parse.

pub mod compare;
mod finders;
pub mod stock;

use super::super::tests::report::Report;
use compare::{Settings, compare};
use finders::NAMES;
use stock::{Config, LEVELS};

/// Bytes that repeat in several ways: the same kind of data for all tests.
fn data() -> Vec<(&'static str, Vec<u8>)> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) as usize % below
    };
    let noise: Vec<u8> = (0..90_000).map(|_| random(256) as u8).collect();
    let few: Vec<u8> = (0..90_000).map(|_| b"ab"[random(2)]).collect();
    let words: Vec<Vec<u8>> =
        (0..200).map(|_| (0..1 + random(9)).map(|_| b"etaoinsr "[random(9)]).collect()).collect();
    let mut text = Vec::new();
    while text.len() < 150_000 {
        let common = 1 + random(200);
        text.extend(&words[random(common)]);
        text.push(b' ');
    }
    let zeros = vec![0; 80_000];
    let period: Vec<u8> = noise[..700].iter().copied().cycle().take(100_000).collect();
    let mut records = Vec::new();
    while records.len() < 120_000 {
        records.extend([0, 0, random(3) as u8, 1, 0, 7, 7, random(20) as u8, random(256) as u8]);
    }
    let mut mixed = Vec::new();
    for part in [&noise, &few, &text, &zeros, &period, &records] {
        let at = random(part.len() - 20_000);
        mixed.extend(&part[at..at + 20_000]);
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
            compare(&mut report, name, &data[..75_000], &Settings::new(15, 15, config));
        }
    }
    report.conclude();
}

#[test]
fn at_every_window_and_table_size() {
    let mut report = Report::new("finders at every window and table size", NAMES);
    for (name, data) in data() {
        for window_bits in [9, 10, 12, 14] {
            for hash_bits in [8, 11, 13, 16] {
                for config in [LEVELS[0], LEVELS[2], LEVELS[5]] {
                    let data = &data[..data.len() / 4];
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
        for (chain, good, nice) in tunes {
            for (slow, lazy) in [(false, 5), (true, 16), (true, 300)] {
                let config = Config { good, lazy, nice, chain, slow };
                for window_bits in [9, 15] {
                    compare(
                        &mut report,
                        name,
                        &data[..15_000],
                        &Settings::new(window_bits, 12, config),
                    );
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
            for window_bits in [9, 15] {
                for config in [LEVELS[0], LEVELS[3], LEVELS[5], LEVELS[8]] {
                    let len = if piece < 1_000 { 3_000 } else { 70_000 };
                    let restart = piece >= 1_000;
                    let settings = Settings::new(window_bits, 15, config);
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
        for len in (0..20).chain([100, 259, 262, 263, 1000, 4096]) {
            for config in LEVELS {
                compare(&mut report, name, &data[..len], &Settings::new(15, 15, config));
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
                let settings = Settings { piece, flush, ..Settings::new(15, 15, config) };
                compare(&mut report, name, &data[..3_000], &settings);
            }
        }
    }
    report.conclude();
}
