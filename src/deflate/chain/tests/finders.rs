//! The finders, as the comparison drives them.

use core::ops::Range;

use super::compare::Settings;
use crate::deflate::chain::bulk::Bulk;
use crate::deflate::chain::hash::Hash;
use crate::deflate::chain::list::{FEW, List};
use crate::deflate::chain::newest::{self, Newest};
use crate::deflate::chain::quads::{self, Quads};
use crate::deflate::chain::runs::{RARE, RARELY, Runs};
use crate::deflate::chain::sieve::{self, Sieve};
use crate::deflate::chain::{Effort, MAX_MATCH, Match, Search};

/// A finder, in memory of its own.
pub trait Tested {
    /// Whether it can go on from here.
    fn takes_part(&self) -> bool {
        true
    }
    /// The window has slid down by half.
    fn slide(&mut self);
    /// Bytes have come, up to the end of `window`.
    fn filled(&mut self, window: &[u8]);
    fn insert(&mut self, window: &[u8], from: usize, to: usize);
    /// Inserts `search.pos` and searches from there.
    fn insert_and_find(&mut self, window: &[u8], search: &Search, effort: &Effort)
    -> Option<Match>;
}

/// What is compared.
pub struct Variant {
    pub name: &'static str,
    /// Whether it is for the levels at which every position is inserted.
    pub every_position: bool,
    pub make: fn(&Settings) -> Box<dyn Tested>,
}

/// All finders.
pub const FINDERS: &[Variant] = &[
    Variant { name: "deflate list", every_position: false, make: |s| Box::new(Linked::new(s)) },
    Variant {
        name: "deflate list cleared in part",
        every_position: false,
        make: |s| Box::new(Sparse::new(s)),
    },
    Variant { name: "deflate sieve", every_position: false, make: |s| Box::new(Sieved::new(s)) },
    Variant { name: "deflate quads", every_position: false, make: |s| Box::new(Fours::new(s)) },
    Variant {
        name: "deflate newest",
        every_position: false,
        make: |s| Box::new(Table::new(s, false)),
    },
    Variant {
        name: "deflate newest and list in turn",
        every_position: false,
        make: |s| Box::new(Table::new(s, true)),
    },
    Variant {
        name: "deflate bulk",
        every_position: true,
        make: |s| Box::new(Ahead::new(s, Bulk::memory(s.window_size(), s.hash()), Bulk::new)),
    },
    Variant {
        name: "deflate runs",
        every_position: true,
        make: |s| Box::new(Ahead::new(s, Runs::memory(s.window_size(), s.hash()), Runs::new)),
    },
];

/// Their names.
pub const NAMES: &[&str] = &{
    let mut names = [""; FINDERS.len()];
    let mut i = 0;
    while i < names.len() {
        names[i] = FINDERS[i].name;
        i += 1;
    }
    names
};

/// What memory is before it is used: any value must do.
const UNWRITTEN: u16 = 0x5555;

/// zlib's list, from empty tables.
struct Linked {
    hash: Hash,
    head: Vec<u16>,
    prev: Vec<u16>,
}

impl Linked {
    fn new(s: &Settings) -> Linked {
        let hash = s.hash();
        Linked { hash, head: vec![0; hash.count()], prev: vec![0; s.window_size()] }
    }

    fn list(&mut self) -> List<'_> {
        List::new(self.hash, &mut self.head, &mut self.prev)
    }
}

impl Tested for Linked {
    fn slide(&mut self) {
        self.list().slide();
    }

    fn filled(&mut self, _: &[u8]) {}

    fn insert(&mut self, window: &[u8], from: usize, to: usize) {
        self.list().insert_all(window, from, to);
    }

    fn insert_and_find(
        &mut self,
        window: &[u8],
        search: &Search,
        effort: &Effort,
    ) -> Option<Match> {
        let head = self.list().insert(window, search.pos);
        let list = self.list();
        either(search, list.find::<false>(window, head, search, effort), || {
            list.find::<true>(window, head, search, effort)
        })
    }
}

/// The list of a short input, of whose tables only that is cleared which it uses.
struct Sparse {
    linked: Linked,
    /// Up to where it was cleared, once there was input.
    cleared_to: Option<usize>,
    takes_part: bool,
}

impl Sparse {
    fn new(s: &Settings) -> Sparse {
        let mut linked = Linked::new(s);
        linked.head.fill(UNWRITTEN);
        linked.prev.fill(UNWRITTEN);
        Sparse { linked, cleared_to: None, takes_part: true }
    }
}

impl Tested for Sparse {
    fn takes_part(&self) -> bool {
        self.takes_part
    }

    fn slide(&mut self) {
        self.linked.slide();
    }

