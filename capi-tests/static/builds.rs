//! Builds as packagers and their tools make them: under other settings, other flags, from other
//! folders. Each gives the right libraries, or says in one line why not.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use libtest_mimic::{Completion, Trial};
use xshell::{Shell, cmd};

use super::packaging::{layout, pkg_config, static_programs};
use base::debian::Sid;
use base::library::{LIBRARIES, Library, exports_are_right};
use base::{debian, paths};
use check::{PASSED, Setup, check, skip};
use install::cargo_c;
use install::{Build, RELEASE, check_library};
use link::elf::{self, Elf};

/// The checks of this area.
pub fn trials(setup: &'static Setup) -> Vec<Trial> {
    let prefix = setup.prefix.as_path();
    vec![
        check("builds::plain_cinstall_elsewhere_gives_the_same_bytes", move || {
            plain_cinstall_elsewhere(prefix, setup.full)?;
            PASSED
        }),
        check("builds::install_under_foreign_settings", || {
            install_under_foreign_settings()?;
            PASSED
        }),
        check("builds::settings_by_every_route", move || {
            settings_by_every_route(setup.full)?;
            PASSED
        }),
        check("builds::what_cannot_work_is_refused", || {
            what_cannot_work_is_refused()?;
            PASSED
        }),
        check("builds::dpkg_gensymbols", move || dpkg_gensymbols(prefix)),
        check("builds::hardened_as_debians", move || {
            for library in &LIBRARIES {
                hardened(library, &prefix.join("lib")).with_context(|| library.stem.to_owned())?;
            }
            PASSED
        }),
        check("builds::oldest_rust", oldest_rust),
    ]
}

/// The bytes of the libraries in a folder.
fn libraries_in(lib: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut out = BTreeMap::new();
    for library in &LIBRARIES {
        for name in [library.file(), format!("{}.a", library.stem)] {
            let path = lib.join(&name);
            let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
            out.insert(name, bytes);
        }
    }
    Ok(out)
}

/// A copy of this workspace's source in a new folder.
fn copy_of_the_workspace(to: &Path) -> Result<()> {
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        fs::create_dir_all(to.join(&folder))?;
        for entry in fs::read_dir(paths::root().join(&folder))? {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            if path == Path::new("target") || path == Path::new(".git") {
                continue;
            }
            let kind = entry.file_type()?;
            if kind.is_dir() && entry.path().join("CACHEDIR.TAG").exists() {
                continue;
            } else if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() {
                fs::copy(entry.path(), to.join(&path))?;
            }
        }
    }
    Ok(())
}

/// What a packager does: unpack the source somewhere, where it cannot be written to, and
/// `cargo cinstall`, with crates somewhere else; with `vendored`, with a copy of them and no network.
/// The libraries must be the same, byte for byte, as those that `cargo xtask install` has put in
/// `prefix`.
fn plain_cinstall_elsewhere(prefix: &Path, vendored: bool) -> Result<()> {
    let sh = Shell::new()?;
    let cinstall = cargo_c::cinstall(&sh)?;
    let dir = tempfile::Builder::new().prefix("zcompat, elsewhere ").tempdir()?;
    let root = dir.path().join("source");
    copy_of_the_workspace(&root)?;
    let (plain, target) = (dir.path().join("prefix"), dir.path().join("target"));
    let cargo_home = cargo_home_elsewhere(dir.path())?;
    let _dir = sh.push_dir(&root);
    let mut offline = None;
    if vendored {
        let settings = cmd!(sh, "cargo vendor --locked vendor").quiet().ignore_stderr().read()?;
        let file = root.join(".cargo/config.toml");
        let own = fs::read_to_string(&file)?;
        fs::write(&file, format!("{own}\n{settings}\n"))?;
        offline = Some("--offline");
    }
    set_writable(&sh, &root, false)?;
    let built = cmd!(sh, "{cinstall} cinstall --locked --prefix={plain} --libdir=lib {offline...}")
        .env("CARGO_HOME", &cargo_home)
        .env("CARGO_TARGET_DIR", &target)
        .env_remove("CARGO_BUILD_TARGET_DIR")
        .quiet()
        .run();
    set_writable(&sh, &root, true)?;
    built?;
    let ours = libraries_in(&prefix.join("lib"))?;
    let theirs = libraries_in(&plain.join("lib"))?;
    let differing: Vec<_> = ours.keys().filter(|name| ours[*name] != theirs[*name]).collect();
    if !differing.is_empty() {
        let kept = dir.keep();
        anyhow::bail!("{differing:?} differ from those in {}", kept.join("prefix/lib").display());
    }
    layout(&plain)?;
    // A second build writes over these, also one that is not root's.
    for folder in [&plain.join("include"), &plain.join("lib"), &target.join("release")] {
        ensure_writable_below(folder)?;
    }
    for library in &LIBRARIES {
        let name = library.pkg_config;
        let pc = plain.join("lib/pkgconfig");
        let all = pkg_config(&sh, &pc, &format!("--static --libs {name}"))?;
        ensure!(all.ends_with(&format!("{} -pthread", library.link)), "static libs: {all}");
        let ours = pkg_config(&sh, &pc, &format!("--variable=zcompat_version {name}"))?;
        ensure!(ours == env!("CARGO_PKG_VERSION"), "zcompat_version is {ours:?}");
    }
    Ok(())
}

