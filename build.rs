//! Compiles the C shim for the two variadic functions, which stable Rust cannot define.

fn main() {
    link::compile::without_lto();
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/ffi/zlib/gzprintf.c");
    let mut build = cc::Build::new();
    build
        .file("src/ffi/zlib/gzprintf.c")
        .flag("-std=c99")
        .opt_level(2)
        .debug(false)
        .extra_warnings(true);
    link::compile::harden(&mut build).compile("zcompat_gzprintf");
}
