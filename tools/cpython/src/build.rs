//! Builds CPython on the libraries, found through pkg-config and loaded through an rpath.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use indicatif::ProgressBar;
use xshell::{Shell, cmd};

use super::interpreter::Interpreter;
use super::patches;
use super::source::Source;
use base::{debian, paths};
use install::engine::Engine;

/// What CPython needs to have all the modules that the tests use.
const PACKAGES: [&str; 10] = [
    "gcc",
    "make",
    "pkg-config",
    "git",
    "libbz2-dev",
    "libffi-dev",
    "liblzma-dev",
    "libsqlite3-dev",
    "libssl-dev",
    "uuid-dev",
];

/// How to build.
pub struct Options {
    /// Whose functions make and read deflate streams in libz.
    pub engine: Engine,
    /// Whether to apply the patches of cpython-patch/.
    pub patched: bool,
    /// `make -j`.
    pub jobs: usize,
}

/// Builds `source` once for each set of options and patches; later calls return what is there.
pub fn build(sh: &Shell, source: &Source, options: &Options) -> Result<Interpreter> {
    let patches = if options.patched { patches::series(&source.series())? } else { Vec::new() };
    let kind = if patches.is_empty() { "plain" } else { "patched" };
    let engine = options.engine.suffix("-");
    let tree = paths::target().join("cpython").join(format!("{}-{kind}{engine}", source.version));
    let name = format!("CPython {} {kind}{engine}", source.version);
    let prefix = options.engine.prefix();
    let interpreter = Interpreter::host(&name, tree.join("python"));

    // What the build is made from; the libraries themselves are loaded at run time.
    let mut stamp =
        format!("{}\n{}\n{}\n", source.dir.display(), source.fingerprint()?, prefix.display());
    for patch in &patches {
        stamp += &fs::read_to_string(patch)?;
    }
    if fs::read_to_string(tree.join(".zcompat-built")).is_ok_and(|built| built == stamp) {
        return Ok(interpreter);
    }

    debian::install(sh, &PACKAGES)?;
    let _ = fs::remove_dir_all(&tree);
    fs::create_dir_all(&tree)?;
    let from = &source.dir;
    cmd!(sh, "cp -a {from}/. {tree}").quiet().run()?;
    if tree.join("Makefile").exists() {
        // Somebody built in the folder: none of those objects must be taken over.
        cmd!(sh, "make -C {tree} distclean").quiet().ignore_stdout().ignore_stderr().run()?;
    }
    if options.patched && patches.is_empty() {
        println!("no patches for CPython {}: built as it is", source.version);
    }
    patches::apply(sh, &tree, &patches).with_context(|| {
        format!("CPython {} is not what the patches are for: --unpatched", source.version)
    })?;
    for patch in &patches {
        let patch = patch.file_name().unwrap_or_default().to_string_lossy();
        println!("applied {patch}");
    }

    let lib = prefix.join("lib");
    let mut configure = std::process::Command::new("./configure");
    configure
        .env("PKG_CONFIG_PATH", lib.join("pkgconfig"))
        // DT_RUNPATH, so that LD_LIBRARY_PATH can still put other libraries under it.
        .env("LDFLAGS", format!("-Wl,-rpath,{},--enable-new-dtags", lib.display()));
    if !patches.is_empty() {
        configure.arg("--with-zcompat");
    }
    step(&tree, &format!("{name}: configure"), configure)?;
    let jobs = options.jobs;
    let mut make = std::process::Command::new("make");
    make.arg(format!("-j{jobs}"));
    step(&tree, &format!("{name}: make -j{jobs}"), make)?;
    fs::write(tree.join(".zcompat-built"), stamp)?;
    Ok(interpreter)
}

/// Runs one long command in `tree`, its output in a log there and its last line on the screen.
fn step(tree: &Path, what: &str, mut command: std::process::Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().trim_start_matches("./").to_owned();
    let log = tree.join(format!("zcompat-{program}.log"));
    let file = File::create(&log)?;
    // The flags of this workspace are for its own C code.
    for name in ["CFLAGS", "CPPFLAGS", "CPATH", "CFLAGS_x86_64_unknown_linux_gnu"] {
        command.env_remove(name);
    }
    let bar = ProgressBar::new_spinner().with_message(what.to_owned());
    bar.enable_steady_tick(Duration::from_millis(200));
    let status = command
        .current_dir(tree)
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file)
        .status()
        .with_context(|| format!("{what}: {program} cannot be run"))?;
    let seconds = bar.elapsed().as_secs();
    bar.finish_and_clear();
    let last = last_error(&log);
    ensure!(status.success(), "{what} failed: {last} (all of it in {})", log.display());
    println!("{what}: {seconds} s");
    Ok(())
}

/// The line of a log that says why a step failed.
fn last_error(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let telling = text.lines().rev().find(|l| l.contains("error:") || l.contains("Error "));
    telling.or_else(|| text.lines().last()).unwrap_or("no output").to_owned()
}

/// Where `make install` of a tree would look for the summary of the extension modules.
pub fn summary(interpreter: &Interpreter) -> Option<String> {
    let log: PathBuf = interpreter.program.with_file_name("zcompat-make.log");
    let text = fs::read_to_string(log).ok()?;
    text.lines().find(|l| l.contains("from zcompat ")).map(str::to_owned)
}
