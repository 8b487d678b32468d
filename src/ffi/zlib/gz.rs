//! The gz functions of zlib.h: pointers are checked here, the work is in [`crate::gz`].
//!
//! # Safety
//!
//! The functions take what C passes, under these terms:
//! - a `gzFile` is either NULL or came from [`gzopen`], [`gzopen64`] or [`gzdopen`] and was not
//!   closed since, and no other thread uses it during the call;
//! - a buffer is either NULL or valid for as many bytes as the call says; one to read to need not be
//!   written before, and may be shorter if the file is;
//! - a string is either NULL or NUL-terminated.
//!
//! A NULL where zlib would follow the pointer is an error instead. The variadic functions
//! `gzprintf` and `gzvprintf` are in gzprintf.c, which formats and calls back here.

use core::ffi::{CStr, c_char, c_int, c_uint, c_void};
use core::{ptr, slice};

use libc::{off_t, size_t};

use super::types::{gzFile, voidp, voidpc, z_off_t, z_off64_t, z_size_t};
use crate::alloc::Own;
use crate::gz::{GzFile, Status, Whence};
use crate::io::Room;

/// A string's bytes without its NUL.
///
/// # Safety
/// As for this module: NULL or NUL-terminated.
unsafe fn string<'a>(text: *const c_char) -> Option<&'a CStr> {
    // SAFETY: not NULL here, so NUL-terminated by the caller's word.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) })
}

/// A buffer to read to: `None` for NULL, unless no byte is asked for. Its length may be that of
/// callers who only mean "all there is".
///
/// # Safety
/// As for this module: NULL or valid for writes of `len` bytes, or of all that the file has.
unsafe fn room<'a>(start: *mut c_void, len: usize) -> Option<Room<'a>> {
    if start.is_null() && len != 0 {
        return None;
    }
    // SAFETY: NULL only without a length, and else valid for what is written, by the caller's word.
    Some(unsafe { Room::from_raw(start.cast(), len) })
}

/// A buffer to write from: `None` for NULL, unless it has no byte.
///
/// # Safety
/// As for this module: NULL or valid for reads of `len` bytes.
unsafe fn buffer<'a>(start: *const c_void, len: usize) -> Option<&'a [u8]> {
    match (start.is_null(), len) {
        (_, 0) => Some(&[]),
        (true, _) => None,
        // SAFETY: not NULL, and valid for `len` bytes by the caller's word.
        _ => Some(unsafe { slice::from_raw_parts(start.cast(), len.min(isize::MAX as usize)) }),
    }
}

/// A file for C to hold on to, unless it can't be opened. Its memory is allocated first, so that
/// without it no file is created.
fn place(open: impl FnOnce() -> Option<GzFile>) -> gzFile<'static> {
    let file = Own::make((), |room| open().map(|file| room.write(file)).ok_or(()));
    gzFile::open(file.ok())
}

/// The file at `path`, opened.
///
/// # Safety
/// As for this module: each is NULL or NUL-terminated.
unsafe fn open(path: *const c_char, mode: *const c_char) -> gzFile<'static> {
    // SAFETY: each is NULL or NUL-terminated, by the caller's word.
    let (path, mode) = unsafe { (string(path), string(mode)) };
    let (Some(path), Some(mode)) = (path, mode) else { return gzFile::NULL };
    place(|| GzFile::open(path, mode.to_bytes()))
}

/// zlib.h, `gzopen`.
///
/// # Safety
/// As this module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gzopen(path: *const c_char, mode: *const c_char) -> gzFile<'static> {
    // SAFETY: each is NULL or NUL-terminated, as this module asks.
    unsafe { open(path, mode) }
}

/// zlib.h, `gzopen64`: [`gzopen`], which has 64-bit offsets anyway.
///
/// # Safety
/// As this module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gzopen64(path: *const c_char, mode: *const c_char) -> gzFile<'static> {
    // SAFETY: each is NULL or NUL-terminated, as this module asks.
    unsafe { open(path, mode) }
}

