//! `libz.so.1` and `libz.a`: all of it is in the `zcompat` crate, this only names the library.
// zlib-rs needs std, which has a panic handler of its own.
#![cfg_attr(not(feature = "engine-zlib-rs"), no_std)]

#[cfg(all(cargo_c, not(panic = "abort")))]
compile_error!("libz must be built with panic = \"abort\": a panic may not unwind into C");

pub use zcompat::ffi;

#[cfg(not(feature = "engine-zlib-rs"))]
#[panic_handler]
fn panicked(info: &core::panic::PanicInfo<'_>) -> ! {
    zcompat::panic::end(info)
}

/// Where nothing is optimised, functions of core, which was compiled to unwind, name it. It would be
/// std's. Nothing here unwinds, so nobody calls it.
#[cfg(not(feature = "engine-zlib-rs"))]
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}
