//! A kernel: one implementation of a checksum, and the choice among several.

use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

use crate::cpu::{self, Features};

/// The code of a kernel: the checksum of the bytes, continued from the first argument.
///
/// The result is 32 bits wide, zero-extended, because that is what C's `unsigned long` functions
/// return: the C entry points can then jump here instead of calling and converting.
pub type Code = unsafe fn(u32, &[u8]) -> u64;

/// One implementation of a checksum.
pub struct Kernel {
    name: &'static str,
    needs: Features,
    code: Code,
}

impl Kernel {
    /// A kernel.
    ///
    /// # Safety
    /// `code` may only use instructions that `needs` covers, and only read its slice.
    pub(super) const unsafe fn new(name: &'static str, needs: Features, code: Code) -> Kernel {
        Kernel { name, needs, code }
    }

    /// The name: the checksum, then what the kernel needs.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whether this CPU can run it, whatever `ZCOMPAT_CPU` says.
    pub fn is_supported(&self) -> bool {
        cpu::supported().has(self.needs)
    }

    /// The kernel as a function, or `None` if this CPU cannot run it.
    pub fn function(&self) -> Option<impl Fn(u32, &[u8]) -> u32 + use<>> {
        let code = self.code;
        // SAFETY: the CPU has what the kernel needs, which is all that `new` lets it rely on.
        self.is_supported().then_some(move |start, data: &[u8]| unsafe { code(start, data) } as u32)
    }
}

/// A kernel's name and needs without its code: there is one for every architecture's kernels on
/// every architecture.
#[derive(Clone, Copy, Debug)]
pub struct Candidate {
    /// As `target_arch` names it; none for a kernel that runs anywhere.
    pub arch: Option<&'static str>,
    /// The kernel's name.
    pub name: &'static str,
    /// What it needs.
    pub needs: Features,
}

impl Candidate {
    /// The best of an architecture's candidates that `features` suffice for: the choice that
    /// [`Dispatch::best`] makes there.
    pub fn best(all: &[Candidate], arch: &str, features: Features) -> &'static str {
        let here = |c: &&Candidate| c.arch.is_none_or(|its| its == arch) && features.has(c.needs);
        all.iter().find(here).map_or("", |candidate| candidate.name)
    }
}

/// The kernels of a checksum, the best first: `kernel(NAME, NEEDS, CODE)` each, with `#[cfg]` if it
/// is an architecture's. Makes `KERNELS`, those of this architecture, and `CANDIDATES`, all without
/// their code.
macro_rules! kernels {
    ($($(#[cfg(target_arch = $arch:literal)])? kernel($name:literal, $needs:expr, $code:path),)*) => {
        static KERNELS: &[$crate::checksum::kernel::Kernel] = &[$(
            $(#[cfg(target_arch = $arch)])?
            kernel($name, $needs, $code),
        )*];

        /// All kernels of every architecture, the best first, without their code.
        pub const CANDIDATES: &[$crate::checksum::kernel::Candidate] = &[$(
            $crate::checksum::kernel::Candidate {
                arch: $crate::checksum::kernel::arch!($($arch)?),
                name: $name,
                needs: $needs,
            },
        )*];
    };
}

macro_rules! arch {
    () => {
        None
    };
    ($arch:literal) => {
        Some($arch)
    };
}

pub(super) use {arch, kernels};

/// A checksum's kernels and the one that is in use.
pub struct Dispatch {
    /// The code in use. At first the function that chooses it.
    code: AtomicPtr<()>,
    /// All kernels, the best first. The last one needs nothing.
    kernels: &'static [Kernel],
}

impl Dispatch {
    /// A dispatcher whose first call goes to `choose`, which must call [`Dispatch::choose`].
    pub(super) const fn new(choose: Code, kernels: &'static [Kernel]) -> Dispatch {
        Dispatch { code: AtomicPtr::new(choose as *mut ()), kernels }
    }

    /// All kernels, the best first.
    pub fn kernels(&self) -> &'static [Kernel] {
        self.kernels
    }

    /// The checksum of `data`, continued from `start`, zero-extended.
    ///
    /// One relaxed load and one indirect call. Relaxed is enough: each value that is ever in
    /// `code` is the address of a function, and functions are there from the start.
    #[inline(always)]
    pub fn call(&self, start: u32, data: &[u8]) -> u64 {
        let code = self.code.load(Ordering::Relaxed);
        // SAFETY: `code` only ever holds a `Code`, and one that this CPU can run.
        let code = unsafe { core::mem::transmute::<*mut (), Code>(code) };
        // SAFETY: the address is of a kernel that the CPU has the instructions for, or of `choose`.
        unsafe { code(start, data) }
    }

    /// What the first call does: picks the kernel, remembers it, runs it.
    #[cold]
    pub(super) fn choose(&self, start: u32, data: &[u8]) -> u64 {
        let kernel = match cpu::features() {
            Some(features) => {
                let kernel = self.best(features);
                cpu::shared_on_purpose(&self.code);
                self.code.store(kernel.code as *mut (), Ordering::Relaxed);
                kernel
            }
            // Another thread is finding out what the CPU has. The portable kernel gives the same
            // result, and the choice is made at a later call.
            None => self.best(Features::NONE),
        };
        // SAFETY: `best` only gives what the features cover.
        unsafe { (kernel.code)(start, data) }
    }

    /// The name of the kernel in use, or `None` before the first call.
    pub fn in_use(&self) -> Option<&'static str> {
        let code = self.code.load(Ordering::Relaxed);
        self.kernels.iter().find(|k| ptr::eq(k.code as *mut (), code)).map(Kernel::name)
    }

    /// The best kernel that `features` suffice for.
    pub fn best(&self, features: Features) -> &'static Kernel {
        let usable = |kernel: &&Kernel| features.has(kernel.needs);
        self.kernels.iter().find(usable).unwrap_or(&self.kernels[self.kernels.len() - 1])
    }
}
