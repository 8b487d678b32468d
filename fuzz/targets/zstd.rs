//! zstd through its C interface: any bytes decompressed, and compressed and read back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use zstd_sys as z;

fuzz_target!(|data: &[u8]| {
    let [choice, level, bytes @ ..] = data else { return };
    // SAFETY: every pointer is to a buffer of the length beside it.
    unsafe {
        if choice & 1 == 0 {
            decompress(bytes, usize::from(*level) + 1);
        } else {
            round_trip(bytes, i32::from(*level % 20) - 3, choice >> 1);
        }
    }
});

/// # Safety
/// None needed.
unsafe fn decompress(bytes: &[u8], piece: usize) {
    // SAFETY: see the target.
    unsafe {
        let mut out = vec![0u8; 1 << 16];
        let whole = z::ZSTD_decompress(
            out.as_mut_ptr().cast(),
            out.len(),
            bytes.as_ptr().cast(),
            bytes.len(),
        );
        assert!(z::ZSTD_isError(whole) != 0 || whole <= out.len());
        let stream = z::ZSTD_createDStream();
        z::ZSTD_DCtx_setParameter(stream, z::ZSTD_dParameter::ZSTD_d_windowLogMax, 20);
        let mut input = z::ZSTD_inBuffer { src: bytes.as_ptr().cast(), size: 0, pos: 0 };
        let mut parts = Vec::new();
        while input.pos < bytes.len() && parts.len() < 1 << 20 {
            input.size = (input.pos + piece).min(bytes.len());
            let mut room = vec![0u8; piece * 3];
            let mut output =
                z::ZSTD_outBuffer { dst: room.as_mut_ptr().cast(), size: room.len(), pos: 0 };
            let before = input.pos;
            let code = z::ZSTD_decompressStream(stream, &mut output, &mut input);
            parts.extend_from_slice(&room[..output.pos]);
            if z::ZSTD_isError(code) != 0 || (input.pos == before && output.pos == 0) {
                break;
            }
        }
        z::ZSTD_freeDStream(stream);
        if z::ZSTD_isError(whole) == 0 && parts.len() >= whole {
            assert!(parts[..whole] == out[..whole]);
        }
    }
}

/// # Safety
/// None needed.
unsafe fn round_trip(bytes: &[u8], level: i32, choice: u8) {
    // SAFETY: see the target.
    unsafe {
        let context = z::ZSTD_createCCtx();
        let set = |parameter, value| {
            let code = z::ZSTD_CCtx_setParameter(context, parameter, value);
            assert_eq!(z::ZSTD_isError(code), 0);
        };
        set(z::ZSTD_cParameter::ZSTD_c_compressionLevel, level);
        set(z::ZSTD_cParameter::ZSTD_c_checksumFlag, i32::from(choice & 1));
        set(z::ZSTD_cParameter::ZSTD_c_enableLongDistanceMatching, i32::from(choice >> 1 & 1));
        if choice & 12 == 12 {
            set(z::ZSTD_cParameter::ZSTD_c_nbWorkers, 2);
        }
        let mut made = vec![0u8; z::ZSTD_compressBound(bytes.len())];
        let len = z::ZSTD_compress2(
            context,
            made.as_mut_ptr().cast(),
            made.len(),
            bytes.as_ptr().cast(),
            bytes.len(),
        );
        assert_eq!(z::ZSTD_isError(len), 0);
        z::ZSTD_freeCCtx(context);
        let mut out = vec![0u8; bytes.len() + 1];
        let read =
            z::ZSTD_decompress(out.as_mut_ptr().cast(), out.len(), made.as_ptr().cast(), len);
        assert_eq!(read, bytes.len());
        assert!(out[..read] == *bytes);
    }
}
