//! deflate and inflate: whole buffers, streams in chunks, small calls.

use std::cell::RefCell;

use bench::job::{CodecJob, Event, Interface, Library, Pace, Race};

use crate::Emit;
use crate::codec::{Member, Once, compressing, data, decompressing, load, named, repeating, room};
use crate::data::{Data, made};
use crate::load::Object;
use crate::race::race;
use crate::zlib_abi::{FINISH, Libdeflate, NO_FLUSH, OK, Stream, Zlib, pump};
use crate::zlib_memory;

/// What a library can do.
pub enum Functions {
    /// zlib.h.
    Zlib(Zlib),
    /// libdeflate.h.
    Libdeflate(Libdeflate),
}

type Lib<'a> = Member<'a, Functions>;

/// The default window, with zlib's header.
const WINDOW_BITS: i32 = 15;
const MEM_LEVEL: i32 = 8;
/// Message sizes of the small calls.
const SMALL: [usize; 3] = [1, 200, 1024];
/// compress() and the streams that are inflated use it.
const DEFAULT_LEVEL: i32 = 6;

/// Does the job.
pub fn run(job: &CodecJob, pace: &Pace, emit: &mut Emit) -> Result<(), String> {
    let libraries = load(&job.libraries, functions_of, emit);
    if libraries.is_empty() {
        return Err("no library to measure".to_owned());
    }
    let data = data(job)?;
    let ways = 1 + job.chunks.len();
    emit(Event::Races(data.len() * ways * (job.levels.len() + 1) + 2 * SMALL.len() + 2));

    small_calls(&libraries, pace, emit)?;
    for library in &libraries {
        if let Functions::Zlib(functions) = &library.functions {
            zlib_memory::measure(library.name, functions, &library.object, emit)?;
        }
    }
    for data in &data {
        for &level in &job.levels {
            emit(Event::Race(deflate_whole(&libraries, data, level, pace)?));
            for &chunk in &job.chunks {
                emit(Event::Race(deflate_chunks(&libraries, data, level, chunk, pace)?));
            }
        }
        let packed = packed(&libraries, &data.bytes)?;
        emit(Event::Race(inflate_whole(&libraries, data, &packed, pace)?));
        for &chunk in &job.chunks {
            emit(Event::Race(inflate_chunks(&libraries, data, &packed, chunk, pace)?));
        }
    }
    Ok(())
}

fn functions_of(library: &Library, object: &Object) -> Result<Functions, String> {
    match library.interface {
        Interface::Zlib => Zlib::of(object).map(Functions::Zlib),
        Interface::Libdeflate => Libdeflate::of(object).map(Functions::Libdeflate),
        Interface::Zstd => Err("zstd is not zlib".to_owned()),
    }
}

fn zlibs<'l, 'a>(libraries: &'l [Lib<'a>]) -> impl Iterator<Item = (&'a str, &'l Zlib)> {
    libraries.iter().filter_map(|library| match &library.functions {
        Functions::Zlib(functions) => Some((library.name, functions)),
        Functions::Libdeflate(_) => None,
    })
}

/// The stream that every library inflates: stock zlib's, where stock is there.
fn packed(libraries: &[Lib<'_>], data: &[u8]) -> Result<Vec<u8>, String> {
    let by = zlibs(libraries).find(|(name, _)| *name == "zlib").or_else(|| zlibs(libraries).next());
    let (name, functions) = by.ok_or("no library to compress with")?;
    let mut out = room(data.len()).into_inner();
    let size =
        functions.compress(data, &mut out, DEFAULT_LEVEL).map_err(code(name, "compress2"))?;
    out.truncate(size);
    Ok(out)
}

fn code<'a>(library: &'a str, function: &'a str) -> impl Fn(i32) -> String + 'a {
    move |code| format!("{library}: {function} returned {code}")
}

fn whole<'a>(
    library: &'a Lib<'_>,
    data: &'a [u8],
    out: &'a RefCell<Vec<u8>>,
    level: i32,
) -> Once<'a> {
    match &library.functions {
        Functions::Zlib(functions) => Box::new(move || {
            let result = functions.compress(data, &mut out.borrow_mut(), level);
            result.map_err(code(library.name, "compress2"))
        }),
        Functions::Libdeflate(functions) => {
            let compressor = functions.compressor(level);
            Box::new(move || match functions.compress(compressor, data, &mut out.borrow_mut()) {
                0 => Err("libdeflate: the output did not fit".to_owned()),
                size => Ok(size),
            })
        }
    }
}

fn unpack(library: &Lib<'_>, packed: &[u8], out: &mut [u8]) -> Result<usize, String> {
    match &library.functions {
        Functions::Zlib(functions) => functions.uncompress(packed, out),
        Functions::Libdeflate(functions) => functions.uncompress(packed, out),
    }
    .map_err(code(library.name, "decompression"))
}

