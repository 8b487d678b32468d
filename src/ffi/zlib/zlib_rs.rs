//! zlib-rs's own stream functions under zlib.h's names: the optional engine.
//!
//! Nothing here checks, corrects or counts: what a C program passes goes to the function of that
//! name in libz-rs-sys, and what that returns goes back. The `# Safety` of the parent module holds
//! for every function, as far as zlib-rs does not ask for more.
#![allow(non_snake_case)]

use core::ffi::{c_char, c_int, c_long, c_uchar, c_uint, c_ulong, c_void};

use libz_rs_sys::{Bytef, gz_headerp, in_func, out_func, uInt, z_stream, z_streamp};

// Both are zlib.h's: a stream of the one is a stream of the other.
const _: () = assert!(size_of::<z_stream>() == size_of::<super::types::z_stream>());

macro_rules! export {
    ($(fn $name:ident($($argument:ident: $type:ty),* $(,)?) -> $result:ty;)*) => {$(
        /// zlib-rs's function of this name.
        ///
        /// # Safety
        /// As the parent module asks.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name($($argument: $type),*) -> $result {
            // SAFETY: the arguments are the caller's, and zlib-rs's to judge.
            unsafe { libz_rs_sys::$name($($argument),*) }
        }
    )*};
}

export! {
    fn deflate(strm: *mut z_stream, flush: i32) -> c_int;
    fn deflateBound(strm: *mut z_stream, sourceLen: c_ulong) -> c_ulong;
    fn deflateBound_z(strm: *mut z_stream, sourceLen: usize) -> usize;
    fn deflateCopy(dest: z_streamp, source: z_streamp) -> c_int;
    fn deflateEnd(strm: *mut z_stream) -> i32;
    fn deflateGetDictionary(strm: *const z_stream, dictionary: *mut c_uchar, dictLength: *mut c_uint) -> c_int;
    fn deflateInit2_(strm: z_streamp, level: c_int, method: c_int, windowBits: c_int, memLevel: c_int, strategy: c_int, version: *const c_char, stream_size: c_int) -> c_int;
    fn deflateInit_(strm: z_streamp, level: c_int, version: *const c_char, stream_size: c_int) -> c_int;
    fn deflateParams(strm: z_streamp, level: c_int, strategy: c_int) -> c_int;
    fn deflatePending(strm: z_streamp, pending: *mut c_uint, bits: *mut c_int) -> c_int;
    fn deflatePrime(strm: z_streamp, bits: c_int, value: c_int) -> c_int;
    fn deflateReset(strm: *mut z_stream) -> i32;
    fn deflateResetKeep(strm: *mut z_stream) -> c_int;
    fn deflateSetDictionary(strm: z_streamp, dictionary: *const Bytef, dictLength: uInt) -> c_int;
    fn deflateSetHeader(strm: *mut z_stream, head: gz_headerp) -> c_int;
    fn deflateTune(strm: z_streamp, good_length: c_int, max_lazy: c_int, nice_length: c_int, max_chain: c_int) -> c_int;
    fn deflateUsed(strm: z_streamp, bits: *mut c_int) -> c_int;
    fn inflate(strm: *mut z_stream, flush: i32) -> i32;
    fn inflateBack(strm: z_streamp, in_: Option<in_func>, in_desc: *mut c_void, out: Option<out_func>, out_desc: *mut c_void) -> c_int;
    fn inflateBackEnd(strm: z_streamp) -> c_int;
    fn inflateBackInit_(strm: z_streamp, windowBits: c_int, window: *mut c_uchar, version: *const c_char, stream_size: c_int) -> c_int;
    fn inflateCodesUsed(strm: *mut z_stream) -> c_ulong;
    fn inflateCopy(dest: *mut z_stream, source: *const z_stream) -> i32;
    fn inflateEnd(strm: *mut z_stream) -> i32;
    fn inflateGetDictionary(strm: *const z_stream, dictionary: *mut c_uchar, dictLength: *mut c_uint) -> c_int;
    fn inflateGetHeader(strm: z_streamp, head: gz_headerp) -> c_int;
    fn inflateInit2_(strm: z_streamp, windowBits: c_int, version: *const c_char, stream_size: c_int) -> c_int;
    fn inflateInit_(strm: z_streamp, version: *const c_char, stream_size: c_int) -> c_int;
    fn inflateMark(strm: *const z_stream) -> c_long;
    fn inflatePrime(strm: *mut z_stream, bits: i32, value: i32) -> i32;
    fn inflateReset(strm: *mut z_stream) -> i32;
    fn inflateReset2(strm: *mut z_stream, windowBits: c_int) -> i32;
    fn inflateResetKeep(strm: *mut z_stream) -> c_int;
    fn inflateSetDictionary(strm: *mut z_stream, dictionary: *const u8, dictLength: c_uint) -> c_int;
    fn inflateSync(strm: *mut z_stream) -> i32;
    fn inflateSyncPoint(strm: *mut z_stream) -> i32;
    fn inflateUndermine(strm: *mut z_stream, subvert: i32) -> c_int;
    fn inflateValidate(strm: *mut z_stream, check: i32) -> c_int;
    fn compress(dest: *mut Bytef, destLen: *mut c_ulong, source: *const Bytef, sourceLen: c_ulong) -> c_int;
    fn compress2(dest: *mut Bytef, destLen: *mut c_ulong, source: *const Bytef, sourceLen: c_ulong, level: c_int) -> c_int;
    fn compress2_z(dest: *mut Bytef, destLen: *mut usize, source: *const Bytef, sourceLen: usize, level: c_int) -> c_int;
    fn compress_z(dest: *mut Bytef, destLen: *mut usize, source: *const Bytef, sourceLen: usize) -> c_int;
    fn uncompress(dest: *mut u8, destLen: *mut c_ulong, source: *const u8, sourceLen: c_ulong) -> c_int;
    fn uncompress2(dest: *mut u8, destLen: *mut c_ulong, source: *const u8, sourceLen: *mut c_ulong) -> c_int;
    fn uncompress2_z(dest: *mut u8, destLen: *mut usize, source: *const u8, sourceLen: *mut usize) -> c_int;
    fn uncompress_z(dest: *mut u8, destLen: *mut usize, source: *const u8, sourceLen: usize) -> c_int;
}

/// zlib-rs's function of this name.
#[unsafe(no_mangle)]
pub extern "C" fn compressBound(sourceLen: c_ulong) -> c_ulong {
    libz_rs_sys::compressBound(sourceLen)
}

/// zlib-rs's function of this name.
#[unsafe(no_mangle)]
pub extern "C" fn compressBound_z(sourceLen: usize) -> usize {
    libz_rs_sys::compressBound_z(sourceLen)
}
