//! The functions of one libzstd, from a shared object, and the structures that they take.

use std::ffi::{c_char, c_int, c_uint, c_ulonglong, c_void};
use std::fmt;
use std::path::Path;

use anyhow::{Result, bail};

use crate::api::{functions, is_ours, open};

/// Any of zstd.h's opaque objects.
pub type Handle = *mut c_void;

/// `ZSTD_CONTENTSIZE_UNKNOWN`.
pub const UNKNOWN: u64 = u64::MAX;

/// `ZSTD_inBuffer`.
#[repr(C)]
#[derive(Debug)]
pub struct InBuffer {
    pub src: *const u8,
    pub size: usize,
    pub pos: usize,
}

/// `ZSTD_outBuffer`.
#[repr(C)]
#[derive(Debug)]
pub struct OutBuffer {
    pub dst: *mut u8,
    pub size: usize,
    pub pos: usize,
}

/// `ZSTD_bounds`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    pub error: usize,
    pub lower: c_int,
    pub upper: c_int,
}

/// `ZSTD_compressionParameters`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CParams {
    pub window_log: c_uint,
    pub chain_log: c_uint,
    pub hash_log: c_uint,
    pub search_log: c_uint,
    pub min_match: c_uint,
    pub target_length: c_uint,
    pub strategy: c_int,
}

/// `ZSTD_frameParameters`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FParams {
    pub content_size: c_int,
    pub checksum: c_int,
    pub no_dict_id: c_int,
}

/// `ZSTD_parameters`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Params {
    pub c: CParams,
    pub f: FParams,
}

/// `ZSTD_FrameHeader`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameHeader {
    pub content_size: c_ulonglong,
    pub window_size: c_ulonglong,
    pub block_size_max: c_uint,
    pub frame_type: c_int,
    pub header_size: c_uint,
    pub dict_id: c_uint,
    pub checksum: c_uint,
    pub reserved: [c_uint; 2],
}

/// `ZSTD_frameProgression`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progression {
    pub ingested: c_ulonglong,
    pub consumed: c_ulonglong,
    pub produced: c_ulonglong,
    pub flushed: c_ulonglong,
    pub job: c_uint,
    pub workers: c_uint,
}

/// `ZSTD_Sequence`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sequence {
    pub offset: c_uint,
    pub literals: c_uint,
    pub length: c_uint,
    pub repeat: c_uint,
}

