//! What a `z_stream`'s `state` points to, and how a stream and the engine exchange values.
//!
//! The `# Safety` of the parent module holds for every `strm` here.

use core::ffi::{c_char, c_int};
use core::mem::size_of;

use super::types::code::*;
use super::types::{uInt, z_stream, z_streamp};
use crate::alloc::Allocator;
use crate::deflate::Deflate;
use crate::inflate::{Inflate, InflateBack};
use crate::io::Io;

/// What stands before a stream's engine, in one request to the stream's own `zalloc`.
#[derive(Debug)]
#[repr(C)]
pub struct State {
    /// The stream that was initialised: one that was moved or copied by assignment is refused,
    /// as zlib does.
    owner: z_streamp,
    kind: Kind,
}

/// What a stream was initialised for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Deflate,
    Inflate,
    Back,
}

/// What a stream can be initialised for.
pub(super) trait Engine {
    const KIND: Kind;

    /// From here on memory is given back to `allocator`.
    fn set_allocator(&mut self, allocator: Allocator);
}

impl Engine for Deflate {
    const KIND: Kind = Kind::Deflate;

    fn set_allocator(&mut self, allocator: Allocator) {
        self.set_allocator(allocator);
    }
}

impl Engine for Inflate {
    const KIND: Kind = Kind::Inflate;

    fn set_allocator(&mut self, allocator: Allocator) {
        self.set_allocator(allocator);
    }
}

impl Engine for InflateBack {
    const KIND: Kind = Kind::Back;

    fn set_allocator(&mut self, _: Allocator) {}
}

/// A state and its engine.
#[repr(C)]
struct Held<E> {
    state: State,
    engine: E,
}

/// nginx and others set aside what zlib asks for.
const _: () = assert!(size_of::<Held<Deflate>>() <= 5968);

/// Whether a caller's header is one that these functions fit.
///
/// # Safety
/// `version` is NULL or readable.
pub(super) unsafe fn version_fits(version: *const c_char, stream_size: c_int) -> bool {
    // SAFETY: by this function's own contract.
    let first = unsafe { version.as_ref() };
    first == Some(&(b'1' as c_char)) && stream_size == size_of::<z_stream>() as c_int
}

/// Puts libc's allocator where the caller has left none, and clears `msg`.
///
/// # Safety
/// `strm` is not NULL.
pub(super) unsafe fn prepare(strm: z_streamp) {
    // SAFETY: by this function's own contract.
    let strm = unsafe { &mut *strm };
    strm.msg = core::ptr::null();
    if strm.zalloc.is_none() {
        strm.zalloc = Some(Allocator::LIBC.zalloc);
        strm.opaque = core::ptr::null_mut();
    }
    if strm.zfree.is_none() {
        strm.zfree = Some(Allocator::LIBC.zfree);
    }
}

/// The stream's allocator, if it has one.
///
/// # Safety
/// `strm` is not NULL.
pub(super) unsafe fn allocator(strm: z_streamp) -> Option<Allocator> {
    // SAFETY: by this function's own contract.
    let z_stream { zalloc, zfree, opaque, .. } = unsafe { &*strm };
    Some(Allocator { zalloc: (*zalloc)?, zfree: (*zfree)?, opaque: *opaque })
}

/// Room for a stream's state, before anything is in it.
pub(super) struct Room<E: Engine> {
    place: *mut Held<E>,
    allocator: Allocator,
}

impl<E: Engine> Room<E> {
    /// A caller's `zalloc` may align no better than this.
    const ALIGNED: () = assert!(align_of::<Held<E>>() <= 8);

    /// # Safety
    /// `allocator`'s functions may be called.
    pub unsafe fn new(allocator: Allocator) -> Option<Room<E>> {
        let () = Self::ALIGNED;
        // SAFETY: by this function's own contract.
        let place =
            unsafe { (allocator.zalloc)(allocator.opaque, 1, size_of::<Held<E>>() as uInt) };
        (!place.is_null()).then(|| Room { place: place.cast(), allocator })
    }

    /// Where the engine belongs: an engine too large for the stack is made here.
    pub fn engine(&mut self) -> *mut E {
        // SAFETY: the place is as large as all of it.
        unsafe { &raw mut (*self.place).engine }
    }

    /// Makes it `strm`'s state.
    ///
    /// # Safety
    /// `strm` is not NULL, and there is an engine in the place.
    pub unsafe fn filled(self, strm: z_streamp) {
        // SAFETY: the place is as large as a state with its engine.
        unsafe {
            (&raw mut (*self.place).state).write(State { owner: strm, kind: E::KIND });
            (*strm).state = self.place.cast();
        }
        core::mem::forget(self);
    }
}

