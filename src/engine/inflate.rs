//! Decompression.

use core::ffi::CStr;

use super::{Code, Flush, Step};

/// A decompressor.
pub struct Inflate {}

impl Inflate {
    /// A decompressor on libc's allocator; `window_bits` as in zlib.h, `inflateInit2`.
    pub fn new(_window_bits: i32) -> Result<Inflate, Code> {
        unimplemented!()
    }

    /// Decompresses from `input` to `output`; see zlib.h, `inflate`. At most `u32::MAX` bytes of
    /// either are looked at.
    pub fn inflate(&mut self, _input: &[u8], _output: &mut [u8], _flush: Flush) -> Step {
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
