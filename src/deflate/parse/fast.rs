//! Greedy parsing, levels 1 to 3: the first match is taken.

use super::common::Progress;
use super::finder::Inserting;
use crate::codes::Flush;
use crate::deflate::block::Block;
use crate::deflate::chain::{Effort, MAX_MATCH, Search, newest};
use crate::deflate::left::Left;
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

pub(in crate::deflate) fn fast(s: &mut Deflate, strm: &mut Strm<'_>, flush: Flush) -> Progress {
    let mut table = Table::take(s, strm, flush);
    let progress = parse(s, strm, flush, &mut table);
    if let Table::Used(scratch) = table {
        s.positions.leave(Left { tag: scratch.leave(), state: None });
    }
    progress
}

/// A table of the newest positions, which stands in for the list's heads.
enum Table {
    Unused,
    /// It may pay, if there are many searches.
    Perhaps,
    Used(Scratch),
}

impl Table {
    /// The one that the last call has left, if it is still there.
    fn take(s: &mut Deflate, strm: &Strm<'_>, flush: Flush) -> Table {
        let left = s.positions.take_left();
        if !newest::serves(&s.effort()) {
            return Table::Unused;
        }
        if s.positions.has_newest() {
            // If another stream has it now, the list is used.
            let scratch = left.and_then(|left| Scratch::take_tagged(left.tag));
            return scratch.map_or(Table::Unused, Table::Used);
        }
        let new = s.window.lookahead + strm.io.avail_in() as usize;
        let all = flush == Flush::Finish && s.window.pos == 0;
        let worth = if all { WORTH_A_TABLE } else { WORTH_TAKING_OVER };
        if new >= worth { Table::Perhaps } else { Table::Unused }
    }

    /// The window has got more bytes, and perhaps slid before.
    fn window_filled(&mut self, s: &mut Deflate, slid: bool) {
        match self {
            // In odd states, positions are inserted into the list by that.
            Table::Used(_) if !s.positions.has_newest() => *self = Table::Unused,
            Table::Used(scratch) if slid => s.positions.slide_newest(scratch.entries()),
            _ => {}
        }
    }

    /// Begins with one, or gives it up, if that is quicker for what is ahead.
    fn choose(&mut self, s: &mut Deflate) {
        let (bytes, symbols) = (s.window.block().1, s.block.len());
        let known = bytes >= PROBE;
        match self {
            Table::Perhaps if s.window.pos == 0 || known && bytes < MANY_SEARCHES * symbols => {
                let Some(mut scratch) = Scratch::take() else { return };
                s.positions.begin_newest(scratch.entries(), &s.window);
                *self = Table::Used(scratch);
            }
            Table::Used(_) if known && bytes >= FEW_SEARCHES * symbols => *self = Table::Unused,
            _ => {}
        }
    }
}

fn parse(s: &mut Deflate, strm: &mut Strm<'_>, flush: Flush, table: &mut Table) -> Progress {
    loop {
        if s.window.lookahead < MIN_LOOKAHEAD {
            let slid = s.fill_window(strm);
            table.window_filled(s, slid);
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
            table.choose(s);
            go(s, flush != Flush::None && strm.io.avail_in() == 0, table)
        } else {
            // It uses the list.
            *table = Table::Unused;
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
fn go(s: &mut Deflate, to_the_end: bool, table: &mut Table) -> bool {
    let stop = s.window.stop(to_the_end, MIN_LOOKAHEAD);
    let window = s.window.slice(0, s.window.end());
    let mut parse = Greedily::new(s, stop);
    let full = if let Table::Used(scratch) = table {
        let newest = s.positions.newest(scratch.entries(), window);
        let (newest, full) = parse.go(newest, window, &mut s.block);
        let marked = newest.marked();
        s.positions.leave_newest(marked);
        full
    } else {
        let list = s.positions.list(window);
        parse.go(list, window, &mut s.block).1
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
    fn go<F: Inserting>(&mut self, finder: F, window: &[u8], block: &mut Block) -> (F, bool) {
        // Where the longest match is possible, its length is a constant.
        let stop = self.stop.min((self.end + 1).saturating_sub(MAX_MATCH));
        let (mut finder, mut full) = (finder, false);
        if self.pos < stop {
            (finder, full) = self.run::<F, true>(finder, window, block, stop);
        }
        if !full && self.pos < self.stop {
            (finder, full) = self.run::<F, false>(finder, window, block, self.stop);
        }
        (finder, full)
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
                let (found, searched) = finder.find_from::<FULL>(window, &search, &effort);
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
