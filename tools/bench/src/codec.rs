//! What `bench zstd` consists of: options, throughput, small calls, memory.

use std::path::PathBuf;

use anyhow::{Result, bail, ensure};
use bench::job::{CodecJob, Interface, Library, Pace, Race, Timing};

use super::Output;
use super::chart::Panel;
use super::peers::{OURS, Peer};
use super::report::{Table, against_best, figure, size};
use super::runner::Outcome;

/// What both commands take.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub output: Output,
    /// Compress the files below DIR; without it, data made from a fixed seed
    #[arg(long, value_name = "DIR")]
    corpus: Option<PathBuf>,
    /// Bytes of each made kind of data, and the most taken of each file
    #[arg(long, default_value_t = 1 << 20, value_name = "BYTES")]
    size: usize,
    /// Levels, separated by commas; all of them without it
    #[arg(long, value_delimiter = ',', allow_negative_numbers = true, value_name = "LEVELS")]
    levels: Vec<i32>,
    /// Chunk sizes of streaming calls in bytes, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "SIZES", default_values_t = CHUNKS)]
    chunks: Vec<usize>,
    /// The time for each library in each row, in milliseconds
    #[arg(long, default_value_t = 100, value_name = "MS")]
    time: u64,
}

const CHUNKS: [usize; 3] = [4 << 10, 16 << 10, 64 << 10];

impl Args {
    /// An error for what cannot be measured; `levels` are all that the format has.
    pub fn check(&self, levels: &[i32]) -> Result<()> {
        self.output.check()?;
        ensure!(self.size > 0, "--size 0 leaves nothing to compress");
        ensure!(!self.chunks.contains(&0), "a chunk of 0 bytes moves nothing");
        if let Some(dir) = &self.corpus {
            ensure!(dir.is_dir(), "{} is no folder", dir.display());
        }
        if let Some(level) = self.levels.iter().find(|l| !levels.contains(l)) {
            bail!("level {level} is none of {levels:?}");
        }
        Ok(())
    }

    /// The runner's job; `levels` are those to measure unless some are asked for.
    pub fn job(
        &self,
        peers: &[Peer],
        interface: impl Fn(&Peer) -> Interface,
        levels: &[i32],
    ) -> Result<CodecJob> {
        let library = |peer: &Peer| Library {
            name: peer.name.to_owned(),
            path: peer.path.clone(),
            interface: interface(peer),
        };
        let levels = if self.levels.is_empty() { levels } else { &self.levels };
        Ok(CodecJob {
            libraries: peers.iter().map(library).collect(),
            corpus: self.corpus.as_ref().map(std::path::absolute).transpose()?,
            data_bytes: if self.output.quick { self.size.min(64 << 10) } else { self.size },
            levels: levels.to_vec(),
            chunks: self.chunks.clone(),
        })
    }

    /// How long to measure.
    pub fn pace(&self) -> Pace {
        let quick = self.output.quick;
        Pace {
            batch_us: if quick { 20 } else { 500 },
            race_ms: if quick { 1 } else { self.time },
            min_rounds: if quick { 3 } else { 5 },
        }
    }
}

/// Bytes in a nanosecond, times a thousand.
fn megabytes(race: &Race, ns: f64) -> f64 {
    race.bytes as f64 * 1e3 / ns
}

fn calls(chunk: Option<usize>) -> String {
    chunk.map_or_else(|| "whole".to_owned(), size)
}

