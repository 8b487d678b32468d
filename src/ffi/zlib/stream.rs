//! A `z_stream` of C's as a checked handle: not NULL, of the kind that the function is for, with its
//! engine. Also what its `state` points to.

use core::ffi::{CStr, c_char, c_int};
use core::marker::PhantomData;
use core::mem::{MaybeUninit, size_of};
use core::ops::{Deref, DerefMut};
use core::ptr::{self, NonNull};

use super::types::{uInt, z_stream, z_streamp};
use crate::alloc::{Allocator, libc_alloc, libc_free};
use crate::codes::Code;
use crate::deflate::Deflate;
use crate::inflate::{Inflate, InflateBack};
use crate::io::Io;

/// What stands before a stream's engine, in one request to the stream's own `zalloc`.
#[derive(Debug)]
#[repr(C)]
struct Head {
    /// The stream that was initialised: one that was moved or copied by assignment is refused,
    /// as zlib does.
    owner: NonNull<z_stream>,
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

/// What a stream's `state` points to: the head and the engine behind it.
#[repr(C)]
struct Held<E> {
    head: Head,
    engine: E,
}

/// nginx and others set aside what zlib asks for.
const _: () = assert!(size_of::<Held<Deflate>>() <= 5968);

/// Whether a caller's header is one that these functions fit.
///
/// # Safety
/// `version` is NULL or readable.
pub(super) unsafe fn version_fits(version: *const c_char, stream_size: c_int) -> bool {
    // SAFETY: NULL or readable, by the caller's word.
    let first = unsafe { version.as_ref() };
    first == Some(&(b'1' as c_char)) && stream_size == size_of::<z_stream>() as c_int
}

/// Stores a result where the caller wants it.
///
/// # Safety
/// `place` is NULL or valid for writes.
pub(super) unsafe fn put<T>(place: *mut T, value: T) {
    if !place.is_null() {
        // SAFETY: not NULL, so valid for writes by the caller's word.
        unsafe { place.write(value) };
    }
}

/// A `z_stream` of C's that is there, with or without an engine. Its fields are to be had as those of
/// a reference.
pub(super) struct Stream<'a> {
    strm: NonNull<z_stream>,
    _alone: PhantomData<&'a mut z_stream>,
}

impl<'a> Stream<'a> {
    /// None for NULL.
    pub fn of(strm: z_streamp<'a>) -> Option<Stream<'a>> {
        Some(Stream { strm: strm.address()?, _alone: PhantomData })
    }

    /// Puts libc's allocator where the caller has left none, and clears `msg`; the allocator.
    pub fn prepare(&mut self) -> Allocator {
        self.msg = ptr::null();
        if self.zalloc.is_none() {
            self.opaque = ptr::null_mut();
        }
        self.zalloc.get_or_insert(libc_alloc);
        self.zfree.get_or_insert(libc_free);
        self.allocator().unwrap_or(Allocator::LIBC)
    }

    /// The allocator, if there is one.
    fn allocator(&self) -> Option<Allocator> {
        // SAFETY: the caller's functions may be called, as `z_streamp` says, and libc's may.
        Some(unsafe { Allocator::new(self.zalloc?, self.zfree?, self.opaque) })
    }

    /// The buffers.
    pub fn io(&self) -> Io<'a> {
        // SAFETY: they are what the stream says, as `z_streamp` says.
        unsafe { Io::from_raw(self.next_in, self.avail_in, self.next_out, self.avail_out) }
    }

    /// The input.
    pub fn input(&self) -> Io<'a> {
        // SAFETY: it is what the stream says, as `z_streamp` says.
        unsafe { Io::input_alone(self.next_in, self.avail_in) }
    }

    /// Takes all fields over from `other`. None of this one's need a value before.
    pub fn copy_from(&mut self, other: &Stream<'_>) {
        // SAFETY: both are there, as `z_streamp` says.
        unsafe { self.strm.copy_from(other.strm, 1) };
    }

    /// Writes back how far the buffers are; with `count`, into the totals too.
    pub fn store(&mut self, io: &Io<'_>, count: bool) {
        if io.lacks_a_buffer() {
            // Nothing was done with them, and their counts are not what the caller said.
            return;
        }
        if count {
            let read = self.avail_in - io.avail_in();
            let written = self.avail_out - io.avail_out();
            self.total_in = self.total_in.wrapping_add(read.into());
            self.total_out = self.total_out.wrapping_add(written.into());
        }
        self.next_in = io.next_in();
        self.avail_in = io.avail_in();
        self.next_out = io.next_out();
        self.avail_out = io.avail_out();
    }

    /// Sets what every Reset function sets.
    pub fn clear_totals(&mut self, data_type: c_int, adler: Option<u32>) {
        self.total_in = 0;
        self.total_out = 0;
        self.msg = ptr::null();
        self.data_type = data_type;
        if let Some(adler) = adler {
            self.adler = adler.into();
        }
    }

    /// Shows the text of an error, if there is one.
    pub fn say(&mut self, msg: Option<&'static CStr>) {
        if let Some(msg) = msg {
            self.msg = msg.as_ptr();
        }
    }

    /// Leaves the stream without a state, for an Init that fails.
    pub fn without_state(&mut self, code: c_int) -> c_int {
        self.state = ptr::null_mut();
        code
    }
}

