//! The folding algorithm, for vectors of any width: docs/checksums.md derives it.

use super::chunk::{Chunk, Halves, Vector};
use super::constants::{WEIGHED, WEIGHTS};
use super::heads::{self, MOVES};

/// The length of the head, 1 to a whole vector, and how many whole vectors follow it.
#[inline(always)]
fn head_and_whole<V: Vector>(length: usize) -> (usize, usize) {
    ((length - 1) % V::BYTES + 1, (length - 1) / V::BYTES)
}

/// The first `length` bytes of the data, then zeros, and the CRC register added: to the first four
/// bytes, also where the head has fewer.
///
/// # Safety
/// The CPU has what `V` needs; `data` has as many bytes as `V` or more.
#[inline(always)]
unsafe fn head<V: Vector>(crc: u32, data: &[u8], length: usize) -> V {
    debug_assert!(length <= V::BYTES && V::BYTES <= data.len());
    // SAFETY: the CPU has what `V` needs and `data` a whole vector, says the caller.
    unsafe {
        let register = V::Chunk::from_words(u64::from(crc), 0);
        V::load_first(data.as_ptr(), length).xor(V::from_chunk(register))
    }
}

/// Too little for the loop: every vector is weighed by its distance from the end, all at once.
///
/// # Safety
/// The CPU has what `V` needs; `data` has as many bytes as `V` or more, and at most 1024.
#[inline(always)]
pub(super) unsafe fn medium<V: Vector>(crc: u32, data: &[u8]) -> u32 {
    // SAFETY: the CPU has what `V` needs, says the caller; the whole vectors are the last bytes.
    unsafe {
        let (odd, whole) = head_and_whole::<V>(data.len());
        let weights = V::widen(heads::weights(data.len()));
        let sum = head::<V>(crc, data, odd).weigh_onto(weights, V::zero());
        weigh_last(data.as_ptr().add(data.len()), whole, sum).sum().divide()
    }
}

/// The sum of `onto` and of the `count` vectors that end at `end`, where the data does, each weighed by
/// its distance from there.
///
/// # Safety
/// The CPU has what `V` needs; that many vectors are readable, and no more than the table covers.
#[inline(always)]
unsafe fn weigh_last<V: Vector>(end: *const u8, count: usize, onto: V) -> V {
    debug_assert!(count <= WEIGHED * 16 / V::BYTES);
    let (mut sum, mut count) = (onto, count);
    // SAFETY: the CPU has what `V` needs and so many vectors are readable, says the caller; the table has
    // as many weights.
    unsafe {
        let mut from = end.sub(count * V::BYTES);
        let mut weight = WEIGHTS.0.as_ptr().add(WEIGHED).cast::<u8>().sub(count * V::BYTES);
        while count > 7 {
            sum = V::load(from).weigh_onto(V::load(weight), sum);
            sum = V::load(from.add(V::BYTES)).weigh_onto(V::load(weight.add(V::BYTES)), sum);
            (from, weight) = (from.add(2 * V::BYTES), weight.add(2 * V::BYTES));
            count -= 2;
        }
        // One jump for all of these lengths, which a program may take in any order, and weights at
        // fixed addresses.
        'v0: {
            'v1: {
                'v2: {
                    'v3: {
                        'v4: {
                            'v5: {
                                'v6: {
                                    match count {
                                        0 => break 'v0,
                                        1 => break 'v1,
                                        2 => break 'v2,
                                        3 => break 'v3,
                                        4 => break 'v4,
                                        5 => break 'v5,
                                        6 => break 'v6,
                                        _ => sum = weigh_nth_last::<V, 7>(end, sum),
                                    }
                                }
                                sum = weigh_nth_last::<V, 6>(end, sum);
                            }
                            sum = weigh_nth_last::<V, 5>(end, sum);
                        }
                        sum = weigh_nth_last::<V, 4>(end, sum);
                    }
                    sum = weigh_nth_last::<V, 3>(end, sum);
                }
                sum = weigh_nth_last::<V, 2>(end, sum);
            }
            sum = weigh_nth_last::<V, 1>(end, sum);
        }
    }
    sum
}

/// The vector that begins `N` vectors before `end`, weighed, plus `onto`.
///
/// # Safety
/// The CPU has what `V` needs; that vector is readable.
#[inline(always)]
unsafe fn weigh_nth_last<V: Vector, const N: usize>(end: *const u8, onto: V) -> V {
    let back = N * V::BYTES;
    // SAFETY: the CPU has what `V` needs, says the caller; the table is longer.
    unsafe {
        let weight = WEIGHTS.0.as_ptr().add(WEIGHED).cast::<u8>().sub(back);
        V::load(end.sub(back)).weigh_onto(V::load(weight), onto)
    }
}

