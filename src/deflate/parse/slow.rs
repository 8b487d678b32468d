//! Lazy parsing, levels 4 to 9: a match is taken if the next position has no longer one.

use super::ahead::{Ahead, PROBE, Structure};
use super::common::Progress;
use super::finder::{Finder, Sieved};
use crate::codes::{Flush, Strategy};
use crate::deflate::block::Block;
use crate::deflate::chain::runs::{RARE, RARELY};
use crate::deflate::chain::sieve::Maybe;
use crate::deflate::chain::{Effort, MAX_MATCH, Search};
use crate::deflate::state::{Deflate, Lazy};
use crate::deflate::strm::Strm;
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
    let mut ahead = Ahead::take(s, strm, flush);
    let progress = parse(s, strm, flush, &mut ahead);
    if let Some(ahead) = ahead {
        ahead.leave(s);
    }
    progress
}

fn parse(
    s: &mut Deflate,
    strm: &mut Strm<'_>,
    flush: Flush,
    ahead: &mut Option<Ahead>,
) -> Progress {
    let mut choose = ahead.is_some();
    loop {
        if s.window.lookahead < MIN_LOOKAHEAD {
            let slid = s.fill_window(strm);
            if slid && let Some(ahead) = ahead {
                ahead.slide(s);
                choose = true;
            }
            if s.window.lookahead < MIN_LOOKAHEAD && flush == Flush::None {
                return Progress::NeedMore;
            }
            if s.window.lookahead == 0 {
                break;
            }
        }
        let to_the_end = flush != Flush::None && strm.io.avail_in() == 0;
        let pos = s.window.pos;
        let hash_fits = s.window.lookahead < MIN_MATCH || s.positions.is_at(&s.window, pos);
        // A literal or match that waits from before the window's beginning is for `step` alone.
        let waits = s.lazy.available || s.lazy.length >= MIN_MATCH;
        let can_go = s.lazy.length >= MIN_MATCH - 1 && hash_fits && !(pos == 0 && waits);
        let mut most = usize::MAX;
        if choose && let Some(ahead) = ahead {
            choose = !ahead.choose(s);
            if choose {
                most = PROBE;
            }
        }
        // Where a header has used up the room exactly, the call ends at the first literal.
        let done = if strm.io.avail_out() == 0 || !can_go {
            if !can_go {
                s.positions.skipped_before(pos + MIN_MATCH);
            }
            step(s)
        } else if let Some(ahead) = ahead
            && ahead.pays(s)
        {
            s.positions.leave_list(pos);
            with_ahead(s, ahead, to_the_end, most)
        } else {
            with_list(s, ahead.as_mut().and_then(|ahead| ahead.maybe(s)), to_the_end)
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
                if s.window.lookahead < MIN_MATCH {
                    // The last positions had too little behind them to be inserted, and are not
                    // once there is more.
                    s.positions.skipped_before(s.window.pos);
                }
                return Progress::NeedMore;
            }
        }
    }
    if s.lazy.available {
        let last = s.window.byte_before(s.window.pos);
        s.block.literal(last);
        s.lazy.available = false;
    }
    s.finish_symbols(strm, flush, MIN_MATCH - 1)
}

/// Parses with the stream's own list; `maybe` says where there may be matches, where that is known.
fn with_list(s: &mut Deflate, maybe: Option<Maybe<'_>>, to_the_end: bool) -> Step {
    let mut parse = Lazily::new(s, to_the_end);
    let window = s.window.slice(0, parse.end);
    let finder = s.positions.list(window);
    let stop = parse.stop;
    let done = match maybe {
        Some(maybe) => parse.go_sieved(finder, maybe, window, &mut s.block, stop),
        None => parse.go(finder, window, &mut s.block, stop),
    };
    parse.put_back(s, done);
    done
}

/// Parses at most so many bytes, or little more, with positions that are known ahead.
fn with_ahead(s: &mut Deflate, ahead: &mut Ahead, to_the_end: bool, most: usize) -> Step {
    let mut parse = Lazily::new(s, to_the_end);
    let stop = parse.stop.min(parse.pos.saturating_add(most));
    let structure = ahead.filled(s);
    let window = s.window.slice(0, parse.end);
    let done = match structure {
        Structure::Linked(bulk) => parse.go(bulk, window, &mut s.block, stop),
        Structure::Sorted(runs) => {
            let border = runs.border().min(stop);
            let rare = if s.block.mostly_literals() { RARE } else { RARELY };
            let done = if parse.pos < border {
                parse.go(runs.part::<false>(rare), window, &mut s.block, border)
            } else {
                Step::Fits
            };
            if done == Step::Fits && parse.pos < stop {
                parse.go(runs.part::<true>(rare), window, &mut s.block, stop)
            } else {
                done
            }
        }
    };
    parse.put_back(s, done);
    let next = parse.pos + usize::from(done == Step::FullByLiteral);
    s.positions.say_inserted(next.min((parse.end + 1).saturating_sub(MIN_MATCH)));
    done
}

/// Lazy parsing of what is in the window, with its state at hand.
struct Lazily {
    pos: usize,
    end: usize,
    /// No position from here on is parsed.
    stop: usize,
    lazy: Lazy,
    lazy_most: usize,
    effort: Effort,
    filtered: bool,
}

impl Lazily {
    fn new(s: &Deflate, to_the_end: bool) -> Lazily {
        let end = s.window.end();
        Lazily {
            pos: s.window.pos,
            end,
            stop: s.window.stop(to_the_end, MIN_LOOKAHEAD),
            lazy: s.lazy,
            lazy_most: s.limits.lazy as usize,
            effort: s.effort(),
            filtered: s.strategy == Strategy::Filtered,
        }
    }

