//! A file open for writing: from bytes that were handed over to the descriptor, and the operations
//! that hand them over.

use core::ffi::c_int;

use super::base::Base;
use super::buffer::{Buffer, Window};
use super::engine::{Config, Deflate, GZIP_WINDOW_BITS};
use super::error::{Progress, Status, Stopped};
use super::fd::{Errno, Fd};
use super::mode::Mode;
use crate::codes::{Code, Flush};

/// zlib's default memory level (zlib.h, `deflateInit2`).
const MEM_LEVEL: i32 = 8;
/// The most that is handed to the engine at once.
const MAX_STEP: usize = u32::MAX as usize;

/// The deflate stream and its output on the way to the descriptor.
struct Compressor {
    deflate: Deflate,
    output: Buffer,
    /// What of the output buffer is still to be written.
    unwritten: Window,
    member: Member,
}

/// How far the current gzip member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Member {
    /// Bytes go to it.
    Open,
    /// Complete, but a write failed before all of it was out.
    Ended,
    /// Complete and written: the next byte starts another member.
    Written,
}

struct Buffers {
    /// Bytes that were handed over but not compressed. Twice the buffer size: the second half is
    /// where printf formats to.
    staging: Buffer,
    /// None for transparent writing.
    compressor: Option<Compressor>,
}

/// Why compression did not go on.
enum Failure {
    Write(Errno),
    Engine,
}

/// Where input is taken from.
enum Input<'a> {
    /// The staging buffer.
    Staged,
    /// The caller's memory.
    Direct(&'a [u8]),
}

pub(super) struct Writer {
    pub(super) base: Base,
    /// Whether bytes are written as they are (mode `T`).
    pub(super) transparent: bool,
    level: c_int,
    strategy: c_int,
    /// Allocated at the first use.
    buffers: Option<Buffers>,
    /// What of the staging buffer is still to be compressed.
    pub(super) staged: Window,
    /// The error that kept the rest of a large write from being taken: a file without those bytes
    /// is not to be closed as if it were whole.
    pub(super) incomplete: Option<Errno>,
}

impl Writer {
    pub(super) fn new(base: Base, mode: &Mode, append: bool, transparent: bool) -> Writer {
        if append {
            // Only so that `gzoffset` is right: O_APPEND decides where bytes go.
            base.fd.seek(0, libc::SEEK_END);
        }
        Writer {
            base,
            transparent,
            level: mode.level,
            strategy: mode.strategy as c_int,
            buffers: None,
            staged: Window::default(),
            incomplete: None,
        }
    }

    pub(super) fn has_buffers(&self) -> bool {
        self.buffers.is_some()
    }

    /// The buffer size in use; 0 before the buffers are allocated.
    pub(super) fn size(&self) -> usize {
        self.buffers.as_ref().map_or(0, |buffers| buffers.staging.len() / 2)
    }

    /// The staging buffer, both halves of it.
    pub(super) fn staging(&mut self) -> &mut [u8] {
        self.buffers.as_mut().map_or(&mut [], |buffers| &mut buffers.staging)
    }

    /// Allocates the buffers and the deflate state if there are none yet.
    pub(super) fn allocate(&mut self) -> Progress {
        if self.buffers.is_some() {
            return Ok(());
        }
        let size = self.base.buffer_size as usize;
        let config = Config {
            level: self.level,
            window_bits: GZIP_WINDOW_BITS,
            mem_level: MEM_LEVEL,
            strategy: self.strategy,
        };
        let compressor = || {
            Some(Compressor {
                output: Buffer::zeroed(size)?,
                deflate: Deflate::new(config).ok()?,
                unwritten: Window::default(),
                member: Member::Open,
            })
        };
        self.buffers = (|| {
            let staging = Buffer::zeroed(size * 2)?;
            let compressor = if self.transparent { None } else { Some(compressor()?) };
            Some(Buffers { staging, compressor })
        })();
        if self.buffers.is_some() { Ok(()) } else { Err(self.base.fail_memory()) }
    }

    /// Compresses what is staged and carries out `flush`.
    pub(super) fn compress_staged(&mut self, flush: Flush) -> Progress {
        let (taken, result) = self.compress(&Input::Staged, flush);
        self.staged.advance(taken);
        if self.staged.is_empty() {
            self.staged.clear();
        }
        result
    }

