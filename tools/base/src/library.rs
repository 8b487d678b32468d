//! The two libraries: what they are called, what they export, and how the original's symbols are read.
//!
//! `capi-tests/reference/*.symbols` is the data: what Debian's zlib1g and libzstd1 export, one
//! `name [version]` a line.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use xshell::Shell;

use crate::debian::Sid;
use crate::paths;

/// One of the two libraries, as the linker and the loader know it.
pub struct Library {
    /// The file names' stem: `libz`.
    pub stem: &'static str,
    /// The .pc file's name: `zlib`.
    pub pkg_config: &'static str,
    /// The .pc file's `Name`.
    pub pkg_config_name: &'static str,
    /// The .pc file's `Description`.
    pub description: &'static str,
    /// The linker's flag: `-lz`.
    pub link: &'static str,
    /// `DT_SONAME`.
    pub soname: &'static str,
    /// The upstream version whose interface it has.
    pub version: &'static str,
    /// Debian's package of the original.
    pub package: &'static str,
    /// Its first version that has all of the interface.
    pub package_version: &'static str,
    /// What we export beside the original's symbols.
    pub own: &'static [&'static str],
}

/// Both libraries.
pub const LIBRARIES: [Library; 2] = [
    Library {
        stem: "libz",
        pkg_config: "zlib",
        pkg_config_name: "zlib",
        description: "zlib compression library (zcompat)",
        link: "-lz",
        soname: "libz.so.1",
        version: "1.3.2",
        package: "zlib1g",
        package_version: "1:1.3.dfsg+really1.3.2",
        own: &["zcompat_cpu_tier", "zcompat_version"],
    },
    Library {
        stem: "libzstd",
        pkg_config: "libzstd",
        pkg_config_name: "zstd",
        description: "fast lossless compression algorithm library (zcompat)",
        link: "-lzstd",
        soname: "libzstd.so.1",
        version: "1.5.7",
        package: "libzstd1",
        package_version: "1.5.7",
        own: &["zcompat_version"],
    },
];

/// Exported symbols with their version node, if they have one.
pub type Symbols = BTreeMap<String, Option<String>>;

impl Library {
    /// The file's name: `libz.so.1.3.2`.
    pub fn file(&self) -> String {
        format!("{}.so.{}", self.stem, self.version)
    }

    /// Where Debian's list is kept.
    pub fn reference_path(&self) -> PathBuf {
        paths::root().join(format!("capi-tests/reference/{}.symbols", self.stem))
    }

    /// What the original exports.
    pub fn reference(&self) -> Result<Symbols> {
        let path = self.reference_path();
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let mut symbols = Symbols::new();
        for line in text.lines() {
            let mut words = line.split_whitespace();
            let name = words.next().with_context(|| format!("{}: empty line", path.display()))?;
            symbols.insert(name.to_owned(), words.next().map(str::to_owned));
        }
        Ok(symbols)
    }

    /// What ours exports: the original's symbols and [`Library::own`].
    pub fn exports(&self) -> Result<Symbols> {
        let mut symbols = self.reference()?;
        symbols.extend(self.own.iter().map(|&name| (name.to_owned(), None)));
        Ok(symbols)
    }

    /// What the original exports, from Debian sid's package itself.
    pub fn packaged_symbols(&self, sh: &Shell) -> Result<Symbols> {
        dynamic_symbols(&self.packaged_file(sh)?)
    }

    /// The original's shared library, from Debian sid's package.
    pub fn packaged_file(&self, sh: &Shell) -> Result<PathBuf> {
        let root = Sid::open(sh)?.unpacked(sh, self.package)?;
        let triplet = format!("{}-linux-gnu", std::env::consts::ARCH);
        // Packages move between /lib and /usr/lib over the years.
        ["usr/lib", "lib"]
            .iter()
            .map(|lib| root.join(lib).join(&triplet).join(self.soname))
            .find(|path| path.exists())
            .with_context(|| format!("{} has no {}", self.package, self.soname))
    }
}

/// The symbols that programs can bind to in a shared library.
///
/// # Errors
/// It is no shared library, or a symbol is not a plain function of the default version.
pub fn dynamic_symbols(file: &Path) -> Result<Symbols> {
    let shared = link::elf::Elf::read(file)?;
    let odd = shared.odd.join(", ");
    ensure!(odd.is_empty(), "no plain functions in {}: {odd}", file.display());
    Ok(shared.exports)
}

/// Every way in which `found` is not `wanted`, as text; empty when they are equal.
pub fn differences(wanted: &Symbols, found: &Symbols) -> Vec<String> {
    let node = |v: &Option<String>| v.clone().unwrap_or_else(|| "no version".to_owned());
    let mut out = Vec::new();
    for (name, version) in wanted {
        match found.get(name) {
            None => out.push(format!("missing: {name}")),
            Some(other) if other != version => {
                out.push(format!("{name} has {}, wanted {}", node(other), node(version)));
            }
            Some(_) => {}
        }
    }
    out.extend(found.keys().filter(|n| !wanted.contains_key(*n)).map(|n| format!("extra: {n}")));
    out
}

/// That a library has the symbols that are wanted, no more and no less.
pub fn same_symbols(wanted: &Symbols, found: &Symbols) -> Result<()> {
    let differences = differences(wanted, found);
    ensure!(differences.is_empty(), "{}", differences.join("\n"));
    Ok(())
}

/// That a shared library exports what the original does and our own few, no more and no less.
pub fn exports_are_right(library: &Library, file: &Path) -> Result<()> {
    same_symbols(&library.exports()?, &dynamic_symbols(file)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reference_lists_have_the_known_sizes() {
        let count = |library: &Library| {
            let symbols = library.reference().unwrap();
            let versioned = symbols.values().flatten();
            let nodes: std::collections::BTreeSet<_> = versioned.clone().collect();
            (symbols.len(), versioned.count(), nodes.len())
        };
        assert_eq!(count(&LIBRARIES[0]), (95, 54, 16));
        assert_eq!(count(&LIBRARIES[1]), (187, 0, 0));
    }

    #[test]
    fn each_single_difference_is_found() {
        for library in &LIBRARIES {
            let wanted = library.exports().unwrap();
            assert_eq!(differences(&wanted, &wanted), Vec::<String>::new());
            for name in wanted.keys() {
                let mut found = wanted.clone();
                found.remove(name);
                assert_eq!(differences(&wanted, &found), [format!("missing: {name}")]);
                found.insert(name.clone(), Some("ZLIB_9".to_owned()));
                assert_eq!(differences(&wanted, &found).len(), 1, "{name}");
            }
            let mut found = wanted.clone();
            found.insert("rust_begin_unwind".to_owned(), None);
            assert_eq!(differences(&wanted, &found), ["extra: rust_begin_unwind"]);
        }
    }
}
