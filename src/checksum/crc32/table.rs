//! Tables for CRCs byte by byte, made by the compiler from the polynomial.

use super::gf2;

/// How many bytes the portable kernel takes at once.
pub(super) const SLICES: usize = 16;

/// The CRC register after one byte, for each byte: zlib.h, `get_crc_table`.
pub static TABLE: [u32; 256] = SLICED[0];

/// `SLICED[k][b]` is the CRC register after byte `b` and `k` zero bytes, from an empty register.
pub(super) static SLICED: [[u32; 256]; SLICES] = {
    let mut tables = [[0; 256]; SLICES];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u32;
        let mut k = 0;
        while k < SLICES {
            let mut bit = 0;
            while bit < 8 {
                crc = gf2::times_x(crc);
                bit += 1;
            }
            tables[k][byte] = crc;
            k += 1;
        }
        byte += 1;
    }
    tables
};
