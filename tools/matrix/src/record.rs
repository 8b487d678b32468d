//! What a row came to, and where it is kept so that a run can be taken up again.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::build::Failure;
use super::execute::{Code, Execution};
use super::host::Host;
use super::row::Row;
use super::toolchain::Versions;
use base::paths;

/// What a row came to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// The row.
    pub row: Row,
    /// What it was made from; a record with another key is of no use.
    pub key: String,
    /// How long it took.
    pub seconds: f64,
    /// The `-march` of the C part.
    pub march: String,
    /// Layer 1: why the build failed, if it did.
    pub build: Option<Failure>,
    /// Layer 2.
    pub execution: Execution,
    /// Layer 3.
    pub code: Code,
}

impl Record {
    /// Whether anything in it is wrong by itself, whatever other rows say.
    pub fn failed(&self) -> bool {
        self.first_failure().is_some()
    }

    /// The first of what is wrong, as one line.
    pub fn first_failure(&self) -> Option<String> {
        let build = self.build.iter().map(|failure| failure.message.clone());
        let runs = self.execution.runs.iter().filter_map(|run| {
            run.outcome.first_failure().map(|failure| format!("{}: {failure}", run.label))
        });
        build.chain(runs).chain(self.code.findings.iter().cloned()).next()
    }
}

/// Where records are kept, a file for each row and extent.
pub struct Store {
    dir: PathBuf,
}

impl Store {
    /// Under target/matrix/results.
    pub fn new() -> Store {
        Store { dir: paths::target().join("matrix/results") }
    }

    fn path(&self, row: &Row, full: bool) -> PathBuf {
        let extent = if full { "-full" } else { "" };
        self.dir.join(format!("{}{extent}.json", row.file_name()))
    }

    /// What is known of a row from an earlier run with the same inputs. One that was run in full is
    /// known in part, too.
    pub fn load(&self, row: &Row, inputs: &Inputs, full: bool) -> Option<Record> {
        let extents: &[bool] = if full { &[true] } else { &[false, true] };
        extents.iter().find_map(|&full| {
            let text = std::fs::read_to_string(self.path(row, full)).ok()?;
            let record: Record = serde_json::from_str(&text).ok()?;
            (record.key == inputs.key(row, full) && record.row == *row).then_some(record)
        })
    }

    /// Keeps what is worth keeping. A failure is looked at again by the next run: it may have been
    /// the machine's, that had no memory left, or the user's, who stopped a compiler.
    pub fn store(&self, record: &Record, full: bool) -> Result<()> {
        let path = self.path(&record.row, full);
        if record.failed() {
            std::fs::remove_file(path).ok();
            return Ok(());
        }
        std::fs::create_dir_all(&self.dir)?;
        // Whole or not at all: a run can be stopped at any time.
        let part = tempfile::NamedTempFile::new_in(&self.dir)?.into_temp_path();
        std::fs::write(&part, serde_json::to_string(record)?)?;
        part.persist(&path)?;
        Ok(())
    }

    /// All that is known from earlier runs with the same inputs, of rows other than these: what
    /// their output is compared with.
    pub fn others(&self, rows: &[Row], inputs: &Inputs) -> Vec<Record> {
        let Ok(entries) = std::fs::read_dir(&self.dir) else { return Vec::new() };
        let texts =
            entries.flatten().filter_map(|entry| std::fs::read_to_string(entry.path()).ok());
        texts
            .filter_map(|text| serde_json::from_str::<Record>(&text).ok())
            .filter(|record| {
                let current = |full| record.key == inputs.key(&record.row, full);
                !rows.contains(&record.row) && (current(false) || current(true))
            })
            .collect()
    }
}

/// Keys for what a row's build and its result depend on.
pub struct Inputs {
    build: u64,
    all: u64,
}

/// What the libraries are made from.
const SOURCES: [&str; 10] = [
    "Cargo.toml",
    "Cargo.lock",
    ".cargo",
    "build.rs",
    "src",
    "include",
    "libz",
    "libzstd",
    "link",
    "tools/matrix/src/build.rs",
];

impl Inputs {
    /// Reads the sources, the suite and the harness; compilers and the CPU are in `versions` and
    /// `host`.
    pub fn read(versions: &Versions, host: &Host) -> Result<Inputs> {
        Inputs::of(paths::root(), versions, host)
    }

    fn of(root: &Path, versions: &Versions, host: &Host) -> Result<Inputs> {
        let mut hasher = DefaultHasher::new();
        serde_json::to_string(versions)?.hash(&mut hasher);
        // What `native` means.
        host.own_features.hash(&mut hasher);
        for part in SOURCES {
            hash_tree(&root.join(part), &mut hasher)?;
        }
        let build = hasher.finish();
        for part in ["matrix", "tools/code/src", "tools/matrix/src"] {
            hash_tree(&root.join(part), &mut hasher)?;
        }
        // What a row is run on and against.
        host.features.hash(&mut hasher);
        host.qemu.hash(&mut hasher);
        for library in [&host.system_libz, &host.system_libzstd] {
            library.hash(&mut hasher);
        }
        Ok(Inputs { build, all: hasher.finish() })
    }

    /// The key of a row's result, when every check runs under every tier or when not.
    pub fn key(&self, row: &Row, full: bool) -> String {
        keyed(&(self.all, full), row)
    }

    /// The key of a row's libraries.
    pub fn build_key(&self, row: &Row) -> String {
        keyed(&self.build, row)
    }
}

