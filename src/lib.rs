//! zcompat: the library behind `libz.so.1` and `libz.a`.
//!
//! A call goes one way: C program → [`ffi`] (pointers checked once) → [`gz`], [`engine`] or
//! [`checksum`] → back. Nothing below `ffi` knows C; nothing in `ffi` computes.

pub mod alloc;
pub mod checksum;
pub mod codes;
pub mod cpu;
pub mod deflate;
pub mod engine;
pub mod ffi;
pub mod format;
pub mod gz;
pub mod inflate;
pub mod io;
