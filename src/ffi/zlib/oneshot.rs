//! `compress*` and `uncompress*` of zlib.h: a whole buffer in one call.
//!
//! The `# Safety` of the parent module holds for every function.
#![allow(non_snake_case)]

use core::ffi::c_int;

use super::types::code::*;
use super::types::*;
use crate::codes::{Code, DEFAULT_LEVEL};
use crate::{deflate, oneshot};

/// An upper bound of what [`compress`] writes for `sourceLen` bytes.
#[unsafe(no_mangle)]
pub extern "C" fn compressBound(sourceLen: uLong) -> uLong {
    deflate::compress_bound(sourceLen as usize) as uLong
}

/// An upper bound of what [`compress_z`] writes for `sourceLen` bytes.
#[unsafe(no_mangle)]
pub extern "C" fn compressBound_z(sourceLen: z_size_t) -> z_size_t {
    deflate::compress_bound(sourceLen)
}

/// Compresses at the default level.
///
/// # Safety
/// As the parent module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn compress(
    dest: *mut Bytef,
    destLen: *mut uLongf,
    source: *const Bytef,
    sourceLen: uLong,
) -> c_int {
    // SAFETY: the same buffers, by the same caller.
    unsafe { compress2(dest, destLen, source, sourceLen, DEFAULT_LEVEL) }
}

/// Compresses at the default level.
///
/// # Safety
/// As the parent module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn compress_z(
    dest: *mut Bytef,
    destLen: *mut z_size_t,
    source: *const Bytef,
    sourceLen: z_size_t,
) -> c_int {
    // SAFETY: the same buffers, by the same caller.
    unsafe { compress2_z(dest, destLen, source, sourceLen, DEFAULT_LEVEL) }
}

/// Compresses at `level`.
///
/// # Safety
/// As the parent module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn compress2(
    dest: *mut Bytef,
    destLen: *mut uLongf,
    source: *const Bytef,
    sourceLen: uLong,
    level: c_int,
) -> c_int {
    // SAFETY: the same buffers, by the same caller, with a length that is NULL or its own.
    unsafe {
        with_size(destLen, |len| compress2_z(dest, len, source, sourceLen as z_size_t, level))
    }
}

/// Compresses at `level`.
///
/// # Safety
/// As the parent module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn compress2_z(
    dest: *mut Bytef,
    destLen: *mut z_size_t,
    source: *const Bytef,
    sourceLen: z_size_t,
    level: c_int,
) -> c_int {
    // SAFETY: the length is NULL or the caller's, and each buffer NULL or as long as it says.
    unsafe {
        let Some(len) = destLen.as_mut() else { return Z_STREAM_ERROR };
        if (sourceLen > 0 && source.is_null()) || (*len > 0 && dest.is_null()) {
            return Z_STREAM_ERROR;
        }
        let room = core::mem::take(len);
        let (code, _, produced) = oneshot::compress(source, sourceLen, dest, room, level);
        *len = produced;
        code as c_int
    }
}

/// Decompresses a zlib stream.
///
/// # Safety
/// As the parent module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uncompress(
    dest: *mut Bytef,
    destLen: *mut uLongf,
    source: *const Bytef,
    sourceLen: uLong,
) -> c_int {
    let mut used = sourceLen;
    // SAFETY: the same buffers, by the same caller, and a length of ours.
    unsafe { uncompress2(dest, destLen, source, &mut used) }
}

/// Decompresses a zlib stream.
///
/// # Safety
/// As the parent module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uncompress_z(
    dest: *mut Bytef,
    destLen: *mut z_size_t,
    source: *const Bytef,
    sourceLen: z_size_t,
) -> c_int {
    let mut used = sourceLen;
    // SAFETY: the same buffers, by the same caller, and a length of ours.
    unsafe { uncompress2_z(dest, destLen, source, &mut used) }
}

/// Decompresses a zlib stream; `sourceLen` becomes what was read of it.
///
/// # Safety
/// As the parent module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uncompress2(
    dest: *mut Bytef,
    destLen: *mut uLongf,
    source: *const Bytef,
    sourceLen: *mut uLong,
) -> c_int {
    // SAFETY: the same buffers, by the same caller, with lengths that are NULL or its own.
    unsafe {
        with_size(destLen, |len| {
            with_size(sourceLen, |used| uncompress2_z(dest, len, source, used))
        })
    }
}

/// Decompresses a zlib stream; `sourceLen` becomes what was read of it.
///
/// # Safety
/// As the parent module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uncompress2_z(
    dest: *mut Bytef,
    destLen: *mut z_size_t,
    source: *const Bytef,
    sourceLen: *mut z_size_t,
) -> c_int {
    // SAFETY: the lengths are NULL or the caller's, and each buffer NULL or as long as it says.
    unsafe {
        let (Some(len), Some(used)) = (destLen.as_mut(), sourceLen.as_mut()) else {
            return Z_STREAM_ERROR;
        };
        if (*used > 0 && source.is_null()) || (*len > 0 && dest.is_null()) {
            return Z_STREAM_ERROR;
        }
        let (code, consumed, produced) = oneshot::uncompress(source, *used, dest, *len);
        if code != Code::MemError {
            (*used, *len) = (consumed, produced);
        }
        code as c_int
    }
}

/// Calls with a `size_t` instead of a `uLong` that may be NULL.
///
/// # Safety
/// `place` is NULL or valid.
unsafe fn with_size(place: *mut uLong, call: impl FnOnce(*mut z_size_t) -> c_int) -> c_int {
    // SAFETY: NULL or valid, by the caller's word.
    let Some(place) = (unsafe { place.as_mut() }) else { return Z_STREAM_ERROR };
    let mut size = *place as z_size_t;
    let code = call(&mut size);
    *place = size as uLong;
    code
}
