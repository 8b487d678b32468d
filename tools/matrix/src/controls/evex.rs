//! (a) The bug of today's compiler, by the verifier and by execution.

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use super::{Evidence, Verdict};
use crate::{bisect, suite, toolchain};
use base::paths;

/// The targets that LLVM 22 gets wrong, and two beside them that it gets right.
const WRONG: [&str; 2] = ["znver4", "znver5"];
const RIGHT: [&str; 2] = ["x86-64-v3", "x86-64-v4"];

pub fn run(sh: &Shell) -> Result<(Verdict, Evidence)> {
    let mut evidence = Evidence::default();
    let host = toolchain::host_features(sh)?;
    let host_runs = ["avx512dq", "avx512vl"].iter().all(|f| host.contains(*f));
    let mut mended = 0;
    for cpu in WRONG {
        let verifier = rejected_by_verifier(sh, cpu, "")?;
        let wrong = if host_runs { wrong_value(sh, cpu)? } else { None };
        if verifier.is_none() && wrong.is_none() {
            mended += 1;
            evidence.note(format!("{cpu}: the verifier accepts it, and it computes right"));
            continue;
        }
        let said = verifier.clone().unwrap_or_else(|| "accepts it".into());
        evidence.expect(verifier.is_some(), format!("{cpu}: the verifier says {said}"));
        match &wrong {
            Some(value) => evidence.note(format!("{cpu}: {value}")),
            None if host_runs => {
                evidence.expect(false, format!("{cpu}: the program computes right"))
            }
            None => evidence.note(format!("{cpu}: not run, this CPU has no AVX-512 DQ and VL")),
        }
    }
    for cpu in RIGHT {
        let verifier = rejected_by_verifier(sh, cpu, "")?;
        let said = verifier.clone().unwrap_or_else(|| "nothing".into());
        evidence.expect(verifier.is_none(), format!("{cpu}: the verifier says {said}"));
        let needed = toolchain::features(sh, cpu, "")?;
        if needed.is_subset(&host) {
            let wrong = wrong_value(sh, cpu)?;
            let said = wrong.clone().unwrap_or_else(|| "computes right".into());
            evidence.expect(wrong.is_none(), format!("{cpu}: {said}"));
        }
    }
    if mended == WRONG.len() {
        return Ok((Verdict::Mended, evidence));
    }
    evidence.expect(mended == 0, format!("{mended} of {} targets are right", WRONG.len()));
    // The bisecting of a failing row is proven on the same bug.
    let narrowed = bisect::narrow(&extra_features(sh, WRONG[0])?, |off| {
        let off: Vec<String> = off.iter().map(|f| format!("-{f}")).collect();
        Ok(rejected_by_verifier(sh, WRONG[0], &off.join(","))?.is_some())
    })?;
    let narrowed = toolchain::generators(sh, &narrowed)?;
    evidence.expect(
        narrowed == ["avx512dq", "avx512vl"],
        format!("{}: of its features the bug needs {}", WRONG[0], narrowed.join(", ")),
    );
    Ok((evidence.verdict(), evidence))
}

/// What a target-cpu has beyond plain x86-64.
fn extra_features(sh: &Shell, cpu: &str) -> Result<Vec<String>> {
    let base = toolchain::features(sh, "x86-64", "")?;
    Ok(toolchain::features(sh, cpu, "")?.difference(&base).cloned().collect())
}

/// What the verifier complains of, if it does.
fn rejected_by_verifier(sh: &Shell, cpu: &str, features: &str) -> Result<Option<String>> {
    let out = compile(sh, cpu, features, &["-Cllvm-args=-verify-machineinstrs"])?;
    if out.status.success() {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&out.stderr);
    let bad = text.lines().find(|line| line.contains("Bad machine code"));
    let bad = bad.with_context(|| {
        format!("rustc fails on the control's source: {}", suite::first_error(&text))
    })?;
    Ok(Some(bad.trim_matches(['*', ' ']).to_owned()))
}

/// The first wrong value that the program meets, if it does.
fn wrong_value(sh: &Shell, cpu: &str) -> Result<Option<String>> {
    let out = compile(sh, cpu, "", &[])?;
    anyhow::ensure!(
        out.status.success(),
        "rustc fails on the control's source: {}",
        suite::first_error(&String::from_utf8_lossy(&out.stderr))
    );
    let (dir, cc) = (dir(), suite::cc());
    let check = paths::root().join("matrix/controls/evex_check.c");
    cmd!(sh, "{cc} -O0 -march=x86-64 {check} {dir}/libevex.a -o {dir}/evex").quiet().run()?;
    let out = cmd!(sh, "{dir}/evex").quiet().ignore_status().output()?;
    let said = String::from_utf8_lossy(&out.stdout).trim().to_owned();
    Ok(match out.status.code() {
        Some(0) if said == "right" => None,
        Some(1) => Some(said),
        _ => Some(format!("the program ended with {}", out.status)),
    })
}

fn compile(sh: &Shell, cpu: &str, features: &str, more: &[&str]) -> Result<std::process::Output> {
    let source = paths::root().join("matrix/controls/evex.rs");
    let dir = dir();
    std::fs::create_dir_all(&dir)?;
    Ok(cmd!(
        sh,
        "rustc --edition 2024 --crate-type staticlib -Cpanic=abort -Copt-level=3 -Ctarget-cpu={cpu} -Ctarget-feature={features} {more...} {source} -o {dir}/libevex.a"
    )
    .quiet()
    .ignore_status()
    .output()?)
}

fn dir() -> std::path::PathBuf {
    paths::target().join("matrix/controls/evex")
}
