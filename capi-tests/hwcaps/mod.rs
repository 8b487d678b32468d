//! Builds tuned for a CPU level: the loader picks the best that the CPU has.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use libtest_mimic::Trial;
use xshell::{Shell, cmd};

use base::library::LIBRARIES;
use base::library::exports_are_right;
use base::paths;
use check::{PASSED, Setup, check, skip};
use install::engine::Engine;
use install::{Args, LEVELS, install};
use link::elf::Elf;

/// The checks of this area.
pub fn trials(_setup: &'static Setup) -> Vec<Trial> {
    vec![check("hwcaps::the_loader_picks_the_best_level", || {
        if !cfg!(target_arch = "x86_64") {
            return skip("the levels are those of x86-64");
        }
        let sh = Shell::new()?;
        let loader = Loader::find(&sh)?;
        if loader.supported.is_empty() {
            return skip(format!("{} knows no level that this CPU has", loader.path.display()));
        }
        let prefix = paths::target().join("hwcaps/prefix");
        let libdir = PathBuf::from("lib");
        install(
            &sh,
            &Args {
                prefix: Some(prefix.clone()),
                engine: Engine::Own,
                libdir: libdir.clone(),
                hwcaps: true,
            },
        )?;
        let lib = prefix.join(&libdir);
        for level in LEVELS {
            tuned_libraries_are_right(&lib, level)?;
        }
        loads_the_best(&sh, &loader, &prefix, &lib)?;

        // Without --hwcaps nothing tuned may be left to shadow the new libraries.
        install(
            &sh,
            &Args { prefix: Some(prefix.clone()), engine: Engine::Own, libdir, hwcaps: false },
        )?;
        let mapped = loader.mapped(&sh, &lib, &prefix.join("mapped"), None)?;
        ensure!(mapped == wanted(&lib), "after a plain install, {mapped:?} is mapped");
        PASSED
    })]
}

/// glibc's loader, and the levels that it finds supported, best first.
struct Loader {
    path: PathBuf,
    supported: Vec<String>,
}

impl Loader {
    fn find(sh: &Shell) -> Result<Loader> {
        let elf = Elf::read(&std::env::current_exe()?)?;
        let path = elf.interpreter.context("this program names no interpreter")?;
        // "  x86-64-v4 (supported, searched)", the best first.
        let help = cmd!(sh, "{path} --help").quiet().ignore_status().read()?;
        let supported = help
            .lines()
            .filter(|line| line.contains("(supported, searched)"))
            .filter_map(|line| line.split_whitespace().next())
            .filter(|level| LEVELS.contains(level))
            .map(str::to_owned)
            .collect();
        Ok(Loader { path: path.into(), supported })
    }

    /// The files of ours that `program` maps, with only the levels in `mask` to choose from.
    fn mapped(
        &self,
        sh: &Shell,
        lib: &Path,
        program: &Path,
        mask: Option<&str>,
    ) -> Result<Vec<PathBuf>> {
        let command = match mask {
            // As a user runs it: the kernel starts the loader.
            None => cmd!(sh, "{program}").env("LD_LIBRARY_PATH", lib),
            Some(mask) => {
                let loader = &self.path;
                cmd!(sh, "{loader} --glibc-hwcaps-mask {mask} --library-path {lib} {program}")
            }
        };
        let text = command.env("LD_BIND_NOW", "1").quiet().read()?;
        let mut files: Vec<_> = text.lines().map(PathBuf::from).collect();
        files.sort();
        Ok(files)
    }
}

/// Both libraries in a folder.
fn wanted(dir: &Path) -> Vec<PathBuf> {
    LIBRARIES.iter().map(|library| dir.join(library.file())).collect()
}

fn loads_the_best(sh: &Shell, loader: &Loader, prefix: &Path, lib: &Path) -> Result<()> {
    let source = paths::root().join("capi-tests/hwcaps/mapped.c");
    let program = prefix.join("mapped");
    cmd!(sh, "cc -Wall -Wextra -Werror {source} -o {program} -I {prefix}/include")
        .args(["-L".as_ref(), lib.as_os_str()])
        .args(["-lz", "-lzstd"])
        .quiet()
        .run()?;
    let level = |name: &str| wanted(&lib.join("glibc-hwcaps").join(name));
    let best = &loader.supported[0];
    let mapped = loader.mapped(sh, lib, &program, None)?;
    ensure!(mapped == level(best), "the CPU has {best}, but {mapped:?} is mapped");
    // A lower CPU, played by taking levels away.
    for name in &loader.supported {
        let mapped = loader.mapped(sh, lib, &program, Some(name))?;
        ensure!(mapped == level(name), "with {name} only, {mapped:?} is mapped");
    }
    let mapped = loader.mapped(sh, lib, &program, Some("none"))?;
    ensure!(mapped == wanted(lib), "without any level, {mapped:?} is mapped");
    Ok(())
}

/// The same symbols, and code for the level in both: in libz it is Rust's, in libzstd C's.
fn tuned_libraries_are_right(lib: &Path, level: &str) -> Result<()> {
    for library in &LIBRARIES {
        let plain = lib.join(library.file());
        let tuned = lib.join("glibc-hwcaps").join(level).join(library.file());
        exports_are_right(library, &tuned)
            .with_context(|| format!("{level}/{}", library.file()))?;
        // Instructions that compilers use everywhere once a level allows them; the plain build has
        // some in functions that are chosen at run time.
        let [before, after] = [&plain, &tuned].map(|file| count(file, level));
        let (before, after) = (before?, after?);
        ensure!(
            2 * after > 3 * before,
            "{}: {after} uses of {level}, {before} in the plain build",
            tuned.display()
        );
    }
    Ok(())
}

/// How many functions use an instruction that a compiler would not have used below `level`, each
/// kind of instruction counted.
fn count(file: &Path, level: &str) -> Result<usize> {
    let of_the_level = |feature: &str| match level {
        "x86-64-v2" => ["popcnt", "ssse3", "sse4.1", "sse4.2"].contains(&feature),
        "x86-64-v3" => ["bmi1", "bmi2"].contains(&feature),
        _ => feature.starts_with("avx512"),
    };
    let scan = code::scan(file)?;
    let uses = scan.features.iter().filter(|(feature, _)| of_the_level(feature));
    Ok(uses.map(|(_, sites)| sites.len()).sum())
}
