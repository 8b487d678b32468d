//! `cargo xtask cpython`: CPython on the libraries, built from source or already there, with its
//! own tests compared with the same tests on stock libraries. docs/cpython.md tells more.

pub mod build;
pub mod checks;
pub mod interpreter;
pub mod packages;
pub mod patches;
pub mod prebuilt;
pub mod source;
pub mod suite;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;
use xshell::{Shell, cmd};

use base::debian::Sid;
use base::paths;
use install::engine::Engine;
use interpreter::{Interpreter, Libraries};
use source::Source;
use suite::Outcome;

/// What `cargo xtask cpython` takes.
#[derive(clap::Args)]
pub struct Args {
    /// Which CPython to build, from Debian's source packages: 3.13 or 3.14
    #[arg(
        long,
        default_value = "3.13",
        value_name = "VERSION",
        conflicts_with_all = ["prebuilt", "packages"]
    )]
    version: String,
    /// Build this source instead: a folder or a tarball of any CPython from 3.11 on
    #[arg(long, value_name = "DIR|TARBALL", conflicts_with_all = ["version", "prebuilt", "packages"])]
    source: Option<PathBuf>,
    /// Build without the patches of cpython-patch/
    #[arg(long, conflicts_with_all = ["prebuilt", "packages"])]
    unpatched: bool,
    /// Use the interpreters that are there: pyenv's, the system's, Debian sid's 3.14 and 3.15
    #[arg(long, conflicts_with = "packages")]
    prebuilt: bool,
    /// Build the Python packages for zstd on libzstd and run their own tests
    #[arg(long)]
    packages: bool,
    /// Whose functions make and read deflate streams in libz
    #[arg(long, value_enum, default_value_t, conflicts_with = "packages")]
    engine: Engine,
    /// Also the tests that need up to 8 GB of memory
    #[arg(long, conflicts_with = "packages")]
    bigmem: bool,
    /// Only these test modules
    #[arg(long, value_name = "MODULES", value_delimiter = ',', conflicts_with = "packages")]
    tests: Vec<String>,
    /// Number of parallel compilations
    #[arg(long, short, default_value_t = 2, conflicts_with_all = ["prebuilt", "packages"])]
    jobs: usize,
    /// Also write all counts to FILE
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// One test module of one interpreter on stock libraries and on ours.
#[derive(Serialize)]
pub struct Row {
    /// The interpreter's name.
    interpreter: String,
    /// The test module.
    pub module: String,
    /// On stock libraries.
    stock: Outcome,
    /// On ours.
    ours: Outcome,
    /// What is worse on ours.
    worse: Option<String>,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<ExitCode> {
    let sh = Shell::new()?;
    let modules: Vec<&str> = match args.tests.is_empty() {
        true => suite::MODULES.to_vec(),
        false => args.tests.iter().map(String::as_str).collect(),
    };
    if args.jobs == 0 {
        bail!("--jobs takes a number from 1 on");
    }
    if let Some(file) = &args.json {
        // Said now, not after the tests.
        let folder = std::path::absolute(file)?.parent().map(Path::to_owned).unwrap_or_default();
        ensure!(folder.is_dir(), "--json {}: no such folder", file.display());
        ensure!(!file.is_dir(), "--json {}: a folder", file.display());
    }
    let source = match &args.source {
        Some(path) => Some(Source::given(&sh, path)?),
        None if args.prebuilt || args.packages => None,
        None => Some(Source::known(&sh, &args.version)?),
    };
    let prefix = install::ensure_prefix(&sh, args.engine)?;
    if args.packages {
        return packages::run(&sh, args.json.as_deref());
    }
    let mut extra = Vec::new();
    if args.bigmem {
        extra.extend(["-M".to_owned(), "8g".to_owned()]);
    }
    let mut rows = Vec::new();
    match source {
        None => {
            let (places, left_out) = prebuilt::find(&sh, &prefix)?;
            for why in left_out {
                println!("left out: {why}");
            }
            for place in places {
                rows.extend(compare(
                    &place.interpreter,
                    &place.stock,
                    &place.ours,
                    &prefix,
                    &modules,
                    &extra,
                )?);
            }
        }
        Some(source) => {
            let options =
                build::Options { engine: args.engine, patched: !args.unpatched, jobs: args.jobs };
            let interpreter = build::build(&sh, &source, &options)?;
            if let Some(line) = build::summary(&interpreter) {
                println!("{line}");
            }
            let stock = Libraries::At(stock(&sh)?);
            rows.extend(compare(&interpreter, &stock, &Libraries::Own, &prefix, &modules, &extra)?);
        }
    }
    report(&rows, args.json.as_deref())
}

/// A folder with Debian sid's `libz.so.1` and `libzstd.so.1`: stock, of the same versions as ours.
pub fn stock(sh: &Shell) -> Result<PathBuf> {
    let dir = paths::target().join("cpython/stock");
    if dir.join(".complete").exists() {
        return Ok(dir);
    }
    fs::create_dir_all(&dir)?;
    let sid = Sid::open(sh)?;
    for package in ["zlib1g", "libzstd1"] {
        let root = sid.unpacked(sh, package)?;
        let from = root.join("usr/lib/x86_64-linux-gnu");
        for entry in fs::read_dir(&from).with_context(|| format!("{}", from.display()))?.flatten() {
            let file = entry.path();
            if file.is_file() || file.is_symlink() {
                cmd!(sh, "cp -a {file} {dir}").quiet().run()?;
            }
        }
    }
    fs::write(dir.join(".complete"), "")?;
    Ok(dir)
}

/// Proves which library files `interpreter` maps on `stock` and on `ours`, which are installed in
/// `prefix`, and runs `modules` on
/// both.
pub fn compare(
    interpreter: &Interpreter,
    stock: &Libraries,
    ours: &Libraries,
    prefix: &Path,
    modules: &[&str],
    extra: &[String],
) -> Result<Vec<Row>> {
    let ours_dir = match ours {
        Libraries::At(dir) => dir.clone(),
        Libraries::Own => prefix.join("lib"),
    };
    let mapped = interpreter.must_map(ours, &ours_dir)?;
    let under = interpreter.mapped(stock)?;
    for file in &under {
        ensure!(
            file.parent() != Some(&ours_dir),
            "{}: its stock run would map {}",
            interpreter.name,
            file.display()
        );
    }
    let list = |files: &[PathBuf]| {
        files.iter().map(|f| f.display().to_string()).collect::<Vec<_>>().join(", ")
    };
    println!("{}: {}; stock: {}", interpreter.name, list(&mapped), list(&under));

    let mut rows = Vec::new();
    for module in modules {
        let Some(on_stock) = suite::run(interpreter, stock, module, extra)? else { continue };
        let on_ours = suite::run(interpreter, ours, module, extra)?
            .with_context(|| format!("{module} is there on stock only"))?;
        println!(
            "{} {module}: {} (stock {})",
            interpreter.name,
            on_ours.counts(),
            on_stock.counts()
        );
        rows.push(Row {
            interpreter: interpreter.name.clone(),
            module: (*module).to_owned(),
            worse: on_ours.worse_than(&on_stock),
            stock: on_stock,
            ours: on_ours,
        });
    }
    ensure!(!rows.is_empty(), "{}: none of the tests is there", interpreter.name);
    Ok(rows)
}

/// What is worse on ours, one line a test module.
pub fn worse(rows: &[Row]) -> Vec<String> {
    rows.iter()
        .filter_map(|r| Some(format!("{} {}: {}", r.interpreter, r.module, r.worse.as_ref()?)))
        .collect()
}

/// One table, a row an interpreter: tests run/skipped on ours, stock's too where they differ.
fn report(rows: &[Row], json: Option<&Path>) -> Result<ExitCode> {
    let mut interpreters: Vec<&str> = Vec::new();
    let mut modules: Vec<&str> = Vec::new();
    let mut cells: BTreeMap<(&str, &str), String> = BTreeMap::new();
    for row in rows {
        let (interpreter, module) = (row.interpreter.as_str(), row.module.as_str());
        if !interpreters.contains(&interpreter) {
            interpreters.push(interpreter);
        }
        if !modules.contains(&module) {
            modules.push(module);
        }
        let (ours, stock) = (row.ours.counts(), row.stock.counts());
        let cell = if ours == stock { ours } else { format!("{ours} (stock {stock})") };
        cells.insert((interpreter, module), cell);
    }
    let mut table = Table::new();
    table
        .load_preset(presets::ASCII_MARKDOWN)
        .set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(
        ["run/skipped"]
            .into_iter()
            .chain(modules.iter().map(|m| m.strip_prefix("test_").unwrap_or(m))),
    );
    for interpreter in interpreters {
        let row = modules.iter().map(|m| cells.get(&(interpreter, *m)).map_or("-", String::as_str));
        table.add_row([interpreter].into_iter().chain(row));
    }
    println!("\n{table}");
    if let Some(file) = json {
        let mut text = serde_json::to_string_pretty(rows)?;
        text.push('\n');
        fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    let worse = worse(rows);
    for line in &worse {
        println!("worse than stock: {line}");
    }
    let failed: Vec<&Row> = rows.iter().filter(|r| !r.ours.failed.is_empty()).collect();
    for row in &failed {
        for test in &row.ours.failed {
            println!("failed: {} {}: {test}", row.interpreter, row.module);
        }
    }
    println!(
        "{}",
        match (worse.len(), failed.len()) {
            (0, 0) => "all counts equal stock's",
            (0, _) => "all counts equal stock's, which fails the same tests",
            _ => "not as on stock",
        }
    );
    Ok(if worse.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
