//! The structures of `chain`, as lazy parsing uses them.

use crate::deflate::chain::bulk::Bulk;
use crate::deflate::chain::list::List;
use crate::deflate::chain::newest::{self, Newest};
use crate::deflate::chain::quads::Quads;
use crate::deflate::chain::runs::Part;
use crate::deflate::chain::sieve::Maybe;
use crate::deflate::chain::{Effort, Match, Search, max_dist, may_begin};

/// Finds earlier strings while parsing goes on from position to position.
pub(super) trait Finder {
    /// Inserts `search.pos`, where three bytes are there; the longest match if one is `wanted`.
    fn find<const FULL: bool>(
        &mut self,
        window: &[u8],
        search: &Search,
        effort: &Effort,
        wanted: bool,
    ) -> Option<Match>;

    /// Inserts the positions `from..to`, where three bytes are there.
    fn insert(&mut self, window: &[u8], from: usize, to: usize);
}

/// Finds earlier strings of the positions that were inserted.
pub(super) trait Inserting {
    /// Inserts `search.pos`, where three bytes are there; the longest match if one is `wanted`, and
    /// whether there was any candidate.
    fn find_from<const FULL: bool>(
        &mut self,
        window: &[u8],
        search: &Search,
        effort: &Effort,
        wanted: bool,
    ) -> (Option<Match>, bool);

    /// Inserts the positions `from..to`, if any, inside the match at the position searched for last.
    /// Three bytes are there; with `FULL`, four.
    fn insert_inner<const FULL: bool>(&mut self, window: &[u8], from: usize, to: usize);
}

/// What `find` finds, if it is `wanted` and the nearest candidate may begin a match at
/// `pos`, and whether it may.
#[inline(always)]
fn if_any(
    pos: usize,
    nearest: usize,
    window_size: usize,
    wanted: bool,
    find: impl FnOnce() -> Option<Match>,
) -> (Option<Match>, bool) {
    let any = may_begin(pos, nearest, max_dist(window_size));
    let search_it = any && wanted;
    (if search_it { find() } else { None }, any)
}

impl Inserting for List<'_> {
    #[inline(always)]
    fn find_from<const FULL: bool>(
        &mut self,
        window: &[u8],
        search: &Search,
        effort: &Effort,
        wanted: bool,
    ) -> (Option<Match>, bool) {
        let head = List::insert(self, window, search.pos);
        if_any(search.pos, head, self.window_size(), wanted, || {
            List::find::<FULL>(self, window, head, search, effort)
        })
    }

    #[inline(always)]
    fn insert_inner<const FULL: bool>(&mut self, window: &[u8], from: usize, to: usize) {
        self.insert_all(window, from, to);
    }
}

impl Inserting for Quads<'_> {
    #[inline(always)]
    fn find_from<const FULL: bool>(
        &mut self,
        window: &[u8],
        search: &Search,
        effort: &Effort,
        wanted: bool,
    ) -> (Option<Match>, bool) {
        let head = Quads::insert(self, window, search.pos);
        if_any(search.pos, head, self.window_size(), wanted, || {
            Quads::find::<FULL>(self, window, head, search, effort)
        })
    }

    #[inline(always)]
    fn insert_inner<const FULL: bool>(&mut self, window: &[u8], from: usize, to: usize) {
        self.insert_all(window, from, to);
    }
}

impl Inserting for Newest<'_> {
    #[inline(always)]
    fn find_from<const FULL: bool>(
        &mut self,
        window: &[u8],
        search: &Search,
        effort: &Effort,
        wanted: bool,
    ) -> (Option<Match>, bool) {
        let four = Newest::insert::<FULL>(self, window, search.pos);
        if_any(search.pos, four.newest(), self.window_size(), wanted, || {
            Newest::find::<FULL>(self, window, four, search, effort)
        })
    }

    #[inline(always)]
    fn insert_inner<const FULL: bool>(&mut self, window: &[u8], from: usize, to: usize) {
        if FULL && to - from < newest::FEW {
            // SAFETY: four bytes are there for each, says the caller.
            unsafe { self.insert_few(window, from, to) };
        } else {
            self.insert_all(window, from, to);
        }
    }
}

impl Finder for List<'_> {
    #[inline(always)]
    fn find<const FULL: bool>(
        &mut self,
        window: &[u8],
        search: &Search,
        effort: &Effort,
        wanted: bool,
    ) -> Option<Match> {
        let head = List::insert(self, window, search.pos);
        if wanted { List::find::<FULL>(self, window, head, search, effort) } else { None }
    }

    #[inline(always)]
    fn insert(&mut self, window: &[u8], from: usize, to: usize) {
        self.insert_all(window, from, to);
    }
}

/// Positions that were linked ahead of the parse.
impl Finder for Bulk<'_> {
    #[inline(always)]
    fn find<const FULL: bool>(
        &mut self,
        window: &[u8],
        search: &Search,
        effort: &Effort,
        wanted: bool,
    ) -> Option<Match> {
        if wanted { Bulk::find::<FULL>(self, window, search, effort) } else { None }
    }

    #[inline(always)]
    fn insert(&mut self, _: &[u8], _: usize, _: usize) {}
}

/// Positions that were sorted ahead of the parse.
impl<const UPPER: bool> Finder for Part<'_, UPPER> {
    #[inline(always)]
    fn find<const FULL: bool>(
        &mut self,
        window: &[u8],
        search: &Search,
        effort: &Effort,
        wanted: bool,
    ) -> Option<Match> {
        if wanted { Part::find::<FULL>(self, window, search, effort) } else { None }
    }

    #[inline(always)]
    fn insert(&mut self, _: &[u8], _: usize, _: usize) {}
}

/// A finder that is asked only where there may be a match.
pub(super) struct Sieved<'a, F> {
    pub finder: F,
    pub maybe: Maybe<'a>,
}

impl<F: Finder> Finder for Sieved<'_, F> {
    #[inline(always)]
    fn find<const FULL: bool>(
        &mut self,
        window: &[u8],
        search: &Search,
        effort: &Effort,
        wanted: bool,
    ) -> Option<Match> {
        let wanted = wanted && self.maybe.at(search.pos);
        self.finder.find::<FULL>(window, search, effort, wanted)
    }

    #[inline(always)]
    fn insert(&mut self, window: &[u8], from: usize, to: usize) {
        self.finder.insert(window, from, to);
    }
}

impl<F: Inserting> Inserting for Sieved<'_, F> {
    #[inline(always)]
    fn find_from<const FULL: bool>(
        &mut self,
        window: &[u8],
        search: &Search,
        effort: &Effort,
        wanted: bool,
    ) -> (Option<Match>, bool) {
        let wanted = wanted && self.maybe.at(search.pos);
        self.finder.find_from::<FULL>(window, search, effort, wanted)
    }

    #[inline(always)]
    fn insert_inner<const FULL: bool>(&mut self, window: &[u8], from: usize, to: usize) {
        self.finder.insert_inner::<FULL>(window, from, to);
    }
}
