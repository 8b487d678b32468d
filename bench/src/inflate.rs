//! inflate: whole files in one call, streams in pieces, small streams.

use std::cell::RefCell;

use bench::job::{EngineJob, Event, Pace, Part, Work};

use crate::Emit;
use crate::codec::{Once, decompressing, in_turn, repeating, room, try_decompressing};
use crate::data::Data;
use crate::engine::{Bench, FORMATS, Functions, IN_TURN, Live, code, unpack, unpacking};
use crate::libdeflate_abi::Format;
use crate::race::Entrant;
use crate::stage::{Row, Stage};
use crate::zlib_abi::{NO_FLUSH, STREAM_END, Zlib, pump};
use crate::zlib_memory;

/// Message sizes, from Init to End and with a stream that is kept.
const STREAMS: [usize; 4] = [100, 200, 1024, 4096];
/// Message sizes of `uncompress`.
const CALLS: [usize; 4] = [1, 8, 20, 50];
/// The level of the streams in the small rows.
const SMALL_LEVEL: i32 = 6;

/// Does the job.
pub fn run<'a>(job: &'a EngineJob, pace: &Pace, emit: &'a mut Emit<'a>) -> Result<(), String> {
    let (bench, mut stage) = Bench::open(job, Work::Inflate, pace, emit, races)?;
    if bench.has(Part::Memory) {
        for (name, functions) in bench.zlibs() {
            stage.emit(Event::Memory(zlib_memory::inflate(name, functions)?));
        }
    }
    for data in &bench.files {
        file(&bench, data, &mut stage)?;
    }
    if bench.has(Part::Small) {
        small(&bench, &mut stage)?;
    }
    Ok(())
}

fn races(bench: &Bench<'_>) -> usize {
    let job = bench.job;
    let whole = if bench.has(Part::OneCall) { job.levels.len() } else { 0 };
    let pieces =
        if bench.has(Part::Stream) { job.stream_levels.len() * job.shapes.len() } else { 0 };
    let messages =
        |sizes: &[usize]| -> usize { sizes.iter().map(|size| bench.messages(*size).len()).sum() };
    let turns: usize = STREAMS.iter().map(|size| bench.messages_in_turn(*size).len()).sum();
    let small = 2 * messages(&STREAMS) + turns + messages(&CALLS);
    let small = if bench.has(Part::Small) { small } else { 0 };
    bench.files.len() * FORMATS.len() * (whole + pieces) + small
}

fn file(bench: &Bench<'_>, data: &Data, stage: &mut Stage<'_>) -> Result<(), String> {
    for format in FORMATS {
        for &level in &bench.job.levels {
            if bench.has(Part::OneCall) {
                one_call(bench, data, format, level, stage)?;
            }
        }
        for &level in &bench.job.stream_levels {
            if bench.has(Part::Stream) {
                let packed = bench.packed(&data.bytes, format, level)?;
                for &shape in &bench.job.shapes {
                    stream(bench, data, format, level, &packed, shape, stage)?;
                }
            }
        }
    }
    Ok(())
}

fn one_call(
    bench: &Bench<'_>,
    data: &Data,
    format: Format,
    level: i32,
    stage: &mut Stage<'_>,
) -> Result<(), String> {
    let packed = &bench.packed(&data.bytes, format, level)?;
    let out = &room(data.bytes.len());
    let entrants = bench.unpacking(format, packed, &data.bytes, out)?;
    let operation = &format!("inflate {}, one call", format.name());
    stage.race(Row { part: Part::OneCall, operation, level: Some(level) }, data, entrants)
}

fn stream(
    bench: &Bench<'_>,
    data: &Data,
    format: Format,
    level: i32,
    packed: &[u8],
    shape: (usize, usize),
    stage: &mut Stage<'_>,
) -> Result<(), String> {
    let out = &room(data.bytes.len());
    let size = data.bytes.len();
    let mut entrants = Vec::new();
    for library in &bench.libraries {
        let name = library.name;
        let once: Once<'_> = match &library.functions {
            Functions::Zlib(functions) => {
                let mut live = Live::inflate(name, functions, format)?;
                Box::new(move || {
                    live.reset();
                    let out = &mut out.borrow_mut();
                    let step = functions.inflate;
                    pump(&mut live.stream, step, NO_FLUSH, packed, out, shape)
                        .map_err(code(name, "inflate"))
                })
            }
            Functions::Isal(functions) => Box::new(move || {
                let done = functions.pump(format, packed, &mut out.borrow_mut(), shape);
                done.map_err(code(name, "isal_inflate"))
            }),
            // It takes no pieces: its whole-buffer call is an upper bound.
            Functions::Libdeflate(_) => {
                Box::new(move || unpack(library, format, packed, &mut out.borrow_mut()[..size]))
            }
        };
        entrants.push(decompressing(name, once, &data.bytes, out)?);
    }
    let operation =
        &format!("inflate {}, in {} out {}", format.name(), short(shape.0), short(shape.1));
    stage.race(Row { part: Part::Stream, operation, level: Some(level) }, data, entrants)
}

