//! Compression that writes byte for byte what zlib 1.3.2 writes, call by call.
//!
//! [`Deflate`] is a stream's state, [`Strm`] the caller's side of it. A call goes from [`mod@self`]
//! (what is due: header, data, trailer) through `window` (input is copied there before any output
//! is written), `parse` (which strings become matches), `chain` (where earlier strings are) to
//! `block`, which chooses the codes and writes them to `pending`.
//!
//! docs/engine.md says why the bytes are the same, and how to prove it after a change.

mod block;
mod chain;
mod codes;
mod config;
mod header;
mod memory;
mod parse;
mod pending;
mod positions;
mod scratch;
mod strm;
mod tree;
mod window;

pub use config::{Config, bound_without_stream, compress_bound};
pub use memory::Owned;
pub use strm::Strm;

use crate::alloc::Allocator;
use crate::checksum::adler32;
use crate::codes::{Code, Flush, Strategy, UNKNOWN};
use crate::format::Format;
use crate::format::GzHeader;
use crate::io::{Io, Room};
use block::Block;
use config::{Limits, Way};
use memory::Memory;
use parse::Progress;
use pending::Pending;
use positions::Positions;
use window::{MIN_LOOKAHEAD, MIN_MATCH, Window};

/// What is due next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    /// A header, if there is one that is not gzip's.
    Init,
    /// The fixed part of a gzip header.
    Gzip,
    /// From its field of this name on, the rest of it.
    Extra,
    Name,
    Comment,
    HeaderCrc,
    /// Data.
    Busy,
    /// The last block is made.
    Finish,
}

/// The flush value of the call before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    /// There was none since the start.
    Nothing,
    /// The room was used up: another call of any kind is right.
    NoRoom,
    /// That of [`Flush`].
    Flush(Flush),
}

impl Before {
    /// Flush values in the order in which each asks for more than the one before.
    fn rank(self) -> i32 {
        match self {
            Before::Nothing => -4,
            Before::NoRoom => -2,
            Before::Flush(Flush::None) => 0,
            Before::Flush(Flush::Block) => 1,
            Before::Flush(Flush::Partial) => 2,
            Before::Flush(Flush::Sync) => 4,
            Before::Flush(Flush::Full) => 6,
            Before::Flush(Flush::Finish) => 8,
            Before::Flush(Flush::Trees) => 12,
        }
    }
}

/// The match that lazy parsing has found, and what it keeps between positions.
#[derive(Clone, Copy)]
struct Lazy {
    /// The length of the match at the last position.
    length: usize,
    /// Where it starts.
    start: usize,
    /// The length of the match before.
    previous: usize,
    /// Whether the byte before the position is no symbol yet.
    available: bool,
}

impl Lazy {
    const NONE: Lazy =
        Lazy { length: MIN_MATCH - 1, start: 0, previous: MIN_MATCH - 1, available: false };
}

/// A compressor's state. It is made in place, since it is too large for the stack.
pub struct Deflate {
    memory: Memory,
    status: Status,
    format: Format,
    /// Whether the trailer is made; the format counts for less then.
    trailed: bool,
    before: Before,
    level: u8,
    strategy: Strategy,
    /// Level 0: how often the window has slid without the positions; 2 is many times.
    slides: u8,
    limits: Limits,
    head: *const GzHeader,
    /// How much of a field of the gzip header is written.
    field_index: usize,
    lazy: Lazy,
    window: Window,
    positions: Positions,
    pending: Pending,
    block: Block,
}

