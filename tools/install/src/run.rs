//! `cargo xtask run`: a program on the libraries, and which of their files it mapped.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;
use std::{env, fs, io};

use anyhow::{Context, Result, bail, ensure};
use comfy_table::{ContentArrangement, Table};
use xshell::{Shell, cmd};

use crate::engine::Engine;
use base::loaded::{self, Audit, Record};
use base::process::{self, ending};
use base::{debian, paths};

/// What `cargo xtask run` takes.
#[derive(clap::Args)]
pub struct Args {
    /// Run on the libraries installed here instead of building and installing to target/prefix
    #[arg(long)]
    prefix: Option<PathBuf>,
    /// Whose functions make and read deflate streams in what is built
    #[arg(long, value_enum, default_value_t, conflicts_with = "prefix")]
    engine: Engine,
    /// The program and its arguments; without one: the examples, then some of the system's programs
    #[arg(last = true)]
    program: Vec<OsString>,
}

/// Runs the command. With a program, its exit code is the result.
pub fn run(args: &Args) -> Result<ExitCode> {
    let sh = Shell::new()?;
    let prefix = match &args.prefix {
        Some(prefix) => std::path::absolute(prefix)?,
        None => crate::ensure_prefix(&sh, args.engine)?,
    };
    let stage = Stage::new(&sh, &prefix)?;
    match args.program.split_first() {
        Some((program, rest)) => stage.pass_through(program, rest),
        None => {
            let rows = stage.demonstrate(&sh)?;
            println!("\n{}\nLibraries from {}", table(&rows), stage.libdir.display());
            let failed = rows.iter().filter(|r| r.problem.is_some()).count();
            Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
    }
}

/// One program of the demonstration.
pub struct Row {
    /// What was run.
    pub name: String,
    /// The last line it printed.
    pub said: String,
    /// The library files it and its children mapped.
    pub files: Vec<PathBuf>,
    /// Why it does not count as a success.
    pub problem: Option<String>,
}

/// Installed libraries, and what runs programs on them.
pub struct Stage {
    prefix: PathBuf,
    libdir: PathBuf,
    audit: Audit,
    scratch: tempfile::TempDir,
}

impl Stage {
    /// Takes the libraries that are installed in `prefix`.
    pub fn new(sh: &Shell, prefix: &Path) -> Result<Stage> {
        let libdir = prefix.join("lib");
        for name in ["libz.so.1", "libzstd.so.1"] {
            ensure!(libdir.join(name).exists(), "no {name} in {}", libdir.display());
        }
        Ok(Stage {
            prefix: prefix.to_owned(),
            // The kernel names mapped files without symbolic links.
            libdir: fs::canonicalize(libdir)?,
            audit: Audit::build(sh)?,
            scratch: tempfile::tempdir()?,
        })
    }

    /// `program` with only our libraries' folder put in front of where the loader looks.
    fn command(&self, program: &OsStr, log: &Path) -> Command {
        let mut command = Command::new(program);
        let mut path = OsString::from(&self.libdir);
        if let Some(old) = env::var_os("LD_LIBRARY_PATH").filter(|old| !old.is_empty()) {
            path.push(":");
            path.push(old);
        }
        command.env("LD_LIBRARY_PATH", path);
        self.audit.watch(&mut command, log);
        command
    }

    /// Runs `program` as if it were this process, as far as its caller can tell: descriptors, exit code.
    fn pass_through(&self, program: &OsStr, args: &[OsString]) -> Result<ExitCode> {
        let log = self.scratch.path().join("log");
        let mut child = match self.command(program, &log).args(args).spawn() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                bail!("{}: no such program", program.display())
            }
            other => other.with_context(|| format!("cannot run {}", program.display()))?,
        };
        // What the terminal sends is the program's to handle; we still have to report.
        // SAFETY: ignoring a signal has no preconditions. The child has its own dispositions.
        unsafe {
            libc::signal(libc::SIGINT, libc::SIG_IGN);
            libc::signal(libc::SIGQUIT, libc::SIG_IGN);
        }
        let status = child.wait()?;
        let records = loaded::read(&log)?;
        for line in report(child.id(), program, &records) {
            eprintln!("zcompat: {line}");
        }
        let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
        Ok(ExitCode::from(code as u8))
    }

    /// Compiles and runs the examples, then runs what is installed of some well-known programs.
    pub fn demonstrate(&self, sh: &Shell) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        for source in examples()? {
            let program = self.compile(sh, &source)?;
            // The examples find the libraries by the path that pkg-config's user gave the linker.
            let mut command = Command::new(&program);
            command.env_remove("LD_LIBRARY_PATH").args(example_args(&source, &self.libdir));
            rows.push(self.row(&name(&source), command)?);
        }
        for (program, script) in SYSTEM_PROGRAMS {
            if sh_finds(program) {
                let mut command = Command::new("sh");
                command.args(["-ec", script]).env("LD_LIBRARY_PATH", &self.libdir);
                rows.push(self.row(program, command)?);
            }
        }
        Ok(rows)
    }

    fn row(&self, name: &str, mut command: Command) -> Result<Row> {
        let log = self.scratch.path().join(format!("log-{name}"));
        let dir = tempfile::tempdir_in(&self.scratch)?;
        self.audit.watch(&mut command, &log);
        eprintln!("running {name}");
        let done = process::finish(command.current_dir(dir.path()), Duration::from_secs(120))?;
        let files = loaded::files(&loaded::read(&log)?);
        let foreign = files.iter().find(|f| !f.starts_with(&self.libdir));
        let problem = if !done.status.success() {
            Some(format!("{}: {}", ending(done.status), done.tail()))
        } else if let Some(file) = foreign {
            Some(format!("mapped {}", file.display()))
        } else if files.is_empty() {
            Some("mapped neither library".into())
        } else {
            None
        };
        let said = String::from_utf8_lossy(&done.stdout);
        let said = said.lines().last().unwrap_or_default().to_owned();
        Ok(Row { name: name.into(), said, files, problem })
    }

    /// Compiles one example the way a user does: pkg-config and an rpath.
    fn compile(&self, sh: &Shell, source: &Path) -> Result<PathBuf> {
        if !sh_finds("pkg-config") {
            debian::install(sh, &["pkg-config"])?;
        }
        let packages = packages_of(source)?;
        let libdir = &self.libdir;
        let flags = cmd!(sh, "pkg-config --cflags --libs {packages...}")
            .env("PKG_CONFIG_PATH", self.prefix.join("lib/pkgconfig"))
            .quiet()
            .read()
            .context("pkg-config does not know the libraries")?;
        let flags = flags.split_whitespace();
        let out = self.scratch.path().join(name(source));
        cmd!(sh, "cc -std=c11 -O2 -Wall -Wextra -o {out} {source} {flags...}")
            .arg(format!("-Wl,-rpath,{}", libdir.display()))
            .quiet()
            .run()?;
        Ok(out)
    }
}

