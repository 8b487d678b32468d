//! Builds the runner, hands it a job, shows its progress and collects what it says.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use bench::job::{Event, Job, Loaded, Memory, Race};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use xshell::{Shell, cmd};

use base::paths;

/// What a run of the runner found.
#[derive(Default, Serialize)]
pub struct Outcome {
    /// The libraries measured, as the process held them.
    pub libraries: Vec<Loaded>,
    /// Those that could not be measured, and why.
    pub left_out: BTreeMap<String, String>,
    /// The times.
    pub races: Vec<Race>,
    /// The memory figures.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub memory: Vec<Memory>,
}

/// Builds the runner: optimised, with the workspace's own settings.
pub fn build(sh: &Shell) -> Result<PathBuf> {
    let _dir = sh.push_dir(paths::root());
    cmd!(sh, "cargo build --quiet --release --package bench")
        .quiet()
        .run()
        .context("the benchmark runner cannot be built")?;
    Ok(paths::target().join("release/bench"))
}

/// Runs `job` in `processes` processes after each other, each for its part of the time. Where the
/// loader and the kernel put libraries and stack differs from process to process, and with it how
/// fast a small function is: the best is the best of all, the median the middle one's.
pub fn run_in_turn(
    runner: &PathBuf,
    job: &Job,
    environment: &[(&str, String)],
    what: &str,
    processes: usize,
) -> Result<Outcome> {
    let mut job = job.clone();
    job.pace.race_ms = job.pace.race_ms.div_ceil(processes as u64);
    job.pace.min_rounds = job.pace.min_rounds.div_ceil(processes);
    let outcomes = (1..=processes)
        .map(|n| run(runner, &job, environment, &format!("{what} {n}/{processes}")))
        .collect::<Result<Vec<_>>>()?;
    merge(outcomes).context("no process was asked for")
}

/// The races of equal jobs as one.
fn merge(mut outcomes: Vec<Outcome>) -> Option<Outcome> {
    let mut merged = outcomes.pop()?;
    for (at, race) in merged.races.iter_mut().enumerate() {
        for (who, time) in race.times.iter_mut().enumerate() {
            let others = outcomes.iter().map(|outcome| &outcome.races[at].times[who]);
            let mut medians = vec![time.median_ns];
            for other in others {
                time.best_ns = time.best_ns.min(other.best_ns);
                time.rounds += other.rounds;
                medians.push(other.median_ns);
            }
            medians.sort_by(f64::total_cmp);
            time.median_ns = medians[medians.len() / 2];
        }
    }
    Some(merged)
}

/// Runs `job`; `environment` chooses CPU tiers.
pub fn run(
    runner: &PathBuf,
    job: &Job,
    environment: &[(&str, String)],
    what: &str,
) -> Result<Outcome> {
    let mut child = Command::new(runner)
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("{}", runner.display()))?;
    let mut stdin = child.stdin.take().context("the runner has no standard input")?;
    writeln!(stdin, "{}", serde_json::to_string(job)?).context("the runner took no job")?;
    drop(stdin);

    let style = ProgressStyle::with_template("{prefix} {wide_bar} {pos}/{len} {msg} {eta}")?;
    let bar = ProgressBar::new(0).with_style(style).with_prefix(what.to_owned());
    let mut outcome = Outcome::default();
    let stdout = child.stdout.take().context("the runner has no standard output")?;
    for line in BufReader::new(stdout).lines() {
        let event = serde_json::from_str(&line?).context("the runner wrote no event")?;
        match event {
            Event::Races(count) => bar.set_length(count as u64),
            Event::Loaded(loaded) => {
                if !outcome.libraries.iter().any(|known| known.library == loaded.library) {
                    outcome.libraries.push(loaded);
                }
            }
            Event::LeftOut { library, reason } => {
                bar.suspend(|| eprintln!("left out: {library}: {reason}"));
                outcome.left_out.insert(library, reason);
            }
            Event::Race(race) => {
                bar.inc(1);
                bar.set_message(format!("{} {} {}", race.operation, race.data, race.bytes));
                outcome.races.push(race);
            }
            Event::Memory(memory) => outcome.memory.push(memory),
        }
    }
    bar.finish_and_clear();
    let status = child.wait()?;
    ensure!(status.success(), "the benchmark runner failed: {status}");
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use bench::job::Timing;

    use super::*;

    #[test]
    fn merged_races_keep_the_best_and_the_middle_median() {
        let outcome = |best_ns, median_ns| {
            let time = Timing { best_ns, median_ns, rounds: 10, ..Timing::default() };
            let race = Race { times: vec![time], ..Race::default() };
            Outcome { races: vec![race], ..Outcome::default() }
        };
        let merged = merge(vec![outcome(3.0, 5.0), outcome(1.0, 9.0), outcome(2.0, 4.0)]);
        let time = &merged.expect("three outcomes").races[0].times[0];
        assert_eq!((time.best_ns, time.median_ns, time.rounds), (1.0, 5.0, 30));
        assert!(merge(Vec::new()).is_none());
    }
}
