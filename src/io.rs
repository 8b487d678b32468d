//! The caller's memory, as pointers: output may be uninitialised, and input and output may overlap.
//!
//! A C program passes what it likes: output that was never written, the same memory as input and
//! output, a length that only means "all there is". No reference to such memory is made for longer
//! than it takes to read what is known to be there, and none to what is still to be written.

use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ptr;

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
/// As many bytes as the counts say can be read and written, for `'a`. Either may be changed through
/// the other.
#[derive(Debug)]
pub struct Io<'a> {
    pub(crate) next_in: *const u8,
    pub(crate) avail_in: u32,
    pub(crate) next_out: *mut u8,
    pub(crate) avail_out: u32,
    lacking: bool,
    _buffers: PhantomData<&'a mut [MaybeUninit<u8>]>,
}

impl<'a> Io<'a> {
    /// The buffers of one call. Without a `next_out`, or without a `next_in` where `avail_in` says
    /// that there is one, nothing is read or written; [`Io::lacks_a_buffer`] then.
    ///
    /// # Safety
    /// Unless null, `next_in` is valid for reads of `avail_in` bytes and `next_out` for writes of
    /// `avail_out` bytes, for `'a`.
    pub unsafe fn from_raw(
        next_in: *const u8,
        avail_in: u32,
        next_out: *mut u8,
        avail_out: u32,
    ) -> Io<'a> {
        let lacking = next_out.is_null() || (avail_in != 0 && next_in.is_null());
        let (avail_in, avail_out) = if lacking { (0, 0) } else { (avail_in, avail_out) };
        Io { next_in, avail_in, next_out, avail_out, lacking, _buffers: PhantomData }
    }

    /// Input alone.
    ///
    /// # Safety
    /// Unless null, `next_in` is valid for reads of `avail_in` bytes, for `'a`.
    pub unsafe fn input_alone(next_in: *const u8, avail_in: u32) -> Io<'a> {
        let avail_in = if next_in.is_null() { 0 } else { avail_in };
        let next_out = ptr::null_mut();
        Io { next_in, avail_in, next_out, avail_out: 0, lacking: true, _buffers: PhantomData }
    }

    /// At most `u32::MAX` bytes of both.
    pub fn new(input: &'a [u8], output: Room<'a>) -> Io<'a> {
        Io {
            next_in: input.as_ptr(),
            avail_in: clamp(input.len()),
            next_out: output.start,
            avail_out: clamp(output.len),
            lacking: false,
            _buffers: PhantomData,
        }
    }

    /// Neither input nor room.
    pub fn empty() -> Io<'a> {
        Io::new(&[], Room::new(&mut []))
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

    /// Whether a buffer that a call needs is null.
    pub fn lacks_a_buffer(&self) -> bool {
        self.lacking
    }

    /// The same input and room.
    pub(crate) fn both(&self) -> Io<'a> {
        Io { ..*self }
    }

    /// The first `len` bytes of input that are left, to be looked at before anything is written.
    pub(crate) fn input(&self, len: u32) -> &[u8] {
        let len = len.min(self.avail_in);
        if len == 0 {
            return &[];
        }
        // SAFETY: as many bytes can be read, and as long as this borrow is there, which is at most
        // until the next byte goes to the output, nothing changes them.
        unsafe { core::slice::from_raw_parts(self.next_in, len as usize) }
    }

    /// Takes one byte of input.
    pub(crate) fn byte(&mut self) -> Option<u8> {
        let byte = *self.input(1).first()?;
        self.skip(1);
        Some(byte)
    }

    /// Moves past `len` bytes of input, or all where there are fewer.
    pub(crate) fn skip(&mut self, len: u32) {
        debug_assert!(len <= self.avail_in);
        let len = len.min(self.avail_in);
        self.next_in = self.next_in.wrapping_add(len as usize);
        self.avail_in -= len;
    }

    /// Moves past `len` bytes of room, which are written, or all where there are fewer.
    pub(crate) fn advance(&mut self, len: u32) {
        debug_assert!(len <= self.avail_out);
        let len = len.min(self.avail_out);
        self.next_out = self.next_out.wrapping_add(len as usize);
        self.avail_out -= len;
    }

    /// Writes as much of a stream's own `bytes` as there is room for; how many that was.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> usize {
        let len = bytes.len().min(self.avail_out as usize);
        // SAFETY: there is room for `len` bytes, and what a reference is held to is not the
        // caller's, so that the two do not overlap.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), self.next_out, len) };
        self.advance(len as u32);
        len
    }

    /// The bytes written since the room was at `start`.
    ///
    /// # Safety
    /// `start` is where the room was earlier in this call.
    pub(crate) unsafe fn written_since(&self, start: *mut u8) -> &[u8] {
        let len = self.next_out.addr().wrapping_sub(start.addr());
        if len == 0 {
            return &[];
        }
        // SAFETY: by the caller's word these bytes were room, and the stream has written them.
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

/// Memory to be filled from its start. What is still to be written may be uninitialised.
#[derive(Debug)]
pub struct Room<'a> {
    start: *mut u8,
    len: usize,
    _memory: PhantomData<&'a mut [MaybeUninit<u8>]>,
}

