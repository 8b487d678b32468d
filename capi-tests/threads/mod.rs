//! valgrind's thread checkers, helgrind and drd, on a program whose threads use both libraries.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use libtest_mimic::{Completion, Trial};
use xshell::{Shell, cmd};

use base::library::LIBRARIES;
use base::{debian, paths};
use check::{PASSED, Setup, check, skip};

const TOOLS: [&str; 2] = ["helgrind", "drd"];

/// The checks.
pub fn trials(setup: &'static Setup) -> Vec<Trial> {
    let of = |tool: &'static str| check(&format!("threads::{tool}"), move || run(setup, tool));
    TOOLS.map(of).into()
}

fn run(setup: &Setup, tool: &str) -> Result<Completion> {
    let sh = Shell::new()?;
    let stock = debian::install(&sh, &["valgrind"]).and_then(|()| {
        let files = LIBRARIES.each_ref().map(|library| library.packaged_file(&sh));
        files.into_iter().collect::<Result<Vec<PathBuf>>>()
    });
    let stock = match stock {
        Ok(files) => files,
        Err(missing) => return skip(format!("{missing:#}")),
    };
    let dir = tempfile::tempdir()?;
    let _dir = sh.push_dir(dir.path());
    let ours = setup.prefix.join("lib");
    let ours = LIBRARIES.each_ref().map(|library| ours.join(library.soname));
    ensure!(errors(&sh, setup, tool, &ours, "-DNONE")? == 0, "{tool} finds races in ours");
    ensure!(errors(&sh, setup, tool, &stock, "-DNONE")? == 0, "{tool} finds races in stock's");
    ensure!(errors(&sh, setup, tool, &ours, "-DRACE")? > 0, "{tool} does not find a race in C");
    PASSED
}

/// How many errors `tool` counts in the program on `libraries`.
fn errors(
    sh: &Shell,
    setup: &Setup,
    tool: &str,
    libraries: &[PathBuf],
    define: &str,
) -> Result<u64> {
    let tests = paths::root().join("capi-tests/threads");
    let include = setup.prefix.join("include");
    let program = Path::new("./three");
    cmd!(sh, "cc -O1 -g -Wall -Wextra -Werror {define} -I{include} -o {program} {tests}/three.c")
        .args(libraries)
        .args(["-pthread"])
        .quiet()
        .run()?;
    let folders: Vec<&Path> = libraries.iter().filter_map(|file| file.parent()).collect();
    let path = std::env::join_paths(folders)?;
    let out = cmd!(sh, "valgrind --tool={tool} {program}")
        .env("LD_LIBRARY_PATH", path)
        .quiet()
        .ignore_status()
        .output()
        .context("valgrind cannot be run")?;
    let said = String::from_utf8_lossy(&out.stderr);
    ensure!(out.status.success() && out.stdout == b"done\n", "{tool}: {}: {said}", out.status);
    let count = said.lines().find_map(|line| {
        line.split_once("ERROR SUMMARY: ")?.1.split(' ').next()?.parse::<u64>().ok()
    });
    let count = count.with_context(|| format!("{tool} gives no summary: {said}"))?;
    if count > 0 && define != "-DRACE" {
        println!("{said}");
    }
    Ok(count)
}
