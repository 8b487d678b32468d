//! `deflate*` of zlib.h. Parameters, codes and effects are as described there.
//!
//! The `# Safety` of the parent module holds for every function.
#![allow(non_snake_case)]

use core::ffi::{c_char, c_int, c_uint};

use super::stream::{self, Room, deflate_of};
use super::types::code::*;
use super::types::*;
use crate::codes::Flush;
use crate::deflate::{self, Config, Deflate, Strm};

/// Prepares `strm` for compression at `level`.
///
/// # Safety
/// See the parent module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deflateInit_(
    strm: z_streamp,
    level: c_int,
    version: *const c_char,
    stream_size: c_int,
) -> c_int {
    // SAFETY: the same contract.
    unsafe { init(strm, Config::new(level), version, stream_size) }
}

/// Prepares `strm` for compression with all parameters.
///
/// # Safety
/// See the parent module.
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
    const Z_DEFLATED: c_int = 8;
    // Any other method is refused below, through a level that does not exist.
    let level = if method == Z_DEFLATED { level } else { c_int::MAX };
    let config = Config { level, window_bits: windowBits, mem_level: memLevel, strategy };
    // SAFETY: the same contract.
    unsafe { init(strm, config, version, stream_size) }
}

/// # Safety
/// See the parent module.
unsafe fn init(
    strm: z_streamp,
    config: Config,
    version: *const c_char,
    stream_size: c_int,
) -> c_int {
    // SAFETY: see the parent module's text; `strm` is not NULL from the second check on.
    unsafe {
        if !stream::version_fits(version, stream_size) {
            return Z_VERSION_ERROR;
        }
        if strm.is_null() {
            return Z_STREAM_ERROR;
        }
        stream::prepare(strm);
        let Some(allocator) = stream::allocator(strm).filter(|_| config.is_valid()) else {
            return Z_STREAM_ERROR;
        };
        let Some(mut room) = Room::new(allocator) else { return Z_MEM_ERROR };
        let place = room.engine();
        let made = exchange(strm, |theirs| Deflate::init(place, config, allocator, theirs));
        match made {
            Ok(()) => {
                room.filled(strm);
                Z_OK
            }
            Err(_) => {
                (*strm).state = core::ptr::null_mut();
                stream::out_of_memory(strm)
            }
        }
    }
}

/// Makes one call with the caller's side of the stream, and shows what came of it.
///
/// # Safety
/// See the parent module; `strm` is not NULL.
unsafe fn exchange<R>(strm: z_streamp, call: impl FnOnce(&mut Strm<'_>) -> R) -> R {
    // SAFETY: by this function's own contract.
    unsafe {
        let z_stream { total_in, total_out, adler, data_type, .. } = *strm;
        let mut theirs =
            Strm { io: stream::io(strm), total_in, total_out, adler, data_type, msg: None };
        let result = call(&mut theirs);
        stream::store(strm, &theirs.io, false);
        let Strm { total_in, total_out, adler, data_type, msg, .. } = theirs;
        let strm = &mut *strm;
        (strm.total_in, strm.total_out) = (total_in, total_out);
        (strm.adler, strm.data_type) = (adler, data_type);
        if let Some(msg) = msg {
            strm.msg = msg.as_ptr();
        }
        result
    }
}

/// Compresses as much as the buffers allow.
///
/// # Safety
/// See the parent module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deflate(strm: z_streamp, flush: c_int) -> c_int {
    // SAFETY: see the parent module's text.
    unsafe {
        let Some(deflate) = deflate_of(strm) else { return Z_STREAM_ERROR };
        let Some(flush) = Flush::from_c(flush) else { return Z_STREAM_ERROR };
        exchange(strm, |theirs| deflate.deflate(theirs, flush)) as c_int
    }
}

/// Frees the stream.
///
/// # Safety
/// See the parent module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deflateEnd(strm: z_streamp) -> c_int {
    // SAFETY: see the parent module's text.
    unsafe {
        let Some(deflate) = deflate_of(strm) else { return Z_STREAM_ERROR };
        let busy = deflate.is_busy();
        stream::end::<Deflate>(strm);
        if busy { Z_DATA_ERROR } else { Z_OK }
    }
}

/// Starts a new stream with the same parameters.
///
/// # Safety
/// See the parent module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deflateReset(strm: z_streamp) -> c_int {
    // SAFETY: see the parent module's text.
    unsafe { reset(strm, Deflate::reset) }
}

/// Starts a new stream with the same parameters and history.
///
/// # Safety
/// See the parent module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deflateResetKeep(strm: z_streamp) -> c_int {
    // SAFETY: see the parent module's text.
    unsafe { reset(strm, Deflate::reset_keep) }
}

/// # Safety
/// See the parent module.
unsafe fn reset(strm: z_streamp, how: impl FnOnce(&mut Deflate, &mut Strm<'_>)) -> c_int {
    // SAFETY: see the parent module's text.
    unsafe {
        let Some(deflate) = deflate_of(strm) else { return Z_STREAM_ERROR };
        exchange(strm, |theirs| how(deflate, theirs));
        (*strm).msg = core::ptr::null();
        Z_OK
    }
}

/// Sets a preset dictionary.
///
/// # Safety
/// See the parent module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deflateSetDictionary(
    strm: z_streamp,
    dictionary: *const Bytef,
    dictLength: uInt,
) -> c_int {
    // SAFETY: see the parent module's text.
    unsafe {
        let Some(deflate) = deflate_of(strm).filter(|_| !dictionary.is_null()) else {
            return Z_STREAM_ERROR;
        };
        let dictionary = core::slice::from_raw_parts(dictionary, dictLength as usize);
        exchange(strm, |theirs| deflate.set_dictionary(theirs, dictionary)) as c_int
    }
}