/// Decompresses with the last library of the job, to see what another has made.
fn judge(libraries: &[Lib<'_>]) -> impl Fn(&[u8], &mut [u8]) -> Result<usize, String> {
    let library = &libraries[libraries.len() - 1];
    move |packed, out| unpack(library, packed, out)
}

fn deflate_whole(
    libraries: &[Lib<'_>],
    data: &Data,
    level: i32,
    pace: &Pace,
) -> Result<Race, String> {
    let out = &room(data.bytes.len());
    let judge = judge(libraries);
    let mut entrants = libraries
        .iter()
        .map(|l| compressing(l.name, whole(l, &data.bytes, out, level), &judge, &data.bytes, out))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(named("deflate", data, Some(level), None, race(&mut entrants, pace)))
}

fn deflate_chunks(
    libraries: &[Lib<'_>],
    data: &Data,
    level: i32,
    chunk: usize,
    pace: &Pace,
) -> Result<Race, String> {
    let out = &room(data.bytes.len());
    let judge = judge(libraries);
    let mut entrants = Vec::new();
    for (name, functions) in zlibs(libraries) {
        let mut live = Live::deflate(name, functions, level)?;
        let input = &data.bytes;
        let once = Box::new(move || {
            // SAFETY: a live deflate stream of this library.
            unsafe { (functions.deflate_reset)(&mut *live.stream) };
            let mut out = out.borrow_mut();
            pump(&mut live.stream, functions.deflate, FINISH, input, &mut out, chunk)
                .map_err(code(name, "deflate"))
        });
        entrants.push(compressing(name, once, &judge, input, out)?);
    }
    Ok(named("deflate", data, Some(level), Some(chunk), race(&mut entrants, pace)))
}

fn inflate_whole(
    libraries: &[Lib<'_>],
    data: &Data,
    packed: &[u8],
    pace: &Pace,
) -> Result<Race, String> {
    let out = &room(data.bytes.len());
    let mut entrants = Vec::new();
    for library in libraries {
        let size = data.bytes.len();
        let once = Box::new(move || unpack(library, packed, &mut out.borrow_mut()[..size]));
        entrants.push(decompressing(library.name, once, &data.bytes, out)?);
    }
    Ok(named("inflate", data, None, None, race(&mut entrants, pace)))
}

fn inflate_chunks(
    libraries: &[Lib<'_>],
    data: &Data,
    packed: &[u8],
    chunk: usize,
    pace: &Pace,
) -> Result<Race, String> {
    let out = &room(data.bytes.len());
    let mut entrants = Vec::new();
    for (name, functions) in zlibs(libraries) {
        let mut live = Live::inflate(name, functions)?;
        let once = Box::new(move || {
            // SAFETY: a live inflate stream of this library.
            unsafe { (functions.inflate_reset)(&mut *live.stream) };
            let mut out = out.borrow_mut();
            pump(&mut live.stream, functions.inflate, NO_FLUSH, packed, &mut out, chunk)
                .map_err(code(name, "inflate"))
        });
        entrants.push(decompressing(name, once, &data.bytes, out)?);
    }
    Ok(named("inflate", data, None, Some(chunk), race(&mut entrants, pace)))
}

/// A message of `bytes` bytes, and calls that are over in a microsecond or less.
fn small_calls(libraries: &[Lib<'_>], pace: &Pace, emit: &mut Emit) -> Result<(), String> {
    for bytes in SMALL {
        let data = &made(bytes)[0];
        let out = &room(bytes);
        let judge = judge(libraries);
        let mut entrants = Vec::new();
        for library in libraries.iter().filter(|l| matches!(l.functions, Functions::Zlib(_))) {
            let once = whole(library, &data.bytes, out, DEFAULT_LEVEL);
            entrants.push(compressing(library.name, once, &judge, &data.bytes, out)?);
        }
        emit(Event::Race(named("compress", data, None, None, race(&mut entrants, pace))));
        drop(entrants);

        let packed = &packed(libraries, &data.bytes)?;
        let mut entrants = Vec::new();
        for library in libraries.iter().filter(|l| matches!(l.functions, Functions::Zlib(_))) {
            let once = Box::new(move || unpack(library, packed, &mut out.borrow_mut()[..bytes]));
            entrants.push(decompressing(library.name, once, &data.bytes, out)?);
        }
        emit(Event::Race(named("uncompress", data, None, None, race(&mut entrants, pace))));
    }

    let none = &Data { name: String::new(), bytes: Vec::new() };
    let mut entrants = Vec::new();
    for (name, functions) in zlibs(libraries) {
        let once = Box::new(move || Live::deflate(name, functions, DEFAULT_LEVEL).map(|_| 0));
        entrants.push(repeating(name, once, None));
    }
    emit(Event::Race(named("deflateInit + End", none, None, None, race(&mut entrants, pace))));
    let mut entrants = Vec::new();
    for (name, functions) in zlibs(libraries) {
        let once = Box::new(move || Live::inflate(name, functions).map(|_| 0));
        entrants.push(repeating(name, once, None));
    }
    emit(Event::Race(named("inflateInit + End", none, None, None, race(&mut entrants, pace))));
    Ok(())
}

/// A stream between Init and End. It is boxed because zlib's streams must not move.
struct Live<'a> {
    stream: Box<Stream>,
    functions: &'a Zlib,
    deflates: bool,
}

impl<'a> Live<'a> {
    fn deflate(library: &str, functions: &'a Zlib, level: i32) -> Result<Live<'a>, String> {
        let mut stream = Box::new(Stream::new());
        match functions.deflate_init(&mut stream, level, WINDOW_BITS, MEM_LEVEL) {
            OK => Ok(Live { stream, functions, deflates: true }),
            other => Err(code(library, "deflateInit2")(other)),
        }
    }

    fn inflate(library: &str, functions: &'a Zlib) -> Result<Live<'a>, String> {
        let mut stream = Box::new(Stream::new());
        match functions.inflate_init(&mut stream, WINDOW_BITS) {
            OK => Ok(Live { stream, functions, deflates: false }),
            other => Err(code(library, "inflateInit2")(other)),
        }
    }
}

impl Drop for Live<'_> {
    fn drop(&mut self) {
        if self.deflates {
            self.functions.deflate_end(&mut self.stream);
        } else {
            self.functions.inflate_end(&mut self.stream);
        }
    }
}
