//! Sixteen threads that use the library for the first time at once, each with streams and gz files
//! of its own: for ThreadSanitizer, with the library linked in.

use std::ffi::{CStr, c_char, c_int, c_long, c_uint, c_void};

use differential::api::{STREAM_SIZE, VERSION, Zlib};
use differential::stream::{ZStream, code, flush};

extern crate zcompat as _;

/// pthreads as a C program has them: std's own are not instrumented, and would be reported.
fn main() {
    const COUNT: usize = 16;
    let mut threads: [libc::pthread_t; COUNT] = [0; COUNT];
    for (i, thread) in threads.iter_mut().enumerate() {
        // SAFETY: the argument is a number in a pointer's clothes.
        let code = unsafe {
            libc::pthread_create(thread, std::ptr::null(), start, i as *mut libc::c_void)
        };
        assert_eq!(code, 0);
    }
    for thread in threads {
        // SAFETY: each was created above and is joined once.
        assert_eq!(unsafe { libc::pthread_join(thread, std::ptr::null_mut()) }, 0);
    }
    println!("{COUNT} threads done");
}

extern "C" fn start(number: *mut libc::c_void) -> *mut libc::c_void {
    let thread = number as usize;
    // Either may be what a thread does first.
    if thread % 2 == 0 {
        streams(thread);
        files(thread);
    } else {
        files(thread);
        streams(thread);
    }
    std::ptr::null_mut()
}

fn streams(thread: usize) {
    let zlib = Zlib::linked();
    let data: Vec<u8> = (0..50_000).map(|i| (i * (thread + 3) / 7) as u8).collect();
    let crc = zlib.crc32_z(0, data.as_ptr(), data.len());
    let adler = zlib.adler32_z(1, data.as_ptr(), data.len());
    let mut packed = vec![0; 60_000];
    let mut strm = Box::new(ZStream::new());
    let level = thread as i32 % 10;
    let made = zlib.deflateInit2_(&mut *strm, level, 8, 31, 8, 0, VERSION, STREAM_SIZE);
    assert_eq!(made, code::OK);
    (strm.next_in, strm.avail_in) = (data.as_ptr(), data.len() as u32);
    (strm.next_out, strm.avail_out) = (packed.as_mut_ptr(), packed.len() as u32);
    assert_eq!(zlib.deflate(&mut *strm, flush::FINISH), code::STREAM_END);
    let len = strm.total_out as u32;
    assert_eq!(strm.adler, crc);
    assert_eq!(zlib.deflateEnd(&mut *strm), code::OK);
    let mut out = vec![0; data.len()];
    let mut strm = Box::new(ZStream::new());
    assert_eq!(zlib.inflateInit2_(&mut *strm, 47, VERSION, STREAM_SIZE), code::OK);
    (strm.next_in, strm.avail_in) = (packed.as_ptr(), len);
    (strm.next_out, strm.avail_out) = (out.as_mut_ptr(), out.len() as u32);
    assert_eq!(zlib.inflate(&mut *strm, flush::NONE), code::STREAM_END);
    assert_eq!(zlib.inflateEnd(&mut *strm), code::OK);
    assert_eq!(zlib.adler32_z(1, out.as_ptr(), out.len()), adler);
}

unsafe extern "C" {
    fn gzopen(path: *const c_char, mode: *const c_char) -> *mut c_void;
    fn gzdopen(fd: c_int, mode: *const c_char) -> *mut c_void;
    fn gzwrite(file: *mut c_void, from: *const c_void, len: c_uint) -> c_int;
    fn gzprintf(file: *mut c_void, format: *const c_char, ...) -> c_int;
    fn gzsetparams(file: *mut c_void, level: c_int, strategy: c_int) -> c_int;
    fn gzflush(file: *mut c_void, how: c_int) -> c_int;
    fn gzread(file: *mut c_void, to: *mut c_void, len: c_uint) -> c_int;
    fn gzgetc(file: *mut c_void) -> c_int;
    fn gzseek(file: *mut c_void, offset: c_long, whence: c_int) -> c_long;
    fn gzerror(file: *mut c_void, code: *mut c_int) -> *const c_char;
    fn gzclose(file: *mut c_void) -> c_int;
}

fn files(thread: usize) {
    let data: Vec<u8> = (0..60_000).map(|i| (i * (thread + 5) / 11) as u8).collect();
    // SAFETY: a file in memory of this thread's own; every pointer is to a buffer of the length
    // beside it.
    unsafe {
        let fd = libc::memfd_create(c"threads".as_ptr(), 0);
        assert!(fd >= 0);
        let file = gzdopen(libc::dup(fd), if thread % 3 == 0 { c"wb1" } else { c"wb" }.as_ptr());
        assert!(!file.is_null());
        assert_eq!(gzprintf(file, c"%d".as_ptr(), thread as c_int + 10), 2);
        let len = data.len() as c_uint;
        assert_eq!(gzwrite(file, data.as_ptr().cast(), len), len as c_int);
        assert_eq!(gzsetparams(file, 9, 0), code::OK);
        assert_eq!(gzwrite(file, data.as_ptr().cast(), len), len as c_int);
        assert_eq!(gzflush(file, flush::FINISH), code::OK);
        assert_eq!(gzclose(file), code::OK);
        assert_eq!(libc::lseek(fd, 0, libc::SEEK_SET), 0);
        let file = gzdopen(fd, c"rb".as_ptr());
        assert_eq!(gzgetc(file), ((thread + 10) / 10) as c_int + 48);
        assert_eq!(gzseek(file, 2 + i64::from(len), libc::SEEK_SET), 2 + i64::from(len));
        let mut out = vec![0u8; data.len()];
        assert_eq!(gzread(file, out.as_mut_ptr().cast(), len), len as c_int);
        assert!(out == data);
        assert_eq!(gzgetc(file), -1);
        let mut error = 1;
        assert_eq!(CStr::from_ptr(gzerror(file, &mut error)), c"");
        assert_eq!(gzclose(file), code::OK);
        assert!(gzopen(c"/nonexistent/file".as_ptr(), c"rb".as_ptr()).is_null());
    }
}
