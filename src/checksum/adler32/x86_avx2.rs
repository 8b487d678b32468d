//! Adler-32 with AVX2 on 256-bit vectors.

use core::arch::x86_64::*;

use super::sums;
use super::vector::{Vector, weights};
use super::x86_ssse3::{self, Ssse3};
use crate::checksum::lines;

/// The Adler-32 of `data`, continued from `start`.
#[target_feature(enable = "avx2,bmi2")]
pub(super) fn adler32(start: u32, data: &[u8]) -> u64 {
    // SAFETY: the features are enabled.
    unsafe {
        match data.len() {
            0..32 => x86_ssse3::adler32_short(start, data),
            32..=sums::MEDIUM => sums::medium::<Avx2, 4>(start, data),
            _ => long(start, data),
        }
    }
}

/// [`sums::long`], out of the way of the short lengths, which need no stack.
#[inline(never)]
#[target_feature(enable = "avx2,bmi2")]
fn long(start: u32, data: &[u8]) -> u64 {
    if data.len() >= lines::FROM {
        return aligned(start, data);
    }
    // SAFETY: the features are enabled; there is more than a vector.
    unsafe { sums::long::<Avx2>(start, data) }
}

/// The same of whole cache lines.
#[cold] // keeps it apart: what it saves on the stack would be saved for the short lengths too
#[inline(never)]
#[target_feature(enable = "avx2,bmi2")]
fn aligned(start: u32, data: &[u8]) -> u64 {
    let whole = |start, data: &[u8]| {
        // SAFETY: the features are enabled; there is more than a vector.
        unsafe { sums::long::<Avx2>(start, data) }
    };
    // SAFETY: the features are enabled, and the narrower kernel's are among them.
    unsafe { lines::in_lines(start, data, x86_ssse3::adler32, whole) }
}

/// Thirty-two bytes, or eight sums.
#[derive(Clone, Copy)]
pub(super) struct Avx2(pub(super) __m256i);

impl Vector for Avx2 {
    const BYTES: usize = 32;
    const BYTES_A_LANE: usize = 8;

    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: AVX2 is there, says the caller.
        Avx2(unsafe { _mm256_setzero_si256() })
    }

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: AVX2 is there and `from` readable, says the caller.
        Avx2(unsafe { _mm256_loadu_si256(from.cast()) })
    }

    #[inline(always)]
    unsafe fn load_first(from: *const u8, count: usize) -> Self {
        // SAFETY: AVX2 is there and `from` readable, says the caller. A byte belongs to
        // the first `count` if it has a weight.
        unsafe {
            let weights = _mm256_loadu_si256(weights(count).cast());
            let behind = _mm256_cmpeq_epi8(weights, _mm256_setzero_si256());
            Avx2(_mm256_andnot_si256(behind, _mm256_loadu_si256(from.cast())))
        }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: AVX2 is there, says the caller.
        Avx2(unsafe { _mm256_add_epi32(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn times<const LOG: u32>(self) -> Self {
        // SAFETY: AVX2 is there, says the caller.
        Avx2(unsafe { _mm256_sll_epi32(self.0, _mm_cvtsi32_si128(LOG as i32)) })
    }

    #[inline(always)]
    unsafe fn bytes_onto(self, data: Self) -> Self {
        // SAFETY: AVX2 is there, says the caller.
        Avx2(unsafe { _mm256_add_epi32(self.0, _mm256_sad_epu8(data.0, _mm256_setzero_si256())) })
    }

    #[inline(always)]
    unsafe fn weigh_onto(self, data: Self, weights: Self) -> Self {
        // SAFETY: AVX2 is there, says the caller.
        unsafe {
            let pairs = _mm256_maddubs_epi16(data.0, weights.0);
            Avx2(_mm256_add_epi32(self.0, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1))))
        }
    }

    #[inline(always)]
    unsafe fn weigh_group<const GROUP: usize>(
        sums: &mut [Self; 8],
        data: &[Self; 8],
        weights: Self,
    ) {
        const { assert!(GROUP == 4) };
        // SAFETY: AVX2 is there, says the caller.
        unsafe {
            // Two times two bytes at most: 2 * 255 * (32 + 31) < 2^15.
            let pairs = |i: usize| _mm256_maddubs_epi16(data[i].0, weights.0);
            let fours = |pairs| _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
            let first = fours(_mm256_add_epi16(pairs(0), pairs(1)));
            let second = fours(_mm256_add_epi16(pairs(2), pairs(3)));
            sums[0] = sums[0].add(Avx2(first));
            sums[1] = sums[1].add(Avx2(second));
        }
    }

    #[inline(always)]
    unsafe fn totals(self, other: Self) -> (u32, u32) {
        // SAFETY: AVX2 is there, says the caller.
        unsafe {
            // Alternating first, so that there is one vector to halve and not two.
            let even = _mm256_unpacklo_epi32(self.0, other.0);
            let both = _mm256_add_epi32(even, _mm256_unpackhi_epi32(self.0, other.0));
            Avx2(both).total_of_pairs()
        }
    }

    #[inline(always)]
    unsafe fn wide_totals(self, other: Self) -> (u64, u64) {
        // SAFETY: AVX2 is there, says the caller.
        unsafe {
            let wide = |lanes| {
                let low = _mm256_and_si256(lanes, _mm256_set1_epi64x(0xffff_ffff));
                let sums = _mm256_add_epi64(low, _mm256_srli_epi64::<32>(lanes));
                let high = _mm256_extracti128_si256::<1>(sums);
                let sums = _mm_add_epi64(_mm256_castsi256_si128(sums), high);
                _mm_cvtsi128_si64(_mm_add_epi64(sums, _mm_unpackhi_epi64(sums, sums))) as u64
            };
            (wide(self.0), wide(other.0))
        }
    }
}

impl Avx2 {
    /// The sums of the even and of the odd lanes.
    ///
    /// # Safety
    /// AVX2 is there.
    #[inline(always)]
    pub(super) unsafe fn total_of_pairs(self) -> (u32, u32) {
        // SAFETY: AVX2 is there, says the caller.
        unsafe {
            let high = _mm256_extracti128_si256::<1>(self.0);
            Ssse3(_mm_add_epi32(_mm256_castsi256_si128(self.0), high)).total_of_pairs()
        }
    }
}
