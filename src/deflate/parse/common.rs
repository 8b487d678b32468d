//! What all parses have in common: how they end a block, a call, a stream, and zlib's own search.

use crate::codes::Flush;
use crate::deflate::chain::{Effort, Search};
use crate::deflate::state::Deflate;
use crate::deflate::strm::Strm;

/// How far a call has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::deflate) enum Progress {
    /// More input or more room is needed.
    NeedMore,
    /// All input is in blocks that are written.
    BlockDone,
    /// The last block is written, some of it waits for room.
    FinishStarted,
    /// The last block is written.
    FinishDone,
}

impl Deflate {
    /// Ends the block and hands over what there is room for.
    pub(super) fn flush_block(&mut self, strm: &mut Strm<'_>, last: bool) {
        self.write_block(strm, last);
        self.pending.flush(strm);
    }

    /// What is left to do where all input is in symbols. `inserted` is how many of the last
    /// positions are not inserted yet, though they may be needed.
    pub(super) fn finish_symbols(
        &mut self,
        strm: &mut Strm<'_>,
        flush: Flush,
        not_inserted: usize,
    ) -> Progress {
        self.window.insert = self.window.pos.min(not_inserted);
        if flush == Flush::Finish {
            self.flush_block(strm, true);
            return if strm.io.avail_out() == 0 {
                Progress::FinishStarted
            } else {
                Progress::FinishDone
            };
        }
        if !self.block.is_empty() {
            self.flush_block(strm, false);
            if strm.io.avail_out() == 0 {
                return Progress::NeedMore;
            }
        }
        Progress::BlockDone
    }

    /// Searches from `head` on, if that is within the max distance, as zlib does: the length of the
    /// longest match and where it starts, or `best`, cut to the lookahead, if none is longer.
    pub(super) fn longest(&mut self, head: usize, best: usize) -> Option<(usize, Option<usize>)> {
        let (pos, lookahead) = (self.window.pos, self.window.lookahead);
        // Also false for a head that is not before `pos`.
        if head == 0 || pos.wrapping_sub(head + 1) >= self.window.max_distance() {
            return None;
        }
        let effort = self.effort();
        let window = self.window.slice(0, self.window.end());
        let search = Search { pos, lookahead, best };
        let list = self.positions.list(window);
        if best >= lookahead {
            // As much as that is from another parse, which a new stream with the same history
            // (`deflateResetKeep`) has left.
            let found = list.find_beyond(self.window.written(), head, &search, &effort);
            return Some((lookahead, found));
        }
        let found = list.find::<false>(window, head, &search, &effort);
        Some(match found {
            Some(found) => (found.len, Some(found.start)),
            None => (best.min(lookahead), None),
        })
    }

    pub(super) fn effort(&self) -> Effort {
        Effort::new(self.limits.chain, self.limits.good, self.limits.nice as u32)
    }
}
