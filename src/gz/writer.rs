//! A file open for writing: from bytes that were handed over to the descriptor.

use core::ffi::c_int;

use super::base::Base;
use super::buffer::{Buffer, Window};
use super::error::{Progress, Status, Stopped};
use super::fd::{Errno, Fd};
use super::mode::Mode;
use super::streams::{Config, Deflate};
use crate::codes::{Code, Flush};

/// The gzip wrapper with the largest window, and zlib's default memory level (zlib.h,
/// `deflateInit2`).
const GZIP_WINDOW_BITS: i32 = 15 + 16;
const MEM_LEVEL: i32 = 8;

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
            strategy: mode.strategy,
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
