//! Checksums of concatenations: zlib.h, `adler32_combine`.

use super::portable::BASE;

/// The Adler-32 of A followed by B, from the Adler-32 of A, that of B and the length of B in bytes.
///
/// With n the length of B, and A starting from 1 as B does: a = a₁ + a₂ - 1 and
/// b = b₁ + b₂ + n (a₁ - 1), modulo 65521.
///
/// The result is wider than 32 bits, and not reduced, for arguments that are no checksums, with
/// halves of 65521 or more: then the subtractions here are too few, and exactly as few as zlib's,
/// whose results a program may have come to expect.
pub fn combine(adler_a: u32, adler_b: u32, length_b: u64) -> u64 {
    let base = u64::from(BASE);
    let n = length_b % base;
    let (a1, b1) = (u64::from(adler_a & 0xffff), u64::from(adler_a >> 16));
    let (a2, b2) = (u64::from(adler_b & 0xffff), u64::from(adler_b >> 16));

    let a = less(less(a1 + a2 + base - 1, base), base);
    let b = less(less(n * a1 % base + b1 + b2 + base - n, 2 * base), base);
    a | b << 16
}

/// `sum` less `amount` if it can be taken off.
fn less(sum: u64, amount: u64) -> u64 {
    if sum >= amount { sum - amount } else { sum }
}
