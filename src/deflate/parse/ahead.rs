//! Lazy parsing with positions that are linked or sorted ahead of the parse: when that pays, which of
//! the two is quicker, and what the next call can go on with.

use super::sift;
use crate::codes::Flush;
use crate::deflate::chain::bulk::Bulk;
use crate::deflate::chain::hash::Hash;
use crate::deflate::chain::runs::Runs;
use crate::deflate::chain::sieve::Maybe;
use crate::deflate::left::{Known, Left, Sift, State};
use crate::deflate::scratch::Scratch;
use crate::deflate::state::Deflate;
use crate::deflate::strm::Strm;

/// The least input for which preparing positions pays, where no more follows: in bytes.
const WORTH_PREPARING: usize = 10 << 10;
/// The same where more input will follow, which can go on with what is prepared.
const WORTH_BEGINNING: usize = 3 << 10;

/// The least new input, in bytes, for which going on with sorted positions may pay.
const WORTH_GOING_ON: usize = 7 << 8;

/// The least of history and new input together, in bytes, for which sorting pays.
const WORTH_SORTING_AT_ALL: usize = 6 << 10;

/// From so many bytes a symbol on, there are too few searches to prepare all of the history.
const FEW_SEARCHES: usize = 6;
/// From so many on, there are too few even of long searches to sort all positions.
const VERY_FEW_SEARCHES: usize = 32;
/// The same from [`THOROUGH`] candidates a search on.
const HARDLY_ANY_SEARCHES: usize = 96;

/// The least new input, in bytes, for which going on with links of an earlier call pays: links are
/// only added to.
const WORTH_LINKING: usize = 256;
/// Going on with sorted positions pays if one byte in so many is new, since each half of the window
/// is sorted anew.
const WORTH_SORTING: usize = 4;
/// The same from [`THOROUGH`] candidates a search on, or where there are many matches.
const WORTH_SORTING_WELL: usize = 16;
/// The same for both.
const WORTH_SORTING_VERY_WELL: usize = 32;
/// So many candidates a search, or more, make a search thorough: levels 8 and 9.
const THOROUGH: u32 = 1024;

/// Searches of fewer candidates are quicker with links. From [`LONG_SEARCH`] on they are quicker with
/// sorted positions. Between the two it depends on how many searches there are.
const SHORT_SEARCH: u32 = 20;
/// See [`SHORT_SEARCH`].
const LONG_SEARCH: u32 = 64;

/// How many bytes are parsed to learn how many searches there are.
pub(super) const PROBE: usize = 12 << 10;
/// Fewer bytes a match than this: there are many searches.
const MANY_MATCHES: usize = 10;
/// So many bytes a match, or more: there are few.
const FEW_MATCHES: usize = 13;

/// So many, or more: there are very few.
const VERY_FEW_MATCHES: usize = 20;

/// How the positions are prepared.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Linked,
    Sorted,
}

impl Kind {
    /// The one to begin with; none if that is not known yet.
    fn at_first(s: &Deflate) -> Option<Kind> {
        let long = matches!(s.limits.chain, 0 | LONG_SEARCH..);
        Kind::of(s, if long { Kind::Sorted } else { Kind::Linked })
    }

    /// The quickest for what is ahead, where `now` is in use; none if that is not known yet.
    fn of(s: &Deflate, now: Kind) -> Option<Kind> {
        match s.limits.chain {
            0 | LONG_SEARCH.. => Some(Kind::of_long_searches(s, now)),
            1..SHORT_SEARCH => Some(Kind::Linked),
            _ => match bytes_a_match(s) {
                None if s.window.lookahead < 2 * PROBE => Some(now),
                None => None,
                Some(..MANY_MATCHES) => Some(Kind::Sorted),
                Some(FEW_MATCHES..) => Some(Kind::Linked),
                Some(_) => Some(now),
            },
        }
    }

    /// As above, for searches that are quicker in sorted positions, but have to pay for sorting
    /// them.
    fn of_long_searches(s: &Deflate, now: Kind) -> Kind {
        let (bytes, symbols) = (s.window.block().1, s.block.len());
        let few = if is_thorough(s) { HARDLY_ANY_SEARCHES } else { VERY_FEW_SEARCHES };
        match bytes {
            ..PROBE => now,
            _ if bytes > few * symbols => Kind::Linked,
            _ => Kind::Sorted,
        }
    }
}

