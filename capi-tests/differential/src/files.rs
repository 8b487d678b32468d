//! Whole files, compressed by both libraries with many settings: the bytes must be the same.

use std::ffi::{c_int, c_uint, c_ulong};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use anyhow::{Context, Result, ensure};

use crate::api::{Libraries, STREAM_SIZE, VERSION, Zlib};
use crate::case::{same, same_bytes};
use crate::stream::{ZStream, code, flush};

/// Parameters of one stream, and how much of a file each call gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    pub level: c_int,
    pub strategy: c_int,
    pub mem_level: c_int,
    /// As `deflateInit2` takes it.
    pub window_bits: c_int,
    /// Bytes of input and of room a call; 0 for everything in one.
    pub call: usize,
}

/// How many settings a run has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breadth {
    /// Each level in each of the three formats, each other strategy, some small windows and
    /// memory levels, streams in pieces.
    Some,
    /// Levels 0 to 9, all strategies, memory levels 1, 8 and 9, window bits 9, 12 and 15, each
    /// with all in one call or in pieces.
    All,
}

const FORMATS: [fn(c_int) -> c_int; 3] = [|bits| bits, |bits| -bits, |bits| bits + 16];
const PIECES: [usize; 4] = [0, 65536, 16384, 1000];

impl Breadth {
    /// The settings, none of them twice.
    pub fn settings(self) -> Vec<Setting> {
        let mut all = Vec::new();
        let mut add = |level, strategy, mem_level, bits: c_int| {
            // The formats and pieces take turns, so that each level meets each of them.
            let n = all.len();
            let window_bits = FORMATS[n % 3](bits);
            all.push(Setting { level, strategy, mem_level, window_bits, call: PIECES[n % 4] });
        };
        match self {
            Breadth::Some => {
                for _ in FORMATS {
                    for level in -1..=9 {
                        add(level, 0, 8, 15);
                    }
                }
                for strategy in 1..=4 {
                    for level in [1, 6] {
                        add(level, strategy, 8, 15);
                    }
                }
                for level in 0..=9 {
                    add(level, 0, 1, 9);
                    add(level, 0, 9, 12);
                }
            }
            Breadth::All => {
                for level in 0..=9 {
                    for strategy in 0..=4 {
                        for mem_level in [1, 8, 9] {
                            for bits in [9, 12, 15] {
                                add(level, strategy, mem_level, bits);
                            }
                        }
                    }
                }
            }
        }
        all
    }
}

/// What a run has compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    pub files: usize,
    pub settings: usize,
    /// Bytes of input, each file counted once.
    pub bytes: u64,
    pub different: usize,
}

/// All regular files of `paths`, those in folders below them included, in order of their names.
///
/// # Errors
/// A path cannot be read, or there is no file at all.
pub fn find(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    fn below(path: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
        let kind = fs::symlink_metadata(path).with_context(|| path.display().to_string())?;
        if kind.is_dir() {
            let mut entries = fs::read_dir(path)?.collect::<Result<Vec<_>, _>>()?;
            entries.sort_by_key(std::fs::DirEntry::file_name);
            for entry in entries {
                below(&entry.path(), found)?;
            }
        } else if kind.is_file() {
            found.push(path.to_owned());
        }
        Ok(())
    }
    let mut found = Vec::new();
    for path in paths {
        // A link that was named is followed; one that was found is not.
        below(&fs::canonicalize(path).with_context(|| path.display().to_string())?, &mut found)?;
    }
    ensure!(!found.is_empty(), "no files");
    Ok(found)
}

/// Compares `files`, of which at most the first `most` bytes each count, and says each difference
/// and each finished file on stdout.
///
/// # Errors
/// A file cannot be read.
pub fn compare(
    libraries: &Libraries,
    files: &[PathBuf],
    breadth: Breadth,
    most: usize,
) -> Result<Compared> {
    let settings = breadth.settings();
    let mut all = Compared { settings: settings.len(), ..Compared::default() };
    for file in files {
        let mut data = fs::read(file).with_context(|| file.display().to_string())?;
        data.truncate(most);
        let differences = on_all_cores(&settings, |setting| one(libraries, &data, *setting));
        for (setting, error) in &differences {
            println!("{}: {setting:?}: {error}", file.display());
        }
        let outcome = if differences.is_empty() { "equal" } else { "DIFFERENT" };
        println!("{}: {} bytes, {} settings: {outcome}", file.display(), data.len(), all.settings);
        all.files += 1;
        all.bytes += data.len() as u64;
        all.different += differences.len();
    }
    Ok(all)
}

