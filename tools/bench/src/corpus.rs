//! The files that deflate and inflate are measured on: corpora, and files that any Debian machine
//! has or from which one is made.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use bench::job::Input;
use drive::Random;
use serde::Serialize;
use serde_json::{Map, Value};
use xshell::{Shell, cmd};

use base::debian::Sid;
use base::paths;

/// A file and what a reader must know of it.
#[derive(Clone, Serialize)]
pub struct Entry {
    /// Where it is and which bytes of it are taken.
    pub input: Input,
    /// Its whole size.
    pub size: usize,
    /// SHA-256 of the whole file.
    pub sha256: String,
    /// What it is, if its name does not say it.
    pub about: String,
    /// Whether it is a file as people have them: those count in the means.
    pub real: bool,
}

/// The files, and notes on those that are missing.
#[derive(Default)]
pub struct Corpus {
    /// In the order of the tables.
    pub entries: Vec<Entry>,
    /// Sentences for the report.
    pub notes: Vec<String>,
}

/// Files in the source of a Debian package.
struct Source {
    package: &'static str,
    folder: &'static str,
    /// Each with its SHA-256.
    files: &'static [(&'static str, &'static str)],
}

/// The files that are the same on every machine: prose, HTML, URLs, records, a JPEG and a PDF, and
/// what those lack, a bitmap and a colour profile.
const SOURCES: [Source; 2] = [
    Source { package: "snappy", folder: "testdata", files: &SNAPPY },
    Source { package: "libjpeg-turbo", folder: "testimages", files: &LIBJPEG },
];

const LIBJPEG: [(&str, &str); 3] = [
    ("monkey16.ppm", "030176fd82427469b57a80caf8cce9b62e4214291f44424f2022a081b5b04163"),
    ("test1.icc", "1a996ebe6b5d1e7a21620993ce1903df16e4e8fa6cca312bedfb5ae133e62b4d"),
    ("testorig.ppm", "4afe49cb62ba87be1a958d7fd29b822a2ba1a0e966d1136f616ee5353691a002"),
];

const SNAPPY: [(&str, &str); 11] = [
    ("alice29.txt", "7467306ee0feed4971260f3c87421154a05be571d944e9cb021a5713700c38f0"),
    ("asyoulik.txt", "eaa3526fe53859f34ecdf255712f9ecf0b2c903451d4755b2edaa2e2599cb0fc"),
    ("fireworks.jpeg", "93b986ce7d7e361f0d3840f9d531b5f40fb6ca8c14d6d74364150e255f126512"),
    ("geo.protodata", "7c2875cd6d06c954240ba644618d1e1f2a167e4541731f019de5b4c1f8080f24"),
    ("html", "5912445a6d50df1079f022d7e01fa615f5d128d53bad88acbf4f49e62a7ea759"),
    ("html_x_4", "ce3b0ceece9a0c0f66a352fd65b87a8e06357b136e99a2a85fcb3b0689ff6671"),
    ("kppkn.gtb", "1df7e44e4ec9bad952e7716fbdba0a2208665091866ded43407d03ed9ce23c24"),
    ("lcet10.txt", "5314ba1dbb03f471df88bec6cd120a938ef60d0fd3511c5c1dce61bf7463245f"),
    ("paper-100k.pdf", "60f73a051b7ca35bfec44734b2eed7736cb5c0b7f728beb7b97ade6c5e44849b"),
    ("plrabn12.txt", "07e2e0b461af78c7c647cb53dab39de560198e16f799b4516eccf0fbd69f764c"),
    ("urls.10K", "0319ce7fe1f51b14eace3de879fe7da15418d1525d3176c2b26c5985943a3cad"),
];

/// Small jobs take their messages from files of these names: prose, records, code and JSON.
const MESSAGES: [&str; 4] =
    ["alice29.txt", "machine/sqlite", "machine/headers.tar", "machine/json"];

/// The largest file that is made here.
const MOST: usize = 4 << 20;

