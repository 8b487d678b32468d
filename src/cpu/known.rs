//! CPUs, what they have, and which kernels each gets by default.
//!
//! The libraries do not use the table. It is there so that a change of the policy, the detection, the
//! tiers or the kernels shows for every CPU and not only for the one at hand, here and in the
//! matrix's control of the kernels.

use super::cpuid::{Answers, Registers};
use super::features::Features;
use super::hwcap;
use super::policy::{self, Identity};
use super::tier::{AARCH64, Tier, X86_64};

/// What a CPU says of itself.
#[derive(Clone, Copy, Debug)]
pub enum Says {
    /// To CPUID: the first four letters of the maker, the signature (leaf 1, EAX), and the features,
    /// as rustc calls them, in lists of words.
    X86([u8; 4], u32, &'static [&'static str]),
    /// In Linux's auxiliary vector: AT_HWCAP.
    Arm(u64),
}

/// A CPU.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// Its name.
    pub name: &'static str,
    /// What it says.
    pub says: Says,
    /// The kernels that it gets when no tier is named, without the checksum's name.
    pub crc32: &'static str,
    /// The same.
    pub adler32: &'static str,
    /// Why these.
    pub why: &'static str,
}

const V2: &str = "sse3 ssse3 sse4.1 sse4.2 popcnt";
const V3: &str = "pclmulqdq avx avx2 bmi1 bmi2";
const V4: &str = "avx512f avx512bw avx512dq avx512vl";
/// What AVX-512 got with Ice Lake, and AMD with Zen 4.
const ICE: &str = "avx512vnni avx512vbmi vpclmulqdq vaes gfni";

const fn cpu(
    name: &'static str,
    says: Says,
    (crc32, adler32): (&'static str, &'static str),
    why: &'static str,
) -> Known {
    Known { name, says, crc32, adler32, why }
}

const fn intel(signature: u32, features: &'static [&'static str]) -> Says {
    Says::X86(*b"Genu", signature, features)
}

const fn amd(signature: u32, features: &'static [&'static str]) -> Says {
    Says::X86(*b"Auth", signature, features)
}

