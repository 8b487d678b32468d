//! A stream's memory: what zlib asks for, in the same pieces.

use core::ffi::{c_uint, c_void};

use super::{Config, Deflate, Flush, Io, Strm};
use crate::alloc::Allocator;
use crate::codes::Code;
use crate::io::{Room, Step};

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
        let request = |items: u32, size: u32| -> *mut u8 {
            // SAFETY: whoever makes an allocator lets it be called.
            unsafe { (allocator.zalloc)(allocator.opaque, items as c_uint, size as c_uint) }.cast()
        };
        let window = 1u32 << window_bits;
        let (hashes, symbols) = (1u32 << (mem_level + 7), 1u32 << (mem_level + 6));
        let whole = core::ptr::fn_addr_eq(allocator.zalloc, Allocator::LIBC.zalloc);
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
                unsafe { (self.allocator.zfree)(self.allocator.opaque, *piece) };
            }
        }
    }
}

/// A compressor on memory of its own, with the caller's side of the stream.
pub struct Owned {
    place: *mut Deflate,
    strm: Strm<'static>,
}

// SAFETY: nobody else refers to what is behind the pointer.
unsafe impl Send for Owned {}

impl Owned {
    /// # Errors
    /// [`Code::StreamError`] for parameters out of range, [`Code::MemError`].
    pub fn new(config: Config) -> Result<Owned, Code> {
        let mut strm = Strm::new(Io::empty());
        // SAFETY: malloc takes any size, and what it gives is aligned for a state.
        unsafe {
            let place = libc::malloc(size_of::<Deflate>()).cast::<Deflate>();
            if place.is_null() {
                return Err(Code::MemError);
            }
            if let Err(code) = Deflate::init(place, config, Allocator::LIBC, &mut strm) {
                libc::free(place.cast());
                return Err(code);
            }
            Ok(Owned { place, strm })
        }
    }

    fn with<R>(
        &mut self,
        io: Io<'_>,
        call: impl FnOnce(&mut Deflate, &mut Strm<'_>) -> R,
    ) -> (R, Step) {
        let (avail_in, avail_out) = (io.avail_in(), io.avail_out());
        let mut strm = Strm { io, ..self.strm };
        // SAFETY: the state is there until `drop`.
        let result = call(unsafe { &mut *self.place }, &mut strm);
        let step = strm.io.step_since(avail_in, avail_out, Code::Ok);
        self.strm = Strm { io: Io::empty(), ..strm };
        (result, step)
    }

    /// Compresses from `input` to `output`; see zlib.h, `deflate`. At most `u32::MAX` bytes of
    /// either are looked at.
    pub fn deflate(&mut self, input: &[u8], output: &mut [u8], flush: Flush) -> Step {
        self.run(Io::new(input, Room::new(output)), flush)
    }

    /// Compresses what `io` holds; see zlib.h, `deflate`.
    pub fn run(&mut self, io: Io<'_>, flush: Flush) -> Step {
        let (code, step) = self.with(io, |deflate, strm| deflate.deflate(strm, flush));
        Step { code, ..step }
    }

    /// Changes level and strategy; what that flushes goes to `output` (zlib.h, `deflateParams`).
    pub fn params(&mut self, level: i32, strategy: i32, output: &mut [u8]) -> Step {
        let io = Io::new(&[], Room::new(output));
        let (code, step) = self.with(io, |deflate, strm| deflate.params(strm, level, strategy));
        Step { code, ..step }
    }

    /// Starts a new stream with the same parameters.
    pub fn reset(&mut self) {
        self.with(Io::empty(), |deflate, strm| deflate.reset(strm));
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: the state is not used again, and came from malloc.
        unsafe {
            core::ptr::drop_in_place(self.place);
            libc::free(self.place.cast());
        }
    }
}
