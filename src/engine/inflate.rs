//! Decompression of a raw, zlib or gzip stream.

use core::ffi::{CStr, c_long};

use super::inflate_body::{BLOCK_BEGINS, Body, LAST_BLOCK};
use super::inflate_header::{HeaderReader, Outcome, WRAP_CHECK, WRAP_GZIP};
use super::{Allocator, Code, Flush, Io, Step};
use crate::checksum::{adler32, crc32};
use crate::format::GzHeader;

/// What `inflateInit2`'s window bits say (zlib.h).
#[derive(Clone, Copy, Debug)]
pub struct InflateConfig {
    wrap: u8,
    /// 8..=15, or 0 to take what the zlib header says.
    wbits: u32,
}

impl InflateConfig {
    /// `window_bits` as zlib.h has them, or `None` where zlib refuses them.
    pub fn new(window_bits: i32) -> Option<InflateConfig> {
        let (wrap, bits) = match window_bits {
            -15..=-1 => (0, -window_bits),
            0..=47 => ((window_bits >> 4) as u8 + 5, window_bits & 15),
            _ => return None,
        };
        (bits == 0 || (8..=15).contains(&bits))
            .then_some(InflateConfig { wrap, wbits: bits as u32 })
    }

    /// The engine's window: the largest until the header is known.
    fn engine_bits(self) -> u32 {
        if self.wbits == 0 { 15 } else { self.wbits }
    }
}

/// How far a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// In the header, or before it.
    Header,
    /// The header asks for a dictionary that has not come yet.
    Dictionary,
    /// The header is read, no block begun.
    FirstBlock,
    /// The engine is at work.
    Body,
    /// The check value comes next.
    Check,
    /// The length comes next.
    Length,
    /// All is read.
    Done,
    /// The header or the trailer was corrupt.
    Bad,
    /// The data between them was.
    BadData,
}

/// A decompressor.
pub struct Inflate {
    body: Body,
    allocator: Allocator,
    wrap: u8,
    /// As in [`InflateConfig`], then the header's.
    wbits: u32,
    /// The window that the engine has.
    engine_bits: u32,
    stage: Stage,
    header: HeaderReader,
    has_dictionary: bool,
    /// The check value of the output so far, or the dictionary's id.
    check: u32,
    /// What a `z_stream`'s `adler` shows: `check`, where zlib publishes it.
    adler: u32,
    /// Output so far, modulo 2³² as gzip's trailer has it.
    total: u32,
    /// Whether the check value has been read.
    past_data: bool,
    /// What `data_type` says of the last block, outside of the data.
    last_block: i32,
    data_type: i32,
    msg: Option<&'static CStr>,
}

impl Inflate {
    /// A decompressor on libc's allocator; `window_bits` as in zlib.h, `inflateInit2`.
    pub fn new(window_bits: i32) -> Result<Inflate, Code> {
        let config = InflateConfig::new(window_bits).ok_or(Code::StreamError)?;
        Inflate::with_allocator(config, Allocator::LIBC)
    }

    /// A decompressor whose memory comes from `allocator`.
    ///
    /// # Errors
    /// [`Code::MemError`].
    pub fn with_allocator(config: InflateConfig, allocator: Allocator) -> Result<Inflate, Code> {
        Ok(Inflate {
            body: Body::new(config.engine_bits(), allocator)?,
            allocator,
            wrap: config.wrap,
            wbits: config.wbits,
            engine_bits: config.engine_bits(),
            stage: Stage::Header,
            header: HeaderReader::new(),
            has_dictionary: false,
            check: 0,
            adler: u32::from(config.wrap & 1),
            total: 0,
            past_data: false,
            last_block: 0,
            data_type: 0,
            msg: None,
        })
    }

    /// Decompresses from `input` to `output`; see zlib.h, `inflate`. At most `u32::MAX` bytes of
    /// either are looked at.
    pub fn inflate(&mut self, input: &[u8], output: &mut [u8], flush: Flush) -> Step {
        let mut io = Io::new(input, output);
        let (avail_in, avail_out) = (io.avail_in, io.avail_out);
        let code = self.run(&mut io, flush);
        io.step_since(avail_in, avail_out, code)
    }

