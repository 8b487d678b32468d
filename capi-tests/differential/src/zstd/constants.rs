//! What a library says without being given anything: every value of it, once.

use std::ffi::{CStr, c_char};

use super::api::Zstds;
use super::{same_code, same_value};
use crate::case::At;

/// Parameters asked for their bounds: all numbers around those that have names.
const PARAMETERS: std::ops::RangeInclusive<i32> = -20..=2000;

/// Sizes of content and of dictionaries.
const SIZES: [u64; 12] = [
    0,
    1,
    1000,
    16 << 10,
    (16 << 10) + 1,
    128 << 10,
    (128 << 10) + 1,
    256 << 10,
    (256 << 10) + 1,
    1 << 30,
    1 << 40,
    u64::MAX,
];

/// Versions, errors' texts, levels, bounds, sizes.
///
/// # Errors
/// The first difference.
pub fn check(zstds: &Zstds) -> Result<(), String> {
    let both = zstds.each();
    macro_rules! value {
        ($($name:ident($($arg:expr),*))*) => {
            $(same_value(stringify!($name), both.map(|z| z.$name($($arg),*)))?;)*
        };
    }
    value!(ZSTD_versionNumber() ZSTD_minCLevel() ZSTD_maxCLevel() ZSTD_defaultCLevel());
    value!(ZSTD_CStreamInSize() ZSTD_CStreamOutSize() ZSTD_DStreamInSize() ZSTD_DStreamOutSize());
    value!(ZSTD_estimateDCtxSize());
    same_value("ZSTD_versionString", both.map(|z| text(z.ZSTD_versionString())))?;
    for number in 0..=200_usize {
        let code = number.wrapping_neg();
        (|| {
            value!(ZSTD_isError(code) ZSTD_getErrorCode(code) ZDICT_isError(code));
            same_value("ZSTD_getErrorName", both.map(|z| text(z.ZSTD_getErrorName(code))))?;
            same_value("ZDICT_getErrorName", both.map(|z| text(z.ZDICT_getErrorName(code))))?;
            same_value("ZSTD_getErrorString", {
                both.map(|z| text(z.ZSTD_getErrorString(number as i32)))
            })
        })()
        .at(|| format!("error {number}"))?;
    }
    let mut known = 0;
    for parameter in PARAMETERS {
        (|| {
            value!(ZSTD_cParam_getBounds(parameter) ZSTD_dParam_getBounds(parameter));
            Ok(())
        })()
        .at(|| format!("parameter {parameter}"))?;
        known += usize::from(zstds.stock.ZSTD_cParam_getBounds(parameter).error == 0);
    }
    // Those that zstd.h names, the experimental ones too.
    if known != 39 {
        return Err(format!("{known} parameters have bounds, not 39"));
    }
    for size in SIZES {
        let len = size as usize;
        (|| {
            for name in ["ZSTD_compressBound", "ZSTD_sequenceBound"] {
                same_code(
                    name,
                    both.map(|z| match name {
                        "ZSTD_compressBound" => z.ZSTD_compressBound(len),
                        _ => z.ZSTD_sequenceBound(len),
                    }),
                )?;
            }
            value!(ZSTD_estimateDStreamSize(len) ZSTD_estimateDDictSize(len, 0));
            value!(ZSTD_decodingBufferSize_min(size, u64::MAX));
            value!(ZSTD_decodingBufferSize_min(1 << 20, size));
            for level in -10..=25 {
                value!(ZSTD_getParams(level, size, 0) ZSTD_estimateCDictSize(len, level));
                for dict in [0, 1000, 1 << 20] {
                    value!(ZSTD_getCParams(level, size, dict));
                }
                let params = zstds.stock.ZSTD_getCParams(level, size, 0);
                value!(ZSTD_estimateCCtxSize_usingCParams(params));
                value!(ZSTD_estimateCStreamSize_usingCParams(params));
            }
            Ok(())
        })()
        .at(|| format!("size {size}"))?;
    }
    for level in -10..=25 {
        value!(ZSTD_estimateCCtxSize(level) ZSTD_estimateCStreamSize(level));
    }
    // Contexts are as large as stock's from the start.
    let sizes = both.map(|z| {
        let (cctx, dctx) = (z.ZSTD_createCCtx(), z.ZSTD_createDCtx());
        let sizes = (z.ZSTD_sizeof_CCtx(cctx), z.ZSTD_sizeof_DCtx(dctx));
        z.ZSTD_freeCCtx(cctx);
        z.ZSTD_freeDCtx(dctx);
        sizes
    });
    same_value("sizes of new contexts", sizes)
}

fn text(pointer: *const c_char) -> Option<String> {
    // SAFETY: a library's names are NUL-terminated, or there is none.
    (!pointer.is_null()).then(|| unsafe { CStr::from_ptr(pointer) }.to_string_lossy().into_owned())
}
