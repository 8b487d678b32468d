//! gzip files: what zlib.h calls the gzip file access functions, with the semantics of zlib 1.3.2.
//!
//! [`GzFile`] is what a `gzFile` of C points to. It is open either for reading (`reader`: from the
//! descriptor's bytes to bytes for the caller) or for writing (`writer`: the other way). Whether a
//! failed operation returns 0, -1 or NULL in C is decided at the edge, in [`crate::ffi::zlib::gz`].
//!
//! docs/gz.md lists where the behaviour differs from zlib's on purpose.

mod base;
mod buffer;
mod engine;
mod error;
mod fd;
mod mode;
mod reader;
mod writer;

use core::ffi::{CStr, c_char, c_int};
use core::ptr;

use base::Base;
use buffer::Text;
use fd::Fd;
use mode::{Access, Mode};
use reader::Reader;
use writer::Writer;

pub use error::Status;

use crate::decimal::Decimal;
use crate::io::Room;

/// A gzip file. The layout of its start is C's: zlib.h's `gzgetc` macro takes bytes from there.
#[repr(C)]
pub struct GzFile {
    shown: Shown,
    stream: Stream,
}

/// `struct gzFile_s` of zlib.h.
#[repr(C)]
struct Shown {
    /// Bytes at `next`; the macro counts it down to 0 and then calls the function.
    have: u32,
    next: *mut u8,
    /// Position in the uncompressed data.
    pos: i64,
}

/// Either is in the file's own block of memory, so that their sizes do not matter.
#[allow(clippy::large_enum_variant)]
enum Stream {
    Reader(Reader),
    Writer(Writer),
}

/// Where a seek counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whence {
    /// The start of the uncompressed data.
    Start,
    /// The current position.
    Current,
}

impl GzFile {
    /// Opens the file at `path`, any bytes (zlib.h, `gzopen`). `None` for a bad mode, without
    /// memory, or when open(2) fails, which errno tells apart.
    pub fn open(path: &CStr, mode: &[u8]) -> Option<GzFile> {
        let mode = Mode::parse(mode)?;
        let text = Text::concat(&[path.to_bytes()])?;
        let fd = Fd::open(path, mode.open_flags()).ok()?;
        Some(GzFile::new(fd, text, &mode))
    }

    /// Takes over an open descriptor (zlib.h, `gzdopen`). `None` for -1, a bad mode, or without
    /// memory; the descriptor is then the caller's still.
    pub fn from_fd(fd: c_int, mode: &[u8]) -> Option<GzFile> {
        if fd == -1 {
            return None;
        }
        let mode = Mode::parse(mode)?;
        let text = fd_text(fd)?;
        let fd = Fd::borrowed(fd);
        if mode.nonblocking {
            fd.set_nonblocking();
        }
        if mode.close_on_exec {
            fd.set_close_on_exec();
        }
        Some(GzFile::new(fd, text, &mode))
    }

    fn new(fd: Fd, path: Text, mode: &Mode) -> GzFile {
        let base = Base::new(fd, path);
        let stream = match mode.access {
            Access::Read { gzip_only } => Stream::Reader(Reader::new(base, gzip_only)),
            Access::Write { append, transparent } => {
                Stream::Writer(Writer::new(base, mode, append, transparent))
            }
        };
        GzFile { shown: Shown { have: 0, next: ptr::null_mut(), pos: 0 }, stream }
    }

    fn base(&self) -> &Base {
        match &self.stream {
            Stream::Reader(reader) => &reader.base,
            Stream::Writer(writer) => &writer.base,
        }
    }

    fn base_mut(&mut self) -> &mut Base {
        match &mut self.stream {
            Stream::Reader(reader) => &mut reader.base,
            Stream::Writer(writer) => &mut writer.base,
        }
    }

    /// Notes what the macro took since the last call.
    fn catch_up(&mut self) {
        if let Stream::Reader(reader) = &mut self.stream {
            let taken = reader.ready.len().saturating_sub(self.shown.have as usize);
            reader.take(taken);
        }
    }

    /// Shows the macro what is ready.
    fn show(&mut self) {
        self.shown = match &self.stream {
            Stream::Reader(reader) => Shown {
                have: reader.ready.len() as u32,
                next: reader.ready_start(),
                pos: reader.base.pos,
            },
            Stream::Writer(writer) => {
                Shown { have: 0, next: ptr::null_mut(), pos: writer.base.pos }
            }
        };
    }

