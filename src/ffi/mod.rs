//! The C ABI edge.

use core::ffi::c_char;

/// The version of zcompat, as `MAJOR.MINOR.PATCH`: a NUL-terminated string that is never freed.
#[unsafe(no_mangle)]
pub extern "C" fn zcompat_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}