fn set_writable(sh: &Shell, dir: &Path, writable: bool) -> Result<()> {
    let mode = if writable { "u+w" } else { "a-w" };
    cmd!(sh, "chmod -R {mode} {dir}").quiet().run().map_err(Into::into)
}

/// That no header or library below `dir` took over the read-only source's mode. (root, who runs
/// this in a container, would not notice.)
fn ensure_writable_below(dir: &Path) -> Result<()> {
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry?.path();
            let of_ours =
                |ends: &[&str]| path.extension().is_some_and(|e| ends.iter().any(|end| e == *end));
            if path.is_dir() && !path.is_symlink() {
                folders.push(path);
            } else if of_ours(&["h", "a", "so", "pc", "cmake"]) {
                let mode = fs::metadata(&path)?.permissions().mode();
                ensure!(mode & 0o200 != 0, "{} cannot be written over", path.display());
            }
        }
    }
    Ok(())
}

/// Another cargo home below `dir`, with what is in the one in use: crates have other paths there.
fn cargo_home_elsewhere(dir: &Path) -> Result<PathBuf> {
    let in_use = match std::env::var_os("CARGO_HOME") {
        Some(home) => PathBuf::from(home),
        None => PathBuf::from(std::env::var_os("HOME").context("no HOME")?).join(".cargo"),
    };
    let elsewhere = dir.join("cargo home");
    fs::create_dir(&elsewhere)?;
    for name in ["registry", "config.toml", "config", "git"] {
        let entry = in_use.join(name);
        if entry.exists() {
            std::os::unix::fs::symlink(&entry, elsewhere.join(name))?;
        }
    }
    Ok(elsewhere)
}

/// `cargo xtask install` in the environment of a distribution's package build: a linker by
/// `RUSTFLAGS`, link-time optimisation for C, and whatever else a build environment has set.
fn install_under_foreign_settings() -> Result<()> {
    let sh = Shell::new()?;
    let empty = tempfile::Builder::new().prefix("view, ").tempdir()?;
    let dir = empty.path().display().to_string();
    let settings = [
        ("RUSTFLAGS", "-Clinker=cc -Clinker-features=-lld"),
        ("CFLAGS", "-O2 -flto=auto -ffat-lto-objects -frecord-gcc-switches"),
        ("LDFLAGS", "-flto=auto -Wl,-z,relro -Wl,--build-id=none"),
        ("CPATH", &dir),
        ("C_INCLUDE_PATH", &dir),
        ("LIBRARY_PATH", &dir),
        ("MAKEFLAGS", "-j2"),
        ("CC", "gcc"),
        ("AR", "gcc-ar"),
    ];
    let env = settings.map(|(name, value)| (name, value.to_owned()));
    // The files are checked as `cargo xtask install` does before it puts them in place.
    let build = Build::run(&sh, &paths::target().join("foreign"), &[RELEASE], &env)?;
    for library in &LIBRARIES {
        let file = build.staged("lib").join(library.file());
        exports_are_right(library, &file)?;
        // The packager's flags are not lost.
        let switches = elf::section(&file, ".GCC.command.line")?;
        let switches = String::from_utf8_lossy(&switches);
        ensure!(switches.contains("-ffat-lto-objects"), "CFLAGS did not reach {}", library.stem);
        ensure!(!Elf::read(&file)?.build_id, "LDFLAGS did not reach {}", library.stem);
        hardened(library, &build.staged("lib"))?;
    }
    static_programs(&sh, &relocated(&sh, &build)?, "bfd")
}

