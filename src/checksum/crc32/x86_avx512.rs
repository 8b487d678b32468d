//! CRC-32 with VPCLMULQDQ on 512-bit vectors.

use core::arch::x86_64::*;

use super::chunk::Vector;
use super::constants::FOLD_512;
use super::fold;

/// The CRC-32 of `data`, continued from `start`.
#[target_feature(enable = "vpclmulqdq,pclmulqdq,avx512f,avx512bw,avx512dq,avx512vl,bmi2")]
pub(super) fn crc32(start: u32, data: &[u8]) -> u64 {
    // SAFETY: the features are enabled.
    unsafe { fold::crc32::<__m512i>(start, data) }
}

impl Vector for __m512i {
    type Chunk = __m128i;
    const BYTES: usize = 64;
    const FOLD: [u64; 2] = FOLD_512;
    const LOOP: usize = 8;

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: AVX-512F is there and the bytes are readable, says the caller.
        unsafe { _mm512_loadu_si512(from.cast()) }
    }

    #[inline(always)]
    unsafe fn from_chunk(chunk: __m128i) -> Self {
        // SAFETY: AVX-512F is there, says the caller.
        unsafe { _mm512_zextsi128_si512(chunk) }
    }

    #[inline(always)]
    unsafe fn broadcast(chunk: __m128i) -> Self {
        // SAFETY: AVX-512F is there, says the caller.
        unsafe { _mm512_broadcast_i32x4(chunk) }
    }

    #[inline(always)]
    unsafe fn xor(self, other: Self) -> Self {
        // SAFETY: AVX-512F is there, says the caller.
        unsafe { _mm512_xor_si512(self, other) }
    }

    #[inline(always)]
    unsafe fn weigh_onto(self, by: Self, onto: Self) -> Self {
        // SAFETY: VPCLMULQDQ and AVX-512F are there, says the caller.
        unsafe {
            let first = _mm512_clmulepi64_epi128::<0x00>(self, by);
            let second = _mm512_clmulepi64_epi128::<0x11>(self, by);
            // The truth table of a three-way exclusive or.
            _mm512_ternarylogic_epi64::<0x96>(first, second, onto)
        }
    }

    #[inline(always)]
    unsafe fn sum(self) -> __m128i {
        // SAFETY: AVX-512F is there, says the caller.
        unsafe {
            let (low, high) = (_mm512_castsi512_si256(self), _mm512_extracti64x4_epi64::<1>(self));
            _mm256_xor_si256(low, high).sum()
        }
    }
}
