//! CRCs of concatenations: zlib.h, `crc32_combine`.

use super::gf2;

/// The CRC of A followed by B, from the CRC of A, the CRC of B and the length of B in bytes.
pub fn combine(crc_a: u32, crc_b: u32, length_b: u64) -> u32 {
    combine_op(crc_a, crc_b, combine_gen(length_b))
}

/// The operator that [`combine_op`] takes for a B of this many bytes: x^(8 * length).
pub fn combine_gen(length_b: u64) -> u32 {
    gf2::x_to_the_bytes(length_b)
}

/// The CRC of A followed by B, with an operator from [`combine_gen`].
pub fn combine_op(crc_a: u32, crc_b: u32, op: u32) -> u32 {
    gf2::multiply(op, crc_a) ^ crc_b
}
