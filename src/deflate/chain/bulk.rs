//! Zlib's list, built for all the bytes that the window has got, before they are parsed.
//!
//! Where every position is inserted in order, as at levels 4 to 9, the position before another in
//! its chain depends on the window's bytes alone. So it is computed for thousands of positions at
//! a time, and a parse neither hashes nor inserts.

use core::ops::Range;

use super::bytes::{in_fours, move_down};
use super::hash::Hash;
use super::list::Links;
use super::{Effort, Match, Search, max_dist, may_begin};

/// How many hashes are computed at a time.
const GROUP: usize = 512;

/// Which positions are linked.
pub type Left = Range<usize>;

/// The links of all positions of a window.
pub struct Bulk<'a> {
    hash: Hash,
    w_size: usize,
    /// By hash, the newest position.
    head: &'a mut [u16],
    /// By position, the one before it in its chain.
    prev: &'a mut [u16],
    /// Which positions are linked.
    from: usize,
    to: usize,
}

/// Whether all bytes are the same.
fn is_run(bytes: &[u8]) -> bool {
    bytes[1..] == bytes[..bytes.len() - 1]
}

impl<'a> Bulk<'a> {
    /// How much memory the links of a window need, in entries.
    pub fn memory(w_size: usize, hash: Hash) -> usize {
        2 * w_size + hash.count()
    }

    /// Nothing is linked yet. `memory` is at least as much as [`Bulk::memory`] says.
    pub fn new(memory: &'a mut [u16], w_size: usize, hash: Hash) -> Bulk<'a> {
        let bulk = Bulk::again(memory, w_size, hash, 0..0);
        bulk.head.fill(0);
        bulk
    }

    /// What is needed beside the memory to go on with it later, in [`Bulk::again`].
    pub fn left(&self) -> Left {
        self.from..self.to
    }

    /// Goes on with memory that was used with the same parameters, as [`Bulk::left`] was then.
    pub fn again(memory: &'a mut [u16], w_size: usize, hash: Hash, known: Left) -> Bulk<'a> {
        assert!(memory.len() >= Bulk::memory(w_size, hash));
        let (prev, rest) = memory.split_at_mut(2 * w_size);
        let head = &mut rest[..hash.count()];
        assert!(w_size.is_power_of_two());
        Bulk { hash, w_size, head, prev, from: known.start, to: known.end }
    }

    /// Links what the window's bytes allow. `from` is the first position that a search may find:
    /// it and all behind it count as inserted, none before it does.
    ///
    /// To be called when the window has new bytes, and at first.
    ///
    /// Not inlined: its hashes would count for the stack of all that the caller calls.
    #[inline(never)]
    pub fn fill(&mut self, window: &[u8], from: usize) {
        let to = window.len().saturating_sub(2).max(from);
        assert!(to <= self.prev.len());
        if self.to <= from {
            if self.from < self.to {
                self.head.fill(0);
            }
            (self.from, self.to) = (from, from);
        }
        let mut hashes = [0; GROUP];
        while self.to < to {
            let count = GROUP.min(to - self.to);
            let bytes = &window[self.to..self.to + count + 2];
            let places = &mut self.prev[self.to..self.to + count];
            if is_run(bytes) {
                // One chain, of all of them.
                let head = &mut self.head[self.hash.at(bytes, 0)];
                let before = core::mem::replace(head, (self.to + count - 1) as u16);
                for (i, place) in places.iter_mut().enumerate() {
                    *place = (self.to + i).wrapping_sub(1) as u16;
                }
                places[0] = before;
                self.to += count;
                continue;
            }
            let hashes = &mut hashes[..count];
            self.hash.of_each(bytes, hashes);
            let link = |hash: u16| {
                // SAFETY: a hash is below `Hash::count`, which is the length.
                let head = unsafe { self.head.get_unchecked_mut(usize::from(hash)) };
                let before = core::mem::replace(head, self.to as u16);
                self.to += 1;
                before
            };
            in_fours(hashes, places, link);
        }
    }

    /// The window has moved down by half.
    pub fn slide(&mut self) {
        let by = self.w_size as u16;
        let (lower, upper) = self.prev.split_at_mut(self.w_size);
        for (lower, upper) in lower.iter_mut().zip(upper) {
            *lower = upper.saturating_sub(by);
        }
        move_down(self.head, self.w_size);
        self.from = self.from.saturating_sub(self.w_size);
        self.to = self.to.saturating_sub(self.w_size);
    }

    /// The longest match, the nearest of these, that is longer than `search.best`.
    #[inline(always)]
    pub fn find<const FULL: bool>(
        &self,
        window: &[u8],
        search: &Search,
        effort: &Effort,
    ) -> Option<Match> {
        let pos = search.pos;
        debug_assert!((self.from..self.to).contains(&pos));
        let head = usize::from(self.prev[pos]);
        let max_dist = max_dist(self.w_size);
        if !may_begin(pos, head, max_dist) {
            return None;
        }
        Links(self.prev).walk::<FULL>(window, head, max_dist, search, effort)
    }
}
