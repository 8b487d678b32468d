//! Debian's packages: installed ones for tools, sid's own libraries, headers and sources as the
//! reference. The mirror is the one that the machine's apt already uses.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::{env, fs};

use anyhow::{Context, Result, bail, ensure};
use xshell::{Shell, cmd};

use crate::paths;

/// Makes sure that `packages` are installed, installing what is missing when this user may.
///
/// # Errors
/// One line that names the missing packages and the command that installs them.
pub fn install(sh: &Shell, packages: &[&str]) -> Result<()> {
    // apt and dpkg hold one lock for the machine; tests ask from several threads.
    static LOCK: Mutex<()> = Mutex::new(());
    let _guard = LOCK.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let missing: Vec<&str> = packages.iter().copied().filter(|p| !is_installed(sh, p)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    // SAFETY: geteuid has no preconditions.
    let root = unsafe { libc::geteuid() } == 0;
    ensure!(
        root && cmd!(sh, "apt-get --version").quiet().ignore_stdout().ignore_stderr().run().is_ok(),
        "missing: {names}; get it with: apt-get install {names}"
    );
    let get = |packages: &[&str]| {
        cmd!(sh, "apt-get install -y -qq --no-install-recommends {packages...}")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .quiet()
            .ignore_stdout()
            .ignore_stderr()
            .run()
    };
    if get(&missing).is_err() {
        // The lists may be old or not there at all.
        cmd!(sh, "apt-get update -qq").quiet().ignore_stdout().ignore_stderr().run().ok();
        get(&missing)
            .with_context(|| format!("missing: {names}; apt-get install {names} failed"))?;
    }
    Ok(())
}

/// Whether `package` is installed.
pub fn is_installed(sh: &Shell, package: &str) -> bool {
    let format = "${db:Status-Status}";
    cmd!(sh, "dpkg-query -W -f {format} {package}")
        .quiet()
        .ignore_stderr()
        .read()
        .is_ok_and(|status| status == "installed")
}

/// Two checks may ask for the same package at once.
static FETCH: Mutex<()> = Mutex::new(());

/// Debian sid's archive, read through a private apt state under target/debian.
pub struct Sid {
    dir: PathBuf,
    architecture: &'static str,
}

impl Sid {
    /// Reads sid's package lists once a run; keeps what is there when the mirror cannot be reached.
    pub fn open(sh: &Shell) -> Result<Sid> {
        Sid::read(sh, Sid { dir: paths::target().join("debian"), architecture: "amd64" })
    }

    /// The same for another architecture, by Debian's name for it.
    pub fn of(sh: &Shell, architecture: &'static str) -> Result<Sid> {
        Sid::read(sh, Sid { dir: paths::target().join("debian").join(architecture), architecture })
    }

    fn read(sh: &Shell, sid: Sid) -> Result<Sid> {
        static FRESH: Mutex<BTreeSet<&str>> = Mutex::new(BTreeSet::new());
        let mut fresh = FRESH.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if fresh.contains(sid.architecture) {
            return Ok(sid);
        }
        let dir = &sid.dir;
        for sub in ["state/lists/partial", "cache/archives/partial", "parts", "dl"] {
            fs::create_dir_all(dir.join(sub)).with_context(|| format!("{}", dir.display()))?;
        }
        let (mirror, keyring) = mirror()?;
        let by = keyring.map(|k| format!("[signed-by={k}] ")).unwrap_or_default();
        fs::write(
            dir.join("sources.list"),
            format!("deb {by}{mirror} sid main\ndeb-src {by}{mirror} sid main\n"),
        )?;
        let d = dir.display();
        fs::write(
            sid.config(),
            format!(
                "Dir::State \"{d}/state\";\nDir::State::status \"/dev/null\";\n\
                 Dir::Cache \"{d}/cache\";\nDir::Etc::sourcelist \"{d}/sources.list\";\n\
                 Dir::Etc::sourceparts \"{d}/parts\";\nDir::Etc::preferencesparts \"{d}/parts\";\n\
                 APT::Architecture \"{0}\";\nAPT::Architectures \"{0}\";\n\
                 APT::Sandbox::User \"root\";\nAcquire::Languages \"none\";\n",
                sid.architecture
            ),
        )?;
        let updated = sid.apt(cmd!(sh, "apt-get update -qq")).ignore_stdout().run();
        let have_lists = fs::read_dir(dir.join("state/lists"))?
            .flatten()
            .any(|e| e.file_name().to_string_lossy().contains("sid_main"));
        ensure!(
            updated.is_ok() || have_lists,
            "Debian sid's package lists cannot be read: apt-get update failed"
        );
        fresh.insert(sid.architecture);
        Ok(sid)
    }

    fn config(&self) -> PathBuf {
        self.dir.join("apt.conf")
    }

    fn apt<'a>(&self, cmd: xshell::Cmd<'a>) -> xshell::Cmd<'a> {
        cmd.env("APT_CONFIG", self.config()).quiet()
    }

    /// A binary package's files, unpacked: the folder that stands for `/`. Below `DEBIAN` it has
    /// the package's control files.
    pub fn unpacked(&self, sh: &Shell, package: &str) -> Result<PathBuf> {
        let _guard = FETCH.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let root = self.dir.join("root").join(package);
        if root.join(".unpacked").exists() {
            return Ok(root);
        }
        let dl = tempfile::tempdir_in(self.dir.join("dl"))?;
        let _dir = sh.push_dir(dl.path());
        self.apt(cmd!(sh, "apt-get download -qq {package}"))
            .run()
            .with_context(|| format!("sid's package {package} cannot be downloaded"))?;
        let deb = only_file(dl.path(), "deb")?;
        fs::create_dir_all(&root)?;
        cmd!(sh, "dpkg-deb --raw-extract {deb} {root}").quiet().run()?;
        fs::write(root.join(".unpacked"), "")?;
        Ok(root)
    }

    /// A source package's upstream source, unpacked (Debian's own patches are not applied).
    pub fn source(&self, sh: &Shell, package: &str) -> Result<PathBuf> {
        let _guard = FETCH.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let root = self.dir.join("source").join(package);
        if root.join(".complete").exists() {
            return Ok(root);
        }
        let dl = self.dir.join("dl").join(format!("source-{package}"));
        fs::create_dir_all(&dl)?;
        let _dir = sh.push_dir(&dl);
        let orig = self.orig(sh, package, &dl)?;
        fs::create_dir_all(&root)?;
        cmd!(sh, "tar xf {orig} -C {root} --strip-components=1").quiet().run()?;
        fs::write(root.join(".complete"), "")?;
        Ok(root)
    }

    /// The upstream tarball of the newest version that the mirror has: the lists may name newer
    /// ones, and the Debian half of a source package may be missing, which nothing here needs.
    fn orig(&self, sh: &Shell, package: &str, dl: &Path) -> Result<PathBuf> {
        let listed = self
            .apt(cmd!(sh, "apt-cache showsrc --only-source {package}"))
            .ignore_stderr()
            .read()
            .unwrap_or_default();
        let mut versions: Vec<&str> =
            listed.lines().filter_map(|l| l.strip_prefix("Version: ")).collect();
        // Upstream's three numbers, newest first; Debian's revision does not matter here.
        versions.sort_by_key(|v| {
            std::cmp::Reverse(
                v.split(['.', '-', '+']).map(|n| n.parse().unwrap_or(0_u64)).collect::<Vec<_>>(),
            )
        });
        for version in &versions {
            let got = self
                .apt(cmd!(sh, "apt-get source -qq --download-only {package}={version}"))
                .ignore_stdout()
                .ignore_stderr()
                .run();
            match (orig_tarball(dl), got) {
                (Ok(orig), _) => return Ok(orig),
                (Err(_), Err(_)) => {}
                (Err(error), Ok(())) => return Err(error),
            }
        }
        bail!("sid's source of {package} cannot be downloaded ({})", versions.join(", "))
    }

    /// The upstream source of a version that the lists do not name but the mirror's pool still
    /// holds, unpacked. `sha256` is the tarball's.
    pub fn upstream(
        &self,
        sh: &Shell,
        package: &str,
        version: &str,
        sha256: &str,
    ) -> Result<PathBuf> {
        let root = self.dir.join("source").join(format!("{package}-{version}"));
        if root.join(".complete").exists() {
            return Ok(root);
        }
        let (mirror, _) = mirror()?;
        let first = &package[..if package.starts_with("lib") { 4 } else { 1 }];
        let name = format!("{package}_{version}.orig.tar.xz");
        let url = format!("{mirror}/pool/main/{first}/{package}/{name}");
        let tarball = self.dir.join("dl").join(&name);
        self.apt(cmd!(sh, "/usr/lib/apt/apt-helper download-file {url} {tarball} SHA256:{sha256}"))
            .ignore_stdout()
            .ignore_stderr()
            .run()
            .with_context(|| format!("the mirror does not have {name}"))?;
        fs::create_dir_all(&root)?;
        cmd!(sh, "tar xf {tarball} -C {root} --strip-components=1").quiet().run()?;
        fs::write(root.join(".complete"), "")?;
        Ok(root)
    }

    /// `packages` and all that they depend on, unpacked into one folder that stands for `/`.
    pub fn root(&self, sh: &Shell, name: &str, packages: &[&str]) -> Result<PathBuf> {
        let root = self.dir.join("roots").join(name);
        if root.join(".complete").exists() {
            return Ok(root);
        }
        let archives = self.dir.join("dl").join(format!("root-{name}"));
        fs::create_dir_all(archives.join("partial"))?;
        let option = format!("Dir::Cache::archives={}", archives.display());
        self.apt(cmd!(
            sh,
            "apt-get install -y -qq --no-install-recommends --download-only -o {option} {packages...}"
        ))
        .ignore_stdout()
        .run()
        .with_context(|| format!("sid's packages {} cannot be downloaded", packages.join(" ")))?;
        // As the package base-files has it: everything is below /usr.
        for dir in ["bin", "sbin", "lib", "lib64"] {
            fs::create_dir_all(root.join("usr").join(dir))?;
            let link = root.join(dir);
            if !link.is_symlink() {
                std::os::unix::fs::symlink(format!("usr/{dir}"), link)?;
            }
        }
        for dir in ["dev", "proc", "tmp", "root"] {
            fs::create_dir_all(root.join(dir))?;
        }
        for deb in fs::read_dir(&archives)?.flatten().map(|e| e.path()) {
            if deb.extension().is_some_and(|e| e == "deb") {
                cmd!(sh, "dpkg -x {deb} {root}").quiet().run()?;
            }
        }
        fs::remove_dir_all(&archives)?;
        fs::write(root.join(".complete"), "")?;
        Ok(root)
    }
}