/// A structure that knows the positions of the window ahead of the parse.
pub(super) enum Structure<'a> {
    Linked(Bulk<'a>),
    Sorted(Runs<'a>),
}

impl<'a> Structure<'a> {
    /// With nothing known yet.
    fn new(s: &Deflate, scratch: &'a mut Scratch, kind: Kind) -> Structure<'a> {
        let (memory, (size, hash)) = (split(s, scratch).1, parameters(s));
        match kind {
            Kind::Linked => Structure::Linked(Bulk::new(memory, size, hash)),
            Kind::Sorted => Structure::Sorted(Runs::new(memory, size, hash)),
        }
    }

    /// With what is in the scratch.
    fn again(s: &Deflate, memory: &'a mut [u16], known: Known) -> Structure<'a> {
        let (size, hash) = parameters(s);
        match known {
            Known::Linked(left) => Structure::Linked(Bulk::again(memory, size, hash, left)),
            Known::Sorted(left) => Structure::Sorted(Runs::again(memory, size, hash, left)),
        }
    }

    fn known(&self) -> Known {
        match self {
            Structure::Linked(bulk) => Known::Linked(bulk.left()),
            Structure::Sorted(runs) => Known::Sorted(runs.left()),
        }
    }

    fn slide(&mut self) {
        match self {
            Structure::Linked(bulk) => bulk.slide(),
            Structure::Sorted(runs) => runs.slide(),
        }
    }

    fn fill(&mut self, window: &[u8], from: usize) {
        match self {
            Structure::Linked(bulk) => bulk.fill(window, from),
            Structure::Sorted(runs) => runs.fill(window, from),
        }
    }
}

/// The window's size and the hash.
fn parameters(s: &Deflate) -> (usize, Hash) {
    (s.window.size(), s.positions.hash())
}

/// The memory to sift what is ahead, and that of a structure.
fn split<'a>(s: &Deflate, scratch: &'a mut Scratch) -> (&'a mut [u16], &'a mut [u16]) {
    scratch.entries().split_at_mut(sift::memory(s))
}

/// The positions ahead.
pub(super) struct Ahead {
    scratch: Scratch,
    state: State,
    sift: Sift,
}

impl Ahead {
    /// With what the last call has left, if that is still there and of use; else with nothing, if
    /// it pays to begin; else none.
    pub fn take(s: &mut Deflate, strm: &Strm<'_>, flush: Flush) -> Option<Ahead> {
        let kind = Kind::at_first(s);
        let begins = pays_to_begin(s, strm, flush, kind);
        if let Some(left) = s.positions.take_left()
            && let Some(state) = &left.state
        {
            if !begins && !state.pays_to_go_on(s, strm) {
                // Perhaps for a call with more.
                s.positions.leave(left);
            } else if let Some(scratch) = Scratch::take_tagged(left.tag) {
                return Some(Ahead { scratch, state: state.clone(), sift: left.sift });
            }
        }
        if !begins {
            return None;
        }
        let mut scratch = Scratch::take()?;
        let state = State::new(s, &mut scratch, kind.unwrap_or(Kind::Linked));
        Some(Ahead { scratch, state, sift: Sift::default() })
    }

    /// Leaves for the next call what is known.
    pub fn leave(self, s: &mut Deflate) {
        let Ahead { scratch, state, sift } = self;
        s.positions.leave(Left { tag: scratch.leave(), state: Some(state), sift });
    }

    fn kind(&self) -> Kind {
        match self.state.known {
            Known::Linked(_) => Kind::Linked,
            Known::Sorted(_) => Kind::Sorted,
        }
    }

    /// Takes another structure if that is quicker for what is ahead; whether enough is known to say
    /// so.
    pub fn choose(&mut self, s: &Deflate) -> bool {
        let kind = Kind::of(s, self.kind());
        if let Some(kind) = kind
            && kind != self.kind()
        {
            self.state = State::new(s, &mut self.scratch, kind);
        }
        kind.is_some()
    }

    /// The window has moved down by half.
    pub fn slide(&mut self, s: &Deflate) {
        let known = self.state.known.clone();
        let (to_sift, memory) = split(s, &mut self.scratch);
        self.sift.slide(s, to_sift);
        let mut structure = Structure::again(s, memory, known);
        structure.slide();
        self.state = State { known: structure.known(), known_to: 0 };
    }

    /// Whether to use the structure for what is ahead now.
    pub fn pays(&mut self, s: &Deflate) -> bool {
        if !s.positions.are_solid(s.window.pos, s.window.max_distance()) {
            return false;
        }
        self.sift.look(s, split(s, &mut self.scratch).0);
        !self.sift.random
    }

    /// Where there may be matches, in data where there are few.
    pub fn maybe(&mut self, s: &Deflate) -> Option<Maybe<'_>> {
        self.sift.maybe(s, split(s, &mut self.scratch).0)
    }

    /// The structure, with all that the window has got. Positions farther back than the window's size
    /// may be left out.
    pub fn filled(&mut self, s: &Deflate) -> Structure<'_> {
        let end = s.window.end();
        let known = self.state.known.clone();
        let mut structure = Structure::again(s, split(s, &mut self.scratch).1, known);
        if self.state.known_to != end {
            self.state.known_to = end;
            let from = s.positions.solid_from().max(s.window.pos.saturating_sub(s.window.size()));
            structure.fill(s.window.slice(0, end), from);
            self.state.known = structure.known();
        }
        structure
    }
}

