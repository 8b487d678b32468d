//! Positive control: a loop that LLVM 22 miscompiles for znver4, znver5 and any target with
//! AVX512DQ and AVX512VL but no tuning against it (rust-lang/rust issue 158622, fixed in LLVM 23).
//!
//! Its "compress EVEX" pass replaces a mask move by a sign-bit move although a later shift still
//! reads the mask register. evex_check.c calls this and knows the right answer.
#![no_std]

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

/// For each number: 0, or the bits of its magnitude with the number's sign.
///
/// # Safety
/// `numbers` and `out` point to `len` elements each and do not overlap.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn signed_magnitudes(numbers: *const f64, len: usize, out: *mut i128) {
    // SAFETY: as the caller promises.
    let (numbers, out) = unsafe {
        (core::slice::from_raw_parts(numbers, len), core::slice::from_raw_parts_mut(out, len))
    };
    for (out, number) in out.iter_mut().zip(numbers) {
        let bits = number.to_bits();
        let magnitude = (bits & !(1 << 63)) as i128;
        *out = if bits == 0 {
            0
        } else if bits >> 63 != 0 {
            -magnitude
        } else {
            magnitude
        };
    }
}
