//! The positive controls: known miscompilations and planted faults that the harness must see
//! before its silence means anything.

mod braid;
mod evex;
mod high_byte;
pub mod planted;

use std::time::Instant;

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};
use xshell::Shell;

use super::fetch::Fetch;
use super::host::Host;
use base::paths;

/// What a control showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", content = "reason", rename_all = "snake_case")]
pub enum Verdict {
    /// What is wrong was seen, and what is right was not taken for wrong.
    Caught,
    /// The installed compiler no longer has this bug.
    Mended,
    /// What the control is made from is not available here.
    Unavailable(String),
    /// This CPU lacks what it takes to run it: it would say nothing of this machine's rows either.
    NotHere(String),
    /// The harness is blind, or sees what is not there.
    Blind(String),
}

/// A control and its result.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Control {
    /// What `--without-control` calls it.
    pub name: String,
    /// One line.
    pub about: String,
    /// The result.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// What was seen, a line each.
    pub evidence: Vec<String>,
    /// Parts of it that this CPU lacks the instructions for.
    pub not_here: Vec<String>,
}

impl Control {
    /// Name and verdict, for the terminal.
    pub fn line(&self) -> String {
        let verdict = match &self.verdict {
            Verdict::Caught if self.not_here.is_empty() => "caught".to_owned(),
            Verdict::Caught => format!("caught, as far as this CPU has {}", self.all_here()),
            Verdict::NotHere(reason) => format!("not run: {reason}"),
            Verdict::Mended => "this compiler no longer has it".to_owned(),
            Verdict::Unavailable(reason) => format!("CANNOT BE HAD: {reason}"),
            Verdict::Blind(reason) => format!("NOT SEEN: {reason}"),
        };
        format!("control {}: {}: {verdict}", self.name, self.about)
    }

    /// What the CPU lacks the instructions for, as the end of a sentence.
    pub fn all_here(&self) -> String {
        format!("the instructions: it lacks those of {}", self.not_here.join(", "))
    }

    /// The class and the words of the verdict on the page.
    pub fn seen(&self) -> (&'static str, String) {
        match &self.verdict {
            Verdict::Caught if self.not_here.is_empty() => ("passed", "caught".to_owned()),
            Verdict::Caught => {
                ("passed", format!("caught as far as this CPU has {}", self.all_here()))
            }
            Verdict::NotHere(reason) => ("not-run", format!("not run: {reason}")),
            Verdict::Mended => ("not-run", "this compiler no longer has it".to_owned()),
            Verdict::Unavailable(reason) => ("not-run", format!("cannot be had: {reason}")),
            Verdict::Blind(reason) => ("failed", format!("not seen: {reason}")),
        }
    }

    /// The verdict alone.
    fn word(&self) -> &'static str {
        match self.verdict {
            Verdict::Caught => "caught",
            Verdict::Mended => "no longer there",
            Verdict::NotHere(_) => "not run",
            Verdict::Unavailable(_) => "CANNOT BE HAD",
            Verdict::Blind(_) => "NOT SEEN",
        }
    }
}

/// What a control gathers as it goes.
#[derive(Default)]
pub struct Evidence {
    lines: Vec<String>,
    blind: Option<String>,
    not_here: Vec<String>,
}

impl Evidence {
    /// Notes what was seen; the first thing that is not as it must be makes the control blind.
    pub fn expect(&mut self, as_it_must_be: bool, line: String) {
        if !as_it_must_be && self.blind.is_none() {
            self.blind = Some(line.clone());
        }
        self.lines.push(line);
    }

    /// Notes something that decides nothing.
    pub fn note(&mut self, line: String) {
        self.lines.push(line);
    }

    /// Notes a part that this CPU lacks the instructions for.
    pub fn not_here(&mut self, part: String) {
        self.lines.push(format!("{part}: not run, this CPU lacks what it needs"));
        self.not_here.push(part);
    }

    fn verdict(&self) -> Verdict {
        self.blind.clone().map_or(Verdict::Caught, Verdict::Blind)
    }
}

type Run = fn(&Shell, &Host, &Fetch) -> Result<(Verdict, Evidence)>;

/// Name, what it is, how it runs; in the order in which they run.
const ALL: [(&str, &str, Run); 6] = [
    ("evex", "LLVM 22's EVEX bug, with the installed rustc", |sh, _, _| evex::run(sh)),
    ("braid", "zlib-rs 0.5.1's CRC-32 through LLVM 20", |sh, _, fetch| braid::run(sh, fetch)),
    ("high-byte", "byte stores from high registers", |sh, _, fetch| high_byte::run(sh, fetch)),
    ("kernels", "a fault planted in each checksum kernel", |sh, host, _| {
        planted::kernels(sh, host)
    }),
    ("bytes", "bytes that are right and not stock's, in every row", |sh, _, _| {
        planted::other_bytes(sh)
    }),
    ("c-part", "a fault planted in zstd's code for BMI2", |sh, host, _| planted::c_part(sh, host)),
];

/// Fails for a name that no control has.
pub fn ensure_names(names: &[String]) -> Result<()> {
    let known = ALL.map(|(name, ..)| name);
    match names.iter().find(|name| !known.contains(&name.as_str())) {
        Some(name) => bail!("there is no control {name:?}: they are {}", known.join(", ")),
        None => Ok(()),
    }
}

