//! `cargo xtask bench python`: CPython's zlib and `_zstd`, stock and patched, on stock libraries and
//! on ours, beside the modules that people install instead.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use serde_json::json;
use xshell::Shell;

use super::Output;
use super::chart::{self, Panel};
use super::machine::Machine;
use super::peers::{OURS, Peer};
use super::report::{Report, Table, size};
use base::{paths, process};
use cpython::build::{self, Options};
use cpython::interpreter::{Interpreter, Libraries};
use cpython::packages;
use cpython::source::Source;
use install::engine::Engine;

/// What `cargo xtask bench python` takes.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    output: Output,
    /// How often every interpreter has its turn
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Also 1 GiB, which needs 4 GB of memory
    #[arg(long)]
    huge: bool,
    /// Use the beginning of FILE and not generated text
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Count the CPU time of the calls, for a machine that is not quiet
    #[arg(long)]
    cpu_time: bool,
    /// A CPython without our patches, instead of one built here
    #[arg(long, value_name = "PYTHON")]
    plain: Option<PathBuf>,
    /// A CPython with our patches, instead of one built here
    #[arg(long, value_name = "PYTHON")]
    patched: Option<PathBuf>,
    /// Write the values in pyperf's format to DIR, a file for each column
    #[arg(long, value_name = "DIR")]
    pyperf: Option<PathBuf>,
}

/// The columns of CPython itself; the first is what the others are compared with.
const STOCK: &str = "stock on stock";
const UNDER: &str = "stock on ours";
/// Modules to install instead, each with the codecs that it brings.
const WHEELS: [(&str, &str); 6] = [
    ("zlib-ng", "zlib-ng"),
    ("isal", "isal"),
    ("cramjam", "cramjam-zlib,cramjam-zstd"),
    ("zstandard", "zstandard"),
    ("pyzstd", "pyzstd"),
    ("backports.zstd", "backports.zstd"),
];

/// An interpreter on libraries, with the codecs to time.
struct Column {
    name: &'static str,
    interpreter: Interpreter,
    libraries: Libraries,
    codecs: &'static str,
}

/// One line of the script's output.
#[derive(Deserialize, Serialize, Clone)]
struct Figure {
    codec: String,
    format: String,
    operation: String,
    size: usize,
    values: Vec<f64>,
}

/// Format, operation, size.
type Row = (String, String, usize);

/// Runs the command.
pub fn run(args: &Args) -> Result<ExitCode> {
    ensure!(args.rounds > 0, "--rounds takes a number from 1 on");
    ensure!(
        args.output.library.is_none(),
        "--library: Python loads the libraries of target/prefix"
    );
    for file in args.data.iter().chain(&args.plain).chain(&args.patched) {
        ensure!(file.is_file(), "{}: no such file", file.display());
    }
    args.output.check()?;
    if let Some(dir) = &args.pyperf {
        fs::create_dir_all(dir).with_context(|| format!("cannot write to {}", dir.display()))?;
    }
    let sh = Shell::new()?;
    let machine = Machine::now(&sh);
    install::ensure_default_prefix(&sh)?;
    let mut missing = BTreeMap::new();
    let columns = columns(&sh, args, &mut missing)?;

    let mut sizes =
        if args.output.quick { vec![1 << 10, 1 << 20] } else { vec![1 << 10, 1 << 20, 64 << 20] };
    if args.huge {
        sizes.push(1 << 30);
    }
    let sizes = sizes.iter().map(usize::to_string).collect::<Vec<_>>().join(",");
    let data = tempfile::tempdir()?;
    let mut prepare = vec!["prepare".to_owned(), data.path().display().to_string(), sizes.clone()];
    prepare.extend(args.data.iter().map(|f| f.display().to_string()));
    call(&columns[0], &prepare)?;

    let seconds = if args.output.quick { 0.05 } else { 1.0 };
    let mut found: BTreeMap<&str, Vec<Figure>> = BTreeMap::new();
    let rounds = if args.output.quick { 1 } else { args.rounds };
    for round in 0..rounds {
        for column in &columns {
            eprintln!("round {} of {rounds}: {}", round + 1, column.name);
            match turn(column, data.path(), &sizes, seconds, args.cpu_time) {
                Ok(figures) => found.entry(column.name).or_default().extend(figures),
                // A wheel that fails is no reason to lose the others' figures.
                Err(error) if WHEELS.iter().any(|(name, _)| *name == column.name) => {
                    missing.insert(column.name.to_owned(), format!("{error:#}"));
                }
                Err(error) => return Err(error),
            }
        }
    }
    if let Some(dir) = &args.pyperf {
        keep(&sh, dir, &found)?;
    }

    let best = best(&found);
    let order: Vec<&str> = columns.iter().map(|c| c.name).collect();
    let table = table(&best, &order, args.cpu_time);
    let svg = chart::svg(&panels(&best, &order))?;
    let peers: Vec<Peer> = columns
        .iter()
        .map(|c| Peer {
            name: c.name,
            source: c.interpreter.name.clone(),
            path: c.interpreter.program.clone(),
        })
        .collect();
    let mut notes = verdicts(&best);
    notes.extend(missing.iter().map(|(name, why)| format!("{name} is left out: {why}")));
    let figures =
        json!({ "rounds": rounds, "cpu_time": args.cpu_time, "missing": missing, "values": found });
    let report = Report {
        command: "python",
        machine,
        peers: &peers,
        tables: vec![table],
        notes,
        figures,
        svg,
    };
    report.finish(&args.output)?;
    Ok(ExitCode::SUCCESS)
}

