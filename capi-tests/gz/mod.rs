//! The gz functions: traces of random calls beside stock zlib's, faults, and what differs from
//! stock on purpose (docs/gz.md).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use libtest_mimic::{Completion, Trial};
use tempfile::TempDir;
use xshell::{Shell, cmd};

use super::sanitize::{NO_NIGHTLY, address_sanitizer_libraries};
use base::library::LIBRARIES;
use base::{debian, paths, process};
use check::machine::Machine;
use check::{PASSED, Setup, check, lines, skip};

pub fn trials(setup: &'static Setup) -> Vec<Trial> {
    let mut trials = vec![
        check("gz::reading_is_stocks", || traces_agree(setup, Mode::Read)),
        check("gz::reading_a_pipe_is_stocks", || traces_agree(setup, Mode::Pipe)),
        check("gz::writing_is_stocks", || traces_agree(setup, Mode::Write)),
        check("gz::forking_is_stocks", || traces_agree(setup, Mode::Fork)),
        check("gz::eight_byte_alignment", || eight_byte_alignment(setup)),
        check("gz::semantics", || semantics(setup)),
        check("gz::large_files", || large_files(setup)),
        check("gz::faults", || faults(setup)),
    ];
    if setup.full {
        trials.push(check("gz::valgrind", || valgrind(setup)));
        trials.push(check("gz::address_sanitizer", address_sanitizer));
    }
    trials
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Read,
    Pipe,
    Write,
    Fork,
}

impl Mode {
    fn name(self) -> &'static str {
        match self {
            Mode::Read => "read",
            Mode::Pipe => "pipe",
            Mode::Write => "write",
            Mode::Fork => "fork",
        }
    }
}

/// Memory starts as zeros: stock reads a field that it never set when it writes.
const ZEROED_MEMORY: &str = "glibc.malloc.perturb=255:glibc.malloc.tcache_count=0";
/// Every free block is seen as free by mallinfo2.
const EXACT_COUNTS: &str = "glibc.malloc.tcache_count=0";
/// Tells semantics.c that malloc is not glibc's, or keeps a cache.
const NO_MEMORY_COUNTS: &str = "ZCOMPAT_TEST_NO_MEMORY_COUNTS";

/// The test programs, built on our headers and library.
struct Lab {
    dir: TempDir,
    /// The folder of our libz.so.1.
    ours: PathBuf,
    machine: Machine,
}

impl Lab {
    fn new(setup: &Setup, programs: &[&str]) -> Result<Lab> {
        Lab::with(setup, programs, &[])
    }

    fn with(setup: &Setup, programs: &[&str], options: &[&str]) -> Result<Lab> {
        let sh = Shell::new()?;
        let dir = tempfile::tempdir()?;
        let prefix = &setup.prefix;
        let machine = setup.machine.clone();
        let cc = machine.cc();
        for name in programs {
            let program = dir.path().join(name);
            let source = paths::root().join(format!("capi-tests/gz/{name}.c"));
            cmd!(sh, "{cc} -D_GNU_SOURCE {options...} -O1 -g -Wall -Wextra -Werror -Wno-unused-function -Wno-unused-result -o {program} {source} -I{prefix}/include -L{prefix}/lib -lz -ldl")
                .quiet()
                .run()?;
        }
        Ok(Lab { ours: prefix.join("lib"), dir, machine })
    }

    /// A new folder to run a program in.
    fn folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.dir.path().join(name);
        fs::create_dir(&folder)?;
        Ok(folder)
    }

    /// Runs a program on the library in `lib`; it must succeed. Returns what it printed.
    fn run(&self, lib: &Path, folder: &Path, tunables: &str, args: &[&str]) -> Result<String> {
        let mut command = self.machine.command(&self.dir.path().join(args[0]));
        command.args(&args[1..]);
        command.env("LD_LIBRARY_PATH", lib).env("GLIBC_TUNABLES", tunables);
        if tunables != EXACT_COUNTS {
            command.env(NO_MEMORY_COUNTS, "1");
        }
        self.finish(&mut command, folder)
    }

    /// What a checker runs: the semantics, and `count` sequences of each trace.
    fn checked_runs(&self, folder: &Path, count: usize) -> Result<[Vec<String>; 4]> {
        let names = names_in(folder)?;
        let trace = |mode: &str, count: usize, names: &[String]| {
            let head = ["trace", mode, "1", &count.to_string()].map(str::to_owned);
            [&head, names].concat()
        };
        Ok([
            vec!["semantics".to_owned()],
            trace("read", count, &names),
            trace("pipe", count, &names),
            trace("write", count / 3, &[]),
        ])
    }

    fn finish(&self, command: &mut Command, folder: &Path) -> Result<String> {
        let done = process::finish(command.current_dir(folder), Duration::from_secs(900))?;
        ensure!(done.status.success(), "{}: {}", process::ending(done.status), done.tail());
        // Lines hold the bytes of files only as hashes; paths are ASCII here.
        String::from_utf8(done.stdout).context("output")
    }
}

