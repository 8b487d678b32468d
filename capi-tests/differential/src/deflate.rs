//! Sequences of deflate calls, after each of which all that a caller can see must be equal: codes,
//! positions, totals, check values, texts, what waits for room, and every byte of the memory that
//! the call was given, the bytes behind its output among them.
//!
//! Both libraries work in memory of the same layout, so that output may overlap input, or the gzip
//! header's fields, and both must make the same of it.

mod ops;

use std::ffi::{c_int, c_uint, c_ulong};
use std::ptr::null_mut;

use crate::MAY_OVERLAP;
use crate::alloc::{Arena, same_memory};
use crate::api::{Libraries, STREAM_SIZE, VERSION, Zlib};
use crate::case::{At, Case, same, same_bytes, same_fields};
use crate::source::Source;
use crate::stream::{GzHeader, ZStream, code, flush};
use ops::{Buffers, Header, Op, Sequence, Setup};

/// A sequence of calls.
#[derive(Clone, Debug)]
pub struct DeflateCase(Sequence);

impl Case for DeflateCase {
    fn generate(_: &Libraries, s: &mut Source) -> DeflateCase {
        DeflateCase(Sequence::generate(s))
    }

    fn run(&self, libraries: &Libraries) -> Result<(), String> {
        Pair::run(&self.0, libraries)
    }

    fn len(&self) -> usize {
        self.0.ops.len()
    }

    fn without(&self, operations: std::ops::Range<usize>) -> DeflateCase {
        DeflateCase(self.0.without(operations))
    }

    fn simpler(&self) -> Vec<DeflateCase> {
        self.0.simpler().into_iter().map(DeflateCase).collect()
    }
}

/// Where input lies that does not overlap output.
const INPUT: usize = 0;
/// Where output begins: behind the largest input, and before the largest one that overlaps it.
const OUTPUT: usize = 1 << 17;
/// The largest room.
const ROOM: usize = 100_000;
/// Bytes around what a call is given, which no call may touch.
const GUARD: usize = 64;
const MEMORY: usize = OUTPUT + ROOM + (1 << 16) + GUARD;
const UNWRITTEN: u8 = 0xa5;

/// One library's side.
struct Side {
    strm: Box<ZStream>,
    /// What the calls get pointers into.
    memory: Vec<u8>,
    /// Headers must outlive their use; these do.
    heads: Vec<(Box<GzHeader>, Vec<Vec<u8>>)>,
    spare: Vec<Box<ZStream>>,
}

struct Pair<'a> {
    sequence: &'a Sequence,
    libraries: &'a Libraries,
    sides: [Side; 2],
    /// How much of the data has been read.
    at: usize,
    /// Whether there is a stream.
    open: bool,
    /// Whether the stream has had a call since its start.
    begun: bool,
    /// Whether it is certain that its header is out: before, its fields must not be changed.
    header_is_out: bool,
    /// Whether a part of what waited for room has been handed out, and a part still waits.
    partly_out: bool,
    /// Whether there was a `deflateResetKeep`, or level 0, since everything was set up.
    kept: bool,
    level_0: bool,
    /// Whether there was a full flush since a `deflateResetKeep`.
    emptied: bool,
    /// How many bytes went into the window since then, at most.
    windowed: usize,
}

