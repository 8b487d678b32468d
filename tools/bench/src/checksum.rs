//! `cargo xtask bench checksum`.

use std::process::ExitCode;

use anyhow::Result;
use bench::job::{Checksum, ChecksumFunction, ChecksumJob, Job, Pace, Race, Timing, Work};
use serde_json::json;
use xshell::Shell;

use super::Output;
use super::chart::{self, Panel};
use super::machine::Machine;
use super::peers::{Peer, Peers};
use super::report::{Report, Table, against_best, columns, figure, size};
use super::runner::{self, Outcome};
use super::tiers;
use base::tiers::names;

/// What `cargo xtask bench checksum` takes.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    output: Output,
    /// Each lower CPU tier of ours, beside libdeflate held to the same tier
    #[arg(long)]
    tiers: bool,
    /// Each call goes on from the result of the one before (the time a single stream waits)
    #[arg(long)]
    chained: bool,
    /// Where buffers begin, in bytes after a multiple of 64
    #[arg(long, default_value_t = 0)]
    offset: usize,
    /// The time for each library at each size, in milliseconds
    #[arg(long, default_value_t = 90, value_name = "MS")]
    time: u64,
    /// How many processes share that time: each has its libraries and stack elsewhere
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = clap::value_parser!(u8).range(1..))]
    processes: u8,
}

const SIZES: [usize; 21] = [
    1,
    4,
    8,
    15,
    16,
    24,
    32,
    63,
    64,
    100,
    128,
    200,
    256,
    512,
    1 << 10,
    4 << 10,
    16 << 10,
    64 << 10,
    256 << 10,
    1 << 20,
    32 << 20,
];
const QUICK_SIZES: [usize; 5] = [1, 16, 100, 4 << 10, 1 << 20];
/// Sizes that are measured at an odd place too.
const ODD: [usize; 7] = [256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20];
const QUICK_ODD: [usize; 1] = [4 << 10];
const MIXED: [usize; 3] = [32, 256, 4 << 10];

/// Each library's crc32 and adler32 functions; all take zlib's arguments.
const FUNCTIONS: [(&str, Option<&str>, Option<&str>); 9] = [
    ("zcompat", Some("crc32"), Some("adler32")),
    ("zlib", Some("crc32"), Some("adler32")),
    ("zlib-ng", Some("crc32"), Some("adler32")),
    ("zlib-rs", Some("crc32"), Some("adler32")),
    ("libdeflate", Some("libdeflate_crc32"), Some("libdeflate_adler32")),
    ("ISA-L", Some("crc32_gzip_refl"), Some("isal_adler32")),
    ("crc-fast", Some("crc_fast_crc32"), None),
    ("crc32fast", Some("crc32fast_crc32"), None),
    ("simd-adler32", None, Some("simd_adler32_adler32")),
];

/// Runs the command.
pub fn run(args: &Args) -> Result<ExitCode> {
    args.output.check()?;
    let sh = Shell::new()?;
    let peers = if args.tiers {
        let mut peers = Peers::with_ours(args.output.library.as_deref(), "libz.so.1")?;
        peers.libdeflate_with_tiers();
        peers
    } else {
        peers(args)?
    };
    let runner = runner::build(&sh)?;
    let machine = Machine::now(&sh);
    let job = job(args, peers.found());
    let processes = if args.output.quick { 1 } else { usize::from(args.processes) };
    let mut findings = Findings::default();
    if args.tiers {
        let mut outcomes = serde_json::Map::new();
        let mut others = Vec::new();
        for tier in names()? {
            // Loading the libraries without a size to measure shows whether it is taken.
            let environment = tiers::environment(&tier);
            if !tiers::taken(&runner::run(&runner, &empty(&job), &environment, "")?, &tier) {
                others.push(tier);
                continue;
            }
            let outcome = runner::run_in_turn(
                &runner,
                &job,
                &environment,
                &format!("tier {tier}"),
                processes,
            )?;
            findings.add(peers.found(), &outcome, Some(&tier));
            outcomes.insert(tier, json!(outcome));
        }
        if !others.is_empty() {
            findings.notes.push(format!("not on this machine: tiers {}", others.join(", ")));
        }
        findings.figures = json!({ "job": job, "missing": peers.missing, "tiers": outcomes });
    } else {
        let outcome = runner::run_in_turn(&runner, &job, &[], "checksum", processes)?;
        findings.add(peers.found(), &outcome, None);
        findings.figures = json!({ "job": job, "missing": peers.missing, "outcome": outcome });
    }
    let report = Report {
        command: "checksum",
        machine,
        peers: peers.found(),
        tables: findings.tables,
        notes: findings.notes,
        figures: findings.figures,
        svg: chart::svg(&findings.panels)?,
    };
    report.finish(&args.output)?;
    Ok(ExitCode::SUCCESS)
}

/// The job without sizes.
fn empty(job: &Job) -> Job {
    let mut job = job.clone();
    if let Work::Checksum(work) = &mut job.work {
        work.sizes.clear();
        work.odd.clear();
        work.mixed.clear();
    }
    job
}

/// What goes into the report.
#[derive(Default)]
struct Findings {
    tables: Vec<Table>,
    notes: Vec<String>,
    panels: Vec<Panel>,
    figures: serde_json::Value,
}

impl Findings {
    fn add(&mut self, peers: &[Peer], outcome: &Outcome, tier: Option<&str>) {
        let libraries = columns(peers, outcome);
        for checksum in [Checksum::Crc32, Checksum::Adler32] {
            let races: Vec<&Race> =
                outcome.races.iter().filter(|r| r.operation == checksum.name()).collect();
            let name = match tier {
                Some(tier) => format!("{}, tier {tier}", checksum.name()),
                None => checksum.name().to_owned(),
            };
            self.tables.push(table(&name, "best", |t| t.best_ns, &races, &libraries));
            if tier.is_none() {
                self.tables.push(table(&name, "median", |t| t.median_ns, &races, &libraries));
            }
            self.notes.push(verdict(&name, &races));
            self.panels.push(panel(&name, &races, &libraries));
        }
    }
}

