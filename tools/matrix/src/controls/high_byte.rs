//! (c) The static check: zlib-rs 0.5.1 built by LLVM 20 stores bytes from high registers.

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use super::braid::LLVM_20;
use super::{Evidence, Verdict};
use crate::fetch::{self, Fetch};
use crate::suite;
use base::paths;

pub fn run(sh: &Shell, fetch: &Fetch) -> Result<(Verdict, Evidence)> {
    let mut evidence = Evidence::default();
    let zlib_rs = fetch.crate_source(sh, "zlib-rs", "0.5.1")?;
    let zig = fetch.zig(sh, LLVM_20)?;
    let dir = paths::target().join("matrix/controls/high-byte");
    std::fs::create_dir_all(&dir)?;
    let (ir, object, source) =
        (dir.join("zlib_rs.ll"), dir.join("zlib_rs.o"), zlib_rs.join("src/lib.rs"));
    let feature = ["--cfg", "feature=\"rust-allocator\"", "--cfg", "feature=\"std\""];
    cmd!(
        sh,
        "rustc --edition 2021 --crate-name zlib_rs --crate-type rlib --cap-lints allow {feature...} -Cpanic=abort -Ccodegen-units=1 -Copt-level=3 -Cno-prepopulate-passes --emit=llvm-ir {source} -o {ir}"
    )
    .quiet()
    .ignore_stderr()
    .run()
    .context("rustc cannot emit IR for zlib-rs 0.5.1")?;
    fetch::for_older_llvm(&ir)?;
    let out = cmd!(
        sh,
        "{zig} clang -cc1 -triple x86_64-unknown-linux-gnu -emit-obj -O3 -vectorize-loops -vectorize-slp -x ir {ir} -o {object}"
    )
    .quiet()
    .ignore_status()
    .output()?;
    anyhow::ensure!(
        out.status.success(),
        "LLVM 20 cannot compile zlib-rs 0.5.1: {}",
        suite::first_error(&String::from_utf8_lossy(&out.stderr))
    );
    let scan = code::scan(&object)?;
    evidence.expect(
        !scan.high_byte_stores.is_empty(),
        format!(
            "{} such stores among {} instructions",
            scan.high_byte_stores.len(),
            scan.instructions
        ),
    );
    for site in &scan.high_byte_stores {
        evidence.note(format!("{} in {}", site.text, site.function));
    }
    Ok((evidence.verdict(), evidence))
}
