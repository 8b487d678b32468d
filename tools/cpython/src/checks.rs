//! CPython on the libraries: the patches, interpreters that are there, and with `--full` builds from
//! source and the Python packages. docs/cpython.md tells more.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use libtest_mimic::{Completion, Trial};
use xshell::{Shell, cmd};

use crate::interpreter::{Interpreter, Libraries};
use crate::source::Source;
use crate::{build, packages, patches, prebuilt, suite};
use base::paths;
use check::{PASSED, Setup, check, skip};
use install::engine::Engine;

/// All checks of this area.
pub fn trials(setup: &'static Setup) -> Vec<Trial> {
    let mut trials = vec![
        check("cpython::patches::3.13", || cpython_patches("3.13")),
        check("cpython::patches::3.14", || cpython_patches("3.14")),
        check("cpython::patches::backports.zstd", backports_patches),
        check("cpython::packages::features_have_tests", features_have_tests),
        check("cpython::lying_frames", || on_backports("lying_frames.py")),
        check("cpython::huge_pages", || on_backports("huge_pages.py")),
        check("cpython::prebuilt::system", system),
        check("cpython::prebuilt::pyenv", pyenv),
        check("cpython::prebuilt::sid_3.15", sid),
    ];
    if setup.full {
        trials.extend([
            check("cpython::build::3.13_patched", || built("3.13", true)),
            check("cpython::build::3.13_unpatched", || built("3.13", false)),
            check("cpython::build::3.14_patched", || built("3.14", true)),
            check("cpython::build::with_zcompat_refuses_others", refuses_others),
            check("cpython::prebuilt::all", all_prebuilt),
            check("cpython::packages", all_packages),
        ]);
    }
    trials
}

fn cpython_patches(version: &str) -> Result<Completion> {
    let sh = Shell::new()?;
    match Source::known(&sh, version) {
        Ok(source) => apply_to_copy(&sh, &source.dir, version),
        Err(error) => skip(format!("no source: {error:#}")),
    }
}

fn backports_patches() -> Result<Completion> {
    let sh = Shell::new()?;
    match packages::source(&sh, "backports.zstd") {
        Ok(source) => apply_to_copy(&sh, &source, "backports.zstd-1.8.0"),
        Err(error) => skip(format!("no source: {error:#}")),
    }
}

/// Applies the series `name`, one patch upon the other, to a copy of the files that it changes.
fn apply_to_copy(sh: &Shell, source: &Path, name: &str) -> Result<Completion> {
    let series = patches::series(name)?;
    ensure!(!series.is_empty(), "there are no patches for {name}");
    let copy = tempfile::tempdir()?;
    for patch in &series {
        let text = fs::read_to_string(patch)?;
        let files: Vec<&str> = text.lines().filter_map(|l| l.strip_prefix("+++ b/")).collect();
        ensure!(!files.is_empty(), "{} changes no file", patch.display());
        for file in files {
            let to = copy.path().join(file);
            fs::create_dir_all(to.parent().context("a file is in a folder")?)?;
            let from = source.join(file);
            fs::copy(&from, &to).with_context(|| format!("{} is not there", from.display()))?;
        }
    }
    patches::apply(sh, copy.path(), &series)?;
    ensure!(
        patches::apply(sh, copy.path(), &series[..1]).is_err(),
        "a patch that is already there was applied again: the check cannot fail"
    );
    PASSED
}

