//! `ZCOMPAT_CPU` and `zcompat_cpu_tier`.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use anyhow::{Context, Result, ensure};
use libtest_mimic::{Completion, Trial};
use xshell::{Shell, cmd};

use super::{Program, Setup};
use check::{PASSED, check, skip};

/// Every name that `ZCOMPAT_CPU` takes, the lowest first; src/cpu/tier.rs.
#[cfg(target_arch = "x86_64")]
const TIERS: &[&str] = &[
    "portable",
    "sse4.1",
    "pclmulqdq",
    "avx2",
    "avx2-vpclmulqdq",
    "avx2-vpclmulqdq-vnni",
    "avx512",
    "avx512-vnni",
    "avx512-vpclmulqdq",
    "avx512-vpclmulqdq-vnni",
    "avx512-vpclmulqdq-vnni-gfni",
];
#[cfg(target_arch = "aarch64")]
const TIERS: &[&str] = &["portable", "neon", "crc", "pmull", "pmull-dotprod", "pmull-eor3-dotprod"];

/// The checks.
pub fn trials(setup: &'static Setup) -> Vec<Trial> {
    vec![
        check("checksum::tiers::shared_library", || {
            each_tier(&Program::build("tier", setup)?)?;
            PASSED
        }),
        check("checksum::tiers::static_archive", || {
            each_tier(&Program::build_static("tier", setup)?)?;
            PASSED
        }),
        check("checksum::tiers::as_the_process_was_started_with", || {
            set_later(&Program::build("tier", setup)?)?;
            set_later(&Program::build_static("tier", setup)?)?;
            PASSED
        }),
        check("checksum::tiers::not_in_set_uid_programs", || set_uid(setup)),
    ]
}

/// What tier.c prints.
#[derive(Debug, PartialEq)]
struct Said {
    tier: String,
    checksums: String,
    secure: bool,
}

fn said(line: &str) -> Result<Said> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [tier, crc, adler, secure] = words[..] else { anyhow::bail!("{line}") };
    Ok(Said { tier: tier.into(), checksums: format!("{crc} {adler}"), secure: secure != "0" })
}

fn run(program: &Program, tier: Option<&str>) -> Result<Said> {
    let (sh, file) = (Shell::new()?, &program.file);
    let command = cmd!(sh, "{file}").quiet().env_remove("ZCOMPAT_CPU");
    let command = match tier {
        Some(tier) => command.env("ZCOMPAT_CPU", tier),
        None => command,
    };
    said(&command.read()?)
}

/// What a program sets itself changes nothing, whether or not the variable was there: nobody reads an
/// environment that another thread may be changing.
fn set_later(program: &Program) -> Result<()> {
    let (sh, file) = (Shell::new()?, &program.file);
    let best = run(program, None)?;
    let set = |command: xshell::Cmd<'_>| said(&command.arg("portable").quiet().read()?);
    let found = set(cmd!(sh, "{file}").env_remove("ZCOMPAT_CPU"))?;
    ensure!(found == best, "set by the program: {found:?}, else {best:?}");
    // Here setenv replaces a pointer of the first environment.
    let found = set(cmd!(sh, "{file}").env("ZCOMPAT_CPU", "sse4.1"))?;
    ensure!(found == run(program, Some("sse4.1"))?, "sse4.1 replaced by the program: {found:?}");
    Ok(())
}

fn place(tier: &str) -> Result<usize> {
    TIERS.iter().position(|t| *t == tier).with_context(|| format!("no tier is called {tier}"))
}

/// What the words of a tier's name stand for in /proc/cpuinfo; docs/checksums.md.
fn flags(tier: &str) -> Vec<&'static str> {
    let mut flags: Vec<&str> = Vec::new();
    for word in tier.split('-') {
        flags.extend::<&[&str]>(match word {
            "sse4.1" => &["ssse3", "sse4_1"],
            "pclmulqdq" => &["ssse3", "sse4_1", "pclmulqdq"],
            "avx2" => &["pclmulqdq", "avx2", "bmi1", "bmi2"],
            "avx512" => &["pclmulqdq", "avx2", "avx512f", "avx512bw", "avx512dq", "avx512vl"],
            "vpclmulqdq" => &["vpclmulqdq"],
            "vnni" if tier.contains("avx512") => &["avx512_vnni"],
            "vnni" => &["avx_vnni"],
            "gfni" => &["gfni"],
            "crc" => &["crc32"],
            "pmull" => &["crc32", "pmull"],
            "dotprod" => &["asimddp"],
            "eor3" => &["sha3"],
            _ => &[],
        });
    }
    flags
}

