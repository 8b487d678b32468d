//! What the inflate and deflate benchmarks have in common: the libraries, the files, a stream
//! between Init and End.

use std::cell::RefCell;
use std::fs::File;
use std::os::unix::fs::FileExt;

use bench::job::{EngineJob, Event, Interface, Library};

use crate::codec::{Member, Once, load};
use crate::data::Data;
use crate::isal_abi::Isal;
use crate::libdeflate_abi::{Format, Libdeflate};
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

/// The job's libraries and its reference, which is loaded another time if it is measured too: the
/// loader gives the same object.
pub fn libraries<'a>(
    job: &'a EngineJob,
    events: &mut Vec<Event>,
) -> Result<(Vec<Lib<'a>>, Lib<'a>), String> {
    let libraries = load(&job.libraries, functions_of, &mut |event| events.push(event));
    if libraries.is_empty() {
        return Err("no library to measure".to_owned());
    }
    let mut failed = Vec::new();
    let only = std::slice::from_ref(&job.reference);
    let reference = load(only, functions_of, &mut |event| failed.push(event)).pop();
    match reference {
        Some(reference) => Ok((libraries, reference)),
        None => Err(format!("the reference library {} does not load", job.reference.name)),
    }
}

fn functions_of(library: &Library, object: &Object) -> Result<Functions, String> {
    match library.interface {
        Interface::Zlib => Zlib::of(object).map(Functions::Zlib),
        Interface::Libdeflate => Libdeflate::of(object).map(Functions::Libdeflate),
        Interface::Isal => Isal::of(object).map(Functions::Isal),
        Interface::Zstd => Err("zstd is not zlib".to_owned()),
    }
}

/// Those with zlib.h's functions.
pub fn zlibs<'l, 'a>(libraries: &'l [Lib<'a>]) -> impl Iterator<Item = (&'a str, &'l Zlib)> {
    libraries.iter().filter_map(|library| match &library.functions {
        Functions::Zlib(functions) => Some((library.name, functions)),
        Functions::Libdeflate(_) | Functions::Isal(_) => None,
    })
}

/// The job's files.
pub fn files(job: &EngineJob) -> Result<Vec<Data>, String> {
    let read = |input: &bench::job::Input| {
        let mut bytes = vec![0; input.bytes];
        File::open(&input.path)
            .and_then(|file| file.read_exact_at(&mut bytes, input.from as u64))
            .map_err(|e| format!("{}: {e}", input.path.display()))?;
        Ok(Data { name: input.name.clone(), bytes })
    };
    job.files.iter().map(read).collect()
}

/// `size` bytes of each file that small jobs take their messages from.
pub fn messages(job: &EngineJob, files: &[Data], size: usize) -> Vec<Data> {
    let sources = files
        .iter()
        .zip(&job.files)
        .filter(|(file, input)| input.small && file.bytes.len() >= size);
    sources
        .map(|(file, _)| {
            let from = (file.bytes.len() - size) / 2;
            Data { name: file.name.clone(), bytes: file.bytes[from..from + size].to_vec() }
        })
        .collect()
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

/// Decompresses `packed`, a raw stream whose history is `dictionary`.
pub fn unpack_after(
    library: &Lib<'_>,
    dictionary: &[u8],
    packed: &[u8],
    out: &mut [u8],
) -> Result<usize, String> {
    let Functions::Zlib(functions) = &library.functions else {
        return Err(format!("{} takes no dictionary", library.name));
    };
    let mut live = Live::inflate(library.name, functions, Format::Raw)?;
    live.set_dictionary(dictionary)?;
    live.finish(packed, out)
}

/// Compresses `data` in one call, from Init to End where the format has no such function.
pub fn pack<'a>(
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
