//! `cargo xtask bench inflate` and `bench deflate`: options, jobs, tables.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail, ensure};
use bench::job::{EngineJob, Follower, Interface, Job, Library, Pace, Part, Work};
use clap::ValueEnum;
use serde_json::json;
use xshell::Shell;

use super::Output;
use super::corpus::Corpus;
use super::machine::Machine;
use super::peers::{OURS, Peer, Peers};
use super::report::{Report, Table, size};
use super::summary::{Summary, memory};
use super::{chart, runner, tiers};
use base::tiers::names;

/// What both commands take.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    output: Output,
    /// Only these parts, separated by commas
    #[arg(long, value_enum, value_delimiter = ',', value_name = "PARTS")]
    part: Vec<PartName>,
    /// Only these levels, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "LEVELS")]
    level: Vec<i32>,
    /// Only files whose name contains one of these words, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "WORDS")]
    file: Vec<String>,
    /// The files below DIR instead of the default ones
    #[arg(long, value_name = "DIR")]
    corpus: Option<PathBuf>,
    /// The files below DIR besides
    #[arg(long, value_name = "DIR")]
    also: Option<PathBuf>,
    /// The most bytes taken of a file, from its middle: 4 MiB for inflate, 1 MiB for deflate
    #[arg(long, value_name = "BYTES")]
    size: Option<usize>,
    /// The time for each library in each race, in milliseconds
    #[arg(long, default_value_t = 12, value_name = "MS")]
    time: u64,
    /// Also ours at these CPU tiers, separated by commas, in the same run
    #[arg(long, value_delimiter = ',', value_name = "TIERS")]
    tier: Vec<String>,
    /// Also ours at each CPU tier of this machine that is named after one extension
    #[arg(long)]
    tiers: bool,
    /// Also a row for each file
    #[arg(long)]
    per_file: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PartName {
    /// Whole files in one call
    OneCall,
    /// Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED (deflate)
    Strategy,
    /// Whole files in pieces
    Stream,
    /// Messages of a few bytes to some kilobytes
    Small,
    /// What a stream allocates
    Memory,
}

impl PartName {
    fn part(self) -> Part {
        match self {
            PartName::OneCall => Part::OneCall,
            PartName::Strategy => Part::Strategy,
            PartName::Stream => Part::Stream,
            PartName::Small => Part::Small,
            PartName::Memory => Part::Memory,
        }
    }
}

/// One of the two directions.
pub struct Engine {
    /// The command's name.
    name: &'static str,
    parts: &'static [Part],
    levels: &'static [i32],
    default_levels: &'static [i32],
    stream_levels: &'static [i32],
    shapes: &'static [(usize, usize)],
    size: usize,
    work: fn(EngineJob) -> Work,
    notes: &'static [&'static str],
}

const KIB: usize = 1 << 10;
const QUICK_SIZE: usize = 32 * KIB;
const QUICK_LEVELS: [i32; 3] = [1, 6, 9];

/// `bench inflate`.
pub const INFLATE: Engine = Engine {
    name: "inflate",
    parts: &[Part::OneCall, Part::Stream, Part::Small, Part::Memory],
    levels: &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    default_levels: &[1, 6, 9],
    stream_levels: &[6],
    shapes: &[
        (16 * KIB, 16 * KIB),
        (16 * KIB, 64 * KIB),
        (64 * KIB, 16 * KIB),
        (64 * KIB, 64 * KIB),
        (4 * KIB, 16 * KIB),
        (64 * KIB, 4 * KIB),
        (64 * KIB, 256),
    ],
    size: 4 << 20,
    work: Work::Inflate,
    notes: &[
        "Stock zlib makes the streams, at the level given. libdeflate takes whole buffers only: in \
         the streaming rows its figure is its one call on the same stream. libdeflate and ISA-L \
         keep their state in all rows, also in those from Init to End.",
    ],
};

