//! What a new process gets when it asks the loader for the two libraries, and whether that works.
//!
//! A child process asks, since a library that does not work may end the process that loads it.

use std::error::Error as _;
use std::ffi::{CStr, c_char, c_int, c_uint, c_ulong};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fmt, fs};

use libloading::{Library, Symbol};
use link::elf::Elf;

use crate::running;

/// The two libraries, in the order of every answer.
const SONAMES: [&str; 2] = ["libz.so.1", "libzstd.so.1"];

/// What a child process found under one soname.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// What it asked the loader for.
    pub soname: String,
    /// What the loader mapped.
    pub file: PathBuf,
    /// The version that the library names.
    pub version: String,
    /// zcompat's own version, in a library of ours.
    pub zcompat: Option<String>,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = self.zcompat.as_ref().map(|version| format!(", zcompat {version}"));
        let (file, by) = (self.file.display(), by.unwrap_or_default());
        write!(f, "{:<12}  {file}  ({}{by})", self.soname, self.version)
    }
}

/// Starts a child process that loads and uses both libraries; with `first`, those in this folder
/// before any other.
///
/// # Errors
/// One of them does not load or gives a wrong answer, or the process dies of it.
pub fn ask(first: Option<&Path>) -> Result<Vec<Answer>, String> {
    let program = env::current_exe().map_err(|e| e.to_string())?;
    let mut command = Command::new(program);
    command.arg("probe").env_remove("LD_PRELOAD").env_remove("LD_LIBRARY_PATH");
    if let Some(folder) = first {
        command.env("LD_LIBRARY_PATH", folder);
    }
    let out = command.output().map_err(|e| format!("no child process: {e}"))?;
    if !out.status.success() {
        let said = String::from_utf8_lossy(&out.stderr);
        let said = said.lines().last().map(|l| l.trim_start_matches("zcompat: ").to_owned());
        return Err(
            said.unwrap_or(format!("a process that used the libraries ended ({})", out.status))
        );
    }
    let text = String::from_utf8_lossy(&out.stdout);
    let answers = text.lines().map(parse).collect::<Option<Vec<_>>>().unwrap_or_default();
    if answers.len() != SONAMES.len() {
        return Err(format!("a child process said {text:?}"));
    }
    Ok(answers)
}

fn parse(line: &str) -> Option<Answer> {
    let mut fields = line.split('\t').map(str::to_owned);
    let (soname, file, version) = (fields.next()?, fields.next()?, fields.next()?);
    let zcompat = fields.next().filter(|text| !text.is_empty());
    Some(Answer { soname, file: file.into(), version, zcompat })
}

/// That `ours` has every symbol that programs may have been linked with in `present`.
///
/// # Errors
/// The first ones that it lacks: a system newer than these libraries.
pub fn covers(ours: &Answer, present: &Answer) -> Result<(), String> {
    let read = |answer: &Answer| Elf::read(&answer.file).map_err(|e| e.to_string());
    let lacking = lacking(&read(ours)?, &read(present)?);
    if lacking.is_empty() {
        return Ok(());
    }
    let some = lacking[..lacking.len().min(4)].join(", ");
    let (ours, present) = (ours.file.display(), present.file.display());
    Err(format!("{ours} lacks {} symbols of {present}: {some}", lacking.len()))
}

fn lacking(ours: &Elf, present: &Elf) -> Vec<String> {
    let mut out = Vec::new();
    for (name, version) in &present.exports {
        let found = ours.exports.get(name);
        // A program that asks for no version takes any.
        let enough = found.is_some_and(|found| version.is_none() || found == version);
        match version {
            _ if enough => {}
            Some(version) => out.push(format!("{name}@{version}")),
            None => out.push(name.clone()),
        }
    }
    let odd = present.odd.iter().filter(|name| !ours.exports.contains_key(*name));
    out.extend(odd.cloned());
    out
}

