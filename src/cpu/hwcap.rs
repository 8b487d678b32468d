//! What Linux's auxiliary vector says of an aarch64 CPU. Nothing is asked here, so that it can be
//! tested on any architecture.
//!
//! Bits of AT_HWCAP: Linux, arch/arm64/include/uapi/asm/hwcap.h.

use super::features::Features;

/// The bits that matter, and what each means.
pub(super) const BITS: [(u64, Features); 5] = [
    (1 << 1, Features::NEON),
    (1 << 4, Features::PMULL),
    (1 << 7, Features::CRC),
    (1 << 17, Features::EOR3),
    (1 << 20, Features::DOTPROD),
];

/// What AT_HWCAP's value stands for.
pub(super) fn features(caps: u64) -> Features {
    let there = BITS.into_iter().filter(|(bit, _)| caps & bit != 0);
    there.fold(Features::NONE, |all, (_, feature)| all | feature)
}
