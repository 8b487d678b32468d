//! What libz takes of memory, beside stock: through `zalloc`, behind the caller's back, of the stack.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use libtest_mimic::{Completion, Trial};
use tempfile::TempDir;
use xshell::{Shell, cmd};

use base::library::LIBRARIES;
use base::{paths, tiers};
use check::machine::Machine;
use check::{PASSED, Setup, check, skip};

pub fn trials(setup: &'static Setup) -> Vec<Trial> {
    vec![
        check("memory::zalloc_is_asked_for_no_more_than_by_stock", || requests(setup)),
        check("memory::a_malloc_that_refuses_costs_speed_only", || refused(setup)),
        check("memory::dropped_streams_leave_nothing", || kept(setup)),
        check("memory::calls_take_little_stack", || stack(setup)),
    ]
}

/// capi-tests/memory/memory.c, linked with our library.
struct Program {
    dir: TempDir,
    ours: PathBuf,
    machine: Machine,
}

impl Program {
    fn build(sh: &Shell, setup: &Setup) -> Result<Program> {
        let dir = tempfile::tempdir()?;
        let (program, prefix) = (dir.path().join("memory"), &setup.prefix);
        let source = paths::root().join("capi-tests/memory/memory.c");
        let machine = setup.machine.clone();
        let cc = machine.cc();
        cmd!(sh, "{cc} -O1 -Wall -Wextra -Werror -o {program} {source} -I{prefix}/include -L{prefix}/lib -lz -lpthread")
            .quiet()
            .run()?;
        Ok(Program { dir, ours: prefix.join("lib"), machine })
    }

    /// What it prints, and what it says on stderr.
    fn run(&self, sh: &Shell, lib: &Path, what: &str) -> Result<(String, String)> {
        self.run_with(sh, lib, what, &[])
    }

    /// The same with more in the environment.
    fn run_with(
        &self,
        sh: &Shell,
        lib: &Path,
        what: &str,
        environment: &[(&str, &str)],
    ) -> Result<(String, String)> {
        let program = self.dir.path().join("memory");
        // The loader, where it binds on the first call, takes more of the stack than any function.
        let command = self
            .machine
            .cmd(sh, &program)
            .arg(what)
            .env("LD_LIBRARY_PATH", lib)
            .env("LD_BIND_NOW", "1")
            .envs(environment.iter().copied())
            .env_remove("LD_PRELOAD");
        let out = command.quiet().ignore_status().output()?;
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        ensure!(out.status.success(), "memory {what} on {}: {said}", lib.display());
        Ok((String::from_utf8(out.stdout)?, said))
    }
}

/// The folder of stock's library.
fn stock(sh: &Shell, setup: &Setup) -> Result<PathBuf> {
    let library = setup.machine.stock(sh, &LIBRARIES[0])?;
    Ok(library.parent().context("the library has a folder")?.to_owned())
}

/// Each window size in each format with each memory level, of `deflateInit2` and `deflateCopy`.
pub fn requests(setup: &Setup) -> Result<Completion> {
    let sh = Shell::new()?;
    let stock = match stock(&sh, setup) {
        Ok(stock) => stock,
        Err(error) => return skip(format!("{error:#}")),
    };
    let program = Program::build(&sh, setup)?;
    let (ours, _) = program.run(&sh, &program.ours, "requests")?;
    let (stocks, _) = program.run(&sh, &stock, "requests")?;
    ensure!(ours.lines().count() == 3 * 8 * 9, "{} settings", ours.lines().count());
    no_more(&ours, &stocks)?;
    // The other way round it does not hold, so that the comparison can fail.
    ensure!(no_more(&stocks, &ours).is_err(), "ours asks for what stock asks for");
    PASSED
}

/// Each line as many numbers, none of them larger.
fn no_more(ours: &str, stock: &str) -> Result<()> {
    ensure!(ours.lines().count() == stock.lines().count(), "not as many lines");
    for (ours, stock) in ours.lines().zip(stock.lines()) {
        let split = |line: &str| -> Result<(String, Vec<u64>)> {
            let (head, numbers) = line.split_once(':').context("no colon")?;
            let numbers = numbers.split_whitespace().map(str::parse).collect::<Result<_, _>>();
            Ok((head.to_owned(), numbers?))
        };
        let ((head, a), (same, b)) = (split(ours)?, split(stock)?);
        ensure!(
            head == same,
            "deflateInit2: windowBits, memLevel and code are {head}, stock {same}"
        );
        let fits = a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| a <= b);
        ensure!(fits, "requests at windowBits, memLevel {head}: {a:?}, stock {b:?}");
    }
    Ok(())
}

