//! All positions sorted by their hash, so that a chain is a run of neighbours in memory.
//!
//! A list is a chain of loads, each of which waits for the one before. Sorted positions are read
//! ahead by the CPU, several a cycle, and how many there are is known from the start. It needs
//! every position to be inserted in order, as at levels 4 to 9.
//!
//! The window's two halves are sorted one by one, each when it has been filled, less the last two
//! bytes, which are hashed with what follows. A search looks through its own half's run below its
//! own place there, then through the lower half's run if it is in the upper. Nothing else is ever
//! in reach: when the window slides, the upper half becomes the lower, and a position there, being
//! at least `max_dist`, reaches nothing before.

use super::bytes::{Bytes, at, at_mut};
use super::hash::Hash;
use super::{Best, Effort, MIN_LOOKAHEAD, Match, Search, consider};

/// A half's first position is one that is hashed with the half's first bytes.
const BEFORE: usize = 2;

/// How many hashes are computed at a time.
const GROUP: usize = 2048;

/// How many positions are placed before the first of them is written.
const FOUR: usize = 4;

/// With more candidates than so many, others are looked for that are fewer.
const RARE: usize = 64;

/// How many candidates are looked at between two checks of their distance.
const AHEAD: usize = 8;

/// The sorted positions of half a window.
struct Half<'a> {
    /// The positions by hash, and in order for the same hash.
    sorted: &'a mut [u16],
    /// By hash, where its run starts; and behind the last one, where that ends.
    starts: &'a mut [u16],
    /// By position, from the half's first on, its index in `sorted`.
    ranks: &'a mut [u16],
}

/// The sorted positions of a window.
pub struct Runs<'a> {
    hash: Hash,
    w_size: usize,
    lower: Half<'a>,
    upper: Half<'a>,
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

impl<'a> Half<'a> {
    fn memory(w_size: usize, hash: Hash) -> usize {
        2 * w_size + hash.count() + 1
    }

    fn new(memory: &'a mut [u16], w_size: usize, hash: Hash) -> Half<'a> {
        let (sorted, memory) = memory.split_at_mut(w_size);
        let (starts, ranks) = memory.split_at_mut(hash.count() + 1);
        starts.fill(0);
        Half { sorted, starts, ranks: &mut ranks[..w_size] }
    }

    /// Sorts the positions `from..to`, of a half that begins at `base` less [`BEFORE`].
    fn sort(&mut self, hash: Hash, window: &[u8], base: usize, from: usize, to: usize) {
        let (sorted, starts) = (&mut *self.sorted, &mut *self.starts);
        let ranks = &mut self.ranks[from + BEFORE - base..to + BEFORE - base];
        assert!(ranks.len() <= sorted.len() && starts.len() == hash.count() + 1);
        starts.fill(0);
        // How many have each hash.
        let mut pos = from;
        for hashes in ranks.chunks_mut(GROUP) {
            hash.of_each(&window[pos..pos + hashes.len() + 2], hashes);
            pos += hashes.len();
            for &hash in &*hashes {
                // SAFETY: a hash is below `Hash::count`, and there is one more entry.
                *unsafe { at_mut(starts, usize::from(hash) + 1) } += 1;
            }
        }
        // Where they go: the entry behind each hash's counts up from the start of its run.
        sums(&mut starts[1..]);
        let mut place = |hash: u16| {
            // SAFETY: as above.
            let next = unsafe { at_mut(starts, usize::from(hash) + 1) };
            let rank = *next;
            *next = rank + 1;
            rank
        };
        let mut put = |rank: u16, pos: usize| {
            // SAFETY: each position is counted once, and there is room for all of them.
            *unsafe { at_mut(sorted, usize::from(rank)) } = pos as u16;
        };
        // By fours: a CPU that expects each count to come from the store just before it, as it
        // sometimes does, takes twice the time.
        let (fours, rest) = ranks.as_chunks_mut::<FOUR>();
        let mut pos = from;
        for four in fours {
            *four = four.map(&mut place);
            for (i, &rank) in four.iter().enumerate() {
                put(rank, pos + i);
            }
            pos += FOUR;
        }
        for (pos, rank) in (pos..).zip(rest) {
            *rank = place(*rank);
            put(*rank, pos);
        }
    }
}

/// Replaces each count by the sum of those before it; their sum is below 2^16, and their number a
/// multiple of 4.
fn sums(counts: &mut [u16]) {
    // In one multiplication, each of four counts in 64 bits is added to those above it.
    const EACH: u64 = 0x0001_0001_0001_0001;
    let mut sum = 0u64;
    for four in counts.as_chunks_mut::<4>().0 {
        let [a, b, c, d] = four.map(u64::from);
        let above = (a | b << 16 | c << 32 | d << 48).wrapping_mul(EACH);
        let before = (above << 16).wrapping_add(sum);
        *four =
            [before as u16, (before >> 16) as u16, (before >> 32) as u16, (before >> 48) as u16];
        sum = sum.wrapping_add((above >> 48).wrapping_mul(EACH));
    }
}

impl<'a> Runs<'a> {
    /// How much memory the runs of a window need, in entries.
    pub fn memory(w_size: usize, hash: Hash) -> usize {
        2 * Half::memory(w_size, hash)
    }

