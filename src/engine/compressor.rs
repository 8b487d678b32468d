//! The compressor of raw streams that `deflate.rs` uses: it gathers the first input, compresses it
//! here if that was all (`short`), and starts the engine otherwise.
//!
//! All memory is had at once, when the compressor is made: a call of deflate cannot run out of it.
//! The short way works in the block that the engine would get.

use core::ffi::{CStr, c_uint, c_void};
use core::mem::{align_of, size_of};

use super::deflate_header::Effort;
use super::raw::RawDeflate;
use super::short::{self, Memory};
use super::{Allocator, Code, Flush, Io};

/// What the engine is started with.
#[derive(Clone, Copy, Debug)]
struct Setup {
    effort: Effort,
    window_bits: u32,
    mem_level: i32,
}

impl Setup {
    fn start(self, allocator: Allocator) -> Result<RawDeflate, Code> {
        let Setup { effort, window_bits, mem_level } = self;
        RawDeflate::new(effort.level, window_bits as i32, mem_level, effort.strategy, allocator)
    }

    /// How many bytes the engine asks for, in one request.
    fn engine_size(self) -> usize {
        let mut asked = 0usize;
        // It is given none, so it comes to nothing.
        drop(self.start(Allocator {
            zalloc: note_size,
            zfree: keep,
            opaque: (&raw mut asked).cast(),
        }));
        asked
    }
}

/// An allocator's function that has no memory and notes how much was asked for.
unsafe extern "C" fn note_size(asked: *mut c_void, items: c_uint, size: c_uint) -> *mut c_void {
    // SAFETY: `engine_size` passes the place of its count.
    unsafe { *asked.cast::<usize>() += items as usize * size as usize };
    core::ptr::null_mut()
}

/// An allocator's function that frees nothing.
unsafe extern "C" fn keep(_: *mut c_void, _: *mut c_void) {}

/// Memory that is handed out once.
struct Gift {
    block: *mut c_void,
    size: usize,
}

/// An allocator's function that hands out a [`Gift`].
unsafe extern "C" fn give(gift: *mut c_void, items: c_uint, size: c_uint) -> *mut c_void {
    // SAFETY: `Compressor::start_engine` passes the place of its gift.
    let gift = unsafe { &mut *gift.cast::<Gift>() };
    if items as usize * size as usize > gift.size {
        return core::ptr::null_mut();
    }
    gift.size = 0;
    gift.block
}

/// What is known before the engine is needed.
#[derive(Clone, Copy, Debug)]
struct Short {
    /// More input than this is the engine's.
    limit: usize,
    /// Bytes of input that were gathered.
    gathered: usize,
    /// Compressed bytes, and how many of them the caller has.
    made: usize,
    handed_out: usize,
    /// Whether the end was asked for, and all is compressed.
    finished: bool,
    /// The last call's flush as zlib ranks it, or one of the two below.
    last_rank: i32,
    used: i32,
    data_type: i32,
    msg: Option<&'static CStr>,
}

/// The short way's memory, wherever an allocator's block begins.
const MEMORY_SIZE: usize = size_of::<Memory>() + align_of::<Memory>();

/// No call yet.
const NO_CALL: i32 = -4;
/// The last call used up the room.
const ROOM_WAS_SHORT: i32 = -2;
/// zlib.h's Z_UNKNOWN.
const UNKNOWN: i32 = 2;

impl Short {
    fn new(mem_level: i32) -> Short {
        Short {
            // The engine must be able to take all of it back without writing a block, for which it
            // counts symbols.
            limit: short::LIMIT.min(1 << (mem_level + 5)),
            gathered: 0,
            made: 0,
            handed_out: 0,
            finished: false,
            last_rank: NO_CALL,
            used: 0,
            data_type: UNKNOWN,
            msg: None,
        }
    }

    /// Whether `flush` and so much more input leave the stream short.
    fn suits(&self, setup: Setup, more: u32, flush: Flush) -> bool {
        self.finished
            || (setup.effort.level > 0
                && matches!(flush, Flush::None | Flush::Finish)
                && more as usize <= self.limit - self.gathered)
    }

