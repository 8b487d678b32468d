//! Which code a length or distance has (RFC 1951 section 3.2.5), and the fixed codes.

use super::tree::{DISTANCES, LENGTHS, LITERALS};

/// The end of a block.
pub(super) const END: usize = 256;
/// The first code for a length.
pub(super) const FIRST_LENGTH: usize = 257;

/// The number of extra bits of each length code.
pub(super) static LENGTH_EXTRA: [u8; LITERALS - FIRST_LENGTH] =
    [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];

/// The number of extra bits of each distance code.
pub(super) static DISTANCE_EXTRA: [u8; DISTANCES] = [
    0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13,
    13,
];

/// The number of extra bits of each code for code lengths.
pub(super) static RUN_EXTRA: [u8; LENGTHS] = {
    let mut extra = [0; LENGTHS];
    (extra[16], extra[17], extra[18]) = (2, 3, 7);
    extra
};

/// The order in which the lengths of those codes are sent.
pub(super) const RUN_ORDER: [u8; LENGTHS] =
    [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// For each length less 3, its code less 257.
pub(super) static LENGTH_CODE: [u8; 256] = {
    let mut codes = [0; 256];
    let (mut code, mut length) = (0, 0);
    while code < 28 {
        let mut n = 0;
        while n < 1 << LENGTH_EXTRA[code] {
            codes[length] = code as u8;
            length += 1;
            n += 1;
        }
        code += 1;
    }
    // 258 has a code of its own.
    codes[255] = 28;
    codes
};

/// The same, 257 added.
pub(super) static LENGTH_SYMBOL: [u16; 256] = {
    let mut symbols = [0; 256];
    let mut length = 0;
    while length < 256 {
        symbols[length] = LENGTH_CODE[length] as u16 + FIRST_LENGTH as u16;
        length += 1;
    }
    symbols
};

/// The distance code of a literal, which has none.
pub(super) const NO_DISTANCE: u8 = DISTANCES as u8;

/// Distance codes: of small distances less 1 in the first half, of larger ones by their upper bits
/// behind; the last is a literal's, and of distances that no window has room for.
static DISTANCE_CODE: [u8; 512] = {
    let mut codes = [NO_DISTANCE; 512];
    let mut distance = 0;
    let mut code = 0;
    while code < DISTANCES {
        let mut n = 0;
        while n < 1 << DISTANCE_EXTRA[code] {
            codes[if distance < 256 { distance } else { 256 + (distance >> 7) }] = code as u8;
            distance += 1;
            n += 1;
        }
        code += 1;
    }
    codes[511] = NO_DISTANCE;
    codes
};

/// The code of a distance less 1, which has 15 bits; [`NO_DISTANCE`] from 32640 on.
#[inline]
pub(super) fn distance_code(less_1: u16) -> u8 {
    let place = if less_1 < 256 { less_1 } else { 256 + (less_1 >> 7) };
    DISTANCE_CODE[usize::from(place & 511)]
}

/// The lengths of the fixed codes for literals, the end and lengths.
pub(super) static FIXED_LENGTHS: [u8; 288] = {
    let mut lengths = [8; 288];
    let mut code = 144;
    while code < 280 {
        lengths[code] = if code < 256 { 9 } else { 7 };
        code += 1;
    }
    lengths
};

/// The lengths of the fixed codes for distances.
pub(super) static FIXED_DISTANCES: [u8; DISTANCES] = [5; DISTANCES];
