//! zlib.h's functions.
//!
//! # Safety
//! What every function here takes from its C caller, said once:
//! - a [`z_streamp`](types::z_streamp) and a [`gzFile`](types::gzFile) are what their types say;
//! - `next_in` and `next_out` are NULL, or valid for `avail_in` bytes to read and `avail_out`
//!   bytes to write;
//! - any other pointer is NULL, or valid for the length beside it; strings are NUL-terminated.
//!
//! Both types are made by C alone. So what looks behind them is safe code, and `unsafe` is left where
//! a pointer comes without its length.

pub mod checksum;
#[cfg(not(feature = "engine-zlib-rs"))]
pub mod deflate;
pub mod gz;
#[cfg(not(feature = "engine-zlib-rs"))]
pub mod inflate;
#[cfg(not(feature = "engine-zlib-rs"))]
pub mod oneshot;
#[cfg(not(feature = "engine-zlib-rs"))]
mod stream;
#[cfg(all(test, not(feature = "engine-zlib-rs")))]
mod tests;
pub mod types;
pub mod version;
#[cfg(feature = "engine-zlib-rs")]
pub mod zlib_rs;
