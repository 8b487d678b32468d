//! Positions with the same hash as linked lists, as in zlib: for each hash its last position, for
//! each position the one before.

use super::{Match, Search};
use crate::deflate::window::{MAX_MATCH, Window};

/// The lists of a stream, in the stream's own memory.
///
/// Position 0 means none, so that a string at the window's start is not found.
pub(in crate::deflate) struct List {
    head: *mut u16,
    prev: *mut u16,
    window_size: u32,
    bits: u32,
    /// The hash of the last two bytes, or three, that went into it: zlib's `ins_h`. It is right for
    /// the next position in all but the oddest call sequences, and counts in those too.
    hash: u32,
    /// Whether `head` holds anything; it is cleared when that is needed.
    clear: bool,
}

impl List {
    /// # Safety
    /// `head` is valid for `1 << bits` positions, `prev` for `window_size`, for as long as this is
    /// used.
    pub unsafe fn new(head: *mut u16, prev: *mut u16, window_size: u32, bits: u32) -> List {
        List { head, prev, window_size, bits, hash: 0, clear: true }
    }

    pub fn bits(&self) -> u32 {
        self.bits
    }

    /// Forgets all positions.
    pub fn forget(&mut self) {
        self.clear = true;
    }

    /// Starts anew.
    pub fn reset(&mut self) {
        self.forget();
        self.hash = 0;
    }

    fn entries(&self) -> usize {
        1 << self.bits
    }

    /// Clears the heads if that was put off.
    fn ready(&mut self) {
        if self.clear {
            // SAFETY: there are as many.
            unsafe { self.head.write_bytes(0, self.entries()) };
            self.clear = false;
        }
    }

    /// Moves all positions down by the window's size, which forgets those below.
    pub fn slide(&mut self) {
        let by = self.window_size as u16;
        if self.clear {
            return;
        }
        // SAFETY: there are as many entries. Those of `prev` that were never written are never
        // used, and here only moved.
        unsafe {
            slide(self.head, self.entries(), by);
            slide(self.prev, self.window_size as usize, by);
        }
    }

    /// Takes over what `other`, which is as large, holds.
    pub fn copy_from(&mut self, other: &List) {
        debug_assert_eq!((self.bits, self.window_size), (other.bits, other.window_size));
        if !other.clear {
            // SAFETY: both have as many entries, in memory of their own.
            unsafe {
                core::ptr::copy_nonoverlapping(other.head, self.head, self.entries());
                core::ptr::copy_nonoverlapping(other.prev, self.prev, self.window_size as usize);
            }
        }
        *self = List { head: self.head, prev: self.prev, ..*other };
    }

    /// Starts the hash with the bytes at `pos`.
    ///
    /// # Safety
    /// Two bytes are there.
    pub unsafe fn start(&mut self, window: &Window, pos: usize) {
        // SAFETY: by this function's own contract.
        let (first, second) = unsafe { (*window.bytes().add(pos), *window.bytes().add(pos + 1)) };
        let shift = self.bits.div_ceil(3);
        self.hash = (u32::from(first) << shift ^ u32::from(second)) & (self.entries() as u32 - 1);
    }

    /// Inserts `pos`, for which the hash was started or that follows the last one, and gives the
    /// last position with the same hash, or 0.
    ///
    /// # Safety
    /// Three bytes are there.
    #[inline(always)]
    pub unsafe fn insert(&mut self, window: &Window, pos: usize) -> usize {
        let mask = self.entries() as u32 - 1;
        let shift = self.bits.div_ceil(3);
        self.ready();
        // SAFETY: the third byte is there; hash and position are masked to the tables' sizes.
        unsafe {
            let third = *window.bytes().add(pos + 2);
            self.hash = (self.hash << shift ^ u32::from(third)) & mask;
            let head = self.head.add(self.hash as usize);
            let before = head.read();
            self.prev.add(pos & (self.window_size as usize - 1)).write(before);
            head.write(pos as u16);
            before.into()
        }
    }

