//! ISA-L's decompression functions in a loaded library.

use std::cell::RefCell;
use std::ffi::c_int;

use crate::libdeflate_abi::Format;
use drive::Object;

/// The bytes of the code tables in `struct inflate_state`, as igzip_lib.h has had them since 2.19.
/// Were they others, `crc_flag` would lie elsewhere and no zlib stream would decompress.
const TABLES: usize = 18_912 + 2_208;
/// More than what follows `crc_flag`: the rest is ISA-L's own.
const REST: usize = 96 << 10;
/// `ISAL_BLOCK_FINISH`.
const FINISH: c_int = 5;
/// `ISAL_DECOMP_OK`.
const OK: c_int = 0;

/// `struct inflate_state`.
#[repr(C)]
struct State {
    next_out: *mut u8,
    avail_out: u32,
    total_out: u32,
    next_in: *const u8,
    read_in: u64,
    avail_in: u32,
    read_in_length: i32,
    tables: [u8; TABLES],
    block_state: c_int,
    dict_length: u32,
    bfinal: u32,
    crc_flag: u32,
    rest: [u8; REST],
}

type Prepare = unsafe extern "C" fn(*mut State);
type Step = unsafe extern "C" fn(*mut State) -> c_int;

/// The functions of igzip_lib.h that are measured, and a state, which is kept.
pub struct Isal {
    reset: Prepare,
    inflate: Step,
    stateless: Step,
    state: RefCell<Box<State>>,
}

impl Isal {
    /// Finds the functions and makes a state.
    pub fn of(object: &Object) -> Result<Isal, String> {
        // SAFETY: the types are those of igzip_lib.h; all-zero is a valid state to begin with.
        unsafe {
            let init: Prepare = object.function("isal_inflate_init")?;
            let mut state: Box<State> = Box::new_zeroed().assume_init();
            init(&raw mut *state);
            Ok(Isal {
                reset: object.function("isal_inflate_reset")?,
                inflate: object.function("isal_inflate")?,
                stateless: object.function("isal_inflate_stateless")?,
                state: RefCell::new(state),
            })
        }
    }

    fn begin(&self, state: &mut State, format: Format) {
        // SAFETY: the state is initialised.
        unsafe { (self.reset)(state) };
        state.crc_flag = match format {
            Format::Raw => 0,
            Format::Zlib => 3,
        };
    }

    /// `isal_inflate_stateless` of `data` into `out`; the bytes written.
    pub fn uncompress(&self, format: Format, data: &[u8], out: &mut [u8]) -> Result<usize, c_int> {
        let state = &mut **self.state.borrow_mut();
        self.begin(state, format);
        (state.next_in, state.avail_in) = (data.as_ptr(), data.len() as u32);
        (state.next_out, state.avail_out) = (out.as_mut_ptr(), out.len() as u32);
        // SAFETY: the state is initialised, its input and output are `data` and `out`.
        match unsafe { (self.stateless)(state) } {
            OK => Ok(out.len() - state.avail_out as usize),
            code => Err(code),
        }
    }

    /// `isal_inflate` of `data` in pieces of `chunks.0` bytes, into pieces of `chunks.1` bytes of
    /// `out`; the bytes written.
    pub fn pump(
        &self,
        format: Format,
        data: &[u8],
        out: &mut [u8],
        chunks: (usize, usize),
    ) -> Result<usize, c_int> {
        let state = &mut **self.state.borrow_mut();
        self.begin(state, format);
        let mut pieces = data.chunks(chunks.0);
        let mut written = 0;
        state.avail_in = 0;
        loop {
            if state.avail_in == 0
                && let Some(piece) = pieces.next()
            {
                (state.next_in, state.avail_in) = (piece.as_ptr(), piece.len() as u32);
            }
            let room = chunks.1.min(out.len() - written);
            (state.next_out, state.avail_out) = (out[written..].as_mut_ptr(), room as u32);
            let before = state.avail_in;
            // SAFETY: the state is initialised, its input and output are parts of `data` and `out`.
            let code = unsafe { (self.inflate)(state) };
            let got = room - state.avail_out as usize;
            written += got;
            if code != OK {
                return Err(code);
            }
            if state.block_state == FINISH {
                return Ok(written);
            }
            if got == 0 && state.avail_in == before {
                return Err(c_int::MIN);
            }
        }
    }
}