    fn put_back(&self, s: &mut Deflate, done: Step) {
        s.window.pos = self.pos;
        s.window.lookahead = self.end - self.pos;
        s.lazy = self.lazy;
        // Behind a full block's literal, the position is inserted already.
        let next = self.pos + usize::from(done == Step::FullByLiteral);
        s.positions.start(&s.window, next);
    }

    /// Up to here, the longest match is possible, so that its length is a constant.
    fn full_stop(&self, stop: usize) -> usize {
        stop.min((self.end + 1).saturating_sub(MAX_MATCH))
    }

    /// As [`Lazily::go`], where `maybe` says that there may be a match; near the end, everywhere.
    fn go_sieved<F: Finder>(
        &mut self,
        mut finder: F,
        maybe: Maybe<'_>,
        window: &[u8],
        block: &mut Block,
        stop: usize,
    ) -> Step {
        let full = self.full_stop(stop);
        if self.pos < full {
            let sieved = Sieved { finder, maybe };
            let (sieved, done) = self.run::<_, true>(sieved, window, block, full);
            if done != Step::Fits {
                return done;
            }
            finder = sieved.finder;
        }
        self.go(finder, window, block, stop)
    }

    /// Goes on to `stop`, while there is room in the block.
    fn go<F: Finder>(
        &mut self,
        mut finder: F,
        window: &[u8],
        block: &mut Block,
        stop: usize,
    ) -> Step {
        let full = self.full_stop(stop);
        let mut done = Step::Fits;
        if self.pos < full {
            (finder, done) = self.run::<F, true>(finder, window, block, full);
        }
        if done == Step::Fits && self.pos < stop {
            (_, done) = self.run::<F, false>(finder, window, block, stop);
        }
        done
    }

    /// Goes on to `stop`, while there is room in the block. With `FULL`, the longest match is
    /// possible at all positions before that. The finder is given and given back, so that what it
    /// consists of is in registers.
    #[inline(never)]
    fn run<F: Finder, const FULL: bool>(
        &mut self,
        mut finder: F,
        window: &[u8],
        block: &mut Block,
        stop: usize,
    ) -> (F, Step) {
        let Lazily { mut pos, end, lazy_most, filtered, .. } = *self;
        let effort = self.effort;
        let mut lazy = self.lazy;
        // From here on, no three bytes are there.
        let last = (end + 1).saturating_sub(MIN_MATCH);
        let mut tally = block.tally();
        let mut done = Step::Fits;
        assert!(window.len() == end && stop <= end);
        while pos < stop {
            let (previous, previous_start) = (lazy.length, lazy.start);
            lazy.length = MIN_MATCH - 1;
            if FULL || pos < last {
                let search = Search { pos, lookahead: end - pos, best: previous };
                let found = finder.find::<FULL>(window, &search, &effort, previous < lazy_most);
                if let Some(found) = found {
                    lazy.start = found.start;
                    let short = found.len <= 5
                        && (filtered || (found.len == MIN_MATCH && pos - found.start > TOO_FAR));
                    if !short {
                        lazy.length = found.len;
                    }
                }
            }
            if previous >= MIN_MATCH && lazy.length <= previous {
                // What other parsing has left may lie anywhere.
                let distance = (pos - 1).wrapping_sub(previous_start);
                // SAFETY: the block is there, and is written once it is full.
                let full = unsafe { tally.matched(distance, previous) };
                let next = pos - 1 + previous;
                finder.insert(window, pos + 1, next.min(last).max(pos + 1));
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
                // SAFETY: the block is there, and is written once it is full; the byte before `pos` is
                // in the window, where it is available.
                let full = core::mem::replace(&mut lazy.available, true)
                    && unsafe { tally.literal(*window.get_unchecked(pos - 1)) };
                if full {
                    done = Step::FullByLiteral;
                    break;
                }
                pos += 1;
            }
        }
        block.put_back(&tally);
        self.pos = pos;
        self.lazy = lazy;
        (finder, done)
    }
}

/// One position, whatever the state.
fn step(s: &mut Deflate) -> Step {
    let pos = s.window.pos;
    let head = if s.window.lookahead >= MIN_MATCH { s.positions.insert(&s.window, pos) } else { 0 };
    let previous = s.lazy.length;
    let previous_start = s.lazy.start;
    s.lazy.previous = previous;
    s.lazy.length = MIN_MATCH - 1;
    if previous < s.limits.lazy as usize
        && let Some((mut length, start)) = s.longest(head, previous)
    {
        s.lazy.start = start.unwrap_or(s.lazy.start);
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
        let distance = pos.wrapping_sub(1).wrapping_sub(previous_start);
        let full = s.block.matched(distance, previous);
        let step = (previous - 1).min(s.window.lookahead);
        let next = pos + step;
        for inner in pos + 1..next.min((end + 1).saturating_sub(MIN_MATCH)) {
            s.positions.insert(&s.window, inner);
        }
        s.window.lookahead -= step;
        s.window.pos = next;
        s.lazy.previous = 0;
        s.lazy.available = false;
        s.lazy.length = MIN_MATCH - 1;
        return if full { Step::FullByMatch } else { Step::Fits };
    }
    let literal = core::mem::replace(&mut s.lazy.available, true);
    if literal && s.block.literal(s.window.byte_before(pos)) {
        return Step::FullByLiteral;
    }
    s.window.pos += 1;
    s.window.lookahead -= 1;
    if literal { Step::Literal } else { Step::Fits }
}
