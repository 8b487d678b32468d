//! What a `z_stream`'s `state` points to, and how a stream and the engine exchange values.
//!
//! The `# Safety` of the parent module holds for every `strm` here.

use core::ffi::{CStr, c_char, c_int};
use core::mem::size_of;

use super::types::code::*;
use super::types::{uInt, z_stream, z_streamp};
use crate::engine::{Allocator, Code, Deflate, Inflate, InflateBack, Io};

/// The state of a stream, in memory from the stream's own `zalloc`.
#[derive(Debug)]
pub struct State {
    /// The stream that was initialised: one that was moved or copied by assignment is refused,
    /// as zlib does.
    owner: z_streamp,
    kind: Kind,
}

/// What a stream was initialised for.
pub(super) enum Kind {
    Deflate(Deflate),
    Inflate(Inflate),
    Back(InflateBack),
}

/// A caller's `zalloc` may align no better than this.
const _: () = assert!(align_of::<State>() <= 8);

impl core::fmt::Debug for Kind {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Kind::Deflate(_) => "Deflate",
            Kind::Inflate(_) => "Inflate",
            Kind::Back(_) => "Back",
        })
    }
}

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
pub(super) struct Room {
    place: *mut State,
    allocator: Allocator,
}

impl Room {
    /// # Safety
    /// `allocator`'s functions may be called.
    pub unsafe fn new(allocator: Allocator) -> Option<Room> {
        // SAFETY: by this function's own contract.
        let place = unsafe { (allocator.zalloc)(allocator.opaque, 1, size_of::<State>() as uInt) };
        (!place.is_null()).then(|| Room { place: place.cast(), allocator })
    }

    /// Makes it `strm`'s state.
    ///
    /// # Safety
    /// `strm` is not NULL.
    pub unsafe fn fill(self, strm: z_streamp, kind: Kind) {
        // SAFETY: the place is as large as a state, and aligned for it by the assertion above.
        unsafe {
            self.place.write(State { owner: strm, kind });
            (*strm).state = self.place;
        }
        core::mem::forget(self);
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        // SAFETY: the place came from this allocator.
        unsafe { (self.allocator.zfree)(self.allocator.opaque, self.place.cast()) };
    }
}

/// The state of `strm`, if it has one that is its own.
unsafe fn state<'a>(strm: z_streamp) -> Option<&'a mut State> {
    // SAFETY: see the module's text.
    unsafe {
        let stream = strm.as_ref()?;
        stream.zalloc?;
        stream.zfree?;
        let state = stream.state.as_mut()?;
        (state.owner == strm).then_some(state)
    }
}

/// The compressor of `strm`, if it is a deflate stream.
///
/// # Safety
/// See the parent module's text.
pub(super) unsafe fn deflate_of<'a>(strm: z_streamp) -> Option<&'a mut Deflate> {
    // SAFETY: by this function's own contract.
    match unsafe { state(strm) }?.kind {
        Kind::Deflate(ref mut deflate) => Some(deflate),
        _ => None,
    }
}

/// The decompressor of `strm`, if it is an inflate stream.
///
/// # Safety
/// See the parent module's text.
pub(super) unsafe fn inflate_of<'a>(strm: z_streamp) -> Option<&'a mut Inflate> {
    // SAFETY: by this function's own contract.
    match unsafe { state(strm) }?.kind {
        Kind::Inflate(ref mut inflate) => Some(inflate),
        _ => None,
    }
}

/// The decompressor of `strm`, if it is an inflateBack stream.
///
/// # Safety
/// See the parent module's text.
pub(super) unsafe fn back_of<'a>(strm: z_streamp) -> Option<&'a mut InflateBack> {
    // SAFETY: by this function's own contract.
    match unsafe { state(strm) }?.kind {
        Kind::Back(ref mut back) => Some(back),
        _ => None,
    }
}

/// Takes the state out of `strm` and frees its place; what was in it gives its memory back to the
/// allocator that the stream has now.
///
/// # Safety
/// `strm` has a state of its own: one of the functions above has just said so.
pub(super) unsafe fn take(strm: z_streamp) -> Option<Kind> {
    // SAFETY: by this function's own contract.
    unsafe {
        let allocator = allocator(strm)?;
        let place = core::mem::replace(&mut (*strm).state, core::ptr::null_mut());
        let mut kind = place.read().kind;
        match &mut kind {
            Kind::Deflate(deflate) => deflate.set_allocator(allocator),
            Kind::Inflate(inflate) => inflate.set_allocator(allocator),
            Kind::Back(back) => back.set_allocator(allocator),
        }
        (allocator.zfree)(allocator.opaque, place.cast());
        Some(kind)
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

/// Shows an error's text to the caller; one that was shown before stays if there is none.
///
/// # Safety
/// `strm` is not NULL.
pub(super) unsafe fn show_msg(strm: z_streamp, code: Code, msg: Option<&'static CStr>) {
    if (code as c_int) < 0
        && let Some(msg) = msg
    {
        // SAFETY: by this function's own contract.
        unsafe { (*strm).msg = msg.as_ptr() };
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
