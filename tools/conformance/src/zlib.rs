//! `cargo xtask conformance zlib`: zlib 1.3.2's own test programs and examples.
//!
//! They come from Debian sid's source package and are built against the installed headers and
//! library. Each does a real job on our library and on stock zlib built from the same source: what
//! one writes the other must read. infcover.c is left out: it calls functions of zlib's inside.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

use super::corpus::{self, same_file};
use super::lab::{Lab, SIDES, Side, in_lab, text};
use super::{Common, Report};
use base::{debian, paths};

/// What `cargo xtask conformance zlib` takes.
#[derive(clap::Args, Default)]
pub struct Args {
    #[command(flatten)]
    common: Common,
}

struct Job {
    name: &'static str,
    /// What is compiled, in zlib's source.
    sources: &'static [&'static str],
    flags: &'static [&'static str],
    /// Takes the program's path; returns what was done, in a few words.
    run: fn(&Lab, &str) -> Result<String>,
}

impl Job {
    const fn new(
        name: &'static str,
        source: &'static [&'static str],
        run: fn(&Lab, &str) -> Result<String>,
    ) -> Job {
        Job { name, sources: source, flags: &[], run }
    }
}

/// Upstream builds its tests a second time this way; gzopen becomes gzopen64 and so on.
const LARGE_FILES: &[&str] = &["-D_FILE_OFFSET_BITS=64"];

const JOBS: [Job; 12] = [
    Job::new("example", &["test/example.c"], example),
    Job { flags: LARGE_FILES, ..Job::new("example64", &["test/example.c"], example) },
    Job::new("minigzip", &["test/minigzip.c"], minigzip),
    Job { flags: LARGE_FILES, ..Job::new("minigzip64", &["test/minigzip.c"], minigzip) },
    Job::new("zpipe", &["examples/zpipe.c"], zpipe),
    Job::new("gun", &["examples/gun.c"], gun),
    Job::new("gzjoin", &["examples/gzjoin.c"], gzjoin),
    Job::new("gznorm", &["examples/gznorm.c"], gznorm),
    Job::new("gzappend", &["examples/gzappend.c"], gzappend),
    Job::new("gzlog", &["examples/gzlog.c"], gzlog),
    // Without it zran.c has no main.
    Job { flags: &["-DTEST"], ..Job::new("zran", &["examples/zran.c"], zran) },
    Job::new("fitblk", &["examples/fitblk.c"], fitblk),
];

/// The names of all jobs.
pub fn names() -> Vec<&'static str> {
    JOBS.iter().map(|j| j.name).collect()
}

/// Runs the command.
pub fn run(args: &Args) -> Result<ExitCode> {
    args.common.run(&names(), Upstream::get, Upstream::run_one)
}

/// zlib's source and the stock library built from it.
pub struct Upstream {
    source: PathBuf,
    stock: PathBuf,
}

/// What is built from the source.
#[derive(Clone, Copy)]
pub enum Variant {
    /// The library as it is.
    Stock,
    /// Without symbol versions: a fault that the checks must find.
    Unversioned,
    /// Its adler32 is wrong for long buffers: another.
    WrongAdler32,
    /// It gives up matches of three bytes sooner: its streams are right, and not stock's.
    OtherBytes,
}

impl Upstream {
    /// Fetches the source and builds stock zlib, once.
    ///
    /// # Errors
    /// The source is not available, or the compiler is missing.
    pub fn get(sh: &Shell) -> Result<Upstream> {
        // Each check asks; the first builds.
        static LOCK: Mutex<()> = Mutex::new(());
        let _guard = LOCK.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let source = debian::Sid::open(sh)?.source(sh, "zlib")?;
        debian::install(sh, &["gcc", "libc6-dev", "gzip"])?;
        let stock = paths::target().join("conformance/zlib/stock");
        let upstream = Upstream { source, stock };
        if !upstream.stock.join("libz.so.1").exists() {
            upstream.build_library(sh, &upstream.stock, Variant::Stock)?;
        }
        Ok(upstream)
    }

