//! `cargo xtask install`: what `cargo cinstall` does, and the files that cargo-c has no words for.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::{cargo_c, paths};

/// What `cargo xtask install` takes.
#[derive(clap::Args)]
pub struct Args {
    /// Where to install
    #[arg(long, default_value_os_t = paths::default_prefix())]
    prefix: PathBuf,
    /// The folder for libraries, below the prefix
    #[arg(long, default_value = "lib")]
    libdir: PathBuf,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<ExitCode> {
    let sh = Shell::new()?;
    install(&sh, args)?;
    Ok(ExitCode::SUCCESS)
}

/// Builds and installs to target/prefix; quick when nothing has changed.
pub fn ensure_default_prefix(sh: &Shell) -> Result<()> {
    install(sh, &Args { prefix: paths::default_prefix(), libdir: "lib".into() })
}

fn install(sh: &Shell, args: &Args) -> Result<()> {
    let prefix = std::path::absolute(&args.prefix)?;
    let libdir = &args.libdir;
    std::fs::create_dir_all(&prefix)
        .with_context(|| format!("cannot write to {}", prefix.display()))?;
    let cinstall = cargo_c::cinstall(sh)?;
    let _dir = sh.push_dir(paths::root());
    cmd!(sh, "{cinstall} cinstall --release --workspace --prefix={prefix} --libdir={libdir}")
        .run()?;
    Ok(())
}
