//! Debian packages: dpkg-buildpackage with packaging/debian, in a clean root without a network.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use xshell::Shell;

use super::chroot;
use super::tarball::Archive;

/// Builds the packages for a suite; the files are put in target/package/SUITE.
///
/// # Errors
/// One of them cannot be built, or lintian finds something that packaging/debian does not name.
pub fn build(sh: &Shell, archive: &Archive, suite: &str) -> Result<Vec<PathBuf>> {
    let base = chroot::base(sh, suite)?;
    let room = base.room()?;
    let version = env!("CARGO_PKG_VERSION");
    room.put(&archive.file, &format!("build/zcompat_{version}.orig.tar.xz"))?;
    eprintln!("building the packages for {suite} (some minutes)");
    let jobs = std::thread::available_parallelism().map_or(1, |n| n.get());
    let (name, profile) = (&archive.name, base.profile());
    // Not as root: packages have root's files all the same.
    room.run(
        false,
        &format!(
            "cd /build\n\
             tar xf zcompat_{version}.orig.tar.xz\n\
             cp -a {name}/packaging/debian {name}/debian\n\
             chown -R builder: /build\n\
             runuser -u builder -- sh -ec 'cd {name}; export DEB_BUILD_OPTIONS=parallel={jobs}; \
             dpkg-buildpackage --no-sign {profile}'\n"
        ),
    )?;
    // Each suite's lintian knows the suite's rules; ours are those of the newest.
    if suite == "sid" {
        room.run(
            false,
            "cd /build; runuser -u builder -- lintian --allow-root --fail-on error,warning *.changes",
        )
        .context("lintian")?;
    }
    let out = super::folder()?.join(suite);
    fs::remove_dir_all(&out).ok();
    fs::create_dir_all(&out)?;
    let mut made = Vec::new();
    for entry in fs::read_dir(room.path("build"))?.flatten() {
        let path = entry.path();
        if path.is_file() {
            let to = out.join(entry.file_name());
            fs::copy(&path, &to)?;
            made.push(to);
        }
    }
    made.sort();
    let packages = made.iter().filter(|f| f.extension().is_some_and(|e| e == "deb")).count();
    ensure!(packages >= 3, "{packages} packages were built");
    Ok(made)
}