    /// Nothing is sorted yet. `memory` is as much as [`Runs::memory`] says.
    pub fn new(memory: &'a mut [u16], w_size: usize, hash: Hash) -> Runs<'a> {
        let (lower, upper) = memory.split_at_mut(Half::memory(w_size, hash));
        let (lower, upper) = (Half::new(lower, w_size, hash), Half::new(upper, w_size, hash));
        Runs { hash, w_size, lower, upper, from: 0, to: 0 }
    }

    /// The first position of the upper half.
    fn border(&self) -> usize {
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
            self.from = from;
            self.to = from;
        }
        if self.to < to.min(border) {
            self.lower.sort(self.hash, window, 0, self.from, to.min(border));
        }
        if self.to.max(border) < to {
            self.upper.sort(self.hash, window, self.w_size, self.from.max(border), to);
        }
        self.to = to;
    }

    /// The window has moved down by half.
    pub fn slide(&mut self) {
        let by = self.w_size as u16;
        core::mem::swap(&mut self.lower, &mut self.upper);
        for position in &mut *self.lower.sorted {
            *position = position.saturating_sub(by);
        }
        self.from = self.from.saturating_sub(self.w_size);
        self.to = self.to.saturating_sub(self.w_size);
    }

    /// The runs with the hash of `pos`, nearest first.
    #[inline(always)]
    fn runs(&self, hash: usize, pos: usize) -> [Run<'_>; 2] {
        debug_assert!((self.from..self.to).contains(&pos));
        let upper = pos >= self.border();
        let (half, base) = if upper { (&self.upper, self.w_size) } else { (&self.lower, 0) };
        // SAFETY: `pos` is in this half, so its rank is there.
        let rank = usize::from(unsafe { at(half.ranks, pos + BEFORE - base) });
        // SAFETY: a hash is below `Hash::count`, and there is one more entry.
        let starts = |half: &Half, hash| usize::from(unsafe { at(half.starts, hash) });
        let near = Run { sorted: half.sorted, from: starts(half, hash), to: rank };
        let (lower, far) = (&self.lower, Run { sorted: self.lower.sorted, from: 0, to: 0 });
        let far = match upper {
            true => Run { from: starts(lower, hash), to: starts(lower, hash + 1), ..far },
            false => far,
        };
        [near, far]
    }

    /// The longest match, the nearest of these, that is longer than `search.best`.
    /// `window` begins with the bytes that [`Runs::fill`] was called with last.
    #[inline(always)]
    pub fn find(&self, window: &[u8], search: &Search, effort: &Effort) -> Option<Match> {
        let pos = search.pos;
        let mut best = Best::new(search, effort);
        assert!(pos + best.cap <= window.len() && pos >= self.from && pos < self.to);
        let bytes = Bytes::new(window);
        if best.cap < 8 || best.enough < 8 || best.len < 2 {
            return self.find_slowly(bytes, search, effort);
        }
        // SAFETY, for the reads of the blocks here: `pos + cap` is within the window, as asserted
        // above, every sorted position in a run below a rank is before `pos`, and what is read
        // ends at or before `cap` bytes from them: 8 is at most `cap`, and so is `best.len + 1`.
        // SAFETY: see above.
        let start = unsafe { bytes.eight(pos) };
        let [near, far] = self.runs(self.hash.of(start as u32), pos);
        let limit = pos.saturating_sub(self.w_size - MIN_LOOKAHEAD);
        let budget = effort.budget(search.best) as usize;
        // How many candidates each run has, the budget permitting.
        let near_count = (near.to - near.from).min(budget);
        let far_count = (far.to - far.from).min(budget - near_count);
        let count = near_count + far_count;
        if count == 0 || best.len >= best.cap {
            return None;
        }
        let near = Run { from: near.to - near_count, ..near };
        let far = Run { from: far.to - far_count, ..far };
        let mut rest = [near, far];
        let (mut shift, mut beyond) = (0, limit);
        // SAFETY: see above.
        let nearest = usize::from(match near_count {
            0 => unsafe { at(far.sorted, far.to - 1) },
            _ => unsafe { at(near.sorted, near.to - 1) },
        });
        if nearest <= limit {
            return self.find_at_limit(bytes, search, effort, [near, far], limit);
        }
        if best.len == 2 {
            // Any match of three bytes or more will do.
            'found: {
                for run in &mut rest {
                    while run.to > run.from {
                        run.to -= 1;
                        // SAFETY: see above.
                        let candidate = usize::from(unsafe { at(run.sorted, run.to) });
                        if candidate <= limit {
                            return None;
                        }
                        // SAFETY: see above.
                        let differing = unsafe { bytes.eight(candidate) } ^ start;
                        if differing & 0xff_ffff == 0 {
                            best.len = match differing {
                                // SAFETY: see above.
                                0 => unsafe { bytes.common(candidate, pos, 8, best.cap) },
                                _ => differing.trailing_zeros() as usize / 8,
                            };
                            best.start = candidate;
                            break 'found;
                        }
                    }
                }
                return None;
            }
            if best.len >= best.enough {
                return best.found();
            }
        }
        if count > RARE {
            // A longer match has the same three bytes at its end as well.
            let other = best.len - 2;
            if pos + other + 1 < self.to {
                // SAFETY: see above; behind what is sorted there are two bytes more.
                let hash = self.hash.of(unsafe { bytes.four(pos + other) });
                let others = self.runs(hash, pos + other);
                let fewer = others.iter().map(|run| run.to - run.from).sum::<usize>();
                if fewer < count {
                    let run = if far_count > 0 { far } else { near };
                    // SAFETY: see above.
                    let last = usize::from(unsafe { at(run.sorted, run.from) });
                    (shift, rest) = (other, others);
                    beyond = limit.max(last.saturating_sub(1)) + shift;
                }
            }
        }
        // SAFETY: see above.
        unsafe { self.find_in(bytes, pos, start, rest, shift, beyond, &mut best) };
        best.found()
    }

