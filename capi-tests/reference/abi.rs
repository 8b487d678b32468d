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
use link::elf::{self, Elf, Symbol};

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
                exports_are_right(library, &shared)?;
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
    let elf = Elf::read(file)?;
    ensure!(elf.soname.as_deref() == Some(library.soname), "soname: {:?}", elf.soname);
    let is_libc = |name: &&String| *name == "libc.so.6";
    ensure!(elf.needed.iter().any(|name| is_libc(&name)), "needed: {:?}", elf.needed);
    // __tls_get_addr is the loader's; binutils names it, older ones left it to libc.
    let of_the_system = |name: &&String| is_libc(name) || name.starts_with("ld-linux");
    let others: Vec<_> = elf.needed.iter().filter(|name| !of_the_system(name)).collect();
    ensure!(others.is_empty(), "also needed: {others:?}");
    ensure!(!elf.run_path, "has a run path");
    ensure!(!elf.text_relocations, "has text relocations");
    ensure!(elf.binds_now, "is not linked with -z now");
    ensure!(elf.relro, "is not linked with -z relro");
    ensure!(elf.executable_stack == Some(false), "asks for an executable stack");
    Ok(())
}

fn archive_symbols(library: &Library, archive: &Path) -> Result<()> {
    let symbols = elf::archive_symbols(archive)?;
    let mut missing: BTreeSet<String> = library.exports()?.into_keys().collect();
    let rust =
        |name: &str| name.starts_with("_R") || name.starts_with("_ZN") || name.contains("rust");
    for (name, kind) in &symbols {
        if *kind == Symbol::Undefined {
            // It must be libc's, or nobody will define it.
            ensure!(!rust(name) && !name.starts_with("_Unwind"), "undefined, not libc's: {name}");
            continue;
        }
        ensure!(missing.remove(name), "a private symbol left global: {name}");
        // Both archives have this one, and a program may link both.
        let weak = name == "zcompat_version";
        ensure!((*kind == Symbol::Weak) == weak, "{name} is {kind:?}");
    }
    ensure!(missing.is_empty(), "missing: {missing:?}");
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
        Ok(exports_are_right(library, &dir.path().join("stub.so")))
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
