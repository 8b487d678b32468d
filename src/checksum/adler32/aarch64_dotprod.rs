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
        // SAFETY: dot products are there, says the caller; only registers are touched.
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

impl Vector for DotProd {
    const BYTES: usize = 16;
    const BYTES_A_LANE: usize = 4;

    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: NEON and dot products are there, says the caller.
        DotProd(unsafe { Neon::zero() })
    }

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: NEON and dot products are there and `from` readable, says the caller.
        DotProd(unsafe { Neon::load(from) })
    }

    #[inline(always)]
    unsafe fn load_first(from: *const u8, count: usize) -> Self {
        // SAFETY: NEON and dot products are there, says the caller.
        DotProd(unsafe { Neon::load_first(from, count) })
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: NEON and dot products are there, says the caller.
        DotProd(unsafe { self.0.add(other.0) })
    }

    #[inline(always)]
    unsafe fn times<const LOG: u32>(self) -> Self {
        // SAFETY: NEON and dot products are there, says the caller.
        DotProd(unsafe { self.0.times::<LOG>() })
    }

    #[inline(always)]
    unsafe fn bytes_onto(self, data: Self) -> Self {
        // SAFETY: NEON and dot products are there, says the caller.
        unsafe { self.dot(data.0.0, vdupq_n_u8(1)) }
    }

    #[inline(always)]
    unsafe fn weigh_onto(self, data: Self, weights: Self) -> Self {
        // SAFETY: NEON and dot products are there, says the caller.
        unsafe { self.dot(data.0.0, weights.0.0) }
    }

    #[inline(always)]
    unsafe fn totals(self, other: Self) -> (u32, u32) {
        // SAFETY: NEON and dot products are there, says the caller.
        unsafe { self.0.totals(other.0) }
    }

    #[inline(always)]
    unsafe fn wide_totals(self, other: Self) -> (u64, u64) {
        // SAFETY: NEON and dot products are there, says the caller.
        unsafe { self.0.wide_totals(other.0) }
    }
}