fn keyed(inputs: &impl Hash, row: &Row) -> String {
    let mut hasher = DefaultHasher::new();
    inputs.hash(&mut hasher);
    row.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

fn hash_tree(path: &Path, hasher: &mut DefaultHasher) -> Result<()> {
    if path.is_dir() {
        let mut entries: Vec<PathBuf> =
            std::fs::read_dir(path)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
        entries.sort();
        return entries.iter().try_for_each(|entry| hash_tree(entry, hasher));
    }
    path.to_string_lossy().hash(hasher);
    std::fs::read(path).with_context(|| path.display().to_string())?.hash(hasher);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::{Lto, Opt};

    const FILE: &str = "src/lib.rs";

    /// A workspace with nothing in it but what is read for the keys.
    fn workspace() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for part in SOURCES.iter().chain(&["matrix", "tools/code/src", "tools/matrix/src"]) {
            let path = dir.path().join(part);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            if part.contains('.') && !part.starts_with('.') {
                std::fs::write(path, "").unwrap();
            } else {
                std::fs::create_dir_all(path).unwrap();
            }
        }
        std::fs::write(dir.path().join(FILE), "one").unwrap();
        dir
    }

    fn host() -> Host {
        Host {
            own_features: Default::default(),
            features: Default::default(),
            qemu: Err("none".into()),
            system_libz: None,
            system_libzstd: None,
            cpuid_faulting: false,
        }
    }

    fn versions() -> Versions {
        Versions { rustc: "1".into(), llvm: "2".into(), cc: "3".into(), cpu: "4".into() }
    }

    fn record(row: &Row, key: String) -> Record {
        Record {
            row: row.clone(),
            key,
            seconds: 1.0,
            march: String::new(),
            build: None,
            execution: Execution::default(),
            code: Code::default(),
        }
    }

    #[test]
    fn a_row_is_known_until_something_that_it_is_made_from_changes() {
        let workspace = workspace();
        let store = Store { dir: workspace.path().join("results") };
        let row = Row::new("znver4", Opt::Two, Lto::Units).unwrap();
        let inputs = |versions: &Versions, host: &Host| {
            Inputs::of(workspace.path(), versions, host).unwrap()
        };
        let now = inputs(&versions(), &host());
        assert!(store.load(&row, &now, false).is_none());
        store.store(&record(&row, now.key(&row, false)), false).unwrap();
        let known = |inputs: &Inputs| store.load(&row, inputs, false).is_some();
        assert!(known(&inputs(&versions(), &host())));
        let other = Row::new("znver4", Opt::Three, Lto::Units).unwrap();
        assert!(store.load(&other, &now, false).is_none());

        assert!(!known(&inputs(&Versions { rustc: "1.1".into(), ..versions() }, &host())));
        let qemu = Host { qemu: Ok("/usr/bin/qemu-x86_64".into()), ..host() };
        assert!(!known(&inputs(&versions(), &qemu)));
        for part in [FILE, "matrix/suite.c", "Cargo.lock", "link/src/linker.rs"] {
            let path = workspace.path().join(part);
            let before = std::fs::read(&path).ok();
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, "two").unwrap();
            assert!(!known(&inputs(&versions(), &host())), "{part} does not count");
            match before {
                Some(bytes) => std::fs::write(&path, bytes).unwrap(),
                None => std::fs::remove_file(&path).unwrap(),
            }
        }
        assert!(known(&inputs(&versions(), &host())));
    }

    #[test]
    fn what_was_run_in_full_is_known_in_part_and_not_the_reverse() {
        let workspace = workspace();
        let store = Store { dir: workspace.path().join("results") };
        let inputs = Inputs::of(workspace.path(), &versions(), &host()).unwrap();
        let (a, b) = ("znver4", "znver5");
        let row = |cpu| Row::new(cpu, Opt::Two, Lto::Units).unwrap();
        store.store(&record(&row(a), inputs.key(&row(a), true)), true).unwrap();
        store.store(&record(&row(b), inputs.key(&row(b), false)), false).unwrap();
        assert!(store.load(&row(a), &inputs, true).is_some());
        assert!(store.load(&row(a), &inputs, false).is_some());
        assert!(store.load(&row(b), &inputs, true).is_none());
        let others = store.others(&[row(a)], &inputs);
        assert_eq!(others.iter().map(|r| &r.row).collect::<Vec<_>>(), [&row(b)]);
    }

    #[test]
    fn a_failure_is_not_kept() {
        let workspace = workspace();
        let store = Store { dir: workspace.path().join("results") };
        let inputs = Inputs::of(workspace.path(), &versions(), &host()).unwrap();
        let row = Row::new("znver4", Opt::Two, Lto::Units).unwrap();
        let good = record(&row, inputs.key(&row, false));
        store.store(&good, false).unwrap();
        let failure = Failure { message: "signal: 2, SIGINT".into(), command: String::new() };
        store.store(&Record { build: Some(failure), ..good }, false).unwrap();
        assert!(store.load(&row, &inputs, false).is_none());
    }

    #[test]
    fn half_a_record_is_none() {
        let workspace = workspace();
        let store = Store { dir: workspace.path().join("results") };
        let inputs = Inputs::of(workspace.path(), &versions(), &host()).unwrap();
        let row = Row::new("znver4", Opt::Two, Lto::Units).unwrap();
        store.store(&record(&row, inputs.key(&row, false)), false).unwrap();
        let path = store.path(&row, false);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, &text[..text.len() / 2]).unwrap();
        assert!(store.load(&row, &inputs, false).is_none());
        assert!(store.others(&[], &inputs).is_empty());
    }
}
