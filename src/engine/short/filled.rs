//! Memory that is written from front to back and read as far as it is written.

use core::mem::MaybeUninit;

/// Sets all of `room` to `value`.
pub(super) fn set_all<T: Copy>(room: &mut [MaybeUninit<T>], value: T) -> &mut [T] {
    room.fill(MaybeUninit::new(value));
    // SAFETY: just written.
    unsafe { room.assume_init_mut() }
}

/// Sets the first `N` of `room` to `value`.
pub(super) fn set_first<T: Copy, const N: usize>(
    room: &mut [MaybeUninit<T>],
    value: T,
) -> &mut [T; N] {
    set_all(&mut room[..N], value).first_chunk_mut().expect("as many as were set")
}

/// A list of at most as many `T` as it was given room for.
pub(super) struct Filled<'a, T> {
    room: &'a mut [MaybeUninit<T>],
    len: usize,
}

impl<'a, T: Copy> Filled<'a, T> {
    pub fn new(room: &'a mut [MaybeUninit<T>]) -> Filled<'a, T> {
        Filled { room, len: 0 }
    }

    /// Panics if the list is full.
    pub fn push(&mut self, value: T) {
        self.room[self.len].write(value);
        self.len += 1;
    }

    pub fn as_slice(&self) -> &[T] {
        // SAFETY: `push` has written the first `len`.
        unsafe { self.room[..self.len].assume_init_ref() }
    }
}