    /// Compresses the caller's bytes, when nothing is staged; returns how many were taken, also
    /// after an error.
    pub(super) fn compress_direct(&mut self, bytes: &[u8]) -> (usize, Progress) {
        debug_assert!(self.staged.is_empty());
        self.compress(&Input::Direct(bytes), Flush::None)
    }

    fn compress(&mut self, input: &Input<'_>, flush: Flush) -> (usize, Progress) {
        if let Err(stopped) = self.allocate() {
            return (0, Err(stopped));
        }
        let Some(buffers) = &mut self.buffers else { return (0, Err(Stopped)) };
        let input = match input {
            Input::Staged => &buffers.staging[self.staged.range()],
            Input::Direct(bytes) => bytes,
        };
        let fd = &mut self.base.fd;
        let (taken, result) = match &mut buffers.compressor {
            None => write_all(fd, input),
            Some(compressor) => compressor.run(fd, input, flush),
        };
        let result = match result {
            Ok(()) => Ok(()),
            Err(Failure::Write(errno)) => Err(self.base.fail_errno(errno)),
            Err(Failure::Engine) => {
                let reason = b"internal error: deflate stream corrupt";
                Err(self.base.fail(Status::StreamError, reason))
            }
        };
        (taken, result)
    }

    /// Compresses the zeros that a seek put off.
    pub(super) fn write_skipped(&mut self) -> Progress {
        static ZEROS: [u8; 8192] = [0; 8192];
        if self.base.skip == 0 {
            return Ok(());
        }
        if !self.staged.is_empty() {
            self.compress_staged(Flush::None)?;
        }
        while self.base.skip > 0 {
            let n = usize::try_from(self.base.skip).unwrap_or(usize::MAX).min(ZEROS.len());
            let (taken, result) = self.compress_direct(&ZEROS[..n]);
            self.base.pos += taken as i64;
            self.base.skip -= taken as i64;
            result?;
        }
        Ok(())
    }

    /// Level and strategy from here on (zlib.h, `gzsetparams`).
    pub(super) fn set_params(&mut self, level: c_int, strategy: c_int) -> Status {
        if (level, strategy) == (self.level, self.strategy) {
            return Status::Ok;
        }
        if self.write_skipped().is_err()
            || (!self.staged.is_empty() && self.compress_staged(Flush::Block).is_err())
            || self.change_deflate(level, strategy).is_err()
        {
            return self.base.status();
        }
        self.level = level;
        self.strategy = strategy;
        Status::Ok
    }

    fn change_deflate(&mut self, level: c_int, strategy: c_int) -> Progress {
        let Some(Buffers { compressor: Some(compressor), .. }) = &mut self.buffers else {
            return Ok(());
        };
        match compressor.params(&mut self.base.fd, level, strategy) {
            Ok(()) => Ok(()),
            Err(errno) => Err(self.base.fail_errno(errno)),
        }
    }

    /// Finishes the member, frees everything and closes the descriptor (zlib.h, `gzclose_w`).
    pub(super) fn close(mut self) -> c_int {
        let mut result = Status::Ok;
        if self.write_skipped().is_err() {
            result = self.base.status();
        }
        if self.compress_staged(Flush::Finish).is_err() {
            result = self.base.status();
        }
        if !self.base.fd.close() {
            result = Status::Errno;
        } else if let (Status::Ok, Some(errno)) = (result, self.incomplete) {
            errno.restore();
            result = Status::Errno;
        }
        result as c_int
    }
}

/// The operations.
impl Writer {
    /// Clears the last error; `None` when it is one that must be cleared by the caller.
    fn begin(&mut self) -> Option<()> {
        if self.base.status() != Status::Ok && !self.base.stalled() {
            return None;
        }
        self.base.error.clear();
        Some(())
    }

    /// Takes `bytes` for writing; returns how many were taken: all, or after a non-blocking
    /// descriptor would have blocked those before that, or 0 after another error.
    fn write_some(&mut self, mut bytes: &[u8]) -> usize {
        let len = bytes.len();
        if len == 0 || self.allocate().is_err() || self.write_skipped().is_err() {
            return 0;
        }
        let size = self.size();
        if len < size {
            loop {
                let n = self.stage(bytes);
                bytes = &bytes[n..];
                if bytes.is_empty() {
                    return len;
                }
                if self.compress_staged(Flush::None).is_err() {
                    return if self.base.stalled() { len - bytes.len() } else { 0 };
                }
            }
        }
        if !self.staged.is_empty() && self.compress_staged(Flush::None).is_err() {
            return 0;
        }
        while !bytes.is_empty() {
            let (n, result) = self.compress_direct(&bytes[..bytes.len().min(MAX_STEP)]);
            self.base.pos += n as i64;
            bytes = &bytes[n..];
            if result.is_err() {
                if self.base.stalled() {
                    return len - bytes.len();
                }
                self.incomplete = Some(Errno::last());
                return 0;
            }
        }
        len
    }

