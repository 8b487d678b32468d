//! The loop over symbols where there is much input and much room: libdeflate's schedule.
//!
//! There is one loop, [`Task::decode`], generic over what varies: how matches are copied, whether
//! some may begin in the window, and whether the table has entries for two symbols. It goes on
//! while 16 bytes of input are left and room for what one turn writes. It leaves what is seldom to
//! the careful path, from the symbol's first bit on: errors, matches that do not fit, matches that
//! go around the window's end.
//!
//! A turn begins with 56 bits or more in the buffer and the next entry loaded. It takes up to
//! three entries of literals (11 bits each) or a length with its distance: 20 bits and 28, before
//! which the buffer is filled again if needed. The next entry is loaded before the buffer is filled
//! and bytes are copied, so that these do not wait for each other.

use core::mem::MaybeUninit;

use super::bits::Cursor;
use super::blocks::{ReadMany, Reader};
use super::copy::{Copier, Exact, Pieces};
#[cfg(target_arch = "x86_64")]
use super::copy::{Shuffled, ShuffledExact};
use super::tables::{self, AnyPair, Build, Built, Job, NoCode, distance, entry};
use super::window::Window;
use crate::cpu::{self, Features};

/// Input that a turn may read: two fills of the buffer, of which the first moves over 7 bytes.
pub(super) const INPUT: usize = 16;
/// Input that a turn may use besides the 56 bits that it begins with: two literals, a length and a
/// distance have 70 at most.
pub(super) const TURN: usize = 2;
/// Room that literals of a turn take, and a copy may overwrite besides.
pub(super) const ROOM: usize = 8;

/// How the loop ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Too little input or room is left.
    Limit,
    /// The block has ended.
    BlockEnd,
    /// The next symbol is for the careful path.
    Careful,
}

/// What the loop reads besides the cursor.
pub(super) struct Task<'a> {
    pub tables: *const AnyPair,
    /// Bits that the literal/length table is looked up with.
    pub root: u32,
    pub window: &'a Window,
    /// No turn begins at or behind this.
    pub limit: *mut u8,
}

