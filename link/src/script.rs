//! The build scripts of libz and libzstd.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::{env, fs};

use crate::linker::{self, MARK, NAME, PROBE, Settings};

/// The `main` of a build script, for the library `stem`: `compile` is its own part.
///
/// Called by the driver under the linker's name, the same program links.
pub fn run(stem: &str, compile: impl FnOnce() -> Result<(), String>) -> ExitCode {
    let mut args = env::args_os();
    let program = PathBuf::from(args.next().unwrap_or_default());
    if program.file_name() == Some(OsStr::new(NAME)) {
        return linker::run(&program, args.collect());
    }
    println!("cargo::rerun-if-changed=build.rs");
    // Only what cargo-c builds is for C.
    if env::var_os("CARGO_FEATURE_CAPI").is_none() {
        return ExitCode::SUCCESS;
    }
    crate::compile::without_lto();
    let done = supported_target(&variable("TARGET"))
        .and_then(|()| compile())
        .and_then(|()| set_up_the_linker(stem));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            // cargo prints it as the error of this package.
            println!("cargo::error={}", why.replace('\n', " "));
            ExitCode::FAILURE
        }
    }
}

/// Copies files to where cargo-c finds what to install: `capi/TO` below `OUT_DIR`.
///
/// The copies can be written over by a later build, also where the source cannot.
///
/// # Errors
/// A file cannot be read or written.
pub fn install(from: impl AsRef<Path>, to: &str, names: &[&str]) -> Result<(), String> {
    let to = PathBuf::from(variable("OUT_DIR")).join("capi").join(to);
    fs::create_dir_all(&to).map_err(|e| format!("{}: {e}", to.display()))?;
    for name in names {
        let file = from.as_ref().join(name);
        println!("cargo::rerun-if-changed={}", file.display());
        fs::read(&file)
            .and_then(|bytes| fs::write(to.join(name), bytes))
            .map_err(|e| format!("{}: {e}", file.display()))?;
    }
    Ok(())
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}

/// Other systems have other linkers, sonames and lists of symbols.
fn supported_target(target: &str) -> Result<(), String> {
    let mut parts = target.split('-');
    let (arch, rest) = (parts.next().unwrap_or(""), parts.skip(1).collect::<Vec<_>>());
    match (arch, &rest[..]) {
        ("x86_64" | "aarch64", ["linux", "gnu"]) => Ok(()),
        (_, ["linux", libc]) if libc.starts_with("musl") => Err(format!(
            "{target}: musl is not supported: rustc makes no shared libraries for it by default, and \
             the symbols and versions of these are those of libraries for glibc"
        )),
        _ => Err(format!(
            "{target} is not supported: x86_64-unknown-linux-gnu and aarch64-unknown-linux-gnu are"
        )),
    }
}

fn set_up_the_linker(stem: &str) -> Result<(), String> {
    let root = PathBuf::from(variable("CARGO_MANIFEST_DIR"));
    let root = root.parent().unwrap_or(&root);
    let include = root.join("include");
    for kind in ["map", "exports"] {
        println!("cargo::rerun-if-changed={}", include.join(format!("{stem}.{kind}")).display());
    }
    let flags = Flags::parse(&variable("CARGO_ENCODED_RUSTFLAGS"));
    flags.usable()?;
    let driver = Driver {
        program: flags.linker.or(env::var("RUSTC_LINKER").ok()).unwrap_or("cc".into()),
        root: root.to_owned(),
    };
    driver.is_for(&variable("CARGO_CFG_TARGET_ARCH"), flags.other_target)?;

    let dir = PathBuf::from(variable("OUT_DIR")).join("linker");
    let told = |path: &Path, e: std::io::Error| format!("{}: {e}", path.display());
    fs::create_dir_all(&dir).map_err(|e| told(&dir, e))?;
    let program = dir.join(NAME);
    let this = env::current_exe().map_err(|e| e.to_string())?;
    fs::remove_file(&program).ok();
    fs::hard_link(&this, &program)
        .or_else(|_| fs::copy(&this, &program).map(drop))
        .map_err(|e| told(&program, e))?;
    Settings {
        stem: stem.to_owned(),
        include,
        ld: driver.gnu_ld()?,
        objcopy: driver.tool("objcopy"),
        ar: cc::Build::new().get_archiver().get_program().into(),
        libgcc_eh: driver.answer("-print-file-name=libgcc_eh.a").into(),
        arch: variable("CARGO_CFG_TARGET_ARCH"),
    }
    .write(&dir)?;
    driver.calls(&dir)?;

    // LDFLAGS of a packager first: what the library needs comes after it.
    println!("cargo::rerun-if-env-changed=LDFLAGS");
    for flag in variable("LDFLAGS").split_whitespace() {
        println!("cargo::rustc-cdylib-link-arg={flag}");
    }
    for option in driver_options(&dir) {
        println!("cargo::rustc-cdylib-link-arg={option}");
    }
    println!("cargo::rustc-cdylib-link-arg=-Wl,{MARK}");
    if !variable("RUSTC_WRAPPER").ends_with("link/rustc") {
        // Of the libraries only the paths in panic texts change.
        println!(
            "cargo::warning=rustc does not run through link/rustc, which .cargo/config.toml names: \
             Libs.private of {stem}.pc will be cargo-c's, with which -static links may fail"
        );
    }
    Ok(())
}