/// The throughput tables of `operation`: one for each piece of data and one for all together.
pub fn throughput(outcome: &Outcome, libraries: &[&str], operation: &str) -> Vec<Table> {
    let races: Vec<&Race> = outcome.races.iter().filter(|r| r.operation == operation).collect();
    let mut names: Vec<&str> = races.iter().map(|r| r.data.as_str()).collect();
    names.dedup();
    let mut tables: Vec<Table> = names
        .iter()
        .map(|name| {
            let of_this: Vec<Race> =
                races.iter().filter(|r| r.data == *name).map(|r| (*r).clone()).collect();
            let bytes = of_this.first().map_or(0, |r| r.bytes);
            let title = format!("{operation}, {name} ({} bytes)", grouped(bytes));
            table(title, &of_this, libraries)
        })
        .collect();
    if names.len() > 1 {
        let total = total(&races);
        let bytes = total.first().map_or(0, |r| r.bytes);
        let title = format!("{operation}, all data together ({} bytes)", grouped(bytes));
        tables.push(table(title, &total, libraries));
    }
    tables
}

/// For each level and chunk size, the sum over all data.
fn total(races: &[&Race]) -> Vec<Race> {
    let mut sums: Vec<Race> = Vec::new();
    for race in races {
        let same = |sum: &&mut Race| (sum.level, sum.chunk) == (race.level, race.chunk);
        let Some(sum) = sums.iter_mut().find(same) else {
            sums.push(Race { data: "all".to_owned(), ..(*race).clone() });
            continue;
        };
        sum.bytes += race.bytes;
        for (into, from) in sum.times.iter_mut().zip(&race.times) {
            into.best_ns += from.best_ns;
            into.median_ns += from.median_ns;
            into.compressed = into.compressed.zip(from.compressed).map(|(a, b)| a + b);
        }
    }
    sums
}

fn table(title: String, races: &[Race], libraries: &[&str]) -> Table {
    let levels = races.iter().any(|r| r.level.is_some());
    let what = if levels { "best MB/s (bytes in / bytes out)" } else { "best MB/s of output" };
    let mut header = vec!["calls".to_owned()];
    if levels {
        header.push("level".to_owned());
    }
    header.extend(libraries.iter().map(|&l| l.to_owned()));
    header.extend(["ratio", "medians", "to"].map(str::to_owned));
    let mut sorted: Vec<&Race> = races.iter().collect();
    sorted.sort_by_key(|r| r.chunk.map_or((0, 0), |c| (1, c)));
    let row = |race: &&Race| {
        let mut row = vec![calls(race.chunk)];
        row.extend(race.level.map(|l| l.to_string()));
        for library in libraries {
            let timing = race.times.iter().find(|t| t.library == *library);
            row.push(timing.map_or_else(String::new, |t| cell(race, t)));
        }
        row.extend(ratios(race));
        row
    };
    Table {
        title: format!("{title}: {what}"),
        header,
        rows: sorted.iter().map(row).collect(),
        ..Table::default()
    }
}

fn cell(race: &Race, timing: &Timing) -> String {
    let speed = figure(megabytes(race, timing.best_ns));
    match timing.compressed {
        Some(out) => format!("{speed} ({:.3})", race.bytes as f64 / out as f64),
        None => speed,
    }
}

/// Ours to the fastest other: by best times, by medians, and which other.
fn ratios(race: &Race) -> [String; 3] {
    let speeds = |ns: fn(&Timing) -> f64| -> Vec<(&str, f64)> {
        race.times.iter().map(|t| (t.library.as_str(), 1.0 / ns(t))).collect()
    };
    let (best, median) = (speeds(|t| t.best_ns), speeds(|t| t.median_ns));
    match (against_best(&best), against_best(&median)) {
        (Some((best, to)), Some((median, _))) => {
            [format!("{best:.2}"), format!("{median:.2}"), to.to_owned()]
        }
        _ => [const { String::new() }; 3],
    }
}