    /// Does what zlib's `deflate` does.
    ///
    /// # Safety
    /// `memory` is what the calls before had.
    unsafe fn deflate(
        &mut self,
        memory: &mut Memory,
        setup: Setup,
        io: &mut Io<'_>,
        flush: Flush,
    ) -> Code {
        let rank = rank(flush);
        let last_rank = core::mem::replace(&mut self.last_rank, rank);
        if self.handed_out < self.made {
            // SAFETY: by this function's own contract.
            unsafe { self.hand_out(memory, io) };
            if io.avail_out == 0 {
                self.last_rank = ROOM_WAS_SHORT;
                return Code::Ok;
            }
        } else if io.avail_in == 0 && rank <= last_rank && flush != Flush::Finish {
            return self.no_progress();
        }
        if self.finished && io.avail_in != 0 {
            return self.no_progress();
        }
        if !self.finished {
            memory.append(self.gathered, io.input(io.avail_in));
            self.gathered += io.avail_in as usize;
            io.skip(io.avail_in);
            if flush == Flush::Finish {
                // zlib keeps its longest lookahead free of its window (MIN_LOOKAHEAD).
                let reach = (1 << setup.window_bits) - 262;
                // SAFETY: so much has been appended, by this function's own contract.
                let encoded = unsafe { memory.encode(self.gathered, setup.effort, reach) };
                self.made = encoded.len;
                self.used = encoded.last_bits;
                self.data_type = encoded.data_type;
                self.finished = true;
                // SAFETY: `encode` has just made so much.
                unsafe { self.hand_out(memory, io) };
                if io.avail_out == 0 {
                    self.last_rank = ROOM_WAS_SHORT;
                    return Code::Ok;
                }
            }
        }
        if flush == Flush::Finish { Code::StreamEnd } else { Code::Ok }
    }

    /// # Safety
    /// As for [`Short::deflate`].
    unsafe fn hand_out(&mut self, memory: &Memory, io: &mut Io<'_>) {
        // SAFETY: by this function's own contract.
        let output = unsafe { memory.output(self.made) };
        self.handed_out += io.write(&output[self.handed_out..]);
    }

    fn no_progress(&mut self) -> Code {
        self.msg = Some(c"buffer error");
        Code::BufError
    }
}

/// How zlib compares flushes: one that does no more than the last needs input.
fn rank(flush: Flush) -> i32 {
    let flush = flush as i32;
    flush * 2 - if flush > 4 { 9 } else { 0 }
}

enum State {
    Short(Short),
    Engine(RawDeflate),
}

/// A compressor of raw deflate streams.
pub(super) struct Compressor {
    setup: Setup,
    allocator: Allocator,
    /// From the allocator; the engine's, where there is one.
    block: *mut c_void,
    block_size: usize,
    state: State,
}

impl Compressor {
    /// `window_bits` 9..=15, `mem_level` 1..=9, `effort` as zlib.h has it.
    pub fn new(
        effort: Effort,
        window_bits: u32,
        mem_level: i32,
        allocator: Allocator,
    ) -> Result<Compressor, Code> {
        let setup = Setup { effort, window_bits, mem_level };
        let block_size = setup.engine_size().max(MEMORY_SIZE);
        Compressor::with_block(setup, block_size, allocator, Short::new(mem_level))
    }

    /// A compressor for at most `len` bytes in one call, which needs no engine if they are few.
    pub fn for_input(
        effort: Effort,
        window_bits: u32,
        mem_level: i32,
        len: usize,
    ) -> Result<Compressor, Code> {
        let allocator = Allocator::LIBC;
        let short = Short::new(mem_level);
        if effort.level == 0 || len > short.limit {
            return Compressor::new(effort, window_bits, mem_level, allocator);
        }
        let setup = Setup { effort, window_bits, mem_level };
        Compressor::with_block(setup, MEMORY_SIZE, allocator, short)
    }

