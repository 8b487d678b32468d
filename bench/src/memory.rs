//! An allocator that counts, for the interfaces that take one.

use std::alloc::{Layout, alloc, dealloc};
use std::cell::Cell;
use std::ffi::c_void;
use std::ptr;

use bench::job::Memory;

/// Each block begins with its size; libraries may want cache lines of 64.
const HEADER: usize = 64;

/// What was asked for, in bytes as asked.
#[derive(Default)]
pub struct Count {
    /// Held now.
    pub live: Cell<usize>,
    /// The most ever held.
    pub peak: Cell<usize>,
    /// How many allocations there were.
    pub allocations: Cell<usize>,
}

impl Count {
    /// The figure of an object that is gone: all that was taken must have been given back.
    pub fn figure(&self, library: &str, object: &str, made: usize) -> Result<Memory, String> {
        match self.live.get() {
            0 => Ok(Memory {
                library: library.to_owned(),
                object: object.to_owned(),
                made,
                peak: self.peak.get(),
                allocations: Some(self.allocations.get()),
            }),
            left => Err(format!("{library}: {object}: {left} bytes not freed")),
        }
    }

    /// `size` bytes, or null.
    pub fn alloc(&self, size: usize) -> *mut c_void {
        let Ok(layout) = Layout::from_size_align(size + HEADER, HEADER) else {
            return ptr::null_mut();
        };
        // SAFETY: the layout is not empty; a block has room for its size at the start.
        unsafe {
            let block = alloc(layout);
            if block.is_null() {
                return ptr::null_mut();
            }
            block.cast::<usize>().write(size);
            self.live.set(self.live.get() + size);
            self.peak.set(self.peak.get().max(self.live.get()));
            self.allocations.set(self.allocations.get() + 1);
            block.add(HEADER).cast()
        }
    }

    /// Gives back what `alloc` gave; null is left alone.
    ///
    /// # Safety
    /// `address` is null or from this count's `alloc`, once.
    pub unsafe fn free(&self, address: *mut c_void) {
        if address.is_null() {
            return;
        }
        // SAFETY: as the caller promises, the size is before it and the layout the one above.
        unsafe {
            let block = address.cast::<u8>().sub(HEADER);
            let size = block.cast::<usize>().read();
            self.live.set(self.live.get() - size);
            dealloc(block, Layout::from_size_align_unchecked(size + HEADER, HEADER));
        }
    }
}

/// What this process holds of malloc's memory, in bytes: for what takes no allocator.
pub fn malloc_holds() -> usize {
    // SAFETY: mallinfo2 has no preconditions.
    let info = unsafe { libc::mallinfo2() };
    info.uordblks + info.hblkhd
}
