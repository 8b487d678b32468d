//! What a stream and a gz file hold.

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};

use bench::job::{Event, Memory};

use crate::Emit;
use crate::data::made;
use crate::memory::{Count, malloc_holds};
use crate::zlib_abi::{FINISH, NO_FLUSH, OK, Setup, Stream, Zlib, pump};
use drive::Object;

const CHUNKS: (usize, usize) = (16 << 10, 16 << 10);
/// Open at once, so that memory malloc already had in store counts for little.
const FILES: usize = 32;

/// Measures the library's deflate streams by their allocator, its gz files by malloc's own books.
pub fn deflate(
    library: &str,
    functions: &Zlib,
    object: &Object,
    emit: &mut Emit,
) -> Result<(), String> {
    let setups = [
        ("deflate, window 32 KiB, memLevel 8", 15, 8),
        ("deflate, window 512 B, memLevel 1", 9, 1),
    ];
    for (what, window_bits, mem_level) in setups {
        let setup = Setup { window_bits, mem_level, ..Setup::level(6) };
        let (_, memory) = deflated(library, functions, what, setup)?;
        emit(Event::Memory(memory));
    }
    match Gz::of(object) {
        Ok(gz) => gz.measure(library, emit),
        Err(reason) => {
            emit(Event::LeftOut { library: format!("gz files of {library}"), reason });
            Ok(())
        }
    }
}

/// Measures an inflate stream of the library.
pub fn inflate(library: &str, functions: &Zlib) -> Result<Memory, String> {
    let (packed, _) = deflated(library, functions, "deflate", Setup::level(6))?;
    let mut out = vec![0; 2 << 20];
    let what = "inflate, window 32 KiB";
    let count = Count::default();
    let mut stream = counted(&count);
    let code = functions.inflate_init(&mut stream, 15);
    let made = count.live.get();
    let done = pump(&mut stream, functions.inflate, NO_FLUSH, &packed, &mut out, CHUNKS);
    functions.inflate_end(&mut stream);
    if code != OK || done.is_err() {
        return Err(format!("{library}: {what}: {code}, {done:?}"));
    }
    count.figure(library, what, made)
}

/// Compresses a megabyte: what came out and what the stream held.
fn deflated(
    library: &str,
    functions: &Zlib,
    what: &str,
    setup: Setup,
) -> Result<(Vec<u8>, Memory), String> {
    let data = &made(1 << 20)[0].bytes;
    let mut out = vec![0; 2 << 20];
    let count = Count::default();
    let mut stream = counted(&count);
    let code = functions.deflate_init(&mut stream, setup);
    let made = count.live.get();
    let done = pump(&mut stream, functions.deflate, FINISH, data, &mut out, CHUNKS);
    functions.deflate_end(&mut stream);
    let (OK, Ok(size)) = (code, done) else {
        return Err(format!("{library}: {what}: {code}, {done:?}"));
    };
    out.truncate(size);
    Ok((out, count.figure(library, what, made)?))
}

fn counted(count: &Count) -> Box<Stream> {
    let mut stream = Box::new(Stream::zeroed());
    stream.zalloc = Some(zalloc);
    stream.zfree = Some(zfree);
    stream.opaque = (&raw const *count).cast_mut().cast();
    stream
}

unsafe extern "C" fn zalloc(opaque: *mut c_void, items: c_uint, size: c_uint) -> *mut c_void {
    // SAFETY: `counted` put a Count there that outlives the stream.
    let count = unsafe { &*opaque.cast::<Count>() };
    count.alloc(items as usize * size as usize)
}

unsafe extern "C" fn zfree(opaque: *mut c_void, address: *mut c_void) {
    // SAFETY: as in zalloc; the library frees only what zalloc gave it.
    unsafe { (*opaque.cast::<Count>()).free(address) }
}

type File = *mut c_void;
type Open = unsafe extern "C" fn(c_int, *const c_char) -> File;
type Read = unsafe extern "C" fn(File, *mut c_void, c_uint) -> c_int;
type Write = unsafe extern "C" fn(File, *const c_void, c_uint) -> c_int;
type Close = unsafe extern "C" fn(File) -> c_int;

struct Gz {
    open: Open,
    read: Read,
    write: Write,
    close: Close,
}

impl Gz {
    fn of(object: &Object) -> Result<Gz, String> {
        // SAFETY: the types are those of zlib.h.
        unsafe {
            Ok(Gz {
                open: object.function("gzdopen")?,
                read: object.function("gzread")?,
                write: object.function("gzwrite")?,
                close: object.function("gzclose")?,
            })
        }
    }

    fn measure(&self, library: &str, emit: &mut Emit) -> Result<(), String> {
        // SAFETY: a name; a bad descriptor makes gzdopen fail.
        let fd = unsafe { libc::memfd_create(c"gz".as_ptr(), 0) };
        for (object, mode) in [("gz file, writing", c"wb"), ("gz file, reading", c"rb")] {
            let before = malloc_holds();
            let held = || malloc_holds().saturating_sub(before) / FILES;
            let mut files = [std::ptr::null_mut(); FILES];
            for file in &mut files {
                *file = self.open(fd, mode)?;
            }
            let made = held();
            for file in files {
                let mut byte = [b'x'; 1];
                // SAFETY: an open gz file of this library, a buffer of one byte.
                let moved = unsafe {
                    if mode == c"wb" {
                        (self.write)(file, byte.as_ptr().cast(), 1)
                    } else {
                        (self.read)(file, byte.as_mut_ptr().cast(), 1)
                    }
                };
                if moved != 1 {
                    return Err(format!("{library}: {object}: moved {moved} bytes of 1"));
                }
                if mode == c"rb" {
                    // All share the descriptor's position.
                    rewind(fd);
                }
            }
            let peak = held();
            for file in files {
                // All write the same few bytes to the same place, so that one reads them.
                rewind(fd);
                // SAFETY: an open gz file of this library, closed once.
                let closed = unsafe { (self.close)(file) };
                if closed != OK {
                    return Err(format!("{library}: {object}: gzclose returned {closed}"));
                }
            }
            let (library, object) = (library.to_owned(), object.to_owned());
            emit(Event::Memory(Memory { library, object, made, peak, allocations: None }));
        }
        // SAFETY: ours, closed once.
        unsafe { libc::close(fd) };
        Ok(())
    }

    /// Opens a duplicate of `fd` at its beginning.
    fn open(&self, fd: c_int, mode: &CStr) -> Result<File, String> {
        rewind(fd);
        // SAFETY: a descriptor of ours, whose duplicate gzdopen takes over.
        let file = unsafe { (self.open)(libc::dup(fd), mode.as_ptr()) };
        if file.is_null() { Err("gzdopen returned NULL".to_owned()) } else { Ok(file) }
    }
}

fn rewind(fd: c_int) {
    // SAFETY: a plain system call on a descriptor of ours.
    unsafe { libc::lseek(fd, 0, libc::SEEK_SET) };
}