/// A prefix from a staged build, with .pc files that follow it.
fn relocated(sh: &Shell, build: &Build) -> Result<PathBuf> {
    let to = paths::target().join("foreign/prefix");
    let from = build.staged(".");
    cmd!(sh, "rm -rf {to}").quiet().run()?;
    cmd!(sh, "cp -a {from} {to}").quiet().run()?;
    for library in &LIBRARIES {
        let file = to.join(format!("lib/pkgconfig/{}.pc", library.pkg_config));
        let text = fs::read_to_string(&file)?;
        fs::write(&file, text.replace("prefix=/usr\n", "prefix=${pcfiledir}/../..\n"))?;
    }
    Ok(to)
}

/// A way by which somebody else decides how cargo builds.
struct Route {
    name: &'static str,
    /// Environment variables.
    env: Vec<(String, String)>,
    /// Arguments of cargo-c.
    args: Vec<String>,
    /// Files below the folder that has the source in it, each with its contents.
    files: Vec<(&'static str, &'static str)>,
    /// Whether cargo is started in `/`.
    elsewhere: bool,
}

const LINKER_IN_A_FILE: &str = "[target.x86_64-unknown-linux-gnu]\nlinker = \"gcc\"\n\
                                [target.aarch64-unknown-linux-gnu]\nlinker = \"gcc\"\n";
const FLAGS_IN_A_FILE: &str = "[build]\nrustflags = [\"-Clinker=gcc\"]\n";

fn routes() -> Vec<Route> {
    let target =
        format!("CARGO_TARGET_{}_UNKNOWN_LINUX_GNU", std::env::consts::ARCH).to_uppercase();
    let route = |name, env: &[(&str, &str)]| Route {
        name,
        env: env.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        args: vec![],
        files: vec![],
        elsewhere: false,
    };
    let flag = "-Clinker=gcc";
    vec![
        Route {
            // As Fedora's macros do, and with a wrapper as sccache is one.
            files: vec![("source/.cargo/config.toml", FLAGS_IN_A_FILE)],
            elsewhere: true,
            ..route(
                "config replaced, started elsewhere, RUSTC_WRAPPER",
                &[("RUSTC_WRAPPER", "env")],
            )
        },
        route("a linker for the target", &[(&format!("{target}_LINKER"), "gcc")]),
        route("CARGO_ENCODED_RUSTFLAGS", &[("CARGO_ENCODED_RUSTFLAGS", "-C\u{1f}linker=gcc")]),
        route("RUSTFLAGS", &[("RUSTFLAGS", "-C linker=gcc -Clink-arg=-fuse-ld=lld")]),
        route("CARGO_BUILD_RUSTFLAGS", &[("CARGO_BUILD_RUSTFLAGS", flag)]),
        route("flags for the target", &[(&format!("{target}_RUSTFLAGS"), flag)]),
        Route {
            files: vec![("cargo home/config.toml", LINKER_IN_A_FILE)],
            ..route("a file in CARGO_HOME", &[])
        },
        Route {
            files: vec![(".cargo/config.toml", FLAGS_IN_A_FILE)],
            ..route("a file in a parent folder", &[])
        },
        Route {
            args: vec!["--config=build.rustflags=[\"-Clinker=gcc\"]".into()],
            ..route("--config", &[])
        },
    ]
}

/// Plain `cargo cinstall` of libzstd, whose functions are all C: with rustc's own version script it
/// would export two of them.
fn settings_by_every_route(all: bool) -> Result<()> {
    let sh = Shell::new()?;
    let dir = tempfile::Builder::new().prefix("zcompat, routes ").tempdir()?;
    let root = dir.path().join("source");
    for (number, route) in routes().iter().take(if all { usize::MAX } else { 3 }).enumerate() {
        for entry in fs::read_dir(dir.path())? {
            let path = entry?.path();
            if !path.ends_with("target") {
                fs::remove_dir_all(path)?;
            }
        }
        copy_of_the_workspace(&root)?;
        let cargo_home = cargo_home_elsewhere(dir.path())?;
        for (name, text) in &route.files {
            let file = dir.path().join(name);
            fs::create_dir_all(file.parent().context("a folder")?)?;
            fs::write(file, text)?;
        }
        let prefix = dir.path().join(format!("prefix {number}"));
        cinstall(&sh, dir.path(), &cargo_home, route, &prefix)
            .and_then(|()| check_library(&LIBRARIES[1], &prefix.join("lib")))
            .with_context(|| format!("by {}", route.name))?;
    }
    Ok(())
}

