//! zlib.h's checksum functions, and `zcompat_cpu_tier`.
//!
//! Pointers: `buf` is NULL or good for reads of `len` bytes. Bits of an `unsigned long` above the
//! low 32 are ignored. A negative length is no length: zlib 1.3.2's answers to it are kept.

use core::ffi::c_char;
use core::slice;

use super::types::{Bytef, uInt, uLong, z_crc_t, z_off_t, z_off64_t, z_size_t};
use crate::checksum::{adler32, crc32};
use crate::cpu;

/// The bytes at `buf`, or `None` for NULL.
///
/// # Safety
/// `buf` is NULL or good for reads of `len` bytes for as long as the caller uses the result.
#[inline(always)]
unsafe fn bytes<'a>(buf: *const u8, len: usize) -> Option<&'a [u8]> {
    if buf.is_null() {
        return None;
    }
    // SAFETY: not NULL, so readable, says the caller. A length past `isize::MAX` cannot be good for reads.
    Some(unsafe { slice::from_raw_parts(buf, len) })
}

/// Continues the CRC-32 `crc` with `len` bytes at `buf`; 0, the start value, if `buf` is NULL.
///
/// # Safety
/// `buf` is NULL or good for reads of `len` bytes.
#[unsafe(export_name = "crc32")]
pub unsafe extern "C" fn zlib_crc32(crc: uLong, buf: *const Bytef, len: uInt) -> uLong {
    // SAFETY: NULL or readable for `len` bytes, says the caller.
    let Some(data) = (unsafe { bytes(buf, len as usize) }) else { return 0 };
    crc32::DISPATCH.call(crc as u32, data) as uLong
}

/// [`zlib_crc32`] with a length of type `size_t`.
///
/// # Safety
/// `buf` is NULL or good for reads of `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crc32_z(crc: uLong, buf: *const Bytef, len: z_size_t) -> uLong {
    // SAFETY: NULL or readable for `len` bytes, says the caller.
    let Some(data) = (unsafe { bytes(buf, len) }) else { return 0 };
    crc32::DISPATCH.call(crc as u32, data) as uLong
}

/// Continues the Adler-32 `adler` with `len` bytes at `buf`; 1, the start value, if `buf` is NULL.
///
/// # Safety
/// `buf` is NULL or good for reads of `len` bytes.
#[unsafe(export_name = "adler32")]
pub unsafe extern "C" fn zlib_adler32(adler: uLong, buf: *const Bytef, len: uInt) -> uLong {
    // SAFETY: NULL or readable for `len` bytes, says the caller.
    let Some(data) = (unsafe { bytes(buf, len as usize) }) else { return 1 };
    adler32::DISPATCH.call(adler as u32, data) as uLong
}

/// [`zlib_adler32`] with a length of type `size_t`.
///
/// # Safety
/// `buf` is NULL or good for reads of `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn adler32_z(adler: uLong, buf: *const Bytef, len: z_size_t) -> uLong {
    // SAFETY: NULL or readable for `len` bytes, says the caller.
    let Some(data) = (unsafe { bytes(buf, len) }) else { return 1 };
    adler32::DISPATCH.call(adler as u32, data) as uLong
}

/// The CRC-32 of two pieces in a row from those of the pieces; 0 for a negative length.
#[unsafe(no_mangle)]
pub extern "C" fn crc32_combine64(crc1: uLong, crc2: uLong, len2: z_off64_t) -> uLong {
    crc32_combine_op(crc1, crc2, crc32_combine_gen64(len2))
}

/// [`crc32_combine64`] with a length of type `off_t`.
#[unsafe(no_mangle)]
pub extern "C" fn crc32_combine(crc1: uLong, crc2: uLong, len2: z_off_t) -> uLong {
    #[allow(clippy::useless_conversion)] // c_long is 32 bits wide elsewhere
    crc32_combine64(crc1, crc2, i64::from(len2))
}

/// The operator for [`crc32_combine_op`]; 0, which is no operator, for a negative length.
#[unsafe(no_mangle)]
pub extern "C" fn crc32_combine_gen64(len2: z_off64_t) -> uLong {
    let Ok(len2) = u64::try_from(len2) else { return 0 };
    uLong::from(crc32::combine_gen(len2))
}

/// [`crc32_combine_gen64`] with a length of type `off_t`.
#[unsafe(no_mangle)]
pub extern "C" fn crc32_combine_gen(len2: z_off_t) -> uLong {
    #[allow(clippy::useless_conversion)] // c_long is 32 bits wide elsewhere
    crc32_combine_gen64(i64::from(len2))
}

/// The CRC-32 of two pieces in a row, with an operator for the length of the second; 0 if `op` is 0.
#[unsafe(no_mangle)]
pub extern "C" fn crc32_combine_op(crc1: uLong, crc2: uLong, op: uLong) -> uLong {
    if op == 0 {
        return 0;
    }
    uLong::from(crc32::combine_op(crc1 as u32, crc2 as u32, op as u32))
}

/// The Adler-32 of two pieces in a row from those of the pieces; 0xffffffff, which is no checksum,
/// for a negative length.
#[unsafe(no_mangle)]
pub extern "C" fn adler32_combine64(adler1: uLong, adler2: uLong, len2: z_off64_t) -> uLong {
    let Ok(len2) = u64::try_from(len2) else { return 0xffff_ffff };
    adler32::combine(adler1 as u32, adler2 as u32, len2) as uLong
}

/// [`adler32_combine64`] with a length of type `off_t`.
#[unsafe(no_mangle)]
pub extern "C" fn adler32_combine(adler1: uLong, adler2: uLong, len2: z_off_t) -> uLong {
    #[allow(clippy::useless_conversion)] // c_long is 32 bits wide elsewhere
    adler32_combine64(adler1, adler2, i64::from(len2))
}

/// The 256 entries of the CRC-32 table for one byte at a time. Static, never freed.
#[unsafe(no_mangle)]
pub extern "C" fn get_crc_table() -> *const z_crc_t {
    crc32::TABLE.as_ptr()
}

/// The name of the CPU tier that the checksums use: a NUL-terminated string, never freed.
#[unsafe(no_mangle)]
pub extern "C" fn zcompat_cpu_tier() -> *const c_char {
    cpu::tier().name().as_ptr()
}
