//! (b) The historical bug, by LLVM's verifier and by the execution suite: wrong where AVX512VL is
//! there, right without it, and right again one LLVM later.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use object::{Object, ObjectSymbol};
use xshell::{Shell, cmd};

use super::{Evidence, Verdict};
use crate::fetch::{self, Fetch};
use crate::suite::{self, Call, Linkage, Suite};
use crate::{headers, toolchain};
use base::paths;

/// PyPI's `ziglang` versions, with the LLVM in each.
pub const LLVM_20: &str = "0.15.1";
/// The one in which the bug is fixed.
pub const LLVM_21: &str = "0.16.0";

pub fn run(sh: &Shell, fetch: &Fetch) -> Result<(Verdict, Evidence)> {
    let mut evidence = Evidence::default();
    let zlib_rs = fetch.crate_source(sh, "zlib-rs", "0.5.1")?;
    let clangs = [("LLVM 20", fetch.zig(sh, LLVM_20)?), ("LLVM 21", fetch.zig(sh, LLVM_21)?)];
    let dir = paths::target().join("matrix/controls/braid");
    std::fs::create_dir_all(&dir)?;
    let suite = Suite::build(sh, Linkage::Dlopen, &headers(sh)?, None, &dir.join("suite"))?;
    let host = toolchain::host_features(sh)?;
    for cpu in ["x86-64-v3", "x86-64-v4", "znver4"] {
        let ir = dir.join(format!("{cpu}.ll"));
        emit_ir(sh, &zlib_rs, cpu, &ir)?;
        let runs = toolchain::features(sh, cpu, "")?
            .iter()
            .filter(|f| f.starts_with("avx"))
            .all(|f| host.contains(f));
        for (llvm, zig) in &clangs {
            let must_fail = *llvm == "LLVM 20" && cpu != "x86-64-v3";
            let object = dir.join(format!("{cpu}-{}.o", &llvm[5..]));
            let complaint = compile(sh, zig, &ir, &object, true)?;
            evidence.expect(
                complaint.is_some() == must_fail,
                format!(
                    "{llvm}, {cpu}: the verifier says {}",
                    complaint.as_deref().unwrap_or("nothing")
                ),
            );
            if !runs {
                evidence.note(format!("{llvm}, {cpu}: not run, this CPU lacks its features"));
                continue;
            }
            let complaint = compile(sh, zig, &ir, &object, false)?;
            ensure!(complaint.is_none(), "{llvm} cannot compile the control: {complaint:?}");
            let library = link(sh, &object)?;
            let args = vec!["--libz".into(), library.display().to_string()];
            let outcome = suite.run(&Call { args, ..Call::default() }, &["checksum/crc32"])?;
            evidence.expect(
                !outcome.passed.is_empty() || !outcome.failed.is_empty(),
                format!(
                    "{llvm}, {cpu}: the suite ran {} checks",
                    outcome.passed.len() + outcome.failed.len()
                ),
            );
            let said = outcome.first_failure().unwrap_or_else(|| "all right".into());
            evidence
                .expect(outcome.failed.is_empty() != must_fail, format!("{llvm}, {cpu}: {said}"));
        }
    }
    Ok((evidence.verdict(), evidence))
}

/// What rustc hands to LLVM, before any optimisation.
fn emit_ir(sh: &Shell, zlib_rs: &Path, cpu: &str, ir: &Path) -> Result<()> {
    let source = paths::root().join("matrix/controls/braid.rs");
    cmd!(
        sh,
        "rustc --edition 2024 --crate-name braid --crate-type rlib -Cpanic=abort -Ccodegen-units=1 -Copt-level=3 -Ctarget-cpu={cpu} -Cno-prepopulate-passes --emit=llvm-ir {source} -o {ir}"
    )
    .env("ZLIB_RS", zlib_rs.join("src"))
    .quiet()
    .ignore_stderr()
    .run()
    .context("rustc cannot emit IR for zlib-rs 0.5.1's CRC-32")?;
    fetch::for_older_llvm(ir)
}

/// Compiles IR as -O3 does; with `verify`, returns what the verifier complains of.
fn compile(
    sh: &Shell,
    zig: &Path,
    ir: &Path,
    object: &Path,
    verify: bool,
) -> Result<Option<String>> {
    let verifier: &[&str] = if verify { &[] } else { &["-disable-llvm-verifier"] };
    let out = cmd!(
        sh,
        "{zig} clang -cc1 -triple x86_64-unknown-linux-gnu -emit-obj -O3 -vectorize-loops -vectorize-slp {verifier...} -x ir {ir} -o {object}"
    )
    .quiet()
    .ignore_status()
    .output()?;
    if out.status.success() {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&out.stderr);
    let broken = text.lines().next().filter(|_| text.contains("Broken function"));
    let broken = broken.with_context(|| {
        format!("{} cannot compile the control: {}", zig.display(), suite::first_error(&text))
    })?;
    Ok(Some(broken.to_owned()))
}

/// A library that has nothing but `crc32`; the panics that it could call abort.
fn link(sh: &Shell, object: &Path) -> Result<PathBuf> {
    let bytes = std::fs::read(object)?;
    let file = object::File::parse(&*bytes)?;
    let stubs: String = file
        .symbols()
        .filter(|s| s.is_undefined())
        .filter_map(|s| s.name().ok())
        .filter(|name| name.starts_with("_R") || name.starts_with("_ZN"))
        .map(|name| format!("void {name}(void) {{ __builtin_trap(); }}\n"))
        .collect();
    let (stub, library) = (object.with_extension("c"), object.with_extension("so"));
    std::fs::write(&stub, stubs)?;
    let cc = suite::cc();
    cmd!(sh, "{cc} -shared -fPIC {object} {stub} -o {library}").quiet().run()?;
    Ok(library)
}
