//! What the tools stand on: where things are, the two libraries as data, Debian's packages, child
//! processes with an end, and what a process mapped.

pub mod command;
pub mod debian;
pub mod glibc;
pub mod library;
pub mod loaded;
pub mod paths;
pub mod process;
pub mod tiers;
