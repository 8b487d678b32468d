//! Lazy parsing, levels 4 to 9: a match is taken if the next position has no longer one.

use super::{Deflate, Flush, Progress, Strm};
use crate::deflate::config::Strategy;
use crate::deflate::window::{MIN_LOOKAHEAD, MIN_MATCH};

/// A match of three bytes from farther away costs more than three literals, mostly.
const TOO_FAR: usize = 4096;

pub(in crate::deflate) fn slow(s: &mut Deflate, strm: &mut Strm<'_>, flush: Flush) -> Progress {
    let filtered = s.strategy == Strategy::Filtered;
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
        let pos = s.window.pos;
        let head = if s.window.lookahead >= MIN_MATCH {
            // SAFETY: three bytes are there.
            unsafe { s.list.insert(&s.window, pos) }
        } else {
            0
        };
        let previous = s.lazy.length;
        let previous_start = s.lazy.start;
        s.lazy.previous = previous;
        s.lazy.length = MIN_MATCH - 1;
        if previous < s.limits.lazy as usize
            && let Some(found) = s.longest(head, previous)
        {
            let mut length = found.length;
            if length > previous {
                s.lazy.start = found.start;
            }
            if length <= 5
                && (filtered || (length == MIN_MATCH && pos.wrapping_sub(s.lazy.start) > TOO_FAR))
            {
                length = MIN_MATCH - 1;
            }
            s.lazy.length = length;
        }
        if previous >= MIN_MATCH && s.lazy.length <= previous {
            // The match at the position before is the better one.
            let end = s.window.end();
            let full = s.block.matched((pos - 1).wrapping_sub(previous_start), previous);
            let step = (previous - 1).min(s.window.lookahead);
            let next = pos + step;
            for inner in pos + 1..next.min((end + 1).saturating_sub(MIN_MATCH)) {
                // SAFETY: three bytes are there up to here.
                unsafe { s.list.insert(&s.window, inner) };
            }
            s.window.lookahead -= step;
            s.window.pos = next;
            s.lazy.previous = 0;
            s.lazy.available = false;
            s.lazy.length = MIN_MATCH - 1;
            if full {
                s.flush_block(strm, false);
                if strm.io.avail_out() == 0 {
                    return Progress::NeedMore;
                }
            }
        } else if s.lazy.available {
            if s.block.literal(s.window.byte(pos - 1)) {
                s.flush_block(strm, false);
            }
            s.window.pos += 1;
            s.window.lookahead -= 1;
            if strm.io.avail_out() == 0 {
                return Progress::NeedMore;
            }
        } else {
            s.lazy.available = true;
            s.window.pos += 1;
            s.window.lookahead -= 1;
        }
    }
    if s.lazy.available {
        let last = s.window.byte(s.window.pos - 1);
        s.block.literal(last);
        s.lazy.available = false;
    }
    s.finish_symbols(strm, flush, MIN_MATCH - 1)
}
