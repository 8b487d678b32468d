//! Where streams get their memory.

use core::ffi::{c_uint, c_void};

/// zlib.h's `alloc_func`: `items` times `size` bytes, aligned as malloc aligns, or null.
pub type AllocFn = unsafe extern "C" fn(*mut c_void, c_uint, c_uint) -> *mut c_void;

/// zlib.h's `free_func`: gives back what the matching [`AllocFn`] gave.
pub type FreeFn = unsafe extern "C" fn(*mut c_void, *mut c_void);

/// A pair of functions and the pointer that both are called with.
#[derive(Clone, Copy, Debug)]
pub struct Allocator {
    /// Allocates.
    pub zalloc: AllocFn,
    /// Frees.
    pub zfree: FreeFn,
    /// First argument of both.
    pub opaque: *mut c_void,
}

impl Allocator {
    /// libc's malloc and free.
    pub const LIBC: Allocator =
        Allocator { zalloc: libc_alloc, zfree: libc_free, opaque: core::ptr::null_mut() };
}

/// malloc with the arguments of [`AllocFn`].
///
/// # Safety
/// None needed: any two numbers may be passed.
pub unsafe extern "C" fn libc_alloc(_: *mut c_void, items: c_uint, size: c_uint) -> *mut c_void {
    // Two 32-bit numbers cannot overflow a 64-bit product; on 32 bits the request fails.
    match (items as usize).checked_mul(size as usize) {
        // SAFETY: malloc takes any size.
        Some(bytes) => unsafe { libc::malloc(bytes) },
        None => core::ptr::null_mut(),
    }
}

/// free with the arguments of [`FreeFn`].
///
/// # Safety
/// `address` is null or came from [`libc_alloc`] and has not been freed.
pub unsafe extern "C" fn libc_free(_: *mut c_void, address: *mut c_void) {
    // SAFETY: null, or malloc has given it and nobody has freed it, says the caller.
    unsafe { libc::free(address) }
}
