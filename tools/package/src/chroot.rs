//! Clean roots of Debian suites: made once below target/, used through an overlay, so that each use
//! begins with the same files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

use base::process::{self, Finished};
use base::{debian, paths};
use install::cargo_c;

/// The build profile of packaging/debian/control for suites whose own Rust is too old.
const PROFILE: &str = "pkg.zcompat.toolchain";

/// Four builds of both libraries have taken more than an hour where others wanted the cores too.
const LIMIT: Duration = Duration::from_secs(3 * 3600);

/// A root with what the packages need to be built; nobody writes to it any more.
pub struct Base {
    dir: PathBuf,
    /// This machine's Rust and cargo-c, for a suite whose own are too old.
    toolchain: Option<Toolchain>,
}

struct Toolchain {
    rust: PathBuf,
    cargo_c: PathBuf,
}

/// Whether this process may make roots.
///
/// # Errors
/// One line that says what is missing.
pub fn possible(sh: &Shell) -> Result<()> {
    // SAFETY: geteuid has no preconditions.
    ensure!(unsafe { libc::geteuid() } == 0, "only root can make a root of another suite");
    let tried = cmd!(sh, "unshare --mount --pid --net --fork true").quiet().ignore_stderr().run();
    ensure!(tried.is_ok(), "this container allows no mounts and no namespaces");
    debian::install(sh, &["mmdebstrap"])
}

/// The base of a suite, made or brought up to date first.
pub fn base(sh: &Shell, suite: &str) -> Result<Base> {
    possible(sh)?;
    let _lock = paths::lock(&format!("package/chroot/{suite}.lock"))?;
    let dir = paths::target().join("package/chroot").join(suite);
    if !dir.exists() {
        make(sh, suite, &dir)?;
    }
    let mut base = Base { dir, toolchain: None };
    let control = fs::read_to_string(paths::root().join("packaging/debian/control"))?;
    let marks = base.dir.join("opt/zcompat");
    let (done, own) = (marks.join("control"), marks.join("toolchain"));
    if fs::read_to_string(&done).ok().as_ref() != Some(&control) {
        fs::create_dir_all(&marks)?;
        fs::remove_file(&done).ok();
        fs::write(marks.join("source.dsc.control"), &control)?;
        let profile = base.install_build_dependencies(suite)?;
        fs::write(&own, profile)?;
        fs::write(&done, &control)?;
    }
    if !fs::read_to_string(&own)?.is_empty() {
        let rust = cmd!(sh, "rustc --print sysroot").quiet().read()?.into();
        let cargo_c = cargo_c::pinned(sh)?.program;
        let cargo_c = cargo_c.parent().context("cargo-c's folder")?.to_owned();
        base.toolchain = Some(Toolchain { rust, cargo_c });
    }
    Ok(base)
}

fn make(sh: &Shell, suite: &str, dir: &Path) -> Result<()> {
    eprintln!("making a root of {suite} once under {} (some minutes)", dir.display());
    let (mirror, keyring) = debian::mirror()?;
    let part = dir.with_extension("part");
    fs::remove_dir_all(&part).ok();
    let keyring = keyring.map(|file| format!("--keyring={file}"));
    // What this machine needs to reach its mirror, the new root needs as well.
    let names = ["Acquire::Check-Valid-Until", "Acquire::Check-Date", "Acquire::http::Proxy"];
    let settings = cmd!(sh, "apt-config dump {names...}").quiet().read()?;
    let options = settings.lines().map(|line| format!("--aptopt={}", line.trim_end_matches(';')));
    let options = options.collect::<Vec<_>>();
    cmd!(sh, "mmdebstrap --mode=root --variant=buildd {keyring...} {options...}")
        .args(["--include=ca-certificates,debhelper"])
        .args(["--skip=cleanup/apt/lists"])
        .args([suite.as_ref(), part.as_os_str(), mirror.as_ref()])
        .quiet()
        .ignore_stdout()
        .ignore_stderr()
        .run()
        .with_context(|| format!("a root of {suite} cannot be made: mmdebstrap fails"))?;
    fs::rename(&part, dir)?;
    Ok(())
}

