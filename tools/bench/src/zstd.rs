//! `cargo xtask bench zstd`.

use std::process::ExitCode;

use anyhow::Result;
use bench::job::{Interface, Job, Work};
use serde_json::json;
use xshell::Shell;

use super::codec::{self, Args};
use super::machine::Machine;
use super::peers::Peers;
use super::report::{Report, columns};
use super::{chart, runner};

/// Negative levels go down to -131072; these show their slope.
const LEVELS: [i32; 26] =
    [-7, -5, -3, -1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22];
const QUICK_LEVELS: [i32; 3] = [-1, 3, 9];

/// Runs the command.
pub fn run(args: &Args) -> Result<ExitCode> {
    args.check(&LEVELS)?;
    let levels: &[i32] = if args.output.quick { &QUICK_LEVELS } else { &LEVELS };
    let sh = Shell::new()?;
    let mut peers = Peers::with_ours(args.output.library.as_deref(), "libzstd.so.1")?;
    peers.debian("libzstd1", "libzstd1", "libzstd.so.1");
    let work = Work::Zstd(args.job(peers.found(), |_| Interface::Zstd, levels)?);
    let runner = runner::build(&sh)?;
    let machine = Machine::now(&sh);
    let job = Job { pace: args.pace(), work };
    let outcome = runner::run(&runner, &job, &[], "zstd")?;

    let libraries = columns(peers.found(), &outcome);
    let mut tables = codec::throughput(&outcome, &libraries, "compress");
    tables.extend(codec::throughput(&outcome, &libraries, "decompress"));
    tables.push(codec::small_calls(&outcome, &libraries, &["compress", "decompress"]));
    let title = "Memory: bytes after create / at most while working";
    tables.push(codec::memory(&outcome, &libraries, title));
    let notes = ["compress", "decompress"]
        .into_iter()
        .filter_map(|operation| codec::verdict(&outcome, operation))
        .collect();
    let svg = chart::svg(&codec::panels(&outcome, &libraries, "compress", "decompress"))?;
    let figures = json!({ "job": job, "missing": peers.missing, "outcome": outcome });
    let report =
        Report { command: "zstd", machine, peers: peers.found(), tables, notes, figures, svg };
    report.finish(&args.output)?;
    Ok(ExitCode::SUCCESS)
}
