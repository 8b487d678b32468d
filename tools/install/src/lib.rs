//! `cargo xtask install`: what `cargo cinstall` does, then the files that cargo-c has no words for.
//!
//! cargo-c installs to a staging folder. There the libraries are read and compared with the lists of
//! include/; then each file that differs is put in place by a rename, so that a program that runs
//! on the old library keeps its file.

pub mod cargo_c;
pub mod engine;
pub mod run;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use link::elf::{Elf, archive_problems};
use xshell::{Shell, cmd};

use base::library::{LIBRARIES, Library};
use base::paths;
use cargo_c::CargoC;
use engine::Engine;

/// What `cargo xtask install` takes.
#[derive(clap::Args, Clone)]
pub struct Args {
    /// Where to install; target/prefix if not given, with another engine target/prefix-ENGINE
    #[arg(long, value_name = "DIR")]
    pub prefix: Option<PathBuf>,
    /// Whose functions make and read deflate streams
    #[arg(long, value_enum, default_value_t)]
    pub engine: Engine,
    /// The folder for libraries, below the prefix
    #[arg(long, default_value = "lib")]
    pub libdir: PathBuf,
    /// Also builds tuned for x86-64-v2, v3 and v4, which glibc's loader picks by itself
    #[arg(long)]
    pub hwcaps: bool,
}

impl Args {
    fn prefix(&self) -> PathBuf {
        self.prefix.clone().unwrap_or_else(|| self.engine.prefix())
    }
}

/// The levels of the x86-64 psABI that glibc has folders for.
pub const LEVELS: [&str; 3] = ["x86-64-v2", "x86-64-v3", "x86-64-v4"];

/// What cargo-c is told to build what ships.
pub const RELEASE: &str = "--release";

/// Runs the command.
pub fn run(args: &Args) -> Result<ExitCode> {
    let sh = Shell::new()?;
    install(&sh, args)?;
    let prefix = std::path::absolute(args.prefix())?;
    let pkg_config = prefix.join(&args.libdir).join("pkgconfig");
    println!("installed in {}", prefix.display());
    println!("to build on it: PKG_CONFIG_PATH={}", pkg_config.display());
    Ok(ExitCode::SUCCESS)
}

/// Builds and installs to target/prefix; quick when nothing has changed.
pub fn ensure_default_prefix(sh: &Shell) -> Result<()> {
    ensure_prefix(sh, Engine::Own).map(drop)
}

/// The same with any engine: where the libraries are.
pub fn ensure_prefix(sh: &Shell, engine: Engine) -> Result<PathBuf> {
    install(sh, &Args { prefix: None, engine, libdir: "lib".into(), hwcaps: false })?;
    Ok(engine.prefix())
}

/// Builds and installs as `args` says.
pub fn install(sh: &Shell, args: &Args) -> Result<()> {
    let prefix = std::path::absolute(args.prefix())?;
    let libdir = prefix.join(&args.libdir);
    ensure!(
        !args.libdir.components().any(|c| c == Component::ParentDir),
        "--libdir {} must not go up",
        args.libdir.display()
    );
    ensure!(
        !args.hwcaps || cfg!(target_arch = "x86_64"),
        "--hwcaps builds for the levels of x86-64, and this is {}",
        std::env::consts::ARCH
    );
    for dir in [&prefix, &libdir] {
        ensure_writable(dir)?;
    }
    build_tools(sh)?;

    let build = Build::plain(sh, args.engine)?;
    place_tree(&build.staged("include"), &prefix.join("include"))?;
    place_tree(&build.staged("share"), &prefix.join("share"))?;
    place_tree(&build.staged("lib/cmake"), &cmake_folder(&prefix, &args.libdir))?;
    for library in &LIBRARIES {
        place_shared(&build, library, &libdir)?;
        let archive = format!("{}.a", library.stem);
        place(&build.staged("lib").join(&archive), &libdir.join(&archive))?;
        let text = pkg_config_file(library, &prefix, &args.libdir);
        let path = libdir.join("pkgconfig").join(format!("{}.pc", library.pkg_config));
        place_text(&text, &path)?;
    }

    for level in LEVELS {
        let dir = libdir.join("glibc-hwcaps").join(level);
        if args.hwcaps {
            let build = Build::tuned(sh, args.engine, level)?;
            for library in &LIBRARIES {
                place_shared(&build, library, &dir)?;
            }
        } else {
            remove_tuned(&dir)?;
        }
    }
    Ok(())
}

