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

/// How many bytes are added side by side: as many as compilers put in vectors where these are always
/// there, and else as many as registers hold sums for.
const LANES: usize =
    if cfg!(any(target_feature = "sse2", target_feature = "neon")) { 16 } else { 4 };

/// The sums after `part`, not reduced.
#[inline(always)]
fn sums(mut a: u32, mut b: u32, part: &[u8]) -> (u32, u32) {
    if part.len() < 2 * LANES {
        return one_by_one(a, b, part);
    }
    let (groups, rest) = part.as_chunks::<LANES>();
    // Of each lane alone: its bytes, and its sums so far.
    let (mut bytes, mut sums) = ([0u32; LANES], [0u32; LANES]);
    for group in groups {
        for lane in 0..LANES {
            bytes[lane] += u32::from(group[lane]);
            sums[lane] += bytes[lane];
        }
    }
    // A byte counts once for each byte from it to the end. A lane counts it once for each group from
    // it to the end, so LANES times that is too much by the bytes before it in its group.
    b += a * (groups.len() * LANES) as u32;
    let mut ahead = 0u32;
    for lane in 0..LANES {
        a += bytes[lane];
        // The sum stays below 2^32, but is beyond it in between.
        b = b.wrapping_add(sums[lane].wrapping_mul(LANES as u32));
        ahead += bytes[lane] * lane as u32;
    }
    one_by_one(a, b.wrapping_sub(ahead), rest)
}

#[inline(always)]
fn one_by_one(mut a: u32, mut b: u32, bytes: &[u8]) -> (u32, u32) {
    for &byte in bytes {
        a += u32::from(byte);
        b += a;
    }
    (a, b)
}