fn cinstall(sh: &Shell, dir: &Path, home: &Path, route: &Route, prefix: &Path) -> Result<()> {
    let (cinstall, root) = (cargo_c::cinstall(sh)?, dir.join("source"));
    let Route { args, env, .. } = route;
    let _dir = sh.push_dir(if route.elsewhere { Path::new("/") } else { &root });
    let manifest = root.join("Cargo.toml");
    let out = cmd!(sh, "{cinstall} cinstall --debug --package libzstd --manifest-path {manifest}")
        .arg(format!("--prefix={}", prefix.display()))
        .args(["--libdir=lib"])
        .args(args)
        .env_remove("RUSTFLAGS")
        .env("CARGO_HOME", home)
        .env("CARGO_TARGET_DIR", dir.join("target"))
        .envs(env.iter().map(|(name, value)| (name, value)))
        .quiet()
        .ignore_status()
        .output()?;
    let text = String::from_utf8_lossy(&out.stderr);
    ensure!(out.status.success(), "{}", text.trim_end());
    Ok(())
}

/// What a build is given that cannot lead to the right library, and the line that says so.
fn what_cannot_work_is_refused() -> Result<()> {
    let sh = Shell::new()?;
    let dir = tempfile::tempdir()?;
    // A compiler for another machine, which has come into the flags.
    let other = if cfg!(target_arch = "x86_64") { "aarch64" } else { "x86_64" };
    let compiler = dir.path().join("other-cc");
    fs::write(&compiler, format!("#!/bin/sh\necho {other}-linux-gnu\n"))?;
    fs::set_permissions(&compiler, fs::Permissions::from_mode(0o755))?;
    let compiler = format!("-Clinker={}", compiler.display());

    let flavor = "these libraries are linked through a C compiler driver";
    let refusals = [
        ("RUSTFLAGS", "-Clinker=ld -Clinker-flavor=ld", flavor),
        ("RUSTFLAGS", "-Clinker=true", "does not call the `ld` that -B names"),
        ("RUSTFLAGS", "-Clinker-plugin-lto", "cannot read LLVM's intermediate code"),
        ("RUSTFLAGS", &compiler, &format!("is for {other}-linux-gnu: name a compiler for")),
    ];
    for (name, value, line) in refusals {
        refused(&sh, dir.path(), &[], (name, value), line)?;
    }
    // Without a std for it all crates fail; the build script's reason is said as well.
    refused(
        &sh,
        dir.path(),
        &["--target", "x86_64-pc-windows-gnu", "--keep-going"],
        ("LC_ALL", "C"),
        "these are shared libraries of Linux",
    )
}

fn refused(
    sh: &Shell,
    dir: &Path,
    args: &[&str],
    (name, value): (&str, &str),
    line: &str,
) -> Result<()> {
    let cinstall = cargo_c::cinstall(sh)?;
    let (target, prefix) = (paths::target().join("refused"), dir.join("prefix"));
    let _dir = sh.push_dir(paths::root());
    let out =
        cmd!(sh, "{cinstall} cinstall --debug --package libz --target-dir {target} {args...}")
            .arg(format!("--prefix={}", prefix.display()))
            .env(name, value)
            .quiet()
            .ignore_status()
            .output()?;
    let text = String::from_utf8_lossy(&out.stderr);
    ensure!(!out.status.success(), "{name}={value}: the build went through");
    let told = text.lines().any(|l| l.starts_with("error: libz") && l.contains(line));
    ensure!(told, "{name}={value}: no line with {line:?} in: {text}");
    ensure!(!prefix.exists(), "{name}={value}: something was installed");
    Ok(())
}

/// Debian's tool holds our libraries against the lists of symbols of Debian's own: a symbol of
/// theirs that we lack fails a package's build.
fn dpkg_gensymbols(prefix: &Path) -> Result<Completion> {
    let sh = Shell::new()?;
    if let Err(why) = debian::install(&sh, &["dpkg-dev"]) {
        return skip(format!("{why:#}"));
    }
    for library in &LIBRARIES {
        let root = match Sid::open(&sh).and_then(|sid| sid.unpacked(&sh, library.package)) {
            Ok(root) => root,
            Err(why) => return skip(format!("{why:#}")),
        };
        let control = fs::read_to_string(root.join("DEBIAN/control"))?;
        let version = control.lines().find_map(|line| line.strip_prefix("Version: "));
        let version = version.context("the package has no version")?;
        let packaged = root.join("DEBIAN/symbols");
        let symbols = if packaged.exists() {
            fs::read_to_string(packaged)?
        } else {
            // libzstd1 has no list: the tool makes it from the library in the package.
            gensymbols(&sh, &library.packaged_file(&sh)?, library, version, None)?
        };
        let ours = prefix.join("lib").join(library.file());
        let new = gensymbols(&sh, &ours, library, version, Some(&symbols))?;
        ensure!(new.contains("zcompat_version"), "dpkg-gensymbols read nothing: {new}");
        // What the check is for must be noticed.
        let absent = format!("{symbols} zcompat_absent@Base 1.0\n");
        let error = gensymbols(&sh, &ours, library, version, Some(&absent)).err();
        let said = error.map(|why| why.to_string()).unwrap_or_default();
        let noticed = said.lines().any(|line| {
            line.starts_with("+#MISSING: ") && line.contains("# zcompat_absent@Base 1.0")
        });
        ensure!(noticed, "dpkg-gensymbols did not notice a symbol that is not there: {said}");
    }
    PASSED
}

