//! What machine the figures are from.

use std::fs;

use serde::Serialize;
use xshell::{Shell, cmd};

/// What a reader must know to compare figures.
#[derive(Clone, Serialize)]
pub struct Machine {
    /// When the run began, UTC.
    pub date: String,
    /// The CPU's name.
    pub cpu: String,
    /// Logical CPUs that this process may use.
    pub cpus: usize,
    /// Architecture, kernel and its release.
    pub system: String,
    /// Tasks that wanted to run in the minute before: other work disturbs the figures.
    pub load: String,
    /// The commit of zcompat, with `+` when the tree has changes.
    pub commit: String,
}

impl Machine {
    /// Asks the machine.
    pub fn now(sh: &Shell) -> Machine {
        let word = |command: xshell::Cmd<'_>| {
            command.quiet().ignore_stderr().read().unwrap_or_else(|_| "unknown".to_owned())
        };
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        Machine {
            date: word(cmd!(sh, "date -u +%Y-%m-%dT%H:%M:%SZ")),
            cpu: cpu().unwrap_or_else(|| "unknown".to_owned()),
            cpus: std::thread::available_parallelism().map_or(1, usize::from),
            system: word(cmd!(sh, "uname -msr")),
            load: load.split(' ').next().unwrap_or("unknown").to_owned(),
            commit: word(cmd!(sh, "git describe --always --abbrev=12 --dirty=+")),
        }
    }

    /// One line for tables.
    pub fn line(&self) -> String {
        format!(
            "{}, {} CPUs, {}; {}, load {}, zcompat commit {}",
            self.cpu, self.cpus, self.system, self.date, self.load, self.commit
        )
    }
}

fn cpu() -> Option<String> {
    let info = fs::read_to_string("/proc/cpuinfo").ok()?;
    let field = |name: &str| {
        let line = info.lines().find(|l| l.split(':').next().is_some_and(|k| k.trim() == name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let name = field("model name").or_else(|| field("CPU part"))?;
    // Cloud machines call many generations by one name; family and model tell them apart.
    Some(match (field("cpu family"), field("model")) {
        (Some(family), Some(model)) => format!("{name} (family {family}, model {model})"),
        _ => name,
    })
}
