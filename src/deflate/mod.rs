//! Compression that writes byte for byte what zlib 1.3.2 writes, call by call.
//!
//! [`Deflate`] is a stream's state, [`Strm`] the caller's side of it. A call goes from `stream`
//! (what is due: header, data, trailer) through `window` (input is copied there before any output
//! is written), `parse` (which strings become matches), `chain` (where earlier strings are) to
//! `block`, which chooses the codes and writes them to `pending`.
//!
//! docs/engine.md says why the bytes are the same, and how to prove it after a change.

mod block;
mod chain;
mod codes;
mod config;
mod header;
mod left;
mod memory;
mod owned;
mod parse;
mod pending;
mod positions;
mod scratch;
mod state;
mod stream;
mod strm;
mod tree;
mod window;

pub use config::{Config, bound_without_stream, compress_bound};
pub use owned::Owned;
pub use state::Deflate;
pub use strm::Strm;

#[cfg(test)]
mod tests;
