//! Which of a CPU's features the kernels use when nobody names a tier.
//!
//! A pure function of the CPU's identity and features, so that what another CPU gets can be told
//! here: `known.rs` has the table, and its tests hold this file to it.

use super::features::Features;

/// The CPU's maker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vendor {
    /// "GenuineIntel".
    Intel,
    /// "AuthenticAMD", and "HygonGenuine", whose cores are Zen 1's.
    Amd,
    /// Anybody else; on other architectures, everybody.
    Other,
}

/// The CPU's maker and model, as far as the policy asks.
///
/// On aarch64 the policy does not ask: the cores of one chip differ and a process moves among them,
/// so only what all of them have, which is what the kernel reports, can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The maker.
    pub vendor: Vendor,
    /// CPUID's display family.
    pub family: u32,
    /// CPUID's display model.
    pub model: u32,
}

impl Identity {
    /// A CPU of which nothing is known.
    pub const UNKNOWN: Identity = Identity { vendor: Vendor::Other, family: 0, model: 0 };
}

/// What kernels use by default of what is `supported`.
pub fn preferred(id: Identity, supported: Features) -> Features {
    let mut features = supported;
    if slows_down_with_512_bits(id) {
        features = features.without(Features::ALL_512);
    }
    if !multiplies_slowly(id) {
        features = features.without(Features::GFNI);
    }
    features
}

/// Intel's first generations of AVX-512 lower the clock of the core for some milliseconds
/// once 512-bit vectors are used, which a program that checks a buffer now and then pays with all
/// of its other work (Intel 64 and IA-32 Architectures Optimization Reference Manual, "Skylake
/// server power management"; measurements by libdeflate, lib/x86/cpu_features.c). Rocket Lake,
/// Sapphire Rapids and AMD's Zen 4 and later do not.
fn slows_down_with_512_bits(id: Identity) -> bool {
    // Skylake, Cascade Lake and Cooper Lake servers; Ice Lake servers (two) and clients; Tiger Lake.
    id.vendor == Vendor::Intel
        && id.family == 6
        && matches!(id.model, 85 | 106 | 108 | 126 | 140 | 141)
}

/// AMD's Zen 5 starts a carry-less multiplication every second cycle and two bit-matrix products
/// every cycle, whatever the width (measured: docs/checksums.md). Elsewhere the matrices, of which it
/// takes twice as many, are not measured. By LLVM 19's scheduling models they gain nothing: six
/// vectors take Intel's two 512-bit ports 15 cycles with matrices and 12 without, and Zen 4 has
/// one unit for them.
fn multiplies_slowly(id: Identity) -> bool {
    id.vendor == Vendor::Amd && id.family >= 0x1a
}
