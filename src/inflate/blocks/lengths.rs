//! The code lengths of a dynamic block (RFC 1951, 3.2.7).

use core::ffi::CStr;

use super::Blocks;
use crate::inflate::bits::Cursor;
use crate::inflate::fast::Variants;
use crate::inflate::tables::{self, DISTANCE_ENTRIES, OneByOne, Sort, entry, precode};

/// Most lengths that a block has, and room for a repeat that goes too far, and for wide reads.
pub(super) const LENGTHS: usize = 286 + 30 + 64;

/// In what order the lengths of the code for lengths come.
const ORDER: [u8; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// The most bits of a code for a length, with its extra bits.
const MOST: u32 = 14;

/// How many lengths are written at once: mostly there are fewer.
const AT_ONCE: usize = 32;

/// The lengths of a block while they are read.
pub(in crate::inflate) struct Reader<'a> {
    /// Has an entry for each value under the mask.
    table: &'a [u32; DISTANCE_ENTRIES],
    mask: u64,
    lengths: &'a mut [u8; LENGTHS],
    have: usize,
    all: usize,
}

/// [`Reader::many`] for one CPU tier.
pub(in crate::inflate) type ReadMany = unsafe fn(&mut Reader<'_>, &mut Cursor);

impl Reader<'_> {
    /// Reads lengths while eight bytes of input are left. The first and the last, and what is no
    /// length, are left to [`Blocks::code_lengths`].
    #[inline(always)]
    pub fn many(&mut self, cursor: &mut Cursor) {
        let Cursor { mut next, end, mut hold, mut bits, .. } = *cursor;
        let Reader { table, mask, all, .. } = *self;
        let mut have = self.have;
        let Some(mut last) = have.checked_sub(1).map(|before| self.lengths[before]) else { return };
        let lengths = self.lengths.as_mut_ptr();
        'all: while end as usize - next as usize >= 8 {
            // SAFETY: eight bytes of input are readable, by the line before.
            hold |= u64::from_le(unsafe { next.cast::<u64>().read_unaligned() }) << bits;
            next = next.wrapping_add((63 - bits as usize) >> 3);
            bits |= 56;
            for _ in 0..56 / MOST {
                // SAFETY: the table has an entry for each value under the mask.
                let found = unsafe { *table.get_unchecked((hold & mask) as usize) };
                let taken = entry::bits(found);
                let extra = (hold & ((1 << taken) - 1)) >> entry::code_bits(found);
                let count = precode::count(found) + extra as usize;
                if have + count >= all {
                    break 'all;
                }
                // Only the low six bits count.
                hold = hold.wrapping_shr(found);
                bits -= taken;
                let repeats = found & precode::REPEATS != 0;
                last = core::hint::select_unpredictable(repeats, last, (found >> 24) as u8);
                let mut done = 0;
                loop {
                    // SAFETY: this begins in front of the last length, and there is room for as
                    // many behind that.
                    unsafe { lengths.add(have + done).cast::<[u8; AT_ONCE]>().write([last; _]) };
                    done += AT_ONCE;
                    if done >= count {
                        break;
                    }
                }
                have += count;
            }
        }
        self.have = have;
        *cursor = Cursor { next, hold, bits, ..*cursor };
    }
}

impl Blocks {
    /// Reads the lengths of the code for lengths; whether all are there.
    pub(super) fn precode_lengths(&mut self, cursor: &mut Cursor) -> bool {
        let all = usize::from(self.precodes);
        if self.have == 0 {
            self.precode = [0; 19];
            cursor.refill();
            if cursor.bits as usize >= 3 * all {
                for (place, symbol) in ORDER[..all].iter().enumerate() {
                    self.precode[usize::from(*symbol)] = (cursor.hold >> (3 * place)) as u8 & 7;
                }
                cursor.skip(3 * u32::from(self.precodes));
                return true;
            }
        }
        while usize::from(self.have) < all {
            if !cursor.need(3) {
                return false;
            }
            self.precode[usize::from(ORDER[usize::from(self.have)])] = cursor.peek(3) as u8;
            cursor.skip(3);
            self.have += 1;
        }
        true
    }

    /// Builds the table of the code for lengths; how many bits it is looked up with, or `None` if
    /// there is no such code.
    pub(super) fn build_precode(&mut self) -> Option<usize> {
        // SAFETY: the array is as long as 64 bits need.
        let lengths = unsafe { OneByOne::sort(self.precode.as_ptr(), 19) };
        // SAFETY: any bits are a value of the table's type.
        let table = unsafe { &mut self.tables.pair.assume_init_mut().distances };
        tables::precodes(table, &lengths)
    }

    /// Reads the code lengths; whether all are there. Of an error its text, and how many bits zlib
    /// would not give back though they are not used.
    pub(super) fn code_lengths(
        &mut self,
        cursor: &mut Cursor,
        variants: &Variants,
    ) -> Result<bool, (&'static CStr, u32)> {
        const REPEAT: &CStr = c"invalid bit length repeat";
        // SAFETY: the table was built before this mode; any bits are values of both types.
        let (table, lengths) = unsafe {
            (&self.tables.pair.assume_init_ref().distances, self.tables.lengths.assume_init_mut())
        };
        let mut reader = Reader {
            table,
            mask: (1u64 << self.root) - 1,
            lengths,
            have: self.have.into(),
            all: usize::from(self.literals + self.distances),
        };
        let result = loop {
            if reader.have >= reader.all {
                break Ok(true);
            }
            // SAFETY: the CPU has what its variants need.
            unsafe { (variants.lengths)(&mut reader, cursor) };
            if cursor.bits < MOST {
                cursor.refill();
            }
            let found = table[(cursor.hold & reader.mask) as usize];
            let (bits, code_bits) = (entry::bits(found), entry::code_bits(found));
            if bits > cursor.bits {
                break Ok(false);
            }
            let last = match found & precode::REPEATS {
                0 => (found >> 24) as u8,
                _ if reader.have != 0 => reader.lengths[reader.have - 1],
                // Of no length there is none that could be repeated. zlib has not taken the extra
                // bits yet.
                _ => {
                    cursor.skip(code_bits);
                    break Err((REPEAT, bits - code_bits));
                }
            };
            let count = precode::count(found) + (cursor.peek(bits) >> code_bits) as usize;
            cursor.skip(bits);
            let after = reader.have + count;
            if after > reader.all {
                break Err((REPEAT, 0));
            }
            reader.lengths[reader.have..after].fill(last);
            reader.have = after;
        };
        self.have = reader.have as u16;
        result
    }
}
