//! CPython's own tests of what uses zlib and zstd, and the comparison of two runs of them.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use serde::{Deserialize, Serialize};

use super::interpreter::{Interpreter, Libraries};
use base::process;

/// The test modules, in the order they are run.
pub const MODULES: [&str; 10] = [
    "test_zlib",
    "test_gzip",
    "test_binascii",
    "test_zipfile",
    "test_zipimport",
    "test_tarfile",
    "test_shutil",
    "test_zstd",
    "test_xmlrpc",
    "test_urllib2_localnet",
];

/// Those that are quick and test little else than the libraries.
pub const QUICK: [&str; 5] =
    ["test_zlib", "test_gzip", "test_binascii", "test_zipfile", "test_zstd"];

/// After this time a test module counts as hung.
const LIMIT: Duration = Duration::from_secs(1500);

/// What one test module did.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Number of tests run, skipped ones among them.
    pub run: u32,
    /// The skipped tests by name.
    pub skipped: BTreeSet<String>,
    /// The failed tests by name, or what went wrong as a whole.
    pub failed: BTreeSet<String>,
}

impl Outcome {
    /// `run/skipped`, and the number of failures if there are any.
    pub fn counts(&self) -> String {
        match self.failed.len() {
            0 => format!("{}/{}", self.run, self.skipped.len()),
            n => format!("{}/{}, {n} failed", self.run, self.skipped.len()),
        }
    }

    /// What is worse here than in `stock`; `None` if nothing is.
    pub fn worse_than(&self, stock: &Outcome) -> Option<String> {
        if stock.run == 0 {
            // Equal to nothing is no result.
            let why = stock.failed.first().map_or("no reason given", String::as_str);
            return Some(format!("no test ran on stock: {why}"));
        }
        if let Some(name) = self.failed.difference(&stock.failed).next() {
            return Some(format!("fails: {name}"));
        }
        if let Some(name) = self.skipped.difference(&stock.skipped).next() {
            return Some(format!("newly skipped: {name}"));
        }
        (self.run != stock.run).then(|| format!("{} tests run, not {}", self.run, stock.run))
    }
}

/// Runs `module` in `interpreter`; `None` if this Python does not have it.
pub fn run(
    interpreter: &Interpreter,
    libraries: &Libraries,
    module: &str,
    extra: &[String],
) -> Result<Option<Outcome>> {
    let find = format!(
        "import sys\ntry:\n    import importlib.util as u\n    s = u.find_spec('test.{module}')\n\
         except ImportError:\n    import imp\n    try:\n        s = imp.find_module('{module}', \
         __import__('test').__path__)\n    except ImportError:\n        s = None\n\
         sys.stdout.write(str(s is not None))"
    );
    match interpreter.eval(libraries, &find)?.as_str() {
        "True" => {}
        "False" => return Ok(None),
        other => bail!("{}: cannot tell whether it has {module}: {other}", interpreter.name),
    }
    let runner = if interpreter.version()?.0 == 2 { "test.regrtest" } else { "test" };
    let mut args = vec!["-m".into(), runner.into(), "-v".into()];
    args.extend(extra.iter().cloned());
    args.push(module.into());
    let mut command = interpreter.command(libraries, args);
    let folder = tempfile::tempdir()?;
    command.current_dir(folder.path());
    let out = process::finish(&mut command, LIMIT)?;
    // unittest writes to stderr, regrtest sends that to stdout.
    let text = String::from_utf8_lossy(&[out.stdout.as_slice(), &out.stderr].concat()).into_owned();
    let mut outcome = parse(&text);
    if !out.status.success() && outcome.failed.is_empty() {
        let last = text.lines().rev().find(|l| !l.trim().is_empty()).unwrap_or("no output");
        let end = process::ending(out.status);
        outcome.failed.insert(format!("{module} as a whole: {end}; {last}"));
    }
    ensure!(
        outcome.run > 0 || !outcome.failed.is_empty(),
        "{}: {module} ran no test: {}",
        interpreter.name,
        text.lines().last().unwrap_or("no output")
    );
    Ok(Some(outcome))
}

/// Reads what unittest writes with `-v`.
pub fn parse(text: &str) -> Outcome {
    let mut outcome = Outcome { run: 0, skipped: BTreeSet::new(), failed: BTreeSet::new() };
    for line in text.lines() {
        // "Ran 88 tests in 3.502s": once a module, and once for each part of a split module.
        if let Some(rest) = line.strip_prefix("Ran ") {
            let number = rest.split(" test").next().and_then(|n| n.parse::<u32>().ok());
            outcome.run += number.unwrap_or(0);
        } else if let Some((name, _)) = line.split_once(" ... skipped ") {
            outcome.skipped.insert(name.trim().to_owned());
        } else if let Some(name) =
            line.strip_prefix("FAIL: ").or_else(|| line.strip_prefix("ERROR: "))
        {
            outcome.failed.insert(name.trim().to_owned());
        }
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
test_a (test.test_zlib.T.test_a) ... ok
test_big (test.test_zlib.T.test_big) ... skipped 'not enough memory'
Ran 88 tests in 3.502s
OK (skipped=1)
";

    #[test]
    fn unittests_output_is_counted() {
        let outcome = parse(TEXT);
        assert_eq!(outcome.counts(), "88/1");
        assert!(outcome.skipped.contains("test_big (test.test_zlib.T.test_big)"));
        assert_eq!(outcome.worse_than(&parse(TEXT)), None);
    }

    #[test]
    fn failures_new_skips_and_missing_tests_are_worse() {
        let stock = parse(TEXT);
        let failed = parse(&TEXT.replace("OK", "FAIL: test_a (test.test_zlib.T.test_a)\nFAILED"));
        assert_eq!(failed.counts(), "88/1, 1 failed");
        assert!(failed.worse_than(&stock).unwrap().contains("test_a"));
        let skipped = parse(&TEXT.replace("... ok", "... skipped 'no reason'"));
        assert!(skipped.worse_than(&stock).unwrap().contains("newly skipped"));
        let none = parse("ERROR: test_zlib as a whole\n");
        assert!(none.worse_than(&none).unwrap().starts_with("no test ran on stock"));
        let fewer = parse(&TEXT.replace("88", "87"));
        assert!(fewer.worse_than(&stock).unwrap().contains("87 tests run, not 88"));
    }
}
