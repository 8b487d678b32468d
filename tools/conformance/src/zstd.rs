//! `cargo xtask conformance zstd`: libzstd 1.5.7's own tests on our shared library.
//!
//! They come from Debian sid's source package. Only the testers are compiled from it; what they
//! test is the installed libzstd.so.1. A few need functions of the library's inside that no shared
//! library exports: those sources are linked into the tester beside it.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};
use xshell::{Shell, cmd};

use super::corpus::same_file;
use super::lab::{Lab, SIDES, Side, in_lab, no_loader_words, text};
use super::{Common, Report};
use base::library::LIBRARIES;
use base::process::{Finished, ending};
use base::{debian, paths};

/// What `cargo xtask conformance zstd` takes.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    common: Common,
    /// How long each random tester runs after its unit tests
    #[arg(long, value_name = "SECONDS", default_value_t = DEFAULT_SECONDS)]
    time: u32,
    /// The random testers' first seed; without it the clock gives one, and it is printed
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u32>,
    /// The same as --time 5
    #[arg(long, conflicts_with = "time")]
    quick: bool,
}

const DEFAULT_SECONDS: u32 = 60;

impl Default for Args {
    fn default() -> Args {
        Args { common: Common::default(), time: DEFAULT_SECONDS, seed: None, quick: false }
    }
}

/// How far the random testers go.
#[derive(Clone, Copy)]
pub struct Effort {
    /// How long each runs after its unit tests.
    pub seconds: u32,
    /// Where its random numbers start.
    pub seed: u32,
}

/// A program that is compiled from the source.
struct Tool {
    name: &'static str,
    /// Relative to the source.
    sources: &'static [&'static str],
    flags: &'static [&'static str],
}

const COMMON: [&str; 5] = [
    "programs/util.c",
    "programs/timefn.c",
    "programs/datagen.c",
    "programs/lorem.c",
    "lib/common/xxhash.c",
];

const TOOLS: [Tool; 9] = [
    Tool { name: "invalidDictionaries", sources: &["tests/invalidDictionaries.c"], flags: SHARED },
    Tool { name: "legacy", sources: &["tests/legacy.c"], flags: SHARED },
    Tool { name: "longmatch", sources: &["tests/longmatch.c"], flags: SHARED },
    Tool { name: "roundTripCrash", sources: &["tests/roundTripCrash.c"], flags: SHARED },
    Tool {
        name: "fuzzer",
        sources: &[
            "tests/fuzzer.c",
            // It makes Huffman and FSE tables of its own.
            "lib/compress/fse_compress.c",
            "lib/compress/hist.c",
            "lib/common/entropy_common.c",
            "lib/common/fse_decompress.c",
            "lib/common/error_private.c",
            "lib/common/debug.c",
        ],
        flags: SHARED,
    },
    Tool {
        name: "zstreamtest",
        sources: &["tests/zstreamtest.c", "tests/seqgen.c", "tests/external_matchfinder.c"],
        flags: SHARED,
    },
    Tool { name: "datagen", sources: &["tests/datagencli.c", "tests/loremOut.c"], flags: &[] },
    Tool {
        name: "zstd",
        sources: &[
            "programs/zstdcli.c",
            "programs/zstdcli_trace.c",
            "programs/fileio.c",
            "programs/fileio_asyncio.c",
            "programs/benchfn.c",
            "programs/benchzstd.c",
            "programs/dibio.c",
            "lib/common/pool.c",
            "lib/common/threading.c",
        ],
        flags: &[
            "-DZSTD_LEGACY_SUPPORT=5",
            "-DZSTD_GZCOMPRESS",
            "-DZSTD_GZDECOMPRESS",
            "-l:libzstd.so.1",
            "-lz",
        ],
    },
    // It makes frames that no compressor would, out of a compressor's inside: all of it is in there,
    // and what decodes its frames is the zstd above.
    Tool {
        name: "decodecorpus",
        sources: &[
            "tests/decodecorpus.c",
            "lib/compress",
            "lib/decompress",
            "lib/common",
            "lib/dictBuilder",
        ],
        flags: &["-DZSTD_DISABLE_ASM", "-DZSTD_LEGACY_SUPPORT=0"],
    },
];

const SHARED: &[&str] = &["-l:libzstd.so.1"];

