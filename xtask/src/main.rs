//! `cargo xtask`: installs the libraries and runs programs on them, and starts the other tools.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::os::unix::process::CommandExt;
use std::process::{Command as Process, ExitCode};

use anyhow::{Context, Result};
use base::command::{TOOLS, Tool, ended, refused};
use base::paths;
use clap::{Arg, ArgMatches, Command, FromArgMatches, Subcommand};
use xshell::{Shell, cmd};

// The commands that are here. What the others take, they say themselves. (Not as a doc comment: clap
// would make it the help's first line.)
#[derive(Subcommand)]
enum Own {
    /// Build both libraries and install them, with headers, .pc and CMake files and a man page
    Install(install::Args),
    /// Run a program on the libraries and say which of their files it mapped
    Run(install::run::Args),
}

fn main() -> ExitCode {
    let matches = match command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => return refused(&error),
    };
    match matches.subcommand() {
        Some(("help", given)) => ended(help(given)),
        Some((name, given)) => match TOOLS.iter().find(|tool| tool.name == name) {
            Some(tool) => ended(start(tool, rest(given))),
            None => own(&matches),
        },
        None => own(&matches),
    }
}

fn own(matches: &ArgMatches) -> ExitCode {
    match Own::from_arg_matches(matches) {
        Ok(Own::Install(args)) => ended(install::run(&args)),
        Ok(Own::Run(args)) => ended(install::run::run(&args)),
        Err(error) => refused(&error),
    }
}

/// The command line: our own commands, the tools, which get all that follows as it is, and help.
fn command() -> Command {
    let command = Command::new("cargo xtask")
        .bin_name("cargo xtask")
        .about("Builds, runs, tests and measures zcompat")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true);
    let command = Own::augment_subcommands(command);
    let tools = TOOLS.iter().map(|tool| {
        Command::new(tool.name).about(tool.about).disable_help_flag(true).arg(rest_argument())
    });
    let name = Arg::new("command").help("One of the commands");
    command
        .subcommands(tools)
        .subcommand(Command::new("help").about("Say what a command takes").arg(name))
}

fn rest_argument() -> Arg {
    Arg::new("rest")
        .num_args(0..)
        .allow_hyphen_values(true)
        .trailing_var_arg(true)
        .value_parser(clap::value_parser!(OsString))
}

fn rest(matches: &ArgMatches) -> Vec<OsString> {
    matches.get_many("rest").into_iter().flatten().cloned().collect()
}

fn help(given: &ArgMatches) -> Result<ExitCode> {
    let Some(name) = given.get_one::<String>("command") else {
        command().print_help()?;
        return Ok(ExitCode::SUCCESS);
    };
    if let Some(tool) = TOOLS.iter().find(|tool| tool.name == name) {
        return start(tool, vec!["--help".into()]);
    }
    let mut all = command();
    let found = all.find_subcommand_mut(name).with_context(|| format!("no command {name}"))?;
    found.clone().bin_name(format!("cargo xtask {name}")).print_help()?;
    Ok(ExitCode::SUCCESS)
}

/// Builds a tool, which is quick when it is there, and becomes it.
fn start(tool: &Tool, mut args: Vec<OsString>) -> Result<ExitCode> {
    let Tool { name, package, .. } = tool;
    let program = std::env::current_exe()?.with_file_name(package);
    let sh = Shell::new()?;
    let folder = sh.push_dir(paths::root());
    // The first build takes a minute or more: whoever waits sees it go on.
    let quiet = (program.exists() || !std::io::stderr().is_terminal()).then_some("--quiet");
    // The cargo that started this one, whatever else is first on PATH.
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    cmd!(sh, "{cargo} build {quiet...} --profile xtask --package {package}")
        .quiet()
        .run()
        .with_context(|| format!("cargo xtask {name} cannot be built: cargo says why above"))?;
    drop(folder);
    if TOOLS.iter().filter(|other| other.package == *package).count() > 1 {
        args.insert(0, name.into());
    }
    let error = Process::new(&program).args(args).exec();
    Err(error).with_context(|| program.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        command().debug_assert();
    }

    #[test]
    fn a_tool_gets_its_arguments_as_they_are() {
        let given = ["x", "matrix", "--cpu", "znver4", "--help", "--", "-x"];
        let matches = command().try_get_matches_from(given).unwrap();
        let (name, tool) = matches.subcommand().unwrap();
        assert_eq!((name, rest(tool)), ("matrix", given[2..].iter().map(OsString::from).collect()));
    }
}
