//! zlib.h's types and functions in a loaded library.

use std::ffi::{CStr, c_char, c_int, c_uint, c_ulong};
use std::mem::size_of;

use drive::Object;
pub use drive::zlib::ZStream as Stream;

/// `Z_FINISH`.
pub const FINISH: c_int = 4;
/// `Z_NO_FLUSH`.
pub const NO_FLUSH: c_int = 0;
/// `Z_SYNC_FLUSH`.
pub const SYNC_FLUSH: c_int = 2;
/// `Z_OK`.
pub const OK: c_int = 0;
/// `Z_STREAM_END`.
pub const STREAM_END: c_int = 1;
const DEFLATED: c_int = 8;
/// Every library here accepts the header version that came with its own kind of stream.
const VERSION: &CStr = c"1.3.2";

type Compress = unsafe extern "C" fn(*mut u8, *mut c_ulong, *const u8, c_ulong, c_int) -> c_int;
type Uncompress = unsafe extern "C" fn(*mut u8, *mut c_ulong, *const u8, c_ulong) -> c_int;
type DeflateInit = unsafe extern "C" fn(
    *mut Stream,
    c_int,
    c_int,
    c_int,
    c_int,
    c_int,
    *const c_char,
    c_int,
) -> c_int;
type InflateInit = unsafe extern "C" fn(*mut Stream, c_int, *const c_char, c_int) -> c_int;
type Step = unsafe extern "C" fn(*mut Stream, c_int) -> c_int;
type Plain = unsafe extern "C" fn(*mut Stream) -> c_int;
type Dictionary = unsafe extern "C" fn(*mut Stream, *const u8, c_uint) -> c_int;

/// The arguments of `deflateInit2`.
#[derive(Clone, Copy)]
pub struct Setup {
    pub level: c_int,
    pub window_bits: c_int,
    pub mem_level: c_int,
    pub strategy: c_int,
}

impl Setup {
    /// What `deflateInit` chooses: zlib's header, the largest window, the default strategy.
    pub fn level(level: c_int) -> Setup {
        Setup { level, window_bits: 15, mem_level: 8, strategy: 0 }
    }
}

/// The functions of zlib.h that are measured. All are called with streams and buffers that this
/// program owns, initialised by the same library.
pub struct Zlib {
    compress2: Compress,
    uncompress: Uncompress,
    deflate_init: DeflateInit,
    /// `deflate`.
    pub deflate: Step,
    /// `deflateReset`.
    pub deflate_reset: Plain,
    /// `deflateSetDictionary`.
    pub deflate_set_dictionary: Dictionary,
    deflate_end: Plain,
    inflate_init: InflateInit,
    /// `inflate`.
    pub inflate: Step,
    /// `inflateReset`.
    pub inflate_reset: Plain,
    /// `inflateSetDictionary`.
    pub inflate_set_dictionary: Dictionary,
    inflate_end: Plain,
}

impl Zlib {
    /// Finds the functions.
    pub fn of(object: &Object) -> Result<Zlib, String> {
        // SAFETY: the types are those of zlib.h.
        unsafe {
            Ok(Zlib {
                compress2: object.function("compress2")?,
                uncompress: object.function("uncompress")?,
                deflate_init: object.function("deflateInit2_")?,
                deflate: object.function("deflate")?,
                deflate_reset: object.function("deflateReset")?,
                deflate_set_dictionary: object.function("deflateSetDictionary")?,
                deflate_end: object.function("deflateEnd")?,
                inflate_init: object.function("inflateInit2_")?,
                inflate: object.function("inflate")?,
                inflate_reset: object.function("inflateReset")?,
                inflate_set_dictionary: object.function("inflateSetDictionary")?,
                inflate_end: object.function("inflateEnd")?,
            })
        }
    }

    /// `compress2` of `data` into `out`; the bytes written.
    pub fn compress(&self, data: &[u8], out: &mut [u8], level: i32) -> Result<usize, c_int> {
        let mut size = out.len() as c_ulong;
        // SAFETY: both buffers are as long as said, and apart.
        let code = unsafe {
            let (data, len) = (data.as_ptr(), data.len() as c_ulong);
            (self.compress2)(out.as_mut_ptr(), &raw mut size, data, len, level)
        };
        if code == OK { Ok(size as usize) } else { Err(code) }
    }

    /// `uncompress` of `data` into `out`; the bytes written.
    pub fn uncompress(&self, data: &[u8], out: &mut [u8]) -> Result<usize, c_int> {
        let mut size = out.len() as c_ulong;
        // SAFETY: both buffers are as long as said, and apart.
        let code = unsafe {
            let (data, len) = (data.as_ptr(), data.len() as c_ulong);
            (self.uncompress)(out.as_mut_ptr(), &raw mut size, data, len)
        };
        if code == OK { Ok(size as usize) } else { Err(code) }
    }