struct Job {
    name: &'static str,
    /// The tools that it needs; those that must map a library, with which.
    tools: &'static [&'static str],
    mapped: &'static [(&'static str, &'static str)],
    run: fn(&Bench, Effort) -> Result<String>,
}

const JOBS: [Job; 10] = [
    Job {
        name: "invalidDictionaries",
        tools: &["invalidDictionaries"],
        mapped: &[("invalidDictionaries", "libzstd")],
        run: |bench, _| bench.plain("invalidDictionaries", &[], &[]),
    },
    Job {
        name: "legacy",
        tools: &["legacy", "zstd"],
        mapped: &[("legacy", "libzstd"), ("zstd", "libzstd")],
        run: legacy,
    },
    Job {
        name: "longmatch",
        tools: &["longmatch"],
        mapped: &[("longmatch", "libzstd")],
        run: |bench, _| bench.plain("longmatch", &[], &[]),
    },
    Job {
        name: "roundTripCrash",
        tools: &["roundTripCrash"],
        mapped: &[("roundTripCrash", "libzstd")],
        run: round_trip_crash,
    },
    Job {
        name: "fuzzer",
        tools: &["fuzzer"],
        mapped: &[("fuzzer", "libzstd")],
        run: |bench, effort| bench.random("fuzzer", &[], effort),
    },
    Job {
        name: "zstreamtest",
        tools: &["zstreamtest"],
        mapped: &[("zstreamtest", "libzstd")],
        run: |bench, effort| {
            let old = bench.random("zstreamtest", &[], effort)?;
            let new = bench.random("zstreamtest", &["--newapi", "-t1"], effort)?;
            Ok(format!("{old}; advanced API: {new}"))
        },
    },
    Job {
        name: "golden",
        tools: &["zstd"],
        mapped: &[("zstd", "libzstd"), ("zstd", "libz")],
        run: golden,
    },
    Job {
        name: "decodecorpus",
        tools: &["decodecorpus", "zstd"],
        mapped: &[("zstd", "libzstd")],
        run: decodecorpus,
    },
    Job {
        name: "playTests",
        tools: &["zstd", "datagen"],
        mapped: &[("zstd", "libzstd"), ("zstd", "libz")],
        run: play_tests,
    },
    Job {
        name: "cli-tests",
        tools: &["zstd", "datagen"],
        mapped: &[("zstd", "libzstd"), ("zstd", "libz")],
        run: cli_tests,
    },
];

/// The names of all jobs.
pub fn names() -> Vec<&'static str> {
    JOBS.iter().map(|j| j.name).collect()
}

/// Runs the command.
pub fn run(args: &Args) -> Result<ExitCode> {
    let seed = args.seed.unwrap_or_else(|| {
        SystemTime::now().duration_since(UNIX_EPOCH).map(|d| d.as_secs() as u32).unwrap_or(1)
    });
    let effort = Effort { seconds: if args.quick { 5 } else { args.time }, seed };
    println!("seed {seed}, {} seconds for each random tester", effort.seconds);
    args.common.run(&names(), Upstream::get, |upstream, sh, prefix, name| {
        upstream.run_one(sh, prefix, name, effort)
    })
}

/// libzstd's source and the testers built from it.
pub struct Upstream {
    source: PathBuf,
    /// The folder of Debian's own libzstd.so.1.
    stock: PathBuf,
    bin: PathBuf,
}

impl Upstream {
    /// Fetches the source, and the library that Debian built from it.
    ///
    /// # Errors
    /// They are not available, or the compiler is missing.
    pub fn get(sh: &Shell) -> Result<Upstream> {
        let source = debian::Sid::open(sh)?.source(sh, "libzstd")?;
        let stock = LIBRARIES.iter().find(|l| l.stem == "libzstd").expect("one of ours");
        let stock = stock.packaged_file(sh)?.with_file_name("");
        debian::install(sh, &["gcc", "libc6-dev", "python3", "less", "file"])?;
        Ok(Upstream { source, stock, bin: paths::target().join("conformance/zstd/bin") })
    }

