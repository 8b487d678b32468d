//! Deflate streams, writing the bytes that stock zlib writes.

pub mod chain;