impl Corpus {
    /// The files below `folder`, or the default ones, and those below `also`; of each at most `most`
    /// bytes, from its middle.
    pub fn gather(
        sh: &Shell,
        folder: Option<&Path>,
        also: Option<&Path>,
        most: usize,
    ) -> Result<Corpus> {
        let mut corpus = Corpus::default();
        if let Some(also) = also {
            corpus.folder(also, "")?;
        }
        match folder {
            Some(folder) => corpus.folder(folder, "")?,
            None => {
                corpus.packaged(sh)?;
                corpus.machine(sh)?;
            }
        }
        corpus.hash(sh)?;
        corpus.drop_twins();
        for entry in &mut corpus.entries {
            entry.input.bytes = entry.size.min(most);
            entry.input.from = (entry.size - entry.input.bytes) / 2;
            let name = &entry.input.name;
            entry.input.small = MESSAGES.iter().any(|source| name.ends_with(source));
        }
        if !corpus.entries.iter().any(|entry| entry.input.small) {
            let most = corpus.entries.iter_mut().max_by_key(|entry| entry.size);
            most.context("no file to measure on")?.input.small = true;
        }
        Ok(corpus)
    }

    /// Keeps only files whose name contains one of `names`.
    pub fn only(&mut self, names: &[String]) -> Result<()> {
        if !names.is_empty() {
            self.entries.retain(|e| names.iter().any(|name| e.input.name.contains(name.as_str())));
            ensure!(!self.entries.is_empty(), "no file is called {}", names.join(" or "));
        }
        Ok(())
    }

    fn add(&mut self, name: String, path: PathBuf, about: &str, real: bool) -> Result<()> {
        let size = fs::metadata(&path).with_context(|| path.display().to_string())?.len() as usize;
        if size > 0 {
            let input = Input { name, path, from: 0, bytes: size, small: false };
            let (sha256, about) = (String::new(), about.to_owned());
            self.entries.push(Entry { input, size, sha256, about, real });
        }
        Ok(())
    }

    /// The regular files below `folder`, sorted by name.
    fn folder(&mut self, folder: &Path, prefix: &str) -> Result<()> {
        let mut found = Vec::new();
        let mut open = vec![folder.to_owned()];
        while let Some(dir) = open.pop() {
            let entries = fs::read_dir(&dir).with_context(|| dir.display().to_string())?;
            for entry in entries.flatten() {
                let kind = entry.file_type()?;
                if kind.is_dir() {
                    open.push(entry.path());
                } else if kind.is_file() {
                    found.push(entry.path());
                }
            }
        }
        found.sort();
        for path in found {
            let name = path.strip_prefix(folder).unwrap_or(&path).display();
            self.add(format!("{prefix}{name}"), path.clone(), "", true)?;
        }
        Ok(())
    }

    /// The files of [`SOURCES`]. One that is not there, or is another one, is named.
    fn packaged(&mut self, sh: &Shell) -> Result<()> {
        for Source { package, folder, files } in SOURCES {
            let source = match Sid::open(sh).and_then(|sid| sid.source(sh, package)) {
                Ok(source) => source,
                Err(error) => {
                    self.notes.push(format!("without the files of {package}: {error:#}"));
                    continue;
                }
            };
            for (name, sha256) in files {
                let path = source.join(folder).join(name);
                if path.exists() && sums(sh, &[&path])?[0] == *sha256 {
                    self.add(format!("{package}/{name}"), path, "", true)?;
                } else {
                    let text = format!("left out: {}: not the known file", path.display());
                    self.notes.push(text);
                }
            }
            self.notes.push(format!("{package}/…: from the source of Debian's package {package}"));
        }
        Ok(())
    }

    /// Files of the machine and files made from its package list.
    fn machine(&mut self, sh: &Shell) -> Result<()> {
        let dir = paths::target().join("bench-corpus");
        fs::create_dir_all(&dir)?;
        type Make = fn(&Shell, &Path) -> Result<(PathBuf, String)>;
        let files: [(&str, Make); 6] = [
            ("executable", executable),
            ("headers.tar", headers),
            ("packages", packages),
            ("json", json),
            ("sqlite", sqlite),
            ("png", png),
        ];
        for (name, make) in files {
            match make(sh, &dir) {
                Ok((path, about)) => self.add(format!("machine/{name}"), path, &about, true)?,
                Err(error) => self.notes.push(format!("without machine/{name}: {error:#}")),
            }
        }
        let status = fs::read("/var/lib/dpkg/status").unwrap_or_default();
        for size in [1, 16, 100, 1000] {
            if let Some(bytes) = status.get(..size) {
                let path = dir.join(format!("tiny-{size}"));
                fs::write(&path, bytes)?;
                self.add(format!("tiny/{size}"), path, "the start of the package list", false)?;
            }
        }
        let path = dir.join("random");
        fs::write(&path, noise(1 << 20))?;
        self.add("random".to_owned(), path, "from a fixed seed", false)
    }

