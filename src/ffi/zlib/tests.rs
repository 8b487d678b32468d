//! The C functions as C calls them, in ways that a Rust caller would not: output that was never
//! written, input and output in the same memory, streams that are not set up whole, nulls.
//!
//! Miri runs these (`cargo xtask test miri`), so the data is small.

use core::ffi::{c_int, c_uint, c_void};
use core::mem::MaybeUninit;
use core::ptr;
use std::ffi::CString;

use super::deflate::*;
use super::gz::*;
use super::inflate::*;
use super::oneshot::*;
use super::types::*;
use crate::gz::GzFile;

const VERSION: *const core::ffi::c_char = c"1.3.2".as_ptr();
const SIZE: c_int = size_of::<z_stream>() as c_int;
const OK: c_int = 0;
const END: c_int = 1;
const STREAM_ERROR: c_int = -2;
const FINISH: c_int = 4;

/// Text with matches near and far.
fn text() -> Vec<u8> {
    let words = ["window ", "match ", "distance ", "literal ", "block "];
    (0..90).flat_map(|i: usize| words[(i * i + i / 40) % 5].bytes()).collect()
}

/// A stream as C programs set one up: what zlib.h does not ask for has no value.
struct Stream(*mut MaybeUninit<z_stream>);

impl Stream {
    fn new() -> Stream {
        let stream = Stream(Box::into_raw(Box::new(MaybeUninit::uninit())));
        let strm = stream.raw();
        // SAFETY: the fields are there.
        unsafe {
            (&raw mut (*strm).zalloc).write(None);
            (&raw mut (*strm).zfree).write(None);
            (&raw mut (*strm).opaque).write(ptr::null_mut());
            (&raw mut (*strm).next_in).write(ptr::null());
            (&raw mut (*strm).avail_in).write(0);
            (&raw mut (*strm).next_out).write(ptr::null_mut());
            (&raw mut (*strm).avail_out).write(0);
            (&raw mut (*strm).total_in).write(0);
            (&raw mut (*strm).total_out).write(0);
            (&raw mut (*strm).adler).write(0);
            (&raw mut (*strm).data_type).write(0);
            (&raw mut (*strm).msg).write(ptr::null());
        }
        stream
    }

    fn raw(&self) -> *mut z_stream {
        self.0.cast()
    }

    fn buffers(&self, input: *const u8, avail_in: usize, output: *mut u8, avail_out: usize) {
        let strm = self.raw();
        // SAFETY: the fields are there.
        unsafe {
            ((*strm).next_in, (*strm).avail_in) = (input, avail_in as c_uint);
            ((*strm).next_out, (*strm).avail_out) = (output, avail_out as c_uint);
        }
    }

    /// Bytes of input and of room that are left.
    fn left(&self) -> (usize, usize) {
        let strm = self.raw();
        // SAFETY: both have a value.
        unsafe { ((*strm).avail_in as usize, (*strm).avail_out as usize) }
    }
}

/// A stream as C passes it.
///
/// # Safety
/// As [`z_streamp`] says.
unsafe fn c<'a>(strm: *mut z_stream) -> z_streamp<'a> {
    // SAFETY: the caller's word is the one that is asked for.
    unsafe { z_streamp::from_c(strm) }
}

/// A file as C passes it.
///
/// # Safety
/// As [`gzFile`] says.
unsafe fn f<'a>(file: *mut GzFile) -> gzFile<'a> {
    // SAFETY: the caller's word is the one that is asked for.
    unsafe { gzFile::from_c(file) }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // SAFETY: `new` has made it of a box.
        drop(unsafe { Box::from_raw(self.0) });
    }
}

/// The first `len` bytes, which are written.
fn written(memory: &[MaybeUninit<u8>], len: usize) -> Vec<u8> {
    // SAFETY: the functions under test say so, and Miri would find out.
    memory[..len].iter().map(|byte| unsafe { byte.assume_init() }).collect()
}

