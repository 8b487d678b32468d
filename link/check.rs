// Part of the build scripts of libz and libzstd.

/// Stops a cargo-c build that does not go through `link/cc`: its libraries would have neither
/// symbol versions nor zstd's functions, and would only be found out by the programs that load them.
fn check_linker() {
    if std::env::var_os("CARGO_FEATURE_CAPI").is_none() {
        return;
    }
    let linker = std::env::var("RUSTC_LINKER").unwrap_or_default();
    if !linker.ends_with("link/cc") {
        // One line on stderr; cargo prints it as the reason.
        eprintln!(
            "zcompat must be linked through link/cc, which .cargo/config.toml sets for x86_64 and \
             aarch64 Linux when cargo runs inside the workspace; here the linker is {linker:?}. \
             Name another C compiler in ZCOMPAT_CC, not in cargo's linker setting"
        );
        std::process::exit(1);
    }
}
