//! Adler-32.

mod combine;
mod portable;

pub use combine::combine;

use super::kernel::{Dispatch, Kernel};
use crate::cpu::Features;

/// The largest prime below 65536: both sums are taken modulo this.
const BASE: u32 = 65521;

/// The kernels of Adler-32 and the choice among them.
pub static DISPATCH: Dispatch = Dispatch::new(choose, KERNELS);

fn choose(start: u32, data: &[u8]) -> u64 {
    DISPATCH.choose(start, data)
}

static KERNELS: &[Kernel] = &[
    // SAFETY: plain safe Rust.
    unsafe { Kernel::new("adler32 portable", Features::NONE, portable::adler32) },
];
