//! Compression to a raw, zlib or gzip stream.

use core::ffi::CStr;

use super::compressor::Compressor;
use super::deflate_header::{
    self as header, Effort, GzipWriter, Pending, initial_check, update_check,
};
use super::{Allocator, Code, Flush, Io, Step};
use crate::format::GzHeader;

/// What goes around the compressed data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Nothing (RFC 1951).
    Raw,
    /// Two bytes before, an adler32 behind (RFC 1950).
    Zlib,
    /// A header before, crc32 and length behind (RFC 1952).
    Gzip,
}

/// What a compressor is made with (zlib.h, `deflateInit2`).
#[derive(Clone, Copy, Debug)]
pub struct DeflateConfig {
    /// -1 (default) or 0 to 9.
    pub level: i32,
    /// 8..=15 zlib, -15..=-9 raw, 25..=31 gzip.
    pub window_bits: i32,
    /// 1..=9.
    pub mem_level: i32,
    /// 0..=4.
    pub strategy: i32,
}

impl DeflateConfig {
    /// What `deflateInit` uses at `level`.
    pub fn new(level: i32) -> DeflateConfig {
        DeflateConfig { level, window_bits: 15, mem_level: 8, strategy: 0 }
    }

    /// The parts, or `None` where zlib refuses the parameters.
    fn checked(self) -> Option<(Format, Effort, u32)> {
        let effort = Effort { level: checked_level(self.level)?, strategy: self.strategy };
        let (format, bits) = match self.window_bits {
            // Not negated below -15, which would overflow for i32::MIN.
            bits @ -15..=-1 => (Format::Raw, -bits),
            bits @ 16.. => (Format::Gzip, bits - 16),
            bits => (Format::Zlib, bits),
        };
        let valid = (1..=9).contains(&self.mem_level)
            && (8..=15).contains(&bits)
            && (bits != 8 || format == Format::Zlib)
            && (0..=4).contains(&self.strategy);
        // A window of 256 bytes has never worked: zlib takes 512.
        valid.then_some((format, effort, bits.max(9) as u32))
    }
}

fn checked_level(level: i32) -> Option<i32> {
    match level {
        -1 => Some(6),
        0..=9 => Some(level),
        _ => None,
    }
}

/// How far a stream is.
#[derive(Clone, Copy, Debug)]
enum Stage {
    /// Nothing was asked for yet.
    Start,
    /// The zlib header waits for room.
    ZlibHeader,
    /// The gzip header waits for room.
    GzipHeader(GzipWriter),
    /// The engine is at work.
    Body,
    /// The trailer is made, `pending` holds what is left of it.
    Trailer,
}

/// A compressor.
pub struct Deflate {
    raw: Compressor,
    allocator: Allocator,
    format: Format,
    effort: Effort,
    window_bits: u32,
    mem_level: i32,
    stage: Stage,
    pending: Pending,
    check: u32,
    /// Input so far, modulo 2³² as gzip's trailer has it.
    total_in: u32,
    /// Whether zlib would be beyond the start of its window: behind input that it has worked on,
    /// or a dictionary.
    has_history: bool,
    /// Input since the window was last started.
    unworked: u32,
    head: *const GzHeader,
    /// Whether anything has been asked for since the start.
    begun: bool,
    /// Whether the end has been asked for.
    finishing: bool,
    /// Whether the last block is complete.
    finished: bool,
    /// Whether all that waits for room are bits from [`Deflate::prime`].
    primed: bool,
    /// Level and strategy that the engine does not know of yet.
    wanted: Option<Effort>,
    data_type: i32,
    msg: Option<&'static CStr>,
}

/// zlib.h's Z_HUFFMAN_ONLY.
const HUFFMAN_ONLY: i32 = 2;
/// zlib.h's Z_RLE.
const RLE: i32 = 3;
/// zlib.h's Z_BINARY.
const BINARY: i32 = 0;
/// zlib.h's Z_UNKNOWN.
const UNKNOWN: i32 = 2;

impl Deflate {
    /// A compressor on libc's allocator.
    pub fn new(config: DeflateConfig) -> Result<Deflate, Code> {
        Deflate::with_allocator(config, Allocator::LIBC)
    }

