//! What a call knows of the positions ahead of the parse, and leaves for the stream's next call.

use super::chain::{bulk, runs, sieve};
use super::scratch::Tag;

/// What is needed to go on with a structure, beside its memory.
#[derive(Clone, Debug)]
pub(super) enum Known {
    Linked(bulk::Left),
    Sorted(runs::Left),
}

/// The state of what is in the scratch.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub known: Known,
    /// The window's end when all of it was known.
    pub known_to: usize,
}

/// What is known of data in which strings hardly ever occur again.
#[derive(Clone, Debug, Default)]
pub(super) struct Sift {
    /// Whether what is ahead is such.
    pub random: bool,
    /// The window's end when it was last looked at.
    pub seen_to: usize,
    /// What is needed to go on with a sieve.
    pub sieve: sieve::Left,
}

/// What a call has left in the scratch for the stream's next one.
#[derive(Clone, Debug)]
pub(super) struct Left {
    pub tag: Tag,
    /// None for a table of the newest positions: what there is to know of it, [`super::positions`]
    /// has.
    pub state: Option<State>,
    pub sift: Sift,
}
