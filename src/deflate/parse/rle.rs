//! Only runs of one byte (`Z_RLE`).

use super::common::Progress;
use crate::codes::Flush;
use crate::deflate::state::Deflate;
use crate::deflate::strm::Strm;
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
        let to_the_end = flush != Flush::None && strm.io.avail_in() == 0;
        let full = run(s, to_the_end);
        if full {
            s.flush_block(strm, false);
            if strm.io.avail_out() == 0 {
                return Progress::NeedMore;
            }
        }
    }
    s.finish_symbols(strm, flush, 0)
}

/// Goes on while there is enough to look ahead for the longest run, or to the end; whether the block
/// is full.
fn run(s: &mut Deflate, to_the_end: bool) -> bool {
    let end = s.window.end();
    let stop = s.window.stop(to_the_end, MAX_MATCH + 1);
    // From here on, no three bytes are there.
    let last = (end + 1).saturating_sub(MIN_MATCH);
    let window = s.window.slice(0, end);
    let mut pos = s.window.pos;
    let mut tally = s.block.tally();
    let mut full = false;
    while pos < stop && !full {
        let run = match pos.checked_sub(1) {
            Some(before) if pos < last => {
                let ahead = &window[pos..];
                let byte = window[before];
                if ahead[..MIN_MATCH] == [byte; MIN_MATCH] {
                    MIN_MATCH + run_of(byte, &ahead[MIN_MATCH..ahead.len().min(MAX_MATCH)])
                } else {
                    0
                }
            }
            _ => 0,
        };
        if run != 0 {
            // SAFETY: the block is there, and is written when it is full.
            full = unsafe { tally.matched(1, run) };
            pos += run;
        } else {
            // SAFETY: the block is not full, or the loop would have ended, and nothing else uses it.
            full = unsafe { tally.literal(window[pos]) };
            pos += 1;
        }
    }
    s.block.put_back(&tally);
    s.window.pos = pos;
    s.window.lookahead = end - pos;
    s.lazy.length = 0;
    full
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
