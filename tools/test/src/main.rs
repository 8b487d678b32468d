//! `cargo xtask test`: everything that must hold, in one run with one closing line.
//!
//! The Rust unit tests run first, under `cargo test`. The rest are named checks, which each tool and
//! the C programs' drivers (capi-tests) have beside what they test. A check returns
//! `Ok(Completion::Completed)`, a skip with its reason, or an error.

mod architectures;
mod engine;
mod extract;
mod fuzz;
mod run;

use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use base::paths;
use capi_tests::{
    abi, builds, checksum, edge, gz, hwcaps, memory, packaging, sanitize, size, threads, zstd,
};
use check::counts::{UnitCounts, unit_counts};
use check::machine::Machine;
use check::{Setup, policy};
use libtest_mimic::{Arguments, Trial};
use xshell::{Shell, cmd};

/// What `cargo xtask test` takes.
#[derive(clap::Args)]
struct Args {
    /// Also the long tests: container build, fuzz runs, upstream's slow programs
    #[arg(long)]
    full: bool,
    /// The library's own unit tests and the areas that take seconds; says which it leaves out
    #[arg(long, conflicts_with_all = ["full", "filter"])]
    quick: bool,
    /// Only the checks whose name holds this text (leaves the Rust unit tests out)
    filter: Option<String>,
    /// Names of all checks, nothing is run
    #[arg(long)]
    list: bool,
}

fn main() -> ExitCode {
    base::command::main("test", run)
}

fn run(args: &Args) -> Result<ExitCode> {
    let sh = Shell::new()?;
    let _dir = sh.push_dir(paths::root());
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    // A mistake in the list of allowed skips shows at once.
    policy()?;
    if args.filter.is_none() && !args.list {
        let unit = unit_tests(&sh, args.quick)?;
        policy()?.judge_ignored(unit.ignored)?;
        passed += unit.passed;
        failed += unit.failed;
        skipped += unit.ignored;
    }

    let setup: &'static Setup = Box::leak(Box::new(Setup {
        prefix: paths::default_prefix(),
        full: args.full,
        machine: Machine::default(),
    }));
    if !args.list {
        install::ensure_default_prefix(&sh)?;
    }
    let options = Arguments {
        filter: args.filter.clone(),
        list: args.list,
        // Two cores are the machine this is sized for; more threads only disturb each other.
        test_threads: Some(2),
        ..Arguments::default()
    };
    let (trials, left_out) = trials(setup, args.quick);
    let outcome = libtest_mimic::run(&options, trials);
    if args.list {
        return Ok(ExitCode::SUCCESS);
    }
    if args.quick {
        println!("--quick has left out: the tools' unit tests, {}", left_out.join(", "));
    }
    passed += outcome.num_passed;
    failed += outcome.num_failed;
    skipped += outcome.num_ignored;
    println!("{}", closing_line(passed, failed, skipped));
    Ok(if failed == 0 && passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The checks, and the areas that are left out of a quick run.
fn trials(setup: &'static Setup, quick: bool) -> (Vec<Trial>, Vec<&'static str>) {
    // One line an area; those that a quick run has are `true`.
    let areas = [
        ("abi", true, abi::trials(setup)),
        ("architectures", false, architectures::trials(setup)),
        ("bench", false, benchmarks::checks::trials(setup)),
        ("builds", false, builds::trials(setup)),
        ("checksum", false, checksum::trials(setup)),
        ("the kernels' planted faults", false, extract::checksums()),
        ("the engines' planted faults", false, extract::engines()),
        ("conformance", false, conformance::checks::trials(setup)),
        ("differential", true, compare::checks::trials(setup)),
        ("cpython", false, cpython::checks::trials(setup)),
        ("generated files", true, generate::checks::trials(setup)),
        ("matrix", false, matrix::checks::trials(setup)),
        ("hwcaps", false, hwcaps::trials(setup)),
        ("package", false, package::checks::trials(setup)),
        ("packaging", false, packaging::trials(setup)),
        ("run", true, run::trials(setup)),
        ("edge", true, edge::trials(setup)),
        ("the zlib-rs engine", false, engine::trials()),
        ("fuzz", false, fuzz::trials(setup)),
        ("gz", false, gz::trials(setup)),
        ("memory", true, memory::trials(setup)),
        ("size", true, size::trials(setup)),
        ("sanitize", false, sanitize::trials(setup)),
        ("threads", false, threads::trials(setup)),
        ("zstd", false, zstd::trials(setup)),
    ];
    let (mut trials, mut left_out) = (Vec::new(), Vec::new());
    for (name, is_quick, area) in areas {
        if quick && !is_quick {
            left_out.push(name);
        } else {
            trials.extend(area);
        }
    }
    (trials, left_out)
}

fn closing_line(passed: u64, failed: u64, skipped: u64) -> String {
    match skipped {
        0 => format!("{passed} passed, {failed} failed"),
        _ => format!("{passed} passed, {failed} failed, {skipped} skipped"),
    }
}

/// `cargo test` over the workspace, or over the library alone: in release, since kernels and engine
/// are what ships there.
fn unit_tests(sh: &Shell, library_alone: bool) -> Result<UnitCounts> {
    let packages = if library_alone { "--package=zcompat" } else { "--workspace" };
    let out = cmd!(sh, "cargo test {packages} --no-fail-fast")
        .ignore_status()
        .output()
        .context("cargo test cannot be run")?;
    let text = String::from_utf8_lossy(&out.stdout);
    print!("{text}");
    let mut counts = unit_counts(&text)?;
    if !out.status.success() && counts.failed == 0 {
        // A build error or a crash has no counts of its own.
        eprint!("{}", String::from_utf8_lossy(&out.stderr));
        counts.failed = 1;
    }
    // No more than a line that cargo no longer writes so, and all of them would be gone.
    ensure!(counts.failed > 0 || counts.passed > 0, "cargo test names no test that it ran");
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_check_is_there_twice() {
        let setup = Box::leak(Box::new(Setup {
            prefix: paths::default_prefix(),
            full: true,
            machine: Machine::default(),
        }));
        let trials = trials(setup, false).0;
        let names: std::collections::BTreeSet<&str> = trials.iter().map(Trial::name).collect();
        assert_eq!(names.len(), trials.len());
    }

    #[test]
    fn every_allowed_skip_names_a_check_that_there_is() {
        let setup = Box::leak(Box::new(Setup {
            prefix: paths::default_prefix(),
            full: true,
            machine: Machine::default(),
        }));
        let trials = trials(setup, false).0;
        let names: Vec<&str> = trials.iter().map(Trial::name).collect();
        assert_eq!(check::Policy::of_no_check(&names).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn closing_line_leaves_out_no_skips() {
        assert_eq!(closing_line(3, 0, 0), "3 passed, 0 failed");
        assert_eq!(closing_line(3, 1, 2), "3 passed, 1 failed, 2 skipped");
    }
}
