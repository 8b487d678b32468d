//! `cargo xtask conformance bytes`: the same file from both libraries.
//!
//! Each job lets a program write files on our libz and on stock's, Debian sid's, and compares them
//! byte by byte. Times are taken out of what is written, by options where there are some.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use xshell::Shell;

use super::lab::{Lab, Side, in_lab, text};
use super::programs::{self, database, development};
use super::{Common, Outcome, Report, corpus};
use base::debian::Sid;

/// What `cargo xtask conformance bytes` takes.
#[derive(clap::Args, Default)]
pub struct Args {
    #[command(flatten)]
    common: Common,
}

struct Job {
    name: &'static str,
    packages: &'static [&'static str],
    /// Installing its package starts a service where systemd runs.
    server: bool,
    /// The programs that must have mapped libz, on both sides.
    mapped: &'static [&'static str],
    /// Writes files on each side to its folder.
    write: fn(&Lab, &Sides) -> Result<()>,
}

/// Each side with the folder for its files.
pub type Sides = [(Side, PathBuf); 2];

impl Job {
    const fn new(
        name: &'static str,
        packages: &'static [&'static str],
        mapped: &'static [&'static str],
        write: fn(&Lab, &Sides) -> Result<()>,
    ) -> Job {
        Job { name, packages, server: false, mapped, write }
    }
}

const JOBS: [Job; 10] = [
    Job::new("git", &["git"], &["git"], |lab, sides| each(lab, sides, development::git_objects)),
    Job::new("python3", &["python3"], &["python3"], |lab, sides| each(lab, sides, python)),
    Job::new("fastjar", &["fastjar"], &["fastjar"], |lab, sides| each(lab, sides, jar)),
    Job::new("bsdtar", &["libarchive-tools"], &["bsdtar"], |lab, sides| each(lab, sides, bsdtar)),
    Job::new("pnmtopng", &["netpbm"], &["pnmtopng"], |lab, sides| each(lab, sides, png)),
    Job::new("dpkg-deb", &["dpkg"], &["dpkg-deb"], |lab, sides| each(lab, sides, dpkg_deb)),
    Job::new("squashfs", &["squashfs-tools"], &["mksquashfs"], |lab, sides| {
        each(lab, sides, squashfs)
    }),
    Job::new("sqlite3", &["sqlite3"], &["sqlite3"], |lab, sides| each(lab, sides, sqlite)),
    Job::new("gcc", &["gcc", "libc6-dev", "binutils"], &["as", "ld.bfd"], |lab, sides| {
        each(lab, sides, development::compressed_sections)
    }),
    Job { server: true, ..Job::new("pg_dump", &["postgresql"], &["pg_dump"], database::dumps) },
];

/// The names of all jobs.
pub fn names() -> Vec<&'static str> {
    JOBS.iter().map(|job| job.name).collect()
}

/// Runs the command.
pub fn run(args: &Args) -> Result<ExitCode> {
    args.common.run(&names(), |_| Ok(()), |(), sh, prefix, name| run_one(sh, prefix, name))
}

/// Runs the job called `name` on the library in `prefix` and on stock's.
pub fn run_one(sh: &Shell, prefix: &Path, name: &str) -> Report {
    let job = JOBS.iter().find(|job| job.name == name).expect("the name is one of names()");
    Report::of(job.name, || {
        let stock = programs::install(sh, job.packages, job.server).and_then(|()| stock(sh));
        let stock = match stock {
            Ok(stock) => stock,
            Err(error) => return (Outcome::Skipped(format!("{error:#}")), Vec::new()),
        };
        let lab = Lab::new(sh, prefix, job.server).and_then(|lab| {
            // A copy, which servers can read too.
            let folder = lab.folder("stock-library")?;
            fs::copy(&stock, folder.join("libz.so.1"))?;
            lab.with_reference(&folder)
        });
        in_lab(lab, |lab| written(lab, job))
    })
}

fn written(lab: &Lab, job: &Job) -> Result<String> {
    let sides = [(Side::Ours, lab.folder("by-ours")?), (Side::System, lab.folder("by-stock")?)];
    (job.write)(lab, &sides)?;
    let mapped: Vec<_> = job.mapped.iter().map(|program| (*program, "libz")).collect();
    lab.prove(&mapped)?;
    lab.prove_reference(&mapped)?;
    let [(_, ours), (_, stock)] = &sides;
    corpus::same_tree(stock, ours).context("not the same file from both libraries")?;
    let (files, bytes) = corpus::count(ours)?;
    ensure!(bytes > 10_000, "only {bytes} bytes were written");
    Ok(format!("{files} files, {bytes} bytes, the same from both"))
}

/// Stock's libz.so.1: Debian sid's own file where it runs, else one built from its source.
fn stock(sh: &Shell) -> Result<PathBuf> {
    if cfg!(not(target_arch = "x86_64")) {
        return compare::stock(sh);
    }
    let file = Sid::open(sh)?.unpacked(sh, "zlib1g")?.join("usr/lib/x86_64-linux-gnu/libz.so.1");
    let file = fs::canonicalize(&file).with_context(|| file.display().to_string())?;
    ensure!(file.ends_with("libz.so.1.3.2"), "sid has {}, not zlib 1.3.2", file.display());
    Ok(file)
}

