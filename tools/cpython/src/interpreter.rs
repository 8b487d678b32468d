//! A Python interpreter, on the machine or in an unpacked Debian, and the libraries under it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, ensure};

/// Where the libraries come from that an interpreter is to run on.
#[derive(Clone)]
pub enum Libraries {
    /// Those that it finds by itself.
    Own,
    /// Those of a folder, through `LD_LIBRARY_PATH`; as the interpreter sees the path.
    At(PathBuf),
}

/// A Python interpreter.
#[derive(Clone)]
pub struct Interpreter {
    /// For messages and tables.
    pub name: String,
    /// The program's path, as seen inside `root` if there is one.
    pub program: PathBuf,
    /// The folder that is `/` for it.
    pub root: Option<PathBuf>,
}

/// Prints the mapped library files; runs from Python 2.7 on.
const MAPPED: &str = r#"
import sys, zlib, binascii
try:
    import _zstd
except ImportError:
    pass
names = set(line.split(None, 5)[5].strip() for line in open("/proc/self/maps") if "/libz" in line)
sys.stdout.write("\n".join(sorted(names)))
"#;

impl Interpreter {
    /// An interpreter of the machine itself.
    pub fn host(name: impl Into<String>, program: impl Into<PathBuf>) -> Interpreter {
        Interpreter { name: name.into(), program: program.into(), root: None }
    }

    /// A command that runs the interpreter with `args` on `libraries`.
    pub fn command<I, S>(&self, libraries: &Libraries, args: I) -> Command
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let mut command = match &self.root {
            None => Command::new(&self.program),
            Some(root) => {
                let mut command = Command::new("unshare");
                // SAFETY: geteuid has no preconditions.
                if unsafe { libc::geteuid() } != 0 {
                    command.arg("--map-root-user");
                }
                // Its own mounts, gone with the process: /dev and /proc as here, an empty /tmp.
                let script = "mount --rbind /dev \"$0/dev\" && mount --rbind /proc \"$0/proc\" && \
                              mount -t tmpfs tmp \"$0/tmp\" && exec chroot \"$0\" \"$@\"";
                command.args(["--mount", "--propagation", "private", "sh", "-c", script]);
                command.arg(root).arg(&self.program).env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
                command
            }
        };
        command.args(args).stdin(Stdio::null());
        for name in ["PYTHONPATH", "PYTHONHOME", "PYTHONWARNINGS", "LD_PRELOAD", "LD_LIBRARY_PATH"]
        {
            command.env_remove(name);
        }
        // Tests create files in HOME, and expect no locale surprises.
        command.env("HOME", if self.root.is_some() { "/tmp".into() } else { std::env::temp_dir() });
        command.env("LC_ALL", "C.UTF-8");
        if let Libraries::At(dir) = libraries {
            // Inside a root the shell and mount of the machine start first: they get our
            // libraries only if the folder exists outside too, which it does not.
            command.env("LD_LIBRARY_PATH", dir);
        }
        command
    }

    /// Runs the interpreter to its end and returns what it wrote.
    pub fn output<I, S>(&self, libraries: &Libraries, args: I) -> Result<Output>
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let mut command = self.command(libraries, args);
        command.output().with_context(|| format!("{} cannot be started", self.program.display()))
    }

    /// Runs `code` and returns its standard output; an error if it failed.
    pub fn eval(&self, libraries: &Libraries, code: &str) -> Result<String> {
        let out = self.output(libraries, ["-c", code])?;
        let error = String::from_utf8_lossy(&out.stderr);
        ensure!(out.status.success(), "{}: {}", self.name, error.trim());
        // A loader that warns about a library has not taken it as a replacement.
        ensure!(error.is_empty(), "{} wrote to stderr: {}", self.name, error.trim());
        Ok(String::from_utf8_lossy(&out.stdout).into_owned())
    }

    /// The library files that the interpreter maps once zlib, binascii and `_zstd` are imported.
    pub fn mapped(&self, libraries: &Libraries) -> Result<Vec<PathBuf>> {
        Ok(self.eval(libraries, MAPPED)?.lines().map(PathBuf::from).collect())
    }

    /// Makes sure that every libz and libzstd it maps is a file of `dir`, and that libz is one.
    pub fn must_map(&self, libraries: &Libraries, dir: &Path) -> Result<Vec<PathBuf>> {
        let mapped = self.mapped(libraries)?;
        let libz = |file: &PathBuf| {
            file.file_name().is_some_and(|n| n.to_string_lossy().starts_with("libz.so"))
        };
        ensure!(mapped.iter().any(libz), "{} maps no libz", self.name);
        for file in &mapped {
            ensure!(
                file.parent() == Some(dir),
                "{} maps {} and not the one in {}",
                self.name,
                file.display(),
                dir.display()
            );
        }
        Ok(mapped)
    }

    /// The first two numbers of its version.
    pub fn version(&self) -> Result<(u32, u32)> {
        let code = "import sys; sys.stdout.write('%d.%d' % sys.version_info[:2])";
        let text = self.eval(&Libraries::Own, code)?;
        text.split_once('.')
            .and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)))
            .with_context(|| format!("{} says that its version is {text:?}", self.name))
    }
}
