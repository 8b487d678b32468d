//! Files to work on, the same on every machine: text-like, binary-like, repetitive, incompressible.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use drive::Random;

/// About `size` bytes of words in lines; few words are common and many are rare, as in prose.
pub fn text(seed: u64, size: usize) -> String {
    const SYLLABLES: [&str; 20] = [
        "ba", "re", "ti", "lo", "mu", "sen", "dar", "ko", "vi", "pel", "an", "or", "gri", "sta",
        "ne", "fu", "che", "lan", "es", "ion",
    ];
    let mut random = Random::new(seed);
    let words: Vec<String> = (0..3000)
        .map(|_| {
            let syllables = 1 + random.below(4);
            (0..syllables).map(|_| SYLLABLES[random.below(20)]).collect()
        })
        .collect();
    let mut text = String::with_capacity(size + 16);
    let mut column = 0;
    while text.len() < size {
        // The product of two draws gathers near zero: the first words are the common ones.
        let rank = random.below(3000) * random.below(3000) / 3000;
        let word = &words[rank];
        text.push_str(word);
        column += word.len() + 1;
        text.push(if column > 72 { '\n' } else { ' ' });
        column = if column > 72 { 0 } else { column };
    }
    text
}

/// Fixed-size records of counters, small numbers and a few floats.
fn records(seed: u64, count: u64) -> Vec<u8> {
    let mut random = Random::new(seed);
    let mut out = Vec::new();
    for i in 0..count {
        out.extend((i as u32).to_le_bytes());
        out.extend((random.below(900) as u16).to_le_bytes());
        out.extend([0, 0]);
        out.extend((1.0 + random.below(1000) as f64 / 8.0).to_le_bytes());
        out.extend((0x5500_0000u64 + random.below(4096) as u64 * 16).to_le_bytes());
    }
    out
}

fn noise(seed: u64, size: usize) -> Vec<u8> {
    let mut random = Random::new(seed);
    (0..size / 8).flat_map(|_| random.bits().to_le_bytes()).collect()
}

/// Fills `dir` with about 3 MB in some 100 files.
pub fn fill(dir: &Path) -> Result<()> {
    let few = dir.join("few");
    fs::create_dir_all(&few)?;
    fs::write(few.join("text"), text(1, 700_000))?;
    fs::write(few.join("records"), records(2, 20_000))?;
    fs::write(few.join("repetitive"), b"0123456789abcdef\n".repeat(60_000))?;
    fs::write(few.join("noise"), noise(3, 300_000))?;
    fs::write(few.join("zeros"), vec![0; 200_000])?;
    fs::write(few.join("empty"), "")?;
    fs::write(few.join("one"), "x")?;
    let many = dir.join("many");
    for i in 0..96u64 {
        let sub = many.join(format!("{}", i % 8));
        fs::create_dir_all(&sub)?;
        fs::write(sub.join(format!("file-{i}")), text(100 + i, (i * i) as usize + 200))?;
    }
    Ok(())
}

/// Checks that two folders hold the same files with the same bytes.
pub fn same_tree(expected: &Path, found: &Path) -> Result<()> {
    let (names, other) = (files(expected)?, files(found)?);
    ensure!(!names.is_empty(), "{} holds no file", expected.display());
    if let Some(name) = names.iter().find(|n| !other.contains(n)) {
        anyhow::bail!("{} is missing in {}", name.display(), found.display());
    }
    if let Some(name) = other.iter().find(|n| !names.contains(n)) {
        anyhow::bail!("{} is too much in {}", name.display(), found.display());
    }
    for name in names {
        same_file(&expected.join(&name), &found.join(&name))?;
    }
    Ok(())
}

/// How many files there are below `dir`, and how many bytes they have.
pub fn count(dir: &Path) -> Result<(usize, u64)> {
    let files = files(dir)?;
    let sizes = files.iter().map(|file| Ok(fs::metadata(dir.join(file))?.len()));
    Ok((files.len(), sizes.sum::<Result<u64>>()?))
}

/// Checks that two files hold the same bytes.
pub fn same_file(expected: &Path, found: &Path) -> Result<()> {
    ensure!(
        fs::read(expected)? == fs::read(found)?,
        "{} differs from {}",
        found.display(),
        expected.display()
    );
    Ok(())
}

/// The files below `dir`, relative to it, sorted.
fn files(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut todo = vec![dir.to_owned()];
    while let Some(next) = todo.pop() {
        for entry in fs::read_dir(&next)? {
            let path = entry?.path();
            if path.is_dir() {
                todo.push(path);
            } else {
                found.push(path.strip_prefix(dir)?.to_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_never_change() {
        let text = text(1, 1000);
        assert_eq!(&text[..40], "orlodargri viti annelan re vi fu lanba l");
        assert!(text.len() >= 1000);
        assert_eq!(noise(3, 64).len(), 64);
    }

    #[test]
    fn trees_are_compared_byte_by_byte() {
        let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for dir in [&a, &b] {
            fs::create_dir(dir.path().join("d")).unwrap();
            fs::write(dir.path().join("d/f"), "same").unwrap();
        }
        same_tree(a.path(), b.path()).unwrap();
        fs::write(b.path().join("d/f"), "Same").unwrap();
        assert!(same_tree(a.path(), b.path()).unwrap_err().to_string().contains("differs"));
        fs::write(b.path().join("g"), "").unwrap();
        assert!(same_tree(a.path(), b.path()).unwrap_err().to_string().contains("too much"));
        assert!(same_tree(b.path(), a.path()).unwrap_err().to_string().contains("missing"));
    }
}
