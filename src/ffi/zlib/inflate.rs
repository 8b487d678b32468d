//! `inflate*` of zlib.h. Parameters, codes and effects are as described there.
//!
//! The `# Safety` of the parent module holds for every function.
#![allow(non_snake_case)]

use core::ffi::{c_char, c_int, c_long, c_uchar, c_ulong, c_void};

use super::stream::{self, Handle, Place, Stream};
use super::types::code::*;
use super::types::*;
use crate::codes::{Code, Flush};
use crate::inflate::{Callbacks, Inflate, InflateBack, InflateConfig};

/// Prepares `strm` for decompression of a zlib stream.
///
/// # Safety
/// As the parent module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflateInit_(
    strm: z_streamp,
    version: *const c_char,
    stream_size: c_int,
) -> c_int {
    // SAFETY: NULL or readable, as this module asks.
    let fits = unsafe { stream::version_fits(version, stream_size) };
    init(strm, 15, fits)
}

/// Prepares `strm` for decompression of the format that `windowBits` asks for.
///
/// # Safety
/// As the parent module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflateInit2_(
    strm: z_streamp,
    windowBits: c_int,
    version: *const c_char,
    stream_size: c_int,
) -> c_int {
    // SAFETY: NULL or readable, as this module asks.
    let fits = unsafe { stream::version_fits(version, stream_size) };
    init(strm, windowBits, fits)
}

fn init(strm: z_streamp<'_>, window_bits: c_int, fits: bool) -> c_int {
    if !fits {
        return Z_VERSION_ERROR;
    }
    let Some(mut stream) = Stream::of(strm) else { return Z_STREAM_ERROR };
    let allocator = stream.prepare();
    let Some(place) = Place::new(allocator) else { return Z_MEM_ERROR };
    let Some(config) = InflateConfig::new(window_bits) else {
        return stream.without_state(Z_STREAM_ERROR);
    };
    let made = match place.make(|room| Ok(Inflate::init(room, config, allocator))) {
        Ok(made) => made,
        Err(code) => return stream.without_state(code as c_int),
    };
    stream.clear_totals(0, made.engine().first_adler());
    made.belongs_to(&mut stream);
    Z_OK
}

/// Decompresses as much as the buffers allow.
///
/// # Safety
/// As the parent module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflate(strm: z_streamp, flush: c_int) -> c_int {
    let Some(Handle { mut stream, engine, .. }) = handle(strm) else { return Z_STREAM_ERROR };
    // zlib takes any value; those that it does not know ask for nothing.
    let flush = Flush::from_c(flush).unwrap_or(Flush::None);
    let mut io = stream.io();
    let answer = engine.run(&mut io, flush);
    stream.store(&io, answer.counts);
    if let Some(adler) = answer.adler {
        stream.adler = adler.into();
    }
    if let Some(data_type) = answer.data_type {
        stream.data_type = data_type;
    }
    stream.say(answer.msg);
    answer.code as c_int
}

/// Frees the stream.
///
/// # Safety
/// As the parent module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflateEnd(strm: z_streamp) -> c_int {
    let ended = stream::end(strm, |_: &mut Inflate| ());
    ended.map_or(Z_STREAM_ERROR, |()| Z_OK)
}

/// Starts a new stream in the same format.
///
/// # Safety
/// As the parent module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflateReset(strm: z_streamp) -> c_int {
    reset(handle(strm), Inflate::reset)
}

/// Starts a new stream in the format that `windowBits` asks for.
///
/// # Safety
/// As the parent module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflateReset2(strm: z_streamp, windowBits: c_int) -> c_int {
    let Some(config) = InflateConfig::new(windowBits) else { return Z_STREAM_ERROR };
    reset(handle(strm), |inflate| inflate.reset_to(config))
}

/// Starts a new stream in the same format, with the same history.
///
/// # Safety
/// As the parent module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflateResetKeep(strm: z_streamp) -> c_int {
    reset(handle(strm), Inflate::reset_keep)
}

fn reset(handle: Option<Handle<'_, Inflate>>, how: impl FnOnce(&mut Inflate)) -> c_int {
    let Some(Handle { mut stream, engine, .. }) = handle else { return Z_STREAM_ERROR };
    how(engine);
    stream.clear_totals(0, engine.first_adler());
    Z_OK
}

