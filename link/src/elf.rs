//! What a finished library is to the loader and to the linkers of others, read from its file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use object::elf::{self, FileHeader32, FileHeader64};
use object::read::archive::ArchiveFile;
use object::read::elf::{Dyn, FileHeader, SectionTable, Sym};
use object::{Endianness, FileKind, Object, ObjectSymbol, SymbolIndex};

use crate::Exports;

/// The parts of a shared library that other programs rely on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shared {
    /// `DT_SONAME`.
    pub soname: String,
    /// `DT_NEEDED`.
    pub needed: Vec<String>,
    /// Functions that programs can bind to, each with its version.
    pub exports: BTreeMap<String, Option<String>>,
    /// Version nodes that have an absolute symbol of their name, as GNU ld gives them: Debian's
    /// lists of symbols name these.
    pub node_symbols: BTreeSet<String>,
    /// Exported symbols that are no functions, or not the default version of their name.
    pub odd: Vec<String>,
    /// What it takes from other libraries.
    pub undefined: BTreeSet<Undefined>,
}

/// A symbol that another library defines.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Undefined {
    /// Its name.
    pub name: String,
    /// The version node that it must be of.
    pub version: Option<String>,
    /// It may be absent.
    pub weak: bool,
}

impl Shared {
    /// Reads a file.
    ///
    /// # Errors
    /// It is not there, or not an ELF shared library.
    pub fn read(path: &Path) -> Result<Shared, String> {
        let told = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
        let data = fs::read(path).map_err(|e| told(&e))?;
        Shared::parse(&data).map_err(|e| told(&e))
    }

    fn parse(data: &[u8]) -> object::Result<Shared> {
        match FileKind::parse(data)? {
            FileKind::Elf32 => Shared::of_class::<FileHeader32<Endianness>>(data),
            _ => Shared::of_class::<FileHeader64<Endianness>>(data),
        }
    }

    /// Of 32 or 64 bits, in either byte order.
    fn of_class<Elf: FileHeader<Endian = Endianness>>(data: &[u8]) -> object::Result<Shared> {
        let mut out = Shared::default();
        let file = Elf::parse(data)?;
        let endian = file.endian()?;
        let sections = file.sections(endian, data)?;
        out.read_dynamic(&sections, endian, data)?;

        let symbols = sections.symbols(endian, data, elf::SHT_DYNSYM)?;
        let versions = sections.versions(endian, data)?;
        for (index, symbol) in symbols.enumerate().skip(1) {
            let name = text(symbols.symbol_name(endian, symbol)?);
            // GNU ld for aarch64 lists a section too, as a local symbol: nobody can bind to those.
            if symbol.st_bind() == elf::STB_LOCAL {
                continue;
            }
            let (version, hidden) = match &versions {
                None => (None, false),
                Some(table) => version_of(table, endian, index)?,
            };
            if symbol.st_shndx(endian) == elf::SHN_UNDEF {
                let weak = symbol.st_bind() == elf::STB_WEAK;
                out.undefined.insert(Undefined { name, version, weak });
            } else if symbol.st_shndx(endian) == elf::SHN_ABS {
                out.node_symbols.insert(name);
            } else if symbol.st_type() != elf::STT_FUNC || symbol.st_bind() != elf::STB_GLOBAL {
                out.odd.push(name);
            } else if hidden {
                out.odd.push(format!("{name}@{}", version.unwrap_or_default()));
            } else {
                out.exports.insert(name, version);
            }
        }
        Ok(out)
    }

    fn read_dynamic<'a, Elf: FileHeader<Endian = Endianness>>(
        &mut self,
        sections: &SectionTable<'a, Elf>,
        endian: Endianness,
        data: &'a [u8],
    ) -> object::Result<()> {
        let Some((entries, strings)) = sections.dynamic(endian, data)? else { return Ok(()) };
        let strings = sections.strings(endian, data, strings)?;
        for entry in entries {
            match entry.tag32(endian) {
                Some(elf::DT_SONAME) => self.soname = text(entry.string(endian, strings)?),
                Some(elf::DT_NEEDED) => self.needed.push(text(entry.string(endian, strings)?)),
                _ => {}
            }
        }
        Ok(())
    }

    /// Every way in which the library is not the one that it must be; empty if it is.
    pub fn problems(&self, soname: &str, wanted: &Exports) -> Vec<String> {
        let mut out = Vec::new();
        if self.soname != soname {
            out.push(format!("its soname is {:?} and not {soname:?}", self.soname));
        }
        // glibc before 2.34 has threads in libpthread. The loader's __tls_get_addr is for std, which the
        // zlib-rs engine has. musl's loader is its libc, under several names.
        let libc = |name: &String| {
            [
                "libc.so",
                "libc.musl-",
                "libpthread.so.0",
                "ld-linux",
                "ld64.so.",
                "ld.so.",
                "ld-musl-",
            ]
            .iter()
            .any(|start| name.starts_with(start))
        };
        let others: Vec<_> = self.needed.iter().filter(|name| !libc(name)).cloned().collect();
        note(&mut out, "needs", others, "beside libc");

        let missing = wanted.names().filter(|name| !self.exports.contains_key(*name));
        note(&mut out, "lacks", missing.map(str::to_owned).collect(), "");
        // musl's start files export their own from each library.
        let musl = self.needed.iter().any(|n| n == "libc.so" || n.starts_with("libc.musl-"));
        let start = |name: &&String| musl && ["_init", "_fini"].contains(&name.as_str());
        let extra = self.exports.keys().filter(|name| !wanted.0.contains_key(*name));
        let extra = extra.chain(&self.odd).filter(|name| !start(name));
        note(&mut out, "also exports", extra.cloned().collect(), "");
        let node = |version: &Option<String>| version.clone().unwrap_or("no version".into());
        for (name, version) in &wanted.0 {
            match self.exports.get(name) {
                Some(found) if found != version => {
                    out.push(format!("{name} has {}, not {}", node(found), node(version)));
                }
                _ => {}
            }
        }
        let nodes: BTreeSet<&str> = wanted.nodes().collect();
        let unnamed = nodes.iter().filter(|node| !self.node_symbols.contains(**node));
        let unnamed = unnamed.map(|node| (*node).to_owned()).collect();
        note(&mut out, "lacks the absolute symbols of version nodes", unnamed, "");
        out
    }
}

