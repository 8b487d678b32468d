//! CPUID masking: matrix/cpuid_mask.c, preloaded into unmodified programs.

use std::path::PathBuf;

use anyhow::Result;
use xshell::{Shell, cmd};

use super::suite::cc;
use base::paths;

/// What is hidden, each step more than the one before it.
pub const STEPS: [(&str, &str); 4] = [
    ("AVX-512", "avx512"),
    ("VPCLMULQDQ", "avx512,vpclmulqdq,avxvnni"),
    ("AVX2", "avx512,vpclmulqdq,avxvnni,avx2,bmi2"),
    ("PCLMULQDQ", "avx512,vpclmulqdq,avxvnni,avx2,bmi2,avx,pclmulqdq,sse4.2,sse4.1,ssse3"),
];

/// The environment that hides `features` from a program.
pub fn environment(features: &str) -> Result<Vec<(String, String)>> {
    let library = build(&Shell::new()?, &[])?;
    Ok(vec![
        ("LD_PRELOAD".into(), library.display().to_string()),
        ("CPUID_MASK".into(), features.into()),
    ])
}

/// Compiles the library; `defines` make the variant that a test uses.
pub fn build(sh: &Shell, defines: &[&str]) -> Result<PathBuf> {
    let dir = paths::target().join("matrix/mask");
    std::fs::create_dir_all(&dir)?;
    let name = if defines.is_empty() { "cpuid_mask.so" } else { "cpuid_mask_test.so" };
    // Written beside and moved: rows are run by several threads.
    let library = dir.join(name);
    let part = tempfile::NamedTempFile::new_in(&dir)?.into_temp_path();
    let source = paths::root().join("matrix/cpuid_mask.c");
    let cc = cc();
    cmd!(sh, "{cc} -shared -fPIC -O1 -Wall -Wextra {defines...} {source} -o {part}")
        .quiet()
        .run()?;
    part.persist(&library)?;
    Ok(library)
}
