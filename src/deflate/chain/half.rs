//! Half a window's positions, sorted by their hash.
//!
//! It is a counting sort: count how many positions have each hash, add up where the run of each hash
//! starts, put each position into its run. While it counts, it notes how many came before each
//! position in its run. So nothing but the sorted positions is written at the end, and what was
//! counted serves again when the half has got more bytes.

use core::ops::Range;

use super::bytes::{at, at_mut, in_fours};
use super::hash::Hash;

/// A half's first position is one that is hashed with the half's first bytes.
pub const BEFORE: usize = 2;

/// How many hashes are computed at a time.
const GROUP: usize = 2048;

/// How many positions are looked at together. Within them, no entry of a table is read behind one
/// that is written elsewhere: see [`in_fours`].
const TOGETHER: usize = 16;

/// The sorted positions of half a window.
pub struct Half<'a> {
    /// The positions by hash, and in order for the same hash.
    pub sorted: &'a mut [u16],
    /// By hash, where its run starts; and behind the last one, where that ends.
    pub starts: &'a mut [u16],
    /// By position, from the half's first on, its hash.
    pub hashes: &'a mut [u16],
    /// By position, from the half's first on, how many come before it in its run.
    pub ranks: &'a mut [u16],
}

impl<'a> Half<'a> {
    /// How much memory it needs, in entries.
    pub fn memory(w_size: usize, hash: Hash) -> usize {
        3 * w_size + hash.count() + 1
    }

    /// With what is in the memory, of which there is as much as [`Half::memory`] says.
    pub fn new(memory: &'a mut [u16], w_size: usize, hash: Hash) -> Half<'a> {
        let (sorted, memory) = memory.split_at_mut(w_size);
        let (hashes, memory) = memory.split_at_mut(w_size);
        let (starts, ranks) = memory.split_at_mut(hash.count() + 1);
        Half { sorted, starts, hashes, ranks: &mut ranks[..w_size] }
    }

    /// Sorts the positions from `known.start` to `to`, of which `known` are sorted already. The
    /// half begins at `base` less [`BEFORE`].
    pub fn sort(&mut self, hash: Hash, window: &[u8], base: usize, known: Range<usize>, to: usize) {
        let index = |pos: usize| pos + BEFORE - base;
        let (first, new, end) = (index(known.start), index(known.end), index(to));
        let (hashes, ranks) = (&mut self.hashes[..end], &mut self.ranks[..end]);
        let (sorted, starts) = (&mut *self.sorted, &mut *self.starts);
        assert!(first <= new && new <= end && end <= sorted.len());
        let count = hash.count();
        assert!(starts.len() == count + 1);
        if known.is_empty() {
            starts.fill(0);
        } else {
            differences(starts);
        }
        let groups = hashes[new..].chunks_mut(GROUP).zip(ranks[new..].chunks_mut(GROUP));
        for (i, (hashes, ranks)) in groups.enumerate() {
            let pos = known.end + i * GROUP;
            hash.of_each(&window[pos..pos + hashes.len() + 2], hashes);
            rank(hashes, ranks, starts);
        }
        sums(&mut starts[..count]);
        starts[count] = (end - first) as u16;
        place(&hashes[first..], &ranks[first..], starts, known.start, sorted);
    }
}

/// Counts hashes, and notes how many there were of each before. All are below the number of counts.
fn rank(hashes: &[u16], ranks: &mut [u16], counts: &mut [u16]) {
    let mut next = |hash: u16, by: u16| {
        // SAFETY: a hash is below `Hash::count`, and there is one more entry.
        let count = unsafe { at_mut(counts, usize::from(hash)) };
        let before = *count;
        *count = before + by;
        before
    };
    let (hashes, hash_rest) = hashes.as_chunks::<TOGETHER>();
    let (ranks, rank_rest) = ranks.as_chunks_mut::<TOGETHER>();
    for (hashes, ranks) in hashes.iter().zip(ranks) {
        // One byte many times: each count would wait for the one before.
        if *hashes == [hashes[0]; TOGETHER] {
            let before = next(hashes[0], TOGETHER as u16);
            *ranks = core::array::from_fn(|i| before + i as u16);
            continue;
        }
        in_fours(hashes, ranks, |hash| next(hash, 1));
    }
    in_fours(hash_rest, rank_rest, |hash| next(hash, 1));
}

/// Puts the positions from `pos` on, with these hashes and ranks, into their runs.
fn place(hashes: &[u16], ranks: &[u16], starts: &[u16], mut pos: usize, sorted: &mut [u16]) {
    let place = |hash: u16, rank: u16| {
        // SAFETY: a hash is below `Hash::count`, and there is one more entry.
        unsafe { at(starts, usize::from(hash)) }.wrapping_add(rank)
    };
    let mut put = |place: u16, pos: usize| {
        // SAFETY: each position was counted once, so that each has a place of its own, below their
        // number, and there is room for all of them.
        *unsafe { at_mut(sorted, usize::from(place)) } = pos as u16;
    };
    let (hashes, hash_rest) = hashes.as_chunks::<TOGETHER>();
    let (ranks, rank_rest) = ranks.as_chunks::<TOGETHER>();
    for (hashes, ranks) in hashes.iter().zip(ranks) {
        let mut places = [0; TOGETHER];
        for (to, (&hash, &rank)) in places.iter_mut().zip(hashes.iter().zip(ranks)) {
            *to = place(hash, rank);
        }
        for (i, place) in places.into_iter().enumerate() {
            put(place, pos + i);
        }
        pos += TOGETHER;
    }
    for (i, (&hash, &rank)) in hash_rest.iter().zip(rank_rest).enumerate() {
        put(place(hash, rank), pos + i);
    }
}

/// Replaces where runs start by how many entries each has; undoes [`sums`].
fn differences(starts: &mut [u16]) {
    for i in 1..starts.len() {
        starts[i - 1] = starts[i].wrapping_sub(starts[i - 1]);
    }
}

/// Replaces each count by the sum of those before it. Their sum is below 2^16, and their number a
/// multiple of 8.
fn sums(counts: &mut [u16]) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every CPU of this architecture has SSE2.
    unsafe {
        vector_sums(counts);
    }
    #[cfg(not(target_arch = "x86_64"))]
    portable_sums(counts);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "sse2")]
