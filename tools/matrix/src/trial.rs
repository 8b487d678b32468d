//! What `cargo xtask test` calls: parts of the matrix, each to be judged by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use libtest_mimic::Completion;
use xshell::Shell;

use super::bisect::{self, Narrowed};
use super::build::{self, Plan};
use super::execute::{Code, Execution, Run};
use super::host::{Host, Way};
use super::judge::{Cell, Finding, Judged, State};
use super::record::Record;
use super::report::Report;
use super::row::{Lto, Opt, Row};
use super::suite::{Call, Linkage, Suite};
use super::toolchain::Versions;
use super::work::Known;
use super::{Args, controls, foreign, headers, judge, toolchain, work};
use base::paths;

/// Runs the controls; what must fail a run.
pub fn controls(sh: &Shell) -> Result<Vec<String>> {
    let host = Host::new(sh, None)?;
    Ok(controls::complaints(&controls::all(sh, &host)?, &[]))
}

/// Runs rows of these CPUs as they ship; fails with what they found.
pub fn rows(sh: &Shell, cpus: &[&str]) -> Result<()> {
    let host = Host::new(sh, None)?;
    let rows: Vec<Row> =
        cpus.iter().map(|cpu| Row::new(cpu, Opt::Three, Lto::Fat)).collect::<Result<_>>()?;
    let args = Args { jobs: Some(1), ..Args::default() };
    let known = work::run(sh, &args, &host, &Versions::read(sh)?, &rows)?;
    let failures = |row: &Judged| -> Vec<String> {
        let line = |f: &Finding| {
            format!("{}: {}: {}: {}\n  {}", row.row, f.layer, f.place, f.message, f.command)
        };
        row.findings.iter().map(line).collect()
    };
    let judged = judge::judge(&known, &known.agreed_hashes());
    let lines: Vec<String> = judged.iter().flat_map(failures).collect();
    ensure!(lines.is_empty(), "{}", lines.join("\n"));
    ensure!(judged.len() == cpus.len(), "{} rows of {} were judged", judged.len(), cpus.len());
    // What is above this CPU is built and not run; not so the lowest.
    ensure!(judged[0].passed(), "{} was not run", judged[0].row);
    Ok(())
}

/// Compares the hashes that are kept with stock's libraries; why not, if these are not available.
pub fn stock_hashes(sh: &Shell) -> Result<Option<String>> {
    super::stock::check_kept(sh)
}

/// Runs layers 2 and 3 on a library as it was built here, whose bytes must be stock's.
pub fn as_built(sh: &Shell, path: &Path) -> Result<()> {
    let judged = library(sh, path)?;
    let found = judged.notes.iter().find(|note| note.contains("stock's"));
    let found = found.context("its output was not compared with stock's")?;
    ensure!(found.starts_with("all "), "{}: {found}", path.display());
    Ok(())
}

/// Runs layers 2 and 3 on a library; fails with what they found.
pub fn library(sh: &Shell, path: &Path) -> Result<Judged> {
    let host = Host::new(sh, None)?;
    let judged = foreign::run(sh, &host, &[path.to_owned()], "x86-64")?.pop();
    let judged = judged.context("nothing was judged")?;
    let lines: Vec<String> = judged
        .findings
        .iter()
        .map(|f| format!("{}: {}: {}", f.layer, f.place, f.message))
        .collect();
    ensure!(lines.is_empty(), "{}: {}", path.display(), lines.join("\n"));
    let run = &judged.cells[1];
    ensure!(run.state == State::Passed, "{}: {}", path.display(), run.words);
    Ok(judged)
}

/// A library whose `crc32` is wrong for one length.
pub fn library_without_crc(sh: &Shell) -> Result<PathBuf> {
    wrong_library(sh, "wrong", "c ^= len == 417;")
}

