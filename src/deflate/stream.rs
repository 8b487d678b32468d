//! The calls on a stream: what is due at each (header, data, flush, trailer), and in what order.

use super::config::{self, Limits, Way};
use super::parse::{self, Progress};
use super::state::{Before, Deflate, Lazy, Status};
use super::strm::Strm;
use super::window::MIN_MATCH;
use crate::checksum::adler32;
use crate::codes::{Code, Flush, Strategy};
use crate::format::{Format, GzHeader};
use crate::io::{Io, Room};

impl Deflate {
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
            // SAFETY: null, or a header of the caller's that is there until it is written, and after
            // that for as long as the caller asks for a bound.
            Format::Gzip => 18 + unsafe { self.head.as_ref().map_or(0, |h| h.fields_len()) },
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
