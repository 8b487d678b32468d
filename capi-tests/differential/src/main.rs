//! Runs cases from consecutive seeds, reports each difference with a smaller case that shows it.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use differential::api::Libraries;
use differential::back::BackCase;
use differential::bound::BoundCase;
use differential::case::{Case, shrink};
use differential::deflate::DeflateCase;
use differential::deviations;
use differential::faults::FaultCase;
use differential::files::{self, Breadth};
use differential::inflate::InflateCase;
use differential::isolate::{Ending, isolated, silent};
use differential::oneshot::OneShotCase;
use differential::source::Source;
use differential::zstd::api::Zstds;
use differential::zstd::constants;
use differential::zstd::decode::DecodeCase;
use differential::zstd::encode::EncodeCase;
use differential::zstd::frame::FrameCase;
use differential::zstd::parameter::ParameterCase;

/// Drives two zlibs, or two libzstds, with the same calls and compares what comes back.
#[derive(Parser)]
struct Cli {
    /// Our libz.so.1
    #[arg(long, requires = "stock")]
    ours: Option<PathBuf>,
    /// Stock zlib's libz.so.1
    #[arg(long, requires = "ours")]
    stock: Option<PathBuf>,
    /// Our libzstd.so.1
    #[arg(long, requires = "stock_zstd")]
    ours_zstd: Option<PathBuf>,
    /// Stock libzstd.so.1
    #[arg(long, requires = "ours_zstd")]
    stock_zstd: Option<PathBuf>,
    /// The first seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many cases of each kind
    #[arg(long, default_value_t = 1000)]
    count: u64,
    /// Only this kind (default: all that the named libraries allow)
    #[arg(long)]
    kind: Option<Kind>,
    /// Stop a kind after this many differences
    #[arg(long, default_value_t = 5)]
    stop_after: usize,
    /// Print the whole case of each seed before it is run
    #[arg(long)]
    print: bool,
    /// Compress these files, and all files in these folders, instead of random calls
    #[arg(long, num_args = 1..)]
    files: Vec<PathBuf>,
    /// With --files: levels 0 to 9 x all strategies x 3 memory levels x 3 window sizes
    #[arg(long, requires = "files")]
    all_settings: bool,
    /// With --files: only so many bytes of each file
    #[arg(long, requires = "files", default_value_t = 1 << 30)]
    most: usize,
    /// Report differences as they are found, without making the case smaller
    #[arg(long)]
    no_shrink: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    Inflate,
    Back,
    Deflate,
    OneShot,
    Bound,
    Faults,
    Deviations,
    ZstdConstants,
    ZstdFrames,
    ZstdParameters,
    ZstdDecode,
    ZstdEncode,
}