    /// Runs an operation that is for reading only; `None` when the file is open for writing.
    fn reading<T>(&mut self, run: impl FnOnce(&mut Reader) -> T) -> Option<T> {
        self.catch_up();
        let Stream::Reader(reader) = &mut self.stream else { return None };
        let result = run(reader);
        self.show();
        Some(result)
    }

    /// Runs an operation that is for writing only; `None` when the file is open for reading.
    fn writing<T>(&mut self, run: impl FnOnce(&mut Writer) -> T) -> Option<T> {
        let Stream::Writer(writer) = &mut self.stream else { return None };
        let result = run(writer);
        self.show();
        Some(result)
    }

    /// Whether the file is open for reading.
    pub fn is_reader(&self) -> bool {
        matches!(self.stream, Stream::Reader(_))
    }

    /// The last error (zlib.h, `gzerror`) and its NUL-terminated text, which is valid until the
    /// next operation.
    pub fn error(&self) -> (Status, *const c_char) {
        let error = &self.base().error;
        (error.status(), error.message())
    }

    /// Clears the error and the end-of-file indicator (zlib.h, `gzclearerr`).
    pub fn clear_error(&mut self) {
        if let Stream::Reader(reader) = &mut self.stream {
            reader.eof = false;
            reader.past_end = false;
        }
        self.base_mut().error.clear();
    }

    /// Sets the buffer size in bytes (zlib.h, `gzbuffer`); `false` when it is too large or the
    /// buffers exist already.
    pub fn set_buffer_size(&mut self, size: u32) -> bool {
        let allocated = match &self.stream {
            Stream::Reader(reader) => reader.has_buffers(),
            Stream::Writer(writer) => writer.has_buffers(),
        };
        !allocated && self.base_mut().set_buffer_size(size)
    }

    /// Starts reading again at the offset where the file was opened (zlib.h, `gzrewind`).
    pub fn rewind(&mut self) -> Option<()> {
        self.reading(Reader::rewind)?
    }

    /// Sets the position in the uncompressed data (zlib.h, `gzseek`) and returns it.
    pub fn seek(&mut self, offset: i64, whence: Whence) -> Option<i64> {
        self.catch_up();
        let target = self.seek_to(offset, whence);
        self.show();
        target
    }

    fn seek_to(&mut self, offset: i64, whence: Whence) -> Option<i64> {
        let past_end = self.is_past_end();
        let base = self.base_mut();
        if base.status().is_fatal() {
            return None;
        }
        // From here on relative to the current position.
        let mut offset = match whence {
            Whence::Start => offset.checked_sub(base.pos)?,
            Whence::Current => {
                let skip = core::mem::take(&mut base.skip);
                offset.checked_add(if past_end { 0 } else { skip })?
            }
        };
        let target = base.pos.checked_add(offset)?;
        match &mut self.stream {
            Stream::Reader(reader) => {
                if reader.is_plain() && target >= 0 {
                    return reader.seek_plain(offset);
                }
                if offset < 0 {
                    if target < 0 {
                        return None;
                    }
                    reader.rewind()?;
                    offset = target;
                }
                let ready = usize::try_from(offset).unwrap_or(usize::MAX).min(reader.ready.len());
                reader.take(ready);
                reader.base.skip = offset - ready as i64;
            }
            Stream::Writer(writer) => {
                if offset < 0 {
                    return None;
                }
                writer.base.skip = offset;
            }
        }
        Some(target)
    }

    /// The position in the uncompressed data (zlib.h, `gztell`).
    pub fn tell(&mut self) -> i64 {
        self.catch_up();
        let base = self.base();
        base.pos.saturating_add(if self.is_past_end() { 0 } else { base.skip })
    }

    /// The position in the file itself (zlib.h, `gzoffset`).
    pub fn offset(&self) -> Option<i64> {
        let at = self.base().fd.seek(0, libc::SEEK_CUR)?;
        Some(match &self.stream {
            Stream::Reader(reader) => at - reader.buffered_input() as i64,
            Stream::Writer(_) => at,
        })
    }

