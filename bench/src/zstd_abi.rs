//! zstd.h's types and functions in a loaded library.

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};

use drive::Object;

/// `ZSTD_CCtx *`.
pub type CCtx = *mut c_void;
/// `ZSTD_DCtx *`.
pub type DCtx = *mut c_void;

/// `ZSTD_inBuffer`.
#[repr(C)]
struct In {
    src: *const u8,
    size: usize,
    pos: usize,
}

/// `ZSTD_outBuffer`.
#[repr(C)]
struct Out {
    dst: *mut u8,
    size: usize,
    pos: usize,
}

/// `ZSTD_customMem`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct CustomMem {
    /// Allocates.
    pub alloc: unsafe extern "C" fn(*mut c_void, usize) -> *mut c_void,
    /// Frees.
    pub free: unsafe extern "C" fn(*mut c_void, *mut c_void),
    /// The first argument of both.
    pub opaque: *mut c_void,
}

/// `ZSTD_e_continue`.
const CONTINUE: c_int = 0;
/// `ZSTD_e_end`.
const END: c_int = 2;
/// `ZSTD_c_compressionLevel`.
const COMPRESSION_LEVEL: c_int = 100;
/// `ZSTD_reset_session_only`.
const SESSION_ONLY: c_int = 1;

type Make = unsafe extern "C" fn() -> *mut c_void;
type MakeWith = unsafe extern "C" fn(CustomMem) -> *mut c_void;
type Unmake = unsafe extern "C" fn(*mut c_void) -> usize;
type Compress = unsafe extern "C" fn(*mut u8, usize, *const u8, usize, c_int) -> usize;
type Decompress = unsafe extern "C" fn(*mut u8, usize, *const u8, usize) -> usize;
type CompressWith = unsafe extern "C" fn(CCtx, *mut u8, usize, *const u8, usize, c_int) -> usize;
type DecompressWith = unsafe extern "C" fn(DCtx, *mut u8, usize, *const u8, usize) -> usize;
type Set = unsafe extern "C" fn(CCtx, c_int, c_int) -> usize;
type Reset = unsafe extern "C" fn(*mut c_void, c_int) -> usize;
type CompressStream = unsafe extern "C" fn(CCtx, *mut Out, *mut In, c_int) -> usize;
type DecompressStream = unsafe extern "C" fn(DCtx, *mut Out, *mut In) -> usize;

/// The functions of zstd.h that are measured. All are called with contexts that the same library
/// made and with buffers that this program owns.
pub struct Zstd {
    /// `ZSTD_createCCtx`.
    pub create_cctx: Make,
    /// `ZSTD_freeCCtx`.
    pub free_cctx: Unmake,
    /// `ZSTD_createDCtx`.
    pub create_dctx: Make,
    /// `ZSTD_freeDCtx`.
    pub free_dctx: Unmake,
    /// `ZSTD_createCCtx_advanced`.
    pub create_cctx_with: MakeWith,
    /// `ZSTD_createDCtx_advanced`.
    pub create_dctx_with: MakeWith,
    compress: Compress,
    decompress: Decompress,
    compress_cctx: CompressWith,
    decompress_dctx: DecompressWith,
    set_parameter: Set,
    reset_cctx: Reset,
    reset_dctx: Reset,
    compress_stream2: CompressStream,
    decompress_stream: DecompressStream,
    is_error: unsafe extern "C" fn(usize) -> c_uint,
    error_name: unsafe extern "C" fn(usize) -> *const c_char,
}

impl Zstd {
    /// Finds the functions.
    pub fn of(object: &Object) -> Result<Zstd, String> {
        // SAFETY: the types are those of zstd.h.
        unsafe {
            Ok(Zstd {
                create_cctx: object.function("ZSTD_createCCtx")?,
                free_cctx: object.function("ZSTD_freeCCtx")?,
                create_dctx: object.function("ZSTD_createDCtx")?,
                free_dctx: object.function("ZSTD_freeDCtx")?,
                create_cctx_with: object.function("ZSTD_createCCtx_advanced")?,
                create_dctx_with: object.function("ZSTD_createDCtx_advanced")?,
                compress: object.function("ZSTD_compress")?,
                decompress: object.function("ZSTD_decompress")?,
                compress_cctx: object.function("ZSTD_compressCCtx")?,
                decompress_dctx: object.function("ZSTD_decompressDCtx")?,
                set_parameter: object.function("ZSTD_CCtx_setParameter")?,
                reset_cctx: object.function("ZSTD_CCtx_reset")?,
                reset_dctx: object.function("ZSTD_DCtx_reset")?,
                compress_stream2: object.function("ZSTD_compressStream2")?,
                decompress_stream: object.function("ZSTD_decompressStream")?,
                is_error: object.function("ZSTD_isError")?,
                error_name: object.function("ZSTD_getErrorName")?,
            })
        }
    }

    fn check(&self, code: usize) -> Result<usize, String> {
        // SAFETY: both take any number, and names are static C strings.
        unsafe {
            if (self.is_error)(code) == 0 {
                return Ok(code);
            }
            Err(CStr::from_ptr((self.error_name)(code)).to_string_lossy().into_owned())
        }
    }

