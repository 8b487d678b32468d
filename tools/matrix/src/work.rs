//! Rows, several at once: built, run, looked through, recorded.

use std::collections::{BTreeMap, VecDeque};
use std::io::IsTerminal;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use xshell::Shell;

use super::build::{self, Built, Failure, Plan};
use super::execute::{self, Code, Execution, Extent};
use super::host::Host;
use super::record::{Inputs, Record, Store};
use super::row::{Lto, Opt, Row};
use super::toolchain::{self, Versions};
use super::{Args, judge};
use base::paths;

/// What is known of the rows after a run.
pub struct Known {
    /// Of each row, in the order of the rows.
    pub records: Vec<Record>,
    /// Of other rows, from earlier runs.
    pub others: Vec<Record>,
    /// What stock's libraries write, which these rows have to write as well: by check, the hash.
    pub kept: BTreeMap<String, String>,
    /// What stock's library makes of what need not be the same on every CPU; or why it cannot be told.
    pub stock: Result<BTreeMap<String, String>, String>,
}

impl Known {
    /// What each check's output is taken to be: what most runs have, unless stock's library tells.
    pub fn agreed_hashes(&self) -> BTreeMap<String, String> {
        let all = self.records.iter().chain(&self.others);
        let mut agreed = judge::agreed_hashes(all.flat_map(|record| &record.execution.runs));
        let stock = self.kept.iter().chain(self.stock.iter().flatten());
        agreed.extend(stock.map(|(k, v)| (k.clone(), v.clone())));
        agreed
    }
}

/// Runs the rows whose results are not known.
pub fn run(
    sh: &Shell,
    args: &Args,
    host: &Host,
    versions: &Versions,
    rows: &[Row],
) -> Result<Known> {
    let _lock = paths::lock("matrix/rows.lock")?;
    let inputs = Inputs::read(versions, host)?;
    install::cargo_c::cinstall(sh)?;
    let store = Store::new();
    let load = |row| if args.fresh { None } else { store.load(row, &inputs, args.full) };
    let known: Vec<Option<Record>> = rows.iter().map(load).collect();
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
    let progress = Progress::new(todo, jobs);
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
                                store.store(&record, args.full)?;
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
    let records = records.into_iter().map(|record| record.expect("every row was run")).collect();
    let stock = super::stock::hashes(sh, host).map_err(|error| format!("{error:#}"));
    if let Err(reason) = &stock {
        eprintln!("zstd/damage is not compared with stock's library: {reason}");
    }
    // Another engine writes other bytes.
    let engine = rows.first().map_or(args.engine, |row| row.engine);
    let mut others = store.others(rows, &inputs);
    others.retain(|record| record.row.engine == engine);
    Ok(Known { records, others, kept: super::stock::kept(engine), stock })
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
            key: self.inputs.key(self.row, self.args.full),
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
            let built = Built::at(&prefix, toolchain::march(sh, &self.row.cpu));
            if built.libraries().iter().all(|library| library.exists()) {
                return Ok(Ok(built));
            }
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
    /// Rows done, and the seconds that they took.
    done: Mutex<(usize, f64)>,
    todo: usize,
    jobs: usize,
    quiet: bool,
}

impl Progress {
    fn new(todo: usize, jobs: usize) -> Progress {
        let bar = ProgressBar::new(todo as u64);
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} rows, {msg}");
        bar.set_style(style.expect("a valid template"));
        bar.enable_steady_tick(Duration::from_millis(500));
        Progress {
            bar,
            begun: Instant::now(),
            done: Mutex::new((0, 0.0)),
            todo,
            jobs,
            quiet: !std::io::stderr().is_terminal(),
        }
    }

    fn begin(&self, row: &Row) {
        self.bar.set_message(format!("{row}"));
    }

    fn end(&self, record: &Record) {
        let mut done = lock(&self.done);
        *done = (done.0 + 1, done.1 + record.seconds);
        let left = time_left(self.begun.elapsed(), *done, self.todo, self.jobs);
        self.bar.inc(1);
        let verdict = match record.first_failure() {
            None => "passed".to_owned(),
            Some(failure) => format!("FAILED ({failure})"),
        };
        let line = format!(
            "[{}/{}] {} {verdict} after {:.0} s, {left}",
            done.0, self.todo, record.row, record.seconds
        );
        if self.quiet {
            eprintln!("{line}");
        } else {
            self.bar.println(line);
        }
    }
}

/// In words, from this run's own rows, which take about the same time each. `done` has how many and
/// their seconds; `jobs` are at work at once, so that others have been begun.
fn time_left(elapsed: Duration, done: (usize, f64), todo: usize, jobs: usize) -> String {
    let (rows, seconds) = (done.0 as f64, done.1);
    let whole = seconds / rows * todo as f64 / jobs as f64;
    match (whole - elapsed.as_secs_f64()).max(0.0).ceil() as u64 {
        _ if done.0 == todo => "none left".to_owned(),
        left if left < 90 => format!("about {left} s left"),
        left => format!("about {} min left", left.div_ceil(60)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_are_at_work_count() {
        let left =
            |elapsed, done, todo, jobs| time_left(Duration::from_secs(elapsed), done, todo, jobs);
        assert_eq!(left(60, (1, 60.0), 22, 2), "about 10 min left");
        assert_eq!(left(60, (2, 120.0), 22, 2), "about 10 min left");
        assert_eq!(left(60, (1, 60.0), 2, 1), "about 60 s left");
        assert_eq!(left(600, (1, 60.0), 2, 1), "about 0 s left");
        assert_eq!(left(120, (2, 120.0), 2, 1), "none left");
    }
}