fn compressed(level: c_int, window_bits: c_int, data: &[u8]) -> Vec<u8> {
    let stream = Stream::new();
    let strm = stream.raw();
    let mut out = vec![MaybeUninit::<u8>::uninit(); 2000];
    // SAFETY: the stream and the buffers are there.
    unsafe {
        assert_eq!(deflateInit2_(c(strm), level, 8, window_bits, 8, 0, VERSION, SIZE), OK);
        stream.buffers(data.as_ptr(), data.len(), out.as_mut_ptr().cast(), out.len());
        assert_eq!(deflate(c(strm), FINISH), END);
        assert_eq!(deflateEnd(c(strm)), OK);
    }
    written(&out, 2000 - stream.left().1)
}

#[test]
fn output_needs_no_value_before() {
    let data = text();
    for (level, window_bits) in [(0, 15), (1, -15), (6, 31), (9, 15)] {
        let packed = compressed(level, window_bits, &data);
        let stream = Stream::new();
        let strm = stream.raw();
        let mut out = vec![MaybeUninit::<u8>::uninit(); data.len() + 300];
        // SAFETY: the stream and the buffers are there.
        unsafe {
            assert_eq!(inflateInit2_(c(strm), window_bits, VERSION, SIZE), OK);
            stream.buffers(packed.as_ptr(), packed.len(), out.as_mut_ptr().cast(), out.len());
            assert_eq!(inflate(c(strm), FINISH), END);
            assert_eq!(inflateEnd(c(strm)), OK);
        }
        assert_eq!(stream.left(), (0, 300));
        assert_eq!(written(&out, data.len()), data);
    }
}

#[test]
fn buffers_may_be_the_same_memory() {
    let data = text();
    for level in [1, 6] {
        // The header goes before the input, and all of that is in the window before the rest is written.
        const AHEAD: usize = 2;
        let packed = compressed(level, 15, &data);
        let mut memory = [&[0; AHEAD], &data[..], &[0; 50]].concat();
        let (start, len) = (memory.as_mut_ptr(), memory.len());
        let stream = Stream::new();
        let strm = stream.raw();
        // SAFETY: the stream and the buffers are there.
        unsafe {
            assert_eq!(deflateInit_(c(strm), level, VERSION, SIZE), OK);
            stream.buffers(start.add(AHEAD), data.len(), start, len);
            assert_eq!(deflate(c(strm), FINISH), END);
            assert_eq!(deflateEnd(c(strm)), OK);
        }
        assert_eq!(memory[..len - stream.left().1], packed);
    }

    // Stored blocks, which lie a few bytes behind where they go.
    let packed = compressed(0, 15, &data);
    let mut memory = packed.clone();
    let start = memory.as_mut_ptr();
    let stream = Stream::new();
    let strm = stream.raw();
    // SAFETY: the stream and the buffers are there.
    unsafe {
        assert_eq!(inflateInit_(c(strm), VERSION, SIZE), OK);
        stream.buffers(start, packed.len(), start, data.len());
        assert_eq!(inflate(c(strm), FINISH), END);
        assert_eq!(inflateEnd(c(strm)), OK);
    }
    assert_eq!(memory[..data.len()], data);
}

#[test]
fn a_null_buffer_is_refused_and_nothing_changes() {
    let (stream, back) = (Stream::new(), Stream::new());
    let (strm, other) = (stream.raw(), back.raw());
    let mut out = [0; 8];
    // SAFETY: the streams are there, and buffers are null or there.
    unsafe {
        assert_eq!(deflateInit_(c(strm), 6, VERSION, SIZE), OK);
        assert_eq!(inflateInit_(c(other), VERSION, SIZE), OK);
        for (stream, call) in [
            (&stream, deflate as for<'a> unsafe extern "C" fn(z_streamp<'a>, c_int) -> c_int),
            (&back, inflate),
        ] {
            stream.buffers(ptr::null(), 5, out.as_mut_ptr(), 8);
            assert_eq!(call(c(stream.raw()), 0), STREAM_ERROR);
            assert_eq!(stream.left(), (5, 8));
            stream.buffers(out.as_ptr(), 8, ptr::null_mut(), 7);
            assert_eq!(call(c(stream.raw()), 0), STREAM_ERROR);
            assert_eq!(stream.left(), (8, 7));
        }
        assert_eq!(inflateSync(c(other)), -3);
        assert_eq!((deflateReset(c(strm)), inflateReset(c(other))), (OK, OK));
        assert_eq!((deflateEnd(c(strm)), inflateEnd(c(other))), (OK, OK));
        // No longer a stream, and never one.
        assert_eq!((deflate(c(strm), 0), inflate(c(other), 0)), (STREAM_ERROR, STREAM_ERROR));
        assert_eq!((deflateEnd(c(ptr::null_mut())), inflateReset(c(ptr::null_mut()))), (-2, -2));
    }
}

