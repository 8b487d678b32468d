//! deflate: whole files in one call, strategies, streams in pieces, small jobs.

use bench::job::{EngineJob, Pace, Part, Work};

use crate::Emit;
use crate::codec::{compressing, repeating, room};
use crate::data::Data;
use crate::engine::{Bench, FORMATS, Functions, IN_TURN, Live, code};
use crate::inflate::short;
use crate::libdeflate_abi::Format;
use crate::stage::{Row, Stage};
use crate::zlib_abi::{FINISH, OK, SYNC_FLUSH, Setup, pump};
use crate::zlib_memory;

/// `Z_FILTERED`, `Z_HUFFMAN_ONLY`, `Z_RLE`, `Z_FIXED`.
const STRATEGIES: [(&str, i32); 4] =
    [("Z_FILTERED", 1), ("Z_HUFFMAN_ONLY", 2), ("Z_RLE", 3), ("Z_FIXED", 4)];
/// Message sizes of `compress`.
const CALLS: [usize; 5] = [1, 50, 200, 1024, 4096];
/// Message sizes on a stream that has compressed more before.
const MESSAGES: [usize; 3] = [50, 200, 1024];
/// Sizes of different messages, in turn.
const TURNS: [usize; 3] = [200, 1024, 4096];
/// The level of the strategies and of the small jobs.
const DEFAULT_LEVEL: i32 = 6;
const DICTIONARY: usize = 1024;

