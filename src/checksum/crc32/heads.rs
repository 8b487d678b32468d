//! Tables by the byte, for the head of the data: what comes before its last whole vectors.

use super::gf2::{ONE, over_x, times_x};
use crate::checksum::aligned::Aligned;

/// Columns of [`WEIGHTS`].
const COLUMNS: usize = 64;

/// The most bytes for [`weights`].
pub(super) const LONGEST: usize = 16 * COLUMNS + 15;

/// Aligned so that no row lies in two pages.
#[repr(align(512))]
struct Rows([[[u32; 2]; COLUMNS]; 16]);

/// x^(8 d + 95) and x^(8 d + 31) modulo P, what a chunk followed by d bytes adds to the CRC before
/// the last division: in row d % 16, from the right to the left.
static WEIGHTS: Rows = Rows({
    let mut table = [[[0; 2]; COLUMNS]; 16];
    let (mut high, mut low) = (times_x_to(95, ONE), times_x_to(31, ONE));
    let mut d = 0;
    while d < 16 * COLUMNS {
        table[d % 16][COLUMNS - 1 - d / 16] = [high, low];
        (high, low) = (times_x_to(8, high), times_x_to(8, low));
        d += 1;
    }
    table
});

/// The weights of the chunks that `length` bytes of data begin with, in a row: as many as there
/// are whole chunks.
///
/// `length` is 16 to [`LONGEST`].
#[inline(always)]
pub(super) fn weights(length: usize) -> *const [u32; 2] {
    debug_assert!((16..=LONGEST).contains(&length));
    let column = COLUMNS - length / 16;
    WEIGHTS.0.as_ptr().cast::<[u32; 2]>().wrapping_add(length % 16 * COLUMNS + column)
}

/// The weight of a chunk's second word that `behind` bytes follow, at most 15.
#[inline(always)]
pub(super) fn weight_of_word(behind: usize) -> u32 {
    WEIGHTS.0[behind][COLUMNS - 1][1]
}

/// x^(8 d + 31) and x^(8 d - 33) modulo P, which move a vector d bytes ahead: for as many as a vector
/// has at most.
pub(super) static MOVES: Aligned<[[u64; 2]; 65]> = Aligned({
    let mut table = [[0; 2]; 65];
    let (mut high, mut low, mut power) = (times_x_to(31, ONE), ONE, 0);
    while power < 33 {
        low = over_x(low);
        power += 1;
    }
    let mut d = 0;
    while d < 65 {
        table[d] = [high as u64, low as u64];
        (high, low) = (times_x_to(8, high), times_x_to(8, low));
        d += 1;
    }
    table
});

/// `a` times x^`power`.
const fn times_x_to(power: u32, mut a: u32) -> u32 {
    let mut i = 0;
    while i < power {
        a = times_x(a);
        i += 1;
    }
    a
}