    fn with_block(
        setup: Setup,
        block_size: usize,
        allocator: Allocator,
        short: Short,
    ) -> Result<Compressor, Code> {
        let size = c_uint::try_from(block_size).map_err(|_| Code::MemError)?;
        // SAFETY: an allocator takes any size.
        let block = unsafe { (allocator.zalloc)(allocator.opaque, 1, size) };
        if block.is_null() {
            return Err(Code::MemError);
        }
        Ok(Compressor { setup, allocator, block, block_size, state: State::Short(short) })
    }

    /// The short way's memory.
    ///
    /// # Safety
    /// The block is not the engine's.
    unsafe fn memory<'a>(block: *mut c_void) -> &'a mut Memory {
        let unaligned = block.align_offset(align_of::<Memory>());
        // SAFETY: the block has room for it behind the bytes skipped, none of it need be
        // initialised, and nobody else uses it by this function's own contract.
        unsafe { &mut *block.byte_add(unaligned).cast() }
    }

    /// The engine, started if need be, with all that it would have seen.
    fn engine(&mut self) -> Result<&mut RawDeflate, Code> {
        if let State::Short(short) = self.state {
            let engine = self.start_engine(&short)?;
            self.state = State::Engine(engine);
        }
        match &mut self.state {
            State::Engine(engine) => Ok(engine),
            State::Short(_) => Err(Code::StreamError),
        }
    }

    fn start_engine(&mut self, short: &Short) -> Result<RawDeflate, Code> {
        let mut room = [0; short::LIMIT];
        let gathered = &mut room[..short.gathered];
        // SAFETY: there is no engine yet, and so much was appended.
        gathered.copy_from_slice(unsafe { Self::memory(self.block).input(short.gathered) });
        let mut gift = Gift { block: self.block, size: self.block_size };
        let from_gift = Allocator { zalloc: give, zfree: keep, opaque: (&raw mut gift).cast() };
        let mut engine = self.setup.start(from_gift)?;
        engine.set_allocator(self.allocator);
        if short.last_rank != NO_CALL {
            // Too little for a block, so nothing is written and all of it taken.
            engine.deflate(&mut Io::new(gathered, &mut [0; 8]), Flush::None);
        }
        Ok(engine)
    }

    /// See zlib.h, `deflate`.
    pub fn deflate(&mut self, io: &mut Io<'_>, flush: Flush) -> Code {
        match &mut self.state {
            State::Engine(engine) => engine.deflate(io, flush),
            State::Short(short) if short.suits(self.setup, io.avail_in, flush) => {
                // SAFETY: there is no engine, and the memory is always this block.
                unsafe { short.deflate(Self::memory(self.block), self.setup, io, flush) }
            }
            State::Short(_) => match self.engine() {
                Ok(engine) => engine.deflate(io, flush),
                Err(code) => code,
            },
        }
    }

    /// Changes level and strategy for what follows; see `RawDeflate::params`.
    pub fn params(&mut self, io: &mut Io<'_>, effort: Effort) -> Code {
        self.setup.effort = effort;
        match &mut self.state {
            State::Engine(engine) => engine.params(io, effort.level, effort.strategy),
            State::Short(_) => Code::Ok,
        }
    }

    /// Starts anew, without history.
    pub fn reset(&mut self) {
        match &mut self.state {
            State::Engine(engine) => engine.reset(),
            State::Short(short) => *short = Short::new(self.setup.mem_level),
        }
    }

    /// Starts anew and keeps the history; see `RawDeflate::reset_keep`.
    pub fn reset_keep(&mut self) {
        if let Ok(engine) = self.engine() {
            engine.reset_keep();
        }
    }

    /// Sets a preset dictionary, or adds to the history.
    pub fn set_dictionary(&mut self, dictionary: &[u8]) -> Code {
        if let State::Short(short @ Short { finished: true, .. }) = &mut self.state {
            // Output may wait, so this stays the short way. It keeps what it has room for.
            // SAFETY: there is no engine, and so much was appended to the memory.
            short.gathered =
                unsafe { Self::memory(self.block).append_last(short.gathered, dictionary) };
            return Code::Ok;
        }
        match self.engine() {
            Ok(engine) => engine.set_dictionary(dictionary),
            Err(code) => code,
        }
    }

