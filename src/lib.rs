//! zcompat: the library behind `libz.so.1` and `libz.a`.
//!
//! A call goes one way: from the C program to [`ffi`], where pointers are checked once, from there to
//! a stream, a file or a checksum, and back. Nothing below `ffi` knows C; nothing in `ffi` computes.
//! No module uses one that uses it, directly or by others.
//!
//! # Contents
//! - The C functions: [`ffi`].
//! - The streams: [`deflate`], [`inflate`]. Built on them: [`gz`] for files, [`oneshot`] for whole
//!   buffers.
//! - What the streams share: [`format`](mod@format) (zlib's and gzip's headers), [`checksum`],
//!   [`io`] (the caller's buffers), [`alloc`] (the caller's allocator), [`codes`] (zlib.h's numbers).
//! - The machine and the process: [`cpu`], [`panic`](mod@panic), [`decimal`].
//!
//! docs/README.md lists the longer texts; ARCHITECTURE.md follows one call.
//!
//! With the feature `engine-zlib-rs` the streams are zlib-rs's own, from its C interface on.
//!
//! Nothing here needs std, so that the libraries need libc alone and are small.
// The tests do, and zlib-rs.
#![cfg_attr(not(any(test, feature = "engine-zlib-rs")), no_std)]

pub mod alloc;
pub mod checksum;
pub mod codes;
pub mod cpu;
pub mod decimal;
#[cfg(not(feature = "engine-zlib-rs"))]
pub mod deflate;
pub mod ffi;
pub mod format;
pub mod gz;
#[cfg(not(feature = "engine-zlib-rs"))]
pub mod inflate;
// zlib-rs has a notion of its own of the caller's buffers.
#[cfg_attr(feature = "engine-zlib-rs", allow(dead_code))]
pub mod io;
#[cfg(test)]
mod layers;
#[cfg(not(feature = "engine-zlib-rs"))]
pub mod oneshot;
pub mod panic;
#[cfg(test)]
#[cfg_attr(feature = "engine-zlib-rs", allow(dead_code))]
mod testing;
#[cfg(feature = "engine-zlib-rs")]
pub mod zlib_rs;