    /// Builds upstream's library as `dir/libz.so.1`.
    pub fn build_library(&self, sh: &Shell, dir: &Path, variant: Variant) -> Result<()> {
        let work = tempfile::tempdir()?;
        let built = work.path().join("libz.so.1");
        let mut sources: Vec<PathBuf> = fs::read_dir(&self.source)?
            .flatten()
            .map(|e| e.path())
            .filter(|p| p.extension().is_some_and(|e| e == "c"))
            .collect();
        let mut flags = vec![
            format!("-Wl,--version-script={}", self.source.join("zlib.map").display()),
            format!("-I{}", self.source.display()),
        ];
        match variant {
            Variant::Stock => {}
            Variant::Unversioned => drop(flags.remove(0)),
            Variant::OtherBytes => flags.push("-DTOO_FAR=300".into()),
            Variant::WrongAdler32 => {
                // The end of the long way through: short buffers stay right.
                let (end, wrong) =
                    ("return adler | (sum2 << 16);", "return adler ^ (sum2 << 16) ^ 1;");
                let text = fs::read_to_string(self.source.join("adler32.c"))?;
                let at = text.rfind(end).context("adler32.c is not as it was")?;
                let changed = work.path().join("adler32.c");
                fs::write(&changed, text[..at].to_owned() + wrong + &text[at + end.len()..])?;
                sources.retain(|p| !p.ends_with("adler32.c"));
                sources.push(changed);
            }
        }
        // What zlib's configure finds on every Linux.
        cmd!(
            sh,
            "cc -O2 -fPIC -shared -D_LARGEFILE64_SOURCE=1 -DHAVE_HIDDEN -DHAVE_UNISTD_H
             -DHAVE_STDARG_H -Wl,-soname,libz.so.1 {flags...} -o {built} {sources...}"
        )
        .quiet()
        .run()
        .context("stock zlib cannot be built")?;
        fs::create_dir_all(dir)?;
        fs::copy(&built, dir.join("libz.so.1"))?;
        Ok(())
    }

    /// Runs the job called `name` against the headers and the library in `prefix`.
    pub fn run_one(&self, sh: &Shell, prefix: &Path, name: &str) -> Report {
        let job = JOBS.iter().find(|j| j.name == name).expect("the name is one of names()");
        Report::of(job.name, || {
            let lab = Lab::new(sh, prefix, false).and_then(|lab| lab.with_reference(&self.stock));
            in_lab(lab, |lab| {
                let program = self.build(sh, prefix, lab, job)?;
                let what = (job.run)(lab, &program)?;
                lab.prove(&[(job.name, "libz")])?;
                Ok(what)
            })
        })
    }

    fn build(&self, sh: &Shell, prefix: &Path, lab: &Lab, job: &Job) -> Result<String> {
        let program = lab.folder("bin")?.join(job.name);
        let (include, libdir) = (prefix.join("include"), prefix.join("lib"));
        let mut sources: Vec<PathBuf> = job.sources.iter().map(|s| self.source.join(s)).collect();
        let mut include_ours = Vec::new();
        if job.name == "gzlog" {
            // gzlog.c is a module without a main.
            let main = lab.path("gzlog.c");
            fs::write(&main, include_str!("gzlog.c"))?;
            sources.push(main);
            include_ours = vec!["-iquote".into(), self.source.join("examples")];
        }
        let flags = job.flags;
        cmd!(
            sh,
            "cc -O2 -w -I {include} {include_ours...} {flags...} -o {program} {sources...}
             -L {libdir} -lz"
        )
        .quiet()
        .run()
        .with_context(|| format!("{} cannot be built", job.name))?;
        Ok(text(&program))
    }
}

/// Runs `program` with `input` on its standard input and writes its standard output to `output`.
fn filter(
    lab: &Lab,
    side: Side,
    (program, args): (&str, &[&str]),
    input: &Path,
    output: &Path,
) -> Result<()> {
    let mut command = lab.command(side, program);
    command.args(args).stdin(File::open(input)?);
    fs::write(output, lab.finish(side, &mut command)?)?;
    Ok(())
}

/// The independent reader: GNU gzip has its own inflate.
fn gunzip(lab: &Lab, file: &Path, expected: &[u8]) -> Result<()> {
    let found = lab.run(Side::System, "gzip", &["-dc", &text(file)])?;
    ensure!(found == expected, "gzip decodes {} to other bytes", file.display());
    Ok(())
}

/// The input files of many kinds, and some whose sizes are at the edges of buffers.
fn inputs(lab: &Lab) -> Result<Vec<PathBuf>> {
    let few = lab.input().join("few");
    for size in [1, 2, 16383, 16384, 16385, 32768] {
        fs::write(few.join(format!("text-{size}")), &corpus::text(9, size).as_bytes()[..size])?;
    }
    let mut files: Vec<PathBuf> = fs::read_dir(few)?.flatten().map(|e| e.path()).collect();
    files.sort();
    Ok(files)
}

