//! Packages as distributions build them: what they hold, and what they do where they are installed.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use libtest_mimic::Completion;
use xshell::{Shell, cmd};

use super::archive;
use crate::{chroot, deb, foreign};
use base::library::{LIBRARIES, exports_are_right};
use base::paths;
use capi_tests::packaging::{LAYOUT, files_below};
use check::{PASSED, skip};
use install::LEVELS;

/// The packages build, are clean to lintian, and are installed, enabled, used and purged in a root
/// of the suite, which is then as before.
pub fn debian(suite: &str) -> Result<Completion> {
    let sh = Shell::new()?;
    if let Err(why) = chroot::possible(&sh) {
        return skip(format!("{why:#}"));
    }
    let made = deb::build(&sh, archive(&sh)?, suite)?;
    let debs: Vec<&PathBuf> =
        made.iter().filter(|f| f.extension().is_some_and(|e| e == "deb")).collect();
    let root = tempfile::tempdir_in(paths::target())?;
    for deb in &debs {
        let into = root.path();
        cmd!(sh, "dpkg-deb -x {deb} {into}").quiet().run()?;
        fields_are_right(&sh, deb)?;
    }
    let libdir = format!("usr/lib/{}-linux-gnu", std::env::consts::ARCH);
    is_whole(root.path(), &libdir)?;

    let base = chroot::base(&sh, suite)?;
    let room = base.room()?;
    for deb in debs {
        room.put(deb, &format!("debs/{}", deb.file_name().unwrap_or_default().display()))?;
    }
    for script in ["mapped.sh", "programs.sh", "packages.sh"] {
        room.put(&paths::root().join("capi-tests/switch").join(script), &format!("debs/{script}"))?;
    }
    // The programs come from the mirror; the round itself is without a network.
    room.run(
        true,
        "export DEBIAN_FRONTEND=noninteractive\n\
         apt-get update -qq\n\
         apt-get install -y -qq --no-install-recommends git python3 curl gcc libc6-dev \
         pkg-config\n",
    )?;
    let said = room.run(false, "cd /debs; sh -eu packages.sh")?;
    ensure!(said.lines().last() == Some("as before"), "{said}");
    PASSED
}

/// Both libraries built and run where gcc, binutils and glibc are Debian 11's: the matrix's suite, and
/// everyday programs, which print what they print on that system's own.
pub fn debian_11() -> Result<Completion> {
    let sh = Shell::new()?;
    if let Err(why) = chroot::possible(&sh) {
        return skip(format!("{why:#}"));
    }
    let archive = archive(&sh)?;
    // Mirrors drop old suites.
    let base = match chroot::base(&sh, "bullseye") {
        Ok(base) => base,
        Err(why) => return skip(format!("{why:#}")),
    };
    let room = base.room()?;
    room.put(&archive.file, "try/archive.tar.xz")?;
    for script in ["mapped.sh", "programs.sh"] {
        room.put(&paths::root().join("capi-tests/switch").join(script), &format!("try/{script}"))?;
    }
    room.run(
        true,
        "export DEBIAN_FRONTEND=noninteractive\n\
         apt-get update -qq\n\
         apt-get install -y -qq --no-install-recommends git python3 curl gcc libc6-dev\n",
    )?;
    // As cargo-c has them built, which itself need not run there.
    let said = room.run(
        false,
        &format!(
            "cd /try\n\
             tar xf archive.tar.xz\n\
             export CARGO_HOME=/try/cargo-home\n\
             for library in libz libzstd; do\n\
             (cd {}; cargo rustc --quiet --release --locked --offline --target-dir /try/target \
             --package $library --features capi --crate-type cdylib -- --cfg cargo_c \
             -Clink-arg=-Wl,-soname,$library.so.1)\n\
             mkdir -p lib\n\
             mv target/release/*.so lib/$library.so.1\n\
             done\n\
             gcc -std=gnu11 -I{0}/include -I{0}/vendor/zstd-sys/zstd/lib -o run \
             {0}/matrix/suite/*.c -ldl -lpthread -lm\n\
             ./run --libz lib/libz.so.1 --libzstd lib/libzstd.so.1 > suite.txt\n\
             sh -eu programs.sh > stock.txt\n\
             sh -eu mapped.sh > stock-maps.txt\n\
             export LD_LIBRARY_PATH=/try/lib\n\
             sh -eu programs.sh | cmp - stock.txt\n\
             sh -eu mapped.sh > maps.txt\n\
             cut -d ' ' -f 1,2 stock-maps.txt > names.txt\n\
             cut -d ' ' -f 1,2 maps.txt | cmp - names.txt\n\
             if grep -v ' /try/lib/' maps.txt; then exit 1; fi\n\
             cat suite.txt\n\
             ldd --version | head -n 1\n\
             wc -l < maps.txt\n",
            archive.name
        ),
    )?;
    let lines: Vec<&str> = said.lines().collect();
    let [.., end, glibc, maps] = lines[..] else { anyhow::bail!("{said}") };
    ensure!(end == "end" && glibc.ends_with(" 2.31"), "{said}");
    ensure!(maps.parse::<u32>()? >= 5, "{said}");
    let failed = lines.iter().find(|line| line.starts_with("fail\t") || line.starts_with("skip\t"));
    ensure!(failed.is_none(), "{failed:?}");
    let hashes: Vec<&str> = lines.iter().filter_map(|line| line.strip_prefix("hash\t")).collect();
    let kept = fs::read_to_string(paths::root().join("matrix/stock-hashes.txt"))?;
    let stocks: Vec<&str> = kept.lines().filter(|line| hashes.contains(line)).collect();
    ensure!(stocks.len() == hashes.len() && stocks.len() > 10, "{hashes:?} are not stock's");
    for library in &LIBRARIES {
        exports_are_right(library, &room.path(&format!("try/lib/{}", library.soname)))?;
    }
    PASSED
}

