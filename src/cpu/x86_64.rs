//! x86-64: asks CPUID and XGETBV.

use core::arch::x86_64::{__cpuid_count, _xgetbv};

use super::cpuid::{Answers, Registers};
use super::features::Features;
use super::policy;
use super::policy::Identity;

/// What kernels use unless a tier is named.
pub(super) fn preferred() -> Features {
    let (id, features) = ask(false);
    policy::preferred(id, features)
}

/// What CPU and operating system support.
pub(super) fn supported() -> Features {
    ask(true).1
}

/// Executes CPUID as rarely as possible: it leaves a virtual machine each time, some 7 µs. Three
/// executions, and a fourth for AVX-VNNI if `all` is asked for or what it is good for is not done
/// with AVX-512 anyway.
fn ask(all: bool) -> (Identity, Features) {
    let mut answers = Answers { leaf0: cpuid(0, 0), leaf1: cpuid(1, 0), ..Answers::default() };
    // AVX state must be enabled by the operating system: OSXSAVE says that XGETBV may be asked.
    if answers.leaf0.eax >= 7 && answers.has_osxsave() {
        answers.xcr0 = xcr0();
        answers.leaf7 = cpuid(7, 0);
        let id = answers.identity();
        let uses = |feature| policy::preferred(id, answers.features()).has(feature);
        // leaf7.eax is the highest subleaf.
        if answers.leaf7.eax >= 1 && (all || uses(Features::AVX2) && !uses(Features::AVX512_VNNI)) {
            answers.leaf7_1 = cpuid(7, 1);
        }
    }
    (answers.identity(), answers.features())
}

fn cpuid(leaf: u32, subleaf: u32) -> Registers {
    let found = __cpuid_count(leaf, subleaf);
    Registers { eax: found.eax, ebx: found.ebx, ecx: found.ecx, edx: found.edx }
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

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(ours(Features::AVX512_VNNI), is_x86_feature_detected!("avx512vnni"));
        assert_eq!(ours(Features::AVX_VNNI), is_x86_feature_detected!("avxvnni"));
    }

    /// The shorter questioning leaves out nothing that is used.
    #[test]
    fn what_is_preferred_is_part_of_what_is_supported() {
        let (id, all) = ask(true);
        let best = crate::checksum::adler32::DISPATCH.best(policy::preferred(id, all)).name();
        assert_eq!(crate::checksum::adler32::DISPATCH.best(preferred()).name(), best);
        assert!(all.has(preferred()));
    }
}
