//! The streams behind gzip files: this library's own, or zlib-rs's with `engine-zlib-rs`.

#[cfg(not(feature = "engine-zlib-rs"))]
pub(super) use crate::deflate::{Config, Owned as Deflate};
#[cfg(not(feature = "engine-zlib-rs"))]
pub(super) use crate::inflate::OwnInflate as Inflate;
#[cfg(feature = "engine-zlib-rs")]
pub(super) use crate::zlib_rs::{Config, Deflate, Inflate};

/// The gzip wrapper with the largest window (zlib.h, `deflateInit2`, `inflateInit2`).
pub(super) const GZIP_WINDOW_BITS: i32 = 15 + 16;
