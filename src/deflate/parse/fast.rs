//! Greedy parsing, levels 1 to 3: the first match is taken.

use super::{Deflate, Flush, Progress, Strm};
use crate::deflate::chain::Search;
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
        let full = if s.lazy.length >= MIN_MATCH {
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
                // SAFETY: two bytes can be read behind any position that is parsed. Where they are
                // not input, the hash is started again before it is used.
                unsafe { s.list.start(&s.window, s.window.pos) };
            }
            s.lazy.length = 0;
            full
        } else {
            s.window.pos += 1;
            s.window.lookahead -= 1;
            s.block.literal(s.window.byte(pos))
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

impl Deflate {
    /// Searches for a match longer than `best` from `head` on, if that is in reach.
    #[inline(always)]
    pub(super) fn longest(&self, head: usize, best: usize) -> Option<crate::deflate::chain::Match> {
        let (pos, lookahead) = (self.window.pos, self.window.lookahead);
        // Also false for a head that is not before `pos`.
        if head == 0 || pos.wrapping_sub(head + 1) >= self.window.max_distance() {
            return None;
        }
        let limits = self.limits;
        let quarter = best >= limits.good as usize;
        let chain = if quarter { limits.chain >> 2 } else { limits.chain };
        let nice = (limits.nice as u32 as usize).min(lookahead);
        let search = Search { pos, lookahead, best, chain, nice };
        // SAFETY: the head is before `pos`, and parsing goes on only where `MAX_MATCH` can be read.
        Some(unsafe { self.list.longest(&self.window, head, search) })
    }
}
