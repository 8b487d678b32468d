//! deflate: whole files in one call, strategies, streams in pieces, small jobs.

use bench::job::{EngineJob, Pace, Part, Work};

use crate::Emit;
use crate::codec::{compressing, repeating, room};
use crate::data::Data;
use crate::engine::{
    FORMATS, Functions, Lib, Live, code, files, libraries, messages, pack, unpack, unpack_after,
    zlibs,
};
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
/// The level of the strategies and of the small jobs.
const DEFAULT_LEVEL: i32 = 6;
const DICTIONARY: usize = 1024;

/// Does the job.
pub fn run<'a>(job: &'a EngineJob, pace: &Pace, emit: &'a mut Emit<'a>) -> Result<(), String> {
    let mut stage = Stage::new(job, Work::Deflate, *pace, emit)?;
    let mut events = Vec::new();
    let (libraries, reference) = libraries(job, &mut events)?;
    let files = files(job)?;
    let bench = Bench { job, libraries, reference, files };
    stage.open(events, bench.races())?;
    if job.parts.contains(&Part::Memory) {
        for library in &bench.libraries {
            if let Functions::Zlib(functions) = &library.functions {
                let emit = &mut |event| stage.emit(event);
                zlib_memory::deflate(library.name, functions, &library.object, emit)?;
            }
        }
    }
    for data in &bench.files {
        bench.file(data, &mut stage)?;
    }
    if job.parts.contains(&Part::Small) {
        bench.small(&mut stage)?;
    }
    Ok(())
}

struct Bench<'a> {
    job: &'a EngineJob,
    libraries: Vec<Lib<'a>>,
    reference: Lib<'a>,
    files: Vec<Data>,
}

