//! What inflate cases consist of, and how they are chosen.

use std::ffi::c_int;

use crate::source::Source;
use crate::stream::flush;

/// One call, or what a caller does between calls.
#[derive(Clone, Copy, Debug)]
pub enum Op {
    Inflate {
        give: u32,
        room: u32,
        flush: c_int,
    },
    /// As `Inflate`, again and again until the end, an error, or no progress.
    Pump {
        give: u32,
        room: u32,
        flush: c_int,
    },
    /// Input and output in the same memory, as closely as the output does not overtake the input.
    InPlace {
        give: u32,
        room: u32,
        apart: u32,
        flush: c_int,
    },
    NullInput {
        avail: u32,
    },
    NullOutput {
        give: u32,
        avail: u32,
    },
    Reset,
    ResetKeep,
    Reset2(c_int),
    Sync {
        give: u32,
    },
    SyncPoint,
    Mark,
    Prime {
        bits: c_int,
        value: c_int,
    },
    SetDictionary(Dictionary),
    GetDictionary,
    GetHeader {
        extra: Option<u32>,
        name: Option<u32>,
        comment: Option<u32>,
    },
    /// Goes on with the copy, or, if false, with the original.
    Copy {
        go_on_with_copy: bool,
    },
    Validate(c_int),
    Undermine(c_int),
    EndAndInit(c_int),
    Moved {
        flush: c_int,
    },
    WrongKind(u32),
    SetTotals(u32),
    Seek(u32),
}

/// What `inflateSetDictionary` gets.
#[derive(Clone, Copy, Debug)]
pub enum Dictionary {
    Right,
    Part(u32),
    Empty,
    Null(u32),
}

fn any_flush(s: &mut Source) -> c_int {
    match s.below(12) {
        0..=4 => flush::NONE,
        5 => flush::FINISH,
        6 => flush::SYNC,
        7 => flush::BLOCK,
        8 => flush::TREES,
        9 => s.range(-3, 9),
        _ => s.pick(&[flush::BLOCK, flush::TREES, flush::PARTIAL, c_int::MIN, c_int::MAX, 100]),
    }
}

fn any_give(s: &mut Source) -> u32 {
    match s.below(8) {
        0 => 1,
        1 => s.below(4),
        2 => s.below(40),
        3 => s.length(500),
        _ => s.length(100_000),
    }
}

pub fn any_op(s: &mut Source) -> Op {
    match s.below(50) {
        48 | 49 => Op::InPlace {
            give: s.length(4000),
            room: s.length(20_000),
            apart: s.below(40),
            flush: any_flush(s),
        },
        0..=13 => Op::Inflate { give: any_give(s), room: any_give(s), flush: any_flush(s) },
        14..=24 => {
            Op::Pump { give: any_give(s).max(1), room: any_give(s).max(1), flush: any_flush(s) }
        }
        25 => Op::NullInput { avail: s.below(3) },
        26 => Op::NullOutput { give: s.below(20), avail: s.below(3) },
        27 => Op::Reset,
        28 => Op::ResetKeep,
        29 => Op::Reset2(any_window_bits(s)),
        30 => Op::Sync { give: any_give(s) },
        31 | 32 => Op::SyncPoint,
        33 | 34 => Op::Mark,
        35 => Op::Prime {
            bits: if s.one_in(3) { s.range(-2, 40) } else { s.range(0, 16) },
            value: s.u32() as c_int,
        },
        36 | 37 => Op::SetDictionary(match s.below(8) {
            0 => Dictionary::Part(s.length(40_000)),
            1 => Dictionary::Empty,
            2 => Dictionary::Null(s.below(3)),
            _ => Dictionary::Right,
        }),
        38 => Op::GetDictionary,
        39 | 40 => {
            let mut field = || (!s.one_in(5)).then(|| s.length(400));
            Op::GetHeader { extra: field(), name: field(), comment: field() }
        }
        41 => Op::Copy { go_on_with_copy: s.one_in(2) },
        42 => Op::Validate(s.range(-1, 2)),
        43 => Op::Undermine(s.range(0, 1)),
        44 => Op::EndAndInit(any_window_bits(s)),
        45 => {
            if s.one_in(2) {
                Op::Moved { flush: any_flush(s) }
            } else {
                Op::WrongKind(s.below(12))
            }
        }
        46 => Op::SetTotals(s.u32()),
        _ => Op::Seek(if s.one_in(2) { 0 } else { s.length(5000) }),
    }
}

fn any_window_bits(s: &mut Source) -> c_int {
    match s.below(5) {
        0 => s.range(-20, 60),
        1 => s.pick(&[0, 16, 32, 47, 48, -8, -7, 8, 7, -15, -16, 31, c_int::MIN, c_int::MAX]),
        _ => s.pick(&[15, -15, 31, 47, 0, 32]),
    }
}

/// The window bits to inflate with, for a stream that was made for `made_for`.
pub fn fitting(s: &mut Source, made_for: c_int) -> c_int {
    match s.below(10) {
        0 => any_window_bits(s),
        1 if made_for > 0 => s.pick(&[0, 32, 47, 15, 31, 14, 30]),
        2 if made_for > 0 => 47,
        3 if made_for < 0 => -s.range(8, 15),
        _ => made_for,
    }
}
