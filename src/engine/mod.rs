//! Deflate and inflate streams in their three formats: raw (RFC 1951), zlib (RFC 1950), gzip
//! (RFC 1952).
//!
//! The compressor and decompressor of raw streams come from a crate, behind [`raw`]; that file is
//! the only one that names it, so that it can be replaced there and nowhere else. Headers,
//! trailers and check values are ours, [`Deflate`] and [`Inflate`], and so is the compression of
//! short inputs, for which that crate's start takes too long: [`compressor`].

mod compressor;
mod deflate;
mod deflate_header;
mod oneshot;
mod raw;
mod short;

pub use crate::alloc::{AllocFn, Allocator, FreeFn};
pub use crate::codes::{Code, Flush};
pub use crate::format::GzHeader;
pub use crate::io::{Io, Step};
pub use deflate::{Deflate, DeflateConfig, Format, bound_without_stream, compress_bound};
pub use oneshot::{compress, uncompress};
