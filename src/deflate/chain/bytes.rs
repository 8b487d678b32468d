//! The window's bytes, read several at a time.

/// The bytes at a position, and those at earlier ones that are compared with them.
///
/// The searches read so often that a comparison with the window's length at each would cost a tenth
/// of their time. So where they read is promised once, for all reads; debug builds check each.
#[derive(Clone, Copy)]
pub struct Here<'a> {
    window: &'a [u8],
    pos: usize,
    cap: usize,
    /// The first eight bytes.
    start: u64,
}

impl<'a> Here<'a> {
    /// The bytes at `pos`, of which at most `cap` matter, at least 8. Panics if they are not in
    /// the window.
    ///
    /// # Safety
    /// Each candidate that is given to the functions here is before `pos`, and each offset at most
    /// `cap - 4`.
    #[inline(always)]
    pub unsafe fn new(window: &'a [u8], pos: usize, cap: usize) -> Here<'a> {
        assert!(cap >= 8 && pos + cap <= window.len());
        let here = Here { window, pos, cap, start: 0 };
        Here { start: here.eight_at(pos), ..here }
    }

    /// Four bytes, little-endian, of which the last is at most the last that matters.
    #[inline(always)]
    fn four_at(self, at: usize) -> u32 {
        debug_assert!(at + 4 <= self.pos + self.cap);
        // SAFETY: by the promise of `new`, they end before `pos + cap`, so within the window.
        u32::from_le(unsafe { self.window.as_ptr().add(at).cast::<u32>().read_unaligned() })
    }

    #[inline(always)]
    fn eight_at(self, at: usize) -> u64 {
        debug_assert!(at + 8 <= self.pos + self.cap);
        // SAFETY: all calls are for eight of the `cap` bytes from `pos` or from an earlier position.
        u64::from_le(unsafe { self.window.as_ptr().add(at).cast::<u64>().read_unaligned() })
    }

    /// How the first eight bytes at a candidate differ from `start`.
    #[inline(always)]
    pub fn differing(self, candidate: usize) -> u64 {
        self.eight_at(candidate) ^ self.start
    }

    /// Four bytes, `offset` behind the first.
    #[inline(always)]
    pub fn four(self, offset: usize) -> u32 {
        self.four_at(self.pos + offset)
    }

    /// Whether a candidate has `four`, `offset` behind its first byte.
    #[inline(always)]
    pub fn has(self, candidate: usize, offset: usize, four: u32) -> bool {
        self.four_at(candidate.wrapping_add(offset)) == four
    }

    /// Which of eight positions have `four`, `offset` behind the first byte: the first one's bit is the
    /// lowest. For any positions: one behind `pos` counts as `pos`.
    #[inline(always)]
    pub fn which_have(self, positions: &[u16; 8], offset: usize, four: u32) -> u32 {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: every CPU of this architecture has SSE2.
        unsafe {
            self.which_have_by_vector(positions, offset, four)
        }
        #[cfg(not(target_arch = "x86_64"))]
        self.which_have_one_by_one(positions, offset, four)
    }

    #[cfg(any(test, not(target_arch = "x86_64")))]
    fn which_have_one_by_one(self, positions: &[u16; 8], offset: usize, four: u32) -> u32 {
        let has = |position: u16| self.has(usize::from(position).min(self.pos), offset, four);
        positions.iter().rev().fold(0, |bits, &position| bits << 1 | u32::from(has(position)))
    }

    /// To compare them together takes two thirds of the instructions.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "sse2")]
    #[inline]
    fn which_have_by_vector(self, positions: &[u16; 8], offset: usize, four: u32) -> u32 {
        use core::arch::x86_64::*;
        // SAFETY: eight positions are as large as a vector, and any bytes are one.
        let any = unsafe { core::mem::transmute::<[u16; 8], __m128i>(*positions) };
        // Less what each is beyond `pos`.
        let beyond = _mm_subs_epu16(any, _mm_set1_epi16(self.pos as i16));
        let before = _mm_sub_epi16(any, beyond);
        let halves = [before, _mm_unpackhi_epi64(before, before)].map(|half| {
            let positions = _mm_cvtsi128_si64(half) as u64;
            let value = |i: u32| {
                let position = usize::from((positions >> (16 * i)) as u16);
                _mm_cvtsi32_si128(self.four_at(position.wrapping_add(offset)) as i32)
            };
            let first = _mm_unpacklo_epi32(value(0), value(1));
            let second = _mm_unpacklo_epi32(value(2), value(3));
            _mm_cmpeq_epi32(_mm_unpacklo_epi64(first, second), _mm_set1_epi32(four as i32))
        });
        let same = _mm_packs_epi32(halves[0], halves[1]);
        _mm_movemask_epi8(_mm_packs_epi16(same, _mm_setzero_si128())) as u32
    }

    /// How many bytes a candidate has in common, at most `cap`, given how the first eight differ.
    #[inline(always)]
    pub fn common(self, candidate: usize, differing: u64) -> usize {
        if differing != 0 { differing.trailing_zeros() as usize / 8 } else { self.long(candidate) }
    }

    /// [`Here::common`], where the first eight are the same.
    #[inline(always)]
    pub fn long(self, candidate: usize) -> usize {
        let mut len = 8;
        while len + 8 <= self.cap {
            let differing = self.eight_at(candidate + len) ^ self.eight_at(self.pos + len);
            if differing != 0 {
                return len + differing.trailing_zeros() as usize / 8;
            }
            len += 8;
        }
        // The last eight; those that were compared already are the same.
        let last = self.cap - 8;
        let differing = self.eight_at(candidate + last) ^ self.eight_at(self.pos + last);
        if differing == 0 { self.cap } else { last + differing.trailing_zeros() as usize / 8 }
    }
}

/// Four bytes at a position, little-endian.
///
/// # Safety
/// They are in the window.
#[inline(always)]
pub unsafe fn four_at(window: &[u8], pos: usize) -> u32 {
    debug_assert!(pos + 4 <= window.len());
    // SAFETY: they are within the slice, says the caller.
    u32::from_le(unsafe { window.as_ptr().add(pos).cast::<u32>().read_unaligned() })
}

/// An entry of a table, unchecked but in debug builds, for the loops where it counts.
///
/// # Safety
/// `index` is below the length.
#[inline(always)]
pub unsafe fn at(table: &[u16], index: usize) -> u16 {
    debug_assert!(index < table.len());
    // SAFETY: it is within the slice, says the caller.
    *unsafe { table.get_unchecked(index) }
}

/// As [`at`], to change it.
///
/// # Safety
/// `index` is below the length.
#[inline(always)]
pub unsafe fn at_mut(table: &mut [u16], index: usize) -> &mut u16 {
    debug_assert!(index < table.len());
    // SAFETY: it is within the slice, says the caller.
    unsafe { table.get_unchecked_mut(index) }
}

/// How many entries are looked at together by [`in_fours`].
const FOUR: usize = 4;

/// Calls `each` for one hash after the other, and keeps what it gives; there are as many of both.
///
/// By fours: where `each` reads an entry of a table and writes it, a CPU that expects the next one to
/// be the one just written, by the addresses of the two instructions, takes twice the time.
#[inline(always)]
pub fn in_fours(hashes: &[u16], to: &mut [u16], mut each: impl FnMut(u16) -> u16) {
    debug_assert_eq!(hashes.len(), to.len());
    let (hash_fours, hash_rest) = hashes.as_chunks::<FOUR>();
    let (fours, rest) = to.as_chunks_mut::<FOUR>();
    for (to, hashes) in fours.iter_mut().zip(hash_fours) {
        *to = hashes.map(&mut each);
    }
    for (to, &hash) in rest.iter_mut().zip(hash_rest) {
        *to = each(hash);
    }
}

/// The window has moved down by `by` bytes: so have positions, and those that left it are none.
#[inline(always)]
pub fn move_down(positions: &mut [u16], by: usize) {
    for position in positions {
        *position = position.saturating_sub(by as u16);
    }
}

/// Has an entry loaded into the cache. Any index will do.
#[inline(always)]
pub fn prefetch(table: &[u16], index: usize) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a hint, which any address may have.
    unsafe {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch(table.as_ptr().wrapping_add(index).cast(), _MM_HINT_T0);
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (table, index);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Random;

    #[test]
    fn eight_positions_at_once() {
        let mut random = Random::new(1);
        let window: Vec<u8> = (0..600).map(|_| random.pick(*b"ab")).collect();
        for _ in 0..2000 {
            let pos = 1 + random.below(300);
            // SAFETY: what is compared is at most `pos`, and offsets are at most 254.
            let here = unsafe { Here::new(&window, pos, 258) };
            let offset = random.below(255);
            let four = here.four(offset);
            let positions = core::array::from_fn(|_| match random.below(4) {
                0 => random.below(65536) as u16,
                _ => random.below(pos) as u16,
            });
            let wanted = (0..8).filter(|&i| {
                let at = usize::from(positions[i]).min(pos) + offset;
                window[at..at + 4] == window[pos + offset..pos + offset + 4]
            });
            let wanted = wanted.fold(0, |bits, i| bits | 1 << i);
            assert_eq!(here.which_have(&positions, offset, four), wanted);
            assert_eq!(here.which_have_one_by_one(&positions, offset, four), wanted);
        }
    }
}
