//! What packagers and the people who build on the libraries rely on: the layout of a prefix,
//! pkg-config, CMake, static linking. How they build is in `builds`.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use libtest_mimic::{Completion, Trial};
use xshell::{Shell, cmd};

use base::library::LIBRARIES;
use base::{debian, glibc, paths};
use check::{PASSED, Setup, check, skip};
use install::engine::Engine;
use install::{Args, install};
use link::elf::Elf;

/// What an install puts below the prefix.
pub const LAYOUT: [&str; 21] = [
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
    let mut trials = vec![
        check("packaging::layout", move || {
            layout(prefix)?;
            PASSED
        }),
        check("packaging::glibc_of_debian_11", move || {
            for library in &LIBRARIES {
                let file = prefix.join("lib").join(library.file());
                let needed = glibc::needed(&file)?;
                ensure!(needed.len() > 10, "{} needs {needed:?}", file.display());
                let newer = glibc::too_new(&needed);
                ensure!(newer.is_empty(), "{} needs {newer:?}", file.display());
            }
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
            // FetchContent asks find_package from 3.24 on.
            let version = cmd!(sh, "cmake --version").quiet().read()?;
            let minor = version.split('.').nth(1).and_then(|text| text.parse().ok());
            if version.starts_with("cmake version 3.") && minor < Some(24_u32) {
                return skip("cmake is too old for FetchContent to take what is there");
            }
            cmake(&sh, prefix, &["fetch"])?;
            PASSED
        }),
        check("packaging::meson", move || {
            let sh = Shell::new()?;
            if let Err(why) = debian::install(&sh, &["cmake", "meson", "ninja-build", "pkgconf"]) {
                return skip(format!("{why:#}"));
            }
            for method in ["pkg-config", "cmake"] {
                meson(&sh, prefix, method)?;
            }
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
        check("packaging::bad_input_gets_one_line", || {
            bad_input_gets_one_line()?;
            PASSED
        }),
    ];
    if setup.full {
        trials.push(check("packaging::bazel", move || bazel(prefix)));
    }
    trials
}

/// Files below `dir` by relative path; a link with where it points to.
pub fn files_below(dir: &Path) -> Result<Vec<String>> {
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

pub fn layout(prefix: &Path) -> Result<()> {
    let found = files_below(prefix)?;
    let missing: Vec<_> = LAYOUT.iter().filter(|f| !found.iter().any(|g| g == *f)).collect();
    ensure!(missing.is_empty(), "missing in {}: {missing:?}", prefix.display());
    let extra: Vec<_> = found.iter().filter(|f| !LAYOUT.contains(&f.as_str())).collect();
    ensure!(extra.is_empty(), "not expected in {}: {extra:?}", prefix.display());
    Ok(())
}

/// A pkg-config that knows `dir` only.
pub fn pkg_config(sh: &Shell, dir: &Path, args: &str) -> Result<String> {
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
        install(
            &sh,
            &Args {
                prefix: Some(prefix.clone()),
                engine: Engine::Own,
                libdir: libdir.into(),
                hwcaps: false,
            },
        )?;
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
            let needed = Elf::read(&program)?.needed;
            let ours = needed.iter().filter(|n| LIBRARIES.iter().any(|l| n == &l.soname)).count();
            ensure!(ours == if name == "static" { 0 } else { 2 }, "{name} needs {needed:?}");
        }
    }
    Ok(())
}

/// A project that asks Meson for both libraries, which finds them by `method`.
fn meson(sh: &Shell, prefix: &Path, method: &str) -> Result<()> {
    let source = paths::root().join("capi-tests/meson");
    let dir = tempfile::tempdir()?;
    let build = dir.path();
    let setup = cmd!(sh, "meson setup {build} {source} -Dmethod={method}")
        .env("PKG_CONFIG_LIBDIR", prefix.join("lib/pkgconfig"))
        .env("CMAKE_PREFIX_PATH", prefix)
        .quiet()
        .ignore_status()
        .output()?;
    let said = String::from_utf8_lossy(&setup.stdout);
    ensure!(setup.status.success(), "meson by {method}: {said}");
    cmd!(sh, "ninja -C {build}").quiet().ignore_stdout().run()?;
    run_on(sh, &build.join("both"), &prefix.join("lib"))
}

/// A project that has the prefix as a repository, without a network: Debian's Bazel, which is 4.2.
fn bazel(prefix: &Path) -> Result<Completion> {
    let sh = Shell::new()?;
    let packages = ["bazel-bootstrap", "bazel-rules-java", "bazel-rules-proto"];
    if let Err(why) = debian::install(&sh, &packages) {
        return skip(format!("{why:#}"));
    }
    let dir = tempfile::tempdir()?;
    let (project, rules) = (dir.path().join("project"), dir.path().join("rules_cc"));
    fs::create_dir_all(&project)?;
    fs::create_dir_all(rules.join("cc"))?;
    let files = paths::root().join("capi-tests");
    for (from, to) in [
        (files.join("bazel/programs.BUILD"), project.join("BUILD")),
        (files.join("static/both.c"), project.join("both.c")),
        (paths::root().join("packaging/bazel/zcompat.BUILD"), project.join("zcompat.BUILD")),
        (files.join("bazel/rules.bzl"), rules.join("cc/defs.bzl")),
    ] {
        fs::copy(&from, to).with_context(|| from.display().to_string())?;
    }
    for empty in ["WORKSPACE", "cc/BUILD"] {
        fs::write(rules.join(empty), "")?;
    }
    let path = prefix.display();
    let about = format!("name = \"zcompat\", path = \"{path}\", build_file = \"zcompat.BUILD\"");
    fs::write(project.join("WORKSPACE"), format!("new_local_repository({about})\n"))?;

    let _dir = sh.push_dir(&project);
    let user = dir.path().join("user");
    let mut build = cmd!(sh, "bazel --batch --output_user_root={user} build")
        .args(["--spawn_strategy=local", "--jobs=2", "//:static", "//:shared"])
        .arg(format!("--override_repository=rules_cc={}", rules.display()));
    for name in ["java", "proto"] {
        let rules = format!("rules_{name}=/usr/share/bazel/rules/{name}");
        build = build.arg(format!("--override_repository={rules}"));
    }
    let out = build.quiet().ignore_status().output()?;
    ensure!(out.status.success(), "bazel: {}", String::from_utf8_lossy(&out.stderr));
    for (name, ours) in [("static", 0), ("shared", 2)] {
        let program = project.join("bazel-bin").join(name);
        run_on(&sh, &program, Path::new("/nonexistent"))?;
        let needed = Elf::read(&program)?.needed;
        let found = needed.iter().filter(|n| LIBRARIES.iter().any(|l| n == &l.soname)).count();
        ensure!(found == ours, "{name} needs {needed:?}");
    }
    PASSED
}

/// Programs that have both archives in them, and a third of Rust, by this linker.
pub fn static_programs(sh: &Shell, prefix: &Path, linker: &str) -> Result<()> {
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
            let found = Elf::read(&program)?.needed;
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

/// Runs `cargo xtask` and wants it to fail with one line on stderr that holds `wanted`.
fn fails_with_one_line(sh: &Shell, args: &[&str], path: Option<&Path>, wanted: &str) -> Result<()> {
    let xtask = base::command::xtask()?;
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
