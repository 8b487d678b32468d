//! gzip (RFC 1952).

use core::ffi::{c_int, c_uint, c_ulong};

/// zlib.h's `gz_header`: what a gzip header holds, given for writing or filled in by reading.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct GzHeader {
    /// 1 if the data is said to be text.
    pub text: c_int,
    /// When the file was changed, in seconds since 1970; 0 for unknown.
    pub time: c_ulong,
    /// The XFL byte. Writing sets its own.
    pub xflags: c_int,
    /// The number of the system that wrote it: 3 is Unix.
    pub os: c_int,
    /// The extra field, NULL for none.
    pub extra: *mut u8,
    /// The length of the extra field.
    pub extra_len: c_uint,
    /// Reading: the room at `extra`.
    pub extra_max: c_uint,
    /// The file name with its NUL, NULL for none.
    pub name: *mut u8,
    /// Reading: the room at `name`.
    pub name_max: c_uint,
    /// The comment with its NUL, NULL for none.
    pub comment: *mut u8,
    /// Reading: the room at `comment`.
    pub comm_max: c_uint,
    /// 1 for a header with a check value of its own.
    pub hcrc: c_int,
    /// Reading: 0, then 1 when all is here, or -1 when the stream is no gzip.
    pub done: c_int,
}