impl Kind {
    fn is_of_zstd(self) -> bool {
        use Kind::*;
        matches!(self, ZstdConstants | ZstdFrames | ZstdParameters | ZstdDecode | ZstdEncode)
    }
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<usize> {
    let libraries = match (&cli.ours, &cli.stock) {
        (Some(ours), Some(stock)) => Some(Libraries::open(ours, stock)?),
        _ => None,
    };
    if !cli.files.is_empty() {
        let libraries = libraries.as_ref().context("no --ours and --stock")?;
        let breadth = if cli.all_settings { Breadth::All } else { Breadth::Some };
        let all = files::compare(libraries, &files::find(&cli.files)?, breadth, cli.most)?;
        let files::Compared { files, settings, bytes, different } = all;
        match different {
            0 => println!("{files} files ({bytes} bytes) x {settings} settings: all equal"),
            n => println!("{files} files x {settings} settings: {n} DIFFERENT"),
        }
        return Ok(different);
    }
    let zstds = match (&cli.ours_zstd, &cli.stock_zstd) {
        (Some(ours), Some(stock)) => Some(Zstds::open(ours, stock)?),
        _ => None,
    };
    let given = |kind: &Kind| if kind.is_of_zstd() { zstds.is_some() } else { libraries.is_some() };
    let kinds: Vec<Kind> = match cli.kind {
        Some(kind) => vec![kind],
        None => Kind::value_variants().iter().copied().filter(given).collect(),
    };
    anyhow::ensure!(!kinds.is_empty(), "no libraries: --ours and --stock, or the same for zstd");
    let mut found = 0;
    for kind in kinds {
        let start = Instant::now();
        let differences = if kind.is_of_zstd() {
            zstd_kind(cli, kind, zstds.as_ref().context("no --ours-zstd and --stock-zstd")?)
        } else {
            zlib_kind(cli, kind, libraries.as_ref().context("no --ours and --stock")?)
        };
        println!(
            "{kind:?}: seeds {} to {}, {differences} differences, {:.1} s",
            cli.seed,
            cli.seed + cli.count - 1,
            start.elapsed().as_secs_f64()
        );
        found += differences;
    }
    Ok(found)
}

fn zlib_kind(cli: &Cli, kind: Kind, libraries: &Libraries) -> usize {
    match kind {
        Kind::Inflate => cases::<_, InflateCase>(cli, libraries),
        Kind::Back => cases::<_, BackCase>(cli, libraries),
        Kind::Deflate => cases::<_, DeflateCase>(cli, libraries),
        Kind::OneShot => cases::<_, OneShotCase>(cli, libraries),
        Kind::Bound => cases::<_, BoundCase>(cli, libraries),
        Kind::Faults => cases::<_, FaultCase>(cli, libraries),
        Kind::Deviations => deviations(libraries),
        _ => unreachable!("a kind of zstd's"),
    }
}

fn zstd_kind(cli: &Cli, kind: Kind, zstds: &Zstds) -> usize {
    match kind {
        Kind::ZstdConstants => match isolated(60, |_| constants::check(zstds)) {
            Ending::Fine => 0,
            other => {
                println!("{other:?}");
                1
            }
        },
        Kind::ZstdFrames => cases::<_, FrameCase>(cli, zstds),
        Kind::ZstdParameters => cases::<_, ParameterCase>(cli, zstds),
        Kind::ZstdDecode => cases::<_, DecodeCase>(cli, zstds),
        Kind::ZstdEncode => cases::<_, EncodeCase>(cli, zstds),
        _ => unreachable!("a kind of zlib's"),
    }
}

/// Each difference that has a name is still there.
fn deviations(libraries: &Libraries) -> usize {
    let mut found = 0;
    for (name, check) in deviations::ALL {
        let ending = isolated(20, |_| check(libraries));
        if ending != Ending::Fine {
            println!("{name}: {ending:?}");
            found += 1;
        }
    }
    found
}

/// Seconds that one batch of cases may take before it counts as hanging.
const PATIENCE: u32 = 300;

fn cases<L, C: Case<L>>(cli: &Cli, libraries: &L) -> usize {
    let mut next = cli.seed;
    let end = cli.seed + cli.count;
    let mut found = 0;
    while next < end && found < cli.stop_after {
        // A batch ends at its first difference; the next goes on behind it.
        let stop = end.min(next + 500);
        let ending = isolated(PATIENCE, |progress| {
            for seed in next..stop {
                progress.set(seed);
                let case = C::generate(libraries, &mut Source::seed(seed));
                if cli.print {
                    println!("seed {seed}: {case:?}");
                }
                case.run(libraries).map_err(|error| format!("{seed}\n{error}"))?;
            }
            Ok(())
        });
        let (seed, error) = match ending {
            Ending::Fine => {
                next = stop;
                continue;
            }
            Ending::Killed { signal, progress } => (progress, format!("killed by signal {signal}")),
            Ending::Error(text) => {
                let (seed, error) = text.split_once('\n').unwrap_or(("0", &text));
                (seed.parse().unwrap_or(next), error.to_owned())
            }
        };
        found += 1;
        println!("seed {seed}: {error}");
        if !cli.no_shrink {
            report::<L, C>(libraries, seed, &error);
        }
        next = seed + 1;
    }
    found
}

/// What of an error must stay the same while its case is made smaller.
fn essence(error: &str) -> String {
    let place = error.split(": ours").next().unwrap_or(error);
    place.rsplit(": ").next().unwrap_or(place).chars().filter(|c| !c.is_ascii_digit()).collect()
}

fn report<L, C: Case<L>>(libraries: &L, seed: u64, error: &str) {
    let result = |case: &C| silent(20, || case.run(libraries));
    let wanted = essence(error);
    let fails = |case: &C| match result(case) {
        Ending::Fine => false,
        Ending::Error(text) => essence(&text) == wanted,
        Ending::Killed { .. } => error.starts_with("killed"),
    };
    let mut found = None;
    // Making the case again may crash as well, if the stream is made by the library that does.
    let ending = silent(60, || {
        C::generate(libraries, &mut Source::seed(seed));
        Ok(())
    });
    if ending == Ending::Fine {
        let case = C::generate(libraries, &mut Source::seed(seed));
        if fails(&case) {
            found = Some(shrink(case, fails));
        }
    }
    match found {
        Some(case) => {
            println!("  smaller: {}", shortened(&format!("{case:?}")));
            println!("  which gives: {:?}", result(&case));
        }
        None => println!("  (not found again by itself)"),
    }
}

fn shortened(text: &str) -> String {
    let mut end = text.len().min(6000);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{}", &text[..end], if end < text.len() { "…" } else { "" })
}
