//! All positions sorted by their hash, so that a chain is a run of neighbours in memory.
//!
//! A list is a chain of loads, each of which waits for the one before. Sorted positions are read
//! ahead by the CPU, several a cycle, and how many there are is known from the start. It needs
//! every position to be inserted in order, as at levels 4 to 9.
//!
//! The window's two halves are sorted one by one, each when it has been filled, less the last two
//! bytes, which are hashed with what follows. A search looks through the run in its own half, from
//! the entry before its own down; if it is in the upper half, then through the run in the lower one.
//! There is nothing else within the max distance: when the window slides, the upper half becomes the
//! lower, and what was the lower half is too far from any position that is searched from then on.

use core::ops::Range;

use super::bytes::{Here, at, move_down, prefetch};
use super::half::{BEFORE, Half};
use super::hash::Hash;
use super::{Best, Effort, MAX_MATCH, Match, Search, consider, limit, max_dist, may_begin};

/// With more candidates than so many, others are looked for that are fewer: where most symbols are
/// literals, ...
pub const RARE: usize = 64;
/// ... and where most are matches, so that other strings are often as frequent.
pub const RARELY: usize = 256;

/// How many candidates are looked at between two checks of their distance.
const AHEAD: usize = 8;

/// Which positions are sorted, and whether the lower half is in the upper memory.
pub type Left = (Range<usize>, bool);

/// The sorted positions of a window.
pub struct Runs<'a> {
    hash: Hash,
    w_size: usize,
    /// The lower one and the upper one.
    halves: [Half<'a>; 2],
    /// Whether the lower one is in the upper memory.
    swapped: bool,
    /// Which positions are sorted.
    from: usize,
    to: usize,
}

/// Consecutive entries of a half's sorted positions, to be read backwards.
#[derive(Clone, Copy)]
struct Run<'a> {
    sorted: &'a [u16],
    from: usize,
    to: usize,
}

impl Run<'_> {
    #[inline(always)]
    fn count(&self) -> usize {
        self.to - self.from
    }

    /// The last `count` of them.
    #[inline(always)]
    fn last(self, count: usize) -> Self {
        Run { from: self.to - count, ..self }
    }

    /// The last eight entries before its end, also those before its start; there are as many.
    #[inline(always)]
    fn last_eight(&self) -> &[u16; AHEAD] {
        debug_assert!((AHEAD..=self.sorted.len()).contains(&self.to));
        // SAFETY: as many entries are there, and an array of them is aligned as they are.
        unsafe { &*self.sorted.as_ptr().add(self.to - AHEAD).cast() }
    }

    /// The entry that the run was just cut by.
    #[inline(always)]
    fn at_end(&self) -> usize {
        // SAFETY: it was in the run, whose entries are there.
        usize::from(unsafe { at(self.sorted, self.to) })
    }

    /// An entry of the run, counted from the start of all.
    #[inline(always)]
    fn at(&self, index: usize) -> usize {
        debug_assert!((self.from..self.to).contains(&index));
        // SAFETY: runs are only made by `Runs::runs`, from indices of entries, and cut; and all
        // calls here are for one between `from` and `to`.
        usize::from(unsafe { at(self.sorted, index) })
    }
}

impl<'a> Runs<'a> {
    /// How much memory the runs of a window need, in entries.
    pub fn memory(w_size: usize, hash: Hash) -> usize {
        2 * Half::memory(w_size, hash)
    }

    /// Nothing is sorted yet. `memory` is at least as much as [`Runs::memory`] says.
    pub fn new(memory: &'a mut [u16], w_size: usize, hash: Hash) -> Runs<'a> {
        let mut runs = Runs::again(memory, w_size, hash, (0..0, false));
        runs.forget();
        runs
    }

    /// What is needed beside the memory to go on with it later, in [`Runs::again`].
    pub fn left(&self) -> Left {
        (self.from..self.to, self.swapped)
    }

    /// Goes on with memory that was used with the same parameters, as [`Runs::left`] was then.
    pub fn again(
        memory: &'a mut [u16],
        w_size: usize,
        hash: Hash,
        (known, swapped): Left,
    ) -> Runs<'a> {
        assert!(memory.len() >= Runs::memory(w_size, hash));
        let (first, rest) = memory.split_at_mut(Half::memory(w_size, hash));
        let second = &mut rest[..Half::memory(w_size, hash)];
        let mut halves = [Half::new(first, w_size, hash), Half::new(second, w_size, hash)];
        if swapped {
            halves.swap(0, 1);
        }
        Runs { hash, w_size, halves, swapped, from: known.start, to: known.end }
    }