/// What tells apt how the package lies beside others: nobody's libz1 is provided, and libraries and
/// headers of two architectures can be there at once.
fn fields_are_right(sh: &Shell, deb: &Path) -> Result<()> {
    let field = |name: &str| cmd!(sh, "dpkg-deb -f {deb} {name}").quiet().read();
    let name = field("Package")?;
    // dpkg of 2026 writes what is without a field as well.
    let wanted = if name == "zcompat" { ["", "no"] } else { ["same"; 2] };
    let multi = field("Multi-Arch")?;
    ensure!(wanted.contains(&multi.as_str()), "{name}: Multi-Arch is {multi:?}");
    for name in ["Provides", "Conflicts", "Replaces"] {
        let value = field(name)?;
        ensure!(value.is_empty(), "{}: {name} is {value:?}", deb.display());
    }
    let version = format!("libzcompat (= {}-1)", env!("CARGO_PKG_VERSION"));
    let depends = field("Depends")?;
    ensure!(
        depends.contains("libc6") && (name == "libzcompat" || depends.contains(&version)),
        "{name}: Depends is {depends:?}"
    );
    if name == "libzcompat" {
        let symbols = cmd!(sh, "dpkg-deb -I {deb} symbols").quiet().read()?;
        for library in &LIBRARIES {
            let line = format!("{} libzcompat #MINVER#", library.soname);
            ensure!(symbols.lines().any(|l| l == line), "the symbols file has no {line:?}");
        }
        // Where the switch is on, the loader's cache names these files.
        let triggers = cmd!(sh, "dpkg-deb -I {deb} triggers").quiet().read()?;
        let ldconfig = triggers.lines().filter(|l| l.trim() == "activate-noawait ldconfig").count();
        ensure!(ldconfig == 1, "libzcompat asks for ldconfig {ldconfig} times: {triggers}");
    }
    Ok(())
}

