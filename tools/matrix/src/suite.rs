//! The execution suite of matrix/suite: compiled here, run on a library, its lines read.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use xshell::{Shell, cmd};

use base::paths;

/// How the program meets the library.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Linkage {
    /// By dlopen, for libraries that are named at run time.
    #[default]
    Dlopen,
    /// Against `libz.so` and `libzstd.so` in a folder.
    Shared,
    /// Against `libz.a` and `libzstd.a` in a folder.
    Static,
}

/// How the suite is run; kept with what it found, so that the same can be done again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The form of the libraries.
    pub linkage: Linkage,
    /// What runs the program, an emulator and its options; empty for the CPU itself.
    pub wrapper: Vec<String>,
    /// The program's arguments that name libraries.
    pub args: Vec<String>,
    /// Added to the environment.
    pub env: Vec<(String, String)>,
    /// Whether zstd's decoders use BMI2 there: [`decoders_use_bmi2`].
    pub bmi2: bool,
}

/// Whether zstd's decoders use BMI2 in a run: they are compiled for it (then the library `needs` it),
/// or find it in the CPU, that of the `host`, of the emulator, or what is left of it by a mask.
pub fn decoders_use_bmi2(call: &Call, needs: &BTreeSet<String>, host: &BTreeSet<String>) -> bool {
    let hidden = call.env.iter().find(|(name, _)| name == "CPUID_MASK");
    let hidden = hidden.is_some_and(|(_, list)| list.split(',').any(|name| name == "bmi2"));
    let emulated = (!call.wrapper.is_empty()).then(|| {
        let model = call.wrapper.iter().skip_while(|word| *word != "-cpu").nth(1);
        model.is_some_and(|model| super::host::model_has_bmi2(model))
    });
    needs.contains("bmi2") || !hidden && emulated.unwrap_or(host.contains("bmi2"))
}

/// The name under which the hash of a check is compared whose output may depend on the decoders.
pub fn decoded(check: &str, bmi2: bool) -> String {
    format!("{check} (decoders {} BMI2)", if bmi2 { "with" } else { "without" })
}

/// The check that a name of a hash stands for.
pub fn check_of(name: &str) -> &str {
    name.split(" (decoders ").next().unwrap_or(name)
}

/// What one run of the suite found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The tier that the library says its checksums use; none for a library that does not tell.
    pub tier: Option<String>,
    /// Check and number of comparisons.
    pub passed: BTreeMap<String, u64>,
    /// Check and what was wrong, a crash included.
    pub failed: BTreeMap<String, String>,
    /// Check and why it was not run.
    pub skipped: BTreeMap<String, String>,
    /// Check and the hash of output that may not depend on the CPU; where it may depend on whether
    /// zstd's decoders use BMI2, the check with that: [`decoded`].
    pub hashes: BTreeMap<String, String>,
    /// Check and hash of output that may depend on the decoders, until [`Suite::run`] has put it
    /// among the others.
    #[serde(skip)]
    either: BTreeMap<String, String>,
    /// The command line of the run, without the choice of checks.
    pub command: String,
}

/// The name under which a run that ends before its first check is recorded.
const START: &str = "start";

impl Outcome {
    /// The command line that repeats one check of this run.
    pub fn repeat(&self, check: &str) -> String {
        match check {
            START => self.command.clone(),
            _ => format!("{} --only '{}'", self.command, check_of(check)),
        }
    }

    /// The first failure, as one line.
    pub fn first_failure(&self) -> Option<String> {
        self.failed.iter().next().map(|(check, what)| format!("{check}: {what}"))
    }

    /// Reads the lines that matrix/suite/main.c describes.
    fn parse(text: &str, ended: &str) -> Outcome {
        let mut outcome = Outcome::default();
        let mut running = None;
        let mut complete = false;
        for line in text.lines() {
            let mut fields = line.splitn(3, '\t');
            let kind = fields.next().unwrap_or_default();
            let name = fields.next().unwrap_or_default().to_owned();
            let rest = fields.next().unwrap_or_default().to_owned();
            match kind {
                "tier" => outcome.tier = Some(name),
                "run" => running = Some(name),
                "pass" => drop(outcome.passed.insert(name, rest.parse().unwrap_or(0))),
                "fail" => drop(outcome.failed.insert(name, rest)),
                "skip" => drop(outcome.skipped.insert(name, rest)),
                "hash" => drop(outcome.hashes.insert(name, rest)),
                "either" => drop(outcome.either.insert(name, rest)),
                "end" => complete = true,
                _ => {}
            }
        }
        if !complete && outcome.failed.is_empty() {
            let check = running.unwrap_or_else(|| START.into());
            outcome.failed.insert(check, format!("the program ended early: {ended}"));
        }
        if complete && outcome.passed.is_empty() && outcome.failed.is_empty() {
            outcome.failed.insert(START.into(), "no check was run".into());
        }
        outcome
    }
}