impl Deflate {
    /// Makes a compressor at `place`, with its buffers from `allocator`, and a new stream in it.
    ///
    /// # Errors
    /// [`Code::StreamError`] for parameters out of range, [`Code::MemError`]; there is nothing at
    /// `place` then.
    ///
    /// # Safety
    /// `place` is valid for writes; the allocator's functions may be called.
    pub unsafe fn init(
        place: *mut Deflate,
        config: Config,
        allocator: Allocator,
        strm: &mut Strm<'_>,
    ) -> Result<(), Code> {
        let config = config.checked().ok_or(Code::StreamError)?;
        let memory = Memory::new(allocator, config.window_bits, config.mem_level)?;
        // SAFETY: all fields are written here, in memory that the
        // caller says is valid, with buffers that are as large as each part wants them.
        let deflate = unsafe {
            let symbols = memory.symbols();
            let size = 1 << config.window_bits;
            let pending = Pending::new(memory.pending, symbols * 4);
            Block::init(&raw mut (*place).block, &pending, symbols);
            (&raw mut (*place).window).write(Window::new(memory.window, size));
            let bits = config.mem_level + 7;
            let positions = Positions::new(memory.head, memory.prev, size, bits);
            (&raw mut (*place).positions).write(positions);
            (&raw mut (*place).pending).write(pending);
            (&raw mut (*place).memory).write(memory);
            (&raw mut (*place).status).write(Status::Init);
            (&raw mut (*place).format).write(config.format);
            (&raw mut (*place).trailed).write(false);
            (&raw mut (*place).before).write(Before::Nothing);
            (&raw mut (*place).level).write(config.level);
            (&raw mut (*place).strategy).write(config.strategy);
            (&raw mut (*place).slides).write(0);
            (&raw mut (*place).limits).write(Limits::of(config.level));
            (&raw mut (*place).head).write(core::ptr::null());
            (&raw mut (*place).field_index).write(0);
            (&raw mut (*place).lazy).write(Lazy::NONE);
            &mut *place
        };
        deflate.reset(strm);
        Ok(())
    }

    /// Makes a second compressor at `place` that goes on from where this one is.
    ///
    /// # Errors
    /// [`Code::MemError`]; there is nothing at `place` then.
    ///
    /// # Safety
    /// As for [`Deflate::init`].
    pub unsafe fn copy_to(&self, place: *mut Deflate, allocator: Allocator) -> Result<(), Code> {
        let memory = self.memory.another(allocator)?;
        // SAFETY: the place is valid, says the caller, and all fields are written. The parts are written with buffers of their own before anything
        // is copied into them.
        unsafe {
            let symbols = memory.symbols();
            let size = self.window.size() as u32;
            let pending = Pending::new(memory.pending, symbols * 4);
            Block::init(&raw mut (*place).block, &pending, symbols);
            (*place).block.copy_from(&self.block);
            (&raw mut (*place).pending).write(pending);
            (*place).pending.copy_from(&self.pending);
            (&raw mut (*place).window).write(Window::new(memory.window, size));
            (*place).window.copy_from(&self.window);
            let bits = self.positions.bits();
            let positions = Positions::new(memory.head, memory.prev, size, bits);
            (&raw mut (*place).positions).write(positions);
            (*place).positions.copy_from(&self.positions);
            (&raw mut (*place).memory).write(memory);
            (&raw mut (*place).status).write(self.status);
            (&raw mut (*place).format).write(self.format);
            (&raw mut (*place).trailed).write(self.trailed);
            (&raw mut (*place).before).write(self.before);
            (&raw mut (*place).level).write(self.level);
            (&raw mut (*place).strategy).write(self.strategy);
            (&raw mut (*place).slides).write(self.slides);
            (&raw mut (*place).limits).write(self.limits);
            (&raw mut (*place).head).write(self.head);
            (&raw mut (*place).field_index).write(self.field_index);
            (&raw mut (*place).lazy).write(self.lazy);
        }
        Ok(())
    }

    /// From here on memory is given back to `allocator`.
    pub fn set_allocator(&mut self, allocator: Allocator) {
        self.memory.set_allocator(allocator);
    }

    /// Starts a new stream with the same parameters.
    pub fn reset(&mut self, strm: &mut Strm<'_>) {
        self.reset_keep(strm);
        self.positions.reset();
        self.limits = Limits::of(self.level);
        self.window.clear();
        let start = self.lazy.start;
        self.lazy = Lazy { start, ..Lazy::NONE };
    }

    /// Starts a new stream with the same parameters and all that is in the window (zlib.h does not
    /// describe `deflateResetKeep`).
    pub fn reset_keep(&mut self, strm: &mut Strm<'_>) {
        (strm.total_in, strm.total_out) = (0, 0);
        strm.msg = None;
        strm.data_type = UNKNOWN;
        self.trailed = false;
        let gzip = self.format == Format::Gzip;
        self.status = if gzip { Status::Gzip } else { Status::Init };
        strm.adler = if gzip { 0 } else { 1 };
        self.before = Before::Nothing;
        self.slides = 0;
        self.pending.clear();
        self.block.clear();
    }

