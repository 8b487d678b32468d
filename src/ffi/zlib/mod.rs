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
pub mod deflate;
pub mod gz;
pub mod inflate;
pub mod oneshot;
mod stream;
pub mod types;
pub mod version;