#[test]
fn a_stream_of_another_kind_or_place_is_refused() {
    let (stream, moved) = (Stream::new(), Stream::new());
    let strm = stream.raw();
    // SAFETY: the streams are there.
    unsafe {
        assert_eq!(deflateInit_(c(strm), 6, VERSION, SIZE), OK);
        assert_eq!(inflate(c(strm), 0), STREAM_ERROR);
        moved.raw().copy_from(strm, 1);
        assert_eq!(deflateEnd(c(moved.raw())), STREAM_ERROR);
        assert_eq!(deflateCopy(c(moved.raw()), c(strm)), OK);
        assert_eq!(deflateCopy(c(strm), c(strm)), STREAM_ERROR);
        assert_eq!((deflateEnd(c(moved.raw())), deflateEnd(c(strm))), (OK, OK));
    }
}

#[test]
fn dictionaries_headers_and_copies() {
    let data = text();
    let (stream, copy) = (Stream::new(), Stream::new());
    let strm = stream.raw();
    let mut out = vec![MaybeUninit::<u8>::uninit(); 1000];
    let mut bits = MaybeUninit::<c_int>::uninit();
    // SAFETY: the streams and the buffers are there.
    unsafe {
        assert_eq!(deflateInit_(c(strm), 6, VERSION, SIZE), OK);
        assert_eq!(deflateSetDictionary(c(strm), data.as_ptr(), 100), OK);
        stream.buffers(data.as_ptr(), 300, out.as_mut_ptr().cast(), 1000);
        assert_eq!(deflate(c(strm), 0), OK);
        assert_eq!(deflatePending(c(strm), ptr::null_mut(), bits.as_mut_ptr()), OK);
        assert!((0..8).contains(&bits.assume_init()));
        assert_eq!(deflateCopy(c(copy.raw()), c(strm)), OK);
        let done = 1000 - copy.left().1;
        assert_eq!(deflate(c(copy.raw()), FINISH), END);
        assert_eq!((deflateEnd(c(copy.raw())), deflateEnd(c(strm))), (OK, -3));
        let len = 1000 - copy.left().1;
        assert!(done < len);
        let packed = written(&out, len);

        let back = Stream::new();
        let strm = back.raw();
        let mut plain = vec![MaybeUninit::<u8>::uninit(); 400];
        assert_eq!(inflateInit_(c(strm), VERSION, SIZE), OK);
        back.buffers(packed.as_ptr(), len, plain.as_mut_ptr().cast(), 400);
        assert_eq!(inflate(c(strm), 0), 2);
        assert_eq!(inflateSetDictionary(c(strm), data.as_ptr(), 100), OK);
        let copy = Stream::new();
        assert_eq!(inflateCopy(c(copy.raw()), c(strm)), OK);
        assert_eq!(inflateEnd(c(strm)), OK);
        assert_eq!(inflate(c(copy.raw()), 0), END);
        let mut window = vec![MaybeUninit::<u8>::uninit(); 32768];
        let mut known = MaybeUninit::<c_uint>::uninit();
        let start = window.as_mut_ptr().cast();
        assert_eq!(inflateGetDictionary(c(copy.raw()), start, known.as_mut_ptr()), OK);
        // What this call has written is not history yet, as in zlib.
        assert_eq!(written(&window, known.assume_init() as usize), data[..100]);
        assert_eq!(inflateEnd(c(copy.raw())), OK);
        assert_eq!(written(&plain, 300), data[..300]);
    }
}

