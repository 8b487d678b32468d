//! (d) A fault planted in each checksum kernel, one in the C part, each of which must be noticed where
//! it is used and nowhere else; and one that makes deflate write other bytes on every CPU.
//!
//! The faults are put into a copy of the workspace under target/; the product has no switch for
//! them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use base::tiers;
use xshell::Shell;

use super::{Evidence, Verdict};
use crate::build::{self, Plan};
use crate::execute::Run;
use crate::host::{Host, Way};
use crate::row::{Lto, Opt, Row};
use crate::suite::{Call, Linkage, Outcome, Suite};
use crate::{crate_dir, headers, judge, stock, toolchain};
use base::paths;
use install::engine::Engine;

/// Says which kernel is to be wrong, in the copy.
const SWITCH: &str = "ZCOMPAT_PLANTED";

/// A kernel of the copy: the checksum's folder and the kernel's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Planted {
    checksum: &'static str,
    name: String,
}

/// The run without a tier.
const DEFAULT: &str = "default";

/// The kernels: one copy, in which one length at one alignment comes out wrong in the kernel that
/// the environment names. Each tier, and the default, must notice exactly one kernel of each
/// checksum, and each kernel that this CPU runs must be noticed by some tier or by default. One that
/// it cannot run is named.
pub fn kernels(sh: &Shell, host: &Host) -> Result<(Verdict, Evidence)> {
    let mut evidence = Evidence::default();
    let Copy { kernels, suite, library } = Copy::build(sh)?;
    let tiers = tiers::available(|tier| suite.tier(&library, tier))?;
    ensure!(!tiers.is_empty(), "the copy's libz.so.1 offers no tier to choose");

    let ways: Vec<String> = std::iter::once(DEFAULT.to_owned()).chain(tiers).collect();
    let run = |tier: &str, kernel: Option<&Planted>| -> Result<Outcome> {
        let check = kernel.map_or("checksum/", |k| {
            if k.checksum == "crc32" { "checksum/crc32" } else { "checksum/adler32" }
        });
        let named = (tier != DEFAULT).then(|| ("ZCOMPAT_CPU".to_owned(), tier.to_owned()));
        let mut env: Vec<_> = named.into_iter().collect();
        env.extend(kernel.map(|k| (SWITCH.to_owned(), k.name.clone())));
        suite.run(&Call { args: library.clone(), env, ..Call::default() }, &[check])
    };
    for tier in &ways {
        let outcome = run(tier, None)?;
        let said = outcome.first_failure().unwrap_or_else(|| "all right".into());
        evidence.expect(outcome.failed.is_empty(), format!("no fault, tier {tier}: {said}"));
    }
    let mut noticed: BTreeMap<&Planted, BTreeSet<&str>> = BTreeMap::new();
    for kernel in &kernels {
        let seen = noticed.entry(kernel).or_default();
        let mut first = None;
        for tier in &ways {
            let outcome = run(tier, Some(kernel))?;
            if let Some(failure) = outcome.first_failure() {
                seen.insert(tier);
                first.get_or_insert(failure);
            }
        }
        let said = first.unwrap_or_else(|| "not noticed".into());
        let list = seen.iter().copied().collect::<Vec<_>>().join(", ");
        evidence.note(format!("{}: {said} (tiers {list})", kernel.name));
    }
    for (right, line) in judge(&noticed, &ways, &host.features) {
        evidence.expect(right, line);
    }
    for kernel in kernels.iter().filter(|kernel| !runs_here(&kernel.name, &host.features)) {
        evidence.not_here(kernel.name.clone());
    }
    Ok((evidence.verdict(), evidence))
}

/// The copy of libz with switches for what is wrong, and the suite.
struct Copy {
    kernels: Vec<Planted>,
    suite: Suite,
    /// The suite's arguments that name it.
    library: Vec<String>,
}