fn columns(sh: &Shell, args: &Args, missing: &mut BTreeMap<String, String>) -> Result<Vec<Column>> {
    let prefix = paths::default_prefix();
    let interpreter = |given: &Option<PathBuf>, patched: bool| -> Result<Interpreter> {
        if let Some(program) = given {
            return Ok(Interpreter::host(
                program.display().to_string(),
                std::path::absolute(program)?,
            ));
        }
        // 3.14 has both modules; 3.13 only zlib.
        let source = Source::known(sh, "3.14").or_else(|_| Source::known(sh, "3.13"))?;
        build::build(sh, &source, &Options { engine: Engine::Own, patched, jobs: 2 })
    };
    let plain = interpreter(&args.plain, false)?;
    let patched = interpreter(&args.patched, true)?;
    let stock = Libraries::At(cpython::stock(sh)?);
    let lib = prefix.join("lib");
    let ours = Libraries::At(lib.clone());
    plain.must_map(&ours, &lib)?;
    patched.must_map(&ours, &lib)?;
    if let Libraries::At(dir) = &stock {
        plain.must_map(&stock, dir)?;
    }
    let codecs = "zlib,zstd";
    let mut columns = vec![
        Column { name: STOCK, interpreter: plain.clone(), libraries: stock, codecs },
        Column { name: UNDER, interpreter: plain, libraries: ours.clone(), codecs },
        Column { name: OURS, interpreter: patched, libraries: ours, codecs },
    ];
    for (name, codecs) in WHEELS {
        match packages::wheel(sh, name) {
            Ok(interpreter) => {
                columns.push(Column { name, interpreter, libraries: Libraries::Own, codecs });
            }
            Err(error) => {
                missing.insert(name.to_owned(), format!("{error:#}"));
            }
        }
    }
    Ok(columns)
}

/// All figures of a column once, each in a process of its own: what the allocator kept from another
/// operation would decide how many pages the kernel has to clear.
fn turn(
    column: &Column,
    data: &Path,
    sizes: &str,
    seconds: f64,
    cpu_time: bool,
) -> Result<Vec<Figure>> {
    let data = data.display().to_string();
    let mut figures = Vec::new();
    for codec in column.codecs.split(',') {
        for size in sizes.split(',') {
            for operation in ["compress", "decompress"] {
                let settings =
                    json!({ "seconds": seconds, "cpu_time": cpu_time, "operation": operation });
                let settings = settings.to_string();
                let lines =
                    call(column, &["time", &data, size, codec, &settings].map(str::to_owned))?;
                figures
                    .extend(lines.lines().filter_map(|l| serde_json::from_str::<Figure>(l).ok()));
            }
        }
    }
    Ok(figures)
}

/// Runs the script in a column's interpreter and returns what it printed.
fn call(column: &Column, arguments: &[String]) -> Result<String> {
    let mut command = column.interpreter.command(&column.libraries, [script()]);
    command.args(arguments);
    let out = process::finish(&mut command, Duration::from_secs(3600))?;
    ensure!(out.status.success(), "{}: {}", column.name, out.tail());
    Ok(String::from_utf8_lossy(&out.stdout).into_owned())
}

fn script() -> PathBuf {
    paths::root().join("bench/python/codecs_bench.py")
}

/// Hands all values to pyperf, which other tools read.
fn keep(sh: &Shell, dir: &Path, found: &BTreeMap<&str, Vec<Figure>>) -> Result<()> {
    let python = packages::wheel(sh, "pyperf")?;
    for (name, figures) in found {
        let file = dir.join(format!("{}.json", name.replace(' ', "-")));
        let mut command = python.command(&Libraries::Own, [script()]);
        command.args(["keep", name]).arg(&file).stdin(Stdio::piped());
        let mut child = command.spawn()?;
        let mut input = child.stdin.take().context("stdin is piped")?;
        for figure in figures {
            writeln!(input, "{}", serde_json::to_string(figure)?)?;
        }
        drop(input);
        ensure!(child.wait()?.success(), "pyperf cannot write {}", file.display());
    }
    Ok(())
}

