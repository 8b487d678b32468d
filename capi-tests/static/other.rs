//! A Rust static library of somebody else: with its own std, as ours have theirs.

use std::collections::HashMap;

/// The number of different bytes in a C string.
///
/// # Safety
/// `text` is NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn different_bytes(text: *const std::ffi::c_char) -> usize {
    // SAFETY: the caller's promise.
    let text = unsafe { std::ffi::CStr::from_ptr(text) };
    let seen: HashMap<u8, ()> = text.to_bytes().iter().map(|&byte| (byte, ())).collect();
    // A panic that is caught: unwinding in this half must not meet ours.
    std::panic::catch_unwind(|| panic!("caught")).map_or(seen.len(), |()| 0)
}