impl Copy {
    fn build(sh: &Shell) -> Result<Copy> {
        let dir = paths::target().join("matrix/controls/kernels");
        let workspace = dir.join("workspace");
        let (kernels, mut edits) = plant_in_kernels()?;
        edits.extend([plant_in_deflate()?]);
        copy_workspace(&workspace, &edits)?;
        let row = Row::new("x86-64", Opt::One, Lto::Units)?;
        let libz = build_library(sh, &workspace, &row, "libz", &dir)?;
        let suite = Suite::build(sh, Linkage::Dlopen, &headers(sh)?, None, &dir.join("suite"))?;
        let library = vec!["--libz".to_owned(), libz.display().to_string()];
        Ok(Copy { kernels, suite, library })
    }
}

/// What [`SWITCH`] is for bytes that are right but not stock's.
const OTHER_BYTES: &str = "bytes";

/// Deflate: of codes that are equally frequent, another one gets the shorter length. All of it reads
/// back, and comes out the same in every row, so that only the comparison with stock's bytes can
/// notice.
pub fn other_bytes(sh: &Shell) -> Result<(Verdict, Evidence)> {
    let mut evidence = Evidence::default();
    let Copy { suite, library, .. } = Copy::build(sh)?;
    let kept = stock::kept(Engine::Own);
    for planted in [false, true] {
        let env = planted.then(|| (SWITCH.to_owned(), OTHER_BYTES.to_owned()));
        let env = env.into_iter().collect();
        let call = Call { args: library.clone(), env, ..Call::default() };
        let outcome = suite.run(&call, &["deflate/", "gz/"])?;
        let what = if planted { "another order" } else { "no fault" };
        let said = outcome.first_failure().unwrap_or_else(|| "all reads back".into());
        evidence.expect(outcome.failed.is_empty(), format!("{what}: {said}"));
        let run = Run { label: what.into(), call, outcome };
        let [compared, differ] = judge::beside_stock(&run, &kept);
        let line = format!("{what}: {} of {} hashes are not stock's", differ.len(), compared.len());
        let right = if planted { compared.len() } else { 0 };
        evidence.expect(compared.len() > 5 && differ.len() == right, line);
    }
    Ok((evidence.verdict(), evidence))
}

/// The file in which [`OTHER_BYTES`] is planted, changed.
fn plant_in_deflate() -> Result<(PathBuf, String)> {
    let path = paths::root().join("src/deflate/tree.rs");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let right = "if node.at_most(smaller) {";
    ensure!(text.matches(right).count() == 1, "{} has changed: plant anew", path.display());
    let wrong = "if other_order(node, smaller) {";
    let function = format!(
        "\nfn other_order(node: Node, son: Node) -> bool {{\n    \
         use core::sync::atomic::{{AtomicU8, Ordering}};\n    \
         static KNOWN: AtomicU8 = AtomicU8::new(2);\n    \
         if KNOWN.load(Ordering::Relaxed) == 2 {{\n        \
         KNOWN.store(planted(b\"{OTHER_BYTES}\").into(), Ordering::Relaxed);\n    }}\n    \
         if KNOWN.load(Ordering::Relaxed) == 1 {{ !son.at_most(node) }} else {{ node.at_most(son) }}\n}}\n{}",
        switch()
    );
    Ok((path, text.replace(right, wrong) + &function))
}

/// A function that says whether a fault is switched on, by [`SWITCH`], in a library without std.
fn switch() -> String {
    format!(
        "\nfn planted(name: &[u8]) -> bool {{\n    \
         // SAFETY: the name is a C text, and nothing changes the environment.\n    \
         let value = unsafe {{ libc::getenv(c\"{SWITCH}\".as_ptr()) }};\n    \
         // SAFETY: not NULL, so it is a C text.\n    \
         !value.is_null() && unsafe {{ core::ffi::CStr::from_ptr(value) }}.to_bytes() == name\n}}\n"
    )
}

