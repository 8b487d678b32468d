//! The folding algorithm, for vectors of any width: docs/checksums.md derives it.

use super::chunk::{Chunk, Vector};
use super::constants::{FOLD_16, WEIGHED, WEIGHTS};
use super::short;
use crate::checksum::kernel::Code;

/// The CRC-32 of `data`, continued from `start`: by `long`, which is [`long`] for `V`, if there is
/// enough for the loop. That is called and not inlined, since its stack frame would slow down the
/// short lengths.
///
/// # Safety
/// The CPU has what `V` and `long` need.
#[inline(always)]
pub(super) unsafe fn up_to_long<V: Vector>(start: u32, data: &[u8], long: Code) -> u64 {
    let crc = !start;
    // SAFETY: the caller's promise.
    let crc = unsafe {
        if data.len() <= short::LONGEST {
            short::update::<V::Chunk>(crc, data)
        } else if data.len() <= V::MEDIUM {
            medium::<V>(crc, data)
        } else {
            return long(start, data);
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
        let register = V::Chunk::from_words(u64::from(crc), 0);
        let zero = V::Chunk::from_words(0, 0);
        let (head, first) = match odd {
            0 => (zero, register),
            _ => {
                let head = odd_bytes(register, data.as_ptr(), odd);
                let weight = V::Chunk::weight(WEIGHED - 1 - chunks);
                (head.weigh(weight), register.without_first_bytes(odd))
            }
        };
        weigh_all(data.as_ptr().add(odd), chunks, first, V::from_chunk(head)).divide()
    }
}

/// The first `odd` bytes with the CRC register added, at the end of a chunk: zeros in front change
/// nothing.
///
/// # Safety
/// The CPU has what `C` needs, and 16 bytes are readable.
#[inline(always)]
unsafe fn odd_bytes<C: Chunk>(register: C, from: *const u8, odd: usize) -> C {
    // SAFETY: the caller's promise.
    unsafe { C::load(from).xor(register).first_bytes_last(odd) }
}

/// The sum of `chunks` chunks at `from`, the last ones of the data, each weighed by its distance
/// from the end, and of `onto`. `first` is added to the first chunk.
///
/// # Safety
/// The CPU has what `V` needs, the chunks can be read and are fewer than the table covers.
#[inline(always)]
unsafe fn weigh_all<V: Vector>(
    mut from: *const u8,
    mut chunks: usize,
    first: V::Chunk,
    onto: V,
) -> V::Chunk {
    let width = V::BYTES / 16;
    // SAFETY: the caller's promise, with each step as far as `chunks` reaches.
    unsafe {
        let weights = WEIGHTS.0.as_ptr().add(WEIGHED).cast::<u8>();
        let weight = |chunks: usize| weights.sub(16 * chunks);
        let mut sum = onto;
        let mut first = first;
        if chunks >= width {
            let vector = V::load(from).xor(V::from_chunk(first));
            first = V::Chunk::from_words(0, 0);
            sum = vector.weigh_onto(V::load(weight(chunks)), sum);
            from = from.add(V::BYTES);
            chunks -= width;
        }
        while chunks >= 2 * width {
            sum = V::load(from).weigh_onto(V::load(weight(chunks)), sum);
            let (from_2, weight_2) = (from.add(V::BYTES), weight(chunks - width));
            sum = V::load(from_2).weigh_onto(V::load(weight_2), sum);
            from = from.add(2 * V::BYTES);
            chunks -= 2 * width;
        }
        if chunks >= width {
            sum = V::load(from).weigh_onto(V::load(weight(chunks)), sum);
            from = from.add(V::BYTES);
            chunks -= width;
        }
        let mut sum = sum.sum();
        if width > 1 && chunks > 0 {
            let chunk = V::Chunk::load(from).xor(first);
            sum = chunk.weigh(V::Chunk::load(weight(chunks))).xor(sum);
            let mut chunks = chunks - 1;
            while chunks > 0 {
                from = from.add(16);
                let chunk = V::Chunk::load(from);
                sum = chunk.weigh(V::Chunk::load(weight(chunks))).xor(sum);
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
pub(super) unsafe fn long<V: Vector>(start: u32, data: &[u8]) -> u64 {
    let crc = !start;
    let stride = V::LOOP * V::BYTES;
    // SAFETY: the caller's promise; loads stay within the whole chunks after `odd` bytes.
    unsafe {
        let odd = data.len() % 16;
        let register = V::Chunk::from_words(u64::from(crc), 0);
        // The odd bytes are moved one chunk ahead, onto the chunk that follows them.
        let head = match odd {
            0 => register,
            _ => odd_bytes(register, data.as_ptr(), odd)
                .weigh(V::Chunk::constant(FOLD_16))
                .xor(register.without_first_bytes(odd)),
        };

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
        let weights = WEIGHTS.0.as_ptr().add(WEIGHED).cast::<u8>().sub(left + stride);
        let mut sum = V::from_chunk(V::Chunk::from_words(0, 0));
        let mut i = 0;
        while i < V::LOOP {
            sum = lanes[i].weigh_onto(V::load(weights.add(i * V::BYTES)), sum);
            i += 1;
        }
        u64::from(!weigh_all(from, left / 16, V::Chunk::from_words(0, 0), sum).divide())
    }
}
