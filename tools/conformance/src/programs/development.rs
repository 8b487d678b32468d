//! A developer's programs: git, the compiler with compressed debug sections, python.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::corpus::{self, same_tree};
use crate::lab::{Lab, SIDES, Side, text};
use drive::Random;

/// git: a repository with a history, repacked from scratch, checked in full, cloned.
pub fn git(lab: &Lab) -> Result<String> {
    const COMMITS: u64 = 120;
    let stream = lab.path("history");
    fs::write(&stream, history(COMMITS))?;
    let config = ["-c", "core.compression=9", "-c", "pack.threads=2", "-C"];
    let git = |side, repository: &Path, args: &[&str]| {
        let repository = text(repository);
        lab.run(side, "git", &[&config[..], &[&repository], args].concat())
    };
    // Every object with its content, in the order of its name: equal for equal repositories.
    let everything = |side, repository: &Path| {
        git(side, repository, &["cat-file", "--batch", "--batch-all-objects"])
    };
    let first = std::cell::OnceCell::new();
    lab.cross(
        |side, made| {
            git(side, made, &["init", "-q", "-b", "main"])?;
            let mut import = lab.command(side, "git");
            import.arg("-C").arg(made).args(["fast-import", "--quiet"]);
            lab.finish(side, import.stdin(File::open(&stream)?))?;
            // Loose objects too, through the work tree.
            git(side, made, &["checkout", "-q", "main"])?;
            corpus::fill(&made.join("files"))?;
            git(side, made, &["add", "."])?;
            let who = ["-c", "user.name=n", "-c", "user.email=n@example.org"];
            let mut commit = lab.command(side, "git");
            commit.args(who).arg("-C").arg(made).args(["commit", "-q", "-m", "files"]);
            commit.env("GIT_AUTHOR_DATE", "1700000000 +0000");
            commit.env("GIT_COMMITTER_DATE", "1700000000 +0000");
            lab.finish(side, &mut commit)?;
            git(side, made, &["fsck", "--full", "--strict"])?;
            git(side, made, &["repack", "-adfq", "--window=50", "--depth=50"])?;
            let archive = text(&made.join("archive.tgz"));
            git(side, made, &["archive", "--format=tar.gz", "-o", &archive, "HEAD"]).map(drop)
        },
        |side, made, out| {
            let words = git(side, made, &["fsck", "--full", "--strict"])?;
            ensure!(words.is_empty(), "fsck: {}", String::from_utf8_lossy(&words));
            let all = everything(side, made)?;
            ensure!(all.len() > 3_000_000, "the repository is too small: {} bytes", all.len());
            ensure!(first.get_or_init(|| all.clone()) == &all, "an object differs");
            // A clone that reads the pack as a stream and writes another.
            let clone = out.join("clone");
            let clone_args = ["clone", "-q", "--no-local", "--bare"];
            lab.run(side, "git", &[&clone_args[..], &[&text(made), &text(&clone)]].concat())?;
            git(side, &clone, &["repack", "-adfq"])?;
            git(side, &clone, &["fsck", "--full"])?;
            ensure!(everything(side, &clone)? == all, "the clone differs");
            let tree = out.join("tree");
            fs::create_dir(&tree)?;
            let archive = text(&made.join("archive.tgz"));
            lab.run(side, "tar", &["-xzf", &archive, "-C", &text(&tree)])?;
            same_tree(&made.join("files"), &tree.join("files"))
        },
    )?;
    Ok(format!("repack -adf, fsck --full, clone, archive of {} commits", COMMITS + 1))
}

/// git's objects: a pack made from scratch, and loose ones.
pub fn git_objects(lab: &Lab, side: Side, to: &Path) -> Result<()> {
    let stream = lab.path("history");
    fs::write(&stream, history(60))?;
    let git = |repository: &Path, args: &[&str]| {
        // Which thread finds which delta first is no matter of libz.
        let config = ["-c", "pack.threads=1", "-c", "core.looseCompression=6", "-C"];
        lab.run(side, "git", &[&config[..], &[&text(repository)], args].concat())
    };
    for level in ["1", "6", "9"] {
        let packed = lab.folder("packed")?;
        git(&packed, &["init", "-q", "-b", "main"])?;
        let mut import = lab.command(side, "git");
        import.arg("-C").arg(&packed).args(["fast-import", "--quiet"]);
        lab.finish(side, import.stdin(File::open(&stream)?))?;
        let level = format!("pack.compression={level}");
        git(&packed, &["-c", &level, "repack", "-adfFq", "--window=20", "--depth=20"])?;
        let objects = text(&packed.join(".git/objects/pack"));
        lab.run(Side::System, "cp", &["-r", &objects, &text(&to.join(&level))])?;
    }
    let loose = lab.folder("loose")?;
    git(&loose, &["init", "-q", "-b", "main"])?;
    corpus::fill(&loose)?;
    git(&loose, &["add", "."])?;
    let objects = text(&loose.join(".git/objects"));
    lab.run(Side::System, "cp", &["-r", &objects, &text(&to.join("loose"))]).map(drop)
}

