//! What the inflate and deflate benchmarks have in common: the libraries, the files, a stream
//! between Init and End.

use std::cell::RefCell;
use std::fs::File;
use std::os::unix::fs::FileExt;

use bench::job::{EngineJob, Interface, Library, Pace, Part, Work};

use crate::Emit;
use crate::codec::{
    Member, Once, compressing, decompressing, in_turn, load, repeating, room, try_compressing,
};
use crate::data::Data;
use crate::isal_abi::Isal;
use crate::libdeflate_abi::{Format, Libdeflate};
use crate::race::Entrant;
use crate::stage::Stage;
use crate::zlib_abi::{FINISH, OK, STREAM_END, Setup, Stream, Zlib, step_once};
use drive::Object;

/// What a library can do.
pub enum Functions {
    /// zlib.h.
    Zlib(Zlib),
    /// libdeflate.h.
    Libdeflate(Libdeflate),
    /// igzip_lib.h.
    Isal(Isal),
}

/// A library with its functions.
pub type Lib<'a> = Member<'a, Functions>;

/// Both formats.
pub const FORMATS: [Format; 2] = [Format::Raw, Format::Zlib];

impl Format {
    /// Its name in operations.
    pub fn name(self) -> &'static str {
        match self {
            Format::Raw => "raw",
            Format::Zlib => "zlib",
        }
    }

    /// `windowBits` for it and the largest window.
    pub fn window_bits(self) -> i32 {
        match self {
            Format::Raw => -15,
            Format::Zlib => 15,
        }
    }
}

/// What a benchmark of an engine works with.
pub struct Bench<'a> {
    /// What is asked for.
    pub job: &'a EngineJob,
    /// Those that are measured.
    pub libraries: Vec<Lib<'a>>,
    /// What the others' results are judged by. If it is measured too, it is loaded another time: the
    /// loader gives the same object.
    reference: Lib<'a>,
    /// The job's files.
    pub files: Vec<Data>,
}

/// How many different messages a row has whose messages come in turn.
pub const IN_TURN: usize = 50;

