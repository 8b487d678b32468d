//! How C is compiled for the two libraries.

use std::env;

/// Adds what Debian's packages are hardened by. A packager's CFLAGS come after these on the
/// command line, and so may say otherwise.
pub fn harden(build: &mut cc::Build) -> &mut cc::Build {
    build.flag_if_supported("-fstack-protector-strong");
    build.flag_if_supported("-fstack-clash-protection");
    match env::var("CARGO_CFG_TARGET_ARCH").as_deref() {
        Ok("x86_64") => build.flag_if_supported("-fcf-protection"),
        Ok("aarch64") => build.flag_if_supported("-mbranch-protection=standard"),
        _ => build,
    };
    // glibc's headers warn about it where nothing is optimised. Some compilers define it at start.
    if env::var("OPT_LEVEL").is_ok_and(|level| level != "0") {
        build.flag("-U_FORTIFY_SOURCE").flag("-D_FORTIFY_SOURCE=2");
    }
    build
}

/// Switches link-time optimisation of C off, whatever CFLAGS says: the objects would hold gcc's or
/// clang's intermediate code, which neither rustc nor the linkers of others can read.
///
/// To be called first of all in a build script.
pub fn without_lto() {
    let Ok(target) = env::var("TARGET") else { return };
    // What the cc crate puts last on the command line. The target's name with dashes is the most
    // special of the variables it reads, so it adds to the others.
    let name = format!("CFLAGS_{target}");
    println!("cargo::rerun-if-env-changed={name}");
    let set = env::var(&name).unwrap_or_default();
    // SAFETY: build scripts call this first, when they have one thread.
    unsafe { env::set_var(name, format!("{set} -fno-lto")) };
}