/// Every feature in docs/python-zstandard.md names test files that the package has and that hold
/// tests; that they pass is for `cargo xtask cpython --packages` to show.
fn features_have_tests() -> Result<Completion> {
    let source = match packages::source(&Shell::new()?, "zstandard") {
        Ok(source) => source,
        Err(error) => return skip(format!("python-zstandard cannot be had: {error:#}")),
    };
    let page = fs::read_to_string(paths::root().join("docs/python-zstandard.md"))?;
    let rows: Vec<&str> =
        page.lines().filter(|l| l.starts_with('|')).skip_while(|l| !l.starts_with("|--")).collect();
    ensure!(rows.len() > 10, "the table of features has {} lines", rows.len());
    for row in &rows[1..] {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        ensure!(cells.len() == 2, "not a feature and its tests: {row}");
        let named: Vec<&str> = cells[1].split('`').filter(|w| w.ends_with(".py")).collect();
        ensure!(!named.is_empty() || cells[1].contains("not offered"), "no test is named: {row}");
        for file in named {
            let path = source.join("tests").join(file);
            let text = fs::read_to_string(&path).with_context(|| format!("{}", path.display()))?;
            ensure!(text.contains("def test_"), "{file} holds no test");
        }
    }
    PASSED
}

/// One of the programs that test the patches, in a Python with the patched backports.zstd.
fn on_backports(script: &str) -> Result<Completion> {
    let sh = Shell::new()?;
    if let Err(error) = packages::source(&sh, "backports.zstd") {
        return skip(format!("backports.zstd cannot be had: {error:#}"));
    }
    let python = packages::backports(&sh, true)?;
    holds(&Interpreter::host("backports.zstd", python), script)?;
    PASSED
}

/// Runs `script` of cpython-patch/tests, which ends in a fixed line if all that it asserts holds.
fn holds(interpreter: &Interpreter, script: &str) -> Result<()> {
    let script = paths::root().join("cpython-patch/tests").join(script);
    let out = interpreter.output(&Libraries::Own, [script])?;
    let said = String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).trim().to_owned();
    ensure!(said.ends_with("all as it must be"), "{}: {said}", interpreter.name);
    Ok(())
}

/// The quick test modules of one interpreter, on its own libraries and on ours.
fn quick(place: &prebuilt::Place, modules: &[&str]) -> Result<Completion> {
    let interpreter = &place.interpreter;
    let prefix = paths::default_prefix();
    let rows = crate::compare(interpreter, &place.stock, &place.ours, &prefix, modules, &[])?;
    // A Python whose tests are not installed has one or two modules left.
    let zstd_too = interpreter.version()? >= (3, 14);
    for module in modules.iter().filter(|name| **name != "test_zstd" || zstd_too) {
        if !rows.iter().any(|row| row.module == *module) {
            return skip(format!(
                "{} has no {module}: not all its tests are here",
                interpreter.name
            ));
        }
    }
    all_equal(&rows)
}

fn all_equal(rows: &[crate::Row]) -> Result<Completion> {
    ensure!(!rows.is_empty(), "nothing was compared");
    let worse = crate::worse(rows);
    ensure!(worse.is_empty(), "{}", worse.join("; "));
    PASSED
}

fn system() -> Result<Completion> {
    match prebuilt::system(&Shell::new()?, &paths::default_prefix()) {
        Some(place) => quick(&place, &suite::QUICK),
        None => skip("no /usr/bin/python3"),
    }
}

fn pyenv() -> Result<Completion> {
    match prebuilt::pyenv(&paths::default_prefix()).last() {
        Some(place) => quick(place, &suite::QUICK),
        None => skip("pyenv has no Python"),
    }
}

/// The one that has zlib and _zstd built in, and whose test_gzip fails if the loader prints a word.
fn sid() -> Result<Completion> {
    match prebuilt::sid(&Shell::new()?, "3.15", &paths::default_prefix()) {
        Ok(place) => quick(&place, &["test_zlib", "test_gzip", "test_zstd"]),
        Err(error) => skip(format!("{error:#}")),
    }
}

fn built(version: &str, patched: bool) -> Result<Completion> {
    let sh = Shell::new()?;
    let source = match Source::known(&sh, version) {
        Ok(source) => source,
        Err(error) => return skip(format!("no source: {error:#}")),
    };
    let options = build::Options { engine: Engine::Own, patched, jobs: 2 };
    let interpreter = build::build(&sh, &source, &options)?;
    if patched {
        let says = build::summary(&interpreter).context("make's summary does not name zcompat")?;
        ensure!(says.contains(env!("CARGO_PKG_VERSION")), "{says}");
        sysconfig(&interpreter)?;
        holds(&interpreter, "huge_pages.py")?;
        if version != "3.13" {
            holds(&interpreter, "lying_frames.py")?;
        }
    }
    let stock = Libraries::At(crate::stock(&sh)?);
    let (ours, prefix) = (Libraries::Own, paths::default_prefix());
    let rows = crate::compare(&interpreter, &stock, &ours, &prefix, &suite::MODULES, &[])?;
    all_equal(&rows)
}

