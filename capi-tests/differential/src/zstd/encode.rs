//! Encoding by any sequence of calls, in and out of order: the same codes, positions and bytes.

use std::ffi::c_int;

use super::api::{Code, Handle, InBuffer, OutBuffer, Sequence, UNKNOWN, Zstd, Zstds};
use super::decode::dictionary;
use super::{Room, parameter, same_code, same_value};
use crate::case::{At, Case};
use crate::data;
use crate::source::Source;

#[derive(Clone, Copy, Debug)]
enum Op {
    Set(c_int, c_int),
    Load { method: c_int, kind: c_int },
    ReferDictionary,
    Prefix(c_int),
    Pledge(u64),
    Stream { give: u32, room: u32, directive: c_int },
    OldStream { give: u32, room: u32 },
    Flush(u32),
    End(u32),
    InitStream(c_int),
    InitStreamSized(c_int, u64),
    ResetStream(u64),
    Reset(c_int),
    Whole { len: u32, room: u32 },
    WholeAtLevel { len: u32, room: u32, level: c_int },
    UsingDict { len: u32, level: c_int },
    UsingCDict { len: u32 },
    Threads { len: u32, workers: c_int, level: c_int },
    Sequences { len: u32 },
    Skippable { len: u32, variant: u32 },
    BlocksBegin(c_int),
    BlocksBeginDict(c_int),
    BlocksContinue { len: u32, room: u32 },
    BlocksEnd { len: u32, room: u32 },
    Progress,
}

/// Operations on one context with some data, and on a second for the block functions.
#[derive(Clone, Debug)]
pub struct EncodeCase {
    data: Vec<u8>,
    dict: Vec<u8>,
    ops: Vec<Op>,
}

/// A parameter and a value that keeps tables small.
fn setting(s: &mut Source) -> (c_int, c_int) {
    use parameter as p;
    match s.below(26) {
        0..4 => (p::LEVEL, s.range(-5, 19)),
        4 => (p::WINDOW_LOG, s.range(10, 20)),
        5 => (p::HASH_LOG, s.range(6, 18)),
        6 => (p::CHAIN_LOG, s.range(6, 18)),
        7 => (p::SEARCH_LOG, s.range(1, 9)),
        8 => (p::MIN_MATCH, s.range(3, 7)),
        9 => (p::TARGET_LENGTH, s.length(1000) as i32),
        10 | 11 => (p::STRATEGY, s.range(0, 9)),
        12 => (p::TARGET_BLOCK, s.range(1340, 20_000)),
        13 => (p::LDM, s.range(0, 2)),
        14 => (p::LDM_HASH_LOG, s.range(6, 16)),
        15 => (p::LDM_MIN_MATCH, s.range(4, 200)),
        16 => (p::CONTENT_SIZE, s.range(0, 1)),
        17 => (p::CHECKSUM, s.range(0, 1)),
        18 => (p::DICT_ID, s.range(0, 1)),
        19 => (p::FORMAT, s.range(0, 1)),
        20 => (p::LITERALS, s.range(0, 2)),
        21 => (p::ROW_MATCH_FINDER, s.range(0, 2)),
        22 => (p::SPLIT_AFTER, s.range(0, 2)),
        23 => (p::SPLITTER, s.range(0, 6)),
        24 => (p::MAX_BLOCK, s.range(1 << 10, 128 << 10)),
        // Attaching dictionaries, hints, stable buffers, prefetching, repeat codes.
        _ => (s.pick(&[1000, 1001, 1004, 1005, 1006, 1007, 1012, 1013, 1016]), s.range(0, 2)),
    }
}

