//! One CPUID answer per process for zstd.
//!
//! zstd asks CPUID for BMI1 and BMI2 whenever it creates a context. CPUID traps to the hypervisor
//! in a virtual machine, at 7 to 8 µs a time, which is several times the work of compressing a
//! kilobyte. `shim/zcompat-zstd-cpuid.h` sends zstd's question here.

use core::arch::x86_64::{__cpuid, __cpuid_count};
use core::sync::atomic::{AtomicU32, Ordering};

use crate::checkers::shared_on_purpose;

/// EBX of leaf 7 with this bit set means "asked already". EBX bit 24 is CLWB, which zstd does not
/// look at.
const ASKED: u32 = 1 << 24;

static LEAF7_EBX: AtomicU32 = AtomicU32::new(0);

/// EBX of CPUID leaf 7, sub-leaf 0, with bit 24 always set; only bit 24 where there is no leaf 7.
///
/// Safe to call from several threads: a race repeats the question and stores the same answer.
#[unsafe(no_mangle)]
extern "C" fn zcompat_zstd_leaf7_ebx() -> u32 {
    // Relaxed: the word carries its own validity, nothing else is published with it.
    let known = LEAF7_EBX.load(Ordering::Relaxed);
    if known != 0 {
        return known;
    }
    let ebx = if __cpuid(0).eax >= 7 { __cpuid_count(7, 0).ebx } else { 0 };
    shared_on_purpose(&LEAF7_EBX);
    LEAF7_EBX.store(ebx | ASKED, Ordering::Relaxed);
    ebx | ASKED
}
