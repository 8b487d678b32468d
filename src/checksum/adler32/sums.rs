//! Adler-32 on vectors of any width: docs/checksums.md derives it.

use super::portable::BASE;
use super::vector::{Vector, weights, whole};

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

/// The most vectors whose sums fit 32-bit lanes: a multiple of eight with
/// `255 * bytes a lane * V::BYTES * n (n + 1) / 2 < 2^32`.
const fn most_vectors(bytes: u64, bytes_a_lane: u64) -> usize {
    let mut n = 8;
    while 255 * bytes_a_lane * bytes * (n + 8) * (n + 9) / 2 < 1 << 32 {
        n += 8;
    }
    n as usize
}
