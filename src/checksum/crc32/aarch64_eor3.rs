//! CRC-32 with PMULL and the three-way exclusive or of the SHA3 extension.

// The methods have no features of their own: they are inlined into the functions that have.
#![allow(unknown_lints, inline_always_mismatching_target_features)]

use core::arch::aarch64::*;

use super::aarch64_pmull::Pmull;
use super::chunk::Vector;
use super::constants::FOLD_128;
use super::{aarch64_crc, fold};

/// The CRC-32 of `data`, continued from `start`.
#[target_feature(enable = "crc,aes,sha3,neon")]
pub(super) fn crc32(start: u32, data: &[u8]) -> u64 {
    match data.len() {
        0..64 => aarch64_crc::crc32(start, data),
        // SAFETY: the features are enabled; the length is such.
        64..=128 => u64::from(!unsafe { fold::medium::<Eor3>(!start, data) }),
        _ => long(start, data),
    }
}

/// [`fold::long`], with a stack frame of its own.
#[inline(never)]
#[target_feature(enable = "crc,aes,sha3,neon")]
fn long(start: u32, data: &[u8]) -> u64 {
    // SAFETY: the features are enabled; more than 128 bytes come here.
    unsafe { fold::long::<Eor3, fold::Multiply>(start, data) }
}

/// A chunk that is added up three at a time.
#[derive(Clone, Copy)]
struct Eor3(Pmull);

// SAFETY of each block: the trait's functions may only be called where the features are there.
impl Vector for Eor3 {
    type Chunk = Pmull;
    const BYTES: usize = 16;
    const FOLD: [u64; 2] = FOLD_128;
    const LOOP: usize = 8;

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: readable, says the caller.
        Eor3(Pmull(unsafe { vld1q_u8(from) }))
    }

    #[inline(always)]
    unsafe fn load_first(from: *const u8, count: usize) -> Self {
        // SAFETY: PMULL is there and `from` readable, says the caller.
        Eor3(unsafe { Pmull::load_first(from, count) })
    }

    #[inline(always)]
    unsafe fn widen(from: *const [u32; 2]) -> Self {
        // SAFETY: PMULL is there and `from` readable, says the caller.
        Eor3(unsafe { Pmull::widen(from) })
    }

    #[inline(always)]
    unsafe fn from_chunk(chunk: Pmull) -> Self {
        Eor3(chunk)
    }

    #[inline(always)]
    unsafe fn broadcast(words: &[u64; 2]) -> Self {
        // SAFETY: NEON is there, says the caller.
        Eor3(unsafe { Pmull::broadcast(words) })
    }

    #[inline(always)]
    unsafe fn xor(self, other: Self) -> Self {
        // SAFETY: NEON is there, says the caller.
        Eor3(Pmull(unsafe { veorq_u8(self.0.0, other.0.0) }))
    }

    #[inline(always)]
    unsafe fn weigh_onto(self, by: Self, onto: Self) -> Self {
        // SAFETY: PMULL and EOR3 are there, says the caller.
        unsafe {
            let (first, second) = (self.0.first_words(by.0), self.0.second_words(by.0));
            Eor3(Pmull(veor3q_u8(first, second, onto.0.0)))
        }
    }

    #[inline(always)]
    unsafe fn sum(self) -> Pmull {
        self.0
    }
}
