//! What the folding algorithm asks of a vector: docs/checksums.md explains the algorithm.
//!
//! All functions are `unsafe` for one reason: they may only run on a CPU that has the implementing
//! type's instructions. They are inlined into kernels that have them enabled.
#![allow(clippy::missing_safety_doc)] // said above

use super::constants::{WEIGHED, WEIGHTS};

/// 16 bytes of data, the first byte lowest: a polynomial with its highest power in bit 0.
pub(super) trait Chunk: Copy {
    /// The 16 bytes at `from`, which must be readable.
    unsafe fn load(from: *const u8) -> Self;

    /// Two words, the first 8 bytes first.
    unsafe fn from_words(first: u64, second: u64) -> Self;

    /// Exclusive or.
    unsafe fn xor(self, other: Self) -> Self;

    /// The first word times the first of `by`, plus the second word times the second.
    unsafe fn weigh(self, by: Self) -> Self;

    /// The first word times the first of `by`. The second is zero.
    #[inline(always)]
    unsafe fn weigh_first(self, by: Self) -> Self {
        // SAFETY: the caller's promise.
        unsafe { self.weigh(by) }
    }

    /// The first `count` bytes moved to the end, behind zeros.
    unsafe fn first_bytes_last(self, count: usize) -> Self;

    /// All but the first `count` bytes moved to the beginning, zeros behind.
    unsafe fn without_first_bytes(self, count: usize) -> Self;

    /// The remainder of the first 12 bytes, a polynomial of degree below 96, by the CRC polynomial.
    unsafe fn divide(self) -> u32;

    /// Entry `index` of the table of weights: that of a chunk that `WEIGHED - 1 - index` follow.
    #[inline(always)]
    unsafe fn weight(index: usize) -> Self {
        debug_assert!(index < WEIGHED);
        // SAFETY: the caller's promise, and a table entry's 16 bytes.
        unsafe { Self::load(WEIGHTS.0.as_ptr().add(index).cast()) }
    }

    /// A constant.
    #[inline(always)]
    unsafe fn constant(words: [u64; 2]) -> Self {
        // SAFETY: the caller's promise.
        unsafe { Self::from_words(words[0], words[1]) }
    }
}

/// One or more chunks side by side.
pub(super) trait Vector: Copy {
    /// One of its chunks.
    type Chunk: Chunk;

    /// Its size in bytes.
    const BYTES: usize;

    /// What [`Self::weigh_onto`] needs to move a vector `LOOP * BYTES` bytes ahead.
    const FOLD: [u64; 2];

    /// How many vectors the main loop takes at once.
    const LOOP: usize;

    /// The most bytes that are quicker without the loop: no fewer than it needs, `LOOP * BYTES + 15`,
    /// and fewer than the table of weights covers.
    const MEDIUM: usize = Self::LOOP * Self::BYTES + 15;

    /// The bytes at `from`, which must be readable.
    unsafe fn load(from: *const u8) -> Self;

    /// The chunk, then zeros.
    unsafe fn from_chunk(chunk: Self::Chunk) -> Self;

    /// The chunk in every place.
    unsafe fn broadcast(chunk: Self::Chunk) -> Self;

    /// Exclusive or.
    unsafe fn xor(self, other: Self) -> Self;

    /// [`Chunk::weigh`] on each chunk, plus `onto`.
    unsafe fn weigh_onto(self, by: Self, onto: Self) -> Self;

    /// All chunks added up.
    unsafe fn sum(self) -> Self::Chunk;
}