fn only_file(dir: &Path, extension: &str) -> Result<PathBuf> {
    fs::read_dir(dir)?
        .flatten()
        .map(|e| e.path())
        .find(|p| p.extension().is_some_and(|e| e == extension))
        .with_context(|| format!("no .{extension} file in {}", dir.display()))
}

fn orig_tarball(dir: &Path) -> Result<PathBuf> {
    fs::read_dir(dir)?
        .flatten()
        .map(|e| e.path())
        .find(|p| {
            p.to_string_lossy().contains(".orig.tar") && !p.to_string_lossy().ends_with(".asc")
        })
        .context("no upstream tarball")
}

/// The Debian mirror of the machine's own apt configuration, and the keyring it names.
pub fn mirror() -> Result<(String, Option<String>)> {
    if let Ok(mirror) = env::var("ZCOMPAT_DEBIAN_MIRROR") {
        return Ok((mirror, default_keyring()));
    }
    let etc = Path::new("/etc/apt");
    let mut files = vec![etc.join("sources.list")];
    if let Ok(parts) = fs::read_dir(etc.join("sources.list.d")) {
        let mut parts: Vec<_> = parts.flatten().map(|e| e.path()).collect();
        parts.sort();
        files.extend(parts);
    }
    for file in files {
        let Ok(text) = fs::read_to_string(&file) else { continue };
        let uri = text.lines().filter_map(|line| {
            let line = line.trim();
            match line.strip_prefix("URIs:") {
                Some(uris) => uris.split_whitespace().next(),
                None if line.starts_with("deb ") => {
                    line.split_whitespace().find(|word| word.contains("://"))
                }
                None => None,
            }
        });
        // Third-party archives have no `debian` at the end of their path.
        if let Some(uri) = uri.map(|u| u.trim_end_matches('/')).find(|u| u.ends_with("/debian")) {
            return Ok((uri.to_owned(), default_keyring()));
        }
    }
    bail!("no Debian mirror in /etc/apt: set ZCOMPAT_DEBIAN_MIRROR to one")
}

fn default_keyring() -> Option<String> {
    let keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
    Path::new(keyring).exists().then(|| keyring.to_owned())
}
