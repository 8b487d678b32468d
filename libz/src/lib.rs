//! `libz.so.1` and `libz.a`: all of it is in the `zcompat` crate, this only names the library.

#[cfg(all(cargo_c, not(panic = "abort")))]
compile_error!("libz must be built with panic = \"abort\": a panic may not unwind into C");

pub use zcompat::ffi;