/// `bench deflate`.
pub const DEFLATE: Engine = Engine {
    name: "deflate",
    parts: &[Part::OneCall, Part::Strategy, Part::Stream, Part::Small, Part::Memory],
    levels: &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    default_levels: &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    stream_levels: &[1, 3, 6, 9],
    shapes: &[(64 * KIB, 64 * KIB), (16 * KIB, 16 * KIB), (4 * KIB, 4 * KIB)],
    size: 1 << 20,
    work: Work::Deflate,
    notes: &[
        "Levels choose effort, not output: compare a speed only with the size beside it. libdeflate \
         takes whole buffers only and keeps its compressor from call to call.",
    ],
};

impl Engine {
    fn check(&self, args: &Args) -> Result<()> {
        args.output.check()?;
        ensure!(args.size != Some(0), "--size 0 leaves nothing to measure");
        if let Some(level) = args.level.iter().find(|l| !self.levels.contains(l)) {
            bail!("level {level} is none of {:?}", self.levels);
        }
        if args.part.iter().any(|p| !self.parts.contains(&p.part())) {
            bail!("{} has no such part", self.name);
        }
        for dir in args.corpus.iter().chain(&args.also) {
            ensure!(dir.is_dir(), "{} is no folder", dir.display());
        }
        let known = names()?;
        if let Some(tier) = args.tier.iter().find(|t| !known.contains(t)) {
            bail!("tier {tier} is none of {}", known.join(", "));
        }
        Ok(())
    }

    /// Runs the command.
    pub fn run(&self, args: &Args) -> Result<ExitCode> {
        self.check(args)?;
        let sh = Shell::new()?;
        let quick = args.output.quick;
        let most = args.size.unwrap_or(if quick { QUICK_SIZE } else { self.size });
        let absolute = |dir: &Option<PathBuf>| dir.as_deref().map(std::path::absolute).transpose();
        let (folder, also) = (absolute(&args.corpus)?, absolute(&args.also)?);
        let mut corpus = Corpus::gather(&sh, folder.as_deref(), also.as_deref(), most)?;
        corpus.only(&args.file)?;
        if quick && args.file.is_empty() && args.corpus.is_none() {
            corpus.entries.retain(|entry| entry.input.small || !entry.real);
        }

        let mut peers = Peers::with_ours(args.output.library.as_deref(), "libz.so.1")?;
        peers.debian("zlib", "zlib1g", "libz.so.1");
        peers.crates(&["zlib-ng", "zlib-rs", "libdeflate"]);
        if self.name == "inflate" {
            peers.debian("ISA-L", "libisal2", "libisal.so.2");
        }
        let runner = runner::build(&sh)?;
        let machine = Machine::now(&sh);
        let mut notes = std::mem::take(&mut corpus.notes);
        notes.extend(self.notes.iter().map(|&note| note.to_owned()));
        let mut job = self.job(args, peers.found(), &corpus);
        let tiers = self.tiers(args, &runner, &job, &mut notes)?;
        if let Work::Inflate(work) | Work::Deflate(work) = &mut job.work {
            work.followers = tiers.iter().map(|tier| follower(tier)).collect();
        }
        let outcome = runner::run(&runner, &job, &[], self.name)?;

        let command = |part: &str| self.command(args, part);
        let summary = Summary::new(peers.found(), &outcome, &corpus, &command);
        let mut tables = vec![files_table(&corpus)];
        tables.extend(summary.tables(args.per_file));
        if !outcome.memory.is_empty() {
            tables.push(memory(&outcome, &summary.libraries));
        }
        notes.extend(summary.notes());
        let svg = chart::svg(&summary.panels())?;
        let figures = json!({
            "job": job, "corpus": corpus.entries, "missing": peers.missing, "outcome": outcome,
        });
        let peers = peers.found();
        let report = Report { command: self.name, machine, peers, tables, notes, figures, svg };
        report.finish(&args.output)?;
        Ok(ExitCode::SUCCESS)
    }

