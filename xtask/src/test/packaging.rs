//! What packagers and the people who build on the libraries rely on: the layout of a prefix,
//! pkg-config, CMake, static linking, and that a build can be repeated.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use libtest_mimic::Trial;
use xshell::{Shell, cmd};

use super::{PASSED, Setup, check, skip};
use crate::abi::LIBRARIES;
use crate::install::{Args, Build, install};
use crate::test::abi::exports_are_right;
use crate::{cargo_c, debian, paths};

/// What an install puts below the prefix.
const LAYOUT: [&str; 21] = [
    "include/zcompat.h",
    "include/zconf.h",
    "include/zdict.h",
    "include/zlib.h",
    "include/zstd.h",
    "include/zstd_errors.h",
    "lib/cmake/zlib/ZLIBConfig.cmake",
    "lib/cmake/zlib/ZLIBConfigVersion.cmake",
    "lib/cmake/zstd/zstdConfig.cmake",
    "lib/cmake/zstd/zstdConfigVersion.cmake",
    "lib/libz.a",
    "lib/libz.so -> libz.so.1.3.2",
    "lib/libz.so.1 -> libz.so.1.3.2",
    "lib/libz.so.1.3.2",
    "lib/libzstd.a",
    "lib/libzstd.so -> libzstd.so.1.5.7",
    "lib/libzstd.so.1 -> libzstd.so.1.5.7",
    "lib/libzstd.so.1.5.7",
    "lib/pkgconfig/libzstd.pc",
    "lib/pkgconfig/zlib.pc",
    "share/man/man3/zlib.3",
];

/// The checks of this area.
pub fn trials(setup: &'static Setup) -> Vec<Trial> {
    let prefix = setup.prefix.as_path();
    vec![
        check("packaging::layout", move || {
            layout(prefix)?;
            PASSED
        }),
        check("packaging::man_page", move || {
            let sh = Shell::new()?;
            if let Err(why) = debian::install(&sh, &["groff-base"]) {
                return skip(format!("{why:#}"));
            }
            let page = prefix.join("share/man/man3/zlib.3");
            let out = cmd!(sh, "groff -man -ww -z {page}").quiet().output()?;
            let text = String::from_utf8_lossy(&out.stderr);
            ensure!(out.status.success() && text.is_empty(), "groff says: {text}");
            PASSED
        }),
        check("packaging::pkg_config_follows_a_moved_prefix", move || {
            pkg_config_follows_a_moved_prefix(prefix)?;
            PASSED
        }),
        check("packaging::other_libdirs", || {
            if let Err(why) = debian::install(&Shell::new()?, &["cmake", "make"]) {
                return skip(format!("{why:#}"));
            }
            other_libdirs()?;
            PASSED
        }),
        check("packaging::cmake", move || {
            let sh = Shell::new()?;
            if let Err(why) = debian::install(&sh, &["cmake", "make"]) {
                return skip(format!("{why:#}"));
            }
            cmake(&sh, prefix, &["config", "module"])?;
            PASSED
        }),
        check("packaging::static::gnu_ld", move || {
            static_programs(&Shell::new()?, prefix, "bfd")?;
            PASSED
        }),
        check("packaging::static::lld", move || {
            let sh = Shell::new()?;
            if let Err(why) = debian::install(&sh, &["lld"]) {
                return skip(format!("{why:#}"));
            }
            static_programs(&sh, prefix, "lld")?;
            PASSED
        }),
        check("packaging::plain_cinstall_elsewhere_gives_the_same_bytes", move || {
            plain_cinstall_elsewhere(prefix)?;
            PASSED
        }),
        check("packaging::gnu_ld_gives_the_same_symbols", || {
            gnu_ld_gives_the_same_symbols()?;
            PASSED
        }),
        check("packaging::linker_wrapper_arguments", || {
            linker_wrapper_arguments()?;
            PASSED
        }),
        check("packaging::bad_input_gets_one_line", || {
            bad_input_gets_one_line()?;
            PASSED
        }),
        check("packaging::a_foreign_linker_is_refused", || {
            a_foreign_linker_is_refused()?;
            PASSED
        }),
    ]
}

