//! What a search does to eight candidates at a time, portably or with vectors.

#[cfg(target_arch = "x86_64")]
mod x86_64;

#[cfg(target_arch = "x86_64")]
pub use x86_64::Avx2;

use super::bytes::Bytes;

/// How many candidates a block has. They are in ascending order, so the last is the nearest.
pub const BLOCK: usize = 8;

/// The operations on blocks.
pub trait Isa {
    const AVX2: bool = false;
    /// The block that ends behind `from + BLOCK`. Of its entries the last `count` count, and of
    /// these those above `limit`; the others become 0. And how many that are.
    ///
    /// # Safety
    /// `BLOCK` entries can be read; the CPU has what the implementation needs.
    unsafe fn load(from: *const u16, count: usize, limit: u16) -> ([u16; BLOCK], usize);

    /// As [`Isa::load`], of the block whose last entries are the last `taken` of `near`, and those
    /// before them the last ones of `far`.
    ///
    /// # Safety
    /// As for `load`, for both pointers; `taken` is at most `BLOCK`.
    unsafe fn join(
        near: *const u16,
        far: *const u16,
        taken: usize,
        count: usize,
        limit: u16,
    ) -> ([u16; BLOCK], usize);

    /// The candidate that has most bytes in common with `start`, up to 8, of the last `valid`, and
    /// the nearest of these; counted from the last. Its bytes; and for all that have 8, the bit of
    /// eight times their index.
    ///
    /// # Safety
    /// Eight bytes can be read at each entry; the CPU has what the implementation needs.
    unsafe fn longest(
        window: Bytes,
        block: &[u16; BLOCK],
        valid: usize,
        start: u64,
    ) -> (usize, usize, u64);

    /// A bit for each of the last `valid` candidates that has `end` at `offset`, lowest for the
    /// last.
    ///
    /// # Safety
    /// Four bytes can be read at `offset` from each entry; the CPU has what the implementation
    /// needs.
    unsafe fn hits(
        window: Bytes,
        block: &[u16; BLOCK],
        valid: usize,
        offset: usize,
        end: u32,
    ) -> u32;
}

/// For any CPU.
pub struct Portable;

impl Isa for Portable {
    #[inline(always)]
    unsafe fn load(from: *const u16, count: usize, limit: u16) -> ([u16; BLOCK], usize) {
        // SAFETY: says the caller.
        let block = unsafe { from.cast::<[u16; BLOCK]>().read_unaligned() };
        only(block, count, limit)
    }

    #[inline(always)]
    unsafe fn join(
        near: *const u16,
        far: *const u16,
        taken: usize,
        count: usize,
        limit: u16,
    ) -> ([u16; BLOCK], usize) {
        // SAFETY: says the caller.
        let (near, far) = unsafe {
            (
                near.cast::<[u16; BLOCK]>().read_unaligned(),
                far.cast::<[u16; BLOCK]>().read_unaligned(),
            )
        };
        let mut both = [0u16; 2 * BLOCK];
        both[BLOCK..].copy_from_slice(&near);
        both[BLOCK - taken..2 * BLOCK - taken].copy_from_slice(&far);
        only(both[BLOCK..].try_into().unwrap_or([0; BLOCK]), count, limit)
    }

    #[inline(always)]
    unsafe fn longest(
        window: Bytes,
        block: &[u16; BLOCK],
        valid: usize,
        start: u64,
    ) -> (usize, usize, u64) {
        let (mut best, mut long) = (0, 0u64);
        for index in 0..BLOCK {
            let candidate = usize::from(block[BLOCK - 1 - index]);
            // SAFETY: says the caller.
            let differing = unsafe { window.eight(candidate) } ^ start;
            let len = differing.trailing_zeros() as usize / 8;
            let key = if index < valid { len << 3 | (BLOCK - 1 - index) } else { 0 };
            best = best.max(key);
            long |= u64::from(differing == 0 && index < valid) << (8 * index);
        }
        (BLOCK - 1 - (best & (BLOCK - 1)), best >> 3, long)
    }

    #[inline(always)]
    unsafe fn hits(
        window: Bytes,
        block: &[u16; BLOCK],
        valid: usize,
        offset: usize,
        end: u32,
    ) -> u32 {
        let mut hits = 0;
        for index in 0..BLOCK {
            let candidate = usize::from(block[BLOCK - 1 - index]);
            // SAFETY: says the caller.
            hits |= u32::from(unsafe { window.four(candidate + offset) } == end) << index;
        }
        hits & ((1 << valid) - 1)
    }
}

#[inline(always)]
fn only(mut block: [u16; BLOCK], count: usize, limit: u16) -> ([u16; BLOCK], usize) {
    let mut valid = 0;
    for (index, entry) in block.iter_mut().enumerate() {
        let counts = BLOCK - index <= count && *entry > limit;
        *entry = if counts { *entry } else { 0 };
        valid += usize::from(counts);
    }
    (block, valid)
}