    /// Goes on through `runs` with a match at hand, by the place `shift` bytes behind each
    /// candidate, down to the places behind `limit`.
    ///
    /// # Safety
    /// `pos + best.cap` is within `bytes`, and at least 8 and `best.len + 1` behind `pos`, as are
    /// `shift + 3`. The runs' positions, less `shift`, are before `pos`.
    #[inline(always)]
    unsafe fn find_in(
        &self,
        bytes: Bytes,
        pos: usize,
        start: u64,
        runs: [Run<'_>; 2],
        shift: usize,
        limit: usize,
        best: &mut Best,
    ) {
        let mut offset = best.len - 3;
        // SAFETY: see above.
        let mut end = unsafe { bytes.four(pos + offset) };
        for run in runs {
            let stop = run.from;
            let mut p = run.to;
            'run: loop {
                let candidate = 'hit: {
                    // SAFETY: see above.
                    while p - stop >= AHEAD
                        && usize::from(unsafe { at(run.sorted, p - AHEAD) }) > limit
                    {
                        let hit = |k| {
                            // SAFETY: see above.
                            let c = usize::from(unsafe { at(run.sorted, p - k) });
                            // SAFETY: see above.
                            unsafe { bytes.four((c + offset).wrapping_sub(shift)) == end }
                        };
                        // Written out: as a loop it is not unrolled.
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
                            0
                        };
                        if nearest != 0 {
                            p -= nearest;
                            // SAFETY: see above.
                            break 'hit usize::from(unsafe { at(run.sorted, p) }) - shift;
                        }
                        p -= AHEAD;
                    }
                    while p > stop {
                        p -= 1;
                        // SAFETY: see above.
                        let c = usize::from(unsafe { at(run.sorted, p) });
                        if c <= limit {
                            return;
                        }
                        // SAFETY: see above.
                        if unsafe { bytes.four((c + offset).wrapping_sub(shift)) == end } {
                            break 'hit c - shift;
                        }
                    }
                    break 'run;
                };
                // SAFETY: see above.
                let differing = unsafe { bytes.eight(candidate) } ^ start;
                let len = match differing {
                    // SAFETY: see above.
                    0 => unsafe { bytes.common(candidate, pos, 8, best.cap) },
                    _ => differing.trailing_zeros() as usize / 8,
                };
                if len > best.len {
                    best.len = len;
                    best.start = candidate;
                    if len >= best.enough {
                        return;
                    }
                    offset = len - 3;
                    // SAFETY: see above; `enough` is at most `cap`.
                    end = unsafe { bytes.four(pos + offset) };
                }
            }
        }
    }

    /// The nearest candidate is at the limit or behind it.
    #[cold]
    fn find_at_limit(
        &self,
        window: Bytes,
        search: &Search,
        effort: &Effort,
        runs: [Run; 2],
        limit: usize,
    ) -> Option<Match> {
        let [near, far] = runs;
        let run = if near.from < near.to { near } else { far };
        let nearest = usize::from(run.sorted[run.to - 1]);
        let mut best = Best::new(search, effort);
        if nearest == limit && limit > 0 {
            consider(window, search.pos, nearest, &mut best);
        }
        best.found()
    }

    /// Candidate by candidate.
    #[cold]
    fn find_slowly(&self, window: Bytes, search: &Search, effort: &Effort) -> Option<Match> {
        let pos = search.pos;
        let mut best = Best::new(search, effort);
        let hash =
            self.hash.of_bytes(&[window.byte(pos), window.byte(pos + 1), window.byte(pos + 2)]);
        let reach = super::Reach::new(pos, self.w_size - MIN_LOOKAHEAD);
        let budget = effort.budget(search.best) as usize;
        let runs = self.runs(hash, pos);
        let candidates = runs.iter().flat_map(|run| run.sorted[run.from..run.to].iter().rev());
        for (i, &candidate) in candidates.take(budget).enumerate() {
            let candidate = usize::from(candidate);
            if candidate < if i == 0 { reach.head } else { reach.limit + 1 } {
                break;
            }
            if consider(window, pos, candidate, &mut best) {
                break;
            }
        }
        best.found()
    }
}
