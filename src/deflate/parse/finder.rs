//! The structures of `chain`, as lazy parsing uses them.

use crate::deflate::chain::bulk::Bulk;
use crate::deflate::chain::list::List;
use crate::deflate::chain::runs::Part;
use crate::deflate::chain::{Effort, Match, Search};

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