/// Runs the suite on a library that never returns; fails unless that is noticed.
pub fn endless(sh: &Shell) -> Result<()> {
    let library = wrong_library(sh, "endless", "for (volatile int k = 0; len == 417; k = 1 - k);")?;
    let program = paths::target().join("matrix/endless/suite");
    let suite = Suite::build(sh, Linkage::Dlopen, &headers(sh)?, None, &program)?;
    let args = ["--libz", &library.display().to_string(), "--seconds", "2"].map(str::to_owned);
    let call = Call { args: args.to_vec(), ..Call::default() };
    let outcome = suite.run(&call, &["checksum/crc32"])?;
    let said = outcome.first_failure().context("a library that never returns is not noticed")?;
    ensure!(said.contains("does not come to an end"), "an endless loop is called: {said}");
    Ok(())
}

/// A library with nothing but a `crc32`, in which `fault` stands before the end.
fn wrong_library(sh: &Shell, name: &str, fault: &str) -> Result<PathBuf> {
    let dir = paths::target().join("matrix").join(name);
    std::fs::create_dir_all(&dir)?;
    let (source, library) = (dir.join("wrong.c"), dir.join("libz.so.1"));
    let text = "unsigned long crc32(unsigned long crc, const unsigned char *p, unsigned len) {\n\
         \x20   unsigned long c = crc ^ 0xffffffff, n = len;\n\
         \x20   if (!p) return 0;\n\
         \x20   while (n--) {\n\
         \x20       c ^= *p++;\n\
         \x20       for (int k = 0; k < 8; k++) c = c & 1 ? c >> 1 ^ 0xedb88320 : c >> 1;\n\
         \x20   }\n\
         \x20   FAULT\n\
         \x20   return c ^ 0xffffffff;\n\
         }\n";
    std::fs::write(&source, text.replace("FAULT", fault))?;
    let cc = super::suite::cc();
    xshell::cmd!(sh, "{cc} -O1 -shared -fPIC {source} -o {library}").quiet().run()?;
    Ok(library)
}

/// The suite, compiled for AVX2, must die of SIGILL on a CPU without: else qemu proves nothing. Says
/// why it could not be tried, if so. The libraries below `prefix` must not.
pub fn crashes_below(sh: &Shell, prefix: &Path) -> Result<Option<String>> {
    let host = Host::new(sh, None)?;
    let qemu = match &host.qemu {
        Ok(qemu) => qemu.display().to_string(),
        Err(reason) => return Ok(Some(reason.clone())),
    };
    let dir = paths::target().join("matrix/qemu");
    std::fs::create_dir_all(&dir)?;
    let (source, above) = (dir.join("above.c"), dir.join("above"));
    std::fs::write(
        &source,
        "#include <immintrin.h>\n\
         int main(int argc, char **argv) {\n\
         \x20   (void)argv;\n\
         \x20   __m128i x = _mm_set1_epi8((char)argc);\n\
         \x20   return _mm_extract_epi8(_mm_shuffle_epi8(x, x), 3) == 77;\n\
         }\n",
    )?;
    let cc = super::suite::cc();
    xshell::cmd!(sh, "{cc} -O1 -mssse3 -msse4.1 {source} -o {above}").quiet().run()?;
    let oldest = super::host::oldest_model("x86-64").expect("the lowest level has a model");
    let run = |model: &str| {
        xshell::cmd!(sh, "{qemu} -cpu {model} {above}")
            .quiet()
            .ignore_status()
            .ignore_stderr()
            .output()
    };
    ensure!(run("Nehalem")?.status.success(), "SSE4.1 code fails on a CPU that has it");
    ensure!(
        !run(oldest)?.status.success(),
        "SSE4.1 code runs on a CPU without it: qemu proves nothing"
    );

    let suite = Suite::build(sh, Linkage::Dlopen, &headers(sh)?, None, &dir.join("suite"))?;
    let lib = |name: &str| prefix.join("lib").join(name).display().to_string();
    let args = vec!["--libz".to_owned(), lib("libz.so.1"), "--libzstd".into(), lib("libzstd.so.1")];
    let wrapper = vec![qemu.clone(), "-cpu".into(), oldest.into()];
    let only = ["checksum/", "deflate/one shot", "inflate/back", "zstd/levels"];
    let outcome = suite.run(&Call { args, wrapper, ..Call::default() }, &only)?;
    match outcome.first_failure() {
        Some(failure) => bail!("on the oldest x86-64 CPU: {failure}"),
        None => Ok(None),
    }
}

