//! Decompression of raw, zlib and gzip streams (RFC 1951, 1950, 1952).
//!
//! [`Inflate`] is a stream's state. [`Inflate::run`] is a state machine over header, blocks and
//! trailer. The blocks are decoded by `blocks`, symbol by symbol, which can stop at any bit, and by
//! the loop in `fast` while there is enough input and room. docs/engine.md says how the parts fit
//! together.

mod back;
mod bits;
mod blocks;
mod copy;
mod fast;
mod header;
mod tables;
mod window;

use core::ffi::{CStr, c_long};
use core::mem::MaybeUninit;

use crate::alloc::{Allocator, Own};
use crate::checksum::{ADLER32_OF_NONE, CRC32_OF_NONE, adler32, crc32};
use crate::codes::{Code, Flush};
use crate::format::GzHeader;
use crate::io::{Io, Room, Step};
use blocks::{Around, Blocks, Mode, Stop};
use header::{Context, Header, Outcome, WRAP_CHECK, WRAP_GZIP, WRAP_ZLIB};
use window::Window;

pub use back::{Callbacks, InFn, InflateBack, OutFn};

/// What `inflateInit2`'s window bits say (zlib.h).
#[derive(Clone, Copy, Debug)]
pub struct InflateConfig {
    wrap: u8,
    /// 8..=15, or 0 to take what the zlib header says.
    window_bits: u32,
}

impl InflateConfig {
    /// `window_bits` as zlib.h has them, or `None` where zlib refuses them.
    pub fn new(window_bits: i32) -> Option<InflateConfig> {
        let (wrap, bits) = match window_bits {
            -15..=-1 => (0, -window_bits),
            0..=47 => ((window_bits >> 4) as u8 + (WRAP_ZLIB | WRAP_CHECK), window_bits & 15),
            _ => return None,
        };
        (bits == 0 || (8..=15).contains(&bits))
            .then_some(InflateConfig { wrap, window_bits: bits as u32 })
    }
}

/// How far a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// In the header, or before it.
    Header,
    /// The header asks for a dictionary that has not come yet.
    Dictionary,
    /// In the blocks; [`Blocks`] knows where.
    Blocks,
    /// The check value comes next.
    Check,
    /// The length comes next.
    Length,
    /// All is read.
    Done,
    /// The data was corrupt.
    Bad,
    /// There was no memory for the window.
    NoMemory,
    /// Input is skipped until a full flush point.
    Sync,
}

/// What a call of [`Inflate::run`] has to show besides the buffers.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    /// The code.
    pub code: Code,
    /// Whether input and output count in the totals.
    pub counts: bool,
    /// A new value of `adler`.
    pub adler: Option<u32>,
    /// A new value of `data_type`.
    pub data_type: Option<i32>,
    /// The text of an error that this call has found.
    pub msg: Option<&'static CStr>,
}

/// A decompressor.
///
/// It is made in its place by [`Inflate::init`], since most of it has no value at first.
pub struct Inflate {
    blocks: Blocks,
    window: Window,
    header: Header,
    wrap: u8,
    stage: Stage,
    has_dictionary: bool,
    /// As in [`InflateConfig`], then the header's.
    window_bits: u32,
    /// The check value of the output so far, the dictionary's id, or a gzip header's crc32.
    check: u32,
    /// Output so far, modulo 2³² as gzip's trailer has it.
    total: u32,
    /// How many bytes of a flush point `inflateSync` has seen.
    found: usize,
}

/// What a program that counts on zlib's memory may be asked for at Init.
const _: () = assert!(size_of::<Inflate>() <= (12 << 10) - 32);

/// What `inflateSync` looks for.
const FLUSH_POINT: [u8; 4] = [0, 0, 0xff, 0xff];

