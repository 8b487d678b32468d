//! For every kernel, a copy with one wrong number, which the tests of the kernels must notice, by
//! the kernel's name.

use anyhow::{Result, ensure};
use libtest_mimic::Trial;
use xshell::{Shell, cmd};

use super::Extract;
use check::{PASSED, check};

/// A wrong number.
pub struct Mutant {
    /// The kernel that it is in.
    pub kernel: &'static str,
    pub file: &'static str,
    pub from: &'static str,
    pub times: usize,
    pub to: &'static str,
}

/// A wrong number.
pub const fn mutant(
    kernel: &'static str,
    file: &'static str,
    from: &'static str,
    times: usize,
    to: &'static str,
) -> Mutant {
    Mutant { kernel, file, from, times, to }
}

/// One for every kernel, in what only it uses; and for what they share.
#[cfg(target_arch = "x86_64")]
const MUTANTS: &[Mutant] = &[
    mutant("crc32 portable", "checksum/crc32/portable.rs", "SLICES - 1 - 4", 1, "SLICES - 1 - 3"),
    mutant(
        "crc32 pclmulqdq",
        "checksum/crc32/x86_pclmul.rs",
        "= FOLD_128;",
        1,
        "= super::constants::FOLD_256;",
    ),
    mutant(
        "crc32 avx2+vpclmulqdq",
        "checksum/crc32/x86_avx2.rs",
        "= FOLD_256;",
        1,
        "= super::constants::FOLD_128;",
    ),
    mutant(
        "crc32 avx512+vpclmulqdq",
        "checksum/crc32/x86_avx512.rs",
        "= FOLD_384;",
        1,
        "= super::constants::FOLD_256;",
    ),
    mutant(
        "crc32 avx512+vpclmulqdq+gfni",
        "checksum/crc32/x86_gfni.rs",
        "MATRICES[from][to]",
        1,
        "MATRICES[to][from]",
    ),
    mutant(
        "adler32 portable",
        "checksum/adler32/portable.rs",
        "LONGEST: usize = 5552",
        1,
        "LONGEST: usize = 5570",
    ),
    mutant(
        "adler32 ssse3",
        "checksum/adler32/x86_ssse3.rs",
        "_mm_set1_epi16(1)",
        2,
        "_mm_set1_epi16(2)",
    ),
    mutant(
        "adler32 avx2",
        "checksum/adler32/x86_avx2.rs",
        "_mm256_set1_epi16(1)",
        2,
        "_mm256_set1_epi16(2)",
    ),
    mutant(
        "adler32 avx2+avxvnni",
        "checksum/adler32/x86_avxvnni.rs",
        "_mm256_set1_epi8(1)",
        1,
        "_mm256_set1_epi8(2)",
    ),
    mutant(
        "adler32 avx512",
        "checksum/adler32/x86_avx512.rs",
        "_mm512_set1_epi16(1)",
        1,
        "_mm512_set1_epi16(2)",
    ),
    mutant(
        "adler32 avx512+avx512vnni",
        "checksum/adler32/x86_avx512vnni.rs",
        "127 - i as u8",
        1,
        "127 - (i as u8 | 1)",
    ),
];
#[cfg(target_arch = "aarch64")]
const MUTANTS: &[Mutant] = &[
    mutant("crc32 portable", "checksum/crc32/portable.rs", "SLICES - 1 - 4", 1, "SLICES - 1 - 3"),
    mutant(
        "crc32 crc",
        "checksum/crc32/aarch64_crc.rs",
        "(STREAM as u64)",
        1,
        "(STREAM as u64 + 1)",
    ),
    mutant(
        "crc32 crc+pmull",
        "checksum/crc32/aarch64_pmull.rs",
        "= FOLD_128;",
        1,
        "= super::constants::FOLD_256;",
    ),
    mutant(
        "crc32 crc+pmull+eor3",
        "checksum/crc32/aarch64_eor3.rs",
        "= FOLD_128;",
        1,
        "= super::constants::FOLD_256;",
    ),
    mutant(
        "adler32 portable",
        "checksum/adler32/portable.rs",
        "LONGEST: usize = 5552",
        1,
        "LONGEST: usize = 5570",
    ),
    mutant(
        "adler32 neon",
        "checksum/adler32/aarch64_neon.rs",
        "BYTES_A_LANE: usize = 4",
        1,
        "BYTES_A_LANE: usize = 1",
    ),
    mutant(
        "adler32 dotprod",
        "checksum/adler32/aarch64_dotprod.rs",
        "vdupq_n_u8(1)",
        1,
        "vdupq_n_u8(2)",
    ),
];