/// The table.
pub const KNOWN: &[Known] = &[
    cpu(
        "Core 2",
        intel(0x0001_0676, &["sse3 ssse3 sse4.1"]),
        ("portable", "ssse3"),
        "no carry-less multiplication",
    ),
    cpu(
        "Nehalem",
        intel(0x0001_06a5, &[V2]),
        ("portable", "ssse3"),
        "no carry-less multiplication yet: Westmere has it",
    ),
    cpu("Westmere", intel(0x0002_06c2, &[V2, "pclmulqdq aes"]), ("pclmulqdq", "ssse3"), "no AVX2"),
    cpu(
        "Haswell",
        intel(0x0003_06c3, &[V2, V3]),
        ("pclmulqdq", "avx2"),
        "carry-less multiplication of 128-bit vectors only",
    ),
    cpu(
        "Skylake-X",
        intel(0x0005_0654, &[V2, V3, V4]),
        ("pclmulqdq", "avx2"),
        "512-bit vectors lower its clock",
    ),
    cpu(
        "Cascade Lake",
        intel(0x0005_0657, &[V2, V3, V4, "avx512vnni"]),
        ("pclmulqdq", "avx2"),
        "512-bit vectors lower its clock",
    ),
    cpu(
        "Ice Lake client",
        intel(0x0007_06e5, &[V2, V3, V4, ICE]),
        ("avx2+vpclmulqdq", "avx2"),
        "512-bit vectors lower its clock; no AVX-VNNI",
    ),
    cpu(
        "Ice Lake server",
        intel(0x0006_06a6, &[V2, V3, V4, ICE]),
        ("avx2+vpclmulqdq", "avx2"),
        "512-bit vectors lower its clock; no AVX-VNNI",
    ),
    cpu(
        "Rocket Lake",
        intel(0x000a_0671, &[V2, V3, V4, ICE]),
        ("avx512+vpclmulqdq", "avx512+avx512vnni"),
        "512-bit vectors keep the clock; by counting, matrices gain nothing",
    ),
    cpu(
        "Alder Lake",
        intel(0x0009_0672, &[V2, V3, "vpclmulqdq vaes gfni avxvnni"]),
        ("avx2+vpclmulqdq", "avx2+avxvnni"),
        "no AVX-512, but dot products of 256-bit vectors",
    ),
    cpu(
        "Sapphire Rapids",
        intel(0x0008_06f8, &[V2, V3, V4, ICE, "avx512fp16 avxvnni"]),
        ("avx512+vpclmulqdq", "avx512+avx512vnni"),
        "512-bit vectors keep the clock; by counting, matrices gain nothing",
    ),
    cpu(
        "Emerald Rapids",
        intel(0x000c_06f2, &[V2, V3, V4, ICE, "avx512fp16 avxvnni"]),
        ("avx512+vpclmulqdq", "avx512+avx512vnni"),
        "as Sapphire Rapids",
    ),
    cpu(
        "Granite Rapids",
        intel(0x000a_06d1, &[V2, V3, V4, ICE, "avx512fp16 avxvnni"]),
        ("avx512+vpclmulqdq", "avx512+avx512vnni"),
        "as Sapphire Rapids",
    ),
    cpu(
        "Sapphire Rapids, AVX-512 hidden",
        intel(0x0008_06f8, &[V2, V3, "vpclmulqdq gfni avxvnni"]),
        ("avx2+vpclmulqdq", "avx2+avxvnni"),
        "virtual machines may hide it: then as Alder Lake",
    ),
    cpu(
        "Sapphire Rapids, AVX2 and BMI2 hidden",
        intel(0x0008_06f8, &[V2, "pclmulqdq avx bmi1"]),
        ("pclmulqdq", "ssse3"),
        "the matrix hides them",
    ),
    cpu(
        "Zen 1",
        amd(0x0080_0f12, &[V2, V3]),
        ("pclmulqdq", "avx2"),
        "carry-less multiplication of 128-bit vectors only",
    ),
    cpu(
        "Zen 2",
        amd(0x0083_0f10, &[V2, V3]),
        ("pclmulqdq", "avx2"),
        "carry-less multiplication of 128-bit vectors only",
    ),
    cpu(
        "Zen 3",
        amd(0x00a0_0f11, &[V2, V3, "vpclmulqdq vaes"]),
        ("avx2+vpclmulqdq", "avx2"),
        "no AVX-512",
    ),
    cpu(
        "Zen 4",
        amd(0x00a1_0f11, &[V2, V3, V4, ICE]),
        ("avx512+vpclmulqdq", "avx512+avx512vnni"),
        "halves 512-bit operations, without a loss; by counting, matrices gain nothing",
    ),
    cpu(
        "Zen 5",
        amd(0x00b0_0f21, &[V2, V3, V4, ICE, "avxvnni"]),
        ("avx512+vpclmulqdq+gfni", "avx512+avx512vnni"),
        "two matrix products a cycle, a carry-less multiplication every second",
    ),
    cpu(
        "Zen 5, GFNI hidden",
        amd(0x00b0_0f21, &[V2, V3, V4, "avx512vnni avx512vbmi vpclmulqdq avxvnni"]),
        ("avx512+vpclmulqdq", "avx512+avx512vnni"),
        "virtual machines may hide it",
    ),
    cpu(
        "Cortex-A53",
        Says::Arm(0x8ff),
        ("crc+pmull", "neon"),
        "three-way exclusive or and dot products came with ARMv8.2",
    ),
    cpu(
        "Cortex-A72",
        Says::Arm(0x8ff),
        ("crc+pmull", "neon"),
        "three-way exclusive or and dot products came with ARMv8.2",
    ),
    cpu(
        "Cortex-A72, Raspberry Pi 4",
        Says::Arm(0x887),
        ("crc", "neon"),
        "built without the cryptographic extension, which has PMULL",
    ),
    cpu(
        "Cortex-A76, without cryptography",
        Says::Arm(0x1011_9f87),
        ("crc", "dotprod"),
        "built without the cryptographic extension, which has PMULL",
    ),
    cpu(
        "Neoverse N1",
        Says::Arm(0x1011_9fff),
        ("crc+pmull", "dotprod"),
        "no SHA3 extension, which has the three-way exclusive or",
    ),
    cpu(
        "Neoverse V1",
        Says::Arm(0xdfff_ffff),
        ("crc+pmull+eor3", "dotprod"),
        "has everything that a kernel asks for",
    ),
    cpu(
        "Neoverse V2",
        Says::Arm(0xfff3_ffff),
        ("crc+pmull+eor3", "dotprod"),
        "has everything that a kernel asks for",
    ),
];

