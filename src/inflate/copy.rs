//! How a match is copied: exactly, or quicker and a little too far.

use core::mem::MaybeUninit;

/// A way to copy matches.
pub(super) trait Copier {
    /// So many bytes behind the match may be overwritten, and read behind its source.
    const SLOP: usize;

    /// Copies `length` bytes, 3 to 258, from `from` to `to`, `distance` before it, as if byte by
    /// byte: the source may run into what is written.
    ///
    /// # Safety
    /// `length` and `SLOP` bytes are writable at `to`; at `from` as many are readable, or, where it
    /// is less, `distance` before `to`. Or the two do not overlap, and `distance` is
    /// no less than `length`.
    unsafe fn copy(to: *mut u8, from: *const u8, distance: usize, length: usize);
}

/// Eight bytes that may have no value, in a register.
type Eight = MaybeUninit<u64>;
/// Sixteen such bytes.
#[cfg(target_arch = "x86_64")]
type Sixteen = MaybeUninit<core::arch::x86_64::__m128i>;
#[cfg(not(target_arch = "x86_64"))]
type Sixteen = MaybeUninit<u128>;

/// Copies a `T`, which is all read before any of it is written.
///
/// # Safety
/// `T`'s size is readable at `from` and writable at `to`.
#[inline(always)]
unsafe fn copy_one<T: Copy>(to: *mut u8, from: *const u8) {
    // SAFETY: a `T` is readable and writable there, says the caller.
    unsafe { to.cast::<T>().write_unaligned(from.cast::<T>().read_unaligned()) };
}

/// Not a byte too far, on any CPU.
pub(super) struct Exact;

impl Copier for Exact {
    const SLOP: usize = 0;

    #[inline(always)]
    unsafe fn copy(to: *mut u8, from: *const u8, distance: usize, length: usize) {
        // SAFETY: by the trait's contract.
        unsafe {
            if distance >= 16 || distance >= length {
                copy_apart(to, from, length);
            } else if distance == 1 {
                core::ptr::write_bytes(to, from.read(), length);
            } else {
                byte_by_byte(to, from, length);
            }
        }
    }
}

/// Byte by byte.
///
/// # Safety
/// `length` bytes are writable at `to`, and as many readable at `from`, perhaps once written.
#[inline(always)]
pub(super) unsafe fn byte_by_byte(to: *mut u8, from: *const u8, length: usize) {
    for i in 0..length {
        // SAFETY: by the caller's word.
        unsafe { to.add(i).write(from.add(i).read()) };
    }
}

/// The longest match.
const LONGEST: usize = 258;

/// Calls `put` with the places of 16 bytes each that together are all of `length`, at least 16. The
/// last one ends where the length does, and may overlap the one before.
#[inline(always)]
fn each_sixteen(length: usize, put: impl Fn(usize)) {
    if length == LONGEST {
        // By far the most frequent of long ones; without a loop it is quicker.
        (0..LONGEST / 16).for_each(|piece| put(piece * 16));
        put(LONGEST - 16);
        return;
    }
    let mut done = 0;
    while done + 32 <= length {
        put(done);
        put(done + 16);
        done += 32;
    }
    if done + 16 <= length {
        put(done);
    }
    put(length - 16);
}

/// Copies 3 to 258 bytes that begin at least 16 or `length` bytes before `to`.
///
/// # Safety
/// `length` bytes are writable at `to`, and as many readable at `from`, perhaps once written.
#[inline(always)]
unsafe fn copy_apart(to: *mut u8, from: *const u8, length: usize) {
    // SAFETY: by the caller's word. The last piece of each case ends where the match does; with a
    // distance of 16 or of the match's length it reads nothing that is written later.
    unsafe {
        if length >= 16 {
            each_sixteen(length, |at| copy_one::<Sixteen>(to.add(at), from.add(at)));
        } else if length >= 8 {
            copy_two::<Eight>(to, from, length - 8);
        } else if length >= 4 {
            copy_two::<MaybeUninit<u32>>(to, from, length - 4);
        } else {
            copy_two::<MaybeUninit<u16>>(to, from, 1);
        }
    }
}

/// Copies a `T`, and one from `second` on; both are read before any of them is written.
///
/// # Safety
/// As for [`copy_one`], at `to` and at `from`, and the same again `second` bytes on.
#[inline(always)]
unsafe fn copy_two<T: Copy>(to: *mut u8, from: *const u8, second: usize) {
    // SAFETY: a `T` is readable and writable at both places, says the caller.
    unsafe {
        let first = from.cast::<T>().read_unaligned();
        let last = from.add(second).cast::<T>().read_unaligned();
        to.cast::<T>().write_unaligned(first);
        to.add(second).cast::<T>().write_unaligned(last);
    }
}

/// In pieces of 16 bytes, on any CPU.
pub(super) struct Pieces;

impl Copier for Pieces {
    const SLOP: usize = 32;