/// The child's part: one line a library, `soname file version zcompat` by tabs.
pub fn probe() -> Result<(), String> {
    let libraries = [zlib()?, zstd()?];
    let maps =
        fs::read_to_string("/proc/self/maps").map_err(|e| format!("/proc/self/maps: {e}"))?;
    let mapped = running::libraries(&maps);
    for (soname, (_library, version, zcompat)) in SONAMES.iter().zip(&libraries) {
        let stem = soname.trim_end_matches('1');
        let file = mapped
            .iter()
            .find(|file| file.rsplit('/').next().is_some_and(|name| name.starts_with(stem)));
        let file =
            file.ok_or(format!("{soname} is loaded and not to be seen in /proc/self/maps"))?;
        println!("{soname}\t{file}\t{version}\t{}", zcompat.as_deref().unwrap_or_default());
    }
    Ok(())
}

/// A library that is loaded, the version it names, and zcompat's if it is ours.
type Loaded = (Library, String, Option<String>);

type Version = unsafe extern "C" fn() -> *const c_char;

/// A megabyte that is neither all the same nor random: text of numbers.
fn sample() -> Vec<u8> {
    let mut out = Vec::with_capacity(1 << 20);
    let mut number = 1_u32;
    while out.len() < 1 << 20 {
        number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        out.extend_from_slice((number >> 20).to_string().as_bytes());
        out.push(b'\n');
    }
    out
}

fn zlib() -> Result<Loaded, String> {
    let library = load(SONAMES[0])?;
    let wrong = |what: &str| format!("{} does not work: {what}", SONAMES[0]);
    let crc32: Symbol<unsafe extern "C" fn(c_ulong, *const u8, c_uint) -> c_ulong> =
        function(&library, "crc32")?;
    let adler32: Symbol<unsafe extern "C" fn(c_ulong, *const u8, c_uint) -> c_ulong> =
        function(&library, "adler32")?;
    let compress: Symbol<
        unsafe extern "C" fn(*mut u8, *mut c_ulong, *const u8, c_ulong, c_int) -> c_int,
    > = function(&library, "compress2")?;
    let uncompress: Symbol<
        unsafe extern "C" fn(*mut u8, *mut c_ulong, *const u8, c_ulong) -> c_int,
    > = function(&library, "uncompress")?;

    let digits = b"123456789";
    // SAFETY: the pointer and the length are those of one slice.
    let sums = unsafe { (crc32(0, digits.as_ptr(), 9), adler32(1, digits.as_ptr(), 9)) };
    if sums != (0xCBF4_3926, 0x091E_01DE) {
        return Err(wrong("wrong checksums"));
    }
    let data = sample();
    let mut packed = vec![0; data.len() + data.len() / 8 + 64];
    let mut back = vec![0; data.len()];
    for level in [1, 6, 9] {
        let (mut packed_len, mut back_len) = (packed.len() as c_ulong, back.len() as c_ulong);
        let (to, from) = (packed.as_mut_ptr(), data.as_ptr());
        // SAFETY: both buffers are as long as the lengths say, and do not overlap.
        if unsafe { compress(to, &mut packed_len, from, data.len() as c_ulong, level) } != 0 {
            return Err(wrong("compress2 fails"));
        }
        let (to, from) = (back.as_mut_ptr(), packed.as_ptr());
        // SAFETY: `packed_len` bytes were written, and `back` is as long as `back_len` says.
        if unsafe { uncompress(to, &mut back_len, from, packed_len) } != 0 || back != data {
            return Err(wrong("uncompress does not give back what compress2 took"));
        }
        back.fill(0);
    }
    let version = version(&library, "zlibVersion").ok_or(wrong("it names no version"))?;
    let zcompat = self::version(&library, "zcompat_version");
    Ok((library, version, zcompat))
}

