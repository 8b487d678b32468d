//! Greedy parsing, levels 1 to 3: the first match is taken.

use super::common::Progress;
use super::finder::{Inserting, Sieved};
use super::sift;
use crate::codes::Flush;
use crate::deflate::block::Block;
use crate::deflate::chain::quads::{self, Quads};
use crate::deflate::chain::sieve::Maybe;
use crate::deflate::chain::{Effort, MAX_MATCH, Search, newest};
use crate::deflate::left::{Left, Sift};
use crate::deflate::scratch::Scratch;
use crate::deflate::state::Deflate;
use crate::deflate::strm::Strm;
use crate::deflate::window::{MIN_LOOKAHEAD, MIN_MATCH};

/// The least input, in bytes, for which a table of the newest positions pays, where it is all.
const WORTH_A_TABLE: usize = 14 << 10;
/// The same where more may follow, or where there are positions already, which have to be entered.
const WORTH_TAKING_OVER: usize = 128 << 10;
/// With fewer bytes a symbol than so many, there are enough searches to take them over.
const MANY_SEARCHES: usize = 8;
/// From so many bytes a symbol on, there are too few for a table that has to slide.
const FEW_SEARCHES: usize = 20;
/// How many bytes of a block it takes to learn that.
const PROBE: usize = 12 << 10;

/// The least input, in bytes, for which the four positions before each are kept, ...
const WORTH_QUADS: usize = 16 << 10;
/// ... the least candidates of a search, ...
const LONG_SEARCH: u32 = 16;
/// ... and from so many bytes a symbol on, or where only one symbol in so many is a match, there are too
/// few searches, or too few long ones.
const FEW_FOR_QUADS: (usize, usize) = (9, 3);
/// The same while little is known.
const VERY_FEW_FOR_QUADS: (usize, usize) = (11, 5);

/// The least input, in bytes, for which sifting it may pay.
const WORTH_SIFTING: usize = 12 << 10;
/// How many bytes of a block are parsed to learn whether there are hardly any matches.
const FIRST: usize = 4 << 10;
/// With so many bytes a match, or more, there are hardly any.
const HARDLY_ANY_MATCHES: usize = 90;
/// With fewer than so many there are more again.
const SOME_MATCHES: usize = 60;

pub(in crate::deflate) fn fast(s: &mut Deflate, strm: &mut Strm<'_>, flush: Flush) -> Progress {
    let mut help = Help::take(s, strm, flush);
    let progress = parse(s, strm, flush, &mut help);
    help.leave(s);
    progress
}

/// What makes searches faster, in memory for the time of the call.
struct Help {
    scratch: Option<Scratch>,
    table: Table,
    /// Whether the list has the four positions before each beside it: for long searches, in a call with
    /// which the stream begins.
    quads: bool,
    sift: Sift,
    /// Whether there is enough input to sift it.
    sifts: bool,
}

/// Whether a table of the newest positions stands in for the list's heads.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Table {
    Unused,
    /// It may pay, if there are many searches.
    Perhaps,
    Used,
}

impl Help {
    /// With what the last call has left, if it is still there.
    #[inline(never)]
    fn take(s: &mut Deflate, strm: &Strm<'_>, flush: Flush) -> Help {
        let new = s.window.lookahead + strm.io.avail_in() as usize;
        let sifts = new >= WORTH_SIFTING;
        let mut help = Help {
            scratch: None,
            table: Table::Unused,
            quads: false,
            sift: Sift::default(),
            sifts,
        };
        let serves = newest::serves(&s.effort());
        let has_newest = serves && s.positions.has_newest();
        if let Some(left) = s.positions.take_left()
            && left.state.is_none()
            && (has_newest || sifts)
        {
            // If another stream has it now, the list is used.
            help.scratch = Scratch::take_tagged(left.tag);
            if help.scratch.is_some() {
                help.sift = left.sift;
            }
        }
        if has_newest {
            if help.scratch.is_some() {
                help.table = Table::Used;
            }
            return help;
        }
        let all = flush == Flush::Finish && s.window.pos == 0;
        let worth = if all { WORTH_A_TABLE } else { WORTH_TAKING_OVER };
        if serves && new >= worth {
            help.table = Table::Perhaps;
        }
        // A table is for searches of four.
        let long = s.effort().budget(MIN_MATCH - 1) >= LONG_SEARCH;
        if long
            && help.table == Table::Unused
            && new >= WORTH_QUADS
            && s.positions.is_empty()
            && s.window.insert == 0
        {
            help.scratch = help.scratch.or_else(Scratch::take);
            help.quads = help.scratch.is_some();
        }
        help
    }