fn small(bench: &Bench<'_>, stage: &mut Stage<'_>) -> Result<(), String> {
    for size in STREAMS {
        for data in &bench.messages(size) {
            let packed = &bench.packed(&data.bytes, Format::Zlib, SMALL_LEVEL)?;
            small_streams(bench, data, packed, stage)?;
        }
        for messages in &bench.messages_in_turn(size) {
            streams_in_turn(bench, messages, stage)?;
        }
    }
    for size in CALLS {
        for data in &bench.messages(size) {
            let packed = &bench.packed(&data.bytes, Format::Zlib, SMALL_LEVEL)?;
            let out = &room(size);
            let entrants = bench.unpacking(Format::Zlib, packed, &data.bytes, out)?;
            let operation = &format!("uncompress, {size} B");
            stage.race(Row::small(operation), data, entrants)?;
        }
    }
    Ok(())
}

/// From Init to End, then with a stream that is kept and reset.
fn small_streams(
    bench: &Bench<'_>,
    data: &Data,
    packed: &[u8],
    stage: &mut Stage<'_>,
) -> Result<(), String> {
    // As programs do it that do not know the size: with more room than is needed.
    let out = &room(16 << 10);
    let mut whole: Vec<Entrant<'_>> = Vec::new();
    let mut kept: Vec<Entrant<'_>> = Vec::new();
    for (name, functions) in bench.zlibs() {
        let once = whole_stream(name, functions, packed, out);
        whole.push(decompressing(name, once, &data.bytes, out)?);
        let mut live = Live::inflate(name, functions, Format::Zlib)?;
        let once = Box::new(move || {
            live.reset();
            live.once(NO_FLUSH, STREAM_END, packed, &mut out.borrow_mut())
        });
        kept.push(decompressing(name, once, &data.bytes, out)?);
    }
    for library in &bench.libraries {
        if !matches!(library.functions, Functions::Zlib(_)) {
            // These keep their state, in both rows.
            for entrants in [&mut whole, &mut kept] {
                entrants.push(unpacking(library, Format::Zlib, packed, &data.bytes, out)?);
            }
        }
    }
    let size = data.bytes.len();
    let operation = &format!("inflate zlib, {size} B, Init to End");
    stage.race(Row::small(operation), data, whole)?;
    let operation = &format!("inflate zlib, {size} B, Reset");
    stage.race(Row::small(operation), data, kept)
}

/// A stream from Init to End.
fn whole_stream<'a>(
    library: &'a str,
    functions: &'a Zlib,
    packed: &'a [u8],
    out: &'a RefCell<Vec<u8>>,
) -> Once<'a> {
    Box::new(move || {
        let mut live = Live::inflate(library, functions, Format::Zlib)?;
        live.once(NO_FLUSH, STREAM_END, packed, &mut out.borrow_mut())
    })
}

/// From Init to End, of another stream each time.
fn streams_in_turn(
    bench: &Bench<'_>,
    messages: &[Data],
    stage: &mut Stage<'_>,
) -> Result<(), String> {
    let out = &room(16 << 10);
    let pack = |data: &Data| bench.packed(&data.bytes, Format::Zlib, SMALL_LEVEL);
    let packed = &messages.iter().map(pack).collect::<Result<Vec<_>, _>>()?;
    let mut entrants = Vec::new();
    for library in &bench.libraries {
        let mut calls: Vec<Once<'_>> = Vec::new();
        for (data, packed) in messages.iter().zip(packed) {
            let size = data.bytes.len();
            let mut once: Once<'_> = match &library.functions {
                Functions::Zlib(functions) => whole_stream(library.name, functions, packed, out),
                _ => Box::new(move || {
                    unpack(library, Format::Zlib, packed, &mut out.borrow_mut()[..size])
                }),
            };
            try_decompressing(library.name, &mut once, &data.bytes, out)?;
            calls.push(once);
        }
        entrants.push(repeating(library.name, in_turn(calls), None));
    }
    let size = messages[0].bytes.len();
    let operation = &format!("inflate zlib, {size} B, {IN_TURN} in turn, Init to End");
    stage.race(Row::small(operation), &messages[0], entrants)
}

/// A size in few letters.
pub fn short(bytes: usize) -> String {
    if bytes >= 1024 && bytes.is_multiple_of(1024) {
        format!("{}K", bytes / 1024)
    } else {
        bytes.to_string()
    }
}