fn example(lab: &Lab, program: &str) -> Result<String> {
    let run = |side| -> Result<String> {
        let file = lab.path("example.gz");
        if file.exists() {
            fs::remove_file(&file)?;
        }
        Ok(String::from_utf8(lab.run(side, program, &[&text(&file)])?)?)
    };
    let (ours, stock) = (run(Side::Ours)?, run(Side::System)?);
    // The first line ends in the flags the library was compiled with.
    let rest = |said: &str| said.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
    ensure!(ours.starts_with("zlib version 1.3.2 = 0x1320, compile flags = 0x"), "{ours}");
    ensure!(rest(&ours).len() == 7 && rest(&ours) == rest(&stock), "{ours}\nbut stock:\n{stock}");
    Ok("all tests print what they print on stock".into())
}

fn minigzip(lab: &Lab, program: &str) -> Result<String> {
    let files = inputs(lab)?;
    let ways: [&[&str]; 12] = [
        &["-1"],
        &["-2"],
        &["-3"],
        &["-4"],
        &["-5"],
        &["-6"],
        &["-7"],
        &["-8"],
        &["-9"],
        &["-f"],
        &["-h"],
        &["-r"],
    ];
    for way in ways {
        there_and_back(lab, (program, way), &files, |packed, file| {
            gunzip(lab, packed, &fs::read(file)?)
        })?;
    }
    // By file name: replaces FILE by FILE.gz and back; -c to standard output.
    for side in SIDES {
        let file = lab.folder("named")?.join("file");
        let (packed, plain) = (text(&file) + ".gz", text(&file));
        fs::copy(lab.input().join("few/text"), &file)?;
        lab.run(side, program, &["-9", &plain])?;
        ensure!(!file.exists(), "minigzip left the file it compressed");
        let shown = lab.run(side, program, &["-c", "-d", &packed])?;
        ensure!(shown == fs::read(lab.input().join("few/text"))?, "minigzip -c -d: other bytes");
        lab.run(side, program, &["-d", &packed])?;
        same_file(&lab.input().join("few/text"), &file)?;
    }
    Ok(format!("{} files, 9 levels and 3 strategies, both ways", files.len()))
}

/// A filter compresses each file, which `look` is shown with the result, and `-d` gives it back,
/// crosswise with both libraries.
fn there_and_back(
    lab: &Lab,
    (program, way): (&str, &[&str]),
    files: &[PathBuf],
    look: impl Fn(&Path, &Path) -> Result<()>,
) -> Result<()> {
    lab.cross(
        |side, made| {
            for file in files {
                let packed = made.join(file.file_name().context("named")?);
                filter(lab, side, (program, way), file, &packed)?;
                look(&packed, file)?;
            }
            Ok(())
        },
        |side, made, out| {
            for file in files {
                let name = file.file_name().context("named")?;
                filter(lab, side, (program, &["-d"]), &made.join(name), &out.join(name))?;
                same_file(file, &out.join(name))?;
            }
            Ok(())
        },
    )
}

fn zpipe(lab: &Lab, program: &str) -> Result<String> {
    let files = inputs(lab)?;
    there_and_back(lab, (program, &[]), &files, |_, _| Ok(()))?;
    // A damaged stream: its words and its exit code are stock's.
    let mut bytes =
        lab.finish(Side::System, lab.command(Side::System, program).stdin(File::open(&files[0])?))?;
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x55;
    bytes.truncate(bytes.len() - 3);
    let damaged = lab.path("damaged");
    fs::write(&damaged, bytes)?;
    let refusal = |side| {
        let mut command = lab.command(side, program);
        let stdin = File::open(&damaged)?;
        match lab.finish(side, command.arg("-d").stdin(stdin)) {
            Ok(_) => anyhow::bail!("zpipe reads a damaged stream"),
            Err(error) => {
                let words = format!("{error:#}");
                Ok(words.rsplit("zpipe: ").next().unwrap_or_default().to_owned())
            }
        }
    };
    let (ours, stock) = (refusal(Side::Ours)?, refusal(Side::System)?);
    ensure!(ours == stock, "damaged stream: {ours:?}, stock {stock:?}");
    Ok(format!("{} files both ways, a damaged one refused", files.len()))
}

/// A gzip file of several members, made by GNU gzip at several levels.
fn members(lab: &Lab, name: &str, files: &[PathBuf]) -> Result<(PathBuf, Vec<u8>)> {
    let (packed, mut plain) = (lab.path(name), Vec::new());
    let mut out = File::create(&packed)?;
    for (file, level) in files.iter().zip(["-6", "-1", "-9"].iter().cycle()) {
        out.write_all(&lab.run(Side::System, "gzip", &[level, "-c", &text(file)])?)?;
        plain.extend(fs::read(file)?);
    }
    Ok((packed, plain))
}

