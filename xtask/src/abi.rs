//! `cargo xtask abi`: the symbols that the two libraries export, and the files made from them.
//!
//! `capi-tests/reference/*.symbols` is the data: what Debian's zlib1g and libzstd1 export, one
//! `name [version]` a line. The linker's version scripts (`include/*.map`), export lists
//! (`include/*.exports`) and the Debian package's symbols file are made from it and from [`Library::own`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use xshell::{Shell, cmd};

use crate::debian::Sid;
use crate::paths;

/// What `cargo xtask abi` takes.
#[derive(clap::Args)]
pub struct Args {
    /// Rewrite the version scripts and export lists
    #[arg(long)]
    write: bool,
    /// First rewrite the reference lists from Debian sid's packages
    #[arg(long, requires = "write")]
    refresh: bool,
}

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
        dynamic_symbols(sh, &self.packaged_file(sh)?)
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

    fn generated(&self) -> Result<[(PathBuf, String); 2]> {
        let include = paths::root().join("include");
        Ok([
            (include.join(format!("{}.map", self.stem)), self.map()?),
            (include.join(format!("{}.exports", self.stem)), self.export_list()?),
        ])
    }

    fn export_list(&self) -> Result<String> {
        Ok(list_of(&self.exports()?))
    }

    fn map(&self) -> Result<String> {
        let mut nodes: BTreeMap<Vec<u32>, (String, Vec<String>)> = BTreeMap::new();
        for (name, version) in self.reference()? {
            let Some(version) = version else { continue };
            let order = version_order(&version)?;
            nodes.entry(order).or_insert_with(|| (version, Vec::new())).1.push(name);
        }
        let mut text = format!(
            "/* Written by `cargo xtask abi --write` from capi-tests/reference/{}.symbols.",
            self.stem
        );
        if nodes.is_empty() {
            text += " */\n{\n  global:\n";
            for name in self.exports()?.keys() {
                writeln!(text, "    {name};")?;
            }
            text += "  local:\n    *;\n};\n";
            return Ok(text);
        }
        text += "\n   The symbols without a node stay unversioned, as in the original: so no \
                 `local: *` here. */\n";
        let mut previous: Option<String> = None;
        for (node, names) in nodes.into_values() {
            writeln!(text, "{node} {{\n  global:")?;
            for name in names {
                writeln!(text, "    {name};")?;
            }
            match previous {
                None => {
                    text += "  local:\n";
                    for pattern in RUST_SYMBOLS {
                        writeln!(text, "    {pattern};")?;
                    }
                    text += "};\n";
                }
                Some(previous) => writeln!(text, "}} {previous};")?,
            }
            previous = Some(node);
        }
        Ok(text)
    }
}

/// A list as it is kept: `name [version]`, one a line.
fn list_of(symbols: &Symbols) -> String {
    let line = |(name, version): (&String, &Option<String>)| match version {
        Some(version) => format!("{name} {version}\n"),
        None => format!("{name}\n"),
    };
    symbols.iter().map(line).collect()
}

/// What Rust objects define that is not for export.
const RUST_SYMBOLS: [&str; 6] = ["rust_*", "_R*", "_ZN*", "_Unwind_*", "__rust*", "DW.ref.*"];

/// `ZLIB_1.2.0.8` as `[1, 2, 0, 8]`.
fn version_order(node: &str) -> Result<Vec<u32>> {
    let numbers = node.rsplit('_').next().unwrap_or(node);
    numbers
        .split('.')
        .map(str::parse)
        .collect::<Result<_, _>>()
        .with_context(|| format!("{node} does not end in a version"))
}

/// Runs the command.
pub fn run(args: &Args) -> Result<ExitCode> {
    let sh = Shell::new()?;
    if args.refresh {
        for library in &LIBRARIES {
            let text = list_of(&library.packaged_symbols(&sh)?);
            fs::write(library.reference_path(), text)?;
        }
    }
    if args.write {
        for (path, text) in generated()? {
            fs::write(&path, text).with_context(|| path.display().to_string())?;
        }
    }
    generated_files_are_current()?;
    Ok(ExitCode::SUCCESS)
}

/// That the version scripts and export lists are what the generator writes.
pub fn generated_files_are_current() -> Result<()> {
    for (path, text) in generated()? {
        let found = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        ensure!(
            found == text,
            "{} is not what the generator writes: run cargo xtask abi --write",
            path.display()
        );
    }
    Ok(())
}

/// All files that are made from the lists.
fn generated() -> Result<Vec<(PathBuf, String)>> {
    let mut out = Vec::new();
    for library in &LIBRARIES {
        out.extend(library.generated()?);
    }
    out.push((paths::root().join("packaging/debian/libzcompat.symbols"), debian_symbols()?));
    Ok(out)
}

/// The symbols file of Debian's package. What is built against ours runs with the original as well,
/// unless it asks for what only ours has.
fn debian_symbols() -> Result<String> {
    let ours = env!("CARGO_PKG_VERSION");
    let mut text = String::new();
    for library in &LIBRARIES {
        let Library { soname, package, package_version, .. } = library;
        writeln!(text, "{soname} libzcompat #MINVER#")?;
        writeln!(text, "| {package} (>= {package_version}) | libzcompat (>= {ours})")?;
        let reference = library.reference()?;
        let mut lines: Vec<String> = Vec::new();
        for (name, version) in library.exports()? {
            let node = version.as_deref().unwrap_or("Base");
            let template = if reference.contains_key(&name) { " 1" } else { "" };
            lines.push(format!(" {name}@{node} {ours}{template}\n"));
        }
        let nodes: BTreeSet<String> = reference.into_values().flatten().collect();
        lines.extend(nodes.iter().map(|node| format!(" {node}@{node} {ours} 1\n")));
        lines.sort();
        text.extend(lines);
    }
    Ok(text)
}

/// The defined dynamic symbols of a shared library.
///
/// # Errors
/// When `nm` cannot read the file, or a symbol is not a plain function.
pub fn dynamic_symbols(sh: &Shell, file: &Path) -> Result<Symbols> {
    let out = cmd!(sh, "nm -D --defined-only --with-symbol-versions {file}")
        .quiet()
        .read()
        .with_context(|| format!("nm cannot read {}", file.display()))?;
    let mut symbols = Symbols::new();
    for line in out.lines() {
        let [_, kind, symbol] = line.split_whitespace().collect::<Vec<_>>()[..] else {
            bail!("nm says {line:?} of {}", file.display());
        };
        match kind {
            // The version nodes themselves.
            "A" => continue,
            "T" => {}
            _ => bail!("{symbol} in {} is of kind {kind}, not a function", file.display()),
        }
        let (name, version) = match symbol.split_once("@@") {
            Some((name, version)) => (name, Some(version.to_owned())),
            None => (symbol, None),
        };
        ensure!(!name.contains('@'), "{symbol} in {} is not a default version", file.display());
        symbols.insert(name.to_owned(), version);
    }
    Ok(symbols)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_files_match() {
        generated_files_are_current().unwrap();
    }

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

    #[test]
    fn version_nodes_are_in_the_order_of_their_numbers() {
        let order = |node| version_order(node).unwrap();
        assert!(order("ZLIB_1.2.0") < order("ZLIB_1.2.0.2"));
        assert!(order("ZLIB_1.2.9") < order("ZLIB_1.2.12"));
        assert!(version_order("ZLIB_x").is_err());
    }
}
