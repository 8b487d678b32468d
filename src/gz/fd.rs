//! The system calls of the gz layer.
//!
//! A gz file closes its descriptor in `gzclose` only, and `gzdopen` takes any number for one, open
//! or not; so this is no `OwnedFd`.

use core::ffi::{CStr, c_int};

use crate::io::Room;

/// The most that one read or write asks for: the result has to fit an int with room to spare.
const MAX_CALL: usize = 1 << 30;

/// The reason why a system call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Errno(c_int);

impl Errno {
    /// Room for any text, in any language, with its NUL.
    pub(super) const LONGEST_TEXT: usize = 256;

    #[cfg(test)]
    pub(super) fn new(code: c_int) -> Errno {
        Errno(code)
    }

    /// The calling thread's errno.
    pub(super) fn last() -> Errno {
        // SAFETY: the location is valid for the calling thread.
        Errno(unsafe { *libc::__errno_location() })
    }

    /// Sets the calling thread's errno.
    pub(super) fn restore(self) {
        // SAFETY: the location is valid for the calling thread.
        unsafe { *libc::__errno_location() = self.0 }
    }

    /// Sets errno to 0, as zlib does before a read or write, so that callers can tell a failed
    /// system call from another error.
    fn reset() {
        Errno(0).restore();
    }

    fn would_block(self) -> bool {
        // The same number on Linux, two numbers elsewhere.
        self.0 == libc::EAGAIN || self.0 == libc::EWOULDBLOCK
    }

    /// What strerror(3) says of it, in memory of the caller's.
    pub(super) fn text(self, memory: &mut [u8; Errno::LONGEST_TEXT]) -> &[u8] {
        // SAFETY: the memory is as long as it says. Text that is too long is cut.
        unsafe { libc::strerror_r(self.0, memory.as_mut_ptr().cast(), memory.len()) };
        CStr::from_bytes_until_nul(memory).map_or(b"", CStr::to_bytes)
    }
}

/// How filling a buffer from a descriptor ended.
pub(super) enum End {
    /// The buffer is full.
    Full,
    /// The file ends here.
    Eof,
    /// Reading failed, or would have blocked.
    Failed(Errno),
}

/// A file descriptor.
pub(super) struct Fd {
    number: c_int,
    /// The descriptor is non-blocking, and the last read or write would have blocked.
    pub(super) stalled: bool,
}

impl Fd {
    /// A descriptor that somebody else opened.
    pub(super) fn borrowed(number: c_int) -> Fd {
        Fd { number, stalled: false }
    }

    /// open(2) with `flags`; a new file's mode is 0666 less the umask.
    pub(super) fn open(path: &CStr, flags: c_int) -> Result<Fd, Errno> {
        // SAFETY: the path is NUL-terminated.
        match unsafe { libc::open(path.as_ptr(), flags, 0o666) } {
            -1 => Err(Errno::last()),
            number => Ok(Fd::borrowed(number)),
        }
    }

    /// Adds O_NONBLOCK to the open file's flags. Failure shows at the first read or write.
    pub(super) fn set_nonblocking(&self) {
        // SAFETY: fcntl takes any number for a descriptor, and neither command takes a pointer.
        unsafe { libc::fcntl(self.number, libc::F_SETFL, self.status_flags() | libc::O_NONBLOCK) };
    }

    fn status_flags(&self) -> c_int {
        // SAFETY: fcntl takes any number for a descriptor, and F_GETFL takes nothing else.
        unsafe { libc::fcntl(self.number, libc::F_GETFL) }
    }

    /// Has the descriptor closed by execve.
    pub(super) fn set_close_on_exec(&self) {
        // SAFETY: fcntl takes any number for a descriptor, and neither command takes a pointer.
        unsafe { libc::fcntl(self.number, libc::F_SETFD, libc::FD_CLOEXEC) };
    }

    /// Reads until `dest` is full, the file ends, or a read fails; returns the number of bytes read
    /// and why it ended.
    pub(super) fn fill(&mut self, mut dest: Room<'_>) -> (usize, End) {
        let len = dest.len();
        let got = |dest: &Room<'_>| len - dest.len();
        self.stalled = false;
        Errno::reset();
        while !dest.is_empty() {
            let ask = dest.len().min(MAX_CALL);
            // SAFETY: there is room for `ask` bytes, of which read(2) writes as many as it says.
            let n = unsafe { libc::read(self.number, dest.start().cast(), ask) };
            match usize::try_from(n) {
                Ok(0) => return (got(&dest), End::Eof),
                Ok(n) => dest.advance(n),
                Err(_) => return (got(&dest), End::Failed(self.failed())),
            }
        }
        (len, End::Full)
    }

    /// One write(2); returns the number of bytes taken, at least one.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<usize, Errno> {
        self.stalled = false;
        Errno::reset();
        // SAFETY: `bytes` is readable for its length.
        let n =
            unsafe { libc::write(self.number, bytes.as_ptr().cast(), bytes.len().min(MAX_CALL)) };
        match usize::try_from(n) {
            // A device that takes nothing and calls it success would be asked forever.
            Ok(0) => {
                let errno = Errno(libc::EIO);
                errno.restore();
                Err(errno)
            }
            Ok(n) => Ok(n),
            Err(_) => Err(self.failed()),
        }
    }

    /// Why the read or write just made failed.
    fn failed(&mut self) -> Errno {
        let errno = Errno::last();
        self.stalled = errno.would_block();
        errno
    }

    /// lseek(2); `None` when the descriptor cannot seek there.
    pub(super) fn seek(&self, offset: i64, whence: c_int) -> Option<i64> {
        // SAFETY: lseek takes any arguments.
        let at = unsafe { libc::lseek64(self.number, offset, whence) };
        (at != -1).then_some(at)
    }

    /// close(2); whether it succeeded.
    pub(super) fn close(self) -> bool {
        // SAFETY: the descriptor is the file's own from gzopen or gzdopen on.
        unsafe { libc::close(self.number) == 0 }
    }
}