    /// Runs the job called `name` on the library in `prefix`.
    pub fn run_one(&self, sh: &Shell, prefix: &Path, name: &str, effort: Effort) -> Report {
        let job = JOBS.iter().find(|j| j.name == name).expect("the name is one of names()");
        Report::of(job.name, || {
            let lab = Lab::new(sh, prefix, true).and_then(|lab| lab.with_reference(&self.stock));
            in_lab(lab, |lab| {
                self.equip(sh, prefix, lab, job)?;
                let what = (job.run)(&Bench { source: &self.source, lab }, effort)?;
                lab.prove(job.mapped)?;
                Ok(what)
            })
        })
    }

    /// Puts the job's tools in the lab's bin folder.
    fn equip(&self, sh: &Shell, prefix: &Path, lab: &Lab, job: &Job) -> Result<()> {
        let bin = lab.folder("bin")?;
        for name in job.tools {
            let tool = TOOLS.iter().find(|t| t.name == *name).expect("tools are in TOOLS");
            let (from, to) = (self.built(sh, prefix, tool)?, bin.join(name));
            // By a process of its own: if this one wrote the file, a child that another thread starts
            // meanwhile would have it open for writing until it executes its program, and a file
            // so open cannot be executed.
            cmd!(sh, "cp {from} {to}").quiet().run()?;
        }
        Ok(())
    }

    /// Compiles a tool once. It is linked to the library by name only, so it stays good for every
    /// build of the library.
    fn built(&self, sh: &Shell, prefix: &Path, tool: &Tool) -> Result<PathBuf> {
        // Two checks may want the same tool at once.
        static LOCK: Mutex<()> = Mutex::new(());
        let _guard = LOCK.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let program = self.bin.join(tool.name);
        let own = tool.name == "decodecorpus";
        let common = COMMON.iter().filter(|source| !own || !source.starts_with("lib/"));
        let mut sources = Vec::new();
        for source in tool.sources.iter().chain(common) {
            let path = self.source.join(source);
            if path.is_dir() {
                sources.extend(fs::read_dir(path)?.flatten().map(|e| e.path()).filter(|p| {
                    // decodecorpus.c includes zstd_compress.c.
                    p.extension().is_some_and(|e| e == "c") && !p.ends_with("zstd_compress.c")
                }));
            } else {
                sources.push(path);
            }
        }
        sources.sort();
        let include: Vec<String> =
            ["lib", "lib/common", "lib/compress", "lib/dictBuilder", "lib/legacy", "programs"]
                .map(|dir| format!("-I{}", self.source.join(dir).display()))
                .into();
        let libdir = prefix.join("lib");
        // zlib.h is ours; zstd's headers are the source's, since the testers use private ones too.
        let zlib_h = format!("-idirafter{}", prefix.join("include").display());
        let flags = tool.flags;
        let recipe = format!("{flags:?} {sources:?}");
        let stamp = self.bin.join(format!("{}.recipe", tool.name));
        if program.exists() && fs::read_to_string(&stamp).is_ok_and(|made| made == recipe) {
            return Ok(program);
        }
        fs::create_dir_all(&self.bin)?;
        let work = tempfile::tempdir_in(&self.bin)?;
        let new = work.path().join(tool.name);
        cmd!(
            sh,
            "cc -O1 -w -pthread -DXXH_NAMESPACE=ZSTD_ -DZSTD_MULTITHREAD {include...} {zlib_h}
             -o {new} {sources...} -L {libdir} {flags...} -lm"
        )
        .quiet()
        .run()
        .with_context(|| format!("{} cannot be built", tool.name))?;
        fs::rename(&new, &program)?;
        fs::write(&stamp, recipe)?;
        Ok(program)
    }
}

/// What a job works with.
struct Bench<'a> {
    source: &'a Path,
    lab: &'a Lab,
}