    fn filled(&mut self, window: &[u8]) {
        let to = window.len().saturating_sub(2);
        match self.cleared_to.replace(to) {
            None if to <= FEW => self.linked.list().clear_at(window, 0, to),
            None => self.linked.list().clear(),
            // More than that: from here on it is a list like any other, compared a little longer.
            Some(before) if before <= FEW && to > before => {
                self.linked.list().clear_rest(window, 0, before);
                self.cleared_to = Some(usize::MAX);
            }
            Some(before) if before > FEW => {
                self.cleared_to = Some(before);
                self.takes_part = window.len() <= 5000;
            }
            Some(_) => {}
        }
    }

    fn insert(&mut self, window: &[u8], from: usize, to: usize) {
        self.linked.insert(window, from, to);
    }

    fn insert_and_find(
        &mut self,
        window: &[u8],
        search: &Search,
        effort: &Effort,
    ) -> Option<Match> {
        self.linked.insert_and_find(window, search, effort)
    }
}

/// The list where a sieve says that there may be a match.
struct Sieved {
    linked: Linked,
    memory: Vec<u32>,
    left: sieve::Left,
}

impl Sieved {
    fn new(s: &Settings) -> Sieved {
        let memory = vec![UNWRITTEN.into(); sieve::memory(s.window_size()) / 2];
        Sieved { linked: Linked::new(s), memory, left: (0..0, false) }
    }

    fn sieve(&mut self) -> Sieve<'_> {
        // SAFETY: any bits are numbers.
        let memory = unsafe { self.memory.align_to_mut() }.1;
        Sieve::again(memory, self.linked.prev.len(), self.left.clone())
    }
}

impl Tested for Sieved {
    fn slide(&mut self) {
        self.linked.slide();
        let mut sieve = self.sieve();
        sieve.slide();
        self.left = sieve.left();
    }

    fn filled(&mut self, window: &[u8]) {
        let mut sieve = self.sieve();
        sieve.fill(window, 0);
        self.left = sieve.left();
    }

    fn insert(&mut self, window: &[u8], from: usize, to: usize) {
        self.linked.insert(window, from, to);
    }

    fn insert_and_find(
        &mut self,
        window: &[u8],
        search: &Search,
        effort: &Effort,
    ) -> Option<Match> {
        if self.sieve().into_maybe().at(search.pos) {
            return self.linked.insert_and_find(window, search, effort);
        }
        self.linked.insert(window, search.pos, search.pos + 1);
        None
    }
}

/// The list with the four positions before each.
struct Fours {
    linked: Linked,
    memory: Vec<u16>,
}

impl Fours {
    fn new(s: &Settings) -> Fours {
        let memory = vec![UNWRITTEN; quads::memory(s.window_size())];
        Fours { linked: Linked::new(s), memory }
    }

    fn quads(&mut self) -> Quads<'_> {
        Quads::again(self.linked.list(), &mut self.memory)
    }
}

impl Tested for Fours {
    fn slide(&mut self) {
        let size = self.linked.prev.len();
        self.linked.slide();
        quads::slide(&mut self.memory, size);
    }

    fn filled(&mut self, _: &[u8]) {}

    fn insert(&mut self, window: &[u8], from: usize, to: usize) {
        self.quads().insert_all(window, from, to);
    }

    fn insert_and_find(
        &mut self,
        window: &[u8],
        search: &Search,
        effort: &Effort,
    ) -> Option<Match> {
        let head = self.quads().insert(window, search.pos);
        let quads = self.quads();
        either(search, quads.find::<false>(window, head, search, effort), || {
            quads.find::<true>(window, head, search, effort)
        })
    }
}

/// A table of the newest positions; in turn with the list, once for each time that bytes come.
struct Table {
    linked: Linked,
    memory: Vec<u16>,
    in_turn: bool,
    /// Since the table took over, the positions of which the list says which were inserted.
    marked: Option<Range<usize>>,
    next: usize,
}

impl Table {
    fn new(s: &Settings, in_turn: bool) -> Table {
        let memory = vec![UNWRITTEN; newest::table_len(s.hash())];
        Table { linked: Linked::new(s), memory, in_turn, marked: None, next: 0 }
    }

    /// Does something with the table.
    fn with<T>(&mut self, call: impl FnOnce(&mut Newest<'_>) -> T) -> T {
        let marked = self.marked.as_mut().unwrap();
        let Linked { hash, prev, .. } = &mut self.linked;
        let mut newest = Newest::again(&mut self.memory, prev, *hash, marked.end);
        let result = call(&mut newest);
        marked.end = newest.marked();
        result
    }
}

impl Tested for Table {
    fn slide(&mut self) {
        let size = self.linked.prev.len();
        self.next = self.next.saturating_sub(size);
        if let Some(marked) = &mut self.marked {
            let mut list = self.linked.list();
            list.slide_prev();
            list.slide_heads();
            *marked = marked.start.saturating_sub(size)..marked.end;
            self.with(|newest| newest.slide());
        } else {
            self.linked.slide();
        }
    }