/// The numbers that all folding kernels share, one of each kind wrong: the file, what is there, what
/// is put there.
const SHARED: &[(&str, &str, &str)] = &[
    (CONSTANTS, "QUOTIENT: u64 = 0xb4e5", "QUOTIENT: u64 = 0xb4e4"),
    (CONSTANTS, "POLYNOMIAL: u64 = 0x0000_0001_db71", "POLYNOMIAL: u64 = 0x0000_0001_db70"),
    // The weights of the last chunk: the first of the two, for the second is asserted to be 1.
    (
        CONSTANTS,
        "0x0000_0000_ccaa_009e, 0x0000_0000_0000_0001]",
        "0x0000_0000_ccaa_009f, 0x0000_0000_0000_0001]",
    ),
    (HEADS, "(times_x_to(95, ONE)", "(times_x_to(94, ONE)"),
    (HEADS, "while power < 33", "while power < 34"),
];
const CONSTANTS: &str = "checksum/crc32/constants.rs";
const HEADS: &str = "checksum/crc32/heads.rs";

/// The checks.
pub fn trials() -> Vec<Trial> {
    vec![check("checksum::mutants", || {
        mutants_are_noticed()?;
        PASSED
    })]
}

fn mutants_are_noticed() -> Result<()> {
    let extract = Extract::new()?;
    all_are_noticed(&extract, MUTANTS, "checksum::tests::", |kernel| {
        kernel.split(' ').next().unwrap_or_default().to_owned()
    })?;
    for (file, from, to) in SHARED {
        extract.replace(file, from, 1, to)?;
        let failing = failing(&extract, "checksum::tests::crc32")?;
        ensure!(failing.iter().any(|k| !k.starts_with(NOT_RUN)), "{to} passed for {from}");
        extract.restore(file)?;
    }
    Ok(())
}

/// Plants one wrong number after the other. The tests of `tests`, and of those what `of` says for a
/// kernel, must name the kernel, and no other way round find fault with what is unchanged.
pub fn all_are_noticed(
    extract: &Extract,
    mutants: &[Mutant],
    tests: &str,
    of: impl Fn(&str) -> String,
) -> Result<()> {
    let unchanged = failing(extract, tests)?;
    let wrong: Vec<_> = unchanged.iter().filter(|k| !k.starts_with(NOT_RUN)).cloned().collect();
    ensure!(wrong.is_empty(), "unchanged kernels fail: {}", wrong.join(", "));

    let mut noticed = 0;
    let mut not_here = Vec::new();
    for mutant in mutants {
        extract.replace(mutant.file, mutant.from, mutant.times, mutant.to)?;
        let failing = failing(extract, &format!("{tests}{}", of(mutant.kernel)))?;
        if failing.iter().any(|k| k == mutant.kernel) {
            noticed += 1;
        } else if failing.iter().any(|k| k.starts_with(NOT_RUN) && k.ends_with(mutant.kernel)) {
            not_here.push(mutant.kernel);
        } else {
            anyhow::bail!("{}: {} passed for {}", mutant.kernel, mutant.to, mutant.from);
        }
        extract.restore(mutant.file)?;
    }
    println!("{noticed} of {} wrong numbers noticed", mutants.len());
    if !not_here.is_empty() {
        println!("not checked, since this CPU lacks what they need: {}", not_here.join(", "));
    }
    ensure!(noticed > 0, "no kernel was checked");
    Ok(())
}

/// Marks a kernel that this CPU cannot run.
const NOT_RUN: &str = "not run: ";

/// The names of the kernels that the copy's tests find wrong, and of those that they do not run.
fn failing(extract: &Extract, tests: &str) -> Result<Vec<String>> {
    let (sh, manifest) = (Shell::new()?, extract.manifest());
    // Cargo gives all copies' programs the same file name, so checks that run at once need a folder
    // each: with one they would run each other's.
    let target = format!("mutants-{}", tests.split("::").next().unwrap_or_default());
    let out = cmd!(sh, "cargo test --quiet --lib --manifest-path {manifest} {tests}")
        .quiet()
        .env("CARGO_TARGET_DIR", extract.target(&target))
        .env_remove("RUSTFLAGS")
        .ignore_status()
        .output()?;
    let said = [out.stdout, out.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    ensure!(said.contains("test result:"), "the copy does not build: {said}");
    let lines = |mark: &'static str| {
        said.lines()
            .filter_map(move |line| line.trim().strip_prefix(mark))
            .flat_map(|names| names.split(", "))
    };
    let mut failing: Vec<String> = lines("wrong kernels: ").map(str::to_owned).collect();
    failing.extend(lines("kernels not run: ").map(|name| format!("{NOT_RUN}{name}")));
    failing.sort();
    failing.dedup();
    let wrong = failing.iter().filter(|k| !k.starts_with(NOT_RUN)).count();
    ensure!(out.status.success() == (wrong == 0), "a test failed without naming a kernel: {said}");
    Ok(failing)
}
