//! Where streams get their memory.

use core::ffi::{c_uint, c_void};
use core::mem::MaybeUninit;
use core::ops::{Deref, DerefMut};
use core::ptr::{self, NonNull};

/// zlib.h's `alloc_func`: `items` times `size` bytes, aligned as malloc aligns, or null.
pub type AllocFn = unsafe extern "C" fn(*mut c_void, c_uint, c_uint) -> *mut c_void;

/// zlib.h's `free_func`: gives back what the matching [`AllocFn`] gave.
pub type FreeFn = unsafe extern "C" fn(*mut c_void, *mut c_void);

/// A pair of functions, which may be called, and the pointer that both are called with.
#[derive(Clone, Copy, Debug)]
pub struct Allocator {
    zalloc: AllocFn,
    zfree: FreeFn,
    opaque: *mut c_void,
}

impl Allocator {
    /// libc's malloc and free.
    pub const LIBC: Allocator =
        Allocator { zalloc: libc_alloc, zfree: libc_free, opaque: ptr::null_mut() };

    /// # Safety
    /// As long as somebody has it, both functions may be called with `opaque` as zlib.h says.
    pub unsafe fn new(zalloc: AllocFn, zfree: FreeFn, opaque: *mut c_void) -> Allocator {
        Allocator { zalloc, zfree, opaque }
    }

    /// `items` times `size` bytes, or null.
    pub fn allocate(&self, items: c_uint, size: c_uint) -> *mut c_void {
        // SAFETY: it may be called with this pointer, as whoever made the allocator has said.
        unsafe { (self.zalloc)(self.opaque, items, size) }
    }

    /// Takes memory back.
    ///
    /// # Safety
    /// `address` came from this allocator, or from one that the caller has put in its place, and is
    /// used no more.
    pub unsafe fn free(&self, address: *mut c_void) {
        // SAFETY: it may be called with this pointer, as whoever made the allocator has said, and
        // the memory is its own, as the caller says.
        unsafe { (self.zfree)(self.opaque, address) };
    }

    /// Whether memory is malloc's.
    pub fn is_libc(&self) -> bool {
        ptr::fn_addr_eq(self.zalloc, Self::LIBC.zalloc)
    }
}

/// A value in memory of malloc's, made where it lies: too large for the stack, or for C to hold.
#[derive(Debug)]
pub struct Own<T>(NonNull<T>);

impl<T> Own<T> {
    /// malloc aligns so at least everywhere.
    const ALIGNED: () = assert!(align_of::<T>() <= 8);

    /// The value that `make` makes in the room that it is given.
    ///
    /// # Errors
    /// `no_memory`, or what `make` says.
    pub fn make<E>(
        no_memory: E,
        make: impl FnOnce(&mut MaybeUninit<T>) -> Result<&mut T, E>,
    ) -> Result<Own<T>, E> {
        let () = Self::ALIGNED;
        // SAFETY: malloc takes any size.
        let memory = unsafe { libc::malloc(size_of::<T>()) }.cast::<MaybeUninit<T>>();
        // SAFETY: null, or room for a value, which needs none before.
        let Some(room) = (unsafe { memory.as_mut() }) else { return Err(no_memory) };
        match make(room) {
            // A value that lies elsewhere is not ours to drop.
            Ok(value) if ptr::eq(value, memory.cast()) => Ok(Own(NonNull::from(value))),
            other => {
                // SAFETY: the memory came from malloc, and nobody knows it.
                unsafe { libc::free(memory.cast()) };
                Err(other.err().unwrap_or(no_memory))
            }
        }
    }

    /// The value's address, for [`Own::from_raw`].
    pub fn into_raw(self) -> *mut T {
        let address = self.0.as_ptr();
        core::mem::forget(self);
        address
    }

    /// What [`Own::into_raw`] has given.
    ///
    /// # Safety
    /// `address` came from there, and is used no more.
    pub unsafe fn from_raw(address: NonNull<T>) -> Own<T> {
        Own(address)
    }

    /// Moves the value out.
    pub fn into_inner(self) -> T {
        let address = self.into_raw();
        // SAFETY: a value is there and is moved out; what is left is plain memory from malloc.
        unsafe {
            let value = address.read();
            libc::free(address.cast());
            value
        }
    }
}

impl<T> Deref for Own<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: `make` has found a value there, to which only this refers.
        unsafe { self.0.as_ref() }
    }
}

impl<T> DerefMut for Own<T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: `make` has found a value there, to which only this refers.
        unsafe { self.0.as_mut() }
    }
}

impl<T> Drop for Own<T> {
    fn drop(&mut self) {
        // SAFETY: the value is used no more, and its memory came from malloc.
        unsafe {
            self.0.drop_in_place();
            libc::free(self.0.as_ptr().cast());
        }
    }
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
        None => ptr::null_mut(),
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
