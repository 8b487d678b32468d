//! What the controls are made from, fetched by name through the ordinary clients into target/.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

use base::{debian, paths};

/// Where fetched things are kept.
pub struct Fetch {
    dir: PathBuf,
}

impl Fetch {
    /// Under target/matrix/fetched.
    pub fn new() -> Fetch {
        Fetch { dir: paths::target().join("matrix/fetched") }
    }

    /// The clang inside PyPI's `ziglang` package: the program to which `clang` is the first word.
    pub fn zig(&self, sh: &Shell, version: &str) -> Result<PathBuf> {
        let dir = self.dir.join(format!("ziglang-{version}"));
        let zig = dir.join("zig");
        if zig.exists() {
            return Ok(zig);
        }
        let pip = || cmd!(sh, "python3 -m pip --version").quiet().ignore_stdout().ignore_stderr();
        if pip().run().is_err() {
            debian::install(sh, &["python3-pip"])?;
        }
        let wheels = dir.join("wheel");
        std::fs::create_dir_all(&wheels)?;
        let out = cmd!(
            sh,
            "python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --dest {wheels} ziglang=={version}"
        )
        .quiet()
        .ignore_status()
        .output()?;
        ensure!(
            out.status.success(),
            "pip cannot download ziglang {version}: {}",
            in_one_line(&String::from_utf8_lossy(&out.stderr))
        );
        let wheel =
            sh.read_dir(&wheels)?.into_iter().find(|p| p.extension().is_some_and(|e| e == "whl"));
        let wheel = wheel.with_context(|| format!("pip left no wheel of ziglang {version}"))?;
        // Only the program: with -cc1 on IR it needs none of the headers beside it.
        let part = dir.join("zig.part");
        let script = "import shutil, sys, zipfile\n\
            with zipfile.ZipFile(sys.argv[1]).open('ziglang/zig') as f, open(sys.argv[2], 'wb') as out:\n\
            \x20   shutil.copyfileobj(f, out)\n";
        cmd!(sh, "python3 -c {script} {wheel} {part}").quiet().run()?;
        cmd!(sh, "chmod +x {part}").quiet().run()?;
        std::fs::rename(&part, &zig)?;
        std::fs::remove_dir_all(&wheels)?;
        Ok(zig)
    }

    /// The unpacked source of a crate.
    pub fn crate_source(&self, sh: &Shell, name: &str, version: &str) -> Result<PathBuf> {
        let dir = self.dir.join(format!("crate-{name}-{version}"));
        let source = dir.join("vendor").join(format!("{name}-{version}"));
        if source.join("Cargo.toml").exists() {
            return Ok(source);
        }
        std::fs::create_dir_all(dir.join("src"))?;
        std::fs::write(dir.join("src/lib.rs"), "")?;
        std::fs::write(
            dir.join("Cargo.toml"),
            format!(
                "[package]\nname = \"fetch\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
                 [dependencies]\n{name} = {{ version = \"={version}\", default-features = false }}\n\n\
                 [workspace]\n"
            ),
        )?;
        let _dir = sh.push_dir(&dir);
        let out = cmd!(sh, "cargo vendor --quiet --versioned-dirs vendor")
            .quiet()
            .ignore_status()
            .output()?;
        ensure!(
            out.status.success(),
            "cargo cannot fetch {name} {version}: {}",
            in_one_line(&String::from_utf8_lossy(&out.stderr))
        );
        ensure!(source.join("Cargo.toml").exists(), "cargo vendor left no {name} {version}");
        Ok(source)
    }
}

/// What a package client says of its failure, as one line: what failed and each cause, the last of
/// which is the one that helps.
fn in_one_line(text: &str) -> String {
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("warning:") && *line != "Caused by:")
        .collect();
    // pip, and cargo's retries, can say the same many times over.
    let mut kept: Vec<&str> = Vec::new();
    for line in lines {
        if !kept.contains(&line) {
            kept.push(line);
        }
    }
    if kept.is_empty() { "it says nothing".into() } else { kept.join(": ") }
}

/// Makes IR text of the installed rustc readable for LLVM 20 and 21, which know fewer attributes.
pub fn for_older_llvm(ir: &Path) -> Result<()> {
    let text = std::fs::read_to_string(ir).with_context(|| ir.display().to_string())?;
    std::fs::write(ir, older_ir(&text))?;
    Ok(())
}

fn older_ir(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let mut line = line.replace("nocreateundeforpoison ", "").replace("dead_on_return ", "");
        while let Some(start) = line.find(" captures(") {
            let end = line[start..].find(')').map_or(line.len(), |at| start + at + 1);
            line.replace_range(start..end, "");
        }
        // Lifetime markers had a size, -1 for unknown, before their pointer.
        if line.contains("@llvm.lifetime.") {
            let size = if line.trim_start().starts_with("declare") { "i64" } else { "i64 -1" };
            line = line.replacen(".p0(ptr", &format!(".p0({size}, ptr"), 1);
        }
        out.push_str(&line);
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clients_error_keeps_its_cause() {
        let said = "warning: spurious network error (3 tries remaining): [77] bad certificate\n\
                    error: failed to sync\n\nCaused by:\n  failed to load pkgid of lockfile\n\n\
                    Caused by:\n  [77] error setting certificate file: /etc/none\n";
        assert_eq!(
            in_one_line(said),
            "error: failed to sync: failed to load pkgid of lockfile: \
             [77] error setting certificate file: /etc/none"
        );
        assert_eq!(in_one_line("\n"), "it says nothing");
    }

    #[test]
    fn ir_loses_what_older_llvm_cannot_read() {
        let new = "define void @f(ptr dead_on_return noalias captures(address, read_provenance) %a) {\n\
                   \x20 call void @llvm.lifetime.start.p0(ptr %b)\n\
                   declare void @llvm.lifetime.start.p0(ptr captures(none)) #1\n\
                   attributes #7 = { nocallback nocreateundeforpoison nofree }";
        let old = "define void @f(ptr noalias %a) {\n\
                   \x20 call void @llvm.lifetime.start.p0(i64 -1, ptr %b)\n\
                   declare void @llvm.lifetime.start.p0(i64, ptr) #1\n\
                   attributes #7 = { nocallback nofree }\n";
        assert_eq!(older_ir(new), old);
    }
}