    #[inline(always)]
    unsafe fn copy(mut to: *mut u8, mut from: *const u8, distance: usize, length: usize) {
        let end = to.wrapping_add(length);
        // SAFETY: by the trait's contract: each loop's last piece begins before the end, and they
        // are of 32 bytes at most.
        unsafe {
            if distance >= 16 {
                loop {
                    copy_one::<Sixteen>(to, from);
                    copy_one::<Sixteen>(to.add(16), from.add(16));
                    (to, from) = (to.add(32), from.add(32));
                    if to >= end {
                        break;
                    }
                }
            } else if distance >= 8 {
                loop {
                    copy_one::<Eight>(to, from);
                    copy_one::<Eight>(to.add(8), from.add(8));
                    (to, from) = (to.add(16), from.add(16));
                    if to >= end {
                        break;
                    }
                }
            } else if distance == 1 {
                let byte = [from.read(); 16];
                loop {
                    to.cast::<[u8; 16]>().write_unaligned(byte);
                    to = to.add(16);
                    if to >= end {
                        break;
                    }
                }
            } else {
                // Of each piece the first `distance` bytes are right; the next one begins there.
                let piece = from.cast::<Eight>().read_unaligned();
                loop {
                    to.cast::<Eight>().write_unaligned(piece);
                    to = to.add(distance);
                    to.cast::<Eight>().write_unaligned(piece);
                    to = to.add(distance);
                    if to >= end {
                        break;
                    }
                }
            }
        }
    }
}

/// In pieces of 16 bytes, with a shuffle that repeats a distance below 16. Only where SSSE3 is.
#[cfg(target_arch = "x86_64")]
pub(super) struct Shuffled;

/// For each distance below 16, where bytes of its repetition come from, for any 16 in a row; and
/// how many of 16 are whole periods.
#[cfg(target_arch = "x86_64")]
static REPEATED: [([u8; 32], u8); 16] = {
    let mut all = [([0; 32], 16); 16];
    let mut distance = 1;
    while distance < 16 {
        let mut i = 0;
        while i < 32 {
            all[distance].0[i] = (i % distance) as u8;
            i += 1;
        }
        all[distance].1 = (16 - 16 % distance) as u8;
        distance += 1;
    }
    all
};

#[cfg(target_arch = "x86_64")]
impl Copier for Shuffled {
    const SLOP: usize = 32;

    #[inline(always)]
    unsafe fn copy(mut to: *mut u8, mut from: *const u8, distance: usize, length: usize) {
        use core::arch::x86_64::{_mm_loadu_si128, _mm_shuffle_epi8, _mm_storeu_si128};
        let end = to.wrapping_add(length);
        // SAFETY: the copy and its slop are within the memory, says the caller; the CPU has SSSE3.
        unsafe {
            if distance >= 16 {
                loop {
                    copy_one::<Sixteen>(to, from);
                    copy_one::<Sixteen>(to.add(16), from.add(16));
                    (to, from) = (to.add(32), from.add(32));
                    if to >= end {
                        break;
                    }
                }
            } else {
                let (places, periods) = REPEATED.get_unchecked(distance);
                let places = _mm_loadu_si128(places.as_ptr().cast());
                let piece = _mm_shuffle_epi8(_mm_loadu_si128(from.cast()), places);
                let periods = *periods as usize;
                loop {
                    _mm_storeu_si128(to.cast(), piece);
                    to = to.add(periods);
                    _mm_storeu_si128(to.cast(), piece);
                    to = to.add(periods);
                    if to >= end {
                        break;
                    }
                }
            }
        }
    }
}

/// Not a byte too far, for long matches: with the same shuffle. Only where SSSE3 is.
#[cfg(target_arch = "x86_64")]
pub(super) struct ShuffledExact;

#[cfg(target_arch = "x86_64")]
impl Copier for ShuffledExact {
    const SLOP: usize = 0;

    #[inline(always)]
    unsafe fn copy(to: *mut u8, from: *const u8, distance: usize, length: usize) {
        use core::arch::x86_64::{
            _mm_loadu_si128, _mm_set1_epi8, _mm_shuffle_epi8, _mm_storeu_si128,
        };
        // SAFETY: by the trait's contract; no piece of 16 bytes ends behind the match, which they
        // are only used for if it is no shorter. The CPU has SSSE3.
        unsafe {
            if distance >= 16 || distance >= length {
                copy_apart(to, from, length);
            } else if length < 16 {
                byte_by_byte(to, from, length);
            } else if distance == 1 {
                // Read alone: it was just written by itself, and a read of more bytes would wait
                // until all of them are in the cache.
                let piece = _mm_set1_epi8(from.cast::<i8>().read());
                each_sixteen(length, |at| _mm_storeu_si128(to.add(at).cast(), piece));
            } else {
                let (places, periods) = REPEATED.get_unchecked(distance);
                let bytes = _mm_loadu_si128(from.cast());
                let piece = _mm_shuffle_epi8(bytes, _mm_loadu_si128(places.as_ptr().cast()));
                let periods = usize::from(*periods);
                let mut done = 0;
                while done + 16 <= length {
                    _mm_storeu_si128(to.add(done).cast(), piece);
                    done += periods;
                }
                // The last 16 begin at most a period's number of bytes behind the last whole piece.
                let shift = length - 16 - (done - periods);
                let places = _mm_loadu_si128(places.as_ptr().add(shift).cast());
                let last = _mm_shuffle_epi8(bytes, places);
                _mm_storeu_si128(to.add(length - 16).cast(), last);
            }
        }
    }
}