impl Inflate {
    /// Makes a decompressor in `place`.
    pub fn init(
        place: &mut MaybeUninit<Inflate>,
        config: InflateConfig,
        allocator: Allocator,
    ) -> &mut Inflate {
        let place = place.as_mut_ptr();
        // SAFETY: all fields get a value.
        unsafe {
            Blocks::init(&raw mut (*place).blocks);
            (&raw mut (*place).window).write(Window::new(allocator));
            (&raw mut (*place).header).write(Header::new());
            (&raw mut (*place).wrap).write(config.wrap);
            (&raw mut (*place).stage).write(Stage::Header);
            (&raw mut (*place).has_dictionary).write(false);
            (&raw mut (*place).window_bits).write(config.window_bits);
            (&raw mut (*place).check).write(0);
            (&raw mut (*place).total).write(0);
            (&raw mut (*place).found).write(0);
            &mut *place
        }
    }

    /// From here on memory comes from `allocator` and goes back to it.
    pub fn set_allocator(&mut self, allocator: Allocator) {
        self.window.set_allocator(allocator);
    }

    /// Decompresses what `io` holds; see zlib.h, `inflate`.
    pub fn run(&mut self, io: &mut Io<'_>, flush: Flush) -> Answer {
        let mut answer = Answer {
            code: Code::StreamError,
            counts: false,
            adler: None,
            data_type: None,
            msg: None,
        };
        if io.lacks_a_buffer() {
            return answer;
        }
        if self.stage == Stage::Blocks && self.blocks.mode == Mode::Boundary {
            // The caller was told that a block ends here, and goes on.
            self.blocks.mode = Mode::Header;
        }
        let (avail_in, avail_out) = (io.avail_in, io.avail_out);
        // What of the output is not checked and not in the window yet.
        let mut start = io.next_out;
        answer.code = self.advance(io, flush, &mut start, &mut answer);
        if matches!(answer.code, Code::NeedDict | Code::StreamError | Code::MemError) {
            return answer;
        }
        let written = (io.next_out as usize).wrapping_sub(start as usize);
        let history = match self.stage {
            Stage::Bad => false,
            Stage::Check | Stage::Length | Stage::Done => flush != Flush::Finish,
            _ => true,
        };
        if self.window.size != 0 || (written != 0 && history) {
            // SAFETY: the output was just written, and no caller knows the window.
            let kept = unsafe { self.window.append(io.next_out, written, self.window_bits) };
            if !kept {
                self.stage = Stage::NoMemory;
                answer.code = Code::MemError;
                return answer;
            }
        }
        answer.counts = true;
        // SAFETY: the room was there when this call began, or later.
        self.count(unsafe { io.written_since(start) }, &mut answer);
        answer.data_type = Some(self.data_type());
        let idle = avail_in == io.avail_in && avail_out == io.avail_out;
        if answer.code == Code::Ok && (idle || flush == Flush::Finish) {
            answer.code = Code::BufError;
        }
        answer
    }

    fn advance(
        &mut self,
        io: &mut Io<'_>,
        flush: Flush,
        start: &mut *mut u8,
        answer: &mut Answer,
    ) -> Code {
        loop {
            match self.stage {
                Stage::Header => {
                    if self.wrap == 0 {
                        self.blocks.mode = Mode::Header;
                        self.stage = Stage::Blocks;
                        continue;
                    }
                    if !self.read_header(io, answer) {
                        return Code::Ok;
                    }
                }
                Stage::Dictionary => {
                    if !self.has_dictionary {
                        return Code::NeedDict;
                    }
                    self.check = ADLER32_OF_NONE;
                    answer.adler = Some(self.check);
                    self.begin_blocks();
                }
                Stage::Blocks => match self.run_blocks(io, flush, *start) {
                    Stop::End if self.wrap == 0 => self.stage = Stage::Done,
                    Stop::End => self.stage = Stage::Check,
                    Stop::Bad(text) => self.fail(text, answer),
                    Stop::Input | Stop::Room | Stop::Asked => return Code::Ok,
                },
                Stage::Check => {
                    if self.wrap != 0 {
                        if !self.blocks.bits.fill(io, 32) {
                            return Code::Ok;
                        }
                        // SAFETY: the room was there when this call began.
                        self.count(unsafe { io.written_since(*start) }, answer);
                        *start = io.next_out;
                        let value = self.blocks.bits.hold;
                        let value = match self.is_gzip() {
                            true => value,
                            false => (value as u32).swap_bytes().into(),
                        };
                        if self.verifies() && value != self.check.into() {
                            self.fail(c"incorrect data check", answer);
                            continue;
                        }
                        self.blocks.bits.take();
                    }
                    self.stage = Stage::Length;
                }
                Stage::Length => {
                    if self.wrap != 0 && self.is_gzip() {
                        if !self.blocks.bits.fill(io, 32) {
                            return Code::Ok;
                        }
                        if self.verifies() && self.blocks.bits.hold != self.total.into() {
                            self.fail(c"incorrect length check", answer);
                            continue;
                        }
                        self.blocks.bits.take();
                    }
                    self.stage = Stage::Done;
                }
                Stage::Done => return Code::StreamEnd,
                Stage::Bad => return Code::DataError,
                Stage::NoMemory => return Code::MemError,
                Stage::Sync => return Code::StreamError,
            }
        }
    }

