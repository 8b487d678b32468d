//! Memory for the time of one call, beyond what zlib would ask the caller for.
//!
//! It comes from malloc, whatever the stream's own allocator is: a stream's memory is set aside by
//! some callers, and dropped without `deflateEnd` by others, so that nothing of it may outlive the
//! call. One piece is kept in the process for the next call; more than that are freed.
//!
//! What a call has made in it may serve the stream's next call: the piece has a [`Tag`] that no other
//! piece ever had, and a stream that finds the tag it was given finds all as it was.

use core::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

/// Enough for a sieve, and behind it the sorted positions of any window, a table of the newest ones by any
/// hash, or four for each.
pub(super) const SIZE: usize = 840 << 10;

/// How many entries the tag takes, which is before the rest.
const TAG: usize = size_of::<u64>() / size_of::<u16>();

/// The piece that is kept, or null.
static KEPT: AtomicPtr<u16> = AtomicPtr::new(core::ptr::null_mut());

/// The last tag that was given.
static LAST: AtomicU64 = AtomicU64::new(0);

/// Names what is in a piece; 0 is nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag(u64);

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

    /// The piece that is kept, if it has this tag.
    pub fn take_tagged(tag: Tag) -> Option<Scratch> {
        // Acquire: as in `take`.
        let kept = KEPT.swap(core::ptr::null_mut(), Ordering::Acquire);
        if kept.is_null() {
            return None;
        }
        // Another stream's piece is kept again, when it is dropped here.
        let piece = Scratch(kept);
        (piece.tag() == tag).then_some(piece)
    }

    fn tag(&self) -> Tag {
        // SAFETY: malloc aligns for any type, and the piece was written as a whole.
        Tag(unsafe { self.0.cast::<u64>().read() })
    }

    fn set_tag(&mut self, tag: Tag) {
        // SAFETY: malloc aligns for any type, and nobody else has it.
        unsafe { self.0.cast::<u64>().write(tag.0) };
    }

    /// The memory, as the one who put it back left it. It has no tag any more.
    pub fn entries(&mut self) -> &mut [u16] {
        self.set_tag(Tag(0));
        // SAFETY: it is as large, was written as a whole, and nobody else has it.
        unsafe { core::slice::from_raw_parts_mut(self.0.add(TAG), SIZE / 2 - TAG) }
    }

    /// Puts it back, to be known again.
    pub fn leave(mut self) -> Tag {
        // Relaxed: that no tag is given twice is all.
        let tag = Tag(LAST.fetch_add(1, Ordering::Relaxed) + 1);
        self.set_tag(tag);
        tag
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
