//! `cargo xtask matrix`: do the libraries compute the right bytes for every target-cpu?
//!
//! docs/matrix.md tells how to read what comes out.

mod bisect;
mod build;
pub mod checks;
mod controls;
mod execute;
mod fetch;
mod foreign;
mod host;
mod judge;
pub mod mask;
mod record;
mod report;
mod row;
mod rules;
pub mod stock;
pub mod suite;
mod toolchain;
pub mod trial;
mod work;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

use base::paths;
use host::Host;
use install::engine::Engine;
use report::Report;
use row::{Lto, Opt, Row};
use toolchain::Versions;

/// What `cargo xtask matrix` takes.
#[derive(clap::Args, Clone, Default)]
pub struct Args {
    /// All target-cpus, levels and units, and every check under every tier
    #[arg(long)]
    pub full: bool,
    /// Only this target-cpu, like znver4 or x86-64-v3+avx512vl; may be repeated
    #[arg(long, value_name = "CPU", value_delimiter = ',')]
    pub cpu: Vec<String>,
    /// Only this optimisation level; may be repeated
    #[arg(long, value_delimiter = ',')]
    pub opt: Vec<Opt>,
    /// Only these codegen units; may be repeated
    #[arg(long, value_delimiter = ',')]
    pub lto: Vec<Lto>,
    /// Whose functions make and read deflate streams in the rows
    #[arg(long, value_enum, default_value_t)]
    pub engine: Engine,
    /// Test this libz.so.1 or libzstd.so.1 as it is instead of building rows; may be repeated
    #[arg(long, value_name = "PATH", conflicts_with_all = ["cpu", "opt", "lto", "full", "bisect_features"])]
    pub lib: Vec<PathBuf>,
    /// The target-cpu that a library given by --lib must be able to run on
    #[arg(long, value_name = "CPU", default_value = "x86-64", requires = "lib")]
    pub lib_cpu: String,
    /// Rows at once; the number of cores if not given
    #[arg(long, value_name = "N")]
    pub jobs: Option<usize>,
    /// Run rows again whose results are known
    #[arg(long)]
    pub fresh: bool,
    /// Narrow each failing row to the target features that it needs (many builds)
    #[arg(long)]
    pub bisect_features: bool,
    /// Take this machine for that target-cpu: what it lacks goes through qemu, or stays unrun
    #[arg(long, value_name = "CPU")]
    pub host: Option<String>,
    /// Only the positive controls
    #[arg(long)]
    pub controls: bool,
    /// Go on without this control where it is not available; the report says so
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub without_control: Vec<String>,
    /// Write the report as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Where the HTML page goes; target/matrix/report.html if not given
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Fetch and build what a run needs, run nothing: afterwards no network is needed
    #[arg(long)]
    pub prepare: bool,
    /// Run the suite on stock's libraries, Debian sid's, and write matrix/stock-hashes.txt
    #[arg(long)]
    pub stock_hashes: bool,
    /// Name the rows, run nothing
    #[arg(long)]
    pub list: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<ExitCode> {
    let choice = row::Choice {
        full: args.full,
        cpus: &args.cpu,
        opts: &args.opt,
        ltos: &args.lto,
        engine: args.engine,
    };
    let rows = row::rows(&choice)?;
    if args.list {
        rows.iter().for_each(|row| println!("{row}"));
        return Ok(ExitCode::SUCCESS);
    }
    ensure!(args.jobs != Some(0), "--jobs takes at least 1");
    controls::ensure_names(&args.without_control)?;
    let html = args.html.clone().unwrap_or_else(|| paths::target().join("matrix/report.html"));
    // A report that cannot be written is better known before the run than after it.
    args.json.iter().chain([&html]).try_for_each(|path| ensure_writable(path))?;
    let sh = Shell::new()?;
    if args.stock_hashes {
        stock::write(&sh)?;
        return Ok(ExitCode::SUCCESS);
    }
    if args.prepare {
        controls::prepare(&sh)?;
        return Ok(ExitCode::SUCCESS);
    }
    foreign::ensure_libraries(&args.lib)?;
    // Before anything is built: a name that rustc does not know.
    for row in &rows {
        toolchain::ensure_target(&sh, &row.cpu, &row.features)?;
    }
    for cpu in [Some(&args.lib_cpu), args.host.as_ref()].into_iter().flatten() {
        toolchain::ensure_target(&sh, cpu, "")?;
    }
    let report = run_rows(&sh, args, &rows)?;
    if args.controls {
        print!("{}", report.evidence());
    }
    print!("{}", report.table());
    write(&html, &report.html()?)?;
    if let Some(json) = &args.json {
        write(json, &report.json()?)?;
    }
    println!("\nreport: {}", html.display());
    for line in &report.complaints {
        eprintln!("error: {line}");
    }
    println!("{}", report.summary());
    Ok(if report.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The controls first; rows only if those see what they must.
pub fn run_rows(sh: &Shell, args: &Args, rows: &[Row]) -> Result<Report> {
    let host = Host::new(sh, args.host.as_deref())?;
    let mut report = Report {
        versions: Versions::read(sh)?,
        command: command_line(),
        controls: controls::all(sh, &host)?,
        complaints: Vec::new(),
        rows: Vec::new(),
        bisected: Vec::new(),
    };
    report.complaints = controls::complaints(&report.controls, &args.without_control);
    if args.controls || !report.complaints.is_empty() {
        return Ok(report);
    }
    if !args.lib.is_empty() {
        report.rows = foreign::run(sh, &host, &args.lib, &args.lib_cpu)?;
        return Ok(report);
    }
    let known = work::run(sh, args, &host, &report.versions, rows)?;
    let agreed = known.agreed_hashes();
    report.rows = judge::judge(&known, &agreed);
    if args.bisect_features {
        for (record, judged) in known.records.iter().zip(&report.rows).filter(|(_, j)| j.failed()) {
            let dir = paths::target().join("matrix/bisect").join(record.row.file_name());
            let place = bisect::Place { workspace: paths::root(), dir };
            report.bisected.push(bisect::row(sh, &host, &place, record, judged, &agreed)?);
        }
    }
    Ok(report)
}

fn command_line() -> String {
    let words = std::env::args().skip(1).map(|word| suite::command_line(&[], &[word]));
    std::iter::once("cargo xtask".to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// Makes the folder that a file goes to, and leaves the file as it was.
fn ensure_writable(path: &Path) -> Result<()> {
    let what = || format!("cannot write {}", path.display());
    if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        std::fs::create_dir_all(dir).with_context(what)?;
    }
    let new = !path.exists();
    std::fs::OpenOptions::new().append(true).create(true).open(path).with_context(what)?;
    if new {
        std::fs::remove_file(path).with_context(what)?;
    }
    Ok(())
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