impl Bench<'_> {
    fn has(&self, part: Part) -> bool {
        self.job.parts.contains(&part)
    }

    fn races(&self) -> usize {
        let job = self.job;
        let count = |part, number| if self.has(part) { number } else { 0 };
        let of_file = count(Part::OneCall, FORMATS.len() * job.levels.len())
            + count(Part::Strategy, STRATEGIES.len())
            + count(Part::Stream, job.stream_levels.len() * job.shapes.len());
        let messages = |size: usize| messages(job, &self.files, size).len();
        let small = CALLS.into_iter().map(messages).sum::<usize>()
            + MESSAGES.into_iter().map(|size| 2 * messages(size)).sum::<usize>()
            + 2 * messages(DICTIONARY + 50)
            + 1;
        self.files.len() * of_file + count(Part::Small, small)
    }

    /// Decompresses with the reference library, to see what another has made.
    fn judge(&self, format: Format) -> impl Fn(&[u8], &mut [u8]) -> Result<usize, String> {
        move |packed, out| unpack(&self.reference, format, packed, out)
    }

    fn file(&self, data: &Data, stage: &mut Stage<'_>) -> Result<(), String> {
        for format in FORMATS {
            for &level in &self.job.levels {
                if self.has(Part::OneCall) {
                    self.one_call(data, format, level, stage)?;
                }
            }
        }
        for (name, strategy) in STRATEGIES {
            if self.has(Part::Strategy) {
                self.strategy(data, name, strategy, stage)?;
            }
        }
        for &level in &self.job.stream_levels {
            for &shape in &self.job.shapes {
                if self.has(Part::Stream) {
                    self.stream(data, level, shape, stage)?;
                }
            }
        }
        Ok(())
    }

    fn one_call(
        &self,
        data: &Data,
        format: Format,
        level: i32,
        stage: &mut Stage<'_>,
    ) -> Result<(), String> {
        let out = &room(data.bytes.len());
        let judge = self.judge(format);
        let mut entrants = Vec::new();
        for library in &self.libraries {
            if let Some(once) = pack(library, format, level, &data.bytes, out) {
                entrants.push(compressing(library.name, once, &judge, &data.bytes, out)?);
            }
        }
        let operation = &format!("deflate {}, one call", format.name());
        stage.race(Row { part: Part::OneCall, operation, level: Some(level) }, data, entrants)
    }

    fn strategy(
        &self,
        data: &Data,
        name: &str,
        strategy: i32,
        stage: &mut Stage<'_>,
    ) -> Result<(), String> {
        let setup = Setup { strategy, ..Setup::level(DEFAULT_LEVEL) };
        let out = &room(data.bytes.len());
        let judge = self.judge(Format::Zlib);
        let mut entrants = Vec::new();
        for (library, functions) in zlibs(&self.libraries) {
            let once = Box::new(move || {
                let mut live = Live::deflate(library, functions, setup)?;
                live.finish(&data.bytes, &mut out.borrow_mut())
            });
            entrants.push(compressing(library, once, &judge, &data.bytes, out)?);
        }
        let operation = &format!("deflate zlib, {name}, one call");
        stage.race(
            Row { part: Part::Strategy, operation, level: Some(DEFAULT_LEVEL) },
            data,
            entrants,
        )
    }

    fn stream(
        &self,
        data: &Data,
        level: i32,
        shape: (usize, usize),
        stage: &mut Stage<'_>,
    ) -> Result<(), String> {
        let out = &room(data.bytes.len());
        let judge = self.judge(Format::Zlib);
        let mut entrants = Vec::new();
        for (library, functions) in zlibs(&self.libraries) {
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

    fn small(&self, stage: &mut Stage<'_>) -> Result<(), String> {
        for size in CALLS {
            for data in &messages(self.job, &self.files, size) {
                let out = &room(size);
                let judge = self.judge(Format::Zlib);
                let mut entrants = Vec::new();
                for library in &self.libraries {
                    if let Some(once) = pack(library, Format::Zlib, DEFAULT_LEVEL, &data.bytes, out)
                    {
                        entrants.push(compressing(library.name, once, &judge, &data.bytes, out)?);
                    }
                }
                let operation = &format!("compress, {size} B");
                stage.race(Row { part: Part::Small, operation, level: None }, data, entrants)?;
            }
        }

        let none = &Data { name: "(no data)".to_owned(), bytes: Vec::new() };
        let mut entrants = Vec::new();
        for (name, functions) in zlibs(&self.libraries) {
            let setup = Setup::level(DEFAULT_LEVEL);
            let once = Box::new(move || Live::deflate(name, functions, setup).map(|_| 0));
            entrants.push(repeating(name, once, None));
        }
        stage.race(
            Row { part: Part::Small, operation: "deflateInit, deflateEnd", level: None },
            none,
            entrants,
        )?;

        for source in &messages(self.job, &self.files, DICTIONARY + 50) {
            self.after_dictionary(source, stage)?;
        }
        for size in MESSAGES {
            for data in &messages(self.job, &self.files, size) {
                self.on_used_stream(data, stage)?;
            }
        }
        Ok(())
    }

    /// The last 50 bytes of `source`, with the bytes before them as the dictionary.
    fn after_dictionary(&self, source: &Data, stage: &mut Stage<'_>) -> Result<(), String> {
        let (dictionary, message) = source.bytes.split_at(DICTIONARY);
        let data = &Data { name: source.name.clone(), bytes: message.to_vec() };
        let out = &room(message.len());
        let setup = Setup { window_bits: -15, ..Setup::level(DEFAULT_LEVEL) };
        // A raw stream with a dictionary is one whose history is the dictionary.
        let judge = |packed: &[u8], back: &mut [u8]| -> Result<usize, String> {
            unpack_after(&self.reference, dictionary, packed, back)
        };
        let (mut whole, mut kept) = (Vec::new(), Vec::new());
        for (name, functions) in zlibs(&self.libraries) {
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
        stage.race(Row { part: Part::Small, operation, level: None }, data, whole)?;
        let operation = "50 B after a dictionary of 1 KiB, Reset";
        stage.race(Row { part: Part::Small, operation, level: None }, data, kept)
    }

    /// A message on a stream that has compressed a file before: after `deflateReset`, and with the
    /// history kept and `Z_SYNC_FLUSH` behind each message, as in a WebSocket.
    fn on_used_stream(&self, data: &Data, stage: &mut Stage<'_>) -> Result<(), String> {
        let size = data.bytes.len();
        let setup = Setup::level(DEFAULT_LEVEL);
        let used = self.files.iter().find(|file| file.name == data.name);
        let used = &used.ok_or("a message has no file")?.bytes;
        let out = &room(used.len());
        let judge = self.judge(Format::Zlib);
        let (mut reset, mut flushed) = (Vec::new(), Vec::new());
        for (name, functions) in zlibs(&self.libraries) {
            let mut live = Live::deflate(name, functions, setup)?;
            live.finish(used, &mut out.borrow_mut())?;
            let once = Box::new(move || {
                live.reset();
                live.finish(&data.bytes, &mut out.borrow_mut())
            });
            reset.push(compressing(name, once, &judge, &data.bytes, out)?);

            let mut live = Live::deflate(name, functions, setup)?;
            live.once(SYNC_FLUSH, OK, used, &mut out.borrow_mut())?;
            let once =
                Box::new(move || live.once(SYNC_FLUSH, OK, &data.bytes, &mut out.borrow_mut()));
            flushed.push(repeating(name, once, None));
        }
        let operation = &format!("{size} B after deflateReset of a used stream");
        stage.race(Row { part: Part::Small, operation, level: None }, data, reset)?;
        let operation = &format!("{size} B, Z_SYNC_FLUSH, history kept");
        stage.race(Row { part: Part::Small, operation, level: None }, data, flushed)
    }
}
