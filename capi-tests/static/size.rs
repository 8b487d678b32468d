//! How large the libraries are, and what they need of others.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use libtest_mimic::Trial;
use link::elf::Elf;
use xshell::{Shell, cmd};

use base::debian::Sid;
use base::library::LIBRARIES;
use base::paths;
use check::{PASSED, Setup, check, skip};

/// The most bytes that libz.so.1 may have, with the variants for all CPUs.
const LIBZ: u64 = 400_000;
/// The most bytes by which a program that calls only crc32 may be larger with our libz.a than with
/// stock's.
const CRC32_ALONE: u64 = 60_000;

/// Not to be called: the loader's, for thread-local variables; what reads an environment that
/// another thread may be changing; the unwinder's first and last.
const UNWANTED: [&str; 5] =
    ["__tls_get_addr", "getenv", "secure_getenv", "_Unwind_Backtrace", "_Unwind_Resume"];

pub fn trials(setup: &'static Setup) -> Vec<Trial> {
    let lib = setup.prefix.join("lib");
    vec![
        check("size::libz_is_small", {
            let lib = lib.clone();
            move || {
                let size = fs::metadata(lib.join("libz.so.1"))?.len();
                println!("libz.so.1: {size} bytes");
                ensure!(size <= LIBZ, "libz.so.1 has {size} bytes, more than {LIBZ}");
                PASSED
            }
        }),
        check("size::libc_is_all_that_is_needed", {
            let lib = lib.clone();
            move || {
                needs_libc_alone(&lib)?;
                PASSED
            }
        }),
        check("size::crc32_alone_brings_little_else", || {
            let sh = Shell::new()?;
            let stock = match Sid::open(&sh).and_then(|sid| sid.unpacked(&sh, "zlib1g-dev")) {
                Ok(stock) => stock,
                Err(why) => return skip(format!("{why:#}")),
            };
            let archive = format!("usr/lib/{}-linux-gnu/libz.a", std::env::consts::ARCH);
            crc32_alone(&sh, &setup.prefix, &stock.join(archive))?;
            PASSED
        }),
    ]
}

fn needs_libc_alone(lib: &Path) -> Result<()> {
    for library in &LIBRARIES {
        let shared = Elf::read(&lib.join(library.soname))?;
        ensure!(shared.needed == ["libc.so.6"], "{} needs {:?}", library.soname, shared.needed);
        let calls = |name: &str| shared.undefined.iter().any(|symbol| symbol.name == name);
        ensure!(calls("malloc"), "{} calls no malloc?", library.soname);
        let unwanted: Vec<_> = UNWANTED.iter().filter(|name| calls(name)).collect();
        ensure!(unwanted.is_empty(), "{} calls {unwanted:?}", library.soname);
    }
    Ok(())
}

/// The same program linked with either archive, dynamic and static.
fn crc32_alone(sh: &Shell, prefix: &Path, stock: &Path) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let (source, program) =
        (paths::root().join("capi-tests/static/crc32.c"), dir.path().join("program"));
    let (include, ours) = (prefix.join("include"), prefix.join("lib/libz.a"));
    for flags in [&["-Wl,--gc-sections"][..], &["-Wl,--gc-sections", "-static"]] {
        let size_with = |archive: &Path| -> Result<u64> {
            cmd!(sh, "cc -O2 -s -Wall -Wextra -Werror -I {include} {source} -o {program} {flags...} {archive}")
                .quiet()
                .run()?;
            // That of RFC 1952's polynomial for "123456789".
            let said = cmd!(sh, "{program}").quiet().read()?;
            ensure!(said == "cbf43926", "with {}: {said}", archive.display());
            Ok(fs::metadata(&program)?.len())
        };
        let (with_ours, with_stocks) = (size_with(&ours)?, size_with(stock)?);
        let more = with_ours.checked_sub(with_stocks).context("ours is the smaller one?")?;
        println!("{flags:?}: {with_ours} bytes with ours, {with_stocks} with stock's");
        ensure!(more <= CRC32_ALONE, "{flags:?}: {more} bytes more than with stock's libz.a");
    }
    Ok(())
}
