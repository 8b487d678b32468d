//! The folding algorithm, for vectors of any width: docs/checksums.md derives it.

use super::chunk::{Chunk, Vector};
use super::constants::{FOLD_16, WEIGHED, WEIGHTS};
use super::short;

/// The CRC-32 of `data`, continued from `start`.
///
/// # Safety
/// The CPU has what `V` needs.
#[inline(always)]
pub(super) unsafe fn crc32<V: Vector>(start: u32, data: &[u8]) -> u64 {
    let crc = !start;
    // SAFETY: the caller's promise.
    let crc = unsafe {
        if data.len() <= short::LONGEST {
            short::update::<V::Chunk>(crc, data)
        } else if data.len() < V::LOOP * V::BYTES + 16 {
            medium::<V>(crc, data)
        } else {
            long::<V>(crc, data)
        }
    };
    u64::from(!crc)
}

/// Too little for the loop: every chunk is weighed by its distance from the end, all at once.
///
/// # Safety
/// The CPU has what `V` needs, and `data` has 16 bytes or more, and fewer than the table covers.
#[inline(always)]
unsafe fn medium<V: Vector>(crc: u32, data: &[u8]) -> u32 {
    // SAFETY: the caller's promise; loads stay within the `chunks` whole chunks after `odd` bytes.
    unsafe {
        let (odd, chunks) = (data.len() % 16, data.len() / 16);
        let crc = V::Chunk::from_words(u64::from(crc), 0);
        // Zeros in front change nothing, so the odd bytes go to the end of a chunk of their own.
        let head = V::Chunk::load(data.as_ptr()).xor(crc).first_bytes_last(odd);
        let rest = crc.without_first_bytes(odd);
        let sum = head
            .weigh(V::Chunk::weight(WEIGHED - 1 - chunks))
            .xor(rest.weigh_first(V::Chunk::weight(WEIGHED - chunks)));
        weigh_all(data.as_ptr().add(odd), chunks, V::from_chunk(sum)).divide()
    }
}

/// The sum of `chunks` chunks at `from`, the last ones of the data, each weighed by its distance
/// from the end, and of `onto`.
///
/// # Safety
/// The CPU has what `V` needs, the chunks can be read and are fewer than the table covers.
#[inline(always)]
unsafe fn weigh_all<V: Vector>(mut from: *const u8, mut chunks: usize, onto: V) -> V::Chunk {
    let width = V::BYTES / 16;
    let mut sum = onto;
    // SAFETY: the caller's promise, with each step as far as `chunks` reaches.
    unsafe {
        let weights = WEIGHTS.as_ptr().add(WEIGHED).cast::<u8>();
        while chunks >= width {
            sum = V::load(from).weigh_onto(V::load(weights.sub(16 * chunks)), sum);
            from = from.add(V::BYTES);
            chunks -= width;
        }
        let mut sum = sum.sum();
        if width > 1 {
            while chunks > 0 {
                let chunk = V::Chunk::load(from);
                sum = chunk.weigh(V::Chunk::load(weights.sub(16 * chunks))).xor(sum);
                from = from.add(16);
                chunks -= 1;
            }
        }
        sum
    }
}

/// The loop, and then what is left.
///
/// # Safety
/// The CPU has what `V` needs, and `data` has `16 + V::LOOP * V::BYTES` bytes or more.
#[inline(always)]
unsafe fn long<V: Vector>(crc: u32, data: &[u8]) -> u32 {
    let stride = V::LOOP * V::BYTES;
    // SAFETY: the caller's promise; loads stay within the whole chunks after `odd` bytes.
    unsafe {
        let odd = data.len() % 16;
        let crc = V::Chunk::from_words(u64::from(crc), 0);
        // The odd bytes are moved one chunk ahead, onto the chunk that follows them.
        let head = V::Chunk::load(data.as_ptr())
            .xor(crc)
            .first_bytes_last(odd)
            .weigh(V::Chunk::constant(FOLD_16))
            .xor(crc.without_first_bytes(odd));

        let mut from = data.as_ptr().add(odd);
        let mut left = data.len() - odd - stride;
        let mut lanes = [V::from_chunk(head); 8];
        lanes[0] = V::load(from).xor(lanes[0]);
        let mut i = 1;
        while i < V::LOOP {
            lanes[i] = V::load(from.add(i * V::BYTES));
            i += 1;
        }
        from = from.add(stride);

        let fold = V::broadcast(V::Chunk::constant(V::FOLD));
        while left >= stride {
            let mut i = 0;
            while i < V::LOOP {
                lanes[i] = lanes[i].weigh_onto(fold, V::load(from.add(i * V::BYTES)));
                i += 1;
            }
            from = from.add(stride);
            left -= stride;
        }

        // The lanes are weighed by their distance from the end like the chunks that are left.
        let weights = WEIGHTS.as_ptr().add(WEIGHED).cast::<u8>().sub(left + stride);
        let mut sum = V::from_chunk(V::Chunk::from_words(0, 0));
        let mut i = 0;
        while i < V::LOOP {
            sum = lanes[i].weigh_onto(V::load(weights.add(i * V::BYTES)), sum);
            i += 1;
        }
        weigh_all(from, left / 16, sum).divide()
    }
}
