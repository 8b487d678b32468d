//! Reading of any bytes as a gz file, by any of the reading functions.
#![no_main]

use std::ffi::{c_char, c_int, c_long, c_uint, c_void};

use libfuzzer_sys::fuzz_target;

extern crate zcompat as _;

unsafe extern "C" {
    fn gzdopen(fd: c_int, mode: *const c_char) -> *mut c_void;
    fn gzread(file: *mut c_void, to: *mut c_void, len: c_uint) -> c_int;
    fn gzgets(file: *mut c_void, to: *mut c_char, len: c_int) -> *mut c_char;
    fn gzgetc(file: *mut c_void) -> c_int;
    fn gzungetc(byte: c_int, file: *mut c_void) -> c_int;
    fn gzseek(file: *mut c_void, offset: c_long, whence: c_int) -> c_long;
    fn gztell(file: *mut c_void) -> c_long;
    fn gzeof(file: *mut c_void) -> c_int;
    fn gzdirect(file: *mut c_void) -> c_int;
    fn gzbuffer(file: *mut c_void, size: c_uint) -> c_int;
    fn gzclearerr(file: *mut c_void);
    fn gzerror(file: *mut c_void, code: *mut c_int) -> *const c_char;
    fn gzclose(file: *mut c_void) -> c_int;
}

fuzz_target!(|data: &[u8]| {
    let (choices, bytes) = data.split_at(data.len().min(16));
    // SAFETY: a file in memory of our own; every pointer is to a buffer of the length beside it.
    unsafe {
        let fd = libc::memfd_create(c"gz".as_ptr(), 0);
        assert!(fd >= 0);
        assert_eq!(libc::write(fd, bytes.as_ptr().cast(), bytes.len()), bytes.len() as isize);
        libc::lseek(fd, 0, libc::SEEK_SET);
        let mode = if choices.first().is_some_and(|c| c & 1 != 0) { c"rG" } else { c"r" };
        let file = gzdopen(fd, mode.as_ptr());
        assert!(!file.is_null());
        gzbuffer(file, 8 + choices.get(1).map_or(0, |c| c_uint::from(*c) * 16));
        let mut total = 0;
        for choice in choices.iter().skip(2).cycle().take(200) {
            let mut buffer = vec![0u8; 1 + usize::from(choice >> 3) * 40];
            let len = buffer.len();
            match choice & 7 {
                0..=2 => {
                    let got = gzread(file, buffer.as_mut_ptr().cast(), len as c_uint);
                    assert!(got <= len as c_int);
                    total += got.max(0) as usize;
                }
                3 => {
                    if !gzgets(file, buffer.as_mut_ptr().cast(), len as c_int).is_null() {
                        assert!(buffer.contains(&0));
                    }
                }
                4 => {
                    let byte = gzgetc(file);
                    assert!((-1..256).contains(&byte));
                    if choice & 8 != 0 && byte >= 0 {
                        assert_eq!(gzungetc(byte, file), byte);
                    }
                }
                5 => {
                    gzseek(file, c_long::from(*choice), libc::SEEK_CUR);
                }
                6 => {
                    gzdirect(file);
                    gztell(file);
                    gzeof(file);
                }
                _ => {
                    let mut code = 0;
                    assert!(!gzerror(file, &mut code).is_null());
                    if choice & 8 != 0 {
                        gzclearerr(file);
                        gzseek(file, 0, libc::SEEK_SET);
                    }
                }
            }
            if total > 1 << 22 {
                break;
            }
        }
        gzclose(file);
    }
});