fn zstd() -> Result<Loaded, String> {
    let library = load(SONAMES[1])?;
    let wrong = |what: &str| format!("{} does not work: {what}", SONAMES[1]);
    let compress: Symbol<unsafe extern "C" fn(*mut u8, usize, *const u8, usize, c_int) -> usize> =
        function(&library, "ZSTD_compress")?;
    let decompress: Symbol<unsafe extern "C" fn(*mut u8, usize, *const u8, usize) -> usize> =
        function(&library, "ZSTD_decompress")?;
    let data = sample();
    let mut packed = vec![0; data.len() + data.len() / 8 + 64];
    for level in [1, 3, 9] {
        let (to, room, from) = (packed.as_mut_ptr(), packed.len(), data.as_ptr());
        // SAFETY: both buffers are as long as the lengths say, and do not overlap.
        let length = unsafe { compress(to, room, from, data.len(), level) };
        let mut back = vec![0; data.len()];
        let (to, room) = (back.as_mut_ptr(), back.len());
        // SAFETY: the input is within `packed`; an error code is longer and asks for none of it.
        let got = unsafe { decompress(to, room, packed.as_ptr(), length.min(packed.len())) };
        if got != data.len() || back != data {
            return Err(wrong("ZSTD_decompress does not give back what ZSTD_compress took"));
        }
    }
    let version = version(&library, "ZSTD_versionString").ok_or(wrong("it names no version"))?;
    let zcompat = self::version(&library, "zcompat_version");
    Ok((library, version, zcompat))
}

fn load(soname: &str) -> Result<Library, String> {
    // SAFETY: the libraries are the system's or ours, whose initialisers any program runs.
    unsafe { Library::new(soname) }.map_err(|e| told(&e))
}

fn function<'a, T>(library: &'a Library, name: &str) -> Result<Symbol<'a, T>, String> {
    // SAFETY: `T` is the function's type in zlib.h or zstd.h, which these sonames stand for.
    unsafe { library.get(name.as_bytes()) }.map_err(|e| told(&e))
}

/// What the loader said, which is the cause of the error.
fn told(error: &libloading::Error) -> String {
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
}

fn version(library: &Library, name: &str) -> Option<String> {
    let function: Symbol<Version> = function(library, name).ok()?;
    // SAFETY: it takes nothing, and returns a string that lives as long as the library.
    let text = unsafe { CStr::from_ptr(function()) };
    text.to_str().ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared(symbols: &[(&str, Option<&str>)], odd: &[&str]) -> Elf {
        Elf {
            exports: symbols.iter().map(|(n, v)| ((*n).into(), v.map(str::to_owned))).collect(),
            odd: odd.iter().map(|name| (*name).to_owned()).collect(),
            ..Elf::default()
        }
    }

    #[test]
    fn a_symbol_that_programs_may_need_is_not_missed() {
        let ours = shared(&[("deflate", None), ("gzopen64", Some("ZLIB_1.2.3.3"))], &[]);
        let less = shared(&[("deflate", None), ("gzopen64", None)], &["gzopen64"]);
        assert!(lacking(&ours, &less).is_empty());
        assert!(lacking(&ours, &ours).is_empty());
        let newer = shared(
            &[("deflate", None), ("deflateNew", Some("ZLIB_2")), ("gzopen64", Some("ZLIB_2"))],
            &["table"],
        );
        assert_eq!(lacking(&ours, &newer), ["deflateNew@ZLIB_2", "gzopen64@ZLIB_2", "table"]);
    }

    #[test]
    fn answers_are_read() {
        let stock = parse("libz.so.1\t/lib/a b/libz.so.1.2.13\t1.2.13\t").unwrap();
        assert_eq!((stock.version.as_str(), &stock.zcompat), ("1.2.13", &None));
        let ours = parse("libz.so.1\t/z/libz.so.1.3.2\t1.3.2\t0.1.0").unwrap();
        assert_eq!(ours.to_string(), "libz.so.1     /z/libz.so.1.3.2  (1.3.2, zcompat 0.1.0)");
        assert_eq!(parse("libz.so.1"), None);
    }
}
