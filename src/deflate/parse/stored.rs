//! Level 0: stored blocks.
//!
//! As much as possible goes from the input straight to the output. What that depends on (the room,
//! the input, whether all of it must go) decides where blocks end, so it is as in zlib.

use super::common::Progress;
use crate::codes::Flush;
use crate::deflate::state::Deflate;
use crate::deflate::strm::Strm;

/// The most that a stored block holds (RFC 1951).
const MAX_STORED: usize = 65535;

pub(in crate::deflate) fn stored(s: &mut Deflate, strm: &mut Strm<'_>, flush: Flush) -> Progress {
    s.positions.settle(&s.window);
    let (copied, last) = copy_blocks(s, strm, flush);
    if copied != 0 {
        remember(s, strm, copied);
    }
    if last {
        s.pending.set_used(8);
        return Progress::FinishDone;
    }
    if !matches!(flush, Flush::None | Flush::Finish)
        && strm.io.avail_in() == 0
        && s.window.pos as isize == s.window.block_start
    {
        return Progress::BlockDone;
    }

    // Keep what input is left in the window.
    let size = s.window.size();
    let room = s.window.capacity() - s.window.pos;
    if strm.io.avail_in() as usize > room && s.window.block_start >= size as isize {
        s.slide_stored();
    }
    let check = s.check();
    let read = s.window.read_parsed(strm, check);
    s.window.insert += read.min(size - s.window.insert);

    // What did not fit the output as a block may be enough for one in the pending buffer.
    let room = (s.pending.size() - header_len(s)).min(MAX_STORED);
    let left = (s.window.pos as isize - s.window.block_start) as usize;
    let worthy = left >= room.min(size);
    let flushing = (left != 0 || flush == Flush::Finish)
        && flush != Flush::None
        && strm.io.avail_in() == 0
        && left <= room;
    let mut last = false;
    if worthy || flushing {
        let len = left.min(room);
        last = flush == Flush::Finish && strm.io.avail_in() == 0 && len == left;
        s.pending.stored_header(len as u16, last);
        let start = s.window.block_start as usize;
        s.pending.bytes(s.window.slice(start, start + len));
        s.window.block_start += len as isize;
        s.pending.flush(strm);
    }
    if last {
        s.pending.set_used(8);
        return Progress::FinishStarted;
    }
    Progress::NeedMore
}

/// The bytes of a block's header, with the bits that wait.
fn header_len(s: &Deflate) -> usize {
    (s.pending.bit_count() as usize + 3 + 7 + 32) / 8
}

/// Writes blocks to the output, from the window and straight from the input, while they are worth
/// it; how much input that took, and whether the last block was among them.
fn copy_blocks(s: &mut Deflate, strm: &mut Strm<'_>, flush: Flush) -> (usize, bool) {
    let worthy = (s.pending.size() - 5).min(s.window.size());
    let mut copied = 0;
    // Only `deflateResetKeep` in the middle of a stream can have left a block behind that began
    // before the window.
    s.window.block_start = s.window.block_start.max(0);
    loop {
        let header = header_len(s);
        let avail_out = strm.io.avail_out() as usize;
        if avail_out < header {
            return (copied, false);
        }
        let avail_in = strm.io.avail_in() as usize;
        let left = (s.window.pos as isize - s.window.block_start) as usize;
        let all = left + avail_in;
        let len = MAX_STORED.min(all).min(avail_out - header);
        if len < worthy
            && ((len == 0 && flush != Flush::Finish) || flush == Flush::None || len != all)
        {
            return (copied, false);
        }
        let last = flush == Flush::Finish && len == all;
        s.pending.stored_header(len as u16, last);
        s.pending.flush(strm);
        let from_window = left.min(len);
        if from_window != 0 {
            let start = s.window.block_start as usize;
            strm.write(s.window.slice(start, start + from_window));
            s.window.block_start += from_window as isize;
        }
        let from_input = len - from_window;
        if from_input != 0 {
            let check = s.check();
            // SAFETY: there is room for all of the block.
            copied += unsafe { strm.read_to_output(from_input, check) };
        }
        if last {
            return (copied, true);
        }
    }
}

/// Puts the last of the `copied` bytes of input into the window, as history.
fn remember(s: &mut Deflate, strm: &Strm<'_>, copied: usize) {
    let size = s.window.size();
    let end = strm.io.next_in();
    if copied >= size {
        s.slides = 2;
        s.window.pos = 0;
        // SAFETY: the input was there, and this call has read all of it.
        unsafe { s.window.append(end.wrapping_sub(size), size) };
        s.window.insert = size;
    } else {
        if s.window.capacity() - s.window.pos <= copied {
            s.slide_stored();
        }
        // SAFETY: this call has read these bytes of the input, the last ones.
        unsafe { s.window.append(end.wrapping_sub(copied), copied) };
        s.window.insert += copied.min(size - s.window.insert);
    }
    s.window.block_start = s.window.pos as isize;
}

impl Deflate {
    /// Slides the window, and remembers to do so with the positions should they be needed.
    fn slide_stored(&mut self) {
        let lookahead = core::mem::take(&mut self.window.lookahead);
        self.window.slide();
        self.window.lookahead = lookahead;
        self.slides = (self.slides + 1).min(2);
    }
}