    /// What a check value is kept of.
    fn check(&self) -> Option<Format> {
        (!self.trailed).then_some(self.format)
    }

    /// Compresses what the caller's buffers hold and have room for (zlib.h, `deflate`).
    pub fn deflate(&mut self, strm: &mut Strm<'_>, flush: Flush) -> Code {
        if flush == Flush::Trees {
            return Code::StreamError;
        }
        if strm.io.lacks_a_buffer() || (self.status == Status::Finish && flush != Flush::Finish) {
            return strm.fail(Code::StreamError);
        }
        if strm.io.avail_out() == 0 {
            return strm.fail(Code::BufError);
        }
        let before = core::mem::replace(&mut self.before, Before::Flush(flush));
        if self.pending.len() != 0 {
            self.pending.flush(strm);
            if strm.io.avail_out() == 0 {
                return self.out_of_room();
            }
        } else if strm.io.avail_in() == 0
            && self.before.rank() <= before.rank()
            && flush != Flush::Finish
        {
            return strm.fail(Code::BufError);
        }
        if self.status == Status::Finish && strm.io.avail_in() != 0 {
            return strm.fail(Code::BufError);
        }
        if !self.write_header(strm) {
            return self.out_of_room();
        }
        let work = strm.io.avail_in() != 0
            || self.window.lookahead != 0
            || (flush != Flush::None && self.status != Status::Finish);
        if work && let Some(code) = self.compress(strm, flush) {
            return code;
        }
        if flush != Flush::Finish {
            return Code::Ok;
        }
        if self.trailed || self.format == Format::Raw {
            return Code::StreamEnd;
        }
        self.trailer(strm, self.format);
        self.pending.flush(strm);
        self.trailed = true;
        if self.pending.len() != 0 { Code::Ok } else { Code::StreamEnd }
    }

    /// The room is used up: the next call has something to do, whatever it asks for.
    fn out_of_room(&mut self) -> Code {
        self.before = Before::NoRoom;
        Code::Ok
    }

    /// Writes what is due of a header; whether it is complete and handed over.
    fn write_header(&mut self, strm: &mut Strm<'_>) -> bool {
        match self.status {
            Status::Busy | Status::Finish => return true,
            Status::Init => {
                self.status = Status::Busy;
                if self.format == Format::Raw {
                    return true;
                }
                self.zlib_header(strm);
            }
            Status::Gzip | Status::Extra | Status::Name | Status::Comment | Status::HeaderCrc => {
                // SAFETY: `set_header`'s contract holds for as long as the header is not written.
                unsafe {
                    if self.status == Status::Gzip {
                        self.gzip_header(strm);
                    }
                    if self.status != Status::Busy && !self.gzip_fields(strm) {
                        return false;
                    }
                }
            }
        }
        // Data begins with an empty pending buffer.
        self.pending.flush(strm);
        self.pending.len() == 0
    }

    /// Compresses, and does what `flush` asks for; the code, where the call ends with that.
    fn compress(&mut self, strm: &mut Strm<'_>, flush: Flush) -> Option<Code> {
        if self.level != 0 {
            self.window.confine();
        }
        let progress = match (Way::of(self.level), self.strategy) {
            (Way::Lazy, Strategy::Default | Strategy::Filtered | Strategy::Fixed) => {
                parse::slow(self, strm, flush)
            }
            (way, strategy) => {
                let parse = match (way, strategy) {
                    (Way::Stored, _) => parse::stored,
                    (_, Strategy::HuffmanOnly) => parse::huffman,
                    (_, Strategy::Rle) => parse::rle,
                    _ => parse::fast,
                };
                let progress = parse(self, strm, flush);
                self.positions.skipped_before(self.window.pos);
                progress
            }
        };
        if matches!(progress, Progress::FinishStarted | Progress::FinishDone) {
            self.status = Status::Finish;
        }
        if matches!(progress, Progress::NeedMore | Progress::FinishStarted) {
            if strm.io.avail_out() == 0 {
                self.before = Before::NoRoom;
            }
            return Some(Code::Ok);
        }
        if progress == Progress::BlockDone {
            match flush {
                Flush::Partial => self.pending.empty_fixed_block(),
                Flush::Block => {}
                _ => {
                    self.pending.stored_header(0, false);
                    if flush == Flush::Full {
                        if self.window.lookahead == 0 {
                            self.window.clear();
                        }
                        self.positions.forget(self.window.pos);
                    }
                }
            }
            self.pending.flush(strm);
            if strm.io.avail_out() == 0 {
                return Some(self.out_of_room());
            }
        }
        None
    }

