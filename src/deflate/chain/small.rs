//! Zlib's list with a small table, for inputs so short that clearing zlib's takes longer than they.
//!
//! Several of zlib's hashes share an entry. A search passes over candidates of another hash than
//! its own, and does not count them, so that what is left is zlib's chain.

use super::bytes::Bytes;
use super::hash::Hash;
use super::{Best, Effort, MIN_LOOKAHEAD, Match, Reach, Search, consider, max_dist};

/// The longest input that it is meant for.
pub const LONGEST: usize = 4096;

/// How many entries the table has at most.
const ENTRIES: usize = 2048;

/// The list, in memory that the stream has for zlib's.
pub struct Small<'a> {
    hash: Hash,
    /// By the hash's low bits.
    head: &'a mut [u16],
    /// By position, modulo the window size.
    prev: &'a mut [u16],
}

/// What follows from the whole input's length.
fn entries(len: usize, hash: Hash) -> usize {
    len.next_power_of_two().clamp(64, ENTRIES).min(hash.count())
}

impl<'a> Small<'a> {
    /// Whether it is for `len` bytes that come at once, and nothing after: not many, and all in one
    /// window that never slides.
    pub fn suits(len: usize, w_size: usize) -> bool {
        len <= LONGEST && len + MIN_LOOKAHEAD <= 2 * w_size
    }

    /// With no position, for an input of `len` bytes. `head` has an entry for each hash, `prev` one
    /// for each position of a window, of which there is a power of two; a part of `head` is used.
    #[inline(always)]
    pub fn new(len: usize, hash: Hash, head: &'a mut [u16], prev: &'a mut [u16]) -> Small<'a> {
        let small = Small::resume(len, hash, head, prev);
        small.head.fill(0);
        small
    }

    /// With what the memory holds from before, for the same `len`.
    #[inline(always)]
    pub fn resume(len: usize, hash: Hash, head: &'a mut [u16], prev: &'a mut [u16]) -> Small<'a> {
        assert!(prev.len().is_power_of_two());
        Small { hash, head: &mut head[..entries(len, hash)], prev }
    }

    /// Inserts `pos`, three bytes of which are in the window; what was the newest position in its
    /// entry.
    #[inline(always)]
    pub fn insert(&mut self, window: &[u8], pos: usize) -> usize {
        self.link(self.hash.at(window, pos), pos)
    }

    #[inline(always)]
    fn link(&mut self, hash: usize, pos: usize) -> usize {
        // Their number is a power of two.
        let entry = hash & (self.head.len() - 1);
        let before = core::mem::replace(&mut self.head[entry], pos as u16);
        let at = pos & (self.prev.len() - 1);
        self.prev[at] = before;
        usize::from(before)
    }

    /// Inserts the positions `from..to`, in order; `to + 2` bytes are in the window.
    #[inline(always)]
    pub fn insert_all(&mut self, window: &[u8], from: usize, to: usize) {
        for pos in from..to {
            self.insert(window, pos);
        }
    }

    /// The positions before `end` that are inserted and may be found from there on, as bits.
    pub fn inserted(&self, end: usize) -> [u64; LONGEST / 64] {
        let mut bits = [0; LONGEST / 64];
        for &head in &*self.head {
            let mut position = usize::from(head);
            let mut left = self.prev.len();
            while position != 0 && position < end && left > 0 {
                bits[position / 64] |= 1 << (position % 64);
                let before = usize::from(self.prev[position & (self.prev.len() - 1)]);
                // Those farther back than the window are overwritten.
                if before >= position {
                    break;
                }
                position = before;
                left -= 1;
            }
        }
        bits
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
        let hash = self.hash.at(window, search.pos);
        let newest = self.link(hash, search.pos);
        if newest == 0 { None } else { self.walk(window, newest, hash, search, effort) }
    }

    fn walk(
        &self,
        window: &[u8],
        newest: usize,
        hash: usize,
        search: &Search,
        effort: &Effort,
    ) -> Option<Match> {
        let pos = search.pos;
        let mut best = Best::new(search, effort);
        let reach = Reach::new(pos, max_dist(self.prev.len()));
        let mut left = effort.budget(search.best);
        let bytes = Bytes::new(window);
        assert!(pos + best.cap <= bytes.len());
        let mut candidate = newest;
        // The first of the chain may be at the limit itself; the first ones here may be strangers.
        let mut nearest = reach.head;
        let plain = best.cap >= 8 && best.len >= 2;
        while candidate >= nearest && candidate < pos {
            // SAFETY: four bytes from an earlier position, and eight if `cap` is that, are before
            // `pos + cap`: that is at least three bytes behind `pos`.
            let first = unsafe { bytes.four(candidate) };
            if self.hash.of(first) == hash {
                let over = if plain {
                    // SAFETY: as above.
                    let len = unsafe { bytes.common(candidate, pos, 0, best.cap) };
                    let longer = len > best.len;
                    if longer {
                        best.len = len;
                        best.start = candidate;
                    }
                    longer && len >= best.enough
                } else {
                    consider(bytes, pos, candidate, &mut best)
                };
                left = left.wrapping_sub(1);
                if over || left == 0 {
                    break;
                }
                nearest = reach.limit + 1;
            }
            let before = usize::from(self.prev[candidate & (self.prev.len() - 1)]);
            if before >= candidate {
                break;
            }
            candidate = before;
        }
        best.found()
    }
}
