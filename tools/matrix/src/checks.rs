//! The target-cpu matrix: its controls, a short list of rows, its report, its odd corners.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use libtest_mimic::{Completion, Trial};
use xshell::{Shell, cmd};

use crate::trial;
use base::{debian, paths};
use check::{PASSED, Setup, check, skip};

/// The rows of every test run: the lowest target, and one of those that a compiler got wrong.
const ROWS: [&str; 2] = ["x86-64", "znver4"];

/// The checks.
pub fn trials(setup: &'static Setup) -> Vec<Trial> {
    if cfg!(not(target_arch = "x86_64")) {
        return Vec::new();
    }
    let mut trials = vec![
        check("matrix: the controls see what they must", controls),
        check("matrix: the libraries as built pass layers 2 and 3", move || as_built(setup)),
        check("matrix: the hashes of stock's output are stock's", stock_hashes),
        check("matrix: rows", rows),
        check("matrix: a wrong library fails", wrong_library),
        check("matrix: a library that never returns is noticed", || {
            trial::endless(&Shell::new()?)?;
            PASSED
        }),
        check("matrix: code above the CPU crashes under qemu", move || above_the_cpu(setup)),
        check("matrix: what the host cannot run is not called passed", trial::unrunnable),
        check("matrix: CPUID is answered with features taken out", cpuid_mask),
        check("matrix: a browser reads the report's table", page),
        check("matrix: bad input gets one line", bad_input),
        check("matrix: the container's defaults fit the workspace", container_defaults),
    ];
    if setup.full {
        trials.push(check("matrix: a failing row is narrowed to a feature", || {
            trial::bisected(&Shell::new()?)
        }));
        trials.push(check("matrix: the container builds and runs it", container));
    }
    trials
}

fn controls() -> Result<Completion> {
    let sh = Shell::new()?;
    let complaints = trial::controls(&sh)?;
    ensure!(complaints.is_empty(), "{}", complaints.join("\n"));
    PASSED
}

fn rows() -> Result<Completion> {
    let sh = Shell::new()?;
    trial::rows(&sh, &ROWS)?;
    PASSED
}

fn stock_hashes() -> Result<Completion> {
    match trial::stock_hashes(&Shell::new()?)? {
        None => PASSED,
        Some(reason) => skip(reason),
    }
}

fn as_built(setup: &Setup) -> Result<Completion> {
    let sh = Shell::new()?;
    for name in ["libz.so.1", "libzstd.so.1"] {
        trial::as_built(&sh, &setup.prefix.join("lib").join(name))?;
    }
    PASSED
}

/// The historical bug, as a library that somebody else might have built.
fn wrong_library() -> Result<Completion> {
    let sh = Shell::new()?;
    let library = trial::library_without_crc(&sh)?;
    let failure = trial::library(&sh, &library).err().context("a wrong crc32 was not noticed")?;
    ensure!(format!("{failure:#}").contains("right is 0x"), "no right value in: {failure:#}");
    PASSED
}

fn above_the_cpu(setup: &Setup) -> Result<Completion> {
    let sh = Shell::new()?;
    match trial::crashes_below(&sh, &setup.prefix)? {
        None => PASSED,
        Some(reason) => skip(reason),
    }
}

fn cpuid_mask() -> Result<Completion> {
    let sh = Shell::new()?;
    let mask = crate::mask::build(&sh, &["-DCPUID_MASK_OPCODE=0x060f"])?;
    let program = mask.with_file_name("cpuid_mask_test");
    let source = paths::root().join("matrix/cpuid_mask_test.c");
    let cc = crate::suite::cc();
    cmd!(sh, "{cc} -O1 {source} -o {program}").quiet().run()?;
    let masked = |list: &str| -> Result<Vec<String>> {
        let out = cmd!(sh, "{program}")
            .env("LD_PRELOAD", &mask)
            .env("CPUID_MASK", list)
            .quiet()
            .read()?;
        ensure!(out.ends_with("end"), "the program did not come to its end: {out}");
        Ok(out.lines().map(str::to_owned).filter(|line| line != "end").collect())
    };
    // Nothing but what is asked for changes; a feature that this CPU lacks cannot be seen to.
    let flags = std::fs::read_to_string("/proc/cpuinfo")?;
    for (list, flag, line) in [
        ("avx2", "avx2", "7 0 1 5"),
        ("pclmulqdq", "pclmulqdq", "1 0 2 1"),
        ("ssse3", "ssse3", "1 0 2 9"),
    ] {
        let here = flags.split_whitespace().any(|f| f == flag);
        let want: Vec<&str> = if here { vec![line] } else { vec![] };
        ensure!(masked(list)? == want, "hiding {list} changes {:?}, not {want:?}", masked(list)?);
    }
    PASSED
}

/// Opens a report with rows of every kind, and compares what the browser made of it.
fn page() -> Result<Completion> {
    let sh = Shell::new()?;
    if let Err(error) = debian::install(&sh, &["chromium"]) {
        return skip(format!("{error:#}"));
    }
    let dir = paths::target().join("matrix/page");
    std::fs::create_dir_all(&dir)?;
    let (html, png) = (dir.join("report.html"), dir.join("report.png"));
    let want = trial::sample_page(&html)?;
    let profile = tempfile::tempdir()?;
    let chromium = |mode: String| {
        Command::new("chromium")
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
            ])
            .args([
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .args(["--window-size=1400,1000", "--hide-scrollbars"])
            .arg(mode)
            .arg(format!("file://{}", html.display()))
            .output()
            .context("chromium cannot be run")
    };
    let out = chromium("--dump-dom".into())?;
    let dom = String::from_utf8_lossy(&out.stdout);
    let got = table(&dom, "rows");
    ensure!(got == want, "the browser shows {got:?}, not {want:?}");
    ensure!(
        !dom.contains("http://") && !dom.contains("https://"),
        "the page is not self-contained"
    );
    chromium(format!("--screenshot={}", png.display()))?;
    ensure!(std::fs::metadata(&png).is_ok_and(|m| m.len() > 10_000), "no screenshot");
    PASSED
}

