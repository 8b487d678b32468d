//! Which functions are only reached after asking the CPU, and so may use more than the target has;
//! and which stores of high bytes are known.
//!
//! What no entry covers is reported. An entry is added by reading the guard, not to silence the
//! report: docs/matrix.md.

use std::collections::BTreeSet;

/// A function: a part of its demangled name, or with `=` all of it; and the features that its guard
/// asks for.
type Chosen = (&'static str, &'static [&'static str]);

const SSE: &[&str] = &["sse3", "ssse3", "sse4.1", "sse4.2", "pclmulqdq"];
const AVX2: &[&str] = &["avx", "avx2", "bmi1", "bmi2", "lzcnt"];
/// What every kernel for AVX-512 has beside what its name says.
const AVX512: &[&str] = &[
    "pclmulqdq",
    "vpclmulqdq",
    "avx",
    "avx2",
    "bmi1",
    "bmi2",
    "avx512f",
    "avx512bw",
    "avx512dq",
    "avx512vl",
];
/// zstd compiles these for BMI1, BMI2 and LZCNT and asks for the first two (bits.h, cpu.h).
const ZSTD_BMI2: &[&str] = &["bmi1", "bmi2", "lzcnt"];

const CHOSEN: &[Chosen] = &[
    // Ours: src/checksum/*/mod.rs has what each kernel needs.
    ("zcompat::checksum::crc32::x86_pclmul::", SSE),
    ("zcompat::checksum::crc32::x86_avx2::", AVX2),
    ("zcompat::checksum::crc32::x86_avx2::", &["pclmulqdq", "vpclmulqdq"]),
    ("zcompat::checksum::crc32::x86_avx512::", AVX512),
    ("zcompat::checksum::crc32::x86_gfni::", AVX512),
    ("zcompat::checksum::crc32::x86_gfni::", &["gfni"]),
    ("zcompat::checksum::adler32::x86_ssse3::", SSE),
    ("zcompat::checksum::adler32::x86_avx2::", AVX2),
    ("zcompat::checksum::adler32::x86_avxvnni::", AVX2),
    ("zcompat::checksum::adler32::x86_avxvnni::", &["avxvnni"]),
    ("zcompat::checksum::adler32::x86_avx512::", AVX512),
    ("zcompat::checksum::adler32::x86_avx512vnni::", AVX512),
    ("zcompat::checksum::adler32::x86_avx512vnni::", &["avx512vnni"]),
    // src/inflate/fast.rs has what each variant needs.
    ("zcompat::inflate::fast::VARIANTS::x86_avx2::", AVX2),
    ("zcompat::inflate::fast::VARIANTS::x86_avx2::", &["popcnt"]),
    // zlib-rs: cpu_features.rs, asked at each use.
    ("zlib_rs::crc32::pclmulqdq::", SSE),
    ("zlib_rs::adler32::avx2::", AVX2),
    ("zlib_rs::deflate::compare256::avx2::", AVX2),
    ("zlib_rs::deflate::slide_hash::avx2::", AVX2),
    ("zlib_rs::inflate::inflate_fast_help_avx2", AVX2),
    // zstd: `ZSTD_cpuSupportsBmi2`, kept in each context.
    ("_bmi2", ZSTD_BMI2),
    ("HUF_decompress4X1_usingDTable_internal_fast", ZSTD_BMI2),
    ("HUF_decompress4X2_usingDTable_internal_fast", ZSTD_BMI2),
];

/// Whether `function` is only reached on CPUs that have `feature`.
pub fn is_chosen_at_run_time(function: &str, feature: &str) -> bool {
    // An intrinsic that was not inlined: callable only where its feature is known to be there.
    if let Some(intrinsic) = function.strip_prefix("core::core_arch::x86::") {
        let module = intrinsic.split("::").next().unwrap_or_default();
        let module = module.replace("sse41", "sse4.1").replace("sse42", "sse4.2");
        if module == feature || (module.starts_with("avx") && feature == "avx") {
            return true;
        }
    }
    CHOSEN.iter().any(|(name, features)| {
        let here = match name.strip_prefix('=') {
            Some(whole) => function == whole,
            None => function.contains(name),
        };
        here && features.contains(&feature)
    })
}

/// Where stores of high bytes are known and not ours to compile otherwise: a part of the library's
/// name, a part of the function's, and the reason.
///
/// The crash was seen in code like zlib-rs' (its issue 306). C compilers have always emitted such
/// stores, so zstd's are told in the report and no failure.
const KNOWN_HIGH_BYTES: &[(&str, &str, &str)] = &[
    ("libzstd", "", "high-byte stores of zstd's own C and assembler: every libzstd has them"),
    (
        "libz",
        "rustc_demangle::",
        "high-byte stores of the prebuilt standard library, when it prints a backtrace",
    ),
];

/// Why a store of a high byte is no finding, if it is none.
pub fn known_high_byte(library: &str, function: &str) -> Option<&'static str> {
    let known = KNOWN_HIGH_BYTES
        .iter()
        .find(|(part, name, _)| library.contains(part) && function.contains(name));
    known.map(|(_, _, reason)| *reason)
}

/// Instructions that a C compiler writes although their feature was not asked for: the feature, the
/// instruction, the feature that was asked for, and the reason. Each stands for a compiler's bug that
/// harms no CPU there is, and is told in the report.
const KNOWN_ABOVE: &[(&str, &str, &str, &str)] = &[(
    "avx512dq",
    "vextracti64x2",
    "avx512vl",
    "GCC 12 writes VEXTRACTI64X2 (AVX512DQ) for AVX512VL alone; every CPU with VL has DQ",
)];

/// Why an instruction above `target` in a C function is no finding, if it is none.
pub fn known_above(
    function: &str,
    feature: &str,
    text: &str,
    target: &BTreeSet<String>,
) -> Option<&'static str> {
    let mnemonic = text.split(' ').next().unwrap_or_default();
    let known = KNOWN_ABOVE.iter().find(|(above, instruction, asked_for, _)| {
        *above == feature && *instruction == mnemonic && target.contains(*asked_for)
    });
    known.filter(|_| !function.contains("::")).map(|(.., reason)| *reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guard_covers_its_features_and_no_others() {
        let chosen = is_chosen_at_run_time;
        assert!(chosen("zlib_rs::adler32::avx2::adler32_avx2_help", "avx2"));
        assert!(!chosen("zlib_rs::adler32::avx2::adler32_avx2_help", "avx512f"));
        assert!(chosen("ZSTD_decompressSequences_bmi2.constprop.0", "bmi2"));
        assert!(!chosen("ZSTD_decompressSequences_default", "bmi2"));
        assert!(chosen("core::core_arch::x86::ssse3::_mm_shuffle_epi8", "ssse3"));
        assert!(!chosen("core::core_arch::x86::ssse3::_mm_shuffle_epi8", "avx2"));
        assert!(!chosen("zlib_rs::deflate::deflate", "sse4.1"));
        assert!(chosen("zcompat::inflate::fast::VARIANTS::x86_avx2::run", "popcnt"));
        assert!(!chosen("zcompat::inflate::fast::VARIANTS::portable::run", "popcnt"));
    }

    #[test]
    fn a_compilers_known_bug_excuses_one_instruction() {
        let (vl, none) = (BTreeSet::from(["avx512vl".to_owned()]), BTreeSet::new());
        let known =
            |function, text, target| known_above(function, "avx512dq", text, target).is_some();
        assert!(known("ZSTD_buildSeqStore", "vextracti64x2 $1,%ymm3,%xmm6", &vl));
        assert!(!known("ZSTD_buildSeqStore", "vpmullq %ymm3,%ymm3,%ymm6", &vl));
        assert!(!known("ZSTD_buildSeqStore", "vextracti64x2 $1,%ymm3,%xmm6", &none));
        assert!(!known("zlib_rs::deflate::deflate", "vextracti64x2 $1,%ymm3,%xmm6", &vl));
    }

    #[test]
    fn a_high_byte_store_in_the_engine_is_not_excused() {
        assert!(known_high_byte("libz.so.1", "zlib_rs::deflate::deflate").is_none());
        assert!(
            known_high_byte("libz.so.1", "<rustc_demangle::v0::Printer>::print_path").is_some()
        );
        assert!(known_high_byte("libzstd.so.1.5.7", "FSE_writeNCount_generic").is_some());
    }
}
