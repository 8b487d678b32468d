//! The checksums and inflate, and deflate where it is asked for, as a crate in a temporary
//! directory: to be changed or instrumented.

mod deflate;
mod inflate;
mod mutants;
mod races;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use base::paths;
use libtest_mimic::Trial;
use tempfile::TempDir;
use xshell::{Shell, cmd};

/// The checks of the checksums' kernels.
pub fn checksums() -> Vec<Trial> {
    [mutants::trials(), races::trials()].into_iter().flatten().collect()
}

/// Planted faults in deflate and in inflate.
pub fn engines() -> Vec<Trial> {
    [deflate::trials(), inflate::trials()].into_iter().flatten().collect()
}

const TYPES: &str = "\
#![allow(non_camel_case_types)]
pub type Bytef = u8;
pub type uInt = core::ffi::c_uint;
pub type uLong = core::ffi::c_ulong;
pub type z_crc_t = u32;
pub type z_off_t = core::ffi::c_long;
pub type z_off64_t = i64;
pub type z_size_t = usize;
";

/// What is copied of src.
const PARTS: [&str; 8] =
    ["cpu", "checksum", "inflate", "format", "alloc.rs", "codes.rs", "io.rs", "testing.rs"];

/// A copy of src/cpu, src/checksum and the C functions of the latter, of src/inflate and what it
/// needs.
pub struct Extract {
    /// Where it is.
    pub dir: TempDir,
}

impl Extract {
    /// A fresh copy.
    pub fn new() -> Result<Extract> {
        Extract::of(&[])
    }

    /// A fresh copy with these modules of src as well.
    pub fn of(more: &[&str]) -> Result<Extract> {
        let extract = Extract { dir: tempfile::tempdir()? };
        let (sh, root, dir) = (Shell::new()?, paths::root(), extract.dir.path());
        let src = dir.join("src");
        fs::create_dir(&src)?;
        for part in PARTS.iter().chain(more) {
            let from = root.join("src").join(part);
            cmd!(sh, "cp -r {from} {src}").quiet().run()?;
        }
        fs::copy(root.join("src/ffi/zlib/checksum.rs"), src.join("ffi.rs"))?;
        // It is beside the tests here, and in another crate there.
        fs::copy(root.join("tools/drive/src/random.rs"), src.join("random.rs"))?;
        extract.replace("testing.rs", "../tools/drive/src/random.rs", 1, "random.rs")?;
        // The few of zlib.h's types that they use, without the module's others.
        fs::write(src.join("types.rs"), TYPES)?;
        // The locked versions; cargo drops what is not needed.
        fs::copy(root.join("Cargo.lock"), dir.join("Cargo.lock"))?;
        let modules: String = more.iter().map(|name| format!("pub mod {name};\n")).collect();
        fs::write(
            src.join("lib.rs"),
            "pub mod alloc;\npub mod checksum;\npub mod codes;\npub mod cpu;\npub mod ffi;\n\
             pub mod format;\npub mod inflate;\npub mod io;\n#[cfg(test)]\nmod testing;\nmod types;\n"
                .to_owned()
                + &modules,
        )?;
        fs::write(
            dir.join("Cargo.toml"),
            "[package]\nname = \"extract\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
             [lib]\ncrate-type = [\"rlib\", \"staticlib\"]\ndoctest = false\n\n\
             [dependencies]\nlibc = { version = \"0.2\", default-features = false }\n\n\
             [profile.dev]\nopt-level = 1\npanic = \"abort\"\n\n[workspace]\n",
        )?;
        Ok(extract)
    }

    /// Replaces `from`, which must be in the file exactly `times` times.
    pub fn replace(&self, file: &str, from: &str, times: usize, to: &str) -> Result<()> {
        let path = self.dir.path().join("src").join(file);
        let text = fs::read_to_string(&path).with_context(|| file.to_string())?;
        let found = text.matches(from).count();
        ensure!(found == times, "{file} has {from:?} {found} times, not {times}: adapt this check");
        fs::write(&path, text.replace(from, to))?;
        Ok(())
    }

    /// Puts the file back as it is in the workspace.
    pub fn restore(&self, file: &str) -> Result<()> {
        fs::copy(paths::root().join("src").join(file), self.dir.path().join("src").join(file))?;
        Ok(())
    }

    /// The manifest.
    pub fn manifest(&self) -> std::path::PathBuf {
        self.dir.path().join("Cargo.toml")
    }

    /// Where its build goes: kept from run to run, so that libc is built once.
    pub fn target(&self, what: &str) -> impl AsRef<Path> + AsRef<std::ffi::OsStr> {
        paths::target().join("extract").join(what)
    }
}
