//! A stream's memory: what zlib asks for, in the same pieces.

use core::ffi::c_void;

use crate::alloc::Allocator;
use crate::codes::Code;

/// The buffers of a stream, from the caller's allocator.
pub(super) struct Memory {
    allocator: Allocator,
    /// Two windows.
    pub window: *mut u8,
    /// For each position of the window, the one before with the same hash.
    pub prev: *mut u16,
    /// For each hash, the last position.
    pub head: *mut u16,
    /// Output that waits, and a block's symbols.
    pub pending: *mut u8,
    /// Whether they are one piece, which begins with the window.
    whole: bool,
    window_bits: u32,
    mem_level: u32,
}

impl Memory {
    /// zlib's four requests; from malloc it is one, of as many bytes. malloc gives pieces of this
    /// size back to the system, and gets them from there again for the next stream, but learns not
    /// to with one piece of more than 128 KiB.
    ///
    /// # Errors
    /// [`Code::MemError`].
    pub fn new(allocator: Allocator, window_bits: u32, mem_level: u32) -> Result<Memory, Code> {
        let request = |items, size| allocator.allocate(items, size).cast::<u8>();
        let window = 1u32 << window_bits;
        let (hashes, symbols) = (1u32 << (mem_level + 7), 1u32 << (mem_level + 6));
        let whole = allocator.is_libc();
        let [window, prev, head, pending] = if whole {
            let first = request(1, window * 4 + hashes * 2 + symbols * 4);
            let at = |offset: u32| {
                let null = first.is_null();
                if null { first } else { first.wrapping_add(offset as usize) }
            };
            [first, at(window * 2), at(window * 4), at(window * 4 + hashes * 2)]
        } else {
            // All of them, also when one has failed.
            [request(window, 2), request(window, 2), request(hashes, 2), request(symbols, 4)]
        };
        let (prev, head) = (prev.cast(), head.cast());
        let memory =
            Memory { allocator, window, prev, head, pending, whole, window_bits, mem_level };
        // What there is of it is given back here.
        if memory.pieces().iter().any(|piece| piece.is_null()) {
            return Err(Code::MemError);
        }
        Ok(memory)
    }

    /// As much again, from `allocator`.
    ///
    /// # Errors
    /// [`Code::MemError`].
    pub fn another(&self, allocator: Allocator) -> Result<Memory, Code> {
        Memory::new(allocator, self.window_bits, self.mem_level)
    }

    /// How many symbols a block may have, and one: a quarter of the pending buffer.
    pub fn symbols(&self) -> u32 {
        1 << (self.mem_level + 6)
    }

    pub fn set_allocator(&mut self, allocator: Allocator) {
        self.allocator = allocator;
    }

    /// In the order in which zlib gives them back.
    fn pieces(&self) -> [*mut c_void; 4] {
        [self.pending.cast(), self.head.cast(), self.prev.cast(), self.window.cast()]
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        let pieces = self.pieces();
        for piece in if self.whole { &pieces[3..] } else { &pieces } {
            if !piece.is_null() {
                // SAFETY: it came from this allocator, or from one that the caller has put in its
                // place.
                unsafe { self.allocator.free(*piece) };
            }
        }
    }
}
