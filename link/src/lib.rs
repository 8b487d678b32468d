//! How `libz` and `libzstd` are linked: a part of their build scripts. docs/linking.md tells why.
//!
//! rustc links a shared library with a version script of its own, which neither gives symbols the
//! version nodes that programs ask for nor exports C functions. Which linker rustc calls is decided
//! in many places (configuration files, `RUSTFLAGS`, the environment), and any of them may be
//! replaced by whoever builds. So nothing is decided there: the build script hands the C compiler
//! driver, whichever it is, two options that make it call *this program* instead of `ld`
//! ([`mod@linker`]), and one option that no other linker takes. The library is linked as it must
//! be, or the build fails.

mod check;
pub mod compile;
pub mod elf;
mod exports;
mod linker;
mod script;

pub use exports::Exports;
pub use script::{install, run};
