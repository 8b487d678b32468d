//! `cargo xtask differential`: our libz and stock zlib, driven by the same calls.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

use crate::debian::{self, Sid};
use crate::{install, paths};

/// What `cargo xtask differential` takes.
#[derive(clap::Args)]
pub struct Args {
    /// The first seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many cases of each kind
    #[arg(long, default_value_t = 10_000)]
    count: u64,
    /// Only this kind: inflate, back, deflate, one-shot, bound, faults or
    /// deviations
    #[arg(long)]
    kind: Option<String>,
    /// Print each case before it is run
    #[arg(long)]
    print: bool,
    /// Compress these files, and all files in these folders, with both libraries and many
    /// settings: every byte must be the same
    #[arg(long, num_args = 1..)]
    files: Vec<PathBuf>,
    /// With --files: all 450 combinations of level, strategy, memory level and window size
    #[arg(long, requires = "files")]
    all_settings: bool,
    /// The library to compare (default: the one that this builds)
    #[arg(long)]
    ours: Option<PathBuf>,
    /// The library to compare with (default: stock zlib from Debian sid's source)
    #[arg(long)]
    stock: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<ExitCode> {
    let sh = Shell::new()?;
    let _dir = sh.push_dir(paths::root());
    let ours = match &args.ours {
        Some(path) => path.clone(),
        None => {
            install::ensure_default_prefix(&sh)?;
            paths::default_prefix().join("lib/libz.so.1")
        }
    };
    let stock = match &args.stock {
        Some(path) => path.clone(),
        None => stock(&sh)?,
    };
    let driver = driver(&sh)?;
    // By hand and not through the shell: its output is to appear as it comes.
    let mut command = Command::new(driver);
    command.arg("--ours").arg(ours).arg("--stock").arg(stock);
    command.arg("--seed").arg(args.seed.to_string()).arg("--count").arg(args.count.to_string());
    if let Some(kind) = &args.kind {
        command.arg("--kind").arg(kind);
    }
    if args.print {
        command.arg("--print");
    }
    if args.all_settings {
        command.arg("--all-settings");
    }
    if !args.files.is_empty() {
        let here = std::env::current_dir()?;
        command.arg("--files").args(args.files.iter().map(|file| here.join(file)));
    }
    let status = command.status().context("the driver cannot be run")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Builds the driver and gives its path.
pub fn driver(sh: &Shell) -> Result<PathBuf> {
    let _dir = sh.push_dir(paths::root());
    cmd!(sh, "cargo build --quiet --profile xtask --package differential").run()?;
    Ok(paths::target().join("xtask/differential"))
}

/// Stock zlib, built once from sid's source as a shared object with its own version script.
pub fn stock(sh: &Shell) -> Result<PathBuf> {
    let library = paths::target().join("debian/stock/libz.so.1");
    if library.exists() {
        return Ok(library);
    }
    debian::install(sh, &["gcc", "libc6-dev"])?;
    let source = Sid::open(sh)?.source(sh, "zlib")?;
    build(sh, &source, &library).context("stock zlib cannot be built")?;
    Ok(library)
}

fn build(sh: &Shell, source: &Path, library: &Path) -> Result<()> {
    let header = fs::read_to_string(source.join("zlib.h"))?;
    ensure!(header.contains("#define ZLIB_VERSION \"1.3.2\""), "sid's zlib is not 1.3.2");
    // The library is all .c files of the top folder.
    let mut files: Vec<PathBuf> = fs::read_dir(source)?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "c"))
        .collect();
    files.sort();
    let folder = library.parent().context("the library has a folder")?;
    fs::create_dir_all(folder)?;
    let map = source.join("zlib.map");
    // Debian's configure finds these; zlib's own zconf.h asks for them.
    let defines = ["-DHAVE_UNISTD_H", "-DHAVE_STDARG_H", "-D_LARGEFILE64_SOURCE=1"];
    let part = folder.join("libz.so.part");
    cmd!(
        sh,
        "cc -O2 -fPIC -shared {defines...} -Wl,-soname,libz.so.1 -Wl,--version-script={map}
         -o {part} {files...}"
    )
    .quiet()
    .run()?;
    fs::rename(part, library)?;
    Ok(())
}