    /// A compressor for `len` bytes in all, given in one call if they are few: its window, which
    /// the engine clears at each start, is no larger than they need. The header still names the
    /// window of `config`.
    pub(super) fn for_input(config: DeflateConfig, len: usize) -> Result<Deflate, Code> {
        let (format, effort, window_bits) = config.checked().ok_or(Code::StreamError)?;
        // Matches reach back the window's size less the longest lookahead (MIN_LOOKAHEAD).
        let needed = len.saturating_add(262).checked_next_power_of_two().map_or(15, usize::ilog2);
        let bits = needed.clamp(9, window_bits);
        let raw = Compressor::for_input(effort, bits, config.mem_level, len)?;
        Ok(Deflate::around(raw, Allocator::LIBC, config, format, effort, window_bits))
    }

    /// A compressor whose memory comes from `allocator`.
    ///
    /// # Errors
    /// [`Code::StreamError`] for parameters out of range, [`Code::MemError`].
    pub fn with_allocator(config: DeflateConfig, allocator: Allocator) -> Result<Deflate, Code> {
        let (format, effort, window_bits) = config.checked().ok_or(Code::StreamError)?;
        let raw = Compressor::new(effort, window_bits, config.mem_level, allocator)?;
        Ok(Deflate::around(raw, allocator, config, format, effort, window_bits))
    }

    fn around(
        raw: Compressor,
        allocator: Allocator,
        config: DeflateConfig,
        format: Format,
        effort: Effort,
        window_bits: u32,
    ) -> Deflate {
        Deflate {
            raw,
            allocator,
            format,
            effort,
            window_bits,
            mem_level: config.mem_level,
            stage: Stage::Start,
            pending: Pending::default(),
            check: initial_check(format == Format::Gzip),
            total_in: 0,
            has_history: false,
            unworked: 0,
            head: core::ptr::null(),
            begun: false,
            finishing: false,
            finished: false,
            primed: false,
            wanted: None,
            data_type: UNKNOWN,
            msg: None,
        }
    }

    /// Whether zlib would take these parameters.
    pub fn accepts(config: DeflateConfig) -> bool {
        config.checked().is_some()
    }

    /// Compresses from `input` to `output`; see zlib.h, `deflate`. At most `u32::MAX` bytes of
    /// either are looked at.
    pub fn deflate(&mut self, input: &[u8], output: &mut [u8], flush: Flush) -> Step {
        let mut io = Io::new(input, output);
        let (avail_in, avail_out) = (io.avail_in, io.avail_out);
        let code = self.run(&mut io, flush);
        io.step_since(avail_in, avail_out, code)
    }

    /// Compresses what `io` holds; see zlib.h, `deflate`.
    pub fn run(&mut self, io: &mut Io<'_>, flush: Flush) -> Code {
        if flush == Flush::Trees {
            return Code::StreamError;
        }
        if io.lacks_a_buffer() || (self.finished && flush != Flush::Finish) {
            return self.fail(Code::StreamError);
        }
        if io.avail_out == 0 {
            return self.fail(Code::BufError);
        }
        self.begun = true;
        if let Stage::Trailer = self.stage {
            let had_pending = self.pending.len() != 0;
            self.pending.flush(io);
            if had_pending && io.avail_out == 0 {
                return Code::Ok;
            }
            return if io.avail_in == 0 { Code::StreamEnd } else { self.fail(Code::BufError) };
        }
        if self.finished {
            // The engine must not be asked again: bits inserted behind the end stop the process.
            return if io.avail_in == 0 { Code::StreamEnd } else { self.fail(Code::BufError) };
        }
        if !self.write_header(io) || io.avail_out == 0 {
            return Code::Ok;
        }
        // Not where there is nothing to do, and zlib says so.
        let changes = self.wanted.is_some() && (io.avail_in != 0 || flush != Flush::None);
        if changes {
            self.apply_wanted(io);
            if io.avail_out == 0 {
                return Code::Ok;
            }
        }
        let code = self.counting(io, flush);
        if flush == Flush::Finish && self.effort.level > 0 && self.data_type == UNKNOWN {
            // The engine does not look at a block of nothing, which zlib takes for binary.
            self.data_type = BINARY;
        }
        if changes && code == Code::BufError {
            // For the engine, this call has followed one that ended a block.
            self.msg = None;
            return Code::Ok;
        }
        self.finished |= code == Code::StreamEnd;
        if flush == Flush::Full && code == Code::Ok && io.avail_out != 0 {
            self.has_history = false;
            self.unworked = 0;
        }
        if code == Code::StreamEnd && self.format != Format::Raw {
            return self.write_trailer(io);
        }
        code
    }

