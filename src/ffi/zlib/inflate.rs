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
    // SAFETY: the same stream and string, by the same caller.
    unsafe { inflateInit2_(strm, 15, version, stream_size) }
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
    if !unsafe { stream::version_fits(version, stream_size) } {
        return Z_VERSION_ERROR;
    }
    // SAFETY: NULL or the caller's stream, as this module asks.
    let Some(mut stream) = (unsafe { Stream::of(strm) }) else { return Z_STREAM_ERROR };
    let allocator = stream.prepare();
    // SAFETY: the caller's allocator, or libc's, may be called.
    let Some(mut place) = (unsafe { Place::<Inflate>::new(allocator) }) else { return Z_MEM_ERROR };
    let Some(config) = InflateConfig::new(windowBits) else {
        return stream.without_state(Z_STREAM_ERROR);
    };
    // SAFETY: there is room for an engine, and the allocator may be called.
    let first_adler = unsafe {
        Inflate::init(place.engine(), config, allocator);
        (*place.engine()).first_adler()
    };
    stream.clear_totals(0, first_adler);
    // SAFETY: `init` has made the engine.
    unsafe { place.filled(&mut stream) };
    Z_OK
}

/// Decompresses as much as the buffers allow.
///
/// # Safety
/// As the parent module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflate(strm: z_streamp, flush: c_int) -> c_int {
    // SAFETY: NULL or the caller's stream, as this module asks.
    let Some(Handle { mut stream, engine, .. }) = (unsafe { handle(strm) }) else {
        return Z_STREAM_ERROR;
    };
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
    // SAFETY: NULL or the caller's stream, as this module asks.
    let ended = unsafe { stream::end(strm, |_: &mut Inflate| ()) };
    ended.map_or(Z_STREAM_ERROR, |()| Z_OK)
}

/// Starts a new stream in the same format.
///
/// # Safety
/// As the parent module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflateReset(strm: z_streamp) -> c_int {
    // SAFETY: NULL or the caller's stream, as this module asks.
    reset(unsafe { handle(strm) }, Inflate::reset)
}

/// Starts a new stream in the format that `windowBits` asks for.
///
/// # Safety
/// As the parent module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflateReset2(strm: z_streamp, windowBits: c_int) -> c_int {
    let Some(config) = InflateConfig::new(windowBits) else { return Z_STREAM_ERROR };
    // SAFETY: NULL or the caller's stream, as this module asks.
    reset(unsafe { handle(strm) }, |inflate| inflate.reset_to(config))
}

/// Starts a new stream in the same format, with the same history.
///
/// # Safety
/// As the parent module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflateResetKeep(strm: z_streamp) -> c_int {
    // SAFETY: NULL or the caller's stream, as this module asks.
    reset(unsafe { handle(strm) }, Inflate::reset_keep)
}

fn reset(handle: Option<Handle<'_, Inflate>>, how: impl FnOnce(&mut Inflate)) -> c_int {
    let Some(Handle { mut stream, engine, .. }) = handle else { return Z_STREAM_ERROR };
    how(engine);
    stream.clear_totals(0, engine.first_adler());
    Z_OK
}

/// The decompressor of `strm`.
///
/// # Safety
/// `strm` is NULL or the caller's stream.
unsafe fn handle<'a>(strm: z_streamp) -> Option<Handle<'a, Inflate>> {
    // SAFETY: NULL or the caller's stream, by its word.
    unsafe { Handle::of(strm) }
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
    // SAFETY: NULL or the caller's stream, as this module asks.
    let Some(Handle { engine, .. }) = (unsafe { handle(strm) }) else { return Z_STREAM_ERROR };
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
    // SAFETY: NULL or the caller's stream, as this module asks.
    let Some(Handle { engine, .. }) = (unsafe { handle(strm) }) else { return Z_STREAM_ERROR };
    // SAFETY: NULL, or with room for the 32 KiB that zlib.h asks for.
    let len = unsafe { engine.dictionary(dictionary) };
    // SAFETY: NULL or the caller's.
    unsafe { stream::put(dictLength, len) };
    Z_OK
}

/// Says where to put the gzip header's fields.
///
/// # Safety
/// As the parent module asks; `head` and its buffers stay valid until the header is read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflateGetHeader(strm: z_streamp, head: gz_headerp) -> c_int {
    // SAFETY: NULL or the caller's stream, as this module asks.
    let Some(Handle { engine, .. }) = (unsafe { handle(strm) }) else { return Z_STREAM_ERROR };
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
    // SAFETY: NULL or the caller's stream, as this module asks.
    let Some(Handle { mut stream, engine, .. }) = (unsafe { handle(strm) }) else {
        return Z_STREAM_ERROR;
    };
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
    // SAFETY: NULL or the caller's stream, as this module asks.
    match unsafe { handle(strm) } {
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
    // SAFETY: NULL or the caller's stream, as this module asks.
    let Some(Handle { engine, allocator, .. }) = (unsafe { handle(source) }) else {
        return Z_STREAM_ERROR;
    };
    // SAFETY: NULL or the caller's, and not the one that is already in use.
    let Some(mut stream) = (unsafe { Stream::of(dest) }).filter(|_| dest != source) else {
        return Z_STREAM_ERROR;
    };
    // SAFETY: the stream's allocator may be called.
    let Some(mut place) = (unsafe { Place::<Inflate>::new(allocator) }) else { return Z_MEM_ERROR };
    engine.set_allocator(allocator);
    // SAFETY: there is room for an engine.
    if !unsafe { engine.copy_to(place.engine()) } {
        return Z_MEM_ERROR;
    }
    // SAFETY: both streams are there, and `copy_to` has made the engine.
    unsafe {
        dest.copy_from(source, 1);
        place.filled(&mut stream);
    }
    Z_OK
}

/// Inserts bits in front of the input.
///
/// # Safety
/// As the parent module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflatePrime(strm: z_streamp, bits: c_int, value: c_int) -> c_int {
    // SAFETY: NULL or the caller's stream, as this module asks.
    match unsafe { handle(strm) } {
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
    // SAFETY: NULL or the caller's stream, as this module asks.
    match unsafe { handle(strm) } {
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
    // SAFETY: NULL or the caller's stream, as this module asks.
    match unsafe { handle(strm) } {
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
    // SAFETY: NULL or the caller's stream, as this module asks.
    match unsafe { handle(strm) } {
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
    // SAFETY: NULL or the caller's stream, as this module asks.
    let Some(Handle { engine, .. }) = (unsafe { handle(strm) }) else { return Z_STREAM_ERROR };
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
    // SAFETY: NULL or the caller's stream, as this module asks.
    let Some(mut stream) = (unsafe { Stream::of(strm) }) else { return Z_STREAM_ERROR };
    // SAFETY: the caller's allocator, or libc's, may be called.
    let place = unsafe { Place::<InflateBack>::new(stream.prepare()) };
    let Some(mut place) = place else { return Z_MEM_ERROR };
    // SAFETY: there is room for an engine, and a window of the caller's, which it keeps.
    unsafe {
        InflateBack::init(place.engine(), windowBits as u32, window);
        place.filled(&mut stream);
    }
    Z_OK
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
    // SAFETY: NULL or the caller's stream, as this module asks.
    let handle = unsafe { Handle::<InflateBack>::of(strm) };
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
    // SAFETY: NULL or the caller's stream, as this module asks.
    let ended = unsafe { stream::end(strm, |_: &mut InflateBack| ()) };
    ended.map_or(Z_STREAM_ERROR, |()| Z_OK)
}
