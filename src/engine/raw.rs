//! The engine for raw deflate streams: zlib-rs, through its `libz-rs-sys` interface.
//!
//! Only this file names it. Formats, check values and totals are not asked of it: see
//! `docs/engine.md` for what it does otherwise than zlib and why.

use core::ffi::{CStr, c_int, c_uint};
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

    /// Takes the text of the last error.
    fn take_msg(&mut self) -> Option<&'static CStr> {
        let msg = core::mem::replace(&mut self.0.msg, core::ptr::null_mut());
        // SAFETY: the engine's messages are NUL-terminated constants.
        (!msg.is_null()).then(|| unsafe { CStr::from_ptr(msg) })
    }
}

/// Compresses to a raw deflate stream.
pub(super) struct RawDeflate(Stream);

impl RawDeflate {
    /// `window_bits` 9..=15, `mem_level` 1..=9, `level` 0..=9, `strategy` 0..=4.
    pub fn new(
        level: i32,
        window_bits: i32,
        mem_level: i32,
        strategy: i32,
        allocator: Allocator,
    ) -> Result<RawDeflate, Code> {
        let mut stream = Stream(empty_stream(allocator));
        // SAFETY: the stream is a valid one without a state, and the version is the engine's own.
        let code = unsafe {
            zrs::deflateInit2_(
                &mut stream.0,
                engine_level(level),
                zrs::Z_DEFLATED,
                -window_bits,
                mem_level,
                strategy,
                zrs::zlibVersion(),
                STREAM_SIZE,
            )
        };
        match Code::from_engine(code) {
            Code::Ok => Ok(RawDeflate(stream)),
            code => Err(code),
        }
    }

    pub fn deflate(&mut self, io: &mut Io<'_>, flush: Flush) -> Code {
        self.0.load(io);
        // SAFETY: the state is the engine's own and `io` holds valid buffers by its contract.
        let code = unsafe { zrs::deflate(&mut self.0.0, flush as c_int) };
        self.0.store(io);
        Code::from_engine(code)
    }

    pub fn params(&mut self, io: &mut Io<'_>, level: i32, strategy: i32) -> Code {
        self.0.load(io);
        // SAFETY: as in `deflate`.
        let code = unsafe { zrs::deflateParams(&mut self.0.0, engine_level(level), strategy) };
        self.0.store(io);
        Code::from_engine(code)
    }

    pub fn reset(&mut self) {
        self.drain();
        // SAFETY: the state is the engine's own.
        unsafe { zrs::deflateReset(&mut self.0.0) };
    }

    /// Takes the output that waits for room and throws it away.
    ///
    /// The engine's reset empties its output buffer but does not go back to the buffer's start
    /// (zlib-rs 0.6.8, `Pending::reset_keep`): the next stream finds less room than a block may
    /// need, and aborts.
    fn drain(&mut self) {
        let mut scratch = [0; 4096];
        loop {
            let waiting = self.pending().0 as usize;
            if waiting == 0 {
                return;
            }
            // No more room than that: the engine comes back without compressing more.
            let room = waiting.min(scratch.len());
            let mut io = Io::new(&[], &mut scratch[..room]);
            self.deflate(&mut io, Flush::Finish);
            if io.avail_out as usize == room {
                return;
            }
        }
    }

    /// Starts anew and keeps the history, of which what was not compressed yet is part.
    pub fn reset_keep(&mut self) {
        // The engine keeps the place where its block began, too, and may look for it in front of
        // its window later: so that block is ended first, and thrown away.
        let mut scratch = [0; 4096];
        loop {
            let mut io = Io::new(&[], &mut scratch);
            if self.deflate(&mut io, Flush::Finish) != Code::Ok || io.avail_out != 0 {
                break;
            }
        }
        // SAFETY: the state is the engine's own.
        unsafe { zrs::deflateResetKeep(&mut self.0.0) };
    }