/// What must hold of who noticed what.
fn judge(
    noticed: &BTreeMap<&Planted, BTreeSet<&str>>,
    tiers: &[String],
    host: &BTreeSet<String>,
) -> Vec<(bool, String)> {
    let mut lines = Vec::new();
    for checksum in ["crc32", "adler32"] {
        let kernels = || noticed.iter().filter(|(kernel, _)| kernel.checksum == checksum);
        lines.push((kernels().count() > 1, format!("{checksum}: {} kernels", kernels().count())));
        for tier in tiers {
            let by = kernels().filter(|(_, tiers)| tiers.contains(tier.as_str())).count();
            lines.push((
                by == 1,
                format!("{checksum}, tier {tier}: the fault of {by} kernel noticed"),
            ));
        }
        for (kernel, seen) in kernels() {
            if runs_here(&kernel.name, host) {
                let line =
                    format!("{}: noticed in {} of {} tiers", kernel.name, seen.len(), tiers.len());
                lines.push((!seen.is_empty(), line));
            }
        }
    }
    lines
}

/// Whether a kernel's name, which lists what it needs, fits this CPU.
fn runs_here(name: &str, host: &BTreeSet<String>) -> bool {
    let needs = name.split([' ', '+', '-']).skip(1);
    needs.into_iter().all(|word| match word {
        "portable" => true,
        "avx512" => {
            ["avx512f", "avx512bw", "avx512dq", "avx512vl"].iter().all(|f| host.contains(*f))
        }
        "vnni" if name.contains("avx512") => host.contains("avx512vnni"),
        "vnni" => host.contains("avxvnni"),
        "avxvnni" | "avx_vnni" => host.contains("avxvnni"),
        word => host.contains(word) || host.contains(&word.replace("sse4_", "sse4.")),
    })
}

/// The C part: zstd's bit extraction is wrong where the compiler may use BMI2 throughout. A row
/// with BMI2 must notice, a plain one must not.
pub fn c_part(sh: &Shell, host: &Host) -> Result<(Verdict, Evidence)> {
    let mut evidence = Evidence::default();
    let needed = toolchain::features(sh, "x86-64-v3", "")?;
    if let (Way::Impossible(lacking), Err(reason)) = (host.way(sh, &needed)?, &host.qemu) {
        let reason = format!("this CPU lacks {}, and qemu: {reason}", lacking.join(", "));
        return Ok((Verdict::NotHere(reason), evidence));
    }
    let dir = paths::target().join("matrix/controls/c-part");
    let workspace = dir.join("workspace");
    plant_in_zstd(sh, &workspace)?;
    let suite = Suite::build(sh, Linkage::Dlopen, &headers(sh)?, None, &dir.join("suite"))?;
    for (cpu, must_fail) in [("x86-64", false), ("x86-64-v3", true)] {
        let row = Row::new(cpu, Opt::One, Lto::Units)?;
        let library = build_library(sh, &workspace, &row, "libzstd", &dir.join(cpu))?;
        let wrapper = match (host.way(sh, &toolchain::features(sh, cpu, "")?)?, &host.qemu) {
            (Way::Native, _) => Vec::new(),
            (Way::Qemu(model), Ok(qemu)) => {
                vec![qemu.display().to_string(), "-cpu".into(), model.into()]
            }
            (way, _) => bail!("{cpu} cannot be run here, not by qemu either: {way:?}"),
        };
        let args = vec!["--libzstd".to_owned(), library.display().to_string()];
        let outcome = suite.run(&Call { args, wrapper, ..Call::default() }, &[])?;
        let said = outcome.first_failure().unwrap_or_else(|| "all right".into());
        evidence.expect(outcome.failed.is_empty() != must_fail, format!("{cpu}: {said}"));
    }
    Ok((evidence.verdict(), evidence))
}

fn build_library(
    sh: &Shell,
    workspace: &Path,
    row: &Row,
    package: &str,
    dir: &Path,
) -> Result<PathBuf> {
    let (target, prefix) = (dir.join("build"), dir.join("install"));
    let plan = Plan {
        workspace,
        row,
        without: &[],
        package: Some(package),
        target: &target,
        prefix: &prefix,
        jobs: None,
    };
    match build::build(sh, &plan)? {
        Ok(built) => Ok(built.lib.join(format!("{package}.so.1"))),
        Err(failure) => bail!("the copy does not build: {}: {}", failure.message, failure.command),
    }
}

