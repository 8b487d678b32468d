//! The optional engine: the libraries with zlib-rs's own stream functions.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use libtest_mimic::{Completion, Trial};
use xshell::Shell;

use base::paths;
use check::{PASSED, check, skip};
use cpython::prebuilt;
use install::engine::Engine;
use install::run::Stage;
use matrix::trial;

/// The checks of this area.
pub fn trials() -> Vec<Trial> {
    vec![
        check("engine: with zlib-rs the libraries say so, and so do their bytes", bytes),
        check("engine: with zlib-rs the examples run", examples),
        check("engine: with zlib-rs the matrix's suite passes", suite),
        check("engine: with zlib-rs CPython's test_zlib is as on stock", python),
    ]
}

/// Prints the library's version and what level 1 makes of this program's input, to its file name.
const PROGRAM: &str = r#"
#include <stdio.h>
#include <stdlib.h>
#include <zcompat.h>
#include <zlib.h>

int main(int argc, char **argv) {
    static unsigned char in[1 << 16], out[1 << 17];
    FILE *file = fopen(argv[1], "rb");
    uLong size = fread(in, 1, sizeof in, file);
    uLongf made = sizeof out, back = sizeof in;
    gzFile gz = gzopen(argv[2], "wb1");
    if (compress2(out, &made, in, size, 1) != Z_OK) return 1;
    if (gzwrite(gz, in, (unsigned) size) != (int) size || gzclose(gz) != Z_OK) return 2;
    printf("%s %lu", zcompat_version(), made);
    return uncompress(in, &back, out, made) != Z_OK || back != size;
}
"#;

/// Compiles and runs the program on the libraries in `prefix`.
fn program(prefix: &Path, dir: &Path, input: &Path) -> Result<String> {
    let (source, program) = (dir.join("engine.c"), dir.join("engine"));
    fs::write(&source, PROGRAM)?;
    let lib = prefix.join("lib");
    let compiled = Command::new("cc")
        .arg("-I")
        .arg(prefix.join("include"))
        .arg("-o")
        .args([&program, &source])
        .arg("-L")
        .arg(&lib)
        .arg("-lz")
        .status()?;
    ensure!(compiled.success(), "the program does not compile");
    let gz = dir.join("engine.gz");
    let ran = Command::new(program).args([input, &gz]).env("LD_LIBRARY_PATH", lib).output()?;
    ensure!(ran.status.success(), "it ended with {}", ran.status);
    let back = Command::new("gzip").arg("-dc").arg(gz).output()?;
    ensure!(back.stdout == fs::read(input)?, "the gz file has other bytes");
    Ok(String::from_utf8(ran.stdout)?)
}

/// What is installed is what was asked for: zlib-rs's level 1 writes more than zlib's.
fn bytes() -> Result<Completion> {
    let sh = Shell::new()?;
    let dir = tempfile::tempdir()?;
    let input = dir.path().join("input");
    let text = fs::read_to_string(paths::root().join("docs/matrix.md"))?;
    fs::write(&input, text.repeat(9).as_bytes().get(..60_000).unwrap_or(text.as_bytes()))?;
    let made = |engine: Engine| -> Result<(String, u64)> {
        let said = program(&install::ensure_prefix(&sh, engine)?, dir.path(), &input)?;
        let (version, size) = said.split_once(' ').context("no size")?;
        Ok((version.to_owned(), size.parse()?))
    };
    let (version, own) = made(Engine::Own)?;
    ensure!(version == env!("CARGO_PKG_VERSION"), "ours says {version}");
    let (version, zlib_rs) = made(Engine::ZlibRs)?;
    ensure!(version == concat!(env!("CARGO_PKG_VERSION"), "+zlib-rs"), "zlib-rs says {version}");
    ensure!(zlib_rs > own, "zlib-rs's level 1 makes {zlib_rs} bytes, ours {own}");
    PASSED
}

fn examples() -> Result<Completion> {
    let sh = Shell::new()?;
    for row in Stage::new(&sh, &install::ensure_prefix(&sh, Engine::ZlibRs)?)?.demonstrate(&sh)? {
        ensure!(row.problem.is_none(), "{}: {:?}", row.name, row.problem);
    }
    PASSED
}

/// Layers 2 and 3: the code's instructions, and the C suite.
fn suite() -> Result<Completion> {
    let sh = Shell::new()?;
    let prefix = install::ensure_prefix(&sh, Engine::ZlibRs)?;
    trial::library(&sh, &prefix.join("lib/libz.so.1"))?;
    PASSED
}

fn python() -> Result<Completion> {
    let sh = Shell::new()?;
    let prefix = install::ensure_prefix(&sh, Engine::ZlibRs)?;
    let Some(place) = prebuilt::system(&sh, &prefix) else { return skip("no /usr/bin/python3") };
    let (stock, ours) = (&place.stock, &place.ours);
    let rows = cpython::compare(&place.interpreter, stock, ours, &prefix, &["test_zlib"], &[])?;
    if rows.is_empty() {
        return skip("the system's python3 has no test_zlib");
    }
    let worse = cpython::worse(&rows);
    ensure!(worse.is_empty(), "{}", worse.join("; "));
    PASSED
}
