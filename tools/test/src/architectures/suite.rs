//! The matrix's suite, with the hashes of stock's bytes: they are the same on every architecture.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use libtest_mimic::Completion;
use xshell::Shell;

use super::lab::Lab;
use super::table::Architecture;
use base::library::LIBRARIES;
use check::PASSED;
use install::engine::Engine;
use matrix::stock;
use matrix::suite::{Call, Linkage, Outcome, Suite};

/// All checks, exchanging data with Debian's libraries; the checksums and inflate in each tier.
pub fn run(architecture: &'static Architecture, lab: &'static Lab) -> Result<Completion> {
    let sh = Shell::new()?;
    let dir = tempfile::tempdir()?;
    let suite = build(&sh, lab, &dir.path().join("suite"))?;
    let mut args = Vec::new();
    for library in &LIBRARIES {
        let ours = lab.setup.prefix.join("lib").join(library.soname);
        let peer = lab.setup.machine.stock(&sh, library)?;
        args.extend([format!("--{}", library.stem), ours.display().to_string()]);
        args.extend([format!("--peer-{}", library.stem), peer.display().to_string()]);
    }
    let all = Call { wrapper: wrapper(lab), args, ..Call::default() };
    let outcome = suite.run(&all, &[])?;
    passed(&outcome)?;
    let kept = stock::kept(Engine::Own);
    bytes_are_stocks(&outcome, &kept)?;
    for tier in architecture.tiers {
        let env = vec![("ZCOMPAT_CPU".to_owned(), (*tier).to_owned())];
        let outcome = suite.run(&Call { env, ..all.clone() }, &["checksum/", "inflate/damage"])?;
        ensure!(outcome.tier.as_deref() == Some(tier), "{tier} gave {:?}", outcome.tier);
        passed(&outcome)?;
        let (name, hash) = kept.get_key_value("inflate/damage").expect("it is kept");
        ensure!(outcome.hashes.get(name) == Some(hash), "{tier}: {name} is not stock's");
    }
    PASSED
}

/// The suite for the architecture.
pub fn build(sh: &Shell, lab: &Lab, program: &std::path::Path) -> Result<Suite> {
    let headers = lab.setup.prefix.join("include");
    let by = (lab.setup.machine.cc(), &["-O1"][..]);
    Suite::build_by(sh, by, Linkage::Dlopen, &headers, None, program)
}

/// What runs its programs.
pub fn wrapper(lab: &Lab) -> Vec<String> {
    lab.setup.machine.other.iter().flat_map(|other| other.emulator.clone()).collect()
}

/// The hashes of a whole run are those that were `kept` of stock's.
pub fn bytes_are_stocks(outcome: &Outcome, kept: &BTreeMap<String, String>) -> Result<()> {
    for (check, hash) in kept {
        let found = outcome.hashes.get(check);
        ensure!(found == Some(hash), "{check}: hash {found:?}, stock's is {hash}");
    }
    Ok(())
}

fn passed(outcome: &Outcome) -> Result<()> {
    if let Some(failure) = outcome.first_failure() {
        anyhow::bail!("{failure}: {}", outcome.command);
    }
    ensure!(outcome.skipped.is_empty(), "{:?}", outcome.skipped);
    Ok(())
}