fn vector_sums(counts: &mut [u16]) {
    use core::arch::x86_64::*;
    let mut before = _mm_setzero_si128();
    for eight in counts.as_chunks_mut::<8>().0 {
        // SAFETY: eight counts are as large as a vector, and any bytes are either.
        let own = unsafe { core::mem::transmute::<[u16; 8], __m128i>(*eight) };
        // Each with the one below, then with the two, then with the four.
        let two = _mm_add_epi16(own, _mm_slli_si128(own, 2));
        let four = _mm_add_epi16(two, _mm_slli_si128(two, 4));
        let all = _mm_add_epi16(four, _mm_slli_si128(four, 8));
        let sums = _mm_add_epi16(_mm_sub_epi16(all, own), before);
        // SAFETY: a vector is as large as eight counts, and any bytes are either.
        *eight = unsafe { core::mem::transmute::<__m128i, [u16; 8]>(sums) };
        let high = _mm_shufflehi_epi16(all, 0xff);
        before = _mm_add_epi16(before, _mm_unpackhi_epi64(high, high));
    }
}

#[cfg(any(test, not(target_arch = "x86_64")))]
fn portable_sums(counts: &mut [u16]) {
    // In one multiplication, each of four counts in 64 bits is added to those above it.
    const EACH: u64 = 0x0001_0001_0001_0001;
    let mut sum = 0u64;
    for four in counts.as_chunks_mut::<4>().0 {
        let [a, b, c, d] = four.map(u64::from);
        let above = (a | b << 16 | c << 32 | d << 48).wrapping_mul(EACH);
        let before = (above << 16).wrapping_add(sum);
        *four =
            [before as u16, (before >> 16) as u16, (before >> 32) as u16, (before >> 48) as u16];
        sum = sum.wrapping_add((above >> 48).wrapping_mul(EACH));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Random;

    #[test]
    fn sums_and_differences() {
        let mut random = Random::new(1);
        for len in (0..200).step_by(8).chain([1 << 15, 1 << 16]) {
            let counts: Vec<u16> =
                (0..len).map(|_| random.below(65536 / (len + 1)) as u16).collect();
            let mut sum = 0;
            let expected: Vec<u16> = counts.iter().map(|&count| (sum, sum += count).0).collect();
            for sums in [sums, portable_sums] {
                let mut starts = counts.clone();
                sums(&mut starts);
                assert_eq!(starts, expected);
                starts.push(sum);
                differences(&mut starts);
                assert_eq!(starts[..len], counts);
            }
        }
    }
}
