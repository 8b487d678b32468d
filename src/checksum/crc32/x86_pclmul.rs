//! CRC-32 with PCLMULQDQ on 128-bit vectors.

use core::arch::x86_64::*;

use super::chunk::{Chunk, Vector, first};
use super::constants::{FOLD_128, POLYNOMIAL, QUOTIENT};
use super::{fold, short};

/// The CRC-32 of `data`, continued from `start`.
#[target_feature(enable = "pclmulqdq,sse4.1,ssse3")]
pub(super) fn crc32(start: u32, data: &[u8]) -> u64 {
    let crc = !start;
    // SAFETY: the features are enabled; each branch takes the lengths that its function does.
    let crc = unsafe {
        match data.len() {
            0..=short::LONGEST => short::update::<__m128i>(crc, data),
            17..=32 => fold::two_chunks::<__m128i>(crc, data),
            33..=256 => fold::medium::<__m128i>(crc, data),
            _ => return long(start, data),
        }
    };
    u64::from(!crc)
}

/// [`fold::long`], with a stack frame of its own.
#[inline(never)]
#[target_feature(enable = "pclmulqdq,sse4.1,ssse3")]
fn long(start: u32, data: &[u8]) -> u64 {
    // SAFETY: the features are enabled; more than 256 bytes come here.
    unsafe { fold::long::<__m128i, fold::Multiply>(start, data) }
}

// SAFETY of each block: the trait's functions may only be called where the features are there.
impl Chunk for __m128i {
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
    unsafe fn times(self, by: Self) -> Self {
        // SAFETY: PCLMULQDQ is there, says the caller.
        unsafe { _mm_clmulepi64_si128::<0x00>(self, by) }
    }

    #[inline(always)]
    unsafe fn second(self) -> Self {
        // SAFETY: SSE2 is part of x86-64.
        unsafe { _mm_srli_si128::<8>(self) }
    }

    #[inline(always)]
    unsafe fn divide(self) -> u32 {
        // SAFETY: PCLMULQDQ and SSE4.1 are there, says the caller.
        unsafe {
            // In the second words, because the compiler would make immediates of first words.
            let quotient = _mm_clmulepi64_si128::<0x10>(self, _mm_set_epi64x(QUOTIENT as i64, 0));
            let by = _mm_set_epi64x(POLYNOMIAL as i64, 0);
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
    unsafe fn load_first(from: *const u8, count: usize) -> Self {
        // SAFETY: readable, says the caller.
        unsafe { _mm_and_si128(Vector::load(from), Vector::load(first(count))) }
    }

    #[inline(always)]
    unsafe fn widen(from: *const [u32; 2]) -> Self {
        // SAFETY: SSE4.1 is there and eight bytes are readable, says the caller.
        unsafe { _mm_cvtepu32_epi64(_mm_loadl_epi64(from.cast())) }
    }

    #[inline(always)]
    unsafe fn from_chunk(chunk: __m128i) -> Self {
        chunk
    }

    #[inline(always)]
    unsafe fn broadcast(words: &[u64; 2]) -> Self {
        // SAFETY: readable, being a reference.
        unsafe { <Self as Vector>::load(words.as_ptr().cast()) }
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