    /// Decompresses what `io` holds; see zlib.h, `inflate`.
    pub fn run(&mut self, io: &mut Io<'_>, flush: Flush) -> Code {
        if io.lacks_a_buffer() {
            return Code::StreamError;
        }
        if self.stage == Stage::FirstBlock {
            // The caller was told that a block begins, and goes on.
            self.stage = Stage::Body;
        }
        let (avail_in, avail_out) = (io.avail_in, io.avail_out);
        let code = self.advance(io, flush);
        if io.avail_out != avail_out {
            self.note_history(avail_out - io.avail_out, flush);
        }
        if matches!(code, Code::NeedDict | Code::MemError | Code::StreamError) {
            return code;
        }
        self.data_type = self.current_data_type();
        let idle = avail_in == io.avail_in && avail_out == io.avail_out;
        if code == Code::Ok && (idle || flush == Flush::Finish) { Code::BufError } else { code }
    }

    /// Keeps `written` bytes of output as history where zlib does.
    fn note_history(&mut self, written: u32, flush: Flush) {
        match self.stage {
            // The trailer was read in the same call.
            _ if self.past_data && self.wrap != 0 => self.body.hide_output(written),
            Stage::Bad | Stage::BadData => {}
            Stage::Body => self.body.keep_output(),
            _ if flush != Flush::Finish => self.body.keep_output(),
            _ => {}
        }
    }

    fn advance(&mut self, io: &mut Io<'_>, flush: Flush) -> Code {
        loop {
            match self.stage {
                Stage::Header => match self.read_header(io) {
                    Some(code) => return code,
                    None => continue,
                },
                Stage::Dictionary => {
                    if !self.has_dictionary {
                        return Code::NeedDict;
                    }
                    self.begin_data();
                }
                Stage::FirstBlock => {
                    // zlib is still in front of the block if there is nothing to go on with, such
                    // as the three bits of a block's header from `inflatePrime`.
                    let nothing = io.avail_in == 0 && self.body.bits() < 3;
                    if nothing || matches!(flush, Flush::Block | Flush::Trees) {
                        return Code::Ok;
                    }
                    self.stage = Stage::Body;
                }
                Stage::Body => {
                    let code = self.run_engine(io, flush);
                    if self.stage == Stage::Body {
                        return code;
                    }
                }
                Stage::Check => {
                    if self.wrap != 0 {
                        if !self.header.fill(io, 32) {
                            return Code::Ok;
                        }
                        self.past_data = true;
                        let value = self.header.peek();
                        let check = match self.is_gzip() {
                            true => value,
                            false => (value as u32).swap_bytes().into(),
                        };
                        if self.verifies() && check != self.check.into() {
                            self.fail(c"incorrect data check");
                            continue;
                        }
                        self.header.take();
                    }
                    self.stage = Stage::Length;
                }
                Stage::Length => {
                    if self.wrap != 0 && self.is_gzip() {
                        if !self.header.fill(io, 32) {
                            return Code::Ok;
                        }
                        if self.verifies() && self.header.peek() != self.total.into() {
                            self.fail(c"incorrect length check");
                            continue;
                        }
                        self.header.take();
                    }
                    self.stage = Stage::Done;
                }
                Stage::Done => return Code::StreamEnd,
                Stage::Bad | Stage::BadData => return Code::DataError,
            }
        }
    }

    /// Reads on in the header; a code if the call ends there.
    fn read_header(&mut self, io: &mut Io<'_>) -> Option<Code> {
        if self.wrap == 0 {
            self.stage = Stage::Body;
            return None;
        }
        match self.header.read(io, self.wrap, &mut self.wbits) {
            Outcome::NeedInput => {
                if self.header.flags == 0 {
                    // The zlib header is read, and a dictionary's id comes next.
                    self.check = initial_check(false);
                    self.adler = self.check;
                }
                return Some(Code::Ok);
            }
            Outcome::Complete => self.begin_data(),
            Outcome::Dictionary(id) => {
                (self.check, self.adler) = (id, id);
                self.set_window();
                self.stage = Stage::Dictionary;
            }
            Outcome::Bad(msg) => self.fail(msg),
        }
        None
    }

