//! What the loader and the static linker see of the two libraries.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use libtest_mimic::Trial;
use xshell::{Shell, cmd};

use base::debian;
use base::library::{LIBRARIES, Library, exports_are_right, same_symbols};
use check::{PASSED, Setup, check, skip};

/// The checks of this area.
pub fn trials(setup: &'static Setup) -> Vec<Trial> {
    let mut trials = vec![check("abi::a_wrong_library_is_found_out", || {
        a_wrong_library_is_found_out()?;
        PASSED
    })];
    for library in &LIBRARIES {
        let stem = library.stem;
        let lib = setup.prefix.join("lib");
        let shared = lib.join(library.soname);
        trials.push(check(&format!("abi::{stem}::symbols"), {
            let shared = shared.clone();
            move || {
                exports_are_right(&Shell::new()?, library, &shared)?;
                PASSED
            }
        }));
        trials.push(check(&format!("abi::{stem}::soname_and_needed"), {
            let shared = shared.clone();
            move || {
                soname_and_needed(library, &shared)?;
                PASSED
            }
        }));
        trials.push(check(&format!("abi::{stem}::archive_symbols"), {
            let archive = lib.join(format!("{stem}.a"));
            move || {
                archive_symbols(library, &archive)?;
                PASSED
            }
        }));
        trials.push(check(&format!("abi::{stem}::reference_is_debians"), move || {
            let sh = Shell::new()?;
            let packaged = match library.packaged_symbols(&sh) {
                Ok(symbols) => symbols,
                Err(why) => return skip(format!("{why:#}")),
            };
            same_symbols(&library.reference()?, &packaged)?;
            PASSED
        }));
        trials.push(check(&format!("abi::{stem}::abidiff"), move || {
            let sh = Shell::new()?;
            if let Err(why) = debian::install(&sh, &["abigail-tools"]) {
                return skip(format!("{why:#}"));
            }
            let packaged = match library.packaged_file(&sh) {
                Ok(file) => file,
                Err(why) => return skip(format!("{why:#}")),
            };
            abidiff(&sh, &packaged, &shared)?;
            PASSED
        }));
    }
    trials
}

fn soname_and_needed(library: &Library, file: &Path) -> Result<()> {
    let sh = Shell::new()?;
    let text = cmd!(sh, "readelf -dW {file}").quiet().read()?;
    let values = |tag: &str| -> Vec<&str> {
        let lines = text.lines().filter(|line| line.contains(tag));
        lines.filter_map(|line| line.split_once('[')?.1.strip_suffix(']')).collect()
    };
    ensure!(values("(SONAME)") == [library.soname], "soname: {:?}", values("(SONAME)"));
    let needed = values("(NEEDED)");
    ensure!(needed.contains(&"libc.so.6"), "needed: {needed:?}");
    // __tls_get_addr is the loader's; binutils names it, older ones left it to libc.
    let others: Vec<_> =
        needed.iter().filter(|n| **n != "libc.so.6" && !n.starts_with("ld-linux")).collect();
    ensure!(others.is_empty(), "also needed: {others:?}");
    ensure!(values("(RUNPATH)").is_empty() && values("(RPATH)").is_empty(), "has a run path");
    ensure!(!text.contains("(TEXTREL)"), "has text relocations");
    ensure!(text.contains("BIND_NOW"), "is not linked with -z now");
    let segments = cmd!(sh, "readelf -lW {file}").quiet().read()?;
    ensure!(segments.contains("GNU_RELRO"), "is not linked with -z relro");
    let stack = segments.lines().find(|l| l.contains("GNU_STACK")).context("no GNU_STACK")?;
    ensure!(!stack.contains("RWE"), "asks for an executable stack");
    Ok(())
}