    /// The first position of the upper half.
    pub fn border(&self) -> usize {
        self.w_size - BEFORE
    }

    /// Sorts what the window's bytes allow. `from` is the first position that a search may find:
    /// it and all behind it count as inserted, none before it does.
    ///
    /// To be called when the window has new bytes, and at first.
    pub fn fill(&mut self, window: &[u8], from: usize) {
        let to = window.len().saturating_sub(2).max(from);
        let border = self.border();
        if self.to <= from {
            if self.from < self.to {
                self.forget();
            }
            (self.from, self.to) = (from, from);
        }
        if self.to < to.min(border) {
            let known = self.from..self.to;
            self.halves[0].sort(self.hash, window, 0, known, to.min(border));
        }
        if self.to.max(border) < to {
            let known = self.from.max(border)..self.to.max(border);
            self.halves[1].sort(self.hash, window, self.w_size, known, to);
        }
        self.to = to;
    }

    /// The window has moved down by half.
    pub fn slide(&mut self) {
        self.halves.swap(0, 1);
        self.swapped = !self.swapped;
        move_down(self.halves[0].sorted, self.w_size);
        self.from = self.from.saturating_sub(self.w_size);
        self.to = self.to.saturating_sub(self.w_size);
        if self.to < self.border() {
            // Not all of what is the lower half now was there. As the first positions of it have
            // gone, it is sorted anew.
            self.forget();
            self.to = self.from;
        }
    }

    /// Nothing is sorted any more.
    fn forget(&mut self) {
        for half in &mut self.halves {
            half.starts.fill(0);
        }
    }

    /// The runs with the hash of `pos`, nearest first.
    #[inline(always)]
    fn runs(&self, pos: usize) -> [Run<'_>; 2] {
        debug_assert!((self.from..self.to).contains(&pos));
        let upper = usize::from(pos >= self.border());
        let (half, lower) = (&self.halves[upper], &self.halves[0]);
        let index = pos + BEFORE - upper * self.w_size;
        // SAFETY: `pos` is in this half, so its rank and its hash are there.
        let (rank, hash) = unsafe { (at(half.ranks, index), at(half.hashes, index)) };
        let (rank, hash) = (usize::from(rank), usize::from(hash));
        // SAFETY: a hash is below `Hash::count`, and there is one more entry.
        let starts = |half: &Half, hash| usize::from(unsafe { at(half.starts, hash) });
        let from = starts(half, hash);
        let near = Run { sorted: half.sorted, from, to: from + rank };
        // None, for one in the lower half.
        let to = starts(lower, hash + 1);
        let count = (to - starts(lower, hash)) * upper;
        [near, Run { sorted: lower.sorted, from: to - count, to }]
    }

    /// For searches in the lower half, which are for positions before [`Runs::border`], or in the
    /// upper one. With more candidates than `rare`, others are looked for.
    pub fn part<const UPPER: bool>(&self, rare: usize) -> Part<'_, UPPER> {
        let near = &self.halves[usize::from(UPPER)];
        Part {
            near: near.sorted,
            near_starts: near.starts,
            hashes: near.hashes,
            ranks: near.ranks,
            far: self.halves[0].sorted,
            far_starts: self.halves[0].starts,
            rare,
            runs: self,
        }
    }

    /// Candidate by candidate.
    #[cold]
    fn find_slowly(&self, window: &[u8], search: &Search, effort: &Effort) -> Option<Match> {
        let pos = search.pos;
        let mut best = Best::new::<false>(search, effort);
        let max_dist = max_dist(self.w_size);
        let budget = effort.budget(search.best) as usize;
        let runs = self.runs(pos);
        let candidates = runs.iter().flat_map(|run| run.sorted[run.from..run.to].iter().rev());
        for (i, &candidate) in candidates.take(budget).enumerate() {
            let candidate = usize::from(candidate);
            let within = match i {
                0 => may_begin(pos, candidate, max_dist),
                _ => candidate > limit(pos, max_dist),
            };
            if !within {
                break;
            }
            if consider(window, pos, candidate, &mut best) {
                break;
            }
        }
        best.found()
    }
}