/// What makes gcc and clang call the linker in `dir`, whatever they were told before.
fn driver_options(dir: &Path) -> [String; 2] {
    [format!("-B{}", dir.display()), "-fuse-ld=bfd".into()]
}

/// What of `RUSTFLAGS`, wherever it was set, has to do with linking.
#[derive(Debug, Default, PartialEq, Eq)]
struct Flags {
    linker: Option<String>,
    flavor: Option<String>,
    plugin_lto: bool,
    other_target: bool,
}

impl Flags {
    /// Reads flags as cargo hands them to build scripts.
    fn parse(encoded: &str) -> Flags {
        let mut out = Flags::default();
        let mut words = encoded.split('\u{1f}');
        while let Some(word) = words.next() {
            let option = match word {
                "-C" | "--codegen" => words.next().unwrap_or(""),
                _ => match word.strip_prefix("-C").or(word.strip_prefix("--codegen=")) {
                    Some(option) => option,
                    None => continue,
                },
            };
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            match name {
                "linker" => out.linker = Some(value.to_owned()),
                "linker-flavor" => out.flavor = Some(value.to_owned()),
                "linker-plugin-lto" => {
                    out.plugin_lto = !["n", "no", "off", "false"].contains(&value)
                }
                "link-arg" | "link-args" => out.other_target |= value.contains("--target="),
                _ => {}
            }
        }
        out
    }

    fn usable(&self) -> Result<(), String> {
        if self.plugin_lto {
            return Err("-Clinker-plugin-lto in RUSTFLAGS: GNU ld, which links these libraries, \
                        cannot read LLVM's intermediate code; leave it out"
                .into());
        }
        match self.flavor.as_deref() {
            None | Some("gcc" | "gnu-cc" | "gnu-lld-cc") => Ok(()),
            Some(flavor) => Err(format!(
                "-Clinker-flavor={flavor} in RUSTFLAGS: these libraries are linked through a C \
                 compiler driver, gcc or clang; leave it out"
            )),
        }
    }
}

/// The C compiler driver that rustc calls to link.
struct Driver {
    program: String,
    /// rustc's working directory, from which a relative name is meant.
    root: PathBuf,
}