    /// Writes the current block to the pending buffer.
    fn write_block(&mut self, strm: &mut Strm<'_>, last: bool) {
        if strm.data_type == UNKNOWN {
            strm.data_type = i32::from(self.block.is_text());
        }
        let (stored, len) = self.window.block();
        let fixed_only = self.strategy == Strategy::Fixed;
        self.block.write(&mut self.pending, stored, len, fixed_only, last);
        self.slides = 0;
        self.window.block_start = self.window.pos as isize;
    }

    /// Reads input until there is enough to look ahead, and inserts positions that waited for it;
    /// whether the window has slid.
    fn fill_window(&mut self, strm: &mut Strm<'_>) -> bool {
        let check = self.check();
        let mut slid = false;
        loop {
            if self.window.must_slide() {
                slid = true;
                self.positions.clear_all(&self.window);
                self.window.slide();
                self.lazy.start = self.lazy.start.wrapping_sub(self.window.size());
                self.positions.slide();
            }
            if strm.io.avail_in() == 0 {
                break;
            }
            self.window.read(strm, check);
            self.insert_waiting();
            if self.window.lookahead >= MIN_LOOKAHEAD || strm.io.avail_in() == 0 {
                break;
            }
        }
        self.window.pad();
        slid
    }

    /// Starts the hash, and inserts the positions before the current one that had too little
    /// behind them.
    fn insert_waiting(&mut self) {
        let window = &mut self.window;
        if window.lookahead + window.insert < MIN_MATCH {
            return;
        }
        let mut pos = window.pos - window.insert;
        self.positions.start(window, pos);
        while window.insert != 0 {
            self.positions.insert_waiting(window, pos);
            pos += 1;
            window.insert -= 1;
            if window.lookahead + window.insert < MIN_MATCH {
                break;
            }
        }
    }

    /// Changes level and strategy, after compressing what there is with the old ones (zlib.h,
    /// `deflateParams`).
    pub fn params(&mut self, strm: &mut Strm<'_>, level: i32, strategy: i32) -> Code {
        let (Some(level), Some(strategy)) =
            (config::level_from_c(level), Strategy::from_c(strategy))
        else {
            return Code::StreamError;
        };
        let differs = strategy != self.strategy || Way::of(level) != Way::of(self.level);
        if differs && self.before != Before::Nothing {
            let code = self.deflate(strm, Flush::Block);
            if code == Code::StreamError {
                return code;
            }
            let left = self.window.block().1.wrapping_add(self.window.lookahead);
            if strm.io.avail_in() != 0 || left != 0 {
                return Code::BufError;
            }
        }
        if self.level != level {
            if self.level == 0 {
                match core::mem::take(&mut self.slides) {
                    0 => {}
                    1 => {
                        self.positions.slide();
                        self.positions.skipped_before(self.window.pos);
                    }
                    _ => self.positions.forget(self.window.pos),
                }
            }
            self.level = level;
            self.limits = Limits::of(level);
        }
        self.strategy = strategy;
        Code::Ok
    }

    /// Sets the search's limits (zlib.h, `deflateTune`).
    pub fn tune(&mut self, good: i32, lazy: i32, nice: i32, chain: i32) {
        self.limits = Limits { good: good as u32, lazy: lazy as u32, nice, chain: chain as u32 };
    }