/// A build of both libraries, laid out by cargo-c in a staging folder.
pub struct Build {
    stage: PathBuf,
    // The folder is the same every time, since cargo-c rebuilds when it changes: one user at a time.
    _lock: fs::File,
}

impl Build {
    /// The build that everybody can run.
    pub fn plain(sh: &Shell, engine: Engine) -> Result<Build> {
        Build::run(sh, &paths::target(), &[&[RELEASE], engine.arguments()].concat(), &[])
    }

    /// A build of the shared libraries whose Rust and C parts need a CPU of `level`.
    pub fn tuned(sh: &Shell, engine: Engine, level: &str) -> Result<Build> {
        let rustflags = with_flag("CARGO_ENCODED_RUSTFLAGS", '\u{1f}', "target-cpu", level)
            .unwrap_or_else(|| with_flag_or_new("RUSTFLAGS", &format!("-Ctarget-cpu={level}")));
        let cflags = with_flag_or_new("CFLAGS", &format!("-march={level}"));
        let target = paths::target().join("hwcaps").join(level);
        let arguments = [&[RELEASE, "--library-type=cdylib"], engine.arguments()].concat();
        Build::run(sh, &target, &arguments, &[rustflags, cflags])
    }

    /// A build in `target`, with these arguments for cargo-c, the profile among them, and more
    /// environment.
    ///
    /// # Errors
    /// The build fails, or a library in it is not what it must be.
    pub fn run(sh: &Shell, target: &Path, args: &[&str], env: &[(&str, String)]) -> Result<Build> {
        fs::create_dir_all(target).with_context(|| target.display().to_string())?;
        let lock = fs::File::create(target.join("stage.lock"))?;
        lock.lock().context("target/stage.lock cannot be locked")?;
        let build = Build { stage: target.join("stage"), _lock: lock };
        let found = cargo_c::find(sh)?;
        build.make(sh, &found, target, args, env)?;
        match build.check() {
            Err(why) if !found.pinned => {
                eprintln!("{why:#}; building again with the pinned cargo-c");
                build.make(sh, &cargo_c::pinned(sh)?, target, args, env)?;
                build.check()?;
            }
            result => result?,
        }
        Ok(build)
    }

    fn make(
        &self,
        sh: &Shell,
        cargo_c: &CargoC,
        target: &Path,
        args: &[&str],
        env: &[(&str, String)],
    ) -> Result<()> {
        let (stage, cinstall) = (&self.stage, &cargo_c.program);
        if stage.exists() {
            fs::remove_dir_all(stage).with_context(|| stage.display().to_string())?;
        }
        let _dir = sh.push_dir(paths::root());
        let mut cmd = cmd!(sh, "{cinstall} cinstall --target-dir {target} {args...}")
            .args(["--prefix=/usr", "--libdir=lib"])
            .arg(format!("--destdir={}", stage.display()))
            .quiet();
        for (name, value) in env {
            cmd = cmd.env(name, value);
        }
        cmd.run().context("the libraries could not be built: cargo says why above")
    }

    /// That the libraries have the sonames, symbols and versions of the lists in include/, need
    /// libc alone, and that the static ones define what they must and nothing else.
    fn check(&self) -> Result<()> {
        for library in &LIBRARIES {
            check_library(library, &self.staged("lib")).map_err(|why| {
                why.context(format!("the build of {} is not right", library.stem))
            })?;
        }
        Ok(())
    }

    /// A file or folder of this build, by its path below the prefix.
    pub fn staged(&self, path: &str) -> PathBuf {
        self.stage.join("usr").join(path)
    }
}

