//! Positive control: the CRC-32 of zlib-rs 0.5.1 as its C library computed it (zlib-rs issue 407),
//! under zlib's name, so that the execution suite tests it like any libz.
//!
//! LLVM 20 emits a use before its definition here as soon as AVX512VL makes a certain shuffle
//! cheap; lengths from 80 on come out wrong. `ZLIB_RS` is that crate's src/, fetched by name.
#![no_std]

use core::ffi::{c_uint, c_ulong};

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

mod braid {
    include!(concat!(env!("ZLIB_RS"), "/crc32/braid.rs"));
}

/// zlib's `crc32`.
///
/// # Safety
/// `buf` is null or points to `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn crc32(crc: c_ulong, buf: *const u8, len: c_uint) -> c_ulong {
    if buf.is_null() {
        return 0;
    }
    // SAFETY: as the caller promises.
    let data = unsafe { core::slice::from_raw_parts(buf, len as usize) };
    braid::crc32_braid::<5>(crc as u32, data).into()
}
