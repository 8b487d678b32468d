//! libzstd beside Debian's: frame inspection, parameters, decoding and encoding, call by call.
//!
//! Both libraries are zstd's own C code of one version, so everything must be the same: codes,
//! positions, bytes, sizes. What can differ is how each was built: the legacy formats that it reads,
//! its limits, its functions chosen at run time.

pub mod api;
pub mod constants;
pub mod decode;
pub mod encode;
pub mod frame;
pub mod parameter;

use crate::case::same_bytes;
use api::Code;

/// As [`crate::case::same`], for what a function gave.
///
/// # Errors
/// The name and both codes.
pub fn same_code(what: &str, [ours, stock]: [usize; 2]) -> Result<Code, String> {
    crate::case::same(what, Code(ours), Code(stock))?;
    Ok(Code(ours))
}

/// As [`crate::case::same`], for anything that can be printed.
///
/// # Errors
/// The name and both values.
pub fn same_value<T: PartialEq + std::fmt::Debug>(
    what: &str,
    [ours, stock]: [T; 2],
) -> Result<(), String> {
    if ours == stock { Ok(()) } else { Err(format!("{what}: ours {ours:?}, stock {stock:?}")) }
}

/// A buffer to write to, of exactly `room` bytes, and a few behind it that nobody may touch.
#[derive(Debug)]
pub struct Room {
    bytes: Vec<u8>,
    room: usize,
}

const BEHIND: usize = 64;
const UNTOUCHED: u8 = 0xa5;

impl Room {
    /// Two of the same size, one for each library.
    pub fn pair(room: usize) -> [Room; 2] {
        [(); 2].map(|()| Room { bytes: vec![UNTOUCHED; room + BEHIND], room })
    }

    /// Where it starts.
    pub fn start(&mut self) -> *mut u8 {
        self.bytes.as_mut_ptr()
    }

    /// An error if both do not hold the same first `len` bytes, or bytes behind one were touched.
    ///
    /// # Errors
    /// What differs, or whose bytes were touched.
    pub fn same(what: &str, [ours, stock]: &[Room; 2], len: usize) -> Result<(), String> {
        for (name, room) in [("ours", ours), ("stock", stock)] {
            if room.bytes[room.room..].iter().any(|byte| *byte != UNTOUCHED) {
                return Err(format!("{what}: {name} wrote behind its output"));
            }
        }
        if len > ours.room {
            return Err(format!("{what}: {len} bytes in a room of {}", ours.room));
        }
        same_bytes(what, &ours.bytes[..len], &stock.bytes[..len])
    }

    /// The first `len` bytes.
    pub fn first(&self, len: usize) -> &[u8] {
        &self.bytes[..len]
    }
}