functions! {
    /// One libzstd. Its methods are zstd.h's and zdict.h's functions under their own names.
    pub struct Zstd from "zstd.h or zdict.h", linked if any();
    ZSTD_versionNumber() -> c_uint;
    ZSTD_versionString() -> *const c_char;
    ZSTD_isError(code: usize) -> c_uint;
    ZSTD_getErrorName(code: usize) -> *const c_char;
    ZSTD_getErrorCode(code: usize) -> c_int;
    ZSTD_getErrorString(code: c_int) -> *const c_char;
    ZDICT_isError(code: usize) -> c_uint;
    ZDICT_getErrorName(code: usize) -> *const c_char;
    ZSTD_minCLevel() -> c_int;
    ZSTD_maxCLevel() -> c_int;
    ZSTD_defaultCLevel() -> c_int;
    ZSTD_compressBound(len: usize) -> usize;
    ZSTD_sequenceBound(len: usize) -> usize;
    ZSTD_CStreamInSize() -> usize;
    ZSTD_CStreamOutSize() -> usize;
    ZSTD_DStreamInSize() -> usize;
    ZSTD_DStreamOutSize() -> usize;
    ZSTD_cParam_getBounds(parameter: c_int) -> Bounds;
    ZSTD_dParam_getBounds(parameter: c_int) -> Bounds;
    ZSTD_getCParams(level: c_int, size: c_ulonglong, dict: usize) -> CParams;
    ZSTD_getParams(level: c_int, size: c_ulonglong, dict: usize) -> Params;
    ZSTD_checkCParams(params: CParams) -> usize;
    ZSTD_adjustCParams(params: CParams, size: c_ulonglong, dict: usize) -> CParams;
    ZSTD_estimateCCtxSize(level: c_int) -> usize;
    ZSTD_estimateCCtxSize_usingCParams(params: CParams) -> usize;
    ZSTD_estimateCCtxSize_usingCCtxParams(params: Handle) -> usize;
    ZSTD_estimateCStreamSize(level: c_int) -> usize;
    ZSTD_estimateCStreamSize_usingCParams(params: CParams) -> usize;
    ZSTD_estimateCStreamSize_usingCCtxParams(params: Handle) -> usize;
    ZSTD_estimateDCtxSize() -> usize;
    ZSTD_estimateDStreamSize(window: usize) -> usize;
    ZSTD_estimateDStreamSize_fromFrame(src: *const u8, len: usize) -> usize;
    ZSTD_estimateCDictSize(len: usize, level: c_int) -> usize;
    ZSTD_estimateDDictSize(len: usize, method: c_int) -> usize;
    ZSTD_decodingBufferSize_min(window: c_ulonglong, content: c_ulonglong) -> usize;
    ZSTD_isFrame(src: *const u8, len: usize) -> c_uint;
    ZSTD_isSkippableFrame(src: *const u8, len: usize) -> c_uint;
    ZSTD_getFrameContentSize(src: *const u8, len: usize) -> c_ulonglong;
    ZSTD_getDecompressedSize(src: *const u8, len: usize) -> c_ulonglong;
    ZSTD_findDecompressedSize(src: *const u8, len: usize) -> c_ulonglong;
    ZSTD_findFrameCompressedSize(src: *const u8, len: usize) -> usize;
    ZSTD_decompressBound(src: *const u8, len: usize) -> c_ulonglong;
    ZSTD_decompressionMargin(src: *const u8, len: usize) -> usize;
    ZSTD_frameHeaderSize(src: *const u8, len: usize) -> usize;
    ZSTD_getFrameHeader(header: *mut FrameHeader, src: *const u8, len: usize) -> usize;
    ZSTD_getFrameHeader_advanced(header: *mut FrameHeader, src: *const u8, len: usize, format: c_int) -> usize;
    ZSTD_getDictID_fromFrame(src: *const u8, len: usize) -> c_uint;
    ZSTD_getDictID_fromDict(src: *const u8, len: usize) -> c_uint;
    ZSTD_getDictID_fromCDict(dict: Handle) -> c_uint;
    ZSTD_getDictID_fromDDict(dict: Handle) -> c_uint;
    ZDICT_getDictID(src: *const u8, len: usize) -> c_uint;
    ZDICT_getDictHeaderSize(src: *const u8, len: usize) -> usize;
    ZDICT_trainFromBuffer(dict: *mut u8, room: usize, samples: *const u8, sizes: *const usize, count: c_uint) -> usize;
    ZSTD_readSkippableFrame(dst: *mut u8, room: usize, variant: *mut c_uint, src: *const u8, len: usize) -> usize;
    ZSTD_writeSkippableFrame(dst: *mut u8, room: usize, src: *const u8, len: usize, variant: c_uint) -> usize;
    ZSTD_createCCtx() -> Handle;
    ZSTD_freeCCtx(cctx: Handle) -> usize;
    ZSTD_sizeof_CCtx(cctx: Handle) -> usize;
    ZSTD_CCtx_setParameter(cctx: Handle, parameter: c_int, value: c_int) -> usize;
    ZSTD_CCtx_getParameter(cctx: Handle, parameter: c_int, value: *mut c_int) -> usize;
    ZSTD_CCtx_reset(cctx: Handle, directive: c_int) -> usize;
    ZSTD_CCtx_setPledgedSrcSize(cctx: Handle, size: c_ulonglong) -> usize;
    ZSTD_CCtx_setCParams(cctx: Handle, params: CParams) -> usize;
    ZSTD_CCtx_setFParams(cctx: Handle, params: FParams) -> usize;
    ZSTD_CCtx_setParams(cctx: Handle, params: Params) -> usize;
    ZSTD_CCtx_setParametersUsingCCtxParams(cctx: Handle, params: Handle) -> usize;
    ZSTD_createCCtxParams() -> Handle;
    ZSTD_freeCCtxParams(params: Handle) -> usize;
    ZSTD_CCtxParams_init(params: Handle, level: c_int) -> usize;
    ZSTD_CCtxParams_init_advanced(params: Handle, from: Params) -> usize;
    ZSTD_CCtxParams_reset(params: Handle) -> usize;
    ZSTD_CCtxParams_setParameter(params: Handle, parameter: c_int, value: c_int) -> usize;
    ZSTD_CCtxParams_getParameter(params: Handle, parameter: c_int, value: *mut c_int) -> usize;
    ZSTD_CCtx_loadDictionary(cctx: Handle, dict: *const u8, len: usize) -> usize;
    ZSTD_CCtx_loadDictionary_advanced(cctx: Handle, dict: *const u8, len: usize, method: c_int, kind: c_int) -> usize;
    ZSTD_CCtx_refCDict(cctx: Handle, dict: Handle) -> usize;
    ZSTD_CCtx_refPrefix_advanced(cctx: Handle, dict: *const u8, len: usize, kind: c_int) -> usize;
    ZSTD_createCDict(dict: *const u8, len: usize, level: c_int) -> Handle;
    ZSTD_freeCDict(dict: Handle) -> usize;
    ZSTD_sizeof_CDict(dict: Handle) -> usize;
    ZSTD_compress(dst: *mut u8, room: usize, src: *const u8, len: usize, level: c_int) -> usize;
    ZSTD_compress2(cctx: Handle, dst: *mut u8, room: usize, src: *const u8, len: usize) -> usize;
    ZSTD_compressCCtx(cctx: Handle, dst: *mut u8, room: usize, src: *const u8, len: usize, level: c_int) -> usize;
    ZSTD_compress_usingDict(cctx: Handle, dst: *mut u8, room: usize, src: *const u8, len: usize, dict: *const u8, dict_len: usize, level: c_int) -> usize;
    ZSTD_compress_usingCDict(cctx: Handle, dst: *mut u8, room: usize, src: *const u8, len: usize, dict: Handle) -> usize;
    ZSTD_compressStream2(cctx: Handle, output: *mut OutBuffer, input: *mut InBuffer, directive: c_int) -> usize;
    ZSTD_compressStream(cctx: Handle, output: *mut OutBuffer, input: *mut InBuffer) -> usize;
    ZSTD_flushStream(cctx: Handle, output: *mut OutBuffer) -> usize;
    ZSTD_endStream(cctx: Handle, output: *mut OutBuffer) -> usize;
    ZSTD_initCStream(cctx: Handle, level: c_int) -> usize;
    ZSTD_initCStream_srcSize(cctx: Handle, level: c_int, size: c_ulonglong) -> usize;
    ZSTD_resetCStream(cctx: Handle, size: c_ulonglong) -> usize;
    ZSTD_getFrameProgression(cctx: Handle) -> Progression;
    ZSTD_toFlushNow(cctx: Handle) -> usize;
    ZSTD_generateSequences(cctx: Handle, sequences: *mut Sequence, room: usize, src: *const u8, len: usize) -> usize;
    ZSTD_mergeBlockDelimiters(sequences: *mut Sequence, count: usize) -> usize;
    ZSTD_compressSequences(cctx: Handle, dst: *mut u8, room: usize, sequences: *const Sequence, count: usize, src: *const u8, len: usize) -> usize;
    ZSTD_compressBegin(cctx: Handle, level: c_int) -> usize;
    ZSTD_compressBegin_usingDict(cctx: Handle, dict: *const u8, len: usize, level: c_int) -> usize;
    ZSTD_compressContinue(cctx: Handle, dst: *mut u8, room: usize, src: *const u8, len: usize) -> usize;
    ZSTD_compressEnd(cctx: Handle, dst: *mut u8, room: usize, src: *const u8, len: usize) -> usize;
    ZSTD_createDCtx() -> Handle;
    ZSTD_freeDCtx(dctx: Handle) -> usize;
    ZSTD_sizeof_DCtx(dctx: Handle) -> usize;
    ZSTD_DCtx_setParameter(dctx: Handle, parameter: c_int, value: c_int) -> usize;
    ZSTD_DCtx_getParameter(dctx: Handle, parameter: c_int, value: *mut c_int) -> usize;
    ZSTD_DCtx_setMaxWindowSize(dctx: Handle, size: usize) -> usize;
    ZSTD_DCtx_setFormat(dctx: Handle, format: c_int) -> usize;
    ZSTD_DCtx_reset(dctx: Handle, directive: c_int) -> usize;
    ZSTD_DCtx_loadDictionary(dctx: Handle, dict: *const u8, len: usize) -> usize;
    ZSTD_DCtx_loadDictionary_advanced(dctx: Handle, dict: *const u8, len: usize, method: c_int, kind: c_int) -> usize;
    ZSTD_DCtx_refDDict(dctx: Handle, dict: Handle) -> usize;
    ZSTD_DCtx_refPrefix(dctx: Handle, dict: *const u8, len: usize) -> usize;
    ZSTD_createDDict(dict: *const u8, len: usize) -> Handle;
    ZSTD_freeDDict(dict: Handle) -> usize;
    ZSTD_sizeof_DDict(dict: Handle) -> usize;
    ZSTD_decompress(dst: *mut u8, room: usize, src: *const u8, len: usize) -> usize;
    ZSTD_decompressDCtx(dctx: Handle, dst: *mut u8, room: usize, src: *const u8, len: usize) -> usize;
    ZSTD_decompress_usingDict(dctx: Handle, dst: *mut u8, room: usize, src: *const u8, len: usize, dict: *const u8, dict_len: usize) -> usize;
    ZSTD_decompress_usingDDict(dctx: Handle, dst: *mut u8, room: usize, src: *const u8, len: usize, dict: Handle) -> usize;
    ZSTD_decompressStream(dctx: Handle, output: *mut OutBuffer, input: *mut InBuffer) -> usize;
    ZSTD_initDStream(dctx: Handle) -> usize;
    ZSTD_decompressBegin(dctx: Handle) -> usize;
    ZSTD_decompressBegin_usingDict(dctx: Handle, dict: *const u8, len: usize) -> usize;
    ZSTD_nextSrcSizeToDecompress(dctx: Handle) -> usize;
    ZSTD_nextInputType(dctx: Handle) -> c_int;
    ZSTD_decompressContinue(dctx: Handle, dst: *mut u8, room: usize, src: *const u8, len: usize) -> usize;
}

