//! The sliding window: the last input, and the next.

pub(super) use super::chain::{MAX_MATCH, MIN_LOOKAHEAD, MIN_MATCH};
use super::strm::Strm;
use crate::format::Format;

/// Two window sizes of input. What was parsed lies before `pos`, `lookahead` bytes from there on.
pub(super) struct Window {
    bytes: *mut u8,
    /// Half of the memory, and the max distance that zlib's header announces.
    size: u32,
    /// Where the next symbol starts.
    pub pos: usize,
    /// How much input is there from `pos` on.
    pub lookahead: usize,
    /// Where the current block starts; negative once that has slid out.
    pub block_start: isize,
    /// How many positions before `pos` are to be inserted once there is input to hash them with.
    pub insert: usize,
    /// Up to here, all bytes have been written.
    high_water: usize,
}

impl Window {
    /// # Safety
    /// `bytes` is valid for two times `size` bytes for as long as this is used.
    pub unsafe fn new(bytes: *mut u8, size: u32) -> Window {
        Window { bytes, size, pos: 0, lookahead: 0, block_start: 0, insert: 0, high_water: 0 }
    }

    /// Starts again, empty. The memory keeps what it has.
    pub fn clear(&mut self) {
        (self.pos, self.lookahead, self.block_start, self.insert) = (0, 0, 0, 0);
    }

    pub fn size(&self) -> usize {
        self.size as usize
    }

    /// How much the memory holds.
    pub fn capacity(&self) -> usize {
        2 * self.size()
    }

    /// The farthest that a match may start before its copy.
    pub fn max_distance(&self) -> usize {
        self.size() - MIN_LOOKAHEAD
    }

    /// The end of the input that is there.
    pub fn end(&self) -> usize {
        self.pos + self.lookahead
    }

    /// All that was ever written, also behind the end of the input. zlib's memory has zeros behind that.
    pub fn written(&self) -> &[u8] {
        self.slice(0, self.high_water)
    }

    /// The bytes from `from` to `to`, which are there.
    pub fn slice(&self, from: usize, to: usize) -> &[u8] {
        assert!(from <= to && to <= self.high_water);
        // SAFETY: within what has been written.
        unsafe { core::slice::from_raw_parts(self.bytes.add(from), to - from) }
    }

    /// A byte that is there.
    pub fn byte(&self, at: usize) -> u8 {
        self.slice(at, at + 1)[0]
    }

    /// The byte before `at`; zero where there is none. That is asked for when a literal waits while,
    /// behind `deflateResetKeep`, other parsing and a full flush empty the window: zlib crashes then.
    pub fn byte_before(&self, at: usize) -> u8 {
        at.checked_sub(1).map_or(0, |before| self.byte(before))
    }

    /// All bytes that are there.
    pub fn known(&self) -> &[u8] {
        self.slice(0, self.end().min(self.high_water))
    }

    /// Two bytes, of which zeros stand for those that are not there.
    pub fn two(&self, at: usize) -> [u8; 2] {
        if at + 2 > self.high_water {
            return [0; 2];
        }
        // SAFETY: within what has been written.
        unsafe { self.bytes.add(at).cast::<[u8; 2]>().read() }
    }

    /// Makes sure that the lookahead is within what was written. It always is, but where
    /// `deflateResetKeep` and a change to level 0 have left some behind, over which that level
    /// moves on: zlib runs out of its window then.
    pub fn confine(&mut self) {
        self.lookahead = self.lookahead.min(self.high_water.saturating_sub(self.pos));
    }

    /// The current block's bytes, if they are still there, and their number.
    pub fn block(&self) -> (Option<*const u8>, usize) {
        let len = self.pos as isize - self.block_start;
        let start = usize::try_from(self.block_start).ok();
        (start.map(|start| self.bytes.wrapping_add(start).cast_const()), len as usize)
    }

    /// Whether the upper half has to move down before there is room for more input.
    pub fn must_slide(&self) -> bool {
        self.pos >= self.size() + self.max_distance()
    }

    /// Where parsing has to stop and look for more input, as less than `needed` bytes are ahead, or,
    /// where none is left (`to_the_end`), at the window's end, and before where the upper half would
    /// move down: a block's bytes may be gone then.
    pub fn stop(&self, to_the_end: bool, needed: usize) -> usize {
        let end = self.end();
        let ahead = (end + 1).saturating_sub(needed);
        if to_the_end { end.min(self.size() + self.max_distance()).max(ahead) } else { ahead }
    }

    /// Moves the upper half down. What points into the window is the caller's to change.
    pub fn slide(&mut self) {
        let size = self.size();
        let kept = (self.end()).saturating_sub(size).min(size);
        // SAFETY: both halves are within the memory.
        unsafe { core::ptr::copy_nonoverlapping(self.bytes.add(size), self.bytes, kept) };
        self.pos = self.pos.saturating_sub(size);
        self.block_start -= size as isize;
        self.insert = self.insert.min(self.pos);
    }

    /// Reads as much input as there is room for, behind the lookahead.
    pub fn read(&mut self, strm: &mut Strm<'_>, check: Option<Format>) {
        let end = self.end();
        let room = self.capacity().saturating_sub(end);
        // SAFETY: the memory goes on for `room` bytes from there.
        let read = unsafe { strm.read(self.bytes.wrapping_add(end), room, check) };
        self.lookahead += read;
        self.high_water = self.high_water.max(end + read);
    }

    /// Reads as much input as there is room for, as parsed; how much that was.
    pub fn read_parsed(&mut self, strm: &mut Strm<'_>, check: Option<Format>) -> usize {
        let room = self.capacity().saturating_sub(self.pos);
        // SAFETY: the memory goes on for `room` bytes from there.
        let read = unsafe { strm.read(self.bytes.wrapping_add(self.pos), room, check) };
        self.pos += read;
        self.high_water = self.high_water.max(self.pos);
        read
    }

    /// Appends `from`'s `len` bytes, for which there is room, as parsed.
    ///
    /// # Safety
    /// `from` is valid for reads of `len` bytes.
    pub unsafe fn append(&mut self, from: *const u8, len: usize) {
        let len = len.min(self.capacity().saturating_sub(self.pos));
        // SAFETY: within the memory by the line above.
        unsafe { core::ptr::copy(from, self.bytes.add(self.pos), len) };
        self.pos += len;
        self.high_water = self.high_water.max(self.pos);
    }

    /// Fills [`MAX_MATCH`] bytes behind the input with zeros, where nothing was written yet, since
    /// strings are compared some bytes at a time. With more input, they are overwritten.
    pub fn pad(&mut self) {
        let end = (self.end() + MAX_MATCH).min(self.capacity());
        if self.high_water < end {
            // SAFETY: within the memory by the line above.
            unsafe { self.bytes.add(self.high_water).write_bytes(0, end - self.high_water) };
            self.high_water = end;
        }
    }

    /// Takes over what `other`, which is as large, holds.
    pub fn copy_from(&mut self, other: &Window) {
        debug_assert_eq!(self.size, other.size);
        // SAFETY: both memories are as large, and not the same.
        unsafe { core::ptr::copy_nonoverlapping(other.bytes, self.bytes, other.high_water) };
        *self = Window { bytes: self.bytes, ..*other };
    }
}