/// Files below `dir` by relative path; a link with where it points to.
fn files_below(dir: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            let name = path.strip_prefix(dir)?.display().to_string();
            if path.is_symlink() {
                found.push(format!("{name} -> {}", fs::read_link(&path)?.display()));
            } else if path.is_dir() {
                folders.push(path);
            } else {
                found.push(name);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn layout(prefix: &Path) -> Result<()> {
    let found = files_below(prefix)?;
    let missing: Vec<_> = LAYOUT.iter().filter(|f| !found.iter().any(|g| g == *f)).collect();
    ensure!(missing.is_empty(), "missing in {}: {missing:?}", prefix.display());
    let extra: Vec<_> = found.iter().filter(|f| !LAYOUT.contains(&f.as_str())).collect();
    ensure!(extra.is_empty(), "not expected in {}: {extra:?}", prefix.display());
    Ok(())
}

/// A pkg-config that knows `dir` only.
fn pkg_config(sh: &Shell, dir: &Path, args: &str) -> Result<String> {
    debian::install(sh, &["pkgconf"])?;
    let args = args.split_whitespace();
    let text = cmd!(sh, "pkg-config {args...}").env("PKG_CONFIG_LIBDIR", dir).quiet().read()?;
    Ok(text.trim_end().to_owned())
}

/// A copy of a prefix, links included.
fn copy_of(sh: &Shell, prefix: &Path) -> Result<tempfile::TempDir> {
    let dir = tempfile::tempdir()?;
    let to = dir.path();
    cmd!(sh, "cp -a {prefix}/. {to}").quiet().run()?;
    Ok(dir)
}

fn pkg_config_follows_a_moved_prefix(prefix: &Path) -> Result<()> {
    let sh = Shell::new()?;
    let moved = copy_of(&sh, prefix)?;
    let dir = moved.path().join("lib/pkgconfig");
    let asked = |args: &str| pkg_config(&sh, &dir, args);
    for library in &LIBRARIES {
        let name = library.pkg_config;
        asked(&format!("--exists --print-errors {name} = {}", library.version))?;
        ensure!(asked(&format!("--modversion {name}"))? == library.version);
        let ours = asked(&format!("--variable=zcompat_version {name}"))?;
        ensure!(ours == env!("CARGO_PKG_VERSION"), "zcompat_version of {name} is {ours:?}");
        for (variable, below) in [("libdir", "lib"), ("includedir", "include")] {
            let path = asked(&format!("--variable={variable} {name}"))?;
            ensure!(
                fs::canonicalize(&path)? == fs::canonicalize(moved.path().join(below))?,
                "{variable} of {name} is {path}"
            );
        }
        let libs = asked(&format!("--libs {name}"))?;
        ensure!(libs.split_whitespace().last() == Some(library.link), "libs of {name}: {libs}");
        let all = asked(&format!("--static --libs {name}"))?;
        let after: Vec<_> =
            all.split_whitespace().skip_while(|word| *word != library.link).skip(1).collect();
        ensure!(after == ["-pthread"], "static libs of {name}: {all}");
    }
    let program = moved.path().join("both");
    compile(&sh, &dir, "--cflags --libs zlib libzstd", &[], &program)?;
    run_on(&sh, &program, &moved.path().join("lib"))
}

/// Compiles capi-tests/static/both.c with what pkg-config answers to `question`.
fn compile(sh: &Shell, dir: &Path, question: &str, flags: &[&str], program: &Path) -> Result<()> {
    let source = paths::root().join("capi-tests/static/both.c");
    let answer = pkg_config(sh, dir, question)?;
    let answer = answer.split_whitespace();
    cmd!(sh, "cc -Wall -Wextra -Werror {source} -o {program} {flags...} {answer...}")
        .quiet()
        .run()
        .map_err(Into::into)
}

fn run_on(sh: &Shell, program: &Path, lib: &Path) -> Result<()> {
    let text =
        cmd!(sh, "{program}").env("LD_LIBRARY_PATH", lib).env("LD_BIND_NOW", "1").quiet().read()?;
    let wanted = format!("zcompat {}, zlib 1.3.2, zstd 1.5.7", env!("CARGO_PKG_VERSION"));
    ensure!(text == wanted, "{} says {text:?}", program.display());
    Ok(())
}

fn other_libdirs() -> Result<()> {
    let sh = Shell::new()?;
    for libdir in ["lib64", "lib/x86_64-linux-gnu", "lib/own"] {
        let dir = tempfile::tempdir()?;
        let prefix = dir.path().to_path_buf();
        install(&sh, &Args { prefix: prefix.clone(), libdir: libdir.into(), hwcaps: false })?;
        let lib = prefix.join(libdir);
        let program = prefix.join("both");
        compile(&sh, &lib.join("pkgconfig"), "--cflags --libs zlib libzstd", &[], &program)?;
        run_on(&sh, &program, &lib)?;
        // A folder that CMake does not know has to be named to it.
        match libdir {
            "lib/own" => cmake(&sh, &lib.join("cmake"), &["config"])?,
            _ => cmake(&sh, &prefix, &["config", "module"])?,
        }
    }
    Ok(())
}

fn cmake(sh: &Shell, prefix: &Path, modes: &[&str]) -> Result<()> {
    let source = paths::root().join("capi-tests/cmake");
    for &mode in modes {
        let dir = tempfile::tempdir()?;
        let build = dir.path();
        let configure = cmd!(sh, "cmake -S {source} -B {build} -DMODE={mode}")
            .arg(format!("-DCMAKE_PREFIX_PATH={}", prefix.display()))
            .arg("-Wno-dev")
            .quiet()
            .ignore_status()
            .output()?;
        ensure!(
            configure.status.success(),
            "cmake in {mode} mode: {}",
            String::from_utf8_lossy(&configure.stderr)
        );
        cmd!(sh, "cmake --build {build}").quiet().ignore_stdout().run()?;
        for name in ["shared", "default", "static"] {
            let program = build.join(name);
            if mode == "module" && name == "static" {
                continue;
            }
            // CMake puts the library folder in the program's run path.
            let text = cmd!(sh, "{program}").quiet().read()?;
            ensure!(text.starts_with("zcompat "), "{name}: {text}");
            let needed = needed(sh, &program)?;
            let ours = needed.iter().filter(|n| LIBRARIES.iter().any(|l| n == &l.soname)).count();
            ensure!(ours == if name == "static" { 0 } else { 2 }, "{name} needs {needed:?}");
        }
    }
    Ok(())
}

/// The shared libraries that a program names.
fn needed(sh: &Shell, program: &Path) -> Result<Vec<String>> {
    let text = cmd!(sh, "readelf -dW {program}").quiet().read()?;
    let lines = text.lines().filter(|line| line.contains("(NEEDED)"));
    Ok(lines.filter_map(|l| Some(l.split_once('[')?.1.trim_end_matches(']').to_owned())).collect())
}

/// Programs that have both archives in them, and a third of Rust, by this linker.
fn static_programs(sh: &Shell, prefix: &Path, linker: &str) -> Result<()> {
    let copy = copy_of(sh, prefix)?;
    let lib = copy.path().join("lib");
    // Without the shared libraries, -lz and -lzstd are the archives.
    for library in &LIBRARIES {
        fs::remove_file(lib.join(format!("{}.so", library.stem)))?;
    }
    let fuse = format!("-fuse-ld={linker}");
    let dir = lib.join("pkgconfig");
    let program = copy.path().join("program");
    for question in
        ["--cflags --static --libs zlib libzstd", "--cflags --static --libs libzstd zlib"]
    {
        for flags in
            [vec![fuse.as_str()], vec![&fuse, "-static"], vec![&fuse, "-static-pie", "-fPIE"]]
        {
            compile(sh, &dir, question, &flags, &program)?;
            let found = needed(sh, &program)?;
            let others: Vec<_> =
                found.iter().filter(|n| *n != "libc.so.6" && !n.starts_with("ld-linux")).collect();
            ensure!(others.is_empty(), "{flags:?}: the program needs {others:?}");
            ensure!(flags.len() == 1 || found.is_empty(), "{flags:?}: needs {found:?}");
            run_on(sh, &program, Path::new("/nonexistent"))?;
        }
    }

    let sources = paths::root().join("capi-tests/static");
    let other = copy.path().join("libother.a");
    cmd!(sh, "rustc --edition 2024 -O --crate-type staticlib {sources}/other.rs -o {other}")
        .quiet()
        .run()?;
    let include = copy.path().join("include");
    for order in [["-lz", "-lzstd", "-lother"], ["-lother", "-lzstd", "-lz"]] {
        cmd!(sh, "cc {fuse} -I {include} {sources}/three.c -o {program} -L {lib}")
            .arg("-L")
            .arg(copy.path())
            .args(order)
            .args(["-lgcc_s", "-pthread", "-lm", "-ldl"])
            .quiet()
            .run()?;
        let text = cmd!(sh, "{program}").quiet().ignore_stderr().read()?;
        ensure!(text == env!("CARGO_PKG_VERSION"), "three: {text}");
    }
    Ok(())
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

/// What a packager does: unpack the source somewhere, `cargo cinstall`, with crates somewhere else.
/// The libraries must be the same, byte for byte, as those that `cargo xtask install` has put in
/// `prefix`.
fn plain_cinstall_elsewhere(prefix: &Path) -> Result<()> {
    let sh = Shell::new()?;
    let cinstall = cargo_c::cinstall(&sh)?;
    let dir = tempfile::Builder::new().prefix("zcompat, elsewhere ").tempdir()?;
    let root = dir.path().join("source");
    copy_of_the_workspace(&root)?;
    let plain = dir.path().join("prefix");
    let cargo_home = cargo_home_elsewhere(dir.path())?;
    let _dir = sh.push_dir(&root);
    cmd!(sh, "{cinstall} cinstall --prefix={plain} --libdir=lib")
        .env("CARGO_HOME", &cargo_home)
        .env_remove("CARGO_TARGET_DIR")
        .env_remove("CARGO_BUILD_TARGET_DIR")
        .quiet()
        .run()?;
    let ours = libraries_in(&prefix.join("lib"))?;
    let theirs = libraries_in(&plain.join("lib"))?;
    let differing: Vec<_> = ours.keys().filter(|name| ours[*name] != theirs[*name]).collect();
    if !differing.is_empty() {
        let kept = dir.keep();
        anyhow::bail!("{differing:?} differ from those in {}", kept.join("prefix/lib").display());
    }
    layout(&plain)?;
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

/// rustc links by LLD unless told otherwise; distributions tell it otherwise.
fn gnu_ld_gives_the_same_symbols() -> Result<()> {
    let sh = Shell::new()?;
    let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
    let build = Build::run(
        &sh,
        &paths::target().join("gnu-ld"),
        &[],
        &[("RUSTFLAGS", format!("{flags} -Clinker-features=-lld").trim_start().to_owned())],
    )?;
    for library in &LIBRARIES {
        let file = build.staged("lib").join(library.file());
        exports_are_right(&sh, library, &file)?;
        let comment = cmd!(sh, "readelf -p .comment {file}").quiet().read()?;
        ensure!(!comment.contains("LLD"), "{} was linked by LLD: {comment}", file.display());
    }
    Ok(())
}

/// What link/cc hands to the compiler, by a compiler that only says what it was given.
fn linker_wrapper_arguments() -> Result<()> {
    let sh = Shell::new()?;
    let dir = tempfile::Builder::new().prefix("a b, c").tempdir()?;
    let compiler = dir.path().join("cc");
    fs::write(&compiler, "#!/bin/sh\nprintf '%s\\n' \"$@\"\n")?;
    fs::set_permissions(&compiler, fs::Permissions::from_mode(0o755))?;
    let wrapper = paths::root().join("link/cc");
    let run = |args: &[&str]| -> Result<Vec<String>> {
        let text = cmd!(sh, "{wrapper} {args...}").env("ZCOMPAT_CC", &compiler).quiet().read()?;
        Ok(text.lines().map(str::to_owned).collect())
    };

    let other = ["-o", "prog ram", "-Wl,--version-script=/t/list", "-lgcc_s"];
    ensure!(run(&other)? == other, "the arguments for another program were changed");

    let output = dir.path().join("libz.so").display().to_string();
    let ours = [
        "-Wl,--version-script=/t/list",
        "a b.o",
        "-Wl,--no-undefined-version",
        "-Xlinker",
        "--version-script=/t,t/list",
        "-Xlinker",
        "--kept",
        "-lgcc_s",
        "-Wl,-soname,libz.so.1",
        "-o",
        &output,
    ];
    let wanted =
        ["a b.o", "-Xlinker", "--kept", "-lgcc_eh", "-Wl,-soname,libz.so.1", "-o", &output];
    let given = run(&ours)?;
    ensure!(given.starts_with(&wanted.map(str::to_owned)), "link/cc gives {given:?}");
    let map = paths::root().join("link/../include/libz.map");
    let script = format!("--version-script={}", map.display());
    let scripts: Vec<_> = given.iter().filter(|arg| arg.contains("--version-script")).collect();
    ensure!(scripts == [&script], "version scripts: {scripts:?}");
    let asked = given.iter().filter(|arg| arg.starts_with("-Wl,-u,")).count();
    ensure!(asked == LIBRARIES[0].exports()?.len(), "{asked} symbols are asked for");

    // The same through a file, as rustc writes one when the command line is too long.
    let file = dir.path().join("args");
    let escaped: String =
        ours.iter().map(|arg| arg.replace('\\', "\\\\").replace(' ', "\\ ") + "\n").collect();
    fs::write(&file, escaped)?;
    let by_file = run(&[&format!("@{}", file.display())])?;
    ensure!(by_file == given, "by a file link/cc gives {by_file:?}");
    Ok(())
}

/// Runs this very program and wants it to fail with one line on stderr that holds `wanted`.
fn fails_with_one_line(sh: &Shell, args: &[&str], path: Option<&Path>, wanted: &str) -> Result<()> {
    let xtask = std::env::current_exe()?;
    let mut command = cmd!(sh, "{xtask} {args...}").quiet().ignore_status();
    if let Some(path) = path {
        command = command.env("PATH", path);
    }
    let out = command.output()?;
    let text = String::from_utf8_lossy(&out.stderr);
    ensure!(!out.status.success(), "{args:?} did not fail");
    ensure!(
        text.trim_end().lines().count() == 1 && text.contains(wanted),
        "{args:?} says:\n{text}\nwanted one line with {wanted:?}"
    );
    Ok(())
}

fn bad_input_gets_one_line() -> Result<()> {
    let sh = Shell::new()?;
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("file");
    fs::write(&file, "")?;
    let file = file.display().to_string();
    fails_with_one_line(&sh, &["install", "--prefix", &file], None, &file)?;
    fails_with_one_line(&sh, &["install", "--prefix", "/proc/zcompat"], None, "/proc/zcompat")?;
    fails_with_one_line(&sh, &["install", "--libdir", "../up"], None, "--libdir")?;
    fails_with_one_line(&sh, &["install", "--frobnicate"], None, "--frobnicate")?;
    fails_with_one_line(&sh, &["frobnicate"], None, "frobnicate")?;

    // A PATH without a linker, then without any tool.
    let bin = dir.path().join("bin");
    fs::create_dir(&bin)?;
    let prefix = dir.path().join("prefix").display().to_string();
    fails_with_one_line(&sh, &["install", "--prefix", &prefix], Some(&bin), "missing: cc")?;
    symlink("/bin/true", bin.join("cc"))?;
    fails_with_one_line(&sh, &["install", "--prefix", &prefix], Some(&bin), "missing: ld")
}

/// A build that does not go through link/cc would be a library without versions.
fn a_foreign_linker_is_refused() -> Result<()> {
    let sh = Shell::new()?;
    let cinstall = cargo_c::cinstall(&sh)?;
    let dir = tempfile::tempdir()?;
    let _dir = sh.push_dir(paths::root());
    let (target, prefix) = (dir.path().join("target"), dir.path().join("prefix"));
    let variable = format!("CARGO_TARGET_{}_UNKNOWN_LINUX_GNU_LINKER", std::env::consts::ARCH);
    let out = cmd!(sh, "{cinstall} cinstall --release --package libz --target-dir {target}")
        .arg(format!("--prefix={}", prefix.display()))
        .env(variable.to_uppercase(), "gcc")
        .quiet()
        .ignore_status()
        .output()?;
    let text = String::from_utf8_lossy(&out.stderr);
    ensure!(!out.status.success(), "a build with gcc as its linker went through");
    ensure!(text.contains("must be linked through link/cc"), "cargo says: {text}");
    ensure!(!prefix.exists(), "something was installed");
    Ok(())
}