impl State {
    /// With nothing known yet.
    fn new(s: &Deflate, scratch: &mut Scratch, kind: Kind) -> State {
        let known = Structure::new(s, scratch, kind).known();
        State { known, known_to: 0 }
    }

    /// Whether there is enough to do to take in what is new.
    fn pays_to_go_on(&self, s: &Deflate, strm: &Strm<'_>) -> bool {
        let new = new_input(s, strm);
        match self.known {
            Known::Linked(_) => new >= WORTH_LINKING,
            Known::Sorted(_) => {
                let sorted = s.window.pos % s.window.size() + new;
                new >= WORTH_GOING_ON && new * part(s) >= sorted && !sorts_badly(s, new)
            }
        }
    }
}

/// How many bytes there are to parse.
fn new_input(s: &Deflate, strm: &Strm<'_>) -> usize {
    s.window.lookahead + strm.io.avail_in() as usize
}

fn is_thorough(s: &Deflate) -> bool {
    matches!(s.limits.chain, 0 | THOROUGH..)
}

/// How many bytes there are for each match, in the current block or the one before; none if that is
/// not known yet.
fn bytes_a_match(s: &Deflate) -> Option<usize> {
    let (matches, bytes) = s.block.matches(s.window.block().1);
    (bytes >= PROBE).then(|| bytes / matches.max(1))
}

/// What part of the sorted positions has to be new.
fn part(s: &Deflate) -> usize {
    let many = matches!(bytes_a_match(s), Some(..MANY_MATCHES));
    match (is_thorough(s), many) {
        (true, true) => WORTH_SORTING_VERY_WELL,
        (false, false) => WORTH_SORTING,
        _ => WORTH_SORTING_WELL,
    }
}

/// Whether there is too little to search for so much `new` input to pay for sorting.
fn sorts_badly(s: &Deflate, new: usize) -> bool {
    // With still fewer matches, positions are linked.
    let sorted = Kind::of_long_searches(s, Kind::Sorted) == Kind::Sorted;
    let very_few = matches!(bytes_a_match(s), Some(VERY_FEW_MATCHES..));
    sorted && very_few && new < PROBE && !is_thorough(s)
}

/// Whether there is enough to do to look at all positions ahead of the parse, and those before, by
/// this kind of structure.
fn pays_to_begin(s: &Deflate, strm: &Strm<'_>, flush: Flush, kind: Option<Kind>) -> bool {
    let new = new_input(s, strm);
    if new < WORTH_GOING_ON {
        return false;
    }
    let (history, part) = (s.window.pos.min(s.window.size()), part(s));
    let worth = match (flush, kind) {
        // The calls that follow are perhaps as long, and ought to be able to go on with it.
        (Flush::None, Some(Kind::Sorted)) if new + history >= WORTH_SORTING_AT_ALL => {
            s.window.size() / part
        }
        (Flush::None, Some(Kind::Sorted)) => WORTH_PREPARING,
        (Flush::None, _) => 0,
        _ => WORTH_PREPARING,
    };
    let least = if part == WORTH_SORTING_VERY_WELL { WORTH_GOING_ON } else { WORTH_BEGINNING };
    let worth = worth.clamp(least, WORTH_PREPARING);
    let badly = kind == Some(Kind::Sorted) && sorts_badly(s, new);
    if new < worth || new < history / part || badly {
        return false;
    }
    // Few symbols for much data means few searches, which do not pay for all of the history.
    let (bytes, symbols) = (s.window.block().1, s.block.len());
    new >= 2 * history || symbols == 0 || bytes < FEW_SEARCHES * symbols
}
