//! At most 16 bytes, for every architecture with carry-less multiplication.

use super::chunk::Chunk;
use super::constants::{WEIGHED, WEIGHTS};
use super::table::TABLE;

/// The longest input for [`crc32`].
pub(super) const LONGEST: usize = 16;

/// The CRC register after at most [`LONGEST`] bytes. No byte outside of `data` is read: words
/// overlap instead.
///
/// # Safety
/// The CPU has what `C` needs.
#[inline(always)]
pub(super) unsafe fn update<C: Chunk>(crc: u32, data: &[u8]) -> u32 {
    let n = data.len();
    if let (Some(first), Some(last)) = (data.first_chunk::<8>(), data.last_chunk::<8>()) {
        let (first, last) = (u64::from_le_bytes(*first), u64::from_le_bytes(*last));
        if n == 8 {
            // SAFETY: the caller's promise.
            return unsafe { C::from_words(first ^ u64::from(crc), 0).divide() };
        }
        // The last 8 bytes as they are, and the 1 to 8 before them at the end of their word. The
        // register goes to the first four bytes, which can lie in both.
        let ahead = 8 * (n - 8) as u32;
        let high = (first ^ u64::from(crc)) << (64 - ahead);
        let low = last ^ (u64::from(crc) >> (ahead - 8) >> 8); // ahead can be 64
        // The weight of the last word is 1.
        const { assert!(WEIGHTS.0[WEIGHED - 1][1] == 1) };
        // SAFETY: the caller's promise.
        return unsafe {
            let high = C::from_words(high, 0).weigh_first(C::weight(WEIGHED - 1));
            high.xor(C::from_words(low, 0)).divide()
        };
    }
    if let (Some(first), Some(last)) = (data.first_chunk::<4>(), data.last_chunk::<4>()) {
        let last = u64::from(u32::from_le_bytes(*last)) << (8 * (n - 4));
        let word = last | u64::from(u32::from_le_bytes(*first));
        // SAFETY: the caller's promise.
        return unsafe { C::from_words((word ^ u64::from(crc)) << (64 - 8 * n), 0).divide() };
    }
    // At most three bytes: the table is quicker than two multiplications.
    bytes(crc, data)
}

/// The CRC register after `data`, one byte at a time.
#[inline(always)]
pub(super) fn bytes(crc: u32, data: &[u8]) -> u32 {
    data.iter().fold(crc, |crc, &byte| crc >> 8 ^ TABLE[usize::from(crc as u8 ^ byte)])
}
