//! inflate: whole files in one call, streams in pieces, small streams.

use bench::job::{EngineJob, Event, Pace, Part, Work};

use crate::Emit;
use crate::codec::{Once, decompressing, room};
use crate::data::Data;
use crate::engine::{
    FORMATS, Functions, Lib, Live, code, files, libraries, messages, pack, unpack, zlibs,
};
use crate::libdeflate_abi::Format;
use crate::race::Entrant;
use crate::stage::{Row, Stage};
use crate::zlib_abi::{NO_FLUSH, STREAM_END, pump};
use crate::zlib_memory;

/// Message sizes, from Init to End and with a stream that is kept.
const STREAMS: [usize; 4] = [100, 200, 1024, 4096];
/// Message sizes of `uncompress`.
const CALLS: [usize; 4] = [1, 8, 20, 50];
/// The level of the streams in the small rows.
const SMALL_LEVEL: i32 = 6;

/// Does the job.
pub fn run<'a>(job: &'a EngineJob, pace: &Pace, emit: &'a mut Emit<'a>) -> Result<(), String> {
    let mut stage = Stage::new(job, Work::Inflate, *pace, emit)?;
    let mut events = Vec::new();
    let (libraries, reference) = libraries(job, &mut events)?;
    let files = files(job)?;
    let bench = Bench { job, libraries, reference, files };
    let races = if job.parts.is_empty() { 0 } else { bench.races() };
    stage.open(events, races)?;
    if job.parts.contains(&Part::Memory) {
        for library in &bench.libraries {
            if let Functions::Zlib(functions) = &library.functions {
                stage.emit(Event::Memory(zlib_memory::inflate(library.name, functions)?));
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
        let whole = if self.has(Part::OneCall) { job.levels.len() } else { 0 };
        let pieces =
            if self.has(Part::Stream) { job.stream_levels.len() * job.shapes.len() } else { 0 };
        let messages = |sizes: &[usize]| -> usize {
            sizes.iter().map(|size| messages(job, &self.files, *size).len()).sum()
        };
        let small =
            if self.has(Part::Small) { 2 * messages(&STREAMS) + messages(&CALLS) } else { 0 };
        self.files.len() * FORMATS.len() * (whole + pieces) + small
    }

    /// A stream that the reference library makes.
    fn packed(&self, data: &[u8], format: Format, level: i32) -> Result<Vec<u8>, String> {
        let out = room(data.len());
        let once = pack(&self.reference, format, level, data, &out);
        let size = once.ok_or("the reference library cannot compress")?()?;
        let mut packed = out.into_inner();
        packed.truncate(size);
        packed.shrink_to_fit();
        Ok(packed)
    }

    fn file(&self, data: &Data, stage: &mut Stage<'_>) -> Result<(), String> {
        for format in FORMATS {
            for &level in &self.job.levels {
                if self.has(Part::OneCall) {
                    self.one_call(data, format, level, stage)?;
                }
            }
            for &level in &self.job.stream_levels {
                if self.has(Part::Stream) {
                    let packed = self.packed(&data.bytes, format, level)?;
                    for &shape in &self.job.shapes {
                        self.stream(data, format, level, &packed, shape, stage)?;
                    }
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
        let packed = &self.packed(&data.bytes, format, level)?;
        let out = &room(data.bytes.len());
        let size = data.bytes.len();
        let mut entrants = Vec::new();
        for library in &self.libraries {
            let once =
                Box::new(move || unpack(library, format, packed, &mut out.borrow_mut()[..size]));
            entrants.push(decompressing(library.name, once, &data.bytes, out)?);
        }
        let operation = &format!("inflate {}, one call", format.name());
        stage.race(Row { part: Part::OneCall, operation, level: Some(level) }, data, entrants)
    }

    fn stream(
        &self,
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
        for library in &self.libraries {
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

    fn small(&self, stage: &mut Stage<'_>) -> Result<(), String> {
        for size in STREAMS {
            for data in &messages(self.job, &self.files, size) {
                let packed = &self.packed(&data.bytes, Format::Zlib, SMALL_LEVEL)?;
                self.small_streams(data, packed, stage)?;
            }
        }
        for size in CALLS {
            for data in &messages(self.job, &self.files, size) {
                let packed = &self.packed(&data.bytes, Format::Zlib, SMALL_LEVEL)?;
                let out = &room(size);
                let mut entrants = Vec::new();
                for library in &self.libraries {
                    let once = Box::new(move || {
                        unpack(library, Format::Zlib, packed, &mut out.borrow_mut()[..size])
                    });
                    entrants.push(decompressing(library.name, once, &data.bytes, out)?);
                }
                let operation = &format!("uncompress, {size} B");
                stage.race(Row { part: Part::Small, operation, level: None }, data, entrants)?;
            }
        }
        Ok(())
    }

    /// From Init to End, then with a stream that is kept and reset.
    fn small_streams(
        &self,
        data: &Data,
        packed: &[u8],
        stage: &mut Stage<'_>,
    ) -> Result<(), String> {
        // As programs do it that do not know the size: with more room than is needed.
        let out = &room(16 << 10);
        let mut whole: Vec<Entrant<'_>> = Vec::new();
        let mut kept: Vec<Entrant<'_>> = Vec::new();
        for (name, functions) in zlibs(&self.libraries) {
            let once = Box::new(move || {
                let mut live = Live::inflate(name, functions, Format::Zlib)?;
                live.once(NO_FLUSH, STREAM_END, packed, &mut out.borrow_mut())
            });
            whole.push(decompressing(name, once, &data.bytes, out)?);
            let mut live = Live::inflate(name, functions, Format::Zlib)?;
            let once = Box::new(move || {
                live.reset();
                live.once(NO_FLUSH, STREAM_END, packed, &mut out.borrow_mut())
            });
            kept.push(decompressing(name, once, &data.bytes, out)?);
        }
        for library in &self.libraries {
            if !matches!(library.functions, Functions::Zlib(_)) {
                // These keep their state, in both rows.
                for entrants in [&mut whole, &mut kept] {
                    let size = data.bytes.len();
                    let once = Box::new(move || {
                        unpack(library, Format::Zlib, packed, &mut out.borrow_mut()[..size])
                    });
                    entrants.push(decompressing(library.name, once, &data.bytes, out)?);
                }
            }
        }
        let size = data.bytes.len();
        let operation = &format!("inflate zlib, {size} B, Init to End");
        stage.race(Row { part: Part::Small, operation, level: None }, data, whole)?;
        let operation = &format!("inflate zlib, {size} B, Reset");
        stage.race(Row { part: Part::Small, operation, level: None }, data, kept)
    }
}

/// A size in few letters.
pub fn short(bytes: usize) -> String {
    if bytes >= 1024 && bytes.is_multiple_of(1024) {
        format!("{}K", bytes / 1024)
    } else {
        bytes.to_string()
    }
}