fn peers(args: &Args) -> Result<Peers> {
    let mut peers = Peers::with_ours(args.output.library.as_deref(), "libz.so.1")?;
    peers.debian("zlib", "zlib1g", "libz.so.1");
    peers.crates(&["zlib-ng", "zlib-rs", "libdeflate"]);
    peers.debian("ISA-L", "libisal2", "libisal.so.2");
    peers.crates(&["crc-fast", "crc32fast", "simd-adler32"]);
    Ok(peers)
}

fn job(args: &Args, peers: &[Peer]) -> Job {
    let quick = args.output.quick;
    let functions_of = |peer: &Peer| {
        let names = FUNCTIONS.iter().find(|f| f.0 == peer.name);
        let (_, crc32, adler32) = *names.expect("every peer has its functions");
        [(Checksum::Crc32, crc32), (Checksum::Adler32, adler32)]
            .into_iter()
            .filter_map(|(checksum, symbol)| {
                Some(ChecksumFunction {
                    checksum,
                    library: peer.name.to_owned(),
                    path: peer.path.clone(),
                    symbol: symbol?.to_owned(),
                })
            })
            .collect::<Vec<_>>()
    };
    Job {
        pace: Pace {
            batch_us: if quick { 20 } else { 250 },
            race_ms: if quick { 2 } else { args.time },
            min_rounds: if quick { 3 } else { 15 },
        },
        work: Work::Checksum(ChecksumJob {
            functions: peers.iter().flat_map(functions_of).collect(),
            sizes: if quick { QUICK_SIZES.to_vec() } else { SIZES.to_vec() },
            odd: if quick { QUICK_ODD.to_vec() } else { ODD.to_vec() },
            mixed: if quick || args.chained { vec![] } else { MIXED.to_vec() },
            offset: args.offset % 64,
            chained: args.chained,
        }),
    }
}

/// Bytes a nanosecond are GB/s.
fn speeds(race: &Race, ns: impl Fn(&Timing) -> f64) -> Vec<(&str, f64)> {
    race.times.iter().map(|t| (t.library.as_str(), race.bytes as f64 / ns(t))).collect()
}

fn table(
    name: &str,
    which: &str,
    ns: impl Fn(&Timing) -> f64 + Copy,
    races: &[&Race],
    libraries: &[&str],
) -> Table {
    let takes_part =
        |library: &&&str| races.iter().any(|r| r.times.iter().any(|t| t.library == **library));
    let libraries: Vec<&str> = libraries.iter().filter(takes_part).copied().collect();
    let mut header = vec!["bytes".to_owned()];
    header.extend(libraries.iter().map(|&l| l.to_owned()));
    header.extend(["ours ns".to_owned(), "ratio".to_owned(), "to".to_owned()]);
    let row = |race: &&Race| {
        let speeds = speeds(race, ns);
        let mut row = vec![label(race)];
        for library in &libraries {
            let speed = speeds.iter().find(|s| s.0 == *library);
            row.push(speed.map_or_else(String::new, |s| figure(s.1)));
        }
        let ours = race.times.iter().find(|t| t.library == super::peers::OURS);
        row.push(ours.map_or_else(String::new, |t| figure(ns(t))));
        row.extend(match against_best(&speeds) {
            Some((ratio, to)) => [format!("{ratio:.2}"), to.to_owned()],
            None => [String::new(), String::new()],
        });
        row
    };
    Table {
        title: format!("{name}, GB/s, {which} of all rounds"),
        header,
        rows: races.iter().map(row).collect(),
        ..Table::default()
    }
}

/// What a row is called.
fn label(race: &Race) -> String {
    match race.data.as_str() {
        "random" => size(race.bytes),
        place if place.starts_with("at offset") => format!("{} {place}", size(race.bytes)),
        mixed => mixed.to_owned(),
    }
}

/// At which sizes we are behind, by both figures.
fn verdict(name: &str, races: &[&Race]) -> String {
    let mut behind = Vec::new();
    let mut ahead = 0;
    for race in races {
        let best = against_best(&speeds(race, |t| t.best_ns));
        let median = against_best(&speeds(race, |t| t.median_ns));
        let (Some((best, to)), Some((median, _))) = (best, median) else { continue };
        if best >= 1.0 {
            ahead += 1;
        } else {
            let what = label(race);
            behind.push(format!("{what} ({best:.3} of {to}, medians {median:.3})"));
        }
    }
    if behind.is_empty() && ahead == 0 {
        return format!("{name}: ours is not measured");
    }
    let tail = if behind.is_empty() { "none".to_owned() } else { behind.join(", ") };
    format!(
        "{name}: at least the best peer in {ahead} of {} rows; behind: {tail}",
        ahead + behind.len()
    )
}

fn panel(name: &str, races: &[&Race], libraries: &[&str]) -> Panel {
    let lines = libraries.iter().filter_map(|&library| {
        let points: Vec<(f64, f64)> = races
            .iter()
            .filter(|race| race.data == "random")
            .filter_map(|race| {
                let timing = race.times.iter().find(|t| t.library == library)?;
                Some((race.bytes as f64, race.bytes as f64 / timing.best_ns))
            })
            .collect();
        (!points.is_empty()).then(|| (library.to_owned(), points))
    });
    Panel {
        title: name.to_owned(),
        x: "bytes".to_owned(),
        y: "GB/s".to_owned(),
        log_x: true,
        lines: lines.collect(),
    }
}
