//! The compressor and the decompressor of gz files: the engine's, which owns its memory.

#[cfg(not(feature = "engine-zlib-rs"))]
pub use crate::deflate::{Config, Owned as Deflate};
#[cfg(not(feature = "engine-zlib-rs"))]
pub use crate::inflate::OwnInflate as Inflate;
#[cfg(feature = "engine-zlib-rs")]
pub use crate::zlib_rs::{Config, Deflate, Inflate};
