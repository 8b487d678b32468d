//! What the compression benchmarks have in common: the data, the output buffer, the proof that a
//! library gives back what it was given.

use std::cell::RefCell;

use bench::job::{CodecJob, Event, Library, Loaded};

use crate::data::{Data, folder, made};
use crate::load::Object;
use crate::{Emit, zlib_abi};

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
/// better place in memory. Its pages are there already.
pub fn room(bytes: usize) -> RefCell<Vec<u8>> {
    RefCell::new(vec![0xa5; bytes + bytes / 4 + 4096])
}

/// An error unless `got` is `data`.
pub fn same(what: &str, library: &str, data: &[u8], got: &[u8]) -> Result<(), String> {
    if got == data { Ok(()) } else { Err(format!("{library}: {what} gave other bytes back")) }
}
