//! The symbols of a block, one after the other: where each bit counts.

use super::{Around, Blocks, Mode, Stop};
use crate::inflate::bits::Cursor;
use crate::inflate::copy;
use crate::inflate::fast::{self, Outcome, Task};
use crate::inflate::tables::{self, AnyPair, distance, entry};
use crate::inflate::window::Window;

/// With no more input than this, the fast loop reads from a copy of it: on the input itself it would
/// stop too soon.
const COPIED_MOST: usize = fast::INPUT + 23;
/// With less input than this, one symbol after the other is as quick.
const WORTH_A_LOOP: usize = 12;
/// Fewer bytes of a match are copied as quickly one by one.
const WORTH_A_CALL: usize = 16;
const _: () = assert!(WORTH_A_LOOP >= fast::TURN);

impl Blocks {
    fn pair(&self) -> *const AnyPair {
        match self.fixed {
            true => (&raw const tables::FIXED).cast(),
            false => self.tables.pair.as_ptr().cast(),
        }
    }

    /// The entry of the symbol that begins with the low bits.
    #[inline(always)]
    fn symbol_at(&self, hold: u64) -> u32 {
        // SAFETY: the tables are within what the pointer points to.
        let table = unsafe { &raw const (*self.pair()).literals }.cast::<u32>();
        // SAFETY: the table is built when symbols are read, and has an entry for each index.
        let found = unsafe { *table.add((hold & ((1 << self.root) - 1)) as usize) };
        if !entry::is_subtable(found) {
            return found;
        }
        let index = (hold >> entry::bits(found)) & ((1 << entry::code_bits(found)) - 1);
        // SAFETY: a subtable has an entry for each of its indices.
        unsafe { *table.add(entry::start(found) + index as usize) }
    }

    /// The first literal of an entry that has one, and the bits of its code.
    #[inline(always)]
    fn first_literal(&self, found: u32) -> (u8, u32) {
        let literal = (found >> 16) as u8;
        if !self.paired {
            return (literal, entry::code_bits(found));
        }
        // SAFETY: the lengths are those of the table, and all have been read.
        let lengths = unsafe { self.tables.lengths.assume_init_ref() };
        (literal, lengths[usize::from(literal)].into())
    }

    /// The distance whose code begins with the low bits, as its base and its extra bits, or `None`
    /// if there is none; and the bits of the code.
    #[inline(always)]
    pub(super) fn distance_at(&self, hold: u64) -> (Option<(u32, u32)>, u32) {
        // SAFETY: the tables are within what the pointer points to.
        let table = unsafe { &raw const (*self.pair()).distances }.cast::<u32>();
        let index = hold & ((1 << tables::DISTANCE_ROOT) - 1);
        // SAFETY: the table is built when symbols are read, and has an entry for each index.
        let mut found = unsafe { *table.add(index as usize) };
        if found & (distance::SPECIAL | distance::INVALID) == distance::SPECIAL {
            let index = (hold >> entry::bits(found)) & ((1 << entry::code_bits(found)) - 1);
            // SAFETY: a subtable has an entry for each of its indices.
            found = unsafe { *table.add((found >> 16) as usize + index as usize) };
        }
        let bits = entry::code_bits(found);
        if found & distance::SPECIAL != 0 {
            return (None, bits);
        }
        (Some((found >> 16, entry::bits(found) - entry::code_bits(found))), bits)
    }

    /// Decodes symbols until the mode is another one, or a reason to stop.
    #[inline(never)]
    pub(super) fn symbols(&mut self, cursor: &mut Cursor, around: &Around<'_>) -> Option<Stop> {
        // A copy that nothing points to, so that it can be in registers.
        let mut own = *cursor;
        let stop = self.symbols_of(&mut own, around);
        *cursor = own;
        stop
    }