/// Streams at all levels and strategies and small jobs: the same bytes with all that malloc has, with
/// a malloc that gives nothing of 100,000 bytes or more, and from stock. Small jobs need no malloc.
pub fn refused(setup: &Setup) -> Result<Completion> {
    let sh = Shell::new()?;
    let stock = match stock(&sh, setup) {
        Ok(stock) => stock,
        Err(error) => return skip(format!("{error:#}")),
    };
    let program = Program::build(&sh, setup)?;
    let (ours, said) = program.run(&sh, &program.ours, "bytes")?;
    let (stocks, _) = program.run(&sh, &stock, "bytes")?;
    ensure!(ours.lines().count() == 2 * (50 + 10), "{} lines: {ours}", ours.lines().count());
    let lines: Vec<&str> = ours.lines().collect();
    let (without, with) = lines.split_at(lines.len() / 2);
    for ((without, with), stock) in without.iter().zip(with).zip(stocks.lines()) {
        ensure!(without == with, "refused {without}, given {with}");
        ensure!(*with == stock, "ours {with}, stock {stock}");
    }
    // What is refused was asked for, and small jobs ask for nothing.
    let numbers = |how: &str| -> Result<(u64, u64)> {
        let line = said.lines().find_map(|line| line.strip_prefix(how)).context("no counts")?;
        let mut numbers = line.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok());
        Ok((numbers.next().context("no count")?, numbers.next().context("no count")?))
    };
    let (count, small) = numbers("refused: ")?;
    ensure!(count >= 6, "only {count} requests were refused: {said}");
    ensure!(small == 0 && numbers("given: ")?.1 == 0, "small jobs call malloc: {said}");
    PASSED
}

/// The most that is kept in the process.
const KEPT: i64 = 1 << 20;

/// Streams whose arena is dropped without `deflateEnd`, and threads that end.
pub fn kept(setup: &Setup) -> Result<Completion> {
    let sh = Shell::new()?;
    let program = Program::build(&sh, setup)?;
    let left = |what: &str| -> Result<[i64; 3]> {
        let (said, _) = program.run(&sh, &program.ours, what)?;
        let numbers = said.split_whitespace().filter_map(|word| word.parse().ok());
        // "… after 10 streams, … after 60, … after threads": the last of "60," is no number.
        let numbers: Vec<i64> = numbers.collect();
        let [first, 10, dropped, threads] = numbers[..] else {
            anyhow::bail!("{what}: {said}");
        };
        Ok([first, dropped, threads])
    };
    let judge = |[first, dropped, threads]: [i64; 3]| {
        ensure!(dropped <= first, "{dropped} bytes are left of 60 streams, {first} of 10");
        ensure!(first <= KEPT, "{first} bytes are kept of 10 streams");
        ensure!(threads <= KEPT, "{threads} bytes are kept of threads");
        Ok(())
    };
    judge(left("kept")?)?;
    ensure!(judge(left("leaks")?).is_err(), "a leak is not seen");
    PASSED
}

/// The most that a function may take of the stack.
const MOST: u64 = 4096;

/// What has to be measured, at the least.
const MEASURED: [&str; 13] = [
    "deflate",
    "deflateParams",
    "deflateCopy",
    "compress2",
    "gzwrite",
    "gzclose",
    "inflate",
    "inflateBack",
    "uncompress",
    "gzread",
    "gzgets",
    "gzfread",
    "gzseek",
];

/// On a small thread, at all levels and strategies, at each of this CPU's tiers.
pub fn stack(setup: &Setup) -> Result<Completion> {
    let sh = Shell::new()?;
    let program = Program::build(&sh, setup)?;
    let at = |what: &str, tier: &str| -> Result<String> {
        let environment = [("ZCOMPAT_CPU", tier)];
        Ok(program.run_with(&sh, &program.ours, what, &environment)?.0)
    };
    let tiers = tiers::available(|tier| Ok(Some(at("tier", tier)?.trim_end().to_owned())))?;
    ensure!(tiers.iter().any(|tier| tier == "portable"), "only {tiers:?} can be chosen");
    for tier in tiers {
        little_stack(&at("stack", &tier)?).with_context(|| format!("ZCOMPAT_CPU={tier}"))?;
    }
    PASSED
}

/// Each function with what it takes, a line each.
fn little_stack(said: &str) -> Result<()> {
    for function in MEASURED {
        let found = said.lines().any(|line| line.split(' ').next() == Some(function));
        ensure!(found, "{function} was not measured: {said}");
    }
    let mut taken = Vec::new();
    for line in said.lines() {
        let (function, bytes) = line.split_once(' ').context("no number")?;
        let bytes: u64 = bytes.parse()?;
        ensure!(bytes <= MOST, "{function} takes {bytes} bytes of the stack, {MOST} at most");
        taken.push(bytes);
    }
    // Nothing measured would be nothing proved.
    ensure!(taken.iter().any(|bytes| *bytes > 1000), "no function takes any: {said}");
    Ok(())
}