fn gun(lab: &Lab, program: &str) -> Result<String> {
    let files = inputs(lab)?;
    let (packed, plain) = members(lab, "members.gz", &files)?;
    let expected = lab.path("expected");
    fs::write(&expected, &plain)?;
    let mut errors = Vec::new();
    for side in SIDES {
        let out = lab.path("gun.out");
        filter(lab, side, (program, &[]), &packed, &out)?;
        same_file(&expected, &out)?;
        let copy = lab.path("named.gz");
        fs::copy(&packed, &copy)?;
        lab.run(side, program, &["-t", &text(&copy)])?;
        lab.run(side, program, &[&text(&copy)])?;
        same_file(&expected, &lab.path("named"))?;
        // gun reports errors and goes on: the words must be stock's.
        let mut bytes = fs::read(&packed)?;
        let end = bytes.len() - 6;
        bytes[end] ^= 1;
        fs::write(&copy, bytes)?;
        let done = lab.finish_any(side, lab.command(side, program).args(["-t", &text(&copy)]))?;
        errors.push(String::from_utf8_lossy(&done.stderr).into_owned());
    }
    ensure!(errors[0] == errors[1], "wrong checksum: {:?}, stock {:?}", errors[0], errors[1]);
    ensure!(errors[0].contains("incorrect data check"), "{:?}", errors[0]);
    Ok(format!("{} members through inflateBack, a wrong checksum found", files.len()))
}

fn gzjoin(lab: &Lab, program: &str) -> Result<String> {
    let files = inputs(lab)?;
    let mut args = vec![];
    let mut plain = Vec::new();
    for (i, file) in files.iter().enumerate() {
        let packed = lab.path(&format!("part-{i}.gz"));
        let level = ["-1", "-6", "-9"][i % 3];
        fs::write(&packed, lab.run(Side::System, "gzip", &[level, "-c", &text(file)])?)?;
        args.push(text(&packed));
        plain.extend(fs::read(file)?);
    }
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let mut made = Vec::new();
    for side in SIDES {
        let joined = lab.run(side, program, &args)?;
        let file = lab.path("joined.gz");
        fs::write(&file, &joined)?;
        gunzip(lab, &file, &plain)?;
        made.push(joined);
    }
    // Nothing is compressed again: the bytes are the same whoever decodes and combines.
    ensure!(made[0] == made[1], "the joined file differs from stock's");
    Ok(format!("{} files joined by Z_BLOCK and crc32_combine, as stock joins them", files.len()))
}

fn gznorm(lab: &Lab, program: &str) -> Result<String> {
    let files = inputs(lab)?;
    let (packed, plain) = members(lab, "members.gz", &files)?;
    let mut made = Vec::new();
    for side in SIDES {
        let out = lab.path("normal.gz");
        filter(lab, side, (program, &[]), &packed, &out)?;
        gunzip(lab, &out, &plain)?;
        made.push(fs::read(&out)?);
    }
    ensure!(made[0] == made[1], "the normal form differs from stock's");
    Ok(format!("{} members made one, as stock does it", files.len()))
}

fn gzappend(lab: &Lab, program: &str) -> Result<String> {
    let files = inputs(lab)?;
    let start = lab.path("start.gz");
    fs::write(&start, lab.run(Side::System, "gzip", &["-c", &text(&files[0])])?)?;
    for first in SIDES {
        for second in SIDES {
            let file = lab.path("grown.gz");
            fs::copy(&start, &file)?;
            let mut plain = fs::read(&files[0])?;
            for (i, added) in files.iter().enumerate() {
                let side = if i % 2 == 0 { first } else { second };
                let level = format!("-{}", i % 10);
                lab.run(side, program, &[&level, &text(&file), &text(added)])?;
                plain.extend(fs::read(added)?);
            }
            gunzip(lab, &file, &plain)?;
        }
    }
    Ok(format!("{} files appended through Z_BLOCK and deflatePrime", files.len()))
}

