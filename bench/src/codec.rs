//! What the compression benchmarks have in common: the data, the output buffer, the proof that a
//! library gives back what it was given.

use std::cell::RefCell;

use bench::job::{CodecJob, Event, Library, Loaded, Race, Timing};

use crate::data::{Data, folder, made};
use crate::race::{Entrant, Made, timed};
use crate::{Emit, zlib_abi};
use drive::Object;

/// One call, or one pass of streaming calls; gives the bytes that came out.
pub type Once<'a> = Box<dyn FnMut() -> Result<usize, String> + 'a>;
/// Decompresses its first argument into its second.
pub type Unpack<'a> = &'a dyn Fn(&[u8], &mut [u8]) -> Result<usize, String>;

/// A library with its functions.
pub struct Member<'a, F> {
    /// Its name in tables.
    pub name: &'a str,
    /// The shared object.
    pub object: Object,
    /// Its functions.
    pub functions: F,
}

/// Loads the libraries; one that lacks a function is left out and named.
pub fn load<'a, F>(
    libraries: &'a [Library],
    functions_of: impl Fn(&Library, &Object) -> Result<F, String>,
    emit: &mut Emit,
) -> Vec<Member<'a, F>> {
    let mut members = Vec::new();
    for library in libraries {
        let loaded = Object::open(&library.path)
            .and_then(|object| Ok((functions_of(library, &object)?, object)));
        match loaded {
            Ok((functions, object)) => {
                emit(Event::Loaded(Loaded {
                    library: library.name.clone(),
                    file: object.file.display().to_string(),
                    says: zlib_abi::says(&object),
                }));
                members.push(Member { name: &library.name, object, functions });
            }
            Err(reason) => emit(Event::LeftOut { library: library.name.clone(), reason }),
        }
    }
    members
}

/// The job's data.
pub fn data(job: &CodecJob) -> Result<Vec<Data>, String> {
    match &job.corpus {
        Some(corpus) => folder(corpus, job.data_bytes),
        None => Ok(made(job.data_bytes)),
    }
}

/// Room for `bytes` of data however a library may expand it, shared by all so that none has a
/// better place in memory. Its pages are mapped already.
pub fn room(bytes: usize) -> RefCell<Vec<u8>> {
    RefCell::new(vec![0xa5; bytes + bytes / 4 + 4096])
}

/// An entrant that repeats `once`, which is tried first: `unpack` must get `data` back from it.
pub fn compressing<'a>(
    library: &'a str,
    mut once: Once<'a>,
    unpack: Unpack<'_>,
    data: &[u8],
    out: &RefCell<Vec<u8>>,
) -> Result<Entrant<'a>, String> {
    let made = try_compressing(library, &mut once, unpack, data, out)?;
    Ok(repeating(library, once, Some(made)))
}

/// What `once` makes, from which `unpack` must get `data` back.
pub fn try_compressing(
    library: &str,
    once: &mut Once<'_>,
    unpack: Unpack<'_>,
    data: &[u8],
    out: &RefCell<Vec<u8>>,
) -> Result<Made, String> {
    let size = once()?;
    // Room for a byte too many, so that a result that is too long is seen.
    let mut back = vec![0; data.len() + 1];
    let got = unpack(&out.borrow()[..size], &mut back)
        .map_err(|e| format!("what {library} made does not decompress: {e}"))?;
    if back[..got] != *data {
        return Err(format!("what {library} made decompresses to other bytes"));
    }
    Ok(Made::of(&out.borrow()[..size]))
}

/// An entrant that repeats `once`, which is tried first: it must give `data`.
pub fn decompressing<'a>(
    library: &'a str,
    mut once: Once<'a>,
    data: &[u8],
    out: &RefCell<Vec<u8>>,
) -> Result<Entrant<'a>, String> {
    try_decompressing(library, &mut once, data, out)?;
    Ok(repeating(library, once, None))
}

/// Fails unless `once` gives `data`.
pub fn try_decompressing(
    library: &str,
    once: &mut Once<'_>,
    data: &[u8],
    out: &RefCell<Vec<u8>>,
) -> Result<(), String> {
    out.borrow_mut()[..data.len()].fill(0xa5);
    let size = once()?;
    if out.borrow()[..size] != *data {
        return Err(format!("{library} decompresses to other bytes"));
    }
    Ok(())
}

/// One of the calls at a time, in turn.
pub fn in_turn(mut calls: Vec<Once<'_>>) -> Once<'_> {
    let mut next = 0;
    Box::new(move || {
        let this = next;
        next = (this + 1) % calls.len();
        calls[this]()
    })
}

/// An entrant that repeats `once`.
pub fn repeating<'a>(library: &'a str, mut once: Once<'a>, made: Option<Made>) -> Entrant<'a> {
    Entrant {
        library,
        run: timed(move |calls| {
            for _ in 0..calls {
                // It worked on the same input before.
                once().expect("a call fails that did not before");
            }
        }),
        made,
    }
}

/// A finished race over `data`.
pub fn named(
    operation: &str,
    data: &Data,
    level: Option<i32>,
    chunk: Option<usize>,
    times: Vec<Timing>,
) -> Race {
    let (operation, bytes) = (operation.to_owned(), data.bytes.len());
    Race { operation, part: None, data: data.name.clone(), level, chunk, bytes, times }
}
