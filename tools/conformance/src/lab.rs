//! Where a job runs: on our libraries or the system's, watched, bounded and in a folder of its own.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use xshell::Shell;

use super::Outcome;
use super::corpus::{self, same_tree};
use base::loaded::{self, Audit, Record};
use base::process::{self, Finished, ending};

/// Whose libraries a command runs on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// The ones under test.
    Ours,
    /// The ones that came with the system.
    System,
}

/// Both, for loops.
pub const SIDES: [Side; 2] = [Side::Ours, Side::System];

impl Side {
    /// A word for file names and messages.
    pub fn word(self) -> &'static str {
        match self {
            Side::Ours => "ours",
            Side::System => "system",
        }
    }
}

/// What the loader or libc says when a library does not fit the program.
const LOADER_WORDS: [&str; 6] = [
    "no version information available",
    "symbol lookup error",
    "undefined symbol",
    "error while loading shared libraries",
    "relocation error",
    "ERROR: ld.so",
];

/// One job's surroundings; the folder goes when this is dropped.
pub struct Lab {
    dir: tempfile::TempDir,
    libdir: PathBuf,
    audit: PathBuf,
    /// Stands for the system's libraries, if not those.
    reference: Option<PathBuf>,
}

impl Lab {
    /// A folder with the input files in `input`, for jobs on the libraries in `prefix`.
    ///
    /// With `public`, other users can read the libraries and this folder: a server that will not
    /// run as root cannot look into root's home.
    pub fn new(sh: &Shell, prefix: &Path, public: bool) -> Result<Lab> {
        let dir = tempfile::tempdir()?;
        let prefix_lib = prefix.join("lib");
        let (mut libdir, mut audit) =
            (fs::canonicalize(&prefix_lib)?, Audit::build(sh)?.module().to_owned());
        for library in ["libz.so.1", "libzstd.so.1"] {
            ensure!(libdir.join(library).exists(), "no {library} in {}", libdir.display());
        }
        if public {
            fs::set_permissions(dir.path(), Permissions::from_mode(0o755))?;
            let copy = dir.path().join("lib");
            fs::create_dir(&copy)?;
            for name in ["libz.so.1", "libzstd.so.1"] {
                let file = fs::canonicalize(libdir.join(name))?;
                let to = copy.join(file.file_name().context("a library has a name")?);
                fs::copy(&file, &to)?;
                std::os::unix::fs::symlink(&to, copy.join(name))?;
            }
            libdir = fs::canonicalize(copy)?;
            let module = dir.path().join("loaded.so");
            fs::copy(&audit, &module)?;
            audit = module;
        }
        let lab = Lab { dir, libdir, audit, reference: None };
        for side in SIDES {
            fs::write(lab.log(side), "")?;
            fs::set_permissions(lab.log(side), Permissions::from_mode(0o666))?;
        }
        corpus::fill(&lab.input())?;
        Ok(lab)
    }

    /// Lets `reference` stand for the folder of the system's libraries.
    pub fn with_reference(self, reference: &Path) -> Result<Lab> {
        Ok(Lab { reference: Some(fs::canonicalize(reference)?), ..self })
    }

    /// A path in this lab's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The folder with the input files.
    pub fn input(&self) -> PathBuf {
        self.path("input")
    }

    /// A new empty folder.
    pub fn folder(&self, name: &str) -> Result<PathBuf> {
        let dir = self.path(name);
        if dir.exists() {
            fs::remove_dir_all(&dir)?;
        }
        fs::create_dir(&dir)?;
        Ok(dir)
    }

    fn log(&self, side: Side) -> PathBuf {
        self.path(&format!("loaded-{}", side.word()))
    }

    /// The environment that puts a process on `side`: what must be set, nothing else.
    pub fn environment(&self, side: Side) -> Vec<(&'static str, PathBuf)> {
        let mut env = vec![
            ("LD_BIND_NOW", "1".into()),
            ("LD_AUDIT", self.audit.clone()),
            ("ZCOMPAT_LOADED_LOG", self.log(side)),
        ];
        let libdir = match side {
            Side::Ours => Some(&self.libdir),
            Side::System => self.reference.as_ref(),
        };
        env.extend(libdir.map(|dir| ("LD_LIBRARY_PATH", dir.clone())));
        env
    }

    /// `program` on `side`, in this lab's folder, in an environment that is the same everywhere.
    pub fn command(&self, side: Side, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs([("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"), ("LANG", "C.UTF-8"), ("TZ", "UTC")])
            .env("HOME", self.dir.path())
            .envs(self.environment(side))
            .current_dir(self.dir.path())
            .stdin(std::process::Stdio::null());
        command
    }

    /// Runs `program` with `args` on `side` and returns what it prints on stdout.
    pub fn run(&self, side: Side, program: &str, args: &[&str]) -> Result<Vec<u8>> {
        self.finish(side, self.command(side, program).args(args))
    }

    /// Runs a command that [`Lab::command`] made.
    ///
    /// # Errors
    /// It fails, the loader has something to say, or it is not done within two minutes.
    pub fn finish(&self, side: Side, command: &mut Command) -> Result<Vec<u8>> {
        let done = self.finish_any(side, command)?;
        if !done.status.success() {
            let words: Vec<_> = std::iter::once(command.get_program())
                .chain(command.get_args())
                .map(|a| a.to_string_lossy())
                .collect();
            let words = words.join(" ");
            bail!("{words} ({}): {}: {}", side.word(), ending(done.status), done.tail());
        }
        Ok(done.stdout)
    }

