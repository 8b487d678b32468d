//! zlib's header (RFC 1950): two bytes, CMF and FLG, and with a preset dictionary its Adler-32.

/// FLG: a dictionary's Adler-32 follows.
pub const DICTIONARY: u8 = 0x20;

/// The header as one number, the first byte on top, is a multiple of this.
pub const CHECK: u16 = 31;
