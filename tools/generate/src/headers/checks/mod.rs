//! What C and C++ compilers see of the libraries.

mod declared;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use libtest_mimic::Trial;
use xshell::{Shell, cmd};

use crate::headers;
use base::debian::{self, Sid};
use base::paths;
use check::{PASSED, Setup, check, skip};
use declared::Declared;

/// Under which conditions the headers are compared with the original's.
const CONDITIONS: [&[&str]; 12] = [
    &[],
    &["-D_LARGEFILE64_SOURCE"],
    &["-D_LARGEFILE64_SOURCE="],
    &["-D_LARGEFILE64_SOURCE=0"],
    &["-D_FILE_OFFSET_BITS=64"],
    &["-D_LARGEFILE64_SOURCE", "-D_FILE_OFFSET_BITS=64"],
    &["-DZLIB_INTERNAL", "-D_FILE_OFFSET_BITS=64"],
    &["-DZLIB_INTERNAL", "-D_LARGEFILE64_SOURCE", "-D_FILE_OFFSET_BITS=64"],
    &["-DZLIB_CONST"],
    &["-DZ_SOLO"],
    &["-D_GNU_SOURCE"],
    &["-std=c99"],
];

/// The checks of this area.
pub fn trials(setup: &'static Setup) -> Vec<Trial> {
    let include = setup.prefix.join("include");
    let dir = include.clone();
    let mut trials = vec![
        check("headers::are_what_the_generator_writes", || {
            headers::check()?;
            PASSED
        }),
        check("headers::equal_debians", {
            let include = include.clone();
            move || {
                let sh = Shell::new()?;
                match stock(&sh, "zlib1g-dev") {
                    Ok(stock) => equal_stock(&sh, &stock, &include)?,
                    Err(why) => return skip(format!("{why:#}")),
                }
                PASSED
            }
        }),
        check("headers::a_wrong_header_is_found_out", {
            let include = include.clone();
            move || {
                let sh = Shell::new()?;
                match stock(&sh, "zlib1g-dev") {
                    Ok(stock) => wrong_headers_are_found_out(&sh, &stock, &include)?,
                    Err(why) => return skip(format!("{why:#}")),
                }
                PASSED
            }
        }),
        check("headers::every_function_links", move || {
            every_function_links(&include, &setup.prefix.join("lib"))?;
            PASSED
        }),
        check("headers::zstd_headers_are_upstreams", {
            let include = dir.clone();
            move || {
                zstd_headers_are_upstreams(&Shell::new()?, &include)?;
                PASSED
            }
        }),
    ];
    for (c, cxx, package) in [("gcc", "g++", "g++"), ("clang", "clang++", "clang")] {
        let include = dir.clone();
        trials.push(check(&format!("headers::compile_alone::{c}"), move || {
            let sh = Shell::new()?;
            if !paths::is_on_path(cxx) {
                // clang and what it needs are large: only the long test fetches them.
                if c == "clang" && !setup.full {
                    return skip("no clang here; --full installs it");
                }
                if let Err(why) = debian::install(&sh, &[package]) {
                    return skip(format!("{why:#}"));
                }
            }
            compile_alone(&sh, c, cxx, &include)?;
            PASSED
        }));
    }
    trials
}

/// The include folder of Debian sid's package of the original's headers.
fn stock(sh: &Shell, package: &str) -> Result<PathBuf> {
    Ok(Sid::open(sh)?.unpacked(sh, package)?.join("usr/include"))
}

fn equal_stock(sh: &Shell, stock: &Path, ours: &Path) -> Result<()> {
    let mut functions = 0;
    for flags in CONDITIONS {
        let differences = compare(sh, stock, ours, flags)?;
        ensure!(differences.is_empty(), "with {flags:?}:\n{}", differences.join("\n"));
        functions = functions.max(Declared::read(sh, stock, flags)?.functions.len());
    }
    // All 95, under the condition that declares the most.
    ensure!(functions == 95, "the original declares {functions} functions at most, wanted 95");
    Ok(())
}

/// Every way in which the zlib.h in `ours` differs from that in `stock`.
fn compare(sh: &Shell, stock: &Path, ours: &Path, flags: &[&str]) -> Result<Vec<String>> {
    let wanted = Declared::read(sh, stock, flags)?;
    let found = Declared::read(sh, ours, flags)?;
    let mut differences = wanted.differences(&found);
    let out = cmd!(sh, "cc {flags...} -w -fsyntax-only -x c -I {ours} -")
        .stdin(wanted.proof()?)
        .quiet()
        .ignore_status()
        .output()?;
    if !out.status.success() {
        let text = String::from_utf8_lossy(&out.stderr);
        let errors = text.lines().filter(|line| line.contains("error:"));
        differences.extend(errors.map(str::to_owned));
        ensure!(!differences.is_empty(), "cc failed without an error: {text}");
    }
    Ok(differences)
}

