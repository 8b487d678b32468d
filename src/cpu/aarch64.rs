//! aarch64: what the kernel reports in the auxiliary vector.

use super::Features;

/// As few questions as possible: one read of the auxiliary vector, without a system call.
pub(super) fn detect(_all: bool) -> Features {
    supported()
}

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn supported() -> Features {
    // SAFETY: getauxval has no preconditions; it gives 0 for an entry that is not there.
    let caps = unsafe { libc::getauxval(libc::AT_HWCAP) };
    let pairs = [
        (libc::HWCAP_CRC32, Features::CRC),
        (libc::HWCAP_PMULL, Features::PMULL),
        (libc::HWCAP_SHA3, Features::EOR3),
        (libc::HWCAP_ASIMDDP, Features::DOTPROD),
        (libc::HWCAP_ASIMD, Features::NEON),
    ];
    pairs
        .into_iter()
        .filter(|(bit, _)| caps & bit != 0)
        .fold(Features::NONE, |all, (_, feature)| all | feature)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn supported() -> Features {
    Features::NEON
}