/// Every way in which a static library, or the object that makes it up, is not what it must be.
///
/// # Errors
/// The file cannot be read, or is no object file.
pub fn archive_problems(path: &Path, wanted: &Exports) -> Result<Vec<String>, String> {
    let told = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
    let data = fs::read(path).map_err(|e| told(&e))?;
    let mut defined = BTreeSet::new();
    for object in objects(&data).map_err(|e| told(&e))? {
        let file = object::File::parse(object).map_err(|e| told(&e))?;
        for symbol in file.symbols().filter(|symbol| symbol.index() != SymbolIndex(0)) {
            let name = symbol.name().map_err(|e| told(&e))?.to_owned();
            if symbol.is_global() && !symbol.is_undefined() {
                defined.insert(name);
            }
        }
    }
    let mut out = Vec::new();
    let missing = wanted.names().filter(|name| !defined.contains(*name));
    note(&mut out, "lacks", missing.map(str::to_owned).collect(), "");
    let extra = defined.iter().filter(|name| !wanted.0.contains_key(*name));
    note(&mut out, "also defines", extra.cloned().collect(), "");
    Ok(out)
}

/// The objects in an archive, or the one object that the file is.
fn objects(data: &[u8]) -> object::Result<Vec<&[u8]>> {
    if !data.starts_with(b"!<arch>\n") {
        return Ok(vec![data]);
    }
    ArchiveFile::parse(data)?.members().map(|member| member?.data(data)).collect()
}

/// One sentence about a list of names, if there are any.
fn note(out: &mut Vec<String>, verb: &str, names: Vec<String>, rest: &str) {
    const SHOWN: usize = 4;
    if names.is_empty() {
        return;
    }
    let more = match names.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let shown = names[..names.len().min(SHOWN)].join(", ");
    out.push(format!("it {verb} {shown}{more} {rest}").trim_end().to_owned());
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The version of a symbol, and whether programs that ask for none cannot bind to it.
fn version_of<Elf: FileHeader<Endian = Endianness>>(
    table: &object::read::elf::VersionTable<Elf>,
    endian: Endianness,
    index: SymbolIndex,
) -> object::Result<(Option<String>, bool)> {
    let index = table.version_index(endian, index);
    let version = table.version(index)?;
    Ok((version.map(|version| text(version.name())), index.is_hidden()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> Exports {
        let node = Some("ZLIB_1.2.0".to_owned());
        Exports([("crc32".to_owned(), None), ("deflateBound".to_owned(), node)].into())
    }

    fn right() -> Shared {
        Shared {
            soname: "libz.so.1".into(),
            needed: vec!["libc.so.6".into(), "ld-linux-x86-64.so.2".into()],
            exports: wanted().0,
            node_symbols: ["ZLIB_1.2.0".to_owned()].into(),
            ..Shared::default()
        }
    }

    #[test]
    fn the_right_library_has_no_problems() {
        assert_eq!(right().problems("libz.so.1", &wanted()), Vec::<String>::new());
    }

    #[test]
    fn each_single_fault_is_one_problem() {
        let with = |change: &dyn Fn(&mut Shared)| {
            let mut shared = right();
            change(&mut shared);
            shared.problems("libz.so.1", &wanted())
        };
        type Change<'a> = &'a dyn Fn(&mut Shared);
        let faults: [(Change, &str); 9] = [
            (&|s| s.soname.clear(), "its soname is \"\" and not \"libz.so.1\""),
            (&|s| s.needed.push("libgcc_s.so.1".into()), "it needs libgcc_s.so.1 beside libc"),
            (&|s| drop(s.exports.remove("crc32")), "it lacks crc32"),
            (&|s| drop(s.exports.insert("leaked".into(), None)), "it also exports leaked"),
            (&|s| s.odd.push("a_table".into()), "it also exports a_table"),
            (&|s| drop(s.exports.insert("_init".into(), None)), "it also exports _init"),
            (
                &|s| drop(s.exports.insert("deflateBound".into(), None)),
                "deflateBound has no version, not ZLIB_1.2.0",
            ),
            (
                &|s| drop(s.exports.insert("crc32".into(), Some("ZLIB_9".into()))),
                "crc32 has ZLIB_9, not no version",
            ),
            (
                &|s| s.node_symbols.clear(),
                "it lacks the absolute symbols of version nodes ZLIB_1.2.0",
            ),
        ];
        for (change, text) in faults {
            assert_eq!(with(change), [text]);
        }
    }

    #[test]
    fn long_lists_are_cut() {
        let mut out = Vec::new();
        note(&mut out, "lacks", (1..=6).map(|n| format!("f{n}")).collect(), "");
        assert_eq!(out, ["it lacks f1, f2, f3, f4 and 2 more"]);
    }
}
