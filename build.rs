//! Compiles the C shim for the two variadic functions, which stable Rust cannot define.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/ffi/zlib/gzprintf.c");
    cc::Build::new()
        .file("src/ffi/zlib/gzprintf.c")
        .flag("-std=c99")
        .flag("-fstack-protector-strong")
        .opt_level(2)
        .debug(false)
        .extra_warnings(true)
        .compile("zcompat_gzprintf");
}
