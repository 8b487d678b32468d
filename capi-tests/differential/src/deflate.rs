//! Sequences of deflate calls. The compressed bytes differ, so two kinds of cases compare what
//! does not depend on them.
//!
//! [`StrictCase`] gives every call all the room that it needs: then codes, input, check values and
//! state must be equal after every call. [`WildCase`] gives little room and calls what does not
//! fit: then what came out, decompressed by stock, must be what went in.

mod ops;

use std::ffi::{c_int, c_uint};
use std::ptr::null_mut;

use crate::alloc::Arena;
use crate::api::{Libraries, STREAM_SIZE, VERSION, Zlib};
use crate::case::{At, Case, same, same_bytes, same_fields};
use crate::source::Source;
use crate::stream::{GzHeader, ZStream, code, flush};
use ops::{Header, Op, Sequence, Setup};

/// A case that gives every call all the room that it needs.
#[derive(Clone, Debug)]
pub struct StrictCase(Sequence);

/// A case that does not.
#[derive(Clone, Debug)]
pub struct WildCase(Sequence);

macro_rules! case {
    ($name:ident, $tight:expr) => {
        impl Case for $name {
            fn generate(_: &Libraries, s: &mut Source) -> $name {
                $name(Sequence::generate(s, $tight))
            }

            fn run(&self, libraries: &Libraries) -> Result<(), String> {
                Pair::run(&self.0, libraries, !$tight)
            }

            fn len(&self) -> usize {
                self.0.ops.len()
            }

            fn without(&self, operations: std::ops::Range<usize>) -> $name {
                $name(self.0.without(operations))
            }

            fn simpler(&self) -> Vec<$name> {
                self.0.simpler().into_iter().map($name).collect()
            }
        }
    };
}

case!(StrictCase, false);
case!(WildCase, true);

/// What one library has made so far.
#[derive(Default)]
struct Made {
    strm: Box<ZStream>,
    out: Vec<u8>,
    /// How much of the data it has read.
    at: usize,
    /// What its output must decompress to.
    input: Vec<u8>,
    /// Bytes of dictionary that were set before any input, for a reader to set too.
    dictionary: Vec<u8>,
    /// Nothing can be said of the output: bits were inserted, or history was kept.
    spoilt: bool,
    /// History was kept from the stream before.
    kept_history: bool,
    /// How many times something was asked for that takes room of its own.
    flushes: usize,
    finished: bool,
    /// A call had to be repeated, and the last one may have found nothing to do.
    looped: bool,
    spare: Vec<Box<ZStream>>,
}

struct Pair<'a> {
    sequence: &'a Sequence,
    libraries: &'a Libraries,
    strict: bool,
    made: [Made; 2],
    /// Headers must outlive their use; these do.
    heads: Vec<(Box<GzHeader>, Vec<Vec<u8>>)>,
    has_head: bool,
    open: bool,
    /// Parameters other than those of Init have been in force.
    changed: bool,
}

const GUARD: usize = 32;
const UNWRITTEN: u8 = 0xa5;

