//! What `gzerror` tells about a file.

use core::ffi::{CStr, c_char};

use super::buffer::Text;
use super::fd::Errno;

/// zlib's codes (zlib.h) as far as a gz function reports them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Status {
    /// No error.
    Ok = 0,
    /// A system call failed; errno has the reason.
    Errno = -1,
    /// The call does not fit the file or its arguments.
    StreamError = -2,
    /// The compressed data is corrupt.
    DataError = -3,
    /// There is not enough memory.
    MemError = -4,
    /// The file ended within a gzip member.
    BufError = -5,
}

impl Status {
    /// Whether the file can be used no further until the error is cleared.
    pub(super) fn is_fatal(self) -> bool {
        !matches!(self, Status::Ok | Status::BufError)
    }
}

/// The operation cannot go on. Why is in the file's [`ErrorState`].
#[derive(Debug)]
pub(super) struct Stopped;

/// The result of an operation whose error is kept in the file.
pub(super) type Progress = Result<(), Stopped>;

/// A file's last error.
pub(super) struct ErrorState {
    status: Status,
    text: Option<Text>,
}

impl ErrorState {
    pub(super) fn new() -> ErrorState {
        ErrorState { status: Status::Ok, text: None }
    }

    pub(super) fn status(&self) -> Status {
        self.status
    }

    pub(super) fn clear(&mut self) {
        *self = ErrorState::new();
    }

    /// Notes an error of the file at `path`. The text is `path: reason`; when there is no memory
    /// for it the error itself becomes [`Status::MemError`]. errno stays as it is.
    pub(super) fn set(&mut self, status: Status, path: &Text, reason: &[u8]) {
        let errno = Errno::last();
        self.text = None;
        self.status = status;
        // A text for "no memory" is at hand without allocating.
        if status != Status::MemError {
            self.text = Text::concat(&[path.bytes(), b": ", reason]);
            if self.text.is_none() {
                self.status = Status::MemError;
            }
        }
        errno.restore();
    }

    /// What `gzerror` returns: never NULL, valid until the next error of this file.
    pub(super) fn message(&self) -> *const c_char {
        const OUT_OF_MEMORY: &CStr = c"out of memory";
        match (&self.text, self.status) {
            (_, Status::MemError) => OUT_OF_MEMORY.as_ptr(),
            (Some(text), _) => text.as_ptr(),
            (None, _) => c"".as_ptr(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(error: &ErrorState) -> &[u8] {
        // SAFETY: `message` is never NULL and lives as long as the borrow.
        unsafe { CStr::from_ptr(error.message()) }.to_bytes()
    }

    #[test]
    fn the_text_is_path_and_reason() {
        let path = Text::concat(&[b"/tmp/\xe9"]).unwrap();
        let mut error = ErrorState::new();
        assert_eq!(message(&error), b"");
        error.set(Status::DataError, &path, b"incorrect data check");
        assert_eq!(message(&error), b"/tmp/\xe9: incorrect data check");
        error.set(Status::MemError, &path, b"unused");
        assert_eq!(message(&error), b"out of memory");
        error.clear();
        assert_eq!((error.status(), message(&error)), (Status::Ok, &b""[..]));
    }

    #[test]
    fn errno_outlives_the_message() {
        Errno::new(libc::ENOSPC).restore();
        let path = Text::concat(&[b"p"]).unwrap();
        ErrorState::new().set(Status::Errno, &path, b"r");
        assert_eq!(Errno::last(), Errno::new(libc::ENOSPC));
    }
}
