//! CRC-32 with VPCLMULQDQ and, for most of long inputs, GFNI on 512-bit vectors.
//!
//! Folding is multiplication by a constant, which is linear: one byte moved ahead becomes four
//! bytes, each a bit matrix times it. Where the matrix product (GF2P8AFFINEQB) is quicker than
//! carry-less multiplication, four of six vectors go that way while the multiplier does the other
//! two. docs/checksums.md says why these four.

use core::arch::x86_64::*;

use super::chunk::Vector;
use super::constants::{FOLD_384, MATRICES};
use super::fold::{self, Step};
use super::x86_avx2;
use super::x86_avx512::up_to_long;
use crate::checksum::lines;

/// The CRC-32 of `data`, continued from `start`.
#[target_feature(enable = "gfni,vpclmulqdq,pclmulqdq")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,bmi2")]
pub(super) fn crc32(start: u32, data: &[u8]) -> u64 {
    // SAFETY: the features are enabled. From 705 bytes on, the loop is quicker.
    unsafe { up_to_long::<704>(start, data, matrices) }
}

/// The loop by bit matrices.
#[inline(never)]
#[target_feature(enable = "gfni,vpclmulqdq,pclmulqdq")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,bmi2")]
fn matrices(start: u32, data: &[u8]) -> u64 {
    if data.len() >= lines::FROM {
        return aligned(start, data);
    }
    // SAFETY: the features are enabled; more than 704 bytes come here.
    unsafe { fold::long::<__m512i, Matrices>(start, data) }
}

/// The same of whole cache lines.
#[cold] // keeps it apart: what it saves on the stack would be saved for the short lengths too
#[inline(never)]
#[target_feature(enable = "gfni,vpclmulqdq,pclmulqdq")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,bmi2")]
fn aligned(start: u32, data: &[u8]) -> u64 {
    let whole = |start, data: &[u8]| {
        // SAFETY: the features are enabled; more than 704 bytes come here.
        unsafe { fold::long::<__m512i, Matrices>(start, data) }
    };
    // SAFETY: the features are enabled, and the narrower kernel's are among them.
    unsafe { lines::in_lines(start, data, x86_avx2::crc32, whole) }
}

/// By bit matrices, lanes 0, 1, 3 and 4; by carry-less multiplication, lanes 2 and 5.
struct Matrices;

impl Step<__m512i> for Matrices {
    #[inline(always)]
    unsafe fn step(mut lanes: [__m512i; 8], from: *const u8) -> [__m512i; 8] {
        // SAFETY: AVX-512 and GFNI are there and six vectors readable, says the caller.
        unsafe {
            let next = |lane: usize| <__m512i as Vector>::load(from.add(64 * lane));
            let by = __m512i::broadcast(&FOLD_384);
            let sources = [lanes[0], lanes[1], lanes[3], lanes[4]];
            lanes[0] = to_lane(sources, 0, next(0));
            lanes[1] = to_lane(sources, 1, next(1));
            lanes[2] = lanes[2].weigh_onto(by, next(2));
            lanes[3] = to_lane(sources, 2, next(3));
            lanes[4] = to_lane(sources, 3, next(4));
            lanes[5] = lanes[5].weigh_onto(by, next(5));
            lanes
        }
    }
}

/// What the four `sources` bring to the matrix lane `to`, plus `onto`.
///
/// # Safety
/// AVX-512F and GFNI are there.
#[inline(always)]
unsafe fn to_lane(sources: [__m512i; 4], to: usize, onto: __m512i) -> __m512i {
    // SAFETY: AVX-512F and GFNI are there, says the caller.
    unsafe {
        let part = |from: usize| {
            let matrix = _mm512_set1_epi64(MATRICES[from][to] as i64);
            _mm512_gf2p8affine_epi64_epi8::<0>(sources[from], matrix)
        };
        let sum = _mm512_ternarylogic_epi64::<0x96>(part(0), part(1), onto);
        _mm512_ternarylogic_epi64::<0x96>(part(2), part(3), sum)
    }
}
