//! Adler-32 with NEON's dot products of bytes.

use core::arch::aarch64::*;
use core::arch::asm;

use super::aarch64_neon::Neon;
use super::vector::Vector;
use super::{sums, tiny};

/// The Adler-32 of `data`, continued from `start`.
#[target_feature(enable = "neon,dotprod")]
pub(super) fn adler32(start: u32, data: &[u8]) -> u64 {
    // SAFETY: the features are enabled.
    unsafe {
        match data.len() {
            0..16 => tiny::adler32::<Neon>(start, data),
            16..=sums::MEDIUM => sums::medium::<DotProd, 4>(start, data),
            _ => sums::long::<DotProd>(start, data),
        }
    }
}

/// Sixteen bytes, or four sums.
#[derive(Clone, Copy)]
struct DotProd(Neon);

impl DotProd {
    /// UDOT: each lane plus the products of four bytes with four. The intrinsic is not stable yet.
    ///
    /// # Safety
    /// The CPU has dot products.
    #[inline(always)]
    unsafe fn dot(self, data: uint8x16_t, by: uint8x16_t) -> Self {
        let mut lanes = self.0.0;
        // SAFETY: the caller's promise; only registers are touched.
        unsafe {
            asm!(
                ".arch_extension dotprod",
                "udot {lanes:v}.4s, {data:v}.16b, {by:v}.16b",
                lanes = inout(vreg) lanes,
                data = in(vreg) data,
                by = in(vreg) by,
                options(pure, nomem, nostack, preserves_flags)
            );
        }
        DotProd(Neon(lanes))
    }
}

// SAFETY of each block: dot products are there and pointers good for reads, says the caller.
impl Vector for DotProd {
    const BYTES: usize = 16;
    const BYTES_A_LANE: usize = 4;

    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: see above.
        DotProd(unsafe { Neon::zero() })
    }

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: see above.
        DotProd(unsafe { Neon::load(from) })
    }

    #[inline(always)]
    unsafe fn load_first(from: *const u8, count: usize) -> Self {
        // SAFETY: see above.
        DotProd(unsafe { Neon::load_first(from, count) })
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: see above.
        DotProd(unsafe { self.0.add(other.0) })
    }

    #[inline(always)]
    unsafe fn times<const LOG: u32>(self) -> Self {
        // SAFETY: see above.
        DotProd(unsafe { self.0.times::<LOG>() })
    }

    #[inline(always)]
    unsafe fn bytes_onto(self, data: Self) -> Self {
        // SAFETY: see above.
        unsafe { self.dot(data.0.0, vdupq_n_u8(1)) }
    }

    #[inline(always)]
    unsafe fn weigh_onto(self, data: Self, weights: Self) -> Self {
        // SAFETY: see above.
        unsafe { self.dot(data.0.0, weights.0.0) }
    }

    #[inline(always)]
    unsafe fn totals(self, other: Self) -> (u32, u32) {
        // SAFETY: see above.
        unsafe { self.0.totals(other.0) }
    }

    #[inline(always)]
    unsafe fn wide_totals(self, other: Self) -> (u64, u64) {
        // SAFETY: see above.
        unsafe { self.0.wide_totals(other.0) }
    }
}