fn names_in(folder: &Path) -> Result<Vec<String>> {
    let mut names: Vec<String> = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<_>>()?;
    names.sort();
    Ok(names)
}

/// The same random calls on both libraries print the same lines.
pub fn traces_agree(setup: &Setup, mode: Mode) -> Result<Completion> {
    let lab = Lab::new(setup, &["fixtures", "trace"])?;
    let sh = Shell::new()?;
    let stock = match setup.machine.stock(&sh, &LIBRARIES[0]) {
        Ok(file) => file.parent().context("no folder")?.to_owned(),
        Err(missing) => return skip(format!("{missing:#}")),
    };
    for (lib, name) in [(&lab.ours, "zcompat\n"), (&stock, "zlib\n")] {
        let said = lab.run(lib, lab.dir.path(), "", &["trace", "library"])?;
        ensure!(said == name, "{} is not {name}", lib.display());
    }
    if mode == Mode::Write {
        return written_files_agree(setup, &lab, &stock, setup.cases(3_000).min(8_000));
    }
    let count = setup.cases(if mode == Mode::Fork { 800 } else { 3_000 });
    // Files that each library has compressed.
    for (round, maker) in [&stock, &lab.ours].into_iter().enumerate() {
        let folder = lab.folder(&format!("fixtures-{round}"))?;
        lab.run(maker, &folder, "", &["fixtures"])?;
        let names = names_in(&folder)?;
        ensure!(names.len() > 50, "only {} fixtures", names.len());
        let first = (round * count + 1).to_string();
        let count = count.to_string();
        let mut args = vec!["trace", mode.name(), &first, &count];
        args.extend(names.iter().map(String::as_str));
        let theirs = lab.run(&stock, &folder, ZEROED_MEMORY, &args).context("stock zlib")?;
        let ours = lab.run(&lab.ours, &folder, ZEROED_MEMORY, &args).context("our libz")?;
        compare(setup, &ours, &theirs)?;
    }
    PASSED
}

fn written_files_agree(setup: &Setup, lab: &Lab, stock: &Path, count: usize) -> Result<Completion> {
    let count = count.to_string();
    let args = ["trace", "write", "1", &count];
    let (mine, his) = (lab.folder("ours")?, lab.folder("stock")?);
    let ours = lab.run(&lab.ours, &mine, ZEROED_MEMORY, &args).context("our libz")?;
    let theirs = lab.run(stock, &his, ZEROED_MEMORY, &args).context("stock zlib")?;
    compare(setup, &ours, &theirs)?;
    // Each library reads what the other has written.
    let names = names_in(&mine)?;
    ensure!(names == names_in(&his)?, "other files were written");
    let mut args = vec!["trace", "content"];
    args.extend(names.iter().map(String::as_str));
    let ours = lab.run(&lab.ours, &his, "", &args).context("our libz on stock's files")?;
    let theirs = lab.run(stock, &mine, "", &args).context("stock zlib on our files")?;
    ensure!(ours.lines().count() >= 2 * names.len(), "too few files were read");
    compare(setup, &ours, &theirs)?;
    PASSED
}

/// Both traces say the same.
fn compare(setup: &Setup, ours: &str, theirs: &str) -> Result<()> {
    lines::equal_in_parts([ours, theirs], setup.cases(3_000).min(3_000), "sequence")
}

/// Streams and gz files on memory that is a multiple of 8 bytes and never of 16, whoever gives it.
fn eight_byte_alignment(setup: &Setup) -> Result<Completion> {
    let sh = Shell::new()?;
    let lab = Lab::new(setup, &["fixtures", "trace", "semantics"])?;
    let (allocator, edge) = (lab.dir.path().join("eight.so"), lab.dir.path().join("edge"));
    let tests = paths::root().join("capi-tests");
    cmd!(
        sh,
        "cc -O1 -fno-builtin -shared -fPIC -Wall -Wextra -Werror -o {allocator} {tests}/gz/eight.c"
    )
    .quiet()
    .run()?;
    let include = setup.prefix.join("include");
    cmd!(sh, "cc -O1 -o {edge} {tests}/edge/edge.c -I{include} -ldl").quiet().run()?;
    let folders = [lab.folder("eight")?, lab.folder("usual")?];
    for folder in &folders {
        lab.run(&lab.ours, folder, "", &["fixtures"])?;
    }
    let library = setup.prefix.join("lib/libz.so.1").display().to_string();
    let mut runs = lab.checked_runs(&folders[0], 600)?.to_vec();
    runs.push(vec!["edge".to_owned(), library.clone()]);
    runs.push(vec!["edge".to_owned(), library, "ours".to_owned()]);
    for args in runs {
        let run = |allocator: Option<&PathBuf>, folder| {
            let mut command = Command::new(lab.dir.path().join(&args[0]));
            command.args(&args[1..]).env("LD_LIBRARY_PATH", &lab.ours).env(NO_MEMORY_COUNTS, "1");
            if let Some(allocator) = allocator {
                command.env("LD_PRELOAD", allocator);
            }
            lab.finish(&mut command, folder).with_context(|| args[0].clone())
        };
        let (eight, usual) = (run(Some(&allocator), &folders[0])?, run(None, &folders[1])?);
        // The second is what malloc's own memory gives.
        lines::equal([&eight, &usual], 1).with_context(|| args[0].clone())?;
    }
    PASSED
}