/// The tiers that a CPU with these flags has all instructions of: those can be chosen by name, whatever it
/// would have by default.
fn had_by_name(cpu: &BTreeSet<&str>) -> Vec<&'static str> {
    let tiers = TIERS.iter().copied();
    tiers.filter(|tier| flags(tier).iter().all(|flag| cpu.contains(flag))).collect()
}

/// A tier can be chosen wherever its instructions are, else a lower one; the checksums are the same in
/// each; a name that is none changes nothing.
fn each_tier(program: &Program) -> Result<()> {
    let best = run(program, None)?;
    let cpu = fs::read_to_string("/proc/cpuinfo")?;
    let expected = had_by_name(&cpu.split_whitespace().collect());
    let mut had = 0;
    for tier in TIERS {
        let found = run(program, Some(tier))?;
        ensure!(place(&found.tier)? <= place(tier)?, "{tier} gave {}", found.tier);
        ensure!(
            (found.tier == *tier) == expected.contains(tier),
            "{tier} gave {}, this CPU has the instructions of {}",
            found.tier,
            expected.join(", ")
        );
        ensure!(found.checksums == best.checksums, "{tier}: {found:?}, else {best:?}");
        had += usize::from(found.tier == *tier);
    }
    ensure!(run(program, Some("portable"))?.tier == "portable", "portable is always had");
    for none in ["", "quantum", "PORTABLE", "avx512 ", "portable,avx2"] {
        let found = run(program, Some(none))?;
        ensure!(found == best, "ZCOMPAT_CPU={none:?} gave {found:?}, else {best:?}");
    }
    println!("{had} of {} tiers had here, the default is {}", TIERS.len(), best.tier);
    Ok(())
}

/// In a program with more rights than its caller the environment is the caller's: ignored.
fn set_uid(setup: &Setup) -> Result<Completion> {
    // The loader ignores LD_LIBRARY_PATH in such a program, so the archive.
    let program = Program::build_static("tier", setup)?;
    // SAFETY: geteuid has no preconditions.
    if unsafe { libc::geteuid() } != 0 {
        return skip("only root can make a set-uid program that is not the caller's own");
    }
    // Others must be able to reach and run it.
    for (path, mode) in [(program.dir.path(), 0o755), (program.file.as_path(), 0o4755)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    }
    let (sh, file) = (Shell::new()?, &program.file);
    let line = cmd!(sh, "setpriv --reuid 65534 --regid 65534 --clear-groups {file}")
        .quiet()
        .env("ZCOMPAT_CPU", "portable")
        .read()?;
    let found = said(&line)?;
    if !found.secure {
        return skip("set-uid bits are ignored where temporary files are kept");
    }
    let best = run(&program, None)?;
    if best.tier == "portable" {
        return skip("this CPU has nothing to lower");
    }
    ensure!(found.tier == best.tier, "ZCOMPAT_CPU lowered {} to {}", best.tier, found.tier);
    PASSED
}

#[cfg(test)]
mod tests {
    use super::*;

    /// On each CPU of the library's table, the tiers that this check expects are those that the
    /// library gives.
    #[test]
    #[cfg(target_arch = "x86_64")]
    fn the_tiers_of_every_known_cpu_are_expected() {
        for cpu in zcompat::cpu::known::KNOWN.iter().filter(|cpu| cpu.arch() == "x86_64") {
            // As Linux spells them.
            let spelt = |word: &str| match word {
                "avx512vnni" => "avx512_vnni".to_owned(),
                "avxvnni" => "avx_vnni".to_owned(),
                word => word.replace('.', "_"),
            };
            let words: Vec<String> = cpu.words().map(spelt).collect();
            let expected = had_by_name(&words.iter().map(String::as_str).collect());
            let names: Vec<&str> =
                cpu.tiers().iter().map(|tier| tier.name().to_str().unwrap()).collect();
            assert_eq!(names, TIERS);
            let given = cpu.tiers().iter().filter(|tier| {
                let got = zcompat::cpu::Tier::highest_of(cpu.tiers(), cpu.features(Some(tier)));
                got.name() == tier.name()
            });
            let given: Vec<&str> = given.map(|tier| tier.name().to_str().unwrap()).collect();
            assert_eq!(expected, given, "{}", cpu.name);
        }
    }
}
