//! The compilers at hand: their versions, and what a target-cpu means to each.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use xshell::{Shell, cmd};

use super::suite::cc;

/// Versions, for the report and for the key of stored results.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    // rustc only warns about a CPU that it does not know.
    let errors = String::from_utf8_lossy(&out.stderr);
    anyhow::ensure!(
        out.status.success() && !errors.contains("not a recognized processor"),
        "rustc has no target-cpu {cpu}: see `rustc --print target-cpus`"
    );
    Ok(features)
}

/// What this host's CPU and kernel offer, as rustc sees them.
pub fn host_features(sh: &Shell) -> Result<BTreeSet<String>> {
    features(sh, "native", "")
}

/// The `-march` for the C part of a target-cpu: the CPU itself where this C compiler knows it,
/// else the nearest below that it does.
pub fn march(sh: &Shell, cpu: &str) -> String {
    let below: &[&str] = match cpu {
        "znver5" => &["znver5", "znver4", "x86-64-v4"],
        "znver4" => &["znver4", "x86-64-v4"],
        "sapphirerapids" => &["sapphirerapids", "icelake-server", "x86-64-v4"],
        other => &[other],
    };
    let known = |march: &&&str| {
        let (cc, march) = (cc(), **march);
        cmd!(sh, "{cc} -march={march} -E -x c /dev/null")
            .quiet()
            .ignore_stdout()
            .ignore_stderr()
            .run()
            .is_ok()
    };
    below.iter().find(known).unwrap_or(&"x86-64").to_string()
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
