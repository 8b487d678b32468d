//! `cargo xtask run` as a user calls it, and the examples.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, ensure};
use libtest_mimic::Trial;
use xshell::Shell;

use base::debian;
use check::{PASSED, Setup, check, skip};
use install::run::Stage;

/// The checks of this area.
pub fn trials(setup: &'static Setup) -> Vec<Trial> {
    let prefix = setup.prefix.as_path();
    vec![
        check("run/examples", move || {
            let sh = Shell::new()?;
            let rows = Stage::new(&sh, prefix)?.demonstrate(&sh)?;
            for example in ["checksums", "dictionary", "stream"] {
                ensure!(rows.iter().any(|r| r.name == example), "{example} was not run");
            }
            for row in &rows {
                ensure!(row.problem.is_none(), "{}: {:?}", row.name, row.problem);
            }
            PASSED
        }),
        check("run/passes_on_streams_and_exit_code", move || {
            let out = run(prefix, &["sh", "-c", "cat; echo to-stderr >&2; exit 7"], b"in\0put")?;
            ensure!(out.status.code() == Some(7), "exit code {:?}", out.status.code());
            ensure!(out.stdout == b"in\0put", "stdout {:?}", String::from_utf8_lossy(&out.stdout));
            ensure!(text(&out).starts_with("to-stderr\n"), "stderr {}", text(&out));
            let out = run(prefix, &["sh", "-c", "kill -TERM $$"], b"")?;
            ensure!(out.status.code() == Some(143), "exit code {:?}", out.status.code());
            PASSED
        }),
        check("run/names_the_mapped_files", move || {
            if let Err(error) = debian::install(&Shell::new()?, &["curl", "python3"]) {
                return skip(format!("{error:#}"));
            }
            let lib = std::fs::canonicalize(prefix.join("lib"))?;
            let (z, zstd) = (lib.join("libz.so.1.3.2"), lib.join("libzstd.so.1.5.7"));
            let out = run(prefix, &["curl", "--version"], b"")?;
            ensure!(text(&out).contains(&format!("curl mapped {}", z.display())), "{}", text(&out));
            // By dlopen, in a child of a child, and short-lived.
            let load = format!("import ctypes; ctypes.CDLL('{}')", zstd.display());
            let out = run(prefix, &["sh", "-c", "/usr/bin/python3 -c \"$0\"; true", &load], b"")?;
            ensure!(text(&out).contains("sh mapped neither"), "{}", text(&out));
            let child = format!("mapped {}", zstd.display());
            ensure!(text(&out).contains(&child), "{}", text(&out));
            PASSED
        }),
        check("run/says_when_a_program_is_static", move || {
            let dir = tempfile::tempdir()?;
            let (source, program) = (dir.path().join("t.c"), dir.path().join("static"));
            std::fs::write(&source, "int main(void) { return 5; }\n")?;
            let made =
                Command::new("cc").args(["-static", "-o"]).args([&program, &source]).status()?;
            ensure!(made.success(), "no static C library");
            let out = run(prefix, &[&program.to_string_lossy()], b"")?;
            ensure!(out.status.code() == Some(5), "exit code {:?}", out.status.code());
            ensure!(text(&out).contains("static is statically linked"), "{}", text(&out));
            PASSED
        }),
        check("run/bad_input_gets_one_line", move || {
            let out = run(prefix, &["no-such-program-here"], b"")?;
            ensure!(out.status.code() == Some(1), "exit code {:?}", out.status.code());
            let expected = "error: no-such-program-here: no such program\n";
            ensure!(text(&out) == expected, "{}", text(&out));
            let out = run(Path::new("/nonexistent"), &["true"], b"")?;
            ensure!(!out.status.success() && text(&out).lines().count() == 1, "{}", text(&out));
            PASSED
        }),
    ]
}

/// xtask, run as a command.
fn run(prefix: &Path, program: &[&str], stdin: &[u8]) -> Result<Output> {
    let mut child = Command::new(base::command::xtask()?)
        .args(["run", "--prefix"])
        .arg(prefix)
        .arg("--")
        .args(program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    child.stdin.take().context("no stdin")?.write_all(stdin)?;
    Ok(child.wait_with_output()?)
}

fn text(out: &Output) -> String {
    String::from_utf8_lossy(&out.stderr).into_owned()
}
