//! Named steps of CPU capability.

use core::ffi::CStr;

use super::features::Features;

/// A step of capability, named after what it needs.
#[derive(Debug)]
pub struct Tier {
    name: &'static CStr,
    needs: Features,
}

const fn tier(name: &'static CStr, needs: Features) -> Tier {
    Tier { name, needs }
}

/// All tiers of this architecture, the lowest first.
#[cfg(target_arch = "x86_64")]
pub static TIERS: &[Tier] = X86_64;
/// All tiers of this architecture, the lowest first.
#[cfg(target_arch = "aarch64")]
pub static TIERS: &[Tier] = AARCH64;
/// All tiers of this architecture.
#[cfg(not(any(target_arch = "aarch64", target_arch = "x86_64")))]
pub static TIERS: &[Tier] = &[tier(c"portable", Features::NONE)];

/// x86-64's tiers, the lowest first. A tier's needs are all that its kernels may use, so a later
/// tier does not always need everything that an earlier one needs.
pub const X86_64: &[Tier] = {
    const SSE: Features = Features::SSE4_1.and(Features::PCLMULQDQ);
    const AVX2: Features = SSE.and(Features::AVX2);
    const VPCLMUL: Features = AVX2.and(Features::VPCLMULQDQ);
    const AVX512: Features = AVX2.and(Features::AVX512);
    const AVX512_VPCLMUL: Features = AVX512.and(Features::VPCLMULQDQ);
    const AVX512_ALL: Features = AVX512_VPCLMUL.and(Features::AVX512_VNNI);
    &[
        tier(c"portable", Features::NONE),
        tier(c"sse4.1", Features::SSE4_1),
        tier(c"pclmulqdq", SSE),
        tier(c"avx2", AVX2),
        tier(c"avx2-vpclmulqdq", VPCLMUL),
        tier(c"avx2-vpclmulqdq-vnni", VPCLMUL.and(Features::AVX_VNNI)),
        tier(c"avx512", AVX512),
        tier(c"avx512-vnni", AVX512.and(Features::AVX512_VNNI)),
        tier(c"avx512-vpclmulqdq", AVX512_VPCLMUL),
        tier(c"avx512-vpclmulqdq-vnni", AVX512_ALL),
        tier(c"avx512-vpclmulqdq-vnni-gfni", AVX512_ALL.and(Features::GFNI)),
    ]
};

/// aarch64's tiers, the lowest first.
pub const AARCH64: &[Tier] = {
    const CRC: Features = Features::NEON.and(Features::CRC);
    const PMULL: Features = CRC.and(Features::PMULL);
    &[
        tier(c"portable", Features::NONE),
        tier(c"neon", Features::NEON),
        tier(c"crc", CRC),
        tier(c"pmull", PMULL),
        tier(c"pmull-dotprod", PMULL.and(Features::DOTPROD)),
        tier(c"pmull-eor3-dotprod", PMULL.and(Features::DOTPROD).and(Features::EOR3)),
    ]
};

impl Tier {
    /// The name, as `ZCOMPAT_CPU` takes it.
    pub fn name(&self) -> &'static CStr {
        self.name
    }

    /// What its kernels may use.
    pub fn needs(&self) -> Features {
        self.needs
    }

    /// The last tier that `features` suffices for. There always is one: portable needs nothing.
    pub fn highest(features: Features) -> &'static Tier {
        Tier::highest_of(TIERS, features)
    }

    /// The last of `tiers`, an architecture's, that `features` suffices for.
    pub fn highest_of(tiers: &'static [Tier], features: Features) -> &'static Tier {
        tiers.iter().rfind(|tier| features.has(tier.needs)).unwrap_or(&tiers[0])
    }

    /// The index in [`TIERS`] of the tier of this name.
    pub fn place(name: &[u8]) -> Option<usize> {
        TIERS.iter().position(|tier| tier.name.to_bytes() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_portable_is_first() {
        for tiers in [X86_64, AARCH64] {
            assert_eq!(tiers[0].name(), c"portable");
            assert_eq!(tiers[0].needs(), Features::NONE);
            for (i, tier) in tiers.iter().enumerate() {
                let found = Tier::highest_of(tiers, tier.needs());
                assert_eq!(found.name(), tier.name(), "tier {i} is unreachable");
                assert_eq!(tiers.iter().filter(|t| t.name == tier.name).count(), 1);
            }
        }
        for (i, tier) in TIERS.iter().enumerate() {
            assert_eq!(Tier::place(tier.name().to_bytes()), Some(i));
        }
        assert_eq!(Tier::place(b"quantum"), None);
    }
}
