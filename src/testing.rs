//! What the tests of several modules share.

// The tools' own, so that there is one in the house.
#[path = "../tools/drive/src/random.rs"]
mod random;

pub use random::Random;

/// `count`, or fewer rounds or bytes where Miri interprets the test, a few hundred times slower.
pub const fn fewer(count: usize, under_miri: usize) -> usize {
    if cfg!(miri) { under_miri } else { count }
}
