//! zlib-rs's streams for gz files, through its C interface: the optional engine.

use core::ffi::{CStr, c_int};
use core::mem::size_of;
use core::ptr;

use libz_rs_sys as zlib;

use crate::codes::{Code, DEFLATED, Flush};
use crate::io::{Room, Step};

/// zlib-rs takes any version whose first digit is its own.
const VERSION: &CStr = c"1.3.2";
const SIZE: c_int = size_of::<zlib::z_stream>() as c_int;

/// The parameters of a compressor (zlib.h, `deflateInit2`).
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// 0 to 9, or -1 for the default.
    pub level: i32,
    /// The size of the window, and the format.
    pub window_bits: i32,
    /// 1 to 9.
    pub mem_level: i32,
    /// A strategy.
    pub strategy: i32,
}

/// A stream at an address of its own: its state points back to it.
struct Stream(Box<zlib::z_stream>);

impl Stream {
    fn new() -> Stream {
        Stream(Box::new(zlib::z_stream {
            next_in: ptr::null_mut(),
            avail_in: 0,
            total_in: 0,
            next_out: ptr::null_mut(),
            avail_out: 0,
            total_out: 0,
            msg: ptr::null_mut(),
            state: ptr::null_mut(),
            zalloc: None,
            zfree: None,
            opaque: ptr::null_mut(),
            data_type: 0,
            adler: 0,
            reserved: 0,
        }))
    }

    fn raw(&mut self) -> *mut zlib::z_stream {
        &raw mut *self.0
    }

    /// Makes `call` with these buffers, of which at most `u32::MAX` bytes are looked at.
    fn step(
        &mut self,
        input: &[u8],
        output: Room<'_>,
        call: impl FnOnce(*mut zlib::z_stream) -> c_int,
    ) -> Step {
        let avail_in = u32::try_from(input.len()).unwrap_or(u32::MAX);
        let avail_out = u32::try_from(output.len()).unwrap_or(u32::MAX);
        (self.0.next_in, self.0.avail_in) = (input.as_ptr().cast_mut(), avail_in);
        (self.0.next_out, self.0.avail_out) = (output.start(), avail_out);
        let code = code(call(self.raw()));
        let step = Step {
            code,
            consumed: (avail_in - self.0.avail_in) as usize,
            produced: (avail_out - self.0.avail_out) as usize,
        };
        // The buffers are the caller's again.
        (self.0.next_in, self.0.avail_in) = (ptr::null_mut(), 0);
        (self.0.next_out, self.0.avail_out) = (ptr::null_mut(), 0);
        step
    }
}

fn code(value: c_int) -> Code {
    match value {
        0 => Code::Ok,
        1 => Code::StreamEnd,
        2 => Code::NeedDict,
        -3 => Code::DataError,
        -4 => Code::MemError,
        -5 => Code::BufError,
        _ => Code::StreamError,
    }
}

/// A compressor.
pub struct Deflate(Stream);

impl Deflate {
    /// # Errors
    /// [`Code::StreamError`] for parameters out of range, [`Code::MemError`].
    pub fn new(config: Config) -> Result<Deflate, Code> {
        let mut stream = Stream::new();
        let Config { level, window_bits, mem_level, strategy } = config;
        // SAFETY: the stream is all zero, and stays where it is.
        let value = unsafe {
            let (strm, version) = (stream.raw(), VERSION.as_ptr());
            zlib::deflateInit2_(
                strm,
                level,
                DEFLATED.into(),
                window_bits,
                mem_level,
                strategy,
                version,
                SIZE,
            )
        };
        match code(value) {
            Code::Ok => Ok(Deflate(stream)),
            code => Err(code),
        }
    }

    /// Compresses from `input` to `output` (zlib.h, `deflate`).
    pub fn deflate(&mut self, input: &[u8], output: &mut [u8], flush: Flush) -> Step {
        // SAFETY: a live deflate stream, whose buffers are `input` and `output`.
        self.0.step(input, Room::new(output), |strm| unsafe { zlib::deflate(strm, flush as c_int) })
    }

    /// Changes level and strategy; what that flushes goes to `output` (zlib.h, `deflateParams`).
    pub fn params(&mut self, level: i32, strategy: i32, output: &mut [u8]) -> Step {
        // SAFETY: a live deflate stream, without input, whose output is `output`.
        self.0.step(&[], Room::new(output), |strm| unsafe {
            zlib::deflateParams(strm, level, strategy)
        })
    }

    /// Starts a new stream with the same parameters.
    pub fn reset(&mut self) {
        // SAFETY: a live deflate stream.
        unsafe { zlib::deflateReset(self.0.raw()) };
    }
}

impl Drop for Deflate {
    fn drop(&mut self) {
        // SAFETY: a live deflate stream, for the last time.
        unsafe { zlib::deflateEnd(self.0.raw()) };
    }
}

/// A decompressor.
pub struct Inflate(Stream);

impl Inflate {
    /// `window_bits` as in zlib.h, `inflateInit2`.
    ///
    /// # Errors
    /// [`Code::StreamError`] for window bits that zlib-rs refuses, [`Code::MemError`].
    pub fn new(window_bits: i32) -> Result<Inflate, Code> {
        let mut stream = Stream::new();
        // SAFETY: the stream is all zero, and stays where it is.
        let value =
            unsafe { zlib::inflateInit2_(stream.raw(), window_bits, VERSION.as_ptr(), SIZE) };
        match code(value) {
            Code::Ok => Ok(Inflate(stream)),
            code => Err(code),
        }
    }

    /// Decompresses from `input` to `output` (zlib.h, `inflate`).
    pub fn inflate(&mut self, input: &[u8], output: Room<'_>, flush: Flush) -> Step {
        // SAFETY: a live inflate stream, whose buffers are `input` and `output`.
        self.0.step(input, output, |strm| unsafe { zlib::inflate(strm, flush as c_int) })
    }

    /// Starts a new stream in the same format.
    pub fn reset(&mut self) {
        // SAFETY: a live inflate stream.
        unsafe { zlib::inflateReset(self.0.raw()) };
    }

    /// The last error's text, if it has one.
    pub fn msg(&self) -> Option<&'static CStr> {
        let msg = self.0.0.msg;
        // SAFETY: zlib-rs's texts are constants.
        (!msg.is_null()).then(|| unsafe { CStr::from_ptr(msg) })
    }
}

impl Drop for Inflate {
    fn drop(&mut self) {
        // SAFETY: a live inflate stream, for the last time.
        unsafe { zlib::inflateEnd(self.0.raw()) };
    }
}
