//! What becomes of a panic where there is no std: one line that says where, and abort(3).
//!
//! Nothing in the libraries is meant to panic: an index out of bounds here is a bug of ours, which
//! must not go on and must not unwind into C. The texts of panics are left out, with all that would
//! format them.

use core::panic::PanicInfo;

use crate::decimal::Decimal;

/// The body of a panic handler.
// Inlined, the compiler sees that nobody reads the text, and leaves out what makes it.
#[inline(always)]
pub fn end(info: &PanicInfo<'_>) -> ! {
    say(b"zcompat: panic");
    if let Some(place) = info.location() {
        say(b" at ");
        say(place.file().as_bytes());
        say(b":");
        say(Decimal::of(place.line().into()).as_bytes());
    }
    say(b"\n");
    // SAFETY: abort may be called at any time, by any thread.
    unsafe { libc::abort() }
}

fn say(text: &[u8]) {
    // SAFETY: `text` is readable for its length. Nothing follows from whether it was written.
    unsafe { libc::write(libc::STDERR_FILENO, text.as_ptr().cast(), text.len()) };
}
