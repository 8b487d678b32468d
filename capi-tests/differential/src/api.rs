//! The functions of one libz, from a shared object or linked into this program.

use std::ffi::{c_char, c_int, c_long, c_uint, c_ulong, c_void};
use std::path::Path;

use anyhow::{Error, Result, bail};
use drive::Object;

use crate::stream::{GzHeader, ZStream};

/// `z_streamp`.
pub type Strm = *mut ZStream;
/// zlib.h's `in_func`.
pub type InFn = unsafe extern "C" fn(*mut c_void, *mut *const u8) -> c_uint;
/// zlib.h's `out_func`.
pub type OutFn = unsafe extern "C" fn(*mut c_void, *mut u8, c_uint) -> c_int;

/// Defines a structure of a library's functions, with a method for each that callers pass what the
/// C interface allows; and one that takes those linked into this program, under a condition.
macro_rules! functions {
    (
        $(#[$doc:meta])*
        pub struct $library:ident from $header:literal, linked if $linked:meta;
        $($name:ident($($arg:ident: $type:ty),*) $(-> $ret:ty)?;)*
    ) => {
        $(#[$doc])*
        #[allow(non_snake_case)]
        #[derive(Clone, Copy)]
        pub struct $library {
            $($name: unsafe extern "C" fn($($type),*) $(-> $ret)?,)*
        }

        // Methods that look safe keep the cases readable; this is a test driver.
        #[allow(non_snake_case, clippy::too_many_arguments, clippy::not_unsafe_ptr_arg_deref)]
        impl $library {
            $(
                #[doc = concat!("`", stringify!($name), "` of ", $header, ".")]
                pub fn $name(&self, $($arg: $type),*) $(-> $ret)? {
                    // SAFETY: the caller passes what the C interface allows.
                    unsafe { (self.$name)($($arg),*) }
                }
            )*

            /// The functions of the shared object at `path`, which sees its own before ours.
            ///
            /// # Errors
            /// The file cannot be loaded, or lacks a function.
            pub fn open(path: &std::path::Path) -> anyhow::Result<$library> {
                let library = $crate::api::open(path)?;
                let told = anyhow::Error::msg::<String>;
                Ok($library {
                    $(
                        // SAFETY: the symbol has this type in every build of the library.
                        $name: unsafe { library.function(stringify!($name)) }.map_err(told)?,
                    )*
                })
            }

            /// The functions that are linked into this program.
            #[cfg($linked)]
            pub fn linked() -> $library {
                unsafe extern "C" {
                    $(fn $name($($arg: $type),*) $(-> $ret)?;)*
                }
                $library { $($name,)* }
            }
        }
    };
}
pub(crate) use functions;

functions! {
    /// One libz. Its methods are zlib.h's functions under zlib.h's names.
    pub struct Zlib from "zlib.h", linked if feature = "linked";
    zlibVersion() -> *const c_char;
    deflateInit_(strm: Strm, level: c_int, version: *const c_char, size: c_int) -> c_int;
    deflateInit2_(strm: Strm, level: c_int, method: c_int, bits: c_int, mem: c_int, strategy: c_int, version: *const c_char, size: c_int) -> c_int;
    deflate(strm: Strm, flush: c_int) -> c_int;
    deflateEnd(strm: Strm) -> c_int;
    deflateReset(strm: Strm) -> c_int;
    deflateResetKeep(strm: Strm) -> c_int;
    deflateSetDictionary(strm: Strm, dictionary: *const u8, len: c_uint) -> c_int;
    deflateGetDictionary(strm: Strm, dictionary: *mut u8, len: *mut c_uint) -> c_int;
    deflateCopy(dest: Strm, source: Strm) -> c_int;
    deflateParams(strm: Strm, level: c_int, strategy: c_int) -> c_int;
    deflateTune(strm: Strm, good: c_int, lazy: c_int, nice: c_int, chain: c_int) -> c_int;
    deflateBound(strm: Strm, len: c_ulong) -> c_ulong;
    deflateBound_z(strm: Strm, len: usize) -> usize;
    deflatePending(strm: Strm, pending: *mut c_uint, bits: *mut c_int) -> c_int;
    deflateUsed(strm: Strm, bits: *mut c_int) -> c_int;
    deflatePrime(strm: Strm, bits: c_int, value: c_int) -> c_int;
    deflateSetHeader(strm: Strm, head: *mut GzHeader) -> c_int;
    inflateInit_(strm: Strm, version: *const c_char, size: c_int) -> c_int;
    inflateInit2_(strm: Strm, bits: c_int, version: *const c_char, size: c_int) -> c_int;
    inflate(strm: Strm, flush: c_int) -> c_int;
    inflateEnd(strm: Strm) -> c_int;
    inflateReset(strm: Strm) -> c_int;
    inflateReset2(strm: Strm, bits: c_int) -> c_int;
    inflateResetKeep(strm: Strm) -> c_int;
    inflateSetDictionary(strm: Strm, dictionary: *const u8, len: c_uint) -> c_int;
    inflateGetDictionary(strm: Strm, dictionary: *mut u8, len: *mut c_uint) -> c_int;
    inflateGetHeader(strm: Strm, head: *mut GzHeader) -> c_int;
    inflateSync(strm: Strm) -> c_int;
    inflateSyncPoint(strm: Strm) -> c_int;
    inflateCopy(dest: Strm, source: Strm) -> c_int;
    inflatePrime(strm: Strm, bits: c_int, value: c_int) -> c_int;
    inflateMark(strm: Strm) -> c_long;
    inflateCodesUsed(strm: Strm) -> c_ulong;
    inflateUndermine(strm: Strm, subvert: c_int) -> c_int;
    inflateValidate(strm: Strm, check: c_int) -> c_int;
    inflateBackInit_(strm: Strm, bits: c_int, window: *mut u8, version: *const c_char, size: c_int) -> c_int;
    inflateBack(strm: Strm, input: Option<InFn>, in_desc: *mut c_void, output: Option<OutFn>, out_desc: *mut c_void) -> c_int;
    inflateBackEnd(strm: Strm) -> c_int;
    compress(dest: *mut u8, dest_len: *mut c_ulong, source: *const u8, len: c_ulong) -> c_int;
    compress2(dest: *mut u8, dest_len: *mut c_ulong, source: *const u8, len: c_ulong, level: c_int) -> c_int;
    compress_z(dest: *mut u8, dest_len: *mut usize, source: *const u8, len: usize) -> c_int;
    compress2_z(dest: *mut u8, dest_len: *mut usize, source: *const u8, len: usize, level: c_int) -> c_int;
    compressBound(len: c_ulong) -> c_ulong;
    compressBound_z(len: usize) -> usize;
    uncompress(dest: *mut u8, dest_len: *mut c_ulong, source: *const u8, len: c_ulong) -> c_int;
    uncompress2(dest: *mut u8, dest_len: *mut c_ulong, source: *const u8, len: *mut c_ulong) -> c_int;
    uncompress_z(dest: *mut u8, dest_len: *mut usize, source: *const u8, len: usize) -> c_int;
    uncompress2_z(dest: *mut u8, dest_len: *mut usize, source: *const u8, len: *mut usize) -> c_int;
    adler32(adler: c_ulong, data: *const u8, len: c_uint) -> c_ulong;
    adler32_z(adler: c_ulong, data: *const u8, len: usize) -> c_ulong;
    adler32_combine(a: c_ulong, b: c_ulong, len: c_long) -> c_ulong;
    adler32_combine64(a: c_ulong, b: c_ulong, len: i64) -> c_ulong;
    crc32(crc: c_ulong, data: *const u8, len: c_uint) -> c_ulong;
    crc32_z(crc: c_ulong, data: *const u8, len: usize) -> c_ulong;
    crc32_combine(a: c_ulong, b: c_ulong, len: c_long) -> c_ulong;
    crc32_combine64(a: c_ulong, b: c_ulong, len: i64) -> c_ulong;
    crc32_combine_gen(len: c_long) -> c_ulong;
    crc32_combine_gen64(len: i64) -> c_ulong;
    crc32_combine_op(a: c_ulong, b: c_ulong, op: c_ulong) -> c_ulong;
    zError(code: c_int) -> *const c_char;
}

/// The version that callers pass to the Init functions.
pub const VERSION: *const c_char = c"1.3.2".as_ptr();
/// The size that callers pass to the Init functions.
pub const STREAM_SIZE: c_int = size_of::<ZStream>() as c_int;

/// The two that are compared.
#[derive(Clone, Copy)]
pub struct Libraries {
    pub ours: Zlib,
    pub stock: Zlib,
}

impl Libraries {
    /// Both, in the order that everything is done in.
    pub fn each(&self) -> [&Zlib; 2] {
        [&self.ours, &self.stock]
    }

    /// Opens both shared objects and makes sure that they are two.
    ///
    /// # Errors
    /// One cannot be loaded, or the first is not zcompat, or the second is.
    pub fn open(ours: &Path, stock: &Path) -> Result<Libraries> {
        if !is_ours(&open(ours)?) {
            bail!("{} is not zcompat's", ours.display());
        }
        if is_ours(&open(stock)?) {
            bail!("{} is zcompat's, not stock zlib's", stock.display());
        }
        Ok(Libraries { ours: Zlib::open(ours)?, stock: Zlib::open(stock)? })
    }
}

/// Whether a library is zcompat's.
pub(crate) fn is_ours(library: &Object) -> bool {
    library.has("zcompat_version")
}

/// A shared object, which sees its own functions before ours.
pub(crate) fn open(path: &Path) -> Result<Object> {
    // Sanitizers refuse the flag; a program that links ours does not export it, so that there a
    // shared object finds its own functions anyway.
    let flags = if cfg!(feature = "linked") { 0 } else { libc::RTLD_DEEPBIND };
    Object::open_with(path, flags).map_err(Error::msg)
}
