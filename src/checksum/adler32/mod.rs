//! Adler-32.

mod combine;
mod portable;

// Sums of bytes, weighed by small factors.
#[cfg(any(target_arch = "aarch64", target_arch = "x86_64"))]
mod sums;
#[cfg(any(target_arch = "aarch64", target_arch = "x86_64"))]
mod tiny;
#[cfg(any(target_arch = "aarch64", target_arch = "x86_64"))]
mod vector;

#[cfg(target_arch = "aarch64")]
mod aarch64_dotprod;
#[cfg(target_arch = "aarch64")]
mod aarch64_neon;
#[cfg(target_arch = "x86_64")]
mod x86_avx2;
#[cfg(target_arch = "x86_64")]
mod x86_avx512;
#[cfg(target_arch = "x86_64")]
mod x86_avx512vnni;
#[cfg(target_arch = "x86_64")]
mod x86_avxvnni;
#[cfg(target_arch = "x86_64")]
mod x86_ssse3;

pub use combine::combine;

use super::kernel::{Code, Dispatch, Kernel, kernels};
use crate::cpu::Features;

/// The kernels of Adler-32 and the choice among them.
pub static DISPATCH: Dispatch = Dispatch::new(choose, KERNELS);

fn choose(start: u32, data: &[u8]) -> u64 {
    DISPATCH.choose(start, data)
}

kernels! {
    #[cfg(target_arch = "x86_64")]
    kernel("adler32 avx512+avx512vnni", X86_AVX512_VNNI, x86_avx512vnni::adler32),
    #[cfg(target_arch = "x86_64")]
    kernel("adler32 avx512", X86_AVX512, x86_avx512::adler32),
    #[cfg(target_arch = "x86_64")]
    kernel("adler32 avx2+avxvnni", X86_AVX_VNNI, x86_avxvnni::adler32),
    #[cfg(target_arch = "x86_64")]
    kernel("adler32 avx2", X86_AVX2, x86_avx2::adler32),
    #[cfg(target_arch = "x86_64")]
    kernel("adler32 ssse3", Features::SSE4_1, x86_ssse3::adler32),
    #[cfg(target_arch = "aarch64")]
    kernel("adler32 dotprod", Features::NEON.and(Features::DOTPROD), aarch64_dotprod::adler32),
    #[cfg(target_arch = "aarch64")]
    kernel("adler32 neon", Features::NEON, aarch64_neon::adler32),
    kernel("adler32 portable", Features::NONE, portable::adler32),
}

// What the kernels enable: each must be covered by the features beside it.
const X86_AVX2: Features = Features::SSE4_1.and(Features::AVX2);
const X86_AVX_VNNI: Features = X86_AVX2.and(Features::AVX_VNNI);
const X86_AVX512: Features = X86_AVX2.and(Features::AVX512);
const X86_AVX512_VNNI: Features = X86_AVX512.and(Features::AVX512_VNNI);

const fn kernel(name: &'static str, needs: Features, code: Code) -> Kernel {
    // SAFETY: the constants above cover what the functions enable; the tests hold the kernels to
    // their slices.
    unsafe { Kernel::new(name, needs, code) }
}
