//! Which target features a failure needs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Serialize;
use xshell::Shell;

use super::build::{self, Built, Plan};
use super::execute;
use super::host::{Host, Way};
use super::judge::Judged;
use super::record::Record;
use super::suite::{Call, Linkage, Suite};
use super::{headers, toolchain};

/// What a failing row was narrowed to.
#[derive(Clone, Debug, Serialize)]
pub struct Narrowed {
    /// `znver4 O3 fat`.
    pub row: String,
    /// What was repeated: a layer and, of the suite, a check.
    pub repeated: String,
    /// The features without any of which the failure goes away, and how many builds that took; or
    /// why it cannot be told.
    pub needs: String,
    /// The build that has these features and no others beyond x86-64, if the failure was seen.
    pub command: Option<String>,
}

/// Where rows are built again and again.
pub struct Place<'a> {
    /// The sources.
    pub workspace: &'a Path,
    /// Scratch space.
    pub dir: PathBuf,
}

/// Narrows a failing row: builds it again and again with features switched off, and repeats what
/// failed first, in the way in which it failed. `agreed` has the hashes that most rows have.
pub fn row(
    sh: &Shell,
    host: &Host,
    place: &Place,
    record: &Record,
    judged: &Judged,
    agreed: &BTreeMap<String, String>,
) -> Result<Narrowed> {
    let symptom = Symptom::of(record, judged, agreed)?;
    let row = &record.row;
    let base = toolchain::features(sh, "x86-64", "")?;
    let all: Vec<String> =
        toolchain::features(sh, &row.cpu, &row.features)?.difference(&base).cloned().collect();
    let (target, prefix) = (place.dir.join("build"), place.dir.join("install"));
    let whole = Plan {
        workspace: place.workspace,
        row,
        without: &[],
        package: symptom.package(),
        target: &target,
        prefix: &prefix,
        jobs: None,
    };
    let mut builds = 0;
    let mut fails_without = |off: &[String]| -> Result<bool> {
        builds += 1;
        let on: BTreeSet<String> = all.iter().filter(|f| !off.contains(f)).cloned().collect();
        let features = base.union(&on).cloned().collect();
        let fails =
            symptom.shows(sh, host, &Plan { without: off, ..whole }, &place.dir, &features)?;
        let said = if fails { "fails" } else { "does not fail" };
        eprintln!("{row}: build {builds}, {} of {} features off: {said}", off.len(), all.len());
        Ok(fails)
    };
    let narrowed = Narrowed {
        row: judged.row.clone(),
        repeated: symptom.to_string(),
        needs: String::new(),
        command: None,
    };
    // Else every answer would mean that a feature is needed.
    if !fails_without(&[])? {
        let needs = "cannot be told: built once more, the row does not fail in the same way".into();
        return Ok(Narrowed { needs, ..narrowed });
    }
    let needed = narrow(&all, &mut fails_without)?;
    let off: Vec<String> = all.iter().filter(|f| !needed.contains(f)).cloned().collect();
    let needs = match toolchain::generators(sh, &needed)?.as_slice() {
        [] => format!("needs no feature beyond x86-64 ({builds} builds)"),
        some => format!("needs {} ({builds} builds)", some.join(", ")),
    };
    Ok(Narrowed {
        needs,
        command: Some(build::command(sh, &Plan { without: &off, ..whole })?),
        ..narrowed
    })
}

/// A failure that can be looked for in another build.
enum Symptom<'a> {
    /// The build fails, with a message of this kind.
    Build(String),
    /// The build has findings in its machine code, the first in this library.
    Code(&'static str),
    /// A check of the suite fails.
    Check(&'a Call, String),
    /// A check's output has another hash than this.
    Hash(&'a Call, String, String),
}

impl std::fmt::Display for Symptom<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Symptom::Build(message) => write!(f, "the build: {message}"),
            Symptom::Code(library) => write!(f, "the machine code of {library}"),
            Symptom::Check(_, check) => write!(f, "{check}"),
            Symptom::Hash(_, check, _) => write!(f, "the bytes of {check}"),
        }
    }
}

