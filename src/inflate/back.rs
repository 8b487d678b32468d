//! Decompression of a raw stream between two callbacks (zlib.h, `inflateBack`).

use core::ffi::{CStr, c_int, c_uchar, c_uint, c_void};
use core::mem::MaybeUninit;

use super::blocks::{Around, Blocks, Stop};
use super::fast;
use super::window::Window;
use crate::codes::{Code, Flush};
use crate::io::Io;

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

/// A raw decompressor whose output goes through the caller's window, which is its history, too.
pub struct InflateBack {
    blocks: Blocks,
    window: *mut u8,
    size: u32,
}

impl InflateBack {
    /// Makes one in `place`. `window_bits` is 8..=15.
    ///
    /// # Safety
    /// `window` is valid for writes of `1 << window_bits` bytes as long as this is used.
    pub unsafe fn init(
        place: &mut MaybeUninit<InflateBack>,
        window_bits: u32,
        window: *mut u8,
    ) -> &mut InflateBack {
        let place = place.as_mut_ptr();
        // SAFETY: all fields get a value.
        unsafe {
            Blocks::init(&raw mut (*place).blocks);
            (&raw mut (*place).window).write(window);
            (&raw mut (*place).size).write(1 << window_bits);
            &mut *place
        }
    }

    /// Runs to the stream's end, an error, or a callback's refusal; gives the code, and the text
    /// of an error. What input is left is in `io`, with a null pointer if the input callback ended
    /// the call.
    ///
    /// # Safety
    /// The callbacks may be called with their arguments, as zlib.h says they are.
    pub unsafe fn run(
        &mut self,
        io: &mut Io<'_>,
        callbacks: Callbacks,
    ) -> (Code, Option<&'static CStr>) {
        let Callbacks { input: (input, in_desc), output: (output, out_desc) } = callbacks;
        let (data, size) = (self.window, self.size);
        // SAFETY: the caller says that it may be called with this argument, and the window's first
        // `len` bytes are written.
        let refuses = |len| unsafe { output(out_desc, data, len) != 0 };
        self.blocks.reset();
        // Nothing is history at first; from the second round on all that lies ahead is.
        let mut window = Window::around(data, size, 0);
        (io.next_out, io.avail_out) = (data, size);
        let mut msg = None;
        let code = loop {
            let around = Around {
                out_start: data,
                window: &window,
                flush: Flush::None,
                variants: fast::variants(),
            };
            match self.blocks.run(io, &around) {
                Stop::End => break Code::StreamEnd,
                Stop::Bad(text) => {
                    msg = Some(text);
                    break Code::DataError;
                }
                Stop::Input => {
                    let mut next = core::ptr::null();
                    // SAFETY: the caller says that it may be called with this argument.
                    io.avail_in = unsafe { input(in_desc, &mut next) };
                    io.next_in = next;
                    if io.avail_in == 0 || next.is_null() {
                        (io.next_in, io.avail_in) = (core::ptr::null(), 0);
                        break Code::BufError;
                    }
                }
                Stop::Room => {
                    if self.blocks.waiting_distance() > size {
                        // zlib sees that before it asks for room.
                        msg = Some(c"invalid distance too far back");
                        break Code::DataError;
                    }
                    window.have = size;
                    (io.next_out, io.avail_out) = (data, size);
                    if refuses(size) {
                        break Code::BufError;
                    }
                }
                // Nobody asks for it.
                Stop::Asked => {}
            }
        };
        let written = size - io.avail_out;
        if written != 0 && refuses(written) && code == Code::StreamEnd {
            return (Code::BufError, msg);
        }
        (code, msg)
    }
}
