//! `cargo xtask bench`: the libraries side by side with others, each called through its C
//! interface from a shared object. docs/bench.md says how it measures.

mod chart;
pub mod checks;
mod checksum;
mod codec;
mod corpus;
mod engine;
mod machine;
mod peers;
mod programs;
mod python;
mod report;
mod runner;
mod summary;
mod tiers;
mod zstd;

use std::fs::OpenOptions;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};

/// What `cargo xtask bench` takes.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// crc32 and adler32 at 21 sizes, beside seven other libraries
    Checksum(checksum::Args),
    /// inflate: real files in one call and in pieces, small streams, beside five other libraries
    Inflate(engine::Args),
    /// deflate: levels, strategies, streams and small jobs on real files, beside four others
    Deflate(engine::Args),
    /// zstd at all levels, contexts, small calls and memory, beside Debian's libzstd1
    Zstd(codec::Args),
    /// git, PNG and wheels on ours, stock zlib, zlib-ng and zlib-rs in turn
    Programs(programs::Args),
    /// CPython's zlib and zstd modules, stock and patched, beside six packages
    Python(python::Args),
}

/// Options of every benchmark.
#[derive(clap::Args, Clone, Default)]
pub struct Output {
    /// Few sizes and levels, short times: shows that all works, not who is faster
    #[arg(long)]
    pub quick: bool,
    /// Also write all figures to FILE
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Also draw the figures into FILE
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// Also write tables and charts as one page to FILE
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Measure this shared object as ours; without it, the one that is installed to target/prefix
    #[arg(long, value_name = "FILE")]
    pub library: Option<PathBuf>,
}

impl Output {
    /// An error for a file that cannot be written, before anything is measured for it.
    pub fn check(&self) -> Result<()> {
        for file in [&self.json, &self.svg, &self.html].into_iter().flatten() {
            let opened = OpenOptions::new().create(true).append(true).open(file);
            opened.with_context(|| format!("cannot write {}", file.display()))?;
        }
        Ok(())
    }
}

/// Runs the command.
pub fn run(args: &Args) -> Result<ExitCode> {
    match &args.what {
        What::Checksum(args) => checksum::run(args),
        What::Inflate(args) => engine::INFLATE.run(args),
        What::Deflate(args) => engine::DEFLATE.run(args),
        What::Zstd(args) => zstd::run(args),
        What::Programs(args) => programs::run(args),
        What::Python(args) => python::run(args),
    }
}
