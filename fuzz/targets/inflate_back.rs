//! inflateBack of any bytes, given and taken in pieces, against inflate of the same.
#![no_main]

use std::ffi::{c_int, c_uint, c_void};

use differential::api::{STREAM_SIZE, VERSION, Zlib};
use differential::stream::{ZStream, code};
use libfuzzer_sys::fuzz_target;

extern crate zcompat as _;

struct Feed<'a> {
    rest: &'a [u8],
    piece: usize,
    out: Vec<u8>,
    refuses_at: usize,
}

unsafe extern "C" fn give(desc: *mut c_void, place: *mut *const u8) -> c_uint {
    // SAFETY: the target passes its own feed, and the library an address for the pointer.
    let feed = unsafe { &mut *desc.cast::<Feed<'_>>() };
    let (piece, rest) = feed.rest.split_at(feed.piece.min(feed.rest.len()));
    feed.rest = rest;
    // SAFETY: as above.
    unsafe { *place = piece.as_ptr() };
    piece.len() as c_uint
}

unsafe extern "C" fn take(desc: *mut c_void, bytes: *mut u8, len: c_uint) -> c_int {
    // SAFETY: as in `give`; the library passes what it has written.
    let (feed, bytes) =
        unsafe { (&mut *desc.cast::<Feed<'_>>(), std::slice::from_raw_parts(bytes, len as usize)) };
    feed.out.extend_from_slice(bytes);
    c_int::from(feed.out.len() >= feed.refuses_at)
}

fuzz_target!(|data: &[u8]| {
    let [piece, refuses, stream @ ..] = data else { return };
    let zlib = Zlib::linked();
    let refuses_at = if refuses & 1 == 0 { 1 << 22 } else { usize::from(*refuses) * 64 };
    let mut feed =
        Feed { rest: stream, piece: usize::from(*piece) + 1, out: Vec::new(), refuses_at };
    let mut window = vec![0; 1 << 15];
    let mut strm = Box::new(ZStream::new());
    let made = zlib.inflateBackInit_(&mut *strm, 15, window.as_mut_ptr(), VERSION, STREAM_SIZE);
    assert_eq!(made, code::OK);
    let desc: *mut c_void = std::ptr::from_mut(&mut feed).cast();
    let result = zlib.inflateBack(&mut *strm, Some(give), desc, Some(take), desc);
    assert_eq!(zlib.inflateBackEnd(&mut *strm), code::OK);
    if feed.out.len() >= refuses_at {
        return;
    }
    let mut strm = Box::new(ZStream::new());
    assert_eq!(zlib.inflateInit2_(&mut *strm, -15, VERSION, STREAM_SIZE), code::OK);
    let mut out = vec![0; feed.out.len() + 1];
    (strm.next_in, strm.avail_in) = (stream.as_ptr(), stream.len() as u32);
    (strm.next_out, strm.avail_out) = (out.as_mut_ptr(), out.len() as u32);
    let expected = match zlib.inflate(&mut *strm, 0) {
        code::OK => code::BUF_ERROR,
        code => code,
    };
    assert_eq!(result, expected);
    assert!(feed.out == out[..strm.total_out as usize]);
    assert_eq!(zlib.inflateEnd(&mut *strm), code::OK);
});
