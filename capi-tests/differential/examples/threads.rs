//! Sixteen threads that use the library for the first time at once, each with streams of its own:
//! for ThreadSanitizer, with the library linked in.

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
    work(number as usize);
    std::ptr::null_mut()
}

fn work(thread: usize) {
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