    /// Leaves for the next call what is known.
    fn leave(self, s: &mut Deflate) {
        if (self.table == Table::Used || self.sift.random)
            && let Some(scratch) = self.scratch
        {
            let left = Left { tag: scratch.leave(), state: None, sift: self.sift };
            s.positions.leave(left);
        }
    }

    /// The window has got more bytes, and perhaps slid before.
    #[inline(never)]
    fn window_filled(&mut self, s: &mut Deflate, slid: bool) {
        // In odd states, positions are inserted into the list by that.
        if self.table == Table::Used && !s.positions.has_newest() {
            self.table = Table::Unused;
        }
        if slid && let Some(scratch) = &mut self.scratch {
            let (to_sift, table) = split(s, scratch);
            self.sift.slide(s, to_sift);
            if self.table == Table::Used {
                s.positions.slide_newest(table);
            }
            if self.quads {
                quads::slide(table, s.window.size());
            }
        }
    }

    /// Begins with a table, or gives it up, if that is quicker for what is ahead.
    #[inline(never)]
    fn choose(&mut self, s: &mut Deflate) {
        let (bytes, symbols) = (s.window.block().1, s.block.len());
        let known = bytes >= PROBE;
        match self.table {
            // Where hardly any search finds something, the list is the quickest.
            Table::Used if self.sift.random => self.table = Table::Perhaps,
            Table::Perhaps if self.sift.random => {}
            Table::Perhaps if s.window.pos == 0 || known && bytes < MANY_SEARCHES * symbols => {
                if self.scratch.is_none() {
                    self.scratch = Scratch::take();
                }
                let Some(scratch) = &mut self.scratch else { return };
                let table = split(s, scratch).1;
                s.positions.begin_newest(table, &s.window);
                self.table = Table::Used;
            }
            Table::Used if known && bytes >= FEW_SEARCHES * symbols => self.table = Table::Unused,
            _ => {}
        }
        if self.quads && bytes >= FIRST {
            let matches = s.block.count_matches();
            // What comes first may be unlike the rest.
            let (few, part) = if known { FEW_FOR_QUADS } else { VERY_FEW_FOR_QUADS };
            self.quads = bytes < few * symbols && part * matches >= symbols;
        }
    }

    /// Learns whether there are hardly any matches.
    fn look(&mut self, s: &Deflate) {
        let (len, symbols) = (s.window.block().1, s.block.len());
        if !self.sifts || len < FIRST {
            return;
        }
        let (matches, bytes) = s.block.matches(len);
        let few = len <= 2 * symbols;
        let least = if self.sift.random { SOME_MATCHES } else { HARDLY_ANY_MATCHES };
        self.sift.random = few && bytes >= least * matches;
        if self.sift.random && self.scratch.is_none() {
            self.scratch = Scratch::take();
        }
    }

    /// How many bytes are to be parsed before there is something to learn.
    fn most(&self, s: &Deflate) -> usize {
        match s.window.block().1 {
            bytes @ ..FIRST if self.sifts => FIRST - bytes,
            bytes @ ..PROBE if self.quads => PROBE - bytes,
            _ => usize::MAX,
        }
    }
}

/// The memory to sift what is ahead, and that of a table.
fn split<'a>(s: &Deflate, scratch: &'a mut Scratch) -> (&'a mut [u16], &'a mut [u16]) {
    scratch.entries().split_at_mut(sift::memory(s))
}

