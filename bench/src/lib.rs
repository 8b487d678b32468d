//! What `cargo xtask bench` and its runner say to each other.
//!
//! xtask writes one [`job::Job`] as JSON to the runner's standard input and reads one
//! [`job::Event`] a line from its standard output.

pub mod job;