/// A compiled suite.
pub struct Suite {
    program: PathBuf,
}

impl Suite {
    /// Compiles the suite at -O0 for plain x86-64. `headers` holds zlib.h and zstd.h; `libraries`
    /// is the folder to link against, unless by dlopen.
    pub fn build(
        sh: &Shell,
        linkage: Linkage,
        headers: &Path,
        libraries: Option<&Path>,
        program: &Path,
    ) -> Result<Suite> {
        let arch: &[&str] =
            if cfg!(target_arch = "x86_64") { &["-O0", "-march=x86-64"] } else { &["-O0"] };
        Suite::build_by(sh, (&cc(), arch), linkage, headers, libraries, program)
    }

    /// The same by another compiler, with other options.
    pub fn build_by(
        sh: &Shell,
        (cc, options): (&str, &[&str]),
        linkage: Linkage,
        headers: &Path,
        libraries: Option<&Path>,
        program: &Path,
    ) -> Result<Suite> {
        let folder = program.parent().context("a path with a folder")?;
        std::fs::create_dir_all(folder)?;
        let _dir = sh.push_dir(paths::root().join("matrix/suite"));
        let sources: Vec<PathBuf> = sh
            .read_dir(".")?
            .into_iter()
            .filter(|path| path.extension().is_some_and(|e| e == "c"))
            .collect();
        let mut link: Vec<String> = Vec::new();
        if let Some(folder) = libraries {
            let folder = folder.display();
            match linkage {
                Linkage::Dlopen => {}
                Linkage::Shared => link.extend([
                    "-DSUITE_LINKED".into(),
                    format!("{folder}/libz.so.1"),
                    format!("{folder}/libzstd.so.1"),
                    format!("-Wl,-rpath,{folder}"),
                ]),
                Linkage::Static => link.extend([
                    "-DSUITE_LINKED".into(),
                    format!("{folder}/libz.a"),
                    format!("{folder}/libzstd.a"),
                ]),
            }
        }
        let out = cmd!(
            sh,
            "{cc} -std=gnu11 {options...} -Wall -Wextra -I {headers} -o {program} {sources...} {link...} -ldl -lpthread -lm"
        )
        .quiet()
        .ignore_status()
        .output()?;
        ensure!(
            out.status.success(),
            "the suite cannot be built: {}",
            first_error(&String::from_utf8_lossy(&out.stderr))
        );
        Ok(Suite { program: program.to_owned() })
    }

    /// The tier that the library reports when `tier` is asked for; `args` name it for dlopen.
    pub fn tier(&self, args: &[String], tier: &str) -> Result<Option<String>> {
        let mut command = Command::new(&self.program);
        let out = command.args(args).arg("--list").env("ZCOMPAT_CPU", tier).output()?;
        Ok(Outcome::parse(&String::from_utf8_lossy(&out.stdout), "").tier)
    }

    /// Runs the checks whose names begin with one of `only`; all if there is none.
    pub fn run(&self, call: &Call, only: &[&str]) -> Result<Outcome> {
        let env = &call.env;
        let mut words: Vec<String> = call.wrapper.clone();
        words.push(self.program.display().to_string());
        words.extend_from_slice(&call.args);
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).stdin(Stdio::null());
        command.args(only.iter().flat_map(|check| ["--only", check_of(check)]));
        // What is tested is set here and nowhere else.
        for name in ["LD_LIBRARY_PATH", "LD_PRELOAD", "ZCOMPAT_CPU"] {
            command.env_remove(name);
        }
        command.envs(env.iter().map(|(name, value)| (name, value)));
        let out = command.output().with_context(|| format!("{} cannot be run", words[0]))?;
        let text = String::from_utf8_lossy(&out.stdout);
        let errors = String::from_utf8_lossy(&out.stderr);
        if out.status.code() == Some(2) {
            bail!("{}: {}", words.join(" "), first_error(&errors));
        }
        let mut outcome =
            Outcome::parse(&text, &format!("{} {}", out.status, first_error(&errors)));
        let either = std::mem::take(&mut outcome.either);
        let named = either.into_iter().map(|(check, hash)| (decoded(&check, call.bmi2), hash));
        outcome.hashes.extend(named);
        outcome.command = command_line(env, &words);
        Ok(outcome)
    }
}