    /// The history's length; its bytes go to `to` unless that is null.
    ///
    /// # Safety
    /// `to` is null or has room for the window (32 KiB at most).
    pub unsafe fn dictionary(&self, to: *mut u8) -> u32 {
        // SAFETY: by this function's own contract; without an engine, so much was appended to the
        // memory.
        unsafe {
            match &self.state {
                State::Engine(engine) => engine.dictionary(to),
                State::Short(short) => {
                    let gathered = Self::memory(self.block).input(short.gathered);
                    let len = gathered.len().min(1 << self.setup.window_bits);
                    if !to.is_null() {
                        let last = &gathered[gathered.len() - len..];
                        core::ptr::copy_nonoverlapping(last.as_ptr(), to, len);
                    }
                    len as u32
                }
            }
        }
    }

    /// Inserts `bits` bits, 0..=16, of `value`.
    pub fn prime(&mut self, bits: i32, value: i32) -> Code {
        match self.engine() {
            Ok(engine) => engine.prime(bits, value),
            Err(code) => code,
        }
    }

    /// Bytes and bits that wait for room.
    pub fn pending(&mut self) -> (u32, i32) {
        match &mut self.state {
            State::Engine(engine) => engine.pending(),
            State::Short(short) => ((short.made - short.handed_out) as u32, 0),
        }
    }

    /// Bits in use in the last byte when the stream last went to a byte boundary.
    pub fn used(&mut self) -> i32 {
        match &mut self.state {
            State::Engine(engine) => engine.used(),
            State::Short(short) => short.used,
        }
    }

    /// Sets the search's limits until the next reset.
    pub fn tune(&mut self, good: i32, lazy: i32, nice: i32, chain: i32) {
        if matches!(self.state, State::Short(Short { finished: true, .. })) {
            // There is nothing left to search.
            return;
        }
        if let Ok(engine) = self.engine() {
            engine.tune(good, lazy, nice, chain);
        }
    }

    /// A second one, with memory from `allocator`.
    pub fn try_clone(&mut self, allocator: Allocator) -> Result<Compressor, Code> {
        match &mut self.state {
            State::Engine(engine) => {
                let engine = engine.try_clone(allocator)?;
                Ok(Compressor { allocator, state: State::Engine(engine), ..*self })
            }
            State::Short(short) => {
                let copy = Compressor::with_block(self.setup, self.block_size, allocator, *short)?;
                // SAFETY: neither has an engine, and the blocks are two.
                unsafe {
                    let from = Self::memory(self.block);
                    Self::memory(copy.block).copy_from(from, short.gathered, short.made);
                }
                Ok(copy)
            }
        }
    }

    /// zlib.h's `data_type`.
    pub fn data_type(&self) -> i32 {
        match &self.state {
            State::Engine(engine) => engine.data_type(),
            State::Short(short) => short.data_type,
        }
    }

    /// Takes the text of the last error.
    pub fn take_msg(&mut self) -> Option<&'static CStr> {
        match &mut self.state {
            State::Engine(engine) => engine.take_msg(),
            State::Short(short) => short.msg.take(),
        }
    }

    /// From here on memory is given back to `allocator`.
    pub fn set_allocator(&mut self, allocator: Allocator) {
        self.allocator = allocator;
        if let State::Engine(engine) = &mut self.state {
            engine.set_allocator(allocator);
        }
    }

    /// Frees the memory; whether a stream was begun and not finished.
    pub fn end(&mut self) -> bool {
        match &mut self.state {
            State::Engine(engine) => engine.end(),
            State::Short(short) => short.last_rank != NO_CALL && !short.finished,
        }
    }
}

