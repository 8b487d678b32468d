//! What the folding algorithm asks of a vector: docs/checksums.md explains the algorithm.
//!
//! All functions are `unsafe` for one reason: they may only run on a CPU that has the implementing
//! type's instructions. They are inlined into kernels that have them enabled.
#![allow(clippy::missing_safety_doc)] // said above

use crate::checksum::aligned::Aligned;

/// 16 bytes of data, the first byte lowest: a polynomial with its highest power in bit 0.
pub(super) trait Chunk: Copy {
    /// Two words, the first 8 bytes first.
    unsafe fn from_words(first: u64, second: u64) -> Self;

    /// Exclusive or.
    unsafe fn xor(self, other: Self) -> Self;

    /// The product of the first words.
    unsafe fn times(self, by: Self) -> Self;

    /// The second word as the first.
    unsafe fn second(self) -> Self;

    /// The remainder of the first 12 bytes, a polynomial of degree below 96, by the CRC polynomial.
    unsafe fn divide(self) -> u32;
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

    /// The bytes at `from`, which must be readable.
    unsafe fn load(from: *const u8) -> Self;

    /// The first `count` of the bytes at `from`, then zeros. All of them must be readable.
    unsafe fn load_first(from: *const u8, count: usize) -> Self;

    /// For each chunk two numbers, as its two words.
    unsafe fn widen(from: *const [u32; 2]) -> Self;

    /// Zeros.
    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: the CPU has what this kind of vector needs, says the caller.
        unsafe { Self::from_chunk(Self::Chunk::from_words(0, 0)) }
    }

    /// The chunk, then zeros.
    unsafe fn from_chunk(chunk: Self::Chunk) -> Self;

    /// Two words in every chunk.
    unsafe fn broadcast(words: &[u64; 2]) -> Self;

    /// Exclusive or.
    unsafe fn xor(self, other: Self) -> Self;

    /// Each chunk's first word times the first of `by`, plus its second word times the second, plus
    /// `onto`.
    unsafe fn weigh_onto(self, by: Self, onto: Self) -> Self;

    /// All chunks added up.
    unsafe fn sum(self) -> Self::Chunk;
}

/// A vector of two others.
pub(super) trait Halves: Vector {
    /// One half.
    type Half: Vector;

    /// The first half, and the second at `from`, which must be readable.
    unsafe fn join(first: Self::Half, from: *const u8) -> Self;
}

/// A window of as many bytes as a vector has from `64 - n` on selects the first n bytes.
static FIRST: Aligned<[u8; 128]> = Aligned({
    let mut mask = [0; 128];
    let mut i = 0;
    while i < 64 {
        mask[i] = 0xff;
        i += 1;
    }
    mask
});

/// The mask that selects the first `count` bytes.
#[inline(always)]
pub(super) fn first(count: usize) -> *const u8 {
    debug_assert!(count <= 64);
    FIRST.0.as_ptr().wrapping_add(64 - count)
}
