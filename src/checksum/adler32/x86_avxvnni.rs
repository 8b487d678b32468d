//! Adler-32 with AVX-VNNI on 256-bit vectors.

use core::arch::x86_64::*;

use super::sums;
use super::vector::{Vector, weights};
use super::x86_avx2::Avx2;
use super::x86_ssse3;
use crate::checksum::lines;

/// The Adler-32 of `data`, continued from `start`.
#[target_feature(enable = "avxvnni,avx2,bmi2")]
pub(super) fn adler32(start: u32, data: &[u8]) -> u64 {
    // SAFETY: the features are enabled.
    unsafe {
        match data.len() {
            0..32 => x86_ssse3::adler32_short(start, data),
            32..=sums::MEDIUM => sums::medium::<AvxVnni, 4>(start, data),
            _ => long(start, data),
        }
    }
}

/// [`sums::long`], out of the way of the short lengths, which need no stack.
#[inline(never)]
#[target_feature(enable = "avxvnni,avx2,bmi2")]
fn long(start: u32, data: &[u8]) -> u64 {
    if data.len() >= lines::FROM {
        return aligned(start, data);
    }
    // SAFETY: the features are enabled; there is more than a vector.
    unsafe { sums::long::<AvxVnni>(start, data) }
}

/// The same of whole cache lines.
#[cold] // keeps it apart: what it saves on the stack would be saved for the short lengths too
#[inline(never)]
#[target_feature(enable = "avxvnni,avx2,bmi2")]
fn aligned(start: u32, data: &[u8]) -> u64 {
    let whole = |start, data: &[u8]| {
        // SAFETY: the features are enabled; there is more than a vector.
        unsafe { sums::long::<AvxVnni>(start, data) }
    };
    // SAFETY: the features are enabled, and the narrower kernel's are among them.
    unsafe { lines::in_lines(start, data, x86_ssse3::adler32, whole) }
}

/// Thirty-two bytes, or eight sums.
#[derive(Clone, Copy)]
struct AvxVnni(__m256i);

impl Vector for AvxVnni {
    const BYTES: usize = 32;
    const BYTES_A_LANE: usize = 4;

    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: AVX-VNNI is there, says the caller.
        AvxVnni(unsafe { _mm256_setzero_si256() })
    }

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: AVX-VNNI is there and `from` readable, says the caller.
        AvxVnni(unsafe { _mm256_loadu_si256(from.cast()) })
    }

    #[inline(always)]
    unsafe fn load_first(from: *const u8, count: usize) -> Self {
        // SAFETY: AVX-VNNI is there and `from` readable, says the caller. A byte belongs to
        // the first `count` if it has a weight.
        unsafe {
            let weights = _mm256_loadu_si256(weights(count).cast());
            let behind = _mm256_cmpeq_epi8(weights, _mm256_setzero_si256());
            AvxVnni(_mm256_andnot_si256(behind, _mm256_loadu_si256(from.cast())))
        }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: AVX-VNNI is there, says the caller.
        AvxVnni(unsafe { _mm256_add_epi32(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn times<const LOG: u32>(self) -> Self {
        // SAFETY: AVX-VNNI is there, says the caller.
        AvxVnni(unsafe { _mm256_sll_epi32(self.0, _mm_cvtsi32_si128(LOG as i32)) })
    }

    #[inline(always)]
    unsafe fn bytes_onto(self, data: Self) -> Self {
        // SAFETY: AVX-VNNI is there, says the caller.
        AvxVnni(unsafe { _mm256_dpbusd_avx_epi32(self.0, data.0, _mm256_set1_epi8(1)) })
    }

    #[inline(always)]
    unsafe fn weigh_onto(self, data: Self, weights: Self) -> Self {
        // SAFETY: AVX-VNNI is there, says the caller.
        AvxVnni(unsafe { _mm256_dpbusd_avx_epi32(self.0, data.0, weights.0) })
    }

    #[inline(always)]
    unsafe fn totals(self, other: Self) -> (u32, u32) {
        // SAFETY: AVX-VNNI is there, says the caller.
        unsafe { Avx2(self.0).totals(Avx2(other.0)) }
    }

    #[inline(always)]
    unsafe fn wide_totals(self, other: Self) -> (u64, u64) {
        // SAFETY: AVX-VNNI is there, says the caller.
        unsafe { Avx2(self.0).wide_totals(Avx2(other.0)) }
    }
}