/// The decompressor of `strm`.
fn handle(strm: z_streamp<'_>) -> Option<Handle<'_, Inflate>> {
    Handle::of(strm)
}

/// Gives the dictionary that the stream asks for.
///
/// # Safety
/// As the parent module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflateSetDictionary(
    strm: z_streamp,
    dictionary: *const Bytef,
    dictLength: uInt,
) -> c_int {
    let Some(Handle { engine, .. }) = handle(strm) else { return Z_STREAM_ERROR };
    if dictionary.is_null() && dictLength != 0 {
        // zlib takes the adler32 of no buffer, and so finds the wrong dictionary.
        return if engine.wants_dictionary() { Z_DATA_ERROR } else { Z_STREAM_ERROR };
    }
    let dictionary = match dictLength {
        0 => &[],
        // SAFETY: not NULL, so the caller has as many bytes there.
        len => unsafe { core::slice::from_raw_parts(dictionary, len as usize) },
    };
    engine.set_dictionary(dictionary) as c_int
}

/// Gives the history.
///
/// # Safety
/// As the parent module asks; `dictionary` has room for 32 KiB.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflateGetDictionary(
    strm: z_streamp,
    dictionary: *mut Bytef,
    dictLength: *mut uInt,
) -> c_int {
    let Some(Handle { engine, .. }) = handle(strm) else { return Z_STREAM_ERROR };
    // SAFETY: each is NULL or the caller's, with room for the 32 KiB that zlib.h asks for.
    unsafe { stream::put(dictLength, engine.dictionary(dictionary)) };
    Z_OK
}

/// Says where to put the gzip header's fields.
///
/// # Safety
/// As the parent module asks; `head` and its buffers stay valid until the header is read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflateGetHeader(strm: z_streamp, head: gz_headerp) -> c_int {
    let Some(Handle { engine, .. }) = handle(strm) else { return Z_STREAM_ERROR };
    if head.is_null() {
        return Z_STREAM_ERROR;
    }
    // SAFETY: the caller keeps it and its buffers until the header is read.
    unsafe { engine.set_header(head) as c_int }
}

/// Skips input to a full flush point.
///
/// # Safety
/// As the parent module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflateSync(strm: z_streamp) -> c_int {
    let Some(Handle { mut stream, engine, .. }) = handle(strm) else { return Z_STREAM_ERROR };
    if stream.next_in.is_null() && stream.avail_in != 0 {
        return Z_STREAM_ERROR;
    }
    let mut input = stream.input();
    let code = engine.sync(&mut input);
    let read = stream.avail_in - input.avail_in();
    (stream.next_in, stream.avail_in) = (input.next_in(), input.avail_in());
    stream.total_in = stream.total_in.wrapping_add(read.into());
    if code == Code::Ok {
        let (total_in, total_out) = (stream.total_in, stream.total_out);
        stream.clear_totals(0, engine.first_adler());
        (stream.total_in, stream.total_out) = (total_in, total_out);
    }
    code as c_int
}

/// Whether the stream is at the length of an empty stored block: 1, 0, or an error code.
///
/// # Safety
/// As the parent module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflateSyncPoint(strm: z_streamp) -> c_int {
    match handle(strm) {
        Some(Handle { engine, .. }) => engine.sync_point().into(),
        None => Z_STREAM_ERROR,
    }
}

/// Makes `dest` a stream that goes on from where `source` is.
///
/// # Safety
/// As the parent module asks; `dest` need not be initialised.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflateCopy(dest: z_streamp, source: z_streamp) -> c_int {
    if dest == source {
        return Z_STREAM_ERROR;
    }
    let Some(Handle { stream: source, engine, allocator }) = handle(source) else {
        return Z_STREAM_ERROR;
    };
    let Some(mut dest) = Stream::of(dest) else { return Z_STREAM_ERROR };
    let Some(place) = Place::new(allocator) else { return Z_MEM_ERROR };
    engine.set_allocator(allocator);
    let made = match place.make(|room| engine.copy_to(room)) {
        Ok(made) => made,
        Err(code) => return code as c_int,
    };
    dest.copy_from(&source);
    made.belongs_to(&mut dest);
    Z_OK
}

