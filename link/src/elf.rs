//! What a program, a library or an object file is to the loader and to linkers, read from its file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{fmt, fs, io};

use object::elf::{self, FileHeader32, FileHeader64};
use object::read::archive::ArchiveFile;
use object::read::elf::{Dyn, FileHeader, ProgramHeader, SectionTable, Sym};
use object::{Endianness, FileKind, Object, ObjectSection, ObjectSymbol, SymbolIndex};

use crate::Exports;

/// A program or a shared library, as the loader sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Elf {
    /// The loader that it asks for; none for a library and for what is linked statically.
    pub interpreter: Option<String>,
    /// `DT_SONAME`.
    pub soname: Option<String>,
    /// `DT_NEEDED`.
    pub needed: Vec<String>,
    /// Whether it names folders of its own to look in.
    pub run_path: bool,
    /// Whether its code is changed when it is loaded.
    pub text_relocations: bool,
    /// Whether all symbols are bound at once (`-z now`).
    pub binds_now: bool,
    /// Whether what the loader has written is then made read-only (`-z relro`).
    pub relro: bool,
    /// Whether it asks for an executable stack; none if it says nothing.
    pub executable_stack: Option<bool>,
    /// Whether it has an identity that debuggers look for its symbols by.
    pub build_id: bool,
    /// Whether all its code can do with shadow stacks (x86).
    pub shadow_stacks: bool,
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

impl Elf {
    /// Reads a file.
    ///
    /// # Errors
    /// It is not there, or no ELF file.
    pub fn read(path: &Path) -> io::Result<Elf> {
        parsed(path, |data| match FileKind::parse(data)? {
            FileKind::Elf32 => Elf::of_class::<FileHeader32<Endianness>>(data),
            _ => Elf::of_class::<FileHeader64<Endianness>>(data),
        })
    }

    /// Of 32 or 64 bits, in either byte order.
    fn of_class<Header>(data: &[u8]) -> object::Result<Elf>
    where
        Header: FileHeader<Endian = Endianness>,
    {
        let file = Header::parse(data)?;
        let endian = file.endian()?;
        let sections = file.sections(endian, data)?;
        let mut out = Elf::default();
        for segment in file.program_headers(endian, data)? {
            out.read_segment(segment, endian, data)?;
        }
        out.read_dynamic(&sections, endian, data)?;
        out.read_symbols(&sections, endian, data)?;
        Ok(out)
    }

    fn read_segment<Segment>(
        &mut self,
        segment: &Segment,
        endian: Endianness,
        data: &[u8],
    ) -> object::Result<()>
    where
        Segment: ProgramHeader<Endian = Endianness>,
    {
        match segment.p_type(endian) {
            elf::PT_INTERP => self.interpreter = segment.interpreter(endian, data)?.map(text),
            elf::PT_GNU_RELRO => self.relro = true,
            elf::PT_GNU_STACK => {
                self.executable_stack = Some(segment.p_flags(endian) & elf::PF_X != 0);
            }
            _ => {}
        }
        let Some(mut notes) = segment.notes(endian, data)? else { return Ok(()) };
        while let Some(note) = notes.next()? {
            let is_gnu = note.name() == elf::ELF_NOTE_GNU;
            self.build_id |= is_gnu && note.n_type(endian) == elf::NT_GNU_BUILD_ID;
            let Some(mut properties) = note.gnu_properties(endian) else { continue };
            while let Some(property) = properties.next()? {
                if property.pr_type() == elf::GNU_PROPERTY_X86_FEATURE_1_AND {
                    let features = property.data_u32(endian)?;
                    self.shadow_stacks |= features & elf::GNU_PROPERTY_X86_FEATURE_1_SHSTK != 0;
                }
            }
        }
        Ok(())
    }