/// Small jobs whose bytes pass through the libraries; each checks its own result.
const SYSTEM_PROGRAMS: [(&str, &str); 6] = [
    (
        "git",
        "git init -q . && seq 1 20000 > f && git add f && \
         git -c user.name=n -c user.email=e commit -qm m && git gc -q && git fsck --full && \
         git show HEAD:f | cmp - f && git count-objects -v | grep size-pack",
    ),
    (
        "python3",
        "python3 -c 'import gzip, zlib; d = bytes(range(256)) * 999; \
         assert zlib.decompress(zlib.compress(d)) == gzip.decompress(gzip.compress(d)) == d; \
         print(\"zlib\", zlib.ZLIB_RUNTIME_VERSION)'",
    ),
    ("curl", r"curl --version | head -n 1 | grep -oE '(zlib|zstd)/[0-9.]+' | paste -sd ' '"),
    (
        "sqlite3",
        "seq 1 20000 > f && sqlite3 a.sqlar -A -c f && mkdir out && \
         sqlite3 a.sqlar -A -x -C out && cmp f out/f && echo archive of $(stat -c %s a.sqlar) bytes",
    ),
    (
        "bsdtar",
        "seq 1 20000 > f && bsdtar -czf a.tgz f && bsdtar -c --zstd -f a.tzst f && \
         bsdtar -xOf a.tgz | cmp - f && bsdtar -xOf a.tzst | cmp - f && \
         echo archives of $(stat -c %s a.tgz a.tzst) bytes",
    ),
    (
        "dpkg-deb",
        "mkdir -p t/DEBIAN && printf 'Package: p\\nVersion: 1\\nArchitecture: all\\n\
         Maintainer: m\\nDescription: d\\n' > t/DEBIAN/control && seq 1 20000 > t/f && \
         dpkg-deb -Zgzip -b t a.deb && dpkg-deb -x a.deb out && cmp t/f out/f",
    ),
];

fn sh_finds(program: &str) -> bool {
    env::var_os("PATH")
        .is_some_and(|path| env::split_paths(&path).any(|dir| dir.join(program).is_file()))
}