impl Drop for Compressor {
    fn drop(&mut self) {
        // The engine frees the block itself.
        if let State::Short(_) = self.state {
            // SAFETY: the block came from this allocator, or from one that the caller put in its
            // place.
            unsafe { (self.allocator.zfree)(self.allocator.opaque, self.block) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::raw::tests::decompress;

    fn compressor(window_bits: u32, mem_level: i32) -> Compressor {
        let effort = Effort { level: 6, strategy: 0 };
        Compressor::new(effort, window_bits, mem_level, Allocator::LIBC).unwrap()
    }

    fn sample(len: usize) -> Vec<u8> {
        (0..len)
            .map(|at| (at * at / 7 % 251) as u8 & if at % 900 < 300 { 0x0f } else { 0xff })
            .collect()
    }

    fn is_short(compressor: &Compressor) -> bool {
        matches!(compressor.state, State::Short(_))
    }

    #[test]
    fn the_engine_starts_in_the_block_whatever_its_size() {
        for window_bits in 9..=15 {
            for mem_level in 1..=9 {
                let what = format!("window bits {window_bits}, memory level {mem_level}");
                let mut compressor = compressor(window_bits, mem_level);
                let data = sample(Short::new(mem_level).limit);
                let mut out = vec![0; 2 * short::LIMIT];
                let mut io = Io::new(&data, &mut out);
                assert_eq!(compressor.deflate(&mut io, Flush::None), Code::Ok, "{what}");
                assert_eq!(io.avail_out() as usize, 2 * short::LIMIT, "{what}");
                assert!(is_short(&compressor), "{what}");
                assert_eq!(compressor.deflate(&mut io, Flush::Sync), Code::Ok, "{what}");
                assert!(!is_short(&compressor), "{what}");
                assert_eq!(compressor.deflate(&mut io, Flush::Finish), Code::StreamEnd, "{what}");
                let len = 2 * short::LIMIT - io.avail_out() as usize;
                assert!(decompress(&out[..len], data.len()) == data, "{what}");
            }
        }
    }

    #[test]
    fn pieces_read_back_on_both_sides_of_the_limit() {
        for len in [0, 1, short::LIMIT - 1, short::LIMIT, short::LIMIT + 1, 3 * short::LIMIT] {
            for piece in [1, 700, short::LIMIT, short::LIMIT + 1] {
                let data = sample(len);
                let mut compressor = compressor(15, 8);
                let mut out = vec![0; len + 100];
                let mut made = 0;
                for part in data.chunks(piece) {
                    let mut io = Io::new(part, &mut out[made..]);
                    assert_eq!(compressor.deflate(&mut io, Flush::None), Code::Ok);
                    made = len + 100 - io.avail_out() as usize;
                }
                assert_eq!(is_short(&compressor), len <= short::LIMIT);
                // The rest through three bytes of room at a time.
                loop {
                    let mut io = Io::new(&[], &mut out[made..][..3]);
                    let code = compressor.deflate(&mut io, Flush::Finish);
                    made += 3 - io.avail_out() as usize;
                    if code == Code::StreamEnd {
                        break;
                    }
                    assert_eq!(code, Code::Ok);
                }
                assert!(decompress(&out[..made], len) == data, "{len} bytes in {piece}s");
                assert!(!compressor.end());
            }
        }
    }

    #[test]
    fn history_behind_the_end_leaves_waiting_output_alone() {
        let data = sample(1000);
        let mut compressor = compressor(15, 8);
        let mut out = vec![0; 2000];
        assert_eq!(compressor.deflate(&mut Io::new(&data, &mut out[..9]), Flush::Finish), Code::Ok);
        for len in [5, 1500, 10_000] {
            assert_eq!(compressor.set_dictionary(&vec![len as u8; len]), Code::Ok);
        }
        let mut copy = compressor.try_clone(Allocator::LIBC).unwrap();
        for compressor in [&mut compressor, &mut copy] {
            let mut io = Io::new(&[], &mut out[9..]);
            assert_eq!(compressor.deflate(&mut io, Flush::Finish), Code::StreamEnd);
            let len = 2000 - io.avail_out() as usize;
            assert!(decompress(&out[..len], data.len()) == data);
            let mut history = vec![0; 32768];
            // SAFETY: there is room for a window.
            let len = unsafe { compressor.dictionary(history.as_mut_ptr()) } as usize;
            assert_eq!(history[..len], [(10_000 % 256) as u8; short::LIMIT]);
        }
    }
}
