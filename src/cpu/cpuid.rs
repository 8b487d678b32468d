//! What CPUID's answers mean. No instruction is executed here, so that the answers of any CPU can be
//! given, on any architecture.
//!
//! Bit positions: Intel SDM volume 2A, table "Information Returned by CPUID Instruction"; the same
//! in AMD's APM volume 3, appendix E.

use super::features::Features;
use super::policy::{Identity, Vendor};

/// The registers after CPUID.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Registers {
    /// EAX.
    pub eax: u32,
    /// EBX.
    pub ebx: u32,
    /// ECX.
    pub ecx: u32,
    /// EDX.
    pub edx: u32,
}

/// The answers that are asked for. A leaf that the CPU does not have, or that nobody needs, is
/// zeros.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// Leaf 0: the maker, the highest leaf.
    pub leaf0: Registers,
    /// Leaf 1: the model, features.
    pub leaf1: Registers,
    /// Leaf 7, subleaf 0: features, the highest subleaf.
    pub leaf7: Registers,
    /// Leaf 7, subleaf 1.
    pub leaf7_1: Registers,
    /// The extended control register 0; zero without OSXSAVE.
    pub xcr0: u64,
}

impl Answers {
    /// Whether XGETBV may be executed: the operating system has enabled it.
    pub fn has_osxsave(&self) -> bool {
        bit(self.leaf1.ecx, 27)
    }

    /// What the CPU has and the operating system saves.
    pub fn features(&self) -> Features {
        let mut found = Features::NONE;
        let mut add = |there: bool, feature: Features| {
            if there {
                found = found | feature;
            }
        };
        let ecx = self.leaf1.ecx;
        add(bit(ecx, 9) && bit(ecx, 19), Features::SSE4_1);
        add(bit(ecx, 1), Features::PCLMULQDQ);

        // XMM and YMM; and then opmask, the upper halves of ZMM 0 to 15, and ZMM 16 to 31.
        let xcr0 = if self.has_osxsave() { self.xcr0 } else { 0 };
        let (ymm, zmm) = (xcr0 & 0x06 == 0x06, xcr0 & 0xe6 == 0xe6);

        let leaf7 = self.leaf7;
        let (bmi1, avx2, bmi2) = (bit(leaf7.ebx, 3), bit(leaf7.ebx, 5), bit(leaf7.ebx, 8));
        let avx2 = ymm && avx2 && bmi1 && bmi2 && bit(ecx, 23); // POPCNT
        add(avx2, Features::AVX2);
        add(avx2 && bit(leaf7.ecx, 10), Features::VPCLMULQDQ);
        add(avx2 && bit(self.leaf7_1.eax, 4), Features::AVX_VNNI);

        // F, DQ, BW, VL.
        let avx512 = avx2 && zmm && [16, 17, 30, 31].into_iter().all(|n| bit(leaf7.ebx, n));
        add(avx512, Features::AVX512);
        add(avx512 && bit(leaf7.ecx, 8), Features::GFNI);
        add(avx512 && bit(leaf7.ecx, 11), Features::AVX512_VNNI);
        found
    }

    /// The maker and the model.
    pub fn identity(&self) -> Identity {
        // EBX, EDX and ECX spell the maker's name; four letters tell them apart.
        let vendor = match &self.leaf0.ebx.to_le_bytes() {
            b"Genu" => Vendor::Intel,
            b"Auth" | b"Hygo" => Vendor::Amd,
            _ => Vendor::Other,
        };
        let signature = self.leaf1.eax;
        let (family, model) = (signature >> 8 & 0xf, signature >> 4 & 0xf);
        Identity {
            vendor,
            family: if family == 0xf { family + (signature >> 20 & 0xff) } else { family },
            model: if family == 6 || family == 0xf {
                model | (signature >> 12 & 0xf0)
            } else {
                model
            },
        }
    }
}

fn bit(register: u32, n: u32) -> bool {
    register >> n & 1 != 0
}
