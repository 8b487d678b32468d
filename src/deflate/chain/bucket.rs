//! For each hash its four newest positions, in one word.
//!
//! Level 1 looks at four candidates at most, so this is all that a search ever sees of a chain:
//! one load in place of four, each of which waits for the one before. The four are compared side
//! by side, without a branch for each.

use super::bytes::Here;
use super::hash::Hash;
use super::{Best, Effort, MIN_MATCH, Match, Reach, Search, consider, max_dist};

/// How many positions of each hash are kept.
pub const KEPT: u32 = 4;

/// The newest positions of each hash, the newest lowest. A position of 0 is none.
pub struct Bucket<'a> {
    hash: Hash,
    w_size: usize,
    newest: &'a mut [u64],
}

impl<'a> Bucket<'a> {
    /// With no position. `memory` has an entry for each hash.
    pub fn new(hash: Hash, w_size: usize, memory: &'a mut [u64]) -> Bucket<'a> {
        memory.fill(0);
        Bucket::resume(hash, w_size, memory)
    }

    /// With what `memory` holds from before.
    pub fn resume(hash: Hash, w_size: usize, memory: &'a mut [u64]) -> Bucket<'a> {
        assert!(memory.len() == hash.count());
        Bucket { hash, w_size, newest: memory }
    }

    /// Whether searches look at no more than is kept.
    pub fn suffices(effort: &Effort) -> bool {
        effort.budget(0).max(effort.budget(usize::MAX)) <= KEPT
    }

    /// Makes `pos` the newest position of `hash`; what were the newest ones before.
    #[inline(always)]
    fn push(&mut self, hash: usize, pos: usize) -> u64 {
        debug_assert!(hash < self.newest.len());
        // SAFETY: a hash is below `Hash::count`, which is the length, as `new` has asserted.
        let newest = unsafe { self.newest.get_unchecked_mut(hash) };
        let before = *newest;
        *newest = before << 16 | pos as u64;
        before
    }

    /// Inserts `pos`, three bytes of which are in the window.
    #[inline(always)]
    pub fn insert(&mut self, window: &[u8], pos: usize) {
        self.push(self.hash.at(window, pos), pos);
    }

    /// Inserts the positions `from..to`, in order; `to + 2` bytes are in the window.
    #[inline(always)]
    pub fn insert_all(&mut self, window: &[u8], from: usize, to: usize) {
        for pos in from..to {
            self.insert(window, pos);
        }
    }

    /// Takes over a list: `head` by hash, `prev` by position, modulo the window size.
    pub fn fill_from(&mut self, head: &[u16], prev: &[u16]) {
        assert!(prev.len() == self.w_size);
        for (newest, &head) in self.newest.iter_mut().zip(head) {
            let (mut position, mut before) = (head, 0);
            for i in 0..KEPT {
                before |= u64::from(position) << (16 * i);
                if position == 0 {
                    break;
                }
                // Behind a position that is out of reach there may be anything, but nothing that is
                // both earlier and in reach.
                let next = prev[usize::from(position) & (self.w_size - 1)];
                position = if next < position { next } else { 0 };
            }
            *newest = before;
        }
    }

    /// The window has moved down by half: so have all positions, and those that left it are none.
    pub fn slide(&mut self) {
        // Positions are below two times the window's size, which is a power of two: its bit says
        // which of them stay.
        const EACH: u64 = 0x0001_0001_0001_0001;
        let bit = self.w_size.trailing_zeros();
        for newest in &mut *self.newest {
            let stay = *newest >> bit & EACH;
            // All ones for each that stays, less the bit.
            *newest &= (stay << 16).wrapping_sub(stay) ^ stay << bit;
        }
    }

    /// Inserts `search.pos`, three bytes of which are in the window, and finds the longest match,
    /// the nearest of these, that is longer than `search.best`.
    #[inline(always)]
    pub fn insert_and_find(
        &mut self,
        window: &[u8],
        search: &Search,
        effort: &Effort,
    ) -> Option<Match> {
        let pos = search.pos;
        let newest = self.push(self.hash.at(window, pos), pos);
        let reach = Reach::new(pos, max_dist(self.w_size));
        // That it is earlier than `pos`, and within reach, in one comparison.
        if usize::from(newest as u16).wrapping_sub(reach.head) >= pos.wrapping_sub(reach.head) {
            return None;
        }
        let mut best = Best::new(search, effort);
        // Eight bytes decide which is taken if that is all that matters: `enough` is at most 8.
        if best.cap < 8
            || search.best != 2
            || effort.budget(2) != KEPT
            || best.enough > 8
            || best.enough < MIN_MATCH
        {
            return self.find_slowly(window, search, effort, newest);
        }
        // SAFETY: the newest is before `pos`, as was checked, and the others and none, which is 0,
        // are before it. There are no offsets.
        let here = unsafe { Here::new(window, pos, best.cap) };
        let mut most = 0;
        for i in 0..KEPT as usize {
            let candidate = usize::from((newest >> (16 * i)) as u16);
            let differing = here.differing(candidate);
            let bits = (differing.trailing_zeros() as usize & !7).min(8 * best.enough);
            // The nearest wins where the length is the same.
            let key = bits | (3 - i);
            let counts = i == 0 || candidate > reach.limit;
            most = most.max(if counts { key } else { 0 });
        }
        let len = most / 8;
        if len < MIN_MATCH {
            return None;
        }
        best.start = usize::from((newest >> (16 * (3 - (most & 3)))) as u16);
        best.len = len;
        if len == best.enough {
            best.len = here.common(best.start, here.differing(best.start));
        }
        best.found()
    }

    /// Candidate by candidate.
    #[cold]
    fn find_slowly(
        &self,
        window: &[u8],
        search: &Search,
        effort: &Effort,
        newest: u64,
    ) -> Option<Match> {
        let reach = Reach::new(search.pos, max_dist(self.w_size));
        let mut best = Best::new(search, effort);
        for i in 0..KEPT.min(effort.budget(search.best)) {
            let candidate = usize::from((newest >> (16 * i)) as u16);
            if i > 0 && candidate <= reach.limit
                || consider(window, search.pos, candidate, &mut best)
            {
                break;
            }
        }
        best.found()
    }
}
