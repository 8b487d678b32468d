//! Fewer than 16 bytes: docs/checksums.md.

use super::portable::BASE;
use super::sums::finish;
use super::vector::{Vector, weights};

/// A vector of 16 bytes.
pub(super) trait Pair: Vector {
    /// Two words, the first 8 bytes first.
    ///
    /// # Safety
    /// The CPU has what the type needs.
    unsafe fn from_words(first: u64, second: u64) -> Self;
}

/// The Adler-32 of fewer than 16 bytes, continued from `start`.
///
/// # Safety
/// The CPU has what `V` needs; `data` has fewer than 16 bytes.
#[inline(always)]
pub(super) unsafe fn adler32<V: Pair>(start: u32, data: &[u8]) -> u64 {
    if data.len() < 4 {
        if let [byte] = data {
            return one(start, *byte);
        }
        let (sum, weighed) = data.iter().fold((0, 0), |(sum, weighed), &byte| {
            let sum = sum + u32::from(byte);
            (sum, weighed + sum)
        });
        return finish(start, data.len(), sum, weighed);
    }
    let (first, last) = words(data);
    // SAFETY: the CPU has what `V` needs, says the caller; there are sixteen weights.
    let (sum, weighed) = unsafe {
        let bytes = V::from_words(first, last);
        let zero = V::zero();
        zero.bytes_onto(bytes).totals(zero.weigh_onto(bytes, V::load(weights(16))))
    };
    finish(start, data.len(), sum, weighed)
}

/// One byte, as programs do that cannot know better: both sums stay below twice the modulus, also
/// from a start that is not reduced.
#[inline(always)]
pub(super) fn one(start: u32, byte: u8) -> u64 {
    let less = |sum: u32| if sum >= BASE { sum - BASE } else { sum };
    let a = less((start & 0xffff) + u32::from(byte));
    u64::from(less((start >> 16) + a) << 16 | a)
}

/// 4 to 15 bytes at the end of two words, behind zeros. No byte outside of `data` is read:
/// words overlap instead.
#[inline(always)]
fn words(data: &[u8]) -> (u64, u64) {
    let n = data.len();
    if let (Some(first), Some(last)) = (data.first_chunk::<8>(), data.last_chunk::<8>()) {
        // 1 to 8 bytes fewer than 16: shifted in two steps, since they may be 64 bits.
        let first = u64::from_le_bytes(*first) << (8 * (15 - n)) << 8;
        return (first, u64::from_le_bytes(*last));
    }
    if let (Some(first), Some(last)) = (data.first_chunk::<4>(), data.last_chunk::<4>()) {
        let last = u64::from(u32::from_le_bytes(*last)) << 32;
        let first = u64::from(u32::from_le_bytes(*first)) << (64 - 8 * n);
        return (0, first | last);
    }
    (0, 0)
}
