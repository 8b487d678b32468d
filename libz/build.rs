//! Tells cargo what, beside Rust code, the libraries are made from, and refuses a build whose
//! symbols would come out wrong.

include!("../link/check.rs");

fn main() {
    println!("cargo::rerun-if-changed=../include/libz.map");
    println!("cargo::rerun-if-changed=../include/libz.exports");
    println!("cargo::rerun-if-changed=../link");
    check_linker();
}