/// Where CPUID has what rustc gives a name to: leaf, subleaf, register, bit.
const CPUID_BITS: [(&str, u32, u32, char, u32); 24] = [
    ("sse3", 1, 0, 'c', 0),
    ("pclmulqdq", 1, 0, 'c', 1),
    ("ssse3", 1, 0, 'c', 9),
    ("sse4.1", 1, 0, 'c', 19),
    ("sse4.2", 1, 0, 'c', 20),
    ("popcnt", 1, 0, 'c', 23),
    ("aes", 1, 0, 'c', 25),
    ("avx", 1, 0, 'c', 28),
    ("bmi1", 7, 0, 'b', 3),
    ("avx2", 7, 0, 'b', 5),
    ("bmi2", 7, 0, 'b', 8),
    ("avx512f", 7, 0, 'b', 16),
    ("avx512dq", 7, 0, 'b', 17),
    ("avx512bw", 7, 0, 'b', 30),
    ("avx512vl", 7, 0, 'b', 31),
    ("avx512vbmi", 7, 0, 'c', 1),
    ("gfni", 7, 0, 'c', 8),
    ("vaes", 7, 0, 'c', 9),
    ("vpclmulqdq", 7, 0, 'c', 10),
    ("avx512vnni", 7, 0, 'c', 11),
    ("avx512vpopcntdq", 7, 0, 'c', 14),
    ("avx512fp16", 7, 0, 'd', 23),
    ("avxvnni", 7, 1, 'a', 4),
    ("avx512bf16", 7, 1, 'a', 5),
];

impl Known {
    /// Its architecture, as `target_arch` calls it.
    pub fn arch(&self) -> &'static str {
        match self.says {
            Says::X86(..) => "x86_64",
            Says::Arm(_) => "aarch64",
        }
    }

    /// The tiers of its architecture.
    pub fn tiers(&self) -> &'static [Tier] {
        match self.says {
            Says::X86(..) => X86_64,
            Says::Arm(_) => AARCH64,
        }
    }

    /// Its features as rustc calls them; empty for aarch64.
    pub fn words(&self) -> impl Iterator<Item = &'static str> {
        let lists: &[&'static str] = match self.says {
            Says::X86(_, _, lists) => lists,
            Says::Arm(_) => &[],
        };
        lists.iter().flat_map(|list| list.split_whitespace())
    }

    /// Its identity, and what it supports.
    pub fn detected(&self) -> (Identity, Features) {
        match self.says {
            Says::X86(..) => {
                let answers = self.answers();
                (answers.identity(), answers.features())
            }
            Says::Arm(caps) => (Identity::UNKNOWN, hwcap::features(caps)),
        }
    }

    /// What kernels may use there when `tier` is named, or none.
    pub fn features(&self, tier: Option<&Tier>) -> Features {
        let (id, supported) = self.detected();
        match tier {
            Some(tier) => supported & tier.needs(),
            None => policy::preferred(id, supported),
        }
    }

    /// Its answers to CPUID, under a system that saves all that it has.
    fn answers(&self) -> Answers {
        let Says::X86(maker, signature, _) = self.says else { return Answers::default() };
        let mut answers = Answers {
            leaf0: Registers { eax: 7, ebx: u32::from_le_bytes(maker), ..Registers::default() },
            leaf1: Registers { eax: signature, ..Registers::default() },
            leaf7: Registers { eax: 1, ..Registers::default() },
            ..Answers::default()
        };
        for word in self.words() {
            let Some(&(_, leaf, subleaf, register, bit)) =
                CPUID_BITS.iter().find(|(name, ..)| *name == word)
            else {
                continue;
            };
            let registers = match (leaf, subleaf) {
                (1, _) => &mut answers.leaf1,
                (_, 0) => &mut answers.leaf7,
                _ => &mut answers.leaf7_1,
            };
            let register = match register {
                'a' => &mut registers.eax,
                'b' => &mut registers.ebx,
                'c' => &mut registers.ecx,
                _ => &mut registers.edx,
            };
            *register |= 1 << bit;
            answers.xcr0 |= match word {
                "avx" => 0x07,
                "avx512f" => 0xe0,
                _ => 0,
            };
        }
        // OSXSAVE.
        answers.leaf1.ecx |= u32::from(answers.xcr0 != 0) << 27;
        answers
    }
}

#[cfg(test)]
mod tests {
    use super::super::policy::Vendor;
    use super::*;
    use crate::checksum::kernel::Candidate;
    use crate::checksum::{adler32, crc32};

