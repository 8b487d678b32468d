//! A stream's state: all that is kept between two calls, and what every parse does to it.

use core::mem::MaybeUninit;

use super::block::Block;
use super::config::{Config, Limits};
use super::memory::Memory;
use super::pending::Pending;
use super::positions::Positions;
use super::strm::Strm;
use super::window::{MIN_LOOKAHEAD, MIN_MATCH, Window};
use crate::alloc::Allocator;
use crate::codes::{Code, Flush, Strategy, UNKNOWN};
use crate::format::{Format, GzHeader};

/// What is due next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
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
pub(super) enum Before {
    /// There was none since the start.
    Nothing,
    /// The room was used up: another call of any kind is right.
    NoRoom,
    /// That of [`Flush`].
    Flush(Flush),
}

impl Before {
    /// Flush values in the order in which each asks for more than the one before.
    pub fn rank(self) -> i32 {
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
pub(super) struct Lazy {
    /// The length of the match at the last position.
    pub length: usize,
    /// Where it starts.
    pub start: usize,
    /// The length of the match before.
    pub previous: usize,
    /// Whether the byte before the position is no symbol yet.
    pub available: bool,
}

impl Lazy {
    pub const NONE: Lazy =
        Lazy { length: MIN_MATCH - 1, start: 0, previous: MIN_MATCH - 1, available: false };
}

/// A compressor's state. It is made in place, since it is too large for the stack.
pub struct Deflate {
    pub(super) memory: Memory,
    pub(super) status: Status,
    pub(super) format: Format,
    /// Whether the trailer is made; the format counts for less then.
    pub(super) trailed: bool,
    pub(super) before: Before,
    pub(super) level: u8,
    pub(super) strategy: Strategy,
    /// Level 0: how often the window has slid without the positions; 2 is many times.
    pub(super) slides: u8,
    pub(super) limits: Limits,
    pub(super) head: *const GzHeader,
    /// How much of a field of the gzip header is written.
    pub(super) field_index: usize,
    pub(super) lazy: Lazy,
    pub(super) window: Window,
    pub(super) positions: Positions,
    pub(super) pending: Pending,
    pub(super) block: Block,
}

impl Deflate {
    /// Makes a compressor in `place`, with its buffers from `allocator`, and a new stream in it.
    ///
    /// # Errors
    /// [`Code::StreamError`] for parameters out of range, [`Code::MemError`]; there is nothing in
    /// `place` then.
    pub fn init<'a>(
        place: &'a mut MaybeUninit<Deflate>,
        config: Config,
        allocator: Allocator,
        strm: &mut Strm<'_>,
    ) -> Result<&'a mut Deflate, Code> {
        let config = config.checked().ok_or(Code::StreamError)?;
        let memory = Memory::new(allocator, config.window_bits, config.mem_level)?;
        let place = place.as_mut_ptr();
        // SAFETY: all fields are written here, with buffers that are as large as each part wants
        // them.
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
        Ok(deflate)
    }

    /// Makes a second compressor in `place` that goes on from where this one is.
    ///
    /// # Errors
    /// [`Code::MemError`]; there is nothing in `place` then.
    pub fn copy_to<'a>(
        &self,
        place: &'a mut MaybeUninit<Deflate>,
        allocator: Allocator,
    ) -> Result<&'a mut Deflate, Code> {
        let memory = self.memory.another(allocator)?;
        let place = place.as_mut_ptr();
        // SAFETY: all fields are written. The parts are written with buffers of their own before
        // anything is copied into them.
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
            Ok(&mut *place)
        }
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
    pub(super) fn check(&self) -> Option<Format> {
        (!self.trailed).then_some(self.format)
    }

    /// Writes the current block to the pending buffer.
    pub(super) fn write_block(&mut self, strm: &mut Strm<'_>, last: bool) {
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
    pub(super) fn fill_window(&mut self, strm: &mut Strm<'_>) -> bool {
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
            self.positions.grown(self.window.end());
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
}