impl Pair<'_> {
    fn run(sequence: &Sequence, libraries: &Libraries) -> Result<(), String> {
        let manner = sequence.setup.manner;
        let arenas = [Arena::new(manner), Arena::new(manner)];
        let sides = arenas.each_ref().map(|arena| {
            let mut strm = Box::new(ZStream::new());
            arena.install(&mut strm);
            Side { strm, memory: vec![UNWRITTEN; MEMORY], heads: Vec::new(), spare: Vec::new() }
        });
        let mut pair = Pair {
            sequence,
            libraries,
            sides,
            at: 0,
            open: false,
            begun: false,
            header_is_out: false,
            partly_out: false,
            kept: false,
            level_0: false,
            emptied: false,
            windowed: 0,
        };
        pair.init().at(|| "init".into())?;
        for (i, op) in sequence.ops.iter().enumerate() {
            pair.op(*op).at(|| format!("operation {i}, {op:?}, at byte {}", pair.at))?;
            pair.waiting().at(|| format!("after operation {i}, {op:?}, at byte {}", pair.at))?;
            same_memory(&arenas).at(|| format!("operation {i}, {op:?}"))?;
        }
        pair.finish().at(|| "finish".into())?;
        pair.end()?;
        for (name, arena) in ["ours", "stock"].iter().zip(&arenas) {
            same(&format!("blocks left by {name}"), arena.live(), 0)?;
        }
        Ok(())
    }

    /// One call on both streams; the codes and all fields must be equal.
    fn both(
        &mut self,
        what: &str,
        call: impl Fn(&Zlib, *mut ZStream) -> c_int,
    ) -> Result<c_int, String> {
        let [ours, stock] = &mut self.sides;
        let a = call(&self.libraries.ours, &mut *ours.strm);
        let b = call(&self.libraries.stock, &mut *stock.strm);
        same(what, a, b)?;
        self.same_fields().at(|| what.into())?;
        Ok(a)
    }

    fn same_fields(&self) -> Result<(), String> {
        same_fields(&self.sides[0].strm, &self.sides[1].strm, &[])
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
        self.open = made == code::OK;
        (self.kept, self.emptied) = (false, false);
        (self.level_0, self.windowed) = (level == 0, 0);
        self.restarted();
        Ok(())
    }

    /// Whether the window may have moved on, for which it has to be nearly full.
    fn may_have_slid(&self) -> bool {
        let window = 1 << (self.sequence.setup.window_bits.unsigned_abs() & 15).max(9);
        self.windowed + 300 >= 2 * window
    }

    fn restarted(&mut self) {
        (self.begun, self.header_is_out, self.partly_out) = (false, false, false);
    }

    fn end(&mut self) -> Result<(), String> {
        self.both("deflateEnd", |z, strm| z.deflateEnd(strm))?;
        self.both("deflateEnd again", |z, strm| z.deflateEnd(strm))?;
        let [ours, stock] = self.sides.each_mut().map(|side| std::mem::take(&mut side.spare));
        for (mut ours, mut stock) in ours.into_iter().zip(stock) {
            let a = self.libraries.ours.deflateEnd(&mut *ours);
            same("deflateEnd of a copy", a, self.libraries.stock.deflateEnd(&mut *stock))?;
        }
        Ok(())
    }

    /// A call with buffers, on both sides.
    fn call(
        &mut self,
        buffers: Buffers,
        call: impl Fn(&Zlib, *mut ZStream) -> c_int,
    ) -> Result<c_int, String> {
        let rest = &self.sequence.data[self.at..];
        let give = (buffers.give as usize).min(rest.len());
        let room = (buffers.room as usize).min(ROOM);
        let input = match buffers.shift {
            Some(shift) if MAY_OVERLAP => {
                (OUTPUT as i32 - shift.clamp(-(1 << 16), 1 << 16)) as usize
            }
            _ => INPUT,
        };
        let mut codes = [0; 2];
        for which in 0..2 {
            let side = &mut self.sides[which];
            side.memory[input..input + give].copy_from_slice(&rest[..give]);
            let memory = side.memory.as_mut_ptr();
            side.strm.next_in = memory.wrapping_add(input);
            side.strm.avail_in = give as c_uint;
            side.strm.next_out = memory.wrapping_add(OUTPUT);
            side.strm.avail_out = room as c_uint;
            codes[which] = call(self.libraries.each()[which], &mut *side.strm);
        }
        let [ours, stock] = &self.sides;
        let offset = |side: &Side, next: *const u8| {
            (next as usize).wrapping_sub(side.memory.as_ptr() as usize)
        };
        let (next_in, next_out) =
            (offset(ours, ours.strm.next_in), offset(ours, ours.strm.next_out));
        same("code", codes[0], codes[1])?;
        same("avail_in", ours.strm.avail_in, stock.strm.avail_in)?;
        same("avail_out", ours.strm.avail_out, stock.strm.avail_out)?;
        same("next_in", next_in, offset(stock, stock.strm.next_in))?;
        same("next_out", next_out, offset(stock, stock.strm.next_out))?;
        self.same_fields()?;
        let touched = |side: &Side| {
            let end = (input + give).max(OUTPUT + room) + GUARD;
            side.memory[input.min(OUTPUT).saturating_sub(GUARD)..end.min(MEMORY)].as_ptr_range()
        };
        let of = |side: &Side| {
            let range = touched(side);
            let start = offset(side, range.start);
            start..start + (range.end as usize - range.start as usize)
        };
        same_bytes("memory", &ours.memory[of(ours)], &stock.memory[of(stock)])?;
        let taken = give - ours.strm.avail_in as usize;
        self.at += taken;
        self.windowed += taken;
        self.begun = true;
        // A header that is not complete fills the room.
        let left = ours.strm.avail_out as usize;
        self.header_is_out |= left != 0 && left != room;
        let stock = &mut *self.sides[1].strm;
        let mut waiting = 0;
        self.libraries.stock.deflatePending(stock, &mut waiting, null_mut());
        self.partly_out = waiting != 0 && (self.partly_out || left != room);
        Ok(codes[0])
    }

    /// What waits for room, in bytes and bits, and the bits of the last byte.
    fn waiting(&mut self) -> Result<(), String> {
        let got = [0, 1].map(|i| {
            let (mut bytes, mut bits, mut used) = (77, 77, 77);
            let zlib = self.libraries.each()[i];
            let strm = &mut *self.sides[i].strm;
            let codes = (
                zlib.deflatePending(strm, &mut bytes, &mut bits),
                zlib.deflateUsed(strm, &mut used),
            );
            format!("{codes:?} {bytes} bytes {bits} bits, {used} bits used")
        });
        same("pending", &got[0], &got[1])
    }

    fn op(&mut self, op: Op) -> Result<(), String> {
        match op {
            Op::Deflate { buffers, flush, times } => {
                self.emptied |= self.kept && flush == flush::FULL;
                for _ in 0..times {
                    let before = self.at;
                    let code = self.call(buffers, |z, strm| z.deflate(strm, flush))?;
                    if code < 0 || code == code::STREAM_END || self.at == before {
                        break;
                    }
                }
            }
            // The block's bytes may have left the window, and stock would store what is before it.
            Op::Params { level: 0, .. } if self.kept && self.may_have_slid() => {}
            // A literal may wait from before the window was emptied: `kept-literal`.
            Op::Params { .. } if self.emptied => {}
            Op::Params { buffers, level, strategy } => {
                self.level_0 |= level == 0;
                self.call(buffers, |z, strm| z.deflateParams(strm, level, strategy))?;
            }
            Op::Tune([a, b, c, d]) => {
                self.both("deflateTune", |z, strm| z.deflateTune(strm, a, b, c, d))?;
            }
            // Stock puts the bits over others that wait, where a part of them is out already, and
            // hands out as many that it never wrote. Ours only has to come through that.
            Op::Prime { bits, value } if self.partly_out => self.prime_a_copy(bits, value),
            Op::Prime { bits, value } => {
                self.both("deflatePrime", |z, strm| z.deflatePrime(strm, bits, value))?;
            }
            Op::Pending => {
                self.both("deflatePending", |z, strm| {
                    z.deflatePending(strm, null_mut(), null_mut())
                })?;
            }
            Op::Used => {
                self.both("deflateUsed", |z, strm| z.deflateUsed(strm, null_mut()))?;
            }
            Op::Bound(len) => {
                let bounds = [0, 1].map(|i| {
                    let zlib = self.libraries.each()[i];
                    let strm = &mut *self.sides[i].strm;
                    (
                        zlib.deflateBound(strm, len as c_ulong),
                        zlib.deflateBound_z(strm, len as usize),
                    )
                });
                same("deflateBound", bounds[0].0, bounds[1].0)?;
                same("deflateBound_z", bounds[0].1, bounds[1].1)?;
            }
            Op::SetDictionary { from, len } => {
                let data = &self.sequence.data;
                let from = (from as usize).min(data.len());
                let len = (len as usize).min(data.len() - from);
                let dictionary = data[from..from + len].as_ptr();
                self.windowed += len;
                self.both("deflateSetDictionary", |z, strm| {
                    z.deflateSetDictionary(strm, dictionary, len as c_uint)
                })?;
            }
            Op::NullDictionary(len) => {
                self.both("deflateSetDictionary of NULL", |z, strm| {
                    z.deflateSetDictionary(strm, std::ptr::null(), len)
                })?;
            }
            // What stock would read, nobody wrote: `kept-lookahead` in docs/deviations.md.
            Op::GetDictionary if self.kept && self.level_0 => {}
            Op::GetDictionary => self.get_dictionary()?,
            Op::SetHeader(header) => self.set_header(header)?,
            Op::Copy { go_on_with_copy } => self.copy(go_on_with_copy)?,
            Op::Reset => {
                self.both("deflateReset", |z, strm| z.deflateReset(strm))?;
                (self.kept, self.emptied, self.windowed) = (false, false, 0);
                self.restarted();
            }
            // As for `GetDictionary`.
            Op::ResetKeep if self.kept && self.level_0 => {}
            Op::ResetKeep => {
                self.kept = true;
                self.both("deflateResetKeep", |z, strm| z.deflateResetKeep(strm))?;
                self.restarted();
            }
            Op::EndAndInit => {
                self.both("deflateEnd", |z, strm| z.deflateEnd(strm))?;
                self.init()?;
            }
            Op::NullInput => {
                for side in &mut self.sides {
                    (side.strm.next_in, side.strm.avail_in) = (std::ptr::null(), 5);
                    side.strm.next_out = side.memory[OUTPUT..].as_mut_ptr();
                    side.strm.avail_out = 64;
                }
                self.both("deflate of NULL", |z, strm| z.deflate(strm, 0))?;
            }
            Op::NullOutput => {
                for side in &mut self.sides {
                    side.strm.avail_in = 0;
                    (side.strm.next_out, side.strm.avail_out) = (null_mut(), 5);
                }
                self.both("deflate to NULL", |z, strm| z.deflate(strm, 0))?;
            }
            Op::Moved => {
                let codes = [0, 1].map(|i| {
                    let mut moved = self.sides[i].strm.clone();
                    let zlib = self.libraries.each()[i];
                    (zlib.deflate(&mut *moved, 4), zlib.deflateEnd(&mut *moved))
                });
                same("deflate of a moved stream", codes[0].0, codes[1].0)?;
                same("deflateEnd of a moved stream", codes[0].1, codes[1].1)?;
            }
            Op::WrongKind(which) => {
                for side in &mut self.sides {
                    (side.strm.avail_in, side.strm.avail_out) = (0, 0);
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

    fn prime_a_copy(&mut self, bits: c_int, value: c_int) {
        let Libraries { ours, stock } = self.libraries;
        let mut copy = Box::new(ZStream::new());
        // Stock's is only so that both ask for the same memory.
        if stock.deflateCopy(&mut *copy, &mut *self.sides[1].strm) == code::OK {
            stock.deflateEnd(&mut *copy);
        }
        if ours.deflateCopy(&mut *copy, &mut *self.sides[0].strm) != code::OK {
            return;
        }
        ours.deflatePrime(&mut *copy, bits, value);
        copy.avail_in = 0;
        let mut room = vec![UNWRITTEN; ROOM];
        (copy.next_out, copy.avail_out) = (room.as_mut_ptr(), 10);
        for how in [flush::NONE, flush::SYNC, flush::FINISH] {
            ours.deflate(&mut *copy, how);
            copy.avail_out = (ROOM / 4) as c_uint;
        }
        ours.deflateEnd(&mut *copy);
    }

    fn get_dictionary(&mut self) -> Result<(), String> {
        let mut got = [vec![UNWRITTEN; 32768 + GUARD], vec![UNWRITTEN; 32768 + GUARD]];
        let mut lens = [0 as c_uint; 2];
        let codes = [0, 1].map(|i| {
            let zlib = self.libraries.each()[i];
            let strm = &mut *self.sides[i].strm;
            zlib.deflateGetDictionary(strm, null_mut(), null_mut());
            zlib.deflateGetDictionary(strm, got[i].as_mut_ptr(), &mut lens[i])
        });
        same("deflateGetDictionary", codes[0], codes[1])?;
        same("deflateGetDictionary's length", lens[0], lens[1])?;
        same_bytes("deflateGetDictionary's bytes", &got[0], &got[1])
    }

    fn set_header(&mut self, header: Option<Header>) -> Result<(), String> {
        if self.begun && !self.header_is_out {
            return Ok(());
        }
        let Some(header) = header else {
            self.both("deflateSetHeader of NULL", |z, strm| z.deflateSetHeader(strm, null_mut()))?;
            return Ok(());
        };
        let field = |len: Option<u32>| -> Option<Vec<u8>> {
            let text = self.sequence.data.iter().map(|byte| byte | 1);
            len.map(|len| {
                text.chain(std::iter::repeat(b'x')).take(len as usize).chain([0]).collect()
            })
        };
        for side in &mut self.sides {
            let mut fields = [field(header.extra), field(header.name), field(header.comment)];
            let extra_len = fields[0].as_ref().map_or(3, |bytes| bytes.len() as c_uint);
            let mut from = OUTPUT + header.in_output.unwrap_or(0) as usize;
            let mut pointers = [null_mut(); 3];
            for (field, pointer) in fields.iter_mut().zip(&mut pointers) {
                let Some(bytes) = field else { continue };
                *pointer = bytes.as_mut_ptr();
                if header.in_output.is_some() && from + bytes.len() < OUTPUT + ROOM {
                    side.memory[from..from + bytes.len()].copy_from_slice(bytes);
                    *pointer = side.memory[from..].as_mut_ptr();
                    from += bytes.len();
                }
            }
            // Wherever output lands in a text, it ends within the memory.
            side.memory[MEMORY - 1] = 0;
            let head = Box::new(GzHeader {
                text: header.text.into(),
                time: header.time.into(),
                xflags: 0,
                os: header.os,
                extra_len,
                extra_max: 0,
                extra: pointers[0],
                name: pointers[1],
                name_max: 0,
                comment: pointers[2],
                comm_max: 0,
                hcrc: header.hcrc.into(),
                done: 0,
            });
            side.heads.push((head, fields.into_iter().flatten().collect()));
        }
        let codes = [0, 1].map(|i| {
            let side = &mut self.sides[i];
            let head = side.heads.last_mut().map_or(null_mut(), |(head, _)| &raw mut **head);
            self.libraries.each()[i].deflateSetHeader(&mut *side.strm, head)
        });
        same("deflateSetHeader", codes[0], codes[1])
    }

    fn copy(&mut self, go_on_with_copy: bool) -> Result<(), String> {
        let mut copies: [Box<ZStream>; 2] = [Box::default(), Box::default()];
        let codes = [0, 1].map(|i| {
            let zlib = self.libraries.each()[i];
            zlib.deflateCopy(&mut *copies[i], &mut *self.sides[i].strm)
        });
        same("deflateCopy", codes[0], codes[1])?;
        same_fields(&copies[0], &copies[1], &[])?;
        for (side, mut copy) in self.sides.iter_mut().zip(copies) {
            if codes[0] == code::OK {
                if go_on_with_copy {
                    std::mem::swap(&mut side.strm, &mut copy);
                }
                side.spare.push(copy);
            }
        }
        Ok(())
    }

    /// Gives the rest of the data and ends the stream.
    fn finish(&mut self) -> Result<(), String> {
        if !self.open {
            return Ok(());
        }
        let buffers = Buffers { give: 1 << 16, room: ROOM as u32, shift: None };
        // Data that a library does not take is no reason to go on for ever.
        for _ in 0..50 {
            let last = self.sequence.data.len() - self.at <= buffers.give as usize;
            let how = if last { flush::FINISH } else { flush::NONE };
            let code = self.call(buffers, |z, strm| z.deflate(strm, how))?;
            self.waiting()?;
            if code != code::OK {
                break;
            }
        }
        Ok(())
    }
}
