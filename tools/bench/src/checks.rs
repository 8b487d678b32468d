//! `cargo xtask bench` from end to end with tiny settings: every library, size and level is in what
//! it writes, and the files are well-formed. Nothing here looks at how long anything took.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Mutex;

use anyhow::{Context, Result, bail, ensure};
use libtest_mimic::{Completion, Trial};
use serde_json::Value;

use check::{PASSED, Setup, check, skip};

const CRC32: [&str; 8] =
    ["zcompat", "zlib", "zlib-ng", "zlib-rs", "libdeflate", "ISA-L", "crc-fast", "crc32fast"];
const ADLER32: [&str; 7] =
    ["zcompat", "zlib", "zlib-ng", "zlib-rs", "libdeflate", "ISA-L", "simd-adler32"];
const DATA: [&str; 4] = ["text-like", "binary-like", "repetitive", "incompressible"];

/// The area's checks.
pub fn trials(setup: &'static Setup) -> Vec<Trial> {
    vec![
        check("bench::checksum", || checksum(setup)),
        check("bench::tiers", || tiers(setup)),
        check("bench::inflate", || inflate(setup)),
        check("bench::deflate", || deflate(setup)),
        check("bench::programs", || programs(setup)),
        check("bench::zstd", || zstd(setup)),
        check("bench::bad_options", bad_options),
    ]
}

fn checksum(setup: &Setup) -> Result<Completion> {
    let report = match run(setup, "libz.so.1", &["checksum"])? {
        Ran::Report(report) => report,
        Ran::Without(missing) => return skip(missing),
    };
    for (operation, libraries) in [("crc32", &CRC32[..]), ("adler32", &ADLER32[..])] {
        for bytes in [1, 16, 100, 4 << 10, 1 << 20] {
            let size = [("data", "random".into()), ("bytes", bytes.into())];
            report.race(&[&[("operation", operation.into())], &size[..]].concat(), libraries)?;
        }
        let odd = [("operation", operation.into()), ("data", "at offset 21".into())];
        report.race(&odd, libraries)?;
    }
    report.names_all(&[&CRC32[..], &ADLER32[..]].concat())?;
    PASSED
}

fn tiers(setup: &Setup) -> Result<Completion> {
    let report = match run(setup, "libz.so.1", &["checksum", "--tiers"])? {
        Ran::Report(report) => report,
        Ran::Without(missing) => return skip(missing),
    };
    let tiers = report.json["figures"]["tiers"].as_object().context("no tiers")?;
    ensure!(tiers.contains_key("portable"), "the portable tier is missing");
    for (tier, outcome) in tiers {
        let loaded = outcome["libraries"].as_array().context("no libraries")?;
        let ours = loaded.iter().find(|l| l["library"] == "zcompat").context("ours is missing")?;
        let says = ours["says"].as_str().unwrap_or_default();
        ensure!(says.ends_with(&format!(", {tier}")), "tier {tier} ran as {says}");
        for operation in ["crc32", "adler32"] {
            let wanted = [("operation", operation.into()), ("bytes", 100.into())];
            race(outcome, &wanted, &["zcompat", "libdeflate"])?;
        }
    }
    PASSED
}

const ZLIBS: [&str; 4] = ["zcompat", "zlib", "zlib-ng", "zlib-rs"];

/// Real files: their names differ from machine to machine, but some are always there.
fn names(report: &Report) -> Result<Vec<String>> {
    let corpus = report.json["figures"]["corpus"].as_array().context("no corpus")?;
    let names = corpus.iter().filter_map(|entry| entry["input"]["name"].as_str());
    let names: Vec<String> = names.map(str::to_owned).collect();
    for wanted in ["machine/json", "random", "tiny/1"] {
        ensure!(names.iter().any(|name| name == wanted), "no {wanted} in {names:?}");
    }
    Ok(names)
}