fn archive_symbols(library: &Library, archive: &Path) -> Result<()> {
    let sh = Shell::new()?;
    let exports = library.exports()?;
    let defined = cmd!(sh, "nm -g --defined-only {archive}").quiet().read()?;
    let mut found = BTreeSet::new();
    for line in defined.lines().filter(|l| l.split_whitespace().count() == 3) {
        let mut words = line.split_whitespace().skip(1);
        let (kind, name) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        // Both archives have this one, and a program may link both.
        let wanted = if name == "zcompat_version" { "W" } else { "T" };
        ensure!(kind == wanted, "{name} is of kind {kind}, wanted {wanted}");
        found.insert(name.to_owned());
    }
    let wanted: BTreeSet<String> = exports.into_keys().collect();
    let private: Vec<_> = found.difference(&wanted).collect();
    ensure!(private.is_empty(), "private symbols left global: {private:?}");
    let missing: Vec<_> = wanted.difference(&found).collect();
    ensure!(missing.is_empty(), "missing: {missing:?}");

    // What is left undefined must be libc's, or nobody will define it.
    let undefined = cmd!(sh, "nm -u {archive}").quiet().read()?;
    let rust =
        |name: &str| name.starts_with("_R") || name.starts_with("_ZN") || name.contains("rust");
    let private: Vec<_> = undefined
        .split_whitespace()
        .filter(|name| rust(name) || name.starts_with("_Unwind"))
        .collect();
    ensure!(private.is_empty(), "undefined and not libc's: {private:?}");
    Ok(())
}

/// Debian strips its libraries and Rust's types have other names than C's, so abidiff compares ELF
/// symbols, versions and sonames; prototypes and layouts are compared by `headers::*`.
fn abidiff(sh: &Shell, theirs: &Path, ours: &Path) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let suppressions = dir.path().join("suppressions");
    fs::write(
        &suppressions,
        "[suppress_function]\n  symbol_name_regexp = ^zcompat_\n  change_kind = added-function\n",
    )?;
    let out = cmd!(sh, "abidiff --suppressions {suppressions} {theirs} {ours}")
        .quiet()
        .ignore_status()
        .output()
        .context("abidiff cannot be run")?;
    let text = String::from_utf8_lossy(&out.stdout);
    ensure!(out.status.success(), "abidiff ({}):\n{}", out.status, text.trim_end());
    // A file that it could not read must not pass for one without changes.
    ensure!(text.contains("Function symbols changes summary"), "abidiff compared nothing: {text}");
    Ok(())
}

/// Links small libraries that differ from the original in one symbol or version, and wants each
/// found out by the comparison that passes the right one.
fn a_wrong_library_is_found_out() -> Result<()> {
    let sh = Shell::new()?;
    let library = &LIBRARIES[0];
    let exports = library.exports()?;
    let map = fs::read_to_string(base::paths::root().join("include/libz.map"))?;
    let dir = tempfile::tempdir()?;
    let _dir = sh.push_dir(dir.path());

    let link = |skip: &str, extra: &str, map: &str| -> Result<Result<()>> {
        let functions = exports.keys().map(String::as_str).filter(|name| *name != skip);
        let code: String =
            functions.chain([extra]).map(|name| format!("void {name}(void) {{}}\n")).collect();
        fs::write(dir.path().join("stub.c"), code)?;
        fs::write(dir.path().join("stub.map"), map)?;
        let script = "-Wl,--version-script=stub.map";
        cmd!(
            sh,
            "cc -w -fno-builtin -shared -fPIC {script} -Wl,--undefined-version -o stub.so stub.c"
        )
        .quiet()
        .run()?;
        Ok(exports_are_right(&sh, library, &dir.path().join("stub.so")))
    };
    let found_out = |result: Result<()>, text: &str| -> Result<()> {
        let error = result.err().with_context(|| format!("not found out: {text}"))?;
        let error = format!("{error:#}");
        ensure!(error == text, "wanted {text:?}, got {error:?}");
        Ok(())
    };

    link("", "zcompat_version2", &map)?.err().context("an extra symbol was not found out")?;
    link("", "rust_private", &map)?.context("the right library must pass")?;
    found_out(link("crc32", "rust_private", &map)?, "missing: crc32")?;
    found_out(link("", "leaked", &map)?, "extra: leaked")?;
    let fewer = map.replacen("    deflateTune;\n", "", 1);
    ensure!(fewer != map, "the map has no deflateTune");
    found_out(
        link("", "rust_private", &fewer)?,
        "deflateTune has no version, wanted ZLIB_1.2.2.3",
    )?;
    let other = map.replace("ZLIB_1.3.1.2", "ZLIB_1.3.1.1");
    found_out(
        link("", "rust_private", &other)?,
        "deflateUsed has ZLIB_1.3.1.1, wanted ZLIB_1.3.1.2",
    )
}
