//! At most 16 bytes, by carry-less multiplication.

use super::chunk::Chunk;
use super::heads;
use super::table::TABLE;

/// The longest input for [`update`].
pub(super) const LONGEST: usize = 16;

/// The CRC register after at most [`LONGEST`] bytes. No byte outside of `data` is read: words
/// overlap instead.
///
/// # Safety
/// The CPU has what `C` needs.
#[inline(always)]
pub(super) unsafe fn update<C: Chunk>(crc: u32, data: &[u8]) -> u32 {
    let n = data.len();
    if n > 8
        && let (Some(first), Some(last)) = (data.first_chunk::<8>(), data.last_chunk::<8>())
    {
        // The first 8 bytes, and the 1 to 8 after them in their places in the last word, whose weight is 1.
        let first = u64::from_le_bytes(*first) ^ u64::from(crc);
        let last = u64::from_le_bytes(*last) & u64::MAX << (8 * (16 - n));
        // SAFETY: the CPU has what `C` needs, says the caller.
        return unsafe {
            let weight = C::from_words(u64::from(heads::weight_of_word(n - 8)), 0);
            C::from_words(first, 0).times(weight).xor(C::from_words(last, 0)).divide()
        };
    }
    if let (Some(first), Some(last)) = (data.first_chunk::<4>(), data.last_chunk::<4>()) {
        let last = u64::from(u32::from_le_bytes(*last)) << (8 * (n - 4));
        let word = last | u64::from(u32::from_le_bytes(*first));
        // SAFETY: the CPU has what `C` needs, says the caller.
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