/// A half of the window, to search there.
pub struct Part<'a, const UPPER: bool> {
    near: &'a [u16],
    near_starts: &'a [u16],
    hashes: &'a [u16],
    ranks: &'a [u16],
    far: &'a [u16],
    far_starts: &'a [u16],
    rare: usize,
    runs: &'a Runs<'a>,
}

impl<const UPPER: bool> Part<'_, UPPER> {
    /// The runs with the hash of `pos`, nearest first. Has those of the position that is probably
    /// searched for next loaded into the cache: `best` is the length of the match before, or 2.
    #[inline(always)]
    fn runs(&self, pos: usize, best: usize) -> [Run<'_>; 2] {
        debug_assert!((self.runs.from..self.runs.to).contains(&pos));
        let base = if UPPER { self.runs.w_size } else { 0 };
        let index = pos + BEFORE - base;
        let place = |index| {
            // SAFETY: `pos` is in this half, so its rank and its hash are there; for what comes next,
            // the index is cut to those that there are.
            let (rank, hash) = unsafe { (at(self.ranks, index), at(self.hashes, index)) };
            (usize::from(rank), usize::from(hash))
        };
        let (rank, hash) = place(index);
        // SAFETY: a hash is below `Hash::count`, and there is one more entry.
        let start = |starts, hash| usize::from(unsafe { at(starts, hash) });
        let from = start(self.near_starts, hash);
        let near = Run { sorted: self.near, from, to: from + rank };
        // If the match before is not bettered, parsing goes on behind it. That position may not be
        // sorted yet, and what is there may be anything.
        let (next_rank, next_hash) = place((index + best - 1).min(self.ranks.len() - 1));
        let next = self.near_starts.get(next_hash).copied().map_or(0, usize::from) + next_rank;
        prefetch(self.near, next.wrapping_sub(1));
        if !UPPER {
            return [near, Run { sorted: self.far, from: 0, to: 0 }];
        }
        let far = self.far_starts.get(next_hash + 1).copied().map_or(0, usize::from);
        prefetch(self.far, far.wrapping_sub(1));
        let (from, to) = (start(self.far_starts, hash), start(self.far_starts, hash + 1));
        [near, Run { sorted: self.far, from, to }]
    }

    /// The longest match, the nearest of these, that is longer than `search.best`.
    /// `window` begins with the bytes that [`Runs::fill`] was called with last. With `FULL`, the
    /// longest match possible is within it.
    #[inline(always)]
    pub fn find<const FULL: bool>(
        &self,
        window: &[u8],
        search: &Search,
        effort: &Effort,
    ) -> Option<Match> {
        let pos = search.pos;
        let mut best = Best::new::<FULL>(search, effort);
        debug_assert!(pos >= self.runs.from && pos < self.runs.to);
        if (!FULL && best.cap < 8) || best.len < 2 {
            return self.runs.find_slowly(window, search, effort);
        }
        let [near, far] = self.runs(pos, best.len);
        let budget = effort.budget(search.best) as usize;
        // What the budget permits.
        let near = near.last(near.count().min(budget));
        let far = far.last(far.count().min(budget - near.count()));
        let count = near.count() + far.count();
        if count == 0 || best.len >= best.cap {
            return None;
        }
        let limit = limit(pos, max_dist(self.runs.w_size));
        let nearest = if near.count() > 0 { near.at(near.to - 1) } else { far.at(far.to - 1) };
        if nearest <= limit {
            // Only the first of a chain may be at the limit.
            if nearest == limit && limit > 0 {
                consider(window, pos, nearest, &mut best);
            }
            return best.found();
        }
        // SAFETY: positions in a run up to the rank of another are before that; less `shift`, those
        // before `pos + shift` are before `pos`. Offsets are at most three less than a length that
        // is not the longest possible, `cap`.
        let here = unsafe { Here::new(window, pos, best.cap) };
        let mut rest = [near, far];
        if best.len == 2 {
            first_match(here, &mut rest, limit, &mut best)?;
            if best.len >= best.enough {
                return best.found();
            }
        }
        let (mut shift, mut beyond) = (0, limit);
        // A longer match has the same three bytes at its end as well.
        let other = best.len - 2;
        if count > self.rare && pos + other + 1 < self.runs.to {
            let others = self.runs.runs(pos + other);
            if others[0].count() + others[1].count() < count {
                // The last that the budget permits.
                let run = if far.count() > 0 { far } else { near };
                (shift, rest) = (other, others);
                beyond = limit.max(run.at(run.from).saturating_sub(1)) + shift;
            }
        }
        longer_matches(here, rest, shift, beyond, &mut best);
        best.found()
    }
}

