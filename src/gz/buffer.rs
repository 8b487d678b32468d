//! Memory from libc's allocator.
//!
//! An allocation that fails is an error that the caller gets to see (`Z_MEM_ERROR`), so nothing in
//! the gz layer may use `Vec` or `Box`, which end the process instead.

use core::ffi::c_char;
use core::ops::{Deref, DerefMut, Range};
use core::ptr::NonNull;
use core::slice;

/// A block of bytes of a fixed length, freed on drop.
pub(super) struct Buffer {
    start: NonNull<u8>,
    len: usize,
}

impl Buffer {
    /// `len` zero bytes, or `None` when there is no memory for them.
    pub(super) fn zeroed(len: usize) -> Option<Buffer> {
        // SAFETY: calloc may be called with any two sizes. It is asked for one byte at least, since
        // it may answer a request for none with NULL.
        let start = NonNull::new(unsafe { libc::calloc(len.max(1), 1) }.cast())?;
        Some(Buffer { start, len })
    }

    /// Where the block starts: writable for its length as long as the `Buffer` lives.
    pub(super) fn start(&self) -> *mut u8 {
        self.start.as_ptr()
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: the block is ours, `len` bytes long and initialised since calloc.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: the block is ours, `len` bytes long and initialised since calloc, and `&mut self`
        // makes this the only reference to it.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: the block came from calloc and is freed once, here.
        unsafe { libc::free(self.start.as_ptr().cast()) }
    }
}

/// A NUL-terminated string in its own block.
pub(super) struct Text(Buffer);

impl Text {
    /// The parts one after the other, or `None` when there is no memory for them.
    pub(super) fn concat(parts: &[&[u8]]) -> Option<Text> {
        let len: usize = parts.iter().map(|part| part.len()).sum();
        let mut buffer = Buffer::zeroed(len + 1)?;
        let mut rest = &mut buffer[..];
        for part in parts {
            let (head, tail) = rest.split_at_mut(part.len());
            head.copy_from_slice(part);
            rest = tail;
        }
        Some(Text(buffer))
    }

    /// The text without its terminator.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0[..self.0.len() - 1]
    }

    /// The text as C sees it.
    pub(super) fn as_ptr(&self) -> *const c_char {
        self.0.start().cast()
    }
}

/// The part of a buffer that is in use.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Window {
    pub(super) fn len(self) -> usize {
        self.end - self.start
    }

    pub(super) fn is_empty(self) -> bool {
        self.start == self.end
    }

    pub(super) fn range(self) -> Range<usize> {
        self.start..self.end
    }

    /// Leaves out the first `n` bytes, or all when there are fewer.
    pub(super) fn advance(&mut self, n: usize) {
        self.start = self.end.min(self.start + n);
    }

    pub(super) fn clear(&mut self) {
        *self = Window::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Miri ends where there is no memory.
    #[test]
    #[cfg(not(miri))]
    fn a_request_too_large_for_any_machine_is_refused() {
        assert!(Buffer::zeroed(usize::MAX - 1000).is_none());
    }

    #[test]
    fn an_empty_buffer_is_no_null_pointer() {
        let buffer = Buffer::zeroed(0).unwrap();
        assert!(buffer.is_empty() && !buffer.start().is_null());
    }

    #[test]
    fn text_is_joined_and_terminated() {
        let text = Text::concat(&[b"a\xff", b": ", b"b"]).unwrap();
        assert_eq!(text.bytes(), b"a\xff: b");
        assert_eq!(text.0.last(), Some(&0));
    }

    #[test]
    fn a_window_never_advances_past_its_end() {
        let mut window = Window { start: 2, end: 5 };
        window.advance(2);
        assert_eq!(window.range(), 4..5);
        window.advance(7);
        assert!(window.is_empty());
    }
}
