//! Memory for the time of one call, beyond what zlib would ask the caller for.
//!
//! It comes from malloc, whatever the stream's own allocator is: a stream's memory is set aside by
//! some callers, and dropped without `deflateEnd` by others, so that nothing of it may outlive the
//! call. One piece is kept in the process for the next call; more than that are freed.

use core::sync::atomic::{AtomicPtr, Ordering};

/// Enough for the sorted positions of any window.
pub(super) const SIZE: usize = 672 << 10;

/// The piece that is kept, or null.
static KEPT: AtomicPtr<u16> = AtomicPtr::new(core::ptr::null_mut());

/// A piece of [`SIZE`] bytes.
pub(super) struct Scratch(*mut u16);

impl Scratch {
    /// None if malloc refuses, which costs the caller speed only.
    pub fn take() -> Option<Scratch> {
        // Acquire: the one that put it there has done with it.
        let mut piece = KEPT.swap(core::ptr::null_mut(), Ordering::Acquire);
        if piece.is_null() {
            // Once, its bytes get a value.
            // SAFETY: calloc takes any size.
            piece = unsafe { libc::calloc(SIZE, 1) }.cast();
            crate::cpu::handed_on(piece.cast(), if piece.is_null() { 0 } else { SIZE });
        }
        (!piece.is_null()).then_some(Scratch(piece))
    }

    /// The memory, with any values.
    pub fn entries(&mut self) -> &mut [u16] {
        // SAFETY: it is as large, was written as a whole, and nobody else has it.
        unsafe { core::slice::from_raw_parts_mut(self.0, SIZE / 2) }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Release: the next one sees that this one has done with it.
        let kept = KEPT.compare_exchange(
            core::ptr::null_mut(),
            self.0,
            Ordering::Release,
            Ordering::Relaxed,
        );
        if kept.is_err() {
            // SAFETY: it came from malloc, and nobody else has it.
            unsafe { libc::free(self.0.cast()) };
        }
    }
}
