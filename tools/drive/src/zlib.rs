//! zlib.h's structures, as a C program lays them out.

use std::ffi::{CStr, c_char, c_int, c_uint, c_ulong, c_void};
use std::ptr::null_mut;

/// zlib.h's `alloc_func`.
pub type AllocFn = unsafe extern "C" fn(*mut c_void, c_uint, c_uint) -> *mut c_void;
/// zlib.h's `free_func`.
pub type FreeFn = unsafe extern "C" fn(*mut c_void, *mut c_void);

/// zlib.h's `z_stream`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ZStream {
    pub next_in: *const u8,
    pub avail_in: c_uint,
    pub total_in: c_ulong,
    pub next_out: *mut u8,
    pub avail_out: c_uint,
    pub total_out: c_ulong,
    pub msg: *const c_char,
    pub state: *mut c_void,
    pub zalloc: Option<AllocFn>,
    pub zfree: Option<FreeFn>,
    pub opaque: *mut c_void,
    pub data_type: c_int,
    pub adler: c_ulong,
    pub reserved: c_ulong,
}

impl ZStream {
    /// All zero, as zlib.h asks before Init.
    pub fn zeroed() -> ZStream {
        // SAFETY: null pointers, no functions and zero counts are valid.
        unsafe { std::mem::zeroed() }
    }

    /// A stream that no Init function has seen; the fields that a library sets hold marks.
    pub fn new() -> ZStream {
        ZStream {
            next_in: null_mut(),
            avail_in: 0,
            total_in: 0x1111,
            next_out: null_mut(),
            avail_out: 0,
            total_out: 0x2222,
            msg: c"before init".as_ptr(),
            state: null_mut(),
            zalloc: None,
            zfree: None,
            opaque: null_mut(),
            data_type: 0x33,
            adler: 0x4444,
            reserved: 0x5555,
        }
    }

    /// `msg` as text.
    pub fn msg(&self) -> Option<&'static str> {
        if self.msg.is_null() {
            return None;
        }
        // SAFETY: both libraries' messages are constants.
        unsafe { CStr::from_ptr(self.msg) }.to_str().ok()
    }

    /// All that a caller may look at besides the buffers, with names.
    pub fn shown(&self) -> [(&'static str, String); 5] {
        [
            ("total_in", self.total_in.to_string()),
            ("total_out", self.total_out.to_string()),
            ("adler", format!("{:#x}", self.adler)),
            ("data_type", self.data_type.to_string()),
            ("msg", format!("{:?}", self.msg())),
        ]
    }
}

impl Default for ZStream {
    fn default() -> Self {
        ZStream::new()
    }
}

/// zlib.h's `gz_header`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct GzHeader {
    pub text: c_int,
    pub time: c_ulong,
    pub xflags: c_int,
    pub os: c_int,
    pub extra: *mut u8,
    pub extra_len: c_uint,
    pub extra_max: c_uint,
    pub name: *mut u8,
    pub name_max: c_uint,
    pub comment: *mut u8,
    pub comm_max: c_uint,
    pub hcrc: c_int,
    pub done: c_int,
}

/// zlib.h's return codes by number.
pub mod code {
    use std::ffi::c_int;
    pub const OK: c_int = 0;
    pub const STREAM_END: c_int = 1;
    pub const NEED_DICT: c_int = 2;
    pub const STREAM_ERROR: c_int = -2;
    pub const DATA_ERROR: c_int = -3;
    pub const MEM_ERROR: c_int = -4;
    pub const BUF_ERROR: c_int = -5;
}

/// zlib.h's flush values by number.
pub mod flush {
    use std::ffi::c_int;
    pub const NONE: c_int = 0;
    pub const PARTIAL: c_int = 1;
    pub const SYNC: c_int = 2;
    pub const FULL: c_int = 3;
    pub const FINISH: c_int = 4;
    pub const BLOCK: c_int = 5;
    pub const TREES: c_int = 6;
}
