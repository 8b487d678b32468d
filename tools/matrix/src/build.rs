//! Layer 1: a row's build, under the compiler's verifier.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use xshell::{Shell, cmd};

use super::row::{Lto, Opt, Row};
use super::suite::{command_line, first_error};
use super::toolchain;
use base::paths;
use install::cargo_c;

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
#[derive(Clone, Copy)]
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

/// A plan as a command line: the environment, and the words.
struct CommandLine {
    env: Vec<(&'static str, String)>,
    words: Vec<String>,
    march: String,
}

impl CommandLine {
    fn new(sh: &Shell, plan: &Plan) -> Result<CommandLine> {
        let Row { cpu, features, opt, lto, engine } = plan.row;
        let march = toolchain::march(sh, cpu);
        let off = plan.without.iter().map(|f| format!("-{f}"));
        let on = features.split(',').filter(|f| !f.is_empty()).map(str::to_owned);
        let all: Vec<String> = on.chain(off).collect();
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
        let env = vec![
            ("RUSTFLAGS", rustflags),
            ("CFLAGS", cflags),
            ("CARGO_PROFILE_RELEASE_OPT_LEVEL", level.to_owned()),
            ("CARGO_PROFILE_RELEASE_LTO", lto.to_owned()),
            ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", units.to_owned()),
        ];

        let cinstall = cargo_c::cinstall(sh)?;
        let mut words = vec![cinstall.display().to_string(), "cinstall".into(), "--release".into()];
        // Without --workspace, which builds our tools for the target too.
        words.extend(plan.package.iter().flat_map(|name| ["--package".into(), (*name).into()]));
        words.extend([
            format!("--prefix={}", plan.prefix.display()),
            "--libdir=lib".into(),
            format!("--target-dir={}", plan.target.display()),
        ]);
        if plan.package != Some("libzstd") {
            words.extend(engine.arguments().iter().map(|&argument| argument.to_owned()));
        }
        words.extend(plan.jobs.map(|jobs| format!("--jobs={jobs}")));
        Ok(CommandLine { env, words, march })
    }

    /// For a shell.
    fn text(&self, workspace: &Path) -> String {
        let env: Vec<(String, String)> =
            self.env.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        format!("cd {} && {}", workspace.display(), command_line(&env, &self.words))
    }
}

/// The command line of [`build`], for a shell.
pub fn command(sh: &Shell, plan: &Plan) -> Result<String> {
    Ok(CommandLine::new(sh, plan)?.text(plan.workspace))
}

/// Builds both libraries as `cargo cinstall` does, with the row's flags and the verifier on.
pub fn build(sh: &Shell, plan: &Plan) -> Result<Result<Built, Failure>> {
    let line = CommandLine::new(sh, plan)?;
    let prefix = plan.prefix;
    std::fs::create_dir_all(prefix).with_context(|| prefix.display().to_string())?;

    let _dir = sh.push_dir(plan.workspace);
    let (program, args) = line.words.split_first().context("a program")?;
    let out = cmd!(sh, "{program} {args...}")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("CARGO_TARGET_DIR")
        .env_remove("CARGO_BUILD_TARGET")
        .envs(line.env.iter().map(|(name, value)| (name, value)))
        .quiet()
        .ignore_status()
        .output()?;
    if !out.status.success() {
        let message = first_error(&String::from_utf8_lossy(&out.stderr));
        return Ok(Err(Failure { message, command: line.text(plan.workspace) }));
    }
    Ok(Ok(Built::at(prefix, line.march)))
}

/// Where a row's things are kept.
pub fn row_dir(row: &Row) -> PathBuf {
    paths::target().join("matrix/rows").join(row.file_name())
}
