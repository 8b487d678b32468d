//! `cargo xtask differential`: our libz and stock zlib, our libzstd and Debian's, driven by the same
//! calls.

pub mod checks;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

use base::debian::{self, Sid};
use base::library::LIBRARIES;
use base::paths;

/// What `cargo xtask differential` takes.
#[derive(clap::Args)]
pub struct Args {
    /// The first seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many cases of each kind
    #[arg(long, default_value_t = 10_000)]
    count: u64,
    /// Only this kind: inflate, back, deflate, one-shot, bound, faults, deviations,
    /// zstd-constants, zstd-frames, zstd-parameters, zstd-decode or zstd-encode
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
    /// The libz to compare (default: the one that this builds)
    #[arg(long)]
    ours: Option<PathBuf>,
    /// The libz to compare with (default: stock zlib from Debian sid's source)
    #[arg(long)]
    stock: Option<PathBuf>,
    /// The libzstd to compare (default: the one that this builds)
    #[arg(long)]
    ours_zstd: Option<PathBuf>,
    /// The libzstd to compare with (default: Debian sid's)
    #[arg(long)]
    stock_zstd: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<ExitCode> {
    let sh = Shell::new()?;
    let _dir = sh.push_dir(paths::root());
    if args.ours.is_none() || args.ours_zstd.is_none() {
        install::ensure_default_prefix(&sh)?;
    }
    let installed = |name: &str| paths::default_prefix().join("lib").join(name);
    let ours = args.ours.clone().unwrap_or_else(|| installed("libz.so.1"));
    let ours_zstd = args.ours_zstd.clone().unwrap_or_else(|| installed("libzstd.so.1"));
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
    if args.files.is_empty() {
        let stock_zstd = match &args.stock_zstd {
            Some(path) => path.clone(),
            None => stock_zstd(&sh)?,
        };
        command.arg("--ours-zstd").arg(ours_zstd).arg("--stock-zstd").arg(stock_zstd);
    } else {
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

/// The same for another target, below `folder`, with the environment that names its compiler.
pub fn driver_for(
    sh: &Shell,
    target: &str,
    folder: &Path,
    env: &[(&str, String)],
) -> Result<PathBuf> {
    let _dir = sh.push_dir(paths::root());
    let command = cmd!(sh, "cargo build --quiet --profile xtask --package differential");
    let command = command.args(["--target", target, "--target-dir"]).arg(folder);
    command.envs(env.iter().map(|(name, value)| (name, value))).run()?;
    Ok(folder.join(target).join("xtask/differential"))
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

/// Debian sid's libzstd, of the version that ours is.
pub fn stock_zstd(sh: &Shell) -> Result<PathBuf> {
    let library = &LIBRARIES[1];
    let file = library.packaged_file(sh)?;
    let real = fs::canonicalize(&file)?;
    ensure!(
        real.to_string_lossy().ends_with(&format!(".so.{}", library.version)),
        "sid's libzstd is {}, wanted {}",
        real.display(),
        library.version
    );
    Ok(file)
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