/// Writes on each side by itself.
fn each(lab: &Lab, sides: &Sides, write: fn(&Lab, Side, &Path) -> Result<()>) -> Result<()> {
    sides.iter().try_for_each(|(side, folder)| write(lab, *side, folder))
}

/// The time that programs take for now, where they ask for it.
const EPOCH: (&str, &str) = ("SOURCE_DATE_EPOCH", "1700000000");

fn python(lab: &Lab, side: Side, to: &Path) -> Result<()> {
    let script = lab.path("bytes.py");
    fs::write(&script, include_str!("bytes.py"))?;
    let input = text(&lab.input().join("few"));
    lab.run(side, "python3", &["-I", &text(&script), &input, &text(to)]).map(drop)
}

/// A jar: a zip file that a Java-free program makes with libz.
fn jar(lab: &Lab, side: Side, to: &Path) -> Result<()> {
    let (jar, input) = (text(&to.join("a.jar")), text(&lab.input()));
    lab.run(side, "fastjar", &["-cMf", &jar, "-C", &input, "few", "-C", &input, "many"]).map(drop)
}

fn bsdtar(lab: &Lab, side: Side, to: &Path) -> Result<()> {
    let input = text(&lab.input());
    for level in ["1", "6", "9"] {
        let gzip = format!("gzip:!timestamp,gzip:compression-level={level}");
        let zip = format!("zip:compression-level={level}");
        let ways: [(&str, &[&str]); 2] = [
            ("tar.gz", &["--format", "ustar", "-z", "--options", &gzip]),
            ("zip", &["--format", "zip", "--options", &zip]),
        ];
        for (suffix, way) in ways {
            let archive = text(&to.join(format!("{level}.{suffix}")));
            let args = [&["-c", "-f", &archive, "-C", &input], way, &["few", "many"]].concat();
            lab.run(side, "bsdtar", &args)?;
        }
    }
    Ok(())
}

/// libpng, with each kind of filter.
fn png(lab: &Lab, side: Side, to: &Path) -> Result<()> {
    const WIDTH: usize = 301;
    let picture = lab.path("picture.ppm");
    if !picture.exists() {
        let mut bytes = format!("P6\n{WIDTH} 240\n255\n").into_bytes();
        let mut random = drive::Random::new(4);
        for y in 0..240 {
            for x in 0..WIDTH {
                let noise = if y % 80 < 20 { random.below(16) } else { 0 };
                let pixel = [x * y / 300 + noise, (x + y) % 256 + noise, x / 20 * 11];
                bytes.extend(pixel.map(|value| value as u8));
            }
        }
        fs::write(&picture, bytes)?;
    }
    let picture = text(&picture);
    for level in 1..=9 {
        for filter in ["nofilter", "sub", "up", "avg", "paeth"] {
            let args = [format!("-compression={level}"), format!("-{filter}"), picture.clone()];
            let args = args.each_ref().map(String::as_str);
            let bytes = lab.run(side, "pnmtopng", &args)?;
            fs::write(to.join(format!("{level}-{filter}.png")), bytes)?;
        }
    }
    Ok(())
}

fn dpkg_deb(lab: &Lab, side: Side, to: &Path) -> Result<()> {
    let control = lab.input().join("DEBIAN");
    if !control.exists() {
        fs::create_dir(&control)?;
        let fields = "Package: sample\nVersion: 1\nArchitecture: all\n\
                      Maintainer: nobody <n@example.org>\nDescription: sample\n";
        fs::write(control.join("control"), fields)?;
    }
    for level in ["1", "6", "9"] {
        for strategy in ["none", "filtered", "huffman", "rle", "fixed"] {
            let deb = to.join(format!("{level}-{strategy}.deb"));
            let mut command = lab.command(side, "dpkg-deb");
            command.args(["-Zgzip", "--uniform-compression", "--root-owner-group"]);
            command.args([format!("-z{level}"), format!("-S{strategy}")]);
            command.arg("-b").arg(lab.input()).arg(deb).env(EPOCH.0, EPOCH.1);
            lab.finish(side, &mut command)?;
        }
    }
    Ok(())
}

fn squashfs(lab: &Lab, side: Side, to: &Path) -> Result<()> {
    let ways: [&[&str]; 3] = [
        &[],
        &["-Xcompression-level", "1", "-Xstrategy", "default,filtered,huffman_only"],
        &["-Xcompression-level", "9", "-Xwindow-size", "12", "-b", "64K"],
    ];
    for (i, way) in ways.iter().enumerate() {
        let mut command = lab.command(side, "mksquashfs");
        command.arg(lab.input()).arg(to.join(format!("{i}"))).args(["-comp", "gzip"]).args(*way);
        command.args(["-processors", "2", "-quiet"]).env(EPOCH.0, EPOCH.1);
        lab.finish(side, &mut command)?;
    }
    Ok(())
}

fn sqlite(lab: &Lab, side: Side, to: &Path) -> Result<()> {
    let (archive, input) = (text(&to.join("a.sqlar")), text(&lab.input()));
    lab.run(side, "sqlite3", &[&archive, "-A", "-c", "-C", &input, "few", "many"]).map(drop)
}
