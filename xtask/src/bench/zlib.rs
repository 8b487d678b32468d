//! `cargo xtask bench zlib`.

use std::process::ExitCode;

use anyhow::Result;
use bench::job::{Interface, Job, Work};
use serde_json::json;
use xshell::Shell;

use super::codec::{self, Args};
use super::machine::Machine;
use super::peers::{Peer, Peers};
use super::report::{Report, columns};
use super::{chart, runner};

const LEVELS: [i32; 10] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const QUICK_LEVELS: [i32; 3] = [1, 6, 9];

/// Runs the command.
pub fn run(args: &Args) -> Result<ExitCode> {
    args.check(&LEVELS)?;
    let levels: &[i32] = if args.output.quick { &QUICK_LEVELS } else { &LEVELS };
    let sh = Shell::new()?;
    let mut peers = Peers::with_ours(args.output.library.as_deref(), "libz.so.1")?;
    peers.debian("zlib", "zlib1g", "libz.so.1");
    peers.crates(&["zlib-ng", "zlib-rs", "libdeflate"]);
    let work = Work::Zlib(args.job(peers.found(), interface, levels)?);
    let runner = runner::build(&sh)?;
    let machine = Machine::now(&sh);
    let job = Job { pace: args.pace(), work };
    let outcome = runner::run(&runner, &job, &[], "zlib")?;

    let libraries = columns(peers.found(), &outcome);
    let mut tables = codec::throughput(&outcome, &libraries, "deflate");
    tables.extend(codec::throughput(&outcome, &libraries, "inflate"));
    tables.push(codec::small_calls(&outcome, &libraries, &["deflate", "inflate"]));
    let title = "Memory: bytes after Init / at most while working (gz files by malloc's own count)";
    tables.push(codec::memory(&outcome, &libraries, title));
    let mut notes: Vec<String> = ["deflate", "inflate"]
        .into_iter()
        .filter_map(|operation| codec::verdict(&outcome, operation))
        .collect();
    notes.push(
        "zlib.h's levels choose effort, not output: compare a speed only with the ratio beside \
         it. libdeflate takes whole buffers only and keeps its compressor from call to call."
            .to_owned(),
    );
    let svg = chart::svg(&codec::panels(&outcome, &libraries, "deflate", "inflate"))?;
    let figures = json!({ "job": job, "missing": peers.missing, "outcome": outcome });
    let report =
        Report { command: "zlib", machine, peers: peers.found(), tables, notes, figures, svg };
    report.finish(&args.output)?;
    Ok(ExitCode::SUCCESS)
}

fn interface(peer: &Peer) -> Interface {
    if peer.name == "libdeflate" { Interface::Libdeflate } else { Interface::Zlib }
}