fn op(s: &mut Source, len: u32) -> Op {
    let room = if s.one_in(3) { s.length(300) } else { 2 * len + 2000 };
    match s.below(40) {
        0..9 => {
            let (which, value) = setting(s);
            Op::Set(which, value)
        }
        9 => Op::Load { method: s.range(0, 1), kind: s.range(0, 2) },
        10 => Op::ReferDictionary,
        11 => Op::Prefix(s.range(0, 2)),
        12 => Op::Pledge(if s.one_in(3) { UNKNOWN } else { u64::from(s.length(len)) }),
        13..21 => Op::Stream { give: s.length(len), room, directive: s.pick(&[0, 0, 0, 1, 2, 3]) },
        21 => Op::OldStream { give: s.length(len), room },
        22 => Op::Flush(room),
        23 => Op::End(room),
        24 => match s.below(3) {
            0 => Op::InitStream(s.range(-5, 15)),
            1 => Op::InitStreamSized(s.range(-5, 15), u64::from(s.length(len))),
            _ => Op::ResetStream(u64::from(s.length(len))),
        },
        25 | 26 => Op::Reset(s.range(1, 3)),
        27 | 28 => Op::Whole { len: s.length(len), room },
        29 => Op::WholeAtLevel { len: s.length(len), room, level: s.range(-5, 15) },
        30 => Op::UsingDict { len: s.length(len), level: s.range(-5, 12) },
        31 => Op::UsingCDict { len: s.length(len) },
        32 if len > 600_000 => Op::Threads { len, workers: s.range(1, 3), level: s.range(-2, 6) },
        32 | 33 => Op::Sequences { len: s.length(len.min(50_000)) },
        34 => Op::Skippable { len: s.length(len.min(300)), variant: s.below(18) },
        35 => match s.below(2) {
            0 => Op::BlocksBegin(s.range(-5, 12)),
            _ => Op::BlocksBeginDict(s.range(-5, 12)),
        },
        36 => Op::BlocksContinue { len: s.length(len), room },
        37 => Op::BlocksEnd { len: s.length(len), room },
        _ => Op::Progress,
    }
}

impl Case<Zstds> for EncodeCase {
    fn generate(zstds: &Zstds, s: &mut Source) -> EncodeCase {
        let max = match s.below(40) {
            0 => 900_000,
            1..6 => 200_000,
            _ => 20_000,
        };
        let mut data = data::data(s, max);
        if max == 900_000 {
            let all = data.iter().chain([&b'.']).copied().cycle();
            data = all.take(max as usize).collect();
        }
        let len = data.len() as u32;
        let ops = (0..=s.length(40)).map(|_| op(s, len)).collect();
        EncodeCase { dict: dictionary(&zstds.stock, s), data, ops }
    }

    fn run(&self, zstds: &Zstds) -> Result<(), String> {
        let both = zstds.each();
        let (dict, dict_len) = (self.dict.as_ptr(), self.dict.len());
        let mut run = Run {
            case: self,
            both,
            cctx: both.map(Zstd::ZSTD_createCCtx),
            blocks: both.map(Zstd::ZSTD_createCCtx),
            cdict: both.map(|z| z.ZSTD_createCDict(dict, dict_len, 3)),
            at: 0,
        };
        same_value("ZSTD_createCDict", run.cdict.map(|d| d.is_null()))?;
        run.codes("ZSTD_sizeof_CDict", |z, i| z.ZSTD_sizeof_CDict(run.cdict[i]))?;
        for (at, op) in self.ops.iter().enumerate() {
            run.op(*op).at(|| format!("operation {at}, {op:?}"))?;
        }
        for (i, z) in both.iter().enumerate() {
            z.ZSTD_freeCCtx(run.cctx[i]);
            z.ZSTD_freeCCtx(run.blocks[i]);
            z.ZSTD_freeCDict(run.cdict[i]);
        }
        Ok(())
    }

    fn len(&self) -> usize {
        self.ops.len()
    }

    fn without(&self, range: std::ops::Range<usize>) -> EncodeCase {
        let mut case = self.clone();
        case.ops.drain(range);
        case
    }

    fn simpler(&self) -> Vec<EncodeCase> {
        let mut all = Vec::new();
        if !self.dict.is_empty() {
            all.push(EncodeCase { dict: Vec::new(), ..self.clone() });
        }
        if self.data.len() > 1 {
            let half = self.data[..self.data.len() / 2].to_vec();
            all.push(EncodeCase { data: half, ..self.clone() });
        }
        all
    }
}

/// Both libraries' contexts while a case runs.
struct Run<'a> {
    case: &'a EncodeCase,
    both: [&'a Zstd; 2],
    cctx: [Handle; 2],
    blocks: [Handle; 2],
    cdict: [Handle; 2],
    /// How far the stream has read; from the start again at the end of the data.
    at: usize,
}

