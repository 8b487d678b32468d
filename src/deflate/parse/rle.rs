//! Only runs of one byte (`Z_RLE`).

use super::{Deflate, Flush, Progress, Strm};
use crate::deflate::window::{MAX_MATCH, MIN_MATCH};

pub(in crate::deflate) fn rle(s: &mut Deflate, strm: &mut Strm<'_>, flush: Flush) -> Progress {
    loop {
        // Enough for the longest run.
        if s.window.lookahead <= MAX_MATCH {
            s.fill_window(strm);
            if s.window.lookahead <= MAX_MATCH && flush == Flush::None {
                return Progress::NeedMore;
            }
            if s.window.lookahead == 0 {
                break;
            }
        }
        let pos = s.window.pos;
        let lookahead = s.window.lookahead;
        let ahead = s.window.slice(pos, pos + lookahead.min(MAX_MATCH));
        let run = match pos.checked_sub(1) {
            Some(before) if lookahead >= MIN_MATCH => run_of(s.window.byte(before), ahead),
            _ => 0,
        };
        s.lazy.length = 0;
        let (step, full) = if run >= MIN_MATCH {
            (run, s.block.matched(1, run))
        } else {
            (1, s.block.literal(ahead[0]))
        };
        s.window.pos += step;
        s.window.lookahead -= step;
        if full {
            s.flush_block(strm, false);
            if strm.io.avail_out() == 0 {
                return Progress::NeedMore;
            }
        }
    }
    s.finish_symbols(strm, flush, 0)
}

/// How often `byte` stands at the start of `ahead`.
fn run_of(byte: u8, ahead: &[u8]) -> usize {
    let word = u64::from_ne_bytes([byte; 8]);
    let mut run = 0;
    for chunk in ahead.chunks_exact(8) {
        let differing = u64::from_le_bytes(chunk.try_into().unwrap_or_default()) ^ word;
        if differing != 0 {
            return run + differing.trailing_zeros() as usize / 8;
        }
        run += 8;
    }
    run + ahead[run..].iter().take_while(|&&other| other == byte).count()
}
