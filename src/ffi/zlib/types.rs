//! zlib.h's types, under zlib.h's names.
#![allow(non_camel_case_types)]

use core::ffi::{c_int, c_long, c_uchar, c_uint, c_ulong, c_void};

use super::stream::State;
use crate::engine::{AllocFn, FreeFn, GzHeader};

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
/// Allocates memory: (opaque, items, size).
pub type alloc_func = Option<AllocFn>;
/// Frees memory: (opaque, address).
pub type free_func = Option<FreeFn>;
/// Gives `inflateBack` input.
pub type in_func = Option<crate::engine::InFn>;
/// Takes output from `inflateBack`.
pub type out_func = Option<crate::engine::OutFn>;
/// What a gzip header holds.
pub type gz_header = GzHeader;
/// A gzip header.
pub type gz_headerp = *mut gz_header;

/// What a stream's `state` points to; not for callers to look into.
pub type internal_state = State;

/// zlib.h's `z_stream`.
#[derive(Debug)]
#[repr(C)]
pub struct z_stream_s {
    /// Next input byte.
    pub next_in: *const Bytef,
    /// Number of bytes available at `next_in`.
    pub avail_in: uInt,
    /// Total number of input bytes read so far.
    pub total_in: uLong,
    /// Next output byte will go here.
    pub next_out: *mut Bytef,
    /// Remaining free space at `next_out`.
    pub avail_out: uInt,
    /// Total number of bytes output so far.
    pub total_out: uLong,
    /// Last error message, NULL if no error.
    pub msg: *const core::ffi::c_char,
    /// Not visible by applications.
    pub state: *mut internal_state,
    /// Used to allocate the internal state.
    pub zalloc: alloc_func,
    /// Used to free the internal state.
    pub zfree: free_func,
    /// Private data object passed to `zalloc` and `zfree`.
    pub opaque: voidpf,
    /// Best guess about the data type, or inflate's position in the block.
    pub data_type: c_int,
    /// Adler-32 or CRC-32 value of the uncompressed data.
    pub adler: uLong,
    /// Reserved for future use.
    pub reserved: uLong,
}

/// zlib.h's `z_stream`.
pub type z_stream = z_stream_s;
/// A stream.
pub type z_streamp = *mut z_stream;

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

/// `data_type` of a new deflate stream.
pub const Z_UNKNOWN: c_int = 2;
