//! The formats around deflate data, for both directions: what their headers are made of.

pub mod gzip;
pub mod zlib;

pub use gzip::GzHeader;

/// What goes around the compressed data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Nothing (RFC 1951).
    Raw,
    /// Two bytes before, an adler32 behind (RFC 1950).
    Zlib,
    /// A header before, crc32 and length behind (RFC 1952).
    Gzip,
}
