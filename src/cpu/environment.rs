//! `ZCOMPAT_CPU`, read once, when the library is loaded.
//!
//! getenv(3) may not run while another thread changes the environment, and a library does not know
//! what the program's threads do when they first need a checksum. So nothing here calls it. What is
//! read is the environment that the kernel gave the process, which lies on the first thread's stack
//! behind the arguments; glibc passes its address to what it runs when it loads a library or starts
//! a program. What the program itself puts into its environment later has no effect. With another
//! libc, for which the libraries are not built, nor has the variable.

use core::sync::atomic::{AtomicU8, Ordering};

use super::tier::{TIERS, Tier};

/// One more than the index in [`TIERS`] of the tier that is named; 0 for none.
static NAMED: AtomicU8 = AtomicU8::new(0);

/// The tier that `ZCOMPAT_CPU` names: `None` when it is unset or names none, and in programs that
/// run with more rights than their caller has, where the environment is the caller's.
pub(super) fn named_tier() -> Option<&'static Tier> {
    // In an archive of several objects, a linker takes the constructor's only if something names it.
    #[cfg(all(target_os = "linux", target_env = "gnu", not(miri)))]
    core::hint::black_box(&raw const at_load::AT_LOAD);
    // Relaxed: the number is all that there is to know.
    TIERS.get(usize::from(NAMED.load(Ordering::Relaxed)).checked_sub(1)?)
}

#[cfg(all(target_os = "linux", target_env = "gnu", not(miri)))]
mod at_load {
    use core::ffi::{CStr, c_char, c_int};
    use core::sync::atomic::{AtomicPtr, Ordering};

    use super::{NAMED, Tier};

    const VARIABLE: &[u8] = b"ZCOMPAT_CPU=";

    /// The most that Linux takes of arguments and environment, three quarters of 8 MiB: how far
    /// behind the pointers their texts can lie.
    const FARTHEST: usize = 6 << 20;

    /// Before the constructors of the program that the archive is linked into, which have no number.
    #[used]
    #[unsafe(link_section = ".init_array.00101")]
    pub(super) static AT_LOAD: unsafe extern "C" fn(c_int, *const Word, *const Word) = read;

    /// A pointer of the arguments' or of the environment's. A program may be changing it.
    type Word = AtomicPtr<c_char>;

    unsafe extern "C" {
        static environ: Word;
    }

    /// # Safety
    /// Called by glibc, with the arguments of the process and its environment of now.
    unsafe extern "C" fn read(argc: c_int, argv: *const Word, envp: *const Word) {
        // SAFETY: getauxval has no preconditions; it gives 0 for an entry that is not there.
        if argv.is_null() || argc < 0 || unsafe { libc::getauxval(libc::AT_SECURE) } != 0 {
            return;
        }
        // The first environment: in the process's memory for good, unlike what setenv makes of it.
        let first = argv.wrapping_add(argc as usize + 1);
        // Another loader than glibc's may pass nothing. Then these three are chance, and differ.
        // SAFETY: `environ` is libc's, a pointer that is there from the start.
        let now = unsafe { environ.load(Ordering::Relaxed) };
        if envp != first && envp.cast::<c_char>() != now.cast_const() {
            return;
        }
        // SAFETY: `argv` is what glibc has from the kernel, which puts the environment behind it.
        if let Some(tier) = unsafe { find(first) } {
            NAMED.store(tier, Ordering::Relaxed);
        }
    }

    /// The value for [`NAMED`] by the pointers at `first`.
    ///
    /// # Safety
    /// `first` is the start of the process's first environment.
    unsafe fn find(first: *const Word) -> Option<u8> {
        let mut at = first;
        loop {
            // SAFETY: the pointers end with a null; none behind it is read. putenv may be changing
            // one of them, which is why they are atomic.
            let text = unsafe { (*at).load(Ordering::Relaxed) }.cast_const();
            if text.is_null() {
                return None;
            }
            at = at.wrapping_add(1);
            // What a program has put in a text's place is anywhere, and may be freed.
            if !(1..FARTHEST).contains(&text.addr().wrapping_sub(first.addr())) {
                continue;
            }
            // SAFETY: a text that the kernel put on the stack, which ends with a NUL.
            let text = unsafe { CStr::from_ptr(text) };
            let Some(value) = text.to_bytes().strip_prefix(VARIABLE) else { continue };
            return u8::try_from(Tier::place(value)? + 1).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    /// The same from the memory that the constructor reads and from std's copy of it.
    #[test]
    #[cfg(all(target_os = "linux", target_env = "gnu", not(miri)))]
    fn as_std_reads_it() {
        let named = std::env::var("ZCOMPAT_CPU").ok();
        let place = named.and_then(|name| super::Tier::place(name.as_bytes()));
        assert_eq!(
            super::named_tier().map(super::Tier::name),
            place.map(|i| super::TIERS[i].name())
        );
    }
}
