//! Greedy parsing, levels 1 to 3: the first match is taken.

use super::common::Progress;
use crate::codes::Flush;
use crate::deflate::chain::{MAX_MATCH, Search, may_begin};
use crate::deflate::state::Deflate;
use crate::deflate::strm::Strm;
use crate::deflate::window::{MIN_LOOKAHEAD, MIN_MATCH};

pub(in crate::deflate) fn fast(s: &mut Deflate, strm: &mut Strm<'_>, flush: Flush) -> Progress {
    loop {
        if s.window.lookahead < MIN_LOOKAHEAD {
            s.fill_window(strm);
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
            go(s, flush != Flush::None && strm.io.avail_in() == 0)
        } else {
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
fn go(s: &mut Deflate, to_the_end: bool) -> bool {
    let stop = s.window.stop(to_the_end, MIN_LOOKAHEAD);
    // Where the longest match is possible, its length is a constant.
    let full = stop.min((s.window.end() + 1).saturating_sub(MAX_MATCH));
    if s.window.pos < full && run::<true>(s, full) {
        return true;
    }
    s.window.pos < stop && run::<false>(s, stop)
}

/// Goes on to `stop`; whether the block is full. With `FULL`, the longest match is possible at all
/// positions before that.
#[inline(never)]
fn run<const FULL: bool>(s: &mut Deflate, stop: usize) -> bool {
    let end = s.window.end();
    // From here on, no three bytes are there.
    let last = (end + 1).saturating_sub(MIN_MATCH);
    let insert_most = s.limits.lazy as usize;
    let effort = s.effort();
    let max_distance = s.window.max_distance();
    let mut pos = s.window.pos;
    let window = s.window.slice(0, end);
    let mut list = s.positions.list(window);
    let mut tally = s.block.tally();
    // That of the last search that found nothing, which lazy parsing would go on from.
    let mut length = s.lazy.length;
    let mut full = false;
    while pos < stop && !full {
        let head = if FULL || pos < last { list.insert(window, pos) } else { 0 };
        if may_begin(pos, head, max_distance) {
            let search = Search { pos, lookahead: end - pos, best: MIN_MATCH - 1 };
            if let Some(found) = list.find::<FULL>(window, head, &search, &effort) {
                // SAFETY: the block is there, and is written when it is full.
                full = unsafe { tally.matched(pos - found.start, found.len) };
                let next = pos + found.len;
                if found.len <= insert_most && next < last {
                    list.insert_all(window, pos + 1, next);
                }
                pos = next;
                length = 0;
                continue;
            }
            length = MIN_MATCH - 1;
        }
        // SAFETY: the block is there, and is written when it is full; the position is before the end.
        full = unsafe { tally.literal(*window.get_unchecked(pos)) };
        pos += 1;
    }
    s.block.put_back(&tally);
    s.window.pos = pos;
    s.window.lookahead = end - pos;
    s.positions.start(&s.window, pos);
    s.lazy.length = length;
    full
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
