//! Layers 2 and 3 of a row: its libraries run, and looked through.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;
use base::tiers;
use serde::{Deserialize, Serialize};
use xshell::Shell;

use super::build::Built;
use super::host::{self, Host, Way};
use super::rules;
use super::suite::{Call, Linkage, Outcome, Suite, decoders_use_bmi2};
use code::Scan;

/// One run of the suite on one form of the libraries.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Run {
    /// The form, `shared`, `static` or `dlopen`, and how it was run.
    pub label: String,
    /// What it takes to do it again.
    pub call: Call,
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
    let form = |linkage, name| -> Result<Form> {
        let program = work.join(format!("suite-{name}"));
        let suite = Suite::build(sh, linkage, &built.include, Some(&built.lib), &program)?;
        Ok(Form { name, linkage, suite, needs: needed, host: &host.own_features })
    };
    let shared = form(Linkage::Shared, "shared")?;
    let archive = form(Linkage::Static, "static")?;
    match host.way(sh, needed)? {
        Way::Native => {
            native(&mut execution, host, &shared, extent.full)?;
            native(&mut execution, host, &archive, extent.full)?;
            if let Some(model) = extent.level.and_then(host::oldest_model) {
                emulated(&mut execution, host, &shared, model, extent.full)?;
            }
        }
        Way::Qemu(model) => {
            emulated(&mut execution, host, &shared, model, extent.full)?;
            emulated(&mut execution, host, &archive, model, extent.full)?;
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

/// The suite, linked with one form of the libraries.
struct Form<'a> {
    name: &'static str,
    linkage: Linkage,
    suite: Suite,
    /// What the libraries were compiled for and use.
    needs: &'a BTreeSet<String>,
    /// What this CPU has.
    host: &'a BTreeSet<String>,
}

impl Form<'_> {
    fn run(&self, how: &str, call: Call, only: &[&str]) -> Result<Run> {
        let bmi2 = decoders_use_bmi2(&call, self.needs, self.host);
        let call = Call { linkage: self.linkage, bmi2, ..call };
        let outcome = self.suite.run(&call, only)?;
        Ok(Run { label: format!("{}{how}", self.name), call, outcome })
    }
}

fn native(execution: &mut Execution, host: &Host, form: &Form, full: bool) -> Result<()> {
    let runs = &mut execution.runs;
    runs.push(form.run("", Call { args: peers(host), ..Call::default() }, &[])?);
    let only: &[&str] = if full { &[] } else { &[TIERED] };
    for tier in tiers::available(|tier| form.suite.tier(&[], tier))? {
        let env = vec![("ZCOMPAT_CPU".to_owned(), tier.clone())];
        runs.push(form.run(&format!(", tier {tier}"), Call { env, ..Call::default() }, only)?);
    }
    // Of the .so only: that is what stays as it is under other CPUs.
    if host.cpuid_faulting && form.linkage == Linkage::Shared {
        for (name, hidden) in super::mask::STEPS {
            let env = super::mask::environment(hidden)?;
            let call = Call { env, ..Call::default() };
            runs.push(form.run(&format!(", CPUID without {name}"), call, &[])?);
        }
    }
    Ok(())
}

fn emulated(
    execution: &mut Execution,
    host: &Host,
    form: &Form,
    model: &str,
    full: bool,
) -> Result<()> {
    let name = model.split(',').next().unwrap_or(model);
    match &host.qemu {
        Ok(qemu) => {
            let only: &[&str] = if full { &[] } else { &BRIEF };
            let wrapper = vec![qemu.display().to_string(), "-cpu".into(), model.into()];
            let call = Call { wrapper, ..Call::default() };
            execution.runs.push(form.run(&format!(", qemu {name}"), call, only)?);
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
    /// What is known and no failure: where and why, and in how many places.
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
        let scan: Scan = code::scan(library)?;
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
        let mut told = BTreeSet::new();
        for (feature, site) in scan.above(target, rules::is_chosen_at_run_time) {
            let known = rules::known_above(&site.function, feature, &site.text, target);
            if let Some(reason) = known {
                *code.known.entry(format!("{name}: {reason}")).or_default() += 1;
                continue;
            }
            // One line a function is enough.
            if !told.insert((feature, &site.function)) {
                continue;
            }
            code.findings.push(format!(
                "{name}: {feature} instruction `{}` at {:#x} in {}, which is not chosen at run time",
                site.text, site.address, site.function
            ));
        }
    }
    Ok(code)
}