impl Deref for Stream<'_> {
    type Target = z_stream;

    fn deref(&self) -> &z_stream {
        // SAFETY: it is there, and only this call uses it, as `z_streamp` says.
        unsafe { self.strm.as_ref() }
    }
}

impl DerefMut for Stream<'_> {
    fn deref_mut(&mut self) -> &mut z_stream {
        // SAFETY: it is there, and only this call uses it, as `z_streamp` says.
        unsafe { self.strm.as_mut() }
    }
}

/// A stream with its engine.
pub(super) struct Handle<'a, E> {
    /// C's side of it.
    pub stream: Stream<'a>,
    /// Ours.
    pub engine: &'a mut E,
    /// Its memory is from here, and goes back there.
    pub allocator: Allocator,
}

impl<'a, E: Engine> Handle<'a, E> {
    /// None for NULL, for a stream without an engine of this kind, and for one that was moved since
    /// it was initialised.
    pub fn of(strm: z_streamp<'a>) -> Option<Handle<'a, E>> {
        let stream = Stream::of(strm)?;
        let allocator = stream.allocator()?;
        // SAFETY: NULL, or what `Made` has put there, which begins with a head, as `z_streamp` says.
        let head = unsafe { stream.state.cast::<Head>().as_ref() }?;
        if head.owner != stream.strm || head.kind != E::KIND {
            return None;
        }
        // SAFETY: behind a head of this kind is an engine of this kind, to which nothing else refers
        // while the stream is in this call.
        let engine = unsafe { &mut (*stream.state.cast::<Held<E>>()).engine };
        Some(Handle { stream, engine, allocator })
    }
}

/// Frees all of `strm`, with the allocator that it has now, after `last` has had a look at the engine;
/// what that says. None if there is no engine of this kind.
pub(super) fn end<E: Engine, R>(strm: z_streamp<'_>, last: impl FnOnce(&mut E) -> R) -> Option<R> {
    let Handle { mut stream, engine, allocator } = Handle::<E>::of(strm)?;
    let result = last(engine);
    engine.set_allocator(allocator);
    let engine = ptr::from_mut(engine);
    let state = core::mem::replace(&mut stream.state, ptr::null_mut());
    // SAFETY: the engine is where `of` has found it, is not used again, and its memory came from the
    // stream's allocator.
    unsafe {
        ptr::drop_in_place(engine);
        allocator.free(state.cast());
    }
    Some(result)
}

/// Memory for a stream's state, before anything is in it.
pub(super) struct Place<E> {
    held: *mut Held<MaybeUninit<E>>,
    allocator: Allocator,
}

impl<E: Engine> Place<E> {
    /// A caller's `zalloc` may align no better than this.
    const ALIGNED: () = assert!(align_of::<Held<E>>() <= 8);

    /// None without memory.
    pub fn new(allocator: Allocator) -> Option<Place<E>> {
        let () = Self::ALIGNED;
        let held = allocator.allocate(1, size_of::<Held<E>>() as uInt);
        (!held.is_null()).then(|| Place { held: held.cast(), allocator })
    }

    /// The memory with an engine in it, which `make` makes in the room that it is given: an engine is
    /// too large for the stack.
    ///
    /// # Errors
    /// What `make` says; the memory is given back.
    pub fn make(
        self,
        make: impl FnOnce(&mut MaybeUninit<E>) -> Result<&mut E, Code>,
    ) -> Result<Made<E>, Code> {
        // SAFETY: the memory is as large as all of it, and nobody else has it.
        let room = unsafe { &mut (*self.held).engine };
        let address = room.as_mut_ptr();
        // One that lies elsewhere would not be the room's.
        if !ptr::eq(make(room)?, address) {
            return Err(Code::StreamError);
        }
        Ok(Made(self))
    }
}

impl<E> Drop for Place<E> {
    fn drop(&mut self) {
        // SAFETY: the memory came from this allocator, and nobody else has it.
        unsafe { self.allocator.free(self.held.cast()) };
    }
}

/// An engine in the memory for a stream's state.
pub(super) struct Made<E>(Place<E>);

impl<E: Engine> Made<E> {
    /// The engine.
    pub fn engine(&self) -> &E {
        // SAFETY: `make` has made one there.
        unsafe { (*self.0.held).engine.assume_init_ref() }
    }

    /// Makes it `stream`'s.
    pub fn belongs_to(self, stream: &mut Stream<'_>) {
        let head = Head { owner: stream.strm, kind: E::KIND };
        // SAFETY: the memory is as large as a head with its engine.
        unsafe { (&raw mut (*self.0.held).head).write(head) };
        stream.state = self.0.held.cast();
        core::mem::forget(self.0);
    }
}