/// All C files in examples/.
fn examples() -> Result<Vec<PathBuf>> {
    let dir = paths::root().join("examples");
    let mut found: Vec<PathBuf> = fs::read_dir(&dir)
        .with_context(|| format!("cannot read {}", dir.display()))?
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.extension().is_some_and(|e| e == "c"))
        .collect();
    found.sort();
    Ok(found)
}

/// The pkg-config packages that an example needs, by the headers it includes.
fn packages_of(source: &Path) -> Result<Vec<&'static str>> {
    let text = fs::read_to_string(source)?;
    let known = [("zlib", "#include <zlib.h>"), ("libzstd", "#include <zstd.h>")];
    Ok(known.iter().filter(|(_, line)| text.contains(line)).map(|(package, _)| *package).collect())
}

fn example_args(source: &Path, libdir: &Path) -> Vec<PathBuf> {
    // The only example that reads a file gets one of about a megabyte.
    if name(source) == "stream" { vec![libdir.join("libzstd.so.1")] } else { Vec::new() }
}

fn name(source: &Path) -> String {
    source.file_stem().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The lines that say what process `pid` and its children mapped.
fn report(pid: u32, program: &OsStr, records: &[Record]) -> Vec<String> {
    let shown = Path::new(program).file_name().unwrap_or(program).display().to_string();
    let (own, children): (Vec<&Record>, Vec<&Record>) = records.iter().partition(|r| r.pid == pid);
    let mut lines = Vec::new();
    if own.is_empty() {
        let is_static = find(program).is_some_and(|file| loaded::is_static(&file));
        lines.push(if is_static {
            format!("{shown} is statically linked: it loads no library")
        } else {
            format!("{shown} said nothing about what it loads (set-uid, or not on glibc's loader)")
        });
    } else {
        match loaded::files(own.iter().copied()).as_slice() {
            [] => lines.push(format!("{shown} mapped neither libz nor libzstd")),
            files => lines.extend(files.iter().map(|f| format!("{shown} mapped {}", f.display()))),
        }
    }
    let processes = children.iter().filter(|r| r.file.is_none()).count();
    if processes > 0 {
        let files = loaded::files(children.iter().copied());
        if files.is_empty() {
            lines.push(format!("{processes} child processes mapped neither"));
        }
        for file in files {
            let users: Vec<&Record> =
                children.iter().copied().filter(|r| r.file.as_ref() == Some(&file)).collect();
            let mut names: Vec<String> = users.iter().map(|r| r.program()).collect();
            names.sort();
            names.dedup();
            lines.push(format!(
                "{} of {processes} child processes ({}) mapped {}",
                users.len(),
                names.join(", "),
                file.display()
            ));
        }
    }
    lines
}

/// The file that running `program` runs.
fn find(program: &OsStr) -> Option<PathBuf> {
    if Path::new(program).components().count() > 1 {
        return Some(program.into());
    }
    env::split_paths(&env::var_os("PATH")?).map(|dir| dir.join(program)).find(|p| p.is_file())
}

fn table(rows: &[Row]) -> Table {
    let mut table = Table::new();
    table.load_preset(comfy_table::presets::UTF8_FULL_CONDENSED);
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(120);
    table.set_header(["program", "result", "mapped", "said"]);
    for row in rows {
        let files: Vec<String> = row
            .files
            .iter()
            .filter_map(|f| Some(f.file_name()?.to_string_lossy().into_owned()))
            .collect();
        let (result, said) = match &row.problem {
            None => ("ok", &row.said),
            Some(problem) => ("FAILED", problem),
        };
        table.add_row([&row.name, result, &files.join("\n"), said]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_are_counted_apart() {
        let record = |pid, exe: &str, file: Option<&str>| Record {
            pid,
            exe: exe.into(),
            file: file.map(PathBuf::from),
        };
        let z = "/p/lib/libz.so.1.3.2";
        let records = [
            record(1, "/bin/make", None),
            record(2, "/bin/git", None),
            record(2, "/bin/git", Some(z)),
            record(3, "/bin/sh", None),
        ];
        assert_eq!(
            report(1, OsStr::new("/bin/make"), &records),
            [
                "make mapped neither libz nor libzstd",
                "1 of 2 child processes (git) mapped /p/lib/libz.so.1.3.2"
            ]
        );
        assert_eq!(
            report(2, OsStr::new("git"), &records[1..3]),
            ["git mapped /p/lib/libz.so.1.3.2"]
        );
    }
}
