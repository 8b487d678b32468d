//! The compilers at hand: their versions, and what a target-cpu means to each.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use xshell::{Shell, cmd};

use super::suite::{cc, first_error};

/// Versions, for the report and for the key of stored results.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// rustc's own, with its commit.
    pub rustc: String,
    /// The LLVM inside rustc.
    pub llvm: String,
    /// The first line of `cc --version`.
    pub cc: String,
    /// The host CPU's name.
    pub cpu: String,
}

impl Versions {
    /// Asks each.
    pub fn read(sh: &Shell) -> Result<Versions> {
        let rustc = cmd!(sh, "rustc -vV").quiet().read().context("rustc cannot be run")?;
        let field = |name: &str| {
            rustc.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("unknown").trim()
        };
        let compiler = cc();
        let cc = cmd!(sh, "{compiler} --version").quiet().read().context("no C compiler")?;
        let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let cpu = cpuinfo
            .lines()
            .find(|line| line.starts_with("model name"))
            .and_then(|line| line.split(':').nth(1))
            .unwrap_or("unknown");
        Ok(Versions {
            rustc: rustc.lines().next().unwrap_or("unknown").to_owned(),
            llvm: field("LLVM version:").to_owned(),
            cc: cc.lines().next().unwrap_or("unknown").to_owned(),
            cpu: cpu.trim().to_owned(),
        })
    }
}

/// The CPU features that code for `cpu`, with `features` as in `-Ctarget-feature`, may use.
pub fn features(sh: &Shell, cpu: &str, features: &str) -> Result<BTreeSet<String>> {
    let out = cmd!(sh, "rustc --print cfg -Ctarget-cpu={cpu} -Ctarget-feature={features}")
        .quiet()
        .ignore_status()
        .output()?;
    let text = String::from_utf8_lossy(&out.stdout);
    let features: BTreeSet<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("target_feature=\"")?.strip_suffix('"'))
        .map(str::to_owned)
        .collect();
    let errors = String::from_utf8_lossy(&out.stderr);
    let first = errors.lines().next().unwrap_or_default();
    ensure!(out.status.success(), "rustc does not take -Ctarget-cpu={cpu}: {first}");
    // It only warns about what it does not know, and hands that to LLVM, which ignores it.
    ensure!(
        !errors.contains("not a recognized processor"),
        "rustc has no target-cpu {cpu}: see `rustc --print target-cpus`"
    );
    let unknown = errors.lines().find(|line| line.contains("unknown and unstable feature"));
    if let Some(name) = unknown.and_then(|line| line.rsplit('`').nth(1)) {
        bail!("rustc has no target feature {name:?}: see `rustc --print target-features`");
    }
    Ok(features)
}

/// Fails with one line where rustc does not know a target, or cannot compile for it at all: it is
/// one of the 32-bit CPUs, which its list has too.
pub fn ensure_target(sh: &Shell, cpu: &str, wanted: &str) -> Result<()> {
    features(sh, cpu, wanted)?;
    let dir = tempfile::tempdir()?;
    let object = dir.path().join("empty.o");
    let out = cmd!(
        sh,
        "rustc --crate-type lib --crate-name empty --emit=obj -Ctarget-cpu={cpu} -Ctarget-feature={wanted} -o {object} -"
    )
    .stdin("#![no_std]\npub fn something() {}")
    .quiet()
    .ignore_status()
    .output()?;
    let errors = String::from_utf8_lossy(&out.stderr);
    ensure!(
        out.status.success(),
        "rustc cannot compile for target-cpu {cpu}: {}",
        first_error(&errors).to_lowercase()
    );
    Ok(())
}

/// What this host's CPU and kernel offer, as rustc sees them.
pub fn host_features(sh: &Shell) -> Result<BTreeSet<String>> {
    features(sh, "native", "")
}

/// The `-march` for the C part of a target-cpu: the CPU itself where this C compiler knows it,
/// else the nearest below that it does.
pub fn march(sh: &Shell, cpu: &str) -> String {
    let below: &[&str] = match cpu {
        "znver5" => &["znver4"],
        "graniterapids" | "emeraldrapids" => &["sapphirerapids", "icelake-server"],
        "sapphirerapids" => &["icelake-server"],
        _ => &[],
    };
    let known = |march: &str| {
        let cc = cc();
        cmd!(sh, "{cc} -march={march} -E -x c /dev/null")
            .quiet()
            .ignore_stdout()
            .ignore_stderr()
            .run()
            .is_ok()
    };
    if let Some(march) = std::iter::once(&cpu).chain(below).find(|march| known(march)) {
        return (*march).to_owned();
    }
    // The highest level that the CPU has all of.
    let has = features(sh, cpu, "").unwrap_or_default();
    let level = ["x86-64-v4", "x86-64-v3", "x86-64-v2"].into_iter().find(|level| {
        known(level) && features(sh, level, "").is_ok_and(|level| level.is_subset(&has))
    });
    level.unwrap_or("x86-64").to_owned()
}

/// The C compiler's flag for one of rustc's features, `+name` or `-name`; none where the C compiler
/// has no such feature.
pub fn c_flag(feature: &str) -> Option<String> {
    let name = feature.trim_start_matches(['+', '-']);
    let name = match name {
        "bmi1" => "bmi",
        "pclmulqdq" => "pclmul",
        "cmpxchg16b" => "cx16",
        "rdrand" => "rdrnd",
        name if name.starts_with("avx") || name.starts_with("sse") => name,
        "ssse3" | "fma" | "f16c" | "movbe" | "lzcnt" | "popcnt" | "bmi2" | "aes" | "vaes"
        | "sha" | "gfni" | "adx" | "vpclmulqdq" | "rdseed" | "xsave" => name,
        _ => return None,
    };
    Some(if feature.starts_with('-') { format!("-mno-{name}") } else { format!("-m{name}") })
}

/// Of `features`, those that no other one among them brings with it.
pub fn generators(sh: &Shell, wanted: &[String]) -> Result<Vec<String>> {
    let mut implied = BTreeSet::new();
    for feature in wanted {
        let brings = features(sh, "x86-64", &format!("+{feature}"))?;
        implied.extend(brings.into_iter().filter(|brought| brought != feature));
    }
    Ok(wanted.iter().filter(|feature| !implied.contains(*feature)).cloned().collect())
}