    fn hash(&mut self, sh: &Shell) -> Result<()> {
        let files: Vec<&PathBuf> = self.entries.iter().map(|e| &e.input.path).collect();
        let sums = sums(sh, &files)?;
        for (entry, sum) in self.entries.iter_mut().zip(sums) {
            entry.sha256 = sum;
        }
        Ok(())
    }

    /// The same bytes under two names (Calgary's pic is Canterbury's ptt5) count once.
    fn drop_twins(&mut self) {
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        let mut twins = Vec::new();
        self.entries.retain(|entry| match names.get(&entry.sha256) {
            Some(name) => {
                twins.push(format!("{} is {name}", entry.input.name));
                false
            }
            None => {
                names.insert(entry.sha256.clone(), entry.input.name.clone());
                true
            }
        });
        if !twins.is_empty() {
            self.notes.push(format!("measured once: {}", twins.join(", ")));
        }
    }
}

fn sums(sh: &Shell, files: &[&PathBuf]) -> Result<Vec<String>> {
    let text = cmd!(sh, "sha256sum --zero -- {files...}").quiet().read()?;
    let sums: Vec<String> = text
        .split_terminator('\0')
        .map(|line| line.split(' ').next().unwrap_or_default().to_owned())
        .collect();
    ensure!(sums.len() == files.len(), "sha256sum gave {} of {} sums", sums.len(), files.len());
    Ok(sums)
}

/// The largest program of the machine that is measured whole.
fn executable(_: &Shell, _: &Path) -> Result<(PathBuf, String)> {
    let mut best: Option<(u64, PathBuf)> = None;
    for entry in fs::read_dir("/usr/bin")?.flatten() {
        let Ok(meta) = entry.metadata() else { continue };
        let larger = best.as_ref().is_none_or(|(size, _)| meta.len() > *size);
        if meta.is_file() && meta.len() <= MOST as u64 && larger && is_elf(&entry.path()) {
            best = Some((meta.len(), entry.path()));
        }
    }
    let (_, path) = best.context("no program in /usr/bin")?;
    let about = path.display().to_string();
    Ok((path, about))
}

fn is_elf(path: &Path) -> bool {
    let mut magic = [0; 4];
    let read = File::open(path).and_then(|file| file.read_exact_at(&mut magic, 0));
    read.is_ok() && magic == *b"\x7fELF"
}

/// The start of a tar of the C headers.
fn headers(sh: &Shell, dir: &Path) -> Result<(PathBuf, String)> {
    let path = dir.join("headers.tar");
    let tar = "tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C /usr -c include";
    let most = MOST.to_string();
    // tar dies of the closed pipe; head's status counts.
    let script = format!("{tar} 2>/dev/null | head -c {most} > \"$1\"");
    cmd!(sh, "sh -c {script} sh {path}").quiet().run()?;
    ensure!(fs::metadata(&path)?.len() > 100_000, "/usr/include has no headers");
    Ok((path, format!("the first {MOST} bytes of a tar of /usr/include")))
}

const STATUS: &str = "/var/lib/dpkg/status";

/// Debian's list of installed packages, as it is.
fn packages(_: &Shell, _: &Path) -> Result<(PathBuf, String)> {
    ensure!(Path::new(STATUS).exists(), "no {STATUS}");
    Ok((STATUS.into(), STATUS.to_owned()))
}

/// The packages' fields.
fn records() -> Result<Vec<Map<String, Value>>> {
    let text = fs::read_to_string(STATUS).context(STATUS)?;
    let mut all = Vec::new();
    for paragraph in text.split("\n\n") {
        let mut record: Map<String, Value> = Map::new();
        let mut field = String::new();
        for line in paragraph.lines() {
            match line.split_once(": ") {
                Some((name, value)) if !line.starts_with(' ') => {
                    name.clone_into(&mut field);
                    record.insert(field.clone(), value.into());
                }
                _ => {
                    if let Some(Value::String(text)) = record.get_mut(&field) {
                        text.push('\n');
                        text.push_str(line.trim_start());
                    }
                }
            }
        }
        if !record.is_empty() {
            all.push(record);
        }
    }
    ensure!(!all.is_empty(), "{STATUS} lists nothing");
    Ok(all)
}

