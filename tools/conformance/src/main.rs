//! `cargo xtask conformance`.

fn main() -> std::process::ExitCode {
    base::command::main("conformance", conformance::run)
}