/// Gives the history.
///
/// # Safety
/// See the parent module; `dictionary` has room for 32 KiB.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deflateGetDictionary(
    strm: z_streamp,
    dictionary: *mut Bytef,
    dictLength: *mut uInt,
) -> c_int {
    // SAFETY: see the parent module's text.
    unsafe {
        let Some(deflate) = deflate_of(strm) else { return Z_STREAM_ERROR };
        let len = deflate.dictionary(dictionary);
        if let Some(place) = dictLength.as_mut() {
            *place = len as uInt;
        }
        Z_OK
    }
}

/// Makes `dest` a stream that goes on from where `source` is.
///
/// # Safety
/// See the parent module; `dest` need not be initialised.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deflateCopy(dest: z_streamp, source: z_streamp) -> c_int {
    // SAFETY: see the parent module's text.
    unsafe {
        let Some(deflate) = deflate_of(source).filter(|_| !dest.is_null() && dest != source) else {
            return Z_STREAM_ERROR;
        };
        let Some(allocator) = stream::allocator(source) else { return Z_STREAM_ERROR };
        dest.copy_from_nonoverlapping(source, 1);
        (*dest).state = core::ptr::null_mut();
        let Some(mut room) = Room::<Deflate>::new(allocator) else { return Z_MEM_ERROR };
        match deflate.copy_to(room.engine(), allocator) {
            Ok(()) => {
                room.filled(dest);
                Z_OK
            }
            Err(code) => code as c_int,
        }
    }
}

/// Changes level and strategy.
///
/// # Safety
/// See the parent module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deflateParams(strm: z_streamp, level: c_int, strategy: c_int) -> c_int {
    // SAFETY: see the parent module's text.
    unsafe {
        let Some(deflate) = deflate_of(strm) else { return Z_STREAM_ERROR };
        exchange(strm, |theirs| deflate.params(theirs, level, strategy)) as c_int
    }
}

/// Sets the search's limits.
///
/// # Safety
/// See the parent module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deflateTune(
    strm: z_streamp,
    good_length: c_int,
    max_lazy: c_int,
    nice_length: c_int,
    max_chain: c_int,
) -> c_int {
    // SAFETY: see the parent module's text.
    let Some(deflate) = (unsafe { deflate_of(strm) }) else { return Z_STREAM_ERROR };
    deflate.tune(good_length, max_lazy, nice_length, max_chain);
    Z_OK
}

/// An upper bound of the compressed size.
///
/// # Safety
/// See the parent module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deflateBound(strm: z_streamp, sourceLen: uLong) -> uLong {
    // SAFETY: the same contract.
    unsafe { deflateBound_z(strm, sourceLen as z_size_t) as uLong }
}

/// An upper bound of the compressed size.
///
/// # Safety
/// See the parent module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deflateBound_z(strm: z_streamp, sourceLen: z_size_t) -> z_size_t {
    // SAFETY: see the parent module's text.
    match unsafe { deflate_of(strm) } {
        Some(deflate) => deflate.bound(sourceLen),
        None => deflate::bound_without_stream(sourceLen),
    }
}

/// How much output waits for room.
///
/// # Safety
/// See the parent module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deflatePending(
    strm: z_streamp,
    pending: *mut c_uint,
    bits: *mut c_int,
) -> c_int {
    // SAFETY: see the parent module's text.
    unsafe {
        let Some(deflate) = deflate_of(strm) else { return Z_STREAM_ERROR };
        let (waiting, waiting_bits) = deflate.pending();
        if let Some(place) = pending.as_mut() {
            *place = waiting;
        }
        if let Some(place) = bits.as_mut() {
            *place = waiting_bits as c_int;
        }
        Z_OK
    }
}

/// How many bits of the last byte are used.
///
/// # Safety
/// See the parent module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deflateUsed(strm: z_streamp, bits: *mut c_int) -> c_int {
    // SAFETY: see the parent module's text.
    unsafe {
        let Some(deflate) = deflate_of(strm) else { return Z_STREAM_ERROR };
        if let Some(place) = bits.as_mut() {
            *place = deflate.used() as c_int;
        }
        Z_OK
    }
}

/// Inserts bits into the output.
///
/// # Safety
/// See the parent module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deflatePrime(strm: z_streamp, bits: c_int, value: c_int) -> c_int {
    // SAFETY: see the parent module's text.
    match unsafe { deflate_of(strm) } {
        Some(deflate) => deflate.prime(bits, value) as c_int,
        None => Z_STREAM_ERROR,
    }
}

/// Says what the gzip header shall hold.
///
/// # Safety
/// See the parent module; `head` and what it points to stay valid until the header is written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn deflateSetHeader(strm: z_streamp, head: gz_headerp) -> c_int {
    // SAFETY: see the parent module's text.
    unsafe {
        match deflate_of(strm) {
            Some(deflate) => deflate.set_header(head) as c_int,
            None => Z_STREAM_ERROR,
        }
    }
}
