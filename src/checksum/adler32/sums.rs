//! Adler-32 on vectors of any width: docs/checksums.md derives it.

use super::BASE;
use super::vector::{Vector, weights};

/// The most bytes for [`medium`]: totals fit 32 bits: 255 n (n + 1) / 2 < 2^32.
pub(super) const MEDIUM: usize = 4096;

/// The Adler-32 of `data`, continued from `start`.
///
/// # Safety
/// The CPU has what `V` needs; `data` has at least `V::BYTES` bytes and at most [`MEDIUM`].
#[inline(always)]
pub(super) unsafe fn medium<V: Vector, const GROUP: usize>(start: u32, data: &[u8]) -> u64 {
    let odd = data.len() % V::BYTES;
    // SAFETY: the CPU has what `V` needs, says the caller; `odd` bytes and whole vectors make up the data.
    let (sum, weighed) = unsafe {
        // The odd bytes first, so that everything after them is whole vectors.
        let first = V::load_first(data.as_ptr(), odd);
        let zero = V::zero();
        let sum = zero.bytes_onto(first);
        let weighed = zero.weigh_onto(first, V::load(weights(odd)));
        let (sum, weighed) = whole::<V, GROUP>(sum, weighed, &data[odd..]);
        sum.totals(weighed)
    };
    finish(start, data.len(), sum, weighed)
}

/// The Adler-32 of more bytes, continued from `start`.
///
/// # Safety
/// The CPU has what `V` needs; `data` has at least `V::BYTES` bytes.
#[inline(always)]
pub(super) unsafe fn long<V: Vector>(start: u32, data: &[u8]) -> u64 {
    let piece = const { most_vectors(V::BYTES as u64, V::BYTES_A_LANE as u64) * V::BYTES };
    let (odd, vectors) = data.split_at(data.len() % V::BYTES);
    // SAFETY: the CPU has what `V` needs, says the caller; pieces are whole vectors and not too many.
    unsafe {
        let first = V::load_first(odd.as_ptr(), odd.len());
        let zero = V::zero();
        let weighed = zero.weigh_onto(first, V::load(weights(odd.len())));
        let (sum, weighed) = zero.bytes_onto(first).totals(weighed);
        let both = finish(start, odd.len(), sum, weighed);
        let mut state = (both & 0xffff, both >> 16);
        for piece in vectors.chunks(piece) {
            let (sum, weighed) = V::whole_long(piece);
            let (sum, weighed) = sum.wide_totals(weighed);
            state = finish_wide(state, piece.len(), sum, weighed);
        }
        state.1 << 16 | state.0
    }
}

/// The checksum from its start, the length, at most [`MEDIUM`], the sum of the bytes and their sum
/// weighed by how many bytes there are from each to the end.
#[inline(always)]
pub(super) fn finish(start: u32, length: usize, sum: u32, weighed: u32) -> u64 {
    // 65535 (n + 1) + 255 n (n + 1) / 2 < 2^32.
    let (a, b) = (start & 0xffff, start >> 16);
    let b = (b + a * length as u32 + weighed) % BASE;
    let a = (a + sum) % BASE;
    u64::from(b << 16 | a)
}

/// [`finish`] for any length that [`whole`] takes.
#[inline(always)]
fn finish_wide((a, b): (u64, u64), length: usize, sum: u64, weighed: u64) -> (u64, u64) {
    let base = u64::from(BASE);
    ((a + sum) % base, (b + a * length as u64 + weighed) % base)
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

/// The most vectors whose sums fit 32-bit lanes: a multiple of eight with
/// `255 * bytes a lane * V::BYTES * n (n + 1) / 2 < 2^32`.
const fn most_vectors(bytes: u64, bytes_a_lane: u64) -> usize {
    let mut n = 8;
    while 255 * bytes_a_lane * bytes * (n + 8) * (n + 9) / 2 < 1 << 32 {
        n += 8;
    }
    n as usize
}