/// Files of the workspace or of a crate, with the text that the copy has instead.
type Edits = BTreeMap<PathBuf, String>;

/// Copies what a build needs, leaving files alone that are the same: cargo looks at their times.
fn copy_workspace(to: &Path, edits: &Edits) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(paths::root())? {
        let entry = entry?;
        let name = entry.file_name();
        let skipped = ["target", ".git", "matrix", "fuzz", "docs"].iter().any(|skip| name == *skip);
        if !skipped && entry.path() != paths::target() {
            copy_tree(&entry.path(), &to.join(name), edits)?;
        }
    }
    Ok(())
}

fn copy_tree(from: &Path, to: &Path, edits: &Edits) -> Result<()> {
    if from.is_dir() {
        std::fs::create_dir_all(to)?;
        for entry in std::fs::read_dir(from)? {
            let entry = entry?;
            copy_tree(&entry.path(), &to.join(entry.file_name()), edits)?;
        }
        return Ok(());
    }
    let new = match edits.get(from) {
        Some(text) => text.as_bytes().to_vec(),
        None => std::fs::read(from).with_context(|| from.display().to_string())?,
    };
    if std::fs::read(to).ok().as_deref() != Some(&*new) {
        std::fs::write(to, new).with_context(|| to.display().to_string())?;
        std::fs::set_permissions(to, std::fs::metadata(from)?.permissions())?;
    }
    Ok(())
}

/// A copy of the workspace whose CRC-32 combination is wrong where the compiler may use `feature`
/// throughout.
pub fn plant_behind(feature: &str, workspace: &Path) -> Result<()> {
    let path = paths::root().join("src/checksum/crc32/combine.rs");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let right = "gf2::x_to_the_bytes(length_b)\n";
    ensure!(text.matches(right).count() == 1, "{} has changed: plant anew", path.display());
    let wrong = format!(
        "gf2::x_to_the_bytes(length_b)\n        \
         ^ u32::from(cfg!(target_feature = \"{feature}\") && length_b == 333)\n"
    );
    copy_workspace(workspace, &Edits::from([(path, text.replace(right, &wrong))]))
}

/// Puts a function of ours between each kernel and its table.
fn plant_in_kernels() -> Result<(Vec<Planted>, Edits)> {
    let (mut planted, mut edits) = (Vec::new(), Edits::new());
    for checksum in ["crc32", "adler32"] {
        let path = paths::root().join(format!("src/checksum/{checksum}/mod.rs"));
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let (text, names) = plant_in_table(&text, checksum)
            .with_context(|| format!("{}: no table of kernels found", path.display()))?;
        edits.insert(path, text);
        planted.extend(names.into_iter().map(|name| Planted { checksum, name }));
    }
    Ok((planted, edits))
}

