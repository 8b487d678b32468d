//! The engine for raw deflate streams: zlib-rs, through its `libz-rs-sys` interface.
//!
//! Only this file names it. Formats, check values and totals are not asked of it: see
//! `docs/engine.md` for what it does otherwise than zlib and why.

use core::ffi::{CStr, c_int, c_long, c_uint};
use core::mem::size_of;

use libz_rs_sys as zrs;

use super::{Allocator, Code, Flush, Io};

impl Code {
    fn from_engine(code: c_int) -> Code {
        match code {
            zrs::Z_OK => Code::Ok,
            zrs::Z_STREAM_END => Code::StreamEnd,
            zrs::Z_NEED_DICT => Code::NeedDict,
            zrs::Z_DATA_ERROR => Code::DataError,
            zrs::Z_MEM_ERROR => Code::MemError,
            zrs::Z_BUF_ERROR => Code::BufError,
            _ => Code::StreamError,
        }
    }
}

fn empty_stream(allocator: Allocator) -> zrs::z_stream {
    zrs::z_stream {
        next_in: core::ptr::null(),
        avail_in: 0,
        total_in: 0,
        // The engine wants an output pointer even where none is used.
        next_out: core::ptr::NonNull::dangling().as_ptr(),
        avail_out: 0,
        total_out: 0,
        msg: core::ptr::null_mut(),
        state: core::ptr::null_mut(),
        zalloc: Some(allocator.zalloc),
        zfree: Some(allocator.zfree),
        opaque: allocator.opaque,
        data_type: 0,
        adler: 0,
        reserved: 0,
    }
}

const STREAM_SIZE: c_int = size_of::<zrs::z_stream>() as c_int;

/// A stream of the engine and the calls that both directions share.
struct Stream(zrs::z_stream);

impl Stream {
    fn load(&mut self, io: &Io<'_>) {
        self.0.next_in = io.next_in;
        self.0.avail_in = io.avail_in;
        self.0.next_out = io.next_out;
        self.0.avail_out = io.avail_out;
    }

    fn store(&mut self, io: &mut Io<'_>) {
        io.next_in = self.0.next_in;
        io.avail_in = self.0.avail_in;
        io.next_out = self.0.next_out;
        io.avail_out = self.0.avail_out;
        self.forget_buffers();
    }

    /// The caller's buffers may be gone by the next call that only asks for state.
    fn forget_buffers(&mut self) {
        self.0.next_in = core::ptr::null();
        self.0.avail_in = 0;
        self.0.next_out = core::ptr::NonNull::dangling().as_ptr();
        self.0.avail_out = 0;
    }

    fn set_allocator(&mut self, allocator: Allocator) {
        self.0.zalloc = Some(allocator.zalloc);
        self.0.zfree = Some(allocator.zfree);
        self.0.opaque = allocator.opaque;
    }

    fn allocator(&self) -> Allocator {
        Allocator {
            zalloc: self.0.zalloc.unwrap_or(Allocator::LIBC.zalloc),
            zfree: self.0.zfree.unwrap_or(Allocator::LIBC.zfree),
            opaque: self.0.opaque,
        }
    }

    /// Takes the text of the last error.
    fn take_msg(&mut self) -> Option<&'static CStr> {
        let msg = core::mem::replace(&mut self.0.msg, core::ptr::null_mut());
        // SAFETY: the engine's messages are NUL-terminated constants.
        (!msg.is_null()).then(|| unsafe { CStr::from_ptr(msg) })
    }
}

/// Decompresses a raw deflate stream.
pub(super) struct RawInflate(Stream);

impl RawInflate {
    /// The text that an error has if it was found where there is much input and room: by the time
    /// the engine returns, it has forgotten which it was.
    pub const MSG_LOST: &'static CStr = c"repeated call with bad state";

    /// `window_bits` 8..=15.
    pub fn new(window_bits: i32, allocator: Allocator) -> Result<RawInflate, Code> {
        let mut stream = Stream(empty_stream(allocator));
        // SAFETY: the stream is a valid one without a state, and the version is the engine's own.
        let code = unsafe {
            zrs::inflateInit2_(&mut stream.0, -window_bits, zrs::zlibVersion(), STREAM_SIZE)
        };
        match Code::from_engine(code) {
            Code::Ok => Ok(RawInflate(stream)),
            code => Err(code),
        }
    }

