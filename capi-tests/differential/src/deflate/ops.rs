//! What deflate cases consist of, and how they are chosen.

use std::ffi::c_int;

use crate::alloc::Manner;
use crate::data;
use crate::source::Source;
use crate::stream::flush;

/// One call, or what a caller does between calls.
#[derive(Clone, Copy, Debug)]
pub enum Op {
    /// `times` calls, or fewer if the data ends.
    Deflate {
        buffers: Buffers,
        flush: c_int,
        times: u32,
    },
    Params {
        buffers: Buffers,
        level: c_int,
        strategy: c_int,
    },
    Tune([c_int; 4]),
    Prime {
        bits: c_int,
        value: c_int,
    },
    Pending,
    Used,
    Bound(u64),
    SetDictionary {
        from: u32,
        len: u32,
    },
    NullDictionary(u32),
    GetDictionary,
    SetHeader(Option<Header>),
    Copy {
        go_on_with_copy: bool,
    },
    Reset,
    ResetKeep,
    EndAndInit,
    NullInput,
    NullOutput,
    Moved,
    WrongKind(u32),
}

/// What a call finds in `next_in` and `next_out`.
#[derive(Clone, Copy, Debug)]
pub struct Buffers {
    pub give: u32,
    pub room: u32,
    /// Where the output begins, from where the input does. None if they lie apart.
    pub shift: Option<i32>,
}

impl Buffers {
    fn any(s: &mut Source, give: u32) -> Buffers {
        let room = match s.below(8) {
            0 => s.below(4),
            1 => s.below(20),
            2 => s.length(300),
            3 => s.length(5000),
            _ => s.length(100_000),
        };
        let give = s.length(give);
        let shift = s.one_in(6).then(|| match s.below(3) {
            0 => s.range(-40, 40),
            1 => s.range(-600, 600),
            _ => s.range(-(give as i32), give as i32),
        });
        Buffers { give, room, shift }
    }
}

/// What `deflateSetHeader` gets; the fields are parts of the case's data without zeros.
#[derive(Clone, Copy, Debug)]
pub struct Header {
    pub text: bool,
    pub time: u32,
    pub os: c_int,
    pub extra: Option<u32>,
    pub name: Option<u32>,
    pub comment: Option<u32>,
    pub hcrc: bool,
    /// The fields lie from here on in what will be output, instead of memory of their own.
    pub in_output: Option<u32>,
}

/// What `deflateInit2` gets.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    pub level: c_int,
    pub method: c_int,
    pub window_bits: c_int,
    pub mem_level: c_int,
    pub strategy: c_int,
    pub manner: Manner,
}

impl Setup {
    fn any(s: &mut Source) -> Setup {
        let odd = s.one_in(12);
        let shape = data::Shape::any(s);
        Setup {
            level: if odd { s.range(-3, 12) } else { shape.level },
            method: if odd && s.one_in(6) { s.range(6, 9) } else { 8 },
            window_bits: if odd { s.range(-20, 60) } else { shape.window_bits },
            mem_level: if odd { s.range(-2, 12) } else { shape.mem_level },
            strategy: if odd { s.range(-2, 7) } else { shape.strategy },
            manner: s.pick(&[Manner::Default, Manner::Counting, Manner::EightAligned]),
        }
    }
}

/// Parameters, data, and calls.
#[derive(Clone, Debug)]
pub struct Sequence {
    pub setup: Setup,
    pub data: Vec<u8>,
    pub ops: Vec<Op>,
}

fn any_flush(s: &mut Source) -> c_int {
    match s.below(20) {
        0..=7 => flush::NONE,
        8..=10 => flush::SYNC,
        11 => flush::PARTIAL,
        12 => flush::FULL,
        13 => flush::BLOCK,
        14 | 15 => flush::FINISH,
        16 => flush::TREES,
        17 => s.range(-3, 9),
        18 => s.pick(&[c_int::MIN, c_int::MAX, -1, 100]),
        _ => flush::NONE,
    }
}

