//! crc32 and adler32 at any alignment and in any pieces, against their definitions.
#![no_main]

use differential::api::Zlib;
use libfuzzer_sys::fuzz_target;

extern crate zcompat as _;

fuzz_target!(|data: &[u8]| {
    let [offset, split, repeat, bytes @ ..] = data else { return };
    let zlib = Zlib::linked();
    // Long enough for the widest kernels, at any offset from what the allocator aligns.
    let mut long = vec![0; usize::from(offset & 63)];
    let start = long.len();
    for _ in 0..=repeat & 31 {
        long.extend_from_slice(bytes);
    }
    let bytes = &long[start..];
    let at = usize::from(*split) * bytes.len() / 255;
    let (head, tail) = bytes.split_at(at);
    let (crc, adler) = (crc32(bytes), adler32(bytes));
    assert_eq!(zlib.crc32_z(0, bytes.as_ptr(), bytes.len()), crc.into());
    assert_eq!(zlib.adler32_z(1, bytes.as_ptr(), bytes.len()), adler.into());
    let part = zlib.crc32_z(0, head.as_ptr(), head.len());
    assert_eq!(zlib.crc32_z(part, tail.as_ptr(), tail.len()), crc.into());
    let rest = zlib.crc32_z(0, tail.as_ptr(), tail.len());
    assert_eq!(zlib.crc32_combine(part, rest, tail.len() as i64), crc.into());
    let part = zlib.adler32_z(1, head.as_ptr(), head.len());
    assert_eq!(zlib.adler32_z(part, tail.as_ptr(), tail.len()), adler.into());
    let rest = zlib.adler32_z(1, tail.as_ptr(), tail.len());
    assert_eq!(zlib.adler32_combine(part, rest, tail.len() as i64), adler.into());
});

/// The polynomial of RFC 1952, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & 0u32.wrapping_sub(crc & 1))
        })
    })
}

/// The two sums of RFC 1950.
fn adler32(bytes: &[u8]) -> u32 {
    let (a, b) = bytes.iter().fold((1, 0), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65521;
        (a, (b + a) % 65521)
    });
    b << 16 | a
}
