//! CRC-32 with the CRC32 instructions of ARMv8, which are for this polynomial.

use core::arch::aarch64::{__crc32b, __crc32d};

use super::gf2;

/// Bytes of each of the three streams that hide the instruction's latency of three cycles.
const STREAM: usize = 2048;

/// Moves a register `STREAM` bytes ahead.
const AHEAD: u32 = gf2::x_to_the_bytes(STREAM as u64);

/// The CRC-32 of `data`, continued from `start`.
#[target_feature(enable = "crc")]
pub(super) fn crc32(start: u32, data: &[u8]) -> u64 {
    let (mut crc, mut rest) = (!start, data);
    while let Some((piece, behind)) = rest.split_at_checked(3 * STREAM) {
        let (first, others) = piece.split_at(STREAM);
        let (second, third) = others.split_at(STREAM);
        let mut crcs = [crc, 0, 0];
        let words = first.as_chunks().0.iter().zip(second.as_chunks().0).zip(third.as_chunks().0);
        for ((first, second), third) in words {
            crcs[0] = __crc32d(crcs[0], u64::from_le_bytes(*first));
            crcs[1] = __crc32d(crcs[1], u64::from_le_bytes(*second));
            crcs[2] = __crc32d(crcs[2], u64::from_le_bytes(*third));
        }
        crc = gf2::multiply(AHEAD, gf2::multiply(AHEAD, crcs[0]) ^ crcs[1]) ^ crcs[2];
        rest = behind;
    }
    let (words, bytes) = rest.as_chunks();
    for word in words {
        crc = __crc32d(crc, u64::from_le_bytes(*word));
    }
    for &byte in bytes {
        crc = __crc32b(crc, byte);
    }
    u64::from(!crc)
}
