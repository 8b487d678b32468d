//! `debian/copyright` of the source archive: the file in packaging/debian, with a paragraph for each
//! crate in `vendor/`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::sbom::{Metadata, Package};

/// The file, in a tree.
pub const FILE: &str = "packaging/debian/copyright";

/// Adds the crates of the archive to the file in its tree.
///
/// # Errors
/// A crate states no licence, or the file has no text of the licence it states.
pub fn write(tree: &Path, all: &Metadata) -> Result<()> {
    let file = tree.join(FILE);
    let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    // The last paragraph that names a file counts: those for parts of a crate come after it.
    let parts = text.find("\nFiles: vendor/").with_context(|| format!("{FILE} has no vendor/"))?;
    let (head, rest) = text.split_at(parts + 1);
    let mut out = head.to_owned();
    for package in all.packages.iter().filter(|package| package.source.is_some()) {
        out += &paragraph(package)?;
    }
    out += rest;
    let lacking: Vec<_> = names_in_use(&out).difference(&names_with_text(&out)).cloned().collect();
    ensure!(lacking.is_empty(), "{FILE} has no text of: {}", lacking.join(", "));
    fs::write(&file, out).with_context(|| file.display().to_string())
}

fn paragraph(package: &Package) -> Result<String> {
    let dir = package.manifest_path.parent().context("a crate's folder")?;
    let folder = dir.file_name().context("a crate's folder")?.display();
    let stated = package.license.as_deref();
    let stated = stated.with_context(|| format!("{} states no licence", package.name))?;
    let mut holders = notices(dir)?;
    if holders.is_empty() {
        holders.extend(package.authors.iter().map(|author| author.trim().to_owned()));
    }
    if holders.is_empty() {
        holders.push(format!("the authors of {}", package.name));
    }
    let (holders, licence) = (holders.join("\n "), debian_name(stated));
    Ok(format!("Files: vendor/{folder}/*\nCopyright: {holders}\nLicense: {licence}\n\n"))
}

/// Whom the licence files of a crate name, with the years.
fn notices(dir: &Path) -> Result<Vec<String>> {
    let mut files: Vec<_> = fs::read_dir(dir)?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
            path.is_file() && ["licen", "copying", "copyright"].iter().any(|n| name.contains(n))
        })
        .collect();
    files.sort();
    let mut out: Vec<String> = Vec::new();
    for file in files {
        let text = fs::read(&file)?;
        for holder in String::from_utf8_lossy(&text).lines().filter_map(notice) {
            if !out.contains(&holder) {
                out.push(holder);
            }
        }
    }
    Ok(out)
}

/// What follows `Copyright (c)`, where a line is a notice: the licences themselves speak of
/// copyright too, and Apache's has a notice to be filled in.
fn notice(line: &str) -> Option<String> {
    let line = line.trim();
    let word = line.get(..9).filter(|word| word.eq_ignore_ascii_case("copyright"))?;
    let mut rest = line[word.len()..].trim_start_matches([' ', ':']);
    let sign = ["(c)", "(C)", "©"].into_iter().find(|sign| rest.starts_with(sign));
    if let Some(sign) = sign {
        rest = rest[sign.len()..].trim_start();
    }
    let year = rest.starts_with(|c: char| c.is_ascii_digit());
    let is_one = (sign.is_some() || year) && !rest.is_empty() && !rest.contains(['[', '{']);
    let end = " All rights reserved.";
    is_one.then(|| rest.trim_end_matches(end).trim_end_matches(',').to_owned())
}

/// An SPDX expression in the words of Debian's machine-readable format, which has no brackets: a
/// comma before `and` has the rest of the line in them.
fn debian_name(spdx: &str) -> String {
    let mut out = spdx.replace('/', " or ").replace(") AND ", ", and ").replace(['(', ')'], "");
    for (from, to) in [
        (" OR ", " or "),
        (" AND ", " and "),
        (" WITH LLVM-exception", " with LLVM exception"),
        ("-or-later", "+"),
    ] {
        out = out.replace(from, to);
    }
    let words = out.split(' ').map(|word| match word.trim_end_matches(',') {
        // Debian calls by this name the one text of those that are called MIT.
        "MIT" => word.replace("MIT", "Expat"),
        _ => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// The licences that files are under.
pub fn names_in_use(text: &str) -> BTreeSet<String> {
    let of_files = paragraphs(text).filter(|p| p.starts_with("Files: "));
    let lines = of_files.filter_map(|p| p.lines().find_map(|l| l.strip_prefix("License: ")));
    let names = lines.flat_map(|line| line.split(", and ").flat_map(|l| l.split(" or ")));
    names.flat_map(|name| name.split(" and ")).map(str::to_owned).collect()
}

/// The licences whose text, or where it is, the file has.
pub fn names_with_text(text: &str) -> BTreeSet<String> {
    let alone = paragraphs(text).filter_map(|p| p.strip_prefix("License: "));
    alone.filter_map(|p| Some(p.split_once('\n')?.0.to_owned())).collect()
}

/// What the file is made of: fields, between empty lines.
pub fn paragraphs(text: &str) -> impl Iterator<Item = &str> {
    text.split("\n\n").map(|paragraph| paragraph.trim_start_matches('\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_become_debians() {
        for (spdx, debian) in [
            ("MIT", "Expat"),
            ("MIT/Apache-2.0", "Expat or Apache-2.0"),
            ("Unlicense OR MIT", "Unlicense or Expat"),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", "Expat or Apache-2.0, and Unicode-3.0"),
            ("MIT OR LGPL-2.1-or-later", "Expat or LGPL-2.1+"),
            ("Apache-2.0 WITH LLVM-exception OR MIT", "Apache-2.0 with LLVM exception or Expat"),
        ] {
            assert_eq!(debian_name(spdx), debian);
        }
    }

    #[test]
    fn notices_are_told_from_what_licences_say_of_copyright() {
        assert_eq!(notice("Copyright (c) 2014 A B").as_deref(), Some("2014 A B"));
        assert_eq!(notice("   Copyright 2015-2020, C").as_deref(), Some("2015-2020, C"));
        assert_eq!(notice("Copyright © The D").as_deref(), Some("The D"));
        assert_eq!(notice("Copyright (c) E. All rights reserved.").as_deref(), Some("E."));
        for line in [
            "copyright notice that is included in or attached to the work",
            "Copyright [yyyy] [name of copyright owner]",
            "Copyright (c) {year} {name}",
            "(c) You must retain, in the Source form",
            "Copyright",
        ] {
            assert_eq!(notice(line), None, "{line}");
        }
    }

    #[test]
    fn a_licence_without_a_text_is_seen() {
        let text = "Format: x\n\nFiles: *\nCopyright: y\nLicense: A or B, and C\n\n\
                    License: A\n text\n\nLicense: C\n text\n";
        let (used, there) = (names_in_use(text), names_with_text(text));
        assert_eq!(used.difference(&there).collect::<Vec<_>>(), ["B"]);
        assert!(there.is_subset(&used));
    }
}
