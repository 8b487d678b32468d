//! zlib.h's types, and its functions in a loaded library.

use std::ffi::{CStr, c_char};

use crate::load::Object;

type Text = unsafe extern "C" fn() -> *const c_char;

/// What the library says of itself: its version, and the CPU tier if it tells one.
pub fn says(object: &Object) -> Option<String> {
    let words: Vec<String> =
        ["zlibVersion", "ZSTD_versionString", "zcompat_version", "zcompat_cpu_tier"]
            .into_iter()
            .filter_map(|name| text(object, name))
            .collect();
    (!words.is_empty()).then(|| words.join(", "))
}

fn text(object: &Object, name: &str) -> Option<String> {
    // SAFETY: all the functions asked for take nothing and return a static C string.
    let function = unsafe { object.function::<Text>(name) }.ok()?;
    // SAFETY: as above.
    let text = unsafe { function() };
    // SAFETY: as above, if not null.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}
