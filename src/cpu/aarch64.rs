//! aarch64: asks what the kernel reports in the auxiliary vector.

use super::features::Features;
use super::policy::{self, Identity};

/// What kernels use unless a tier is named.
pub(super) fn preferred() -> Features {
    policy::preferred(Identity::UNKNOWN, supported())
}

/// As few questions as possible: one read of the auxiliary vector, without a system call.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn supported() -> Features {
    // SAFETY: getauxval has no preconditions; it gives 0 for an entry that is not there.
    super::hwcap::features(unsafe { libc::getauxval(libc::AT_HWCAP) })
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn supported() -> Features {
    Features::NEON
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn the_bits_are_those_of_libc() {
        let libc = [
            libc::HWCAP_ASIMD,
            libc::HWCAP_PMULL,
            libc::HWCAP_CRC32,
            libc::HWCAP_SHA3,
            libc::HWCAP_ASIMDDP,
        ];
        assert_eq!(crate::cpu::hwcap::BITS.map(|(bit, _)| bit), libc);
    }
}