    fn run_blocks(&mut self, io: &mut Io<'_>, flush: Flush, out_start: *mut u8) -> Stop {
        let Inflate { blocks, window, .. } = self;
        blocks.run(io, &Around { out_start, window, flush, variants: fast::variants() })
    }

    /// Reads on in the header; false if more input is needed.
    fn read_header(&mut self, io: &mut Io<'_>, answer: &mut Answer) -> bool {
        let mut context = Context {
            bits: &mut self.blocks.bits,
            check: &mut self.check,
            wrap: self.wrap,
            window_bits: &mut self.window_bits,
        };
        let had_zlib_header = self.header.wants_dictionary_id();
        let outcome = self.header.read(io, &mut context);
        if !had_zlib_header && self.header.wants_dictionary_id() {
            self.check = ADLER32_OF_NONE;
            answer.adler = Some(self.check);
        }
        match outcome {
            Outcome::NeedInput => return false,
            Outcome::Complete => {
                self.check = if self.is_gzip() { CRC32_OF_NONE } else { ADLER32_OF_NONE };
                answer.adler = Some(self.check);
                self.begin_blocks();
            }
            Outcome::Dictionary(id) => {
                self.check = id;
                answer.adler = Some(id);
                self.stage = Stage::Dictionary;
            }
            Outcome::Bad(text) => self.fail(text, answer),
        }
        true
    }

    fn fail(&mut self, text: &'static CStr, answer: &mut Answer) {
        answer.msg = Some(text);
        self.stage = Stage::Bad;
    }

    /// Counts output, and checks it where that is asked for.
    fn count(&mut self, written: &[u8], answer: &mut Answer) {
        self.total = self.total.wrapping_add(written.len() as u32);
        if self.verifies() && !written.is_empty() {
            let check = if self.is_gzip() { crc32 } else { adler32 };
            self.check = check(self.check, written);
            answer.adler = Some(self.check);
        }
    }

    fn begin_blocks(&mut self) {
        self.blocks.mode = Mode::Boundary;
        self.stage = Stage::Blocks;
    }

    fn is_gzip(&self) -> bool {
        self.header.flags != 0
    }

    fn verifies(&self) -> bool {
        self.wrap & WRAP_CHECK != 0
    }

    fn data_type(&self) -> i32 {
        let stop = if self.stage == Stage::Blocks { self.blocks.stop_bits() } else { 0 };
        self.blocks.bits.count as i32 + if self.blocks.last { 64 } else { 0 } + stop
    }

    /// Whether the header asks for a dictionary that has not come yet.
    pub fn wants_dictionary(&self) -> bool {
        self.stage == Stage::Dictionary
    }

    /// Gives the dictionary that the header asks for, or, in a raw stream, any history (zlib.h,
    /// `inflateSetDictionary`).
    pub fn set_dictionary(&mut self, dictionary: &[u8]) -> Code {
        if self.stage == Stage::Dictionary {
            if adler32(1, dictionary) != self.check {
                return Code::DataError;
            }
        } else if self.wrap != 0 {
            return Code::StreamError;
        }
        let end = dictionary.as_ptr_range().end;
        // SAFETY: a slice is readable, and no caller knows the window.
        let kept = unsafe { self.window.append(end, dictionary.len(), self.window_bits) };
        if !kept {
            self.stage = Stage::NoMemory;
            return Code::MemError;
        }
        self.has_dictionary = true;
        Code::Ok
    }

