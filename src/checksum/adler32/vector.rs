//! What the algorithm in `sums` asks of a vector.
//!
//! All functions are `unsafe` for one reason: they may only run on a CPU that has the implementing
//! type's instructions. They are inlined into kernels that have them enabled.
#![allow(clippy::missing_safety_doc)] // said above

use super::sums::whole;
use crate::checksum::Aligned;

/// Bytes, or 32-bit sums.
pub(super) trait Vector: Copy {
    /// Its size in bytes.
    const BYTES: usize;

    /// How many bytes one 32-bit lane of [`Self::bytes_onto`] adds up.
    const BYTES_A_LANE: usize;

    /// All zero.
    unsafe fn zero() -> Self;

    /// The bytes at `from`, which must be readable.
    unsafe fn load(from: *const u8) -> Self;

    /// The first `count` of the bytes at `from`, all of which must be readable, then zeros.
    unsafe fn load_first(from: *const u8, count: usize) -> Self;

    /// The sum of 32-bit lanes.
    unsafe fn add(self, other: Self) -> Self;

    /// The 32-bit lanes times 2^`LOG`.
    unsafe fn times<const LOG: u32>(self) -> Self;

    /// This, plus the bytes of `data`, added up lane by lane.
    unsafe fn bytes_onto(self, data: Self) -> Self;

    /// This, plus the bytes of `data` times those of `weights`, added up lane by lane. Weights are
    /// at most 64.
    unsafe fn weigh_onto(self, data: Self, weights: Self) -> Self;

    /// The sum and the weighed sum of whole vectors, whose sums fit the lanes: `sums::whole` with
    /// as many vectors in a step as there are registers for.
    #[inline(always)]
    unsafe fn whole_long(data: &[u8]) -> (Self, Self) {
        // SAFETY: the CPU has what this kind of vector needs, says the caller.
        unsafe { whole::<Self, 4>(Self::zero(), Self::zero(), data) }
    }

    /// [`Self::weigh_onto`] for the first `GROUP` (4 or 8) of `data`, onto whichever of `sums`.
    #[inline(always)]
    unsafe fn weigh_group<const GROUP: usize>(
        sums: &mut [Self; 8],
        data: &[Self; 8],
        weights: Self,
    ) {
        let mut i = 0;
        while i < GROUP {
            // SAFETY: the CPU has what this kind of vector needs, says the caller.
            sums[i] = unsafe { sums[i].weigh_onto(data[i], weights) };
            i += 1;
        }
    }

    /// The sums of all 32-bit lanes of two vectors, modulo 2^32.
    unsafe fn totals(self, other: Self) -> (u32, u32);

    /// The sums of all 32-bit lanes of two vectors.
    unsafe fn wide_totals(self, other: Self) -> (u64, u64);
}

/// 64 down to 1, then zeros: from the n-th last weight on, the weights of n bytes.
pub(super) static WEIGHTS: Aligned<[u8; 128]> = Aligned({
    let mut weights = [0; 128];
    let mut i = 0;
    while i < 64 {
        weights[i] = 64 - i as u8;
        i += 1;
    }
    weights
});

/// Where the weights of `count` bytes, at most 64, begin.
#[inline(always)]
pub(super) fn weights(count: usize) -> *const u8 {
    debug_assert!(count <= 64);
    // At most 64 bytes from the beginning.
    WEIGHTS.0.as_ptr().wrapping_add(64 - count)
}