/// Finds the nearest match of three bytes or more, of those beyond `limit`, and cuts the runs down
/// to what is left then.
#[inline(always)]
fn first_match(here: Here, runs: &mut [Run; 2], limit: usize, best: &mut Best) -> Option<()> {
    for run in runs {
        while run.to > run.from {
            let candidate = run.at(run.to - 1);
            run.to -= 1;
            if candidate <= limit {
                return None;
            }
            let differing = here.differing(candidate);
            if differing & 0xff_ffff == 0 {
                best.len = here.common(candidate, differing);
                best.start = candidate;
                return Some(());
            }
        }
    }
    None
}

/// Goes on with a match at hand, by the places `shift` bytes behind each candidate that the runs
/// have, as far as these are beyond `limit`.
#[inline(always)]
fn longer_matches(here: Here, runs: [Run; 2], shift: usize, limit: usize, best: &mut Best) {
    // A longer match has the last three bytes of the best, and one more.
    let mut offset = best.len - 3;
    let mut end = here.four(offset);
    for mut run in runs {
        while let Some(place) = next_hit(here, &mut run, limit, offset.wrapping_sub(shift), end) {
            let candidate = place - shift;
            let len = here.common(candidate, here.differing(candidate));
            if len > best.len {
                best.len = len;
                best.start = candidate;
                if len >= best.enough {
                    return;
                }
                offset = len - 3;
                end = here.four(offset);
            }
        }
    }
}

/// The next place beyond `limit` that has `end` so many bytes behind it, and cuts the run down to
/// those behind it.
#[inline(always)]
fn next_hit(here: Here, run: &mut Run, limit: usize, behind: usize, end: u32) -> Option<usize> {
    while run.count() >= AHEAD {
        if run.at(run.to - AHEAD) <= limit {
            run.from = run.to - (AHEAD - 1);
            break;
        }
        let last = run.to;
        let hit = |k| here.has(run.at(last - k), behind, end);
        // Written out: as a loop it is not unrolled, which costs a third at level 9.
        let nearest = if hit(1) {
            1
        } else if hit(2) {
            2
        } else if hit(3) {
            3
        } else if hit(4) {
            4
        } else if hit(5) {
            5
        } else if hit(6) {
            6
        } else if hit(7) {
            7
        } else if hit(8) {
            8
        } else {
            run.to -= AHEAD;
            continue;
        };
        run.to = last - nearest;
        return Some(run.at_end());
    }
    // How many are left cannot be predicted, so they are looked at without a branch for each,
    // together with those of other runs before them.
    if run.to >= AHEAD && behind <= MAX_MATCH {
        // Those of the run are the last ones.
        let hits = here.which_have(run.last_eight(), behind, end) >> (AHEAD - run.count());
        if hits == 0 {
            run.to = run.from;
            return None;
        }
        run.to = run.from + hits.ilog2() as usize;
        let place = run.at_end();
        return (place > limit).then_some(place);
    }
    while run.to > run.from {
        run.to -= 1;
        let place = run.at_end();
        if place <= limit {
            return None;
        }
        if here.has(place, behind, end) {
            return Some(place);
        }
    }
    None
}
