//! How earlier strings are found.

mod list;

pub(super) use list::List;

/// What bounds each search.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// How many candidates may be looked at; 0 is the most.
    pub chain: u32,
    /// A quarter of them, if the match to beat is as long as this.
    pub good: usize,
    /// A match of this length is good enough.
    pub nice: usize,
}

impl Limits {
    /// How many candidates may be looked at to beat a match of length `best`; 0 is the most.
    #[inline(always)]
    fn chain(&self, best: usize) -> u32 {
        if best >= self.good { self.chain >> 2 } else { self.chain }
    }
}

/// One search.
#[derive(Clone, Copy)]
pub(super) struct Search {
    /// Where the string is.
    pub pos: usize,
    /// How much of it is there.
    pub lookahead: usize,
    /// A match has to be longer than this.
    pub best: usize,
    /// What else bounds it.
    pub limits: Limits,
}

/// The result of a search: zlib's longest match. `length` is the `best` of the search, cut to the
/// lookahead, where nothing better was found; `start` means nothing then.
#[derive(Clone, Copy)]
pub(super) struct Match {
    pub length: usize,
    pub start: usize,
}