impl Driver {
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(&self.root).stdin(Stdio::null());
        command
    }

    /// What it says to a question; empty if it does not know.
    fn answer(&self, question: &str) -> String {
        let out = self.command().arg(question).output();
        let text = out.map(|out| String::from_utf8_lossy(&out.stdout).into_owned());
        text.unwrap_or_default().trim().to_owned()
    }

    /// That it compiles for `arch`.
    fn is_for(&self, arch: &str, told: bool) -> Result<(), String> {
        let found = self.answer("-dumpmachine");
        let other = ["x86_64", "aarch64"].iter().find(|other| **other != arch);
        match other {
            Some(other) if !told && found.starts_with(other) => {
                let variable =
                    format!("CARGO_TARGET_{}_UNKNOWN_LINUX_GNU_LINKER", arch.to_uppercase());
                Err(format!(
                    "the linker is {}, which is for {found}: name a compiler for {arch} in {variable}",
                    self.program
                ))
            }
            _ => Ok(()),
        }
    }

    /// A program of the binutils that it uses.
    fn tool(&self, name: &str) -> PathBuf {
        match self.answer(&format!("-print-prog-name={name}")) {
            path if path.is_empty() => name.into(),
            path => path.into(),
        }
    }

    fn gnu_ld(&self) -> Result<PathBuf, String> {
        let is_gnu = |path: &PathBuf| {
            let out = Command::new(path).arg("--version").output();
            out.is_ok_and(|out| out.stdout.starts_with(b"GNU ld"))
        };
        [NAME, "ld"].map(|name| self.tool(name)).into_iter().find(is_gnu).ok_or_else(|| {
            format!(
                "{} has no GNU ld: install binutils, or for a cross build those of the target",
                self.program
            )
        })
    }

    /// That it calls the linker in `dir`.
    fn calls(&self, dir: &Path) -> Result<(), String> {
        let (called, output) = (dir.join("called"), dir.join("probe.so"));
        fs::remove_file(&called).ok();
        let mut command = self.command();
        command.args(driver_options(dir)).args(["-shared", "-lc", "-o"]).arg(&output);
        let out = command.env(PROBE, &called).output();
        if called.exists() {
            fs::remove_file(&called).ok();
            return Ok(());
        }
        let said = match out {
            Err(e) => e.to_string(),
            Ok(out) => String::from_utf8_lossy(&out.stderr).lines().next().unwrap_or("").to_owned(),
        };
        Err(format!(
            "the linker {:?} does not call the `ld` that -B names, as gcc and clang do; name one of \
             these as rustc's linker, or none ({said})",
            self.program
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets() {
        assert_eq!(supported_target("x86_64-unknown-linux-gnu"), Ok(()));
        assert_eq!(supported_target("aarch64-unknown-linux-gnu"), Ok(()));
        let why = |target| supported_target(target).unwrap_err();
        assert!(
            why("x86_64-unknown-linux-musl")
                .contains("musl is not supported: rustc makes no shared")
        );
        for target in
            ["i686-unknown-linux-gnu", "x86_64-unknown-linux-gnux32", "x86_64-pc-windows-gnu"]
        {
            assert!(why(target).starts_with(&format!("{target} is not supported")), "{target}");
        }
    }

    #[test]
    fn the_last_linker_in_the_flags_counts() {
        let parse = |words: &[&str]| Flags::parse(&words.join("\u{1f}"));
        assert_eq!(parse(&[]), Flags::default());
        let linker = |words: &[&str]| parse(words).linker;
        assert_eq!(linker(&["-Clinker=cc"]).as_deref(), Some("cc"));
        assert_eq!(linker(&["-C", "linker=a b", "-O"]).as_deref(), Some("a b"));
        assert_eq!(linker(&["--codegen=linker=x"]).as_deref(), Some("x"));
        assert_eq!(linker(&["--codegen", "linker=x", "-Clinker=y"]).as_deref(), Some("y"));
        assert_eq!(linker(&["-Clinker-features=-lld", "-Copt-level=3"]), None);
        assert!(parse(&["-Clink-arg=--target=aarch64-linux-gnu"]).other_target);
    }

    #[test]
    fn flags_that_cannot_work_are_refused() {
        let usable = |flag: &str| Flags::parse(flag).usable();
        assert_eq!(usable("-Clinker-flavor=gnu-lld-cc"), Ok(()));
        assert_eq!(usable("-Clinker-plugin-lto=no"), Ok(()));
        assert!(usable("-Clinker-flavor=ld.lld").unwrap_err().contains("linker-flavor=ld.lld"));
        assert!(usable("-Clinker-plugin-lto").unwrap_err().contains("leave it out"));
    }
}