/// Changes one thing at a time in a copy of our header; the comparison must notice each.
fn wrong_headers_are_found_out(sh: &Shell, stock: &Path, include: &Path) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let copy = dir.path();
    fs::copy(include.join("zconf.h"), copy.join("zconf.h"))?;
    let text = fs::read_to_string(include.join("zlib.h"))?;
    let flags = ["-D_LARGEFILE64_SOURCE"];
    let notice = |from: &str, to: &str, what: &str| -> Result<()> {
        let changed = text.replacen(from, to, 1);
        ensure!(changed != text, "zlib.h has no {from:?}");
        fs::write(copy.join("zlib.h"), changed)?;
        let differences = compare(sh, stock, copy, &flags)?;
        ensure!(
            differences.iter().any(|d| d.contains(what)),
            "{from:?} changed to {to:?} was not noticed: {differences:?}"
        );
        Ok(())
    };
    for name in Declared::read(sh, stock, &flags)?.functions.keys() {
        // Another type in front of the name; gzprintf and gzvprintf are declared with ZEXPORTVA.
        let export = if name.ends_with("printf") { "ZEXPORTVA" } else { "ZEXPORT" };
        let found = text.contains(&format!("{export} {name}("));
        ensure!(found, "{name} is not declared");
        notice(
            &format!("{export} {name}("),
            &format!("*{export} {name}("),
            &format!("function {name}\""),
        )?;
    }
    notice("voidp buf, uInt len);", "voidpc buf, uInt len);", "function gzread\"")?;
    notice("ZEXTERN int ZEXPORT gzeof(gzFile file);\n", "", "no function gzeof")?;
    notice("    uInt avail_in;", "    int avail_in;", "type z_stream_s.avail_in")?;
    let spare = "    int spare;\n    int data_type;\n";
    notice("    int data_type;\n", spare, "offset z_stream_s.data_type")?;
    notice("    int data_type;\n", "    long data_type;\n", "type z_stream_s.data_type")?;
    notice("    uLong reserved;\n", "    uLong reserved;\n    int more;\n", "size z_stream_s")?;
    notice("Z_BUF_ERROR (-5)", "Z_BUF_ERROR (-6)", "constant Z_BUF_ERROR")?;
    notice("ZLIB_VERSION \"1.3.2\"", "ZLIB_VERSION \"1.3.3\"", "constant ZLIB_VERSION")?;
    notice("#define Z_RLE 3\n", "", "no macro Z_RLE")?;
    notice("(g)->have--", "(g)->have++", "macro gzgetc")
}

/// A program that holds the address of every function in zlib.h, from C and from C++.
fn every_function_links(include: &Path, lib: &Path) -> Result<()> {
    let sh = Shell::new()?;
    debian::install(&sh, &["g++"])?;
    let declared = Declared::read(&sh, include, &["-D_LARGEFILE64_SOURCE"])?;
    let dir = tempfile::tempdir()?;
    let program = dir.path().join("program");
    let names: String = declared.functions.keys().map(|n| format!("(function)({n}), ")).collect();
    let code = format!(
        "#include <zlib.h>\n#include <zcompat.h>\n#include <string.h>\n\
         typedef void (*function)(void);\n\
         function functions[] = {{ {names}\n\
         \x20   (function)(zcompat_version), (function)(zcompat_cpu_tier) }};\n\
         int main(void) {{\n\
         \x20   for (unsigned i = 0; i < sizeof functions / sizeof *functions; i++)\n\
         \x20       if (!functions[i]) return 1;\n\
         \x20   return strcmp(zlibVersion(), ZLIB_VERSION) != 0;\n}}\n"
    );
    for (compiler, language) in [("gcc", "c"), ("g++", "c++")] {
        cmd!(sh, "{compiler} -D_LARGEFILE64_SOURCE -I {include} -x {language} - -L {lib} -lz")
            .args(["-Wl,--no-as-needed", "-Wl,-z,defs", "-o"])
            .arg(&program)
            .stdin(&code)
            .quiet()
            .run()?;
        cmd!(sh, "{program}").env("LD_LIBRARY_PATH", lib).env("LD_BIND_NOW", "1").quiet().run()?;
    }
    Ok(())
}

fn compile_alone(sh: &Shell, c: &str, cxx: &str, include: &Path) -> Result<()> {
    let warnings = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"];
    for header in ["zlib.h", "zconf.h", "zcompat.h"] {
        let code = format!("#include \"{header}\"\nint main(void) {{ return 0; }}\n");
        let dialects = [(c, "c", ["c99", "c11", "c2x"].as_slice()), (cxx, "c++", &["c++17"])];
        for (compiler, language, standards) in dialects {
            for standard in standards {
                let standard = format!("-std={standard}");
                // -I, so that warnings in the header count: in a system folder they would not.
                cmd!(sh, "{compiler} {standard} {warnings...} -I {include} -x {language} -")
                    .stdin(&code)
                    .quiet()
                    .run()
                    .with_context(|| format!("{header} with {compiler} {standard}"))?;
            }
        }
    }
    Ok(())
}

fn zstd_headers_are_upstreams(sh: &Shell, include: &Path) -> Result<()> {
    let root = paths::root();
    let text = cmd!(sh, "cargo metadata --format-version 1 --manifest-path {root}/Cargo.toml")
        .quiet()
        .ignore_stderr()
        .read()?;
    let metadata: serde_json::Value = serde_json::from_str(&text)?;
    let manifest = metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|p| p["name"] == "zstd-sys")
        .and_then(|p| p["manifest_path"].as_str())
        .context("cargo metadata names no zstd-sys")?;
    let lib = Path::new(manifest).with_file_name("zstd").join("lib");
    for header in ["zstd.h", "zstd_errors.h", "zdict.h"] {
        let upstream = fs::read(lib.join(header)).with_context(|| format!("zstd-sys: {header}"))?;
        if fs::read(include.join(header)).with_context(|| header.to_owned())? != upstream {
            bail!("{header} differs from the one in zstd-sys");
        }
    }
    Ok(())
}
