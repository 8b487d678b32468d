//! `cargo xtask conformance`: upstream's test programs and everyday programs on the libraries.

pub mod bytes;
pub mod checks;
pub mod corpus;
pub mod lab;
pub mod programs;
pub mod zlib;
pub mod zstd;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use comfy_table::{ContentArrangement, Table};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use xshell::Shell;

use base::paths;

/// What `cargo xtask conformance` takes.
#[derive(clap::Args)]
pub struct Args {
    /// All, one after the other, if none is named
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(clap::Subcommand)]
enum What {
    /// The same file from both libraries: programs write it on ours and on stock zlib
    Bytes(bytes::Args),
    /// A real job with each of some everyday programs, compared with the same on the system's
    Programs(programs::Args),
    /// zlib's own test programs and examples, beside stock zlib built from the same source
    Zlib(zlib::Args),
    /// zstd's own tests: unit tests, random testers, golden files, scripts with its command line
    Zstd(zstd::Args),
}

/// What every kind of conformance run takes.
#[derive(clap::Args, Default)]
pub struct Common {
    /// Only this one (may be given several times)
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Also write the results as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Test the libraries installed here instead of building and installing to target/prefix
    #[arg(long, value_name = "DIR")]
    prefix: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<ExitCode> {
    match &args.what {
        Some(What::Bytes(args)) => bytes::run(args),
        Some(What::Programs(args)) => programs::run(args),
        Some(What::Zlib(args)) => zlib::run(args),
        Some(What::Zstd(args)) => zstd::run(args),
        None => {
            let runs = [
                programs::run(&programs::Args::default())?,
                bytes::run(&bytes::Args::default())?,
                zlib::run(&zlib::Args::default())?,
                zstd::run(&zstd::Args::default())?,
            ];
            let failed = runs.iter().find(|code| **code != ExitCode::SUCCESS);
            Ok(*failed.unwrap_or(&ExitCode::SUCCESS))
        }
    }
}

impl Common {
    /// Those of `known` that were asked for.
    ///
    /// # Errors
    /// `--only` names something that is not in `known`, or the JSON file cannot be written.
    fn selected<'a>(&self, known: &[&'a str]) -> Result<Vec<&'a str>> {
        if let Some(unknown) = self.only.iter().find(|n| !known.contains(&n.as_str())) {
            anyhow::bail!("no {unknown:?} here; there is: {}", known.join(", "));
        }
        self.check_json()?;
        let asked = |name: &&str| self.only.is_empty() || self.only.iter().any(|n| n == name);
        Ok(known.iter().copied().filter(asked).collect())
    }

    /// Makes sure that the JSON can be written when all is done.
    fn check_json(&self) -> Result<()> {
        match &self.json {
            Some(file) => File::options()
                .create(true)
                .append(true)
                .open(file)
                .map(drop)
                .with_context(|| format!("cannot write {}", file.display())),
            None => Ok(()),
        }
    }

    /// Runs the jobs that were asked for, of those called `known`, with what `prepare` gives them
    /// all, and says whether all holds.
    fn run<Needs>(
        &self,
        known: &[&'static str],
        prepare: impl FnOnce(&Shell) -> Result<Needs>,
        run_one: impl Fn(&Needs, &Shell, &Path, &str) -> Report,
    ) -> Result<ExitCode> {
        let sh = Shell::new()?;
        let selected = self.selected(known)?;
        let prefix = self.prefix(&sh)?;
        let needs = prepare(&sh)?;
        let reports = run_all(&selected, |name| run_one(&needs, &sh, &prefix, name));
        conclude(&reports, self.json.as_deref())
    }

    /// The libraries to test, built and installed unless `--prefix` names some.
    fn prefix(&self, sh: &Shell) -> Result<PathBuf> {
        match &self.prefix {
            Some(prefix) => Ok(fs::canonicalize(prefix)
                .with_context(|| format!("no libraries in {}", prefix.display()))?),
            None => {
                install::ensure_default_prefix(sh)?;
                Ok(paths::default_prefix())
            }
        }
    }
}

/// How a job came out.
#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase", tag = "result", content = "detail")]
pub enum Outcome {
    /// It holds; what was done, in a few words.
    Passed(String),
    /// It does not; why.
    Failed(String),
    /// It cannot be tried here; why.
    Skipped(String),
}

/// A job with its outcome.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The job's name.
    pub name: &'static str,
    /// How it came out.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// How long it took.
    pub seconds: f64,
    /// Which library files its processes mapped.
    pub mapped: Vec<PathBuf>,
}

impl Report {
    /// Runs `job`; what it mapped comes back beside its result.
    pub fn of(name: &'static str, job: impl FnOnce() -> (Outcome, Vec<PathBuf>)) -> Report {
        let start = Instant::now();
        let (outcome, mapped) = job();
        Report { name, outcome, seconds: start.elapsed().as_secs_f64(), mapped }
    }
}

/// Runs `job` for each name, with a line on the terminal that says which is running.
fn run_all<'a>(names: &[&'a str], mut job: impl FnMut(&'a str) -> Report) -> Vec<Report> {
    let style = ProgressStyle::with_template("{spinner} {pos}/{len} {msg} {elapsed}");
    let bar = ProgressBar::new(names.len() as u64);
    bar.set_style(style.expect("the template is well-formed"));
    bar.enable_steady_tick(Duration::from_millis(200));
    let reports = names
        .iter()
        .map(|name| {
            bar.set_message(name.to_string());
            let report = job(name);
            bar.inc(1);
            report
        })
        .collect();
    bar.finish_and_clear();
    reports
}

/// Prints the table, writes the JSON, and says whether all holds.
fn conclude(reports: &[Report], json: Option<&Path>) -> Result<ExitCode> {
    let mut table = Table::new();
    table.load_preset(comfy_table::presets::UTF8_FULL_CONDENSED);
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(130);
    table.set_header(["", "result", "s", "mapped", "what"]);
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for report in reports {
        let (result, detail) = match &report.outcome {
            Outcome::Passed(detail) => ("ok", detail),
            Outcome::Failed(why) => ("FAILED", why),
            Outcome::Skipped(why) => ("skipped", why),
        };
        match report.outcome {
            Outcome::Passed(_) => passed += 1,
            Outcome::Failed(_) => failed += 1,
            Outcome::Skipped(_) => skipped += 1,
        }
        let files = report.mapped.iter().filter_map(|f| Some(f.file_name()?.to_string_lossy()));
        table.add_row([
            report.name,
            result,
            &format!("{:.1}", report.seconds),
            &files.collect::<Vec<_>>().join("\n"),
            detail,
        ]);
    }
    println!("{table}");
    if let Some(file) = json {
        let text = serde_json::to_string_pretty(reports)? + "\n";
        fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    println!("{passed} passed, {failed} failed, {skipped} skipped");
    // All skipped is no proof.
    Ok(if failed == 0 && passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
