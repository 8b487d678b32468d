//! The C ABI edge: the only place with exported functions.
//!
//! A function here turns what C passes (pointers, counts, flags) into slices, references and
//! enums, answers with zlib.h's code where that cannot be done, and otherwise makes one call to
//! the engine, the gz layer or the checksums. Nothing here computes.

pub mod zlib;

use core::ffi::c_char;

/// What follows the version where another engine makes the streams.
#[cfg(feature = "engine-zlib-rs")]
macro_rules! engine {
    () => {
        "+zlib-rs"
    };
}
#[cfg(not(feature = "engine-zlib-rs"))]
macro_rules! engine {
    () => {
        ""
    };
}

/// The version of zcompat, as `MAJOR.MINOR.PATCH`, with `+zlib-rs` behind it where zlib-rs makes the
/// streams: a NUL-terminated string that is never freed.
#[unsafe(no_mangle)]
pub extern "C" fn zcompat_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), engine!(), "\0").as_ptr().cast()
}
