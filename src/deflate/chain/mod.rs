//! How earlier strings are found.

mod list;

pub(super) use list::List;

/// What bounds one search.
#[derive(Clone, Copy)]
pub(super) struct Search {
    /// Where the string is.
    pub pos: usize,
    /// How much of it is there.
    pub lookahead: usize,
    /// A match has to be longer than this.
    pub best: usize,
    /// How many candidates may be looked at; 0 is the most.
    pub chain: u32,
    /// A match of this length is good enough.
    pub nice: usize,
}

/// The result of a search: zlib's longest match. `length` is the `best` of the search, cut to the
/// lookahead, where nothing better was found; `start` means nothing then.
#[derive(Clone, Copy)]
pub(super) struct Match {
    pub length: usize,
    pub start: usize,
}
