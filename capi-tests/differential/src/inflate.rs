//! Sequences of inflate calls. Everything must be equal, after every call.

mod ops;

use std::ffi::{c_int, c_uint};
use std::ptr::{null, null_mut};

use crate::MAY_OVERLAP;
use crate::alloc::{Arena, Manner};
use crate::api::{Libraries, STREAM_SIZE, VERSION, Zlib};
use crate::case::{At, Case, same, same_bytes, same_fields};
use crate::data;
use crate::source::Source;
use crate::stream::{GzHeader, ZStream, code, flush};
use ops::{Dictionary, Op, any_op, fitting};

/// A stream and what is done with it.
#[derive(Clone, Debug)]
pub struct InflateCase {
    window_bits: c_int,
    manner: Manner,
    dictionary: Vec<u8>,
    stream: Vec<u8>,
    ops: Vec<Op>,
}

impl Case for InflateCase {
    fn generate(libraries: &Libraries, s: &mut Source) -> InflateCase {
        let dictionary = if s.one_in(5) { data::data(s, 40_000) } else { Vec::new() };
        let maker = if s.one_in(2) { &libraries.ours } else { &libraries.stock };
        let max = if s.one_in(6) { 200_000 } else { 3000 };
        let (stream, made_for) = data::stream(maker, s, &dictionary, max);
        let window_bits = fitting(s, made_for);
        let manner = match s.below(16) {
            0 => Manner::FailsFrom(s.below(4)),
            1 => Manner::FailsAt(s.below(4)),
            _ => s.pick(&[Manner::Default, Manner::Counting, Manner::EightAligned]),
        };
        let mut ops = Vec::new();
        if !dictionary.is_empty() && s.one_in(2) {
            ops.push(Op::SetDictionary(Dictionary::Right));
        }
        for _ in 0..=s.length(24) {
            ops.push(any_op(s));
            if s.is_exhausted() {
                break;
            }
        }
        InflateCase { window_bits, manner, dictionary, stream, ops }
    }

    fn run(&self, libraries: &Libraries) -> Result<(), String> {
        let arenas = [Arena::new(self.manner), Arena::new(self.manner)];
        let mut pair = Pair {
            case: self,
            libraries,
            at: 0,
            inits: 0,
            copies: 0,
            streams: [Box::default(), Box::default()],
            spare: Vec::new(),
            head: None,
            open: false,
            bits: 0,
            synced: false,
            held: 0,
        };
        for (strm, arena) in pair.streams.iter_mut().zip(&arenas) {
            arena.install(strm);
        }
        pair.init(self.window_bits).at(|| "init".into())?;
        for (i, op) in self.ops.iter().enumerate() {
            pair.op(*op).at(|| format!("operation {i}, {op:?}, at byte {}", pair.at))?;
            same("allocations", arenas[0].calls(), arenas[1].calls())
                .at(|| format!("operation {i}, {op:?}"))?;
        }
        pair.end()?;
        for (name, arena) in ["ours", "stock"].iter().zip(&arenas) {
            same(&format!("blocks left by {name}"), arena.live(), 0)?;
        }
        let [ours, stock] = arenas.each_ref().map(|arena| arena.peak_bytes());
        if pair.inits == 1 && pair.copies == 0 && ours > stock + MOST_MORE {
            return Err(format!("one stream has had {ours} bytes, stock's {stock}"));
        }
        Ok(())
    }

    fn len(&self) -> usize {
        self.ops.len()
    }

    fn without(&self, operations: std::ops::Range<usize>) -> InflateCase {
        let mut case = self.clone();
        case.ops.drain(operations);
        case
    }

