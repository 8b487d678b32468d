//! `cargo xtask bench programs`: everyday programs, unchanged, on one libz after the other.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bench::job::{Loaded, Race, Timing};
use indicatif::ProgressBar;
use serde_json::json;
use xshell::{Shell, cmd};

use super::Output;
use super::chart::{self, Panel};
use super::machine::Machine;
use super::peers::{OURS, Peers};
use super::report::{Report, Table, figure};
use super::runner::Outcome;
use base::loaded::{self, Audit};
use base::{debian, paths};

/// What `cargo xtask bench programs` takes.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    output: Output,
    /// How often each program runs on each library
    #[arg(long, default_value_t = 7, value_name = "N", value_parser = clap::value_parser!(u8).range(1..))]
    rounds: u8,
}

/// A program with its arguments, ready to run as often as wanted.
struct Job {
    name: &'static str,
    command: Vec<String>,
    /// Bytes of uncompressed data that it handles.
    bytes: usize,
    /// What it writes: its size is told.
    result: Option<PathBuf>,
    /// The shell commands that undo it.
    again: Option<String>,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<ExitCode> {
    args.output.check()?;
    let sh = Shell::new()?;
    let mut peers = Peers::with_ours(args.output.library.as_deref(), "libz.so.1")?;
    peers.debian("zlib", "zlib1g", "libz.so.1");
    peers.crates(&["zlib-ng", "zlib-rs"]);
    let dir = paths::target().join("bench-programs");
    fs::create_dir_all(&dir)?;
    let mut folders = Vec::new();
    for peer in peers.found() {
        let folder = dir.join(format!("lib-{}", peer.name));
        fs::create_dir_all(&folder)?;
        // A copy under the soname: programs find it, and its path says whose it is.
        let file = folder.join("libz.so.1");
        fs::remove_file(&file).ok();
        fs::copy(&peer.path, &file).with_context(|| peer.path.display().to_string())?;
        folders.push(folder);
    }

    let machine = Machine::now(&sh);
    let audit = Audit::build(&sh)?;
    let mut outcome = Outcome::default();
    for (peer, folder) in peers.found().iter().zip(&folders) {
        let file = folder.join("libz.so.1").display().to_string();
        outcome.libraries.push(Loaded { library: peer.name.to_owned(), file, says: None });
    }
    let mut notes = vec![
        "CPU time of the program with its children, user and system. The rest of each program's \
         work is the same on all libraries: the ratios say what changes for its user, not how fast \
         a library is."
            .to_owned(),
    ];
    let rounds = if args.output.quick { 1 } else { usize::from(args.rounds) };
    for make in [repack, fsck, png_write, png_read, wheel, tar_write, tar_read] {
        let job = match make(&sh, &dir, args.output.quick) {
            Ok(job) => job,
            Err(error) => {
                notes.push(format!("left out: {error:#}"));
                continue;
            }
        };
        let race = measure(&sh, &job, &folders, &audit, rounds)?;
        outcome.races.push(Race {
            times: race
                .into_iter()
                .zip(peers.found())
                .map(|(timing, peer)| Timing { library: peer.name.to_owned(), ..timing })
                .collect(),
            operation: job.name.to_owned(),
            bytes: job.bytes,
            ..Race::default()
        });
    }
    let mut command = format!("cargo xtask bench programs --rounds {rounds}");
    if let Some(library) = &args.output.library {
        command.push_str(&format!(" --library {}", library.display()));
    }
    if args.output.quick {
        command.push_str(" --quick");
    }
    let names: Vec<&str> = peers.found().iter().map(|peer| peer.name).collect();
    let report = Report {
        command: "programs",
        machine,
        peers: peers.found(),
        tables: vec![table(&outcome, &names, command)],
        notes,
        figures: json!({ "missing": peers.missing, "outcome": outcome }),
        svg: chart::svg(&[panel(&outcome, &names)])?,
    };
    report.finish(&args.output)?;
    Ok(ExitCode::SUCCESS)
}

/// How much less CPU each library takes than stock zlib, program by program.
fn panel(outcome: &Outcome, names: &[&str]) -> Panel {
    let line = |&name: &&str| {
        let point = |(at, race): (usize, &Race)| {
            let of = |name: &str| race.times.iter().find(|t| t.library == name);
            Some((at as f64 + 1.0, of("zlib")?.best_ns / of(name)?.best_ns))
        };
        let points = outcome.races.iter().enumerate().filter_map(point).collect();
        (name.to_owned(), points)
    };
    Panel {
        title: "everyday programs: speed ÷ zlib's".to_owned(),
        x: "the programs in the table's order".to_owned(),
        y: "speed ÷ zlib's".to_owned(),
        log_x: false,
        lines: names.iter().map(line).collect(),
    }
}

fn table(outcome: &Outcome, names: &[&str], command: String) -> Table {
    let mut header = vec!["program".to_owned(), "MB".to_owned()];
    header.extend(names.iter().map(|&name| format!("{name} s")));
    header.extend(names.iter().filter(|n| **n != OURS).map(|n| format!("÷ {n}")));
    header.push("medians ÷ zlib".to_owned());
    header.extend(names.iter().map(|&name| format!("{name} bytes")));
    let row = |race: &Race| {
        let of = |name: &str| race.times.iter().find(|t| t.library == name);
        let mut row = vec![race.operation.clone(), figure(race.bytes as f64 / 1e6)];
        row.extend(race.times.iter().map(|t| figure(t.best_ns / 1e9)));
        let ratio = |other: &str, ns: fn(&Timing) -> f64| match (of(other), of(OURS)) {
            (Some(other), Some(ours)) => format!("{:.2}", ns(other) / ns(ours)),
            _ => String::new(),
        };
        row.extend(names.iter().filter(|n| **n != OURS).map(|name| ratio(name, |t| t.best_ns)));
        row.push(ratio("zlib", |t| t.median_ns));
        row.extend(
            race.times.iter().map(|t| t.compressed.map_or_else(String::new, |c| c.to_string())),
        );
        row
    };
    Table {
        command: Some(command),
        title: "Programs: best CPU seconds; zcompat's speed ÷ each other's; bytes written"
            .to_owned(),
        header,
        rows: outcome.races.iter().map(row).collect(),
    }
}

/// Runs a job in turns on the libraries; the timings are in the folders' order.
fn measure(
    sh: &Shell,
    job: &Job,
    folders: &[PathBuf],
    audit: &Audit,
    rounds: usize,
) -> Result<Vec<Timing>> {
    let bar = ProgressBar::new((rounds * folders.len()) as u64);
    let mut readings = vec![Vec::new(); folders.len()];
    let mut made = vec![None; folders.len()];
    // The first round proves which file is mapped and fills the caches; it is not timed.
    for round in 0..=rounds {
        for turn in 0..folders.len() {
            let who = (round + turn) % folders.len();
            if let Some(script) = &job.again {
                cmd!(sh, "sh -c {script}").quiet().run()?;
            }
            let mut command = Command::new(&job.command[0]);
            command.args(&job.command[1..]).env("LD_LIBRARY_PATH", &folders[who]);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            if round == 0 {
                let log = tempfile::NamedTempFile::new()?;
                audit.watch(&mut command, log.path());
                used(&mut command).with_context(|| job.name.to_owned())?;
                let wanted = fs::canonicalize(folders[who].join("libz.so.1"))?;
                let mapped = loaded::files(&loaded::read(log.path())?);
                ensure!(mapped.contains(&wanted), "{} maps {mapped:?}", job.name);
            } else {
                let took = used(&mut command).with_context(|| job.name.to_owned())?;
                readings[who].push(took.as_nanos() as f64);
                bar.inc(1);
            }
            if let Some(result) = &job.result {
                made[who] = Some(bytes_in(result)?);
            }
        }
    }
    bar.finish_and_clear();
    let timing = |(mut readings, compressed): (Vec<f64>, Option<usize>)| {
        readings.sort_by(f64::total_cmp);
        Timing {
            best_ns: readings[0],
            median_ns: readings[readings.len() / 2],
            rounds: readings.len(),
            calls: 1,
            compressed,
            ..Timing::default()
        }
    };
    Ok(readings.into_iter().zip(made).map(timing).collect())
}

/// The CPU time of a command and of the children that it waited for.
fn used(command: &mut Command) -> Result<Duration> {
    let child = command.spawn()?;
    let (mut status, pid) = (0, child.id() as i32);
    // SAFETY: all-zero is a valid rusage.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: the child has not been waited for; both addresses are writable.
    let waited = unsafe { libc::wait4(pid, &raw mut status, 0, &raw mut usage) };
    ensure!(waited == pid, "the program cannot be waited for");
    ensure!(status == 0, "the program ended with status {status:#x}");
    let time = |t: libc::timeval| {
        Duration::from_secs(t.tv_sec as u64) + Duration::from_micros(t.tv_usec as u64)
    };
    Ok(time(usage.ru_utime) + time(usage.ru_stime))
}

/// The size of a file, or of all files below a folder.
fn bytes_in(path: &Path) -> Result<usize> {
    if !path.is_dir() {
        return Ok(fs::metadata(path)?.len() as usize);
    }
    let sizes = fs::read_dir(path)?.flatten().map(|entry| bytes_in(&entry.path()));
    Ok(sizes.collect::<Result<Vec<_>>>()?.into_iter().sum())
}

fn words(words: &[&dyn std::fmt::Display]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}

/// A repository of the workspace's own files: 20 commits that each change a part of them.
fn repository(sh: &Shell, dir: &Path, quick: bool) -> Result<(PathBuf, usize)> {
    debian::install(sh, &["git"])?;
    let repository = dir.join(if quick { "repository-quick" } else { "repository" });
    let done = repository.join("done");
    if !done.exists() {
        fs::remove_dir_all(&repository).ok();
        fs::create_dir_all(&repository)?;
        let _dir = sh.push_dir(&repository);
        let source = if quick { "/usr/include/linux" } else { "/usr/include" };
        let script = format!(
            "git init -q . && tar -C {source} -c . 2>/dev/null | head -c 24000000 | tar -x 2>/dev/null; \
             git config user.name bench && git config user.email bench@localhost && \
             git config gc.auto 0 && git config core.looseCompression 1 && \
             git add -A && git commit -qm start && \
             for n in 1 2 3 4 5 6 7 8 9 10; do \
             find . -name '*.h' | LC_ALL=C sort | awk \"NR % 10 == $n % 10\" | \
             xargs sed -i \"s/define/define /;1s/^/\\/* $n *\\/\\n/\" && \
             git commit -qam \"$n\"; done; git repack -qad && touch done"
        );
        cmd!(sh, "sh -c {script}").quiet().ignore_stderr().run().context("git cannot be set up")?;
    }
    let _dir = sh.push_dir(&repository);
    let list =
        cmd!(sh, "git cat-file --batch-all-objects --batch-check=%(objectsize)").quiet().read()?;
    Ok((repository, list.lines().filter_map(|line| line.parse::<usize>().ok()).sum()))
}

fn repack(sh: &Shell, dir: &Path, quick: bool) -> Result<Job> {
    let (repository, bytes) = repository(sh, dir, quick)?;
    let path = repository.display();
    let command = words(&[&"git", &"-C", &path, &"-c", &"pack.threads=1", &"repack", &"-qadF"]);
    let result = Some(repository.join(".git/objects/pack"));
    Ok(Job { name: "git repack -adF", command, bytes, result, again: None })
}

fn fsck(sh: &Shell, dir: &Path, quick: bool) -> Result<Job> {
    let (repository, bytes) = repository(sh, dir, quick)?;
    let path = repository.display();
    let command = words(&[&"git", &"-C", &path, &"fsck", &"--full", &"--no-progress"]);
    Ok(Job { name: "git fsck", command, bytes, result: None, again: None })
}

/// The largest picture that `bench deflate` finds, as PNG and as bare pixels.
fn picture(sh: &Shell, dir: &Path) -> Result<(PathBuf, PathBuf)> {
    debian::install(sh, &["netpbm"])?;
    let source = super::corpus::largest_png(sh, dir)?;
    let (png, pixels) = (dir.join("picture.png"), dir.join("picture.ppm"));
    fs::copy(source, &png)?;
    cmd!(sh, "sh -c 'pngtopnm \"$1\" > \"$2\"' sh {png} {pixels}").quiet().ignore_stderr().run()?;
    Ok((png, pixels))
}

fn png_write(sh: &Shell, dir: &Path, _: bool) -> Result<Job> {
    let (_, pixels) = picture(sh, dir)?;
    let to = dir.join("written.png");
    let script =
        format!("exec pnmtopng -compression 6 '{}' > '{}'", pixels.display(), to.display());
    Ok(Job {
        name: "pnmtopng",
        command: vec!["sh".into(), "-c".into(), script],
        bytes: bytes_in(&pixels)?,
        result: Some(to),
        again: None,
    })
}

fn png_read(sh: &Shell, dir: &Path, _: bool) -> Result<Job> {
    let (png, pixels) = picture(sh, dir)?;
    let command = words(&[&"pngtopnm", &png.display()]);
    Ok(Job { name: "pngtopnm", command, bytes: bytes_in(&pixels)?, result: None, again: None })
}

/// What pip does with a wheel, which is a zip archive: unpack it with Python's zipfile.
fn wheel(sh: &Shell, dir: &Path, _: bool) -> Result<Job> {
    debian::install(sh, &["python3"])?;
    let (wheel, to) = (dir.join("stdlib-0-py3-none-any.whl"), dir.join("unpacked"));
    if !wheel.exists() {
        cmd!(sh, "/usr/bin/python3 -c {MAKE_WHEEL} {wheel}").quiet().run()?;
    }
    let list = cmd!(sh, "/usr/bin/python3 -c {SUM_WHEEL} {wheel}").quiet().read()?;
    let command =
        words(&[&"/usr/bin/python3", &"-m", &"zipfile", &"-e", &wheel.display(), &to.display()]);
    Ok(Job {
        name: "unpacking a wheel (python3 -m zipfile)",
        command,
        bytes: list.trim().parse()?,
        result: None,
        again: Some(format!("rm -rf '{}'", to.display())),
    })
}

/// CPython's tarfile, which packs by gzip and zlib: Python's own modules as a .tar.gz.
fn tar_write(sh: &Shell, dir: &Path, _: bool) -> Result<Job> {
    debian::install(sh, &["python3"])?;
    let to = dir.join("written.tar.gz");
    cmd!(sh, "/usr/bin/python3 -c {MAKE_TAR} {to}").quiet().run()?;
    let bytes = cmd!(sh, "/usr/bin/python3 -c {SUM_TAR} {to}").quiet().read()?.trim().parse()?;
    let command = words(&[&"/usr/bin/python3", &"-c", &MAKE_TAR, &to.display()]);
    let result = Some(to);
    Ok(Job { name: "CPython: tarfile writes .tar.gz", command, bytes, result, again: None })
}

fn tar_read(sh: &Shell, dir: &Path, _: bool) -> Result<Job> {
    let from = dir.join("read.tar.gz");
    if !from.exists() {
        cmd!(sh, "/usr/bin/python3 -c {MAKE_TAR} {from}").quiet().run()?;
    }
    let bytes = cmd!(sh, "/usr/bin/python3 -c {SUM_TAR} {from}").quiet().read()?.trim().parse()?;
    let command = words(&[&"/usr/bin/python3", &"-c", &SUM_TAR, &from.display()]);
    Ok(Job { name: "CPython: tarfile reads .tar.gz", command, bytes, result: None, again: None })
}

const MAKE_TAR: &str = r#"
import os, sys, tarfile
top = os.path.dirname(os.__file__)
with tarfile.open(sys.argv[1], "w:gz", compresslevel=6) as tar:
    for name in sorted(os.listdir(top)):
        if name.endswith(".py"):
            tar.add(os.path.join(top, name), name)
"#;

const SUM_TAR: &str = r#"
import sys, tarfile
with tarfile.open(sys.argv[1], "r:gz") as tar:
    print(sum(len(tar.extractfile(member).read()) for member in tar if member.isfile()))
"#;

const MAKE_WHEEL: &str = r#"
import os, sys, zipfile
top = os.path.dirname(os.__file__)
with zipfile.ZipFile(sys.argv[1] + ".new", "w", zipfile.ZIP_DEFLATED, compresslevel=6) as wheel:
    for folder, folders, files in os.walk(top):
        folders[:] = sorted(set(folders) - {"__pycache__", "test", "dist-packages", "site-packages"})
        for name in sorted(files):
            path = os.path.join(folder, name)
            if name.endswith((".py", ".so", ".txt")) and os.path.isfile(path):
                wheel.write(path, os.path.relpath(path, top))
os.rename(sys.argv[1] + ".new", sys.argv[1])
"#;

const SUM_WHEEL: &str = r#"
import sys, zipfile
print(sum(i.file_size for i in zipfile.ZipFile(sys.argv[1]).infolist()))
"#;