/// The settings that fail, with their errors.
fn on_all_cores(
    settings: &[Setting],
    work: impl Fn(&Setting) -> Result<(), String> + Sync,
) -> Vec<(Setting, String)> {
    let next = AtomicUsize::new(0);
    let (send, receive) = mpsc::channel();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            let (send, next, work) = (send.clone(), &next, &work);
            scope.spawn(move || {
                while let Some(setting) = settings.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(error) = work(setting) {
                        // The receiver outlives the scope.
                        let _ = send.send((*setting, error));
                    }
                }
            });
        }
    });
    drop(send);
    receive.into_iter().collect()
}

fn one(libraries: &Libraries, data: &[u8], setting: Setting) -> Result<(), String> {
    let ours = compressed(&libraries.ours, data, setting)?;
    let stock = compressed(&libraries.stock, data, setting)?;
    same_bytes("compressed", &ours.bytes, &stock.bytes)?;
    same("calls", &ours.calls, &stock.calls)?;
    let read = decompressed(&libraries.ours, &ours.bytes, data.len(), setting.window_bits)?;
    same_bytes("read back by ours", &read, data)
}

struct Stream {
    bytes: Vec<u8>,
    /// How many calls there were, and a hash of what each took and gave.
    calls: String,
}

fn compressed(zlib: &Zlib, data: &[u8], setting: Setting) -> Result<Stream, String> {
    let Setting { level, strategy, mem_level, window_bits, call } = setting;
    let mut strm = Box::new(ZStream::new());
    let z = &mut *strm;
    let made =
        zlib.deflateInit2_(z, level, 8, window_bits, mem_level, strategy, VERSION, STREAM_SIZE);
    same("deflateInit2", made, code::OK)?;
    let most = zlib.deflateBound(&mut *strm, data.len() as c_ulong) as usize;
    let call = if call == 0 { most.max(data.len()).max(1) } else { call };
    let mut bytes = vec![0; most + 64];
    let (mut read, mut written) = (0, 0);
    let (mut calls, mut hash) = (0u64, 0u64);
    loop {
        let give = call.min(data.len() - read);
        let room = call.min(bytes.len() - written);
        (strm.next_in, strm.avail_in) = (data[read..].as_ptr(), give as c_uint);
        (strm.next_out, strm.avail_out) = (bytes[written..].as_mut_ptr(), room as c_uint);
        let last = read + give == data.len();
        let code = zlib.deflate(&mut *strm, if last { flush::FINISH } else { flush::NONE });
        let (took, gave) = (give - strm.avail_in as usize, room - strm.avail_out as usize);
        read += took;
        written += gave;
        calls += 1;
        #[allow(clippy::unnecessary_cast)] // unsigned long has 32 bits elsewhere
        let values = [took as u64, gave as u64, strm.adler as u64, code as u64];
        for value in values {
            // FNV-1a, on whole numbers.
            hash = (hash ^ value).wrapping_mul(0x0100_0000_01b3);
        }
        if code == code::STREAM_END {
            break;
        }
        if code != code::OK || (took == 0 && gave == 0) {
            zlib.deflateEnd(&mut *strm);
            return Err(format!("deflate: {code} after {read} bytes"));
        }
    }
    same("deflateEnd", zlib.deflateEnd(&mut *strm), code::OK)?;
    bytes.truncate(written);
    Ok(Stream { bytes, calls: format!("{calls} with hash {hash:016x}") })
}

fn decompressed(zlib: &Zlib, stream: &[u8], len: usize, bits: c_int) -> Result<Vec<u8>, String> {
    let mut strm = Box::new(ZStream::new());
    same("inflateInit2", zlib.inflateInit2_(&mut *strm, bits, VERSION, STREAM_SIZE), code::OK)?;
    // One byte more, so that output beyond the data would be seen.
    let mut out = vec![0; len + 1];
    (strm.next_in, strm.avail_in) = (stream.as_ptr(), stream.len() as c_uint);
    (strm.next_out, strm.avail_out) = (out.as_mut_ptr(), out.len() as c_uint);
    let code = zlib.inflate(&mut *strm, flush::FINISH);
    out.truncate(strm.total_out as usize);
    zlib.inflateEnd(&mut *strm);
    same("inflate", code, code::STREAM_END)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_settings_are_those_of_the_promise() {
        let all = Breadth::All.settings();
        assert_eq!(all.len(), 10 * 5 * 3 * 3);
        let some = Breadth::Some.settings();
        for level in -1..=9 {
            for format in FORMATS {
                let window_bits = format(15);
                let meets = |s: &&Setting| s.level == level && s.window_bits == window_bits;
                assert!(some.iter().any(|s| meets(&s)), "level {level}, {window_bits}");
            }
        }
        for settings in [all, some] {
            for (i, setting) in settings.iter().enumerate() {
                assert!(!settings[..i].contains(setting), "{setting:?} twice");
            }
        }
    }
}
