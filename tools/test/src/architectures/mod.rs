//! Both libraries on other architectures: built by a cross compiler, run by qemu-user, beside the
//! zlib and the zstd that Debian sid has for each. docs/architectures.md.

mod lab;
mod musl;
mod planted;
mod suite;
mod table;
mod units;

use anyhow::{Context, Result, bail, ensure};
use libtest_mimic::{Completion, Trial};
use xshell::{Shell, cmd};

use base::library::{LIBRARIES, differences};
use base::paths;
use capi_tests::checksum::{Program, agrees_with_stock};
use capi_tests::gz::{self, Mode};
use capi_tests::{edge, memory, zstd};
use check::{PASSED, Setup, check, skip};
use compare::checks::{KINDS, ONCE, agree};
use lab::Lab;
use table::{ALL, Architecture};

/// Each row's checks.
pub fn trials(setup: &'static Setup) -> Vec<Trial> {
    let rows = ALL.iter().filter(|architecture| architecture.always || setup.full);
    let mut trials: Vec<_> = rows.flat_map(|row| of_one(row, setup.full)).collect();
    if setup.full && cfg!(target_arch = "x86_64") {
        trials.push(check("architectures::musl", musl::run));
    }
    trials
}

type Step = fn(&'static Architecture, &'static Lab) -> Result<Completion>;

fn of_one(architecture: &'static Architecture, full: bool) -> Vec<Trial> {
    let mut steps: Vec<(&str, Step)> = vec![
        ("libraries", |architecture, lab| libraries(architecture, lab)),
        ("checksums", |architecture, lab| checksums(architecture, lab)),
        ("edge", |_, lab| edge::answers_are_stocks(lab.setup)),
        ("gz_reading", |_, lab| gz::traces_agree(lab.setup, Mode::Read)),
        ("gz_reading_a_pipe", |_, lab| gz::traces_agree(lab.setup, Mode::Pipe)),
        ("gz_writing", |_, lab| gz::traces_agree(lab.setup, Mode::Write)),
        ("gz_forking", |_, lab| gz::traces_agree(lab.setup, Mode::Fork)),
        ("gz_semantics", |_, lab| gz::semantics(lab.setup)),
        ("gz_large_files", |_, lab| gz::large_files(lab.setup)),
        ("memory_requests", |_, lab| memory::requests(lab.setup)),
        ("memory_refused", |_, lab| memory::refused(lab.setup)),
        ("memory_kept", |_, lab| memory::kept(lab.setup)),
        ("programs", |_, lab| programs(lab)),
        ("zstd_bytes", |_, lab| zstd::bytes_are_stocks(lab.setup)),
        ("suite", suite::run),
        ("differential", |_, lab| differential(lab)),
        ("planted_faults_are_noticed", |_, lab| planted::run(lab)),
    ];
    if full {
        steps.push(("gz_faults", |_, lab| gz::faults(lab.setup)));
        steps.push(("unit_tests", units::run));
    }
    let name = architecture.name;
    let trial = |(step, run): (&str, Step)| {
        check(&format!("architectures::{name}::{step}"), move || {
            // One of an architecture's checks builds, the others wait for it.
            match architecture.prepared.get_or_init(|| Lab::prepare(architecture, full)) {
                Ok(Ok(lab)) => run(architecture, lab),
                Ok(Err(reason)) => skip(reason),
                Err(error) => bail!("{error}"),
            }
        })
    };
    steps.into_iter().map(trial).collect()
}

/// The files are of that machine, and Debian's there have the symbols of our lists. Ours have been held
/// against those when they were built.
fn libraries(architecture: &Architecture, lab: &Lab) -> Result<Completion> {
    use object::Architecture as A;
    use object::{Object, ObjectKind};
    for library in &LIBRARIES {
        let path = lab.setup.prefix.join("lib").join(library.soname);
        let data = std::fs::read(&path).with_context(|| path.display().to_string())?;
        let file = object::File::parse(&*data)?;
        let name = match file.architecture() {
            A::Aarch64 => "aarch64",
            A::I386 => "i686",
            A::Riscv64 => "riscv64",
            A::S390x => "s390x",
            other => bail!("{} is for {other:?}", path.display()),
        };
        ensure!(name == architecture.name, "{} is for {name}", path.display());
        ensure!(file.kind() == ObjectKind::Dynamic, "{} is {:?}", path.display(), file.kind());
        let stock = lab.setup.machine.stock(&Shell::new()?, library)?;
        let theirs = link::elf::Elf::read(&stock)?.exports;
        let differences = differences(&library.reference()?, &theirs);
        ensure!(differences.is_empty(), "{}: {}", stock.display(), differences.join("; "));
    }
    PASSED
}

/// The corner cases, the same arguments to both libraries, and each tier that the emulator can have.
fn checksums(architecture: &Architecture, lab: &Lab) -> Result<Completion> {
    Program::build("semantics", lab.setup)?.run(&[])?;
    agrees_with_stock(lab.setup)?;
    let sh = Shell::new()?;
    for program in [Program::build("tier", lab.setup)?, Program::build_static("tier", lab.setup)?] {
        for tier in architecture.tiers {
            let said = program.command(&sh).env("ZCOMPAT_CPU", tier).read()?;
            ensure!(said.split(' ').next() == Some(tier), "ZCOMPAT_CPU={tier} gave {said}");
        }
    }
    PASSED
}

/// Programs that use both libraries: with threads, and linked with the archives alone.
fn programs(lab: &Lab) -> Result<Completion> {
    let sh = Shell::new()?;
    let dir = tempfile::tempdir()?;
    // Where they write files.
    let _dir = sh.push_dir(dir.path());
    let (machine, prefix) = (&lab.setup.machine, &lab.setup.prefix);
    let (cc, tests) = (machine.cc(), paths::root().join("capi-tests"));
    let lib = prefix.join("lib");
    let archives = ["libz.a", "libzstd.a"].map(|name| lib.join(name));
    let shared = LIBRARIES.each_ref().map(|library| lib.join(library.soname));
    let builds = [
        ("threads/three.c", &shared[..], &["-DNONE"][..], Some("done")),
        ("zstd/contexts.c", &shared[..], &[][..], Some("done")),
        ("static/both.c", &shared[..], &[][..], None),
        ("static/both.c", &archives[..], &["-static"][..], None),
    ];
    for (source, libraries, options, wanted) in builds {
        let (program, source) = (dir.path().join("program"), tests.join(source));
        cmd!(sh, "{cc} -O1 -Wall -Wextra {options...} -I{prefix}/include -o {program} {source}")
            .args(libraries)
            .args(["-pthread", "-lm"])
            .quiet()
            .run()?;
        let command = machine.cmd(&sh, &program).env("LD_LIBRARY_PATH", &lib);
        let said = command.read().with_context(|| source.display().to_string())?;
        ensure!(wanted.is_none_or(|words| said.contains(words)), "{}: {said}", source.display());
    }
    PASSED
}

/// Each kind of case beside Debian's libraries for the same architecture.
fn differential(lab: &Lab) -> Result<Completion> {
    let sh = Shell::new()?;
    for (kind, usual) in KINDS {
        let count = if ONCE.contains(&kind) && usual == 1 { 1 } else { share(lab, usual) };
        let command = lab.setup.machine.cmd(&sh, &lab.driver);
        agree(command, &lab.libraries(kind, None)?, kind, count).context(kind)?;
    }
    PASSED
}

/// How many cases of a kind that has `usual` of them on this machine.
fn share(lab: &Lab, usual: u32) -> u32 {
    (usual / if lab.setup.full { 6 } else { 100 }).max(10)
}
