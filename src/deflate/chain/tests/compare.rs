//! One parse that asks zlib's search and every finder of ours.

use super::stock::{Config, Finder, Reference, parse};
use crate::deflate::chain::bulk::Bulk;
use crate::deflate::chain::hash::Hash;
use crate::deflate::chain::list::{FEW, List};
use crate::deflate::chain::runs::Runs;
use crate::deflate::chain::{MAX_MATCH, Match, Search};

/// How a comparison runs.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub window_bits: u32,
    pub hash_bits: u32,
    pub config: Config,
    pub piece: usize,
    pub flush: bool,
    /// Whether the structures that need more memory are set up anew with each piece.
    pub restart: bool,
}

impl Settings {
    pub fn new(window_bits: u32, hash_bits: u32, config: Config) -> Settings {
        Settings { window_bits, hash_bits, config, piece: usize::MAX, flush: false, restart: false }
    }
}

/// Parses and asserts; how many searches were compared.
pub fn compare(name: &str, data: &[u8], settings: &Settings) -> usize {
    let mut all = All::new(name, settings);
    parse(data, settings.window_bits, &settings.config, settings.piece, settings.flush, &mut all);
    all.searches
}

/// zlib's search, and ours.
struct All<'a> {
    name: &'a str,
    settings: &'a Settings,
    searches: usize,
    reference: Reference,
    head: Vec<u16>,
    prev: Vec<u16>,
    /// For short inputs, and what follows: up to where the list was cleared; and its memory.
    sparse: Option<(usize, Vec<u16>, Vec<u16>)>,
    /// At the levels that insert every position.
    runs: Option<Runs<'static>>,
    bulk: Option<Bulk<'static>>,
    /// The memory of these two.
    memory: [*mut [u16]; 2],
}

impl All<'_> {
    fn new<'a>(name: &'a str, settings: &'a Settings) -> All<'a> {
        let (window_bits, hash_bits) = (settings.window_bits, settings.hash_bits);
        All {
            name,
            settings,
            searches: 0,
            reference: Reference::new(window_bits, hash_bits),
            head: vec![0; 1 << hash_bits],
            prev: vec![0; 1 << window_bits],
            sparse: Some((
                usize::MAX,
                vec![0x5555; 1 << hash_bits],
                vec![0x5555; 1 << window_bits],
            )),
            bulk: None,
            runs: None,
            memory: [vec![0x5555; 400_000].leak(), vec![0x5555; 400_000].leak()],
        }
    }

    fn sparse(&mut self) -> Option<List<'_>> {
        let (_, head, prev) = self.sparse.as_mut()?;
        Some(List::new(Hash::new(self.settings.hash_bits), head, prev))
    }

    fn list(&mut self) -> List<'_> {
        List::new(Hash::new(self.settings.hash_bits), &mut self.head, &mut self.prev)
    }
}

impl Drop for All<'_> {
    fn drop(&mut self) {
        (self.runs, self.bulk) = (None, None);
        for memory in self.memory {
            // SAFETY: it was leaked when this was made, and nothing refers to it any more.
            drop(unsafe { Box::from_raw(memory) });
        }
    }
}

impl Finder for All<'_> {
    fn slide(&mut self, _window: &[u8]) {
        self.reference.slide();
        self.list().slide();
        if let Some(mut list) = self.sparse() {
            list.slide();
        }
        if let Some(runs) = &mut self.runs {
            runs.slide();
        }
        if let Some(bulk) = &mut self.bulk {
            bulk.slide();
        }
    }

    fn filled(&mut self, window: &[u8], _next: usize, _pos: usize) {
        let to = window.len().saturating_sub(2);
        match self.sparse.as_mut().map(|sparse| core::mem::replace(&mut sparse.0, to)) {
            // The first bytes.
            Some(usize::MAX) if to <= FEW => self.sparse().unwrap().clear_at(window, 0, to),
            // More than that: from here on it is a list like any other, compared a little longer.
            Some(before) if before <= FEW && to > before => {
                self.sparse().unwrap().clear_rest(window, 0, before);
            }
            Some(before) if before == to => {}
            _ if window.len() > 5000 => self.sparse = None,
            Some(usize::MAX) => self.sparse().unwrap().clear(),
            _ => {}
        }
        if self.settings.config.slow && (self.runs.is_none() || self.settings.restart) {
            let (w_size, hash) =
                (1 << self.settings.window_bits, Hash::new(self.settings.hash_bits));
            // SAFETY: both are there until `drop`, and what was made of them before is dropped here.
            let [first, second] = self.memory.map(|memory| unsafe { &mut *memory });
            self.runs = Some(Runs::new(&mut first[..Runs::memory(w_size, hash)], w_size, hash));
            self.bulk = Some(Bulk::new(&mut second[..Bulk::memory(w_size, hash)], w_size, hash));
        }
        if let Some(runs) = &mut self.runs {
            runs.fill(window, 0);
        }
        if let Some(bulk) = &mut self.bulk {
            bulk.fill(window, 0);
        }
    }

    fn insert(&mut self, window: &[u8], from: usize, to: usize) {
        for pos in from..to {
            self.reference.insert(window, pos);
        }
        self.list().insert_all(window, from, to);
        if let Some(mut list) = self.sparse() {
            list.insert_all(window, from, to);
        }
    }

    fn insert_and_find(&mut self, window: &[u8], search: &Search) -> Option<Match> {
        self.searches += 1;
        let current = self.reference.insert(window, search.pos);
        let expected = self.reference.find(window, current, search, self.settings.config.tune());
        let effort = self.settings.config.effort();
        let head = self.list().insert(window, search.pos);
        let sparse_head = self.sparse().map(|mut list| list.insert(window, search.pos));
        let full = search.lookahead >= MAX_MATCH;
        let (name, settings) = (self.name, self.settings);
        let check = |finder: &str, find: &dyn Fn(bool) -> Option<Match>| {
            for full in [false, full] {
                assert_eq!(find(full), expected, "{finder}, {name}, {search:?}, {settings:?}");
            }
        };
        // What is known to be enough lookahead is another variant.
        macro_rules! either {
            ($full:expr, $object:expr, $find:ident($($argument:expr),*)) => {
                if $full {
                    $object.$find::<true>($($argument),*)
                } else {
                    $object.$find::<false>($($argument),*)
                }
            };
        }
        let list = self.list();
        check("list", &|full| either!(full, list, find(window, head, search, &effort)));
        if let (Some(list), Some(head)) = (self.sparse(), sparse_head) {
            check("sparse", &|full| either!(full, list, find(window, head, search, &effort)));
        }
        if let Some(bulk) = &self.bulk {
            check("bulk", &|full| either!(full, bulk, find(window, search, &effort)));
        }
        if let Some(runs) = &self.runs {
            if search.pos < runs.border() {
                let part = runs.part::<false>();
                check("runs", &|full| either!(full, part, find(window, search, &effort)));
            } else {
                let part = runs.part::<true>();
                check("runs", &|full| either!(full, part, find(window, search, &effort)));
            }
        }
        expected
    }
}