    /// Whether a read went past the end of the file (zlib.h, `gzeof`).
    pub fn is_past_end(&self) -> bool {
        matches!(&self.stream, Stream::Reader(reader) if reader.past_end)
    }

    /// Whether bytes are passed on as they are (zlib.h, `gzdirect`).
    pub fn is_direct(&mut self) -> bool {
        match &self.stream {
            Stream::Writer(writer) => writer.transparent,
            Stream::Reader(_) => self.reading(Reader::direct) == Some(true),
        }
    }

    /// Reads to `dest` (zlib.h, `gzread`); the number of bytes, `None` for an error.
    pub fn read(&mut self, dest: Room<'_>) -> Option<usize> {
        self.reading(|reader| reader.read(dest))?
    }

    /// Reads to `dest` (zlib.h, `gzfread`); the number of bytes, 0 also for an error.
    pub fn read_items(&mut self, dest: Room<'_>) -> usize {
        self.reading(|reader| reader.read_items(dest)).unwrap_or(0)
    }

    /// Notes a request to read more than can be counted, `reason` being its text.
    pub fn refuse_read(&mut self, reason: &CStr) {
        self.reading(|reader| reader.refuse_read(reason.to_bytes()));
    }

    /// The next byte (zlib.h, `gzgetc`).
    pub fn get(&mut self) -> Option<u8> {
        self.reading(Reader::get)?
    }

    /// Pushes `byte` back, or only carries out a pending seek (zlib.h, `gzungetc`).
    pub fn unget(&mut self, byte: Option<u8>) -> Option<u8> {
        self.reading(|reader| reader.unget(byte))?
    }

    /// Reads up to and with a newline (zlib.h, `gzgets`); the number of bytes, at least one.
    pub fn get_line(&mut self, line: Room<'_>) -> Option<usize> {
        self.reading(|reader| reader.get_line(line))?
    }

    /// Writes `bytes` (zlib.h, `gzwrite` and `gzfwrite`); the number of bytes taken.
    pub fn write(&mut self, bytes: &[u8]) -> usize {
        self.writing(|writer| writer.write(bytes)).unwrap_or(0)
    }

    /// Notes a request to write more than can be counted, `reason` being its text.
    pub fn refuse_write(&mut self, status: Status, reason: &CStr) {
        self.writing(|writer| writer.refuse_write(status, reason.to_bytes()));
    }

    /// Writes one byte (zlib.h, `gzputc`).
    pub fn put(&mut self, byte: u8) -> Option<u8> {
        self.writing(|writer| writer.put(byte))?
    }

    /// Writes a string (zlib.h, `gzputs`); the number of bytes taken.
    pub fn put_str(&mut self, text: &[u8]) -> Option<c_int> {
        self.writing(|writer| writer.put_str(text))?
    }

    /// Room to format a text in (zlib.h, `gzprintf`), at least 8 bytes and the same place for as
    /// long as nothing else is done with the file.
    pub fn printf_room(&mut self) -> Result<&mut [u8], Status> {
        match &mut self.stream {
            Stream::Writer(writer) => writer.printf_room(),
            Stream::Reader(_) => Err(Status::StreamError),
        }
    }

    /// Takes the first `len` bytes of `printf_room` for writing; the number of bytes taken.
    pub fn printf_commit(&mut self, len: usize) -> Result<usize, Status> {
        self.writing(|writer| writer.printf_commit(len)).unwrap_or(Err(Status::StreamError))
    }

    /// Takes a text that `printf_room` was too small for; the number of bytes taken.
    pub fn printf_long(&mut self, text: &[u8]) -> Result<usize, Status> {
        self.writing(|writer| writer.printf_long(text)).unwrap_or(Err(Status::StreamError))
    }

    /// Writes out what was handed over (zlib.h, `gzflush`).
    pub fn flush(&mut self, flush: c_int) -> Status {
        self.writing(|writer| writer.flush(flush)).unwrap_or(Status::StreamError)
    }

    /// Changes level and strategy (zlib.h, `gzsetparams`).
    pub fn set_params(&mut self, level: c_int, strategy: c_int) -> Status {
        self.writing(|writer| writer.change_params(level, strategy)).unwrap_or(Status::StreamError)
    }

    /// Finishes, frees and closes (zlib.h, `gzclose`); zlib's code.
    pub fn close(self) -> c_int {
        match self.stream {
            Stream::Reader(reader) => reader.close(),
            Stream::Writer(writer) => writer.close(),
        }
    }
}

