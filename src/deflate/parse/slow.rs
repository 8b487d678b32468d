//! Lazy parsing, levels 4 to 9: a match is taken if the next position has no longer one.

use core::marker::PhantomData;

use super::finder::{Finder, Sorted};
use super::{Deflate, Flush, Progress, Strm};
use crate::deflate::chain::isa::{Isa, Portable};
use crate::deflate::chain::runs::Runs;
use crate::deflate::chain::{Effort, Search};
use crate::deflate::config::Strategy;
use crate::deflate::scratch::Scratch;
use crate::deflate::window::{MIN_LOOKAHEAD, MIN_MATCH};
use crate::deflate::{Block, Lazy};

/// A match of three bytes from farther away costs more than three literals, mostly.
const TOO_FAR: usize = 4096;

/// With so much input, and a quarter of what is there already, sorting pays.
const WORTH_SORTING: usize = 4096;

/// Searches that look at fewer candidates are quicker in the list.
const SHORT_SEARCH: u32 = 64;

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
    let mut scratch = if pays_to_sort(s, strm) { Scratch::take() } else { None };
    let mut sorter = scratch.as_mut().map(|scratch| Sorter::new(s, scratch));
    loop {
        if s.window.lookahead < MIN_LOOKAHEAD {
            let slid = s.fill_window(strm);
            if slid && let Some(sorter) = &mut sorter {
                sorter.slide();
            }
            if s.window.lookahead < MIN_LOOKAHEAD && flush == Flush::None {
                return Progress::NeedMore;
            }
            if s.window.lookahead == 0 {
                break;
            }
        }
        let pos = s.window.pos;
        let hash_fits = s.window.lookahead < MIN_MATCH || s.positions.is_at(&s.window, pos);
        let can_go = s.lazy.length >= MIN_MATCH - 1 && hash_fits;
        // Where a header has used up the room exactly, the call ends at the first literal.
        let done = if strm.io.avail_out() == 0 || !can_go {
            if !can_go {
                s.positions.skipped_before(pos + MIN_MATCH);
            }
            step(s)
        } else if let Some(sorter) = &mut sorter
            && sorter.pays(s)
        {
            s.positions.leave_list(pos);
            sorter.sort(s);
            sorted(s, &sorter.runs, flush != Flush::None && strm.io.avail_in() == 0)
        } else if s.window.lookahead >= MIN_LOOKAHEAD {
            let mut parse = Bulk::new(s, false);
            let window = s.window.slice(0, parse.end);
            let mut list = s.positions.list(window);
            // SAFETY: a list needs nothing of the CPU.
            let done = unsafe { parse.go(&mut list, window, &mut s.block) };
            parse.put_back(s, done);
            done
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

/// Whether there is enough to do to sort all positions first.
fn pays_to_sort(s: &Deflate, strm: &Strm<'_>) -> bool {
    let new = s.window.lookahead + strm.io.avail_in() as usize;
    let long_searches = s.limits.chain >= SHORT_SEARCH || s.limits.chain == 0;
    long_searches && new >= WORTH_SORTING && new >= s.window.pos.min(s.window.size()) / 4
}

/// Sorted positions, where they pay.
struct Sorter<'a> {
    runs: Runs<'a>,
    sample: &'a mut [u16],
    /// The window's end when it was last looked at.
    seen_to: usize,
    /// Whether the data was found to have long chains.
    pays: bool,
    /// Up to here, positions are sorted.
    sorted_to: usize,
}

/// How many strings are looked at to learn whether searches will be long.
const SAMPLE: usize = 1024;
/// For as many strings as are looked at, there are twice as many places.
const PLACES: usize = 2 * SAMPLE;

impl<'a> Sorter<'a> {
    fn new(s: &Deflate, scratch: &'a mut Scratch) -> Sorter<'a> {
        let (size, hash) = (s.window.size(), s.positions.hash());
        let (sample, rest) = scratch.entries().split_at_mut(PLACES);
        let runs = Runs::new(&mut rest[..Runs::memory(size, hash)], size, hash);
        Sorter { runs, sample, seen_to: 0, pays: false, sorted_to: 0 }
    }

    fn slide(&mut self) {
        self.runs.slide();
        (self.seen_to, self.sorted_to) = (0, 0);
    }

    /// Whether to go on with sorted positions.
    fn pays(&mut self, s: &Deflate) -> bool {
        let (pos, end) = (s.window.pos, s.window.end());
        if !s.positions.are_solid(pos, s.window.max_distance()) {
            return false;
        }
        if self.seen_to != end {
            self.seen_to = end;
            if end - pos >= SAMPLE {
                self.pays = self.repeats(s.window.slice(pos, end));
            }
        }
        self.pays
    }

    /// Whether strings of three bytes occur again within short distances: in random data they do
    /// not, and its chains are so short that a list is the quickest.
    fn repeats(&mut self, ahead: &[u8]) -> bool {
        self.sample.fill(0);
        let middle = (ahead.len() - SAMPLE) / 2;
        let mut again = 0;
        for three in ahead[middle..middle + SAMPLE].windows(3) {
            let value = u32::from_le_bytes([three[0], three[1], three[2], 0]);
            let hash = value.wrapping_mul(0x9e37_79b1) >> 4;
            let place = &mut self.sample[hash as usize / 65536 % PLACES];
            let tag = hash as u16 | 1;
            again += usize::from(*place == tag);
            *place = tag;
        }
        again >= SAMPLE / 16
    }

    fn sort(&mut self, s: &Deflate) {
        let end = s.window.end();
        if self.sorted_to != end {
            self.sorted_to = end;
            self.runs.fill(s.window.slice(0, end), s.positions.solid_from());
        }
    }
}

/// Parses with sorted positions, with the best instructions that there are.
fn sorted(s: &mut Deflate, runs: &Runs<'_>, to_the_end: bool) -> Step {
    let mut parse = Bulk::new(s, to_the_end);
    let window = s.window.slice(0, parse.end);
    let block = &mut s.block;
    let done = match () {
        #[cfg(target_arch = "x86_64")]
        () if crate::cpu::features().is_some_and(|f| f.has(crate::cpu::Features::AVX2)) => {
            // SAFETY: the CPU has AVX2, BMI1 and BMI2.
            unsafe { sorted_avx2(&mut parse, runs, window, block) }
        }
        // SAFETY: this needs nothing of the CPU.
        () => unsafe { sorted_by::<Portable>(&mut parse, runs, window, block) },
    };
    parse.put_back(s, done);
    let next = parse.pos + usize::from(done == Step::FullByLiteral);
    s.positions.say_inserted(next.min((parse.end + 1).saturating_sub(MIN_MATCH)));
    done
}

/// # Safety
/// The CPU has AVX2, BMI1 and BMI2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
unsafe fn sorted_avx2(parse: &mut Bulk, runs: &Runs<'_>, window: &[u8], block: &mut Block) -> Step {
    // SAFETY: by this function's own contract.
    unsafe { sorted_by::<crate::deflate::chain::isa::Avx2>(parse, runs, window, block) }
}

/// # Safety
/// The CPU has what `I` needs.
#[inline(always)]
unsafe fn sorted_by<I: Isa>(
    parse: &mut Bulk,
    runs: &Runs<'_>,
    window: &[u8],
    block: &mut Block,
) -> Step {
    // SAFETY: by this function's own contract.
    unsafe { parse.go(&mut Sorted { runs, isa: PhantomData::<I> }, window, block) }
}

/// Lazy parsing of what is in the window, with its state at hand.
struct Bulk {
    pos: usize,
    end: usize,
    /// No position from here on is parsed where more input may come.
    stop: usize,
    lazy: Lazy,
    lazy_most: usize,
    effort: Effort,
    filtered: bool,
}

impl Bulk {
    fn new(s: &Deflate, to_the_end: bool) -> Bulk {
        let end = s.window.end();
        let least = if to_the_end { 1 } else { MIN_LOOKAHEAD };
        Bulk {
            pos: s.window.pos,
            end,
            stop: (end + 1).saturating_sub(least),
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

    /// Goes on while there is enough input for `finder`, and room in the block.
    ///
    /// # Safety
    /// The CPU has what the finder needs.
    #[inline(always)]
    unsafe fn go<F: Finder>(&mut self, finder: &mut F, window: &[u8], block: &mut Block) -> Step {
        let Bulk { mut pos, end, lazy_most, filtered, .. } = *self;
        let effort = self.effort;
        let mut lazy = self.lazy;
        let stop = self.stop.min((end + 1).saturating_sub(F::LEAST));
        // From here on, no three bytes are there.
        let last = (end + 1).saturating_sub(MIN_MATCH);
        let mut tally = block.tally();
        let mut done = Step::Fits;
        assert!(window.len() == end && stop <= end);
        while pos < stop {
            let (previous, previous_start) = (lazy.length, lazy.start);
            lazy.length = MIN_MATCH - 1;
            if F::LEAST >= MIN_MATCH || pos < last {
                let search = Search { pos, lookahead: end - pos, best: previous };
                // SAFETY: by this function's own contract.
                let found = unsafe { finder.find(window, &search, &effort, previous < lazy_most) };
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
                // SAFETY: the block is there, and is written once it is full.
                let full = unsafe { tally.matched(pos - 1 - previous_start, previous) };
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
                // SAFETY: as above, and the byte before `pos` is in the window, where it is
                // available.
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
        done
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
        let full = s.block.matched((pos - 1).wrapping_sub(previous_start), previous);
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
    if literal && s.block.literal(s.window.byte(pos - 1)) {
        return Step::FullByLiteral;
    }
    s.window.pos += 1;
    s.window.lookahead -= 1;
    if literal { Step::Literal } else { Step::Fits }
}
