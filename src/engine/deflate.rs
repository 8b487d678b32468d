//! Compression.

use core::ffi::CStr;

use super::{Code, Flush, Step};

/// What a compressor is made with (zlib.h, `deflateInit2`).
#[derive(Clone, Copy, Debug)]
pub struct DeflateConfig {
    /// -1 (default) or 0 to 9.
    pub level: i32,
    /// 8..=15 zlib, -15..=-8 raw, 24..=31 gzip.
    pub window_bits: i32,
    /// 1..=9.
    pub mem_level: i32,
    /// 0..=4.
    pub strategy: i32,
}

/// A compressor.
pub struct Deflate {}

impl Deflate {
    /// A compressor on libc's allocator.
    pub fn new(_config: DeflateConfig) -> Result<Deflate, Code> {
        unimplemented!()
    }

    /// Compresses from `input` to `output`; see zlib.h, `deflate`. At most `u32::MAX` bytes of
    /// either are looked at.
    pub fn deflate(&mut self, _input: &[u8], _output: &mut [u8], _flush: Flush) -> Step {
        unimplemented!()
    }

    /// Changes level and strategy; what that flushes goes to `output` (zlib.h, `deflateParams`).
    pub fn params(&mut self, _level: i32, _strategy: i32, _output: &mut [u8]) -> Step {
        unimplemented!()
    }

    /// Starts a new stream with the same parameters.
    pub fn reset(&mut self) -> Code {
        unimplemented!()
    }

    /// The last error's text, if it has one.
    pub fn msg(&self) -> Option<&'static CStr> {
        unimplemented!()
    }
}