/// Does the job.
pub fn run<'a>(job: &'a EngineJob, pace: &Pace, emit: &'a mut Emit<'a>) -> Result<(), String> {
    let (bench, mut stage) = Bench::open(job, Work::Deflate, pace, emit, races)?;
    if bench.has(Part::Memory) {
        for library in &bench.libraries {
            if let Functions::Zlib(functions) = &library.functions {
                let emit = &mut |event| stage.emit(event);
                zlib_memory::deflate(library.name, functions, &library.object, emit)?;
            }
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
    let count = |part, number| if bench.has(part) { number } else { 0 };
    let of_file = count(Part::OneCall, FORMATS.len() * job.levels.len())
        + count(Part::Strategy, STRATEGIES.len())
        + count(Part::Stream, job.stream_levels.len() * job.shapes.len());
    let messages = |size: usize| bench.messages(size).len();
    let turns = |size: usize| bench.messages_in_turn(size).len();
    let small = CALLS.into_iter().map(messages).sum::<usize>()
        + TURNS.into_iter().map(turns).sum::<usize>()
        + MESSAGES.into_iter().map(|size| 2 * messages(size)).sum::<usize>()
        + 2 * messages(DICTIONARY + 50)
        + 1;
    bench.files.len() * of_file + count(Part::Small, small)
}

fn file(bench: &Bench<'_>, data: &Data, stage: &mut Stage<'_>) -> Result<(), String> {
    for format in FORMATS {
        for &level in &bench.job.levels {
            if bench.has(Part::OneCall) {
                one_call(bench, data, format, level, stage)?;
            }
        }
    }
    for named in STRATEGIES {
        if bench.has(Part::Strategy) {
            strategy(bench, data, named, stage)?;
        }
    }
    for &level in &bench.job.stream_levels {
        for &shape in &bench.job.shapes {
            if bench.has(Part::Stream) {
                stream(bench, data, level, shape, stage)?;
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
    let out = &room(data.bytes.len());
    let entrants = bench.packing(format, level, &data.bytes, out)?;
    let operation = &format!("deflate {}, one call", format.name());
    stage.race(Row { part: Part::OneCall, operation, level: Some(level) }, data, entrants)
}

fn strategy(
    bench: &Bench<'_>,
    data: &Data,
    (name, strategy): (&str, i32),
    stage: &mut Stage<'_>,
) -> Result<(), String> {
    let setup = Setup { strategy, ..Setup::level(DEFAULT_LEVEL) };
    let out = &room(data.bytes.len());
    let judge = bench.judge(Format::Zlib);
    let mut entrants = Vec::new();
    for (library, functions) in bench.zlibs() {
        let once = Box::new(move || {
            let mut live = Live::deflate(library, functions, setup)?;
            live.finish(&data.bytes, &mut out.borrow_mut())
        });
        entrants.push(compressing(library, once, &judge, &data.bytes, out)?);
    }
    let operation = &format!("deflate zlib, {name}, one call");
    stage.race(Row { part: Part::Strategy, operation, level: Some(DEFAULT_LEVEL) }, data, entrants)
}

fn stream(
    bench: &Bench<'_>,
    data: &Data,
    level: i32,
    shape: (usize, usize),
    stage: &mut Stage<'_>,
) -> Result<(), String> {
    let out = &room(data.bytes.len());
    let judge = bench.judge(Format::Zlib);
    let mut entrants = Vec::new();
    for (library, functions) in bench.zlibs() {
        let mut live = Live::deflate(library, functions, Setup::level(level))?;
        let once = Box::new(move || {
            live.reset();
            let out = &mut out.borrow_mut();
            pump(&mut live.stream, functions.deflate, FINISH, &data.bytes, out, shape)
                .map_err(code(library, "deflate"))
        });
        entrants.push(compressing(library, once, &judge, &data.bytes, out)?);
    }
    let operation = &format!("deflate zlib, in {} out {}", short(shape.0), short(shape.1));
    stage.race(Row { part: Part::Stream, operation, level: Some(level) }, data, entrants)
}

fn small(bench: &Bench<'_>, stage: &mut Stage<'_>) -> Result<(), String> {
    for size in CALLS {
        for data in &bench.messages(size) {
            let out = &room(size);
            let entrants = bench.packing(Format::Zlib, DEFAULT_LEVEL, &data.bytes, out)?;
            let operation = &format!("compress, {size} B");
            stage.race(Row::small(operation), data, entrants)?;
        }
    }
    for size in TURNS {
        for messages in &bench.messages_in_turn(size) {
            let out = &room(size);
            let entrants = bench.packing_in_turn(Format::Zlib, DEFAULT_LEVEL, messages, out)?;
            let operation = &format!("compress, {size} B, {IN_TURN} in turn");
            stage.race(Row::small(operation), &messages[0], entrants)?;
        }
    }

    let none = &Data { name: "(no data)".to_owned(), bytes: Vec::new() };
    let mut entrants = Vec::new();
    for (name, functions) in bench.zlibs() {
        let setup = Setup::level(DEFAULT_LEVEL);
        let once = Box::new(move || Live::deflate(name, functions, setup).map(|_| 0));
        entrants.push(repeating(name, once, None));
    }
    stage.race(Row::small("deflateInit, deflateEnd"), none, entrants)?;

    for source in &bench.messages(DICTIONARY + 50) {
        after_dictionary(bench, source, stage)?;
    }
    for size in MESSAGES {
        for data in &bench.messages(size) {
            on_used_stream(bench, data, stage)?;
        }
    }
    Ok(())
}

/// The last 50 bytes of `source`, with the bytes before them as the dictionary.
fn after_dictionary(bench: &Bench<'_>, source: &Data, stage: &mut Stage<'_>) -> Result<(), String> {
    let (dictionary, message) = source.bytes.split_at(DICTIONARY);
    let data = &Data { name: source.name.clone(), bytes: message.to_vec() };
    let out = &room(message.len());
    let setup = Setup { window_bits: -15, ..Setup::level(DEFAULT_LEVEL) };
    // A raw stream with a dictionary is one whose history is the dictionary.
    let judge = bench.judge_after(dictionary);
    let (mut whole, mut kept) = (Vec::new(), Vec::new());
    for (name, functions) in bench.zlibs() {
        let once = Box::new(move || {
            let mut live = Live::deflate(name, functions, setup)?;
            live.set_dictionary(dictionary)?;
            live.finish(message, &mut out.borrow_mut())
        });
        whole.push(compressing(name, once, &judge, message, out)?);
        let mut live = Live::deflate(name, functions, setup)?;
        let once = Box::new(move || {
            live.reset();
            live.set_dictionary(dictionary)?;
            live.finish(message, &mut out.borrow_mut())
        });
        kept.push(compressing(name, once, &judge, message, out)?);
    }
    let operation = "50 B after a dictionary of 1 KiB, Init to End";
    stage.race(Row::small(operation), data, whole)?;
    let operation = "50 B after a dictionary of 1 KiB, Reset";
    stage.race(Row::small(operation), data, kept)
}

/// A message on a stream that has compressed a file before: after `deflateReset`, and with the
/// history kept and `Z_SYNC_FLUSH` behind each message, as in a WebSocket.
fn on_used_stream(bench: &Bench<'_>, data: &Data, stage: &mut Stage<'_>) -> Result<(), String> {
    let size = data.bytes.len();
    let setup = Setup::level(DEFAULT_LEVEL);
    let used = bench.files.iter().find(|file| file.name == data.name);
    let used = &used.ok_or("a message has no file")?.bytes;
    let out = &room(used.len());
    let judge = bench.judge(Format::Zlib);
    let (mut reset, mut flushed) = (Vec::new(), Vec::new());
    for (name, functions) in bench.zlibs() {
        let mut live = Live::deflate(name, functions, setup)?;
        live.finish(used, &mut out.borrow_mut())?;
        let once = Box::new(move || {
            live.reset();
            live.finish(&data.bytes, &mut out.borrow_mut())
        });
        reset.push(compressing(name, once, &judge, &data.bytes, out)?);

        let mut live = Live::deflate(name, functions, setup)?;
        live.once(SYNC_FLUSH, OK, used, &mut out.borrow_mut())?;
        let once = Box::new(move || live.once(SYNC_FLUSH, OK, &data.bytes, &mut out.borrow_mut()));
        flushed.push(repeating(name, once, None));
    }
    let operation = &format!("{size} B after deflateReset of a used stream");
    stage.race(Row::small(operation), data, reset)?;
    let operation = &format!("{size} B, Z_SYNC_FLUSH, history kept");
    stage.race(Row::small(operation), data, flushed)
}