/// Runs all controls, with a line of progress each.
pub fn all(sh: &Shell, host: &Host) -> Result<Vec<Control>> {
    let _lock = paths::lock("matrix/controls.lock")?;
    let fetch = Fetch::new();
    let mut controls = Vec::new();
    for (i, (name, about, run)) in ALL.iter().enumerate() {
        let begun = Instant::now();
        let control = control(name, about, run(sh, host, &fetch));
        let (done, seconds) = (i + 1, begun.elapsed().as_secs());
        eprintln!("[{done}/{}] control {name}: {} after {seconds} s", ALL.len(), control.word());
        controls.push(control);
    }
    Ok(controls)
}

/// Fetches what the controls and the rows are made from.
pub fn prepare(sh: &Shell) -> Result<()> {
    install::cargo_c::cinstall(sh)?;
    let fetch = Fetch::new();
    fetch.crate_source(sh, "zlib-rs", "0.5.1")?;
    for version in [braid::LLVM_20, braid::LLVM_21] {
        fetch.zig(sh, version)?;
    }
    let _dir = sh.push_dir(paths::root());
    xshell::cmd!(sh, "cargo fetch --locked --quiet").quiet().run()?;
    Ok(())
}

/// Wraps a result; what cannot be fetched or built is unavailable, not blind.
pub fn control(name: &str, about: &str, result: Result<(Verdict, Evidence)>) -> Control {
    let (verdict, evidence) = match result {
        Ok(shown) => shown,
        Err(error) => (Verdict::Unavailable(format!("{error:#}")), Evidence::default()),
    };
    let Evidence { lines: evidence, not_here, .. } = evidence;
    Control { name: name.into(), about: about.into(), verdict, evidence, not_here }
}

/// Why these results must fail the run: one line each, none when all is well. `without` names the
/// controls that may be missing (never blind ones).
pub fn complaints(controls: &[Control], without: &[String]) -> Vec<String> {
    let caught =
        |name: &str| controls.iter().any(|c| c.name == name && c.verdict == Verdict::Caught);
    let mut lines = Vec::new();
    for Control { name, verdict, .. } in controls {
        match verdict {
            Verdict::Caught | Verdict::NotHere(_) => {}
            // (b) then stands for (a): only a compiler bug that can be shown proves the eyesight.
            Verdict::Mended if caught("braid") => {}
            Verdict::Mended => lines.push(format!(
                "control {name}: the installed rustc no longer has this bug, and control braid, \
                 which then stands for it, has not caught its own"
            )),
            Verdict::Unavailable(_) if without.contains(name) => {}
            Verdict::Unavailable(reason) => lines.push(format!(
                "control {name} cannot be had here: {reason} (go on without it: --without-control {name})"
            )),
            Verdict::Blind(reason) => lines.push(format!("control {name} is not seen: {reason}")),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &str, verdict: Verdict) -> Control {
        let (evidence, not_here) = (Vec::new(), Vec::new());
        Control { name: name.into(), about: String::new(), verdict, evidence, not_here }
    }

    #[test]
    fn a_control_that_is_not_there_cannot_be_left_out() {
        assert!(ensure_names(&["evex".into(), "c-part".into()]).is_ok());
        assert!(ensure_names(&["evx".into()]).unwrap_err().to_string().contains("braid"));
    }

    #[test]
    fn a_mended_compiler_needs_the_historical_bug() {
        let evex = with("evex", Verdict::Mended);
        let braid = with("braid", Verdict::Caught);
        assert!(complaints(&[evex.clone(), braid], &[]).is_empty());
        let missing = with("braid", Verdict::Unavailable("no network".into()));
        let without = ["braid".to_owned()];
        assert_eq!(complaints(&[evex, missing], &without).len(), 1);
    }

    #[test]
    fn a_missing_control_fails_the_run_unless_it_is_left_out_by_name() {
        let braid = with("braid", Verdict::Unavailable("no network".into()));
        assert_eq!(complaints(std::slice::from_ref(&braid), &[]).len(), 1);
        assert!(complaints(&[braid], &["braid".into()]).is_empty());
    }

    #[test]
    fn what_this_cpu_cannot_run_stops_no_row_and_is_named() {
        let mut kernels = with("kernels", Verdict::Caught);
        kernels.not_here = vec!["crc32 avx512+vpclmulqdq".into()];
        assert!(kernels.line().contains("crc32 avx512+vpclmulqdq"), "{}", kernels.line());
        let c_part = with("c-part", Verdict::NotHere("this CPU lacks bmi2".into()));
        assert!(c_part.line().contains("lacks bmi2"), "{}", c_part.line());
        assert!(complaints(&[kernels, c_part], &[]).is_empty());
        // It does not stand for a bug that the compiler no longer has.
        let evex = with("evex", Verdict::Mended);
        let braid = with("braid", Verdict::NotHere("this CPU lacks avx512vl".into()));
        assert_eq!(complaints(&[evex, braid], &[]).len(), 1);
    }

    #[test]
    fn a_blind_control_always_fails_the_run() {
        let evex = with("evex", Verdict::Blind("nothing seen".into()));
        assert_eq!(complaints(&[evex], &["evex".into()]).len(), 1);
    }
}
