//! gzip's header (RFC 1952).

use core::ffi::{c_int, c_uint, c_ulong};

/// The two bytes that a header begins with.
pub const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// FLG: the data is said to be text.
pub const TEXT: u8 = 1 << 0;
/// FLG: the header has a check value of its own.
pub const CRC: u8 = 1 << 1;
/// FLG: there is an extra field.
pub const EXTRA: u8 = 1 << 2;
/// FLG: there is a file name.
pub const NAME: u8 = 1 << 3;
/// FLG: there is a comment.
pub const COMMENT: u8 = 1 << 4;
/// FLG: no header of today has one of these.
pub const RESERVED: u8 = 0xe0;

/// OS: written on Unix.
pub const UNIX: u8 = 3;

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