    /// Writes what there is room for; whether the header is complete.
    fn write_header(&mut self, io: &mut Io<'_>) -> bool {
        if let Stage::Start = self.stage {
            self.stage = match self.format {
                Format::Raw => Stage::Body,
                Format::Zlib => {
                    let dictionary = self.has_history.then_some(self.check);
                    self.pending = header::zlib(self.window_bits, self.effort, dictionary);
                    self.check = initial_check(false);
                    Stage::ZlibHeader
                }
                Format::Gzip => {
                    // SAFETY: `set_header`'s contract holds for as long as the stream is used.
                    Stage::GzipHeader(unsafe { GzipWriter::new(self.effort, self.head) })
                }
            };
        }
        let complete = match &mut self.stage {
            Stage::ZlibHeader => self.pending.flush(io),
            // SAFETY: as above.
            Stage::GzipHeader(writer) => unsafe { writer.flush(io, self.head) },
            Stage::Start | Stage::Body | Stage::Trailer => return true,
        };
        if complete {
            self.stage = Stage::Body;
        }
        complete
    }

    fn write_trailer(&mut self, io: &mut Io<'_>) -> Code {
        self.pending = match self.format {
            Format::Gzip => header::gzip_trailer(self.check, self.total_in),
            _ => header::zlib_trailer(self.check),
        };
        self.stage = Stage::Trailer;
        if self.pending.flush(io) { Code::StreamEnd } else { Code::Ok }
    }

    /// Calls the engine and takes the input that it read into account.
    fn counting(&mut self, io: &mut Io<'_>, flush: Flush) -> Code {
        // How much input zlib gathers before it looks at it.
        let waits = match self.effort {
            _ if flush != Flush::None => 0,
            Effort { level: 0, .. } | Effort { strategy: HUFFMAN_ONLY, .. } => 0,
            Effort { strategy: RLE, .. } => 258,
            _ => 261,
        };
        self.primed = false;
        self.finishing |= flush == Flush::Finish;
        let before = io.reader();
        let code = self.raw.deflate(io, flush);
        let read = before.input(before.avail_in - io.avail_in);
        if !read.is_empty() {
            if self.format != Format::Raw {
                self.check = update_check(self.format == Format::Gzip, self.check, read);
            }
            self.total_in = self.total_in.wrapping_add(read.len() as u32);
            self.unworked = self.unworked.saturating_add(read.len() as u32);
        }
        self.has_history |= self.unworked > waits;
        self.data_type = self.raw.data_type();
        self.note_msg();
        code
    }

    fn note_msg(&mut self) {
        if let Some(msg) = self.raw.take_msg() {
            self.msg = Some(msg);
        }
    }

    fn fail(&mut self, code: Code) -> Code {
        self.msg = Some(match code {
            Code::BufError => c"buffer error",
            _ => c"stream error",
        });
        code
    }

    /// Changes level and strategy; what that flushes goes to `output` (zlib.h, `deflateParams`).
    pub fn params(&mut self, level: i32, strategy: i32, output: &mut [u8]) -> Step {
        let mut io = Io::new(&[], output);
        let avail_out = io.avail_out;
        let code = self.set_params(&mut io, level, strategy);
        io.step_since(0, avail_out, code)
    }

    /// Changes level and strategy, after compressing what `io` holds with the old ones (zlib.h,
    /// `deflateParams`).
    pub fn set_params(&mut self, io: &mut Io<'_>, level: i32, strategy: i32) -> Code {
        let Some(level) = checked_level(level).filter(|_| (0..=4).contains(&strategy)) else {
            return Code::StreamError;
        };
        let new = Effort { level, strategy };
        if self.begun && !new.compresses_like(self.effort) {
            // What is there is compressed as before; the header goes out first, too.
            let code = self.run(io, Flush::Block);
            if code == Code::StreamError {
                return code;
            }
            if io.avail_in != 0 || !self.apply(new, &mut io.writer()) {
                return Code::BufError;
            }
        } else if self.finished || !self.apply(new, &mut Io::new(&[], &mut [])) {
            // For the engine this is another way to compress, so it ends a block: later.
            self.wanted = Some(new);
        }
        self.effort = new;
        Code::Ok
    }

