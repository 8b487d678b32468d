//! `deflate*` of zlib.h. Parameters, codes and effects are as described there.
//!
//! The `# Safety` of the parent module holds for every function.
#![allow(non_snake_case)]

use core::ffi::{c_char, c_int, c_uint};

use super::stream::{self, Handle, Place, Stream};
use super::types::code::*;
use super::types::*;
use crate::codes::{DEFLATED, Flush};
use crate::deflate::{self, Config, Deflate, Strm};

/// Prepares `strm` for compression at `level`.
///
/// # Safety
/// As the parent module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deflateInit_(
    strm: z_streamp,
    level: c_int,
    version: *const c_char,
    stream_size: c_int,
) -> c_int {
    // SAFETY: NULL or readable, as this module asks.
    let fits = unsafe { stream::version_fits(version, stream_size) };
    init(strm, Config::new(level), fits)
}

/// Prepares `strm` for compression with all parameters.
///
/// # Safety
/// As the parent module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deflateInit2_(
    strm: z_streamp,
    level: c_int,
    method: c_int,
    windowBits: c_int,
    memLevel: c_int,
    strategy: c_int,
    version: *const c_char,
    stream_size: c_int,
) -> c_int {
    // Any other method is refused below, through a level that does not exist.
    let level = if method == c_int::from(DEFLATED) { level } else { c_int::MAX };
    let config = Config { level, window_bits: windowBits, mem_level: memLevel, strategy };
    // SAFETY: NULL or readable, as this module asks.
    let fits = unsafe { stream::version_fits(version, stream_size) };
    init(strm, config, fits)
}

fn init(strm: z_streamp<'_>, config: Config, fits: bool) -> c_int {
    if !fits {
        return Z_VERSION_ERROR;
    }
    let Some(mut stream) = Stream::of(strm) else { return Z_STREAM_ERROR };
    let allocator = stream.prepare();
    if !config.is_valid() {
        return Z_STREAM_ERROR;
    }
    let Some(place) = Place::new(allocator) else { return Z_MEM_ERROR };
    let made = exchange(&mut stream, |theirs| {
        place.make(|room| Deflate::init(room, config, allocator, theirs))
    });
    let Ok(made) = made else {
        stream.say(Some(c"insufficient memory"));
        return stream.without_state(Z_MEM_ERROR);
    };
    made.belongs_to(&mut stream);
    Z_OK
}

/// Makes one call with the caller's side of the stream, and shows what came of it.
fn exchange<R>(stream: &mut Stream<'_>, call: impl FnOnce(&mut Strm<'_>) -> R) -> R {
    let z_stream { total_in, total_out, adler, data_type, .. } = **stream;
    let mut theirs = Strm { io: stream.io(), total_in, total_out, adler, data_type, msg: None };
    let result = call(&mut theirs);
    let Strm { io, total_in, total_out, adler, data_type, msg } = theirs;
    stream.store(&io, false);
    (stream.total_in, stream.total_out) = (total_in, total_out);
    (stream.adler, stream.data_type) = (adler, data_type);
    stream.say(msg);
    result
}

/// The compressor of `strm`.
fn handle(strm: z_streamp<'_>) -> Option<Handle<'_, Deflate>> {
    Handle::of(strm)
}

/// Compresses as much as the buffers allow.
///
/// # Safety
/// As the parent module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deflate(strm: z_streamp, flush: c_int) -> c_int {
    let Some(Handle { mut stream, engine, .. }) = handle(strm) else { return Z_STREAM_ERROR };
    let Some(flush) = Flush::from_c(flush) else { return Z_STREAM_ERROR };
    exchange(&mut stream, |theirs| engine.deflate(theirs, flush)) as c_int
}

/// Frees the stream.
///
/// # Safety
/// As the parent module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deflateEnd(strm: z_streamp) -> c_int {
    match stream::end(strm, |deflate: &mut Deflate| deflate.is_busy()) {
        None => Z_STREAM_ERROR,
        Some(true) => Z_DATA_ERROR,
        Some(false) => Z_OK,
    }
}

/// Starts a new stream with the same parameters.
///
/// # Safety
/// As the parent module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deflateReset(strm: z_streamp) -> c_int {
    reset(handle(strm), Deflate::reset)
}

/// Starts a new stream with the same parameters and history.
///
/// # Safety
/// As the parent module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deflateResetKeep(strm: z_streamp) -> c_int {
    reset(handle(strm), Deflate::reset_keep)
}

fn reset(
    handle: Option<Handle<'_, Deflate>>,
    how: impl FnOnce(&mut Deflate, &mut Strm<'_>),
) -> c_int {
    let Some(Handle { mut stream, engine, .. }) = handle else { return Z_STREAM_ERROR };
    exchange(&mut stream, |theirs| how(engine, theirs));
    stream.msg = core::ptr::null();
    Z_OK
}

/// Sets a preset dictionary.
///
/// # Safety
/// As the parent module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deflateSetDictionary(
    strm: z_streamp,
    dictionary: *const Bytef,
    dictLength: uInt,
) -> c_int {
    let Some(Handle { mut stream, engine, .. }) = handle(strm) else { return Z_STREAM_ERROR };
    if dictionary.is_null() {
        return Z_STREAM_ERROR;
    }
    // SAFETY: not NULL, so the caller has as many bytes there.
    let dictionary = unsafe { core::slice::from_raw_parts(dictionary, dictLength as usize) };
    exchange(&mut stream, |theirs| engine.set_dictionary(theirs, dictionary)) as c_int
}