/// Runs the tool on the library in `file` with a list of symbols that it must have, if any; returns
/// the list of those that it has.
fn gensymbols(
    sh: &Shell,
    file: &Path,
    library: &Library,
    version: &str,
    symbols: Option<&str>,
) -> Result<String> {
    let package = library.package;
    let dir = tempfile::tempdir()?;
    // A package's build folder, as far as the tool looks.
    let lib = dir.path().join("debian/tmp/usr/lib");
    fs::create_dir_all(&lib)?;
    fs::copy(file, lib.join(library.soname))?;
    let control = format!("Source: {package}\n\nPackage: {package}\nArchitecture: any\n");
    fs::write(dir.path().join("debian/control"), control)?;
    let mut list = Vec::new();
    if let Some(symbols) = symbols {
        fs::write(dir.path().join("symbols"), symbols)?;
        // What has gone is an error; what is new (zcompat_*) is not.
        list = vec!["-c1", "-Isymbols"];
    }
    let args = [&format!("-p{package}"), &format!("-v{version}"), "-Pdebian/tmp", "-Onew"];
    let _dir = sh.push_dir(dir.path());
    // A level in the caller's environment would stand for ours.
    let out = cmd!(sh, "dpkg-gensymbols {args...} {list...}")
        .env_remove("DPKG_GENSYMBOLS_CHECK_LEVEL")
        .quiet()
        .ignore_status()
        .output()?;
    // What has gone is named only in the differences that it prints.
    let said = [out.stderr, out.stdout].concat();
    ensure!(
        out.status.success(),
        "dpkg-gensymbols for {package}: {}",
        String::from_utf8_lossy(&said)
    );
    Ok(fs::read_to_string(dir.path().join("new"))?)
}

/// What Debian's default flags give, as it shows in the file.
fn hardened(library: &Library, dir: &Path) -> Result<()> {
    let file = dir.join(library.file());
    let elf = Elf::read(&file)?;
    ensure!(elf.binds_now, "is not linked with -z now");
    ensure!(elf.relro, "is not linked with -z relro");
    let uses = |name: &str| elf.undefined.iter().any(|symbol| symbol.name == name);
    ensure!(uses("__stack_chk_fail"), "no function guards its stack");
    // libz's one C function that glibc has a checked form of, and zstd's dictionary builder's.
    let checked = if library.stem == "libz" { "__vsnprintf_chk" } else { "__fprintf_chk" };
    ensure!(uses(checked), "_FORTIFY_SOURCE has changed nothing");
    if cfg!(target_arch = "x86_64") {
        const ENDBR64: [u8; 4] = [0xf3, 0x0f, 0x1e, 0xfa];
        ensure!(elf.shadow_stacks, "is not marked for shadow stacks");
        // rustc cannot yet make indirect branch targets; the C compiler does.
        let code = elf::section(&file, ".text")?;
        let targets = code.windows(4).any(|bytes| bytes == ENDBR64);
        ensure!(targets, "C functions do not start with endbr64");
    }
    Ok(())
}

/// The Rust that the manifests name is enough, as far as clippy knows when each part of std became
/// stable.
fn oldest_rust() -> Result<Completion> {
    let sh = Shell::new()?;
    if cmd!(sh, "cargo clippy --version").quiet().ignore_stdout().ignore_stderr().run().is_err() {
        return skip("cargo clippy is not there: rustup component add clippy");
    }
    let _dir = sh.push_dir(paths::root());
    let packages = ["-p", "zcompat", "-p", "libz", "-p", "libzstd", "-p", "link"];
    let out = cmd!(sh, "cargo clippy --quiet --lib {packages...} --")
        .args(["--allow", "clippy::all", "--deny", "clippy::incompatible_msrv"])
        .quiet()
        .ignore_status()
        .output()?;
    let text = String::from_utf8_lossy(&out.stderr);
    ensure!(out.status.success(), "{text}");
    PASSED
}