    /// Makes the engine compress differently; false if it needs more room to end its block first.
    fn apply(&mut self, effort: Effort, io: &mut Io<'_>) -> bool {
        let code = self.raw.params(io, effort);
        self.raw.take_msg();
        if code == Code::Ok {
            self.wanted = None;
        }
        code == Code::Ok
    }

    /// Makes up for a change of level that had no room; if there still is too little, so it stays.
    fn apply_wanted(&mut self, io: &mut Io<'_>) {
        if let Some(effort) = self.wanted {
            let mut room = io.writer();
            self.apply(effort, &mut room);
            (io.next_out, io.avail_out) = (room.next_out, room.avail_out);
        }
    }

    /// Sets a preset dictionary (zlib.h, `deflateSetDictionary`).
    pub fn set_dictionary(&mut self, dictionary: &[u8]) -> Code {
        // Behind the trailer, zlib no longer remembers that there was a format.
        let raw = self.format == Format::Raw || matches!(self.stage, Stage::Trailer);
        let at_start = matches!(self.stage, Stage::Start);
        if !raw && (self.format == Format::Gzip || !at_start) {
            return Code::StreamError;
        }
        let code = self.raw.set_dictionary(dictionary);
        if code == Code::Ok {
            if !raw {
                self.check = update_check(false, self.check, dictionary);
            }
            self.has_history |= !dictionary.is_empty();
        }
        code
    }

    /// The history's length; its bytes go to `to` unless that is null.
    ///
    /// # Safety
    /// `to` is null or has room for the window (32 KiB at most).
    pub unsafe fn dictionary(&self, to: *mut u8) -> u32 {
        // SAFETY: by this function's own contract.
        unsafe { self.raw.dictionary(to) }
    }

    /// The gzip header to write, or null for the default one.
    ///
    /// # Safety
    /// `head` and what it points to stay valid until the header is written.
    pub unsafe fn set_header(&mut self, head: *const GzHeader) -> Code {
        // Behind the trailer, zlib no longer remembers that there was a format.
        if self.format != Format::Gzip || matches!(self.stage, Stage::Trailer) {
            return Code::StreamError;
        }
        self.head = head;
        Code::Ok
    }

    /// Inserts up to 16 bits into the output (zlib.h, `deflatePrime`). [`Code::BufError`] while
    /// compressed data waits for room, and once the end has been asked for.
    pub fn prime(&mut self, bits: i32, value: i32) -> Code {
        const MOST: u32 = 64;
        if !(0..=16).contains(&bits) {
            return Code::BufError;
        }
        // The engine stops the process where its buffer has no room for them, and where it meets
        // them behind the last block. They are meant for the start (zlib.h): there is room there.
        let waiting = self.raw.pending().0;
        if self.finishing || waiting > MOST || (waiting != 0 && !self.primed) {
            return Code::BufError;
        }
        self.primed = true;
        // It also takes more of the value than it was told to.
        if bits == 0 { Code::Ok } else { self.raw.prime(bits, value & ((1 << bits) - 1)) }
    }

    /// Sets the search's limits (zlib.h, `deflateTune`).
    pub fn tune(&mut self, good: i32, lazy: i32, nice: i32, chain: i32) {
        // zlib takes negative limits, and a chain of none, for the largest; the engine has 16 bits.
        const MOST: i32 = 0xffff;
        let limit = |value: i32| if (0..MOST).contains(&value) { value } else { MOST };
        let chain = if chain == 0 { MOST } else { limit(chain) };
        self.raw.tune(limit(good), limit(lazy), limit(nice), chain);
    }

    /// Bytes and bits that wait for room (zlib.h, `deflatePending`).
    pub fn pending(&mut self) -> (u32, i32) {
        let (bytes, bits) = self.raw.pending();
        let ours = match &self.stage {
            Stage::GzipHeader(writer) => writer.pending(),
            _ => self.pending.len(),
        };
        (bytes + ours, bits)
    }

    /// Bits used in the last byte (zlib.h, `deflateUsed`).
    pub fn used(&mut self) -> i32 {
        self.raw.used()
    }

