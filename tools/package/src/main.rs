//! `cargo xtask package`.

fn main() -> std::process::ExitCode {
    base::command::main("package", package::run)
}