/// In the text of a module with a table of kernels, `("name", NEEDS, module::CHECKSUM…)` each: the
/// text with the functions replaced, and the names of the kernels for this architecture.
fn plant_in_table(text: &str, checksum: &str) -> Option<(String, Vec<String>)> {
    let start = text.find("kernels! {")?;
    let end = start + text[start..].find("\n}")?;
    let (mut table, mut functions, mut names) = (String::new(), String::new(), Vec::new());
    let identifier = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut rest = &text[start..end];
    for number in 0.. {
        let Some(path) = rest.find(&format!("::{checksum}")) else { break };
        let entry = &rest[..path];
        let from = entry.rfind(|c| !identifier(c))? + 1;
        let tail = &rest[path + 2..];
        let to = path + 2 + tail.find(|c| !identifier(c)).unwrap_or(tail.len());
        let name = entry.rsplit('"').nth(1)?;
        let attribute = entry.lines().map(str::trim).find(|line| line.starts_with("#[cfg("));
        let attribute = attribute.unwrap_or_default();
        let function = &rest[from..to];
        let _ = write!(
            functions,
            "\n{attribute}\nunsafe fn planted_{number}(start: u32, data: &[u8]) -> u64 {{\n    \
             // SAFETY: as the caller promises.\n    \
             let right = unsafe {{ {function}(start, data) }};\n    \
             let here = data.len() == 333 && data.as_ptr() as usize % 64 == 5;\n    \
             right ^ u64::from(here && planted(b\"{name}\"))\n}}\n"
        );
        let _ = write!(table, "{}planted_{number}", &rest[..from]);
        if attribute.is_empty() || attribute.contains(std::env::consts::ARCH) {
            names.push(name.to_owned());
        }
        rest = &rest[to..];
    }
    table.push_str(rest);
    let text = format!("{}{table}{}{functions}{}", &text[..start], &text[end..], switch());
    (!names.is_empty()).then_some((text, names))
}