/// The RPM packages hold what they should, and nothing in them is offered or asked for in the names
/// of the system's own libraries.
pub fn rpm() -> Result<Completion> {
    let sh = Shell::new()?;
    let made = foreign::rpm(&sh, archive(&sh)?)?;
    let root = tempfile::tempdir_in(paths::target())?;
    let (mut names, _dir) = (Vec::new(), sh.push_dir(root.path()));
    for file in made.iter().filter(|f| !f.to_string_lossy().contains(".src.")) {
        let asked = |what: &str| cmd!(sh, "rpm -qp {what} {file}").quiet().ignore_stderr().read();
        let format = "%{NAME}";
        let name = cmd!(sh, "rpm -qp --qf {format} {file}").quiet().ignore_stderr().read()?;
        let provides = asked("--provides")?;
        ensure!(
            !provides.contains(".so") && !provides.contains("pkgconfig("),
            "{name} provides {provides}"
        );
        if name == "zcompat" {
            let scripts = asked("--scripts")?;
            ensure!(scripts.contains("zcompat disable"), "{name} has the scripts {scripts}");
        }
        names.push(name);
        cmd!(sh, "sh -c")
            .arg("rpm2cpio \"$1\" | cpio -id --quiet")
            .arg("sh")
            .arg(file)
            .quiet()
            .run()?;
    }
    ensure!(names == ["zcompat", "zcompat-devel", "zcompat-libs"], "packages: {names:?}");
    is_whole(root.path(), "usr/lib64")?;
    PASSED
}

/// The Arch package holds what it should.
pub fn arch() -> Result<Completion> {
    let sh = Shell::new()?;
    let made = foreign::arch(&sh, archive(&sh)?)?;
    let [file] = &made[..] else { anyhow::bail!("packages: {made:?}") };
    let root = tempfile::tempdir_in(paths::target())?;
    let into = root.path();
    cmd!(sh, "tar -xf {file} -C {into}").quiet().run()?;
    let about = fs::read_to_string(into.join(".PKGINFO"))?;
    for line in ["pkgname = zcompat", "depend = glibc", "license = Zlib"] {
        ensure!(about.lines().any(|l| l == line), ".PKGINFO has no {line:?}: {about}");
    }
    let provided = about.lines().find(|l| l.starts_with("provides") || l.starts_with("conflict"));
    ensure!(provided.is_none(), ".PKGINFO: {provided:?}");
    let hooks = fs::read_to_string(into.join(".INSTALL"))?;
    ensure!(hooks.contains("zcompat disable"), ".INSTALL is {hooks}");
    is_whole(into, "usr/lib")?;
    PASSED
}

/// Those that a package of this architecture has.
fn levels() -> &'static [&'static str] {
    if cfg!(target_arch = "x86_64") { &LEVELS } else { &[] }
}

/// That an unpacked set of packages has all that packaging/install.sh installs, and below the prefix
/// nothing else; libraries for a level are such, with all symbols.
fn is_whole(root: &Path, libdir: &str) -> Result<()> {
    let levels = levels();
    let prefix = root.join(libdir).join("zcompat");
    let mut wanted: Vec<String> = LAYOUT.iter().map(|&file| file.to_owned()).collect();
    for level in levels {
        for library in &LIBRARIES {
            let (dir, soname, file) =
                (format!("lib/glibc-hwcaps/{level}"), library.soname, library.file());
            wanted.push(format!("{dir}/{soname} -> {file}"));
            wanted.push(format!("{dir}/{file}"));
        }
    }
    wanted.sort();
    let found = files_below(&prefix)?;
    let missing: Vec<_> = wanted.iter().filter(|f| !found.contains(f)).collect();
    let extra: Vec<_> = found.iter().filter(|f| !wanted.contains(f)).collect();
    ensure!(missing.is_empty() && extra.is_empty(), "missing: {missing:?}, extra: {extra:?}");
    let page = root.join("usr/share/man/man1/zcompat.1");
    ensure!(page.exists() || page.with_extension("1.gz").exists(), "no {}", page.display());
    // The program knows the folder of its own package.
    let program = fs::read(root.join("usr/bin/zcompat"))?;
    let own = format!("/{libdir}/zcompat/lib");
    ensure!(program.windows(own.len()).any(|w| w == own.as_bytes()), "zcompat has no {own}");

    for library in &LIBRARIES {
        let plain = prefix.join("lib").join(library.file());
        exports_are_right(library, &plain)?;
        for level in levels {
            let tuned = prefix.join("lib/glibc-hwcaps").join(level).join(library.file());
            exports_are_right(library, &tuned).with_context(|| (*level).to_owned())?;
            ensure!(fs::read(&tuned)? != fs::read(&plain)?, "{} is not tuned", tuned.display());
        }
    }
    Ok(())
}