    /// Copies as much of `bytes` as the first half of the staging buffer has room for.
    fn stage(&mut self, bytes: &[u8]) -> usize {
        let at = self.staged.end;
        let n = self.size().saturating_sub(at).min(bytes.len());
        self.staging()[at..at + n].copy_from_slice(&bytes[..n]);
        self.staged.end += n;
        self.base.pos += n as i64;
        n
    }

    /// zlib.h, `gzwrite` and `gzfwrite`: the number of bytes taken; 0 also for an error.
    pub(super) fn write(&mut self, bytes: &[u8]) -> usize {
        match self.begin() {
            Some(()) => self.write_some(bytes),
            None => 0,
        }
    }

    /// Notes a request for more bytes than can be counted.
    pub(super) fn refuse_write(&mut self, status: Status, reason: &[u8]) {
        if self.begin().is_some() {
            self.base.fail(status, reason);
        }
    }

    /// zlib.h, `gzputc`: `None` for an error.
    pub(super) fn put(&mut self, byte: u8) -> Option<u8> {
        self.begin()?;
        self.write_skipped().ok()?;
        let (at, size) = (self.staged.end, self.size());
        if at < size {
            // What `stage` does, without a call of memcpy for one byte.
            self.staging()[at] = byte;
            self.staged.end += 1;
            self.base.pos += 1;
            return Some(byte);
        }
        (self.write_some(&[byte]) == 1).then_some(byte)
    }

    /// zlib.h, `gzputs`: the number of bytes taken, `None` for an error.
    pub(super) fn put_str(&mut self, text: &[u8]) -> Option<c_int> {
        self.begin()?;
        let Ok(len) = c_int::try_from(text.len()) else {
            self.base.fail(Status::StreamError, b"string length does not fit in int");
            return None;
        };
        match self.write_some(text) as c_int {
            0 if len > 0 => None,
            put => Some(put),
        }
    }

    /// zlib.h, `gzflush`.
    pub(super) fn flush(&mut self, flush: c_int) -> Status {
        if self.begin().is_none() {
            return Status::StreamError;
        }
        let flush = match flush {
            0 => Flush::None,
            1 => Flush::Partial,
            2 => Flush::Sync,
            3 => Flush::Full,
            4 => Flush::Finish,
            _ => return Status::StreamError,
        };
        let result = self.write_skipped().and_then(|()| self.compress_staged(flush));
        self.status_after(result)
    }

    /// zlib.h, `gzsetparams`.
    pub(super) fn change_params(&mut self, level: c_int, strategy: c_int) -> Status {
        if self.transparent || self.begin().is_none() {
            return Status::StreamError;
        }
        self.set_params(level, strategy)
    }

    fn status_after(&self, result: Progress) -> Status {
        if result.is_ok() { Status::Ok } else { self.base.status() }
    }

    /// First step of `gzprintf`: memory of the buffer size to format to, which stays the file's.
    pub(super) fn printf_room(&mut self) -> Result<&mut [u8], Status> {
        self.begin().ok_or(Status::StreamError)?;
        let ready = self.allocate().and_then(|()| self.write_skipped());
        if ready.is_err() {
            return Err(self.base.status());
        }
        if !self.vacate() && self.base.stalled() {
            self.base.fail(Status::BufError, b"stalled write on gzprintf");
            return Err(Status::BufError);
        }
        if self.base.status() != Status::Ok && !self.base.stalled() {
            return Err(self.base.status());
        }
        let (at, size) = (self.staged.end, self.size());
        Ok(&mut self.staging()[at..at + size])
    }

    /// Last step of `gzprintf` when the text fitted the room: takes its first `len` bytes.
    pub(super) fn printf_commit(&mut self, len: usize) -> Result<usize, Status> {
        self.staged.end += len;
        self.base.pos += len as i64;
        self.vacate();
        match self.base.status() {
            Status::Ok => Ok(len),
            _ if self.base.stalled() => Ok(len),
            status => Err(status),
        }
    }

