//! What the archive says of the crates in it: whose they are, under which licence, and which of them
//! are shipped.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use libtest_mimic::Completion;
use serde_json::Value;
use xshell::{Shell, cmd};

use super::archive;
use crate::{copyright, tarball};
use base::paths;
use check::{PASSED, skip};

/// An archive, unpacked below target/ for as long as the first is kept.
fn unpacked(sh: &Shell) -> Result<(tempfile::TempDir, PathBuf)> {
    let dir = tempfile::tempdir_in(paths::target())?;
    let tree = tarball::unpack(sh, archive(sh)?, dir.path())?;
    Ok((dir, tree))
}

/// The folders of the crates.
fn vendored(tree: &Path) -> Result<BTreeSet<String>> {
    let entries = fs::read_dir(tree.join("vendor"))?.flatten();
    Ok(entries.map(|e| e.file_name().to_string_lossy().into_owned()).collect())
}

/// debian/copyright has a paragraph for each crate in the archive and for no other, with the text of
/// each licence; sbom/licences.txt has a line for each.
pub fn copyright() -> Result<()> {
    let sh = Shell::new()?;
    let (_dir, tree) = unpacked(&sh)?;
    let crates = vendored(&tree)?;
    ensure!(crates.len() > 50, "{} crates", crates.len());
    let text = fs::read_to_string(tree.join(copyright::FILE))?;
    let said: BTreeSet<String> = copyright::paragraphs(&text)
        .filter(|p| p.contains("\nCopyright: ") && p.contains("\nLicense: "))
        .filter_map(|p| p.strip_prefix("Files: vendor/")?.split_once("/*\n"))
        .map(|(folder, _)| folder.to_owned())
        .filter(|folder| !folder.contains('/'))
        .collect();
    let odd: Vec<_> = crates.symmetric_difference(&said).collect();
    ensure!(odd.is_empty(), "{} is wrong about {odd:?}", copyright::FILE);
    let (used, there) = (copyright::names_in_use(&text), copyright::names_with_text(&text));
    let odd: Vec<_> = used.symmetric_difference(&there).collect();
    ensure!(odd.is_empty(), "licences without a text, or texts without a use: {odd:?}");

    // A folder is named NAME or NAME-VERSION.
    let list = fs::read_to_string(tree.join("sbom/licences.txt"))?;
    let listed = list.lines().filter_map(|line| line.split_once(": ")?.0.split_once(' '));
    let mut left = crates;
    let mut count = 0;
    for (name, version) in listed {
        count += 1;
        ensure!(
            left.remove(&format!("{name}-{version}")) || left.remove(name),
            "licences.txt has {name} {version}, and vendor/ has no folder of it"
        );
    }
    ensure!(left.is_empty() && count > 50, "licences.txt lacks {left:?}");
    Ok(())
}

/// The bill of materials is what CycloneDX's schema wants, and names what is shipped.
pub fn sbom() -> Result<Completion> {
    let sh = Shell::new()?;
    let file = &archive(&sh)?.sbom;
    let bill: Value = serde_json::from_slice(&fs::read(file)?)?;
    let components = bill["components"].as_array().context("components")?;
    for name in ["libz", "libzstd", "switch", "zcompat", "zstd", "zstd-sys", "libc", "clap"] {
        let found = components.iter().find(|c| c["name"] == name);
        let found = found.with_context(|| format!("the bill of materials lacks {name}"))?;
        ensure!(found["version"].is_string() && found["licenses"].is_array(), "{found}");
    }
    // What only tools are made of is not shipped.
    ensure!(components.iter().all(|c| c["name"] != "cbindgen" && c["name"] != "xtask"));
    let python = match validator(&sh) {
        Ok(python) => python,
        Err(why) => return skip(format!("{why:#}")),
    };
    // The first is another version's form: a validator that lets it pass sees nothing.
    let mut wrong = bill.clone();
    wrong["components"][0]["type"] = "crate".into();
    let dir = tempfile::tempdir()?;
    let bad = dir.path().join("bad.cdx.json");
    fs::write(&bad, wrong.to_string())?;
    let says = |file: &Path| cmd!(sh, "{python} -c {VALIDATE} {file}").quiet().read();
    ensure!(says(&bad)?.contains("crate"), "the validator sees no wrong component");
    let found = says(file)?;
    ensure!(found == "valid", "{found}");
    PASSED
}

/// Prints `valid`, or what is wrong with a bill of materials.
const VALIDATE: &str = "
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
text = open(sys.argv[1]).read()
print(JsonStrictValidator(SchemaVersion.V1_5).validate_str(text) or 'valid')
";

/// A Python that has CycloneDX's own library.
fn validator(sh: &Shell) -> Result<PathBuf> {
    let venv = paths::target().join("tools/cyclonedx");
    let python = venv.join("bin/python");
    let _lock = paths::lock("tools/cyclonedx.lock")?;
    let has_it = |python: &Path| {
        let import = "import cyclonedx.validation.json, jsonschema, referencing";
        cmd!(sh, "{python} -c {import}").quiet().ignore_stderr().run().is_ok()
    };
    if !has_it(&python) {
        fs::remove_dir_all(&venv).ok();
        cmd!(sh, "python3 -m venv {venv}").quiet().ignore_stdout().ignore_stderr().run().context(
            "no python3 with venv, which the validator of bills of materials is installed by",
        )?;
        cmd!(sh, "{python} -m pip install --quiet --disable-pip-version-check")
            .arg("cyclonedx-python-lib[json-validation]==11.12.0")
            .quiet()
            .ignore_stdout()
            .ignore_stderr()
            .run()
            .context("pip cannot install cyclonedx-python-lib")?;
    }
    Ok(python)
}

/// cargo-deny with deny.toml. Its advisories are on another server than crates are.
pub fn deny() -> Result<Completion> {
    let sh = Shell::new()?;
    if !paths::is_on_path("cargo-deny") {
        return skip("no cargo-deny; get it with: cargo install cargo-deny --locked");
    }
    let check = |config: &Path| {
        cmd!(sh, "cargo deny --workspace --offline --all-features check --config {config}")
            .args(["licenses", "bans", "sources"])
            .quiet()
            .ignore_status()
            .output()
    };
    let config = paths::root().join("deny.toml");
    let done = check(&config)?;
    ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    // It sees a licence that is not allowed.
    let dir = tempfile::tempdir()?;
    let stricter = dir.path().join("deny.toml");
    fs::write(&stricter, fs::read_to_string(&config)?.replace("\"ISC\",", ""))?;
    let done = check(&stricter)?;
    let said = String::from_utf8_lossy(&done.stderr);
    ensure!(!done.status.success() && said.contains("ISC"), "without ISC it says: {said}");
    PASSED
}