/// The cells of a table's rows, as text.
fn table(dom: &str, id: &str) -> Vec<Vec<String>> {
    let table = dom.split(&format!("id=\"{id}\"")).nth(1).unwrap_or_default();
    let body =
        table.split("<tbody>").nth(1).and_then(|t| t.split("</tbody>").next()).unwrap_or_default();
    let cells = |row: &str| {
        let ends = row.replace("</th>", "\u{0}").replace("</td>", "\u{0}");
        let cells: Vec<String> = ends.split('\u{0}').map(text).collect();
        cells[..cells.len() - 1].to_vec()
    };
    body.split("</tr>").filter(|row| row.contains("<tr")).map(cells).collect()
}

fn text(markup: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in markup.chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            c if !inside => out.push(c),
            _ => {}
        }
    }
    let out = out.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    out.replace("&amp;", "&").trim().to_owned()
}

fn bad_input() -> Result<Completion> {
    let xtask = base::command::xtask()?;
    for (args, word) in [
        (vec!["--cpu", "no-such-cpu"], "no-such-cpu"),
        (vec!["--cpu", "a/b"], "a/b"),
        (vec!["--cpu", "i686"], "64-bit"),
        (vec!["--cpu", "x86-64-v3+nothing"], "nothing"),
        (vec!["--cpu", ""], "target-cpu"),
        (vec!["--opt", "4"], "--opt"),
        (vec!["--lto", "thin"], "--lto"),
        (vec!["--jobs", "0"], "--jobs"),
        (vec!["--jobs", "two"], "--jobs"),
        (vec!["--json", "/proc/none/report.json"], "report.json"),
        (vec!["--html", "/"], "cannot write /"),
        (vec!["--without-control", "evx"], "evx"),
        (vec!["--host", "no-such-cpu"], "no-such-cpu"),
        (vec!["--lib", "/bin/true", "--cpu", "znver4"], "--cpu"),
        (vec!["--lib-cpu", "x86-64-v2"], "--lib"),
        (vec!["--lib", "/bin"], "/bin"),
        (vec!["--lib", "/no/such/file"], "/no/such/file"),
        (vec!["--lib", "/bin/true"], "neither"),
    ] {
        let out = Command::new(&xtask).arg("matrix").args(&args).output()?;
        let said = String::from_utf8_lossy(&out.stderr);
        ensure!(!out.status.success(), "{args:?} is taken");
        ensure!(said.lines().count() == 1 && said.contains(word), "{args:?} gets: {said}");
    }
    PASSED
}

/// The base has the Rust that xtask asks for, and what the image runs is taken by this xtask.
fn container_defaults() -> Result<Completion> {
    let read = |name: &str| -> Result<String> {
        std::fs::read_to_string(paths::root().join(name)).with_context(|| name.to_owned())
    };
    let (containerfile, manifest) = (read("Containerfile")?, read("xtask/Cargo.toml")?);
    let rust = manifest.lines().find_map(|line| line.strip_prefix("rust-version = \""));
    let rust = rust.context("xtask/Cargo.toml has no rust-version")?.trim_end_matches('"');
    let base = containerfile.lines().find_map(|line| line.strip_prefix("ARG BASE="));
    ensure!(
        base.is_some_and(|base| base.starts_with(&format!("rust:{rust}-"))),
        "xtask needs Rust {rust}, the container's base is {base:?}"
    );
    let command = containerfile.lines().find_map(|line| line.strip_prefix("CMD "));
    let words: Vec<String> = serde_json::from_str(command.context("no CMD in Containerfile")?)?;
    ensure!(words[..2] == ["sh", "-c"] && words.len() == 3, "CMD is {words:?}");
    // The same script, with an xtask that only names the rows.
    let dir = tempfile::tempdir()?;
    let cargo = dir.path().join("cargo");
    let xtask = base::command::xtask()?;
    std::fs::write(
        &cargo,
        format!("#!/bin/sh\nshift\nexec '{}' \"$@\" --list\n", xtask.display()),
    )?;
    std::fs::set_permissions(&cargo, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    let script = words[2].replace("/out", &dir.path().join("out").display().to_string());
    let path = format!("{}:{}", dir.path().display(), std::env::var("PATH").unwrap_or_default());
    for (cpus, rows) in [("default", 22), ("full", 168), ("x86-64,znver4", 2)] {
        let out = Command::new("sh")
            .args(["-c", &script])
            .envs([("MATRIX_CPUS", cpus), ("PATH", &path)])
            .output()?;
        let said = String::from_utf8_lossy(&out.stdout);
        ensure!(
            out.status.success() && said.lines().count() == rows,
            "CPUS={cpus} names {} rows: {}",
            said.lines().count(),
            String::from_utf8_lossy(&out.stderr)
        );
    }
    PASSED
}

fn container() -> Result<Completion> {
    let sh = Shell::new()?;
    if let Err(error) = debian::install(&sh, &["buildah", "debootstrap"]) {
        return skip(format!("{error:#}"));
    }
    let _dir = sh.push_dir(paths::root());
    let script: PathBuf = paths::root().join("matrix/container-test");
    cmd!(sh, "{script}").run().context("matrix/container-test fails")?;
    PASSED
}
