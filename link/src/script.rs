//! The build scripts of libz and libzstd.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::{env, fs};

use crate::check::{self, Flags, Target};
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
    let done = check::target(&Target::of_cargo())
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

fn set_up_the_linker(stem: &str) -> Result<(), String> {
    let root = PathBuf::from(variable("CARGO_MANIFEST_DIR"));
    let root = root.parent().unwrap_or(&root);
    let include = root.join("include");
    for kind in ["map", "exports"] {
        println!("cargo::rerun-if-changed={}", include.join(format!("{stem}.{kind}")).display());
    }
    let flags = Flags::parse(&variable("CARGO_ENCODED_RUSTFLAGS"));
    flags.usable()?;
    let target = Target::of_cargo();
    let driver = Driver {
        program: flags.linker.or(env::var("RUSTC_LINKER").ok()).unwrap_or("cc".into()),
        root: root.to_owned(),
        // One for x86-64 may be one for i686, too; rustc asks it in the same way.
        options: if target.arch == "x86" { &["-m32"] } else { &[] },
    };
    if !flags.other_target {
        check::compiler(&driver.program, &driver.answer("-dumpmachine"), &target)?;
    }

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
        unwinder: unwinder(&driver, &target),
        libgcc: libgcc(&driver, &target),
        arch: target.arch,
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

/// The static unwinder: gcc's own or, where gcc is one for glibc whose unwinder asks glibc's loader, the
/// one that rustc brings for musl.
fn unwinder(driver: &Driver, target: &Target) -> PathBuf {
    let of_rustc = || {
        let asked = ["--print", "target-libdir", "--target", &target.triple];
        let out = Command::new(variable("RUSTC")).args(asked).output().ok()?;
        let dir = String::from_utf8(out.stdout).ok()?;
        let file = Path::new(dir.trim()).join("self-contained/libunwind.a");
        file.exists().then_some(file)
    };
    let own = || driver.answer("-print-file-name=libgcc_eh.a").into();
    let for_glibc = driver.answer("-dumpmachine").contains("gnu");
    if target.env == "musl" && for_glibc { of_rustc().unwrap_or_else(own) } else { own() }
}

/// The compiler's own library. musl-gcc, which is gcc with musl's folders in place of all others, does
/// not tell the linker where that is.
fn libgcc(driver: &Driver, target: &Target) -> PathBuf {
    let file = PathBuf::from(driver.answer("-print-libgcc-file-name"));
    if target.env == "musl" && file.is_absolute() { file } else { "-lgcc".into() }
}

/// What makes gcc and clang call the linker in `dir`, whatever they were told before.
fn driver_options(dir: &Path) -> [String; 2] {
    [format!("-B{}", dir.display()), "-fuse-ld=bfd".into()]
}

/// The C compiler driver that rustc calls to link.
struct Driver {
    program: String,
    /// rustc's working directory, from which a relative name is meant.
    root: PathBuf,
    /// What it is always given.
    options: &'static [&'static str],
}

impl Driver {
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(self.options).current_dir(&self.root).stdin(Stdio::null());
        command
    }

    /// What it says to a question; empty if it does not know.
    fn answer(&self, question: &str) -> String {
        let out = self.command().arg(question).output();
        let text = out.map(|out| String::from_utf8_lossy(&out.stdout).into_owned());
        text.unwrap_or_default().trim().to_owned()
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
