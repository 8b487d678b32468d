//! Where CPython's source comes from: Debian's source packages, or what the user names.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, anyhow, bail, ensure};
use xshell::{Shell, cmd};

use base::debian::Sid;
use base::paths;

/// A version that is available without `--source`.
struct Known {
    /// What `--version` takes.
    name: &'static str,
    /// Debian's source package.
    package: &'static str,
    /// An upstream version and the SHA-256 of its tarball, for a package that Debian's lists name
    /// in versions which its mirrors need not have.
    pinned: Option<(&'static str, &'static str)>,
}

const KNOWN: [Known; 2] = [
    Known { name: "3.13", package: "python3.13", pinned: None },
    Known {
        name: "3.14",
        package: "python3.14",
        pinned: Some((
            "3.14.4",
            "d923c51303e38e249136fc1bdf3568d56ecb03214efdef48516176d3d7faaef8",
        )),
    },
];

/// The first series whose configure asks pkg-config for zlib.
const OLDEST: (u32, u32) = (3, 11);

/// CPython's source, unpacked and untouched.
pub struct Source {
    /// Its folder.
    pub dir: PathBuf,
    /// As in `Include/patchlevel.h`, for example 3.13.15.
    pub version: String,
}

impl Source {
    /// For `--version`: 3.13 or 3.14.
    pub fn known(sh: &Shell, name: &str) -> Result<Source> {
        let names: Vec<&str> = KNOWN.iter().map(|k| k.name).collect();
        let known = KNOWN.iter().find(|k| k.name == name).with_context(|| {
            format!(
                "--version takes {}: name the source of any other with --source",
                names.join(" or ")
            )
        })?;
        let sid = Sid::open(sh)?;
        let dir = match known.pinned {
            None => sid.source(sh, known.package)?,
            Some((version, sha256)) => sid
                .source(sh, known.package)
                .or_else(|_| sid.upstream(sh, known.package, version, sha256))
                .with_context(|| {
                    format!("the source of CPython {name} cannot be had: name it with --source")
                })?,
        };
        Source::unpacked(dir)
    }

    /// For `--source`: a source folder or a tarball.
    pub fn given(sh: &Shell, path: &Path) -> Result<Source> {
        if path.is_dir() {
            return Source::unpacked(std::path::absolute(path)?);
        }
        ensure!(path.is_file(), "--source {}: no such file or folder", path.display());
        let path = fs::canonicalize(path)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let dir = paths::target().join("cpython/source").join(&name);
        // Another tarball may have the same name.
        let meta = fs::metadata(&path)?;
        let stamp = format!("{}\n{}\n{:?}\n", path.display(), meta.len(), meta.modified()?);
        let complete = dir.join(".complete");
        if fs::read_to_string(&complete).is_ok_and(|text| text == stamp) {
            return Source::unpacked(dir);
        }
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir)?;
        cmd!(sh, "tar xf {path} -C {dir} --strip-components=1")
            .quiet()
            .ignore_stderr()
            .run()
            .map_err(|_| anyhow!("--source {}: tar cannot unpack it", path.display()))?;
        let source = Source::unpacked(dir)
            .map_err(|error| error.context(format!("--source {}", path.display())))?;
        fs::write(complete, stamp)?;
        Ok(source)
    }

    fn unpacked(dir: PathBuf) -> Result<Source> {
        let header = dir.join("Include/patchlevel.h");
        if !header.is_file() || !dir.join("configure").is_file() {
            bail!(
                "{} is not CPython's source: it lacks Include/patchlevel.h or configure",
                dir.display()
            );
        }
        let text = fs::read_to_string(&header)?;
        let version = text
            .lines()
            .filter_map(|l| l.strip_prefix("#define PY_VERSION"))
            .find_map(|rest| rest.split('"').nth(1));
        let Some(version) = version else {
            bail!("{}: no PY_VERSION", header.display());
        };
        let mut numbers = version.split('.').map(|n| n.parse::<u32>().unwrap_or(0));
        let series = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        ensure!(
            series >= OLDEST,
            "CPython {version} does not look for zlib through pkg-config: 3.11 is the first to"
        );
        Ok(Source { version: version.to_owned(), dir })
    }

    /// Changes when a file of the source does: how many there are, their sizes and latest change.
    pub fn fingerprint(&self) -> Result<String> {
        let (mut files, mut bytes, mut latest) = (0u64, 0u64, SystemTime::UNIX_EPOCH);
        let mut folders = vec![self.dir.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
                let entry = entry?;
                let meta = entry.metadata()?;
                match meta.is_dir() {
                    true if entry.file_name() == ".git" => {}
                    true => folders.push(entry.path()),
                    false => {
                        files += 1;
                        bytes += meta.len();
                        latest = latest.max(meta.modified()?);
                    }
                }
            }
        }
        Ok(format!("{files} files, {bytes} bytes, {latest:?}"))
    }

    /// The first two numbers of the version, for example 3.13.
    pub fn series(&self) -> String {
        self.version.split('.').take(2).collect::<Vec<_>>().join(".")
    }
}