    #[inline(always)]
    fn symbols_of(&mut self, cursor: &mut Cursor, around: &Around<'_>) -> Option<Stop> {
        loop {
            if cursor.input_left() >= WORTH_A_LOOP + cursor.missing() && cursor.room() > fast::ROOM
            {
                let mut shared = *cursor;
                let outcome = self.many_symbols(&mut shared, around);
                *cursor = shared;
                if outcome == Outcome::BlockEnd {
                    self.back = -1;
                    self.mode = Mode::Boundary;
                    return None;
                }
            }
            if cursor.bits < 48 {
                cursor.refill();
            }
            let (bits_before, room) = (cursor.bits, cursor.room());
            let found = self.symbol_at(cursor.hold);
            let mut bits = entry::code_bits(found);
            let stop = if entry::literals(found) != 0 {
                let byte;
                (byte, bits) = self.first_literal(found);
                if bits > cursor.bits {
                    self.back = 0;
                    return Some(Stop::Input);
                }
                cursor.skip(bits);
                if room != 0 {
                    // SAFETY: there is room.
                    unsafe { cursor.out.write(byte) };
                    cursor.out = cursor.out.wrapping_add(1);
                    continue;
                }
                self.length = byte.into();
                self.mode = Mode::Literal;
                Stop::Room
            } else if bits > cursor.bits {
                self.back = 0;
                return Some(Stop::Input);
            } else if found & entry::SPECIAL == 0 {
                cursor.skip(bits);
                self.length = (found >> 24) + 3;
                let extra = entry::bits(found) - bits;
                if cursor.bits < 5 + 28 {
                    // Perhaps not all of it is there.
                    self.back = bits as i32;
                    self.extra = extra as u8;
                    self.mode = Mode::LengthExtra;
                    return None;
                }
                self.length += cursor.peek(extra);
                cursor.skip(extra);
                match self.whole_match(cursor, around, bits + extra) {
                    None => continue,
                    Some((stop, all)) => {
                        bits = all;
                        stop
                    }
                }
            } else {
                cursor.skip(bits);
                if found & entry::KIND == entry::END {
                    self.back = -1;
                    self.mode = Mode::Boundary;
                    return None;
                }
                Stop::Bad(c"invalid literal/length code")
            };
            // zlib decodes without looking at each bit's arrival as long as there is enough of
            // both; what `mark` shows then stays what it was.
            let before = Cursor { bits: bits_before, ..*cursor };
            let roomy = before.input_left() + before.spare_bytes(0) >= 6 && room >= 258;
            if !roomy {
                self.back = bits as i32;
            }
            return Some(stop);
        }
    }

    /// Decodes a distance of which all bits are there, and copies the match; `bits` are before it.
    /// What stops that, and with how many bits.
    #[inline(always)]
    fn whole_match(
        &mut self,
        cursor: &mut Cursor,
        around: &Around<'_>,
        bits: u32,
    ) -> Option<(Stop, u32)> {
        self.whole = self.length;
        let (symbol, code_bits) = self.distance_at(cursor.hold);
        cursor.skip(code_bits);
        let bits = bits + code_bits;
        let Some((base, extra)) = symbol else {
            return Some((Stop::Bad(c"invalid distance code"), bits));
        };
        self.distance = base + cursor.peek(extra);
        cursor.skip(extra);
        let bits = bits + extra;
        self.mode = Mode::Match;
        while self.mode == Mode::Match {
            if cursor.room() == 0 {
                return Some((Stop::Room, bits));
            }
            if !self.is_in_reach(cursor, around.window) {
                return Some((Stop::Bad(c"invalid distance too far back"), bits));
            }
            self.copy_match(cursor, around);
        }
        None
    }

    /// Decodes symbols in the fast loop as far as there is input for it. There is room.
    #[inline(never)]
    fn many_symbols(&mut self, cursor: &mut Cursor, around: &Around<'_>) -> Outcome {
        let in_place = (cursor.next as usize) < cursor.out_end as usize
            && (cursor.out as usize) < cursor.end as usize;
        // The loop may give back all whole bytes that are in the bit buffer.
        if cursor.spare_bytes(0) != (cursor.bits >> 3) as usize {
            Outcome::Limit
        } else if !in_place && cursor.input_left() <= COPIED_MOST {
            self.last_symbols(cursor, around)
        } else if cursor.input_left() > fast::INPUT {
            self.fast_symbols(cursor, around, in_place)
        } else {
            Outcome::Limit
        }
    }

