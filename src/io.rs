//! The caller's buffers as raw cursors: they may overlap and be uninitialised.

use core::marker::PhantomData;

use crate::codes::Code;

/// What one call did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// How it ended.
    pub code: Code,
    /// Bytes taken from the input.
    pub consumed: usize,
    /// Bytes written to the output.
    pub produced: usize,
}

/// The input still to read and the room still to fill, as a `z_stream` has them.
///
/// Pointers, since C callers may pass output that was never written and the same memory as input
/// and output. `'a` ends with the buffers.
#[derive(Debug)]
pub struct Io<'a> {
    pub(crate) next_in: *const u8,
    pub(crate) avail_in: u32,
    pub(crate) next_out: *mut u8,
    pub(crate) avail_out: u32,
    _buffers: PhantomData<&'a mut [u8]>,
}

impl<'a> Io<'a> {
    /// The buffers of one call.
    ///
    /// # Safety
    /// `next_in` is valid for reads of `avail_in` bytes and `next_out` for writes of `avail_out`
    /// bytes, for `'a`. Either may be null, whatever the count says: a call that would use it
    /// answers with [`Code::StreamError`].
    pub unsafe fn from_raw(
        next_in: *const u8,
        avail_in: u32,
        next_out: *mut u8,
        avail_out: u32,
    ) -> Io<'a> {
        Io { next_in, avail_in, next_out, avail_out, _buffers: PhantomData }
    }

    /// At most `u32::MAX` bytes of each slice.
    pub fn new(input: &'a [u8], output: &'a mut [u8]) -> Io<'a> {
        let clamp = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
        Io {
            next_in: input.as_ptr(),
            avail_in: clamp(input.len()),
            next_out: output.as_mut_ptr(),
            avail_out: clamp(output.len()),
            _buffers: PhantomData,
        }
    }

    /// Where the next byte of input is.
    pub fn next_in(&self) -> *const u8 {
        self.next_in
    }

    /// How many bytes of input are left.
    pub fn avail_in(&self) -> u32 {
        self.avail_in
    }

    /// Where the next byte of output goes.
    pub fn next_out(&self) -> *mut u8 {
        self.next_out
    }

    /// How many bytes of room are left.
    pub fn avail_out(&self) -> u32 {
        self.avail_out
    }

    /// Whether a buffer that this call needs is null.
    pub(crate) fn lacks_a_buffer(&self) -> bool {
        self.next_out.is_null() || (self.avail_in != 0 && self.next_in.is_null())
    }

    /// The same input and room.
    pub(crate) fn both(&self) -> Io<'a> {
        Io { ..*self }
    }

    /// The same input, and no room.
    pub(crate) fn reader(&self) -> Io<'a> {
        Io { next_out: core::ptr::null_mut(), avail_out: 0, ..*self }
    }

    /// The first `len` bytes of input that are left.
    pub(crate) fn input(&self, len: u32) -> &'a [u8] {
        if len == 0 {
            return &[];
        }
        debug_assert!(len <= self.avail_in);
        // SAFETY: `len` bytes are readable for `'a` by `from_raw`'s contract, and not null, since
        // every entry point refuses a null pointer with a length.
        unsafe { core::slice::from_raw_parts(self.next_in, len as usize) }
    }

    /// Takes one byte of input.
    pub(crate) fn byte(&mut self) -> Option<u8> {
        let byte = *self.input(self.avail_in.min(1)).first()?;
        self.skip(1);
        Some(byte)
    }

    /// Moves past `len` bytes of input.
    pub(crate) fn skip(&mut self, len: u32) {
        debug_assert!(len <= self.avail_in);
        self.next_in = self.next_in.wrapping_add(len as usize);
        self.avail_in -= len;
    }

    /// Moves past `len` bytes of room, which are written.
    pub(crate) fn advance(&mut self, len: u32) {
        debug_assert!(len <= self.avail_out);
        self.next_out = self.next_out.wrapping_add(len as usize);
        self.avail_out -= len;
    }

    /// Writes as much of `bytes` as there is room for; how many that was.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> usize {
        let len = bytes.len().min(self.avail_out as usize);
        // SAFETY: `len` bytes of room are writable by `from_raw`'s contract; `copy` allows that a
        // caller's header text lies in its own output.
        unsafe { core::ptr::copy(bytes.as_ptr(), self.next_out, len) };
        self.next_out = self.next_out.wrapping_add(len);
        self.avail_out -= len as u32;
        len
    }

    /// The bytes written since the room was at `start`.
    pub(crate) fn written_since(&self, start: *mut u8) -> &'a [u8] {
        let len = (self.next_out as usize).wrapping_sub(start as usize);
        if len == 0 {
            return &[];
        }
        // SAFETY: the engine has written these `len` bytes, which are within the caller's buffer.
        unsafe { core::slice::from_raw_parts(start, len) }
    }

    /// What has been read and written since `before`'s counts, with the code of the call.
    pub(crate) fn step_since(&self, avail_in: u32, avail_out: u32, code: Code) -> Step {
        Step {
            code,
            consumed: (avail_in - self.avail_in) as usize,
            produced: (avail_out - self.avail_out) as usize,
        }
    }
}
