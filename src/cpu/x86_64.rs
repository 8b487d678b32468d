//! x86-64: CPUID, XGETBV, and what they do not say.
//!
//! Bit positions: Intel SDM volume 2A, table "Information Returned by CPUID Instruction"; the same
//! in AMD's APM volume 3, appendix E.

use core::arch::x86_64::{__cpuid, __cpuid_count, _xgetbv};

use super::Features;

/// What kernels may use on this CPU: [`supported`], less 512-bit vectors where they cost clock,
/// and less what is of no use beside what was found, unless `all` is asked for.
pub(super) fn detect(all: bool) -> Features {
    let (mut features, id) = probe(all);
    if slows_down_with_512_bits(id) {
        features = features.without(Features::ZMM);
    }
    if !multiplies_slowly(id) {
        features = features.without(Features::GFNI);
    }
    features
}

/// What CPU and operating system support.
pub(super) fn supported() -> Features {
    probe(true).0
}

/// The CPU's maker and model.
#[derive(Clone, Copy)]
struct Id {
    intel: bool,
    family: u32,
    model: u32,
}

/// Executes CPUID as rarely as possible: it leaves a virtual machine each time, some 7 µs. Three
/// executions, and a fourth for AVX-VNNI if there is no AVX-512 VNNI or `all` is asked for.
fn probe(all: bool) -> (Features, Id) {
    let leaf0 = __cpuid(0);
    let leaf1 = __cpuid(1);
    let id = Id::new(leaf0.ebx, leaf1.eax);
    let mut found = Features::NONE;
    let mut add = |there: bool, feature: Features| {
        if there {
            found = found | feature;
        }
    };

    let ecx = leaf1.ecx;
    let ssse3 = bit(ecx, 9);
    add(ssse3 && bit(ecx, 19), Features::SSE4_1);
    add(bit(ecx, 1), Features::PCLMULQDQ);

    // AVX state must be enabled by the operating system: OSXSAVE says that XGETBV may be asked.
    let osxsave = bit(ecx, 27);
    if leaf0.eax < 7 || !osxsave {
        return (found, id);
    }
    let xcr0 = xcr0();
    // XMM and YMM; and then opmask, the upper halves of ZMM 0 to 15, and ZMM 16 to 31.
    let (ymm, zmm) = (xcr0 & 0x06 == 0x06, xcr0 & 0xe6 == 0xe6);

    let leaf7 = __cpuid_count(7, 0);
    let (bmi1, avx2, bmi2) = (bit(leaf7.ebx, 3), bit(leaf7.ebx, 5), bit(leaf7.ebx, 8));
    let avx2 = ymm && avx2 && bmi1 && bmi2;
    add(avx2, Features::AVX2);
    add(avx2 && bit(leaf7.ecx, 10), Features::VPCLMULQDQ);

    // F, DQ, BW, VL.
    let avx512 = avx2 && zmm && [16, 17, 30, 31].into_iter().all(|n| bit(leaf7.ebx, n));
    let avx512_vnni = avx512 && bit(leaf7.ecx, 11);
    add(avx512, Features::AVX512 | Features::ZMM);
    add(avx512_vnni, Features::AVX512_VNNI);
    add(avx512 && bit(leaf7.ecx, 1), Features::AVX512_VBMI);
    add(avx512 && bit(leaf7.ecx, 8), Features::GFNI);

    // leaf7.eax is the highest subleaf.
    if avx2 && (all || !avx512_vnni) && leaf7.eax >= 1 {
        add(bit(__cpuid_count(7, 1).eax, 4), Features::AVX_VNNI);
    }
    (found, id)
}

fn bit(register: u32, n: u32) -> bool {
    register >> n & 1 != 0
}

/// The extended control register 0. Only where CPUID reports OSXSAVE.
fn xcr0() -> u64 {
    #[target_feature(enable = "xsave")]
    fn read() -> u64 {
        // SAFETY: the caller saw OSXSAVE, so the instruction exists and register 0 does too.
        unsafe { _xgetbv(0) }
    }
    // SAFETY: OSXSAVE implies XSAVE.
    unsafe { read() }
}

impl Id {
    fn new(vendor: u32, signature: u32) -> Id {
        let family = signature >> 8 & 0xf;
        let model = signature >> 4 & 0xf;
        Id {
            intel: vendor == u32::from_le_bytes(*b"Genu"),
            family: if family == 0xf { family + (signature >> 20 & 0xff) } else { family },
            model: if family == 6 || family == 0xf {
                model | (signature >> 12 & 0xf0)
            } else {
                model
            },
        }
    }
}

/// Intel's first two generations of AVX-512 lower the clock of the core for some milliseconds
/// once 512-bit vectors are used, which a program that checks a buffer now and then pays with all
/// of its other work (Intel 64 and IA-32 Architectures Optimization Reference Manual, "Skylake
/// server power management"; measurements by libdeflate, lib/x86/cpu_features.c). Rocket Lake,
/// Sapphire Rapids and AMD's Zen 4 and later do not.
fn slows_down_with_512_bits(id: Id) -> bool {
    // Skylake, Cascade Lake and Cooper Lake servers; Ice Lake servers (two) and clients; Tiger Lake.
    id.intel && id.family == 6 && matches!(id.model, 85 | 106 | 108 | 126 | 140 | 141)
}

/// AMD's Zen 5 starts a carry-less multiplication every second cycle and two bit-matrix products
/// every cycle, whatever the width (measured: docs/checksums.md). On Intel's cores both have one
/// port for 512-bit vectors and the matrices, of which it takes twice as many, do not pay.
fn multiplies_slowly(id: Id) -> bool {
    !id.intel && id.family >= 0x1a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_taken_apart() {
        // Skylake server, Sapphire Rapids, Zen 5 (family 26).
        let skylake = Id::new(u32::from_le_bytes(*b"Genu"), 0x0005_0654);
        assert_eq!((skylake.family, skylake.model), (6, 85));
        assert!(slows_down_with_512_bits(skylake));
        let sapphire = Id::new(u32::from_le_bytes(*b"Genu"), 0x000c_06f2);
        assert_eq!((sapphire.family, sapphire.model), (6, 207));
        assert!(!slows_down_with_512_bits(sapphire));
        let zen5 = Id::new(u32::from_le_bytes(*b"Auth"), 0x00b0_0f21);
        assert_eq!((zen5.family, zen5.model), (26, 2));
        assert!(!slows_down_with_512_bits(zen5));
    }

    /// std asks more questions but must come to the same answers.
    #[test]
    fn agrees_with_std() {
        let found = supported();
        let ours = |feature| found.has(feature);
        assert_eq!(ours(Features::SSE4_1), is_x86_feature_detected!("sse4.1"));
        assert_eq!(ours(Features::PCLMULQDQ), is_x86_feature_detected!("pclmulqdq"));
        assert_eq!(ours(Features::AVX2), is_x86_feature_detected!("avx2"));
        assert_eq!(ours(Features::VPCLMULQDQ), is_x86_feature_detected!("vpclmulqdq"));
        assert_eq!(
            ours(Features::AVX512),
            is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
        );
        assert_eq!(
            ours(Features::GFNI),
            is_x86_feature_detected!("gfni") && ours(Features::AVX512)
        );
        assert_eq!(ours(Features::AVX512_VBMI), is_x86_feature_detected!("avx512vbmi"));
        assert_eq!(ours(Features::AVX512_VNNI), is_x86_feature_detected!("avx512vnni"));
        assert_eq!(ours(Features::AVX_VNNI), is_x86_feature_detected!("avxvnni"));
    }
}
