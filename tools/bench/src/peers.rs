//! The libraries to compare with: built here or taken from Debian, at pinned versions.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use xshell::{Shell, cmd};

use base::debian::{self, Sid};
use base::paths;

/// Our name in tables.
pub const OURS: &str = "zcompat";

/// A shared object to measure.
#[derive(Clone, Serialize)]
pub struct Peer {
    /// Its name in tables.
    pub name: &'static str,
    /// Where it is from and which version it is.
    pub source: String,
    /// The shared object.
    pub path: PathBuf,
}

/// The libraries at hand and why others are not.
pub struct Peers {
    sh: Shell,
    found: Vec<Peer>,
    /// Why a library is missing, by its name.
    pub missing: BTreeMap<String, String>,
}

impl Peers {
    /// Begins with ours: `library`, or `file` freshly installed to target/prefix.
    pub fn with_ours(library: Option<&Path>, file: &str) -> Result<Peers> {
        let sh = Shell::new()?;
        let (path, source) = match library {
            Some(library) => {
                let path = std::path::absolute(library)?;
                let source = format!("as given: {}", path.display());
                (path, source)
            }
            None => {
                install::ensure_default_prefix(&sh)?;
                let path = paths::default_prefix().join("lib").join(file);
                (path, format!("target/prefix, {}", env!("CARGO_PKG_VERSION")))
            }
        };
        ensure!(path.exists(), "{} is not there", path.display());
        let ours = Peer { name: OURS, source, path };
        Ok(Peers { sh, found: vec![ours], missing: BTreeMap::new() })
    }

    /// Adds the library `file` of Debian sid's `package`.
    pub fn debian(&mut self, name: &'static str, package: &str, file: &str) {
        let found = Sid::open(&self.sh).and_then(|sid| sid.unpacked(&self.sh, package));
        let peer = found.and_then(|root| {
            let path = library_in(&root, file)?;
            // The file behind the soname carries the version.
            let real = fs::canonicalize(&path)?;
            let version = real.file_name().unwrap_or_default().to_string_lossy().into_owned();
            Ok(Peer { name, source: format!("Debian sid's {package}, {version}"), path })
        });
        self.add(name, peer);
    }

    /// Adds the libraries that are built from crates: C ones linked from a static archive, Rust
    /// ones as cdylibs.
    pub fn crates(&mut self, names: &[&'static str]) {
        for name in names {
            self.built(name, "bench-peers", "");
        }
    }

    /// Adds a libdeflate that lets an environment variable lower its CPU tier. Its C code is
    /// compiled another time for it, since it then also uses 512-bit vectors where it would not.
    pub fn libdeflate_with_tiers(&mut self) {
        self.built("libdeflate", "bench-tiers", "-DTEST_SUPPORT__DO_NOT_USE");
    }

    fn built(&mut self, name: &'static str, dir: &str, c_flags: &str) {
        let package = match name {
            "zlib-ng" | "zlib-rs" | "libdeflate" => format!("peer-{name}"),
            _ => "peer-checksums".to_owned(),
        };
        let built = Built::new(&self.sh, dir, &package, c_flags);
        let peer = built.and_then(|built| built.peer(&self.sh, name));
        self.add(name, peer);
    }

    fn add(&mut self, name: &str, peer: Result<Peer>) {
        match peer {
            Ok(peer) => self.found.push(peer),
            Err(error) => {
                eprintln!("left out: {name}: {error:#}");
                self.missing.insert(name.to_owned(), format!("{error:#}"));
            }
        }
    }

    /// What was found, ours first.
    pub fn found(&self) -> &[Peer] {
        &self.found
    }
}

/// `usr/lib/<multiarch>/file` or `usr/lib/file` of an unpacked package.
fn library_in(root: &Path, file: &str) -> Result<PathBuf> {
    let lib = root.join("usr/lib");
    let mut dirs = vec![lib.clone()];
    dirs.extend(fs::read_dir(&lib)?.flatten().map(|e| e.path()).filter(|p| p.is_dir()));
    dirs.iter()
        .map(|dir| dir.join(file))
        .find(|path| path.exists())
        .with_context(|| format!("no {file} below {}", lib.display()))
}

/// The workspace bench/peers, built.
struct Built {
    dir: PathBuf,
    versions: BTreeMap<String, String>,
    zlib_ng: Option<String>,
}

impl Built {
    fn new(sh: &Shell, dir: &str, package: &str, c_flags: &str) -> Result<Built> {
        if package == "peer-zlib-ng" {
            // Its crate calls it.
            debian::install(sh, &["cmake"])?;
        }
        let manifest = paths::root().join("bench/peers/Cargo.toml");
        let target = paths::target().join(dir);
        // Away from the workspace, so that its linker and C flags stay out of the peers.
        let _dir = sh.push_dir("/");
        let cargo = |args: &[&str]| {
            let cmd = cmd!(sh, "cargo {args...} --locked --manifest-path {manifest}");
            ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET", "CPATH"]
                .into_iter()
                .chain(["CFLAGS_x86_64_unknown_linux_gnu", "CFLAGS_aarch64_unknown_linux_gnu"])
                .fold(cmd.quiet(), |cmd, name| cmd.env_remove(name))
                .env("CARGO_TARGET_DIR", &target)
                .env("CFLAGS", c_flags)
        };
        if !target.exists() {
            eprintln!("building the peers (this once; a minute)");
        }
        cargo(&["build", "--release", "--quiet", "--package", package])
            .run()
            .with_context(|| format!("{package} cannot be built"))?;
        let metadata = cargo(&["metadata", "--format-version=1"]).read()?;
        let metadata: serde_json::Value = serde_json::from_str(&metadata)?;
        let mut built =
            Built { dir: target.join("release"), versions: BTreeMap::new(), zlib_ng: None };
        for package in metadata["packages"].as_array().into_iter().flatten() {
            let text = |key: &str| package[key].as_str().unwrap_or_default().to_owned();
            if text("name") == "libz-sys" {
                built.zlib_ng = zlib_ng_version(Path::new(&text("manifest_path")));
            }
            built.versions.insert(text("name"), text("version"));
        }
        Ok(built)
    }