/// Gives the history.
///
/// # Safety
/// As the parent module asks; `dictionary` has room for 32 KiB.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deflateGetDictionary(
    strm: z_streamp,
    dictionary: *mut Bytef,
    dictLength: *mut uInt,
) -> c_int {
    let Some(Handle { engine, .. }) = handle(strm) else { return Z_STREAM_ERROR };
    // SAFETY: each is NULL or the caller's, with room for the 32 KiB that zlib.h asks for.
    unsafe { stream::put(dictLength, engine.dictionary(dictionary) as uInt) };
    Z_OK
}

/// Makes `dest` a stream that goes on from where `source` is.
///
/// # Safety
/// As the parent module asks; `dest` need not be initialised.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deflateCopy(dest: z_streamp, source: z_streamp) -> c_int {
    if dest == source {
        return Z_STREAM_ERROR;
    }
    let Some(source) = handle(source) else { return Z_STREAM_ERROR };
    let Some(mut dest) = Stream::of(dest) else { return Z_STREAM_ERROR };
    dest.copy_from(&source.stream);
    dest.without_state(Z_OK);
    let Some(place) = Place::new(source.allocator) else { return Z_MEM_ERROR };
    match place.make(|room| source.engine.copy_to(room, source.allocator)) {
        Ok(made) => made.belongs_to(&mut dest),
        Err(code) => return code as c_int,
    }
    Z_OK
}

/// Changes level and strategy.
///
/// # Safety
/// As the parent module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deflateParams(strm: z_streamp, level: c_int, strategy: c_int) -> c_int {
    let Some(Handle { mut stream, engine, .. }) = handle(strm) else { return Z_STREAM_ERROR };
    exchange(&mut stream, |theirs| engine.params(theirs, level, strategy)) as c_int
}

/// Sets the search's limits.
///
/// # Safety
/// As the parent module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deflateTune(
    strm: z_streamp,
    good_length: c_int,
    max_lazy: c_int,
    nice_length: c_int,
    max_chain: c_int,
) -> c_int {
    let Some(Handle { engine, .. }) = handle(strm) else { return Z_STREAM_ERROR };
    engine.tune(good_length, max_lazy, nice_length, max_chain);
    Z_OK
}

/// An upper bound of the compressed size.
///
/// # Safety
/// As the parent module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deflateBound(strm: z_streamp, sourceLen: uLong) -> uLong {
    bound(strm, sourceLen as z_size_t) as uLong
}

/// An upper bound of the compressed size.
///
/// # Safety
/// As the parent module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deflateBound_z(strm: z_streamp, sourceLen: z_size_t) -> z_size_t {
    bound(strm, sourceLen)
}

fn bound(strm: z_streamp<'_>, source_len: usize) -> usize {
    match handle(strm) {
        Some(Handle { engine, .. }) => engine.bound(source_len),
        None => deflate::bound_without_stream(source_len),
    }
}

/// How much output waits for room.
///
/// # Safety
/// As the parent module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deflatePending(
    strm: z_streamp,
    pending: *mut c_uint,
    bits: *mut c_int,
) -> c_int {
    let Some(Handle { engine, .. }) = handle(strm) else { return Z_STREAM_ERROR };
    let (waiting, waiting_bits) = engine.pending();
    // SAFETY: each is NULL or the caller's.
    unsafe {
        stream::put(pending, waiting);
        stream::put(bits, waiting_bits as c_int);
    }
    Z_OK
}

/// How many bits of the last byte are used.
///
/// # Safety
/// As the parent module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deflateUsed(strm: z_streamp, bits: *mut c_int) -> c_int {
    let Some(Handle { engine, .. }) = handle(strm) else { return Z_STREAM_ERROR };
    // SAFETY: NULL or the caller's.
    unsafe { stream::put(bits, engine.used() as c_int) };
    Z_OK
}

/// Inserts bits into the output.
///
/// # Safety
/// As the parent module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deflatePrime(strm: z_streamp, bits: c_int, value: c_int) -> c_int {
    let Some(Handle { engine, .. }) = handle(strm) else { return Z_STREAM_ERROR };
    engine.prime(bits, value) as c_int
}

/// Says what the gzip header shall hold.
///
/// # Safety
/// As the parent module asks; `head` and what it points to stay valid until the header is written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deflateSetHeader(strm: z_streamp, head: gz_headerp) -> c_int {
    let Some(Handle { engine, .. }) = handle(strm) else { return Z_STREAM_ERROR };
    // SAFETY: NULL, or the caller keeps it until the header is written.
    unsafe { engine.set_header(head) as c_int }
}
