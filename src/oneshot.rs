//! Whole buffers in one call: what `compress` and `uncompress` of zlib.h do.

use crate::codes::{Code, Flush};
use crate::deflate::{Config, Owned};
use crate::inflate::with_zlib_stream;
use crate::io::Io;

/// A buffer of any length, handed out in pieces that 32 bits can count.
struct Pieces {
    next: *const u8,
    left: usize,
}

impl Pieces {
    fn take(&mut self) -> (*const u8, u32) {
        let len = u32::try_from(self.left).unwrap_or(u32::MAX);
        let piece = (self.next, len);
        self.next = self.next.wrapping_add(len as usize);
        self.left -= len as usize;
        piece
    }
}

/// The input and output of a call that goes on until an error or the end.
struct Whole<'a> {
    input: Pieces,
    output: Pieces,
    io: Io<'a>,
}

impl<'a> Whole<'a> {
    /// # Safety
    /// The pointers are valid for their lengths for `'a`, or the lengths are zero.
    unsafe fn new(source: *const u8, source_len: usize, dest: *mut u8, room: usize) -> Whole<'a> {
        Whole {
            input: Pieces { next: source, left: source_len },
            output: Pieces { next: dest, left: room },
            // SAFETY: nothing to read or write yet.
            io: unsafe { Io::from_raw(source, 0, dest, 0) },
        }
    }

    /// Calls `step` until it no longer says [`Code::Ok`]; it is told whether input is left beyond
    /// what it sees.
    fn run(&mut self, mut step: impl FnMut(&mut Io<'_>, bool) -> Code) -> Code {
        loop {
            let mut io = (self.io.next_in, self.io.avail_in, self.io.next_out, self.io.avail_out);
            if io.3 == 0 {
                let (next, len) = self.output.take();
                // A caller's null pointer stays one, where it has no room.
                (io.2, io.3) = (next.cast_mut(), len);
            }
            if io.1 == 0 {
                (io.0, io.1) = self.input.take();
            }
            // SAFETY: pieces of the caller's buffers, by `new`'s contract.
            self.io = unsafe { Io::from_raw(io.0, io.1, io.2, io.3) };
            let code = step(&mut self.io, self.input.left != 0);
            if code != Code::Ok {
                return code;
            }
        }
    }

    fn unread(&self) -> usize {
        self.input.left + self.io.avail_in as usize
    }

    fn unwritten(&self) -> usize {
        self.output.left + self.io.avail_out as usize
    }
}

/// Compresses to a zlib stream: the code, what was read, what was written (zlib.h, `compress2`).
///
/// # Safety
/// `source` is valid for `source_len` bytes, `dest` for `room`; either may be null with none.
pub unsafe fn compress(
    source: *const u8,
    source_len: usize,
    dest: *mut u8,
    room: usize,
    level: i32,
) -> (Code, usize, usize) {
    let mut deflate = match Owned::new(Config::new(level)) {
        Ok(deflate) => deflate,
        Err(code) => return (code, 0, 0),
    };
    // SAFETY: both buffers are as long as the caller says.
    let mut whole = unsafe { Whole::new(source, source_len, dest, room) };
    let code = whole.run(|io, more| {
        let flush = if more { Flush::None } else { Flush::Finish };
        let step = deflate.run(io.both(), flush);
        io.skip(step.consumed as u32);
        io.advance(step.produced as u32);
        step.code
    });
    let code = if code == Code::StreamEnd { Code::Ok } else { code };
    (code, source_len - whole.unread(), room - whole.unwritten())
}

/// Decompresses a zlib stream: the code, what was read, what was written (zlib.h, `uncompress2`).
///
/// # Safety
/// As for [`compress`].
pub unsafe fn uncompress(
    source: *const u8,
    source_len: usize,
    dest: *mut u8,
    room: usize,
) -> (Code, usize, usize) {
    // inflate refuses a null output, even without room.
    let dest = if dest.is_null() { core::ptr::NonNull::dangling().as_ptr() } else { dest };
    // SAFETY: both buffers are as long as the caller says.
    let mut whole = unsafe { Whole::new(source, source_len, dest, room) };
    let code = with_zlib_stream(|inflate| whole.run(|io, _| inflate.run(io, Flush::None).code))
        .unwrap_or_else(|code| code);
    let code = match code {
        Code::StreamEnd => Code::Ok,
        Code::NeedDict => Code::DataError,
        // All was read and the stream wants more: it is cut short.
        Code::BufError if whole.unread() == 0 => Code::DataError,
        code => code,
    };
    (code, source_len - whole.unread(), room - whole.unwritten())
}
