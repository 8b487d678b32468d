//! The history that earlier calls have written: a ring of the latest output.

use crate::alloc::Allocator;

/// A copy may read so many bytes behind what it needs.
pub(super) const SLACK: usize = 64;

/// The ring. It is allocated when a call first leaves history behind, as in zlib.
#[derive(Debug)]
pub(super) struct Window {
    data: *mut u8,
    /// What there is room for at `data`; 0 if it is the caller's.
    allocated: u32,
    /// Where `data` comes from.
    allocator: Allocator,
    /// What it holds at most, a power of two; 0 until the stream first needs it.
    pub size: u32,
    /// How many bytes of it are history.
    pub have: u32,
    /// Where the next byte goes.
    pub next: u32,
}

impl Window {
    /// A window that takes its memory from `allocator`.
    pub fn new(allocator: Allocator) -> Window {
        let data = core::ptr::null_mut();
        Window { data, allocated: 0, allocator, size: 0, have: 0, next: 0 }
    }

    /// A window that is the caller's, of which the first `have` bytes in a ring of `size` are the
    /// history; the next byte goes to its beginning.
    pub fn around(data: *mut u8, size: u32, have: u32) -> Window {
        Window { data, allocated: 0, allocator: Allocator::LIBC, size, have, next: 0 }
    }

    /// From here on memory comes from `allocator` and goes back to it.
    pub fn set_allocator(&mut self, allocator: Allocator) {
        self.allocator = allocator;
    }

    pub fn data(&self) -> *const u8 {
        self.data
    }

    /// Whether it is the memory that the output goes to.
    pub fn is_output(&self) -> bool {
        self.allocated == 0 && !self.data.is_null()
    }

    /// Forgets the history.
    pub fn clear(&mut self) {
        (self.size, self.have, self.next) = (0, 0, 0);
    }

    /// Gives the memory back.
    pub fn free(&mut self) {
        if core::mem::take(&mut self.allocated) != 0 {
            // SAFETY: it came from this allocator, or from the one in whose place it is, and is
            // given back once.
            unsafe { self.allocator.free(self.data.cast()) };
        }
        self.data = core::ptr::null_mut();
    }

    /// Has the memory for a history of `1 << bits` from now on; whether there is.
    pub fn reserve(&mut self, bits: u32) -> bool {
        self.allocate(1 << bits)
    }

    /// Room for `size` bytes; whether there is.
    fn allocate(&mut self, size: u32) -> bool {
        if self.allocated >= size {
            return true;
        }
        self.free();
        self.data = self.allocator.allocate(size + SLACK as u32, 1).cast();
        if !self.data.is_null() {
            self.allocated = size;
        }
        !self.data.is_null()
    }

    /// Makes the `count` bytes in front of `end` the latest of a history of `1 << bits`; false if
    /// there is no memory for it.
    ///
    /// # Safety
    /// The bytes are readable and not in the window.
    pub unsafe fn append(&mut self, end: *const u8, count: usize, bits: u32) -> bool {
        if !self.allocate(if self.size == 0 { 1 << bits } else { self.size }) {
            return false;
        }
        if self.size == 0 {
            self.size = 1 << bits;
            (self.have, self.next) = (0, 0);
        }
        let size = self.size as usize;
        let count = if count >= size {
            self.next = 0;
            size
        } else {
            count
        };
        let next = self.next as usize;
        let first = count.min(size - next);
        // SAFETY: the bytes are readable by this function's contract, and both pieces are within
        // the window.
        unsafe {
            let from = end.sub(count);
            self.data.add(next).copy_from_nonoverlapping(from, first);
            if first != count {
                self.data.copy_from_nonoverlapping(from.add(first), count - first);
            }
        }
        self.next = ((next + count) & (size - 1)) as u32;
        self.have = (self.have as usize + count).min(size) as u32;
        true
    }

    /// The history's bytes, the oldest first, in two pieces.
    pub fn pieces(&self) -> [(*const u8, usize); 2] {
        let (have, next) = (self.have as usize, self.next as usize);
        if have == 0 {
            return [(self.data, 0); 2];
        }
        let newest = next.min(have);
        let data = self.data.cast_const();
        [(data.wrapping_add(next), have - newest), (data, newest)]
    }

    /// What lies `back` bytes before the window's end, and how many bytes follow there in one
    /// piece.
    #[inline(always)]
    pub fn back(&self, back: usize) -> (*const u8, usize) {
        let next = self.next as usize;
        let (place, piece) = match next.checked_sub(back) {
            Some(place) => (place, back),
            None => (self.size as usize + next - back, back - next),
        };
        (self.data.wrapping_add(place), piece)
    }

    /// A second one with the same bytes, or `None` if there is no memory for it.
    pub fn try_clone(&self) -> Option<Window> {
        let mut copy = Window { size: self.size, have: self.have, ..Window::new(self.allocator) };
        copy.next = self.next;
        if self.allocated != 0 {
            if !copy.allocate(self.allocated) {
                return None;
            }
            // SAFETY: both have `allocated` bytes, of which the first `have` have values.
            unsafe { copy.data.copy_from_nonoverlapping(self.data, self.have as usize) };
        }
        Some(copy)
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        self.free();
    }
}