/// That the library in `dir`, and the static one if it is there, are what they must be.
pub fn check_library(library: &Library, dir: &Path) -> Result<()> {
    let exports = link::Exports(library.exports()?);
    let shared = Elf::read(&dir.join(library.file()))?;
    let mut problems = shared.problems(library.soname, &exports);
    let archive = dir.join(format!("{}.a", library.stem));
    if archive.exists() {
        problems.extend(archive_problems(&archive, &exports)?);
    }
    ensure!(problems.is_empty(), "{}", problems.join("; "));
    Ok(())
}

/// `CARGO_ENCODED_RUSTFLAGS` with one flag more, if it is set: cargo then ignores `RUSTFLAGS`.
fn with_flag(
    name: &'static str,
    separator: char,
    flag: &str,
    value: &str,
) -> Option<(&'static str, String)> {
    let set = std::env::var(name).ok()?;
    Some((name, format!("{set}{separator}-C{flag}={value}")))
}

fn with_flag_or_new(name: &'static str, flag: &str) -> (&'static str, String) {
    let set = std::env::var(name).unwrap_or_default();
    (name, format!("{set} {flag}").trim_start().to_owned())
}

fn ensure_writable(dir: &Path) -> Result<()> {
    let why = || format!("cannot write to {}", dir.display());
    fs::create_dir_all(dir).with_context(why)?;
    tempfile::tempfile_in(dir).with_context(why)?;
    Ok(())
}

/// That the tools which the builds need are there: said here in one line, not after some minutes.
fn build_tools(sh: &Shell) -> Result<()> {
    let linker = format!("CARGO_TARGET_{}_UNKNOWN_LINUX_GNU_LINKER", std::env::consts::ARCH);
    if std::env::var_os(linker.to_uppercase()).is_some() {
        // Another compiler, which has tools of its own: the build scripts ask it.
        return Ok(());
    }
    if !paths::is_on_path("cc") {
        bail!("missing: cc; get it with: apt-get install gcc");
    }
    for tool in ["ld", "objcopy", "ar"] {
        let its_own = || cmd!(sh, "cc -print-prog-name={tool}").quiet().ignore_stderr().read();
        let is_path = |name: String| name.contains('/') && paths::is_on_path(&name);
        if !paths::is_on_path(tool) && !its_own().is_ok_and(is_path) {
            bail!("missing: {tool}; get it with: apt-get install binutils");
        }
    }
    Ok(())
}

fn place_shared(build: &Build, library: &Library, dir: &Path) -> Result<()> {
    let file = library.file();
    place(&build.staged("lib").join(&file), &dir.join(&file))?;
    place_link(&file, &dir.join(library.soname))?;
    // What `-l` looks for; the loader's folders need no such link.
    if dir.parent().is_none_or(|parent| !parent.ends_with("glibc-hwcaps")) {
        place_link(&file, &dir.join(format!("{}.so", library.stem)))?;
    }
    Ok(())
}

/// A tuned library left from an earlier install would be loaded before the one just installed.
fn remove_tuned(dir: &Path) -> Result<()> {
    for library in &LIBRARIES {
        for name in [library.file(), library.soname.to_owned()] {
            let path = dir.join(name);
            if path.symlink_metadata().is_ok() {
                fs::remove_file(&path).with_context(|| path.display().to_string())?;
            }
        }
    }
    Ok(())
}

/// CMake looks in lib/cmake everywhere, in lib64/cmake only on some systems. From there our files
/// find the libraries in the usual folders; for any other they are put beside the libraries.
fn cmake_folder(prefix: &Path, libdir: &Path) -> PathBuf {
    let text = libdir.to_string_lossy();
    let usual = ["lib", "lib64"].contains(&&*text)
        || text.strip_prefix("lib/").is_some_and(|arch| arch.contains("-linux-"));
    if usual { prefix.join("lib/cmake") } else { prefix.join(libdir).join("cmake") }
}