    fn read_dynamic<'a, Header: FileHeader<Endian = Endianness>>(
        &mut self,
        sections: &SectionTable<'a, Header>,
        endian: Endianness,
        data: &'a [u8],
    ) -> object::Result<()> {
        let Some((entries, strings)) = sections.dynamic(endian, data)? else { return Ok(()) };
        let strings = sections.strings(endian, data, strings)?;
        for entry in entries {
            let value = entry.val32(endian).unwrap_or_default();
            match entry.tag32(endian) {
                Some(elf::DT_SONAME) => self.soname = Some(text(entry.string(endian, strings)?)),
                Some(elf::DT_NEEDED) => self.needed.push(text(entry.string(endian, strings)?)),
                Some(elf::DT_RPATH | elf::DT_RUNPATH) => self.run_path = true,
                Some(elf::DT_TEXTREL) => self.text_relocations = true,
                Some(elf::DT_BIND_NOW) => self.binds_now = true,
                Some(elf::DT_FLAGS) => {
                    self.binds_now |= value & elf::DF_BIND_NOW != 0;
                    self.text_relocations |= value & elf::DF_TEXTREL != 0;
                }
                Some(elf::DT_FLAGS_1) => self.binds_now |= value & elf::DF_1_NOW != 0,
                _ => {}
            }
        }
        Ok(())
    }

    fn read_symbols<'a, Header: FileHeader<Endian = Endianness>>(
        &mut self,
        sections: &SectionTable<'a, Header>,
        endian: Endianness,
        data: &'a [u8],
    ) -> object::Result<()> {
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
                self.undefined.insert(Undefined { name, version, weak });
            } else if symbol.st_shndx(endian) == elf::SHN_ABS {
                self.node_symbols.insert(name);
            } else if symbol.st_type() != elf::STT_FUNC || symbol.st_bind() != elf::STB_GLOBAL {
                self.odd.push(name);
            } else if hidden {
                self.odd.push(format!("{name}@{}", version.unwrap_or_default()));
            } else {
                self.exports.insert(name, version);
            }
        }
        Ok(())
    }

    /// Every way in which the library is not the one that it must be; empty if it is.
    pub fn problems(&self, soname: &str, wanted: &Exports) -> Vec<String> {
        let mut out = Vec::new();
        let own = self.soname.as_deref().unwrap_or_default();
        if own != soname {
            out.push(format!("its soname is {own:?} and not {soname:?}"));
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

/// A symbol of an object file that others can see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Symbol {
    /// Defined.
    Defined,
    /// Defined, and gives way to another of the same name.
    Weak,
    /// Used, and defined elsewhere.
    Undefined,
}

/// All symbols of a static library, or of the one object that makes it up, that are not local to an
/// object. What one object uses and another defines is defined.
///
/// # Errors
/// The file cannot be read, or is neither.
pub fn archive_symbols(path: &Path) -> io::Result<BTreeMap<String, Symbol>> {
    parsed(path, |data| {
        let mut out = BTreeMap::new();
        for object in objects(data)? {
            let file = object::File::parse(object)?;
            for symbol in file.symbols().filter(|symbol| symbol.index() != SymbolIndex(0)) {
                let kind = match (symbol.is_undefined(), symbol.is_weak(), symbol.is_global()) {
                    (true, ..) => Symbol::Undefined,
                    (_, true, _) => Symbol::Weak,
                    (.., true) => Symbol::Defined,
                    _ => continue,
                };
                let known = out.entry(symbol.name()?.to_owned()).or_insert(kind);
                if *known == Symbol::Undefined {
                    *known = kind;
                }
            }
        }
        Ok(out)
    })
}

/// Every way in which a static library, or the object that makes it up, is not what it must be.
///
/// # Errors
/// As [`archive_symbols`].
pub fn archive_problems(path: &Path, wanted: &Exports) -> io::Result<Vec<String>> {
    let mut defined = archive_symbols(path)?;
    defined.retain(|_, symbol| *symbol != Symbol::Undefined);
    let mut out = Vec::new();
    let missing = wanted.names().filter(|name| !defined.contains_key(*name));
    note(&mut out, "lacks", missing.map(str::to_owned).collect(), "");
    let extra = defined.keys().filter(|name| !wanted.0.contains_key(*name));
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

/// A section's bytes; none if the file has no such section.
///
/// # Errors
/// The file cannot be read, or is no ELF file.
pub fn section(path: &Path, name: &str) -> io::Result<Vec<u8>> {
    parsed(path, |data| match object::File::parse(data)?.section_by_name(name) {
        Some(section) => Ok(section.data()?.to_vec()),
        None => Ok(Vec::new()),
    })
}

/// What `parse` makes of a file's bytes; errors name the file.
fn parsed<T>(path: &Path, parse: impl FnOnce(&[u8]) -> object::Result<T>) -> io::Result<T> {
    let named = |kind, error: &dyn fmt::Display| {
        io::Error::new(kind, format!("{}: {error}", path.display()))
    };
    let data = fs::read(path).map_err(|error| named(error.kind(), &error))?;
    parse(&data).map_err(|error| named(io::ErrorKind::InvalidData, &error))
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
fn version_of<Header: FileHeader<Endian = Endianness>>(
    table: &object::read::elf::VersionTable<Header>,
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

    fn right() -> Elf {
        Elf {
            soname: Some("libz.so.1".into()),
            needed: vec!["libc.so.6".into(), "ld-linux-x86-64.so.2".into()],
            exports: wanted().0,
            node_symbols: ["ZLIB_1.2.0".to_owned()].into(),
            ..Elf::default()
        }
    }

    #[test]
    fn the_right_library_has_no_problems() {
        assert_eq!(right().problems("libz.so.1", &wanted()), Vec::<String>::new());
    }

    #[test]
    fn each_single_fault_is_one_problem() {
        let with = |change: &dyn Fn(&mut Elf)| {
            let mut elf = right();
            change(&mut elf);
            elf.problems("libz.so.1", &wanted())
        };
        type Change<'a> = &'a dyn Fn(&mut Elf);
        let faults: [(Change, &str); 9] = [
            (&|s| s.soname = None, "its soname is \"\" and not \"libz.so.1\""),
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
    fn this_program_is_read() {
        let program = std::env::current_exe().unwrap();
        let elf = Elf::read(&program).unwrap();
        assert!(elf.interpreter.as_ref().is_some_and(|name| name.contains("/ld-linux")), "{elf:?}");
        assert!(elf.needed.iter().any(|name| name == "libc.so.6"), "{elf:?}");
        assert_eq!((elf.soname, elf.executable_stack), (None, Some(false)));
        assert!(!section(&program, ".text").unwrap().is_empty());
        assert!(section(&program, ".nothing").unwrap().is_empty());
    }

    #[test]
    fn what_is_no_elf_file_is_an_error() {
        let other = Path::new("/proc/self/status");
        let error = Elf::read(other).unwrap_err();
        assert!(error.to_string().starts_with("/proc/self/status: "), "{error}");
        assert!(archive_symbols(other).is_err() && section(other, ".text").is_err());
    }

    #[test]
    fn long_lists_are_cut() {
        let mut out = Vec::new();
        note(&mut out, "lacks", (1..=6).map(|n| format!("f{n}")).collect(), "");
        assert_eq!(out, ["it lacks f1, f2, f3, f4 and 2 more"]);
    }
}
