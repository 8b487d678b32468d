//! Adler-32 with AVX-512 BW on 512-bit vectors.

use core::arch::x86_64::*;

use super::sums;
use super::vector::Vector;
use super::x86_avx2::{self, Avx2};
use super::x86_ssse3;
use crate::checksum::lines;

/// The Adler-32 of `data`, continued from `start`.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,bmi2")]
pub(super) fn adler32(start: u32, data: &[u8]) -> u64 {
    // SAFETY: the features are enabled.
    unsafe {
        match data.len() {
            0..64 => x86_ssse3::adler32_short(start, data),
            64..=sums::MEDIUM => sums::medium::<Avx512, 4>(start, data),
            _ => long(start, data),
        }
    }
}

/// [`sums::long`], out of the way of the short lengths, which need no stack.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,bmi2")]
fn long(start: u32, data: &[u8]) -> u64 {
    if data.len() >= lines::FROM {
        return aligned(start, data);
    }
    // SAFETY: the features are enabled; there is more than a vector.
    unsafe { sums::long::<Avx512>(start, data) }
}

/// The same of whole cache lines.
#[cold] // keeps it apart: what it saves on the stack would be saved for the short lengths too
#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,bmi2")]
fn aligned(start: u32, data: &[u8]) -> u64 {
    let whole = |start, data: &[u8]| {
        // SAFETY: the features are enabled; there is more than a vector.
        unsafe { sums::long::<Avx512>(start, data) }
    };
    // SAFETY: the features are enabled, and the narrower kernel's are among them.
    unsafe { lines::in_lines(start, data, x86_avx2::adler32, whole) }
}

/// Sixty-four bytes, or sixteen sums.
#[derive(Clone, Copy)]
pub(super) struct Avx512(pub(super) __m512i);

impl Vector for Avx512 {
    const BYTES: usize = 64;
    const BYTES_A_LANE: usize = 8;

    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: AVX-512 is there, says the caller.
        Avx512(unsafe { _mm512_setzero_si512() })
    }

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: AVX-512 is there and `from` readable, says the caller.
        Avx512(unsafe { _mm512_loadu_si512(from.cast()) })
    }

    #[inline(always)]
    unsafe fn load_first(from: *const u8, count: usize) -> Self {
        // SAFETY: AVX-512 is there, says the caller.
        Avx512(unsafe { _mm512_maskz_loadu_epi8(_bzhi_u64(u64::MAX, count as u32), from.cast()) })
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: AVX-512 is there, says the caller.
        Avx512(unsafe { _mm512_add_epi32(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn times<const LOG: u32>(self) -> Self {
        // SAFETY: AVX-512 is there, says the caller.
        Avx512(unsafe { _mm512_sll_epi32(self.0, _mm_cvtsi32_si128(LOG as i32)) })
    }

    #[inline(always)]
    unsafe fn bytes_onto(self, data: Self) -> Self {
        // SAFETY: AVX-512 is there, says the caller.
        Avx512(unsafe { _mm512_add_epi32(self.0, _mm512_sad_epu8(data.0, _mm512_setzero_si512())) })
    }

    #[inline(always)]
    unsafe fn weigh_onto(self, data: Self, weights: Self) -> Self {
        // SAFETY: AVX-512 is there, says the caller.
        unsafe {
            // Two bytes at most: 255 * (64 + 63) < 2^15.
            let pairs = _mm512_maddubs_epi16(data.0, weights.0);
            Avx512(_mm512_add_epi32(self.0, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1))))
        }
    }

    #[inline(always)]
    unsafe fn totals(self, other: Self) -> (u32, u32) {
        // SAFETY: AVX-512 is there, says the caller.
        unsafe {
            // Alternating first, so that there is one vector to halve and not two.
            let even = _mm512_unpacklo_epi32(self.0, other.0);
            let both = _mm512_add_epi32(even, _mm512_unpackhi_epi32(self.0, other.0));
            let high = _mm512_extracti64x4_epi64::<1>(both);
            Avx2(_mm256_add_epi32(_mm512_castsi512_si256(both), high)).total_of_pairs()
        }
    }

    #[inline(always)]
    unsafe fn wide_totals(self, other: Self) -> (u64, u64) {
        // SAFETY: AVX-512 is there, says the caller.
        unsafe {
            let wide = |lanes| {
                let low = _mm512_and_si512(lanes, _mm512_set1_epi64(0xffff_ffff));
                let sums = _mm512_add_epi64(low, _mm512_srli_epi64::<32>(lanes));
                _mm512_reduce_add_epi64(sums) as u64
            };
            (wide(self.0), wide(other.0))
        }
    }
}
