//! Decompression of a raw stream between two callbacks (zlib.h, `inflateBack`).

use core::ffi::{CStr, c_int, c_uchar, c_uint, c_void};

use super::inflate_body::Body;
use super::{Allocator, Code, Flush, Io};

/// zlib.h's `in_func`: gives the next input through its second argument and returns its length.
pub type InFn = unsafe extern "C" fn(*mut c_void, *mut *const c_uchar) -> c_uint;

/// zlib.h's `out_func`: takes output; non-zero ends the call.
pub type OutFn = unsafe extern "C" fn(*mut c_void, *mut c_uchar, c_uint) -> c_int;

/// The two callbacks, each with its first argument.
#[derive(Clone, Copy, Debug)]
pub struct Callbacks {
    /// Gives input.
    pub input: (InFn, *mut c_void),
    /// Takes output.
    pub output: (OutFn, *mut c_void),
}

/// A raw decompressor whose output goes through the caller's window.
pub struct InflateBack {
    body: Body,
    window_bits: u32,
    window: *mut u8,
    msg: Option<&'static CStr>,
}

impl InflateBack {
    /// `window_bits` 8..=15.
    ///
    /// # Safety
    /// `window` has room for `1 << window_bits` bytes, until this is dropped.
    pub unsafe fn new(
        window_bits: u32,
        window: *mut u8,
        allocator: Allocator,
    ) -> Result<InflateBack, Code> {
        let body = Body::new(window_bits, allocator)?;
        Ok(InflateBack { body, window_bits, window, msg: None })
    }

    /// Runs to the stream's end, an error, or a callback's refusal. What input is left is in `io`,
    /// with a null pointer if the input callback ended the call.
    ///
    /// # Safety
    /// The callbacks may be called with their arguments, as zlib.h says they are.
    pub unsafe fn run(&mut self, io: &mut Io<'_>, callbacks: Callbacks) -> Code {
        let Callbacks { input: (input, in_desc), output: (output, out_desc) } = callbacks;
        let size = 1 << self.window_bits;
        let window = self.window;
        // SAFETY: by this function's own contract; the window's first `len` bytes are written.
        let refuses = |len| unsafe { output(out_desc, window, len) != 0 };
        self.body.reset(self.window_bits);
        (io.next_out, io.avail_out) = (window, size);
        let code = loop {
            let (code, msg) = self.body.run(io, Flush::None);
            self.msg = msg;
            if !matches!(code, Code::Ok | Code::BufError) {
                break code;
            }
            if io.avail_in == 0 && io.avail_out == 0 {
                // zlib asks for what it needs: room for a byte that is there, or else input.
                let mut byte = 0;
                (io.next_out, io.avail_out) = (&raw mut byte, 1);
                let (code, msg) = self.body.run(io, Flush::None);
                if io.avail_out == 0 {
                    (io.next_out, io.avail_out) = (window, size);
                    if refuses(size) {
                        break Code::BufError;
                    }
                    io.write(&[byte]);
                } else {
                    io.avail_out = 0;
                }
                self.msg = msg;
                if !matches!(code, Code::Ok | Code::BufError) {
                    break code;
                }
                if io.avail_out != 0 {
                    continue;
                }
            }
            if io.avail_in == 0 {
                let mut next = core::ptr::null();
                // SAFETY: by this function's own contract.
                io.avail_in = unsafe { input(in_desc, &mut next) };
                io.next_in = next;
                if io.avail_in == 0 {
                    io.next_in = core::ptr::null();
                    break Code::BufError;
                }
            } else if io.avail_out == 0 {
                (io.next_out, io.avail_out) = (window, size);
                if refuses(size) {
                    break Code::BufError;
                }
            }
        };
        let written = size - io.avail_out;
        if written != 0 && refuses(written) && code == Code::StreamEnd {
            return Code::BufError;
        }
        code
    }

    /// Takes the text of the last error.
    pub fn take_msg(&mut self) -> Option<&'static CStr> {
        self.msg.take()
    }

    /// From here on memory is given back through `allocator`.
    pub fn set_allocator(&mut self, allocator: Allocator) {
        self.body.set_allocator(allocator);
    }
}
