//! What stock's libzstd, Debian sid's, makes of damaged data: with decoders that use BMI2, and with those
//! that do not. Ours is to make the same of it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use xshell::Shell;

use super::host::{self, Host};
use super::suite::{self, Call, Linkage, Suite};
use super::{headers, mask};
use crate::debian::Sid;
use crate::paths;

/// The check whose output depends on the decoders.
const CHECK: &str = "zstd/damage";

/// The hashes, by the names under which they are compared. Each kind of decoder that can be had here:
/// by this CPU as it is, by a mask, or by an emulator.
///
/// # Errors
/// Why stock's library cannot be had: the rows are then only compared with each other.
pub fn hashes(sh: &Shell, host: &Host) -> Result<BTreeMap<String, String>> {
    let ours = super::crate_dir(sh, "zstd-sys")?;
    let root = Sid::open(sh)?.unpacked(sh, "libzstd1")?;
    let library = root.join("usr/lib/x86_64-linux-gnu/libzstd.so.1");
    let program = paths::target().join("matrix/stock/suite");
    let suite = Suite::build(sh, Linkage::Dlopen, &headers(sh)?, None, &program)?;
    let library = library.canonicalize().with_context(|| library.display().to_string())?;
    let name = library.file_name().unwrap_or_default().to_string_lossy();
    let version = name.trim_start_matches("libzstd.so.").to_owned();
    ensure!(
        ours.display().to_string().ends_with(&format!("+zstd.{version}")),
        "sid has zstd {version}, ours is of {}",
        ours.display()
    );
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