    /// Like [`Lab::finish`], but the command may fail.
    pub fn finish_any(&self, side: Side, command: &mut Command) -> Result<Finished> {
        self.finish_within(side, command, Duration::from_secs(120))
    }

    /// Like [`Lab::finish_any`] with a limit of one's own.
    pub fn finish_within(
        &self,
        side: Side,
        command: &mut Command,
        limit: Duration,
    ) -> Result<Finished> {
        let done = process::finish(command, limit)?;
        if side == Side::Ours {
            no_loader_words(&String::from_utf8_lossy(&done.stderr))?;
        }
        Ok(done)
    }

    /// Writes on each side and reads each result on both: four ways, each in a fresh folder. Beside a
    /// reference, which is stock's library, both write the same bytes.
    pub fn cross(
        &self,
        write: impl Fn(Side, &Path) -> Result<()>,
        read: impl Fn(Side, &Path, &Path) -> Result<()>,
    ) -> Result<()> {
        for writer in SIDES {
            let made = self.folder(&format!("made-{}", writer.word()))?;
            write(writer, &made)?;
            for reader in SIDES {
                let out = self.folder("out")?;
                read(reader, &made, &out).with_context(|| {
                    format!("written on {}, read on {}", writer.word(), reader.word())
                })?;
            }
        }
        if self.reference.is_some() {
            let [ours, stock] = SIDES.map(|side| self.path(&format!("made-{}", side.word())));
            same_tree(&stock, &ours).context("not the same file from both libraries")?;
        }
        Ok(())
    }

    /// Checks that each named program mapped the library named beside it, and none a stranger.
    ///
    /// # Errors
    /// What was not mapped, or which other file was.
    pub fn prove(&self, expected: &[(&str, &str)]) -> Result<()> {
        let ours = loaded::read(&self.log(Side::Ours))?;
        for record in &ours {
            if let Some(file) = &record.file {
                ensure!(
                    file.starts_with(&self.libdir),
                    "{} mapped {} instead of ours",
                    record.program(),
                    file.display()
                );
            }
        }
        for record in loaded::read(&self.log(Side::System))? {
            ensure!(
                !record.file.as_ref().is_some_and(|f| f.starts_with(&self.libdir)),
                "{} mapped ours where the system's was meant",
                record.program()
            );
        }
        for (program, library) in expected {
            let by_it = |r: &&Record| is_program(&r.program(), program);
            ensure!(ours.iter().any(|r| by_it(&r)), "{program} was never run");
            ensure!(
                ours.iter().filter(by_it).any(|r| r.library() == Some(library)),
                "{program} never mapped {library}"
            );
        }
        Ok(())
    }

    /// Checks that each named program mapped the library named beside it from the reference, too.
    ///
    /// # Errors
    /// What was not mapped, or that there is no reference.
    pub fn prove_reference(&self, expected: &[(&str, &str)]) -> Result<()> {
        let reference = self.reference.as_ref().context("no reference")?;
        let records = loaded::read(&self.log(Side::System))?;
        for (program, library) in expected {
            let mapped = records.iter().any(|record| {
                is_program(&record.program(), program)
                    && record.library() == Some(library)
                    && record.file.as_ref().is_some_and(|file| file.starts_with(reference))
            });
            ensure!(mapped, "{program} never mapped {library} of {}", reference.display());
        }
        Ok(())
    }
}

/// Runs `job` in `lab`: how it came out, and the files of ours that it mapped.
pub fn in_lab(
    lab: Result<Lab>,
    job: impl FnOnce(&Lab) -> Result<String>,
) -> (Outcome, Vec<PathBuf>) {
    let done = lab.map(|lab| {
        let result = job(&lab);
        let ours = loaded::read(&lab.log(Side::Ours)).unwrap_or_default();
        (result, loaded::files(&ours))
    });
    let (result, mapped) = done.unwrap_or_else(|error| (Err(error), Vec::new()));
    let outcome = match result {
        Err(error) => Outcome::Failed(format!("{error:#}")),
        Ok(what) => Outcome::Passed(what),
    };
    (outcome, mapped)
}

/// A path for a command line; the lab's own are all UTF-8.
pub fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Checks that the loader did not complain.
pub fn no_loader_words(stderr: &str) -> Result<()> {
    match stderr.lines().find(|line| LOADER_WORDS.iter().any(|words| line.contains(words))) {
        Some(line) => bail!("the loader says: {line}"),
        None => Ok(()),
    }
}

/// Whether an executable's name is `program`, with a version or a target in it or without.
fn is_program(name: &str, program: &str) -> bool {
    name == program
        || name.strip_prefix(program).is_some_and(|rest| rest.starts_with('.'))
        || name.strip_suffix(program).is_some_and(|head| head.ends_with("-gnu-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_known_by_their_names() {
        assert!(is_program("git", "git") && is_program("python3.11", "python3"));
        assert!(is_program("x86_64-linux-gnu-as", "as"));
        assert!(!is_program("gitk", "git") && !is_program("bash", "as"));
    }

    #[test]
    fn the_loaders_warning_is_seen() {
        let line = "git: /p/libz.so.1: no version information available (required by git)";
        assert!(no_loader_words(&format!("one\n{line}\n")).is_err());
        assert!(no_loader_words("warning: nothing").is_ok());
    }
}
