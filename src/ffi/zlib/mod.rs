//! zlib.h's functions.
//!
//! # Safety
//! What every function here takes from its C caller, said once:
//! - a `z_streamp` is NULL, or points to a `z_stream` that the caller set up as zlib.h says: its
//!   `state` is NULL, or what an Init or Copy function here has put there;
//! - `next_in` and `next_out` are NULL, or valid for `avail_in` bytes to read and `avail_out`
//!   bytes to write;
//! - any other pointer is NULL, or valid for the length beside it; strings are NUL-terminated.

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