/// A history for `git fast-import`: a few files that change a little with every commit.
fn history(commits: u64) -> Vec<u8> {
    let mut random = Random::new(7);
    let mut files: Vec<Vec<String>> = (0..12)
        .map(|i| corpus::text(500 + i, 30_000).lines().map(str::to_owned).collect())
        .collect();
    let mut out = String::new();
    for commit in 0..commits {
        let date = 1_600_000_000 + commit * 3600;
        let who = format!("n <n@example.org> {date} +0000");
        writeln!(out, "commit refs/heads/main\nauthor {who}\ncommitter {who}\ndata 5\nwork\n")
            .expect("a String takes all");
        let touched = if commit == 0 { 0..12 } else { (commit % 12)..(commit % 12 + 1) };
        for file in touched {
            let lines = &mut files[file as usize];
            for _ in 0..5 {
                let at = random.below(lines.len());
                lines[at] = format!("changed in {commit} to {}", random.bits());
            }
            let content = lines.join("\n");
            writeln!(out, "M 644 inline dir/file-{file}\ndata {}\n{content}", content.len())
                .expect("a String takes all");
        }
    }
    out.into_bytes()
}

/// gcc, as, ld, gdb, readelf, objdump, objcopy: debug sections compressed both ways.
pub fn gcc(lab: &Lab) -> Result<String> {
    // Without it the debug information names -gz itself.
    const SWITCHES: &str = "-gno-record-gcc-switches";
    let (main, part) = (lab.path("main.c"), lab.path("part.c"));
    fs::write(&main, "int part(int);\nint main(void)\n{\n    return part(0);\n}\n")?;
    fs::write(&part, many_types())?;
    // An uncompressed build is what every decoded section must equal.
    let sections = |side, file: &Path| {
        let args = ["--debug-dump=info,abbrev,str", "--wide", &text(file)];
        lab.run(side, "readelf", &args).map(|out| without_path(&out))
    };
    let build = |side, dir: &Path, flags: &[&str]| -> Result<()> {
        for source in [&main, &part] {
            let object = text(&dir.join(source.file_name().context("named")?).with_extension("o"));
            let args = ["-g", SWITCHES, "-fuse-ld=bfd", "-c", "-o", &object, &text(source)];
            lab.run(side, "gcc", &[&args[..], flags].concat())?;
        }
        let (a, b) = (text(&dir.join("main.o")), text(&dir.join("part.o")));
        let args = ["-g", "-fuse-ld=bfd", "-o", &text(&dir.join("program")), &a, &b];
        lab.run(side, "gcc", &[&args[..], flags].concat()).map(drop)
    };
    let plain = lab.folder("plain")?;
    build(Side::System, &plain, &[])?;
    let expected = sections(Side::System, &plain.join("part.o"))?;
    ensure!(expected.len() > 500_000, "too little debug information: {}", expected.len());
    let linked = sections(Side::System, &plain.join("program"))?;

    for (method, word) in [("zlib", "ZLIB"), ("zstd", "ZSTD")] {
        let flags = gz_flags(lab, method)?;
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        lab.cross(
            |side, made| {
                build(side, made, &flags)?;
                for file in ["part.o", "program"] {
                    let args = ["-tW", &text(&made.join(file))];
                    let details = lab.run(side, "readelf", &args)?;
                    let details = String::from_utf8_lossy(&details).into_owned();
                    ensure!(details.contains(word), "{file} holds no {word} section");
                }
                Ok(())
            },
            |side, made, out| {
                // readelf, objcopy and objdump, and gdb each decode by themselves.
                ensure!(
                    sections(side, &made.join("part.o"))? == expected,
                    "readelf: part.o's debug information differs"
                );
                let program = made.join("program");
                ensure!(
                    sections(side, &program)? == linked,
                    "readelf: the program's debug information differs"
                );
                let bare = out.join("bare.o");
                let part = text(&made.join("part.o"));
                lab.run(side, "objcopy", &["--decompress-debug-sections", &part, &text(&bare)])?;
                let dump = |file: &Path| {
                    lab.run(side, "objdump", &["--dwarf=info", &text(file)])
                        .map(|out| without_path(&out))
                };
                ensure!(dump(&bare)? == dump(&plain.join("part.o"))?, "objcopy: differs");
                ensure!(dump(&made.join("part.o"))? == dump(&bare)?, "objdump: differs");
                let args = ["-batch", "-nx", "-ex", "info line part", "-ex", "ptype struct s_7"];
                let said = lab.run(side, "gdb", &[&args[..], &[&text(&program)]].concat())?;
                let said = String::from_utf8_lossy(&said);
                ensure!(said.contains("part.c") && said.contains("field_7_3"), "gdb: {said}");
                Ok(())
            },
        )?;
    }
    Ok("-gz=zlib and -gz=zstd read by readelf, objcopy, objdump, gdb".into())
}

