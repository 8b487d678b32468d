//! Tells cargo what, beside Rust code, the libraries are made from.

fn main() {
    println!("cargo::rerun-if-changed=../include/libz.map");
    println!("cargo::rerun-if-changed=../include/libz.exports");
    println!("cargo::rerun-if-changed=../link");
}