impl Run<'_> {
    fn codes(&self, what: &str, call: impl Fn(&Zstd, usize) -> usize) -> Result<Code, String> {
        same_code(what, [0, 1].map(|i| call(self.both[i], i)))
    }

    /// As [`Run::written`], by a context that may be in the middle of a stream: neither that stream
    /// nor one that comes after an error goes on (zstd.h), so both start from the beginning.
    fn whole(
        &self,
        room: u32,
        call: impl Fn(&Zstd, usize, *mut u8, usize) -> usize,
    ) -> Result<(), String> {
        self.reset()?;
        self.written(room, call)?;
        self.reset()
    }

    fn reset(&self) -> Result<(), String> {
        self.codes("ZSTD_CCtx_reset", |z, i| z.ZSTD_CCtx_reset(self.cctx[i], 1)).map(|_| ())
    }

    /// A call that writes up to `room` bytes and returns how many.
    fn written(
        &self,
        room: u32,
        call: impl Fn(&Zstd, usize, *mut u8, usize) -> usize,
    ) -> Result<(), String> {
        let room = room as usize;
        let mut rooms = Room::pair(room);
        let codes = [0, 1].map(|i| call(self.both[i], i, rooms[i].start(), room));
        let code = same_code("the code", codes)?;
        Room::same("compressed", &rooms, if code.is_error() { 0 } else { code.0 })
    }

    /// A call on a stream, with the next `give` bytes.
    fn stream(
        &mut self,
        give: u32,
        room: u32,
        call: impl Fn(&Zstd, Handle, &mut OutBuffer, &mut InBuffer) -> usize,
    ) -> Result<(), String> {
        let data = &self.case.data;
        if self.at == data.len() {
            self.at = 0;
        }
        let size = (self.at + give as usize).min(data.len());
        let room = room as usize;
        let mut rooms = Room::pair(room);
        let mut codes = [0; 2];
        let mut positions = [(0, 0); 2];
        for i in 0..2 {
            let mut input = InBuffer { src: data.as_ptr(), size, pos: self.at };
            let mut output = OutBuffer { dst: rooms[i].start(), size: room, pos: 0 };
            codes[i] = call(self.both[i], self.cctx[i], &mut output, &mut input);
            positions[i] = (input.pos, output.pos);
        }
        let code = same_code("the code", codes)?;
        same_value("the positions", positions)?;
        self.at = positions[0].0;
        Room::same("compressed", &rooms, positions[0].1)?;
        if code.is_error() { self.reset() } else { Ok(()) }
    }

    fn op(&mut self, op: Op) -> Result<(), String> {
        let Run { case, cctx, blocks, cdict, .. } = *self;
        let (src, all) = (case.data.as_ptr(), case.data.len());
        let (dict, dict_len) = (case.dict.as_ptr(), case.dict.len());
        let within = |len: u32| (len as usize).min(all);
        let code = |call: &dyn Fn(&Zstd, usize) -> usize| self.codes("the code", call).map(|_| ());
        match op {
            Op::Set(which, value) => code(&|z, i| z.ZSTD_CCtx_setParameter(cctx[i], which, value)),
            Op::Load { method, kind } => code(&|z, i| {
                z.ZSTD_CCtx_loadDictionary_advanced(cctx[i], dict, dict_len, method, kind)
            }),
            Op::ReferDictionary => code(&|z, i| z.ZSTD_CCtx_refCDict(cctx[i], cdict[i])),
            Op::Prefix(kind) => {
                code(&|z, i| z.ZSTD_CCtx_refPrefix_advanced(cctx[i], dict, dict_len, kind))
            }
            Op::Pledge(size) => code(&|z, i| z.ZSTD_CCtx_setPledgedSrcSize(cctx[i], size)),
            Op::InitStream(level) => code(&|z, i| z.ZSTD_initCStream(cctx[i], level)),
            Op::InitStreamSized(level, size) => {
                code(&|z, i| z.ZSTD_initCStream_srcSize(cctx[i], level, size))
            }
            Op::ResetStream(size) => code(&|z, i| z.ZSTD_resetCStream(cctx[i], size)),
            Op::Reset(directive) => code(&|z, i| z.ZSTD_CCtx_reset(cctx[i], directive)),
            Op::BlocksBegin(level) => code(&|z, i| z.ZSTD_compressBegin(blocks[i], level)),
            Op::BlocksBeginDict(level) => {
                code(&|z, i| z.ZSTD_compressBegin_usingDict(blocks[i], dict, dict_len, level))
            }
            Op::Stream { give, room, directive } => {
                self.stream(give, room, |z, c, o, i| z.ZSTD_compressStream2(c, o, i, directive))
            }
            Op::OldStream { give, room } => {
                self.stream(give, room, |z, c, o, i| z.ZSTD_compressStream(c, o, i))
            }
            Op::Flush(room) => self.stream(0, room, |z, c, o, _| z.ZSTD_flushStream(c, o)),
            Op::End(room) => self.stream(0, room, |z, c, o, _| z.ZSTD_endStream(c, o)),
            Op::Whole { len, room } => self.whole(room, |z, i, dst, room| {
                z.ZSTD_compress2(cctx[i], dst, room, src, within(len))
            }),
            Op::WholeAtLevel { len, room, level } => self.whole(room, |z, i, dst, room| {
                z.ZSTD_compressCCtx(cctx[i], dst, room, src, within(len), level)
            }),
            Op::UsingDict { len, level } => self.whole(2 * len + 500, |z, i, dst, room| {
                let len = within(len);
                z.ZSTD_compress_usingDict(cctx[i], dst, room, src, len, dict, dict_len, level)
            }),
            Op::UsingCDict { len } => self.whole(2 * len + 500, |z, i, dst, room| {
                z.ZSTD_compress_usingCDict(cctx[i], dst, room, src, within(len), cdict[i])
            }),
            Op::Threads { len, workers, level } => self.written(2 * len, |z, _, dst, room| {
                let cctx = z.ZSTD_createCCtx();
                z.ZSTD_CCtx_setParameter(cctx, parameter::LEVEL, level);
                z.ZSTD_CCtx_setParameter(cctx, parameter::WORKERS, workers);
                let code = z.ZSTD_compress2(cctx, dst, room, src, within(len));
                z.ZSTD_freeCCtx(cctx);
                code
            }),
            Op::Sequences { len } => self.sequences(within(len)),
            Op::Skippable { len, variant } => self.written(400, |z, _, dst, room| {
                z.ZSTD_writeSkippableFrame(dst, room, src, within(len), variant)
            }),
            Op::BlocksContinue { len, room } => self.written(room, |z, i, dst, room| {
                z.ZSTD_compressContinue(blocks[i], dst, room, src, within(len))
            }),
            Op::BlocksEnd { len, room } => self.written(room, |z, i, dst, room| {
                z.ZSTD_compressEnd(blocks[i], dst, room, src, within(len))
            }),
            Op::Progress => {
                self.codes("ZSTD_toFlushNow", |z, i| z.ZSTD_toFlushNow(cctx[i]))?;
                self.codes("ZSTD_sizeof_CCtx", |z, i| z.ZSTD_sizeof_CCtx(cctx[i]))?;
                same_value(
                    "ZSTD_getFrameProgression",
                    [0, 1].map(|i| self.both[i].ZSTD_getFrameProgression(cctx[i])),
                )
            }
        }
    }

    /// The sequences that each finds, and the frames made of them, in contexts of their own.
    fn sequences(&self, len: usize) -> Result<(), String> {
        let src = self.case.data.as_ptr();
        let contexts = self.both.map(Zstd::ZSTD_createCCtx);
        let mut found = [(); 2].map(|()| vec![Sequence::default(); len / 3 + 100]);
        let codes = [0, 1].map(|i| {
            let (start, room) = (found[i].as_mut_ptr(), found[i].len());
            self.both[i].ZSTD_generateSequences(contexts[i], start, room, src, len)
        });
        let code = same_code("ZSTD_generateSequences", codes)?;
        if !code.is_error() {
            same_value("the sequences", [&found[0], &found[1]])?;
            for delimiters in [1, 0] {
                let mut counts = [code.0; 2];
                for i in 0..2 {
                    let (z, c) = (self.both[i], contexts[i]);
                    z.ZSTD_CCtx_reset(c, 3);
                    z.ZSTD_CCtx_setParameter(c, parameter::DELIMITERS, delimiters);
                    z.ZSTD_CCtx_setParameter(c, parameter::VALIDATE, 1);
                    if delimiters == 0 {
                        counts[i] = z.ZSTD_mergeBlockDelimiters(found[i].as_mut_ptr(), code.0);
                    }
                }
                same_value("ZSTD_mergeBlockDelimiters", counts)?;
                self.written(2 * len as u32 + 500, |z, i, dst, room| {
                    let sequences = found[i].as_ptr();
                    z.ZSTD_compressSequences(contexts[i], dst, room, sequences, counts[i], src, len)
                })?;
            }
        }
        for (i, z) in self.both.iter().enumerate() {
            z.ZSTD_freeCCtx(contexts[i]);
        }
        Ok(())
    }
}