    /// Last step of `gzprintf` when the text was longer than the room: takes it from elsewhere.
    pub(super) fn printf_long(&mut self, text: &[u8]) -> Result<usize, Status> {
        match self.write_some(text) {
            0 if self.base.stalled() => {
                self.base.fail(Status::BufError, b"stalled write on gzprintf");
                Err(Status::BufError)
            }
            0 => Err(self.base.status()),
            put => Ok(put),
        }
    }

    /// Empties the second half of the staging buffer; whether that succeeded. An error is in the
    /// file's state also when it did.
    fn vacate(&mut self) -> bool {
        let size = self.size();
        if self.staged.end <= size {
            return true;
        }
        let _ = self.compress_staged(Flush::None);
        let staged = self.staged;
        self.staging().copy_within(staged.range(), 0);
        self.staged.start = 0;
        self.staged.end = staged.len();
        self.staged.end <= size
    }
}

impl Compressor {
    /// Compresses `input` until deflate has no more output for it; returns how much of `input` was
    /// taken, also after an error.
    fn run(&mut self, fd: &mut Fd, input: &[u8], flush: Flush) -> (usize, Result<(), Failure>) {
        if self.member == Member::Ended {
            if let Err(errno) = self.write_end(fd) {
                return (0, Err(Failure::Write(errno)));
            }
            // That was all that the repeated call is for.
            if input.is_empty() {
                return (0, Ok(()));
            }
        }
        if self.member == Member::Written {
            // Another member only for data, or when a flush asks for it.
            if input.is_empty() && flush == Flush::None {
                return (0, Ok(()));
            }
            self.deflate.reset();
            self.member = Member::Open;
        }
        let mut taken = 0;
        loop {
            // The end of a member is written once it is complete, so that it takes few writes.
            let flushing = !matches!(flush, Flush::None | Flush::Finish);
            if (flushing || self.unwritten.end == self.output.len())
                && let Err(errno) = self.write(fd)
            {
                return (taken, Err(Failure::Write(errno)));
            }
            let room = &mut self.output[self.unwritten.end..];
            let step = self.deflate.deflate(&input[taken..], room, flush);
            taken += step.consumed;
            self.unwritten.end += step.produced;
            match step.code {
                Code::StreamError => return (taken, Err(Failure::Engine)),
                Code::StreamEnd => {
                    self.member = Member::Ended;
                    let end = self.write_end(fd);
                    return (taken, end.map_err(Failure::Write));
                }
                _ if step.produced == 0 => return (taken, Ok(())),
                _ => {}
            }
        }
    }

    fn write_end(&mut self, fd: &mut Fd) -> Result<(), Errno> {
        self.write(fd)?;
        self.member = Member::Written;
        Ok(())
    }

    /// Changes level and strategy. As in zlib, values out of range change nothing.
    fn params(&mut self, fd: &mut Fd, level: c_int, strategy: c_int) -> Result<(), Errno> {
        match self.member {
            Member::Open => {}
            Member::Ended => self.write_end(fd)?,
            // A finished stream takes no parameters.
            Member::Written => {
                self.deflate.reset();
            }
        }
        loop {
            let room = &mut self.output[self.unwritten.end..];
            let step = self.deflate.params(level, strategy, room);
            self.unwritten.end += step.produced;
            // With the buffer full, params could not flush what the old parameters compressed.
            if step.code != Code::BufError || self.unwritten.is_empty() {
                return Ok(());
            }
            self.write(fd)?;
        }
    }

    /// Writes the output, and makes room for more when the buffer is at its end.
    fn write(&mut self, fd: &mut Fd) -> Result<(), Errno> {
        while !self.unwritten.is_empty() {
            let n = fd.write(&self.output[self.unwritten.range()])?;
            self.unwritten.advance(n);
        }
        self.unwritten.clear();
        Ok(())
    }
}

/// Writes `bytes` as they are; returns how many were written, also after an error.
fn write_all(fd: &mut Fd, bytes: &[u8]) -> (usize, Result<(), Failure>) {
    let mut written = 0;
    while written < bytes.len() {
        match fd.write(&bytes[written..]) {
            Ok(n) => written += n,
            Err(errno) => return (written, Err(Failure::Write(errno))),
        }
    }
    (written, Ok(()))
}
