//! `cargo xtask abi`: the symbols that the two libraries export, and the files made from them.
//!
//! `capi-tests/reference/*.symbols` is the data: what Debian's zlib1g and libzstd1 export, one
//! `name [version]` a line. The linker's version scripts (`include/*.map`), export lists
//! (`include/*.exports`) and the Debian package's symbols file are made from it and from [`Library::own`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use base::library::{LIBRARIES, Library, Symbols};
use base::paths;
use xshell::Shell;

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

/// The files in include/ that are made from a library's list.
fn files_of(library: &Library) -> Result<[(PathBuf, String); 2]> {
    let include = paths::root().join("include");
    Ok([
        (include.join(format!("{}.map", library.stem)), map(library)?),
        (include.join(format!("{}.exports", library.stem)), list_of(&library.exports()?)),
    ])
}

/// The version script.
fn map(library: &Library) -> Result<String> {
    let mut nodes: BTreeMap<Vec<u32>, (String, Vec<String>)> = BTreeMap::new();
    for (name, version) in library.reference()? {
        let Some(version) = version else { continue };
        let order = version_order(&version)?;
        nodes.entry(order).or_insert_with(|| (version, Vec::new())).1.push(name);
    }
    let mut text = format!(
        "/* Written by `cargo xtask abi --write` from capi-tests/reference/{}.symbols.",
        library.stem
    );
    if nodes.is_empty() {
        text += " */\n{\n  global:\n";
        for name in library.exports()?.keys() {
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
        out.extend(files_of(library)?);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_files_match() {
        generated_files_are_current().unwrap();
    }

    #[test]
    fn version_nodes_are_in_the_order_of_their_numbers() {
        let order = |node| version_order(node).unwrap();
        assert!(order("ZLIB_1.2.0") < order("ZLIB_1.2.0.2"));
        assert!(order("ZLIB_1.2.9") < order("ZLIB_1.2.12"));
        assert!(version_order("ZLIB_x").is_err());
    }
}
