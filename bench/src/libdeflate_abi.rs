//! libdeflate.h's functions in a loaded library.

use std::ffi::{c_int, c_void};

use drive::Object;

/// What is around the deflate data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Nothing.
    Raw,
    /// zlib's header and Adler-32.
    Zlib,
}

/// A compressor or decompressor of libdeflate's.
pub type Codec = *mut c_void;
type Make = unsafe extern "C" fn(c_int) -> Codec;
type MakePlain = unsafe extern "C" fn() -> Codec;
type Squeeze = unsafe extern "C" fn(Codec, *const u8, usize, *mut u8, usize) -> usize;
type Expand = unsafe extern "C" fn(Codec, *const u8, usize, *mut u8, usize, *mut usize) -> c_int;

/// The functions of libdeflate.h that are measured.
pub struct Libdeflate {
    alloc_compressor: Make,
    compress: [Squeeze; 2],
    decompressor: Codec,
    decompress: [Expand; 2],
}

impl Libdeflate {
    /// Finds the functions and makes a decompressor, which is kept: that is how it is used.
    pub fn of(object: &Object) -> Result<Libdeflate, String> {
        // SAFETY: the types are those of libdeflate.h.
        unsafe {
            let make: MakePlain = object.function("libdeflate_alloc_decompressor")?;
            Ok(Libdeflate {
                alloc_compressor: object.function("libdeflate_alloc_compressor")?,
                compress: [
                    object.function("libdeflate_deflate_compress")?,
                    object.function("libdeflate_zlib_compress")?,
                ],
                decompressor: make(),
                decompress: [
                    object.function("libdeflate_deflate_decompress")?,
                    object.function("libdeflate_zlib_decompress")?,
                ],
            })
        }
    }

    /// A compressor of a level; it is never freed.
    pub fn compressor(&self, level: i32) -> Codec {
        // SAFETY: takes any level, and answers null to a wrong one.
        unsafe { (self.alloc_compressor)(level) }
    }

    /// Compresses `data` into `out`; the bytes written, 0 if they did not fit.
    pub fn compress(
        &self,
        format: Format,
        compressor: Codec,
        data: &[u8],
        out: &mut [u8],
    ) -> usize {
        // SAFETY: the compressor is live, both buffers are as long as said, and apart.
        unsafe {
            let (from, to) = (data.as_ptr(), out.as_mut_ptr());
            (self.compress[format as usize])(compressor, from, data.len(), to, out.len())
        }
    }

    /// Decompresses `data` into `out`; the bytes written.
    pub fn uncompress(&self, format: Format, data: &[u8], out: &mut [u8]) -> Result<usize, c_int> {
        let mut size = 0;
        // SAFETY: the decompressor is live, both buffers are as long as said, and apart.
        let code = unsafe {
            let (from, to) = (data.as_ptr(), out.as_mut_ptr());
            let decompress = self.decompress[format as usize];
            decompress(self.decompressor, from, data.len(), to, out.len(), &raw mut size)
        };
        if code == 0 { Ok(size) } else { Err(code) }
    }
}