/// The two that are compared.
#[derive(Clone, Copy)]
pub struct Zstds {
    pub ours: Zstd,
    pub stock: Zstd,
}

impl Zstds {
    /// Both, in the order that everything is done in.
    pub fn each(&self) -> [&Zstd; 2] {
        [&self.ours, &self.stock]
    }

    /// Opens both shared objects and makes sure that they are two of the same version.
    ///
    /// # Errors
    /// One cannot be loaded, or the first is not zcompat, or the second is, or they are of two
    /// versions.
    pub fn open(ours: &Path, stock: &Path) -> Result<Zstds> {
        if !is_ours(&open(ours)?) {
            bail!("{} is not zcompat's", ours.display());
        }
        if is_ours(&open(stock)?) {
            bail!("{} is zcompat's, not stock libzstd's", stock.display());
        }
        let both = Zstds { ours: Zstd::open(ours)?, stock: Zstd::open(stock)? };
        let [a, b] = both.each().map(Zstd::ZSTD_versionNumber);
        if a != b {
            bail!("ours is version {a}, stock version {b}");
        }
        Ok(both)
    }
}

/// What a function gave: a size, or an error by its number.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Code(pub usize);

impl Code {
    /// Whether it is an error: the last 120 numbers are (`ZSTD_error_maxCode`).
    pub fn is_error(self) -> bool {
        self.0 > 120usize.wrapping_neg()
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.is_error() {
            true => write!(f, "error {}", self.0.wrapping_neg()),
            false => write!(f, "{}", self.0),
        }
    }
}
