//! Zlib's list with the four newest positions of each hash side by side.
//!
//! A list is a chain of loads, each of which waits for the one before, and of comparisons that are
//! hard to predict. Level 1 looks at four candidates, and takes the first with eight bytes: here
//! they come in one load, and are compared by their first eight bytes without a branch for each. It
//! works whichever positions are inserted.
//!
//! The table is in memory for the time of a call. What has to last is in `prev`: it is zlib's, and
//! says which positions were inserted, from which the list's heads follow.

use super::bytes::{Here, four_at, move_down};
use super::hash::Hash;
use super::list::Links;
use super::{Best, Effort, MIN_MATCH, Match, Search, limit, max_dist, may_begin};

/// In `prev`: the position was not inserted. No position before another is as large.
pub const ABSENT: u16 = u16::MAX;

/// How many positions ahead are marked as not inserted. It is less than what the max distance is
/// short of the window's size: then nothing is overwritten that a search needs.
const AHEAD: usize = 120;

/// How many positions behind the one that is searched for are marked in any case.
pub const FEW: usize = 8;

/// How many candidates come in one load.
const FOUR: usize = 4;

/// How many bytes of each are compared at first.
const EIGHT: usize = 8;

/// The table, and the stream's list without its heads.
pub struct Newest<'a> {
    hash: Hash,
    /// By hash, its four newest positions, each in 16 bits of a `u64`, the newest one lowest.
    table: &'a mut [u16],
    /// By position modulo the window's size, the one before it in its chain, or [`ABSENT`].
    prev: &'a mut [u16],
    /// Up to here `prev` says what was inserted.
    marked: usize,
}

/// Four positions of a hash, as they are in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Four(u64);

impl Four {
    /// The `i`th newest one, or 0.
    #[inline(always)]
    fn get(self, i: u32) -> usize {
        usize::from((self.0 >> (16 * i)) as u16)
    }

    /// The newest one, or 0.
    #[inline(always)]
    pub fn newest(self) -> usize {
        self.get(0)
    }
}