/// Makes the copy use a copy of zstd-sys with one line changed.
fn plant_in_zstd(sh: &Shell, workspace: &Path) -> Result<()> {
    let from = crate_dir(sh, "zstd-sys")?;
    let header = from.join("zstd/lib/common/bitstream.h");
    let text = std::fs::read_to_string(&header).with_context(|| header.display().to_string())?;
    let line = "return _bzhi_u64(bitContainer, nbBits);";
    ensure!(
        text.matches(line).count() == 1,
        "zstd's bitstream.h has changed: plant the fault anew"
    );
    let wrong = "return _bzhi_u64(bitContainer, nbBits) ^ (nbBits == 11);";
    let edits = Edits::from([(header, text.replace(line, wrong))]);
    copy_tree(&from, &workspace.join("zstd-sys"), &edits)?;

    let manifest = paths::root().join("Cargo.toml");
    let mut text = std::fs::read_to_string(&manifest)?;
    ensure!(
        !text.contains("[patch."),
        "the workspace patches crates already: plant the fault anew"
    );
    text.push_str("\n[patch.crates-io]\nzstd-sys = { path = \"zstd-sys\" }\n");
    copy_workspace(workspace, &Edits::from([(manifest, text)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_entry_of_a_table_is_replaced() {
        let text = "a\nkernels! {\n    #[cfg(target_arch = \"x86_64\")]\n    \
                    kernel(\"crc32 pclmulqdq\", X86.and(Y), x86::crc32),\n    \
                    #[cfg(target_arch = \"aarch64\")]\n    kernel(\"crc32 pmull\", ARM, arm::crc32),\n    \
                    kernel(\"crc32 portable\", Features::NONE, portable::crc32),\n}\nb\n";
        let (text, names) = plant_in_table(text, "crc32").unwrap();
        assert_eq!(names, ["crc32 pclmulqdq", "crc32 portable"]);
        assert!(text.contains("kernel(\"crc32 pclmulqdq\", X86.and(Y), planted_0)"), "{text}");
        assert!(text.contains("kernel(\"crc32 portable\", Features::NONE, planted_2)"), "{text}");
        assert!(text.contains("unsafe { x86::crc32(start, data) }"));
        assert_eq!(text.matches("#[cfg(target_arch = \"aarch64\")]").count(), 2);
        assert_eq!(text.matches("#[cfg(target_arch = \"x86_64\")]").count(), 2);
    }

    #[test]
    fn this_workspace_has_tables_of_kernels() {
        for checksum in ["crc32", "adler32"] {
            let path = paths::root().join(format!("src/checksum/{checksum}/mod.rs"));
            let (_, names) =
                plant_in_table(&std::fs::read_to_string(path).unwrap(), checksum).unwrap();
            assert!(names.contains(&format!("{checksum} portable")), "{names:?}");
        }
    }

    /// What the control would see on each CPU of the library's table: it must be content there, and
    /// must not be if the name of any one tier no longer reached its kernel.
    #[test]
    fn the_control_is_seen_on_every_known_cpu() {
        use zcompat::checksum::kernel::Candidate;
        use zcompat::checksum::{adler32, crc32};
        use zcompat::cpu::known::KNOWN;

        let tables = [("crc32", crc32::CANDIDATES), ("adler32", adler32::CANDIDATES)];
        for cpu in KNOWN.iter().filter(|cpu| cpu.arch() == "x86_64") {
            let host: BTreeSet<String> = cpu.words().map(str::to_owned).collect();
            // As `tiers::available` finds them: those that the library reports when asked for.
            let had = cpu.tiers().iter().filter(|tier| {
                let got = zcompat::cpu::Tier::highest_of(cpu.tiers(), cpu.features(Some(tier)));
                got.name() == tier.name()
            });
            let mut ways = vec![(DEFAULT.to_owned(), cpu.features(None))];
            ways.extend(
                had.map(|tier| {
                    (tier.name().to_str().unwrap().to_owned(), cpu.features(Some(tier)))
                }),
            );
            let names: Vec<String> = ways.iter().map(|(name, _)| name.clone()).collect();
            let planted: Vec<Planted> = tables
                .iter()
                .flat_map(|(checksum, table)| {
                    table
                        .iter()
                        .filter(|c| c.arch.is_none_or(|arch| arch == "x86_64"))
                        .map(|c| Planted { checksum, name: c.name.to_owned() })
                })
                .collect();
            let noticed: BTreeMap<&Planted, BTreeSet<&str>> = planted
                .iter()
                .map(|kernel| {
                    let table = tables.iter().find(|(name, _)| *name == kernel.checksum).unwrap().1;
                    let by = ways.iter().filter(|(_, features)| {
                        Candidate::best(table, "x86_64", *features) == kernel.name
                    });
                    (kernel, by.map(|(name, _)| name.as_str()).collect())
                })
                .collect();
            let wrong = |noticed: &BTreeMap<&Planted, BTreeSet<&str>>| {
                judge(noticed, &names, &host).into_iter().find(|(right, _)| !right)
            };
            assert_eq!(wrong(&noticed), None, "{}", cpu.name);
            for kernel in planted.iter().filter(|kernel| !noticed[kernel].is_empty()) {
                assert!(runs_here(&kernel.name, &host), "{} on {}", kernel.name, cpu.name);
                let mut blind = noticed.clone();
                blind.insert(kernel, BTreeSet::new());
                assert!(wrong(&blind).is_some(), "{} unseen on {}", kernel.name, cpu.name);
            }
        }
    }

    #[test]
    fn a_kernel_that_no_tier_notices_is_a_failure() {
        let kernel = |name: &str| Planted { checksum: "crc32", name: name.into() };
        let (a, b) = (kernel("crc32 portable"), kernel("crc32 pclmulqdq"));
        let host = BTreeSet::from(["pclmulqdq".to_owned()]);
        let tiers = ["portable".to_owned(), "pclmulqdq".to_owned()];
        let wrong = |noticed: &BTreeMap<&Planted, BTreeSet<&str>>| {
            let lines = judge(noticed, &tiers, &host);
            lines.iter().filter(|(right, line)| !right && line.starts_with("crc32")).count()
        };
        let good = BTreeMap::from([
            (&a, BTreeSet::from(["portable"])),
            (&b, BTreeSet::from(["pclmulqdq"])),
        ]);
        assert_eq!(wrong(&good), 0);
        let unseen = BTreeMap::from([
            (&a, BTreeSet::from(["portable", "pclmulqdq"])),
            (&b, BTreeSet::new()),
        ]);
        assert_eq!(wrong(&unseen), 1);
        let both = BTreeMap::from([
            (&a, BTreeSet::from(["portable", "pclmulqdq"])),
            (&b, BTreeSet::from(["pclmulqdq"])),
        ]);
        assert_eq!(wrong(&both), 1);
    }
}