fn inflate(setup: &Setup) -> Result<Completion> {
    let report = match run(setup, "libz.so.1", &["inflate", "--tier", "portable"])? {
        Ran::Report(report) => report,
        Ran::Without(missing) => return skip(missing),
    };
    let all = ["zcompat", "zcompat@portable", "zlib", "zlib-ng", "zlib-rs", "libdeflate", "ISA-L"];
    for name in names(&report)? {
        for format in ["raw", "zlib"] {
            let race = |operation: &str, level: i32| {
                let operation = format!("inflate {format}, {operation}");
                let wanted = [
                    ("operation", operation.into()),
                    ("data", name.as_str().into()),
                    ("level", level.into()),
                ];
                report.race(&wanted, &all)
            };
            for level in [1, 6, 9] {
                race("one call", level)?;
            }
            for shape in ["in 16K out 16K", "in 4K out 16K", "in 64K out 256"] {
                race(shape, 6)?;
            }
        }
    }
    for operation in
        ["inflate zlib, 100 B, Init to End", "inflate zlib, 4096 B, Reset", "uncompress, 1 B"]
    {
        let wanted = [("operation", operation.into()), ("data", "machine/json".into())];
        report.race(&wanted, &all)?;
    }
    report.tier("zcompat@portable", "portable")?;
    report.memory(&ZLIBS, 1)?;
    report.names_all(&all)?;
    PASSED
}

fn deflate(setup: &Setup) -> Result<Completion> {
    let report = match run(setup, "libz.so.1", &["deflate", "--tier", "portable"])? {
        Ran::Report(report) => report,
        Ran::Without(missing) => return skip(missing),
    };
    let all = ["zcompat", "zcompat@portable", "zlib", "zlib-ng", "zlib-rs", "libdeflate"];
    let zlibs = &["zcompat", "zcompat@portable", "zlib", "zlib-ng", "zlib-rs"];
    for name in names(&report)? {
        let race = |operation: &str, level: i32, libraries: &[&str]| {
            let wanted = [
                ("operation", operation.into()),
                ("data", name.as_str().into()),
                ("level", level.into()),
            ];
            report.race(&wanted, libraries)
        };
        for level in [1, 6, 9] {
            race("deflate raw, one call", level, &all)?;
            race("deflate zlib, one call", level, &all)?;
            race("deflate zlib, in 16K out 16K", level, zlibs)?;
        }
        for strategy in ["Z_FILTERED", "Z_HUFFMAN_ONLY", "Z_RLE", "Z_FIXED"] {
            race(&format!("deflate zlib, {strategy}, one call"), 6, zlibs)?;
        }
    }
    report.race(&[("operation", "deflateInit, deflateEnd".into())], zlibs)?;
    for operation in [
        "50 B after a dictionary of 1 KiB, Reset",
        "200 B after deflateReset of a used stream",
        "1024 B, Z_SYNC_FLUSH, history kept",
    ] {
        let wanted = [("operation", operation.into()), ("data", "machine/json".into())];
        report.race(&wanted, zlibs)?;
    }
    // Stock's bytes are stock's, and that another's may differ is seen.
    for (library, wanted) in [("zlib", true), ("zlib-ng", false)] {
        let races = report.json["figures"]["outcome"]["races"].as_array().context("no races")?;
        let times = races.iter().filter_map(|race| race["times"].as_array()).flatten();
        let same = times.filter(|t| t["library"] == library).filter_map(|t| t["same"].as_bool());
        let all = same.clone().count();
        let equal = same.filter(|same| *same).count();
        ensure!(all > 50 && (equal == all) == wanted, "{library}: {equal} of {all} are zlib's");
    }
    report.tier("zcompat@portable", "portable")?;
    report.memory(&ZLIBS, 4)?;
    report.names_all(&all)?;
    PASSED
}

fn programs(setup: &Setup) -> Result<Completion> {
    let report = match run(setup, "libz.so.1", &["programs"])? {
        Ran::Report(report) => report,
        Ran::Without(missing) => return skip(missing),
    };
    for program in [
        "git repack -adF",
        "git fsck",
        "unpacking a wheel (python3 -m zipfile)",
        "CPython: tarfile writes .tar.gz",
        "CPython: tarfile reads .tar.gz",
    ] {
        report.race(&[("operation", program.into())], &ZLIBS)?;
    }
    PASSED
}

