//! CPU tiers: ours by `ZCOMPAT_CPU`, libdeflate's by the list of features it must not use.

use super::peers::OURS;
use super::runner::Outcome;

/// The tiers of src/cpu/tier.rs, the lowest first.
#[cfg(target_arch = "x86_64")]
pub const NAMES: &[&str] = &[
    "portable",
    "pclmulqdq",
    "avx2",
    "avx2-vpclmulqdq",
    "avx2-vpclmulqdq-vnni",
    "avx512",
    "avx512-vnni",
    "avx512-vpclmulqdq",
    "avx512-vpclmulqdq-vnni",
];

/// libdeflate's features, and the words in a tier's name that include each.
#[cfg(target_arch = "x86_64")]
const FEATURES: &[(&str, &[&str])] = &[
    // Part of the base; libdeflate's compiled code takes it for granted.
    ("sse2", &["pclmulqdq", "avx2", "avx512"]),
    ("pclmulqdq", &["pclmulqdq", "avx2", "avx512"]),
    ("avx", &["avx2", "avx512"]),
    ("avx2", &["avx2", "avx512"]),
    ("bmi2", &["avx2", "avx512"]),
    ("zmm", &["avx512"]),
    ("avx512bw", &["avx512"]),
    ("avx512vl", &["avx512"]),
    ("vpclmulqdq", &["vpclmulqdq"]),
    ("avx512_vnni", &["vnni"]),
    ("avx_vnni", &["vnni"]),
];

/// The tiers of src/cpu/tier.rs, the lowest first.
#[cfg(not(target_arch = "x86_64"))]
pub const NAMES: &[&str] =
    &["portable", "neon", "crc", "pmull", "pmull-dotprod", "pmull-eor3-dotprod"];

/// libdeflate's features, and the words in a tier's name that include each.
#[cfg(not(target_arch = "x86_64"))]
const FEATURES: &[(&str, &[&str])] = &[
    ("neon", &["neon", "crc", "pmull"]),
    ("crc32", &["crc", "pmull"]),
    ("pmull", &["pmull"]),
    ("prefer_pmull", &["pmull"]),
    ("sha3", &["eor3"]),
    ("dotprod", &["dotprod"]),
];

/// The environment that holds both libraries to `tier`.
pub fn environment(tier: &str) -> [(&'static str, String); 2] {
    let words: Vec<&str> = tier.split('-').collect();
    let denied = FEATURES.iter().filter(|(_, of)| !of.iter().any(|word| words.contains(word)));
    let denied: Vec<&str> = denied.map(|(feature, _)| *feature).collect();
    [("ZCOMPAT_CPU", tier.to_owned()), ("LIBDEFLATE_DISABLE_CPU_FEATURES", denied.join(","))]
}

/// The tier that our library ran as, if it is not `tier`: this CPU lacks something for it.
pub fn other_than(outcome: &Outcome, tier: &str) -> Option<String> {
    let ours = outcome.libraries.iter().find(|l| l.library == OURS)?;
    let ran = ours.says.as_deref()?.rsplit(", ").next()?;
    (ran != tier).then(|| ran.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tiers_are_those_of_the_library() {
        let path = crate::paths::root().join("src/cpu/tier.rs");
        let source = std::fs::read_to_string(path).expect("the library's tiers");
        let all = |text: &str| -> Vec<String> {
            let names = text.split("c\"").skip(1).filter_map(|rest| rest.split('"').next());
            names.map(str::to_owned).collect()
        };
        let blocks = source.split("#[cfg(target_arch = \"").skip(1);
        let ours = blocks
            .filter(|block| block.starts_with(std::env::consts::ARCH))
            .map(|block| all(block.split("];").next().unwrap_or(block)))
            .find(|names| !names.is_empty());
        assert_eq!(ours.as_deref().unwrap_or_default(), NAMES);
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn features_outside_the_tier_are_denied() {
        let denied = |tier| environment(tier)[1].1.clone();
        assert_eq!(denied("avx512-vpclmulqdq-vnni"), "");
        assert_eq!(denied("avx2-vpclmulqdq"), "zmm,avx512bw,avx512vl,avx512_vnni,avx_vnni");
        assert_eq!(denied("portable").split(',').count(), FEATURES.len());
    }
}