/// A machine taken for a lesser one: what qemu can run goes there, the rest is not run.
pub fn unrunnable() -> Result<Completion> {
    let sh = Shell::new()?;
    let needs = |cpu: &str| toolchain::features(&sh, cpu, "");
    let mut host = Host::new(&sh, Some("x86-64-v2"))?;
    ensure!(host.way(&sh, &needs("x86-64")?)? == Way::Native);
    if host.qemu.is_ok() {
        ensure!(host.way(&sh, &needs("x86-64-v3")?)? == Way::Qemu("Haswell"));
    }
    host.qemu = Err("none".into());
    let Way::Impossible(lacking) = host.way(&sh, &needs("x86-64-v3")?)? else {
        bail!("a machine without AVX2 and qemu claims to run AVX2");
    };
    ensure!(lacking.contains(&"avx2".to_owned()), "lacking: {lacking:?}");
    // A row for Sapphire Rapids runs as it is where the CPU has AVX512-FP16, and only there.
    let sapphire = needs("sapphirerapids")?;
    ensure!(sapphire.contains("avx512fp16"), "sapphirerapids without avx512fp16: {sapphire:?}");
    for (cpu, runs) in [("sapphirerapids", true), ("graniterapids", true), ("znver5", false)] {
        let way =
            Host::new(&sh, Some(cpu))?.way(&sh, &BTreeSet::from(["avx512fp16".to_owned()]))?;
        ensure!((way == Way::Native) == runs, "FP16 on {cpu}: {way:?}");
    }
    let way = Host::new(&sh, Some("sapphirerapids"))?.way(&sh, &sapphire)?;
    ensure!(way == Way::Native, "sapphirerapids on itself: {way:?}");
    let avx512 = BTreeSet::from(["avx512vl".to_owned()]);
    let host = Host::new(&sh, Some("x86-64-v3"))?;
    ensure!(host.way(&sh, &avx512)? == Way::Impossible(vec!["avx512vl".into()]));
    Ok(Completion::Completed)
}

/// A row that fails because of one feature must be narrowed to it, by builds of the libraries.
pub fn bisected(sh: &Shell) -> Result<Completion> {
    let host = Host::new(sh, None)?;
    let (row, feature) = (Row::new("x86-64-v3", Opt::One, Lto::Units)?, "avx2");
    if !toolchain::features(sh, &row.cpu, "")?.is_subset(&host.features) {
        return Ok(Completion::ignored_with("this CPU has no AVX2"));
    }
    let dir = paths::target().join("matrix/bisect-test");
    let (workspace, target, prefix) =
        (dir.join("workspace"), dir.join("build"), dir.join("install"));
    controls::planted::plant_behind(feature, &workspace)?;
    let plan = Plan {
        workspace: &workspace,
        row: &row,
        without: &[],
        package: Some("libz"),
        target: &target,
        prefix: &prefix,
        jobs: None,
    };
    let built = build::build(sh, &plan)?.map_err(|failure| anyhow!(failure.message))?;
    let library = built.lib.join("libz.so.1").display().to_string();
    let suite = Suite::build(sh, Linkage::Dlopen, &headers(sh)?, None, &dir.join("suite"))?;
    let call = Call { args: vec!["--libz".into(), library], ..Call::default() };
    let outcome = suite.run(&call, &["checksum/"])?;
    ensure!(outcome.failed.len() == 1, "the planted fault gives {:?}", outcome.failed);
    let record = Record {
        row,
        key: String::new(),
        seconds: 0.0,
        march: built.march,
        build: None,
        execution: Execution {
            // As a row has it, whose program is linked with the library.
            runs: vec![Run { label: "shared".into(), call: Call::default(), outcome }],
            ..Execution::default()
        },
        code: Code::default(),
    };
    let (others, kept, stock) = (Vec::new(), BTreeMap::new(), Ok(BTreeMap::new()));
    let known = Known { records: vec![record], others, kept, stock };
    let agreed = known.agreed_hashes();
    let judged = judge::judge(&known, &agreed);
    // The same scratch space: its first build is the one above.
    let place = bisect::Place { workspace: &workspace, dir };
    let narrowed = bisect::row(sh, &host, &place, &known.records[0], &judged[0], &agreed)?;
    ensure!(
        narrowed.repeated == "checksum/combine"
            && narrowed.needs.starts_with(&format!("needs {feature} (")),
        "a fault behind {feature} is narrowed to: {narrowed:?}"
    );
    Ok(Completion::Completed)
}

