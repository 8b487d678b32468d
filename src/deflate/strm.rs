//! The caller's side of a stream.

use core::ffi::{CStr, c_int, c_ulong};

use crate::checksum::{adler32, crc32};
use crate::codes::{Code, UNKNOWN};
use crate::format::Format;
use crate::io::Io;

/// zlib.h's `z_stream` without its state and allocator, as a call finds and leaves it.
///
/// The trailer is made from what stands here, so a caller that changes `adler` or `total_in`
/// between two calls changes it, as with zlib.
#[derive(Debug)]
pub struct Strm<'a> {
    /// The buffers.
    pub io: Io<'a>,
    /// Bytes read since the start.
    pub total_in: c_ulong,
    /// Bytes written since the start.
    pub total_out: c_ulong,
    /// The check value of the data; not touched while a raw stream is compressed.
    pub adler: c_ulong,
    /// What the data is believed to be.
    pub data_type: c_int,
    /// The text of the last error.
    pub msg: Option<&'static CStr>,
}

impl<'a> Strm<'a> {
    /// A stream at its start.
    pub fn new(io: Io<'a>) -> Strm<'a> {
        Strm { io, total_in: 0, total_out: 0, adler: 0, data_type: UNKNOWN, msg: None }
    }

    /// Sets the text of an error, and gives its code.
    pub(super) fn fail(&mut self, code: Code) -> Code {
        self.msg = Some(match code {
            Code::BufError => c"buffer error",
            _ => c"stream error",
        });
        code
    }

    /// Moves up to `size` bytes of input to `to`, with the check value taken there; how many.
    ///
    /// # Safety
    /// `to` is valid for writes of `size` bytes. It may lie in the input.
    pub(super) unsafe fn read(&mut self, to: *mut u8, size: usize, check: Option<Format>) -> usize {
        // So that a piece is still in the first cache when its check value is taken.
        const PIECE: usize = 16 << 10;
        let len = (self.io.avail_in() as usize).min(size);
        let mut done = 0;
        // Where it lies in the input, a piece would overwrite the next one.
        let ahead = (to as usize).wrapping_sub(self.io.next_in() as usize);
        let checked = check.is_some_and(|format| format != Format::Raw);
        let piece = if checked && ahead >= len { PIECE } else { len };
        while done < len {
            let n = piece.min(len - done);
            // SAFETY: `n` bytes are left of both, by the contracts of `Io` and of this function.
            let copied = unsafe {
                core::ptr::copy(self.io.next_in().wrapping_add(done), to.add(done), n);
                core::slice::from_raw_parts(to.add(done), n)
            };
            match check {
                Some(Format::Zlib) => self.adler = adler32(self.adler as u32, copied).into(),
                Some(Format::Gzip) => self.adler = crc32(self.adler as u32, copied).into(),
                Some(Format::Raw) | None => {}
            }
            done += n;
        }
        self.io.skip(len as u32);
        self.total_in = self.total_in.wrapping_add(len as c_ulong);
        len
    }

    /// Moves `len` bytes of input, of which there are as many, to the output, with the check value
    /// taken there; how many.
    ///
    /// # Safety
    /// There is room for `len` bytes.
    pub(super) unsafe fn read_to_output(&mut self, len: usize, check: Option<Format>) -> usize {
        // SAFETY: as many bytes of room are there, says the caller.
        let read = unsafe { self.read(self.io.next_out(), len, check) };
        self.io.advance(read as u32);
        self.total_out = self.total_out.wrapping_add(read as c_ulong);
        read
    }

    /// Writes `bytes`, for which there is room.
    pub(super) fn write(&mut self, bytes: &[u8]) {
        let written = self.io.write(bytes);
        self.total_out = self.total_out.wrapping_add(written as c_ulong);
    }
}
