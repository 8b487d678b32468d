//! That these checks can fail: a wrong number in a copy of each library must be noticed.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use libtest_mimic::Completion;
use object::Object;
use xshell::Shell;

use super::lab::Lab;
use super::suite;
use base::library::LIBRARIES;
use check::PASSED;
use compare::checks::agree;
use matrix::suite::Call;

/// The first numbers of the table of the portable crc32.
const CRC_TABLE: [u32; 4] = [0x7707_3096, 0xee0e_612c, 0x9909_51ba, 0x076d_c419];

/// zstd's codes of the lengths of literals from 12 on.
const LENGTH_CODES: [u8; 12] = [12, 13, 14, 15, 16, 16, 17, 17, 18, 18, 19, 19];

/// The suite and the differential harness with each.
pub fn run(lab: &Lab) -> Result<Completion> {
    let sh = Shell::new()?;
    let dir = tempfile::tempdir()?;
    let program = suite::build(&sh, lab, &dir.path().join("suite"))?;
    // Where other kernels are the portable ones are used only if asked for.
    let portable = ("ZCOMPAT_CPU".to_owned(), "portable".to_owned());
    let of_zlib = ["checksum/crc32", "gz/file"].as_slice();
    let plans =
        [("inflate", 100, "--libz", of_zlib), ("zstd-encode", 150, "--libzstd", &["zstd/levels"])];
    for (library, (kind, cases, option, checks)) in LIBRARIES.iter().zip(plans) {
        let copy = with_a_wrong_number(lab, library.soname, dir.path())?;
        let call = Call {
            wrapper: suite::wrapper(lab),
            args: vec![option.into(), copy.display().to_string()],
            env: vec![portable.clone()],
            ..Call::default()
        };
        for check in checks {
            let outcome = program.run(&call, &[check])?;
            ensure!(outcome.failed.contains_key(*check), "{check} does not notice a wrong number");
        }
        let command = lab.setup.machine.cmd(&sh, &lab.driver).env(&portable.0, &portable.1);
        let command = command.args(["--no-shrink", "--stop-after", "1"]);
        let found = agree(command, &lab.libraries(kind, Some(&copy))?, kind, cases).is_err();
        ensure!(found, "{kind} does not notice a wrong number");
    }
    PASSED
}

/// A copy of a library with one number changed wherever it stands among its neighbours.
fn with_a_wrong_number(lab: &Lab, soname: &str, dir: &Path) -> Result<PathBuf> {
    let mut data = fs::read(lab.setup.prefix.join("lib").join(soname))?;
    let little = object::File::parse(&*data)?.is_little_endian();
    let numbers = CRC_TABLE.iter().flat_map(|word| match little {
        true => word.to_le_bytes(),
        false => word.to_be_bytes(),
    });
    let table: Vec<u8> = numbers.collect();
    let pattern = if soname == LIBRARIES[0].soname { table } else { LENGTH_CODES.to_vec() };
    let places: Vec<usize> = data
        .windows(pattern.len())
        .enumerate()
        .filter(|(_, at)| *at == pattern)
        .map(|(at, _)| at)
        .collect();
    ensure!(!places.is_empty(), "{soname} has no such table: adapt this check");
    for place in places {
        data[place] ^= 1;
    }
    let copy = dir.join(soname);
    fs::write(&copy, data).with_context(|| copy.display().to_string())?;
    Ok(copy)
}