/// The shortest time of each operation in each column, over all rounds.
fn best<'a>(found: &BTreeMap<&'a str, Vec<Figure>>) -> BTreeMap<Row, BTreeMap<&'a str, f64>> {
    let mut best: BTreeMap<Row, BTreeMap<&str, f64>> = BTreeMap::new();
    for (name, figures) in found {
        for figure in figures {
            let row = (figure.format.clone(), figure.operation.clone(), figure.size);
            let shortest = figure.values.iter().copied().fold(f64::INFINITY, f64::min);
            let slot = best.entry(row).or_default().entry(name).or_insert(f64::INFINITY);
            *slot = slot.min(shortest);
        }
    }
    best
}

fn table(best: &BTreeMap<Row, BTreeMap<&str, f64>>, order: &[&str], cpu_time: bool) -> Table {
    let clock = if cpu_time { "CPU time" } else { "time" };
    let title = format!("{clock} of a call, and how many times as quick as {STOCK}");
    let mut header = vec!["".to_owned(), "size".to_owned()];
    header.extend(order.iter().map(|n| if *n == OURS { "patched on ours" } else { n }.to_owned()));
    let rows = best.iter().map(|((format, operation, bytes), times)| {
        let stock = times.get(STOCK);
        let mut row = vec![format!("{format} {operation}"), size(*bytes)];
        row.extend(order.iter().map(|name| match (times.get(name), stock) {
            (Some(time), Some(stock)) => format!("{} {:.2}×", duration(*time), stock / time),
            (Some(time), None) => duration(*time),
            (None, _) => String::new(),
        }));
        row
    });
    Table { title, header, rows: rows.collect(), ..Table::default() }
}

/// What the figures say about the goals: one sentence each.
fn verdicts(best: &BTreeMap<Row, BTreeMap<&str, f64>>) -> Vec<String> {
    let goal = |format: &str, operation: &str, bytes: usize| match (format, operation) {
        ("zlib", "decompress") if bytes >= 1 << 20 => 2.0,
        ("zstd", "decompress") if bytes >= 1 << 20 => 1.25,
        ("zstd", "decompress") if bytes <= 1 << 10 => 3.0,
        // Nothing is to be slower than stock; three per cent are noise.
        _ => 0.97,
    };
    let mut lines = Vec::new();
    for ((format, operation, bytes), times) in best {
        let (Some(stock), Some(ours)) = (times.get(STOCK), times.get(OURS)) else { continue };
        let (ratio, goal) = (stock / ours, goal(format, operation, *bytes));
        let word = if ratio >= goal { "reached" } else { "MISSED" };
        let bytes = size(*bytes);
        lines.push(format!("{format} {operation} {bytes}: {ratio:.2}×, goal {goal}×: {word}"));
    }
    lines
}

fn panels(best: &BTreeMap<Row, BTreeMap<&str, f64>>, order: &[&str]) -> Vec<Panel> {
    let mut panels: Vec<Panel> = Vec::new();
    for ((format, operation, bytes), times) in best {
        let title = format!("{format} {operation}");
        if panels.last().is_none_or(|p| p.title != title) {
            let lines = order.iter().map(|n| ((*n).to_owned(), Vec::new())).collect();
            let (x, y) = ("bytes".to_owned(), "MB/s".to_owned());
            panels.push(Panel { title, x, y, log_x: true, lines });
        }
        let Some(panel) = panels.last_mut() else { continue };
        for (name, points) in &mut panel.lines {
            if let Some(time) = times.get(name.as_str()) {
                points.push((*bytes as f64, *bytes as f64 / time / 1e6));
            }
        }
    }
    for panel in &mut panels {
        panel.lines.retain(|(_, points)| !points.is_empty());
    }
    panels
}

fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 1e-3 => format!("{:.2} µs", s * 1e6),
        s if s < 1.0 => format!("{:.2} ms", s * 1e3),
        s => format!("{s:.2} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(operation: &str, value: f64) -> Figure {
        Figure {
            codec: "zlib".into(),
            format: "zlib".into(),
            operation: operation.into(),
            size: 1 << 20,
            values: vec![value, value * 2.0],
        }
    }

    #[test]
    fn goals_are_held_against_the_shortest_times() {
        let found = BTreeMap::from([
            (STOCK, vec![figure("decompress", 4.0), figure("compress", 4.0)]),
            (OURS, vec![figure("decompress", 2.0), figure("compress", 5.0)]),
        ]);
        let lines = verdicts(&best(&found));
        assert!(lines.iter().any(|l| l.starts_with("zlib decompress") && l.ends_with("reached")));
        assert!(lines.iter().any(|l| l.starts_with("zlib compress") && l.ends_with("MISSED")));
    }
}
