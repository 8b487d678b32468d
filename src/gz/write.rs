//! The operations on a file open for writing.

use core::ffi::c_int;

use super::error::{Progress, Status};
use super::fd::Errno;
use super::writer::Writer;
use crate::codes::Flush;

/// The most that is handed to the engine at once.
const MAX_STEP: usize = u32::MAX as usize;

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