    /// `ZSTD_compress`, or `ZSTD_compressCCtx` with a live context; the bytes written.
    pub fn compress(
        &self,
        context: Option<CCtx>,
        data: &[u8],
        out: &mut [u8],
        level: i32,
    ) -> Result<usize, String> {
        let (from, to) = (data.as_ptr(), out.as_mut_ptr());
        // SAFETY: both buffers are as long as said, and apart.
        self.check(unsafe {
            match context {
                Some(context) => {
                    (self.compress_cctx)(context, to, out.len(), from, data.len(), level)
                }
                None => (self.compress)(to, out.len(), from, data.len(), level),
            }
        })
    }

    /// `ZSTD_decompress`, or `ZSTD_decompressDCtx` with a live context; the bytes written.
    pub fn decompress(
        &self,
        context: Option<DCtx>,
        data: &[u8],
        out: &mut [u8],
    ) -> Result<usize, String> {
        let (from, to) = (data.as_ptr(), out.as_mut_ptr());
        // SAFETY: both buffers are as long as said, and apart.
        self.check(unsafe {
            match context {
                Some(context) => (self.decompress_dctx)(context, to, out.len(), from, data.len()),
                None => (self.decompress)(to, out.len(), from, data.len()),
            }
        })
    }

    /// A frame of `data`, given in pieces of `chunk` bytes and taken in pieces of `chunk` bytes;
    /// the bytes written.
    pub fn compress_chunks(
        &self,
        context: CCtx,
        level: i32,
        data: &[u8],
        out: &mut [u8],
        chunk: usize,
    ) -> Result<usize, String> {
        // SAFETY: a live context of this library.
        self.check(unsafe { (self.reset_cctx)(context, SESSION_ONLY) })?;
        // SAFETY: as above.
        self.check(unsafe { (self.set_parameter)(context, COMPRESSION_LEVEL, level) })?;
        let mut written = 0;
        let mut pieces = data.chunks(chunk).peekable();
        while let Some(piece) = pieces.next() {
            let directive = if pieces.peek().is_none() { END } else { CONTINUE };
            let mut input = In { src: piece.as_ptr(), size: piece.len(), pos: 0 };
            loop {
                let room = &mut out[written..];
                let size = room.len().min(chunk);
                let mut output = Out { dst: room.as_mut_ptr(), size, pos: 0 };
                // SAFETY: a live context; both buffers are as long as said.
                let left = self.check(unsafe {
                    (self.compress_stream2)(context, &raw mut output, &raw mut input, directive)
                })?;
                written += output.pos;
                let done = if directive == END { left == 0 } else { input.pos == input.size };
                if done {
                    break;
                }
            }
        }
        Ok(written)
    }

    /// A frame given and taken in pieces of `chunk` bytes; the bytes written.
    pub fn decompress_chunks(
        &self,
        context: DCtx,
        data: &[u8],
        out: &mut [u8],
        chunk: usize,
    ) -> Result<usize, String> {
        // SAFETY: a live context of this library.
        self.check(unsafe { (self.reset_dctx)(context, SESSION_ONLY) })?;
        let mut written = 0;
        let mut left = 1;
        for piece in data.chunks(chunk) {
            let mut input = In { src: piece.as_ptr(), size: piece.len(), pos: 0 };
            loop {
                let room = &mut out[written..];
                let size = room.len().min(chunk);
                let mut output = Out { dst: room.as_mut_ptr(), size, pos: 0 };
                // SAFETY: a live context; both buffers are as long as said.
                left = self.check(unsafe {
                    (self.decompress_stream)(context, &raw mut output, &raw mut input)
                })?;
                written += output.pos;
                // A full output may have more behind it.
                if input.pos == input.size && output.pos < output.size || left == 0 {
                    break;
                }
            }
        }
        if left == 0 { Ok(written) } else { Err("the frame is cut off".to_owned()) }
    }
}

/// A context between create and free.
pub struct Context {
    raw: *mut c_void,
    free: Unmake,
}

impl Context {
    /// For compression; `memory` is asked for memory where it is given.
    pub fn compress(library: &Zstd, memory: Option<CustomMem>) -> Result<Context, String> {
        // SAFETY: creating has no preconditions; the allocator fits its type.
        let raw = unsafe {
            match memory {
                Some(memory) => (library.create_cctx_with)(memory),
                None => (library.create_cctx)(),
            }
        };
        Context::of(raw, library.free_cctx)
    }

    /// For decompression; `memory` is asked for memory where it is given.
    pub fn decompress(library: &Zstd, memory: Option<CustomMem>) -> Result<Context, String> {
        // SAFETY: as in `compress`.
        let raw = unsafe {
            match memory {
                Some(memory) => (library.create_dctx_with)(memory),
                None => (library.create_dctx)(),
            }
        };
        Context::of(raw, library.free_dctx)
    }

    /// The context as the functions take it. (A method, so that a closure which calls it keeps the
    /// whole context and not a copy of its pointer.)
    pub fn raw(&self) -> *mut c_void {
        self.raw
    }

    fn of(raw: *mut c_void, free: Unmake) -> Result<Context, String> {
        if raw.is_null() {
            return Err("no context could be created".to_owned());
        }
        Ok(Context { raw, free })
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: made by the same library, freed once.
        unsafe { (self.free)(self.raw) };
    }
}
