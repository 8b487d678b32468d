//! `compress` and `uncompress`: a whole buffer in one call.

mod oneshot;

pub use oneshot::{compress, uncompress};