impl<E: Engine> Drop for Room<E> {
    fn drop(&mut self) {
        // SAFETY: the place came from this allocator.
        unsafe { (self.allocator.zfree)(self.allocator.opaque, self.place.cast()) };
    }
}

/// The engine of `strm`, if it has one of this kind that is its own.
///
/// # Safety
/// See the parent module's text.
unsafe fn engine_of<'a, E: Engine>(strm: z_streamp) -> Option<&'a mut E> {
    // SAFETY: a state that says so is followed by an engine of its kind.
    unsafe {
        let stream = strm.as_ref()?;
        stream.zalloc?;
        stream.zfree?;
        let state = stream.state.as_ref()?;
        if state.owner != strm || state.kind != E::KIND {
            return None;
        }
        Some(&mut (*stream.state.cast::<Held<E>>()).engine)
    }
}

/// The compressor of `strm`, if it is a deflate stream.
///
/// # Safety
/// See the parent module's text.
pub(super) unsafe fn deflate_of<'a>(strm: z_streamp) -> Option<&'a mut Deflate> {
    // SAFETY: by this function's own contract.
    unsafe { engine_of(strm) }
}

/// The decompressor of `strm`, if it is an inflate stream.
///
/// # Safety
/// See the parent module's text.
pub(super) unsafe fn inflate_of<'a>(strm: z_streamp) -> Option<&'a mut Inflate> {
    // SAFETY: by this function's own contract.
    unsafe { engine_of(strm) }
}

/// The decompressor of `strm`, if it is an inflateBack stream.
///
/// # Safety
/// See the parent module's text.
pub(super) unsafe fn back_of<'a>(strm: z_streamp) -> Option<&'a mut InflateBack> {
    // SAFETY: by this function's own contract.
    unsafe { engine_of(strm) }
}

/// Takes `strm`'s engine out and frees everything, with the allocator that the stream has now;
/// false if it has none of this kind.
///
/// # Safety
/// See the parent module's text.
pub(super) unsafe fn end<E: Engine>(strm: z_streamp) -> bool {
    // SAFETY: by this function's own contract, and nobody else refers to the engine.
    unsafe {
        // Only where there is an engine is `strm` known not to be NULL.
        let Some(engine) = engine_of::<E>(strm) else { return false };
        let Some(allocator) = allocator(strm) else { return false };
        engine.set_allocator(allocator);
        core::ptr::drop_in_place(engine);
        let place = core::mem::replace(&mut (*strm).state, core::ptr::null_mut());
        (allocator.zfree)(allocator.opaque, place.cast());
        true
    }
}

/// The buffers of `strm`.
///
/// # Safety
/// `strm` is not NULL; see also the parent module's text.
pub(super) unsafe fn io<'a>(strm: z_streamp) -> Io<'a> {
    // SAFETY: by this function's own contract.
    unsafe {
        let z_stream { next_in, avail_in, next_out, avail_out, .. } = *strm;
        Io::from_raw(next_in, avail_in, next_out, avail_out)
    }
}

/// Writes back how far the buffers are; with `count`, into the totals too.
///
/// # Safety
/// `strm` is not NULL.
pub(super) unsafe fn store(strm: z_streamp, io: &Io<'_>, count: bool) {
    // SAFETY: by this function's own contract.
    let strm = unsafe { &mut *strm };
    if count {
        let read = strm.avail_in - io.avail_in();
        let written = strm.avail_out - io.avail_out();
        strm.total_in = strm.total_in.wrapping_add(read.into());
        strm.total_out = strm.total_out.wrapping_add(written.into());
    }
    strm.next_in = io.next_in();
    strm.avail_in = io.avail_in();
    strm.next_out = io.next_out();
    strm.avail_out = io.avail_out();
}

/// Sets what every Reset function sets.
///
/// # Safety
/// `strm` is not NULL.
pub(super) unsafe fn clear_totals(strm: z_streamp, data_type: c_int, adler: Option<u32>) {
    // SAFETY: by this function's own contract.
    let strm = unsafe { &mut *strm };
    strm.total_in = 0;
    strm.total_out = 0;
    strm.msg = core::ptr::null();
    strm.data_type = data_type;
    if let Some(adler) = adler {
        strm.adler = adler.into();
    }
}

/// [`Code::MemError`], with zlib's text for it where zlib gives one.
///
/// # Safety
/// `strm` is not NULL.
pub(super) unsafe fn out_of_memory(strm: z_streamp) -> c_int {
    // SAFETY: by this function's own contract.
    unsafe { (*strm).msg = c"insufficient memory".as_ptr() };
    Z_MEM_ERROR
}