impl Base {
    /// With the suite's own Rust if that is new enough; else the name of the profile without it.
    fn install_build_dependencies(&self, suite: &str) -> Result<&'static str> {
        eprintln!("installing in the root of {suite} what the packages are built with");
        let dir = &self.dir;
        fs::copy("/etc/resolv.conf", dir.join("etc/resolv.conf")).ok();
        let script = |profile: &str| {
            format!(
                "export DEBIAN_FRONTEND=noninteractive\n\
                 id builder >/dev/null 2>&1 || useradd --create-home builder\n\
                 mkdir -p /opt/zcompat/source/debian\n\
                 cp /opt/zcompat/source.dsc.control /opt/zcompat/source/debian/control\n\
                 cd /opt/zcompat\n\
                 apt-get update -qq\n\
                 apt-get install -y -qq --no-install-recommends lintian\n\
                 apt-get build-dep -y -qq --no-install-recommends {profile} ./source\n"
            )
        };
        let run = |script: &str| inside(dir, None, &[], script);
        let own = run(&script(""))?;
        if own.status.success() {
            return Ok("");
        }
        let without = run(&script(&format!("--build-profiles {PROFILE}")))?;
        ensure!(without.status.success(), "{suite}: {}", without.tail());
        Ok(PROFILE)
    }

    /// Arguments for dpkg-buildpackage.
    pub fn profile(&self) -> &'static str {
        if self.toolchain.is_some() { "-Ppkg.zcompat.toolchain" } else { "" }
    }

    /// A root of its own that has all of this one.
    pub fn room(&self) -> Result<Room<'_>> {
        let dir = tempfile::tempdir_in(self.dir.parent().context("a folder")?)?;
        for name in ["upper", "work", "root"] {
            fs::create_dir(dir.path().join(name))?;
        }
        Ok(Room { base: self, dir })
    }
}

/// A root to use: what is written to it goes when this is dropped.
pub struct Room<'a> {
    base: &'a Base,
    dir: tempfile::TempDir,
}

impl Room<'_> {
    /// Where a file is that was written in the root, or that is to be seen there at the next run.
    pub fn path(&self, inside: &str) -> PathBuf {
        self.dir.path().join("upper").join(inside.trim_start_matches('/'))
    }

    /// Puts a copy of a file there.
    pub fn put(&self, from: &Path, to: &str) -> Result<()> {
        let to = self.path(to);
        fs::create_dir_all(to.parent().context("a folder")?)?;
        fs::copy(from, &to).with_context(|| from.display().to_string())?;
        Ok(())
    }

    /// Runs a shell script as root, with or without a network, and returns what it printed.
    ///
    /// # Errors
    /// Also if it fails.
    pub fn run(&self, network: bool, script: &str) -> Result<String> {
        let dir = self.dir.path();
        let overlay = Overlay { lower: &self.base.dir, dir };
        let mut binds = Vec::new();
        let mut path = String::new();
        if let Some(Toolchain { rust, cargo_c }) = &self.base.toolchain {
            for (from, to) in [(rust, "opt/rust"), (cargo_c, "opt/cargo-c")] {
                fs::create_dir_all(self.path(to))?;
                binds.push((from.as_path(), to));
            }
            path = "export PATH=/opt/rust/bin:/opt/cargo-c:$PATH\n".into();
        }
        if network {
            fs::create_dir_all(self.path("etc"))?;
            fs::copy("/etc/resolv.conf", self.path("etc/resolv.conf")).ok();
        }
        let script = format!("{path}{script}");
        let done = run(&overlay, network, &binds, &script)?;
        ensure!(
            done.status.success(),
            "in the root of {}: {}",
            self.base.dir.file_name().unwrap_or_default().display(),
            done.tail()
        );
        Ok(String::from_utf8_lossy(&done.stdout).into_owned())
    }
}

struct Overlay<'a> {
    lower: &'a Path,
    dir: &'a Path,
}

fn run(
    overlay: &Overlay<'_>,
    network: bool,
    binds: &[(&Path, &str)],
    script: &str,
) -> Result<Finished> {
    let Overlay { lower, dir } = overlay;
    let root = dir.join("root");
    let mount = format!(
        "mount -t overlay overlay -o lowerdir={},upperdir={},workdir={} {}",
        lower.display(),
        dir.join("upper").display(),
        dir.join("work").display(),
        root.display()
    );
    inside(&root, Some((&mount, network)), binds, script)
}

/// Runs a script in a root, after `mount` in a mount namespace of its own; without one in the root
/// itself, with a network.
fn inside(
    root: &Path,
    mount: Option<(&str, bool)>,
    binds: &[(&Path, &str)],
    script: &str,
) -> Result<Finished> {
    let (mount, network) = mount.unwrap_or(("true", true));
    let mut outer = format!("{mount}\nmount -t proc proc {}/proc\n", root.display());
    for (from, to) in binds {
        outer += &format!("mount --bind {} {}/{to}\n", from.display(), root.display());
    }
    outer += "exec chroot \"$1\" env -i HOME=/root LC_ALL=C.UTF-8 \
              PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
              sh -ec \"$2\"\n";
    let mut command = Command::new("unshare");
    command.args(["--mount", "--pid", "--fork", "--kill-child"]);
    if !network {
        command.arg("--net");
    }
    command.args(["sh", "-ec", &outer, "sh"]).arg(root).arg(script);
    process::finish(&mut command, LIMIT)
}
