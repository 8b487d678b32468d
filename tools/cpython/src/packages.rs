//! The Python packages for zstd, built from their source distributions on our libzstd, with their
//! own tests compared with the same tests on stock libzstd.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;
use xshell::{Shell, cmd};

use super::suite::Outcome;
use super::{interpreter, patches, prebuilt, suite};
use base::{debian, paths, process};

/// A package of the Python package index.
struct Package {
    /// Its name there.
    name: &'static str,
    /// The version whose test counts are known.
    version: &'static str,
    /// The module that loads libzstd.
    module: &'static str,
    /// Options of its setup.py.
    build_option: Option<&'static str>,
    /// Variables for its build and its tests.
    env: &'static [(&'static str, &'static str)],
    /// How its tests are run, from the folder that holds the folder `tests`.
    tests: Tests,
}

enum Tests {
    /// `python -m unittest discover` of `tests`, started there or above.
    Unittest { inside: bool },
    /// `python -m pytest tests`.
    Pytest,
}

/// In the order of installation: pyzstd is Python code on top of backports.zstd.
const PACKAGES: [Package; 4] = [
    Package {
        name: "backports.zstd",
        version: "1.8.0",
        module: "backports.zstd",
        build_option: Some("--system-zstd"),
        env: &[],
        tests: Tests::Unittest { inside: true },
    },
    Package {
        name: "zstandard",
        version: "0.25.0",
        module: "zstandard",
        build_option: Some("--system-zstd"),
        env: &[("PYTHON_ZSTANDARD_IMPORT_POLICY", "cext")],
        tests: Tests::Pytest,
    },
    Package {
        name: "zstd",
        version: "1.5.7.2",
        module: "zstd",
        build_option: None,
        env: &[("ZSTD_EXTERNAL", "1")],
        tests: Tests::Unittest { inside: false },
    },
    Package {
        name: "pyzstd",
        version: "0.20.0",
        module: "pyzstd",
        build_option: None,
        env: &[],
        tests: Tests::Unittest { inside: false },
    },
];

/// zstd's own speed measurements are among its tests; they prove nothing and take minutes.
const LEFT_OUT: [&str; 1] = ["zstd/tests/test_speed.py"];

/// After this time a build or a test run counts as hung.
const LIMIT: Duration = Duration::from_secs(1500);

/// What the tests of one package did on stock libzstd and on ours.
#[derive(Serialize)]
pub struct Row {
    /// The package and its version.
    package: String,
    /// On Debian sid's libzstd.
    stock: Outcome,
    /// On ours.
    ours: Outcome,
    /// What is worse on ours.
    worse: Option<String>,
}

/// A virtual environment with the packages in it.
pub struct Venv {
    dir: PathBuf,
    lib: PathBuf,
}

