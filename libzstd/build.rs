//! Compiles zstd, has libzstd linked as it must be, and hands cargo-c the files that it installs.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

/// The oldest format of before zstd 1.0 that is read: v0.5, as in upstream's own builds.
const OLDEST_FORMAT: u32 = 5;

fn main() -> ExitCode {
    link::run("libzstd", || {
        // zstd-sys compiles zstd too, with settings of its own, which only the environment could
        // change. We use the source that comes with it, and rustc never links what it made.
        let zstd = PathBuf::from(env::var_os("DEP_ZSTD_INCLUDE").unwrap_or_default());
        compile(&zstd)?;
        link::install(&zstd, "include", &["zstd.h", "zstd_errors.h", "zdict.h"])?;
        let cmake = ["zstdConfig.cmake", "zstdConfigVersion.cmake"];
        link::install("install/cmake", "cmake", &cmake)
    })
}

fn compile(zstd: &Path) -> Result<(), String> {
    if !zstd.join("compress/zstd_compress.c").exists() {
        return Err(format!(
            "{} does not hold zstd's source: ZSTD_SYS_USE_PKG_CONFIG must not be set",
            zstd.display()
        ));
    }
    let x86_64 = env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "x86_64");
    let mut build = cc::Build::new();
    build
        .files(sources(zstd)?)
        .include(zstd)
        .include(zstd.join("common"))
        .define("ZSTD_MULTITHREAD", None)
        .define("ZSTD_LEGACY_SUPPORT", OLDEST_FORMAT.to_string().as_str())
        // zstd's own XXH64, inlined where it is used.
        .define("XXH_PRIVATE_API", None)
        // Its headers mark what is public; the version script has the last word.
        .flag("-fvisibility=hidden")
        .flag("-pthread")
        // divsufsort's assertions name their file.
        .flag_if_supported(format!("-ffile-prefix-map={}=zstd/lib", zstd.display()))
        .flag("-ffunction-sections")
        .flag("-fdata-sections")
        .warnings(false);
    if x86_64 {
        let shim = Path::new(&env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default())
            .join("shim/zcompat-zstd-cpuid.h");
        println!("cargo::rerun-if-changed={}", shim.display());
        build.flag("-include").flag(&shim).file(zstd.join("decompress/huf_decompress_amd64.S"));
    } else {
        build.define("ZSTD_DISABLE_ASM", None);
    }
    println!("cargo::rerun-if-changed={}", zstd.display());
    link::compile::harden(&mut build).try_compile("zcompat_zstd").map_err(|e| e.to_string())
}

/// The C files of the library, in a fixed order.
fn sources(zstd: &Path) -> Result<Vec<PathBuf>, String> {
    let mut out = Vec::new();
    for folder in ["common", "compress", "decompress", "dictBuilder"] {
        let folder = zstd.join(folder);
        let entries = fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        out.extend(entries.flatten().map(|entry| entry.path()).filter(|path| {
            path.extension().is_some_and(|e| e == "c") && !path.ends_with("xxhash.c")
        }));
    }
    let legacy = OLDEST_FORMAT..=7;
    out.extend(legacy.map(|n| zstd.join(format!("legacy/zstd_v0{n}.c"))));
    out.sort();
    Ok(out)
}
