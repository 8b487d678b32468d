//! Adler-32 with AVX-512 VNNI on 512-bit vectors.

use core::arch::x86_64::*;

use super::sums::{self, finish};
use super::tiny;
use super::vector::{Vector, weights, whole};
use super::x86_avx2::{self, Avx2};
use super::x86_avx512::Avx512;
use crate::checksum::aligned::Aligned;
use crate::checksum::lines;

/// The Adler-32 of `data`, continued from `start`.
#[target_feature(enable = "avx512vnni,avx512f,avx512bw,avx512dq,avx512vl,bmi2")]
pub(super) fn adler32(start: u32, data: &[u8]) -> u64 {
    // SAFETY: the features are enabled; masked loads read nothing but `data`.
    unsafe {
        let n = data.len();
        // One vector: a masked load reads the bytes alone, and the weights go with their number.
        let (sum, weighed) = match n {
            1 => return tiny::one(start, data[0]),
            // One branch for all that is this short: lengths that cannot be predicted are common here.
            0..=32 => {
                let mask = _bzhi_u32(u32::MAX, n as u32);
                let bytes = _mm256_maskz_loadu_epi8(mask, data.as_ptr().cast());
                let (zero, ones) = (_mm256_setzero_si256(), _mm256_set1_epi8(1));
                let weights = _mm256_loadu_si256(weights(n).cast());
                let sum = Avx2(_mm256_dpbusd_epi32(zero, bytes, ones));
                sum.totals(Avx2(_mm256_dpbusd_epi32(zero, bytes, weights)))
            }
            33..=64 => {
                let mask = u64::MAX >> (64 - n);
                let bytes = Avx512Vnni(_mm512_maskz_loadu_epi8(mask, data.as_ptr().cast()));
                let zero = Avx512Vnni::zero();
                let weights = Avx512Vnni::load(weights(n));
                zero.bytes_onto(bytes).totals(zero.weigh_onto(bytes, weights))
            }
            65..=128 => {
                // Weighed from 127 to 0, since weights are signed bytes: the sum is added once more.
                let first = Avx512Vnni::load_first(data.as_ptr(), n - 64);
                let second = Avx512Vnni::load(data.as_ptr().add(n - 64));
                let zero = Avx512Vnni::zero();
                let sum = zero.bytes_onto(first).add(zero.bytes_onto(second));
                let by = WEIGHTS_LESS_1.0.as_ptr();
                let weighed = zero.weigh_onto(first, Avx512Vnni::load(by.add(128 - n)));
                let weighed = weighed.weigh_onto(second, Avx512Vnni::load(by.add(64)));
                sum.totals(weighed.add(sum))
            }
            129..=1024 => return sums::medium::<Avx512Vnni, 4>(start, data),
            1025..=sums::MEDIUM => return sums::medium::<Avx512Vnni, 8>(start, data),
            _ => return long(start, data),
        };
        finish(start, n, sum, weighed)
    }
}

/// [`sums::long`], out of the way of the short lengths, which need no stack.
#[inline(never)]
#[target_feature(enable = "avx512vnni,avx512f,avx512bw,avx512dq,avx512vl,bmi2")]
fn long(start: u32, data: &[u8]) -> u64 {
    if data.len() >= lines::FROM {
        return aligned(start, data);
    }
    // SAFETY: the features are enabled; there is more than a vector.
    unsafe { sums::long::<Avx512Vnni>(start, data) }
}

/// The same of whole cache lines.
#[cold] // keeps it apart: what it saves on the stack would be saved for the short lengths too
#[inline(never)]
#[target_feature(enable = "avx512vnni,avx512f,avx512bw,avx512dq,avx512vl,bmi2")]
fn aligned(start: u32, data: &[u8]) -> u64 {
    let whole = |start, data: &[u8]| {
        // SAFETY: the features are enabled; there is more than a vector.
        unsafe { sums::long::<Avx512Vnni>(start, data) }
    };
    // SAFETY: the features are enabled, and the narrower kernel's are among them.
    unsafe { lines::in_lines(start, data, x86_avx2::adler32, whole) }
}

/// Sixty-four bytes, or sixteen sums.
#[derive(Clone, Copy)]
struct Avx512Vnni(__m512i);

impl Vector for Avx512Vnni {
    const BYTES: usize = 64;
    const BYTES_A_LANE: usize = 4;

    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: AVX-512 VNNI is there, says the caller.
        Avx512Vnni(unsafe { _mm512_setzero_si512() })
    }

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: AVX-512 VNNI is there and `from` readable, says the caller.
        Avx512Vnni(unsafe { _mm512_loadu_si512(from.cast()) })
    }

    #[inline(always)]
    unsafe fn load_first(from: *const u8, count: usize) -> Self {
        // SAFETY: AVX-512 VNNI is there, says the caller.
        Avx512Vnni(unsafe {
            _mm512_maskz_loadu_epi8(_bzhi_u64(u64::MAX, count as u32), from.cast())
        })
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: AVX-512 VNNI is there, says the caller.
        Avx512Vnni(unsafe { _mm512_add_epi32(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn times<const LOG: u32>(self) -> Self {
        // SAFETY: AVX-512 VNNI is there, says the caller.
        Avx512Vnni(unsafe { _mm512_sll_epi32(self.0, _mm_cvtsi32_si128(LOG as i32)) })
    }

    #[inline(always)]
    unsafe fn bytes_onto(self, data: Self) -> Self {
        // SAFETY: AVX-512 VNNI is there, says the caller.
        Avx512Vnni(unsafe { _mm512_dpbusd_epi32(self.0, data.0, _mm512_set1_epi8(1)) })
    }

    #[inline(always)]
    unsafe fn weigh_onto(self, data: Self, weights: Self) -> Self {
        // SAFETY: AVX-512 VNNI is there, says the caller.
        Avx512Vnni(unsafe { _mm512_dpbusd_epi32(self.0, data.0, weights.0) })
    }

    #[inline(always)]
    unsafe fn whole_long(data: &[u8]) -> (Self, Self) {
        // SAFETY: AVX-512 VNNI is there, says the caller.
        unsafe { whole::<Self, 8>(Self::zero(), Self::zero(), data) }
    }

    #[inline(always)]
    unsafe fn totals(self, other: Self) -> (u32, u32) {
        // SAFETY: AVX-512 VNNI is there, says the caller.
        unsafe { Avx512(self.0).totals(Avx512(other.0)) }
    }

    #[inline(always)]
    unsafe fn wide_totals(self, other: Self) -> (u64, u64) {
        // SAFETY: AVX-512 VNNI is there, says the caller.
        unsafe { Avx512(self.0).wide_totals(Avx512(other.0)) }
    }
}

/// 127 down to 0.
static WEIGHTS_LESS_1: Aligned<[u8; 128]> = Aligned({
    let mut weights = [0; 128];
    let mut i = 0;
    while i < 128 {
        weights[i] = 127 - i as u8;
        i += 1;
    }
    weights
});
