//! How earlier positions that begin like the current one are found.
//!
//! Stock zlib walks a *chain*: the earlier inserted positions whose three bytes have the same
//! hash, nearest first, within the distance limit, at most so many. That sequence is fixed by the
//! data, the settings and which positions were inserted, not by how it is stored. Each structure
//! here enumerates exactly it, so each finds exactly the match that stock finds:
//!
//! * [`list`]: zlib's own linked list, in the stream's own memory. It works whichever positions were
//!   inserted, and when.
//! * [`newest`]: that list with the four newest positions of each hash side by side, for level 1.
//! * [`quads`]: that list with the four positions before each beside it, for level 3.
//! * [`bulk`]: the list of all positions, built ahead of the parse, for levels 4 and 5.
//! * [`runs`]: all positions sorted by hash, for levels 6 to 9, and 5 where there are many matches.
//!
//! [`sieve`] says at which positions none of them can find anything.
//!
//! All but the first need memory beyond what the stream has. The last two are made from the window's bytes
//! alone, and can be used only if all positions within the max distance were inserted, or all from some
//! position on and none before.
//!
//! Positions are indices into the window's memory, which is twice the window size. 0 stands for
//! none: the first position is never found, as in zlib.

pub mod bulk;
pub mod bytes;
mod half;
pub mod hash;
pub mod list;
pub mod newest;
pub mod quads;
pub mod runs;
pub mod sieve;

#[cfg(test)]
mod tests;

/// RFC 1951's shortest and longest match.
pub const MIN_MATCH: usize = 3;
/// See [`MIN_MATCH`].
pub const MAX_MATCH: usize = 258;
/// With so many bytes ahead, the longest match can be found and the position behind it inserted.
pub const MIN_LOOKAHEAD: usize = MAX_MATCH + MIN_MATCH + 1;

/// What a level or `deflateTune` says of searches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// Candidates to look at, and with a good match in hand. Zlib counts down before it compares
    /// with zero, so that there 0 is all.
    budgets: [u32; 2],
    good: usize,
    nice: usize,
}

impl Effort {
    /// zlib.h's `deflateTune`: a quarter of `max_chain` once a match has `good` bytes; a match of
    /// `nice` bytes ends the search. All as the C caller gave them, converted to unsigned.
    pub fn new(max_chain: u32, good: u32, nice: u32) -> Effort {
        let budget = |count: u32| if count == 0 { u32::MAX } else { count };
        Effort {
            budgets: [budget(max_chain), budget(max_chain >> 2)],
            good: good as usize,
            nice: nice as usize,
        }
    }

    /// How many candidates to look at when `best` bytes are in hand.
    #[inline(always)]
    pub fn budget(&self, best: usize) -> u32 {
        self.budgets[usize::from(best >= self.good)]
    }
}

/// One search.
#[derive(Clone, Copy, Debug)]
pub struct Search {
    /// Where the bytes to match begin; these and all `lookahead` bytes are in the window.
    pub pos: usize,
    /// How many bytes are there, at least [`MIN_MATCH`].
    pub lookahead: usize,
    /// The length that a match must exceed, zlib's `prev_length`.
    pub best: usize,
}

/// What a search found: longer than asked for, at most the lookahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// Bytes, 3 to 258.
    pub len: usize,
    /// Where the earlier bytes begin.
    pub start: usize,
}

/// How far back a match may start: its distance at most the window size less
/// [`MIN_LOOKAHEAD`].
#[inline(always)]
pub fn max_dist(w_size: usize) -> usize {
    w_size - MIN_LOOKAHEAD
}

/// Whether the chain of `pos` may begin with `head`: the first may be one farther away than the
/// others.
#[inline(always)]
pub fn may_begin(pos: usize, head: usize, max_dist: usize) -> bool {
    head != 0 && pos.wrapping_sub(head + 1) < max_dist
}

/// The positions of a chain, but the first, must be behind this.
#[inline(always)]
fn limit(pos: usize, max_dist: usize) -> usize {
    pos.saturating_sub(max_dist)
}

/// The best match so far, and the rule by which a later candidate replaces it.
#[derive(Clone, Copy, Debug)]
struct Best {
    len: usize,
    start: usize,
    /// A match may not be longer: the lookahead or [`MAX_MATCH`].
    cap: usize,
    /// A match of this length ends the search; at most `cap`.
    enough: usize,
}

impl Best {
    /// With `FULL`, there is enough lookahead for the longest match.
    #[inline(always)]
    fn new<const FULL: bool>(search: &Search, effort: &Effort) -> Best {
        debug_assert!(!FULL || search.lookahead >= MAX_MATCH);
        let cap = if FULL { MAX_MATCH } else { search.lookahead.min(MAX_MATCH) };
        Best { len: search.best, start: 0, cap, enough: effort.nice.min(cap) }
    }

    /// What was found.
    #[inline(always)]
    fn found(&self) -> Option<Match> {
        (self.start != 0).then_some(Match { len: self.len, start: self.start })
    }
}

/// Looks at one candidate as zlib does; whether the search is over. For the rare cases: few bytes
/// ahead, or a `best` of 0, with which zlib compares the byte before both positions as well.
#[cold]
fn consider(window: &[u8], pos: usize, candidate: usize, best: &mut Best) -> bool {
    if best.len == 0 && window[pos - 1] != window[candidate - 1] {
        return false;
    }
    let same = |&i: &usize| window[candidate + i] == window[pos + i];
    let len = (0..best.cap).take_while(same).count();
    if len >= MIN_MATCH && len > best.len {
        best.len = len;
        best.start = candidate;
        return len >= best.enough;
    }
    false
}
