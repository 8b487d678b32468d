//! What the C programs of a check are built for and run on: this machine, or another architecture's
//! emulator.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use xshell::{Cmd, Shell};

use base::library::Library;

/// A machine, real or emulated.
#[derive(Clone, Default)]
pub struct Machine {
    /// What is not this machine.
    pub other: Option<Other>,
}

/// Another architecture.
#[derive(Clone)]
pub struct Other {
    /// Its C compiler.
    pub cc: String,
    /// The emulator and its options.
    pub emulator: Vec<String>,
    /// The folder of its Debian's libraries.
    pub stock: PathBuf,
}

impl Machine {
    /// The C compiler.
    pub fn cc(&self) -> &str {
        self.other.as_ref().map_or("cc", |other| &other.cc)
    }

    /// The command line that runs `program`.
    pub fn words(&self, program: &Path) -> Vec<String> {
        let emulator = self.other.iter().flat_map(|other| other.emulator.clone());
        emulator.chain([program.display().to_string()]).collect()
    }

    /// A command that runs `program`.
    pub fn command(&self, program: &Path) -> Command {
        let words = self.words(program);
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]);
        command
    }

    /// The same for a shell.
    pub fn cmd<'a>(&self, sh: &'a Shell, program: &Path) -> Cmd<'a> {
        let words = self.words(program);
        sh.cmd(&words[0]).args(&words[1..]).quiet()
    }

    /// The library that ours stands for, as Debian sid has it for this machine.
    ///
    /// # Errors
    /// It cannot be had.
    pub fn stock(&self, sh: &Shell, library: &Library) -> Result<PathBuf> {
        let Some(other) = &self.other else { return library.packaged_file(sh) };
        let file = other.stock.join(library.soname);
        file.exists().then_some(()).with_context(|| format!("no {}", file.display()))?;
        Ok(file)
    }
}