    const CHECKSUMS: [(&str, &[Candidate]); 2] =
        [("crc32", crc32::CANDIDATES), ("adler32", adler32::CANDIDATES)];

    fn known(name: &str) -> &'static Known {
        KNOWN.iter().find(|cpu| cpu.name == name).expect("a CPU of the table")
    }

    #[test]
    fn every_word_is_a_bit() {
        for cpu in KNOWN {
            for word in cpu.words() {
                assert!(CPUID_BITS.iter().any(|(name, ..)| *name == word), "{}: {word}", cpu.name);
            }
            assert!(!cpu.why.is_empty());
        }
    }

    #[test]
    fn each_cpu_gets_the_kernels_of_the_table() {
        for cpu in KNOWN {
            let features = cpu.features(None);
            for ((checksum, candidates), kernel) in CHECKSUMS.iter().zip([cpu.crc32, cpu.adler32]) {
                let best = Candidate::best(candidates, cpu.arch(), features);
                assert_eq!(best, format!("{checksum} {kernel}"), "{}: {}", cpu.name, cpu.why);
            }
        }
    }

    /// Every kernel whose instructions a CPU has can be chosen there by the name of a tier, or is the
    /// default: whatever the policy, it can be tested.
    #[test]
    fn each_kernel_is_reached_wherever_its_instructions_are() {
        for cpu in KNOWN {
            let (_, supported) = cpu.detected();
            let named = cpu.tiers().iter().filter(|tier| supported.has(tier.needs()));
            let ways: Vec<Features> =
                named.map(|tier| cpu.features(Some(tier))).chain([cpu.features(None)]).collect();
            for (_, candidates) in CHECKSUMS {
                let here = |c: &&Candidate| {
                    c.arch.is_none_or(|arch| arch == cpu.arch()) && supported.has(c.needs)
                };
                for kernel in candidates.iter().filter(here) {
                    let reached = ways.iter().any(|features| {
                        Candidate::best(candidates, cpu.arch(), *features) == kernel.name
                    });
                    assert!(reached, "{}: no tier reaches {}", cpu.name, kernel.name);
                }
            }
        }
    }

    /// A tier whose instructions the CPU has is the one that is reported, whatever the policy.
    #[test]
    fn a_named_tier_is_had_wherever_its_instructions_are() {
        for cpu in KNOWN {
            let (_, supported) = cpu.detected();
            for tier in cpu.tiers() {
                let had = Tier::highest_of(cpu.tiers(), cpu.features(Some(tier)));
                assert_eq!(
                    had.name() == tier.name(),
                    supported.has(tier.needs()),
                    "{}, {tier:?}: {had:?}",
                    cpu.name
                );
            }
        }
    }

    /// The table has a CPU for every kernel, so that none is left out above.
    #[test]
    fn each_kernel_has_a_cpu() {
        for (_, candidates) in CHECKSUMS {
            for kernel in candidates {
                let runs = |cpu: &&Known| {
                    kernel.arch.is_none_or(|arch| arch == cpu.arch())
                        && cpu.detected().1.has(kernel.needs)
                };
                assert!(KNOWN.iter().any(|cpu| runs(&cpu)), "no CPU of the table has {kernel:?}");
            }
        }
    }

    #[test]
    fn signatures_are_taken_apart() {
        for (name, vendor, family, model) in [
            ("Nehalem", Vendor::Intel, 6, 26),
            ("Skylake-X", Vendor::Intel, 6, 85),
            ("Sapphire Rapids", Vendor::Intel, 6, 143),
            ("Emerald Rapids", Vendor::Intel, 6, 207),
            ("Granite Rapids", Vendor::Intel, 6, 173),
            ("Zen 1", Vendor::Amd, 23, 1),
            ("Zen 3", Vendor::Amd, 25, 1),
            ("Zen 5", Vendor::Amd, 26, 2),
        ] {
            assert_eq!(known(name).detected().0, Identity { vendor, family, model }, "{name}");
        }
    }

    #[test]
    fn what_the_system_does_not_save_is_not_there() {
        let mut answers = known("Sapphire Rapids").answers();
        assert!(answers.features().has(Features::AVX512));
        answers.xcr0 = 0x07;
        assert!(!answers.features().has(Features::AVX512));
        assert!(answers.features().has(Features::AVX2 | Features::AVX_VNNI));
        answers.leaf1.ecx &= !(1 << 27);
        assert_eq!(answers.features(), Features::SSE4_1 | Features::PCLMULQDQ);
    }
}