/// An object and a program whose debug sections are compressed with zlib.
pub fn compressed_sections(lab: &Lab, side: Side, to: &Path) -> Result<()> {
    let source = lab.path("part.c");
    fs::write(&source, many_types() + "int main(void)\n{\n    return part(0);\n}\n")?;
    let flags = gz_flags(lab, "zlib")?;
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let object = text(&to.join("part.o"));
    // The linker hashes what it writes for the build id, and puts no name into it.
    let compile = ["-g", "-gno-record-gcc-switches", "-c", "-o", &object, &text(&source)];
    lab.run(side, "gcc", &[&compile[..], &flags].concat())?;
    let link = ["-g", "-fuse-ld=bfd", "-o", &text(&to.join("program")), &object];
    lab.run(side, "gcc", &[&link[..], &flags].concat()).map(drop)
}

/// How this gcc is told to compress debug sections with `method`.
fn gz_flags(lab: &Lab, method: &str) -> Result<Vec<String>> {
    let short = format!("-gz={method}");
    let probe = lab.path("probe.c");
    fs::write(&probe, "int x;\n")?;
    let args = ["-g", &short, "-c", "-o", "/dev/null", &text(&probe)];
    if lab.run(Side::System, "gcc", &args).is_ok() {
        return Ok(vec![short]);
    }
    // gcc before 13 has no word for zstd; the assembler and the linker have.
    Ok(["-Wa,", "-Wl,"].map(|to| format!("{to}--compress-debug-sections={method}")).into())
}

/// C with enough types for some hundred kilobytes of debug information.
fn many_types() -> String {
    let mut source = String::new();
    for i in 0..300 {
        write!(source, "struct s_{i} {{").expect("a String takes all");
        for field in 0..12 {
            write!(source, " long field_{i}_{field}[{}];", i + 1).expect("a String takes all");
        }
        writeln!(source, " }};\nstruct s_{i} value_{i};").expect("a String takes all");
    }
    source + "int part(int x)\n{\n    return x + (int)value_7.field_7_3[0];\n}\n"
}

/// What a dump says of the file's content: without the lines that hold the file's name and, in the
/// linked program, the build id's.
fn without_path(dump: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(dump);
    let kept = text.lines().filter(|l| !l.contains("file format") && !l.starts_with("File:"));
    kept.collect::<Vec<_>>().join("\n").into_bytes()
}

/// python3: zlib, gzip and zipfile through all their parameters.
pub fn python(lab: &Lab) -> Result<String> {
    let script = lab.path("job.py");
    fs::write(&script, include_str!("job.py"))?;
    let (script, input) = (text(&script), text(&lab.input().join("few")));
    let mut count = String::new();
    for side in SIDES {
        let said = lab.run(side, "python3", &["-I", &script, "self", &input])?;
        let said = String::from_utf8_lossy(&said).into_owned();
        // Checksums and decoded digests are printed: equal on both sides.
        ensure!(count.is_empty() || count == said, "the sides differ:\n{count}{said}");
        count = said;
    }
    lab.cross(
        |side, made| {
            lab.run(side, "python3", &["-I", &script, "write", &input, &text(made)]).map(drop)
        },
        |side, made, _| {
            lab.run(side, "python3", &["-I", &script, "read", &input, &text(made)]).map(drop)
        },
    )?;
    let streams = count.lines().last().unwrap_or_default();
    Ok(format!("zlib, gzip, zipfile: {streams}"))
}
