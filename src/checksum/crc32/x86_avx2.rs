//! CRC-32 with VPCLMULQDQ on 256-bit vectors.

use core::arch::x86_64::*;

use super::chunk::{Halves, Vector, first};
use super::constants::FOLD_256;
use super::{fold, short, x86_pclmul};
use crate::checksum::lines;

/// The CRC-32 of `data`, continued from `start`.
#[target_feature(enable = "vpclmulqdq,pclmulqdq,avx2,bmi2")]
pub(super) fn crc32(start: u32, data: &[u8]) -> u64 {
    let crc = !start;
    // SAFETY: the features are enabled; each branch takes the lengths that its function does.
    let crc = unsafe {
        match data.len() {
            0..=short::LONGEST => short::update::<__m128i>(crc, data),
            17..=32 => fold::two_chunks::<__m128i>(crc, data),
            33..=1024 => fold::medium::<__m256i>(crc, data),
            _ => return long(start, data),
        }
    };
    u64::from(!crc)
}

/// [`fold::long`], with a stack frame of its own.
#[inline(never)]
#[target_feature(enable = "vpclmulqdq,pclmulqdq,avx2,bmi2")]
fn long(start: u32, data: &[u8]) -> u64 {
    if data.len() >= lines::FROM {
        return aligned(start, data);
    }
    // SAFETY: the features are enabled; more than 1024 bytes come here.
    unsafe { fold::long::<__m256i, fold::Multiply>(start, data) }
}

/// The same of whole cache lines.
#[cold] // keeps it apart: what it saves on the stack would be saved for the short lengths too
#[inline(never)]
#[target_feature(enable = "vpclmulqdq,pclmulqdq,avx2,bmi2")]
fn aligned(start: u32, data: &[u8]) -> u64 {
    let whole = |start, data: &[u8]| {
        // SAFETY: the features are enabled; more than 1024 bytes come here.
        unsafe { fold::long::<__m256i, fold::Multiply>(start, data) }
    };
    // SAFETY: the features are enabled, and the narrower kernel's are among them.
    unsafe { lines::in_lines(start, data, x86_pclmul::crc32, whole) }
}

impl Vector for __m256i {
    type Chunk = __m128i;
    const BYTES: usize = 32;
    const FOLD: [u64; 2] = FOLD_256;
    const LOOP: usize = 8;

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: AVX2 is there and the bytes are readable, says the caller.
        unsafe { _mm256_loadu_si256(from.cast()) }
    }

    #[inline(always)]
    unsafe fn load_first(from: *const u8, count: usize) -> Self {
        // SAFETY: AVX2 is there and the bytes are readable, says the caller.
        unsafe { _mm256_and_si256(Vector::load(from), Vector::load(first(count))) }
    }

    #[inline(always)]
    unsafe fn widen(from: *const [u32; 2]) -> Self {
        // SAFETY: AVX2 is there and the numbers are readable, says the caller.
        unsafe { _mm256_cvtepu32_epi64(_mm_loadu_si128(from.cast())) }
    }

    #[inline(always)]
    unsafe fn from_chunk(chunk: __m128i) -> Self {
        // SAFETY: AVX2 is there, says the caller.
        unsafe { _mm256_zextsi128_si256(chunk) }
    }

    #[inline(always)]
    unsafe fn broadcast(words: &[u64; 2]) -> Self {
        // SAFETY: AVX2 is there, says the caller.
        unsafe { _mm256_broadcastsi128_si256(_mm_loadu_si128(words.as_ptr().cast())) }
    }

    #[inline(always)]
    unsafe fn xor(self, other: Self) -> Self {
        // SAFETY: AVX2 is there, says the caller.
        unsafe { _mm256_xor_si256(self, other) }
    }

    #[inline(always)]
    unsafe fn weigh_onto(self, by: Self, onto: Self) -> Self {
        // SAFETY: VPCLMULQDQ and AVX2 are there, says the caller.
        unsafe {
            let first = _mm256_clmulepi64_epi128::<0x00>(self, by);
            let second = _mm256_clmulepi64_epi128::<0x11>(self, by);
            _mm256_xor_si256(_mm256_xor_si256(first, onto), second)
        }
    }

    #[inline(always)]
    unsafe fn sum(self) -> __m128i {
        // SAFETY: AVX2 is there, says the caller.
        unsafe {
            let (low, high) = (_mm256_castsi256_si128(self), _mm256_extracti128_si256::<1>(self));
            _mm_xor_si128(low, high)
        }
    }
}

impl Halves for __m256i {
    type Half = __m128i;

    #[inline(always)]
    unsafe fn join(first: __m128i, from: *const u8) -> Self {
        // SAFETY: AVX2 is there and the bytes are readable, says the caller.
        unsafe { _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(first), Vector::load(from)) }
    }
}
