//! Reading deflate streams in their three formats: raw (RFC 1951), zlib (RFC 1950), gzip
//! (RFC 1952).
//!
//! The decompressor of raw streams comes from a crate, behind [`raw`]; that file is the only one
//! that names it, so that it can be replaced there and nowhere else. Headers, trailers and check
//! values are ours: [`Inflate`].

mod inflate;
mod inflate_back;
mod inflate_body;
mod inflate_header;
mod oneshot;
mod raw;

pub use crate::alloc::{AllocFn, Allocator, FreeFn};
pub use crate::codes::{Code, Flush};
pub use crate::format::GzHeader;
pub use crate::io::{Io, Step};
pub use inflate::{Inflate, InflateConfig};
pub use inflate_back::{Callbacks, InFn, InflateBack, OutFn};
pub use oneshot::{compress, uncompress};
