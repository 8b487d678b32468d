//! `inflate*` of zlib.h. Parameters, codes and effects are as described there.
//!
//! The `# Safety` of the parent module holds for every function.
#![allow(non_snake_case)]

use core::ffi::{c_char, c_int, c_long, c_uchar, c_ulong, c_void};

use super::stream::{self, Room, back_of, inflate_of};
use super::types::code::*;
use super::types::*;
use crate::codes::{Code, Flush};
use crate::inflate::{Callbacks, Inflate, InflateBack, InflateConfig};
use crate::io::Io;

/// Prepares `strm` for decompression of a zlib stream.
///
/// # Safety
/// See the parent module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflateInit_(
    strm: z_streamp,
    version: *const c_char,
    stream_size: c_int,
) -> c_int {
    // SAFETY: the same contract.
    unsafe { inflateInit2_(strm, 15, version, stream_size) }
}

/// Prepares `strm` for decompression of the format that `windowBits` asks for.
///
/// # Safety
/// See the parent module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflateInit2_(
    strm: z_streamp,
    windowBits: c_int,
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
        let Some(allocator) = stream::allocator(strm) else { return Z_STREAM_ERROR };
        let Some(mut room) = Room::<Inflate>::new(allocator) else { return Z_MEM_ERROR };
        let Some(config) = InflateConfig::new(windowBits) else {
            (*strm).state = core::ptr::null_mut();
            return Z_STREAM_ERROR;
        };
        Inflate::init(room.engine(), config, allocator);
        stream::clear_totals(strm, 0, (*room.engine()).first_adler());
        room.filled(strm);
        Z_OK
    }
}

/// Decompresses as much as the buffers allow.
///
/// # Safety
/// See the parent module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflate(strm: z_streamp, flush: c_int) -> c_int {
    // zlib takes any value; those that it does not know ask for nothing.
    let flush = Flush::from_c(flush).unwrap_or(Flush::None);
    // SAFETY: see the parent module's text.
    unsafe {
        let Some(inflate) = inflate_of(strm) else { return Z_STREAM_ERROR };
        let mut io = stream::io(strm);
        let answer = inflate.run(&mut io, flush);
        stream::store(strm, &io, answer.counts);
        if let Some(adler) = answer.adler {
            (*strm).adler = adler.into();
        }
        if let Some(data_type) = answer.data_type {
            (*strm).data_type = data_type;
        }
        if let Some(msg) = answer.msg {
            (*strm).msg = msg.as_ptr();
        }
        answer.code as c_int
    }
}

/// Frees the stream.
///
/// # Safety
/// See the parent module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflateEnd(strm: z_streamp) -> c_int {
    // SAFETY: see the parent module's text.
    unsafe { if stream::end::<Inflate>(strm) { Z_OK } else { Z_STREAM_ERROR } }
}

/// Starts a new stream in the same format.
///
/// # Safety
/// See the parent module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflateReset(strm: z_streamp) -> c_int {
    // SAFETY: see the parent module's text.
    unsafe { reset(strm, Inflate::reset) }
}

/// Starts a new stream in the format that `windowBits` asks for.
///
/// # Safety
/// See the parent module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflateReset2(strm: z_streamp, windowBits: c_int) -> c_int {
    let Some(config) = InflateConfig::new(windowBits) else { return Z_STREAM_ERROR };
    // SAFETY: see the parent module's text.
    unsafe { reset(strm, |inflate| inflate.reset_to(config)) }
}

/// Starts a new stream in the same format, with the same history.
///
/// # Safety
/// See the parent module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflateResetKeep(strm: z_streamp) -> c_int {
    // SAFETY: see the parent module's text.
    unsafe { reset(strm, Inflate::reset_keep) }
}

/// # Safety
/// See the parent module.
unsafe fn reset(strm: z_streamp, how: impl FnOnce(&mut Inflate)) -> c_int {
    // SAFETY: see the parent module's text.
    unsafe {
        let Some(inflate) = inflate_of(strm) else { return Z_STREAM_ERROR };
        how(inflate);
        stream::clear_totals(strm, 0, inflate.first_adler());
        Z_OK
    }
}

