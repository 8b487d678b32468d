//! `cargo xtask bench`.

fn main() -> std::process::ExitCode {
    base::command::main("bench", benchmarks::run)
}
