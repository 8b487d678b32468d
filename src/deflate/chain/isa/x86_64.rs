//! Blocks with AVX2, of which only 128 bits at a time are worth it but for comparing.

use core::arch::x86_64::*;

use super::{BLOCK, Isa};
use crate::deflate::chain::bytes::Bytes;

/// For CPUs with AVX2, BMI1 and BMI2.
pub struct Avx2;

/// Loaded from `8 - count` on: the last `count` lanes.
static LAST: [u16; 16] = [0, 0, 0, 0, 0, 0, 0, 0, !0, !0, !0, !0, !0, !0, !0, !0];

/// Loaded from twice `8 - taken` on: shuffles that move lanes down by 8 less `taken`, or by
/// `taken`... see [`Avx2::join`].
static MOVE: [u8; 48] = {
    let mut table = [0x80; 48];
    let mut i = 0;
    while i < 16 {
        table[16 + i] = i as u8;
        i += 1;
    }
    table
};

impl Isa for Avx2 {
    const AVX2: bool = true;
    #[inline(always)]
    unsafe fn load(from: *const u16, count: usize, limit: u16) -> ([u16; BLOCK], usize) {
        // SAFETY: says the caller.
        unsafe { only(_mm_loadu_si128(from.cast()), count, limit) }
    }

    #[inline(always)]
    unsafe fn join(
        near: *const u16,
        far: *const u16,
        taken: usize,
        count: usize,
        limit: u16,
    ) -> ([u16; BLOCK], usize) {
        // SAFETY: says the caller; `taken` is at most 8.
        unsafe {
            let near = _mm_loadu_si128(near.cast());
            let far = _mm_loadu_si128(far.cast());
            // Down by `taken` lanes, zeros from above.
            let down = _mm_loadu_si128(MOVE.as_ptr().add(16 + 2 * taken).cast());
            let far = _mm_shuffle_epi8(far, down);
            let last = _mm_loadu_si128(LAST.as_ptr().add(taken).cast());
            only(_mm_or_si128(_mm_and_si128(near, last), far), count, limit)
        }
    }

    #[inline(always)]
    unsafe fn longest(
        window: Bytes,
        block: &[u16; BLOCK],
        valid: usize,
        start: u64,
    ) -> (usize, usize, u64) {
        // SAFETY: says the caller.
        unsafe {
            let eight = |index: usize| window.eight(usize::from(block[BLOCK - 1 - index])) as i64;
            let start = _mm256_set1_epi64x(start as i64);
            let low = _mm256_set_epi64x(eight(3), eight(2), eight(1), eight(0));
            let high = _mm256_set_epi64x(eight(7), eight(6), eight(5), eight(4));
            let low = _mm256_movemask_epi8(_mm256_cmpeq_epi8(low, start)) as u32;
            let high = _mm256_movemask_epi8(_mm256_cmpeq_epi8(high, start)) as u32;
            // A byte for each: which of its bytes are the same.
            let same = _bzhi_u64(u64::from(high) << 32 | u64::from(low), 8 * valid as u32);
            let same = _mm_unpacklo_epi8(_mm_cvtsi64_si128(same as i64), _mm_setzero_si128());
            // As many ones as the first ones, and one more.
            let ones = _mm_xor_si128(same, _mm_add_epi16(same, _mm_set1_epi16(1)));
            let most =
                _mm_cvtsi128_si32(_mm_minpos_epu16(_mm_xor_si128(ones, _mm_set1_epi16(-1)))) as u32;
            let long = _mm_cmpeq_epi16(ones, _mm_set1_epi16(0x1ff));
            let long =
                _mm_cvtsi128_si64(_mm_packs_epi16(long, long)) as u64 & 0x0101_0101_0101_0101;
            let len = (most as u16).trailing_zeros() as usize - 1;
            ((most >> 16) as usize, len, long)
        }
    }

    #[inline(always)]
    unsafe fn hits(
        window: Bytes,
        block: &[u16; BLOCK],
        valid: usize,
        offset: usize,
        end: u32,
    ) -> u32 {
        // SAFETY: says the caller.
        unsafe {
            let four =
                |index: usize| window.four(usize::from(block[BLOCK - 1 - index]) + offset) as i32;
            let fours = _mm256_set_epi32(
                four(7),
                four(6),
                four(5),
                four(4),
                four(3),
                four(2),
                four(1),
                four(0),
            );
            let same = _mm256_cmpeq_epi32(fours, _mm256_set1_epi32(end as i32));
            _bzhi_u32(_mm256_movemask_ps(_mm256_castsi256_ps(same)) as u32, valid as u32)
        }
    }
}

#[inline(always)]
unsafe fn only(block: __m128i, count: usize, limit: u16) -> ([u16; BLOCK], usize) {
    // SAFETY: says the caller; `count` is at most 8.
    unsafe {
        let last = _mm_loadu_si128(LAST.as_ptr().add(count).cast());
        let block = _mm_and_si128(block, last);
        let beyond = _mm_subs_epu16(block, _mm_set1_epi16(limit as i16));
        let beyond = _mm_cmpeq_epi16(beyond, _mm_setzero_si128());
        let block = _mm_andnot_si128(beyond, block);
        // They ascend, so those beyond come first.
        let valid = BLOCK - _mm_movemask_epi8(beyond).trailing_ones() as usize / 2;
        (core::mem::transmute::<__m128i, [u16; BLOCK]>(block), valid)
    }
}