    /// The longest match among the positions from `head` on.
    ///
    /// # Safety
    /// `head` is a position before `search.pos` that [`List::insert`] gave; the window has
    /// `search.lookahead` bytes from there on, and [`MAX_MATCH`] can be read.
    pub unsafe fn longest(&self, window: &Window, head: usize, search: Search) -> Match {
        let Search { pos, lookahead, best, mut chain, nice } = search;
        let most = MAX_MATCH.min(lookahead);
        let mut found = Match { length: best, start: 0 };
        if best >= most {
            found.length = best.min(lookahead);
            return found;
        }
        // Candidates lie from here on, and before `pos`. What lies outside ends the search, also
        // what has stayed behind from before a `deflateResetKeep` and is no position any more.
        let farthest = pos.saturating_sub(window.max_distance()) + 1;
        let span = pos - farthest;
        let mask = self.window_size as usize - 1;
        let bytes = window.bytes();
        let mut candidate = head;
        // SAFETY: candidates are positions before `pos`, so that whatever can be read there can be
        // read at the candidate too. At `pos`, that is `MAX_MATCH` bytes: `common` reads no more,
        // and `best` is less.
        unsafe {
            let string = bytes.add(pos);
            let start = string.cast::<u32>().read_unaligned();
            let mut filter = Filter::new(string, found.length);
            loop {
                let other = bytes.add(candidate);
                if filter.passes(other)
                    && (other.cast::<u32>().read_unaligned() ^ start).to_le() & 0xff_ffff == 0
                {
                    let length = common(string, other, most);
                    if length > found.length {
                        found = Match { length, start: candidate };
                        if length >= nice {
                            break;
                        }
                        filter = Filter::new(string, length);
                    }
                }
                candidate = self.prev.add(candidate & mask).read().into();
                chain = chain.wrapping_sub(1);
                if candidate.wrapping_sub(farthest) >= span || chain == 0 {
                    break;
                }
            }
        }
        found
    }
}

/// A test that a longer match must pass: four bytes at its end.
struct Filter {
    at: isize,
    bytes: u32,
    mask: u32,
}

impl Filter {
    /// For matches longer than `best`.
    ///
    /// # Safety
    /// `best` + 1 bytes can be read.
    unsafe fn new(string: *const u8, best: usize) -> Filter {
        let (at, mask) = match best {
            // As zlib, which compares the byte before the string here: only a change from a fast
            // level leaves a previous match of no length.
            0 => (-1, 0xffff),
            1 | 2 => (0, 0xff_ffff),
            _ => (best as isize - 3, u32::MAX),
        };
        // SAFETY: by this function's own contract, and a string that is searched for is not at the
        // window's start.
        let bytes = unsafe { string.offset(at).cast::<u32>().read_unaligned() }.to_le() & mask;
        Filter { at, bytes, mask }
    }

    /// # Safety
    /// As for [`Filter::new`].
    #[inline(always)]
    unsafe fn passes(&self, other: *const u8) -> bool {
        // SAFETY: by this function's own contract.
        let bytes = unsafe { other.offset(self.at).cast::<u32>().read_unaligned() };
        bytes.to_le() & self.mask == self.bytes
    }
}

/// How many bytes two strings, whose first three are equal, have in common, up to `most`.
///
/// # Safety
/// [`MAX_MATCH`] bytes can be read of both.
#[inline(always)]
unsafe fn common(a: *const u8, b: *const u8, most: usize) -> usize {
    // From the third byte on in words of eight, to end at the 258th.
    let mut at = 2;
    while at < most {
        // SAFETY: `at` is at most 250.
        let (x, y) = unsafe {
            (a.add(at).cast::<u64>().read_unaligned(), b.add(at).cast::<u64>().read_unaligned())
        };
        let differing = (x ^ y).to_le();
        if differing != 0 {
            return (at + differing.trailing_zeros() as usize / 8).min(most);
        }
        at += 8;
    }
    most
}

/// Moves positions down.
///
/// # Safety
/// `at` is valid for `count` positions.
unsafe fn slide(at: *mut u16, count: usize, by: u16) {
    for i in 0..count {
        // SAFETY: by this function's own contract.
        unsafe { at.add(i).write(at.add(i).read().saturating_sub(by)) };
    }
}
