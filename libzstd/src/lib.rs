//! `libzstd.so.1` and `libzstd.a`: zstd's own C code, which the build script compiles, one cached
//! CPUID answer, and [`zcompat_version`].
//!
//! `no_std`, so that the archive can be linked beside any other Rust static library.
#![cfg_attr(cargo_c, no_std)]

#[cfg(all(cargo_c, not(panic = "abort")))]
compile_error!("libzstd must be built with panic = \"abort\": a panic may not unwind into C");

#[cfg(target_arch = "x86_64")]
mod cpuid;

use core::ffi::c_char;

/// The version of zcompat, as `MAJOR.MINOR.PATCH`: a NUL-terminated string that is never freed.
#[unsafe(no_mangle)]
pub extern "C" fn zcompat_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

#[cfg(cargo_c)]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // Nothing here can panic; the handler is what `no_std` asks for.
    loop {}
}

/// Where nothing is optimised, core's functions name it; it would be std's.
#[cfg(cargo_c)]
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}
