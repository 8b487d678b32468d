//! Hands zstd's headers, byte for byte, to cargo-c's install step, and refuses a build whose
//! symbols would come out wrong or that would ask CPUID at every context creation.

use std::path::{Path, PathBuf};
use std::{env, fs};

include!("../link/check.rs");

fn main() {
    println!("cargo::rerun-if-changed=../include/libzstd.map");
    println!("cargo::rerun-if-changed=../include/libzstd.exports");
    println!("cargo::rerun-if-changed=../link");
    println!("cargo::rerun-if-changed=shim/zcompat-zstd-cpuid.h");
    check_linker();

    let target = env::var("TARGET").expect("cargo sets TARGET");
    if target.starts_with("x86_64") {
        let flags = format!("CFLAGS_{}", target.replace('-', "_"));
        println!("cargo::rerun-if-env-changed={flags}");
        let set = env::var(&flags).unwrap_or_default();
        assert!(
            set.contains("zcompat-zstd-cpuid.h"),
            "{flags} must hold `-include zcompat-zstd-cpuid.h`, as .cargo/config.toml sets it: add \
             your own flags in CFLAGS instead"
        );
    }

    let from = PathBuf::from(
        env::var_os("DEP_ZSTD_INCLUDE").expect("zstd-sys says where its headers are"),
    );
    let to = Path::new(&env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("include");
    fs::create_dir_all(&to).expect("OUT_DIR is writable");
    for header in ["zstd.h", "zstd_errors.h", "zdict.h"] {
        fs::copy(from.join(header), to.join(header))
            .unwrap_or_else(|e| panic!("{}: {e}", from.join(header).display()));
    }
}
