//! Telling valgrind's thread checkers which memory is shared on purpose.
//!
//! helgrind and drd see machine instructions, and a relaxed atomic load or store is an ordinary one:
//! they report each as a data race. A program that valgrind runs can take addresses out of what they
//! check, by an instruction sequence that has no other effect (valgrind/valgrind.h, "client
//! requests"). Only that memory is taken out, so that a program's own races, two threads that use
//! one stream say, are still reported.

use core::sync::atomic::{AtomicPtr, AtomicU32};

/// `_VG_USERREQ__HG_ARANGE_MAKE_UNTRACKED` of valgrind/helgrind.h: an address and a length.
const HELGRIND_UNTRACKED: usize = 0x4847_0127;
/// `VG_USERREQ__DRD_START_SUPPRESSION` of valgrind/drd.h: an address and a length.
const DRD_SUPPRESSED: usize = 0x4452_0002;

/// A word that threads read and write without a lock.
pub trait Shared {}
impl Shared for AtomicU32 {}
impl<T> Shared for AtomicPtr<T> {}

/// To be called before the first write to `word`: reads alone race with nothing.
pub fn shared_on_purpose<T: Shared>(word: &T) {
    unchecked(core::ptr::from_ref(word).addr(), size_of::<T>());
}

/// Of memory that one thread after another has to itself, handed on through an atomic: the checkers
/// do not see that the one happens before the other. It ends when the memory is freed.
pub fn handed_on(start: *const u8, len: usize) {
    unchecked(start.addr(), len);
}

fn unchecked(address: usize, len: usize) {
    for request in [HELGRIND_UNTRACKED, DRD_SUPPRESSED] {
        ask([request, address, len, 0, 0, 0]);
    }
}

/// A request and its five arguments; a tool that is not meant, or no valgrind at all, ignores it.
#[cfg(all(target_arch = "x86_64", not(miri)))]
fn ask(request: [usize; 6]) {
    // SAFETY: without valgrind the rotations add up to 128 bits, which leaves rdi as it was, and
    // the exchange does nothing. With it only rdx is written, and `request` is read.
    unsafe {
        core::arch::asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            in("rax") request.as_ptr(),
            inout("rdx") 0_usize => _,
            options(nostack),
        );
    }
}

/// A request and its five arguments; a tool that is not meant, or no valgrind at all, ignores it.
#[cfg(all(target_arch = "aarch64", not(miri)))]
fn ask(request: [usize; 6]) {
    // SAFETY: without valgrind the rotations add up to 128 bits, which leaves x12 as it was, and
    // an or of x10 with itself does nothing. With it only x3 is written, and `request` is read.
    unsafe {
        core::arch::asm!(
            "ror x12, x12, #3",
            "ror x12, x12, #13",
            "ror x12, x12, #51",
            "ror x12, x12, #61",
            "orr x10, x10, x10",
            inout("x3") 0_usize => _,
            in("x4") request.as_ptr(),
            options(nostack),
        );
    }
}

/// Nobody to ask.
#[cfg(any(miri, not(any(target_arch = "x86_64", target_arch = "aarch64"))))]
fn ask(_request: [usize; 6]) {}

#[cfg(test)]
mod tests {
    use core::sync::atomic::Ordering;

    use super::*;

    #[test]
    fn the_word_stays_as_it_is() {
        let word = AtomicU32::new(7);
        shared_on_purpose(&word);
        assert_eq!(word.load(Ordering::Relaxed), 7);
    }
}
