//! musl, on this machine: both libraries by rustc's std for it and musl-gcc, and what they write.

use anyhow::{Result, ensure};
use libtest_mimic::Completion;
use xshell::Shell;

use base::library::LIBRARIES;
use base::{debian, paths};
use check::{PASSED, skip};
use install::engine::Engine;
use install::{Build, RELEASE};
use matrix::stock;
use matrix::suite::{Call, Linkage, Suite};

const TARGET: &str = "x86_64-unknown-linux-musl";

/// The suite passes, with the hashes of stock's bytes.
pub fn run() -> Result<Completion> {
    let sh = Shell::new()?;
    let tools = debian::install(&sh, &["musl-tools"])
        .and_then(|()| super::lab::standard_library(&sh, TARGET));
    if let Err(missing) = tools {
        return skip(format!("{missing:#}"));
    }
    let env = [
        // For musl, rustc makes no shared library otherwise.
        ("RUSTFLAGS", "-Ctarget-feature=-crt-static".to_owned()),
        ("CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_LINKER", "musl-gcc".to_owned()),
    ];
    let folder = paths::target().join("architectures");
    let build = Build::run(&sh, &folder, &[RELEASE, "--target", TARGET], &env)?;
    let dir = tempfile::tempdir()?;
    let (headers, lib) = (build.staged("include"), build.staged("lib"));
    let by = ("musl-gcc", &["-O1"][..]);
    let kept = stock::kept(Engine::Own);
    for linkage in [Linkage::Dlopen, Linkage::Static] {
        let program = dir.path().join("suite");
        let suite = Suite::build_by(&sh, by, linkage, &headers, Some(&lib), &program)?;
        let args = match linkage {
            Linkage::Static => Vec::new(),
            _ => LIBRARIES
                .iter()
                .flat_map(|library| {
                    let file = lib.join(library.soname);
                    [format!("--{}", library.stem), file.display().to_string()]
                })
                .collect(),
        };
        let outcome = suite.run(&Call { args, ..Call::default() }, &[])?;
        // Only what exchanges data with Debian's libraries, which are glibc's, is left out.
        ensure!(outcome.failed.is_empty() && !outcome.passed.is_empty(), "{:?}", outcome.failed);
        super::suite::bytes_are_stocks(&outcome, &kept)?;
    }
    PASSED
}
