//! Layer 1: a row's build, under the compiler's verifier.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use xshell::{Shell, cmd};

use super::row::{Lto, Opt, Row};
use super::suite::{command_line, first_error};
use super::toolchain;
use crate::{cargo_c, paths};

/// A finished build: where things are.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Built {
    /// libz.so.1, libz.a, libzstd.so.1, libzstd.a.
    pub lib: PathBuf,
    /// zlib.h, zstd.h.
    pub include: PathBuf,
    /// The `-march` of the C part.
    pub march: String,
}

impl Built {
    /// What `cinstall` has put below `prefix`.
    pub fn at(prefix: &Path, march: String) -> Built {
        Built { lib: prefix.join("lib"), include: prefix.join("include"), march }
    }

    /// The two shared libraries.
    pub fn libraries(&self) -> [PathBuf; 2] {
        ["libz.so.1", "libzstd.so.1"].map(|name| self.lib.join(name))
    }
}

/// A build that failed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Failure {
    /// The compiler's first complaint.
    pub message: String,
    /// The command line that repeats the build.
    pub command: String,
}

/// What a build is made from and where it goes.
pub struct Plan<'a> {
    /// The workspace: this one, or a copy with a fault planted in it.
    pub workspace: &'a Path,
    /// The flags.
    pub row: &'a Row,
    /// Features to switch off.
    pub without: &'a [String],
    /// `libz` or `libzstd` only.
    pub package: Option<&'a str>,
    /// Where cargo builds; kept, so that the next build there is quicker.
    pub target: &'a Path,
    /// Where the libraries are installed.
    pub prefix: &'a Path,
    /// How many processes at once; cargo's default if none.
    pub jobs: Option<usize>,
}

/// Builds both libraries as `cargo cinstall` does, with the row's flags and the verifier on.
pub fn build(sh: &Shell, plan: &Plan) -> Result<Result<Built, Failure>> {
    let Row { cpu, features, opt, lto } = plan.row;
    let march = toolchain::march(sh, cpu);
    let off: Vec<String> = plan.without.iter().map(|f| format!("-{f}")).collect();
    let on = features.split(',').filter(|f| !f.is_empty()).map(str::to_owned);
    let all: Vec<String> = on.chain(off.iter().cloned()).collect();
    let mut rustflags = format!("-Ctarget-cpu={cpu} -Cllvm-args=-verify-machineinstrs");
    let mut cflags = format!("-march={march}");
    if !all.is_empty() {
        rustflags.push_str(&format!(" -Ctarget-feature={}", all.join(",")));
        for feature in &all {
            cflags.extend(toolchain::c_flag(feature).map(|flag| format!(" {flag}")));
        }
    }
    let level = match opt {
        Opt::One => "1",
        Opt::Two => "2",
        Opt::Three => "3",
        Opt::Size => "s",
    };
    let (lto, units) = match lto {
        Lto::Units => ("false", "16"),
        Lto::One => ("off", "1"),
        Lto::Fat => ("fat", "1"),
    };
    let env: Vec<(String, String)> = [
        ("RUSTFLAGS", rustflags.as_str()),
        ("CFLAGS", cflags.as_str()),
        ("CARGO_PROFILE_RELEASE_OPT_LEVEL", level),
        ("CARGO_PROFILE_RELEASE_LTO", lto),
        ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", units),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec();

    let cinstall = cargo_c::cinstall(sh)?;
    let mut words: Vec<String> =
        vec![cinstall.display().to_string(), "cinstall".into(), "--release".into()];
    match plan.package {
        Some(package) => words.extend(["--package".into(), package.into()]),
        None => words.push("--workspace".into()),
    }
    let prefix = plan.prefix;
    words.extend([
        format!("--prefix={}", prefix.display()),
        "--libdir=lib".into(),
        format!("--target-dir={}", plan.target.display()),
    ]);
    words.extend(plan.jobs.map(|jobs| format!("--jobs={jobs}")));
    std::fs::create_dir_all(prefix).with_context(|| prefix.display().to_string())?;

    let _dir = sh.push_dir(plan.workspace);
    let (program, args) = words.split_first().context("a program")?;
    let out = cmd!(sh, "{program} {args...}")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("CARGO_TARGET_DIR")
        .env_remove("CARGO_BUILD_TARGET")
        .envs(env.iter().map(|(name, value)| (name, value)))
        .quiet()
        .ignore_status()
        .output()?;
    if !out.status.success() {
        let text = String::from_utf8_lossy(&out.stderr);
        return Ok(Err(Failure {
            message: first_error(&text),
            command: format!("cd {} && {}", plan.workspace.display(), command_line(&env, &words)),
        }));
    }
    Ok(Ok(Built::at(prefix, march)))
}

/// Where a row's things are kept.
pub fn row_dir(row: &Row) -> PathBuf {
    paths::target().join("matrix/rows").join(row.file_name())
}