fn zstd(setup: &Setup) -> Result<Completion> {
    let report = match run(setup, "libzstd.so.1", &["zstd", "--chunks", "4096,65536"])? {
        Ran::Report(report) => report,
        Ran::Without(missing) => return skip(missing),
    };
    let all = ["zcompat", "libzstd1"];
    report.codec("compress", "decompress", &[-1, 3, 9], &all)?;
    for operation in ["ZSTD_compress", "ZSTD_decompress"] {
        for bytes in [1, 200, 1024] {
            report.race(&[("operation", operation.into()), ("bytes", bytes.into())], &all)?;
        }
    }
    report.race(&[("operation", "createCCtx + free".into())], &all)?;
    report.race(&[("operation", "createDCtx + free".into())], &all)?;
    report.memory(&all, 8)?;
    report.names_all(&all)?;
    PASSED
}

/// What cannot be measured is refused in one line, before anything is built.
fn bad_options() -> Result<Completion> {
    let cases: [(&[&str], &str); 7] = [
        (&["zstd", "--json", "/nonexistent/file"], "/nonexistent/file"),
        (&["deflate", "--level", "10"], "level 10"),
        (&["inflate", "--corpus", "/nonexistent"], "/nonexistent"),
        (&["inflate", "--part", "strategy"], "no such part"),
        (&["deflate", "--tier", "quantum"], "quantum"),
        (&["zstd", "--chunks", "0"], "0 bytes"),
        (&["checksum", "--library", "/nonexistent/libz.so.1"], "/nonexistent/libz.so.1"),
    ];
    for (arguments, word) in cases {
        let output = bench(arguments)?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(!output.status.success(), "{arguments:?} succeeded");
        ensure!(said.lines().count() == 1 && said.contains(word), "{arguments:?} said: {said}");
    }
    PASSED
}

fn bench(arguments: &[&str]) -> Result<Output> {
    let mut command = Command::new(base::command::xtask()?);
    command.arg("bench").args(arguments).output().context("cargo xtask bench cannot be run")
}

enum Ran {
    Report(Report),
    /// Peers that were not available, and why.
    Without(String),
}

struct Report {
    json: Value,
    svg: String,
    html: String,
}

