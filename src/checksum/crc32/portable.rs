//! CRC-32 without SIMD: sixteen bytes a step through sixteen tables ("slicing", Kounavis and
//! Berry, "Novel Table Lookup-Based Algorithms for High-Performance CRC Generation", 2008).

use super::table::{SLICED, SLICES, TABLE};

/// The CRC-32 of `data`, continued from `start`.
pub(super) fn crc32(start: u32, data: &[u8]) -> u64 {
    u64::from(!update(!start, data))
}

/// The CRC register after `data`, without the inversions before and after.
pub(super) fn update(mut crc: u32, data: &[u8]) -> u32 {
    let (blocks, rest) = data.as_chunks::<SLICES>();
    for block in blocks {
        crc = slice(crc, block);
    }
    for byte in rest {
        crc = crc >> 8 ^ TABLE[usize::from(crc as u8 ^ byte)];
    }
    crc
}

/// One step. The register is xored into the first four bytes; then every byte's contribution,
/// moved by as many zero bytes as follow it in the block, comes from the table of that distance.
#[inline(always)]
fn slice(crc: u32, block: &[u8; SLICES]) -> u32 {
    let (words, _) = block.as_chunks::<4>();
    let mut sum = 0;
    for (i, word) in words.iter().enumerate() {
        let word = u32::from_le_bytes(*word) ^ if i == 0 { crc } else { 0 };
        for (j, byte) in word.to_le_bytes().into_iter().enumerate() {
            sum ^= SLICED[SLICES - 1 - 4 * i - j][usize::from(byte)];
        }
    }
    sum
}