/// The cases that capi-tests/gz/semantics.c names.
pub fn semantics(setup: &Setup) -> Result<Completion> {
    let lab = Lab::new(setup, &["semantics"])?;
    let long = setup.full && setup.machine.other.is_none();
    let args: &[&str] = if long { &["semantics", "full"] } else { &["semantics"] };
    let said = lab.run(&lab.ours, &lab.folder("run")?, EXACT_COUNTS, args)?;
    ensure!(said.ends_with("\n0 failures\n"), "{said}");
    PASSED
}

/// Offsets that a `long` of 32 bits cannot hold, by each of zlib.h's three ways.
pub fn large_files(setup: &Setup) -> Result<Completion> {
    let sh = Shell::new()?;
    let stock = match setup.machine.stock(&sh, &LIBRARIES[0]) {
        Ok(file) => file.parent().context("no folder")?.to_owned(),
        Err(missing) => return skip(format!("{missing:#}")),
    };
    for options in [&[][..], &["-D_LARGEFILE64_SOURCE=1"], &["-D_FILE_OFFSET_BITS=64"]] {
        let lab = Lab::with(setup, &["large"], options)?;
        let folder = lab.folder("run")?;
        let run = |lib: &Path| lab.run(lib, &folder, "", &["large", "file"]);
        let (ours, theirs) = (run(&lab.ours)?, run(&stock)?);
        lines::equal([&ours, &theirs], 150).with_context(|| options.join(" "))?;
        ensure!(!theirs.contains("not opened"), "{options:?}: {theirs}");
    }
    PASSED
}

/// Every allocation and every system call failing in turn.
pub fn faults(setup: &Setup) -> Result<Completion> {
    let lab = Lab::new(setup, &["faults"])?;
    let said = lab.run(&lab.ours, &lab.folder("run")?, "", &["faults"])?;
    ensure!(said == "0 failures\n", "{said}");
    PASSED
}

/// No finding of memcheck over the semantics and some traces.
fn valgrind(setup: &Setup) -> Result<Completion> {
    let sh = Shell::new()?;
    if let Err(missing) = debian::install(&sh, &["valgrind"]) {
        return skip(format!("{missing:#}"));
    }
    let lab = Lab::new(setup, &["fixtures", "trace", "semantics"])?;
    let folder = lab.folder("run")?;
    lab.run(&lab.ours, &folder, "", &["fixtures"])?;
    for args in lab.checked_runs(&folder, 150)? {
        let mut command = Command::new("valgrind");
        command
            .args(["-q", "--error-exitcode=9", "--leak-check=full", "--track-origins=yes"])
            .arg(lab.dir.path().join(&args[0]))
            .args(&args[1..])
            .env(NO_MEMORY_COUNTS, "1")
            .env("LD_LIBRARY_PATH", &lab.ours);
        lab.finish(&mut command, &folder).with_context(|| args[0].clone())?;
    }
    PASSED
}

/// No finding of AddressSanitizer, nor of the debug assertions and overflow checks that come with
/// an unoptimised build.
fn address_sanitizer() -> Result<Completion> {
    let sh = Shell::new()?;
    let Some(lib) = address_sanitizer_libraries(&sh)? else { return skip(NO_NIGHTLY) };
    let dir = tempfile::tempdir()?;
    let include = paths::root().join("include");
    for name in ["fixtures", "trace", "semantics"] {
        let program = dir.path().join(name);
        let source = paths::root().join(format!("capi-tests/gz/{name}.c"));
        cmd!(sh, "cc -fsanitize=address -D_GNU_SOURCE -O1 -g -w -o {program} {source} -I{include} -L{lib} -lz -ldl")
            .quiet()
            .run()?;
    }
    let lab = Lab { dir, ours: lib, machine: Machine::default() };
    let folder = lab.folder("run")?;
    lab.run(&lab.ours, &folder, "", &["fixtures"])?;
    for args in lab.checked_runs(&folder, 1500)? {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        lab.run(&lab.ours, &folder, "", &args).with_context(|| args[0].to_owned())?;
    }
    PASSED
}