#[test]
fn between_callbacks() {
    unsafe extern "C" fn give(from: *mut c_void, next: *mut *const u8) -> c_uint {
        // SAFETY: the slice that `inflateBack` was called with.
        unsafe {
            let left = &mut *from.cast::<&[u8]>();
            let (piece, rest) = left.split_at(left.len().min(7));
            (*next, *left) = (piece.as_ptr(), rest);
            piece.len() as c_uint
        }
    }
    unsafe extern "C" fn take(to: *mut c_void, data: *mut u8, len: c_uint) -> c_int {
        // SAFETY: the vector that `inflateBack` was called with, and so many written bytes.
        unsafe {
            let piece = core::slice::from_raw_parts(data, len as usize);
            (*to.cast::<Vec<u8>>()).extend_from_slice(piece);
        }
        0
    }
    let data = text();
    let packed = compressed(6, -15, &data);
    let stream = Stream::new();
    let strm = stream.raw();
    let mut window = [MaybeUninit::<u8>::uninit(); 256];
    let (mut from, mut to) = (&packed[..], Vec::<u8>::new());
    // SAFETY: the stream, the window and the callbacks' arguments are there.
    unsafe {
        let start = window.as_mut_ptr().cast();
        assert_eq!(inflateBackInit_(c(strm), 8, start, VERSION, SIZE), OK);
        let (give_to, take_to) = ((&raw mut from).cast(), (&raw mut to).cast());
        let code = inflateBack(c(strm), Some(give), give_to, Some(take), take_to);
        assert_eq!(inflateBackEnd(c(strm)), OK);
        // Distances may be longer than this window.
        assert!(code == END && to == data || code == -3 && data.starts_with(&to), "{code}");
    }
}

#[test]
fn whole_buffers() {
    let data = text();
    let mut out = vec![MaybeUninit::<u8>::uninit(); 1000];
    let mut plain = vec![MaybeUninit::<u8>::uninit(); data.len()];
    let (mut len, mut got) = (1000, data.len());
    // SAFETY: the buffers are there.
    unsafe {
        let (to, from) = (out.as_mut_ptr().cast(), data.as_ptr());
        assert_eq!(compress2_z(to, &mut len, from, data.len(), 9), OK);
        assert_eq!(uncompress_z(plain.as_mut_ptr().cast(), &mut got, to, len), OK);
        assert_eq!(compress2_z(to, ptr::null_mut(), from, 1, 9), STREAM_ERROR);
        assert_eq!(uncompress_z(ptr::null_mut(), &mut 5, to, len), STREAM_ERROR);
    }
    assert_eq!(written(&plain, got), data);
}

#[test]
fn files_are_read_to_memory_without_a_value() {
    let data = text();
    let path = std::env::temp_dir().join(format!("zcompat-ffi-{}.gz", std::process::id()));
    let name = CString::new(path.to_str().unwrap()).unwrap();
    // SAFETY: the strings and buffers are there, and a file is used until it is closed.
    unsafe {
        let file = gzopen(name.as_ptr(), c"w".as_ptr()).into_c();
        assert_eq!(
            gzwrite(f(file), data.as_ptr().cast(), data.len() as c_uint),
            data.len() as c_int
        );
        assert_eq!((gzputc(f(file), b'\n'.into()), gzputs(f(file), c"end".as_ptr())), (10, 3));
        assert_eq!(gzclose(f(file)), OK);

        let file = gzopen(name.as_ptr(), c"r".as_ptr()).into_c();
        let mut some = [MaybeUninit::<u8>::uninit(); 32];
        assert_eq!(gzread(f(file), some.as_mut_ptr().cast(), 32), 32);
        assert_eq!(written(&some, 32), data[..32]);
        // Longer than the memory: what the file has fits.
        let mut line = vec![MaybeUninit::<u8>::uninit(); data.len() - 32 + 2];
        let start = line.as_mut_ptr().cast();
        assert_eq!(gzgets(f(file), start, c_int::MAX), start);
        assert_eq!(written(&line, data.len() - 32), data[32..]);
        assert_eq!(written(&line, line.len())[data.len() - 32..], *b"\n\0");
        assert_eq!(gzungetc(b'!'.into(), f(file)), b'!'.into());
        let mut rest = [MaybeUninit::<u8>::uninit(); 4];
        assert_eq!(gzfread(rest.as_mut_ptr().cast(), 1, usize::MAX, f(file)), 4);
        assert_eq!(written(&rest, 4), *b"!end");
        assert_eq!(gzread(f(file), ptr::null_mut(), 1), -1);
        assert_eq!(gzclose(f(file)), OK);
    }
    std::fs::remove_file(path).unwrap();
}
