//! Output that waits for room, and the bits that are no byte yet.

use super::strm::Strm;

/// The pending buffer. zlib keeps a block's symbols in its upper three quarters until the block is
/// written, over them, to its start: see `block`.
pub(super) struct Pending {
    buffer: *mut u8,
    size: u32,
    /// Where the bytes that wait begin.
    start: u32,
    /// How many wait.
    len: u32,
    /// How far they have been moved down since the first of them was handed over.
    moved: u32,
    /// Fewer than 8 bits, the first one lowest.
    bits: u32,
    bit_count: u32,
    /// How many bits of the last byte were used when the output was last made whole bytes.
    used: u32,
}

impl Pending {
    /// # Safety
    /// `buffer` is valid for `size` bytes for as long as this is used.
    pub unsafe fn new(buffer: *mut u8, size: u32) -> Pending {
        Pending { buffer, size, start: 0, len: 0, moved: 0, bits: 0, bit_count: 0, used: 0 }
    }

    pub fn clear(&mut self) {
        (self.start, self.len, self.moved) = (0, 0, 0);
        (self.bits, self.bit_count, self.used) = (0, 0, 0);
    }

    pub fn buffer(&self) -> *mut u8 {
        self.buffer
    }

    pub fn size(&self) -> usize {
        self.size as usize
    }

    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// How much was handed over since the buffer was last empty.
    pub fn handed_over(&self) -> usize {
        (self.start + self.moved) as usize
    }

    /// Makes room for two bytes behind those that wait, below `end`, if possible.
    pub fn make_room(&mut self, end: usize) -> bool {
        if (self.start + self.len) as usize + 2 > end {
            // SAFETY: the bytes that wait are within the buffer.
            unsafe {
                core::ptr::copy(self.buffer.add(self.start as usize), self.buffer, self.len());
            }
            self.moved += core::mem::take(&mut self.start);
        }
        self.len() + 2 <= end
    }

    pub fn bit_count(&self) -> u32 {
        self.bit_count
    }

    pub fn used(&self) -> u32 {
        self.used
    }

    pub fn set_used(&mut self, used: u32) {
        self.used = used;
    }

    /// Goes on from `bits`, of which `count` (fewer than 8) are valid, behind `len` bytes.
    ///
    /// # Safety
    /// The first `len` bytes of the buffer are written.
    pub unsafe fn resume(&mut self, len: usize, bits: u32, count: u32) {
        debug_assert!(len <= self.size() && count < 8);
        (self.len, self.bits, self.bit_count) = (len as u32, bits, count);
    }

    /// Takes over what `other`, which is as large, holds.
    pub fn copy_from(&mut self, other: &Pending) {
        debug_assert_eq!(self.size, other.size);
        // SAFETY: both buffers are as large, and not the same.
        unsafe {
            let start = other.start as usize;
            let to = self.buffer.add(start);
            core::ptr::copy_nonoverlapping(other.buffer.add(start), to, other.len());
        }
        *self = Pending { buffer: self.buffer, ..*other };
    }

    pub fn bits(&self) -> u32 {
        self.bits
    }

    /// The bytes that wait.
    pub fn waiting(&self) -> &[u8] {
        // SAFETY: this part of the buffer is written.
        unsafe { core::slice::from_raw_parts(self.buffer.add(self.start as usize), self.len()) }
    }

    /// The bytes from `from` on, where everything still begins at the start.
    pub fn written_from(&self, from: usize) -> &[u8] {
        debug_assert!(self.start == 0 && from <= self.len());
        &self.waiting()[from..]
    }

    /// Adds a byte. There is room: everything that adds makes sure of it.
    pub fn byte(&mut self, byte: u8) {
        let end = self.start + self.len;
        if end < self.size {
            // SAFETY: within the buffer by the line above.
            unsafe { self.buffer.add(end as usize).write(byte) };
            self.len += 1;
        }
    }

    /// Adds as much of `bytes` as there is room for.
    pub fn bytes(&mut self, bytes: &[u8]) {
        // SAFETY: the bytes of a slice can be read.
        unsafe { self.copy(bytes.as_ptr(), bytes.len()) };
    }

    /// Adds `count` bytes, or what there is room for, from `from`.
    ///
    /// # Safety
    /// `from` is valid for reads of `count` bytes, which do not lie in the buffer.
    pub unsafe fn copy(&mut self, from: *const u8, count: usize) {
        let end = self.start + self.len;
        let count = count.min((self.size - end) as usize);
        // SAFETY: `count` bytes are left of the buffer.
        unsafe { core::ptr::copy_nonoverlapping(from, self.buffer.add(end as usize), count) };
        self.len += count as u32;
    }

    /// Adds up to 16 bits.
    pub fn send(&mut self, value: u32, count: u32) {
        self.bits |= value << self.bit_count;
        self.bit_count += count;
        let whole = self.bit_count / 8;
        let end = self.start + self.len;
        if whole != 0 {
            if end + 2 <= self.size {
                // Both at once, also where only the first is whole: a byte behind what waits is
                // never in use (see `has_room_for` and the block's text).
                // SAFETY: within the buffer by the line above.
                unsafe {
                    let to = self.buffer.add(end as usize).cast::<u16>();
                    to.write_unaligned((self.bits as u16).to_le());
                }
                self.len += whole;
            } else {
                self.bytes(&self.bits.to_le_bytes()[..whole as usize]);
            }
            self.bits >>= 8 * whole;
            self.bit_count -= 8 * whole;
        }
    }

    /// Fills the last byte with zeros.
    pub fn align(&mut self) {
        self.used = if self.bit_count == 0 { 8 } else { self.bit_count };
        if self.bit_count != 0 {
            self.byte(self.bits as u8);
        }
        (self.bits, self.bit_count) = (0, 0);
    }

    /// Adds the start of a stored block of `len` bytes.
    pub fn stored_header(&mut self, len: u16, last: bool) {
        self.send(u32::from(last), 3);
        self.align();
        self.bytes(&len.to_le_bytes());
        self.bytes(&(!len).to_le_bytes());
    }

    /// Adds an empty block of fixed codes.
    pub fn empty_fixed_block(&mut self) {
        self.send(1 << 1, 3);
        self.send(0, 7);
    }

    /// Hands over what there is room for.
    pub fn flush(&mut self, strm: &mut Strm<'_>) {
        let len = self.len.min(strm.io.avail_out());
        if len == 0 {
            return;
        }
        strm.write(&self.waiting()[..len as usize]);
        self.start += len;
        self.len -= len;
        if self.len == 0 {
            (self.start, self.moved) = (0, 0);
        }
    }
}
