//! `cargo xtask cpython`.

fn main() -> std::process::ExitCode {
    base::command::main("cpython", cpython::run)
}