/// Gives the dictionary that the stream asks for.
///
/// # Safety
/// See the parent module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflateSetDictionary(
    strm: z_streamp,
    dictionary: *const Bytef,
    dictLength: uInt,
) -> c_int {
    // SAFETY: see the parent module's text.
    unsafe {
        let Some(inflate) = inflate_of(strm) else { return Z_STREAM_ERROR };
        if dictionary.is_null() && dictLength != 0 {
            // zlib takes the adler32 of no buffer, and so finds the wrong dictionary.
            return if inflate.wants_dictionary() { Z_DATA_ERROR } else { Z_STREAM_ERROR };
        }
        let dictionary = match dictLength {
            0 => &[],
            len => core::slice::from_raw_parts(dictionary, len as usize),
        };
        inflate.set_dictionary(dictionary) as c_int
    }
}

/// Gives the history.
///
/// # Safety
/// See the parent module; `dictionary` has room for 32 KiB.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflateGetDictionary(
    strm: z_streamp,
    dictionary: *mut Bytef,
    dictLength: *mut uInt,
) -> c_int {
    // SAFETY: see the parent module's text.
    unsafe {
        let Some(inflate) = inflate_of(strm) else { return Z_STREAM_ERROR };
        let len = inflate.dictionary(dictionary);
        if let Some(place) = dictLength.as_mut() {
            *place = len;
        }
        Z_OK
    }
}

/// Says where to put the gzip header's fields.
///
/// # Safety
/// See the parent module; `head` and its buffers stay valid until the header is read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflateGetHeader(strm: z_streamp, head: gz_headerp) -> c_int {
    // SAFETY: see the parent module's text.
    unsafe {
        match inflate_of(strm).filter(|_| !head.is_null()) {
            Some(inflate) => inflate.set_header(head) as c_int,
            None => Z_STREAM_ERROR,
        }
    }
}

/// Skips input to a full flush point.
///
/// # Safety
/// See the parent module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflateSync(strm: z_streamp) -> c_int {
    // SAFETY: see the parent module's text.
    unsafe {
        let Some(inflate) = inflate_of(strm) else { return Z_STREAM_ERROR };
        let mut io = stream::io(strm);
        if io.next_in().is_null() && io.avail_in() != 0 {
            return Z_STREAM_ERROR;
        }
        let code = inflate.sync(&mut io);
        stream::store(strm, &io, true);
        if code == Code::Ok {
            let (total_in, total_out) = ((*strm).total_in, (*strm).total_out);
            stream::clear_totals(strm, 0, inflate.first_adler());
            ((*strm).total_in, (*strm).total_out) = (total_in, total_out);
        }
        code as c_int
    }
}

/// Whether the stream is at the length of an empty stored block: 1, 0, or an error code.
///
/// # Safety
/// See the parent module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflateSyncPoint(strm: z_streamp) -> c_int {
    // SAFETY: see the parent module's text.
    match unsafe { inflate_of(strm) } {
        Some(inflate) => inflate.sync_point().into(),
        None => Z_STREAM_ERROR,
    }
}

/// Makes `dest` a stream that goes on from where `source` is.
///
/// # Safety
/// See the parent module; `dest` need not be initialised.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflateCopy(dest: z_streamp, source: z_streamp) -> c_int {
    // SAFETY: see the parent module's text.
    unsafe {
        let Some(inflate) = inflate_of(source).filter(|_| !dest.is_null() && dest != source) else {
            return Z_STREAM_ERROR;
        };
        let Some(allocator) = stream::allocator(source) else { return Z_STREAM_ERROR };
        let Some(mut room) = Room::<Inflate>::new(allocator) else { return Z_MEM_ERROR };
        inflate.set_allocator(allocator);
        if !inflate.copy_to(room.engine()) {
            return Z_MEM_ERROR;
        }
        dest.copy_from_nonoverlapping(source, 1);
        room.filled(dest);
        Z_OK
    }
}