impl<'a> Room<'a> {
    /// All of a slice.
    pub fn new(bytes: &'a mut [u8]) -> Room<'a> {
        Room { start: bytes.as_mut_ptr(), len: bytes.len(), _memory: PhantomData }
    }

    /// All of a slice of which nothing may be written yet.
    pub fn uninit(bytes: &'a mut [MaybeUninit<u8>]) -> Room<'a> {
        Room { start: bytes.as_mut_ptr().cast(), len: bytes.len(), _memory: PhantomData }
    }

    /// What a C program says is `len` bytes of room. A length past the end of its memory only means
    /// "all there is": nothing is touched behind what is written.
    ///
    /// # Safety
    /// `start` is not null, unless `len` is 0, and valid for writes of as much as is written, at most
    /// `len` bytes, for `'a`.
    pub unsafe fn from_raw(start: *mut u8, len: usize) -> Room<'a> {
        Room { start, len, _memory: PhantomData }
    }

    /// How many bytes there is room for.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no room.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Where the next byte goes: valid for writes of [`Room::len`] bytes.
    pub fn start(&self) -> *mut u8 {
        self.start
    }

    /// Writes as much of `bytes` as there is room for; how many that was.
    pub fn put(&mut self, bytes: &[u8]) -> usize {
        let len = bytes.len().min(self.len);
        // SAFETY: there is room for `len` bytes; a caller's memory may be part of what `bytes` refers
        // to only if it passes a file's own buffer, which `copy` allows.
        unsafe { ptr::copy(bytes.as_ptr(), self.start, len) };
        self.advance(len);
        len
    }

    /// Moves past `len` bytes, which are written, or all where there are fewer.
    pub fn advance(&mut self, len: usize) {
        debug_assert!(len <= self.len);
        let len = len.min(self.len);
        self.start = self.start.wrapping_add(len);
        self.len -= len;
    }

    /// The first `len` bytes of it, for a while; all where there are fewer.
    pub fn first(&mut self, len: usize) -> Room<'_> {
        Room { start: self.start, len: len.min(self.len), _memory: PhantomData }
    }
}

fn clamp(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_null_with_a_count_is_nothing() {
        let mut out = [0; 4];
        // SAFETY: the one pointer that is not null is valid for its count.
        let io = unsafe { Io::from_raw(ptr::null(), 7, out.as_mut_ptr(), 4) };
        assert!(io.lacks_a_buffer() && io.input(7).is_empty() && io.avail_out() == 0);
        // SAFETY: both are null.
        let mut io = unsafe { Io::from_raw(ptr::null(), 0, ptr::null_mut(), 9) };
        assert!(io.lacks_a_buffer());
        assert_eq!(io.write(b"x"), 0);
        // SAFETY: nothing to read.
        assert!(!unsafe { Io::from_raw(ptr::null(), 0, out.as_mut_ptr(), 4) }.lacks_a_buffer());
    }

    #[test]
    fn what_is_written_needs_no_value_before() {
        let mut memory = [MaybeUninit::<u8>::uninit(); 8];
        let mut room = Room::uninit(&mut memory);
        assert_eq!(room.put(b"abc"), 3);
        let mut io = Io::new(b"in", room);
        let start = io.next_out();
        assert_eq!(io.write(b"defghi"), 5);
        // SAFETY: that is where the room was.
        assert_eq!(unsafe { io.written_since(start) }, b"defgh");
        assert_eq!(io.byte(), Some(b'i'));
        assert_eq!(io.avail_in(), 1);
        // SAFETY: all 8 bytes are written.
        assert_eq!(memory.map(|byte| unsafe { byte.assume_init() }), *b"abcdefgh");
    }

    /// The same memory as input and output: what is read is what was there before it is written.
    #[test]
    fn input_and_output_may_overlap() {
        let mut memory = *b"abcdef";
        let start = memory.as_mut_ptr();
        // SAFETY: all of it can be read and written.
        let mut io = unsafe { Io::from_raw(start, 6, start.wrapping_add(1), 5) };
        for expected in b"ax" {
            assert_eq!(io.byte(), Some(*expected));
            assert_eq!(io.write(b"x"), 1);
        }
        assert_eq!(&memory, b"axxdef");
    }

    #[test]
    fn a_room_longer_than_its_memory_is_all_there_is() {
        let mut memory = [0; 3];
        // SAFETY: three bytes are written.
        let mut room = unsafe { Room::from_raw(memory.as_mut_ptr(), usize::MAX) };
        assert_eq!(room.put(b"abc"), 3);
        assert_eq!(&memory, b"abc");
    }
}