/// zlib.h, `gzdopen`.
///
/// # Safety
/// As this module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gzdopen(fd: c_int, mode: *const c_char) -> gzFile<'static> {
    // SAFETY: NULL or NUL-terminated, as this module asks.
    let Some(mode) = (unsafe { string(mode) }) else { return gzFile::NULL };
    place(|| GzFile::from_fd(fd, mode.to_bytes()))
}

/// zlib.h, `gzbuffer`.
///
/// # Safety
/// As this module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gzbuffer(file: gzFile, size: c_uint) -> c_int {
    let set = file.get().is_some_and(|file| file.set_buffer_size(size));
    if set { 0 } else { -1 }
}

/// zlib.h, `gzsetparams`.
///
/// # Safety
/// As this module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gzsetparams(file: gzFile, level: c_int, strategy: c_int) -> c_int {
    let file = file.get();
    file.map_or(Status::StreamError, |file| file.set_params(level, strategy)) as c_int
}

/// zlib.h, `gzread`.
///
/// # Safety
/// As this module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gzread(file: gzFile, buf: voidp, len: c_uint) -> c_int {
    let Some(file) = file.get() else { return -1 };
    if c_int::try_from(len).is_err() {
        file.refuse_read(c"request does not fit in an int");
        return -1;
    }
    // SAFETY: NULL or valid for what is read, as this module asks.
    let Some(dest) = (unsafe { room(buf, len as usize) }) else {
        file.refuse_read(c"no buffer");
        return -1;
    };
    file.read(dest).map_or(-1, |got| got as c_int)
}

/// zlib.h, `gzfread`.
///
/// # Safety
/// As this module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gzfread(
    buf: voidp,
    size: z_size_t,
    nitems: z_size_t,
    file: gzFile,
) -> z_size_t {
    let Some(file) = file.get() else { return 0 };
    let Some(len) = size.checked_mul(nitems) else {
        file.refuse_read(c"request does not fit in a size_t");
        return 0;
    };
    // SAFETY: NULL or valid for what is read, as this module asks.
    let Some(dest) = (unsafe { room(buf, len) }) else {
        file.refuse_read(c"no buffer");
        return 0;
    };
    file.read_items(dest).checked_div(size).unwrap_or(0)
}

/// zlib.h, `gzwrite`.
///
/// # Safety
/// As this module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gzwrite(file: gzFile, buf: voidpc, len: c_uint) -> c_int {
    let Some(file) = file.get() else { return 0 };
    if c_int::try_from(len).is_err() {
        file.refuse_write(Status::DataError, c"requested length does not fit in int");
        return 0;
    }
    // SAFETY: NULL or readable for its length, as this module asks.
    let Some(bytes) = (unsafe { buffer(buf, len as usize) }) else {
        file.refuse_write(Status::StreamError, c"no buffer");
        return 0;
    };
    file.write(bytes) as c_int
}

/// zlib.h, `gzfwrite`.
///
/// # Safety
/// As this module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gzfwrite(
    buf: voidpc,
    size: z_size_t,
    nitems: z_size_t,
    file: gzFile,
) -> z_size_t {
    let Some(file) = file.get() else { return 0 };
    let Some(len) = size.checked_mul(nitems) else {
        file.refuse_write(Status::StreamError, c"request does not fit in a size_t");
        return 0;
    };
    // SAFETY: NULL or readable for its length, as this module asks.
    let Some(bytes) = (unsafe { buffer(buf, len) }) else {
        file.refuse_write(Status::StreamError, c"no buffer");
        return 0;
    };
    file.write(bytes).checked_div(size).unwrap_or(0)
}

/// zlib.h, `gzputs`.
///
/// # Safety
/// As this module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gzputs(file: gzFile, s: *const c_char) -> c_int {
    let Some(file) = file.get() else { return -1 };
    // SAFETY: NULL or NUL-terminated, as this module asks.
    let Some(text) = (unsafe { string(s) }) else {
        file.refuse_write(Status::StreamError, c"no string");
        return -1;
    };
    file.put_str(text.to_bytes()).unwrap_or(-1)
}