impl<'a> Bench<'a> {
    /// Loads all of it, and opens the stage for as many races as `races` says.
    pub fn open(
        job: &'a EngineJob,
        work: fn(EngineJob) -> Work,
        pace: &Pace,
        emit: &'a mut Emit<'a>,
        races: impl FnOnce(&Bench<'_>) -> usize,
    ) -> Result<(Bench<'a>, Stage<'a>), String> {
        let mut stage = Stage::new(job, work, *pace, emit)?;
        let mut loaded = Vec::new();
        let libraries = load(&job.libraries, functions_of, &mut |event| loaded.push(event));
        if libraries.is_empty() {
            return Err("no library to measure".to_owned());
        }
        let only = std::slice::from_ref(&job.reference);
        let reference = load(only, functions_of, &mut |_| ())
            .pop()
            .ok_or_else(|| format!("the reference library {} does not load", job.reference.name))?;
        let bench = Bench { job, libraries, reference, files: files(job)? };
        stage.open(loaded, races(&bench))?;
        Ok((bench, stage))
    }

    /// Whether the job asks for this part.
    pub fn has(&self, part: Part) -> bool {
        self.job.parts.contains(&part)
    }

    /// Those of the libraries with zlib.h's functions.
    pub fn zlibs(&self) -> impl Iterator<Item = (&'a str, &Zlib)> {
        self.libraries.iter().filter_map(|library| match &library.functions {
            Functions::Zlib(functions) => Some((library.name, functions)),
            Functions::Libdeflate(_) | Functions::Isal(_) => None,
        })
    }

    /// The files that small jobs take their messages from, as far as these have `size` bytes.
    fn sources(&self, size: usize) -> impl Iterator<Item = &Data> {
        let sources = self.files.iter().zip(&self.job.files);
        let sources = sources.filter(move |(file, input)| input.small && file.bytes.len() >= size);
        sources.map(|(file, _)| file)
    }

    /// `size` bytes of each of those files.
    pub fn messages(&self, size: usize) -> Vec<Data> {
        self.sources(size).map(|file| file.piece((file.bytes.len() - size) / 2, size)).collect()
    }

    /// The same, [`IN_TURN`] pieces of each file: a call whose input is always the same is known to the
    /// CPU's branch prediction, as it is in few programs.
    pub fn messages_in_turn(&self, size: usize) -> Vec<Vec<Data>> {
        let pieces = |file: &Data| {
            let step = (file.bytes.len() - size) / IN_TURN;
            (0..IN_TURN).map(|i| file.piece(i * step, size)).collect()
        };
        self.sources(2 * size).map(pieces).collect()
    }

    /// Decompresses with the reference library, to see what another has made.
    pub fn judge(&self, format: Format) -> impl Fn(&[u8], &mut [u8]) -> Result<usize, String> {
        move |packed, out| unpack(&self.reference, format, packed, out)
    }

    /// The same of a raw stream whose history is `dictionary`.
    pub fn judge_after(
        &self,
        dictionary: &[u8],
    ) -> impl Fn(&[u8], &mut [u8]) -> Result<usize, String> {
        let Lib { name, functions, .. } = &self.reference;
        move |packed, out| {
            let Functions::Zlib(functions) = functions else {
                return Err(format!("{name} takes no dictionary"));
            };
            let mut live = Live::inflate(name, functions, Format::Raw)?;
            live.set_dictionary(dictionary)?;
            live.finish(packed, out)
        }
    }

    /// A stream that the reference library makes.
    pub fn packed(&self, data: &[u8], format: Format, level: i32) -> Result<Vec<u8>, String> {
        let out = room(data.len());
        let once = pack(&self.reference, format, level, data, &out);
        let size = once.ok_or("the reference library cannot compress")?()?;
        let mut packed = out.into_inner();
        packed.truncate(size);
        packed.shrink_to_fit();
        Ok(packed)
    }

    /// All libraries that can compress `data` in one call.
    pub fn packing<'b>(
        &'b self,
        format: Format,
        level: i32,
        data: &'b [u8],
        out: &'b RefCell<Vec<u8>>,
    ) -> Result<Vec<Entrant<'b>>, String> {
        let judge = self.judge(format);
        let entrant = |library: &'b Lib<'_>| {
            let once = pack(library, format, level, data, out)?;
            Some(compressing(library.name, once, &judge, data, out))
        };
        self.libraries.iter().filter_map(entrant).collect()
    }

    /// All libraries that can compress, each compressing one of the messages a call, in turn.
    pub fn packing_in_turn<'b>(
        &'b self,
        format: Format,
        level: i32,
        messages: &'b [Data],
        out: &'b RefCell<Vec<u8>>,
    ) -> Result<Vec<Entrant<'b>>, String> {
        let judge = self.judge(format);
        let mut entrants = Vec::new();
        for library in &self.libraries {
            let mut calls = Vec::new();
            for Data { bytes, .. } in messages {
                let Some(mut once) = pack(library, format, level, bytes, out) else { break };
                try_compressing(library.name, &mut once, &judge, bytes, out)?;
                calls.push(once);
            }
            if !calls.is_empty() {
                entrants.push(repeating(library.name, in_turn(calls), None));
            }
        }
        Ok(entrants)
    }

    /// All libraries, each decompressing `packed` in one call, of which comes `data`.
    pub fn unpacking<'b>(
        &'b self,
        format: Format,
        packed: &'b [u8],
        data: &[u8],
        out: &'b RefCell<Vec<u8>>,
    ) -> Result<Vec<Entrant<'b>>, String> {
        let entrant = |library| unpacking(library, format, packed, data, out);
        self.libraries.iter().map(entrant).collect()
    }
}

/// A library that decompresses `packed` in one call, of which comes `data`.
pub fn unpacking<'a>(
    library: &'a Lib<'_>,
    format: Format,
    packed: &'a [u8],
    data: &[u8],
    out: &'a RefCell<Vec<u8>>,
) -> Result<Entrant<'a>, String> {
    let size = data.len();
    let once = Box::new(move || unpack(library, format, packed, &mut out.borrow_mut()[..size]));
    decompressing(library.name, once, data, out)
}

fn functions_of(library: &Library, object: &Object) -> Result<Functions, String> {
    match library.interface {
        Interface::Zlib => Zlib::of(object).map(Functions::Zlib),
        Interface::Libdeflate => Libdeflate::of(object).map(Functions::Libdeflate),
        Interface::Isal => Isal::of(object).map(Functions::Isal),
        Interface::Zstd => Err("zstd is not zlib".to_owned()),
    }
}

/// The job's files.
fn files(job: &EngineJob) -> Result<Vec<Data>, String> {
    let read = |input: &bench::job::Input| {
        let mut bytes = vec![0; input.bytes];
        File::open(&input.path)
            .and_then(|file| file.read_exact_at(&mut bytes, input.from as u64))
            .map_err(|e| format!("{}: {e}", input.path.display()))?;
        Ok(Data { name: input.name.clone(), bytes })
    };
    job.files.iter().map(read).collect()
}

/// A code as an error.
pub fn code<'a>(library: &'a str, function: &'a str) -> impl Fn(i32) -> String + 'a {
    move |code| format!("{library}: {function} returned {code}")
}