/// Builds all packages, runs their tests and prints a table.
pub fn run(sh: &Shell, json: Option<&Path>) -> Result<ExitCode> {
    let rows = test_all(sh)?;
    let mut table = Table::new();
    table
        .load_preset(presets::ASCII_MARKDOWN)
        .set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["package", "tests run/skipped", "stock libzstd"]);
    for row in &rows {
        table.add_row([&row.package, &row.ours.counts(), &row.stock.counts()]);
    }
    println!("\n{table}");
    for row in &rows {
        for test in &row.ours.failed {
            println!("failed: {}: {test}", row.package);
        }
    }
    if let Some(file) = json {
        let mut text = serde_json::to_string_pretty(&rows)?;
        text.push('\n');
        fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    let worse = worse(&rows);
    for line in &worse {
        println!("worse than stock: {line}");
    }
    println!("{}", if worse.is_empty() { "all counts equal stock's" } else { "not as on stock" });
    Ok(if worse.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What is worse on ours, one line a package.
pub fn worse(rows: &[Row]) -> Vec<String> {
    rows.iter().filter_map(|r| Some(format!("{}: {}", r.package, r.worse.as_ref()?))).collect()
}

/// Builds all packages and runs their tests on stock libzstd and on ours.
pub fn test_all(sh: &Shell) -> Result<Vec<Row>> {
    let venv = Venv::new(sh, "packages")?;
    venv.pip(sh, &["pytest"])?;
    let stock = super::stock(sh)?;
    let mut rows = Vec::new();
    for package in &PACKAGES {
        let source = venv.install(sh, package, false)?;
        venv.must_map(package.module)?;
        let tests = venv.dir.join("tests").join(package.name);
        let _ = fs::remove_dir_all(&tests);
        fs::create_dir_all(&tests)?;
        // Away from the source, whose folders would be imported in the package's place.
        let from = source.join("tests");
        cmd!(sh, "cp -a {from} {tests}/").quiet().run()?;
        for file in LEFT_OUT {
            if let Some(rest) = file.strip_prefix(&format!("{}/", package.name)) {
                fs::remove_file(tests.join(rest))?;
            }
        }
        let on_stock = venv.test(package, &tests, Some(&stock))?;
        let on_ours = venv.test(package, &tests, None)?;
        let name = format!("{} {}", package.name, package.version);
        println!("{name}: {} (stock {})", on_ours.counts(), on_stock.counts());
        rows.push(Row {
            package: name,
            worse: on_ours.worse_than(&on_stock),
            stock: on_stock,
            ours: on_ours,
        });
    }
    Ok(rows)
}

/// The source distribution of one of the packages, unpacked and untouched.
pub fn source(sh: &Shell, name: &str) -> Result<PathBuf> {
    let venv = Venv::new(sh, "packages")?;
    let package = PACKAGES.iter().find(|p| p.name == name).context("one of the packages")?;
    venv.source(sh, package)
}

/// A virtual environment in which only backports.zstd is installed, with our patches or without.
pub fn backports(sh: &Shell, patched: bool) -> Result<PathBuf> {
    static INSTALLING: Mutex<()> = Mutex::new(());
    let _guard = INSTALLING.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let venv = Venv::new(sh, if patched { "backports-patched" } else { "backports" })?;
    venv.install(sh, &PACKAGES[0], patched)?;
    venv.must_map(PACKAGES[0].module)?;
    Ok(venv.python())
}

/// A Python that has the wheel of `package` installed, as anyone would install it.
pub fn wheel(sh: &Shell, package: &str) -> Result<interpreter::Interpreter> {
    let venv = Venv::new(sh, "wheels")?;
    let done = venv.dir.join(format!(".wheel-{package}"));
    if !done.exists() {
        let python = venv.python();
        cmd!(
            sh,
            "{python} -m pip install -q --disable-pip-version-check --only-binary :all: {package}"
        )
        .quiet()
        .run()
        .with_context(|| format!("pip finds no wheel of {package}"))?;
        fs::write(done, "")?;
    }
    Ok(interpreter::Interpreter::host(format!("{package} from its wheel"), venv.python()))
}

impl Venv {
    /// Makes `name` under target/cpython if it is not there, on the newest Python that all four
    /// packages take.
    fn new(sh: &Shell, name: &str) -> Result<Venv> {
        let _guard = alone();
        let dir = paths::target().join("cpython").join(name);
        let venv = Venv { dir, lib: paths::default_prefix().join("lib") };
        if !venv.python().exists() {
            let python = python(sh)?;
            let dir = &venv.dir;
            let program = python.program;
            cmd!(sh, "{program} -m venv --clear {dir}").quiet().run()?;
        }
        Ok(venv)
    }

    fn python(&self) -> PathBuf {
        self.dir.join("bin/python")
    }

    fn pip(&self, sh: &Shell, packages: &[&str]) -> Result<()> {
        let python = self.python();
        cmd!(sh, "{python} -m pip install -q --disable-pip-version-check {packages...}")
            .quiet()
            .run()
            .with_context(|| format!("pip cannot install {}", packages.join(" ")))?;
        Ok(())
    }

    fn source(&self, sh: &Shell, package: &Package) -> Result<PathBuf> {
        let _guard = alone();
        let sources = paths::target().join("cpython/source");
        let dir = sources.join(format!("{}-{}", package.name, package.version));
        if dir.join(".complete").exists() {
            return Ok(dir);
        }
        let download = tempfile::tempdir()?;
        let (python, to) = (self.python(), download.path());
        let which = format!("{}=={}", package.name, package.version);
        cmd!(
            sh,
            "{python} -m pip download -q --disable-pip-version-check --no-deps --no-binary :all:
             -d {to} {which}"
        )
        .quiet()
        .ignore_stderr()
        .run()
        .with_context(|| format!("pip cannot download the source of {which}"))?;
        let tarball = fs::read_dir(to)?.flatten().next().context("pip left no file")?.path();
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir)?;
        cmd!(sh, "tar xf {tarball} -C {dir} --strip-components=1").quiet().run()?;
        fs::write(dir.join(".complete"), "")?;
        Ok(dir)
    }

    /// Builds a package on our libzstd and installs it; what is there already is kept. Returns
    /// its source.
    fn install(&self, sh: &Shell, package: &Package, patched: bool) -> Result<PathBuf> {
        let source = self.source(sh, package)?;
        let patches = match patched {
            true => patches::series(&format!("{}-{}", package.name, package.version))?,
            false => Vec::new(),
        };
        let mut stamp = format!("{}\n", self.lib.display());
        for patch in &patches {
            stamp += &fs::read_to_string(patch)?;
        }
        let built = self.dir.join(format!(".built-{}", package.name));
        if fs::read_to_string(&built).is_ok_and(|text| text == stamp) {
            return Ok(source);
        }
        let work = tempfile::tempdir()?;
        let tree = work.path().join(package.name);
        cmd!(sh, "cp -a {source} {tree}").quiet().run()?;
        patches::apply(sh, &tree, &patches)?;

        let (python, lib, prefix) = (self.python(), &self.lib, paths::default_prefix());
        let option = package.build_option.map(|o| format!("--config-settings=--build-option={o}"));
        let mut command = cmd!(
            sh,
            "{python} -m pip install -q --disable-pip-version-check --no-deps --force-reinstall
             --no-cache-dir {option...} {tree}"
        )
        .quiet()
        .env("CFLAGS", format!("-I{}/include", prefix.display()))
        .env("LDFLAGS", format!("-L{0} -Wl,-rpath,{0},--enable-new-dtags", lib.display()))
        .env("PKG_CONFIG_PATH", lib.join("pkgconfig"))
        .env_remove("CPATH")
        .env_remove("CFLAGS_x86_64_unknown_linux_gnu");
        for (name, value) in package.env {
            command = command.env(name, value);
        }
        command.run().with_context(|| format!("{} does not build", package.name))?;
        fs::write(built, stamp)?;
        Ok(source)
    }

    /// Makes sure that importing `module` maps our libzstd and no other.
    fn must_map(&self, module: &str) -> Result<()> {
        let code = format!(
            "import {module}, sys; sys.stdout.write('\\n'.join(sorted(set(line.split()[-1] \
             for line in open('/proc/self/maps') if '/libzstd' in line))))"
        );
        let interpreter = interpreter::Interpreter::host(module, self.python());
        let mapped = interpreter.eval(&interpreter::Libraries::Own, &code)?;
        let file = Path::new(&mapped);
        ensure!(file.parent() == Some(&self.lib), "{module} maps {mapped:?}, not {:?}", self.lib);
        Ok(())
    }

    fn test(&self, package: &Package, tests: &Path, stock: Option<&Path>) -> Result<Outcome> {
        let mut command = Command::new(self.python());
        match package.tests {
            Tests::Pytest => {
                command.args(["-m", "pytest", "-rA", "-p", "no:cacheprovider", "tests"])
            }
            Tests::Unittest { inside: true } => command.args(["-m", "unittest", "discover", "-v"]),
            Tests::Unittest { inside: false } => {
                command.args(["-m", "unittest", "discover", "-v", "-s", "tests", "-t", "."])
            }
        };
        let inside = matches!(package.tests, Tests::Unittest { inside: true });
        command.current_dir(if inside { tests.join("tests") } else { tests.to_owned() });
        command.env_remove("PYTHONPATH").env_remove("LD_LIBRARY_PATH");
        command.envs(package.env.iter().copied());
        if let Some(dir) = stock {
            // The packages have a RUNPATH, which comes after LD_LIBRARY_PATH.
            command.env("LD_LIBRARY_PATH", dir);
        }
        let out = process::finish(&mut command, LIMIT)
            .with_context(|| format!("the tests of {}", package.name))?;
        let text =
            String::from_utf8_lossy(&[out.stdout.as_slice(), &out.stderr].concat()).into_owned();
        let outcome = match package.tests {
            Tests::Pytest => pytest(&text),
            Tests::Unittest { .. } => suite::parse(&text),
        };
        ensure!(outcome.run > 0, "{}: no test ran: {}", package.name, out.tail());
        ensure!(
            out.status.success() || !outcome.failed.is_empty(),
            "{}: {}: {}",
            package.name,
            process::ending(out.status),
            out.tail()
        );
        Ok(outcome)
    }
}

/// Tests ask from several threads for what is made once.
fn alone() -> MutexGuard<'static, ()> {
    static LOCK: Mutex<()> = Mutex::new(());
    LOCK.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// The Python to build the packages for: backports.zstd is for 3.10 to 3.13 only.
fn python(sh: &Shell) -> Result<interpreter::Interpreter> {
    let fits =
        |i: &interpreter::Interpreter| i.version().is_ok_and(|v| ((3, 10)..=(3, 13)).contains(&v));
    if let Some(place) =
        prebuilt::pyenv(&paths::default_prefix()).into_iter().rev().find(|p| fits(&p.interpreter))
    {
        return Ok(place.interpreter);
    }
    debian::install(sh, &["gcc", "pkg-config", "python3-dev", "python3-venv"])?;
    let system = interpreter::Interpreter::host("system python3", "/usr/bin/python3");
    ensure!(fits(&system), "the packages need Python 3.10 to 3.13, and none is here");
    Ok(system)
}

/// Reads what pytest writes with `-rA`: one line a test in its summary.
fn pytest(text: &str) -> Outcome {
    let mut outcome = Outcome { run: 0, skipped: BTreeSet::new(), failed: BTreeSet::new() };
    for line in text.lines() {
        let Some((word, rest)) = line.split_once(' ') else { continue };
        match word {
            "PASSED" => outcome.run += 1,
            // "SKIPPED [3] tests/test_x.py:12: reason"
            "SKIPPED" if rest.starts_with('[') => {
                let count = rest[1..].split(']').next().and_then(|n| n.parse().ok()).unwrap_or(1);
                outcome.run += count;
                for n in 0..count {
                    outcome.skipped.insert(format!("{rest} ({n})"));
                }
            }
            "FAILED" | "ERROR" if rest.contains("::") => {
                outcome.run += 1;
                let name = rest.split(" - ").next().unwrap_or(rest);
                outcome.failed.insert(name.to_owned());
            }
            _ => {}
        }
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pytests_summary_is_counted() {
        let text = "\
tests/test_a.py ..sF
=== short test summary info ===
PASSED tests/test_a.py::A::test_one
PASSED tests/test_a.py::A::test_two
SKIPPED [2] tests/test_b.py:3: no hypothesis
FAILED tests/test_a.py::A::test_three - AssertionError: no
=== 1 failed, 2 passed, 2 skipped in 2.84s ===
";
        let outcome = pytest(text);
        assert_eq!(outcome.counts(), "5/2, 1 failed");
        assert!(outcome.failed.contains("tests/test_a.py::A::test_three"));
    }
}
