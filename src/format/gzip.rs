//! gzip's header and trailer (RFC 1952): ten bytes, up to four fields that FLG announces, the data, its
//! CRC-32 and its length.

use core::ffi::{CStr, c_char, c_int, c_uint, c_ulong};

use crate::codes::DEFLATED;

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
const RESERVED: u8 = 0xe0;

/// XFL: the writer tried as hard as it can.
pub const BEST: u8 = 2;
/// XFL: the writer was as fast as it can be.
pub const FASTEST: u8 = 4;

/// OS: written on Unix.
pub const UNIX: u8 = 3;

/// The ten bytes that a header begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// FLG: which fields follow.
    pub flags: u8,
    /// MTIME: seconds since 1970; 0 for unknown.
    pub time: u32,
    /// XFL: how hard the writer tried, [`BEST`], [`FASTEST`] or 0.
    pub xflags: u8,
    /// OS: where it was written.
    pub os: u8,
}

impl Start {
    /// The bytes, as they are written.
    pub fn to_bytes(self) -> [u8; 10] {
        let [t0, t1, t2, t3] = self.time.to_le_bytes();
        let [m0, m1] = MAGIC;
        [m0, m1, DEFLATED, self.flags, t0, t1, t2, t3, self.xflags, self.os]
    }
}

/// FLG, of the method and flags that follow [`MAGIC`].
///
/// # Errors
/// zlib's message for a header that no reader of today knows.
pub fn flags([method, flags]: [u8; 2]) -> Result<u8, &'static CStr> {
    if method != DEFLATED {
        return Err(c"unknown compression method");
    }
    if flags & RESERVED != 0 {
        return Err(c"unknown header flags set");
    }
    Ok(flags)
}

/// The trailer of data with this CRC-32 and length, modulo 2³².
pub fn trailer(crc32: u32, len: u32) -> [u8; 8] {
    let [c0, c1, c2, c3] = crc32.to_le_bytes();
    let [l0, l1, l2, l3] = len.to_le_bytes();
    [c0, c1, c2, c3, l0, l1, l2, l3]
}

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

impl GzHeader {
    /// FLG of this header, when it is written.
    pub fn flags(&self) -> u8 {
        let flag = |set, flag| if set { flag } else { 0 };
        flag(self.text != 0, TEXT)
            | flag(self.hcrc != 0, CRC)
            | flag(!self.extra.is_null(), EXTRA)
            | flag(!self.name.is_null(), NAME)
            | flag(!self.comment.is_null(), COMMENT)
    }

    /// How many bytes its fields take, behind the ten of [`Start`].
    ///
    /// # Safety
    /// The name and the comment are null or end with a NUL.
    pub unsafe fn fields_len(&self) -> usize {
        let string = |text: *const u8| {
            if text.is_null() {
                return 0;
            }
            // SAFETY: not null, so it ends with a NUL, says the caller.
            unsafe { CStr::from_ptr(text.cast::<c_char>()) }.to_bytes_with_nul().len()
        };
        let extra = if self.extra.is_null() { 0 } else { 2 + self.extra_len as usize };
        let crc = if self.hcrc != 0 { 2 } else { 0 };
        extra + string(self.name) + string(self.comment) + crc
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_is_as_gzip_writes_it() {
        let start = Start { flags: NAME, time: 0x6543_2101, xflags: BEST, os: UNIX };
        assert_eq!(start.to_bytes(), [0x1f, 0x8b, 8, 8, 1, 0x21, 0x43, 0x65, 2, 3]);
        assert_eq!(trailer(0x0403_0201, 0x0807_0605), [1, 2, 3, 4, 5, 6, 7, 8]);
    }

    #[test]
    fn unknown_methods_and_flags_are_refused() {
        assert_eq!(flags([8, 0x1f]), Ok(0x1f));
        assert_eq!(flags([7, 0]), Err(c"unknown compression method"));
        for bit in 5..8 {
            assert_eq!(flags([8, 1 << bit]), Err(c"unknown header flags set"));
        }
    }

    #[test]
    fn a_headers_fields_are_counted_and_announced() {
        let (extra, name, comment) = ([1, 2, 3], *b"name\0", *b"\0");
        let mut header = GzHeader {
            text: 0,
            time: 0,
            xflags: 0,
            os: 3,
            extra: core::ptr::null_mut(),
            extra_len: 3,
            extra_max: 0,
            name: core::ptr::null_mut(),
            name_max: 0,
            comment: core::ptr::null_mut(),
            comm_max: 0,
            hcrc: 0,
            done: 0,
        };
        // SAFETY: no name and no comment.
        assert_eq!((header.flags(), unsafe { header.fields_len() }), (0, 0));
        header.text = 1;
        header.hcrc = 1;
        header.extra = extra.as_ptr().cast_mut();
        header.name = name.as_ptr().cast_mut();
        header.comment = comment.as_ptr().cast_mut();
        // SAFETY: both texts end with a NUL.
        assert_eq!((header.flags(), unsafe { header.fields_len() }), (0x1f, 2 + 3 + 5 + 1 + 2));
    }
}
