//! What the library is: `zlibVersion`, `zlibCompileFlags`, and the names of its codes.
#![allow(non_snake_case)]

use core::ffi::{c_char, c_int, c_void};
use core::mem::size_of;

use super::types::{uInt, uLong, z_off_t};

/// The version of zlib that this library stands for, as in its header. Our own is
/// [`zcompat_version`](crate::ffi::zcompat_version).
#[unsafe(no_mangle)]
pub extern "C" fn zlibVersion() -> *const c_char {
    c"1.3.2".as_ptr()
}

/// The sizes of zlib.h's types, two bits each; no other option differs from zlib's defaults.
#[unsafe(no_mangle)]
pub extern "C" fn zlibCompileFlags() -> uLong {
    let size = |bytes: usize| match bytes {
        2 => 0,
        4 => 1,
        8 => 2,
        _ => 3,
    };
    size(size_of::<uInt>())
        | size(size_of::<uLong>()) << 2
        | size(size_of::<*mut c_void>()) << 4
        | size(size_of::<z_off_t>()) << 6
}

/// The text of a return code; empty for numbers that are none.
#[unsafe(no_mangle)]
pub extern "C" fn zError(err: c_int) -> *const c_char {
    match err {
        2 => c"need dictionary",
        1 => c"stream end",
        -1 => c"file error",
        -2 => c"stream error",
        -3 => c"data error",
        -4 => c"insufficient memory",
        -5 => c"buffer error",
        -6 => c"incompatible version",
        _ => c"",
    }
    .as_ptr()
}