    /// The history's length; its bytes go to `to` unless that is null.
    ///
    /// # Safety
    /// `to` is null or has room for the window (32 KiB at most).
    pub unsafe fn dictionary(&self, to: *mut u8) -> u32 {
        if !to.is_null() {
            let mut to = to;
            for (from, count) in self.window.pieces() {
                // SAFETY: both pieces are history, for which there is room.
                unsafe { to.copy_from_nonoverlapping(from, count) };
                to = to.wrapping_add(count);
            }
        }
        self.window.have
    }

    /// Where to put the fields of the gzip header.
    ///
    /// # Safety
    /// `head` is null, or it and the buffers it names stay valid until the header is read.
    pub unsafe fn set_header(&mut self, head: *mut GzHeader) -> Code {
        if self.wrap & WRAP_GZIP == 0 {
            return Code::StreamError;
        }
        self.header.head = head;
        // SAFETY: null, or the caller keeps it until the header is read.
        if let Some(head) = unsafe { head.as_mut() } {
            head.done = 0;
        }
        Code::Ok
    }

    /// Inserts bits in front of the input (zlib.h, `inflatePrime`).
    pub fn prime(&mut self, bits: i32, value: i32) -> Code {
        if self.blocks.bits.prime(bits, value) { Code::Ok } else { Code::StreamError }
    }

    /// Skips input to a full flush point (zlib.h, `inflateSync`).
    pub fn sync(&mut self, io: &mut Io<'_>) -> Code {
        if io.avail_in == 0 && self.blocks.bits.count < 8 {
            return Code::BufError;
        }
        if self.stage != Stage::Sync {
            self.stage = Stage::Sync;
            let (bytes, count) = self.blocks.bits.take_bytes();
            self.found = 0;
            self.search(&bytes[..count]);
        }
        let searched = self.search(io.input(io.avail_in));
        io.skip(searched as u32);
        if self.found < FLUSH_POINT.len() {
            return Code::DataError;
        }
        let flags = self.header.flags;
        // Without a header the data is taken for raw; with one, its check value is lost.
        self.wrap = if flags == -1 { 0 } else { self.wrap & !WRAP_CHECK };
        self.reset();
        self.header.flags = flags;
        self.begin_blocks();
        Code::Ok
    }

    /// Looks for the rest of a flush point; how many bytes were looked at.
    fn search(&mut self, bytes: &[u8]) -> usize {
        let mut found = self.found;
        let mut searched = 0;
        for byte in bytes {
            if found == FLUSH_POINT.len() {
                break;
            }
            found = match *byte {
                byte if byte == FLUSH_POINT[found] => found + 1,
                // A zero may be the second of the two that are wanted.
                0 => FLUSH_POINT.len() - found,
                _ => 0,
            };
            searched += 1;
        }
        self.found = found;
        searched
    }

    /// Whether the next thing to read is a stored block's length, at a byte's beginning.
    pub fn sync_point(&self) -> bool {
        self.stage == Stage::Blocks
            && self.blocks.mode == Mode::StoredLength
            && self.blocks.bits.count == 0
    }

    /// Where in the input the output comes from (zlib.h, `inflateMark`).
    pub fn mark(&self) -> c_long {
        let (back, bytes) = self.blocks.mark(self.stage == Stage::Blocks);
        (c_long::from(back) << 16) + bytes as c_long
    }

    /// How much of its table space zlib would use.
    pub fn codes_used(&self) -> usize {
        self.blocks.codes_used()
    }

    /// Whether the check value is verified (zlib.h, `inflateValidate`).
    pub fn validate(&mut self, check: bool) {
        if check && self.wrap != 0 {
            self.wrap |= WRAP_CHECK;
        } else {
            self.wrap &= !WRAP_CHECK;
        }
    }

    /// Starts a new stream in the same format.
    pub fn reset(&mut self) {
        self.window.clear();
        self.reset_keep();
    }