    /// An upper bound of the compressed size of `len` bytes (zlib.h, `deflateBound`).
    pub fn bound(&self, len: usize) -> usize {
        let wrap = match self.format {
            Format::Raw => 0,
            Format::Zlib => 6 + if self.has_history { 4 } else { 0 },
            // SAFETY: `set_header`'s contract holds for as long as the stream is used.
            Format::Gzip => 18 + unsafe { header::gzip_fields_len(self.head) },
        };
        let hash_bits = self.mem_level as u32 + 7;
        if self.window_bits == 15 && hash_bits == 15 {
            return default_bound(len, wrap);
        }
        let (fixed, stored) = conservative_bounds(len);
        let bound =
            if self.window_bits <= hash_bits && self.effort.level != 0 { fixed } else { stored };
        bound.saturating_add(wrap)
    }

    /// Starts a new stream with the same parameters.
    pub fn reset(&mut self) -> Code {
        self.raw.reset();
        self.has_history = false;
        self.unworked = 0;
        self.restart()
    }

    /// Starts a new stream with the same parameters and the same history.
    pub fn reset_keep(&mut self) -> Code {
        self.raw.reset_keep();
        self.restart()
    }

    fn restart(&mut self) -> Code {
        self.stage = Stage::Start;
        (self.begun, self.finishing, self.finished) = (false, false, false);
        self.primed = false;
        if let Some(effort) = self.wanted {
            self.apply(effort, &mut Io::new(&[], &mut []));
        }
        self.pending.clear();
        self.check = initial_check(self.format == Format::Gzip);
        self.total_in = 0;
        self.data_type = UNKNOWN;
        self.msg = None;
        Code::Ok
    }

    /// A second compressor that goes on from here, with memory from the same allocator.
    pub fn try_clone(&mut self) -> Result<Deflate, Code> {
        let raw = self.raw.try_clone(self.allocator)?;
        Ok(Deflate { raw, ..*self })
    }

    /// From here on memory is had from and given back to `allocator`.
    pub fn set_allocator(&mut self, allocator: Allocator) {
        self.allocator = allocator;
        self.raw.set_allocator(allocator);
    }

    /// Frees everything. [`Code::DataError`] if the stream was begun and not finished.
    pub fn end(&mut self) -> Code {
        let begun = match self.stage {
            // zlib's gzip header with fields does not count as begun until it is complete.
            Stage::GzipHeader(_) => self.head.is_null(),
            Stage::ZlibHeader => true,
            Stage::Start | Stage::Body | Stage::Trailer => false,
        };
        if self.raw.end() || begun { Code::DataError } else { Code::Ok }
    }

    /// The check value that a new stream starts with; for a raw one too, as zlib shows it.
    pub fn check(&self) -> u32 {
        self.check
    }

    /// The check value of the input so far, adler32 or crc32. None for a raw stream: zlib leaves
    /// its `adler` to the caller, who may keep a value of his own there (gzappend.c does).
    pub fn running_check(&self) -> Option<u32> {
        (self.format != Format::Raw).then_some(self.check)
    }

    /// zlib.h's `data_type`: what the data is believed to be.
    pub fn data_type(&self) -> i32 {
        self.data_type
    }

    /// How many bytes of history the compressor keeps.
    pub fn window_size(&self) -> u32 {
        1 << self.window_bits
    }

    /// Takes the text of an error of the last call.
    pub fn take_msg(&mut self) -> Option<&'static CStr> {
        self.msg.take()
    }
}

/// zlib's bound for its default parameters: about 0.03 % and a constant.
fn default_bound(len: usize, wrap: usize) -> usize {
    len.checked_add((len >> 12) + (len >> 14) + (len >> 25))
        .and_then(|bound| bound.checked_add(13 - 6 + wrap))
        .unwrap_or(usize::MAX)
}

/// zlib's bounds for other parameters: fixed codes of nine bits, and stored blocks of 127 bytes.
fn conservative_bounds(len: usize) -> (usize, usize) {
    let sum = |parts: usize| len.saturating_add(parts);
    (sum((len >> 3) + (len >> 8) + (len >> 9) + 4), sum((len >> 5) + (len >> 7) + (len >> 11) + 7))
}

/// zlib.h's `deflateBound` without a usable stream.
pub fn bound_without_stream(len: usize) -> usize {
    let (fixed, stored) = conservative_bounds(len);
    fixed.max(stored).saturating_add(18)
}

/// zlib.h's `compressBound`.
pub fn compress_bound(len: usize) -> usize {
    default_bound(len, 6)
}
