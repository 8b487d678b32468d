//! Lazy parsing with positions that are linked or sorted ahead of the parse: when that pays, which of
//! the two is quicker, and what the next call can go on with.

use crate::codes::Flush;
use crate::deflate::chain::bulk::Bulk;
use crate::deflate::chain::hash::Hash;
use crate::deflate::chain::runs::Runs;
use crate::deflate::chain::sieve::{self, Maybe, Sieve};
use crate::deflate::left::{Known, Left, State};
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

/// How many strings are looked at to learn whether searches will be long.
const SAMPLE: usize = 1024;
/// The size of the table in which the sampled strings are counted.
const PLACES: usize = 2 * SAMPLE;

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

/// The memory of a sieve and that of a structure.
fn split<'a>(s: &Deflate, scratch: &'a mut Scratch) -> (&'a mut [u16], &'a mut [u16]) {
    scratch.entries()[PLACES..].split_at_mut(sieve::memory(s.window.size()))
}

/// The positions ahead.
pub(super) struct Ahead {
    scratch: Scratch,
    state: State,
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
                return Some(Ahead { scratch, state: state.clone() });
            }
        }
        if !begins {
            return None;
        }
        let mut scratch = Scratch::take()?;
        let state = State::new(s, &mut scratch, kind.unwrap_or(Kind::Linked));
        Some(Ahead { scratch, state })
    }

    /// Leaves for the next call what is known.
    pub fn leave(self, s: &mut Deflate) {
        let Ahead { scratch, state } = self;
        s.positions.leave(Left { tag: scratch.leave(), state: Some(state) });
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
        let State { known, sieve, random, .. } = self.state.clone();
        let sieve = if random {
            let mut noted = Sieve::again(split(s, &mut self.scratch).0, s.window.size(), sieve);
            noted.slide();
            noted.left()
        } else {
            (0..0, false)
        };
        let mut structure = Structure::again(s, split(s, &mut self.scratch).1, known);
        structure.slide();
        let known = structure.known();
        self.state = State { known, seen_to: 0, known_to: 0, sieve, ..self.state };
    }

    /// Whether to use the structure for what is ahead now.
    pub fn pays(&mut self, s: &Deflate) -> bool {
        let (pos, end) = (s.window.pos, s.window.end());
        if !s.positions.are_solid(pos, s.window.max_distance()) {
            return false;
        }
        if self.state.seen_to != end {
            self.state.seen_to = end;
            if end - pos >= SAMPLE {
                self.state.random = may_be_random(s) && !self.repeats(s.window.slice(pos, end));
            }
        }
        self.kind() == Kind::Linked || !self.state.random
    }

    /// Where there may be matches, in data where there are few.
    pub fn maybe(&mut self, s: &Deflate) -> Option<Maybe<'_>> {
        maybe(s, &mut self.state, split(s, &mut self.scratch).0)
    }

    /// Whether strings of three bytes occur again within short distances: in random data they do
    /// not, and its chains are so short that a list is the quickest.
    fn repeats(&mut self, ahead: &[u8]) -> bool {
        let sample = &mut self.scratch.entries()[..PLACES];
        sample.fill(0);
        let middle = (ahead.len() - SAMPLE) / 2;
        let mut again = 0;
        for three in ahead[middle..middle + SAMPLE].windows(3) {
            let value = u32::from_le_bytes([three[0], three[1], three[2], 0]);
            let hash = value.wrapping_mul(0x9e37_79b1) >> 4;
            let place = &mut sample[hash as usize / 65536 % PLACES];
            let tag = hash as u16 | 1;
            again += usize::from(*place == tag);
            *place = tag;
        }
        again >= SAMPLE / 16
    }

    /// The structure, with all that the window has got. Positions farther back than the window's size
    /// may be left out. With it, what [`Ahead::maybe`] gives.
    pub fn filled(&mut self, s: &Deflate) -> (Structure<'_>, Option<Maybe<'_>>) {
        let end = s.window.end();
        let known = self.state.known.clone();
        let (to_sieve, memory) = split(s, &mut self.scratch);
        let mut structure = Structure::again(s, memory, known);
        if self.state.known_to != end {
            self.state.known_to = end;
            let from = s.positions.solid_from().max(oldest(s));
            structure.fill(s.window.slice(0, end), from);
            self.state.known = structure.known();
        }
        (structure, maybe(s, &mut self.state, to_sieve))
    }
}

/// Whether there are so few matches, as far as is known, that there may be hardly any.
fn may_be_random(s: &Deflate) -> bool {
    let (bytes, symbols) = (s.window.block().1, s.block.len());
    bytes < SAMPLE || bytes <= 2 * symbols
}

/// No position before this one is found by a search.
fn oldest(s: &Deflate) -> usize {
    s.window.pos.saturating_sub(s.window.size())
}

fn maybe<'a>(s: &Deflate, state: &mut State, memory: &'a mut [u16]) -> Option<Maybe<'a>> {
    if !state.random {
        return None;
    }
    let mut sieve = Sieve::again(memory, s.window.size(), state.sieve.clone());
    sieve.fill(s.window.slice(0, s.window.end()), oldest(s));
    state.sieve = sieve.left();
    Some(sieve.into_maybe())
}

impl State {
    /// With nothing known yet.
    fn new(s: &Deflate, scratch: &mut Scratch, kind: Kind) -> State {
        let known = Structure::new(s, scratch, kind).known();
        State { known, seen_to: 0, random: false, sieve: (0..0, false), known_to: 0 }
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
