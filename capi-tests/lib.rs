//! Drives the C programs of this folder, each from beside it.
//!
//! A module has the checks of its area: what is compiled, on which libraries it runs, and what its
//! output is compared with.

#[path = "reference/abi.rs"]
pub mod abi;
#[path = "static/builds.rs"]
pub mod builds;
pub mod checksum;
pub mod edge;
pub mod gz;
pub mod hwcaps;
pub mod memory;
#[path = "static/packaging.rs"]
pub mod packaging;
pub mod sanitize;
#[path = "static/size.rs"]
pub mod size;
pub mod threads;
pub mod zstd;
