//! CRC-32 with VPCLMULQDQ on 512-bit vectors.
//!
//! The algorithm of `fold`, but a byte permutation takes the place of its handling of odd bytes: the
//! data is taken as if zeros, which change nothing, filled it up in front to whole vectors.

use core::arch::x86_64::*;

use super::chunk::{Chunk, Vector};
use super::constants::{FOLD_384, WEIGHED, WEIGHTS};
use super::{short, x86_avx2};
use crate::checksum::Aligned;
use crate::checksum::kernel::Code;
use crate::checksum::lines;

/// Vectors that the loop takes at once.
pub(super) const LANES: usize = 6;

/// Bytes that the loop takes at once.
const STRIDE: usize = 64 * LANES;

/// The CRC-32 of `data`, continued from `start`.
#[target_feature(
    enable = "vpclmulqdq,pclmulqdq,avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,bmi2"
)]
pub(super) fn crc32(start: u32, data: &[u8]) -> u64 {
    // SAFETY: the features are enabled.
    unsafe { up_to_long::<1024>(start, data, multiply) }
}

/// The loop by carry-less multiplication.
#[inline(never)]
#[target_feature(
    enable = "vpclmulqdq,pclmulqdq,avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,bmi2"
)]
fn multiply(start: u32, data: &[u8]) -> u64 {
    if data.len() >= lines::FROM {
        return aligned(start, data);
    }
    // SAFETY: the features are enabled; there is no less than `up_to_long` calls this for.
    unsafe { long::<Multiply>(start, data) }
}

/// The same of whole cache lines.
#[cold] // keeps it apart: what it saves on the stack would be saved for the short lengths too
#[inline(never)]
#[target_feature(
    enable = "vpclmulqdq,pclmulqdq,avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,bmi2"
)]
fn aligned(start: u32, data: &[u8]) -> u64 {
    let whole = |start, data: &[u8]| {
        // SAFETY: the features are enabled; there is no less than `up_to_long` calls this for.
        unsafe { long::<Multiply>(start, data) }
    };
    // SAFETY: the features are enabled, and the narrower kernel's are among them.
    unsafe { lines::in_lines(start, data, x86_avx2::crc32, whole) }
}

/// How the loop moves its vectors ahead.
pub(super) trait Step {
    /// Six vectors moved ahead by [`STRIDE`] bytes, plus the next six, at `from`.
    ///
    /// # Safety
    /// The CPU has what the kernel needs; `STRIDE` bytes at `from` are readable.
    unsafe fn step(lanes: [__m512i; LANES], from: *const u8) -> [__m512i; LANES];
}

/// By carry-less multiplication.
struct Multiply;

impl Step for Multiply {
    #[inline(always)]
    unsafe fn step(mut lanes: [__m512i; LANES], from: *const u8) -> [__m512i; LANES] {
        // SAFETY: the caller's promise.
        unsafe {
            let by = __m512i::broadcast(__m128i::constant(FOLD_384));
            let mut i = 0;
            while i < LANES {
                lanes[i] = lanes[i].weigh_onto(by, <__m512i as Vector>::load(from.add(64 * i)));
                i += 1;
            }
            lanes
        }
    }
}

/// The CRC-32 of `data`: here up to `MOST` bytes, which the table of weights covers, by `long` from there on, which is called
/// and not inlined since its stack frame would slow down the short lengths.
///
/// # Safety
/// The CPU has what this kernel and `long` need.
#[inline(always)]
pub(super) unsafe fn up_to_long<const MOST: usize>(start: u32, data: &[u8], long: Code) -> u64 {
    let crc = !start;
    // SAFETY: the caller's promise; each branch takes the lengths that its function does.
    let crc = unsafe {
        match data.len() {
            0..=short::LONGEST => short::update::<__m128i>(crc, data),
            17..=32 => two_chunks(crc, data),
            33..=64 => two_halves(crc, data),
            65..=128 => weigh(head::<2>(crc, data.as_ptr(), data.len())),
            n if n <= MOST => several(crc, data),
            _ => return long(start, data),
        }
    };
    u64::from(!crc)
}

/// The CRC-32 of more than `STRIDE` bytes.
///
/// # Safety
/// The CPU has what `S` needs; `data` is longer than `STRIDE`.
#[inline(always)]
pub(super) unsafe fn long<S: Step>(start: u32, mut data: &[u8]) -> u64 {
    let mut crc = !start;
    let mut odd = (data.len() - 1) % STRIDE + 1;
    if odd < 4 {
        // The register would reach beyond the head.
        crc = short::bytes(crc, &data[..odd]);
        data = &data[odd..];
        odd = STRIDE;
    }
    // SAFETY: the caller's promise. `head` gets `odd` bytes, of which the first vector is whole
    // because more follow; `chunks_exact` gives pieces of `STRIDE` bytes.
    unsafe {
        let whole = data.as_ptr();
        let mut lanes = match (odd - 1) / 64 {
            0 => padded(head::<1>(crc, whole, odd)),
            1 => padded(head::<2>(crc, whole, odd)),
            2 => padded(head::<3>(crc, whole, odd)),
            3 => padded(head::<4>(crc, whole, odd)),
            4 => padded(head::<5>(crc, whole, odd)),
            _ => head::<LANES>(crc, whole, odd),
        };
        for piece in data[odd..].chunks_exact(STRIDE) {
            lanes = S::step(lanes, piece.as_ptr());
        }
        u64::from(!weigh(lanes))
    }
}