    fn filled(&mut self, window: &[u8]) {
        if self.marked.is_none() {
            self.marked = Some(self.next..self.next);
            let (heads, next) = (self.linked.head.clone(), self.next);
            self.with(|newest| newest.take_over(&heads, next));
        } else if self.in_turn {
            let marked = self.marked.take().unwrap();
            self.linked.list().take_back(window, marked);
        }
    }

    fn insert(&mut self, window: &[u8], from: usize, to: usize) {
        if from < to {
            self.next = self.next.max(to);
        }
        if self.marked.is_none() {
            self.linked.insert(window, from, to);
        } else {
            self.with(|newest| newest.insert_all(window, from, to));
        }
    }

    fn insert_and_find(
        &mut self,
        window: &[u8],
        search: &Search,
        effort: &Effort,
    ) -> Option<Match> {
        self.next = self.next.max(search.pos + 1);
        if self.marked.is_none() {
            return self.linked.insert_and_find(window, search, effort);
        }
        self.with(|newest| {
            let four = newest.insert::<false>(window, search.pos);
            either(search, newest.find::<false>(window, four, search, effort), || {
                newest.find::<true>(window, four, search, effort)
            })
        })
    }
}

/// What a search found that counts what is ahead. The one for a `full` lookahead, where there is
/// one, has to find the same; nothing is like what is given if it does not.
fn either(
    search: &Search,
    found: Option<Match>,
    full: impl FnOnce() -> Option<Match>,
) -> Option<Match> {
    let same = search.lookahead < MAX_MATCH || full() == found;
    if same { found } else { Some(Match { len: 0, start: 0 }) }
}

/// A structure that knows positions ahead of the parse.
trait Prepared {
    fn slide(&mut self);
    fn fill(&mut self, window: &[u8], from: usize);
    fn find(&self, window: &[u8], search: &Search, effort: &Effort) -> Option<Match>;
}

macro_rules! prepared {
    ($type:ident, $find:expr) => {
        impl Prepared for $type<'_> {
            fn slide(&mut self) {
                $type::slide(self);
            }
            fn fill(&mut self, window: &[u8], from: usize) {
                $type::fill(self, window, from);
            }
            fn find(&self, window: &[u8], search: &Search, effort: &Effort) -> Option<Match> {
                $find(self, window, search, effort)
            }
        }
    };
}

fn in_bulk(bulk: &Bulk<'_>, window: &[u8], s: &Search, effort: &Effort) -> Option<Match> {
    either(s, bulk.find::<false>(window, s, effort), || bulk.find::<true>(window, s, effort))
}

fn in_runs(runs: &Runs<'_>, window: &[u8], s: &Search, effort: &Effort) -> Option<Match> {
    let rare = if s.pos.is_multiple_of(2) { RARE } else { RARELY };
    if s.pos < runs.border() {
        let part = runs.part::<false>(rare);
        either(s, part.find::<false>(window, s, effort), || part.find::<true>(window, s, effort))
    } else {
        let part = runs.part::<true>(rare);
        either(s, part.find::<false>(window, s, effort), || part.find::<true>(window, s, effort))
    }
}

prepared!(Bulk, in_bulk);
prepared!(Runs, in_runs);

type Make<P> = fn(&'static mut [u16], usize, Hash) -> P;

struct Ahead<P> {
    settings: Settings,
    make: Make<P>,
    finder: Option<P>,
    memory: *mut [u16],
}

impl<P> Ahead<P> {
    fn new(settings: &Settings, entries: usize, make: Make<P>) -> Ahead<P> {
        let memory = vec![UNWRITTEN; entries].leak();
        Ahead { settings: *settings, make, finder: None, memory }
    }
}

impl<P> Drop for Ahead<P> {
    fn drop(&mut self) {
        self.finder = None;
        // SAFETY: it was leaked in `new`, and nothing refers to it any more.
        drop(unsafe { Box::from_raw(self.memory) });
    }
}

impl<P: Prepared> Tested for Ahead<P> {
    fn slide(&mut self) {
        if let Some(finder) = &mut self.finder {
            finder.slide();
        }
    }

    fn filled(&mut self, window: &[u8]) {
        if self.finder.is_none() || self.settings.restart {
            self.finder = None;
            let (size, hash) = (self.settings.window_size(), self.settings.hash());
            // SAFETY: it is there until `drop`, and what was made of it before is dropped above.
            self.finder = Some((self.make)(unsafe { &mut *self.memory }, size, hash));
        }
        self.finder.as_mut().unwrap().fill(window, 0);
    }

    fn insert(&mut self, _: &[u8], _: usize, _: usize) {}

    fn insert_and_find(
        &mut self,
        window: &[u8],
        search: &Search,
        effort: &Effort,
    ) -> Option<Match> {
        self.finder.as_ref().unwrap().find(window, search, effort)
    }
}
