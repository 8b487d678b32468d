//! The checksums through the C ABI, and their choice of kernel.

mod tiers;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use libtest_mimic::{Completion, Trial};
use tempfile::TempDir;
use xshell::{Cmd, Shell, cmd};

use base::library::LIBRARIES;
use base::paths;
use check::machine::Machine;
use check::{PASSED, Setup, check, skip};

/// The checks of this area.
pub fn trials(setup: &'static Setup) -> Vec<Trial> {
    let mut trials = vec![
        check("checksum::corner_cases", || {
            Program::build("semantics", setup)?.run(&[])?;
            PASSED
        }),
        check("checksum::past_4_gib", || {
            Program::build("huge", setup)?.run(&[])?;
            PASSED
        }),
        check("checksum::agrees_with_stock", || agrees_with_stock(setup)),
    ];
    trials.extend(tiers::trials(setup));
    trials
}

/// The same arguments, limits among them, through both libraries.
pub fn agrees_with_stock(setup: &Setup) -> Result<Completion> {
    let sh = Shell::new()?;
    let stock = match setup.machine.stock(&sh, &LIBRARIES[0]) {
        Ok(stock) => stock,
        Err(missing) => return skip(format!("{missing:#}")),
    };
    let program = Program::build("against", setup)?;
    program.run(&[&setup.prefix.join("lib/libz.so.1"), &stock])?;
    PASSED
}

fn source(name: &str) -> PathBuf {
    paths::root().join("capi-tests/checksum").join(name).with_extension("c")
}

/// A C program of capi-tests/checksum.
pub struct Program {
    dir: TempDir,
    file: PathBuf,
    machine: Machine,
}

impl Program {
    /// Builds it against the installed shared library.
    pub fn build(name: &str, setup: &Setup) -> Result<Program> {
        let lib = setup.prefix.join("lib");
        let path = format!("-Wl,-rpath,{}", lib.display());
        Program::with(name, setup, &[Path::new("-L"), &lib, "-lz".as_ref(), path.as_ref()])
    }

    /// Builds it with the installed static archive.
    pub fn build_static(name: &str, setup: &Setup) -> Result<Program> {
        Program::with(name, setup, &[&setup.prefix.join("lib/libz.a")])
    }

    fn with(name: &str, setup: &Setup, libraries: &[&Path]) -> Result<Program> {
        let sh = Shell::new()?;
        let dir = tempfile::tempdir()?;
        let file = dir.path().join(name);
        let (source, include) = (source(name), setup.prefix.join("include"));
        let machine = setup.machine.clone();
        let cc = machine.cc();
        cmd!(
            sh,
            "{cc} -O1 -Wall -Wextra -Werror -I{include} -o {file} {source} {libraries...} -ldl"
        )
        .quiet()
        .run()?;
        Ok(Program { dir, file, machine })
    }

    /// What runs it.
    pub fn command<'a>(&self, sh: &'a Shell) -> Cmd<'a> {
        self.machine.cmd(sh, &self.file)
    }

    /// Runs it: what it prints, or an error with what it prints if it does not exit with 0.
    pub fn run(&self, args: &[&Path]) -> Result<String> {
        let (sh, program) = (Shell::new()?, &self.file);
        let out = self.command(&sh).args(args).ignore_status().output()?;
        let said = String::from_utf8(out.stdout).context("not text")?;
        ensure!(out.status.success(), "{}: {}: {said}", program.display(), out.status);
        Ok(said)
    }
}