/// The .pc file: its paths follow the file when the prefix is moved.
fn pkg_config_file(library: &Library, prefix: &Path, libdir: &Path) -> String {
    let (prefix, libdir) = if libdir.is_absolute() {
        (prefix.display().to_string(), libdir.display().to_string())
    } else {
        let normal = libdir.components().filter(|c| matches!(c, Component::Normal(_)));
        let up: String = normal.map(|_| "/..").collect();
        (format!("${{pcfiledir}}/..{up}"), format!("${{prefix}}/{}", libdir.display()))
    };
    let Library { pkg_config_name: name, description, version, link, .. } = library;
    format!(
        "prefix={prefix}\n\
         exec_prefix=${{prefix}}\n\
         libdir={libdir}\n\
         includedir=${{prefix}}/include\n\
         zcompat_version={}\n\
         \n\
         Name: {name}\n\
         Description: {description}\n\
         Version: {version}\n\
         Libs: -L${{libdir}} {link}\n\
         Libs.private: -pthread\n\
         Cflags: -I${{includedir}}\n",
        env!("CARGO_PKG_VERSION")
    )
}

fn place_tree(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            place_tree(&entry.path(), &target)?;
        } else {
            place(&entry.path(), &target)?;
        }
    }
    Ok(())
}

fn place(from: &Path, to: &Path) -> Result<()> {
    let bytes = fs::read(from).with_context(|| from.display().to_string())?;
    let executable = fs::metadata(from)?.permissions().mode() & 0o111 != 0;
    place_bytes(&bytes, if executable { 0o755 } else { 0o644 }, to)
}

fn place_text(text: &str, to: &Path) -> Result<()> {
    place_bytes(text.as_bytes(), 0o644, to)
}

fn place_bytes(bytes: &[u8], mode: u32, to: &Path) -> Result<()> {
    let is_link = to.symlink_metadata().is_ok_and(|m| m.is_symlink());
    if !is_link && fs::read(to).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    let write = || -> Result<()> {
        let dir = to.parent().context("no folder")?;
        fs::create_dir_all(dir)?;
        let mut file = tempfile::NamedTempFile::new_in(dir)?;
        std::io::Write::write_all(&mut file, bytes)?;
        fs::set_permissions(file.path(), fs::Permissions::from_mode(mode))?;
        file.persist(to)?;
        Ok(())
    };
    write().with_context(|| format!("cannot write {}", to.display()))
}

fn place_link(target: &str, link: &Path) -> Result<()> {
    if fs::read_link(link).is_ok_and(|old| old == Path::new(target)) {
        return Ok(());
    }
    let write = || -> Result<()> {
        let dir = tempfile::tempdir_in(link.parent().context("no folder")?)?;
        let fresh = dir.path().join("link");
        symlink(target, &fresh)?;
        fs::rename(&fresh, link)?;
        Ok(())
    };
    write().with_context(|| format!("cannot write {}", link.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_lines(libdir: &str) -> Vec<String> {
        let text = pkg_config_file(&LIBRARIES[0], Path::new("/opt/z"), Path::new(libdir));
        text.lines().take(3).map(str::to_owned).collect()
    }

    #[test]
    fn pc_files_find_their_prefix_from_any_libdir() {
        assert_eq!(first_lines("lib")[0], "prefix=${pcfiledir}/../..");
        assert_eq!(first_lines("lib/x86_64-linux-gnu")[0], "prefix=${pcfiledir}/../../..");
        assert_eq!(first_lines("./lib64/")[0], "prefix=${pcfiledir}/../..");
        assert_eq!(first_lines("/srv/lib")[0], "prefix=/opt/z");
        assert_eq!(first_lines("/srv/lib")[2], "libdir=/srv/lib");
    }

    #[test]
    fn placing_keeps_an_open_file_and_replaces_links() {
        let dir = tempfile::tempdir().unwrap();
        let to = dir.path().join("a/file");
        place_text("old", &to).unwrap();
        let mut held = fs::File::open(&to).unwrap();
        place_text("new", &to).unwrap();
        let mut text = String::new();
        std::io::Read::read_to_string(&mut held, &mut text).unwrap();
        assert_eq!((text.as_str(), fs::read_to_string(&to).unwrap().as_str()), ("old", "new"));

        let link = dir.path().join("a/link");
        place_link("file", &link).unwrap();
        place_link("other", &link).unwrap();
        assert_eq!(fs::read_link(&link).unwrap(), Path::new("other"));
        place_text("plain", &link).unwrap();
        assert!(!link.symlink_metadata().unwrap().is_symlink());
    }
}
