//! The deflate and inflate engine behind one interface.
//!
//! Everything above (the C edge, the gz layer) uses these types only, so that the engine can be
//! replaced here and nowhere else.

mod deflate;
mod inflate;

pub use deflate::{Deflate, DeflateConfig};
pub use inflate::Inflate;

/// How a step ended: zlib's return codes (zlib.h), as the engine's own type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Code {
    /// Progress was made.
    Ok = 0,
    /// The end of the stream was reached.
    StreamEnd = 1,
    /// A preset dictionary is needed.
    NeedDict = 2,
    /// The call does not fit the stream's state, or a parameter is out of range.
    StreamError = -2,
    /// The compressed data is corrupt.
    DataError = -3,
    /// Memory could not be had.
    MemError = -4,
    /// No progress was possible: more input or more room is needed.
    BufError = -5,
}

/// When to hand out what has been compressed so far (zlib.h, `deflate`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Flush {
    /// Nothing asked for.
    None = 0,
    /// To a bit boundary that a reader can use.
    Partial = 1,
    /// To a byte boundary.
    Sync = 2,
    /// Like `Sync`, and forget the history.
    Full = 3,
    /// The input ends here.
    Finish = 4,
    /// To a block boundary.
    Block = 5,
    /// inflate only: also stop at the end of each block's header.
    Trees = 6,
}

/// What one call did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// How it ended.
    pub code: Code,
    /// Bytes taken from the input.
    pub consumed: usize,
    /// Bytes written to the output.
    pub produced: usize,
}