impl Bench<'_> {
    fn tool(&self, name: &str) -> String {
        text(&self.lab.path("bin").join(name))
    }

    /// A test program that says by its exit code how it went; its output holds one of `words`.
    fn plain(&self, name: &str, args: &[&str], words: &[&str]) -> Result<String> {
        let mut command = self.lab.command(Side::Ours, &self.tool(name));
        let done = self.lab.finish_any(Side::Ours, command.args(args))?;
        ensure!(done.status.success(), "{}: {}", ending(done.status), done.tail());
        let said = done.tail();
        ensure!(words.is_empty() || words.iter().any(|w| said.contains(w)), "it says: {said}");
        Ok(said.lines().last().unwrap_or("exit code 0").to_owned())
    }

    /// A tester that runs its unit tests and then random ones for a time.
    fn random(&self, name: &str, args: &[&str], effort: Effort) -> Result<String> {
        let Effort { seconds, seed } = effort;
        let mut command = self.lab.command(Side::Ours, &self.tool(name));
        command.args(args).arg(format!("-T{seconds}s")).arg(format!("-s{seed}"));
        // The unit tests take some 10 seconds, more on a busy machine.
        let limit = Duration::from_secs(300 + 2 * u64::from(seconds));
        let done = self.lab.finish_within(Side::Ours, &mut command, limit)?;
        ensure!(
            done.status.success(),
            "seed {seed}: {}: {}",
            ending(done.status),
            done.tail().replace('\r', "\n")
        );
        let said = format!(
            "{}{}",
            String::from_utf8_lossy(&done.stdout),
            String::from_utf8_lossy(&done.stderr)
        );
        // "123 tests completed", after a progress line that was written over.
        let last = said.split(['\r', '\n']).rfind(|line| line.contains("tests completed"));
        let last = last.with_context(|| format!("seed {seed}: no end: {}", done.tail()))?;
        let count: String = last.chars().filter(char::is_ascii_digit).collect();
        Ok(format!("{count} random tests from seed {seed} in {seconds} s"))
    }

    /// A copy of upstream's tests and programs that the scripts may write to.
    fn tree(&self) -> Result<PathBuf> {
        let tree = self.lab.folder("tree")?;
        for dir in ["tests", "programs"] {
            let from = text(&self.source.join(dir));
            self.lab.run(Side::System, "cp", &["-a", &from, &text(&tree)])?;
        }
        Ok(tree)
    }

    /// Runs a script of upstream's; the loader's words on either output fail it.
    fn script(&self, command: &mut Command) -> Result<String> {
        command.env("ZSTD_BIN", self.tool("zstd")).env("DATAGEN_BIN", self.tool("datagen"));
        let done = self.lab.finish_within(Side::Ours, command, Duration::from_secs(1200))?;
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        no_loader_words(&said)?;
        ensure!(done.status.success(), "{}: {}", ending(done.status), done.tail());
        Ok(said + &String::from_utf8_lossy(&done.stderr))
    }
}

/// Upstream's tester wants frames of all formats since v0.4; Debian's library reads them since v0.5.
/// Ours does what Debian's does.
fn legacy(bench: &Bench, _: Effort) -> Result<String> {
    let same = |program: &str, args: &[&str]| -> Result<Finished> {
        let [ours, stock] = SIDES.map(|side| {
            bench.lab.finish_any(side, bench.lab.command(side, &bench.tool(program)).args(args))
        });
        let (ours, stock) = (ours?, stock?);
        let words = |done: &Finished| format!("{}: {}", ending(done.status), done.tail());
        ensure!(
            ours.status == stock.status
                && ours.stdout == stock.stdout
                && ours.stderr == stock.stderr,
            "{program} {args:?}: ours: {}; Debian's: {}",
            words(&ours),
            words(&stock)
        );
        Ok(ours)
    };
    let tester = same("legacy", &[])?;

    let source = fs::read_to_string(bench.source.join("tests/legacy.c"))?;
    let mut versions = Vec::new();
    for (frame, version) in old_frames(&source)?.iter().zip(4..) {
        let file = bench.lab.path(&format!("v0.{version}.zst"));
        fs::write(&file, frame)?;
        let done = same("zstd", &["-d", "-c", &text(&file)])?;
        if version < 5 {
            ensure!(done.status.code() == Some(1), "v0.{version}: {}", ending(done.status));
            continue;
        }
        ensure!(done.status.success(), "v0.{version}: {}", done.tail());
        // The tester's text, a string of C, begins with it.
        let plain = String::from_utf8(done.stdout)?;
        let mut lines = plain.lines();
        ensure!(
            lines.clone().count() == 3 && lines.all(|l| source.contains(&format!("\"{l}\\n\""))),
            "v0.{version} gives: {plain}"
        );
        versions.push(format!("v0.{version}"));
    }
    ensure!(versions.len() == 4, "frames of {versions:?} only");
    let tester = ending(tester.status);
    Ok(format!("the tester ends as on Debian's ({tester}); {} decoded", versions.join(", ")))
}

