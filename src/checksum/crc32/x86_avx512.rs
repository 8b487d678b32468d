//! CRC-32 with VPCLMULQDQ on 512-bit vectors.

use core::arch::x86_64::*;

use super::chunk::{Halves, Vector, first};
use super::constants::FOLD_384;
use super::{fold, short, x86_avx2};
use crate::checksum::kernel::Code;
use crate::checksum::lines;

/// The CRC-32 of `data`, continued from `start`.
#[target_feature(enable = "vpclmulqdq,pclmulqdq,avx512f,avx512bw,avx512dq,avx512vl,bmi2")]
pub(super) fn crc32(start: u32, data: &[u8]) -> u64 {
    // SAFETY: the features are enabled.
    unsafe { up_to_long::<1024>(start, data, multiply) }
}

/// The loop by carry-less multiplication.
#[inline(never)]
#[target_feature(enable = "vpclmulqdq,pclmulqdq,avx512f,avx512bw,avx512dq,avx512vl,bmi2")]
fn multiply(start: u32, data: &[u8]) -> u64 {
    if data.len() >= lines::FROM {
        return aligned(start, data);
    }
    // SAFETY: the features are enabled; more than 1024 bytes come here.
    unsafe { fold::long::<__m512i, fold::Multiply>(start, data) }
}

/// The same of whole cache lines.
#[cold] // keeps it apart: what it saves on the stack would be saved for the short lengths too
#[inline(never)]
#[target_feature(enable = "vpclmulqdq,pclmulqdq,avx512f,avx512bw,avx512dq,avx512vl,bmi2")]
fn aligned(start: u32, data: &[u8]) -> u64 {
    let whole = |start, data: &[u8]| {
        // SAFETY: the features are enabled; more than 1024 bytes come here.
        unsafe { fold::long::<__m512i, fold::Multiply>(start, data) }
    };
    // SAFETY: the features are enabled, and the narrower kernel's are among them.
    unsafe { lines::in_lines(start, data, x86_avx2::crc32, whole) }
}

/// The CRC-32 of `data`: here up to `MOST` bytes, by `long` from there on, which is called and not
/// inlined since its stack frame would slow down the short lengths.
///
/// # Safety
/// The CPU has what this kernel and `long` need.
#[inline(always)]
pub(super) unsafe fn up_to_long<const MOST: usize>(start: u32, data: &[u8], long: Code) -> u64 {
    let crc = !start;
    // SAFETY: the CPU has the features, says the caller; each branch takes the lengths that its function does.
    let crc = unsafe {
        match data.len() {
            0..=short::LONGEST => short::update::<__m128i>(crc, data),
            17..=32 => fold::two_halves::<__m256i>(crc, data),
            33..=64 => fold::two_halves::<__m512i>(crc, data),
            n if n <= MOST => fold::medium::<__m512i>(crc, data),
            _ => return long(start, data),
        }
    };
    u64::from(!crc)
}

impl Vector for __m512i {
    type Chunk = __m128i;
    const BYTES: usize = 64;
    const FOLD: [u64; 2] = FOLD_384;
    const LOOP: usize = 6;

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: AVX-512F is there and the bytes are readable, says the caller.
        unsafe { _mm512_loadu_si512(from.cast()) }
    }

    #[inline(always)]
    unsafe fn load_first(from: *const u8, count: usize) -> Self {
        // Not by a masked load: the mask would take one of the few slots for shuffles.
        // SAFETY: AVX-512F is there and the bytes are readable, says the caller.
        unsafe { _mm512_and_si512(Vector::load(from), Vector::load(first(count))) }
    }

    #[inline(always)]
    unsafe fn widen(from: *const [u32; 2]) -> Self {
        // SAFETY: AVX-512F is there and the numbers are readable, says the caller.
        unsafe { _mm512_cvtepu32_epi64(_mm256_loadu_si256(from.cast())) }
    }

    #[inline(always)]
    unsafe fn from_chunk(chunk: __m128i) -> Self {
        // SAFETY: AVX-512F is there, says the caller.
        unsafe { _mm512_zextsi128_si512(chunk) }
    }

    #[inline(always)]
    unsafe fn broadcast(words: &[u64; 2]) -> Self {
        // SAFETY: AVX-512F is there, says the caller.
        unsafe { _mm512_broadcast_i32x4(_mm_loadu_si128(words.as_ptr().cast())) }
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

impl Halves for __m512i {
    type Half = __m256i;

    #[inline(always)]
    unsafe fn join(first: __m256i, from: *const u8) -> Self {
        // SAFETY: AVX-512F is there and the bytes are readable, says the caller.
        unsafe { _mm512_inserti64x4::<1>(_mm512_castsi256_si512(first), Vector::load(from)) }
    }
}
