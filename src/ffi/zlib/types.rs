//! zlib.h's types, under zlib.h's names.
#![allow(non_camel_case_types)]

use core::ffi::{c_int, c_long, c_uchar, c_uint, c_ulong, c_void};
use core::marker::PhantomData;
use core::ptr::NonNull;

use crate::alloc::Own;
use crate::format::GzHeader;
use crate::gz::GzFile;

/// 8 bits.
pub type Byte = c_uchar;
/// A byte of a buffer.
pub type Bytef = Byte;
/// 16 bits or more.
pub type uInt = c_uint;
/// 32 bits or more.
pub type uLong = c_ulong;
/// A length that a function changes.
pub type uLongf = uLong;
/// Any address.
pub type voidp = *mut c_void;
/// Any address.
pub type voidpf = *mut c_void;
/// Any address that is only read from.
pub type voidpc = *const c_void;
/// A size in memory.
pub type z_size_t = usize;
/// A position in a file.
pub type z_off_t = c_long;
/// A position in a file, in 64 bits.
pub type z_off64_t = i64;
/// A 32-bit check value.
pub type z_crc_t = c_uint;
// The next four are options of the engine's AllocFn, FreeFn, InFn and OutFn, written out because
// cbindgen, which makes zlib.h from here, does not see an Option's niche through an alias.
/// Allocates memory.
pub type alloc_func =
    Option<unsafe extern "C" fn(opaque: voidpf, items: uInt, size: uInt) -> voidpf>;
/// Frees memory.
pub type free_func = Option<unsafe extern "C" fn(opaque: voidpf, address: voidpf)>;
/// Gives `inflateBack` input: sets `next`, returns the length.
pub type in_func =
    Option<unsafe extern "C" fn(in_desc: *mut c_void, next: *mut *const c_uchar) -> c_uint>;
/// Takes output from `inflateBack`: 0 if it could.
pub type out_func =
    Option<unsafe extern "C" fn(out_desc: *mut c_void, data: *mut c_uchar, len: c_uint) -> c_int>;
/// What a gzip header holds.
pub type gz_header = GzHeader;
/// A gzip header.
pub type gz_headerp = *mut gz_header;

/// A gzip file, as C passes it: NULL, or a file that was opened here and not closed since, which
/// only this call uses. Only C makes one, and what opens files.
#[derive(Debug)]
#[repr(transparent)]
pub struct gzFile<'call>(*mut GzFile, PhantomData<&'call mut GzFile>);

impl<'call> gzFile<'call> {
    /// No file.
    pub(super) const NULL: gzFile<'static> = gzFile(core::ptr::null_mut(), PhantomData);

    /// Gives `file` to C, if there is one.
    pub(super) fn open(file: Option<Own<GzFile>>) -> gzFile<'call> {
        file.map_or(gzFile::NULL, |file| gzFile(file.into_raw(), PhantomData))
    }

    /// The file.
    pub(super) fn get(self) -> Option<&'call mut GzFile> {
        // SAFETY: NULL, or an open file that only this call uses, as the type says.
        unsafe { self.0.as_mut() }
    }

    /// The file, which C gives up, if it is one that `fits`.
    pub(super) fn take(self, fits: impl FnOnce(&GzFile) -> bool) -> Option<Own<GzFile>> {
        let address = NonNull::new(self.0)?;
        // SAFETY: an open file that only this call uses, as the type says.
        if !fits(unsafe { address.as_ref() }) {
            return None;
        }
        // SAFETY: `open` has given it to C, and C does not use it again.
        Some(unsafe { Own::from_raw(address) })
    }

    /// What a test's C passes.
    ///
    /// # Safety
    /// As the type says.
    #[cfg(test)]
    pub(super) unsafe fn from_c(file: *mut GzFile) -> gzFile<'call> {
        gzFile(file, PhantomData)
    }

    /// What a test's C is given.
    #[cfg(test)]
    pub(super) fn into_c(self) -> *mut GzFile {
        self.0
    }
}

/// What a stream's `state` points to: the engine's own, of which C sees nothing.
#[derive(Debug)]
pub enum State {}

/// zlib.h's name for it.
pub type internal_state = State;

/// zlib.h's `z_stream`.
#[derive(Debug)]
#[repr(C)]
pub struct z_stream_s {
    /// Where the input goes on.
    pub next_in: *const Bytef,
    /// Bytes of input there.
    pub avail_in: uInt,
    /// Bytes of input taken since Init or Reset.
    pub total_in: uLong,
    /// Where the output goes on.
    pub next_out: *mut Bytef,
    /// Bytes of room there.
    pub avail_out: uInt,
    /// Bytes of output written since Init or Reset.
    pub total_out: uLong,
    /// What was wrong, after an error; else NULL.
    pub msg: *const core::ffi::c_char,
    /// The library's own; NULL when there is no stream.
    pub state: *mut internal_state,
    /// Gives the stream's memory.
    pub zalloc: alloc_func,
    /// Takes it back.
    pub zfree: free_func,
    /// The first argument of both.
    pub opaque: voidpf,
    /// deflate: `Z_BINARY`, `Z_TEXT` or `Z_UNKNOWN`. inflate: where it stopped.
    pub data_type: c_int,
    /// The check value of the uncompressed data so far: Adler-32, or CRC-32 for gzip.
    pub adler: uLong,
    /// Unused.
    pub reserved: uLong,
}

/// zlib.h's `z_stream`.
pub type z_stream = z_stream_s;
/// A stream, as C passes it: NULL, or a `z_stream` that only this call uses. Its `state` is NULL or
/// what an Init or Copy function here has put there, `zalloc` and `zfree` may be called, and there are
/// as many bytes at `next_in` and `next_out` as it says. Only C makes one.
#[derive(Debug, PartialEq)]
#[repr(transparent)]
pub struct z_streamp<'call>(*mut z_stream, PhantomData<&'call mut z_stream>);

impl<'call> z_streamp<'call> {
    /// Where the stream is, unless it is NULL.
    #[cfg(not(feature = "engine-zlib-rs"))]
    pub(super) fn address(self) -> Option<NonNull<z_stream>> {
        NonNull::new(self.0)
    }

    /// What a test's C passes.
    ///
    /// # Safety
    /// As the type says.
    #[cfg(test)]
    pub(super) unsafe fn from_c(strm: *mut z_stream) -> z_streamp<'call> {
        z_streamp(strm, PhantomData)
    }
}

/// zlib.h's return codes.
pub mod code {
    #![allow(missing_docs)]
    use core::ffi::c_int;

    pub const Z_OK: c_int = 0;
    pub const Z_STREAM_ERROR: c_int = -2;
    pub const Z_DATA_ERROR: c_int = -3;
    pub const Z_MEM_ERROR: c_int = -4;
    pub const Z_BUF_ERROR: c_int = -5;
    pub const Z_VERSION_ERROR: c_int = -6;
}
