//! The two checksums: CRC-32 and Adler-32.
//!
//! [`crc32()`] is the CRC of gzip, zip and PNG (RFC 1952 section 8), [`adler32()`] the checksum of
//! zlib streams (RFC 1950 section 8.2). Each has a bitwise definition in the tests, a portable
//! kernel, one kernel per instruction set in a file of its own, and one dispatcher that picks
//! the best of them at the first call: docs/checksums.md.

pub mod adler32;
#[cfg(any(target_arch = "aarch64", target_arch = "x86_64"))]
mod aligned;
pub mod crc32;
pub mod kernel;
#[cfg(target_arch = "x86_64")]
mod lines;

/// What the first piece's CRC-32 continues from: that of no bytes. No kernel is asked for it. One may read
/// under a mask, without any bytes at an address where no memory is, and that takes some hundred
/// cycles.
pub const CRC32_OF_NONE: u32 = 0;
/// What the first piece's Adler-32 continues from, as [`CRC32_OF_NONE`].
pub const ADLER32_OF_NONE: u32 = 1;

/// The CRC-32 of `data`, continuing from `start`: 0 for the first piece, then the last result.
#[inline]
pub fn crc32(start: u32, data: &[u8]) -> u32 {
    crc32::DISPATCH.call(start, data) as u32
}

/// The Adler-32 of `data`, continuing from `start`: 1 for the first piece, then the last result.
///
/// Halves of `start` that are not below 65521 are taken modulo 65521.
#[inline]
pub fn adler32(start: u32, data: &[u8]) -> u32 {
    adler32::DISPATCH.call(start, data) as u32
}

#[cfg(test)]
mod tests;