fn parse(s: &mut Deflate, strm: &mut Strm<'_>, flush: Flush, help: &mut Help) -> Progress {
    loop {
        if s.window.lookahead < MIN_LOOKAHEAD {
            let slid = s.fill_window(strm);
            help.window_filled(s, slid);
            if s.window.lookahead < MIN_LOOKAHEAD && flush == Flush::None {
                return Progress::NeedMore;
            }
            if s.window.lookahead == 0 {
                break;
            }
        }
        let hash_fits =
            s.window.lookahead < MIN_MATCH || s.positions.is_at(&s.window, s.window.pos);
        let full = if s.lazy.previous == MIN_MATCH - 1 && s.lazy.length < MIN_MATCH && hash_fits {
            help.look(s);
            help.choose(s);
            go(s, flush != Flush::None && strm.io.avail_in() == 0, help)
        } else {
            // It uses the list.
            (help.table, help.quads) = (Table::Unused, false);
            step(s)
        };
        if full {
            s.flush_block(strm, false);
            if strm.io.avail_out() == 0 {
                return Progress::NeedMore;
            }
        }
    }
    s.finish_symbols(strm, flush, MIN_MATCH - 1)
}

/// Goes on while there is enough to look ahead, or to the end; whether the block is full.
///
/// Not inlined, as also what else is not: it would count for the stack of writing a block.
#[inline(never)]
fn go(s: &mut Deflate, to_the_end: bool, help: &mut Help) -> bool {
    let stop = s.window.stop(to_the_end, MIN_LOOKAHEAD);
    let window = s.window.slice(0, s.window.end());
    let mut parse = Greedily::new(s, stop.min(s.window.pos.saturating_add(help.most(s))));
    // The list is the quickest where searches find nothing: see `choose`.
    let (mut maybe, mut table, mut before) = (None, None, None);
    if let Some(scratch) = &mut help.scratch {
        let (to_sift, memory) = split(s, scratch);
        maybe = help.sift.maybe(s, to_sift);
        if help.table == Table::Used {
            table = Some(memory);
        } else if help.quads {
            before = Some(memory);
        }
    }
    let full = if let Some(memory) = table {
        let finder = s.positions.newest(memory, window);
        let (newest, full) = parse.go(finder, window, &mut s.block);
        let marked = newest.marked();
        s.positions.leave_newest(marked);
        full
    } else if let Some(memory) = before {
        let finder = Quads::again(s.positions.list(window), memory);
        parse.go(finder, window, &mut s.block).1
    } else {
        let finder = s.positions.list(window);
        match maybe {
            Some(maybe) => parse.go_sieved(finder, maybe, window, &mut s.block),
            None => parse.go(finder, window, &mut s.block).1,
        }
    };
    parse.put_back(s);
    full
}

/// Greedy parsing of what is in the window, with its state at hand.
struct Greedily {
    pos: usize,
    end: usize,
    /// No position from here on is parsed.
    stop: usize,
    /// Up to this length, the positions inside a match are inserted.
    insert_most: usize,
    effort: Effort,
    /// That of the last search that found nothing, which lazy parsing would go on from.
    length: usize,
}

impl Greedily {
    fn new(s: &Deflate, stop: usize) -> Greedily {
        Greedily {
            pos: s.window.pos,
            end: s.window.end(),
            stop,
            insert_most: s.limits.lazy as usize,
            effort: s.effort(),
            length: s.lazy.length,
        }
    }

    fn put_back(&self, s: &mut Deflate) {
        s.window.pos = self.pos;
        s.window.lookahead = self.end - self.pos;
        s.positions.start(&s.window, self.pos);
        s.lazy.length = self.length;
    }

    /// Goes on to the stop, while there is room in the block; whether it is full.
    fn go<F: Inserting>(&mut self, mut finder: F, window: &[u8], block: &mut Block) -> (F, bool) {
        let stop = self.full_stop();
        let mut full = false;
        if self.pos < stop {
            (finder, full) = self.run::<F, true>(finder, window, block, stop);
        }
        if !full && self.pos < self.stop {
            (finder, full) = self.run::<F, false>(finder, window, block, self.stop);
        }
        (finder, full)
    }