    /// `deflateInit2`. The stream must not move before its end.
    pub fn deflate_init(&self, stream: &mut Stream, setup: Setup) -> c_int {
        let Setup { level, window_bits, mem_level, strategy } = setup;
        let size = size_of::<Stream>() as c_int;
        // SAFETY: the stream is zeroed but for its allocator.
        unsafe {
            let version = VERSION.as_ptr();
            let init = self.deflate_init;
            init(stream, level, DEFLATED, window_bits, mem_level, strategy, version, size)
        }
    }

    /// `inflateInit2`. The stream must not move before its end.
    pub fn inflate_init(&self, stream: &mut Stream, window_bits: c_int) -> c_int {
        let size = size_of::<Stream>() as c_int;
        // SAFETY: the stream is zeroed but for its allocator.
        unsafe { (self.inflate_init)(stream, window_bits, VERSION.as_ptr(), size) }
    }

    /// `deflateEnd` of a stream that this library initialised.
    pub fn deflate_end(&self, stream: &mut Stream) -> c_int {
        // SAFETY: the stream is live and this library's own.
        unsafe { (self.deflate_end)(stream) }
    }

    /// `inflateEnd` of a stream that this library initialised.
    pub fn inflate_end(&self, stream: &mut Stream) -> c_int {
        // SAFETY: the stream is live and this library's own.
        unsafe { (self.inflate_end)(stream) }
    }
}

/// Puts `data` through a live stream in pieces of `chunks.0` bytes, into pieces of `chunks.1` bytes
/// of `out`; `step` is the stream's own `deflate` or `inflate`, `last` the flush value of the calls
/// with the last piece. Returns the bytes written.
pub fn pump(
    stream: &mut Stream,
    step: Step,
    last: c_int,
    data: &[u8],
    out: &mut [u8],
    chunks: (usize, usize),
) -> Result<usize, c_int> {
    let mut pieces = data.chunks(chunks.0).peekable();
    let mut written = 0;
    stream.avail_in = 0;
    loop {
        if stream.avail_in == 0
            && let Some(piece) = pieces.next()
        {
            stream.next_in = piece.as_ptr();
            stream.avail_in = piece.len() as c_uint;
        }
        let flush = if pieces.peek().is_none() { last } else { NO_FLUSH };
        let room = chunks.1.min(out.len() - written);
        stream.next_out = out[written..].as_mut_ptr();
        stream.avail_out = room as c_uint;
        let before = stream.avail_in;
        // SAFETY: the stream is live, and its input and output are parts of `data` and `out`.
        let code = unsafe { step(stream, flush) };
        let got = room - stream.avail_out as usize;
        written += got;
        match code {
            STREAM_END => return Ok(written),
            OK if got > 0 || stream.avail_in < before => {}
            code => return Err(code),
        }
    }
}

/// One call of `step`, with all of `data` and all the room of `out`. Returns the bytes written;
/// the call must come back with `expected`.
pub fn step_once(
    stream: &mut Stream,
    step: Step,
    flush: c_int,
    expected: c_int,
    data: &[u8],
    out: &mut [u8],
) -> Result<usize, c_int> {
    stream.next_in = data.as_ptr();
    stream.avail_in = data.len() as c_uint;
    stream.next_out = out.as_mut_ptr();
    stream.avail_out = out.len() as c_uint;
    // SAFETY: the stream is live, and its input and output are `data` and `out`.
    let code = unsafe { step(stream, flush) };
    if code == expected { Ok(out.len() - stream.avail_out as usize) } else { Err(code) }
}

type Text = unsafe extern "C" fn() -> *const c_char;

/// What the library says of itself: its versions, and the CPU tier where it tells one.
pub fn says(object: &Object) -> Option<String> {
    let words: Vec<String> =
        ["zlibVersion", "ZSTD_versionString", "zcompat_version", "zcompat_cpu_tier"]
            .into_iter()
            .filter_map(|name| text(object, name))
            .collect();
    (!words.is_empty()).then(|| words.join(", "))
}

fn text(object: &Object, name: &str) -> Option<String> {
    // SAFETY: all the functions asked for take nothing and return a static C string.
    let function = unsafe { object.function::<Text>(name) }.ok()?;
    // SAFETY: as above.
    let text = unsafe { function() };
    // SAFETY: as above, if not null.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}