/// 17 to 32 bytes: the last chunk's second word has the weight 1, which saves a multiplication.
///
/// # Safety
/// The CPU has what `V` needs; `data` has 16 to 32 bytes.
#[inline(always)]
pub(super) unsafe fn two_chunks<V: Vector<Chunk = V> + Chunk>(crc: u32, data: &[u8]) -> u32 {
    const { assert!(WEIGHTS.0[WEIGHED - 1][1] == 1) };
    let ahead = data.len() - 16;
    // SAFETY: the CPU has what `V` needs and `data` two chunks' ends, says the caller.
    unsafe {
        let last = V::load(data.as_ptr().add(ahead));
        let weight = V::from_words(WEIGHTS.0[WEIGHED - 1][0], 0);
        let sum = Chunk::xor(last.times(weight), last.second());
        let head = head::<V>(crc, data, ahead);
        head.weigh_onto(V::widen(heads::weights(data.len())), sum).divide()
    }
}

/// More than half a vector and at most a whole one: two halves, the second of which ends where the data
/// does.
///
/// # Safety
/// The CPU has what `V` needs; `data` has at least half as many bytes as `V`, and no more.
#[inline(always)]
pub(super) unsafe fn two_halves<V: Halves>(crc: u32, data: &[u8]) -> u32 {
    let half = V::BYTES / 2;
    let ahead = data.len() - half;
    // SAFETY: the CPU has what `V` needs and `data` half a vector, says the caller.
    unsafe {
        let both = V::join(head::<V::Half>(crc, data, ahead), data.as_ptr().add(ahead));
        let last = WEIGHTS.0.as_ptr().add(WEIGHED).cast::<u8>().sub(half);
        let weights = V::join(V::Half::widen(heads::weights(data.len())), last);
        both.weigh_onto(weights, V::zero()).sum().divide()
    }
}

/// How the loop moves its vectors ahead.
pub(super) trait Step<V> {
    /// [`Vector::LOOP`] vectors moved ahead, plus as many at `from`.
    ///
    /// # Safety
    /// The CPU has what it needs; that many vectors are readable.
    unsafe fn step(lanes: [V; 8], from: *const u8) -> [V; 8];
}

/// By carry-less multiplication.
pub(super) struct Multiply;

impl<V: Vector> Step<V> for Multiply {
    #[inline(always)]
    unsafe fn step(mut lanes: [V; 8], from: *const u8) -> [V; 8] {
        // SAFETY: the CPU has what `V` needs and a step of vectors is readable, says the caller.
        unsafe {
            let by = V::broadcast(const { &V::FOLD });
            let mut i = 0;
            while i < V::LOOP {
                lanes[i] = lanes[i].weigh_onto(by, V::load(from.add(i * V::BYTES)));
                i += 1;
            }
        }
        lanes
    }
}

/// The loop, and then what is left.
///
/// # Safety
/// The CPU has what `V` needs, and `data` has more than `V::LOOP * V::BYTES` bytes.
#[inline(always)]
pub(super) unsafe fn long<V: Vector, S: Step<V>>(start: u32, data: &[u8]) -> u64 {
    let stride = V::LOOP * V::BYTES;
    // SAFETY: the CPU has what `V` needs, says the caller; loads stay within the whole vectors after `odd` bytes.
    unsafe {
        let (odd, _) = head_and_whole::<V>(data.len());
        let head = head::<V>(!start, data, odd);
        let end = data.as_ptr().add(data.len());
        let mut from = data.as_ptr().add(odd);
        let mut left = data.len() - odd - stride;
        // The head is moved onto the vector that follows it.
        let ahead = V::broadcast(&MOVES.0[odd]);
        let mut lanes = [head; 8];
        lanes[0] = head.weigh_onto(ahead, V::load(from));
        let mut i = 1;
        while i < V::LOOP {
            lanes[i] = V::load(from.add(i * V::BYTES));
            i += 1;
        }
        from = from.add(stride);

        while left >= stride {
            lanes = S::step(lanes, from);
            from = from.add(stride);
            left -= stride;
        }

        // The lanes are weighed by their distance from the end like the vectors that are left.
        let weights = WEIGHTS.0.as_ptr().add(WEIGHED).cast::<u8>().sub(left + stride);
        let mut sum = V::zero();
        let mut i = 0;
        while i < V::LOOP {
            sum = lanes[i].weigh_onto(V::load(weights.add(i * V::BYTES)), sum);
            i += 1;
        }
        u64::from(!weigh_last(end, left / V::BYTES, sum).sum().divide())
    }
}