/// The frames in the source of upstream's tester, v0.4's first.
fn old_frames(source: &str) -> Result<Vec<Vec<u8>>> {
    let (_, array) = source.split_once("COMPRESSED =\n").context("no frames in the tester")?;
    let (array, _) = array.split_once(';').context("the frames have no end")?;
    let mut frames: Vec<Vec<u8>> = Vec::new();
    let bytes = array.split("\\x").skip(1).map(|hex| {
        u8::from_str_radix(hex.get(..2).unwrap_or_default(), 16).with_context(|| hex.to_owned())
    });
    let bytes = bytes.collect::<Result<Vec<u8>>>()?;
    for (at, &byte) in bytes.iter().enumerate() {
        // Their magic numbers differ in the first byte.
        if (0x24..=0x28).contains(&byte) && bytes[at + 1..].starts_with(&[0xb5, 0x2f, 0xfd]) {
            frames.push(Vec::new());
        }
        frames.last_mut().context("the frames begin with no magic number")?.push(byte);
    }
    Ok(frames)
}

fn round_trip_crash(bench: &Bench, _: Effort) -> Result<String> {
    let mut files: Vec<PathBuf> = Vec::new();
    for dir in [bench.source.join("tests/golden-compression"), bench.lab.input().join("few")] {
        files.extend(fs::read_dir(dir)?.flatten().map(|e| e.path()));
    }
    files.sort();
    ensure!(files.len() > 10, "only {} files to try", files.len());
    for file in &files {
        let name = text(file);
        for way in [&[][..], &["--cctxParams"]] {
            let args = [way, &[&name]].concat();
            bench
                .plain("roundTripCrash", &args, &["no pb detected"])
                .with_context(|| file.display().to_string())?;
        }
    }
    Ok(format!("{} files, parameters chosen by their bytes", files.len()))
}

fn golden(bench: &Bench, _: Effort) -> Result<String> {
    let (lab, zstd) = (bench.lab, bench.tool("zstd"));
    let tests = bench.source.join("tests");
    let list = |dir: &str| -> Result<Vec<PathBuf>> {
        let mut files: Vec<PathBuf> = fs::read_dir(tests.join(dir))?
            .flatten()
            .map(|e| e.path())
            .filter(|p| !p.ends_with(".gitignore"))
            .collect();
        files.sort();
        ensure!(!files.is_empty(), "{dir} is empty");
        Ok(files)
    };
    let (good, bad) = (list("golden-decompression")?, list("golden-decompression-errors")?);
    for file in &good {
        lab.run(Side::Ours, &zstd, &["-q", "-t", &text(file)])?;
    }
    for file in &bad {
        let mut command = lab.command(Side::Ours, &zstd);
        let done = lab.finish_any(Side::Ours, command.args(["-q", "-t"]).arg(file))?;
        // A refusal, not a crash.
        ensure!(done.status.code() == Some(1), "{}: {}", file.display(), ending(done.status));
    }
    let dictionary = text(&list("golden-dictionaries")?[0]);
    let plain = list("golden-compression")?;
    let (packed, out) = (lab.path("packed"), lab.path("plain"));
    let (packed_arg, out_arg) = (text(&packed), text(&out));
    let mut trips = 0;
    for file in &plain {
        let levels = (1..=19).map(|level| vec![format!("-{level}")]);
        let more = ["--fast=5", "--ultra -22", "-19 --zstd=mml=7", "-T2 -3", "--long -9"]
            .map(|words| words.split(' ').map(str::to_owned).collect());
        let dictionary_ways =
            ["-3", "-19"].map(|l| vec![l.into(), "-D".into(), dictionary.clone()]);
        for way in levels.chain(more).chain(dictionary_ways) {
            let mut args: Vec<&str> = way.iter().map(String::as_str).collect();
            args.extend(["-q", "-f", "-o", &packed_arg]);
            let name = text(file);
            lab.run(Side::Ours, &zstd, &[&args[..], &[&name]].concat())?;
            let with: &[&str] = if way.len() == 3 { &["-D", &dictionary] } else { &[] };
            let args = [&["-d", "-q", "-f", "-o", &out_arg, &packed_arg], with].concat();
            lab.run(Side::Ours, &zstd, &args)?;
            same_file(file, &out).with_context(|| format!("{way:?}"))?;
            trips += 1;
        }
    }
    // Its gzip format goes through our other library.
    let text_file = lab.input().join("few/text");
    let args = ["-q", "-f", "--format=gzip", "-o", &packed_arg, &text(&text_file)];
    lab.run(Side::Ours, &zstd, &args)?;
    lab.run(Side::Ours, &zstd, &["-d", "-q", "-f", "-o", &out_arg, &packed_arg])?;
    same_file(&text_file, &out)?;
    Ok(format!("{} decoded, {} refused, {trips} round trips", good.len(), bad.len()))
}