    /// Puts `dictionary` before the data (zlib.h, `deflateSetDictionary`).
    pub fn set_dictionary(&mut self, strm: &mut Strm<'_>, dictionary: &[u8]) -> Code {
        let raw = self.format == Format::Raw;
        if (self.format == Format::Gzip && !self.trailed)
            || (self.format == Format::Zlib && !self.trailed && self.status != Status::Init)
            || self.window.lookahead != 0
        {
            return Code::StreamError;
        }
        if self.check() == Some(Format::Zlib) {
            strm.adler = adler32(strm.adler as u32, dictionary).into();
        }
        let size = self.window.size();
        let kept = &dictionary[dictionary.len().saturating_sub(size)..];
        if kept.len() == size && raw {
            self.window.clear();
            self.positions.forget(0);
        }
        // It is read as input is, and counted so.
        let mut reader =
            Strm { total_in: strm.total_in, ..Strm::new(Io::new(kept, Room::new(&mut []))) };
        let trailed = core::mem::replace(&mut self.trailed, true);
        self.fill_window(&mut reader);
        while self.window.lookahead >= MIN_MATCH {
            let end = self.window.end() - (MIN_MATCH - 1);
            self.positions.insert_all(&self.window, self.window.pos, end);
            self.window.pos = end;
            self.window.lookahead = MIN_MATCH - 1;
            self.fill_window(&mut reader);
        }
        self.trailed = trailed;
        strm.total_in = reader.total_in;
        self.window.pos += self.window.lookahead;
        self.window.block_start = self.window.pos as isize;
        if self.window.insert != 0 {
            // Too little came to insert them all, and now zlib forgets to.
            self.positions.skipped_before(self.window.pos);
        }
        self.window.insert = core::mem::take(&mut self.window.lookahead);
        let start = self.lazy.start;
        self.lazy = Lazy { start, ..Lazy::NONE };
        Code::Ok
    }

    /// The history's length; its bytes go to `to` unless that is null.
    ///
    /// # Safety
    /// `to` is null or has room for the window (32 KiB at most).
    pub unsafe fn dictionary(&self, to: *mut u8) -> usize {
        let known = self.window.known();
        let history = &known[known.len().saturating_sub(self.window.size())..];
        if !to.is_null() {
            // SAFETY: not null, so there is room for a window, which the history is part of.
            unsafe { core::ptr::copy(history.as_ptr(), to, history.len()) };
        }
        history.len()
    }

    /// The gzip header to write, or null for the default one.
    ///
    /// # Safety
    /// `head` and what it points to stay valid until the header is written.
    pub unsafe fn set_header(&mut self, head: *const GzHeader) -> Code {
        if self.format != Format::Gzip || self.trailed {
            return Code::StreamError;
        }
        self.head = head;
        Code::Ok
    }

    /// Inserts up to 16 bits into the output (zlib.h, `deflatePrime`). [`Code::BufError`] where
    /// there is no room for them.
    pub fn prime(&mut self, bits: i32, value: i32) -> Code {
        let Some(bits) = u32::try_from(bits).ok().filter(|&bits| bits <= 16) else {
            return Code::BufError;
        };
        // zlib's own condition: a part of the output may have been handed over.
        if self.pending.handed_over() + 2 > self.block.offset() {
            return Code::BufError;
        }
        if bits != 0 {
            // Behind all that waits, and not over symbols. zlib takes no heed of either.
            let room =
                if self.block.is_empty() { self.pending.size() } else { self.block.offset() };
            if !self.pending.make_room(room) {
                return Code::BufError;
            }
            self.pending.send(value as u32 & ((1 << bits) - 1), bits);
        }
        Code::Ok
    }

    /// Bytes and bits that wait for room (zlib.h, `deflatePending`).
    pub fn pending(&self) -> (u32, u32) {
        (self.pending.len() as u32, self.pending.bit_count())
    }

    /// Bits used in the last byte (zlib.h, `deflateUsed`).
    pub fn used(&self) -> u32 {
        self.pending.used()
    }

    /// An upper bound of the compressed size of `len` bytes (zlib.h, `deflateBound`).
    pub fn bound(&self, len: usize) -> usize {
        let wrap = match self.format {
            Format::Raw => 0,
            Format::Zlib => 6 + if self.window.pos != 0 { 4 } else { 0 },
            // SAFETY: `set_header`'s contract holds for as long as the stream is used.
            Format::Gzip => 18 + unsafe { header::gzip_fields_len(self.head) },
        };
        let (window_bits, hash_bits) = (self.window.size().trailing_zeros(), self.positions.bits());
        if window_bits == 15 && hash_bits == 15 {
            return config::default_bound(len, wrap);
        }
        let (fixed, stored) = config::conservative_bounds(len);
        let bound = if window_bits <= hash_bits && self.level != 0 { fixed } else { stored };
        bound.saturating_add(wrap)
    }

    /// Whether a stream was begun and not finished.
    pub fn is_busy(&self) -> bool {
        self.status == Status::Busy
    }
}

#[cfg(test)]
mod tests;