/// Writes a page with rows of every kind, and returns what its table must show.
pub fn sample_page(path: &Path) -> Result<Vec<Vec<String>>> {
    let cell = |state: State, words: &str| Cell { state, words: words.into() };
    let row = |name: &str, cells: Vec<Cell>, findings: Vec<Finding>| Judged {
        row: name.into(),
        march: "x86-64-v4".into(),
        seconds: 41.6,
        cells,
        findings,
        notes: vec!["CPUID masking: <not> here".into()],
    };
    let fine = |words: &str| cell(State::Passed, words);
    let rows = vec![
        row(
            "x86-64 O3 fat",
            vec![
                fine("no complaint"),
                fine("21 runs"),
                fine("as in all rows"),
                fine("9 instructions"),
            ],
            vec![],
        ),
        row(
            "znver4 O3 fat",
            vec![
                cell(State::Failed, "build fails"),
                cell(State::NotRun, "not built"),
                cell(State::NotRun, "nothing was run"),
                cell(State::NotRun, "not built"),
            ],
            vec![Finding {
                layer: "verified",
                place: "build".into(),
                message: "*** Bad machine code: <undefined> & \"physical\" register ***".into(),
                command: "RUSTFLAGS='-Ctarget-cpu=znver4' cargo cinstall".into(),
            }],
        ),
        row(
            "sapphirerapids O3 fat",
            vec![
                fine("no complaint"),
                cell(
                    State::NotRun,
                    "built and verified, not run: this CPU lacks avx512fp16 & <more>",
                ),
                cell(State::NotRun, "nothing was run"),
                fine("9 instructions"),
            ],
            vec![],
        ),
    ];
    let report = Report {
        versions: Versions {
            rustc: "rustc".into(),
            llvm: "22".into(),
            cc: "cc".into(),
            cpu: "a CPU".into(),
        },
        command: "cargo xtask matrix".into(),
        controls: vec![controls::control("evex", "a bug", Err(anyhow::anyhow!("no <rustc>")))],
        complaints: vec![],
        rows,
        bisected: vec![Narrowed {
            row: "znver4 O3 fat".into(),
            repeated: "the build".into(),
            needs: "needs avx512dq, avx512vl".into(),
            command: None,
        }],
    };
    ensure!(!report.passed(), "a report with a failed row has passed");
    std::fs::write(path, report.html()?)?;
    let word = |state: &State| match state {
        State::Passed => "passed",
        State::Failed => "FAILED",
        State::NotRun => "not run",
    };
    let shown = |row: &Judged| {
        let mut cells = vec![row.row.clone(), row.march.clone()];
        cells.extend(row.cells.iter().map(|c| format!("{} {}", word(&c.state), c.words)));
        cells.push("42".into());
        cells
    };
    Ok(report.rows.iter().map(shown).collect())
}
