//! One parse that asks zlib's search and every finder of ours.

use super::finders::{FINDERS, Tested};
use super::stock::{Config, Finder, Reference, parse};
use crate::deflate::chain::hash::Hash;
use crate::deflate::chain::{Match, Search};
use crate::deflate::tests::report::{Report, same};

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

    pub fn window_size(&self) -> usize {
        1 << self.window_bits
    }

    pub fn hash(&self) -> Hash {
        Hash::new(self.hash_bits)
    }
}

/// Parses, and reports what the finders find at each search.
pub fn compare(report: &mut Report, name: &str, data: &[u8], settings: &Settings) {
    let Settings { window_bits, hash_bits, config, piece, flush, .. } = *settings;
    let finders = FINDERS.iter().filter(|finder| config.slow || !finder.every_position);
    let mut all = All {
        report,
        name,
        settings,
        reference: Reference::new(window_bits, hash_bits),
        finders: finders.map(|finder| (finder.name, (finder.make)(settings))).collect(),
    };
    parse(data, window_bits, &config, piece, flush, &mut all);
}

/// zlib's search, and ours.
struct All<'a> {
    report: &'a mut Report,
    name: &'a str,
    settings: &'a Settings,
    reference: Reference,
    finders: Vec<(&'static str, Box<dyn Tested>)>,
}

impl All<'_> {
    /// A call to every finder that it is for.
    fn each(&mut self, call: impl Fn(&mut dyn Tested) -> Result<(), String>) {
        for (name, finder) in &mut self.finders {
            if finder.takes_part() {
                self.report.check(name, || call(&mut **finder));
            }
        }
    }
}

impl Finder for All<'_> {
    fn slide(&mut self, _window: &[u8]) {
        self.reference.slide();
        self.each(|finder| {
            finder.slide();
            Ok(())
        });
    }

    fn filled(&mut self, window: &[u8], _next: usize, _pos: usize) {
        self.each(|finder| {
            finder.filled(window);
            Ok(())
        });
    }

    fn insert(&mut self, window: &[u8], from: usize, to: usize) {
        for pos in from..to {
            self.reference.insert(window, pos);
        }
        self.each(|finder| {
            finder.insert(window, from, to);
            Ok(())
        });
    }

    fn insert_and_find(&mut self, window: &[u8], search: &Search) -> Option<Match> {
        let (name, settings) = (self.name, self.settings);
        let current = self.reference.insert(window, search.pos);
        let expected = self.reference.find(window, current, search, settings.config.tune());
        let effort = settings.config.effort();
        self.each(|finder| {
            let found = finder.insert_and_find(window, search, &effort);
            same(found, expected, || format!("{name}, {search:?}, {settings:?}"))
        });
        expected
    }
}
