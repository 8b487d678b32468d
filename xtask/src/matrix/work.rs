//! Rows, several at once: built, run, looked through, recorded.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::IsTerminal;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use xshell::Shell;

use super::build::{self, Built, Failure, Plan};
use super::execute::{self, Code, Execution, Extent};
use super::host::{Host, Way};
use super::judge::Judged;
use super::record::{Inputs, Record};
use super::row::{Lto, Opt, Row};
use super::suite::{Linkage, Outcome, Suite};
use super::toolchain::{self, Versions};
use super::{Args, bisect};
use crate::paths;

/// Runs the rows and returns their records in the same order.
pub fn run(
    sh: &Shell,
    args: &Args,
    host: &Host,
    versions: &Versions,
    rows: &[Row],
) -> Result<Vec<Record>> {
    let extent = format!("full {} host {:?}", args.full, args.host);
    let inputs = Inputs::read(versions, &extent)?;
    crate::cargo_c::cinstall(sh)?;
    let known: Vec<Option<Record>> = rows
        .iter()
        .map(|row| if args.fresh { None } else { Record::load(row, &inputs.key(row)) })
        .collect();
    let mut queue: VecDeque<usize> = (0..rows.len()).filter(|i| known[*i].is_none()).collect();
    let todo = queue.len();
    let known_count = rows.len() - todo;
    if known_count > 0 {
        eprintln!("{known_count} of {} rows are known from an earlier run", rows.len());
    }
    // Builds leave some cores idle while they link, rows do not: as many rows as cores, and cargo
    // with one process each.
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let jobs = args.jobs.unwrap_or(cores).min(todo.max(1));
    let each = (cores / jobs).max(1);
    let progress = Progress::new(todo);
    let records = Mutex::new(known);
    let queue = Mutex::new(std::mem::take(&mut queue));
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs)
            .map(|_| {
                scope.spawn(|| -> Result<()> {
                    let sh = Shell::new()?;
                    loop {
                        let Some(i) = lock(&queue).pop_front() else { return Ok(()) };
                        let row = &rows[i];
                        progress.begin(row);
                        let job = Job { host, row, inputs: &inputs, jobs: each, args };
                        // One row's trouble, whatever it is, is that row's and not the run's.
                        let record = match job.run(&sh) {
                            Ok(record) => {
                                record.store()?;
                                record
                            }
                            Err(error) => job.broken(&error),
                        };
                        progress.end(&record);
                        lock(&records)[i] = Some(record);
                    }
                })
            })
            .collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("a worker panicked"))
    })?;
    let records = records.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    Ok(records.into_iter().map(|record| record.expect("every row was run")).collect())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

struct Job<'a> {
    host: &'a Host,
    row: &'a Row,
    inputs: &'a Inputs,
    jobs: usize,
    args: &'a Args,
}

impl Job<'_> {
    fn blank(&self) -> Record {
        Record {
            row: self.row.clone(),
            key: self.inputs.key(self.row),
            seconds: 0.0,
            march: String::new(),
            build: None,
            execution: Execution::default(),
            code: Code::default(),
        }
    }

    /// A row that could not be gone through: never kept, since the next run may be luckier.
    fn broken(&self, error: &anyhow::Error) -> Record {
        let failure = Failure { message: format!("{error:#}"), command: self.row.command() };
        Record { build: Some(failure), ..self.blank() }
    }

    fn run(&self, sh: &Shell) -> Result<Record> {
        let begun = Instant::now();
        let (row, dir) = (self.row, build::row_dir(self.row));
        let mut record = self.blank();
        match self.built(sh, &dir)? {
            Err(failure) => record.build = Some(failure),
            Ok(built) => {
                let features = toolchain::features(sh, &row.cpu, &row.features)?;
                let libraries = built.libraries();
                record.code = execute::look(&libraries.each_ref().map(|p| p.as_path()), &features)?;
                let plain = row.features.is_empty() && row.opt == Opt::Three && row.lto == Lto::Fat;
                let extent =
                    Extent { full: self.args.full, level: plain.then_some(row.cpu.as_str()) };
                record.execution =
                    execute::run_row(sh, self.host, &record.code.needed, &built, &dir, &extent)?;
                record.march = built.march;
            }
        }
        record.seconds = begun.elapsed().as_secs_f64();
        Ok(record)
    }

    /// The row's libraries, from an earlier run if they are made from the same sources.
    fn built(&self, sh: &Shell, dir: &Path) -> Result<Result<Built, Failure>> {
        let (target, prefix, stamp) = (dir.join("build"), dir.join("install"), dir.join("key"));
        let key = self.inputs.build_key(self.row);
        if !self.args.fresh && std::fs::read_to_string(&stamp).is_ok_and(|known| known == key) {
            return Ok(Ok(Built::at(&prefix, toolchain::march(sh, &self.row.cpu))));
        }
        std::fs::remove_file(&stamp).ok();
        let plan = Plan {
            workspace: paths::root(),
            row: self.row,
            without: &[],
            package: None,
            target: &target,
            prefix: &prefix,
            jobs: Some(self.jobs),
        };
        let result = build::build(sh, &plan)?;
        if result.is_ok() {
            // A build takes hundreds of megabytes, and there may be 168.
            std::fs::remove_dir_all(&target).ok();
            std::fs::write(&stamp, key)?;
        }
        Ok(result)
    }
}