    pub fn inflate(&mut self, io: &mut Io<'_>, flush: Flush) -> Code {
        self.0.load(io);
        // SAFETY: the state is the engine's own and `io` holds valid buffers by its contract.
        let code = unsafe { zrs::inflate(&mut self.0.0, flush as c_int) };
        self.0.store(io);
        Code::from_engine(code)
    }

    /// Starts anew with a window of `window_bits`, and no history.
    pub fn reset(&mut self, window_bits: i32) {
        // SAFETY: the state is the engine's own.
        unsafe { zrs::inflateReset2(&mut self.0.0, -window_bits) };
    }

    /// Starts anew and keeps the history.
    pub fn reset_keep(&mut self) {
        // SAFETY: the state is the engine's own.
        unsafe { zrs::inflateResetKeep(&mut self.0.0) };
    }

    pub fn sync(&mut self, io: &mut Io<'_>) -> Code {
        self.0.load(io);
        // A null input has no bytes to search, whatever the caller's pointer is.
        if self.0.0.next_in.is_null() {
            self.0.0.next_in = core::ptr::NonNull::dangling().as_ptr();
        }
        // SAFETY: the state is the engine's own and `io` holds valid buffers by its contract.
        let code = unsafe { zrs::inflateSync(&mut self.0.0) };
        let moved = io.avail_in - self.0.0.avail_in;
        self.0.forget_buffers();
        io.skip(moved);
        Code::from_engine(code)
    }

    pub fn sync_point(&mut self) -> bool {
        // SAFETY: the state is the engine's own.
        unsafe { zrs::inflateSyncPoint(&mut self.0.0) == 1 }
    }

    /// `bits` up to 16; negative forgets what is in the bit buffer.
    pub fn prime(&mut self, bits: i32, value: i32) -> Code {
        // SAFETY: the state is the engine's own.
        Code::from_engine(unsafe { zrs::inflatePrime(&mut self.0.0, bits, value) })
    }

    pub fn set_dictionary(&mut self, dictionary: &[u8]) -> Code {
        // SAFETY: pointer and length are a slice's, and lengths come from a C `uInt`.
        Code::from_engine(unsafe {
            zrs::inflateSetDictionary(
                &mut self.0.0,
                dictionary.as_ptr(),
                dictionary.len() as c_uint,
            )
        })
    }

    /// The history's length; its bytes go to `to` unless that is null.
    ///
    /// # Safety
    /// `to` is null or has room for the window (32 KiB at most).
    pub unsafe fn dictionary(&self, to: *mut u8) -> u32 {
        let mut len = 0;
        // SAFETY: the state is the engine's own, `to` is the caller's promise.
        unsafe { zrs::inflateGetDictionary(&self.0.0, to, &mut len) };
        len
    }

    pub fn mark(&self) -> c_long {
        // SAFETY: the state is the engine's own.
        unsafe { zrs::inflateMark(&self.0.0) }
    }

    pub fn codes_used(&mut self) -> usize {
        // SAFETY: the state is the engine's own.
        unsafe { zrs::inflateCodesUsed(&mut self.0.0) as usize }
    }

    /// A second one, with memory from the same allocator.
    pub fn try_clone(&mut self) -> Result<RawInflate, Code> {
        let mut copy = Stream(empty_stream(self.0.allocator()));
        // SAFETY: both are valid streams; the copy has no state yet that could leak.
        let code = unsafe { zrs::inflateCopy(&mut copy.0, &self.0.0) };
        match Code::from_engine(code) {
            Code::Ok => Ok(RawInflate(copy)),
            code => Err(code),
        }
    }

    pub fn data_type(&self) -> i32 {
        self.0.0.data_type
    }

    pub fn take_msg(&mut self) -> Option<&'static CStr> {
        self.0.take_msg()
    }

    pub fn set_allocator(&mut self, allocator: Allocator) {
        self.0.set_allocator(allocator);
    }

    pub fn end(&mut self) {
        // SAFETY: the state is the engine's own or, after the first `end`, null.
        unsafe { zrs::inflateEnd(&mut self.0.0) };
    }
}

impl Drop for RawInflate {
    fn drop(&mut self) {
        self.end();
    }
}
