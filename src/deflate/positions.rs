//! Which positions of the window are inserted, to be found later, and zlib's list of them.

use super::chain::hash::Hash;
use super::chain::list::{FEW, List};
use super::left::Left;
use super::window::{MIN_MATCH, Window};

/// The inserted positions of a stream, in the stream's own memory.
pub(super) struct Positions {
    /// By hash, the last position.
    head: *mut u16,
    /// By position modulo the window's size, the one before with the same hash.
    prev: *mut u16,
    window_size: u32,
    bits: u32,
    /// The hash of the bytes that went into it last: zlib's `ins_h`. It is right for the next
    /// position in all but the oddest call sequences, and counts in those too.
    rolling: u32,
    /// Whether `head` is taken to be empty; it is cleared when that is needed.
    clear: bool,
    /// How much of the window may be there before the rest of `head` has to be cleared: a short
    /// input needs only the entries of its own strings.
    cleared_for: usize,
    /// How many entries of `prev` have a value: those of all positions that the list could have.
    prev_set: usize,
    /// Positions that count as inserted but are not in the list, which is empty then.
    late: core::ops::Range<usize>,
    /// From here on, every position up to the next one to insert is inserted.
    solid_from: usize,
    /// What the last call has left of the positions that it knew ahead.
    left: Option<Left>,
}

impl Positions {
    /// # Safety
    /// `head` is valid for `1 << bits` positions, `prev` for `window_size`, for as long as this is
    /// used.
    pub unsafe fn new(head: *mut u16, prev: *mut u16, window_size: u32, bits: u32) -> Positions {
        Positions {
            head,
            prev,
            window_size,
            bits,
            rolling: 0,
            clear: true,
            cleared_for: 0,
            prev_set: 0,
            late: 0..0,
            solid_from: 0,
            left: None,
        }
    }

    pub fn bits(&self) -> u32 {
        self.bits
    }

    pub fn hash(&self) -> Hash {
        Hash::new(self.bits)
    }

    /// Forgets all positions; `next` is the next to be inserted.
    pub fn forget(&mut self, next: usize) {
        self.clear = true;
        self.late = 0..0;
        self.solid_from = next;
        self.left = None;
    }

    /// What the last call has left, if the window has only grown since.
    pub fn take_left(&mut self) -> Option<Left> {
        self.left.take()
    }

    /// For the next call.
    pub fn leave(&mut self, left: Left) {
        self.left = Some(left);
    }

    /// Starts again, with no positions.
    pub fn reset(&mut self) {
        self.forget(0);
        self.rolling = 0;
    }

    /// From here on, every position up to the next one to insert is inserted.
    pub fn solid_from(&self) -> usize {
        self.solid_from
    }

    /// Some position before `next` may not have been inserted.
    pub fn skipped_before(&mut self, next: usize) {
        self.solid_from = next;
    }

    /// Whether all positions within `max_distance` of `pos`, and all behind it, are inserted.
    pub fn are_solid(&self, pos: usize, max_distance: usize) -> bool {
        // The first position is as good as not inserted.
        self.solid_from <= pos.saturating_sub(max_distance).max(1)
    }

    /// From now on the list is not kept up to date, and positions count as inserted by
    /// [`Positions::say_inserted`]. All before `next` that are within the max distance are inserted.
    pub fn leave_list(&mut self, next: usize) {
        if self.late.is_empty() {
            self.clear = true;
            self.late = self.solid_from.min(next)..next;
        }
    }

    /// After [`Positions::leave_list`]: up to `next`, all are inserted.
    pub fn say_inserted(&mut self, next: usize) {
        self.late.end = self.late.end.max(next);
    }

    fn entries(&self) -> usize {
        1 << self.bits
    }

