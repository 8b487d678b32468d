//! zcompat: the library behind `libz.so.1` and `libz.a`.
//!
//! A call goes one way: C program → [`ffi`] (pointers checked once) → [`gz`], [`deflate`],
//! [`inflate`] or [`checksum`] → back. Nothing below `ffi` knows C; nothing in `ffi` computes.
//!
//! With the feature `engine-zlib-rs` the streams are zlib-rs's own, from its C interface on.

pub mod alloc;
pub mod checksum;
pub mod codes;
pub mod cpu;
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
#[cfg(not(feature = "engine-zlib-rs"))]
pub mod oneshot;
#[cfg(feature = "engine-zlib-rs")]
pub mod zlib_rs;
