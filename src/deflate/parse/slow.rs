//! Lazy parsing, levels 4 to 9: a match is taken if the next position has no longer one.

use super::{Deflate, Flush, Progress, Strm};
use crate::deflate::config::Strategy;
use crate::deflate::window::{MIN_LOOKAHEAD, MIN_MATCH};

/// A match of three bytes from farther away costs more than three literals, mostly.
const TOO_FAR: usize = 4096;

/// What one step has done.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Something that leaves room in the block.
    Fits,
    /// Added the literal before the position, for which there was room.
    Literal,
    /// Added a match, and now the block is full.
    FullByMatch,
    /// Added the literal before the position, which is to be moved on once the block is written.
    FullByLiteral,
}

pub(in crate::deflate) fn slow(s: &mut Deflate, strm: &mut Strm<'_>, flush: Flush) -> Progress {
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
        // Where a header has used up the room exactly, the call ends at the first literal.
        let done = if strm.io.avail_out() != 0
            && s.window.lookahead >= MIN_LOOKAHEAD
            && s.lazy.length >= MIN_MATCH - 1
            && s.list.is_at(&s.window, s.window.pos)
        {
            bulk(s)
        } else {
            step(s)
        };
        if done != Step::Fits {
            if done != Step::Literal {
                s.flush_block(strm, false);
            }
            if done == Step::FullByLiteral {
                s.window.pos += 1;
                s.window.lookahead -= 1;
            }
            if strm.io.avail_out() == 0 {
                return Progress::NeedMore;
            }
        }
    }
    if s.lazy.available {
        let last = s.window.byte(s.window.pos - 1);
        s.block.literal(last);
        s.lazy.available = false;
    }
    s.finish_symbols(strm, flush, MIN_MATCH - 1)
}

/// Goes on while there is enough to look ahead.
fn bulk(s: &mut Deflate) -> Step {
    let filtered = s.strategy == Strategy::Filtered;
    let end = s.window.end();
    let last = end - MIN_LOOKAHEAD;
    let lazy_most = s.limits.lazy as usize;
    let search = s.search_limits();
    let window = &s.window;
    let bytes = window.bytes();
    let mut tally = s.block.tally();
    let mut links = s.list.links(window);
    let mut pos = window.pos;
    let mut lazy = s.lazy;
    let mut done = Step::Fits;
    // SAFETY: from `pos` to `last`, there are `MIN_LOOKAHEAD` bytes at each position, so that the
    // longest match and the string behind it can be inserted; the block is written when it is full.
    unsafe {
        while pos <= last {
            let head = links.insert(pos);
            let (previous, previous_start) = (lazy.length, lazy.start);
            lazy.length = MIN_MATCH - 1;
            if previous < lazy_most {
                let found = links.longest(pos, head, previous, &search);
                if found.length > previous {
                    lazy.start = found.start;
                    let short = found.length <= 5
                        && (filtered || (found.length == MIN_MATCH && pos - found.start > TOO_FAR));
                    if !short {
                        lazy.length = found.length;
                    }
                }
            }
            if previous >= MIN_MATCH && lazy.length <= previous {
                let full = tally.matched(pos - 1 - previous_start, previous);
                let next = pos - 1 + previous;
                for inner in pos + 1..next {
                    links.insert(inner);
                }
                pos = next;
                lazy.previous = 0;
                lazy.available = false;
                lazy.length = MIN_MATCH - 1;
                if full {
                    done = Step::FullByMatch;
                    break;
                }
            } else {
                lazy.previous = previous;
                if core::mem::replace(&mut lazy.available, true)
                    && tally.literal(*bytes.add(pos - 1))
                {
                    done = Step::FullByLiteral;
                    break;
                }
                pos += 1;
            }
        }
        s.block.put_back(&tally);
        s.window.pos = pos;
        s.window.lookahead = end - pos;
        // Behind the full block's literal, the position is inserted already.
        s.list.start(&s.window, pos + usize::from(done == Step::FullByLiteral));
    }
    s.lazy = lazy;
    done
}

/// One position, whatever the state.
fn step(s: &mut Deflate) -> Step {
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
            && (s.strategy == Strategy::Filtered
                || (length == MIN_MATCH && pos.wrapping_sub(s.lazy.start) > TOO_FAR))
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
        return if full { Step::FullByMatch } else { Step::Fits };
    }
    let literal = core::mem::replace(&mut s.lazy.available, true);
    if literal && s.block.literal(s.window.byte(pos - 1)) {
        return Step::FullByLiteral;
    }
    s.window.pos += 1;
    s.window.lookahead -= 1;
    if literal { Step::Literal } else { Step::Fits }
}
