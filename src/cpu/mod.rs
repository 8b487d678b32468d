//! What this CPU can do, found out once per process.
//!
//! [`features()`] is the set of instruction set extensions that the kernels may use. Without
//! `ZCOMPAT_CPU` it is what the [`policy`] prefers of what the CPU and the operating system support;
//! with the name of a [`Tier`] it is what is supported of what that tier needs, whatever the policy.
//!
//! Only `x86_64.rs` and `aarch64.rs` ask the CPU. What the answers mean ([`cpuid`], `hwcap`) and what
//! follows from it are pure functions, compiled for every architecture: [`known`] is a table of CPUs
//! with what each gets.

mod checkers;
pub mod cpuid;
mod environment;
mod features;
mod hwcap;
pub mod known;
pub mod policy;
mod tier;

#[cfg(all(target_arch = "aarch64", not(miri)))]
#[path = "aarch64.rs"]
mod arch;
// Miri runs what is portable.
#[cfg(any(miri, not(any(target_arch = "aarch64", target_arch = "x86_64"))))]
#[path = "other.rs"]
mod arch;
#[cfg(all(target_arch = "x86_64", not(miri)))]
#[path = "x86_64.rs"]
mod arch;

use core::sync::atomic::{AtomicU32, Ordering};

pub use checkers::{handed_on, shared_on_purpose};
pub use features::Features;
pub use tier::{AARCH64, TIERS, Tier, X86_64};

/// Nobody has asked yet.
const UNKNOWN: u32 = 0;
/// One thread is finding out.
const CLAIMED: u32 = 1 << 31;
/// The low bits are the answer.
const KNOWN: u32 = 1 << 30;

static STATE: AtomicU32 = AtomicU32::new(UNKNOWN);

/// The features that kernels may use, or `None` while another thread is finding them out.
///
/// The first caller does the work; CPUID costs some 7 µs an execution in a virtual machine, so
/// nobody repeats it. A caller that comes meanwhile neither waits nor repeats it: it gets `None`
/// and can do without, since every checksum has a portable kernel.
///
/// Relaxed ordering is enough: the answer is the value itself, and there is no other data that it
/// would have to publish.
pub fn features() -> Option<Features> {
    let state = STATE.load(Ordering::Relaxed);
    if state & KNOWN != 0 {
        return Some(Features::from_bits(state & !KNOWN));
    }
    detect_once()
}

#[cold]
fn detect_once() -> Option<Features> {
    shared_on_purpose(&STATE);
    STATE.compare_exchange(UNKNOWN, CLAIMED, Ordering::Relaxed, Ordering::Relaxed).ok()?;
    let found = detect();
    STATE.store(KNOWN | found.bits(), Ordering::Relaxed);
    Some(found)
}

fn detect() -> Features {
    match environment::named_tier() {
        Some(tier) => arch::supported() & tier.needs(),
        None => arch::preferred(),
    }
}

/// What the CPU and the operating system support, whatever `ZCOMPAT_CPU` says: for tests that
/// call each kernel directly. Asks the CPU at each call.
pub fn supported() -> Features {
    arch::supported()
}

/// The highest tier whose needs are met by what [`features()`] found.
pub fn tier() -> &'static Tier {
    // While another thread is at it, its answer is not there yet; asking again gives the same one.
    Tier::highest(features().unwrap_or_else(detect))
}