    /// The list, up to date, for as much as there is of the window.
    #[inline(always)]
    pub fn list(&mut self, window: &[u8]) -> List<'_> {
        if self.clear || window.len() > self.cleared_for {
            self.catch_up(window);
        }
        self.as_it_is()
    }

    #[inline(always)]
    fn as_it_is(&mut self) -> List<'_> {
        // SAFETY: there are as many entries of both. Those that were never written are not used.
        let (head, prev) = unsafe {
            (
                core::slice::from_raw_parts_mut(self.head, self.entries()),
                core::slice::from_raw_parts_mut(self.prev, self.window_size as usize),
            )
        };
        List::new(self.hash(), head, prev)
    }

    /// Brings the list up to date, and all of it, before the window moves or changes.
    pub fn settle(&mut self, window: &Window) {
        self.left = None;
        self.clear_all(window);
        if !self.late.is_empty() {
            self.catch_up(window.known());
        }
    }

    /// Clears what was not needed for a short input, before the window moves.
    pub fn clear_all(&mut self, window: &Window) {
        if !self.clear && self.cleared_for != usize::MAX {
            self.catch_up(window.known());
        }
    }

    #[cold]
    fn catch_up(&mut self, window: &[u8]) {
        let strings = |len: usize| len.saturating_sub(MIN_MATCH - 1);
        if !self.clear {
            let before = strings(core::mem::replace(&mut self.cleared_for, usize::MAX));
            return self.as_it_is().clear_rest(window, 0, before);
        }
        self.clear = false;
        self.set_prev(window.len());
        let late = core::mem::replace(&mut self.late, 0..0);
        if strings(window.len()) <= FEW {
            self.cleared_for = window.len();
            self.as_it_is().clear_at(window, 0, strings(window.len()));
        } else {
            self.cleared_for = usize::MAX;
            // SAFETY: there are as many.
            unsafe { self.head.write_bytes(0, self.entries()) };
        }
        if !late.is_empty() {
            // Older ones are overwritten in `prev`, and too far back now.
            let from = late.start.max(late.end.saturating_sub(self.window_size as usize));
            self.as_it_is().insert_all(window, from, late.end);
        }
    }

    /// Moves all positions down by the window's size, which forgets those below.
    pub fn slide(&mut self) {
        self.left = None;
        let by = self.window_size as usize;
        self.solid_from = self.solid_from.saturating_sub(by);
        self.late = self.late.start.saturating_sub(by)..self.late.end.saturating_sub(by);
        if !self.clear {
            self.set_prev(by);
            self.as_it_is().slide();
        }
    }

    /// The window has grown to `end` bytes, positions of which may be inserted now.
    pub fn grown(&mut self, end: usize) {
        if !self.clear {
            self.set_prev(end);
        }
    }

    /// Gives the entries of `prev` for the positions before `end` a value: [`List::slide`] reads all
    /// of them, and those of positions that were never inserted have none.
    fn set_prev(&mut self, end: usize) {
        let end = end.min(self.window_size as usize);
        if self.prev_set < end {
            // SAFETY: there are as many entries as the window has positions.
            unsafe { self.prev.add(self.prev_set).write_bytes(0, end - self.prev_set) };
            self.prev_set = end;
        }
    }

    /// Takes over what `other`, which is as large, holds.
    pub fn copy_from(&mut self, other: &Positions) {
        debug_assert_eq!((self.bits, self.window_size), (other.bits, other.window_size));
        if !other.clear {
            // SAFETY: both have as many entries, in memory of their own.
            unsafe {
                core::ptr::copy_nonoverlapping(other.head, self.head, self.entries());
                core::ptr::copy_nonoverlapping(other.prev, self.prev, self.window_size as usize);
            }
        }
        let late = other.late.clone();
        *self = Positions {
            head: self.head,
            prev: self.prev,
            prev_set: if other.clear { 0 } else { other.prev_set },
            late,
            left: other.left.clone(),
            ..*other
        };
    }

    fn shift(&self) -> u32 {
        self.bits.div_ceil(3)
    }

    fn of_two(&self, window: &Window, pos: usize) -> u32 {
        let [first, second] = window.two(pos);
        (u32::from(first) << self.shift() ^ u32::from(second)) & (self.entries() as u32 - 1)
    }

    /// Starts the hash with the two bytes at `pos`.
    pub fn start(&mut self, window: &Window, pos: usize) {
        self.rolling = self.of_two(window, pos);
    }

    /// Whether the hash is that of the two bytes at `pos`, as far as the third one leaves it. It
    /// always is, but where `deflateResetKeep` has left a lookahead behind for another strategy.
    pub fn is_at(&self, window: &Window, pos: usize) -> bool {
        let mask = self.entries() as u32 - 1;
        ((self.rolling ^ self.of_two(window, pos)) << self.shift()) & mask == 0
    }

    /// Inserts `pos`, for which the hash was started or that follows the last one, and of which
    /// three bytes are there; gives the last position with the same hash, or 0.
    pub fn insert(&mut self, window: &Window, pos: usize) -> usize {
        let bytes = window.known();
        let mask = self.entries() as u32 - 1;
        let third = bytes[pos + MIN_MATCH - 1];
        let hash = (self.rolling << self.shift() ^ u32::from(third)) & mask;
        let in_order = hash as usize == self.hash().at(bytes, pos);
        if !in_order {
            // The entry may not be one of the input's strings.
            self.list(bytes);
            self.clear_all(window);
        }
        self.rolling = hash;
        self.list(bytes).link(hash as usize, pos)
    }

    /// As [`Positions::insert`], for all positions `from..to`.
    pub fn insert_all(&mut self, window: &Window, from: usize, to: usize) {
        if self.is_at(window, from) {
            let bytes = window.known();
            self.list(bytes).insert_all(bytes, from, to);
            self.start(window, to);
        } else {
            for pos in from..to {
                self.insert(window, pos);
            }
        }
    }

    /// As [`Positions::insert`], for a position that is not searched for now.
    pub fn insert_waiting(&mut self, window: &Window, pos: usize) {
        if !self.late.is_empty() && self.late.end == pos {
            self.late.end += 1;
            self.start(window, pos + 1);
        } else {
            self.insert(window, pos);
        }
    }
}