/// The list of packages as JSON.
fn json(_: &Shell, dir: &Path) -> Result<(PathBuf, String)> {
    let path = dir.join("packages.json");
    fs::write(&path, serde_json::to_string(&records()?)?)?;
    Ok((path, format!("{STATUS} as JSON")))
}

/// The list of packages as an SQLite database.
fn sqlite(sh: &Shell, dir: &Path) -> Result<(PathBuf, String)> {
    let (json, _) = json(sh, dir)?;
    let path = dir.join("packages.sqlite");
    fs::remove_file(&path).ok();
    cmd!(sh, "python3 -c {MAKE_SQLITE} {json} {path}")
        .quiet()
        .ignore_stderr()
        .run()
        .context("python3 with its sqlite3 module is needed")?;
    Ok((path, format!("{STATUS} as an SQLite database")))
}

const MAKE_SQLITE: &str = r#"
import json, sqlite3, sys
db = sqlite3.connect(sys.argv[2])
db.execute("create table package (name text primary key, version text, section text,"
           " maintainer text, size integer, description text)")
db.execute("create table dependency (package text, kind text, on_package text)")
db.execute("create index by_dependency on dependency (on_package)")
for p in json.load(open(sys.argv[1])):
    db.execute("insert or replace into package values (?,?,?,?,?,?)",
               (p.get("Package"), p.get("Version"), p.get("Section"), p.get("Maintainer"),
                int(p.get("Installed-Size", 0)), p.get("Description")))
    for kind in ("Depends", "Recommends", "Suggests", "Conflicts"):
        for other in p.get(kind, "").split(", "):
            if other:
                db.execute("insert into dependency values (?,?,?)", (p["Package"], kind, other))
db.commit()
"#;

/// What a PNG file's compressed part holds: the filtered rows of the largest picture found.
fn png(sh: &Shell, dir: &Path) -> Result<(PathBuf, String)> {
    let path = dir.join("png");
    let about = largest_png(sh, dir)?;
    Ok((path, format!("the filtered rows of {}", about.display())))
}

/// The PNG file with the most pixels among Rust's documentation and below /usr/share; its filtered
/// rows go to `dir`, to the file `png`.
pub fn largest_png(sh: &Shell, dir: &Path) -> Result<PathBuf> {
    let path = dir.join("png");
    let sysroot = cmd!(sh, "rustc --print sysroot").quiet().read()?;
    let (docs, share) = (format!("{sysroot}/share/doc"), "/usr/share");
    let about = cmd!(sh, "python3 -c {MAKE_PNG} {path} {docs} {share}")
        .quiet()
        .ignore_stderr()
        .read()
        .context("python3 and a PNG file below /usr/share are needed")?;
    if about.is_empty() {
        bail!("no PNG file below /usr/share");
    }
    Ok(about.into())
}

const MAKE_PNG: &str = r#"
import os, struct, sys, zlib
best, rows = "", b""
for top in sys.argv[2:]:
    for folder, folders, files in os.walk(top):
        folders.sort()
        for name in sorted(files):
            path = os.path.join(folder, name)
            if not name.endswith(".png") or os.path.islink(path) or os.path.getsize(path) < 20000:
                continue
            data, at, packed = open(path, "rb").read(), 8, b""
            while at + 8 <= len(data):
                size, kind = struct.unpack(">I4s", data[at:at + 8])
                if kind == b"IDAT":
                    packed += data[at + 8:at + 8 + size]
                at += size + 12
            try:
                got = zlib.decompress(packed)
            except zlib.error:
                continue
            if len(got) > len(rows):
                best, rows = path, got
open(sys.argv[1], "wb").write(rows[:4 << 20])
print(best)
"#;

/// Bytes without any order, the same everywhere.
fn noise(size: usize) -> Vec<u8> {
    let mut bytes = vec![0; size];
    Random::new(0).fill(&mut bytes);
    bytes
}