fn sysconfig(interpreter: &Interpreter) -> Result<()> {
    let code = "import sysconfig; print(sysconfig.get_config_var('ZCOMPAT_VERSION'))";
    let version = interpreter.eval(&Libraries::Own, code)?;
    ensure!(version.trim() == env!("CARGO_PKG_VERSION"), "sysconfig says {version:?}");
    Ok(())
}

/// `./configure --with-zcompat` on a zlib.pc that is not ours, and with ZLIB_LIBS that are not.
fn refuses_others() -> Result<Completion> {
    let sh = Shell::new()?;
    let source = match Source::known(&sh, "3.13") {
        Ok(source) => source,
        Err(error) => return skip(format!("no source: {error:#}")),
    };
    let work = tempfile::tempdir()?;
    let tree = work.path();
    let from = &source.dir;
    cmd!(sh, "cp -a {from}/. {tree}").quiet().run()?;
    patches::apply(&sh, tree, &patches::series("3.13")?)?;
    let pc = tree.join("pc");
    fs::create_dir(&pc)?;
    fs::write(pc.join("zlib.pc"), "Name: zlib\nDescription: other\nVersion: 1.3.2\nLibs: -lz\n")?;
    let ours = paths::default_prefix().join("lib/pkgconfig");
    let cases: [(&Path, &str, &str, &str); 3] = [
        (&pc, "--with-zcompat", "-lz", "Put the folder that holds zcompat's zlib.pc in front"),
        (&ours, "--with-zcompat", "-lm", "but what -lm links is not"),
        (&ours, "--with-zcompat=1.3", "-lz", "--with-zcompat takes no value, not '1.3'"),
    ];
    for (folder, option, libs, message) in cases {
        let _dir = sh.push_dir(tree);
        let mut run = cmd!(sh, "./configure -q -C {option}").env("PKG_CONFIG_PATH", folder);
        if libs != "-lz" {
            run = run.env("ZLIB_LIBS", libs).env("ZLIB_CFLAGS", "");
        }
        let out = run.quiet().ignore_status().output()?;
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        if out.status.success() {
            bail!("configure {option} with {} was content", folder.display());
        }
        ensure!(said.contains(message), "configure {option} said: {}", said.trim());
        // -C remembers the compiler's answers, which saves minutes, and pkg-config's, which it must
        // not.
        let cache = tree.join("config.cache");
        if let Ok(text) = fs::read_to_string(&cache) {
            let kept: Vec<&str> = text.lines().filter(|l| !l.contains("ZLIB")).collect();
            fs::write(cache, kept.join("\n") + "\n")?;
        }
    }
    PASSED
}

fn all_prebuilt() -> Result<Completion> {
    let mut rows = Vec::new();
    let prefix = paths::default_prefix();
    let (places, left_out) = prebuilt::find(&Shell::new()?, &prefix)?;
    if !left_out.is_empty() {
        return skip(left_out.join("; "));
    }
    for place in places {
        let (python, stock, ours) = (&place.interpreter, &place.stock, &place.ours);
        rows.extend(crate::compare(python, stock, ours, &prefix, &suite::MODULES, &[])?);
    }
    all_equal(&rows)
}

fn all_packages() -> Result<Completion> {
    let rows = packages::test_all(&Shell::new()?)?;
    ensure!(!rows.is_empty(), "no package was tested");
    let worse = packages::worse(&rows);
    ensure!(worse.is_empty(), "{}", worse.join("; "));
    PASSED
}