    fn begin_data(&mut self) {
        self.check = initial_check(self.is_gzip());
        self.adler = self.check;
        self.set_window();
        // What `inflatePrime` has inserted behind the header's last number.
        while self.header.bits() > 0 {
            let bits = self.header.bits().min(16);
            self.body.prime(bits as i32, self.header.peek() as i32);
            self.header.skip_bits(bits);
        }
        self.stage = Stage::FirstBlock;
    }

    /// Gives the engine the window that the header has told; that forgets the history.
    fn set_window(&mut self) {
        if self.engine_bits != self.wbits {
            self.engine_bits = self.wbits;
            self.body.reset(self.wbits);
        }
    }

    fn run_engine(&mut self, io: &mut Io<'_>, flush: Flush) -> Code {
        let start = io.next_out;
        let (code, msg) = self.body.run(io, flush);
        let written = io.written_since(start);
        self.total = self.total.wrapping_add(written.len() as u32);
        if self.verifies() && !written.is_empty() {
            self.check = update_check(self.is_gzip(), self.check, written);
            self.adler = self.check;
        }
        match code {
            Code::StreamEnd => {
                self.stage = Stage::Check;
                self.last_block = LAST_BLOCK;
                let (bytes, bits) = self.body.whole_bytes();
                self.header.leave(bytes, bits);
            }
            Code::DataError => {
                self.stage = Stage::BadData;
                self.msg = msg;
            }
            // Whether anything moved is for the whole call to say.
            Code::BufError => return Code::Ok,
            _ => {}
        }
        code
    }

    fn fail(&mut self, msg: &'static CStr) {
        self.msg = Some(msg);
        self.stage = Stage::Bad;
    }

    fn is_gzip(&self) -> bool {
        self.header.flags > 0
    }

    fn verifies(&self) -> bool {
        self.wrap & WRAP_CHECK != 0
    }

    fn current_data_type(&self) -> i32 {
        match self.stage {
            Stage::Body | Stage::BadData => self.body.data_type(),
            Stage::FirstBlock => BLOCK_BEGINS | self.body.bits() as i32,
            _ => self.header.bits() as i32 + self.last_block,
        }
    }

    /// Whether the bit buffer is the header's, and not the engine's.
    fn holds_bits(&self) -> bool {
        match self.stage {
            Stage::Header => self.wrap != 0,
            Stage::Dictionary | Stage::FirstBlock | Stage::Body | Stage::BadData => false,
            Stage::Check | Stage::Length | Stage::Done | Stage::Bad => true,
        }
    }

    /// Whether decompression is in the data proper, where the engine knows the state.
    fn in_body(&self) -> bool {
        !matches!(self.stage, Stage::Header | Stage::Dictionary | Stage::FirstBlock)
            || self.wrap == 0
    }

    /// Whether the header asks for a dictionary that has not come yet.
    pub fn wants_dictionary(&self) -> bool {
        self.stage == Stage::Dictionary
    }

    /// Gives the dictionary that the header asks for, or, in a raw stream, any history (zlib.h,
    /// `inflateSetDictionary`).
    pub fn set_dictionary(&mut self, dictionary: &[u8]) -> Code {
        if self.stage == Stage::Dictionary {
            if update_check(false, initial_check(false), dictionary) != self.check {
                return Code::DataError;
            }
            self.set_window();
        } else if self.wrap != 0 {
            return Code::StreamError;
        }
        let code = self.body.set_dictionary(dictionary);
        self.has_dictionary |= code == Code::Ok;
        code
    }

    /// The history's length; its bytes go to `to` unless that is null.
    ///
    /// # Safety
    /// `to` is null or has room for the window (32 KiB at most).
    pub unsafe fn dictionary(&self, to: *mut u8) -> u32 {
        // SAFETY: by this function's own contract.
        unsafe { self.body.dictionary(to) }
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
        // SAFETY: by this function's own contract.
        if let Some(head) = unsafe { head.as_mut() } {
            head.done = 0;
        }
        Code::Ok
    }

