//! What the algorithm in `sums` asks of a vector.
//!
//! All functions are `unsafe` for one reason: they may only run on a CPU that has the implementing
//! type's instructions. They are inlined into kernels that have them enabled.
#![allow(clippy::missing_safety_doc)] // said above

use crate::checksum::aligned::Aligned;

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

    /// The sum and the weighed sum of whole vectors, whose sums fit the lanes: [`whole`] with
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

/// The sums of whole vectors, after those that the first arguments have.
///
/// # Safety
/// The CPU has what `V` needs; the length is a multiple of `V::BYTES`, and such that no lane
/// overflows.
#[inline(always)]
pub(super) unsafe fn whole<V: Vector, const GROUP: usize>(
    mut sum: V,
    mut weighed: V,
    data: &[u8],
) -> (V, V) {
    // SAFETY: the CPU has what `V` needs, says the caller; loads go from the first vector to the last.
    unsafe {
        let by = V::load(weights(V::BYTES));
        let mut from = data.as_ptr();
        let mut left = data.len() / V::BYTES;
        // Each vector moves all bytes before it `V::BYTES` further from the end: `before` counts
        // how often each did.
        let mut before = V::zero();
        while !left.is_multiple_of(GROUP) {
            let bytes = V::load(from);
            before = before.add(sum);
            sum = sum.bytes_onto(bytes);
            weighed = weighed.weigh_onto(bytes, by);
            from = from.add(V::BYTES);
            left -= 1;
        }
        weighed = weighed.add(times_bytes(before));
        if left == 0 {
            return (sum, weighed);
        }

        // A group of vectors a step, each with sums of its own. What is there so far goes to the
        // last ones, since the other vectors of a group have more vectors behind them.
        let mut sums = [V::zero(); 8];
        let mut all_weighed = [V::zero(); 8];
        sums[GROUP - 1] = sum;
        all_weighed[0] = weighed;
        let mut before = [V::zero(); 2];
        while left > 0 {
            let mut data = [V::zero(); 8];
            let mut i = 0;
            while i < GROUP {
                data[i] = V::load(from.add(i * V::BYTES));
                let half = i % (GROUP / 4);
                before[half] = before[half].add(sums[i]);
                sums[i] = sums[i].bytes_onto(data[i]);
                i += 1;
            }
            V::weigh_group::<GROUP>(&mut all_weighed, &data, by);
            from = from.add(GROUP * V::BYTES);
            left -= GROUP;
        }
        // Adding up the running sums takes each as often as there are vectors behind it.
        let (mut sum, mut behind, mut weighed) = (sums[0], V::zero(), all_weighed[0]);
        let mut i = 1;
        while i < GROUP {
            behind = behind.add(sum);
            sum = sum.add(sums[i]);
            weighed = weighed.add(all_weighed[i]);
            i += 1;
        }
        let steps = before[0].add(before[1]);
        let steps = if GROUP == 4 { steps.times::<2>() } else { steps.times::<3>() };
        (sum, weighed.add(times_bytes(steps.add(behind))))
    }
}

/// The lanes times `V::BYTES`.
///
/// # Safety
/// The CPU has what `V` needs.
#[inline(always)]
unsafe fn times_bytes<V: Vector>(lanes: V) -> V {
    // SAFETY: the CPU has what `V` needs, says the caller.
    unsafe {
        match V::BYTES {
            16 => lanes.times::<4>(),
            32 => lanes.times::<5>(),
            _ => lanes.times::<6>(),
        }
    }
}
