//! No matches (`Z_HUFFMAN_ONLY`).

use super::common::Progress;
use crate::codes::Flush;
use crate::deflate::state::Deflate;
use crate::deflate::strm::Strm;

pub(in crate::deflate) fn huffman(s: &mut Deflate, strm: &mut Strm<'_>, flush: Flush) -> Progress {
    loop {
        if s.window.lookahead == 0 {
            s.fill_window(strm);
            if s.window.lookahead == 0 {
                if flush == Flush::None {
                    return Progress::NeedMore;
                }
                break;
            }
        }
        s.lazy.length = 0;
        let (start, end) = (s.window.pos, s.window.end());
        let mut pos = start;
        let mut full = false;
        let mut tally = s.block.tally();
        for &byte in s.window.slice(start, end) {
            pos += 1;
            // SAFETY: the block is there, and is written when it is full.
            full = unsafe { tally.literal(byte) };
            if full {
                break;
            }
        }
        s.block.put_back(&tally);
        s.window.pos = pos;
        s.window.lookahead = end - pos;
        if full {
            s.flush_block(strm, false);
            if strm.io.avail_out() == 0 {
                return Progress::NeedMore;
            }
        }
    }
    s.finish_symbols(strm, flush, 0)
}
