//! Which positions of the window are inserted, to be found later, and zlib's list of them.

use core::ops::Range;

use super::chain::hash::Hash;
use super::chain::list::{FEW, List};
use super::chain::newest::Newest;
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
    late: Range<usize>,
    /// Where a table of the newest positions stands in for `head`.
    marks: Option<Marks>,
    /// From here on, every position up to the next one to insert is inserted.
    solid_from: usize,
    /// What the last call has left of the positions that it knew ahead.
    left: Option<Left>,
}

/// What says which positions have been inserted since a table of the newest ones, [`Newest`], stands in
/// for `head`, which is as it was then.
#[derive(Clone, Debug)]
struct Marks {
    /// Of these positions, `prev` says whether they are.
    marked: Range<usize>,
    /// These are as well, but are not in the table yet.
    waiting: Range<usize>,
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
            marks: None,
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
        self.marks = None;
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
            self.marks = None;
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
        if !self.late.is_empty() || self.marks.is_some() {
            self.catch_up(window.known());
        }
    }

    /// Clears what was not needed for a short input, before the window moves.
    pub fn clear_all(&mut self, window: &Window) {
        if self.marks.is_none() && !self.clear && self.cleared_for != usize::MAX {
            self.catch_up(window.known());
        }
    }

    #[cold]
    fn catch_up(&mut self, window: &[u8]) {
        let strings = |len: usize| len.saturating_sub(MIN_MATCH - 1);
        if let Some(marks) = self.marks.take() {
            return self.give_back(window, marks);
        }
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
            self.clear_head();
        }
        if !late.is_empty() {
            // Older ones are overwritten in `prev`, and too far back now.
            let from = late.start.max(late.end.saturating_sub(self.window_size as usize));
            self.as_it_is().insert_all(window, from, late.end);
        }
    }

    fn clear_head(&mut self) {
        self.clear = false;
        // SAFETY: there are as many.
        unsafe { self.head.write_bytes(0, self.entries()) };
    }

    /// Whether no position is inserted.
    pub fn is_empty(&self) -> bool {
        self.clear && self.late.is_empty() && self.marks.is_none()
    }

    /// Whether a table of the newest positions stands in for the list's heads.
    pub fn has_newest(&self) -> bool {
        self.marks.is_some()
    }

    /// From now on, a table of the newest positions in `memory` stands in for the list's heads, until
    /// the list is asked for.
    pub fn begin_newest(&mut self, memory: &mut [u16], window: &Window) {
        let next = window.pos - window.insert;
        let none = self.clear && self.late.is_empty();
        if !none {
            self.list(window.known());
            self.clear_all(window);
        }
        self.set_prev(window.end());
        self.marks = Some(Marks { marked: next..next, waiting: 0..0 });
        self.cleared_for = 0;
        let heads = if none {
            &[]
        } else {
            // SAFETY: there are as many entries, all of which have a value now.
            unsafe { core::slice::from_raw_parts(self.head, self.entries()) }
        };
        self.table(memory).take_over(heads, next);
    }

    /// The table, which was begun in `memory` and is there as it was left. To be left by
    /// [`Positions::leave_newest`].
    pub fn newest<'a>(&'a mut self, memory: &'a mut [u16], window: &[u8]) -> Newest<'a> {
        let mut waiting = 0..0;
        if let Some(marks) = &mut self.marks {
            waiting = core::mem::replace(&mut marks.waiting, 0..0);
        }
        let mut newest = self.table(memory);
        newest.insert_all(window, waiting.start, waiting.end);
        newest
    }

    /// Moves the positions in the table down, after [`Positions::slide`].
    pub fn slide_newest(&mut self, memory: &mut [u16]) {
        self.table(memory).slide();
    }

    fn table<'a>(&'a mut self, memory: &'a mut [u16]) -> Newest<'a> {
        let marked = self.marks.as_ref().map_or(0, |marks| marks.marked.end);
        // SAFETY: there are as many entries. Those that were never written are not used.
        let prev = unsafe { core::slice::from_raw_parts_mut(self.prev, self.window_size as usize) };
        Newest::again(memory, prev, Hash::new(self.bits), marked)
    }

    /// After [`Positions::newest`]: what [`Newest::marked`] says.
    pub fn leave_newest(&mut self, marked: usize) {
        if let Some(marks) = &mut self.marks {
            marks.marked.end = marked;
            // The marks are values.
            self.prev_set = self.prev_set.max(marked.min(self.window_size as usize));
        }
    }

    /// Makes the list's heads what they are by the marks.
    fn give_back(&mut self, window: &[u8], marks: Marks) {
        if self.clear {
            self.clear_head();
        }
        self.cleared_for = usize::MAX;
        let mut list = self.as_it_is();
        list.take_back(window, marks.marked);
        list.insert_all(window, marks.waiting.start, marks.waiting.end);
    }

    /// Moves all positions down by the window's size, which forgets those below.
    pub fn slide(&mut self) {
        self.left = None;
        let by = self.window_size as usize;
        self.solid_from = self.solid_from.saturating_sub(by);
        let down =
            |range: &Range<usize>| range.start.saturating_sub(by)..range.end.saturating_sub(by);
        self.late = down(&self.late);
        if let Some(marks) = &mut self.marks {
            *marks = Marks { marked: down(&marks.marked), waiting: down(&marks.waiting) };
            // All that the list has is below it.
            let gone = marks.marked.start == 0;
            self.set_prev(by);
            self.clear |= gone;
            let heads_count = !self.clear;
            let mut list = self.as_it_is();
            list.slide_prev();
            if heads_count {
                list.slide_heads();
            }
        } else if !self.clear {
            self.set_prev(by);
            self.as_it_is().slide();
        }
    }

    /// The window has grown to `end` bytes, positions of which may be inserted now.
    pub fn grown(&mut self, end: usize) {
        if !self.clear || self.marks.is_some() {
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
        let prev_counts = !other.clear || other.marks.is_some();
        // SAFETY: both have as many entries, in memory of their own.
        unsafe {
            if !other.clear {
                core::ptr::copy_nonoverlapping(other.head, self.head, self.entries());
            }
            if prev_counts {
                core::ptr::copy_nonoverlapping(other.prev, self.prev, self.window_size as usize);
            }
        }
        let late = other.late.clone();
        *self = Positions {
            head: self.head,
            prev: self.prev,
            prev_set: if prev_counts { other.prev_set } else { 0 },
            late,
            marks: other.marks.clone(),
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
        let in_order = |range: &Range<usize>| !range.is_empty() && range.end == pos;
        let as_usual = self.is_at(window, pos);
        if let Some(marks) = &mut self.marks
            && (marks.waiting.is_empty() || in_order(&marks.waiting))
            && as_usual
        {
            let from = if marks.waiting.is_empty() { pos } else { marks.waiting.start };
            marks.waiting = from..pos + 1;
            self.start(window, pos + 1);
        } else if in_order(&self.late) {
            self.late.end += 1;
            self.start(window, pos + 1);
        } else {
            self.insert(window, pos);
        }
    }
}