/// Decompresses `packed` with any of the libraries.
pub fn unpack(
    library: &Lib<'_>,
    format: Format,
    packed: &[u8],
    out: &mut [u8],
) -> Result<usize, String> {
    match &library.functions {
        Functions::Zlib(functions) => match format {
            Format::Zlib => functions.uncompress(packed, out),
            Format::Raw => {
                let mut live = Live::inflate(library.name, functions, format)?;
                let step = functions.inflate;
                step_once(&mut live.stream, step, FINISH, STREAM_END, packed, out)
            }
        },
        Functions::Libdeflate(functions) => functions.uncompress(format, packed, out),
        Functions::Isal(functions) => functions.uncompress(format, packed, out),
    }
    .map_err(code(library.name, "decompression"))
}

/// Compresses `data` in one call, from Init to End where the format has no such function.
fn pack<'a>(
    library: &'a Lib<'_>,
    format: Format,
    level: i32,
    data: &'a [u8],
    out: &'a RefCell<Vec<u8>>,
) -> Option<Once<'a>> {
    let name = library.name;
    Some(match &library.functions {
        Functions::Zlib(functions) => match format {
            Format::Zlib => Box::new(move || {
                let size = functions.compress(data, &mut out.borrow_mut(), level);
                size.map_err(code(name, "compress2"))
            }),
            Format::Raw => {
                let window_bits = format.window_bits();
                let setup = Setup { window_bits, ..Setup::level(level) };
                Box::new(move || {
                    let mut live = Live::deflate(name, functions, setup)?;
                    live.finish(data, &mut out.borrow_mut())
                })
            }
        },
        Functions::Libdeflate(functions) => {
            let compressor = functions.compressor(level);
            Box::new(move || {
                match functions.compress(format, compressor, data, &mut out.borrow_mut()) {
                    0 => Err("libdeflate: the output did not fit".to_owned()),
                    size => Ok(size),
                }
            })
        }
        Functions::Isal(_) => return None,
    })
}

/// A stream between Init and End. It is boxed because zlib's streams must not move.
pub struct Live<'a> {
    /// The stream.
    pub stream: Box<Stream>,
    library: &'a str,
    functions: &'a Zlib,
    deflates: bool,
}

impl<'a> Live<'a> {
    /// Of `deflateInit2`.
    pub fn deflate(
        library: &'a str,
        functions: &'a Zlib,
        setup: Setup,
    ) -> Result<Live<'a>, String> {
        let mut stream = Box::new(Stream::zeroed());
        match functions.deflate_init(&mut stream, setup) {
            OK => Ok(Live { stream, library, functions, deflates: true }),
            other => Err(code(library, "deflateInit2")(other)),
        }
    }

    /// Of `inflateInit2`.
    pub fn inflate(
        library: &'a str,
        functions: &'a Zlib,
        format: Format,
    ) -> Result<Live<'a>, String> {
        let mut stream = Box::new(Stream::zeroed());
        match functions.inflate_init(&mut stream, format.window_bits()) {
            OK => Ok(Live { stream, library, functions, deflates: false }),
            other => Err(code(library, "inflateInit2")(other)),
        }
    }

    /// `deflateReset` or `inflateReset`.
    pub fn reset(&mut self) {
        let functions = self.functions;
        let reset = if self.deflates { functions.deflate_reset } else { functions.inflate_reset };
        // SAFETY: a live stream of this library and direction.
        unsafe { reset(&mut *self.stream) };
    }

    /// `deflateSetDictionary` or `inflateSetDictionary`.
    pub fn set_dictionary(&mut self, dictionary: &[u8]) -> Result<(), String> {
        let (start, size) = (dictionary.as_ptr(), dictionary.len() as u32);
        let set = if self.deflates {
            self.functions.deflate_set_dictionary
        } else {
            self.functions.inflate_set_dictionary
        };
        // SAFETY: a live stream of this library and direction; the dictionary is as long as said.
        match unsafe { set(&mut *self.stream, start, size) } {
            OK => Ok(()),
            other => Err(code(self.library, "setting the dictionary")(other)),
        }
    }

    /// Compresses or decompresses all of `data` in one call of `Z_FINISH`.
    pub fn finish(&mut self, data: &[u8], out: &mut [u8]) -> Result<usize, String> {
        self.once(FINISH, STREAM_END, data, out)
    }

    /// One call, which must come back with `expected`.
    pub fn once(
        &mut self,
        flush: i32,
        expected: i32,
        data: &[u8],
        out: &mut [u8],
    ) -> Result<usize, String> {
        let (step, name) = if self.deflates {
            (self.functions.deflate, "deflate")
        } else {
            (self.functions.inflate, "inflate")
        };
        let done = step_once(&mut self.stream, step, flush, expected, data, out);
        done.map_err(code(self.library, name))
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