    fn job(&self, args: &Args, peers: &[Peer], corpus: &Corpus) -> Job {
        let quick = args.output.quick;
        let library = |peer: &Peer| Library {
            name: peer.name.to_owned(),
            path: peer.path.clone(),
            interface: match peer.name {
                "libdeflate" => Interface::Libdeflate,
                "ISA-L" => Interface::Isal,
                _ => Interface::Zlib,
            },
        };
        let stock = peers.iter().find(|p| p.name == "zlib").unwrap_or(&peers[peers.len() - 1]);
        let parts = match &args.part[..] {
            [] => self.parts.to_vec(),
            some => some.iter().map(|p| p.part()).collect(),
        };
        let levels = |default: &[i32]| match &args.level[..] {
            [] if quick => default.iter().copied().filter(|l| QUICK_LEVELS.contains(l)).collect(),
            [] => default.to_vec(),
            some => some.to_vec(),
        };
        let job = EngineJob {
            libraries: peers.iter().map(library).collect(),
            reference: library(stock),
            files: corpus.entries.iter().map(|entry| entry.input.clone()).collect(),
            parts,
            levels: levels(self.default_levels),
            stream_levels: levels(self.stream_levels),
            shapes: self.shapes.to_vec(),
            followers: Vec::new(),
            follows: false,
        };
        let pace = Pace {
            batch_us: if quick { 20 } else { 500 },
            race_ms: if quick { 1 } else { args.time },
            min_rounds: if quick { 2 } else { 4 },
        };
        Job { pace, work: (self.work)(job) }
    }

    /// The tiers asked for that this machine has.
    fn tiers(
        &self,
        args: &Args,
        runner: &PathBuf,
        job: &Job,
        notes: &mut Vec<String>,
    ) -> Result<Vec<String>> {
        let mut wanted = args.tier.clone();
        if args.tiers {
            wanted.extend(names()?.into_iter().filter(|name| !name.contains('-')));
        }
        let mut empty = job.clone();
        if let Work::Inflate(work) | Work::Deflate(work) = &mut empty.work {
            work.files.clear();
            work.parts.clear();
        }
        let (mut taken, mut others) = (Vec::new(), Vec::new());
        for tier in wanted {
            let outcome = runner::run(runner, &empty, &tiers::environment(&tier), "")?;
            if tiers::taken(&outcome, &tier) {
                taken.push(tier);
            } else {
                others.push(tier);
            }
        }
        if !others.is_empty() {
            notes.push(format!("not on this machine: tiers {}", others.join(", ")));
        }
        Ok(taken)
    }

    /// The command that makes the table of `part` again.
    fn command(&self, args: &Args, part: &str) -> String {
        let mut words = vec![format!("cargo xtask bench {} --part {part}", self.name)];
        let list = |items: &[String]| items.join(",");
        let levels: Vec<String> = args.level.iter().map(i32::to_string).collect();
        let mut add = |option: &str, value: String| {
            if !value.is_empty() {
                words.push(format!("{option} {value}"));
            }
        };
        let path = |path: &Option<PathBuf>| {
            path.as_ref().map_or_else(String::new, |path| path.display().to_string())
        };
        add("--level", list(&levels));
        add("--file", list(&args.file));
        add("--corpus", path(&args.corpus));
        add("--also", path(&args.also));
        add("--size", args.size.map_or_else(String::new, |size| size.to_string()));
        add("--time", args.time.to_string());
        add("--tier", list(&args.tier));
        add("--library", path(&args.output.library));
        for (flag, given) in
            [("--tiers", args.tiers), ("--quick", args.output.quick), ("--per-file", args.per_file)]
        {
            if given {
                words.push(flag.to_owned());
            }
        }
        words.join(" ")
    }
}

/// Our library at `tier`, in a process of its own.
fn follower(tier: &str) -> Follower {
    let environment = vec![("ZCOMPAT_CPU".to_owned(), tier.to_owned())];
    Follower { name: format!("{OURS}@{tier}"), environment }
}

/// What was measured on.
fn files_table(corpus: &Corpus) -> Table {
    let header = ["file", "bytes", "measured", "SHA-256", "what"].map(str::to_owned).to_vec();
    let row = |entry: &super::corpus::Entry| {
        let part = if entry.input.bytes == entry.size {
            "all".to_owned()
        } else {
            format!("{} from {}", size(entry.input.bytes), entry.input.from)
        };
        let hash = entry.sha256[..12].to_owned();
        vec![entry.input.name.clone(), entry.size.to_string(), part, hash, entry.about.clone()]
    };
    let title = "Files (the first 12 digits of the whole file's SHA-256)".to_owned();
    Table { title, header, rows: corpus.entries.iter().map(row).collect(), ..Table::default() }
}
