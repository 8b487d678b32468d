//! Instruction set extensions, as a set.

use core::ops::{BitAnd, BitOr};

/// A set of instruction set extensions that kernels can ask for. Each architecture has bits of its
/// own, so that what one would choose can be computed on another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Features(u32);

impl Features {
    /// Nothing beyond what the compile target has.
    pub const NONE: Features = Features(0);

    /// Whether all of `needed` is in this set.
    pub const fn has(self, needed: Features) -> bool {
        self.0 & needed.0 == needed.0
    }

    /// The union, in constants.
    pub const fn and(self, other: Features) -> Features {
        Features(self.0 | other.0)
    }

    /// This set less `other`.
    pub const fn without(self, other: Features) -> Features {
        Features(self.0 & !other.0)
    }

    pub(super) const fn bits(self) -> u32 {
        self.0
    }

    pub(super) const fn from_bits(bits: u32) -> Features {
        Features(bits)
    }
}

/// x86-64.
impl Features {
    /// SSSE3 and SSE4.1. Every CPU with PCLMULQDQ has them.
    pub const SSE4_1: Features = Features(1 << 0);
    /// Carry-less multiplication of 64-bit halves.
    pub const PCLMULQDQ: Features = Features(1 << 1);
    /// AVX2, with POPCNT, BMI1 and BMI2, which no CPU with AVX2 lacks.
    pub const AVX2: Features = Features(1 << 2);
    /// PCLMULQDQ on every 128-bit lane of a wider vector.
    pub const VPCLMULQDQ: Features = Features(1 << 3);
    /// Dot products of bytes on 256-bit vectors, without AVX-512.
    pub const AVX_VNNI: Features = Features(1 << 4);
    /// AVX-512 F, BW, DQ and VL, on vectors of 512 bits.
    pub const AVX512: Features = Features(1 << 5);
    /// Dot products of bytes on AVX-512 vectors.
    pub const AVX512_VNNI: Features = Features(1 << 6);
    /// Bit matrices times bytes (GFNI), on AVX-512 vectors.
    pub const GFNI: Features = Features(1 << 7);

    /// All that use vectors of 512 bits.
    pub(super) const ALL_512: Features =
        Features::AVX512.and(Features::AVX512_VNNI).and(Features::GFNI);
}

/// aarch64.
impl Features {
    /// The CRC32 instructions.
    pub const CRC: Features = Features(1 << 16);
    /// Polynomial multiplication of 64-bit halves.
    pub const PMULL: Features = Features(1 << 17);
    /// Three-way exclusive or, part of the SHA3 extension.
    pub const EOR3: Features = Features(1 << 18);
    /// Dot products of bytes.
    pub const DOTPROD: Features = Features(1 << 19);
    /// Advanced SIMD. Part of the base, but a tier of its own above the portable one.
    pub const NEON: Features = Features(1 << 20);
}

impl BitAnd for Features {
    type Output = Features;

    fn bitand(self, other: Features) -> Features {
        Features(self.0 & other.0)
    }
}

impl BitOr for Features {
    type Output = Features;

    fn bitor(self, other: Features) -> Features {
        Features(self.0 | other.0)
    }
}