    fn simpler(&self) -> Vec<InflateCase> {
        let mut all = Vec::new();
        if self.manner != Manner::Default {
            all.push(InflateCase { manner: Manner::Default, ..self.clone() });
        }
        if !self.dictionary.is_empty() {
            all.push(InflateCase { dictionary: Vec::new(), ..self.clone() });
        }
        let mut cut = self.stream.len() / 2;
        while cut > 0 {
            let stream = self.stream[..self.stream.len() - cut].to_vec();
            all.push(InflateCase { stream, ..self.clone() });
            cut /= 2;
        }
        for i in 0..self.ops.len() {
            let simple = match self.ops[i] {
                Op::Pump { give, room, flush } => Op::Inflate { give, room, flush },
                Op::Inflate { give, room, flush } if flush != 0 => {
                    Op::Inflate { give, room, flush: 0 }
                }
                _ => continue,
            };
            let mut case = self.clone();
            case.ops[i] = simple;
            all.push(case);
        }
        all
    }
}

/// Buffers of a header that `inflateGetHeader` fills in.
struct Head {
    header: GzHeader,
    extra: Vec<u8>,
    name: Vec<u8>,
    comment: Vec<u8>,
}

struct Pair<'a> {
    case: &'a InflateCase,
    libraries: &'a Libraries,
    /// How much of the stream has been read.
    at: usize,
    // Boxed: a stream must not move.
    streams: [Box<ZStream>; 2],
    /// Streams that were copied from and are still open.
    spare: Vec<[Box<ZStream>; 2]>,
    head: Option<[Box<Head>; 2]>,
    open: bool,
    /// The window bits in force.
    bits: c_int,
    /// Whether inflateSync has been called since the last Init.
    synced: bool,
    /// How many bits are in the bit buffer, at most.
    held: c_int,
    inits: u32,
    copies: u32,
}

/// What a stream may take beyond stock's, in bytes: for the tables. The window is of stock's size, even
/// where a refused header and `inflateResetKeep` have left both with one of 512 KiB.
const MOST_MORE: i64 = 5 << 10;

const GUARD: usize = 64;
const UNWRITTEN: u8 = 0xa5;

