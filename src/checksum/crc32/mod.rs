//! CRC-32.

mod combine;
mod gf2;
mod portable;
mod table;

pub use combine::{combine, combine_gen, combine_op};
pub use table::TABLE;

use super::kernel::{Dispatch, Kernel};
use crate::cpu::Features;

/// The kernels of CRC-32 and the choice among them.
pub static DISPATCH: Dispatch = Dispatch::new(choose, KERNELS);

fn choose(start: u32, data: &[u8]) -> u64 {
    DISPATCH.choose(start, data)
}

static KERNELS: &[Kernel] = &[
    // SAFETY: plain safe Rust.
    unsafe { Kernel::new("crc32 portable", Features::NONE, portable::crc32) },
];
