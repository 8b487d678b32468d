//! The architectures, each a row: all that is particular to one of them.

use std::sync::OnceLock;

use super::lab::Prepared;

/// An architecture that this machine need not be one of.
pub struct Architecture {
    /// As rustc calls it, `x86` by its usual name.
    pub name: &'static str,
    /// rustc's target.
    pub target: &'static str,
    /// Debian's name for it.
    pub debian: &'static str,
    /// The name of its folder of libraries, and the beginning of its tools' names.
    pub triplet: &'static str,
    /// The packages of its C compiler.
    pub packages: [&'static str; 2],
    /// qemu's program for it, and what makes its CPU have all that qemu knows.
    pub emulator: &'static [&'static str],
    /// Whether its checks belong to every run, or to full ones alone.
    pub always: bool,
    /// What `ZCOMPAT_CPU` chooses from there, the lowest first.
    pub tiers: &'static [&'static str],
    /// What its checks use, made by the first of them.
    pub prepared: OnceLock<Prepared>,
}

/// All of them.
pub static ALL: [Architecture; 4] = [
    Architecture {
        name: "aarch64",
        target: "aarch64-unknown-linux-gnu",
        debian: "arm64",
        triplet: "aarch64-linux-gnu",
        packages: ["gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross"],
        emulator: &["qemu-aarch64", "-cpu", "max"],
        always: true,
        tiers: &["portable", "neon", "crc", "pmull", "pmull-dotprod", "pmull-eor3-dotprod"],
        prepared: OnceLock::new(),
    },
    Architecture {
        name: "s390x",
        target: "s390x-unknown-linux-gnu",
        debian: "s390x",
        triplet: "s390x-linux-gnu",
        packages: ["gcc-s390x-linux-gnu", "libc6-dev-s390x-cross"],
        emulator: &["qemu-s390x", "-cpu", "max"],
        always: true,
        tiers: &["portable"],
        prepared: OnceLock::new(),
    },
    Architecture {
        name: "i686",
        target: "i686-unknown-linux-gnu",
        debian: "i386",
        triplet: "i686-linux-gnu",
        packages: ["gcc-i686-linux-gnu", "libc6-dev-i386-cross"],
        emulator: &["qemu-i386", "-cpu", "max"],
        always: false,
        tiers: &["portable"],
        prepared: OnceLock::new(),
    },
    Architecture {
        name: "riscv64",
        target: "riscv64gc-unknown-linux-gnu",
        debian: "riscv64",
        triplet: "riscv64-linux-gnu",
        packages: ["gcc-riscv64-linux-gnu", "libc6-dev-riscv64-cross"],
        emulator: &["qemu-riscv64"],
        always: false,
        tiers: &["portable"],
        prepared: OnceLock::new(),
    },
];

impl Architecture {
    /// The name of Debian's folder of libraries: i386's is older than its tools' name.
    pub fn folder(&self) -> &'static str {
        if self.name == "i686" { "i386-linux-gnu" } else { self.triplet }
    }

    /// Its C compiler.
    pub fn cc(&self) -> String {
        format!("{}-gcc", self.triplet)
    }

    /// The variable by which cargo is told a setting of this target.
    pub fn setting(&self, what: &str) -> String {
        format!("CARGO_TARGET_{}_{what}", self.target.to_uppercase().replace('-', "_"))
    }

    /// Whether this machine is one.
    pub fn is_own(&self) -> bool {
        let own = if cfg!(target_arch = "x86") { "i686" } else { std::env::consts::ARCH };
        self.name == own
    }
}
