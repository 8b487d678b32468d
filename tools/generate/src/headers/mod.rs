//! `cargo xtask headers`: zlib.h, zconf.h and zcompat.h in include/.
//!
//! cbindgen gives the types and prototypes, from the Rust source of the C edge; the templates beside
//! this file (`*.h.in`) give everything else: macros, conditions and the text for C programmers. A
//! template places what cbindgen gave by name:
//! - `@type NAME…` and `@fn NAME…` once each, `@again NAME…` for a function that is declared in a
//!   second branch;
//! - `@notice` is a sentence on where the file comes from.

pub mod checks;
mod rust;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};

use base::library::LIBRARIES;
use base::paths;
use rust::Items;

const TEMPLATES: [(&str, &str); 3] = [
    ("zlib.h", include_str!("zlib.h.in")),
    ("zconf.h", include_str!("zconf.h.in")),
    ("zcompat.h", include_str!("zcompat.h.in")),
];

const NOTICE: &str =
    "Written by `cargo xtask headers` from tools/generate/src/headers and src/ffi.";

/// Variadic, so no Rust functions: the template declares them.
const IN_TEMPLATE: [&str; 2] = ["gzprintf", "gzvprintf"];

/// What `cargo xtask headers` takes.
#[derive(clap::Args)]
pub struct Args {
    /// Change nothing; fail if a file is not what would be written
    #[arg(long)]
    check: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<ExitCode> {
    if args.check {
        check()?;
    } else {
        for (path, text) in generate()? {
            fs::write(&path, text).with_context(|| path.display().to_string())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// That the headers in include/ are what the generator writes.
pub fn check() -> Result<()> {
    for (path, text) in generate()? {
        let found = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        if let Some(number) = first_difference(&found, &text) {
            bail!(
                "{}, line {number}, is not what the generator writes: run cargo xtask headers",
                path.display()
            );
        }
    }
    Ok(())
}

fn first_difference(found: &str, wanted: &str) -> Option<usize> {
    if found == wanted {
        return None;
    }
    let same = found.lines().zip(wanted.lines()).take_while(|(a, b)| a == b).count();
    Some(same + 1)
}

fn generate() -> Result<Vec<(PathBuf, String)>> {
    let items = Items::of_the_c_edge()?;
    let exported: BTreeSet<String> = LIBRARIES[0].exports()?.into_keys().collect();
    let mut placed = BTreeSet::new();
    let mut files = Vec::new();
    for (name, template) in TEMPLATES {
        let text = fill(template, &items, &mut placed).with_context(|| format!("{name}.in"))?;
        files.push((paths::root().join("include").join(name), text));
    }
    placed.extend(IN_TEMPLATE.iter().map(|name| (*name).to_owned()));
    let unplaced: Vec<_> = exported.difference(&placed).collect();
    ensure!(unplaced.is_empty(), "exported, but in no header: {unplaced:?}");
    Ok(files)
}

fn fill(template: &str, items: &Items, placed: &mut BTreeSet<String>) -> Result<String> {
    let mut out = String::new();
    for line in template.lines() {
        let Some((before, directive)) = line.split_once('@') else {
            out += line;
            out.push('\n');
            continue;
        };
        let (word, names) = directive.split_once(' ').unwrap_or((directive, ""));
        match word {
            "notice" => {
                out += before;
                out += NOTICE;
                out += names.strip_prefix("*/").map_or("", |_| " */");
                out.push('\n');
            }
            "type" | "fn" | "again" => {
                for name in names.split_whitespace() {
                    let once = placed.insert(name.to_owned());
                    ensure!(once != (word == "again"), "{name} is placed twice, or again at first");
                    let item =
                        if word == "type" { items.type_(name) } else { items.function(name) };
                    out += &item?;
                    out.push('\n');
                }
            }
            _ => bail!("no directive @{word}"),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_in_include_are_current() {
        check().unwrap();
    }

    #[test]
    fn a_change_in_a_header_is_noticed() {
        for (_, text) in generate().unwrap() {
            for (number, line) in text.lines().enumerate() {
                let changed = text.replacen(line, &format!("{line} "), 1);
                let found = first_difference(&changed, &text);
                assert!(found.is_some_and(|n| n <= number + 1), "line {number}: {found:?}");
            }
            assert_eq!(first_difference(&text, &text), None);
        }
    }

    #[test]
    fn what_is_not_there_or_placed_twice_is_an_error() {
        let items = Items::of_the_c_edge().unwrap();
        let fill = |template| fill(template, &items, &mut BTreeSet::new());
        assert!(fill("@fn crc32\n").is_ok());
        assert!(fill("@fn crc32 crc32\n").is_err());
        assert!(fill("@again crc32\n").is_err());
        assert!(fill("@fn crc33\n").is_err());
        assert!(fill("@type crc32\n").is_err());
        assert!(fill("@frob crc32\n").is_err());
    }
}
