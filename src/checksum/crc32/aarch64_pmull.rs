//! CRC-32 with PMULL, and below 64 bytes with the CRC32 instructions.

// The methods have no features of their own: they are inlined into the functions that have.
#![allow(unknown_lints, inline_always_mismatching_target_features)]

use core::arch::aarch64::*;

use super::chunk::{Chunk, Vector, first};
use super::constants::{FOLD_128, POLYNOMIAL, QUOTIENT};
use super::{aarch64_crc, fold};

/// The CRC-32 of `data`, continued from `start`.
#[target_feature(enable = "crc,aes,neon")]
pub(super) fn crc32(start: u32, data: &[u8]) -> u64 {
    match data.len() {
        0..64 => aarch64_crc::crc32(start, data),
        // SAFETY: the features are enabled; the length is such.
        64..=128 => u64::from(!unsafe { fold::medium::<Pmull>(!start, data) }),
        _ => long(start, data),
    }
}

/// [`fold::long`], with a stack frame of its own.
#[inline(never)]
#[target_feature(enable = "crc,aes,neon")]
fn long(start: u32, data: &[u8]) -> u64 {
    // SAFETY: the features are enabled; more than 128 bytes come here.
    unsafe { fold::long::<Pmull, fold::Multiply>(start, data) }
}

/// A chunk.
#[derive(Clone, Copy)]
pub(super) struct Pmull(pub(super) uint8x16_t);

impl Pmull {
    /// The product of the first words.
    ///
    /// # Safety
    /// PMULL is there.
    #[inline(always)]
    pub(super) unsafe fn first_words(self, by: Self) -> uint8x16_t {
        // SAFETY: PMULL is there, says the caller.
        unsafe {
            let (a, b) = (vreinterpretq_u64_u8(self.0), vreinterpretq_u64_u8(by.0));
            vreinterpretq_u8_p128(vmull_p64(vgetq_lane_u64::<0>(a), vgetq_lane_u64::<0>(b)))
        }
    }

    /// The product of the second words.
    ///
    /// # Safety
    /// PMULL is there.
    #[inline(always)]
    pub(super) unsafe fn second_words(self, by: Self) -> uint8x16_t {
        // SAFETY: PMULL is there, says the caller.
        unsafe {
            let (a, b) = (vreinterpretq_p64_u8(self.0), vreinterpretq_p64_u8(by.0));
            vreinterpretq_u8_p128(vmull_high_p64(a, b))
        }
    }
}

// SAFETY of each block: the trait's functions may only be called where the features are there.
impl Chunk for Pmull {
    #[inline(always)]
    unsafe fn from_words(first: u64, second: u64) -> Self {
        // SAFETY: NEON is there, says the caller.
        unsafe {
            Pmull(vreinterpretq_u8_u64(vcombine_u64(vcreate_u64(first), vcreate_u64(second))))
        }
    }

    #[inline(always)]
    unsafe fn xor(self, other: Self) -> Self {
        // SAFETY: NEON is there, says the caller.
        Pmull(unsafe { veorq_u8(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn times(self, by: Self) -> Self {
        // SAFETY: PMULL is there, says the caller.
        Pmull(unsafe { self.first_words(by) })
    }

    #[inline(always)]
    unsafe fn second(self) -> Self {
        // SAFETY: NEON is there, says the caller.
        Pmull(unsafe { vextq_u8::<8>(self.0, vdupq_n_u8(0)) })
    }

    #[inline(always)]
    unsafe fn divide(self) -> u32 {
        // SAFETY: PMULL is there, says the caller.
        unsafe {
            let quotient = Pmull(self.first_words(Self::from_words(QUOTIENT, 0)));
            let multiple = quotient.first_words(Self::from_words(POLYNOMIAL, 0));
            vgetq_lane_u32::<2>(vreinterpretq_u32_u8(veorq_u8(self.0, multiple)))
        }
    }
}

impl Vector for Pmull {
    type Chunk = Pmull;
    const BYTES: usize = 16;
    const FOLD: [u64; 2] = FOLD_128;
    const LOOP: usize = 8;

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: readable, says the caller.
        Pmull(unsafe { vld1q_u8(from) })
    }

    #[inline(always)]
    unsafe fn load_first(from: *const u8, count: usize) -> Self {
        // SAFETY: readable, says the caller; so is the mask.
        Pmull(unsafe { vandq_u8(vld1q_u8(from), vld1q_u8(first(count))) })
    }

    #[inline(always)]
    unsafe fn widen(from: *const [u32; 2]) -> Self {
        // SAFETY: readable, says the caller.
        Pmull(unsafe { vreinterpretq_u8_u64(vmovl_u32(vld1_u32(from.cast()))) })
    }

    #[inline(always)]
    unsafe fn from_chunk(chunk: Pmull) -> Self {
        chunk
    }

    #[inline(always)]
    unsafe fn broadcast(words: &[u64; 2]) -> Self {
        // SAFETY: readable, being a reference.
        unsafe { Self::load(words.as_ptr().cast()) }
    }

    #[inline(always)]
    unsafe fn xor(self, other: Self) -> Self {
        // SAFETY: NEON is there, says the caller.
        Pmull(unsafe { veorq_u8(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn weigh_onto(self, by: Self, onto: Self) -> Self {
        // SAFETY: PMULL is there, says the caller.
        unsafe { Pmull(veorq_u8(veorq_u8(self.first_words(by), onto.0), self.second_words(by))) }
    }

    #[inline(always)]
    unsafe fn sum(self) -> Pmull {
        self
    }
}