impl<'a> Symptom<'a> {
    /// A row's first failure.
    fn of(
        record: &'a Record,
        judged: &Judged,
        agreed: &BTreeMap<String, String>,
    ) -> Result<Symptom<'a>> {
        let finding = judged.findings.first().context("a failing row has a finding")?;
        if let Some(failure) = &record.build {
            return Ok(Symptom::Build(kind(&failure.message)));
        }
        if finding.layer == "machine code" {
            let libzstd = finding.message.starts_with("libzstd");
            return Ok(Symptom::Code(if libzstd { "libzstd" } else { "libz" }));
        }
        let run = record.execution.runs.iter().find(|run| run.label == finding.place);
        let run = run.with_context(|| format!("no run {}", finding.place))?;
        let check = finding.message.split(": ").next().unwrap_or_default().to_owned();
        Ok(match (finding.layer, agreed.get(&check)) {
            ("same bytes", Some(right)) => Symptom::Hash(&run.call, check, right.clone()),
            ("run", _) => Symptom::Check(&run.call, check),
            (layer, _) => bail!("a failure of {layer} cannot be repeated"),
        })
    }

    /// The one library that it takes; a build of one takes half the time.
    fn package(&self) -> Option<&'static str> {
        match self {
            Symptom::Build(_) => None,
            Symptom::Code(library) => Some(library),
            Symptom::Check(call, check) | Symptom::Hash(call, check, _) => {
                let zstd = check.starts_with("zstd/") || check == "peer/zstd";
                match call.linkage {
                    Linkage::Static => None,
                    Linkage::Shared | Linkage::Dlopen => {
                        Some(if zstd { "libzstd" } else { "libz" })
                    }
                }
            }
        }
    }

    /// Whether a build shows it. `features` is what its code may use.
    fn shows(
        &self,
        sh: &Shell,
        host: &Host,
        plan: &Plan,
        dir: &Path,
        features: &BTreeSet<String>,
    ) -> Result<bool> {
        let built = match (self, build::build(sh, plan)?) {
            (Symptom::Build(message), Err(failure)) => {
                return Ok(kind(&failure.message) == *message);
            }
            (Symptom::Build(_), Ok(_)) => return Ok(false),
            (_, Ok(built)) => built,
            (_, Err(failure)) => bail!("{}: {}", failure.message, failure.command),
        };
        let [libz, libzstd] = built.libraries();
        let libraries: Vec<&Path> = match plan.package {
            Some("libz") => vec![&libz],
            Some(_) => vec![&libzstd],
            None => vec![&libz, &libzstd],
        };
        let code = execute::look(&libraries, features)?;
        let (call, check) = match self {
            Symptom::Code(_) => return Ok(!code.findings.is_empty()),
            Symptom::Check(call, check) | Symptom::Hash(call, check, _) => (*call, check),
            Symptom::Build(_) => return Ok(false),
        };
        // An emulated run has its CPU in `call`.
        if call.wrapper.is_empty() && host.way(sh, &code.needed)? != Way::Native {
            return Ok(false);
        }
        let outcome =
            suite(sh, &built, plan.package, dir)?.run(&one(call, plan, &built), &[check])?;
        Ok(match self {
            Symptom::Hash(_, _, right) => outcome.hashes.get(check).is_some_and(|h| h != right),
            _ => outcome.failed.contains_key(check),
        })
    }
}

/// The suite for one library or for both.
fn suite(sh: &Shell, built: &Built, package: Option<&str>, dir: &Path) -> Result<Suite> {
    let program = dir.join("suite");
    match package {
        // One alone is opened by name: the headers of the other are not there.
        Some(_) => Suite::build(sh, Linkage::Dlopen, &headers(sh)?, None, &program),
        None => Suite::build(sh, Linkage::Static, &built.include, Some(&built.lib), &program),
    }
}

/// The call that does the same with another build.
fn one(call: &Call, plan: &Plan, built: &Built) -> Call {
    let mut call = call.clone();
    if let Some(package) = plan.package {
        let library = built.lib.join(format!("{package}.so.1")).display().to_string();
        call.args.extend([format!("--{package}"), library]);
    }
    call
}

/// What two messages about the same failure have in common: not the registers and the line numbers.
fn kind(message: &str) -> String {
    match message.contains("Bad machine code") {
        true => "Bad machine code".into(),
        false => message.chars().filter(|c| !c.is_ascii_digit()).collect(),
    }
}

/// The smallest set found of `features` that must stay on for the failure to stay, when
/// `fails_without` tells whether it is there with the given ones switched off.
///
/// Zeller's delta debugging, on what is switched off: halves first, then smaller and smaller parts,
/// until no single feature can be spared. LLVM switches off what depends on a feature with it, which
/// only makes the set smaller.
pub fn narrow(
    features: &[String],
    mut fails_without: impl FnMut(&[String]) -> Result<bool>,
) -> Result<Vec<String>> {
    let mut needed: Vec<String> = features.to_vec();
    let mut off: Vec<String> = Vec::new();
    let mut part = needed.len().div_ceil(2);
    while part > 0 {
        let mut at = 0;
        while at < needed.len() {
            let end = (at + part).min(needed.len());
            let try_off: Vec<String> = off.iter().chain(&needed[at..end]).cloned().collect();
            if fails_without(&try_off)? {
                off = try_off;
                needed.drain(at..end);
            } else {
                at = end;
            }
        }
        part = if part == 1 { 0 } else { part.div_ceil(2) };
    }
    Ok(needed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|s| (*s).to_owned()).collect()
    }

    #[test]
    fn what_is_needed_stays() {
        let all: Vec<String> = (0..40).map(|i| format!("f{i}")).collect();
        let mut builds = 0;
        let needed = narrow(&all, |off| {
            builds += 1;
            Ok(!off.contains(&"f7".into()) && !off.contains(&"f31".into()))
        });
        assert_eq!(needed.unwrap(), names(&["f7", "f31"]));
        assert!(builds < 40, "{builds} builds");
    }

    #[test]
    fn a_build_that_fails_otherwise_is_not_the_same_failure() {
        let bad = kind("*** Bad machine code: Using an undefined physical register ***");
        assert_eq!(bad, kind("# *** Bad machine code: $k1 is not live-in ***"));
        assert_ne!(bad, kind("error: no space left on device"));
        assert_eq!(kind("error at line 3"), kind("error at line 17"));
    }

    #[test]
    fn a_failure_that_needs_nothing_narrows_to_nothing() {
        assert!(narrow(&names(&["a", "b"]), |_| Ok(true)).unwrap().is_empty());
    }
}
