//! zstd: whole buffers, streams in chunks, contexts and small calls.

use bench::job::{CodecJob, Event, Interface, Pace, Race};

use crate::Emit;
use crate::codec::{Member, compressing, data, decompressing, load, named, repeating, room};
use crate::data::{Data, made};
use crate::race::race;
use crate::zstd_abi::{Context, Zstd};
use crate::zstd_memory;

type Lib<'a> = Member<'a, Zstd>;

/// Message sizes of the small calls.
const SMALL: [usize; 3] = [1, 200, 1024];
/// zstd.h's default.
const DEFAULT_LEVEL: i32 = 3;

/// Does the job.
pub fn run(job: &CodecJob, pace: &Pace, emit: &mut Emit) -> Result<(), String> {
    let functions_of = |library: &bench::job::Library, object: &_| match library.interface {
        Interface::Zstd => Zstd::of(object),
        _ => Err("not a zstd library".to_owned()),
    };
    let libraries = load(&job.libraries, functions_of, emit);
    if libraries.is_empty() {
        return Err("no library to measure".to_owned());
    }
    let data = data(job)?;
    let ways = 1 + job.chunks.len();
    emit(Event::Races(data.len() * ways * (job.levels.len() + 1) + 4 * SMALL.len() + 2));

    contexts(&libraries, pace, emit)?;
    for bytes in SMALL {
        small_calls(&libraries, bytes, pace, emit)?;
    }
    for library in &libraries {
        zstd_memory::measure(library.name, &library.functions, emit)?;
    }
    for data in &data {
        for &level in &job.levels {
            emit(Event::Race(compress_whole(&libraries, data, level, pace)?));
            for &chunk in &job.chunks {
                emit(Event::Race(compress_chunks(&libraries, data, level, chunk, pace)?));
            }
        }
        let packed = packed(&libraries, &data.bytes)?;
        emit(Event::Race(decompress_whole(&libraries, data, &packed, pace)?));
        for &chunk in &job.chunks {
            emit(Event::Race(decompress_chunks(&libraries, data, &packed, chunk, pace)?));
        }
    }
    Ok(())
}

