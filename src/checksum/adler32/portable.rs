//! Adler-32 without SIMD.

/// The largest prime below 65536: both sums are taken modulo this.
pub(super) const BASE: u32 = 65521;

/// The most bytes whose sums stay below 2^32 when both start below [`BASE`]: the largest n with
/// 255 n (n + 1) / 2 + (n + 1) (BASE - 1) < 2^32 (RFC 1950 section 9).
const LONGEST: usize = 5552;

/// The Adler-32 of `data`, continued from `start`.
pub(super) fn adler32(start: u32, data: &[u8]) -> u64 {
    let (mut a, mut b) = ((start & 0xffff) % BASE, (start >> 16) % BASE);
    for part in data.chunks(LONGEST) {
        (a, b) = sums(a, b, part);
        a %= BASE;
        b %= BASE;
    }
    u64::from(b << 16 | a)
}

/// The sums after `part`, not reduced.
#[inline(always)]
fn sums(mut a: u32, mut b: u32, part: &[u8]) -> (u32, u32) {
    for &byte in part {
        a += u32::from(byte);
        b += a;
    }
    (a, b)
}