    /// As [`Greedily::go`], where `maybe` says that there may be a match; near the end, everywhere.
    fn go_sieved<F: Inserting>(
        &mut self,
        mut finder: F,
        maybe: Maybe<'_>,
        window: &[u8],
        block: &mut Block,
    ) -> bool {
        let stop = self.full_stop();
        if self.pos < stop {
            let sieved = Sieved { finder, maybe };
            let (sieved, full) = self.run::<_, true>(sieved, window, block, stop);
            if full {
                return true;
            }
            finder = sieved.finder;
        }
        self.go(finder, window, block).1
    }

    /// Up to here, the longest match is possible, so that its length is a constant.
    fn full_stop(&self) -> usize {
        self.stop.min((self.end + 1).saturating_sub(MAX_MATCH))
    }

    /// Goes on to `stop`; whether the block is full. With `FULL`, the longest match is possible at
    /// all positions before that. The finder is given and given back, so that what it consists of is
    /// in registers.
    #[inline(never)]
    fn run<F: Inserting, const FULL: bool>(
        &mut self,
        mut finder: F,
        window: &[u8],
        block: &mut Block,
        stop: usize,
    ) -> (F, bool) {
        let Greedily { mut pos, end, insert_most, effort, mut length, .. } = *self;
        // From here on, no three bytes are there.
        let last = (end + 1).saturating_sub(MIN_MATCH);
        let mut tally = block.tally();
        let mut full = false;
        assert!(window.len() == end && stop <= end);
        while pos < stop && !full {
            if FULL || pos < last {
                let search = Search { pos, lookahead: end - pos, best: MIN_MATCH - 1 };
                let (found, searched) = finder.find_from::<FULL>(window, &search, &effort, true);
                if let Some(found) = found {
                    // SAFETY: the block is there, and is written when it is full.
                    full = unsafe { tally.matched(pos - found.start, found.len) };
                    let next = pos + found.len;
                    // A choice of ends is quicker than one of whether to insert.
                    let inserts = found.len <= insert_most && next < last;
                    let to = if inserts { next } else { pos + 1 };
                    finder.insert_inner::<FULL>(window, pos + 1, to);
                    pos = next;
                    length = 0;
                    continue;
                }
                if searched {
                    length = MIN_MATCH - 1;
                }
            }
            // SAFETY: the block is there, and is written when it is full; the position is before the
            // end.
            full = unsafe { tally.literal(*window.get_unchecked(pos)) };
            pos += 1;
        }
        block.put_back(&tally);
        self.pos = pos;
        self.length = length;
        (finder, full)
    }
}

/// One symbol, whatever the state; whether the block is full.
fn step(s: &mut Deflate) -> bool {
    let pos = s.window.pos;
    if s.window.lookahead >= MIN_MATCH {
        let head = s.positions.insert(&s.window, pos);
        if let Some((length, start)) = s.longest(head, s.lazy.previous) {
            s.lazy.length = length;
            s.lazy.start = start.unwrap_or(s.lazy.start);
        }
    }
    if s.lazy.length < MIN_MATCH {
        s.window.pos += 1;
        s.window.lookahead -= 1;
        return s.block.literal(s.window.byte(pos));
    }
    let length = s.lazy.length;
    let full = s.block.matched(pos.wrapping_sub(s.lazy.start), length);
    let next = pos + length;
    if length <= s.limits.lazy as usize && next + MIN_MATCH <= s.window.end() {
        for inner in pos + 1..next {
            s.positions.insert(&s.window, inner);
        }
    } else {
        // Where these two are not input, the hash is started again before it is used.
        s.positions.start(&s.window, next);
    }
    s.window.pos = next;
    s.window.lookahead -= length;
    s.lazy.length = 0;
    full
}