/// The C compiler: what compiles the C part (CC) where that is set, else `cc`.
pub fn cc() -> String {
    let plain = std::env::var("CC").ok().filter(|cc| !cc.is_empty() && !cc.contains(' '));
    plain.unwrap_or_else(|| "cc".into())
}

/// A line that a shell takes: quoted where it must be.
pub fn command_line(env: &[(String, String)], words: &[String]) -> String {
    let plain = |word: &str| {
        !word.is_empty()
            && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./=+,:".contains(c))
    };
    let quote = |word: &str| match plain(word) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    };
    let set = env.iter().map(|(name, value)| format!("{name}={}", quote(value)));
    set.chain(words.iter().map(|word| quote(word))).collect::<Vec<_>>().join(" ")
}

/// The line of a compiler's or linker's output that says what is wrong.
pub fn first_error(text: &str) -> String {
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines()
        .find(|line| line.contains("Bad machine code"))
        .or_else(|| lines().find(|line| line.contains("error")))
        .or_else(|| lines().next())
        .unwrap_or("no message")
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_stops_is_a_failure_of_the_check_that_was_running() {
        let outcome = Outcome::parse("run\ta\npass\ta\t3\nrun\tb\n", "signal 4");
        assert_eq!(outcome.passed["a"], 3);
        assert!(outcome.failed["b"].contains("signal 4"));
    }

    #[test]
    fn a_run_without_checks_is_a_failure() {
        assert!(!Outcome::parse("end\n", "").failed.is_empty());
        assert!(!Outcome::parse("", "exit 3").failed.is_empty());
    }

    #[test]
    fn all_kinds_of_lines_are_read() {
        let text = "tier\tavx2\nrun\ta\npass\ta\t1\nhash\ta\tff\nrun\tb\nskip\tb\tno b\n\
                    run\tc\nfail\tc\tgot 1, right is 2\nend\n";
        let outcome = Outcome::parse(text, "");
        assert_eq!(outcome.tier.as_deref(), Some("avx2"));
        assert_eq!(outcome.hashes["a"], "ff");
        assert_eq!(outcome.skipped["b"], "no b");
        assert_eq!(outcome.first_failure().unwrap(), "c: got 1, right is 2");
    }

    #[test]
    fn the_decoders_are_those_of_the_library_and_of_the_cpu_as_it_shows_itself() {
        let has = BTreeSet::from(["bmi2".to_owned()]);
        let none = BTreeSet::new();
        let native = Call::default();
        assert!(decoders_use_bmi2(&native, &none, &has));
        assert!(!decoders_use_bmi2(&native, &none, &none));
        // Every step of the mask, on Sapphire Rapids.
        let masked = |hidden: &str| Call {
            env: vec![("CPUID_MASK".into(), hidden.into())],
            ..Call::default()
        };
        let steps = crate::mask::STEPS;
        let with = steps.map(|(_, hidden)| decoders_use_bmi2(&masked(hidden), &none, &has));
        assert_eq!(with, [true, true, false, false]);
        // What is compiled in does not ask.
        assert!(decoders_use_bmi2(&masked(steps[3].1), &has, &has));
        let emulated = |model: &str| Call {
            wrapper: ["qemu-x86_64", "-cpu", model].map(str::to_owned).to_vec(),
            ..Call::default()
        };
        assert!(decoders_use_bmi2(&emulated("Haswell"), &none, &none));
        for level in ["x86-64", "x86-64-v2"] {
            let model = crate::host::oldest_model(level).unwrap();
            assert!(!decoders_use_bmi2(&emulated(model), &none, &has), "{model}");
        }
    }

    #[test]
    fn a_check_is_repeated_by_its_own_name() {
        let outcome = Outcome { command: "suite".into(), ..Outcome::default() };
        let name = decoded("zstd/damage", true);
        assert_eq!(name, "zstd/damage (decoders with BMI2)");
        assert_eq!(outcome.repeat(&name), "suite --only 'zstd/damage'");
        assert_eq!(check_of("zstd/levels"), "zstd/levels");
    }

    #[test]
    fn command_lines_can_be_pasted() {
        let env = [("A".to_owned(), "x y".to_owned())];
        assert_eq!(command_line(&env, &["run".into(), "it's".into()]), r"A='x y' run 'it'\''s'");
    }
}