fn any_header(s: &mut Source) -> Header {
    let mut field = || (!s.one_in(3)).then(|| s.length(70_000));
    let (extra, name, comment) = (field(), field(), field());
    Header {
        text: s.one_in(2),
        time: s.u32(),
        os: s.range(-1, 300),
        extra,
        name,
        comment,
        hcrc: s.one_in(2),
        in_output: s.one_in(5).then(|| s.length(300)),
    }
}

fn any_op(s: &mut Source) -> Op {
    match s.below(44) {
        0..=16 => Op::Deflate { buffers: Buffers::any(s, 60_000), flush: any_flush(s), times: 1 },
        17..=19 => Op::Deflate {
            buffers: Buffers { shift: None, ..Buffers::any(s, 300) },
            flush: any_flush(s),
            times: s.length(200) + 1,
        },
        20..=23 => Op::Params {
            buffers: match s.below(2) {
                0 => Buffers { give: 0, ..Buffers::any(s, 0) },
                _ => Buffers::any(s, 5000),
            },
            level: if s.one_in(8) { s.range(-3, 12) } else { s.range(-1, 9) },
            strategy: if s.one_in(8) { s.range(-2, 7) } else { s.range(0, 4) },
        },
        24 => {
            let mut value = || match s.below(4) {
                0 => s.range(-5, 5),
                1 => s.u32() as c_int,
                2 => s.pick(&[0, c_int::MAX, c_int::MIN, -1, 65535, 32768, 65536, 258]),
                _ => s.range(0, 4096),
            };
            Op::Tune([value(), value(), value(), value()])
        }
        25 => Op::Prime {
            bits: if s.one_in(2) { s.range(-2, 40) } else { s.range(0, 16) },
            value: s.u32() as c_int,
        },
        26 | 27 => Op::Pending,
        28 => Op::Used,
        29 => Op::Bound(match s.below(3) {
            0 => s.length(100_000).into(),
            1 => u64::MAX - u64::from(s.length(100_000)),
            _ => (u64::from(s.u32()) << 32) | u64::from(s.u32()),
        }),
        30 | 31 => Op::SetDictionary { from: s.length(20_000), len: s.length(70_000) },
        32 => Op::NullDictionary(s.below(3)),
        33 => Op::GetDictionary,
        34 | 35 => Op::SetHeader((!s.one_in(4)).then(|| any_header(s))),
        36 => Op::Copy { go_on_with_copy: s.one_in(2) },
        37 => Op::Reset,
        38 => Op::ResetKeep,
        39 => Op::EndAndInit,
        40 => Op::NullInput,
        41 => Op::NullOutput,
        42 => Op::Moved,
        _ => Op::WrongKind(s.below(8)),
    }
}

impl Sequence {
    pub fn generate(s: &mut Source) -> Sequence {
        let setup = Setup::any(s);
        let max = if s.one_in(5) { 300_000 } else { 5000 };
        let data = data::data(s, max);
        let mut ops = Vec::new();
        if s.one_in(6) {
            ops.push(Op::SetDictionary { from: s.length(20_000), len: s.length(70_000) });
        }
        if s.one_in(6) {
            ops.push(Op::SetHeader(Some(any_header(s))));
        }
        for _ in 0..=s.length(20) {
            ops.push(any_op(s));
            if s.is_exhausted() {
                break;
            }
        }
        Sequence { setup, data, ops }
    }

    pub fn without(&self, operations: std::ops::Range<usize>) -> Sequence {
        let mut sequence = self.clone();
        sequence.ops.drain(operations);
        sequence
    }

    pub fn simpler(&self) -> Vec<Sequence> {
        let mut all = Vec::new();
        let mut cut = self.data.len() / 2;
        while cut > 0 {
            let data = self.data[..self.data.len() - cut].to_vec();
            all.push(Sequence { data, ..self.clone() });
            let data = self.data[cut..].to_vec();
            all.push(Sequence { data, ..self.clone() });
            cut /= 2;
        }
        if self.data.iter().any(|byte| *byte != b'a') {
            all.push(Sequence { data: vec![b'a'; self.data.len()], ..self.clone() });
        }
        let setup = Setup { manner: Manner::Default, ..self.setup };
        if self.setup.manner != setup.manner {
            all.push(Sequence { setup, ..self.clone() });
        }
        all
    }
}
