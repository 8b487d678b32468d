//! `deflate*` of zlib.h. Parameters, codes and effects are as described there.
//!
//! The `# Safety` of the parent module holds for every function.
#![allow(non_snake_case)]

use core::ffi::{c_char, c_int, c_uint};

use super::stream::{self, Room, deflate_of};
use super::types::code::*;
use super::types::*;
use crate::engine::{self, Code, Deflate, DeflateConfig, Flush};

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
    unsafe { init(strm, DeflateConfig::new(level), version, stream_size) }
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
    let config = DeflateConfig { level, window_bits: windowBits, mem_level: memLevel, strategy };
    // SAFETY: the same contract.
    unsafe { init(strm, config, version, stream_size) }
}

/// # Safety
/// See the parent module.
unsafe fn init(
    strm: z_streamp,
    config: DeflateConfig,
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
        let Some(allocator) = stream::allocator(strm).filter(|_| Deflate::accepts(config)) else {
            return Z_STREAM_ERROR;
        };
        let Some(room) = Room::new(allocator) else { return Z_MEM_ERROR };
        let deflate = match Deflate::with_allocator(config, allocator) {
            Ok(deflate) => deflate,
            Err(Code::MemError) => {
                (*strm).state = core::ptr::null_mut();
                return stream::out_of_memory(strm);
            }
            Err(code) => return code as c_int,
        };
        stream::clear_totals(strm, Z_UNKNOWN, Some(deflate.check()));
        room.fill(strm, deflate);
        Z_OK
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
        advance(strm, deflate, |deflate, io| deflate.run(io, flush))
    }
}

/// Runs one call that reads and writes, and shows what came of it.
///
/// # Safety
/// See the parent module; `deflate` is `strm`'s.
unsafe fn advance(
    strm: z_streamp,
    deflate: &mut Deflate,
    call: impl FnOnce(&mut Deflate, &mut engine::Io<'_>) -> Code,
) -> c_int {
    // SAFETY: by this function's own contract.
    unsafe {
        let mut io = stream::io(strm);
        let code = call(deflate, &mut io);
        stream::store(strm, &io, true);
        if let Some(check) = deflate.running_check() {
            (*strm).adler = check.into();
        }
        (*strm).data_type = deflate.data_type();
        if let Some(msg) = deflate.take_msg() {
            (*strm).msg = msg.as_ptr();
        }
        code as c_int
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
        if let Some(allocator) = stream::allocator(strm) {
            deflate.set_allocator(allocator);
        }
        let code = deflate.end();
        stream::end::<Deflate>(strm);
        code as c_int
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
unsafe fn reset(strm: z_streamp, how: impl FnOnce(&mut Deflate) -> Code) -> c_int {
    // SAFETY: see the parent module's text.
    unsafe {
        let Some(deflate) = deflate_of(strm) else { return Z_STREAM_ERROR };
        let code = how(deflate);
        stream::clear_totals(strm, Z_UNKNOWN, Some(deflate.check()));
        code as c_int
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
        let code = deflate.set_dictionary(dictionary);
        if let Some(check) = deflate.running_check() {
            (*strm).adler = check.into();
        }
        if code == Code::Ok {
            // zlib reads a dictionary as it reads input, and counts what it keeps of it.
            let kept = dictLength.min(deflate.window_size());
            (*strm).total_in = (*strm).total_in.wrapping_add(kept.into());
        }
        code as c_int
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
            *place = len;
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
        let Some(room) = Room::new(allocator) else { return Z_MEM_ERROR };
        deflate.set_allocator(allocator);
        match deflate.try_clone() {
            Ok(copy) => {
                room.fill(dest, copy);
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
        advance(strm, deflate, |deflate, io| deflate.set_params(io, level, strategy))
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
        None => engine::bound_without_stream(sourceLen),
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
            *place = waiting_bits;
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
            *place = deflate.used();
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