fn decodecorpus(bench: &Bench, effort: Effort) -> Result<String> {
    let (lab, zstd) = (bench.lab, bench.tool("zstd"));
    let count = 100 + 20 * effort.seconds;
    let mut frames = 0;
    for (turn, way) in [&[][..], &["--content-size"], &["--use-dict=4000"]].iter().enumerate() {
        let (packed, plain, out) =
            (lab.folder("packed")?, lab.folder("plain")?, lab.folder("out")?);
        let seed = effort.seed.wrapping_add(turn as u32);
        let args = [format!("-n{count}"), format!("-s{seed}"), format!("-p{}", packed.display())];
        let mut make = lab.command(Side::System, &bench.tool("decodecorpus"));
        make.args(args).arg(format!("-o{}", plain.display())).args(*way);
        lab.finish(Side::System, &mut make)?;
        let dictionary = packed.join("dictionary");
        let mut decode = lab.command(Side::Ours, &zstd);
        decode.args(["-d", "-q", "--output-dir-flat"]).arg(&out);
        if way.first().is_some_and(|w| w.starts_with("--use-dict")) {
            ensure!(dictionary.exists(), "decodecorpus wrote no dictionary");
            decode.arg("-D").arg(&dictionary);
        }
        let mut files: Vec<PathBuf> = fs::read_dir(&packed)?.flatten().map(|e| e.path()).collect();
        files.retain(|f| f.extension().is_some_and(|e| e == "zst"));
        files.sort();
        ensure!(files.len() == count as usize, "{} frames instead of {count}", files.len());
        lab.finish(Side::Ours, decode.args(&files)).with_context(|| format!("seed {seed}"))?;
        for file in files {
            let name = file.file_stem().context("named")?;
            same_file(&plain.join(name), &out.join(name))
                .with_context(|| format!("seed {seed}"))?;
            frames += 1;
        }
    }
    Ok(format!("{frames} made-up frames from seed {} decoded", effort.seed))
}

fn play_tests(bench: &Bench, _: Effort) -> Result<String> {
    let tests = bench.tree()?.join("tests");
    let mut command = bench.lab.command(Side::Ours, "sh");
    let said = bench.script(command.arg("./playTests.sh").current_dir(&tests))?;
    // The script stops at the first failure; this line comes last.
    ensure!(said.contains("Skipping large data tests"), "it ended early");
    ensure!(said.contains("--format=gzip"), "the gzip tests were left out");
    Ok(format!("{} sections", said.matches("===>").count()))
}

fn cli_tests(bench: &Bench, _: Effort) -> Result<String> {
    let tests = bench.tree()?.join("tests/cli-tests");
    let mut command = bench.lab.command(Side::Ours, "python3");
    command.arg("./run.py").arg(format!("--zstd={}", bench.tool("zstd")));
    command.arg(format!("--datagen={}", bench.tool("datagen"))).current_dir(&tests);
    // SAFETY: geteuid has no preconditions.
    if unsafe { libc::geteuid() } == 0 {
        // One of them expects not to be allowed to write.
        let (user, group) = (65534, 65534);
        bench.lab.run(
            Side::System,
            "chown",
            &["-R", "65534:65534", &text(&bench.lab.path("tree"))],
        )?;
        command.uid(user).gid(group);
    }
    let said = bench.script(&mut command)?;
    match said.lines().rev().find(|line| line.starts_with("PASSED")) {
        Some(line) => Ok(line.to_owned()),
        None => bail!("no PASSED at the end: {said}"),
    }
}
