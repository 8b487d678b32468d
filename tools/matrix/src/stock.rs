//! What stock's libraries, Debian sid's, make of the suite's data. Ours are to make the same of it.
//!
//! What is the same on every CPU is kept as hashes in matrix/stock-hashes.txt, so that it is compared
//! where sid is not available, too. What libzstd makes of damaged data depends on whether its decoders
//! use BMI2, and comes from running it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use xshell::Shell;

use super::host::{self, Host};
use super::suite::{self, Call, Linkage, Suite};
use super::{headers, mask};
use base::debian::Sid;
use base::paths;
use install::engine::Engine;

/// The check whose output depends on the decoders.
const CHECK: &str = "zstd/damage";

/// The hashes that are kept.
const KEPT: &str = include_str!("../../../matrix/stock-hashes.txt");

/// Where they are kept, below the root.
const FILE: &str = "matrix/stock-hashes.txt";

/// The checks whose output they are of, by the beginnings of their names: those of all data that is
/// compressed, and of what damaged data gives.
const CHECKS: [&str; 4] = ["deflate/", "inflate/damage", "gz/", "zstd/"];

/// By check, the hash of what stock's library gives that `engine` has to give as well.
pub fn kept(engine: Engine) -> BTreeMap<String, String> {
    parse(KEPT).filter(|(check, _)| engine == Engine::Own || check.starts_with("zstd/")).collect()
}

fn parse(text: &str) -> impl Iterator<Item = (String, String)> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once('\t')).map(|(a, b)| (a.to_owned(), b.to_owned()))
}

/// Writes the hashes again.
///
/// # Errors
/// Stock's libraries are not available, or a check fails on them.
pub fn write(sh: &Shell) -> Result<()> {
    let head = KEPT.lines().filter(|line| line.starts_with('#')).map(|line| format!("{line}\n"));
    let found = measured(sh)?;
    let lines = found.iter().map(|(check, hash)| format!("{check}\t{hash}\n"));
    std::fs::write(paths::root().join(FILE), head.chain(lines).collect::<String>())?;
    println!("{FILE}: {} hashes", found.len());
    Ok(())
}

/// Why the hashes that are kept cannot be compared with stock's libraries, if so.
///
/// # Errors
/// They are not those of stock's libraries.
pub fn check_kept(sh: &Shell) -> Result<Option<String>> {
    let found = match libraries(sh) {
        Ok(_) => measured(sh)?,
        Err(error) => return Ok(Some(format!("{error:#}"))),
    };
    let kept = kept(Engine::Own);
    ensure!(found == kept, "stock's libraries give {found:?}, {FILE} has {kept:?}");
    Ok(None)
}

/// Stock's libz and libzstd, of the versions that ours stand for.
fn libraries(sh: &Shell) -> Result<[PathBuf; 2]> {
    let sid = Sid::open(sh)?;
    let file = |package: &str, name: &str| -> Result<PathBuf> {
        let root = sid.unpacked(sh, package)?;
        let library = root.join("usr/lib/x86_64-linux-gnu").join(name);
        library.canonicalize().with_context(|| library.display().to_string())
    };
    let (libz, libzstd) = (file("zlib1g", "libz.so.1")?, file("libzstd1", "libzstd.so.1")?);
    ensure!(libz.ends_with("libz.so.1.3.2"), "sid has {}, ours is 1.3.2", libz.display());
    let ours = super::crate_dir(sh, "zstd-sys")?;
    let name = libzstd.file_name().unwrap_or_default().to_string_lossy();
    let version = name.trim_start_matches("libzstd.so.").to_owned();
    ensure!(
        ours.display().to_string().ends_with(&format!("+zstd.{version}")),
        "sid has zstd {version}, ours is of {}",
        ours.display()
    );
    Ok([libz, libzstd])
}

fn suite(sh: &Shell) -> Result<Suite> {
    let program = paths::target().join("matrix/stock/suite");
    Suite::build(sh, Linkage::Dlopen, &headers(sh)?, None, &program)
}

fn measured(sh: &Shell) -> Result<BTreeMap<String, String>> {
    let [libz, libzstd] = libraries(sh)?.map(|path| path.display().to_string());
    let args = vec!["--libz".into(), libz, "--libzstd".into(), libzstd];
    let outcome = suite(sh)?.run(&Call { args, ..Call::default() }, &CHECKS)?;
    if let Some(failure) = outcome.first_failure() {
        anyhow::bail!("stock's own libraries fail: {failure}: {}", outcome.command);
    }
    let of_all = outcome.hashes.into_iter().filter(|(name, _)| suite::check_of(name) == name);
    Ok(of_all.collect())
}

/// The hashes of [`CHECK`], by the names under which they are compared. Each kind of decoder that is available here:
/// by this CPU as it is, by a mask, or by an emulator.
///
/// # Errors
/// Why stock's library is not available: the rows are then only compared with each other.
pub fn hashes(sh: &Shell, host: &Host) -> Result<BTreeMap<String, String>> {
    let [_, library] = libraries(sh)?;
    let suite = suite(sh)?;
    let call = |wrapper: Vec<String>, env: Vec<(String, String)>| Call {
        args: vec!["--libzstd".into(), library.display().to_string()],
        wrapper,
        env,
        ..Call::default()
    };
    let mut calls = vec![call(Vec::new(), Vec::new())];
    if host.cpuid_faulting {
        calls.push(call(Vec::new(), mask::environment(mask::STEPS[2].1)?));
    }
    if let Ok(qemu) = &host.qemu {
        let models = ["x86-64", "x86-64-v3"].into_iter().filter_map(host::oldest_model);
        calls.extend(models.map(|model| {
            call(vec![qemu.display().to_string(), "-cpu".into(), model.into()], Vec::new())
        }));
    }
    let mut found = BTreeMap::<String, String>::new();
    for call in calls {
        let bmi2 = suite::decoders_use_bmi2(&call, &BTreeSet::new(), &host.own_features);
        let outcome = suite.run(&Call { bmi2, ..call }, &[CHECK])?;
        if let Some(failure) = outcome.first_failure() {
            anyhow::bail!("stock's own library fails: {failure}: {}", outcome.command);
        }
        for (name, hash) in outcome.hashes {
            let known = found.entry(name.clone()).or_insert_with(|| hash.clone());
            ensure!(
                *known == hash,
                "stock's own library gives {hash} and {known} for {name}: {}",
                outcome.command
            );
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_of_all_compressed_data_are_kept() {
        let own = kept(Engine::Own);
        for check in
            ["parameters", "sizes", "long", "pieces", "params", "dictionary, copy", "one shot"]
        {
            assert!(own.contains_key(&format!("deflate/{check}")), "{check}");
        }
        assert!(own.contains_key("gz/file") && own.contains_key("zstd/levels"));
        assert!(own.values().all(|hash| hash.len() == 16));
        assert!(kept(Engine::ZlibRs).keys().all(|check| check.starts_with("zstd/")));
    }
}
