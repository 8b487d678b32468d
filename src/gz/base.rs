//! What files open for reading and for writing have in common.

use super::buffer::Text;
use super::error::{ErrorState, Status, Stopped};
use super::fd::{Errno, Fd};

/// Buffer size unless `gzbuffer` says otherwise, in bytes.
const DEFAULT_BUFFER_SIZE: u32 = 8192;
/// Below this a flush could find no room for its marker.
const MIN_BUFFER_SIZE: u32 = 8;

pub(super) struct Base {
    pub(super) fd: Fd,
    /// The path or `<fd:N>`, for error messages.
    path: Text,
    pub(super) error: ErrorState,
    /// Size of the buffers once they are allocated.
    pub(super) buffer_size: u32,
    /// Position in the uncompressed data.
    pub(super) pos: i64,
    /// Bytes that a seek put off: to be read over, or to be written as zeros.
    pub(super) skip: i64,
}

impl Base {
    pub(super) fn new(fd: Fd, path: Text) -> Base {
        Base {
            fd,
            path,
            error: ErrorState::new(),
            buffer_size: DEFAULT_BUFFER_SIZE,
            pos: 0,
            skip: 0,
        }
    }

    pub(super) fn status(&self) -> Status {
        self.error.status()
    }

    /// Whether the last read or write would have blocked. An error from that does not keep the file
    /// from being used.
    pub(super) fn stalled(&self) -> bool {
        self.fd.stalled
    }

    /// Notes an error.
    pub(super) fn fail(&mut self, status: Status, reason: &[u8]) -> Stopped {
        self.error.set(status, &self.path, reason);
        Stopped
    }

    /// Notes a failed system call.
    pub(super) fn fail_errno(&mut self, errno: Errno) -> Stopped {
        let mut memory = [0; Errno::LONGEST_TEXT];
        self.fail(Status::Errno, errno.text(&mut memory))
    }

    /// Notes that there is no memory.
    pub(super) fn fail_memory(&mut self) -> Stopped {
        self.fail(Status::MemError, b"")
    }

    /// Asks for buffers of `size` bytes; `false` when twice that does not fit 32 bits.
    pub(super) fn set_buffer_size(&mut self, size: u32) -> bool {
        let fits = size.checked_mul(2).is_some();
        if fits {
            self.buffer_size = size.max(MIN_BUFFER_SIZE);
        }
        fits
    }
}
