//! Memory between two pages that fault on any access.

use core::{ptr, slice};

/// A few pages between two that may not be touched.
pub struct Guarded {
    mapping: *mut u8,
    page: usize,
    room: usize,
}

impl Guarded {
    /// Room for at least `length` bytes.
    pub fn new(length: usize) -> Guarded {
        // SAFETY: sysconf has no preconditions.
        let page = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap();
        let room = length.next_multiple_of(page);
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: a new mapping wherever the kernel likes, then access to its middle.
        let mapping = unsafe {
            let mapping =
                libc::mmap(ptr::null_mut(), room + 2 * page, libc::PROT_NONE, flags, -1, 0);
            assert_ne!(mapping, libc::MAP_FAILED);
            let middle = mapping.byte_add(page);
            assert_eq!(libc::mprotect(middle, room, libc::PROT_READ | libc::PROT_WRITE), 0);
            mapping.cast()
        };
        Guarded { mapping, page, room }
    }

    fn room(&mut self) -> &mut [u8] {
        // SAFETY: `room` bytes from the second page on are ours, readable and writable.
        unsafe { slice::from_raw_parts_mut(self.mapping.add(self.page), self.room) }
    }

    /// A copy of `data` whose last byte is the last one before a guard page.
    pub fn at_end(&mut self, data: &[u8]) -> &[u8] {
        let from = self.room - data.len();
        let place = &mut self.room()[from..];
        place.copy_from_slice(data);
        place
    }

    /// A copy of `data` whose first byte is the first one after a guard page.
    pub fn at_start(&mut self, data: &[u8]) -> &[u8] {
        let place = &mut self.room()[..data.len()];
        place.copy_from_slice(data);
        place
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // SAFETY: our own mapping, which nothing refers to any more.
        unsafe { libc::munmap(self.mapping.cast(), self.room + 2 * self.page) };
    }
}
