//! The commands of `cargo xtask` that are programs of their own, and what all of them do alike.
//!
//! xtask itself installs and runs. Every other command is compiled and started when it is asked
//! for, so that an install does not wait for what only a benchmark needs.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};

/// A command that is a program of its own.
pub struct Tool {
    /// As it is called: `cargo xtask NAME`.
    pub name: &'static str,
    /// The package that has it. Its program has the same name.
    pub package: &'static str,
    /// What it does, in a line.
    pub about: &'static str,
}

const fn tool(name: &'static str, package: &'static str, about: &'static str) -> Tool {
    Tool { name, package, about }
}

/// All of them, in the order of the help.
pub const TOOLS: [Tool; 10] = [
    tool("test", "checks", "Everything that must hold; ends in one line `N passed, N failed`"),
    tool(
        "conformance",
        "conformance",
        "Upstream's test programs and everyday programs on the libraries",
    ),
    tool(
        "differential",
        "compare",
        "Our libz and stock zlib, our libzstd and Debian's, driven by the same random calls",
    ),
    tool(
        "matrix",
        "matrix",
        "Both libraries for every target-cpu: verified, run, disassembled; positive controls first",
    ),
    tool(
        "cpython",
        "cpython",
        "CPython on the libraries: built or already there, its own tests held against stock",
    ),
    tool("bench", "benchmarks", "Measure the libraries side by side with others"),
    tool("package", "package", "The source archive, and packages for distributions made from it"),
    tool(
        "abi",
        "generate",
        "Check, or write, the version scripts and export lists made from the reference symbol lists",
    ),
    tool(
        "headers",
        "generate",
        "Write zlib.h, zconf.h and zcompat.h from the Rust source of the C edge",
    ),
    tool("constants", "generate", "Write the CRC kernels' constants, derived from the polynomial"),
];

/// The `main` of a program that is one command.
pub fn main<A: clap::Args>(
    name: &'static str,
    run: impl FnOnce(&A) -> Result<ExitCode>,
) -> ExitCode {
    parsed(A::augment_args(skeleton(name)), std::env::args_os(), run)
}

/// The `main` of a program that has several commands: the first argument says which one.
pub fn main_of<A: clap::Subcommand>(run: impl FnOnce(&A) -> Result<ExitCode>) -> ExitCode {
    let command = A::augment_subcommands(clap::Command::new("cargo xtask"))
        .bin_name("cargo xtask")
        .subcommand_required(true);
    let command = TOOLS.iter().fold(command, |command, tool| {
        if command.find_subcommand(tool.name).is_none() {
            return command;
        }
        command.mut_subcommand(tool.name, |sub| sub.about(tool.about))
    });
    let matches = match command.try_get_matches() {
        Ok(matches) => matches,
        Err(error) => return refused(&error),
    };
    match A::from_arg_matches(&matches) {
        Ok(args) => ended(run(&args)),
        Err(error) => refused(&error),
    }
}

fn skeleton(name: &'static str) -> clap::Command {
    clap::Command::new(name).bin_name(format!("cargo xtask {name}"))
}

fn parsed<A: clap::Args>(
    command: clap::Command,
    args: impl IntoIterator<Item = OsString>,
    run: impl FnOnce(&A) -> Result<ExitCode>,
) -> ExitCode {
    let about = TOOLS.iter().find(|tool| tool.name == command.get_name()).map(|tool| tool.about);
    // The derived text is that of the arguments' type.
    let command = command.about(about.unwrap_or_default());
    let args = command.try_get_matches_from(args).and_then(|m| A::from_arg_matches(&m));
    match args {
        Ok(args) => ended(run(&args)),
        Err(error) => refused(&error),
    }
}

/// The exit code of a command that came to its end, after one line about an error: what was being
/// done, then each cause.
pub fn ended(result: Result<ExitCode>) -> ExitCode {
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

/// What a user gets for arguments that are not taken: one line. For `--help`: the help.
pub fn refused(error: &clap::Error) -> ExitCode {
    use clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    if error.use_stderr() && error.kind() != DisplayHelpOnMissingArgumentOrSubcommand {
        eprintln!("{}; see cargo xtask help", in_one_line(&error.to_string()));
        return ExitCode::from(2);
    }
    error.exit()
}

/// What clap says before its advice, which starts after an empty line.
fn in_one_line(text: &str) -> String {
    let lines = text.lines().map(str::trim).take_while(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(" ")
}

/// The program `cargo xtask`, for tests that call it as a user does.
///
/// # Errors
/// It has not been built: this process was not started by it.
pub fn xtask() -> Result<PathBuf> {
    let program = std::env::current_exe()?.with_file_name("xtask");
    program.exists().then_some(program).context("no program xtask here: start this by cargo xtask")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(clap::Args)]
    struct Args {
        #[arg(long)]
        count: Option<u32>,
    }

    fn call(args: &[&str]) -> ExitCode {
        let args = args.iter().map(OsString::from);
        parsed::<Args>(<Args as clap::Args>::augment_args(skeleton("test")), args, |args| {
            anyhow::ensure!(args.count != Some(3), "three");
            Ok(ExitCode::from(args.count.unwrap_or(0) as u8))
        })
    }

    #[test]
    fn the_exit_code_says_how_it_went() {
        assert_eq!(call(&["test", "--count", "7"]), ExitCode::from(7));
        assert_eq!(call(&["test", "--count", "3"]), ExitCode::FAILURE);
        assert_eq!(call(&["test", "--count", "x"]), ExitCode::from(2));
        assert_eq!(call(&["test", "--frobnicate"]), ExitCode::from(2));
    }

    #[test]
    fn advice_is_left_out() {
        assert_eq!(in_one_line("error: bad\n  value\n\nUsage: x\n"), "error: bad value");
    }

    #[test]
    fn every_tool_is_a_package_of_the_workspace() {
        for Tool { name, package, .. } in TOOLS {
            let manifests = ["tools", "capi-tests"].iter().flat_map(|folder| {
                std::fs::read_dir(crate::paths::root().join(folder)).unwrap().flatten()
            });
            let named = format!("name = \"{package}\"\n");
            let found = manifests
                .filter_map(|entry| std::fs::read_to_string(entry.path().join("Cargo.toml")).ok())
                .any(|text| text.contains(&named));
            assert!(found, "{name} is said to be in {package}");
        }
    }
}
