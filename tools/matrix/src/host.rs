//! What this machine can run, and how else a row may be run.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Result;
use xshell::{Shell, cmd};

use super::toolchain;
use base::debian;

/// This machine, or one that is taken for it.
pub struct Host {
    /// What the machine's CPU has.
    pub own_features: BTreeSet<String>,
    /// Features that programs may use: the same, or those of the CPU that it is taken for.
    pub features: BTreeSet<String>,
    /// qemu's user-mode emulator, or why there is none.
    pub qemu: Result<PathBuf, String>,
    /// The system's own libz.so.1 and libzstd.so.1, where there are any.
    pub system_libz: Option<PathBuf>,
    pub system_libzstd: Option<PathBuf>,
    /// The kernel lets CPUID be answered by the program (an LD_PRELOAD library hides features).
    pub cpuid_faulting: bool,
}

/// A way to run a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// As it is.
    Native,
    /// Under qemu, as this CPU model.
    Qemu(&'static str),
    /// Not at all: it needs these.
    Impossible(Vec<String>),
}

/// qemu's models for the levels of x86-64, each with no more than its level.
const MODELS: [(&str, &str); 3] = [
    ("x86-64", "qemu64,-pni,-cx16,-lahf_lm,-svm,-3dnow,-3dnowext"),
    ("x86-64-v2", "Nehalem"),
    ("x86-64-v3", "Haswell"),
];

impl Host {
    /// This machine; with `taken_for`, a target-cpu that it is to be taken for.
    pub fn new(sh: &Shell, taken_for: Option<&str>) -> Result<Host> {
        let own_features = toolchain::host_features(sh)?;
        let features = match taken_for {
            Some(cpu) => toolchain::features(sh, cpu, "")?,
            None => own_features.clone(),
        };
        let flags = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        Ok(Host {
            own_features,
            features,
            qemu: find_qemu(sh),
            system_libz: system_library("libz.so.1"),
            system_libzstd: system_library("libzstd.so.1"),
            cpuid_faulting: flags.split_whitespace().any(|flag| flag == "cpuid_fault"),
        })
    }

    /// How a program that uses `needed` can be run.
    pub fn way(&self, sh: &Shell, needed: &BTreeSet<String>) -> Result<Way> {
        let lacking: Vec<String> = needed.difference(&self.features).cloned().collect();
        if lacking.is_empty() {
            return Ok(Way::Native);
        }
        for (level, model) in MODELS {
            if self.qemu.is_ok() && needed.is_subset(&model_features(sh, level)?) {
                return Ok(Way::Qemu(model));
            }
        }
        Ok(Way::Impossible(lacking))
    }
}

/// What a level's qemu model has; all three emulate what Haswell adds beside its level, too.
fn model_features(sh: &Shell, level: &str) -> Result<BTreeSet<String>> {
    let mut features = toolchain::features(sh, level, "")?;
    if level == "x86-64-v3" {
        features.extend(["aes", "pclmulqdq"].map(str::to_owned));
    }
    Ok(features)
}

/// The oldest model that a level must run on.
pub fn oldest_model(level: &str) -> Option<&'static str> {
    MODELS.iter().find(|(name, _)| *name == level).map(|(_, model)| *model)
}

/// Whether a model of qemu's, of those above, has BMI2.
pub fn model_has_bmi2(model: &str) -> bool {
    model == "Haswell"
}

fn find_qemu(sh: &Shell) -> Result<PathBuf, String> {
    let find = || {
        cmd!(sh, "sh -c 'command -v qemu-x86_64 || command -v qemu-x86_64-static'")
            .quiet()
            .ignore_stderr()
            .read()
            .ok()
    };
    if let Some(path) = find() {
        return Ok(path.into());
    }
    debian::install(sh, &["qemu-user"]).map_err(|e| format!("{e:#}"))?;
    find().map(PathBuf::from).ok_or_else(|| "qemu-user installs no qemu-x86_64".to_owned())
}

fn system_library(name: &str) -> Option<PathBuf> {
    ["/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/usr/lib"]
        .iter()
        .map(|dir| Path::new(dir).join(name))
        .find(|path| path.exists())
        .and_then(|path| path.canonicalize().ok())
}
