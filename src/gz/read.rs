//! The operations on a file open for reading.

use super::error::Status;
use super::fd::Errno;
use super::reader::Reader;

/// The most that is asked of the engine or the descriptor at once.
const MAX_STEP: usize = u32::MAX as usize;

impl Reader {
    /// Clears the last error; `None` when it is one that must be cleared by the caller.
    fn begin(&mut self) -> Option<()> {
        if self.base.status().is_fatal() && !self.base.stalled() {
            return None;
        }
        self.base.error.clear();
        Some(())
    }

    /// Fills `dest` as far as the file goes; returns the number of bytes. An error that comes after
    /// some bytes is kept for the next call.
    fn read_some(&mut self, dest: &mut [u8]) -> usize {
        if dest.is_empty() || self.skip().is_err() {
            return 0;
        }
        let mut got = 0;
        let mut stop = false;
        while got < dest.len() && !stop {
            let rest = &mut dest[got..];
            let room = rest.len().min(MAX_STEP);
            let rest = &mut rest[..room];
            if !self.ready.is_empty() {
                let ready = self.ready_bytes();
                let n = ready.len().min(room);
                rest[..n].copy_from_slice(&ready[..n]);
                self.take(n);
                got += n;
                // Left behind by a fetch that brought some bytes first.
                stop = self.base.status() != Status::Ok;
            } else if self.is_exhausted() {
                break;
            } else if self.is_undecided() || room < self.capacity() {
                // Through the buffer, for the sake of the small reads that may follow.
                stop = self.fetch().is_err() && self.ready.is_empty();
            } else {
                let (n, result) =
                    if self.is_plain() { self.load(rest) } else { self.decompress(Some(rest)) };
                self.base.pos += n as i64;
                got += n;
                stop = result.is_err();
            }
        }
        if got < dest.len() && self.eof {
            self.past_end = true;
        }
        got
    }

    /// zlib.h, `gzread`: the number of bytes read, or `None` for an error.
    pub(super) fn read(&mut self, dest: &mut [u8]) -> Option<usize> {
        self.begin()?;
        let got = self.read_some(dest);
        if got == 0 {
            if self.base.status().is_fatal() {
                return None;
            }
            if self.base.stalled() {
                // Compressed bytes came, but not enough of them: this is not the end of the file.
                self.fail_errno(Errno::last());
                return None;
            }
        }
        Some(got)
    }

    /// Notes a request for more bytes than `gzread` can count.
    pub(super) fn refuse_read(&mut self, reason: &[u8]) {
        if self.begin().is_some() {
            self.fail(Status::StreamError, reason);
        }
    }

    /// zlib.h, `gzfread`: the number of bytes read, 0 also for an error.
    pub(super) fn read_items(&mut self, dest: &mut [u8]) -> usize {
        match self.begin() {
            Some(()) => self.read_some(dest),
            None => 0,
        }
    }

    /// zlib.h, `gzgetc`: the next byte, or `None` at the end of the file or for an error.
    pub(super) fn get(&mut self) -> Option<u8> {
        self.begin()?;
        if let Some(&byte) = self.ready_bytes().first() {
            self.take(1);
            return Some(byte);
        }
        let mut byte = [0];
        (self.read_some(&mut byte) == 1).then_some(byte[0])
    }

    /// zlib.h, `gzungetc`: pushes `byte` back; without one, only carries out a pending seek. `None`
    /// when nothing was pushed.
    pub(super) fn unget(&mut self, byte: Option<u8>) -> Option<u8> {
        if self.is_undecided() && self.ready.is_empty() {
            // For the buffers; an error shows in `begin`.
            let _ = self.look();
        }
        self.begin()?;
        self.skip().ok()?;
        let byte = byte?;
        self.push_back(byte).ok()?;
        Some(byte)
    }

    /// zlib.h, `gzgets`: reads to `line` up to and with the next newline; returns the number of
    /// bytes, at least one, or `None` at the end of the file or for an error.
    pub(super) fn get_line(&mut self, line: &mut [u8]) -> Option<usize> {
        self.begin()?;
        self.skip().ok()?;
        let mut got = 0;
        while got < line.len() {
            if self.ready.is_empty() {
                if self.fetch().is_err() {
                    break;
                }
                if self.ready.is_empty() {
                    if self.eof {
                        self.past_end = true;
                        break;
                    }
                    // Too little for a header so far: ask the descriptor again.
                    continue;
                }
            }
            let ready = self.ready_bytes();
            let ready = &ready[..ready.len().min(line.len() - got)];
            let newline = find_byte(b'\n', ready);
            let n = newline.map_or(ready.len(), |at| at + 1);
            line[got..got + n].copy_from_slice(&ready[..n]);
            self.take(n);
            got += n;
            if newline.is_some() {
                break;
            }
        }
        (got > 0).then_some(got)
    }
}

/// The index of the first `byte` in `bytes`.
fn find_byte(byte: u8, bytes: &[u8]) -> Option<usize> {
    let start = bytes.as_ptr();
    // SAFETY: memchr reads at most `bytes.len()` bytes.
    let at = unsafe { libc::memchr(start.cast(), byte.into(), bytes.len()) };
    (!at.is_null()).then(|| at.addr() - start.addr())
}

#[cfg(test)]
mod tests {
    use super::find_byte;

    #[test]
    fn the_first_match_is_found() {
        assert_eq!(find_byte(b'\n', b"ab\nc\n"), Some(2));
        assert_eq!(find_byte(b'\n', b"abc"), None);
        assert_eq!(find_byte(b'\n', b""), None);
    }
}