/// The lanes behind as many of zeros as there is room for.
///
/// # Safety
/// AVX-512F is there.
#[inline(always)]
unsafe fn padded<const N: usize>(lanes: [__m512i; N]) -> [__m512i; LANES] {
    // SAFETY: the caller's promise.
    let mut all = unsafe { [_mm512_setzero_si512(); LANES] };
    let mut i = 0;
    while i < N {
        all[LANES - N + i] = lanes[i];
        i += 1;
    }
    all
}

/// What of the CRC register lies behind the first `count` bytes.
#[inline(always)]
fn behind(crc: u32, count: usize) -> u64 {
    if count < 4 { u64::from(crc) >> (8 * count) } else { 0 }
}

/// 16 to 32 bytes: two chunks, the first filled up in front.
///
/// # Safety
/// PCLMULQDQ and SSE4.1 are there; `data` has 16 to 32 bytes.
#[inline(always)]
unsafe fn two_chunks(crc: u32, data: &[u8]) -> u32 {
    let ahead = data.len() - 16;
    // SAFETY: the caller's promise; the first and the last 16 bytes.
    unsafe {
        let crc = __m128i::from_words(u64::from(crc), 0);
        let first = <__m128i as Chunk>::load(data.as_ptr());
        let last = <__m128i as Chunk>::load(data.as_ptr().add(ahead));
        let first = Chunk::xor(first, crc).first_bytes_last(ahead);
        let last = Chunk::xor(last, crc.without_first_bytes(ahead));
        let both = _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(first), last);
        let weights = <__m256i as Vector>::load(WEIGHTS.0.as_ptr().add(WEIGHED - 2).cast());
        both.weigh_onto(weights, _mm256_setzero_si256()).sum().divide()
    }
}

/// 0 to 63, twice: a window of it, from the n-th on, moves a vector's first n bytes to its end.
static ROTATE: Aligned<[u8; 128]> = Aligned({
    let mut rotate = [0; 128];
    let mut i = 0;
    while i < 128 {
        rotate[i] = i as u8 % 64;
        i += 1;
    }
    rotate
});

/// 33 to 64 bytes: two halves of a vector, the first filled up in front.
///
/// # Safety
/// The CPU has what the kernel needs; `data` has 33 to 64 bytes.
#[inline(always)]
unsafe fn two_halves(crc: u32, data: &[u8]) -> u32 {
    let ahead = data.len() - 32;
    // SAFETY: the caller's promise; the first and the last 32 bytes.
    unsafe {
        let first = <__m256i as Vector>::load(data.as_ptr());
        let last = <__m256i as Vector>::load(data.as_ptr().add(ahead));
        let register = __m128i::from_words(u64::from(crc), 0);
        let first = Vector::xor(first, __m256i::from_chunk(register));
        let rotate = <__m256i as Vector>::load(ROTATE.0.as_ptr().add(ahead));
        let first = _mm256_maskz_permutexvar_epi8(u32::MAX << (32 - ahead), rotate, first);
        let register = __m128i::from_words(behind(crc, ahead), 0);
        let last = Vector::xor(last, __m256i::from_chunk(register));
        weigh([_mm512_inserti64x4::<1>(_mm512_castsi256_si512(first), last)])
    }
}

/// The `length` bytes at `from` as `N` vectors with zeros in front and the CRC register added.
///
/// # Safety
/// The CPU has what the kernel needs. `length` is more than `64 * (N - 1)` and at most `64 * N`.
/// That many bytes are readable, and 64 even if `length` is less.
#[inline(always)]
unsafe fn head<const N: usize>(crc: u32, from: *const u8, length: usize) -> [__m512i; N] {
    let odd = length - 64 * (N - 1);
    debug_assert!((1..=64).contains(&odd));
    // SAFETY: the caller's promise.
    unsafe {
        let mut lanes = [first_bytes_last(crc, from, odd); N];
        let mut i = 1;
        while i < N {
            lanes[i] = <__m512i as Vector>::load(from.add(odd + 64 * (i - 1)));
            i += 1;
        }
        if N > 1 {
            let register = __m128i::from_words(behind(crc, odd), 0);
            lanes[1] = Vector::xor(lanes[1], __m512i::from_chunk(register));
        }
        lanes
    }
}

