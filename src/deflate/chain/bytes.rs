//! The window's bytes, read several at a time.

/// Bytes that are read without checks of each read.
///
/// The searches read so often that a comparison with the length at each would cost a tenth of
/// their time. So the places to read are the caller's promise; debug builds check all of them.
#[derive(Clone, Copy)]
pub struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    /// All of `bytes`.
    #[inline(always)]
    pub fn new(bytes: &'a [u8]) -> Bytes<'a> {
        Bytes(bytes)
    }

    /// How many there are.
    #[inline(always)]
    pub fn len(self) -> usize {
        self.0.len()
    }

    /// One byte; checked.
    #[inline(always)]
    pub fn byte(self, at: usize) -> u8 {
        self.0[at]
    }

    /// Four bytes, little-endian.
    ///
    /// # Safety
    /// `at + 4` is at most [`Bytes::len`].
    #[inline(always)]
    pub unsafe fn four(self, at: usize) -> u32 {
        debug_assert!(at + 4 <= self.0.len());
        // SAFETY: these bytes are within the slice, says the caller.
        u32::from_le(unsafe { self.0.as_ptr().add(at).cast::<u32>().read_unaligned() })
    }

    /// Eight bytes, little-endian.
    ///
    /// # Safety
    /// `at + 8` is at most [`Bytes::len`].
    #[inline(always)]
    pub unsafe fn eight(self, at: usize) -> u64 {
        debug_assert!(at + 8 <= self.0.len());
        // SAFETY: these bytes are within the slice, says the caller.
        u64::from_le(unsafe { self.0.as_ptr().add(at).cast::<u64>().read_unaligned() })
    }

    /// How many of the `cap` bytes at `a` and at `b` are the same before the first that differs,
    /// if the first `known` are known to be.
    ///
    /// # Safety
    /// `a < b`, `b + cap` is at most [`Bytes::len`], and `known <= cap`, `8 <= cap`.
    #[inline(always)]
    pub unsafe fn common(self, a: usize, b: usize, known: usize, cap: usize) -> usize {
        debug_assert!(a < b && b + cap <= self.0.len() && known <= cap && 8 <= cap);
        let mut len = known;
        while len + 8 <= cap {
            // SAFETY: eight bytes from here on are within the `cap` ones.
            let differing = unsafe { self.eight(a + len) ^ self.eight(b + len) };
            if differing != 0 {
                return len + differing.trailing_zeros() as usize / 8;
            }
            len += 8;
        }
        // The last eight; those that were compared already are the same.
        let last = cap - 8;
        // SAFETY: these are the last of the `cap` bytes, which are at least 8.
        let differing = unsafe { self.eight(a + last) ^ self.eight(b + last) };
        if differing == 0 { cap } else { last + differing.trailing_zeros() as usize / 8 }
    }
}

/// An entry of a table, unchecked but in debug builds, for the loops where it counts.
///
/// # Safety
/// `index` is below the length.
#[inline(always)]
pub unsafe fn at(table: &[u16], index: usize) -> u16 {
    debug_assert!(index < table.len());
    // SAFETY: it is within the slice, says the caller.
    *unsafe { table.get_unchecked(index) }
}

/// As [`at`], to change it.
///
/// # Safety
/// `index` is below the length.
#[inline(always)]
pub unsafe fn at_mut(table: &mut [u16], index: usize) -> &mut u16 {
    debug_assert!(index < table.len());
    // SAFETY: it is within the slice, says the caller.
    unsafe { table.get_unchecked_mut(index) }
}