fn gzlog(lab: &Lab, program: &str) -> Result<String> {
    let source = lab.input().join("few/text");
    let plain = fs::read(&source)?.repeat(5);
    for (i, side) in SIDES.into_iter().enumerate() {
        let prefix = lab.path(&format!("log-{i}"));
        lab.run(side, program, &[&text(&prefix), &text(&source), "5"])?;
        gunzip(lab, &prefix.with_extension("gz"), &plain)?;
        // The other side goes on with the same log.
        lab.run(SIDES[1 - i], program, &[&text(&prefix), &text(&source), "5"])?;
        gunzip(lab, &prefix.with_extension("gz"), &plain.repeat(2))?;
    }
    Ok("a log of 7 MB written in pieces, continued by the other library".into())
}

fn zran(lab: &Lab, program: &str) -> Result<String> {
    const LEN: usize = 16384;
    let big = lab.path("big");
    let mut bytes = Vec::new();
    for name in ["text", "records", "noise", "text", "repetitive"] {
        bytes.extend(fs::read(lab.input().join("few").join(name))?);
    }
    fs::write(&big, &bytes)?;
    let gzip = lab.path("big.gz");
    fs::write(&gzip, lab.run(Side::System, "gzip", &["-c", &text(&big)])?)?;
    // The same deflate stream bare and with zlib's header and trailer.
    let packed = fs::read(&gzip)?;
    let name_end = 10 + packed[10..].iter().position(|b| *b == 0).context("gzip stores a name")?;
    let deflate = &packed[name_end + 1..packed.len() - 8];
    let (raw, zlib) = (lab.path("big.deflate"), lab.path("big.zlib"));
    fs::write(&raw, deflate)?;
    let (mut a, mut b) = (1u32, 0u32);
    for byte in &bytes {
        a = (a + u32::from(*byte)) % 65521;
        b = (b + a) % 65521;
    }
    fs::write(&zlib, [&[0x78, 0x9c], deflate, &(b << 16 | a).to_be_bytes()].concat())?;

    let last = bytes.len() - 1;
    let offsets = [0, 1, 1000, LEN, bytes.len() / 3, bytes.len() / 2 + 7, last - LEN, last];
    for file in [&gzip, &raw, &zlib] {
        for offset in offsets {
            let expected = &bytes[offset..bytes.len().min(offset + LEN)];
            let mut words = Vec::new();
            for side in SIDES {
                let mut command = lab.command(side, program);
                command.arg(file).arg(offset.to_string());
                let done = lab.finish_any(side, &mut command)?;
                ensure!(
                    done.status.success() && done.stdout == expected,
                    "{} at {offset} on {}: {}",
                    file.display(),
                    side.word(),
                    String::from_utf8_lossy(&done.stderr)
                );
                words.push(String::from_utf8_lossy(&done.stderr).into_owned());
            }
            ensure!(words[0] == words[1], "{:?}, stock {:?}", words[0], words[1]);
        }
    }
    Ok(format!("{} random accesses in gzip, raw and zlib streams", 3 * offsets.len()))
}

fn fitblk(lab: &Lab, program: &str) -> Result<String> {
    let (mut blocks, mut filled, mut gave_up) = (0, 0, 0);
    for name in ["text", "records", "repetitive"] {
        for size in ["500", "4096", "20000", "65536", "300000"] {
            let said = SIDES.map(|side| -> Result<_> {
                let mut command = lab.command(side, program);
                command.arg(size).stdin(File::open(lab.input().join("few").join(name))?);
                let done = lab.finish_any(side, &mut command)?;
                let words = String::from_utf8_lossy(&done.stderr).into_owned();
                Ok((done.status.success(), done.stdout, words))
            });
            let [ours, stock] = said;
            let (ours, stock) = (ours?, stock?);
            ensure!(ours.1 == stock.1, "{size} of {name}: other bytes than with stock");
            ensure!(
                (ours.0, &ours.2) == (stock.0, &stock.2),
                "{size} of {name}: {}, with stock {}",
                ours.2,
                stock.2
            );
            if !ours.0 {
                // Its margin is too small for some data, also with stock's bytes. Nothing else may end it.
                ensure!(ours.2.contains("`ret == Z_STREAM_END' failed"), "{}", ours.2);
                gave_up += 1;
                continue;
            }
            // "N bytes unused out of SIZE requested (all input)" or "(M input)".
            ensure!(ours.2.contains(&format!("out of {size} requested")), "{}", ours.2);
            blocks += 1;
            filled += usize::from(!ours.2.contains("all input"));
        }
    }
    ensure!(filled > 4 && gave_up < 3, "{filled} blocks filled, {gave_up} given up");
    Ok(format!(
        "{blocks} blocks, {filled} of them filled, {gave_up} given up, as with stock to the byte"
    ))
}
