//! Layers 2 and 3 of a row: its libraries run, and looked through.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;
use serde::{Deserialize, Serialize};
use xshell::Shell;

use super::build::Built;
use super::host::{self, Host, Way};
use super::isa::{self, Scan};
use super::suite::{Linkage, Outcome, Suite};
use super::{rules, tiers};

/// One run of the suite on one form of the libraries.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Run {
    /// The form, `shared`, `static` or `dlopen`, and how it was run.
    pub label: String,
    /// What it found.
    pub outcome: Outcome,
}

/// What running a row came to.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Execution {
    /// The runs, in order.
    pub runs: Vec<Run>,
    /// Why nothing was run, if so.
    pub not_run: Option<String>,
    /// Ways to run it that this machine does not have, and why.
    pub unavailable: Vec<String>,
}

/// How much to run.
pub struct Extent<'a> {
    /// Everything under every tier; else the checksums under every tier, the rest once.
    pub full: bool,
    /// The row's level, if it is one that qemu has a model of: it is run on the oldest CPU too.
    pub level: Option<&'a str>,
}

/// The checks whose code depends on the tier.
const TIERED: &str = "checksum/";
/// What is run under qemu, where everything takes some twenty times as long.
const BRIEF: [&str; 8] = [
    "checksum/crc32",
    "checksum/adler32",
    "checksum/combine",
    "deflate/one shot",
    "deflate/params",
    "inflate/back",
    "zstd/levels",
    "zstd/dictionary",
];

fn only(checks: &[&str]) -> Vec<String> {
    checks.iter().flat_map(|check| ["--only".to_owned(), (*check).to_owned()]).collect()
}

/// Runs both forms of a row's libraries under every tier that the host has.
pub fn run_row(
    sh: &Shell,
    host: &Host,
    needed: &BTreeSet<String>,
    built: &Built,
    work: &Path,
    extent: &Extent,
) -> Result<Execution> {
    let mut execution = Execution::default();
    let suite = |linkage, name: &str| {
        Suite::build(sh, linkage, &built.include, Some(&built.lib), &work.join(name))
    };
    let shared = suite(Linkage::Shared, "suite-shared")?;
    let archive = suite(Linkage::Static, "suite-static")?;
    match host.way(sh, needed)? {
        Way::Native => {
            native(&mut execution, host, &shared, "shared", extent.full)?;
            native(&mut execution, host, &archive, "static", extent.full)?;
            if let Some(model) = extent.level.and_then(host::oldest_model) {
                emulated(&mut execution, host, &shared, "shared", model, extent.full)?;
            }
        }
        Way::Qemu(model) => {
            emulated(&mut execution, host, &shared, "shared", model, extent.full)?;
            emulated(&mut execution, host, &archive, "static", model, extent.full)?;
        }
        Way::Impossible(lacking) => {
            execution.not_run = Some(format!("this CPU lacks {}", lacking.join(", ")));
        }
    }
    if !host.cpuid_faulting && execution.not_run.is_none() {
        execution.unavailable.push("CPUID masking: this kernel offers no CPUID faulting".into());
    }
    Ok(execution)
}

fn native(
    execution: &mut Execution,
    host: &Host,
    suite: &Suite,
    form: &str,
    full: bool,
) -> Result<()> {
    let mut run = |label: String, wrapper: &[String], args: &[String], env: &[(String, String)]| {
        suite.run(wrapper, args, env).map(|outcome| execution.runs.push(Run { label, outcome }))
    };
    run(form.to_owned(), &[], &peers(host), &[])?;
    let tiers = tiers::available(suite)?;
    let args = if full { Vec::new() } else { only(&[TIERED]) };
    for tier in &tiers {
        run(format!("{form}, tier {tier}"), &[], &args, &[("ZCOMPAT_CPU".into(), tier.clone())])?;
    }
    if host.cpuid_faulting && form == "shared" {
        for (name, hidden) in super::mask::STEPS {
            let env = super::mask::environment(hidden)?;
            run(format!("{form}, CPUID without {name}"), &[], &[], &env)?;
        }
    }
    Ok(())
}

fn emulated(
    execution: &mut Execution,
    host: &Host,
    suite: &Suite,
    form: &str,
    model: &str,
    full: bool,
) -> Result<()> {
    let name = model.split(',').next().unwrap_or(model);
    match &host.qemu {
        Ok(qemu) => {
            let args = if full { Vec::new() } else { only(&BRIEF) };
            let wrapper = [qemu.display().to_string(), "-cpu".into(), model.into()];
            let outcome = suite.run(&wrapper, &args, &[])?;
            execution.runs.push(Run { label: format!("{form}, qemu {name}"), outcome });
        }
        Err(reason) => execution.unavailable.push(format!("qemu {name}: {reason}")),
    }
    Ok(())
}

/// The arguments that name the system's libraries to exchange data with.
pub fn peers(host: &Host) -> Vec<String> {
    let mut args = Vec::new();
    for (option, path) in
        [("--peer-libz", &host.system_libz), ("--peer-libzstd", &host.system_libzstd)]
    {
        if let Some(path) = path {
            args.extend([option.to_owned(), path.display().to_string()]);
        }
    }
    args
}

/// What the machine code shows.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Code {
    /// What is wrong, a line each.
    pub findings: Vec<String>,
    /// Stores of high bytes that are known: where and why, and how many.
    pub known: BTreeMap<String, u64>,
    /// Instructions decoded.
    pub instructions: u64,
    /// The features that anything in the libraries uses, of those that the row's target has: the
    /// CPU must have these to run them.
    pub needed: BTreeSet<String>,
}

/// Looks through libraries built for a CPU that has `target`. What is above it must be in code that
/// is chosen at run time.
pub fn look(libraries: &[&Path], target: &BTreeSet<String>) -> Result<Code> {
    let mut code = Code::default();
    for library in libraries {
        let name = library.file_name().unwrap_or_default().to_string_lossy();
        let scan: Scan = isa::scan(library)?;
        code.instructions += scan.instructions;
        code.needed
            .extend(scan.used().iter().filter(|f| target.contains(**f)).map(|f| (*f).to_owned()));
        for site in &scan.high_byte_stores {
            if let Some(reason) = rules::known_high_byte(&name, &site.function) {
                *code.known.entry(format!("{name}: {reason}")).or_default() += 1;
                continue;
            }
            code.findings.push(format!(
                "{name}: high-byte store `{}` at {:#x} in {}",
                site.text, site.address, site.function
            ));
        }
        for (feature, site) in scan.above(target, rules::is_chosen_at_run_time) {
            code.findings.push(format!(
                "{name}: {feature} instruction `{}` at {:#x} in {}, which is not chosen at run time",
                site.text, site.address, site.function
            ));
        }
    }
    Ok(code)
}