impl<'a> Newest<'a> {
    /// Goes on with a table that was used before, with the same parameters, or that
    /// [`Newest::take_over`] is called for next. `memory` is at least as much as
    /// [`table_len`] says. `prev` has an entry for each position of a window.
    pub fn again(
        memory: &'a mut [u16],
        prev: &'a mut [u16],
        hash: Hash,
        marked: usize,
    ) -> Newest<'a> {
        assert!(prev.len().is_power_of_two());
        Newest { hash, table: &mut memory[..table_len(hash)], prev, marked }
    }

    /// How many positions a window has.
    #[inline(always)]
    pub fn window_size(&self) -> usize {
        self.prev.len()
    }

    /// The positions of a list are inserted, which has the same `prev` and these `heads`, or none if
    /// it is empty; all are before `next`.
    pub fn take_over(&mut self, heads: &[u16], next: usize) {
        self.table.fill(0);
        for (hash, &head) in heads[..heads.len().min(self.hash.count())].iter().enumerate() {
            self.take_over_chain(hash, head, next);
        }
    }

    /// Enters the newest positions of a chain that begins with `head`.
    fn take_over_chain(&mut self, hash: usize, head: u16, next: usize) {
        let limit = limit(next, self.prev.len());
        let mut pos = usize::from(head);
        if pos <= limit || pos >= next {
            return;
        }
        let mut four = 0;
        for i in 0..FOUR {
            four |= (pos as u64) << (16 * i);
            let before = Links(self.prev).before(pos);
            if before <= limit || before >= pos {
                break;
            }
            pos = before;
        }
        self.set(hash, Four(four));
    }

    /// Up to where `prev` says what was inserted.
    pub fn marked(&self) -> usize {
        self.marked
    }

    #[inline(always)]
    fn entry(&mut self, hash: usize) -> *mut u64 {
        debug_assert!(FOUR * hash < self.table.len());
        self.table.as_mut_ptr().wrapping_add(FOUR * hash).cast()
    }

    #[inline(always)]
    fn set(&mut self, hash: usize, four: Four) {
        // SAFETY: a hash is below `Hash::count`, and the table has four entries for each.
        unsafe { self.entry(hash).write_unaligned(four.0) };
    }

    #[inline(always)]
    fn get(&mut self, hash: usize) -> Four {
        // SAFETY: a hash is below `Hash::count`, and the table has four entries for each.
        Four(unsafe { self.entry(hash).read_unaligned() })
    }

    /// Inserts `pos`, three bytes of which are in the window; what were the newest positions. With
    /// `FULL`, four bytes are there.
    #[inline(always)]
    pub fn insert<const FULL: bool>(&mut self, window: &[u8], pos: usize) -> Four {
        self.mark_to(pos + FEW, AHEAD);
        let hash = if FULL {
            // SAFETY: the longest match is in the window.
            self.hash.of(unsafe { four_at(window, pos) })
        } else {
            self.hash.at(window, pos)
        };
        self.link(hash, pos)
    }

    /// Inserts `pos` into the chain of `hash`; what were the newest positions.
    #[inline(always)]
    fn link(&mut self, hash: usize, pos: usize) -> Four {
        let four = self.get(hash);
        self.set(hash, Four(four.0 << 16 | pos as u64));
        let at = pos & (self.prev.len() - 1);
        // SAFETY: the length is a power of two, so the mask keeps below it.
        *unsafe { self.prev.get_unchecked_mut(at) } = four.newest() as u16;
        four
    }

    /// Inserts the positions `from..to`, in order; `to + 2` bytes are in the window.
    #[inline(always)]
    pub fn insert_all(&mut self, window: &[u8], from: usize, to: usize) {
        self.mark_to(to, 0);
        for pos in from..to {
            let hash = self.hash.at(window, pos);
            self.link(hash, pos);
        }
    }

    /// As [`Newest::insert_all`], for positions less than [`FEW`] behind the last one that was given to
    /// [`Newest::insert`].
    ///
    /// # Safety
    /// Four bytes are in the window for each.
    #[inline(always)]
    pub unsafe fn insert_few(&mut self, window: &[u8], from: usize, to: usize) {
        debug_assert!(to <= self.marked);
        for pos in from..to {
            // SAFETY: four bytes are there, says the caller.
            let hash = self.hash.of(unsafe { four_at(window, pos) });
            self.link(hash, pos);
        }
    }

    /// The positions that were not marked yet, up to `to`, are not inserted so far; if there are any,
    /// so many `more` are marked with them.
    #[inline(always)]
    fn mark_to(&mut self, to: usize, more: usize) {
        if to > self.marked {
            mark(self.prev, self.marked, to + more);
            self.marked = to + more;
        }
    }

    /// The window has moved down by half: so have the positions in the table, and those that left it
    /// are none. The list is moved by itself: [`super::list::List::slide_prev`].
    pub fn slide(&mut self) {
        move_down(self.table, self.prev.len());
        self.marked = self.marked.saturating_sub(self.prev.len());
    }

    /// The longest match, the nearest of these, that is longer than `search.best`, where `four` are
    /// the newest positions before `search.pos`, as [`Newest::insert`] gave them.
    #[inline(always)]
    pub fn find<const FULL: bool>(
        &self,
        window: &[u8],
        four: Four,
        search: &Search,
        effort: &Effort,
    ) -> Option<Match> {
        let pos = search.pos;
        let max_dist = max_dist(self.prev.len());
        let head = four.newest();
        if !may_begin(pos, head, max_dist) {
            return None;
        }
        let mut best = Best::new::<FULL>(search, effort);
        if (!FULL && best.cap < EIGHT)
            || best.len != MIN_MATCH - 1
            || best.enough != EIGHT
            || effort.budget(search.best) != FOUR as u32
        {
            return Links(self.prev).walk::<FULL>(window, head, max_dist, search, effort);
        }
        // SAFETY: `head` is before `pos`, and so are the others that are looked at, at the first bytes
        // only.
        let here = unsafe { Here::new(window, pos, best.cap) };
        best_of_four(here, four, limit(pos, max_dist), &mut best);
        best.found()
    }
}

/// How much memory the table needs, in entries.
pub fn table_len(hash: Hash) -> usize {
    FOUR * hash.count()
}

/// Whether searches for any match, with this effort, are quicker by the table.
pub fn serves(effort: &Effort) -> bool {
    effort.nice == EIGHT && effort.budget(MIN_MATCH - 1) == FOUR as u32
}

/// The positions `from..to` are not inserted so far.
#[cold]
#[inline(never)]
fn mark(prev: &mut [u16], from: usize, to: usize) {
    let size = prev.len();
    let from = from.max(to.saturating_sub(size));
    let (first, last) = (from & (size - 1), (to - 1) & (size - 1));
    if first <= last {
        prev[first..=last].fill(ABSENT);
    } else {
        prev[first..].fill(ABSENT);
        prev[..=last].fill(ABSENT);
    }
}

/// The best match of four candidates, of which one with eight bytes is good enough.
#[inline(always)]
fn best_of_four(here: Here, four: Four, limit: usize, best: &mut Best) {
    let nearest = here.differing(four.newest());
    if nearest == 0 {
        (best.len, best.start) = (here.long(four.newest()), four.newest());
        return;
    }
    // How many bytes are the same, of eight, then which is nearer, then where.
    let score = |i: u32| {
        let candidate = four.get(i);
        let differing = if i == 0 { nearest } else { here.differing(candidate) };
        let len = differing.trailing_zeros() / 8;
        let within = if i == 0 || candidate > limit { u32::MAX } else { 0 };
        ((len << 2 | (3 - i)) << 16 | candidate as u32) & within
    };
    let highest = score(0).max(score(1)).max(score(2).max(score(3)));
    let (len, start) = ((highest >> 18) as usize, (highest & 0xffff) as usize);
    if len >= EIGHT {
        (best.len, best.start) = (here.long(start), start);
    } else if len >= MIN_MATCH {
        (best.len, best.start) = (len, start);
    }
}
