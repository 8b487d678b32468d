//! The bit buffer: what was taken of the input and not used yet.

use crate::io::Io;

/// Bits that wait between two calls, the next one lowest. All above `count` are zero.
///
/// Outside of the blocks' data no byte of input is taken before a bit of it is needed, so fewer
/// than eight bits are left of each item, unless `inflatePrime` put some there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bits {
    pub hold: u64,
    pub count: u32,
}

impl Bits {
    pub const EMPTY: Bits = Bits { hold: 0, count: 0 };

    /// Takes input until `count` bits are there; whether they are.
    pub fn fill(&mut self, io: &mut Io<'_>, count: u32) -> bool {
        while self.count < count {
            let Some(byte) = io.byte() else { return false };
            self.hold |= u64::from(byte) << self.count;
            self.count += 8;
        }
        true
    }

    /// All bits, and none are left.
    pub fn take(&mut self) -> u64 {
        core::mem::replace(self, Bits::EMPTY).hold
    }

    pub fn skip(&mut self, count: u32) {
        self.hold >>= count;
        self.count -= count;
    }

    /// Inserts bits in front of the input (zlib.h, `inflatePrime`); false if there is no room.
    pub fn prime(&mut self, count: i32, value: i32) -> bool {
        match count {
            ..0 => *self = Bits::EMPTY,
            0 => {}
            1..=16 if self.count + count as u32 <= 32 => {
                self.hold |= u64::from(value as u32 & ((1 << count) - 1)) << self.count;
                self.count += count as u32;
            }
            _ => return false,
        }
        true
    }

    /// The whole bytes, up to four, and no bits are left.
    pub fn take_bytes(&mut self) -> ([u8; 8], usize) {
        let (whole, odd) = (self.count / 8, self.count % 8);
        ((self.take() >> odd).to_le_bytes(), whole as usize)
    }
}

/// Input, output and bit buffer while blocks are read.
///
/// Bits of `hold` above `bits` are zero or what the input goes on with, so that more of it can be
/// added with an or.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor {
    pub next: *const u8,
    pub end: *const u8,
    /// Where the input in the bit buffer began: what was put there before can not be given back.
    pub start: *const u8,
    pub hold: u64,
    pub bits: u32,
    pub out: *mut u8,
    pub out_end: *mut u8,
    /// Where this call's output began: what lies before it is in the window.
    pub out_start: *mut u8,
}

impl Cursor {
    #[inline(always)]
    pub fn input_left(&self) -> usize {
        self.end as usize - self.next as usize
    }

    #[inline(always)]
    pub fn room(&self) -> usize {
        self.out_end as usize - self.out as usize
    }

    #[inline(always)]
    pub fn produced(&self) -> usize {
        self.out as usize - self.out_start as usize
    }

    /// Takes 56 bits or more into the buffer, or what there is.
    #[inline(always)]
    pub fn refill(&mut self) {
        if self.input_left() >= 8 {
            // SAFETY: eight bytes of input are readable, by the line before.
            let word = u64::from_le(unsafe { self.next.cast::<u64>().read_unaligned() });
            self.hold |= word << self.bits;
            self.next = self.next.wrapping_add(self.missing());
            self.bits |= 56;
        } else {
            self.need(56);
        }
    }

    /// How many bytes there is room for in the bit buffer.
    #[inline(always)]
    pub fn missing(&self) -> usize {
        (63 - self.bits as usize) >> 3
    }

    /// Takes single bytes until `count` bits are there; whether they are.
    #[inline]
    pub fn need(&mut self, count: u32) -> bool {
        while self.bits < count {
            if self.next == self.end {
                return false;
            }
            // SAFETY: `next` is in front of the input's end.
            let byte = unsafe { self.next.read() };
            self.hold |= u64::from(byte) << self.bits;
            self.bits += 8;
            self.next = self.next.wrapping_add(1);
        }
        true
    }

    /// The next `count` bits, fewer than 32. Those that are not there are read as anything.
    #[inline(always)]
    pub fn peek(&self, count: u32) -> u32 {
        self.hold as u32 & ((1 << count) - 1)
    }

    #[inline(always)]
    pub fn skip(&mut self, count: u32) {
        self.hold >>= count;
        self.bits -= count;
    }

    /// Bits of this call's input that were taken in whole bytes and are not used.
    #[inline]
    pub fn spare_bytes(&self, keep: u32) -> usize {
        let whole = (self.bits.saturating_sub(keep) >> 3) as usize;
        whole.min(self.next as usize - self.start as usize)
    }

    /// Gives back the whole bytes that zlib would not have taken: all that this call took and are
    /// not within the next `keep` bits.
    pub fn give_back(&mut self, keep: u32) {
        let spare = self.spare_bytes(keep);
        self.next = self.next.wrapping_sub(spare);
        self.bits -= 8 * spare as u32;
        self.hold &= (1u64 << self.bits) - 1;
    }
}
