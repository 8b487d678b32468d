//! The structures of `chain`, as lazy parsing uses them.

use crate::deflate::chain::bulk::Bulk;
use crate::deflate::chain::isa::Isa;
use crate::deflate::chain::list::List;
use crate::deflate::chain::runs::Runs;
use crate::deflate::chain::{Effort, Match, Search};

/// Finds earlier strings while parsing goes on from position to position.
pub(super) trait Finder {
    /// Inserts `pos`, where three bytes are there; the longest match if one is `wanted`.
    ///
    /// # Safety
    /// The CPU has what the finder needs.
    unsafe fn find(
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
    unsafe fn find(
        &mut self,
        window: &[u8],
        search: &Search,
        effort: &Effort,
        wanted: bool,
    ) -> Option<Match> {
        let head = List::insert(self, window, search.pos);
        if wanted { List::find(self, window, head, search, effort) } else { None }
    }

    #[inline(always)]
    fn insert(&mut self, window: &[u8], from: usize, to: usize) {
        self.insert_all(window, from, to);
    }
}

impl Finder for Bulk<'_> {
    #[inline(always)]
    unsafe fn find(
        &mut self,
        window: &[u8],
        search: &Search,
        effort: &Effort,
        wanted: bool,
    ) -> Option<Match> {
        if wanted { Bulk::find(self, window, search, effort) } else { None }
    }

    #[inline(always)]
    fn insert(&mut self, _: &[u8], _: usize, _: usize) {}
}

/// Sorted positions, searched with the instructions of `I`.
pub(super) struct Sorted<'r, 'a, I> {
    pub runs: &'r Runs<'a>,
    pub isa: core::marker::PhantomData<I>,
}

impl<I: Isa> Finder for Sorted<'_, '_, I> {
    #[inline(always)]
    unsafe fn find(
        &mut self,
        window: &[u8],
        search: &Search,
        effort: &Effort,
        wanted: bool,
    ) -> Option<Match> {
        // SAFETY: by this function's own contract.
        if wanted { unsafe { self.runs.find::<I>(window, search, effort) } } else { None }
    }

    #[inline(always)]
    fn insert(&mut self, _: &[u8], _: usize, _: usize) {}
}