    /// Starts a new stream in another format.
    pub fn reset_to(&mut self, config: InflateConfig) {
        if self.window_bits != config.window_bits {
            self.window.free();
        }
        self.wrap = config.wrap;
        self.window_bits = config.window_bits;
        self.reset();
    }

    /// Starts a new stream in the same format, with the same history.
    pub fn reset_keep(&mut self) {
        self.blocks.reset();
        self.header = Header::new();
        self.stage = Stage::Header;
        self.has_dictionary = false;
        self.total = 0;
    }

    /// What a new stream's `adler` shows, or `None` in a raw stream, where zlib leaves it alone.
    pub fn first_adler(&self) -> Option<u32> {
        (self.wrap != 0).then_some(u32::from(self.wrap & WRAP_ZLIB))
    }

    /// Makes a second decompressor in `place` that goes on from here, unless there is no memory for
    /// its window.
    ///
    /// # Errors
    /// [`Code::MemError`]; there is nothing in `place` then.
    pub fn copy_to<'a>(
        &self,
        place: &'a mut MaybeUninit<Inflate>,
    ) -> Result<&'a mut Inflate, Code> {
        let window = self.window.try_clone().ok_or(Code::MemError)?;
        let place = place.as_mut_ptr();
        // SAFETY: the places are two, since both are borrowed. The window is replaced before anything
        // could use or free the first one's memory.
        unsafe {
            place.copy_from_nonoverlapping(self, 1);
            (&raw mut (*place).window).write(window);
            Ok(&mut *place)
        }
    }
}

/// The largest window (RFC 1951).
const MAX_WINDOW_BITS: u32 = 15;

/// A decompressor whose memory is libc's, all of it allocated at the start.
pub struct OwnInflate {
    inflate: Own<Inflate>,
    msg: Option<&'static CStr>,
}

impl OwnInflate {
    /// `window_bits` as in zlib.h, `inflateInit2`.
    ///
    /// # Errors
    /// [`Code::StreamError`] for window bits that zlib refuses, [`Code::MemError`].
    pub fn new(window_bits: i32) -> Result<OwnInflate, Code> {
        let config = InflateConfig::new(window_bits).ok_or(Code::StreamError)?;
        let mut own = OwnInflate::with_config(config)?;
        // Later there is no way to say that memory has run out and lose nothing.
        if !own.inflate.window.reserve(MAX_WINDOW_BITS) {
            return Err(Code::MemError);
        }
        Ok(own)
    }

    fn with_config(config: InflateConfig) -> Result<OwnInflate, Code> {
        let inflate =
            Own::make(Code::MemError, |room| Ok(Inflate::init(room, config, Allocator::LIBC)))?;
        Ok(OwnInflate { inflate, msg: None })
    }

    /// Decompresses from `input` to `output`; see zlib.h, `inflate`. At most `u32::MAX` bytes of
    /// either are looked at.
    pub fn inflate(&mut self, input: &[u8], output: Room<'_>, flush: Flush) -> Step {
        let mut io = Io::new(input, output);
        let (avail_in, avail_out) = (io.avail_in, io.avail_out);
        let answer = self.inflate.run(&mut io, flush);
        self.msg = answer.msg.or(self.msg);
        io.step_since(avail_in, avail_out, answer.code)
    }

    /// Starts a new stream in the same format.
    pub fn reset(&mut self) {
        self.inflate.reset();
        self.msg = None;
    }

    /// The last error's text, if it has one.
    pub fn msg(&self) -> Option<&'static CStr> {
        self.msg
    }
}

/// Decompresses a zlib stream until `step` says that it is over.
///
/// # Errors
/// [`Code::MemError`].
pub fn with_zlib_stream<T>(step: impl FnOnce(&mut Inflate) -> T) -> Result<T, Code> {
    const ZLIB: InflateConfig = InflateConfig { wrap: WRAP_ZLIB | WRAP_CHECK, window_bits: 15 };
    Ok(step(&mut OwnInflate::with_config(ZLIB)?.inflate))
}

#[cfg(test)]
mod tests;