/// Inserts bits in front of the input.
///
/// # Safety
/// See the parent module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflatePrime(strm: z_streamp, bits: c_int, value: c_int) -> c_int {
    // SAFETY: see the parent module's text.
    match unsafe { inflate_of(strm) } {
        Some(inflate) => inflate.prime(bits, value) as c_int,
        None => Z_STREAM_ERROR,
    }
}

/// Where in the input the output comes from; -65536 without a stream.
///
/// # Safety
/// See the parent module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflateMark(strm: z_streamp) -> c_long {
    // SAFETY: see the parent module's text.
    match unsafe { inflate_of(strm) } {
        Some(inflate) => inflate.mark(),
        None => -(1 << 16),
    }
}

/// How much of the table space is in use; the largest value without a stream.
///
/// # Safety
/// See the parent module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflateCodesUsed(strm: z_streamp) -> c_ulong {
    // SAFETY: see the parent module's text.
    match unsafe { inflate_of(strm) } {
        Some(inflate) => inflate.codes_used() as c_ulong,
        None => c_ulong::MAX,
    }
}

/// Does not allow distances beyond the window: Z_DATA_ERROR, as zlib is built everywhere.
///
/// # Safety
/// See the parent module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflateUndermine(strm: z_streamp, _subvert: c_int) -> c_int {
    // SAFETY: see the parent module's text.
    match unsafe { inflate_of(strm) } {
        Some(_) => Z_DATA_ERROR,
        None => Z_STREAM_ERROR,
    }
}

/// Says whether check values are verified.
///
/// # Safety
/// See the parent module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflateValidate(strm: z_streamp, check: c_int) -> c_int {
    // SAFETY: see the parent module's text.
    let Some(inflate) = (unsafe { inflate_of(strm) }) else { return Z_STREAM_ERROR };
    inflate.validate(check != 0);
    Z_OK
}

/// Prepares `strm` for `inflateBack`.
///
/// # Safety
/// See the parent module; `window` has `1 << windowBits` bytes until `inflateBackEnd`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflateBackInit_(
    strm: z_streamp,
    windowBits: c_int,
    window: *mut c_uchar,
    version: *const c_char,
    stream_size: c_int,
) -> c_int {
    // SAFETY: see the parent module's text; `strm` is not NULL from the second check on.
    unsafe {
        if !stream::version_fits(version, stream_size) {
            return Z_VERSION_ERROR;
        }
        if strm.is_null() || window.is_null() || !(8..=15).contains(&windowBits) {
            return Z_STREAM_ERROR;
        }
        stream::prepare(strm);
        let Some(allocator) = stream::allocator(strm) else { return Z_STREAM_ERROR };
        let Some(mut room) = Room::<InflateBack>::new(allocator) else { return Z_MEM_ERROR };
        InflateBack::init(room.engine(), windowBits as u32, window);
        room.filled(strm);
        Z_OK
    }
}

/// Decompresses a raw stream between two callbacks.
///
/// # Safety
/// See the parent module; the callbacks may be called as zlib.h says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inflateBack(
    strm: z_streamp,
    in_: in_func,
    in_desc: *mut c_void,
    out: out_func,
    out_desc: *mut c_void,
) -> c_int {
    // SAFETY: see the parent module's text.
    unsafe {
        let (Some(back), Some(input), Some(output)) = (back_of(strm), in_, out) else {
            return Z_STREAM_ERROR;
        };
        (*strm).msg = core::ptr::null();
        let next_in = (*strm).next_in;
        let avail_in = if next_in.is_null() { 0 } else { (*strm).avail_in };
        let mut io = Io::from_raw(next_in, avail_in, core::ptr::null_mut(), 0);
        let callbacks = Callbacks { input: (input, in_desc), output: (output, out_desc) };
        let (code, msg) = back.run(&mut io, callbacks);
        (*strm).next_in = io.next_in();
        (*strm).avail_in = io.avail_in();
        if let Some(msg) = msg {
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
pub unsafe extern "C" fn inflateBackEnd(strm: z_streamp) -> c_int {
    // SAFETY: see the parent module's text.
    unsafe { if stream::end::<InflateBack>(strm) { Z_OK } else { Z_STREAM_ERROR } }
}
