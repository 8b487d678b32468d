//! zlib's header and trailer (RFC 1950): two bytes, CMF and FLG, the Adler-32 of a preset dictionary
//! if there is one, the data, and its Adler-32.

use core::ffi::CStr;

use crate::codes::DEFLATED;

/// FLG: a dictionary's Adler-32 follows.
const DICTIONARY: u8 = 0x20;

/// The header as one number, the first byte on top, is a multiple of this.
const CHECK: u16 = 31;

/// What the two bytes of a header say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The base two logarithm of the window's size, 8 to 23. RFC 1950 allows up to 15.
    pub window_bits: u32,
    /// FLEVEL: how hard the writer tried, from 0, the fastest, to 3. Readers do not ask.
    pub level: u8,
    /// Whether the dictionary's Adler-32 follows.
    pub dictionary: bool,
}

impl Header {
    /// The header as it is written. `window_bits` is at most 15.
    pub fn to_bytes(self) -> [u8; 2] {
        let cmf = DEFLATED | (self.window_bits as u8 - 8) << 4;
        let flg = self.level << 6 | if self.dictionary { DICTIONARY } else { 0 };
        let header = u16::from_be_bytes([cmf, flg]);
        (header + CHECK - header % CHECK).to_be_bytes()
    }

    /// The header that the low two bytes of `hold` are, the first one lowest. What stands above them
    /// counts in the check, as it does in zlib: `inflatePrime` may have put it there.
    ///
    /// # Errors
    /// zlib's message, where they are none.
    pub fn parse(hold: u64) -> Result<Header, &'static CStr> {
        let [cmf, flg, ..] = hold.to_le_bytes();
        if !((u64::from(cmf) << 8) + (hold >> 8)).is_multiple_of(CHECK.into()) {
            return Err(c"incorrect header check");
        }
        if cmf & 0xf != DEFLATED {
            return Err(c"unknown compression method");
        }
        let window_bits = u32::from(cmf >> 4) + 8;
        Ok(Header { window_bits, level: flg >> 6, dictionary: flg & DICTIONARY != 0 })
    }
}

/// An Adler-32 as a header has the dictionary's, and the trailer the data's.
pub fn check_bytes(adler32: u32) -> [u8; 4] {
    adler32.to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bytes: [u8; 2]) -> Result<Header, &'static CStr> {
        Header::parse(u16::from_le_bytes(bytes).into())
    }

    #[test]
    fn what_is_written_is_read() {
        for window_bits in 8..=15 {
            for level in 0..=3 {
                for dictionary in [false, true] {
                    let header = Header { window_bits, level, dictionary };
                    assert_eq!(parse(header.to_bytes()), Ok(header));
                }
            }
        }
        // What programs look for: the default window at zlib's default level.
        let header = Header { window_bits: 15, level: 2, dictionary: false };
        assert_eq!(header.to_bytes(), [0x78, 0x9c]);
    }

    #[test]
    fn what_is_no_header_is_refused() {
        assert_eq!(parse([0x78, 0x9d]), Err(c"incorrect header check"));
        assert_eq!(parse([0x79, 24]), Err(c"unknown compression method"));
        // A bit behind the two bytes.
        assert_eq!(Header::parse(0x1_9c78), Err(c"incorrect header check"));
    }
}
