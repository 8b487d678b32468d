//! `cargo xtask matrix`: do the libraries compute the right bytes for every target-cpu?
//!
//! docs/matrix.md tells how to read what comes out.

mod bisect;
mod controls;
mod fetch;
mod isa;
mod suite;
mod toolchain;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::paths;
pub use controls::{Control, complaints};

/// What `cargo xtask matrix` takes.
#[derive(clap::Args)]
pub struct Args {
    /// Only the positive controls
    #[arg(long)]
    controls: bool,
    /// Go on without this control where it cannot be had; the report says so
    #[arg(long, value_name = "NAME")]
    without_control: Vec<String>,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<ExitCode> {
    let sh = Shell::new()?;
    let controls = run_controls(&sh);
    for control in &controls {
        println!("{}", control.line());
        for line in &control.evidence {
            println!("    {line}");
        }
    }
    let complaints = complaints(&controls, &args.without_control);
    for line in &complaints {
        eprintln!("error: {line}");
    }
    Ok(if complaints.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The controls that need no row.
pub fn run_controls(sh: &Shell) -> Vec<Control> {
    controls::independent(sh, &fetch::Fetch::new())
}

/// A folder with zlib.h, zconf.h and zstd's headers, for C code that is compiled against no row.
fn headers(sh: &Shell) -> Result<PathBuf> {
    let dir = paths::target().join("matrix/include");
    std::fs::create_dir_all(&dir)?;
    let root = paths::root();
    let zstd = crate_dir(sh, "zstd-sys")?.join("zstd/lib");
    let include = root.join("include");
    let zlib = ["zlib.h", "zconf.h"].map(|name| include.join(name));
    let zstd = ["zstd.h", "zdict.h", "zstd_errors.h"].map(|name| zstd.join(name));
    for from in zlib.iter().chain(&zstd) {
        let to = dir.join(from.file_name().expect("a file"));
        std::fs::copy(from, &to).with_context(|| from.display().to_string())?;
    }
    Ok(dir)
}

/// Where cargo keeps the source of a crate that this workspace is built from.
fn crate_dir(sh: &Shell, name: &str) -> Result<PathBuf> {
    let _dir = sh.push_dir(paths::root());
    let text =
        cmd!(sh, "cargo metadata --format-version 1 --locked").quiet().ignore_stderr().read()?;
    let metadata: serde_json::Value = serde_json::from_str(&text)?;
    let packages = metadata["packages"].as_array().context("cargo metadata lists packages")?;
    let manifest =
        packages.iter().find(|p| p["name"] == name).and_then(|p| p["manifest_path"].as_str());
    let manifest = manifest.with_context(|| format!("{name} is not in Cargo.lock"))?;
    Ok(PathBuf::from(manifest).parent().expect("a file in a folder").to_owned())
}
