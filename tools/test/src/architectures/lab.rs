//! What the checks of one architecture use: its Debian libraries, ours, and the programs.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

use super::table::Architecture;
use base::debian::{self, Sid};
use base::library::LIBRARIES;
use base::paths;
use check::Setup;
use check::machine::{Machine, Other};
use install::{Build, RELEASE};

/// A lab, why there can be none here, or what failed.
pub type Prepared = Result<Result<Lab, String>, String>;

/// All that the checks of an architecture need.
pub struct Lab {
    /// Our libraries, in the layout of an install, and the machine that they are for.
    pub setup: &'static Setup,
    /// The driver of the differential harness.
    pub driver: PathBuf,
}

impl Lab {
    /// Installs the compiler and the emulator, fetches Debian's libraries, builds ours.
    pub fn prepare(architecture: &'static Architecture, full: bool) -> Prepared {
        if architecture.is_own() {
            return Ok(Err("this machine is one: all other checks run on it".into()));
        }
        let tell = |error: anyhow::Error| format!("{error:#}");
        let sh = Shell::new().map_err(|e| e.to_string())?;
        match tools(&sh, architecture) {
            Ok(root) => build(&sh, architecture, &root, full).map(Ok).map_err(tell),
            Err(missing) => Ok(Err(tell(missing))),
        }
    }

    /// The two libraries of a kind of case, as the driver takes them.
    pub fn libraries(&self, kind: &str, ours: Option<&Path>) -> Result<[OsString; 4]> {
        let sh = Shell::new()?;
        let zstd = kind.starts_with("zstd-");
        let library = &LIBRARIES[usize::from(zstd)];
        let options = if zstd { ["--ours-zstd", "--stock-zstd"] } else { ["--ours", "--stock"] };
        let own = self.setup.prefix.join("lib").join(library.soname);
        let stock = self.setup.machine.stock(&sh, library)?;
        Ok([options[0].into(), ours.unwrap_or(&own).into(), options[1].into(), stock.into()])
    }
}

/// What has to come from elsewhere; the folder that stands for `/`.
fn tools(sh: &Shell, architecture: &Architecture) -> Result<PathBuf> {
    let [compiler, libc] = architecture.packages;
    debian::install(sh, &["qemu-user", compiler, libc])?;
    standard_library(sh, architecture.target)?;
    let names = LIBRARIES.each_ref().map(|library| library.package);
    let root = Sid::of(sh, architecture.debian)?.root(sh, "libraries", &names)?;
    // Where the folder has none, the emulator takes this machine's, which may name libraries of
    // another Debian for the same architecture.
    let cache = root.join("etc/ld.so.cache");
    fs::create_dir_all(root.join("etc"))?;
    fs::write(&cache, "").with_context(|| cache.display().to_string())?;
    Ok(root)
}

/// rustc's std for the target, by rustup where there is none yet.
pub fn standard_library(sh: &Shell, target: &str) -> Result<()> {
    let _dir = sh.push_dir(paths::root());
    let there = || -> Result<bool> {
        let dir = cmd!(sh, "rustc --print target-libdir --target {target}").quiet().read()?;
        Ok(Path::new(&dir).exists())
    };
    if !there()? {
        cmd!(sh, "rustup target add {target}").quiet().ignore_stdout().ignore_stderr().run().ok();
    }
    ensure!(
        there()?,
        "rustc has no standard library for {target}; get it with: rustup target add {target}"
    );
    Ok(())
}

fn build(sh: &Shell, architecture: &'static Architecture, root: &Path, full: bool) -> Result<Lab> {
    let folder = paths::target().join("architectures");
    let linker = architecture.setting("LINKER");
    let mut env = vec![(linker.as_str(), architecture.cc())];
    // What ships in a full run. In a usual one what is built in half a minute, with all assertions.
    let profile = if full { RELEASE } else { "--debug" };
    if !full {
        env.push(("CFLAGS", "-O1".to_owned()));
    }
    let build = Build::run(sh, &folder, &[profile, "--target", architecture.target], &env)?;
    let prefix = folder.join("prefix").join(architecture.name);
    let staged = build.staged(".");
    cmd!(sh, "rm -rf {prefix}").quiet().run()?;
    fs::create_dir_all(prefix.parent().context("a folder")?)?;
    cmd!(sh, "cp -a {staged} {prefix}").quiet().run()?;
    drop(build);
    let driver =
        compare::driver_for(sh, architecture.target, &folder, &[(&linker, architecture.cc())])?;

    let mut emulator: Vec<String> =
        architecture.emulator.iter().map(|word| (*word).to_owned()).collect();
    emulator.extend(["-L".to_owned(), root.display().to_string()]);
    let stock = root.join("usr/lib").join(architecture.folder());
    let machine = Machine { other: Some(Other { cc: architecture.cc(), emulator, stock }) };
    Ok(Lab { setup: Box::leak(Box::new(Setup { prefix, full, machine })), driver })
}
