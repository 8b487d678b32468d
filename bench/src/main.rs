//! The runner of `cargo xtask bench`: loads every library as a shared object into one process,
//! calls each through its C interface in turns, and writes what it measured.

mod checksum;
mod codec;
mod data;
mod deflate;
mod engine;
mod inflate;
mod isal_abi;
mod libdeflate_abi;
mod memory;
mod race;
mod stage;
mod zlib_abi;
mod zlib_memory;
mod zstd;
mod zstd_abi;
mod zstd_memory;

use std::io::{BufRead, Write, stdin, stdout};
use std::process::ExitCode;

use bench::job::{Event, Job, Work};

/// Where events go.
pub type Emit<'a> = dyn FnMut(Event) + 'a;

fn main() -> ExitCode {
    // One line: a follower is sent more of them later.
    let mut line = String::new();
    let read = stdin().lock().read_line(&mut line).map_err(|e| e.to_string());
    let job: Job = match read.and_then(|_| serde_json::from_str(&line).map_err(|e| e.to_string())) {
        Ok(job) => job,
        Err(error) => {
            eprintln!("no job on standard input: {error}");
            return ExitCode::FAILURE;
        }
    };
    let mut emit = |event: Event| {
        let line = serde_json::to_string(&event).expect("an event is plain data");
        let mut out = stdout().lock();
        if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
            // xtask is gone.
            std::process::exit(1);
        }
    };
    let result = match &job.work {
        Work::Checksum(work) => checksum::run(work, &job.pace, &mut emit),
        Work::Inflate(work) => inflate::run(work, &job.pace, &mut emit),
        Work::Deflate(work) => deflate::run(work, &job.pace, &mut emit),
        Work::Zstd(work) => zstd::run(work, &job.pace, &mut emit),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
