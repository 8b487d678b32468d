//! Rust checksum crates behind zlib's signature, so that they are called as a C library is.

use std::slice::from_raw_parts;

use crc_fast::{CrcAlgorithm, Digest};

/// crc-fast's CRC-32 of `len` bytes at `data`, going on from `start`.
///
/// # Safety
/// `data` points to `len` readable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crc_fast_crc32(start: u32, data: *const u8, len: usize) -> u32 {
    // SAFETY: as the caller promises.
    let data = unsafe { from_raw_parts(data, len) };
    if start == 0 {
        return crc_fast::checksum(CrcAlgorithm::Crc32IsoHdlc, data) as u32;
    }
    // A digest holds the register, which is the complement of a finished CRC.
    let mut digest = Digest::new_with_init_state(CrcAlgorithm::Crc32IsoHdlc, u64::from(!start));
    digest.update(data);
    digest.finalize() as u32
}

/// crc32fast's CRC-32 of `len` bytes at `data`, going on from `start`.
///
/// # Safety
/// `data` points to `len` readable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crc32fast_crc32(start: u32, data: *const u8, len: usize) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(start);
    // SAFETY: as the caller promises.
    hasher.update(unsafe { from_raw_parts(data, len) });
    hasher.finalize()
}

/// simd-adler32's Adler-32 of `len` bytes at `data`, going on from `start`.
///
/// # Safety
/// `data` points to `len` readable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn simd_adler32_adler32(start: u32, data: *const u8, len: usize) -> u32 {
    let mut hasher = simd_adler32::Adler32::from_checksum(start);
    // SAFETY: as the caller promises.
    hasher.write(unsafe { from_raw_parts(data, len) });
    hasher.finish()
}