    /// Inserts bits in front of the input (zlib.h, `inflatePrime`).
    pub fn prime(&mut self, bits: i32, value: i32) -> Code {
        if bits == 0 {
            return Code::Ok;
        }
        if self.holds_bits() {
            return if self.header.prime(bits, value) { Code::Ok } else { Code::StreamError };
        }
        self.body.prime(bits, value)
    }

    /// Skips input to a full flush point (zlib.h, `inflateSync`).
    pub fn sync(&mut self, io: &mut Io<'_>) -> Code {
        if self.holds_bits() {
            // What waits in the bit buffer is searched too, from the next whole byte on.
            if io.avail_in == 0 && self.header.bits() < 8 {
                return Code::BufError;
            }
            self.body.prime(-1, 0);
            for byte in self.header.take_bytes() {
                self.body.prime(8, byte.into());
            }
        }
        let code = self.body.sync(io);
        if code == Code::BufError {
            return code;
        }
        if self.stage == Stage::Header && self.is_gzip() {
            // zlib has one place for both: a later `inflateValidate` goes on from the header's.
            self.check = self.header.crc();
        }
        self.stage = Stage::Body;
        if code != Code::Ok {
            return code;
        }
        let flags = self.header.flags;
        self.wrap = if flags == -1 { 0 } else { self.wrap & !WRAP_CHECK };
        self.clear();
        self.header.flags = flags;
        self.stage = Stage::Body;
        code
    }

    /// Whether the next thing to read is the length of an empty stored block.
    pub fn sync_point(&mut self) -> bool {
        self.in_body() && self.body.sync_point()
    }

    /// Where in the input the output comes from (zlib.h, `inflateMark`).
    pub fn mark(&self) -> c_long {
        match self.stage {
            Stage::Body | Stage::BadData => self.body.mark(),
            _ => -(1 << 16),
        }
    }

    /// How much of the table space is in use.
    pub fn codes_used(&mut self) -> usize {
        if self.in_body() { self.body.codes_used() } else { 0 }
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
    pub fn reset(&mut self) -> Code {
        self.engine_bits = if self.wbits == 0 { 15 } else { self.wbits };
        self.body.reset(self.engine_bits);
        self.clear();
        Code::Ok
    }

    /// Starts a new stream in another format.
    pub fn reset_to(&mut self, config: InflateConfig) -> Code {
        self.wrap = config.wrap;
        self.wbits = config.wbits;
        self.reset()
    }

    /// Starts a new stream in the same format, with the same history.
    pub fn reset_keep(&mut self) -> Code {
        self.body.reset_keep();
        self.clear();
        Code::Ok
    }

    fn clear(&mut self) {
        self.stage = Stage::Header;
        self.header = HeaderReader::new();
        self.has_dictionary = false;
        self.adler = u32::from(self.wrap & 1);
        self.total = 0;
        self.past_data = false;
        self.last_block = 0;
        self.data_type = 0;
        self.msg = None;
    }

    /// A second decompressor that goes on from here, with memory from the same allocator.
    pub fn try_clone(&mut self) -> Result<Inflate, Code> {
        let body = self.body.try_clone(self.allocator)?;
        Ok(Inflate { body, ..*self })
    }

    /// From here on memory is had from and given back to `allocator`.
    pub fn set_allocator(&mut self, allocator: Allocator) {
        self.allocator = allocator;
        self.body.set_allocator(allocator);
    }

    /// What a `z_stream`'s `adler` shows, or `None` in a raw stream, where zlib leaves it alone.
    pub fn adler(&self) -> Option<u32> {
        (self.wrap != 0).then_some(self.adler)
    }

    /// zlib.h's `data_type` after `inflate`.
    pub fn data_type(&self) -> i32 {
        self.data_type
    }

    /// The last error's text, if it has one.
    pub fn msg(&self) -> Option<&'static CStr> {
        self.msg
    }
}

/// The check value of no data.
fn initial_check(gzip: bool) -> u32 {
    if gzip { 0 } else { 1 }
}

/// Continues a check value over `data`.
fn update_check(gzip: bool, check: u32, data: &[u8]) -> u32 {
    if gzip { crc32(check, data) } else { adler32(check, data) }
}
