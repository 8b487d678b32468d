//! What every program needs that drives a library from outside, as a C program would.

pub mod object;
pub mod random;
pub mod zlib;

pub use object::Object;
pub use random::Random;