    fn peer(&self, sh: &Shell, name: &'static str) -> Result<Peer> {
        let version = |name| {
            let version = self.versions.get(name);
            version.map(|v| format!("crate {name} {v}")).with_context(|| format!("no crate {name}"))
        };
        let (source, path) = match name {
            "zlib-rs" => (version("libz-rs-sys")?, self.dir.join("libpeer_zlib_rs.so")),
            "zlib-ng" => {
                let of = self.zlib_ng.as_deref().unwrap_or("unknown version");
                let source = format!("{of} of {}", version("libz-sys")?);
                (source, self.shared(sh, "libpeer_zlib_ng")?)
            }
            "libdeflate" => (version("libdeflate-sys")?, self.shared(sh, "libpeer_libdeflate")?),
            other => (version(other)?, self.dir.join("libpeer_checksums.so")),
        };
        ensure!(path.exists(), "{} was not built", path.display());
        Ok(Peer { name, source, path })
    }

    /// Links a static archive into a shared object. rustc would make the C functions local.
    fn shared(&self, sh: &Shell, name: &str) -> Result<PathBuf> {
        let archive = self.dir.join(format!("{name}.a"));
        let shared = self.dir.join(format!("{name}.so"));
        // Moved into place whole: another run may have the old one loaded.
        let new = tempfile::Builder::new().prefix(name).tempfile_in(&self.dir)?;
        let out = new.path();
        let options = ["-Wl,-Bsymbolic-functions", "-Wl,--gc-sections", "-Wl,-z,now"];
        let all = ["-Wl,--whole-archive", &archive.to_string_lossy(), "-Wl,--no-whole-archive"]
            .map(str::to_owned);
        cmd!(sh, "cc -shared {options...} -o {out} {all...}")
            .quiet()
            .run()
            .with_context(|| format!("{name} cannot be linked"))?;
        new.persist(&shared)?;
        Ok(shared)
    }
}

/// The version that zlib-ng's source in the libz-sys crate gives.
fn zlib_ng_version(manifest: &Path) -> Option<String> {
    let header = manifest.parent()?.join("src/zlib-ng/zlib.h.in");
    let text = fs::read_to_string(header).ok()?;
    let line = text.lines().find(|l| l.starts_with("#define ZLIBNG_VERSION "))?;
    line.split('"').nth(1).map(str::to_owned)
}
