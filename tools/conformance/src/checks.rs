//! Upstream's test programs and everyday programs on the installed libraries.

use std::os::unix::fs::symlink;

use anyhow::{Result, bail};
use libtest_mimic::{Completion, Trial};
use xshell::Shell;

use crate::lab::{Lab, Side};
use crate::zlib::{self, Variant};
use crate::{Outcome, Report, bytes, programs, zstd};
use base::debian;
use check::{PASSED, Setup, check, skip};

/// The checks of this area.
pub fn trials(setup: &'static Setup) -> Vec<Trial> {
    // A fixed seed: the same run twice. `cargo xtask conformance zstd` takes another each time.
    let effort = zstd::Effort { seconds: if setup.full { 120 } else { 3 }, seed: 1 };
    let programs = programs::names().into_iter().map(|name| {
        check(&format!("conformance/programs/{name}"), move || {
            result(programs::run_one(&Shell::new()?, &setup.prefix, name))
        })
    });
    let bytes = bytes::names().into_iter().map(|name| {
        check(&format!("conformance/bytes/{name}"), move || {
            result(bytes::run_one(&Shell::new()?, &setup.prefix, name))
        })
    });
    let zlib = zlib::names().into_iter().map(|name| {
        check(&format!("conformance/zlib/{name}"), move || {
            given(zlib::Upstream::get, |upstream, sh| upstream.run_one(sh, &setup.prefix, name))
        })
    });
    let zstd = zstd::names().into_iter().map(move |name| {
        check(&format!("conformance/zstd/{name}"), move || {
            given(zstd::Upstream::get, |upstream, sh| {
                upstream.run_one(sh, &setup.prefix, name, effort)
            })
        })
    });
    let controls = [
        check("conformance/controls/faulty_libraries_fail", move || {
            let sh = Shell::new()?;
            let Ok(upstream) = zlib::Upstream::get(&sh) else {
                return skip("zlib's source cannot be had");
            };
            let faults = [
                (Variant::Unversioned, "no version information available"),
                (Variant::WrongAdler32, "written on ours, read on"),
            ];
            for (fault, words) in faults {
                let dir = tempfile::tempdir()?;
                let lib = dir.path().join("lib");
                upstream.build_library(&sh, &lib, fault)?;
                symlink(setup.prefix.join("lib/libzstd.so.1"), lib.join("libzstd.so.1"))?;
                match programs::run_one(&sh, dir.path(), "sqlite3").outcome {
                    Outcome::Failed(why) if why.contains(words) => {}
                    Outcome::Skipped(why) => return skip(why),
                    other => bail!("not found: {words}; but {other:?}"),
                }
            }
            PASSED
        }),
        check("conformance/controls/other_bytes_are_noticed", move || {
            let sh = Shell::new()?;
            let Ok(upstream) = zlib::Upstream::get(&sh) else {
                return skip("zlib's source cannot be had");
            };
            let dir = tempfile::tempdir()?;
            let lib = dir.path().join("lib");
            upstream.build_library(&sh, &lib, Variant::OtherBytes)?;
            symlink(setup.prefix.join("lib/libzstd.so.1"), lib.join("libzstd.so.1"))?;
            let same = "not the same file from both libraries";
            match bytes::run_one(&sh, dir.path(), "python3").outcome {
                Outcome::Failed(why) if why.contains(same) => PASSED,
                Outcome::Skipped(why) => skip(why),
                other => bail!("not found: {same}; but {other:?}"),
            }
        }),
        check("conformance/controls/other_libraries_are_noticed", move || {
            let sh = Shell::new()?;
            if let Err(error) = debian::install(&sh, &["curl"]) {
                return skip(format!("{error:#}"));
            }
            let lab = Lab::new(&sh, &setup.prefix, false)?;
            let refused = |expected: &[(&str, &str)], words: &str| match lab.prove(expected) {
                Err(error) if error.to_string().contains(words) => Ok(()),
                other => bail!("not noticed: {words}; but {other:?}"),
            };
            lab.run(Side::Ours, "true", &[])?;
            refused(&[("true", "libz")], "true never mapped libz")?;
            refused(&[("curl", "libz")], "curl was never run")?;
            lab.run(Side::Ours, "curl", &["--version"])?;
            lab.prove(&[("curl", "libz")])?;
            lab.run(Side::Ours, "env", &["-u", "LD_LIBRARY_PATH", "curl", "--version"])?;
            refused(&[("curl", "libz")], "instead of ours")?;
            PASSED
        }),
    ];
    controls.into_iter().chain(programs).chain(bytes).chain(zlib).chain(zstd).collect()
}

/// A job that needs what `get` gives, or a skip that says why that is not to be had.
fn given<Needs>(
    get: fn(&Shell) -> Result<Needs>,
    run_one: impl FnOnce(&Needs, &Shell) -> Report,
) -> Result<Completion> {
    let sh = Shell::new()?;
    match get(&sh) {
        Ok(needs) => result(run_one(&needs, &sh)),
        Err(error) => skip(format!("{error:#}")),
    }
}

fn result(report: Report) -> Result<Completion> {
    match report.outcome {
        Outcome::Passed(_) => PASSED,
        Outcome::Failed(why) => bail!(why),
        Outcome::Skipped(why) => skip(why),
    }
}
