//! `cargo xtask differential`.

fn main() -> std::process::ExitCode {
    base::command::main("differential", compare::run)
}
