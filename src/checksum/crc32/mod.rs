//! CRC-32.

mod combine;
mod gf2;
mod portable;
mod table;

// Carry-less multiplication.
#[cfg(any(target_arch = "aarch64", target_arch = "x86_64"))]
#[cfg_attr(target_arch = "aarch64", allow(dead_code))] // those for wide vectors and short lengths
mod chunk;
#[cfg(any(target_arch = "aarch64", target_arch = "x86_64"))]
#[cfg_attr(target_arch = "aarch64", allow(dead_code))] // those for wide vectors and short lengths
mod constants;
#[cfg(any(target_arch = "aarch64", target_arch = "x86_64"))]
#[cfg_attr(target_arch = "aarch64", allow(dead_code))] // those for wide vectors and short lengths
mod fold;
#[cfg(any(target_arch = "aarch64", target_arch = "x86_64"))]
#[cfg_attr(target_arch = "aarch64", allow(dead_code))] // those for wide vectors and short lengths
mod heads;
#[cfg(target_arch = "x86_64")]
mod short;

#[cfg(target_arch = "aarch64")]
mod aarch64_crc;
#[cfg(target_arch = "aarch64")]
mod aarch64_eor3;
#[cfg(target_arch = "aarch64")]
mod aarch64_pmull;
#[cfg(target_arch = "x86_64")]
mod x86_avx2;
#[cfg(target_arch = "x86_64")]
mod x86_avx512;
#[cfg(target_arch = "x86_64")]
mod x86_gfni;
#[cfg(target_arch = "x86_64")]
mod x86_pclmul;

pub use combine::{combine, combine_gen, combine_op};
pub use table::TABLE;

use super::kernel::{Code, Dispatch, Kernel, kernels};
use crate::cpu::Features;

/// The kernels of CRC-32 and the choice among them.
pub static DISPATCH: Dispatch = Dispatch::new(choose, KERNELS);

fn choose(start: u32, data: &[u8]) -> u64 {
    DISPATCH.choose(start, data)
}

kernels! {
    #[cfg(target_arch = "x86_64")]
    kernel("crc32 avx512+vpclmulqdq+gfni", X86_GFNI, x86_gfni::crc32),
    #[cfg(target_arch = "x86_64")]
    kernel("crc32 avx512+vpclmulqdq", X86_AVX512, x86_avx512::crc32),
    #[cfg(target_arch = "x86_64")]
    kernel("crc32 avx2+vpclmulqdq", X86_AVX2, x86_avx2::crc32),
    #[cfg(target_arch = "x86_64")]
    kernel("crc32 pclmulqdq", X86_PCLMUL, x86_pclmul::crc32),
    #[cfg(target_arch = "aarch64")]
    kernel("crc32 crc+pmull+eor3", ARM_EOR3, aarch64_eor3::crc32),
    #[cfg(target_arch = "aarch64")]
    kernel("crc32 crc+pmull", ARM_PMULL, aarch64_pmull::crc32),
    #[cfg(target_arch = "aarch64")]
    kernel("crc32 crc", Features::CRC, aarch64_crc::crc32),
    kernel("crc32 portable", Features::NONE, portable::crc32),
}

// What the kernels enable: each must be covered by the features beside it.
const X86_PCLMUL: Features = Features::SSE4_1.and(Features::PCLMULQDQ);
const X86_AVX2: Features = X86_PCLMUL.and(Features::AVX2).and(Features::VPCLMULQDQ);
const X86_AVX512: Features = X86_AVX2.and(Features::AVX512);
const X86_GFNI: Features = X86_AVX512.and(Features::GFNI);
const ARM_PMULL: Features = Features::NEON.and(Features::CRC).and(Features::PMULL);
const ARM_EOR3: Features = ARM_PMULL.and(Features::EOR3);

const fn kernel(name: &'static str, needs: Features, code: Code) -> Kernel {
    // SAFETY: the constants above cover what the functions enable; the tests hold the kernels to
    // their slices.
    unsafe { Kernel::new(name, needs, code) }
}
