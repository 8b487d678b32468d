//! The differential harness: two zlibs, or two libzstds, side by side in one process, driven by the
//! same calls.
//!
//! A *case* is made from a seed: a setup, data, and a list of operations. Running it calls both
//! libraries and compares all that the header lets a caller see. A case that finds a difference can be
//! made smaller, and the seed makes it again.
//!
//! The fuzz targets run the same cases from their input's bytes instead of a seed.

// Boxed streams do not move, and 0 and 1 are the two libraries everywhere.
#![allow(clippy::vec_box, clippy::needless_range_loop)]

pub mod alloc;
pub mod api;
pub mod back;
pub mod bound;
pub mod case;
pub mod craft;
pub mod data;
pub mod deflate;
pub mod deviations;
pub mod faults;
pub mod files;
pub mod inflate;
pub mod isolate;
pub mod oneshot;
pub mod source;
pub mod zstd;

pub use drive::zlib as stream;

/// Whether output may overlap input. Stock copies stored blocks from one to the other by memcpy, which
/// glibc makes a memmove everywhere but on 32-bit x86.
const MAY_OVERLAP: bool = !cfg!(target_arch = "x86");