/// Small calls, one row an operation and size.
pub fn small_calls(outcome: &Outcome, libraries: &[&str], throughput: &[&str]) -> Table {
    let races = outcome.races.iter().filter(|r| !throughput.contains(&r.operation.as_str()));
    let takes_part = |l: &&&str| races.clone().any(|r| r.times.iter().any(|t| t.library == **l));
    let libraries: Vec<&str> = libraries.iter().filter(takes_part).copied().collect();
    let mut header = vec!["operation".to_owned(), "bytes".to_owned()];
    header.extend(libraries.iter().map(|&l| l.to_owned()));
    header.extend(["ratio", "medians", "to"].map(str::to_owned));
    let row = |race: &Race| {
        let bytes = if race.bytes == 0 { String::new() } else { race.bytes.to_string() };
        let mut row = vec![race.operation.clone(), bytes];
        for library in &libraries {
            let timing = race.times.iter().find(|t| t.library == *library);
            row.push(timing.map_or_else(String::new, |t| figure(t.best_ns / 1e3)));
        }
        row.extend(ratios(race));
        row
    };
    Table {
        title: "Small calls: best µs a call".to_owned(),
        header,
        rows: races.clone().map(row).collect(),
        ..Table::default()
    }
}

/// Bytes held, one row an object.
pub fn memory(outcome: &Outcome, libraries: &[&str], title: &str) -> Table {
    let mut objects: Vec<&str> = Vec::new();
    for memory in &outcome.memory {
        if !objects.contains(&memory.object.as_str()) {
            objects.push(&memory.object);
        }
    }
    let measured = |l: &&&str| outcome.memory.iter().any(|m| m.library == **l);
    let libraries: Vec<&str> = libraries.iter().filter(measured).copied().collect();
    let mut header = vec!["object".to_owned()];
    header.extend(libraries.iter().map(|&l| l.to_owned()));
    let row = |object: &&str| {
        let mut row = vec![(*object).to_owned()];
        for library in &libraries {
            let found =
                outcome.memory.iter().find(|m| m.object == *object && m.library == *library);
            row.push(found.map_or_else(String::new, |m| {
                format!("{} / {}", grouped(m.made), grouped(m.peak))
            }));
        }
        row
    };
    Table {
        title: title.to_owned(),
        header,
        rows: objects.iter().map(row).collect(),
        ..Table::default()
    }
}

/// 1,234,567
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Speed over compression ratio, a point a level; then speed of the other direction by chunk size.
pub fn panels(outcome: &Outcome, libraries: &[&str], there: &str, back: &str) -> Vec<Panel> {
    let pick = |operation: &str| -> Vec<&Race> {
        outcome.races.iter().filter(|r| r.operation == operation).collect()
    };
    let (there_races, back_races) = (pick(there), pick(back));
    let mut panels = vec![
        by_ratio(format!("{there}, whole buffers, all data"), &total(&there_races), libraries),
        by_chunk(format!("{back}, all data"), &total(&back_races), libraries),
    ];
    let mut names: Vec<&str> = there_races.iter().map(|r| r.data.as_str()).collect();
    names.dedup();
    // A folder of many files would make a poster.
    if names.len() <= 6 {
        for name in names {
            let own = |races: &[&Race]| -> Vec<Race> {
                races.iter().filter(|r| r.data == name).map(|r| (*r).clone()).collect()
            };
            let (there_own, back_own) = (own(&there_races), own(&back_races));
            panels.push(by_ratio(format!("{there}, whole buffers, {name}"), &there_own, libraries));
            panels.push(by_chunk(format!("{back}, {name}"), &back_own, libraries));
        }
    }
    panels
}

fn lines(
    races: &[Race],
    libraries: &[&str],
    point: impl Fn(&Race, &Timing) -> Option<(f64, f64)>,
) -> Vec<(String, Vec<(f64, f64)>)> {
    let line = |library: &&str| {
        let points: Vec<(f64, f64)> = races
            .iter()
            .filter_map(|race| point(race, race.times.iter().find(|t| t.library == *library)?))
            .collect();
        (!points.is_empty()).then(|| ((*library).to_owned(), points))
    };
    libraries.iter().filter_map(line).collect()
}