    pub fn set_dictionary(&mut self, dictionary: &[u8]) -> Code {
        // SAFETY: pointer and length are a slice's, and lengths come from a C `uInt`.
        Code::from_engine(unsafe {
            zrs::deflateSetDictionary(
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
        unsafe { zrs::deflateGetDictionary(&self.0.0, to, &mut len) };
        len
    }

    /// `bits` 0..=16.
    pub fn prime(&mut self, bits: i32, value: i32) -> Code {
        // SAFETY: the state is the engine's own.
        Code::from_engine(unsafe { zrs::deflatePrime(&mut self.0.0, bits, value) })
    }

    /// Bytes and bits that wait for room.
    pub fn pending(&mut self) -> (u32, i32) {
        let (mut bytes, mut bits) = (0, 0);
        // SAFETY: the state is the engine's own, both places are ours.
        unsafe { zrs::deflatePending(&mut self.0.0, &mut bytes, &mut bits) };
        (bytes, bits)
    }

    /// Bits in use in the last byte when the stream last went to a byte boundary.
    pub fn used(&mut self) -> i32 {
        let mut bits = 0;
        // SAFETY: the state is the engine's own, the place is ours.
        unsafe { zrs::deflateUsed(&mut self.0.0, &mut bits) };
        bits
    }

    pub fn tune(&mut self, good: i32, lazy: i32, nice: i32, chain: i32) {
        // SAFETY: the state is the engine's own.
        unsafe { zrs::deflateTune(&mut self.0.0, good, lazy, nice, chain) };
    }

    pub fn try_clone(&mut self, allocator: Allocator) -> Result<RawDeflate, Code> {
        self.0.set_allocator(allocator);
        let mut copy = Stream(empty_stream(allocator));
        // SAFETY: both are valid streams; the copy has no state yet that could leak.
        let code = unsafe { zrs::deflateCopy(&mut copy.0, &mut self.0.0) };
        match Code::from_engine(code) {
            Code::Ok => Ok(RawDeflate(copy)),
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

    /// Frees the state; whether a stream was begun and not finished.
    pub fn end(&mut self) -> bool {
        // SAFETY: the state is the engine's own or, after the first `end`, null.
        unsafe { zrs::deflateEnd(&mut self.0.0) == zrs::Z_DATA_ERROR }
    }
}

impl Drop for RawDeflate {
    fn drop(&mut self) {
        self.end();
    }
}

/// The engine's level 1 writes fixed codes only and expands data beyond the bound that zlib keeps
/// to and callers compute for themselves, so ours starts at its level 2.
fn engine_level(level: i32) -> i32 {
    if level == 1 { 2 } else { level }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::inflate::OwnInflate;

    /// What all of `compressed` decompresses to: one stream of `len` bytes.
    pub fn decompress(compressed: &[u8], len: usize) -> Vec<u8> {
        let mut output = vec![0; len + 1];
        let mut inflate = OwnInflate::new(-15).unwrap();
        let step = inflate.inflate(compressed, &mut output, Flush::Finish);
        assert_eq!(step.code, Code::StreamEnd);
        assert_eq!(step.consumed, compressed.len(), "bytes behind the stream");
        output.truncate(step.produced);
        output
    }

    #[test]
    fn reset_gives_back_the_room_of_waiting_output() {
        let mut seed = 1u32;
        let noise: Vec<u8> = (0..400_000)
            .map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                // Six bits of eight: blocks nearly as large as their input, but not stored.
                (seed >> 26) as u8
            })
            .collect();
        let mut out = vec![0; noise.len() + 1000];
        for keep in [false, true] {
            let mut raw = RawDeflate::new(6, 15, 8, 0, Allocator::LIBC).unwrap();
            // Each time the first block is handed out in part: 72 of the buffer's 64 KiB in all.
            for room in [9_000; 8] {
                raw.deflate(&mut Io::new(&noise, &mut out[..room]), Flush::None);
                assert!(raw.pending().0 > 0, "nothing waits behind {room} bytes");
                if keep {
                    raw.reset_keep()
                } else {
                    raw.reset()
                };
                assert_eq!(raw.pending(), (0, 0));
            }
            if keep {
                raw.reset();
            }
            let mut io = Io::new(&noise, &mut out);
            assert_eq!(raw.deflate(&mut io, Flush::Finish), Code::StreamEnd);
            let left = io.avail_out as usize;
            let len = out.len() - left;
            let plain = decompress(&out[..len], noise.len());
            assert!(plain == noise, "the stream after a reset decodes to other bytes");
        }
    }
}