/// Inserts bits in front of the input.
///
/// # Safety
/// As the parent module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflatePrime(strm: z_streamp, bits: c_int, value: c_int) -> c_int {
    match handle(strm) {
        Some(Handle { engine, .. }) => engine.prime(bits, value) as c_int,
        None => Z_STREAM_ERROR,
    }
}

/// Where in the input the output comes from; -65536 without a stream.
///
/// # Safety
/// As the parent module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflateMark(strm: z_streamp) -> c_long {
    match handle(strm) {
        Some(Handle { engine, .. }) => engine.mark(),
        None => -(1 << 16),
    }
}

/// How much of the table space is in use; the largest value without a stream.
///
/// # Safety
/// As the parent module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflateCodesUsed(strm: z_streamp) -> c_ulong {
    match handle(strm) {
        Some(Handle { engine, .. }) => engine.codes_used() as c_ulong,
        None => c_ulong::MAX,
    }
}

/// Does not allow distances beyond the window: Z_DATA_ERROR, as zlib is built everywhere.
///
/// # Safety
/// As the parent module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflateUndermine(strm: z_streamp, _subvert: c_int) -> c_int {
    match handle(strm) {
        Some(_) => Z_DATA_ERROR,
        None => Z_STREAM_ERROR,
    }
}

/// Says whether check values are verified.
///
/// # Safety
/// As the parent module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflateValidate(strm: z_streamp, check: c_int) -> c_int {
    let Some(Handle { engine, .. }) = handle(strm) else { return Z_STREAM_ERROR };
    engine.validate(check != 0);
    Z_OK
}

/// Prepares `strm` for `inflateBack`.
///
/// # Safety
/// As the parent module asks; `window` has `1 << windowBits` bytes until `inflateBackEnd`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflateBackInit_(
    strm: z_streamp,
    windowBits: c_int,
    window: *mut c_uchar,
    version: *const c_char,
    stream_size: c_int,
) -> c_int {
    // SAFETY: NULL or readable, as this module asks.
    if !unsafe { stream::version_fits(version, stream_size) } {
        return Z_VERSION_ERROR;
    }
    if window.is_null() || !(8..=15).contains(&windowBits) {
        return Z_STREAM_ERROR;
    }
    let Some(mut stream) = Stream::of(strm) else { return Z_STREAM_ERROR };
    let Some(place) = Place::new(stream.prepare()) else { return Z_MEM_ERROR };
    // SAFETY: the window is the caller's, which keeps it until `inflateBackEnd`.
    let made = place.make(|room| Ok(unsafe { InflateBack::init(room, windowBits as u32, window) }));
    made.map_or_else(
        |code| code as c_int,
        |made| {
            made.belongs_to(&mut stream);
            Z_OK
        },
    )
}

/// Decompresses a raw stream between two callbacks.
///
/// # Safety
/// As the parent module asks; the callbacks may be called as zlib.h says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflateBack(
    strm: z_streamp,
    in_: in_func,
    in_desc: *mut c_void,
    out: out_func,
    out_desc: *mut c_void,
) -> c_int {
    let handle = Handle::<InflateBack>::of(strm);
    let (Some(Handle { mut stream, engine, .. }), Some(input), Some(output)) = (handle, in_, out)
    else {
        return Z_STREAM_ERROR;
    };
    stream.msg = core::ptr::null();
    let mut io = stream.input();
    let callbacks = Callbacks { input: (input, in_desc), output: (output, out_desc) };
    // SAFETY: the caller gave the callbacks and their arguments for this.
    let (code, msg) = unsafe { engine.run(&mut io, callbacks) };
    (stream.next_in, stream.avail_in) = (io.next_in(), io.avail_in());
    stream.say(msg);
    code as c_int
}

/// Frees the stream.
///
/// # Safety
/// As the parent module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflateBackEnd(strm: z_streamp) -> c_int {
    let ended = stream::end(strm, |_: &mut InflateBack| ());
    ended.map_or(Z_STREAM_ERROR, |()| Z_OK)
}