fn by_ratio(title: String, races: &[Race], libraries: &[&str]) -> Panel {
    // Level 0 stores: its speed would flatten all the others.
    let shown = |race: &&Race| race.chunk.is_none() && race.level != Some(0);
    let whole: Vec<Race> = races.iter().filter(shown).cloned().collect();
    let lines = lines(&whole, libraries, |race, timing| {
        let ratio = race.bytes as f64 / timing.compressed? as f64;
        Some((ratio, megabytes(race, timing.best_ns)))
    });
    let x = "bytes in / bytes out, a point a level".to_owned();
    Panel { title, x, y: "MB/s".to_owned(), log_x: false, lines }
}

fn by_chunk(title: String, races: &[Race], libraries: &[&str]) -> Panel {
    let mut sorted = races.to_vec();
    sorted.sort_by_key(|r| r.chunk.unwrap_or(usize::MAX));
    let lines = lines(&sorted, libraries, |race, timing| {
        let chunk = race.chunk.unwrap_or(race.bytes);
        Some((chunk as f64, megabytes(race, timing.best_ns)))
    });
    let x = "bytes a call, the last the whole buffer".to_owned();
    Panel { title, x, y: "MB/s".to_owned(), log_x: true, lines }
}

/// In how many rows of `operation` we are ahead of the best other, and the worst row.
pub fn verdict(outcome: &Outcome, operation: &str) -> Option<String> {
    let races = outcome.races.iter().filter(|r| r.operation == operation);
    let ratio = |race: &Race| {
        let speeds: Vec<(&str, f64)> =
            race.times.iter().map(|t| (t.library.as_str(), 1.0 / t.best_ns)).collect();
        against_best(&speeds).map(|(ratio, to)| (ratio, to.to_owned()))
    };
    let rated: Vec<(&Race, (f64, String))> = races.filter_map(|r| Some((r, ratio(r)?))).collect();
    let (race, (worst, to)) = rated.iter().min_by(|a, b| a.1.0.total_cmp(&b.1.0))?;
    // Two builds of the same code differ by as much from run to run.
    let count =
        |from: f64, below: f64| rated.iter().filter(|r| (from..below).contains(&r.1.0)).count();
    let level = race.level.map(|l| format!(", level {l}")).unwrap_or_default();
    Some(format!(
        "{operation}: against the fastest other {OURS} is ahead in {} of {} rows, within 3 % in \
         {}, behind in {}; lowest: {worst:.2} of {to} ({}{level}, {})",
        count(1.03, f64::INFINITY),
        rated.len(),
        count(0.97, 1.03),
        count(0.0, 0.97),
        race.data,
        calls(race.chunk),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn race(data: &str, bytes: usize, ours: f64, other: f64) -> Race {
        let timing = |library: &str, ns| Timing {
            library: library.to_owned(),
            best_ns: ns,
            median_ns: ns,
            compressed: Some(bytes / 2),
            ..Timing::default()
        };
        Race {
            operation: "deflate".to_owned(),
            data: data.to_owned(),
            level: Some(6),
            bytes,
            times: vec![timing(OURS, ours), timing("zlib", other)],
            ..Race::default()
        }
    }

    #[test]
    fn totals_add_bytes_and_times_of_the_same_row() {
        let (a, b) = (race("a", 100, 10.0, 20.0), race("b", 300, 30.0, 20.0));
        let total = total(&[&a, &b]);
        assert_eq!(total.len(), 1);
        assert_eq!((total[0].bytes, total[0].times[0].compressed), (400, Some(200)));
        assert_eq!((total[0].times[0].best_ns, total[0].times[1].best_ns), (40.0, 40.0));
    }

    #[test]
    fn the_verdict_names_the_worst_row() {
        let races = vec![race("a", 100, 10.0, 20.0), race("b", 300, 40.0, 20.0)];
        let outcome = Outcome { races, ..Outcome::default() };
        let said = verdict(&outcome, "deflate").expect("both rows have ours and a peer");
        assert!(said.contains("ahead in 1 of 2 rows") && said.contains("0.50 of zlib (b, level 6"));
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }
}