    /// Decodes symbols in the fast loop where there is enough input for a turn, but not for its wide
    /// reads: from a copy with zeros behind it.
    fn last_symbols(&mut self, cursor: &mut Cursor, around: &Around<'_>) -> Outcome {
        let left = cursor.input_left();
        let mut copy = [0u8; COPIED_MOST + 1 + fast::INPUT];
        // SAFETY: so much input is there, and it is no more than `COPIED_MOST`.
        unsafe { copy.as_mut_ptr().copy_from_nonoverlapping(cursor.next, left) };
        let begin = copy.as_ptr();
        // No turn begins with less than `TURN` bytes left.
        let end = begin.wrapping_add(left - fast::TURN + 1 + fast::INPUT);
        let mut within = Cursor { next: begin, end, ..*cursor };
        let outcome = self.fast_symbols(&mut within, around, false);
        let used = (within.next as usize).wrapping_sub(begin as usize) as isize;
        // Zeros may have been taken, but not used.
        let over = 8 * (used - left as isize).max(0) as u32;
        let bits = within.bits - over;
        let next = cursor.next.wrapping_offset(used.min(left as isize));
        *cursor = Cursor { next, bits, out: within.out, ..*cursor };
        cursor.hold = within.hold & ((1 << bits) - 1);
        outcome
    }

    /// Decodes symbols in the fast loop, whose conditions are met.
    fn fast_symbols(
        &mut self,
        cursor: &mut Cursor,
        around: &Around<'_>,
        in_place: bool,
    ) -> Outcome {
        /// The largest distance.
        const WINDOW: usize = 1 << 15;
        let Around { window, variants, .. } = *around;
        let task = Task {
            tables: self.pair(),
            root: self.root.into(),
            window,
            limit: cursor.out_end.wrapping_sub(fast::ROOM),
        };
        if !in_place && !window.is_output() {
            // Where matches are long, it costs less to copy them exactly than to save what lies
            // behind them.
            let (loops, slop) = match self.long {
                true => (&variants.exact, 0),
                false => (&variants.sloppy, fast::SLOP),
            };
            let end = task.limit.wrapping_sub(slop);
            while cursor.input_left() > fast::INPUT && cursor.out < end {
                // Behind the window's size all distances are within the output.
                let in_window = window.have != 0 && cursor.produced() < WINDOW;
                let limit = match in_window {
                    true => end.min(cursor.out_start.wrapping_add(WINDOW)),
                    false => end,
                };
                let decode = loops[usize::from(in_window)][usize::from(self.paired)];
                // SAFETY: the tables are built; the caller has looked at the buffer, the line above
                // at the input, and the limit is far enough from the end.
                let outcome = unsafe { decode(&Task { limit, ..task }, cursor) };
                if outcome != Outcome::Limit {
                    return outcome;
                }
            }
            if cursor.input_left() <= fast::INPUT || cursor.out >= task.limit {
                return Outcome::Limit;
            }
        }
        // The window is the output where a caller brings it; then only distances that stay in this
        // round's output are for the fast loop.
        let in_window = window.have != 0 && !window.is_output();
        let decode = variants.exact[usize::from(in_window)][usize::from(self.paired)];
        // SAFETY: the tables are built; the caller has looked at input and buffer, and there is room
        // up to the limit.
        unsafe { decode(&task, cursor) }
    }

    /// Whether the match's distance is within what is left of the output so far. Of output that
    /// goes to the window itself no more than its size is left.
    pub(super) fn is_in_reach(&self, cursor: &Cursor, window: &Window) -> bool {
        let distance = self.distance as usize;
        distance <= cursor.produced() + window.have as usize
            && (!window.is_output() || distance <= window.size as usize)
    }

    /// Copies as much of the match as there is room for, or as is in one piece.
    pub(super) fn copy_match(&mut self, cursor: &mut Cursor, around: &Around<'_>) {
        let window = around.window;
        let distance = self.distance as usize;
        let mut count = (self.length as usize).min(cursor.room());
        let produced = cursor.produced();
        // The window as output may have the source ahead of where it goes.
        let mut may_overlap = false;
        let from = match distance.checked_sub(produced) {
            Some(back @ 1..) => {
                let (from, piece) = window.back(back);
                count = count.min(piece);
                may_overlap = window.is_output();
                from
            }
            _ => cursor.out.wrapping_sub(distance).cast_const(),
        };
        // SAFETY: there is room for `count` bytes, at most those of a match. So many are in the window, no
        // more than `distance`; or they are output, of which the first `distance` bytes were there
        // before. The variant is one for this CPU.
        unsafe {
            if count < WORTH_A_CALL || may_overlap {
                copy::byte_by_byte(cursor.out, from, count);
            } else {
                (around.variants.copy)(cursor.out, from, distance, count);
            }
        }
        cursor.out = cursor.out.wrapping_add(count);
        self.length -= count as u32;
        if self.length == 0 {
            self.mode = Mode::Symbol;
        }
    }
}
