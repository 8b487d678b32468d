//! What an ELF file says of itself to the loader and to linkers.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use object::elf::{
    self, DF_1_NOW, DF_BIND_NOW, DF_TEXTREL, DT_FLAGS, DT_FLAGS_1, DT_NEEDED, DT_RPATH, DT_RUNPATH,
    DT_SONAME, DT_TEXTREL, FileHeader64, GNU_PROPERTY_X86_FEATURE_1_AND,
    GNU_PROPERTY_X86_FEATURE_1_SHSTK, NT_GNU_BUILD_ID, PF_X, PT_GNU_RELRO, PT_GNU_STACK, PT_INTERP,
};
use object::read::archive::ArchiveFile;
use object::read::elf::{Dyn, FileHeader, ProgramHeader};
use object::{Endianness, Object, ObjectSection, ObjectSymbol, SymbolIndex};

/// A program's or a shared library's header and dynamic section.
#[derive(Debug, Default)]
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
}

impl Elf {
    /// Reads a file.
    ///
    /// # Errors
    /// It is not there, or no 64-bit ELF file.
    pub fn read(path: &Path) -> Result<Elf> {
        let data = fs::read(path).with_context(|| path.display().to_string())?;
        Elf::parse(&data).with_context(|| format!("{} is no 64-bit ELF file", path.display()))
    }

    fn parse(data: &[u8]) -> object::Result<Elf> {
        let file = FileHeader64::<Endianness>::parse(data)?;
        let endian = file.endian()?;
        let mut out = Elf::default();
        for segment in file.program_headers(endian, data)? {
            let flags = segment.p_flags(endian);
            match segment.p_type(endian) {
                PT_INTERP => {
                    let name = segment.interpreter(endian, data)?;
                    out.interpreter = name.map(text);
                }
                PT_GNU_RELRO => out.relro = true,
                PT_GNU_STACK => out.executable_stack = Some(flags & PF_X != 0),
                _ => {}
            }
        }
        out.read_notes(file, endian, data)?;
        let sections = file.sections(endian, data)?;
        let Some((entries, strings)) = sections.dynamic(endian, data)? else { return Ok(out) };
        let strings = sections.strings(endian, data, strings)?;
        for entry in entries {
            let value = entry.val32(endian).unwrap_or_default();
            match entry.tag32(endian) {
                Some(DT_SONAME) => out.soname = Some(text(entry.string(endian, strings)?)),
                Some(DT_NEEDED) => out.needed.push(text(entry.string(endian, strings)?)),
                Some(DT_RPATH | DT_RUNPATH) => out.run_path = true,
                Some(DT_TEXTREL) => out.text_relocations = true,
                Some(elf::DT_BIND_NOW) => out.binds_now = true,
                Some(DT_FLAGS) => {
                    out.binds_now |= value & DF_BIND_NOW != 0;
                    out.text_relocations |= value & DF_TEXTREL != 0;
                }
                Some(DT_FLAGS_1) => out.binds_now |= value & DF_1_NOW != 0,
                _ => {}
            }
        }
        Ok(out)
    }

    fn read_notes(
        &mut self,
        file: &FileHeader64<Endianness>,
        endian: Endianness,
        data: &[u8],
    ) -> object::Result<()> {
        for segment in file.program_headers(endian, data)? {
            let Some(mut notes) = segment.notes(endian, data)? else { continue };
            while let Some(note) = notes.next()? {
                if note.name() != elf::ELF_NOTE_GNU {
                    continue;
                }
                self.build_id |= note.n_type(endian) == NT_GNU_BUILD_ID;
                let Some(mut properties) = note.gnu_properties(endian) else { continue };
                while let Some(property) = properties.next()? {
                    if property.pr_type() == GNU_PROPERTY_X86_FEATURE_1_AND {
                        let features = property.data_u32(endian)?;
                        self.shadow_stacks |= features & GNU_PROPERTY_X86_FEATURE_1_SHSTK != 0;
                    }
                }
            }
        }
        Ok(())
    }
}

/// A section's bytes; none if the file has no such section.
///
/// # Errors
/// The file cannot be read, or is no ELF file.
pub fn section(path: &Path, name: &str) -> Result<Vec<u8>> {
    let data = fs::read(path).with_context(|| path.display().to_string())?;
    let file = object::File::parse(&*data).with_context(|| path.display().to_string())?;
    let Some(section) = file.section_by_name(name) else { return Ok(Vec::new()) };
    Ok(section.data()?.to_vec())
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

/// All symbols of a static library that are not local to one of its objects. What one object uses
/// and another defines is defined.
///
/// # Errors
/// The file cannot be read, or is no archive of object files.
pub fn archive_symbols(path: &Path) -> Result<BTreeMap<String, Symbol>> {
    let data = fs::read(path).with_context(|| path.display().to_string())?;
    read_archive(&data).with_context(|| format!("{} is no static library", path.display()))
}

fn read_archive(data: &[u8]) -> object::Result<BTreeMap<String, Symbol>> {
    let mut out = BTreeMap::new();
    for member in ArchiveFile::parse(data)?.members() {
        let file = object::File::parse(member?.data(data)?)?;
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
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_program_is_read() {
        let elf = Elf::read(&std::env::current_exe().unwrap()).unwrap();
        assert!(elf.interpreter.as_ref().is_some_and(|name| name.contains("/ld-linux")), "{elf:?}");
        assert!(elf.needed.iter().any(|name| name == "libc.so.6"), "{elf:?}");
        assert_eq!((elf.soname.as_deref(), elf.executable_stack), (None, Some(false)));
        let program = std::env::current_exe().unwrap();
        assert!(!section(&program, ".text").unwrap().is_empty());
        assert!(section(&program, ".nothing").unwrap().is_empty());
    }

    #[test]
    fn what_is_no_elf_file_is_an_error() {
        assert!(Elf::read(Path::new("/proc/self/status")).is_err());
        assert!(archive_symbols(Path::new("/proc/self/status")).is_err());
    }
}
