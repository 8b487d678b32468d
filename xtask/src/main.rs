//! The commands of this workspace: `cargo xtask help` lists them.

mod abi;
mod bench;
mod cargo_c;
mod conformance;
mod constants;
mod cpython;
mod debian;
mod differential;
mod engine;
mod glibc;
mod headers;
mod install;
mod loaded;
mod matrix;
mod package;
mod paths;
mod process;
mod run;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Builds, runs, tests and measures zcompat.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build both libraries and install them, with headers, .pc and CMake files and a man page.
    Install(install::Args),
    /// Check, or write, the version scripts and export lists made from the reference symbol lists.
    Abi(abi::Args),
    /// Both libraries for every target-cpu: verified, run, disassembled; positive controls first.
    Matrix(matrix::Args),
    /// Write zlib.h, zconf.h and zcompat.h from the Rust source of the C edge.
    Headers(headers::Args),
    /// Upstream's test programs and everyday programs on the libraries.
    Conformance(conformance::Args),
    /// Run a program on the libraries and say which of their files it mapped.
    Run(run::Args),
    /// Our libz and stock zlib, driven by the same random calls.
    Differential(differential::Args),
    /// CPython on the libraries: built or already there, its own tests held against stock.
    Cpython(cpython::Args),
    /// Everything that must hold; ends in one line `N passed, N failed`.
    Test(test::Args),
    /// Measure the libraries side by side with others.
    Bench(bench::Args),
    /// The source archive, and packages for distributions made from it.
    Package(package::Args),
    /// Write the CRC kernels' constants, derived from the polynomial.
    Constants(constants::Args),
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if is_bad_input(&error) => {
            eprintln!("{}; see cargo xtask help", in_one_line(&error.to_string()));
            return ExitCode::from(2);
        }
        // Help and the version.
        Err(error) => error.exit(),
    };
    let result = match cli.command {
        Command::Install(args) => install::run(&args),
        Command::Abi(args) => abi::run(&args),
        Command::Matrix(args) => matrix::run(&args),
        Command::Headers(args) => headers::run(&args),
        Command::Conformance(args) => conformance::run(&args),
        Command::Run(args) => run::run(&args),
        Command::Differential(args) => differential::run(&args),
        Command::Cpython(args) => cpython::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Package(args) => package::run(&args),
        Command::Constants(args) => constants::run(&args),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            // One line: what was being done, then each cause.
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn is_bad_input(error: &clap::Error) -> bool {
    use clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    error.use_stderr() && error.kind() != DisplayHelpOnMissingArgumentOrSubcommand
}

/// What clap says before its advice, which starts after an empty line.
fn in_one_line(text: &str) -> String {
    let lines = text.lines().map(str::trim).take_while(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(" ")
}
