//! CRC-32 with PCLMULQDQ on 128-bit vectors.

use core::arch::x86_64::*;

use super::chunk::{Chunk, Vector};
use super::constants::{FOLD_128, POLYNOMIAL, QUOTIENT};
use super::fold;
use crate::checksum::Aligned;

/// The CRC-32 of `data`, continued from `start`.
#[target_feature(enable = "pclmulqdq,sse4.1,ssse3")]
pub(super) fn crc32(start: u32, data: &[u8]) -> u64 {
    // SAFETY: the features are enabled.
    unsafe { fold::up_to_long::<__m128i>(start, data, long) }
}

/// [`fold::long`], with a stack frame of its own.
#[inline(never)]
#[target_feature(enable = "pclmulqdq,sse4.1,ssse3")]
fn long(start: u32, data: &[u8]) -> u64 {
    // SAFETY: the features are enabled.
    unsafe { fold::long::<__m128i>(start, data) }
}

/// Sixteen bytes that select nothing, all bytes in order, and sixteen that select nothing:
/// PSHUFB with 16 of them from `n` on moves a chunk by 16 - n bytes, to either side.
static WINDOW: Aligned<[u8; 48]> = Aligned({
    let mut window = [0x80; 48];
    let mut i = 0;
    while i < 16 {
        window[16 + i] = i as u8;
        i += 1;
    }
    window
});

#[inline(always)]
unsafe fn window(chunk: __m128i, at: usize) -> __m128i {
    debug_assert!(at <= 32);
    // SAFETY: `at` is at most 32, so the 16 bytes are in the table.
    unsafe { _mm_shuffle_epi8(chunk, _mm_loadu_si128(WINDOW.0.as_ptr().add(at).cast())) }
}

// SAFETY of each block: the trait's functions may only be called where the features are there.
impl Chunk for __m128i {
    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: readable, says the caller.
        unsafe { _mm_loadu_si128(from.cast()) }
    }

    #[inline(always)]
    unsafe fn from_words(first: u64, second: u64) -> Self {
        // SAFETY: SSE2 is part of x86-64.
        unsafe { _mm_set_epi64x(second as i64, first as i64) }
    }

    #[inline(always)]
    unsafe fn xor(self, other: Self) -> Self {
        // SAFETY: SSE2 is part of x86-64.
        unsafe { _mm_xor_si128(self, other) }
    }

    #[inline(always)]
    unsafe fn weigh(self, by: Self) -> Self {
        // SAFETY: PCLMULQDQ is there, says the caller.
        unsafe {
            _mm_xor_si128(
                _mm_clmulepi64_si128::<0x00>(self, by),
                _mm_clmulepi64_si128::<0x11>(self, by),
            )
        }
    }

    #[inline(always)]
    unsafe fn weigh_first(self, by: Self) -> Self {
        // SAFETY: see above.
        unsafe { _mm_clmulepi64_si128::<0x00>(self, by) }
    }

    #[inline(always)]
    unsafe fn first_bytes_last(self, count: usize) -> Self {
        // SAFETY: SSSE3 is there, says the caller.
        unsafe { window(self, count) }
    }

    #[inline(always)]
    unsafe fn without_first_bytes(self, count: usize) -> Self {
        // SAFETY: SSSE3 is there, says the caller.
        unsafe { window(self, 16 + count) }
    }

    #[inline(always)]
    unsafe fn divide(self) -> u32 {
        // SAFETY: PCLMULQDQ and SSE4.1 are there, says the caller.
        unsafe {
            let by = _mm_set_epi64x(POLYNOMIAL as i64, QUOTIENT as i64);
            let quotient = _mm_clmulepi64_si128::<0x00>(self, by);
            let multiple = _mm_clmulepi64_si128::<0x10>(quotient, by);
            _mm_extract_epi32::<2>(_mm_xor_si128(self, multiple)) as u32
        }
    }
}

impl Vector for __m128i {
    type Chunk = __m128i;
    const BYTES: usize = 16;
    const FOLD: [u64; 2] = FOLD_128;
    const LOOP: usize = 8;

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: readable, says the caller.
        unsafe { _mm_loadu_si128(from.cast()) }
    }

    #[inline(always)]
    unsafe fn from_chunk(chunk: __m128i) -> Self {
        chunk
    }

    #[inline(always)]
    unsafe fn broadcast(chunk: __m128i) -> Self {
        chunk
    }

    #[inline(always)]
    unsafe fn xor(self, other: Self) -> Self {
        // SAFETY: SSE2 is part of x86-64.
        unsafe { _mm_xor_si128(self, other) }
    }

    #[inline(always)]
    unsafe fn weigh_onto(self, by: Self, onto: Self) -> Self {
        // SAFETY: PCLMULQDQ is there, says the caller.
        unsafe {
            let first = _mm_clmulepi64_si128::<0x00>(self, by);
            let second = _mm_clmulepi64_si128::<0x11>(self, by);
            _mm_xor_si128(_mm_xor_si128(first, onto), second)
        }
    }

    #[inline(always)]
    unsafe fn sum(self) -> __m128i {
        self
    }
}
