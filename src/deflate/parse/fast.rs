//! Greedy parsing, levels 1 to 3: the first match is taken.

use super::{Deflate, Flush, Progress, Strm};
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
        let full = if s.window.lookahead >= MIN_LOOKAHEAD
            && s.lazy.previous == MIN_MATCH - 1
            && s.lazy.length < MIN_MATCH
            && s.list.is_at(&s.window, s.window.pos)
        {
            bulk(s)
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

/// Goes on while there is enough to look ahead; whether the block is full.
fn bulk(s: &mut Deflate) -> bool {
    let end = s.window.end();
    let last = end - MIN_LOOKAHEAD;
    let insert_most = s.limits.lazy as usize;
    let search = s.search_limits();
    let window = &s.window;
    let bytes = window.bytes();
    let mut tally = s.block.tally();
    let mut links = s.list.links(window);
    let mut pos = window.pos;
    // That of the last search that found nothing, which lazy parsing would go on from.
    let mut length = s.lazy.length;
    let mut full = false;
    // SAFETY: from `pos` to `last`, there are `MIN_LOOKAHEAD` bytes at each position, so that the
    // longest match and the string behind it can be inserted; the block is written when it is full.
    unsafe {
        while pos <= last && !full {
            let head = links.insert(pos);
            let found = links.greedy(pos, head, &search);
            if found.length < MIN_MATCH {
                length = length.max(found.length);
                full = tally.literal(*bytes.add(pos));
                pos += 1;
                continue;
            }
            full = tally.matched(pos - found.start, found.length);
            let next = pos + found.length;
            if found.length <= insert_most {
                for inner in pos + 1..next {
                    links.insert(inner);
                }
            }
            pos = next;
            length = 0;
        }
        s.block.put_back(&tally);
        s.window.pos = pos;
        s.window.lookahead = end - pos;
        s.list.start(&s.window, pos);
    }
    s.lazy.length = length;
    full
}

/// One symbol, whatever the state; whether the block is full.
fn step(s: &mut Deflate) -> bool {
    let pos = s.window.pos;
    if s.window.lookahead >= MIN_MATCH {
        // SAFETY: three bytes are there.
        let head = unsafe { s.list.insert(&s.window, pos) };
        if let Some(found) = s.longest(head, s.lazy.previous) {
            s.lazy.length = found.length;
            if found.length > s.lazy.previous {
                s.lazy.start = found.start;
            }
        }
    }
    if s.lazy.length < MIN_MATCH {
        s.window.pos += 1;
        s.window.lookahead -= 1;
        return s.block.literal(s.window.byte(pos));
    }
    let length = s.lazy.length;
    let full = s.block.matched(pos.wrapping_sub(s.lazy.start), length);
    s.window.lookahead -= length;
    if length <= s.limits.lazy as usize && s.window.lookahead >= MIN_MATCH {
        for inner in pos + 1..pos + length {
            // SAFETY: three bytes are there, since three are left behind the match.
            unsafe { s.list.insert(&s.window, inner) };
        }
        s.window.pos += length;
    } else {
        s.window.pos += length;
        // SAFETY: two bytes can be read behind any position that is parsed. Where they are not
        // input, the hash is started again before it is used.
        unsafe { s.list.start(&s.window, s.window.pos) };
    }
    s.lazy.length = 0;
    full
}
