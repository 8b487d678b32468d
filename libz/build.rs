//! Has libz linked as it must be, and hands cargo-c the files that it installs.

use std::process::ExitCode;

fn main() -> ExitCode {
    link::run("libz", || {
        link::install("../include", "include", &["zcompat.h", "zconf.h", "zlib.h"])?;
        link::install("install", "man", &["zlib.3"])?;
        link::install("install/cmake", "cmake", &["ZLIBConfig.cmake", "ZLIBConfigVersion.cmake"])
    })
}