/// A run of the loop: [`Task::decode`] for one CPU tier.
pub(super) type Decode = unsafe fn(&Task<'_>, &mut Cursor) -> Outcome;

impl Task<'_> {
    /// Decodes symbols.
    ///
    /// # Safety
    /// The tables are built, and the cursor's pointers are valid; more than [`INPUT`] bytes are
    /// left, and `limit` is [`ROOM`] and `C::SLOP` bytes before the cursor's end or earlier. All
    /// whole bytes in the bit buffer were taken since `start`. The window is not the output.
    #[inline(always)]
    pub unsafe fn decode<C: Copier, const WINDOW: bool, const PAIRED: bool>(
        &self,
        cursor: &mut Cursor,
    ) -> Outcome {
        let Cursor { mut next, end, mut hold, out_start, out_end, mut out, .. } = *cursor;
        // Its low eight bits count: entries' low eight bits are below 64. What is above is of no meaning.
        let mut bits = cursor.bits;
        let input_limit = end.wrapping_sub(INPUT);
        // A match may end here, and its copy write up to the end.
        let match_limit = out_end.wrapping_sub(C::SLOP);
        let Task { tables: pair, limit, .. } = *self;
        // SAFETY: the table is within what the pointer points to.
        let literals = unsafe { &raw const (*pair).literals }.cast::<u32>();
        // The distances are in front of it: one register is enough for both.
        let distance_at = |index: usize| {
            let place = literals.wrapping_add(index).wrapping_sub(tables::DISTANCE_ENTRIES);
            // SAFETY: every index is within the table.
            unsafe { *place }
        };
        let mask = (1u64 << self.root) - 1;
        let (window_next, window_have) = (self.window.next as isize, self.window.have as isize);
        // Behind the latest of the window's bytes; the oldest are above it, up to its size.
        let window_end = self.window.data().wrapping_offset(window_next);
        let window_size = self.window.size as usize;

        macro_rules! fill {
            () => {
                // SAFETY: a turn begins with `INPUT` bytes, and moves over 7 in a fill.
                let word = u64::from_le(unsafe { next.cast::<u64>().read_unaligned() });
                hold |= word << (bits & 63);
                next = next.wrapping_add(7).wrapping_sub((bits >> 3 & 7) as usize);
                bits |= 56;
            };
        }
        macro_rules! look_up {
            () => {{
                // SAFETY: the root of the table has an entry for each value under the mask.
                unsafe { *literals.add((hold & mask) as usize) }
            }};
        }
        macro_rules! drop {
            ($entry:expr) => {
                hold >>= $entry & 63;
                bits = bits.wrapping_sub($entry);
            };
        }
        macro_rules! put {
            ($entry:expr) => {
                let literal: u32 = $entry;
                // SAFETY: a turn begins with room for all its literals.
                unsafe {
                    if !PAIRED {
                        out.write((literal >> 16) as u8);
                        out = out.add(1);
                    } else if C::SLOP == 0 {
                        let count = entry::literals(literal) as usize;
                        out.write((literal >> 16) as u8);
                        out.add(count).sub(1).write((literal >> 24) as u8);
                        out = out.add(count);
                    } else {
                        let two = (literal >> 16) as u16;
                        out.cast::<u16>().write_unaligned(two.to_le());
                        out = out.add(entry::literals(literal) as usize);
                    }
                }
            };
        }
        // Goes back by so many bits, to where the buffer was `$hold`.
        macro_rules! careful {
            ($hold:expr, $taken:expr) => {{
                let whole = (bits & 63) + $taken;
                next = next.wrapping_sub((whole >> 3) as usize);
                bits = whole & 7;
                hold = $hold & ((1 << bits) - 1);
                break Outcome::Careful;
            }};
        }
        let mut saved = Saved::new();
        let mut step_limit = limit;
        if C::SLOP != 0 {
            // SAFETY: `limit` is at least `SLOP` bytes before the end, and `out` before it.
            step_limit = limit.min(unsafe { saved.save(out, out_end, FIRST_STEP) });
        }
        macro_rules! go_on {
            () => {
                if next < input_limit && out < step_limit {
                    continue;
                }
                break Outcome::Limit;
            };
        }

        align_code();
        fill!();
        let mut found = look_up!();
        let outcome = loop {
            if next >= input_limit {
                // Only before the first turn; the others see to it at their end.
                break Outcome::Limit;
            }
            let outcome = loop {
                // The buffer at the symbol's first bit.
                let mut whole = hold;
                drop!(found);
                if found & entry::NOT_LITERAL == 0 {
                    let first = found;
                    found = look_up!();
                    whole = hold;
                    drop!(found);
                    put!(first);
                    if found & entry::NOT_LITERAL == 0 {
                        let second = found;
                        found = look_up!();
                        whole = hold;
                        drop!(found);
                        put!(second);
                        if found & entry::NOT_LITERAL == 0 {
                            let third = found;
                            found = look_up!();
                            fill!();
                            put!(third);
                            go_on!();
                        }
                    }
                }
                if found & entry::SPECIAL != 0 {
                    if entry::is_subtable(found) {
                        bits = bits.wrapping_add(entry::bits(found));
                        let index = low_bits(hold, entry::code_bits(found));
                        // SAFETY: a subtable has an entry for each of its indices.
                        found = unsafe { *literals.add(entry::start(found) + index as usize) };
                        hold = whole;
                        drop!(found);
                        if found & entry::NOT_LITERAL == 0 {
                            let literal = found;
                            found = look_up!();
                            fill!();
                            // SAFETY: a turn begins with room for all its literals.
                            unsafe { out.write((literal >> 16) as u8) };
                            out = out.wrapping_add(1);
                            go_on!();
                        }
                    }
                    if found & entry::SPECIAL != 0 {
                        if found & entry::KIND == entry::END {
                            break Outcome::BlockEnd;
                        }
                        careful!(whole, entry::bits(found));
                    }
                }

                let index = low_bits(hold, tables::DISTANCE_ROOT as u32) as usize;
                let mut symbol = distance_at(index);
                // Without literals in it, nothing is between an entry's bits 11 and 14. A shift's
                // count wraps by itself.
                let shift = if PAIRED { entry::code_bits(found) } else { found >> 8 };
                // SAFETY: it is an entry.
                let extra = unsafe { entry::taken(whole, found) }.wrapping_shr(shift);
                let length = (found >> 24) as usize + 3 + extra as usize;
                if PAIRED {
                    // A literal before the length. If there is none, the match overwrites it, unless
                    // that does not fit.
                    if C::SLOP != 0 || entry::literals(found) != 0 {
                        // SAFETY: a turn begins with room for its literals.
                        unsafe { out.write((found >> 16) as u8) };
                    }
                    out = out.wrapping_add(entry::literals(found) as usize);
                }
                if symbol & distance::SPECIAL != 0 {
                    if symbol & distance::INVALID == 0 {
                        if (bits & 0xff) < 28 + tables::LITERAL_ROOT as u32 {
                            fill!();
                        }
                        let index = low_bits(hold >> entry::bits(symbol), entry::code_bits(symbol));
                        symbol = distance_at((symbol >> 16) as usize + index as usize);
                    }
                } else if (bits & 0xff) < 21 + tables::LITERAL_ROOT as u32 {
                    fill!();
                }
                // SAFETY: it is an entry.
                let extra = unsafe { entry::taken(hold, symbol) }.wrapping_shr(symbol >> 8);
                let distance = (symbol >> 16) as usize + extra as usize;
                drop!(symbol);

                let produced = out as usize - out_start as usize;
                let after = out.wrapping_add(length);
                let mut from = out.wrapping_sub(distance).cast_const();
                let mut is_seldom = symbol & distance::SPECIAL != 0 || after > match_limit;
                if WINDOW {
                    let place = (produced as isize).wrapping_sub(distance as isize);
                    from = select(place < 0, window_end.wrapping_offset(place), from);
                    let older = window_end.wrapping_add(window_size).wrapping_offset(place);
                    from = select(place < -window_next, older, from);
                    // Not all of the match is in one piece.
                    let ends_at = |end: isize| {
                        let before = end.wrapping_sub(place).wrapping_sub(1) as usize;
                        before < length - 1
                    };
                    is_seldom |= ends_at(0) || ends_at(-window_next) || place < -window_have;
                } else {
                    is_seldom |= distance > produced;
                }
                if is_seldom {
                    let (taken, put) = self.taken(whole);
                    out = out.wrapping_sub(put);
                    careful!(whole, taken);
                }
                found = look_up!();
                fill!();
                if C::SLOP != 0 {
                    prefetch(out.wrapping_add(AHEAD));
                }
                // SAFETY: `length` bytes and the copier's slop fit, by `match_limit`; so many bytes are
                // in the window, which has slack behind it, or in the output, where `distance` is.
                unsafe { C::copy(out, from, distance, length) };
                out = after;
                go_on!();
            };
            if C::SLOP == 0 || outcome != Outcome::Limit || next >= input_limit || out >= limit {
                break outcome;
            }
            // SAFETY: `out` is before `limit`, so that there is more room than the slop. The last step
            // and one turn go no further than `AFTER`, so that what lies behind `out` is saved.
            step_limit = limit.min(unsafe { saved.save_on(out, out_end, STEP) });
        };
        if C::SLOP != 0 {
            // SAFETY: no turn begins at or behind `limit`, nor ends a match behind `match_limit`.
            unsafe { saved.put_back(out) };
        }
        *cursor = Cursor { next, hold, bits: bits & 63, out, ..*cursor };
        outcome
    }
}

