//! Whether the three bytes at a position have been in the window before.
//!
//! In data that does not compress, almost every search finds nothing. But as the window's positions are
//! about as many as there are hashes, most of them have candidates, and whether one has any cannot be
//! predicted. Here, the three bytes of each position are noted as one of many bits, in a loop without
//! branches. Where a position's bit was not set before, there is no match for it, whatever the structure
//! that would be searched; where it was, there may be one.

use core::ops::Range;

use super::bytes::four_at;

/// How many bits there are for each half of the window: 16 times as many as it has positions.
const BITS: u32 = 19;

/// How many bits of a half are side by side.
const TOGETHER: usize = 16;

/// How many places there are, each of so many bits of either half.
const PLACES: usize = (1 << BITS) / TOGETHER;

/// Which positions are noted, and whether the lower half is in the upper memory.
pub type Left = (Range<usize>, bool);

/// What was noted of a window's positions.
pub struct Sieve<'a> {
    w_size: usize,
    /// By hash of three bytes, whether they were at a position of the lower half, and of the upper.
    seen: &'a mut [u32],
    /// By position, whether its bit was set before.
    maybe: &'a mut [u8],
    /// Whether the lower half is the second.
    swapped: bool,
    /// Which positions are noted.
    from: usize,
    to: usize,
}

/// By position, whether there may be a match.
#[derive(Clone, Copy)]
pub struct Maybe<'a>(&'a [u8]);

impl Maybe<'_> {
    #[inline(always)]
    pub fn at(self, pos: usize) -> bool {
        self.0[pos] != 0
    }
}

/// How much memory the bits for windows of `w_size` bytes need, in entries.
pub const fn memory(w_size: usize) -> usize {
    2 * PLACES + w_size
}

impl<'a> Sieve<'a> {
    /// Goes on with memory that was used with the same parameters, as [`Sieve::left`] was then; of
    /// memory that was not, no position is noted. There is as much as [`memory`] says.
    pub fn again(memory: &'a mut [u16], w_size: usize, (known, swapped): Left) -> Sieve<'a> {
        let (seen, rest) = memory.split_at_mut(2 * PLACES);
        // SAFETY: any bits are numbers.
        let seen = unsafe { seen.align_to_mut() }.1;
        // SAFETY: any bits are numbers, of any alignment.
        let maybe = unsafe { rest[..w_size].align_to_mut() }.1;
        Sieve { w_size, seen, maybe, swapped, from: known.start, to: known.end }
    }

    /// What is needed beside the memory to go on with it later, in [`Sieve::again`].
    pub fn left(&self) -> Left {
        (self.from..self.to, self.swapped)
    }

    /// Where there may be matches.
    pub fn into_maybe(self) -> Maybe<'a> {
        Maybe(self.maybe)
    }

    /// Notes what the window's bytes allow. `from` is the first position that a search may find.
    ///
    /// To be called when the window has new bytes, and at first.
    pub fn fill(&mut self, window: &[u8], from: usize) {
        let to = window.len().saturating_sub(2).max(from);
        if self.to <= from || from < self.from {
            self.seen.fill(0);
            (self.from, self.to) = (from, from);
        }
        while self.to < to {
            let pos = self.to;
            let upper = pos >= self.w_size;
            let own = if upper != self.swapped { 0xffff << 16 } else { 0xffff };
            let end = if upper { to } else { to.min(self.w_size) };
            // The last position has no fourth byte yet.
            let most = end.min(window.len().saturating_sub(3)).max(pos);
            let seen = &mut *self.seen;
            let (maybe, rest) = self.maybe[pos..end].split_at_mut(most - pos);
            let mut at = pos;
            let mut next = || {
                // SAFETY: these are `most - pos` calls, so that four bytes are there.
                let four = unsafe { four_at(window, at) };
                at += 1;
                note(seen, four, own)
            };
            let (fours, last) = maybe.as_chunks_mut::<4>();
            for four in fours {
                // As in `in_fours`.
                *four = [next(), next(), next(), next()];
            }
            for maybe in last {
                *maybe = next();
            }
            for maybe in rest {
                let three = &window[most..];
                *maybe = note(seen, u32::from_le_bytes([three[0], three[1], three[2], 0]), own);
            }
            self.to = end;
        }
    }

    /// The window has moved down by half.
    pub fn slide(&mut self) {
        self.swapped = !self.swapped;
        let lower = if self.swapped { 0xffff << 16 } else { 0xffff };
        for place in &mut *self.seen {
            *place &= lower;
        }
        let (lower, upper) = self.maybe.split_at_mut(self.w_size);
        lower.copy_from_slice(upper);
        self.from = self.from.saturating_sub(self.w_size);
        self.to = self.to.saturating_sub(self.w_size);
    }
}

/// Sets the bit of the first three bytes among a half's `own`; 1 if it was set for either half.
#[inline(always)]
fn note(seen: &mut [u32], four: u32, own: u32) -> u8 {
    let hash = (four << 8).wrapping_mul(0x9e37_79b1) >> (32 - BITS);
    let place = &mut seen[hash as usize / TOGETHER % PLACES];
    let either = 0x1_0001 << (hash % TOGETHER as u32);
    let before = *place;
    *place = before | either & own;
    u8::from(before & either != 0)
}
