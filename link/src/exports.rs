//! The lists in include/: what each library exports.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The symbols that a library exports, each with its version node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exports(pub BTreeMap<String, Option<String>>);

impl Exports {
    /// Where the list of a library is, below the workspace's `include` folder.
    pub fn path(include: &Path, stem: &str) -> PathBuf {
        include.join(format!("{stem}.exports"))
    }

    /// Reads a list: `name [version]`, one a line.
    ///
    /// # Errors
    /// The file cannot be read, or is empty.
    pub fn read(path: &Path) -> Result<Exports, String> {
        let text = fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        let exports = Exports::parse(&text);
        if exports.0.is_empty() {
            return Err(format!("{} names no symbol", path.display()));
        }
        Ok(exports)
    }

    fn parse(text: &str) -> Exports {
        let entry = |line: &str| {
            let mut words = line.split_whitespace().map(str::to_owned);
            Some((words.next()?, words.next()))
        };
        Exports(text.lines().filter_map(entry).collect())
    }

    /// The symbols' names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The version nodes.
    pub fn nodes(&self) -> impl Iterator<Item = &str> {
        self.0.values().flatten().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_names_with_and_without_nodes() {
        let exports = Exports::parse("crc32\ndeflateTune ZLIB_1.2.2.3\n\n");
        assert_eq!(exports.names().collect::<Vec<_>>(), ["crc32", "deflateTune"]);
        assert_eq!(exports.nodes().collect::<Vec<_>>(), ["ZLIB_1.2.2.3"]);
        assert!(Exports::read(Path::new("/dev/null")).is_err());
    }
}