/// The loop for one CPU tier: by whether matches may begin in the window, and whether the table has
/// entries for two symbols.
pub(super) struct Variants {
    #[cfg(test)]
    pub name: &'static str,
    pub needs: Features,
    /// Reads a block's code lengths.
    pub lengths: ReadMany,
    /// Builds a block's tables.
    pub build: Build,
    /// Copies a match, as [`Copier::copy`], without a byte too far.
    pub copy: CopyMatch,
    /// Not a byte behind the output is written.
    pub exact: [[Decode; 2]; 2],
    /// [`SLOP`] bytes behind the output may be overwritten.
    pub sloppy: [[Decode; 2]; 2],
}

/// As [`Copier::copy`].
pub(super) type CopyMatch = unsafe fn(*mut u8, *const u8, usize, usize);

/// What any copier may overwrite.
pub(super) const SLOP: usize = 32;

/// The functions are in a module of the variant's own, by whose name one sees in the library which
/// of them use what not every CPU has.
macro_rules! variants {
    (
        $module:ident, $name:literal, $needs:expr, $copier:ty, $exact:ty, $sort:ty, $vector:literal
        $(, #[$features:meta])?
    ) => {{
        const _: () = assert!(<$copier>::SLOP <= SLOP);

        mod $module {
            use super::*;

            /// # Safety
            /// As for [`Task::decode`].
            $(#[$features])?
            pub(super) unsafe fn run<C: Copier, const WINDOW: bool, const PAIRED: bool>(
                task: &Task<'_>,
                cursor: &mut Cursor,
            ) -> Outcome {
                // SAFETY: the task is as `decode` asks, and the CPU has the features, says the caller.
                unsafe { task.decode::<C, WINDOW, PAIRED>(cursor) }
            }

            /// # Safety
            /// The CPU has the features.
            $(#[$features])?
            pub(super) unsafe fn lengths(reader: &mut Reader<'_>, cursor: &mut Cursor) {
                reader.many(cursor);
            }

            /// # Safety
            /// As for [`Copier::copy`].
            $(#[$features])?
            pub(super) unsafe fn copy_match(
                to: *mut u8,
                from: *const u8,
                distance: usize,
                length: usize,
            ) {
                // SAFETY: by the caller's word; the CPU has the features.
                unsafe { <$exact>::copy(to, from, distance, length) }
            }

            /// # Safety
            /// As for [`Job::build`].
            $(#[$features])?
            pub(super) unsafe fn build(job: Job<'_>) -> Result<Built, NoCode> {
                // SAFETY: the job is as `build` asks, and the CPU has the features, says the caller.
                unsafe { job.build::<$sort, $vector>() }
            }
        }
        use $module::{build, copy_match, lengths, run};

        Variants {
            #[cfg(test)]
            name: $name,
            needs: $needs,
            lengths,
            build,
            copy: copy_match,
            exact: [
                [run::<$exact, false, false>, run::<$exact, false, true>],
                [run::<$exact, true, false>, run::<$exact, true, true>],
            ],
            sloppy: [
                [run::<$copier, false, false>, run::<$copier, false, true>],
                [run::<$copier, true, false>, run::<$copier, true, true>],
            ],
        }
    }};
}

/// The best first; the last needs nothing.
pub(super) static VARIANTS: &[Variants] = &[
    #[cfg(target_arch = "x86_64")]
    variants!(
        x86_avx2,
        "inflate avx2",
        Features::SSE4_1.and(Features::AVX2),
        Shuffled,
        ShuffledExact,
        tables::ByVector,
        true,
        #[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
    ),
    variants!(portable, "inflate portable", Features::NONE, Pieces, Exact, tables::OneByOne, false),
];

/// The variants for this CPU.
#[inline]
pub(super) fn variants() -> &'static Variants {
    let features = cpu::features().unwrap_or(Features::NONE);
    VARIANTS
        .iter()
        .find(|variants| features.has(variants.needs))
        .unwrap_or(&VARIANTS[VARIANTS.len() - 1])
}

impl Task<'_> {
    /// How many bits a length and its distance have that begin with these bits, and how many
    /// literals are in front of them in the same entry.
    #[cold]
    #[inline(never)]
    fn taken(&self, hold: u64) -> (u32, usize) {
        // SAFETY: the loop has gone the same way through the same tables.
        unsafe {
            let literals = (&raw const (*self.tables).literals).cast::<u32>();
            let distances = (&raw const (*self.tables).distances).cast::<u32>();
            let mut found = *literals.add(low_bits(hold, self.root) as usize);
            if entry::is_subtable(found) {
                let index = low_bits(hold >> entry::bits(found), entry::code_bits(found));
                found = *literals.add(entry::start(found) + index as usize);
            }
            let hold = hold >> entry::bits(found);
            let index = low_bits(hold, tables::DISTANCE_ROOT as u32);
            let mut symbol = *distances.add(index as usize);
            if symbol & (distance::SPECIAL | distance::INVALID) == distance::SPECIAL {
                let index = low_bits(hold >> entry::bits(symbol), entry::code_bits(symbol));
                symbol = *distances.add((symbol >> 16) as usize + index as usize);
            }
            (entry::bits(found) + entry::bits(symbol), entry::literals(found) as usize)
        }
    }
}

/// The low `count` bits; only the low six bits of `count` matter.
#[inline(always)]
fn low_bits(word: u64, count: u32) -> u64 {
    word & ((1 << (count & 63)) - 1)
}

/// One of two pointers, without a branch: which one it is can not be foreseen.
#[inline(always)]
fn select(condition: bool, yes: *const u8, no: *const u8) -> *const u8 {
    core::hint::select_unpredictable(condition, yes, no)
}

/// Puts what follows at the beginning of a cache line of code. Where the loop lies in them makes up
/// to 3 %, and would otherwise change with whatever is compiled in front of it.
#[inline(always)]
fn align_code() {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: a directive that adds instructions without effect.
    unsafe {
        core::arch::asm!(".p2align 6", options(nomem, nostack, preserves_flags));
    }
}

/// Says that this place is written soon. It may be anywhere.
#[inline(always)]
fn prefetch(place: *mut u8) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch does nothing that shows, whatever the address is.
    unsafe {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(place.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
}

/// A piece of what is saved; of any alignment, and perhaps without a value.
type Piece = [MaybeUninit<u64>; 4];
const PIECE: usize = size_of::<Piece>();
const _: () = assert!(PIECE == SLOP);

/// How much output there is at least between two savings. What is saved is on the stack, of which a
/// call takes at most 4 KiB.
const STEP: usize = 832;
/// How far ahead the room is fetched, so that saving it does not wait for memory.
const AHEAD: usize = STEP + 1024;
/// The same at first: a short stream has no use for more.
const FIRST_STEP: usize = 256;
/// What one turn writes beyond a step's end, and its slop.
const AFTER: usize = ROOM + 258 + SLOP;

/// The bytes of the room ahead as the caller left them, of which the loop's slop overwrites some.
struct Saved {
    /// Where in the room they are from.
    start: *mut u8,
    bytes: [MaybeUninit<u8>; (STEP + AFTER).next_multiple_of(PIECE)],
}

impl Saved {
    #[inline(always)]
    fn new() -> Saved {
        Saved { start: core::ptr::null_mut(), bytes: [const { MaybeUninit::uninit() }; _] }
    }

    /// Saves what `step` bytes of output from `out` on may overwrite; where they end.
    ///
    /// # Safety
    /// At least [`SLOP`] bytes are readable from `out` to `end`.
    #[inline(always)]
    unsafe fn save(&mut self, out: *mut u8, end: *mut u8, step: usize) -> *mut u8 {
        self.start = out;
        let room = end as usize - out as usize;
        let count = (step + AFTER).min(room);
        let to = self.bytes.as_mut_ptr();
        let mut done = 0;
        // SAFETY: so much is readable, says the caller; the last piece ends where the room does, or
        // within the next one.
        unsafe {
            while done + PIECE < count {
                to.add(done)
                    .cast::<Piece>()
                    .write_unaligned(out.add(done).cast::<Piece>().read_unaligned());
                done += PIECE;
            }
            let last = count - PIECE;
            to.add(last)
                .cast::<Piece>()
                .write_unaligned(out.add(last).cast::<Piece>().read_unaligned());
        }
        out.wrapping_add(step)
    }

    /// As [`Saved::save`], where some of it is overwritten and saved already.
    ///
    /// # Safety
    /// As there; `out` is at most a step and a turn behind the last one.
    #[inline(always)]
    unsafe fn save_on(&mut self, out: *mut u8, end: *mut u8, step: usize) -> *mut u8 {
        // SAFETY: so much is readable and, from `out` on, saved, says the caller.
        unsafe {
            let kept = self.behind(out);
            let limit = self.save(out, end, step);
            self.bytes.as_mut_ptr().cast::<Piece>().write_unaligned(kept);
            limit
        }
    }

    /// Undoes what was written behind the output, which ends at `out`.
    ///
    /// # Safety
    /// [`SLOP`] bytes behind `out` are writable and saved.
    #[inline(always)]
    unsafe fn put_back(&self, out: *mut u8) {
        // SAFETY: so much is writable and saved, says the caller.
        unsafe { out.cast::<Piece>().write_unaligned(self.behind(out)) };
    }

    /// # Safety
    /// [`SLOP`] bytes from `out` on are saved.
    #[inline(always)]
    unsafe fn behind(&self, out: *mut u8) -> Piece {
        let place = out as usize - self.start as usize;
        debug_assert!(place + PIECE <= self.bytes.len());
        // SAFETY: so much is saved from there on, says the caller.
        unsafe { self.bytes.as_ptr().add(place).cast::<Piece>().read_unaligned() }
    }
}
