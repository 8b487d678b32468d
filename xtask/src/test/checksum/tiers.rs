//! `ZCOMPAT_CPU` and `zcompat_cpu_tier`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use anyhow::{Context, Result, ensure};
use libtest_mimic::{Completion, Trial};
use xshell::{Shell, cmd};

use super::{Program, Setup};
use crate::test::{PASSED, check, skip};

/// Every name that `ZCOMPAT_CPU` takes, the lowest first; src/cpu/tier.rs.
#[cfg(target_arch = "x86_64")]
const TIERS: &[&str] = &[
    "portable",
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

fn place(tier: &str) -> Result<usize> {
    TIERS.iter().position(|t| *t == tier).with_context(|| format!("no tier is called {tier}"))
}

/// A tier is had or lowered further, never raised; the checksums are the same in each; a name
/// that is none changes nothing.
fn each_tier(program: &Program) -> Result<()> {
    let best = run(program, None)?;
    let mut had = 0;
    for tier in TIERS {
        let found = run(program, Some(tier))?;
        ensure!(place(&found.tier)? <= place(tier)?, "{tier} gave {}", found.tier);
        ensure!(place(&found.tier)? <= place(&best.tier)?, "{tier} gave {}", found.tier);
        ensure!(found.checksums == best.checksums, "{tier}: {found:?}, else {best:?}");
        had += usize::from(found.tier == *tier);
    }
    ensure!(run(program, Some("portable"))?.tier == "portable", "portable is always had");
    for none in ["", "quantum", "PORTABLE", "avx512 ", "portable,avx2"] {
        let found = run(program, Some(none))?;
        ensure!(found == best, "ZCOMPAT_CPU={none:?} gave {found:?}, else {best:?}");
    }
    println!("{had} of {} tiers had here, the best is {}", TIERS.len(), best.tier);
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
    ensure!(best.tier != "portable", "this CPU has nothing to lower");
    ensure!(found.tier == best.tier, "ZCOMPAT_CPU lowered {} to {}", best.tier, found.tier);
    PASSED
}
