//! `cargo xtask matrix`.

fn main() -> std::process::ExitCode {
    base::command::main("matrix", matrix::run)
}