impl Pair<'_> {
    /// One call on both streams, with equal results.
    fn both<T: PartialEq + std::fmt::Display>(
        &mut self,
        what: &str,
        call: impl Fn(&Zlib, *mut ZStream) -> T,
    ) -> Result<T, String> {
        let [ours, stock] = &mut self.streams;
        let a = call(&self.libraries.ours, &mut **ours);
        let b = call(&self.libraries.stock, &mut **stock);
        same(what, a.to_string(), b.to_string())?;
        same_fields(ours, stock, &[])?;
        let (ours, stock): (*mut ZStream, *mut ZStream) = (&mut **ours, &mut **stock);
        let z = self.libraries;
        same("inflateMark", z.ours.inflateMark(ours), z.stock.inflateMark(stock))?;
        same("inflateCodesUsed", z.ours.inflateCodesUsed(ours), z.stock.inflateCodesUsed(stock))?;
        Ok(a)
    }

    fn init(&mut self, bits: c_int) -> Result<(), String> {
        let made =
            self.both("inflateInit2", |z, strm| z.inflateInit2_(strm, bits, VERSION, STREAM_SIZE))?;
        self.open = made == code::OK;
        self.at = 0;
        self.bits = bits;
        (self.synced, self.held) = (false, 0);
        self.inits += 1;
        Ok(())
    }

    fn end(&mut self) -> Result<(), String> {
        self.both("inflateEnd", |z, strm| z.inflateEnd(strm))?;
        self.both("inflateEnd again", |z, strm| z.inflateEnd(strm))?;
        self.open = false;
        for [mut ours, mut stock] in std::mem::take(&mut self.spare) {
            let a = self.libraries.ours.inflateEnd(&mut *ours);
            same("inflateEnd of a copy", a, self.libraries.stock.inflateEnd(&mut *stock))?;
        }
        Ok(())
    }

    fn rest(&self) -> &[u8] {
        &self.case.stream[self.at.min(self.case.stream.len())..]
    }

    /// Gives input and fresh output, calls, and compares all of it. Returns the code, and whether
    /// anything moved.
    fn step(
        &mut self,
        give: u32,
        room: u32,
        call: impl Fn(&Zlib, *mut ZStream) -> c_int,
    ) -> Result<(c_int, bool), String> {
        // Where whole bytes were primed and there is much input, stock gives them back as input
        // that it never got.
        let give = if self.held >= 8 { give.min(5) } else { give };
        let give = give.min(self.rest().len() as u32);
        let input = self.rest().as_ptr();
        let mut outputs = [0, 1].map(|_| vec![UNWRITTEN; room as usize + GUARD]);
        for (strm, output) in self.streams.iter_mut().zip(&mut outputs) {
            (strm.next_in, strm.avail_in) = (input, give);
            (strm.next_out, strm.avail_out) = (output.as_mut_ptr(), room);
        }
        let result = self.both("code", call);
        let [ours, stock] = &self.streams;
        let place = || match &result {
            Ok(code) => format!("code {code}"),
            Err(error) => format!("{error} ({:?} and {:?})", ours.msg(), stock.msg()),
        };
        same("avail_in", ours.avail_in, stock.avail_in).at(place)?;
        same("avail_out", ours.avail_out, stock.avail_out).at(place)?;
        same("next_in", ours.next_in as usize, stock.next_in as usize)?;
        let moved =
            |strm: &ZStream, output: &[u8]| strm.next_out as usize - output.as_ptr() as usize;
        same("next_out", moved(ours, &outputs[0]), moved(stock, &outputs[1]))?;
        let written = (room - stock.avail_out) as usize;
        same_bytes("output", &outputs[0][..written], &outputs[1][..written])?;
        let beyond = &outputs[0][written..];
        same_bytes("beyond the output", beyond, &vec![UNWRITTEN; beyond.len()])?;
        let code = result?;
        self.held = stock.data_type & 63;
        let progress = ours.avail_in != give || ours.avail_out != room;
        self.at += (give - ours.avail_in) as usize;
        self.same_head()?;
        Ok((code, progress))
    }

    /// Inflates within one buffer: the output begins so far before the input that it never reaches
    /// what is not read yet, and `apart` bytes more.
    fn in_place(&mut self, give: u32, room: u32, apart: u32, flush: c_int) -> Result<(), String> {
        let give = if self.held >= 8 { 0 } else { give.min(self.rest().len() as u32) };
        let input = self.rest()[..give as usize].to_vec();
        let Some(gap) = self.overtakes(&input, room) else { return Ok(()) };
        let gap = gap + apart as usize;
        let size = (room as usize).max(gap + input.len()) + GUARD;
        let mut buffers = [0, 1].map(|_| {
            let mut buffer = vec![UNWRITTEN; size];
            buffer[gap..gap + input.len()].copy_from_slice(&input);
            buffer
        });
        for (strm, buffer) in self.streams.iter_mut().zip(&mut buffers) {
            let start = buffer.as_mut_ptr();
            (strm.next_in, strm.avail_in) = (start.wrapping_add(gap).cast_const(), give);
            (strm.next_out, strm.avail_out) = (start, room);
        }
        self.both("code in place", |z, strm| z.inflate(strm, flush))?;
        let [ours, stock] = &self.streams;
        same("avail_in in place", ours.avail_in, stock.avail_in)?;
        same("avail_out in place", ours.avail_out, stock.avail_out)?;
        same_bytes("the buffer", &buffers[0], &buffers[1])?;
        self.held = stock.data_type & 63;
        self.at += (give - ours.avail_in) as usize;
        self.same_head()
    }

    /// By how many bytes the output is ahead of the input at most, tried byte by byte on a copy of
    /// stock's stream.
    fn overtakes(&mut self, input: &[u8], room: u32) -> Option<usize> {
        if self.head.is_some() || room > 30_000 {
            // A copy would write to the same header.
            return None;
        }
        let z = &self.libraries.stock;
        let mut copy: Box<ZStream> = Box::default();
        // With memory of its own.
        let (zalloc, zfree) = (self.streams[1].zalloc, self.streams[1].zfree);
        if zalloc.is_none() || zfree.is_none() {
            return None;
        }
        let opaque = self.streams[1].opaque;
        let arena = Arena::new(Manner::Counting);
        arena.install(&mut self.streams[1]);
        let code = z.inflateCopy(&mut *copy, &mut *self.streams[1]);
        let strm = &mut self.streams[1];
        (strm.zalloc, strm.zfree, strm.opaque) = (zalloc, zfree, opaque);
        if code != code::OK {
            return None;
        }
        (copy.next_in, copy.avail_in) = (input.as_ptr(), input.len() as c_uint);
        let mut most = 0;
        // Before the byte is written: each call also reads what the next byte comes from.
        let mut consumed = 0;
        for produced in 1..=room as usize {
            let mut byte = 0u8;
            (copy.next_out, copy.avail_out) = (&mut byte, 1);
            let code = z.inflate(&mut *copy, flush::NONE);
            if code == code::DATA_ERROR {
                // Byte by byte a window may be too small that is not in one call.
                z.inflateEnd(&mut *copy);
                return None;
            }
            if code < 0 || copy.avail_out != 0 {
                break;
            }
            most = most.max(produced.saturating_sub(consumed));
            consumed = input.len() - copy.avail_in as usize;
        }
        z.inflateEnd(&mut *copy);
        Some(most)
    }

    fn same_head(&self) -> Result<(), String> {
        let Some([ours, stock]) = &self.head else { return Ok(()) };
        let (a, b) = (&ours.header, &stock.header);
        same("header.done", a.done, b.done)?;
        same("header.text", a.text, b.text)?;
        same("header.time", a.time, b.time)?;
        same("header.xflags", a.xflags, b.xflags)?;
        same("header.os", a.os, b.os)?;
        same("header.extra_len", a.extra_len, b.extra_len)?;
        same("header.hcrc", a.hcrc, b.hcrc)?;
        same("header.extra NULL", a.extra.is_null(), b.extra.is_null())?;
        same("header.name NULL", a.name.is_null(), b.name.is_null())?;
        same("header.comment NULL", a.comment.is_null(), b.comment.is_null())?;
        same_bytes("header.extra", &ours.extra, &stock.extra)?;
        same_bytes("header.name", &ours.name, &stock.name)?;
        same_bytes("header.comment", &ours.comment, &stock.comment)
    }

    fn op(&mut self, op: Op) -> Result<(), String> {
        match op {
            Op::Inflate { give, room, flush } => {
                self.step(give, room, |z, strm| z.inflate(strm, flush))?;
            }
            Op::Pump { give, room, flush } => {
                for i in 0..3000 {
                    let (code, progress) = self
                        .step(give, room, |z, strm| z.inflate(strm, flush))
                        .at(|| format!("call {i}"))?;
                    if (code != code::OK && code != code::BUF_ERROR) || !progress {
                        break;
                    }
                }
            }
            Op::InPlace { .. } if !MAY_OVERLAP => {}
            Op::InPlace { give, room, apart, flush } => self.in_place(give, room, apart, flush)?,
            Op::NullInput { avail } => {
                let mut outputs = [[0u8; 8]; 2];
                for (strm, output) in self.streams.iter_mut().zip(&mut outputs) {
                    (strm.next_in, strm.avail_in) = (null(), avail);
                    (strm.next_out, strm.avail_out) = (output.as_mut_ptr(), 8);
                }
                self.both("inflate of NULL", |z, strm| z.inflate(strm, 0))?;
                for strm in &mut self.streams {
                    (strm.next_in, strm.avail_in) = (null(), 0);
                }
            }
            Op::NullOutput { give, avail } => {
                let give = give.min(self.rest().len() as u32);
                let input = self.rest().as_ptr();
                for strm in &mut self.streams {
                    (strm.next_in, strm.avail_in) = (input, give);
                    (strm.next_out, strm.avail_out) = (null_mut(), avail);
                }
                self.both("inflate to NULL", |z, strm| z.inflate(strm, 0))?;
                same("avail_in", self.streams[0].avail_in, self.streams[1].avail_in)?;
            }
            Op::Reset => {
                self.forget_header();
                self.held = 0;
                self.both("inflateReset", |z, strm| z.inflateReset(strm))?;
            }
            Op::ResetKeep => {
                self.forget_header();
                self.held = 0;
                self.both("inflateResetKeep", |z, strm| z.inflateResetKeep(strm))?;
            }
            // Stock forgets that the window of such a stream, once synced, is of one byte.
            Op::Reset2(bits) if self.synced && bits & 15 == 0 => {}
            Op::Reset2(bits) => {
                let code = self.both("inflateReset2", |z, strm| z.inflateReset2(strm, bits))?;
                if code == code::OK {
                    self.forget_header();
                    self.bits = bits;
                }
            }
            Op::Sync { give } => {
                self.synced = true;
                self.step(give, 8, |z, strm| z.inflateSync(strm))?;
            }
            Op::SyncPoint => {
                self.both("inflateSyncPoint", |z, strm| z.inflateSyncPoint(strm))?;
            }
            Op::Mark => {
                self.both("inflateMark again", |z, strm| z.inflateMark(strm))?;
            }
            Op::Prime { bits, value } => {
                self.held = self.held.saturating_add(bits.max(0));
                self.both("inflatePrime", |z, strm| z.inflatePrime(strm, bits, value))?;
            }
            Op::SetDictionary(which) => {
                let all = &self.case.dictionary;
                let (pointer, len) = match which {
                    Dictionary::Right => (all.as_ptr(), all.len()),
                    Dictionary::Part(len) => (all.as_ptr(), all.len().min(len as usize)),
                    Dictionary::Empty => (all.as_ptr(), 0),
                    Dictionary::Null(len) => (null(), len as usize),
                };
                // Stock reads from NULL where a raw stream gets one with a length.
                if !(pointer.is_null() && len != 0) {
                    self.both("inflateSetDictionary", |z, strm| {
                        z.inflateSetDictionary(strm, pointer, len as c_uint)
                    })?;
                }
            }
            Op::GetDictionary => self.get_dictionary()?,
            Op::GetHeader { extra, name, comment } => self.get_header(extra, name, comment)?,
            Op::Copy { go_on_with_copy } => self.copy(go_on_with_copy)?,
            Op::Validate(check) => {
                self.both("inflateValidate", |z, strm| z.inflateValidate(strm, check))?;
            }
            Op::Undermine(subvert) => {
                self.both("inflateUndermine", |z, strm| z.inflateUndermine(strm, subvert))?;
            }
            Op::EndAndInit(bits) => {
                if self.open {
                    self.both("inflateEnd", |z, strm| z.inflateEnd(strm))?;
                }
                self.forget_header();
                self.init(bits)?;
            }
            Op::Moved { flush } => {
                let mut moved = [self.streams[0].clone(), self.streams[1].clone()];
                let [ours, stock] = &mut moved;
                let a = self.libraries.ours.inflate(&mut **ours, flush);
                let b = self.libraries.stock.inflate(&mut **stock, flush);
                same("inflate of a moved stream", a, b)?;
                let a = self.libraries.ours.inflateEnd(&mut **ours);
                same(
                    "inflateEnd of a moved stream",
                    a,
                    self.libraries.stock.inflateEnd(&mut **stock),
                )?;
            }
            Op::WrongKind(which) => self.wrong_kind(which)?,
            Op::SetTotals(value) => {
                for strm in &mut self.streams {
                    strm.total_in = value.into();
                    strm.total_out = (value / 3).into();
                }
            }
            Op::Seek(at) => self.at = (at as usize).min(self.case.stream.len()),
        }
        Ok(())
    }

    fn forget_header(&mut self) {
        if self.open {
            self.head = None;
        }
    }

    fn get_dictionary(&mut self) -> Result<(), String> {
        let mut got = [vec![UNWRITTEN; 32768 + GUARD], vec![UNWRITTEN; 32768 + GUARD]];
        let mut lens = [7 as c_uint; 2];
        let mut codes = [0; 2];
        for (i, zlib) in self.libraries.each().into_iter().enumerate() {
            let to = got[i].as_mut_ptr();
            codes[i] = zlib.inflateGetDictionary(&mut *self.streams[i], to, &mut lens[i]);
            let none = zlib.inflateGetDictionary(&mut *self.streams[i], null_mut(), null_mut());
            same("inflateGetDictionary without places", none, codes[i])?;
        }
        same("inflateGetDictionary", codes[0], codes[1])?;
        same("inflateGetDictionary's length", lens[0], lens[1])?;
        same_bytes("inflateGetDictionary's bytes", &got[0], &got[1])
    }

    fn get_header(
        &mut self,
        extra: Option<u32>,
        name: Option<u32>,
        comment: Option<u32>,
    ) -> Result<(), String> {
        let mut heads = [0, 1].map(|_| {
            let room = |field: Option<u32>| vec![UNWRITTEN; field.unwrap_or(0) as usize + GUARD];
            let mut head = Box::new(Head {
                // SAFETY: zeros are a valid header: numbers and null pointers.
                header: unsafe { std::mem::zeroed() },
                extra: room(extra),
                name: room(name),
                comment: room(comment),
            });
            let place = |buffer: &mut Vec<u8>, field: Option<u32>| match field {
                Some(len) => (buffer.as_mut_ptr(), len),
                None => (null_mut(), 9),
            };
            (head.header.extra, head.header.extra_max) = place(&mut head.extra, extra);
            (head.header.name, head.header.name_max) = place(&mut head.name, name);
            (head.header.comment, head.header.comm_max) = place(&mut head.comment, comment);
            head
        });
        let [ours, stock] = &mut self.streams;
        let a = self.libraries.ours.inflateGetHeader(&mut **ours, &mut heads[0].header);
        let b = self.libraries.stock.inflateGetHeader(&mut **stock, &mut heads[1].header);
        same("inflateGetHeader", a, b)?;
        if a == code::OK {
            // The old one may still be pointed to until now, and no longer.
            self.head = Some(heads);
        }
        Ok(())
    }

    fn copy(&mut self, go_on_with_copy: bool) -> Result<(), String> {
        let mut copies: [Box<ZStream>; 2] = [Box::default(), Box::default()];
        let mut codes = [0; 2];
        for (i, zlib) in self.libraries.each().into_iter().enumerate() {
            codes[i] = zlib.inflateCopy(&mut *copies[i], &mut *self.streams[i]);
            same(
                "inflateCopy to NULL",
                zlib.inflateCopy(null_mut(), &mut *self.streams[i]),
                code::STREAM_ERROR,
            )?;
        }
        same("inflateCopy", codes[0], codes[1])?;
        same_fields(&copies[0], &copies[1], &[])?;
        self.copies += 1;
        if codes[0] == code::OK {
            if go_on_with_copy {
                std::mem::swap(&mut self.streams, &mut copies);
            }
            self.spare.push(copies);
        }
        Ok(())
    }

    fn wrong_kind(&mut self, which: u32) -> Result<(), String> {
        // The output stays as the last call left it; nothing may be written.
        for strm in &mut self.streams {
            (strm.avail_in, strm.avail_out) = (0, 0);
        }
        self.both(&format!("wrong kind {which}"), |z, strm| match which {
            0 => z.deflate(strm, 0),
            1 => z.deflateEnd(strm),
            2 => z.deflateReset(strm),
            3 => z.deflateParams(strm, 1, 0),
            4 => z.deflatePrime(strm, 1, 1),
            5 => z.deflatePending(strm, null_mut(), null_mut()),
            6 => z.deflateBound(strm, 1000) as c_int,
            7 => z.deflateTune(strm, 1, 1, 1, 1),
            8 => z.inflate(null_mut(), 0),
            9 => z.deflateSetDictionary(strm, c"x".as_ptr().cast(), 1),
            10 => {
                let mut copy = ZStream::new();
                z.deflateCopy(&mut copy, strm)
            }
            _ => z.inflateMark(null_mut()) as c_int,
        })?;
        Ok(())
    }
}