/// A bar with the time left on a terminal; a line a row elsewhere.
struct Progress {
    bar: ProgressBar,
    begun: Instant,
    done: Mutex<usize>,
    todo: usize,
    quiet: bool,
}

impl Progress {
    fn new(todo: usize) -> Progress {
        let bar = ProgressBar::new(todo as u64);
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} rows, {msg}");
        bar.set_style(style.expect("a valid template"));
        bar.enable_steady_tick(Duration::from_millis(500));
        Progress {
            bar,
            begun: Instant::now(),
            done: Mutex::new(0),
            todo,
            quiet: !std::io::stderr().is_terminal(),
        }
    }

    fn begin(&self, row: &Row) {
        self.bar.set_message(format!("{row}"));
    }

    fn end(&self, record: &Record) {
        let mut done = lock(&self.done);
        *done += 1;
        // From this run's own rows: they take about the same time each.
        let left = self.begun.elapsed().mul_f64((self.todo - *done) as f64 / *done as f64);
        let left = match left.as_secs() {
            0 if *done == self.todo => "done".to_owned(),
            seconds if seconds < 90 => format!("about {seconds} s left"),
            seconds => format!("about {} min left", seconds.div_ceil(60)),
        };
        self.bar.inc(1);
        let wrong = record.build.is_some()
            || !record.code.findings.is_empty()
            || record.execution.runs.iter().any(|run| !run.outcome.failed.is_empty());
        let word = if wrong { "FAILED" } else { "done" };
        let line = format!(
            "[{}/{}] {} {word} after {:.0} s, {left}",
            *done, self.todo, record.row, record.seconds
        );
        if self.quiet {
            eprintln!("{line}");
        } else {
            self.bar.println(line);
        }
    }
}

/// Narrows a failing row: builds it again and again with features switched off, and repeats what
/// failed first.
///
/// `agreed` has the hashes that most rows have.
pub fn bisect(
    sh: &Shell,
    host: &Host,
    record: &Record,
    judged: &Judged,
    agreed: &BTreeMap<String, String>,
) -> Result<String> {
    let row = &record.row;
    let base = toolchain::features(sh, "x86-64", "")?;
    let all: Vec<String> =
        toolchain::features(sh, &row.cpu, &row.features)?.difference(&base).cloned().collect();
    let wanted = judged.findings.first().context("a failing row has a finding")?;
    let (layer, check) = (wanted.layer, wanted.message.split(": ").next().unwrap_or_default());
    let right = agreed.get(check);
    let dir = paths::target().join("matrix/bisect").join(row.file_name());
    let mut builds = 0;
    let narrowed = bisect::narrow(&all, |off| {
        builds += 1;
        eprintln!("{row}: build {builds}, {} of {} features off", off.len(), all.len());
        let (target, prefix) = (dir.join("build"), dir.join("install"));
        let plan = Plan {
            workspace: paths::root(),
            row,
            without: off,
            package: None,
            target: &target,
            prefix: &prefix,
            jobs: None,
        };
        let built = match build::build(sh, &plan)? {
            Err(_) => return Ok(layer == "verified"),
            Ok(built) => built,
        };
        if layer == "verified" {
            return Ok(false);
        }
        let libraries = built.libraries();
        let on: BTreeSet<String> = all.iter().filter(|f| !off.contains(f)).cloned().collect();
        let features: BTreeSet<String> = base.union(&on).cloned().collect();
        let code = execute::look(&libraries.each_ref().map(|p| p.as_path()), &features)?;
        if layer == "machine code" {
            return Ok(!code.findings.is_empty());
        }
        if host.way(sh, &code.needed)? != Way::Native {
            return Ok(false);
        }
        let outcome = run_check(sh, &built, &dir, check)?;
        let differs = outcome.hashes.get(check).is_some_and(|hash| Some(hash) != right);
        Ok(if layer == "same bytes" { differs } else { !outcome.failed.is_empty() })
    })?;
    let generators = toolchain::generators(sh, &narrowed)?;
    Ok(match generators.as_slice() {
        [] => format!("no feature beyond x86-64 ({builds} builds)"),
        some => format!("{} ({builds} builds)", some.join(", ")),
    })
}

fn run_check(sh: &Shell, built: &Built, work: &Path, check: &str) -> Result<Outcome> {
    let program = work.join("suite-shared");
    let suite = Suite::build(sh, Linkage::Shared, &built.include, Some(&built.lib), &program)?;
    suite.run(&[], &["--only".into(), check.into()], &[])
}
