//! What a stream is made with, and how large its output may get.

use crate::codes::{DEFAULT_LEVEL, Strategy};
use crate::format::Format;

/// What a compressor is made with (zlib.h, `deflateInit2`).
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// -1 (default) or 0 to 9.
    pub level: i32,
    /// 8..=15 zlib, -15..=-9 raw, 25..=31 gzip.
    pub window_bits: i32,
    /// 1..=9.
    pub mem_level: i32,
    /// 0..=4.
    pub strategy: i32,
}

/// A [`Config`] whose values are in range.
#[derive(Clone, Copy, Debug)]
pub(super) struct Checked {
    pub format: Format,
    pub level: u8,
    pub strategy: Strategy,
    pub window_bits: u32,
    pub mem_level: u32,
}

impl Config {
    /// What `deflateInit` uses at `level`.
    pub fn new(level: i32) -> Config {
        Config { level, window_bits: 15, mem_level: 8, strategy: 0 }
    }

    /// Whether zlib would take these parameters.
    pub fn is_valid(self) -> bool {
        self.checked().is_some()
    }

    pub(super) fn checked(self) -> Option<Checked> {
        let (format, bits) = match self.window_bits {
            // Not negated below -15, which would overflow for i32::MIN.
            bits @ -15..=-1 => (Format::Raw, -bits),
            bits @ 16.. => (Format::Gzip, bits - 16),
            bits => (Format::Zlib, bits),
        };
        let valid = (1..=9).contains(&self.mem_level)
            && (8..=15).contains(&bits)
            && (bits != 8 || format == Format::Zlib);
        valid.then_some(Checked {
            format,
            level: level_from_c(self.level)?,
            strategy: Strategy::from_c(self.strategy)?,
            // A window of 256 bytes has never worked: zlib takes 512.
            window_bits: bits.max(9) as u32,
            mem_level: self.mem_level as u32,
        })
    }
}

/// The level that zlib.h's number stands for, if any.
pub(super) fn level_from_c(level: i32) -> Option<u8> {
    match level {
        DEFAULT_LEVEL => Some(6),
        0..=9 => Some(level as u8),
        _ => None,
    }
}

/// When the search for a match is cut short (zlib.h, `deflateTune`).
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// From this previous length on, only a quarter of `chain` is walked.
    pub good: u32,
    /// Lazy parsing: from this length on, no better match is looked for. Greedy parsing: up to
    /// this length, the positions inside a match are inserted.
    pub lazy: u32,
    /// A match of this length is not improved any more. Kept as the caller's number: a negative one
    /// is for zlib as large as can be.
    pub nice: i32,
    /// How many candidates are looked at; 0 is for zlib as good as no limit.
    pub chain: u32,
}

impl Limits {
    /// Those of `level`.
    pub fn of(level: u8) -> Limits {
        const fn limits(good: u32, lazy: u32, nice: i32, chain: u32) -> Limits {
            Limits { good, lazy, nice, chain }
        }
        const LEVELS: [Limits; 10] = [
            limits(0, 0, 0, 0),
            limits(4, 4, 8, 4),
            limits(4, 5, 16, 8),
            limits(4, 6, 32, 32),
            limits(4, 4, 16, 16),
            limits(8, 16, 32, 32),
            limits(8, 16, 128, 128),
            limits(8, 32, 128, 256),
            limits(32, 128, 258, 1024),
            limits(32, 258, 258, 4096),
        ];
        LEVELS[usize::from(level.min(9))]
    }
}

/// The three ways to compress that levels choose from; a change between them ends a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Stored,
    Greedy,
    Lazy,
}

impl Way {
    pub fn of(level: u8) -> Way {
        match level {
            0 => Way::Stored,
            1..=3 => Way::Greedy,
            _ => Way::Lazy,
        }
    }
}

/// zlib's bound for its default parameters: about 0.03 % and a constant.
pub(super) fn default_bound(len: usize, wrap: usize) -> usize {
    len.checked_add((len >> 12) + (len >> 14) + (len >> 25))
        .and_then(|bound| bound.checked_add(13 - 6 + wrap))
        .unwrap_or(usize::MAX)
}

/// zlib's bounds for other parameters: fixed codes of nine bits, and stored blocks of 127 bytes.
pub(super) fn conservative_bounds(len: usize) -> (usize, usize) {
    let sum = |parts: usize| len.saturating_add(parts);
    (sum((len >> 3) + (len >> 8) + (len >> 9) + 4), sum((len >> 5) + (len >> 7) + (len >> 11) + 7))
}

/// zlib.h's `deflateBound` without a usable stream.
pub fn bound_without_stream(len: usize) -> usize {
    let (fixed, stored) = conservative_bounds(len);
    fixed.max(stored).saturating_add(18)
}

/// zlib.h's `compressBound`.
pub fn compress_bound(len: usize) -> usize {
    default_bound(len, 6)
}