/// zlib.h, `gzgets`.
///
/// # Safety
/// As this module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gzgets(file: gzFile, buf: *mut c_char, len: c_int) -> *mut c_char {
    let Some(file) = file.get() else { return ptr::null_mut() };
    // The last byte is for the NUL.
    let Some(len) = usize::try_from(len).ok().and_then(|len| len.checked_sub(1)) else {
        return ptr::null_mut();
    };
    if buf.is_null() {
        return ptr::null_mut();
    }
    // SAFETY: not NULL, and valid for what is read, as this module asks.
    let line = unsafe { Room::from_raw(buf.cast(), len) };
    match file.get_line(line) {
        Some(got) => {
            // SAFETY: behind the line, of which there are at most `len` bytes, is one byte more.
            unsafe { buf.add(got).write(0) };
            buf
        }
        None => ptr::null_mut(),
    }
}

/// zlib.h, `gzputc`.
///
/// # Safety
/// As this module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gzputc(file: gzFile, c: c_int) -> c_int {
    file.get().and_then(|file| file.put(c as u8)).map_or(-1, c_int::from)
}

/// zlib.h, `gzgetc`, for the macro's slow path and for callers without it.
///
/// # Safety
/// As this module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gzgetc(file: gzFile) -> c_int {
    next(file)
}

/// [`gzgetc`] under the name that zlib 1.2.6 and 1.2.7 compiled into programs.
///
/// # Safety
/// As this module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gzgetc_(file: gzFile) -> c_int {
    next(file)
}

/// The next byte, or -1.
fn next(file: gzFile<'_>) -> c_int {
    file.get().and_then(GzFile::get).map_or(-1, c_int::from)
}

/// zlib.h, `gzungetc`.
///
/// # Safety
/// As this module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gzungetc(c: c_int, file: gzFile) -> c_int {
    let Some(file) = file.get() else { return -1 };
    let byte = (c >= 0).then_some(c as u8);
    file.unget(byte).map_or(-1, |_| c)
}

/// zlib.h, `gzflush`.
///
/// # Safety
/// As this module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gzflush(file: gzFile, flush: c_int) -> c_int {
    file.get().map_or(Status::StreamError, |file| file.flush(flush)) as c_int
}

/// zlib.h, `gzseek64`.
///
/// # Safety
/// As this module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gzseek64(file: gzFile, offset: z_off64_t, whence: c_int) -> z_off64_t {
    seek(file, offset, whence)
}

/// zlib.h, `gzseek`.
///
/// # Safety
/// As this module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gzseek(file: gzFile, offset: z_off_t, whence: c_int) -> z_off_t {
    // Longer only where off_t has 32 bits.
    #[allow(clippy::useless_conversion)]
    let offset = i64::from(offset);
    narrow(seek(file, offset, whence))
}

/// Where the file is after it, or -1.
fn seek(file: gzFile<'_>, offset: i64, whence: c_int) -> i64 {
    let Some(file) = file.get() else { return -1 };
    let whence = match whence {
        libc::SEEK_SET => Whence::Start,
        libc::SEEK_CUR => Whence::Current,
        _ => return -1,
    };
    file.seek(offset, whence).unwrap_or(-1)
}

/// zlib.h, `gzrewind`.
///
/// # Safety
/// As this module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gzrewind(file: gzFile) -> c_int {
    file.get().and_then(GzFile::rewind).map_or(-1, |()| 0)
}

/// zlib.h, `gztell64`.
///
/// # Safety
/// As this module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gztell64(file: gzFile) -> z_off64_t {
    tell(file)
}

/// zlib.h, `gztell`.
///
/// # Safety
/// As this module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gztell(file: gzFile) -> z_off_t {
    narrow(tell(file))
}

/// How far it is in the uncompressed data, or -1.
fn tell(file: gzFile<'_>) -> i64 {
    file.get().map_or(-1, GzFile::tell)
}

/// zlib.h, `gzoffset64`.
///
/// # Safety
/// As this module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gzoffset64(file: gzFile) -> z_off64_t {
    offset(file)
}

/// zlib.h, `gzoffset`.
///
/// # Safety
/// As this module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gzoffset(file: gzFile) -> z_off_t {
    narrow(offset(file))
}

