//! Named steps of CPU capability.

use core::ffi::CStr;

use super::Features;

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

    /// The tier of this name.
    pub fn by_name(name: &CStr) -> Option<&'static Tier> {
        TIERS.iter().find(|tier| tier.name == name)
    }
}

/// The tier that `ZCOMPAT_CPU` names: `None` when it is unset or names none, and in programs that
/// run with more rights than their caller has, where the environment is the caller's.
pub(super) fn override_from_environment() -> Option<&'static Tier> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: getauxval has no preconditions; it gives 0 for an entry that is not there.
    if unsafe { libc::getauxval(libc::AT_SECURE) } != 0 {
        return None;
    }
    // SAFETY: the name is NUL-terminated. Like every getenv, this must not run while another
    // thread changes the environment; it happens once per process.
    let value = unsafe { libc::getenv(c"ZCOMPAT_CPU".as_ptr()) };
    if value.is_null() {
        return None;
    }
    // SAFETY: getenv gives NULL, handled above, or a NUL-terminated string.
    Tier::by_name(unsafe { CStr::from_ptr(value) })
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
        for tier in TIERS {
            assert!(core::ptr::eq(Tier::by_name(tier.name()).unwrap(), tier));
        }
        assert!(Tier::by_name(c"quantum").is_none());
    }
}