/// The first `count` bytes at `from`, with the CRC register added, behind zeros.
///
/// A masked load could read them alone, but takes hundreds of cycles where what it leaves out lies
/// in a page that is not there.
///
/// # Safety
/// The CPU has what the kernel needs; 64 bytes are readable; `count` is 1 to 64.
#[inline(always)]
unsafe fn first_bytes_last(crc: u32, from: *const u8, count: usize) -> __m512i {
    // SAFETY: the caller's promise; a window of the table from at most its middle.
    unsafe {
        let register = __m512i::from_chunk(__m128i::from_words(u64::from(crc), 0));
        let bytes = Vector::xor(<__m512i as Vector>::load(from), register);
        let rotate = <__m512i as Vector>::load(ROTATE.0.as_ptr().add(count));
        _mm512_maskz_permutexvar_epi8(u64::MAX << (64 - count), rotate, bytes)
    }
}

/// The CRC register after 129 to 1024 bytes: every vector is weighed.
///
/// # Safety
/// The CPU has what the kernel needs; `data` is as long as said.
#[inline(always)]
unsafe fn several(crc: u32, data: &[u8]) -> u32 {
    let odd = (data.len() - 1) % 64 + 1;
    // SAFETY: the caller's promise; loads end where the data does, and there are as many weights as
    // bytes.
    unsafe {
        let end = data.as_ptr().add(data.len());
        let weights = WEIGHTS.0.as_ptr().add(WEIGHED).cast::<u8>();
        let weight = |left: usize| <__m512i as Vector>::load(weights.sub(left));
        let mut left = data.len() - odd;
        let first = first_bytes_last(crc, data.as_ptr(), odd);
        let register = __m512i::from_chunk(__m128i::from_words(behind(crc, odd), 0));
        let mut sum = first.weigh_onto(weight(left + 64), _mm512_setzero_si512());
        // At least two vectors follow. The first of them takes what is left of the register.
        let second = Vector::xor(<__m512i as Vector>::load(end.sub(left)), register);
        sum = second.weigh_onto(weight(left), sum);
        left -= 64;
        while left > 0 {
            sum = <__m512i as Vector>::load(end.sub(left)).weigh_onto(weight(left), sum);
            left -= 64;
        }
        sum.sum().divide()
    }
}

/// The CRC register after the data that `lanes` stand for, the last lane being its end.
///
/// # Safety
/// The CPU has what the kernel needs.
#[inline(always)]
unsafe fn weigh<const N: usize>(lanes: [__m512i; N]) -> u32 {
    // SAFETY: the caller's promise; the last `4 * N` entries of the table of weights.
    unsafe {
        let weights = WEIGHTS.0.as_ptr().add(WEIGHED - 4 * N).cast::<u8>();
        let mut sum = _mm512_setzero_si512();
        let mut i = 0;
        while i < N {
            sum = lanes[i].weigh_onto(<__m512i as Vector>::load(weights.add(64 * i)), sum);
            i += 1;
        }
        sum.sum().divide()
    }
}

impl Vector for __m512i {
    type Chunk = __m128i;
    const BYTES: usize = 64;
    const FOLD: [u64; 2] = FOLD_384;
    const LOOP: usize = LANES;

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: AVX-512F is there and the bytes are readable, says the caller.
        unsafe { _mm512_loadu_si512(from.cast()) }
    }

    #[inline(always)]
    unsafe fn from_chunk(chunk: __m128i) -> Self {
        // SAFETY: AVX-512F is there, says the caller.
        unsafe { _mm512_zextsi128_si512(chunk) }
    }

    #[inline(always)]
    unsafe fn broadcast(chunk: __m128i) -> Self {
        // SAFETY: AVX-512F is there, says the caller.
        unsafe { _mm512_broadcast_i32x4(chunk) }
    }

    #[inline(always)]
    unsafe fn xor(self, other: Self) -> Self {
        // SAFETY: AVX-512F is there, says the caller.
        unsafe { _mm512_xor_si512(self, other) }
    }

    #[inline(always)]
    unsafe fn weigh_onto(self, by: Self, onto: Self) -> Self {
        // SAFETY: VPCLMULQDQ and AVX-512F are there, says the caller.
        unsafe {
            let first = _mm512_clmulepi64_epi128::<0x00>(self, by);
            let second = _mm512_clmulepi64_epi128::<0x11>(self, by);
            // The truth table of a three-way exclusive or.
            _mm512_ternarylogic_epi64::<0x96>(first, second, onto)
        }
    }

    #[inline(always)]
    unsafe fn sum(self) -> __m128i {
        // SAFETY: AVX-512F is there, says the caller.
        unsafe {
            let (low, high) = (_mm512_castsi512_si256(self), _mm512_extracti64x4_epi64::<1>(self));
            _mm256_xor_si256(low, high).sum()
        }
    }
}
