//! The definitions, bit by bit and byte by byte, which share no code and no table with any kernel.

/// The CRC-32 register after one more byte: RFC 1952 section 8, one bit at a time.
fn crc32_byte(crc: u32, byte: u8) -> u32 {
    (0..8).fold(crc ^ u32::from(byte), |crc, _| {
        // x^32 + x^26 + x^23 + x^22 + x^16 + x^12 + x^11 + x^10 + x^8 + x^7 + x^5 + x^4 + x^2 + x + 1,
        // lowest power first.
        if crc & 1 != 0 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 }
    })
}

/// The Adler-32 after one more byte: RFC 1950 section 8.2, reduced at every step.
fn adler32_byte(adler: u32, byte: u8) -> u32 {
    let a = ((adler & 0xffff) + u32::from(byte)) % 65521;
    let b = ((adler >> 16) + a) % 65521;
    b << 16 | a
}

/// The CRC-32 of every prefix of `data`, the empty one first.
pub fn crc32_prefixes(start: u32, data: &[u8]) -> Vec<u32> {
    let mut crc = !start;
    let each = data.iter().map(|&byte| {
        crc = crc32_byte(crc, byte);
        !crc
    });
    core::iter::once(start).chain(each).collect()
}

/// The Adler-32 of every prefix of `data`, the empty one first.
pub fn adler32_prefixes(start: u32, data: &[u8]) -> Vec<u32> {
    let (a, b) = (start & 0xffff, start >> 16);
    let mut adler = ((b % 65521) << 16) | (a % 65521);
    let first = adler;
    let each = data.iter().map(|&byte| {
        adler = adler32_byte(adler, byte);
        adler
    });
    core::iter::once(first).chain(each).collect()
}
