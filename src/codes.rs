//! zlib.h's numbers, said once: return codes, flush values, strategies, and the few others.

/// How a call ended: zlib's return codes (zlib.h).
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
    /// There is not enough memory.
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

impl Flush {
    /// The value of zlib.h's `Z_NO_FLUSH` … `Z_TREES`, or `None` for any other number.
    pub fn from_c(value: i32) -> Option<Flush> {
        Some(match value {
            0 => Flush::None,
            1 => Flush::Partial,
            2 => Flush::Sync,
            3 => Flush::Full,
            4 => Flush::Finish,
            5 => Flush::Block,
            6 => Flush::Trees,
            _ => return None,
        })
    }
}

/// How matches are looked for (zlib.h, `deflateInit2`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub enum Strategy {
    /// For most data.
    Default,
    /// For filtered data: short matches are not worth it.
    Filtered,
    /// No matches.
    HuffmanOnly,
    /// Only runs of one byte.
    Rle,
    /// As `Default`, with the fixed codes.
    Fixed,
}

impl Strategy {
    /// zlib.h's `Z_DEFAULT_STRATEGY` … `Z_FIXED`.
    pub fn from_c(value: i32) -> Option<Strategy> {
        Some(match value {
            0 => Strategy::Default,
            1 => Strategy::Filtered,
            2 => Strategy::HuffmanOnly,
            3 => Strategy::Rle,
            4 => Strategy::Fixed,
            _ => return None,
        })
    }
}

/// zlib.h's `Z_DEFAULT_COMPRESSION`: level 6.
pub const DEFAULT_LEVEL: i32 = -1;

/// zlib.h's `Z_DEFLATED`, the only method; the formats' headers have the same number.
pub const DEFLATED: u8 = 8;

/// zlib.h's `Z_UNKNOWN`: the data was not looked at yet.
pub const UNKNOWN: i32 = 2;
