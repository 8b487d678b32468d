//! CPU tiers: ours by `ZCOMPAT_CPU`, libdeflate's by the list of features it must not use.

use super::peers::OURS;
use super::runner::Outcome;

/// libdeflate's features, and the words in a tier's name that include each.
#[cfg(target_arch = "x86_64")]
const FEATURES: &[(&str, &[&str])] = &[
    // Part of the base; libdeflate's compiled code takes it for granted.
    ("sse2", &["sse4.1", "pclmulqdq", "avx2", "avx512"]),
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

/// Whether our library really ran as `tier`: it ignores a name that this CPU cannot do.
pub fn taken(outcome: &Outcome, tier: &str) -> bool {
    let ours = outcome.libraries.iter().find(|l| l.library == OURS);
    let says = ours.and_then(|l| l.says.as_deref()).unwrap_or_default();
    says.rsplit(", ").next() == Some(tier)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn features_outside_the_tier_are_denied() {
        let denied = |tier| environment(tier)[1].1.clone();
        assert_eq!(denied("avx512-vpclmulqdq-vnni"), "");
        assert_eq!(denied("avx2-vpclmulqdq"), "zmm,avx512bw,avx512vl,avx512_vnni,avx_vnni");
        assert_eq!(denied("portable").split(',').count(), FEATURES.len());
    }
}
