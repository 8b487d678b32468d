//! What a row came to, and where it is kept so that a run can be taken up again.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::build::Failure;
use super::execute::{Code, Execution};
use super::row::Row;
use super::toolchain::Versions;
use crate::paths;

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
    fn path(row: &Row) -> PathBuf {
        paths::target().join("matrix/results").join(format!("{}.json", row.file_name()))
    }

    /// The record of an earlier run with the same key.
    pub fn load(row: &Row, key: &str) -> Option<Record> {
        let text = std::fs::read_to_string(Record::path(row)).ok()?;
        let record: Record = serde_json::from_str(&text).ok()?;
        (record.key == key && record.row == *row).then_some(record)
    }

    /// Keeps it.
    pub fn store(&self) -> Result<()> {
        let path = Record::path(&self.row);
        let dir = path.parent().context("a file in a folder")?;
        std::fs::create_dir_all(dir)?;
        // Whole or not at all: a run can be stopped at any time.
        let part = tempfile::NamedTempFile::new_in(dir)?.into_temp_path();
        std::fs::write(&part, serde_json::to_string(self)?)?;
        part.persist(&path)?;
        Ok(())
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
    "xtask/src/matrix/build.rs",
];

impl Inputs {
    /// Reads the sources, the suite and the harness; compilers and the CPU are in `versions`, and
    /// what is to be run in `extent`.
    pub fn read(versions: &Versions, extent: &str) -> Result<Inputs> {
        let mut hasher = DefaultHasher::new();
        serde_json::to_string(versions)?.hash(&mut hasher);
        for part in SOURCES {
            hash_tree(&paths::root().join(part), &mut hasher)?;
        }
        let build = hasher.finish();
        for part in ["matrix", "xtask/src/matrix"] {
            hash_tree(&paths::root().join(part), &mut hasher)?;
        }
        extent.hash(&mut hasher);
        Ok(Inputs { build, all: hasher.finish() })
    }

    /// The key of a row's result.
    pub fn key(&self, row: &Row) -> String {
        keyed(self.all, row)
    }

    /// The key of a row's libraries.
    pub fn build_key(&self, row: &Row) -> String {
        keyed(self.build, row)
    }
}

fn keyed(inputs: u64, row: &Row) -> String {
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
