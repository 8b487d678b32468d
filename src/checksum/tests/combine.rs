//! Combining against the checksum of the whole.

use super::{ADLER32, CRC32, SEED};
use crate::checksum::{adler32, crc32};
use crate::testing::Random;

#[test]
fn random_splits() {
    let mut random = Random::new(SEED);
    let data = random.bytes(20_000);
    let crcs = (CRC32.prefixes)(0, &data);
    let adlers = (ADLER32.prefixes)(1, &data);
    for _ in 0..2_000 {
        let end = random.below(data.len() + 1);
        let split = random.below(end + 1);
        let (rest, n) = (&data[split..end], (end - split) as u64);
        let crc = crate::checksum::crc32(0, rest);
        assert_eq!(crc32::combine(crcs[split], crc, n), crcs[end]);
        assert_eq!(crc32::combine_op(crcs[split], crc, crc32::combine_gen(n)), crcs[end]);
        let adler = crate::checksum::adler32(1, rest);
        assert_eq!(adler32::combine(adlers[split], adler, n), u64::from(adlers[end]));
    }
}

/// Lengths that no buffer has: combining is associative, so halves of zeros make up the whole.
#[test]
fn huge_lengths() {
    for exponent in 20..62 {
        let n = 1_u64 << exponent;
        let (a, b) = (0x1234_5678, 0x9abc_def0);
        let twice = crc32::combine(crc32::combine(a, 0, n), b, n);
        assert_eq!(crc32::combine(a, b, 2 * n), twice, "crc32, 2^{exponent}");
        // n zero bytes have the sums 1 and n.
        let zeros = |n: u64| ((n % 65521) << 16 | 1) as u32;
        assert_eq!(
            adler32::combine(zeros(n), zeros(n), n),
            u64::from(zeros(2 * n)),
            "2^{exponent}"
        );
    }
}

#[test]
fn table_holds_the_crcs_of_single_bytes() {
    for (byte, &entry) in crc32::TABLE.iter().enumerate() {
        // A register of zero before, and none of the two inversions.
        assert_eq!(!crate::checksum::crc32(u32::MAX, &[byte as u8]), entry);
    }
}
