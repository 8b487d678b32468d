//! Packages for other distributions, made by their tools on this machine: as far as these get
//! without the distribution's own packages around them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

use super::tarball::{Archive, empty_cargo_home};
use base::{debian, paths, process};
use install::cargo_c;

/// As for the builds in a root of Debian's.
const LIMIT: Duration = Duration::from_secs(3 * 3600);

/// Builds the RPM packages with `rpmbuild`; the files are put in target/package/rpm.
pub fn rpm(sh: &Shell, archive: &Archive) -> Result<Vec<PathBuf>> {
    debian::install(sh, &["rpm", "cpio"])?;
    let top = fresh("rpm")?;
    fs::create_dir(top.join("SOURCES"))?;
    fs::copy(&archive.file, top.join(format!("SOURCES/{}.tar.xz", archive.name)))?;
    let spec = paths::root().join("packaging/rpm/zcompat.spec");
    let mut command = offline(sh, "rpmbuild")?;
    // No package of Fedora is here to be required.
    command.args(["-ba", "--nodeps", "--define"]).arg(format!("_topdir {}", top.display()));
    // As on Fedora; Debian's rpm has no such folder.
    command.args(["--define", "_libdir /usr/lib64"]).arg(spec);
    run(command, &archive.epoch.to_string())?;
    files(&[top.join("RPMS").join(std::env::consts::ARCH), top.join("SRPMS")], "rpm")
}

/// Builds the Arch package with `makepkg`; the file is put in target/package/arch.
pub fn arch(sh: &Shell, archive: &Archive) -> Result<Vec<PathBuf>> {
    debian::install(
        sh,
        &["makepkg", "pacman-package-manager", "fakeroot", "libarchive-tools", "zstd"],
    )?;
    let dir = fresh("arch")?;
    fs::copy(&archive.file, dir.join(format!("{}.tar.xz", archive.name)))?;
    let file = &archive.file;
    let sum = cmd!(sh, "sha256sum {file}").quiet().read()?;
    let sum = sum.split(' ').next().context("sha256sum")?;
    let recipe = fs::read_to_string(paths::root().join("packaging/arch/PKGBUILD"))?;
    // The archive's own checksum cannot be in the archive.
    fs::write(dir.join("PKGBUILD"), recipe.replace("'SKIP'", &format!("'{sum}'")))?;
    let hook = "zcompat.install";
    fs::copy(paths::root().join("packaging/arch").join(hook), dir.join(hook))?;
    // makepkg refuses root: to it, we are somebody else.
    let mut command = offline(sh, "unshare")?;
    command.args(["--map-user=1000", "--map-group=1000", "makepkg", "--nodeps", "--nocolor"]);
    command.current_dir(&dir).env("PKGEXT", ".pkg.tar.zst").env("CARCH", std::env::consts::ARCH);
    run(command, &archive.epoch.to_string())?;
    files(&[dir], "zst")
}

/// A new folder below target/package.
fn fresh(name: &str) -> Result<PathBuf> {
    let dir = super::folder()?.join(name);
    if dir.exists() {
        fs::remove_dir_all(&dir)?;
    }
    fs::create_dir_all(&dir)?;
    Ok(dir)
}

/// A command in an environment with cargo and cargo-c and, where that is allowed, no network.
fn offline(sh: &Shell, program: &str) -> Result<Command> {
    let none = cmd!(sh, "unshare --net true").quiet().ignore_stderr().run().is_ok();
    let mut command = Command::new(if none { "unshare" } else { program });
    if none {
        command.args(["--net", program]);
    }
    let cargo_c = cargo_c::find(sh)?;
    if let Some(dir) = cargo_c.program.parent().filter(|dir| dir.is_absolute()) {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let all = std::iter::once(dir.to_owned()).chain(std::env::split_paths(&path));
        command.env("PATH", std::env::join_paths(all)?);
    }
    for name in ["CARGO_TARGET_DIR", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CFLAGS", "LDFLAGS"] {
        command.env_remove(name);
    }
    Ok(command)
}

fn run(mut command: Command, epoch: &str) -> Result<()> {
    // A program of rustup finds its toolchain through HOME, which stays.
    let home = empty_cargo_home()?;
    command.env("CARGO_HOME", home.path()).env("SOURCE_DATE_EPOCH", epoch);
    let done = process::finish(&mut command, LIMIT)?;
    ensure!(done.status.success(), "{}", done.tail());
    Ok(())
}

fn files(dirs: &[PathBuf], extension: &str) -> Result<Vec<PathBuf>> {
    let mut out = Vec::new();
    for dir in dirs {
        let of = |path: &Path| path.extension().is_some_and(|e| e == extension);
        out.extend(fs::read_dir(dir)?.flatten().map(|e| e.path()).filter(|path| of(path)));
    }
    ensure!(!out.is_empty(), "no .{extension} was made");
    out.sort();
    Ok(out)
}