/// The frame that every library decompresses: the last one's, which is not ours.
fn packed(libraries: &[Lib<'_>], data: &[u8]) -> Result<Vec<u8>, String> {
    let mut out = room(data.len()).into_inner();
    let functions = &libraries[libraries.len() - 1].functions;
    let size = functions.compress(None, data, &mut out, DEFAULT_LEVEL)?;
    out.truncate(size);
    Ok(out)
}

/// Decompresses with the last library of the job, to see what another has made.
fn judge(libraries: &[Lib<'_>]) -> impl Fn(&[u8], &mut [u8]) -> Result<usize, String> {
    let functions = &libraries[libraries.len() - 1].functions;
    move |packed, out| functions.decompress(None, packed, out)
}

fn compress_whole(
    libraries: &[Lib<'_>],
    data: &Data,
    level: i32,
    pace: &Pace,
) -> Result<Race, String> {
    let out = &room(data.bytes.len());
    let mut entrants = Vec::new();
    for library in libraries {
        let functions = &library.functions;
        let context = Context::compress(functions, None)?;
        let once = Box::new(move || {
            functions.compress(Some(context.raw()), &data.bytes, &mut out.borrow_mut(), level)
        });
        entrants.push(compressing(library.name, once, &judge(libraries), &data.bytes, out)?);
    }
    Ok(named("compress", data, Some(level), None, race(&mut entrants, pace)?))
}

fn compress_chunks(
    libraries: &[Lib<'_>],
    data: &Data,
    level: i32,
    chunk: usize,
    pace: &Pace,
) -> Result<Race, String> {
    let out = &room(data.bytes.len());
    let mut entrants = Vec::new();
    for library in libraries {
        let functions = &library.functions;
        let context = Context::compress(functions, None)?;
        let once = Box::new(move || {
            let mut out = out.borrow_mut();
            functions.compress_chunks(context.raw(), level, &data.bytes, &mut out, chunk)
        });
        entrants.push(compressing(library.name, once, &judge(libraries), &data.bytes, out)?);
    }
    Ok(named("compress", data, Some(level), Some(chunk), race(&mut entrants, pace)?))
}

fn decompress_whole(
    libraries: &[Lib<'_>],
    data: &Data,
    packed: &[u8],
    pace: &Pace,
) -> Result<Race, String> {
    let out = &room(data.bytes.len());
    let mut entrants = Vec::new();
    for library in libraries {
        let functions = &library.functions;
        let context = Context::decompress(functions, None)?;
        let once = Box::new(move || {
            functions.decompress(Some(context.raw()), packed, &mut out.borrow_mut())
        });
        entrants.push(decompressing(library.name, once, &data.bytes, out)?);
    }
    Ok(named("decompress", data, None, None, race(&mut entrants, pace)?))
}

fn decompress_chunks(
    libraries: &[Lib<'_>],
    data: &Data,
    packed: &[u8],
    chunk: usize,
    pace: &Pace,
) -> Result<Race, String> {
    let out = &room(data.bytes.len());
    let mut entrants = Vec::new();
    for library in libraries {
        let functions = &library.functions;
        let context = Context::decompress(functions, None)?;
        let once = Box::new(move || {
            functions.decompress_chunks(context.raw(), packed, &mut out.borrow_mut(), chunk)
        });
        entrants.push(decompressing(library.name, once, &data.bytes, out)?);
    }
    Ok(named("decompress", data, None, Some(chunk), race(&mut entrants, pace)?))
}

/// Making and freeing a context, each of which asks the CPU what it is unless it is remembered.
fn contexts(libraries: &[Lib<'_>], pace: &Pace, emit: &mut Emit) -> Result<(), String> {
    let none = &Data { name: String::new(), bytes: Vec::new() };
    let mut entrants = Vec::new();
    for library in libraries {
        let functions = &library.functions;
        let once = Box::new(move || Context::compress(functions, None).map(|_| 0));
        entrants.push(repeating(library.name, once, None));
    }
    emit(Event::Race(named("createCCtx + free", none, None, None, race(&mut entrants, pace)?)));
    let mut entrants = Vec::new();
    for library in libraries {
        let functions = &library.functions;
        let once = Box::new(move || Context::decompress(functions, None).map(|_| 0));
        entrants.push(repeating(library.name, once, None));
    }
    emit(Event::Race(named("createDCtx + free", none, None, None, race(&mut entrants, pace)?)));
    Ok(())
}

/// One message of `bytes` bytes, with a context of the call's own and with one that is kept.
fn small_calls(
    libraries: &[Lib<'_>],
    bytes: usize,
    pace: &Pace,
    emit: &mut Emit,
) -> Result<(), String> {
    let data = &made(bytes)[0];
    let out = &room(bytes);
    for (operation, kept) in [("ZSTD_compress", false), ("ZSTD_compressCCtx, kept", true)] {
        let mut entrants = Vec::new();
        for library in libraries {
            let functions = &library.functions;
            let context = kept.then(|| Context::compress(functions, None)).transpose()?;
            let once = Box::new(move || {
                let context = context.as_ref().map(Context::raw);
                functions.compress(context, &data.bytes, &mut out.borrow_mut(), DEFAULT_LEVEL)
            });
            entrants.push(compressing(library.name, once, &judge(libraries), &data.bytes, out)?);
        }
        emit(Event::Race(named(operation, data, None, None, race(&mut entrants, pace)?)));
    }
    let packed = &packed(libraries, &data.bytes)?;
    for (operation, kept) in [("ZSTD_decompress", false), ("ZSTD_decompressDCtx, kept", true)] {
        let mut entrants = Vec::new();
        for library in libraries {
            let functions = &library.functions;
            let context = kept.then(|| Context::decompress(functions, None)).transpose()?;
            let once = Box::new(move || {
                let context = context.as_ref().map(Context::raw);
                functions.decompress(context, packed, &mut out.borrow_mut())
            });
            entrants.push(decompressing(library.name, once, &data.bytes, out)?);
        }
        emit(Event::Race(named(operation, data, None, None, race(&mut entrants, pace)?)));
    }
    Ok(())
}