impl Pair<'_> {
    fn run(sequence: &Sequence, libraries: &Libraries, strict: bool) -> Result<(), String> {
        let manner = sequence.setup.manner;
        let arenas = [Arena::new(manner), Arena::new(manner)];
        let mut pair = Pair {
            sequence,
            libraries,
            strict,
            made: [Made::default(), Made::default()],
            heads: Vec::new(),
            has_head: false,
            open: false,
            changed: false,
        };
        for (made, arena) in pair.made.iter_mut().zip(&arenas) {
            arena.install(&mut made.strm);
        }
        pair.init().at(|| "init".into())?;
        for (i, op) in sequence.ops.iter().enumerate() {
            pair.op(*op).at(|| format!("operation {i}, {op:?}, at byte {}", pair.made[0].at))?;
        }
        pair.finish().at(|| "finish".into())?;
        pair.end()?;
        for (name, arena) in ["ours", "stock"].iter().zip(&arenas) {
            same(&format!("blocks left by {name}"), arena.live(), 0)?;
        }
        Ok(())
    }

    fn is_raw(&self) -> bool {
        self.sequence.setup.window_bits < 0
    }

    /// One call on both streams; the codes must be equal.
    fn both(
        &mut self,
        what: &str,
        call: impl Fn(&Zlib, *mut ZStream) -> c_int,
    ) -> Result<c_int, String> {
        let a = call(&self.libraries.ours, &mut *self.made[0].strm);
        let b = call(&self.libraries.stock, &mut *self.made[1].strm);
        same(what, a, b)?;
        Ok(a)
    }

    fn same_fields(&self) -> Result<(), String> {
        let except: &[&str] = if self.strict {
            &["total_out", "data_type"]
        } else {
            &["total_out", "data_type", "total_in", "adler", "msg"]
        };
        same_fields(&self.made[0].strm, &self.made[1].strm, except)
    }

    fn init(&mut self) -> Result<(), String> {
        let Setup { level, method, window_bits, mem_level, strategy, .. } = self.sequence.setup;
        let made = self.both("deflateInit2", |z, strm| {
            z.deflateInit2_(
                strm,
                level,
                method,
                window_bits,
                mem_level,
                strategy,
                VERSION,
                STREAM_SIZE,
            )
        })?;
        same_fields(&self.made[0].strm, &self.made[1].strm, &[])?;
        self.open = made == code::OK;
        self.has_head = false;
        self.changed = false;
        self.start_over(false);
        Ok(())
    }

    /// Output starts again from nothing.
    fn start_over(&mut self, history: bool) {
        for made in &mut self.made {
            made.out.clear();
            made.input.clear();
            made.dictionary.clear();
            made.spoilt = history;
            made.kept_history = history;
            made.flushes = 0;
            made.finished = false;
        }
    }

    fn end(&mut self) -> Result<(), String> {
        let codes = [0, 1].map(|i| self.libraries.each()[i].deflateEnd(&mut *self.made[i].strm));
        if self.strict {
            same("deflateEnd", codes[0], codes[1])?;
        }
        self.both("deflateEnd again", |z, strm| z.deflateEnd(strm))?;
        for (i, zlib) in self.libraries.each().into_iter().enumerate() {
            for mut spare in std::mem::take(&mut self.made[i].spare) {
                zlib.deflateEnd(&mut *spare);
            }
        }
        Ok(())
    }

    /// One call of `call` with `give` bytes of input and `room`, then, if `drain`, more of them
    /// until room is left. Returns the code that all of them together come to.
    fn step(
        &mut self,
        which: usize,
        give: u32,
        room: u32,
        drain: Option<c_int>,
        call: impl Fn(&Zlib, *mut ZStream) -> c_int,
    ) -> Result<c_int, String> {
        let zlib = self.libraries.each()[which];
        let made = &mut self.made[which];
        made.looped = false;
        let rest = &self.sequence.data[made.at..];
        let give = (give as usize).min(rest.len());
        made.strm.next_in = rest.as_ptr();
        made.strm.avail_in = give as c_uint;
        let mut buffer = vec![UNWRITTEN; room as usize + GUARD];
        let mut result = None;
        loop {
            let room = buffer.len() - GUARD;
            let before = (made.strm.avail_in, made.strm.total_in, made.strm.total_out);
            made.strm.next_out = buffer.as_mut_ptr();
            made.strm.avail_out = room as c_uint;
            let code = match (result, drain) {
                (Some(_), Some(flush)) => zlib.deflate(&mut *made.strm, flush),
                _ => call(zlib, &mut *made.strm),
            };
            let left = made.strm.avail_out as usize;
            let name = ["ours", "stock"][which];
            if left > room || made.strm.next_out as usize != buffer.as_ptr() as usize + room - left
            {
                return Err(format!("{name}: next_out and avail_out disagree"));
            }
            if buffer[room..] != [UNWRITTEN; GUARD] {
                return Err(format!("{name}: bytes beyond the output were written"));
            }
            let read = before.0.wrapping_sub(made.strm.avail_in) as usize;
            if read > before.0 as usize
                || made.strm.total_in != before.1 + read as u64
                || made.strm.total_out != before.2 + (room - left) as u64
            {
                return Err(format!("{name}: totals and counts disagree"));
            }
            made.out.extend_from_slice(&buffer[..room - left]);
            made.input.extend_from_slice(&self.sequence.data[made.at..made.at + read]);
            made.at += read;
            // Room that was exactly enough is followed by a call that has nothing to do.
            let code = match result {
                Some(earlier) if code == code::BUF_ERROR => earlier,
                _ => code,
            };
            result = Some(code);
            if made.strm.avail_out == 0 && drain.is_some() {
                made.looped = true;
            }
            if drain.is_none() || left != 0 || code < 0 || code == code::STREAM_END {
                return Ok(code);
            }
            buffer = vec![UNWRITTEN; 1 << 16];
        }
    }

    fn deflate(&mut self, give: u32, room: u32, flush: c_int) -> Result<(), String> {
        let drain = (self.strict && room > 0 && self.open).then_some(flush);
        let mut codes = [0; 2];
        for which in 0..2 {
            codes[which] = self.step(which, give, room, drain, |z, strm| z.deflate(strm, flush))?;
            self.made[which].flushes += 1;
            self.made[which].finished |= codes[which] == code::STREAM_END;
        }
        self.compare(codes)
    }

    fn compare(&mut self, codes: [c_int; 2]) -> Result<(), String> {
        // After bits in the middle, or history that ends nowhere, only sanity is expected.
        let spoilt = self.made.iter().any(|made| made.spoilt && made.flushes > 1);
        if self.strict && !spoilt {
            if self.made.iter().any(|made| made.looped) {
                self.made[0].strm.msg = self.made[1].strm.msg;
            }
            same("code", codes[0], codes[1])?;
            same("avail_in", self.made[0].strm.avail_in, self.made[1].strm.avail_in)?;
            self.same_fields()
        } else {
            let known = [code::OK, code::STREAM_END, code::BUF_ERROR, code::STREAM_ERROR];
            if known.contains(&codes[0]) { Ok(()) } else { Err(format!("code {}", codes[0])) }
        }
    }

    fn op(&mut self, op: Op) -> Result<(), String> {
        match op {
            Op::Deflate { give, room, flush } => self.deflate(give, room, flush)?,
            Op::Params { give, room, level, strategy } => {
                let drain = (self.strict && room > 0 && self.open).then_some(flush::BLOCK);
                let room = if self.strict { room.max(100_000) } else { room };
                let give = if self.strict { give.min(20_000) } else { give };
                let mut codes = [0; 2];
                for which in 0..2 {
                    codes[which] = self.step(which, give, room, drain, |z, strm| {
                        z.deflateParams(strm, level, strategy)
                    })?;
                    self.made[which].flushes += 1;
                }
                self.changed |= self.open;
                self.compare(codes)?;
            }
            Op::Tune([a, b, c, d]) => {
                self.both("deflateTune", |z, strm| z.deflateTune(strm, a, b, c, d))?;
            }
            Op::Prime { bits, value } => {
                let codes = [0, 1].map(|i| {
                    self.libraries.each()[i].deflatePrime(&mut *self.made[i].strm, bits, value)
                });
                // Deviation "late-prime": where output waits, and behind the end.
                if !(0..=16).contains(&bits)
                    || self.made[0].flushes == 0 && codes[0] != code::BUF_ERROR
                {
                    same("deflatePrime", codes[0], codes[1])?;
                }
                for made in &mut self.made {
                    made.spoilt |= bits > 0;
                }
            }
            Op::PrimeEmptyBlock => {
                let at_start = self
                    .made
                    .iter()
                    .all(|made| made.strm.total_out == 0 && made.at == 0 && made.flushes == 0);
                if self.is_raw() && self.open && at_start && !self.made[0].spoilt {
                    self.both("deflatePrime", |z, strm| z.deflatePrime(strm, 10, 2))?;
                }
            }
            Op::Pending => {
                let mut got = [(0 as c_uint, 0 as c_int); 2];
                let codes = [0, 1].map(|i| {
                    let (bytes, bits) = &mut got[i];
                    let zlib = self.libraries.each()[i];
                    zlib.deflatePending(&mut *self.made[i].strm, null_mut(), null_mut());
                    zlib.deflatePending(&mut *self.made[i].strm, bytes, bits)
                });
                same("deflatePending", codes[0], codes[1])?;
                if self.open && !(0..=7).contains(&got[0].1) && !self.made[0].spoilt {
                    return Err(format!("{} pending bits", got[0].1));
                }
            }
            Op::Used => {
                let mut bits = [0 as c_int; 2];
                let codes = [0, 1].map(|i| {
                    let zlib = self.libraries.each()[i];
                    zlib.deflateUsed(&mut *self.made[i].strm, null_mut());
                    zlib.deflateUsed(&mut *self.made[i].strm, &mut bits[i])
                });
                same("deflateUsed", codes[0], codes[1])?;
                if self.open && !(0..=8).contains(&bits[0]) {
                    return Err(format!("{} used bits", bits[0]));
                }
            }
            Op::Bound(len) => {
                let bounds = [0, 1].map(|i| {
                    let zlib = self.libraries.each()[i];
                    let strm = &mut *self.made[i].strm;
                    (zlib.deflateBound(strm, len), zlib.deflateBound_z(strm, len as usize))
                });
                // History that was kept may be some that stock had not worked on yet.
                let spoilt = self.made.iter().any(|made| made.spoilt);
                let begun = self.made.iter().any(|made| made.flushes != 0);
                if !spoilt && (self.strict || !begun) {
                    same("deflateBound", bounds[0].0, bounds[1].0)?;
                    same("deflateBound_z", bounds[0].1, bounds[1].1)?;
                }
            }
            Op::SetDictionary { from, len } => self.set_dictionary(from, len)?,
            Op::NullDictionary(len) => {
                self.both("deflateSetDictionary of NULL", |z, strm| {
                    z.deflateSetDictionary(strm, std::ptr::null(), len)
                })?;
            }
            Op::GetDictionary => self.get_dictionary()?,
            Op::SetHeader(header) => self.set_header(header)?,
            Op::Copy { go_on_with_copy } => self.copy(go_on_with_copy)?,
            Op::Reset => {
                self.both("deflateReset", |z, strm| z.deflateReset(strm))?;
                if self.open {
                    self.start_over(false);
                    same_fields(&self.made[0].strm, &self.made[1].strm, &[])?;
                }
            }
            Op::ResetKeep => {
                self.both("deflateResetKeep", |z, strm| z.deflateResetKeep(strm))?;
                if self.open {
                    self.start_over(true);
                    same_fields(&self.made[0].strm, &self.made[1].strm, &[])?;
                }
            }
            Op::EndAndInit => {
                let codes =
                    [0, 1].map(|i| self.libraries.each()[i].deflateEnd(&mut *self.made[i].strm));
                if self.strict {
                    same("deflateEnd", codes[0], codes[1])?;
                }
                self.init()?;
            }
            Op::NullInput => {
                let mut outputs = [[0u8; 64]; 2];
                for (made, output) in self.made.iter_mut().zip(&mut outputs) {
                    (made.strm.next_in, made.strm.avail_in) = (std::ptr::null(), 5);
                    (made.strm.next_out, made.strm.avail_out) = (output.as_mut_ptr(), 64);
                }
                self.both("deflate of NULL", |z, strm| z.deflate(strm, 0))?;
            }
            Op::NullOutput => {
                for made in &mut self.made {
                    made.strm.avail_in = 0;
                    (made.strm.next_out, made.strm.avail_out) = (null_mut(), 5);
                }
                self.both("deflate to NULL", |z, strm| z.deflate(strm, 0))?;
            }
            Op::Moved => {
                let codes = [0, 1].map(|i| {
                    let mut moved = self.made[i].strm.clone();
                    let zlib = self.libraries.each()[i];
                    (zlib.deflate(&mut *moved, 4), zlib.deflateEnd(&mut *moved))
                });
                same("deflate of a moved stream", codes[0].0, codes[1].0)?;
                same("deflateEnd of a moved stream", codes[0].1, codes[1].1)?;
            }
            Op::WrongKind(which) => {
                for made in &mut self.made {
                    (made.strm.avail_in, made.strm.avail_out) = (0, 0);
                }
                self.both(&format!("wrong kind {which}"), |z, strm| match which {
                    0 => z.inflate(strm, 0),
                    1 => z.inflateEnd(strm),
                    2 => z.inflateReset(strm),
                    3 => z.inflateSync(strm),
                    4 => z.inflatePrime(strm, 1, 1),
                    5 => z.inflateMark(strm) as c_int,
                    6 => z.deflate(null_mut(), 0),
                    _ => z.inflateBackEnd(null_mut()),
                })?;
            }
        }
        Ok(())
    }

    fn set_dictionary(&mut self, from: u32, len: u32) -> Result<(), String> {
        if self.strict && self.made.iter().any(|made| made.spoilt) {
            // Deviation "reset-keep": what stock had not compressed is still to be, and forbids it.
            return Ok(());
        }
        let data = &self.sequence.data;
        let from = (from as usize).min(data.len());
        let len = (len as usize).min(data.len() - from);
        let dictionary = &data[from..from + len];
        let codes = [0, 1].map(|i| {
            let strm = &mut *self.made[i].strm;
            self.libraries.each()[i].deflateSetDictionary(strm, dictionary.as_ptr(), len as c_uint)
        });
        if self.strict {
            same("deflateSetDictionary", codes[0], codes[1])?;
            if !self.made.iter().any(|made| made.looped) {
                self.same_fields()?;
            }
        }
        for (made, code) in self.made.iter_mut().zip(codes) {
            if code == code::OK && made.finished {
                // Behind the end it is history for what deflateResetKeep starts.
            } else if code == code::OK && made.input.is_empty() {
                made.dictionary.extend_from_slice(dictionary);
            } else if code == code::OK {
                made.spoilt = true;
            }
        }
        Ok(())
    }

    fn get_dictionary(&mut self) -> Result<(), String> {
        let mut got = [vec![UNWRITTEN; 32768 + GUARD], vec![UNWRITTEN; 32768 + GUARD]];
        let mut lens = [0 as c_uint; 2];
        let codes = [0, 1].map(|i| {
            let zlib = self.libraries.each()[i];
            zlib.deflateGetDictionary(&mut *self.made[i].strm, null_mut(), null_mut());
            zlib.deflateGetDictionary(&mut *self.made[i].strm, got[i].as_mut_ptr(), &mut lens[i])
        });
        same("deflateGetDictionary", codes[0], codes[1])?;
        same_bytes("beyond the dictionary", &got[0][32768..], &[UNWRITTEN; GUARD])?;
        if self.strict {
            // Deviation "compressor-history": more or less of it may be there, but no other.
            let [ours, stock] = lens.map(|len| len as usize);
            if ours.min(stock) < 250 {
                same("deflateGetDictionary's length", ours, stock)?;
            }
            if self.made[1].kept_history {
                // Deviation "reset-keep"; at level 0 stock's history may even have bytes in it
                // that it never read.
                return Ok(());
            }
            let common = ours.min(stock);
            let [a, b] = [&got[0][ours - common..ours], &got[1][stock - common..stock]];
            same_bytes("deflateGetDictionary's bytes", a, b)?;
        }
        Ok(())
    }

    fn set_header(&mut self, header: Option<Header>) -> Result<(), String> {
        if !self.strict && self.made[0].flushes != 0 {
            // The header may be on its way out; zlib reads from NULL then.
            return Ok(());
        }
        let Some(header) = header else {
            let code = self
                .both("deflateSetHeader of NULL", |z, strm| z.deflateSetHeader(strm, null_mut()))?;
            self.has_head &= code != code::OK;
            return Ok(());
        };
        let field = |len: Option<u32>| -> Option<Vec<u8>> {
            let text = self.sequence.data.iter().map(|byte| byte | 1);
            len.map(|len| {
                text.chain(std::iter::repeat(b'x')).take(len as usize).chain([0]).collect()
            })
        };
        let mut fields = [field(header.extra), field(header.name), field(header.comment)];
        let pointer = |field: &mut Option<Vec<u8>>| match field {
            Some(bytes) => bytes.as_mut_ptr(),
            None => null_mut(),
        };
        let [extra, name, comment] = &mut fields;
        let mut head = Box::new(GzHeader {
            text: header.text.into(),
            time: header.time.into(),
            xflags: 0,
            os: header.os,
            extra_len: extra.as_ref().map_or(3, |bytes| bytes.len() as c_uint),
            extra_max: 0,
            extra: pointer(extra),
            name: pointer(name),
            name_max: 0,
            comment: pointer(comment),
            comm_max: 0,
            hcrc: header.hcrc.into(),
            done: 0,
        });
        let pointer = &raw mut *head;
        let code = self.both("deflateSetHeader", |z, strm| z.deflateSetHeader(strm, pointer))?;
        self.has_head |= code == code::OK;
        self.heads.push((head, fields.into_iter().flatten().collect()));
        Ok(())
    }

    fn copy(&mut self, go_on_with_copy: bool) -> Result<(), String> {
        let mut copies: [Box<ZStream>; 2] = [Box::default(), Box::default()];
        let codes = [0, 1].map(|i| {
            let zlib = self.libraries.each()[i];
            zlib.deflateCopy(&mut *copies[i], &mut *self.made[i].strm)
        });
        same("deflateCopy", codes[0], codes[1])?;
        for (made, mut copy) in self.made.iter_mut().zip(copies) {
            if codes[0] == code::OK {
                if go_on_with_copy {
                    std::mem::swap(&mut made.strm, &mut copy);
                }
                made.spare.push(copy);
            }
        }
        Ok(())
    }

    /// Gives the rest of the data, ends the stream and looks at what it came to.
    fn finish(&mut self) -> Result<(), String> {
        if !self.open {
            return Ok(());
        }
        let mut codes = [0; 2];
        for which in 0..2 {
            let give = if self.made[which].finished { 0 } else { u32::MAX };
            codes[which] = self.step(which, give, 1 << 16, Some(flush::FINISH), |z, strm| {
                z.deflate(strm, flush::FINISH)
            })?;
        }
        if self.strict {
            self.compare(codes)?;
        }
        for which in 0..2 {
            if codes[which] == code::STREAM_END && !self.made[which].spoilt {
                self.reads_back(which).at(|| ["ours", "stock"][which].into())?;
            }
        }
        self.keeps_to_bound()
    }

    /// Decompresses, with stock, what one library has made.
    fn reads_back(&self, which: usize) -> Result<(), String> {
        let made = &self.made[which];
        let stock = &self.libraries.stock;
        let bits = self.sequence.setup.window_bits;
        let mut strm = ZStream::new();
        let strm = &raw mut strm;
        let bits = if bits == 8 { 15 } else { bits };
        if stock.inflateInit2_(strm, bits, VERSION, STREAM_SIZE) != code::OK {
            return Err("inflateInit2".into());
        }
        let set = |strm| {
            let dictionary = &made.dictionary;
            stock.inflateSetDictionary(strm, dictionary.as_ptr(), dictionary.len() as c_uint)
        };
        if self.is_raw() && !made.dictionary.is_empty() {
            set(strm);
        }
        let mut out = vec![0u8; made.input.len() + 64];
        // SAFETY: the stream is this function's alone.
        let z = unsafe { &mut *strm };
        (z.next_in, z.avail_in) = (made.out.as_ptr(), made.out.len() as c_uint);
        (z.next_out, z.avail_out) = (out.as_mut_ptr(), out.len() as c_uint);
        let mut code = stock.inflate(strm, flush::NONE);
        if code == code::NEED_DICT {
            code = set(strm);
            if code == code::OK {
                code = stock.inflate(strm, flush::NONE);
            }
        }
        // SAFETY: as above.
        let (left, written, msg) =
            unsafe { ((*strm).avail_in, (*strm).total_out as usize, (*strm).msg()) };
        stock.inflateEnd(strm);
        if code != code::STREAM_END || left != 0 {
            return Err(format!("reads back with code {code} ({msg:?}), {left} bytes left"));
        }
        same_bytes("reads back", &out[..written], &made.input)
    }

    /// What was made without flushes and changes keeps to stock's own bound, and with them to
    /// stock's size and what a flush may cost.
    fn keeps_to_bound(&mut self) -> Result<(), String> {
        let len = self.made[0].input.len();
        let made = &mut self.made[1];
        let bound = self.libraries.stock.deflateBound(&mut *made.strm, len as u64) as usize;
        let plain = self.made.iter().all(|made| !made.spoilt && made.dictionary.is_empty());
        if !plain || self.changed || !self.heads.is_empty() {
            return Ok(());
        }
        // Each flush may end a block early: its header, and an empty stored block.
        let slack = self.made[0].flushes * 16;
        let ours = self.made[0].out.len();
        if ours > bound + slack {
            return Err(format!(
                "{len} bytes became {ours}, more than stock's bound of {bound} and {slack}"
            ));
        }
        Ok(())
    }
}