/// How far it is in the compressed data, or -1.
fn offset(file: gzFile<'_>) -> i64 {
    file.get().and_then(|file| file.offset()).unwrap_or(-1)
}

/// An offset as an `off_t`, or -1 where that is too short for it.
fn narrow(offset: i64) -> off_t {
    // Fallible where off_t has 32 bits.
    #[allow(clippy::useless_conversion, clippy::unnecessary_fallible_conversions)]
    off_t::try_from(offset).unwrap_or(-1)
}

/// zlib.h, `gzeof`.
///
/// # Safety
/// As this module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gzeof(file: gzFile) -> c_int {
    file.get().is_some_and(|file| file.is_past_end()).into()
}

/// zlib.h, `gzdirect`.
///
/// # Safety
/// As this module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gzdirect(file: gzFile) -> c_int {
    file.get().is_some_and(GzFile::is_direct).into()
}

/// Closes `file` if it is one that `fits`.
fn close(file: gzFile<'_>, fits: impl FnOnce(&GzFile) -> bool) -> c_int {
    file.take(fits).map_or(Status::StreamError as c_int, |file| file.into_inner().close())
}

/// zlib.h, `gzclose`.
///
/// # Safety
/// As this module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gzclose(file: gzFile) -> c_int {
    close(file, |_| true)
}

/// zlib.h, `gzclose_r`.
///
/// # Safety
/// As this module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gzclose_r(file: gzFile) -> c_int {
    close(file, GzFile::is_reader)
}

/// zlib.h, `gzclose_w`.
///
/// # Safety
/// As this module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gzclose_w(file: gzFile) -> c_int {
    close(file, |file| !file.is_reader())
}

/// zlib.h, `gzerror`.
///
/// # Safety
/// As this module asks; `errnum` is either NULL or valid for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gzerror(file: gzFile, errnum: *mut c_int) -> *const c_char {
    let Some(file) = file.get() else { return ptr::null() };
    let (status, message) = file.error();
    if !errnum.is_null() {
        // SAFETY: not NULL, so valid by the caller's word.
        unsafe { errnum.write(status as c_int) };
    }
    message
}

/// zlib.h, `gzclearerr`.
///
/// # Safety
/// As this module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gzclearerr(file: gzFile) {
    if let Some(file) = file.get() {
        file.clear_error();
    }
}

/// For gzprintf.c: where to format to. Returns `Z_OK`, or the code that `gzprintf` is to return.
///
/// # Safety
/// As this module asks; `room` and `size` are valid for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gz_printf_room(
    file: gzFile,
    room: *mut *mut c_char,
    size: *mut size_t,
) -> c_int {
    let Some(file) = file.get() else { return Status::StreamError as c_int };
    match file.printf_room() {
        Ok(bytes) => {
            // SAFETY: valid by the caller's word.
            unsafe {
                room.write(bytes.as_mut_ptr().cast());
                size.write(bytes.len());
            }
            Status::Ok as c_int
        }
        Err(status) => status as c_int,
    }
}

/// For gzprintf.c: `len` bytes are formatted in the room, less than its size. Returns what
/// `gzprintf` is to return.
///
/// # Safety
/// As this module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gz_printf_commit(file: gzFile, len: size_t) -> c_int {
    let Some(file) = file.get() else { return Status::StreamError as c_int };
    printed(file.printf_commit(len))
}

/// For gzprintf.c: the text was too long for the room and is at `text`. NULL says that there was no
/// memory for it. Returns what `gzprintf` is to return.
///
/// # Safety
/// As this module asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gz_printf_long(file: gzFile, text: *const c_void, len: size_t) -> c_int {
    let Some(file) = file.get() else { return Status::StreamError as c_int };
    // SAFETY: NULL or readable for its length, as this module asks.
    let Some(text) = (unsafe { buffer(text, len) }) else {
        file.refuse_write(Status::MemError, c"");
        return Status::MemError as c_int;
    };
    printed(file.printf_long(text))
}

fn printed(result: Result<usize, Status>) -> c_int {
    result.map_or_else(|status| status as c_int, |len| len as c_int)
}
