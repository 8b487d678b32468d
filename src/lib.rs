//! zcompat: the library behind `libz.so.1` and `libz.a`.
//!
//! A call goes one way: C program → [`ffi`] (pointers checked once) → [`gz`], [`deflate`],
//! [`inflate`] or [`checksum`] → back. Nothing below `ffi` knows C; nothing in `ffi` computes.
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
#[cfg(not(feature = "engine-zlib-rs"))]
pub mod oneshot;
pub mod panic;
#[cfg(feature = "engine-zlib-rs")]
pub mod zlib_rs;