/// Runs a benchmark quickly and reads the files that it writes.
fn run(setup: &Setup, library: &str, arguments: &[&str]) -> Result<Ran> {
    // One at a time: the first builds the peers.
    static LOCK: Mutex<()> = Mutex::new(());
    let _guard = LOCK.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let dir = tempfile::tempdir()?;
    let file = |name: &str| dir.path().join(name).display().to_string();
    let (json, svg, html) = (file("json"), file("svg"), file("html"));
    let library = setup.prefix.join("lib").join(library).display().to_string();
    let mut all = arguments.to_vec();
    all.extend(["--quick", "--library", &library]);
    all.extend(["--json", &json, "--svg", &svg, "--html", &html]);
    let output = bench(&all)?;
    if !output.status.success() {
        bail!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let read = |path: &str| fs::read_to_string(Path::new(path)).context(path.to_owned());
    let report =
        Report { json: serde_json::from_str(&read(&json)?)?, svg: read(&svg)?, html: read(&html)? };
    let missing =
        report.json["figures"]["missing"].as_object().context("no list of the missing")?;
    if !missing.is_empty() {
        let reasons: Vec<String> =
            missing.iter().map(|(name, why)| format!("{name}: {why}")).collect();
        return Ok(Ran::Without(reasons.join("; ")));
    }
    for field in ["date", "cpu", "system", "commit"] {
        let said = report.json["machine"][field].as_str().unwrap_or_default();
        ensure!(!said.is_empty(), "the machine's {field} is not told");
    }
    balanced(&report.svg).context("the SVG")?;
    balanced(&report.html).context("the page")?;
    let table = String::from_utf8_lossy(&output.stdout);
    let peers = report.json["peers"].as_array().context("no list of peers")?;
    ensure!(!peers.is_empty(), "no peer took part");
    for peer in peers {
        let name = peer["name"].as_str().unwrap_or_default();
        ensure!(table.contains(name), "{name} is not in the printed tables");
    }
    Ok(Ran::Report(report))
}

impl Report {
    fn race(&self, wanted: &[(&str, Value)], libraries: &[&str]) -> Result<()> {
        race(&self.json["figures"]["outcome"], wanted, libraries)
    }

    /// Both directions of a compressor on all data, at all levels, whole and in chunks.
    fn codec(&self, there: &str, back: &str, levels: &[i32], libraries: &[&str]) -> Result<()> {
        for data in DATA {
            for chunk in [None, Some(4096), Some(65536)] {
                let common = [("data", data.into()), ("chunk", chunk.into())];
                for &level in levels {
                    let there = [("operation", there.into()), ("level", level.into())];
                    self.race(&[&common[..], &there].concat(), libraries)?;
                }
                self.race(&[&common[..], &[("operation", back.into())]].concat(), libraries)?;
            }
        }
        Ok(())
    }

    /// `library` ran at CPU tier `tier`.
    fn tier(&self, library: &str, tier: &str) -> Result<()> {
        let loaded = self.json["figures"]["outcome"]["libraries"].as_array();
        let own = loaded.into_iter().flatten().find(|l| l["library"] == *library);
        let says = own.and_then(|l| l["says"].as_str()).unwrap_or_default();
        ensure!(says.ends_with(&format!(", {tier}")), "{library} ran as {says}");
        Ok(())
    }

    /// Every library has a figure for each of `objects` objects.
    fn memory(&self, libraries: &[&str], objects: usize) -> Result<()> {
        let figures = self.json["figures"]["outcome"]["memory"].as_array();
        for library in libraries {
            let own = figures.into_iter().flatten().filter(|m| m["library"] == **library);
            let peaks: Vec<u64> = own.filter_map(|m| m["peak"].as_u64()).collect();
            ensure!(peaks.len() == objects, "{library} has {} memory figures", peaks.len());
            ensure!(peaks.iter().all(|&bytes| bytes > 0), "{library} holds nothing: {peaks:?}");
        }
        Ok(())
    }

    /// Chart and page show every library.
    fn names_all(&self, libraries: &[&str]) -> Result<()> {
        for library in libraries {
            ensure!(self.svg.contains(library), "{library} is not in the chart");
            ensure!(self.html.contains(library), "{library} is not in the page");
        }
        Ok(())
    }
}

/// There is one race with the `wanted` fields, with exactly `libraries`, each with sensible times.
fn race(outcome: &Value, wanted: &[(&str, Value)], libraries: &[&str]) -> Result<()> {
    let races = outcome["races"].as_array().context("no races")?;
    let mut found = races.iter().filter(|r| wanted.iter().all(|(field, v)| r[*field] == *v));
    let race = found.next().with_context(|| format!("no race with {wanted:?}"))?;
    ensure!(found.next().is_none(), "more than one race with {wanted:?}");
    let times = race["times"].as_array().context("no times")?;
    let took_part: BTreeSet<&str> = times.iter().filter_map(|t| t["library"].as_str()).collect();
    let expected: BTreeSet<&str> = libraries.iter().copied().collect();
    ensure!(took_part == expected, "{wanted:?} was between {took_part:?}");
    for time in times {
        let (best, median) = (time["best_ns"].as_f64(), time["median_ns"].as_f64());
        let (best, median) = best.zip(median).context("a time is no number")?;
        ensure!(0.0 < best && best <= median && median.is_finite(), "{wanted:?}: {time}");
    }
    Ok(())
}

/// Every tag that opens closes again, in order: what an SVG viewer insists on.
fn balanced(text: &str) -> Result<()> {
    let mut open: Vec<&str> = Vec::new();
    let mut tags = 0;
    for (at, _) in text.match_indices('<') {
        let tag = text[at + 1..].split('>').next().unwrap_or_default();
        let name = tag.trim_start_matches('/').split([' ', '\n', '/']).next().unwrap_or_default();
        tags += 1;
        if tag.starts_with('/') {
            ensure!(open.pop() == Some(name), "</{name}> closes nothing");
        } else if !(tag.starts_with(['!', '?']) || tag.ends_with('/') || name == "meta") {
            open.push(name);
        }
    }
    ensure!(open.is_empty() && tags > 10, "{tags} tags, not closed: {open:?}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::balanced;

    #[test]
    fn a_tag_that_does_not_close_is_found() {
        let good = format!("<svg>{}</svg>", "<a b=\"1\"/><c>x</c>".repeat(5));
        balanced(&good).expect("all tags close");
        balanced(&good.replacen("</c>", "", 1)).expect_err("one tag stays open");
        balanced(&good.replacen("</c>", "</d>", 1)).expect_err("another tag closes");
    }
}
