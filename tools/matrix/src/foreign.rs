//! `--lib`: layers 2 and 3 on somebody else's build.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use base::tiers;
use object::{Object, ObjectSymbol};
use xshell::Shell;

use super::execute::{self, Run};
use super::host::{Host, Way};
use super::judge::{self, Cell, Finding, Judged, State};
use super::suite::{self, Call, Linkage, Suite};
use super::{headers, mask, stock, toolchain};
use base::paths;
use install::engine::Engine;

/// Which library a file is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Libz,
    Libzstd,
}

/// Whether each file is one of the two libraries.
///
/// # Errors
/// One line about the first that is not.
pub fn ensure_libraries(libraries: &[PathBuf]) -> Result<()> {
    libraries.iter().try_for_each(|library| kind(library).map(drop))
}

/// Tests each library as it is. `cpu` is what it must be able to run on.
pub fn run(sh: &Shell, host: &Host, libraries: &[PathBuf], cpu: &str) -> Result<Vec<Judged>> {
    let program = paths::target().join("matrix/foreign/suite");
    let suite = Suite::build(sh, Linkage::Dlopen, &headers(sh)?, None, &program)?;
    libraries.iter().map(|library| test(sh, host, &suite, library, cpu)).collect()
}

fn test(sh: &Shell, host: &Host, program: &Suite, library: &Path, cpu: &str) -> Result<Judged> {
    let begun = std::time::Instant::now();
    let path = library.canonicalize().with_context(|| library.display().to_string())?;
    let kind = kind(&path)?;
    let target = toolchain::features(sh, cpu, "")?;
    let code = execute::look(&[&path], &target)?;
    let option = if kind == Kind::Libz { "--libz" } else { "--libzstd" };
    let name = vec![option.to_owned(), path.display().to_string()];
    let mut runs: Vec<Run> = Vec::new();
    let mut notes = Vec::new();
    let way = host.way(sh, &code.needed)?;
    let mut run = |how: &str, args: Vec<String>, env: Vec<(String, String)>| -> Result<()> {
        let call = Call { args, env, ..Call::default() };
        let bmi2 = suite::decoders_use_bmi2(&call, &code.needed, &host.own_features);
        let call = Call { bmi2, ..call };
        let outcome = program.run(&call, &[])?;
        runs.push(Run { label: format!("dlopen{how}"), call, outcome });
        Ok(())
    };
    if way == Way::Native {
        run("", [name.clone(), execute::peers(host)].concat(), Vec::new())?;
        // Only ours has tiers to choose from.
        let tiers = tiers::available(|tier| program.tier(&name, tier))?;
        if tiers.is_empty() {
            notes.push("this library lets nobody choose a tier: run as this CPU has it".into());
        }
        for tier in tiers {
            let env = vec![("ZCOMPAT_CPU".to_owned(), tier.clone())];
            run(&format!(", tier {tier}"), name.clone(), env)?;
        }
        if host.cpuid_faulting {
            for (hidden, features) in mask::STEPS {
                let env = mask::environment(features)?;
                run(&format!(", CPUID without {hidden}"), name.clone(), env)?;
            }
        }
    }
    notes.extend(code.known.iter().map(|(place, n)| format!("known, {n} times, in {place}")));
    for run in &runs {
        for (check, reason) in &run.outcome.skipped {
            notes.push(format!("{}: {check} skipped: {reason}", run.label));
        }
    }
    Ok(judge_library(&path, &runs, &way, &code, notes, begun.elapsed().as_secs_f64()))
}

/// Another library has no duty to produce stock's bytes or ours, only the same ones in all of its own
/// runs: that they are stock's, or not, is a note.
fn judge_library(
    path: &Path,
    runs: &[Run],
    way: &Way,
    code: &execute::Code,
    mut notes: Vec<String>,
    seconds: f64,
) -> Judged {
    let mut findings = judge::run_findings(runs);
    let failures = findings.len();
    let run = match way {
        Way::Native if failures == 0 => {
            Cell { state: State::Passed, words: judge::run_words(runs) }
        }
        Way::Native => Cell { state: State::Failed, words: format!("{failures} failures") },
        Way::Qemu(_) => not_run("this CPU lacks what it uses"),
        Way::Impossible(lacking) => not_run(&format!("this CPU lacks {}", lacking.join(", "))),
    };
    let agreed = judge::agreed_hashes(runs.iter());
    let others = judge::other_bytes(runs, &agreed);
    let kept = stock::kept(Engine::Own);
    if let Some([compared, differ]) = runs.first().map(|run| judge::beside_stock(run, &kept)) {
        notes.push(match differ.len() {
            0 => format!("all {} hashes of its output are stock's", compared.len()),
            n => format!("{n} of {} hashes are not stock's: {}", compared.len(), differ.join("; ")),
        });
    }
    let bytes = match (runs.len(), others.len()) {
        (0 | 1, _) => not_run("one run, nothing to compare with"),
        (_, 0) => Cell { state: State::Passed, words: "as in all runs".into() },
        (_, n) => Cell { state: State::Failed, words: format!("{n} differ") },
    };
    findings.extend(others);
    // No high-byte store, and nothing above the target but behind a question to the CPU: that is what
    // ours promises, and is told apart for others.
    let ours = runs.iter().any(|run| run.outcome.tier.is_some());
    let wrong: &[String] = if ours { &code.findings } else { &[] };
    if !ours {
        let (stores, above): (Vec<&String>, Vec<&String>) =
            code.findings.iter().partition(|line| line.contains("high-byte store"));
        for (list, what) in [
            (stores, "high-byte stores, which only zcompat's libz promises not to have"),
            (above, "functions with instructions above the target, asked for first or not"),
        ] {
            if let Some(first) = list.first() {
                notes.push(format!("{} {what}; the first: {first}", list.len()));
            }
        }
    }
    let machine = match wrong.len() {
        0 => Cell { state: State::Passed, words: format!("{} instructions", code.instructions) },
        n => Cell { state: State::Failed, words: format!("{n} findings") },
    };
    findings.extend(wrong.iter().map(|message| Finding {
        layer: "machine code",
        place: "disassembly".into(),
        message: message.clone(),
        command: format!("cargo xtask matrix --lib {}", path.display()),
    }));
    Judged {
        row: path.display().to_string(),
        march: String::new(),
        seconds,
        cells: vec![not_run("not built here"), run, bytes, machine],
        findings,
        notes,
    }
}

fn not_run(words: &str) -> Cell {
    Cell { state: State::NotRun, words: words.to_owned() }
}

/// Tells the two apart by what they export.
fn kind(path: &Path) -> Result<Kind> {
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    let file = object::File::parse(&*bytes)
        .with_context(|| format!("{} is no shared library", path.display()))?;
    let exports = |name: &str| {
        file.dynamic_symbols().any(|s| s.is_definition() && s.name().is_ok_and(|n| n == name))
    };
    let (z, zstd) = (exports("crc32"), exports("ZSTD_versionNumber"));
    ensure!(z != zstd, "{} is neither a libz.so nor a libzstd.so", path.display());
    Ok(if z { Kind::Libz } else { Kind::Libzstd })
}
