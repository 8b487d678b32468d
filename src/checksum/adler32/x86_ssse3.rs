//! Adler-32 with SSSE3 on 128-bit vectors.

use core::arch::x86_64::*;

use super::vector::{Vector, weights};
use super::{sums, tiny};

/// The Adler-32 of `data`, continued from `start`.
#[target_feature(enable = "ssse3,sse4.1")]
pub(super) fn adler32(start: u32, data: &[u8]) -> u64 {
    // SAFETY: the features are enabled.
    unsafe {
        match data.len() {
            ..=sums::MEDIUM => adler32_short(start, data),
            _ => long(start, data),
        }
    }
}

/// [`sums::long`], out of the way of the short lengths, which need no stack.
#[inline(never)]
#[target_feature(enable = "ssse3,sse4.1")]
fn long(start: u32, data: &[u8]) -> u64 {
    // SAFETY: the features are enabled.
    unsafe { sums::long::<Ssse3>(start, data) }
}

/// The Adler-32 of at most [`sums::MEDIUM`] bytes, also for kernels with wider vectors.
///
/// # Safety
/// SSSE3 and SSE4.1 are there.
#[inline(always)]
pub(super) unsafe fn adler32_short(start: u32, data: &[u8]) -> u64 {
    // SAFETY: SSSE3 and SSE4.1 are there, says the caller.
    unsafe {
        match data.len() {
            ..16 => tiny::adler32::<Ssse3>(start, data),
            _ => sums::medium::<Ssse3, 4>(start, data),
        }
    }
}

/// Sixteen bytes, or four sums.
#[derive(Clone, Copy)]
pub(super) struct Ssse3(pub(super) __m128i);

impl tiny::Pair for Ssse3 {
    #[inline(always)]
    unsafe fn from_words(first: u64, second: u64) -> Self {
        // SAFETY: SSE2 is part of x86-64.
        Ssse3(unsafe { _mm_set_epi64x(second as i64, first as i64) })
    }
}

impl Vector for Ssse3 {
    const BYTES: usize = 16;
    const BYTES_A_LANE: usize = 8;

    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: SSSE3 and SSE4.1 are there, says the caller.
        Ssse3(unsafe { _mm_setzero_si128() })
    }

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: SSSE3 and SSE4.1 are there and `from` readable, says the caller.
        Ssse3(unsafe { _mm_loadu_si128(from.cast()) })
    }

    #[inline(always)]
    unsafe fn load_first(from: *const u8, count: usize) -> Self {
        // SAFETY: SSSE3 and SSE4.1 are there and `from` readable, says the caller. A byte belongs to
        // the first `count` if it has a weight.
        unsafe {
            let weights = _mm_loadu_si128(weights(count).cast());
            let behind = _mm_cmpeq_epi8(weights, _mm_setzero_si128());
            Ssse3(_mm_andnot_si128(behind, _mm_loadu_si128(from.cast())))
        }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: SSSE3 and SSE4.1 are there, says the caller.
        Ssse3(unsafe { _mm_add_epi32(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn times<const LOG: u32>(self) -> Self {
        // SAFETY: SSSE3 and SSE4.1 are there, says the caller.
        Ssse3(unsafe { _mm_sll_epi32(self.0, _mm_cvtsi32_si128(LOG as i32)) })
    }

    #[inline(always)]
    unsafe fn bytes_onto(self, data: Self) -> Self {
        // SAFETY: SSSE3 and SSE4.1 are there, says the caller.
        Ssse3(unsafe { _mm_add_epi32(self.0, _mm_sad_epu8(data.0, _mm_setzero_si128())) })
    }

    #[inline(always)]
    unsafe fn weigh_onto(self, data: Self, weights: Self) -> Self {
        // SAFETY: SSSE3 and SSE4.1 are there, says the caller.
        unsafe {
            let pairs = _mm_maddubs_epi16(data.0, weights.0);
            Ssse3(_mm_add_epi32(self.0, _mm_madd_epi16(pairs, _mm_set1_epi16(1))))
        }
    }

    #[inline(always)]
    unsafe fn weigh_group<const GROUP: usize>(
        sums: &mut [Self; 8],
        data: &[Self; 8],
        weights: Self,
    ) {
        const { assert!(GROUP == 4) };
        // SAFETY: SSSE3 and SSE4.1 are there, says the caller.
        unsafe {
            // Four times two bytes at most: 4 * 255 * (16 + 15) < 2^15.
            let pairs = |i: usize| _mm_maddubs_epi16(data[i].0, weights.0);
            let first = _mm_add_epi16(pairs(0), pairs(1));
            let second = _mm_add_epi16(pairs(2), pairs(3));
            let fours = _mm_madd_epi16(_mm_add_epi16(first, second), _mm_set1_epi16(1));
            sums[0] = sums[0].add(Ssse3(fours));
        }
    }

    #[inline(always)]
    unsafe fn totals(self, other: Self) -> (u32, u32) {
        // SAFETY: SSSE3 and SSE4.1 are there, says the caller.
        unsafe {
            let pairs = _mm_add_epi32(
                _mm_unpacklo_epi32(self.0, other.0),
                _mm_unpackhi_epi32(self.0, other.0),
            );
            Ssse3(pairs).total_of_pairs()
        }
    }

    #[inline(always)]
    unsafe fn wide_totals(self, other: Self) -> (u64, u64) {
        // SAFETY: SSSE3 and SSE4.1 are there, says the caller.
        unsafe {
            let wide = |lanes: __m128i| {
                let low = _mm_and_si128(lanes, _mm_set1_epi64x(0xffff_ffff));
                let sums = _mm_add_epi64(low, _mm_srli_epi64::<32>(lanes));
                _mm_cvtsi128_si64(_mm_add_epi64(sums, _mm_unpackhi_epi64(sums, sums))) as u64
            };
            (wide(self.0), wide(other.0))
        }
    }
}

impl Ssse3 {
    /// The sums of the even and of the odd lanes.
    ///
    /// # Safety
    /// SSE2 is part of x86-64.
    #[inline(always)]
    pub(super) unsafe fn total_of_pairs(self) -> (u32, u32) {
        // SAFETY: SSSE3 and SSE4.1 are there, says the caller.
        unsafe {
            let both = _mm_add_epi32(self.0, _mm_unpackhi_epi64(self.0, self.0));
            let both = _mm_cvtsi128_si64(both) as u64;
            (both as u32, (both >> 32) as u32)
        }
    }
}
