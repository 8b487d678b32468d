//! Adler-32 with NEON.

use core::arch::aarch64::*;

use super::vector::{Vector, weights};
use super::{sums, tiny};

/// The Adler-32 of `data`, continued from `start`.
#[target_feature(enable = "neon")]
pub(super) fn adler32(start: u32, data: &[u8]) -> u64 {
    // SAFETY: the features are enabled.
    unsafe {
        match data.len() {
            0..16 => tiny::adler32::<Neon>(start, data),
            16..=sums::MEDIUM => sums::medium::<Neon, 4>(start, data),
            _ => sums::long::<Neon>(start, data),
        }
    }
}

/// Sixteen bytes, or four sums.
#[derive(Clone, Copy)]
pub(super) struct Neon(pub(super) uint8x16_t);

impl Neon {
    #[inline(always)]
    pub(super) unsafe fn lanes(self) -> uint32x4_t {
        // SAFETY: NEON is there, says the caller.
        unsafe { vreinterpretq_u32_u8(self.0) }
    }

    #[inline(always)]
    pub(super) unsafe fn from_lanes(lanes: uint32x4_t) -> Self {
        // SAFETY: NEON is there, says the caller.
        Neon(unsafe { vreinterpretq_u8_u32(lanes) })
    }
}

impl tiny::Pair for Neon {
    #[inline(always)]
    unsafe fn from_words(first: u64, second: u64) -> Self {
        // SAFETY: NEON is there, says the caller.
        unsafe { Neon(vreinterpretq_u8_u64(vcombine_u64(vcreate_u64(first), vcreate_u64(second)))) }
    }
}

impl Vector for Neon {
    const BYTES: usize = 16;
    const BYTES_A_LANE: usize = 4;

    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: NEON is there, says the caller.
        Neon(unsafe { vdupq_n_u8(0) })
    }

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: NEON is there and `from` readable, says the caller.
        Neon(unsafe { vld1q_u8(from) })
    }

    #[inline(always)]
    unsafe fn load_first(from: *const u8, count: usize) -> Self {
        // SAFETY: NEON is there and `from` readable, says the caller. A byte belongs to
        // the first `count` if it has a weight.
        unsafe {
            let weights = vld1q_u8(weights(count));
            Neon(vandq_u8(vld1q_u8(from), vtstq_u8(weights, weights)))
        }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: NEON is there, says the caller.
        unsafe { Self::from_lanes(vaddq_u32(self.lanes(), other.lanes())) }
    }

    #[inline(always)]
    unsafe fn times<const LOG: u32>(self) -> Self {
        // SAFETY: NEON is there, says the caller.
        unsafe { Self::from_lanes(vshlq_u32(self.lanes(), vdupq_n_s32(LOG as i32))) }
    }

    #[inline(always)]
    unsafe fn bytes_onto(self, data: Self) -> Self {
        // SAFETY: NEON is there, says the caller.
        unsafe { Self::from_lanes(vpadalq_u16(self.lanes(), vpaddlq_u8(data.0))) }
    }

    #[inline(always)]
    unsafe fn weigh_onto(self, data: Self, weights: Self) -> Self {
        // SAFETY: NEON is there, says the caller.
        unsafe {
            let low = vmull_u8(vget_low_u8(data.0), vget_low_u8(weights.0));
            Self::from_lanes(vpadalq_u16(self.lanes(), vmlal_high_u8(low, data.0, weights.0)))
        }
    }

    #[inline(always)]
    unsafe fn totals(self, other: Self) -> (u32, u32) {
        // SAFETY: NEON is there, says the caller.
        unsafe { (vaddvq_u32(self.lanes()), vaddvq_u32(other.lanes())) }
    }

    #[inline(always)]
    unsafe fn wide_totals(self, other: Self) -> (u64, u64) {
        // SAFETY: NEON is there, says the caller.
        unsafe { (vaddlvq_u32(self.lanes()), vaddlvq_u32(other.lanes())) }
    }
}
