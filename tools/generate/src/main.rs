//! `cargo xtask abi`, `headers` and `constants`.

use std::process::ExitCode;

use generate::{abi, constants, headers};

#[derive(clap::Subcommand)]
enum Command {
    Abi(abi::Args),
    Headers(headers::Args),
    Constants(constants::Args),
}

fn main() -> ExitCode {
    base::command::main_of(|command| match command {
        Command::Abi(args) => abi::run(args),
        Command::Headers(args) => headers::run(args),
        Command::Constants(args) => constants::run(args),
    })
}
