//! Which libz and libzstd the processes of a command really mapped.
//!
//! glibc's loader calls an audit module in every process (`loaded.c` says why not `LD_DEBUG`); the
//! module writes one record a process and one a library, and this reads them back.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

use crate::paths;
use link::elf::Elf;

/// The audit module, ready to be named in `LD_AUDIT`.
pub struct Audit {
    module: PathBuf,
}

impl Audit {
    /// Compiles the module under target/ if it is not there yet.
    pub fn build(sh: &Shell) -> Result<Audit> {
        let source = include_str!("loaded.c");
        let dir = paths::target().join("tools");
        let (kept, module) = (dir.join("loaded.c"), dir.join("loaded.so"));
        if module.exists() && fs::read_to_string(&kept).is_ok_and(|text| text == source) {
            return Ok(Audit { module });
        }
        fs::create_dir_all(&dir).with_context(|| format!("cannot write to {}", dir.display()))?;
        // Under its own name first: another process may be doing the same.
        let work = tempfile::tempdir_in(&dir)?;
        let (from, to) = (work.path().join("loaded.c"), work.path().join("loaded.so"));
        fs::write(&from, source)?;
        cmd!(sh, "cc -shared -fPIC -O2 -o {to} {from}")
            .quiet()
            .run()
            .context("the C compiler `cc` is needed; get it with: apt-get install gcc libc6-dev")?;
        fs::rename(&to, &module)?;
        fs::rename(&from, &kept)?;
        Ok(Audit { module })
    }

    /// Makes `command` and its children report to `log`.
    pub fn watch(&self, command: &mut Command, log: &Path) {
        command.env("LD_AUDIT", &self.module).env("ZCOMPAT_LOADED_LOG", log);
    }

    /// The module's file.
    pub fn module(&self) -> &Path {
        &self.module
    }
}

/// One process, or one library that a process mapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The process.
    pub pid: u32,
    /// The executable it ran at that time.
    pub exe: PathBuf,
    /// The library's file as the kernel names it; none in the record of the process itself.
    pub file: Option<PathBuf>,
}

impl Record {
    /// `libz` or `libzstd`, for a record of a library.
    pub fn library(&self) -> Option<&'static str> {
        let name = self.file.as_ref()?.file_name()?.to_str()?;
        Some(if name.starts_with("libzstd") { "libzstd" } else { "libz" })
    }

    /// The executable's name without its folder.
    pub fn program(&self) -> String {
        self.exe.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
    }
}

/// Reads what the processes wrote to `log`; no file means that none did.
pub fn read(log: &Path) -> Result<Vec<Record>> {
    let bytes = match fs::read(log) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.with_context(|| format!("cannot read {}", log.display()))?,
    };
    parse(&bytes)
}

fn parse(bytes: &[u8]) -> Result<Vec<Record>> {
    let text = String::from_utf8_lossy(bytes);
    let fields: Vec<&str> = text.split_terminator('\0').collect();
    ensure!(fields.len().is_multiple_of(4), "the loader's log ends in half a record");
    fields
        .chunks_exact(4)
        .map(|f| {
            Ok(Record {
                pid: f[0].parse().with_context(|| format!("{:?} is no process id", f[0]))?,
                exe: f[1].into(),
                file: (!f[3].is_empty()).then(|| f[3].into()),
            })
        })
        .collect()
}

/// The distinct library files in `records`, libz before libzstd.
pub fn files<'a>(records: impl IntoIterator<Item = &'a Record>) -> Vec<PathBuf> {
    let found: BTreeSet<(Option<&str>, &PathBuf)> =
        records.into_iter().filter_map(|r| Some((r.library(), r.file.as_ref()?))).collect();
    found.into_iter().map(|(_, file)| file.clone()).collect()
}

/// Whether `program` is an ELF file that asks for no loader: it is statically linked.
pub fn is_static(program: &Path) -> bool {
    Elf::read(program).is_ok_and(|elf| elf.interpreter.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_back() {
        let log = b"7\0/bin/git\0\0\0\
                    7\0/bin/git\0/p/libz.so.1\0/p/libz.so.1.3.2\0\
                    8\0/bin/curl\0libzstd.so.1\0/q/libzstd.so.1.5.7\0";
        let records = parse(log).unwrap();
        assert_eq!(records.len(), 3);
        assert_eq!((records[0].library(), records[0].program()), (None, "git".into()));
        assert_eq!(records[1].library(), Some("libz"));
        assert_eq!(records[2].library(), Some("libzstd"));
        let all = [PathBuf::from("/p/libz.so.1.3.2"), PathBuf::from("/q/libzstd.so.1.5.7")];
        assert_eq!(files(&records), all);
        assert!(parse(b"7\0/bin/git\0").is_err());
    }
}