/// `<fd:N>`, which stands for the path of a file that came as a descriptor.
fn fd_text(fd: c_int) -> Option<Text> {
    Text::concat(&[b"<fd:", Decimal::of(fd.into()).as_bytes(), b">"])
}

#[cfg(test)]
mod tests {
    use core::mem::offset_of;

    use super::*;

    #[test]
    fn the_macro_finds_its_fields() {
        assert_eq!(offset_of!(GzFile, shown), 0);
        assert_eq!(offset_of!(Shown, have), 0);
        assert_eq!(offset_of!(Shown, next), size_of::<usize>());
        assert_eq!(offset_of!(Shown, pos), 2 * size_of::<usize>());
    }

    /// A file without a name that holds `content`, at its start.
    fn memory_file(content: &[u8]) -> c_int {
        use std::io::{Seek as _, Write as _};
        use std::os::fd::IntoRawFd as _;
        let path =
            std::env::temp_dir().join(format!("zcompat-gz-{}-{:p}", std::process::id(), &content));
        let mut options = std::fs::File::options();
        let mut file = options.read(true).write(true).create_new(true).open(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        file.write_all(content).unwrap();
        file.rewind().unwrap();
        file.into_raw_fd()
    }

    #[test]
    fn what_the_macro_took_is_noticed() {
        let mut file = GzFile::from_fd(memory_file(b"012345678"), b"r").unwrap();
        assert_eq!(file.get(), Some(b'0'));
        assert_eq!((file.shown.have, file.shown.pos), (8, 1));
        // As zlib.h's gzgetc, three times.
        // SAFETY: `have` bytes are valid at `next`.
        assert_eq!(unsafe { *file.shown.next }, b'1');
        file.shown.have -= 3;
        file.shown.pos += 3;
        file.shown.next = file.shown.next.wrapping_add(3);
        assert_eq!(file.tell(), 4);
        assert_eq!(file.unget(Some(b'x')), Some(b'x'));
        let mut rest = [0; 10];
        assert_eq!(file.read(Room::new(&mut rest)), Some(6));
        assert_eq!(&rest[..6], b"x45678");
        assert!(file.is_past_end() && file.tell() == 9);
        // More than there was cannot have been taken.
        file.shown.have = 100;
        assert_eq!(file.tell(), 9);
        assert_eq!(file.close(), Status::Ok as c_int);
    }

    #[test]
    fn what_is_written_is_read() {
        let fd = memory_file(b"         ");
        // SAFETY: the descriptor is open; each copy is closed by its file.
        let copy = || unsafe { libc::dup(fd) };
        let mut file = GzFile::from_fd(copy(), b"w").unwrap();
        assert_eq!(file.write(b"some "), 5);
        assert_eq!(file.put_str(b"text"), Some(4));
        assert_eq!(file.flush(4), Status::Ok);
        assert_eq!(file.read(Room::new(&mut [0; 4])), None, "a writer does not read");
        assert_eq!(file.close(), Status::Ok as c_int);
        // SAFETY: lseek takes any arguments.
        unsafe { libc::lseek64(fd, 0, libc::SEEK_SET) };
        let mut file = GzFile::from_fd(fd, b"rG").unwrap();
        let mut text = [0; 9];
        assert_eq!(file.read(Room::new(&mut text)), Some(9));
        assert_eq!(&text, b"some text");
        assert_eq!(file.write(b"x"), 0, "a reader does not write");
        assert_eq!(file.seek(-4, Whence::Current), Some(5));
        assert_eq!(file.get(), Some(b't'));
        assert_eq!(file.close(), Status::Ok as c_int);
    }

    #[test]
    fn a_descriptor_has_a_name() {
        assert_eq!(fd_text(7).unwrap().bytes(), b"<fd:7>");
        assert_eq!(fd_text(c_int::MIN).unwrap().bytes(), b"<fd:-2147483648>");
    }

    #[test]
    fn no_file_without_a_descriptor_or_a_mode() {
        assert!(GzFile::from_fd(-1, b"r").is_none());
        assert!(GzFile::from_fd(0, b"").is_none());
        assert!(GzFile::open(c"/nonexistent/x", b"r").is_none());
    }
}
