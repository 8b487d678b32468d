//! A file open for reading: from the descriptor to bytes that are ready to be handed out, and the
//! operations that hand them out.

use core::ffi::c_int;

use super::base::Base;
use super::buffer::{Buffer, Window};
use super::engine::{GZIP_WINDOW_BITS, Inflate};
use super::error::{Progress, Status, Stopped};
use super::fd::{End, Errno};
use crate::codes::{Code, Flush};
use crate::format::gzip;
use crate::io::Room;

/// The most that is asked of the engine or the descriptor at once.
const MAX_STEP: usize = u32::MAX as usize;

/// Input from the descriptor, output for the caller (of twice the size, so that there is always
/// room to push a byte back), and what is between them.
struct Buffers {
    input: Buffer,
    output: Buffer,
    inflate: Inflate,
}

/// How input becomes output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// Not known: a header, or the lack of one, is still to be looked at.
    Unknown,
    /// The file is not gzip and handed out as it is.
    Plain,
    /// Within a gzip member.
    Gzip,
}

/// What it means when a gzip header turns out to be none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Member {
    /// Nothing has been looked at yet.
    First,
    /// What follows may not be gzip: then the file ends here, without an error.
    Candidate,
    /// It is a gzip member: then it is corrupt.
    Certain,
}

/// Whether bytes are handed out as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transparency {
    /// Yes, as far as is known: an empty file is transparent, too.
    Yes,
    /// No, there was a gzip header.
    No,
    /// No, and a file without a gzip header is an error (mode `G`).
    Refused,
}

pub(super) struct Reader {
    pub(super) base: Base,
    /// Allocated at the first use.
    buffers: Option<Buffers>,
    /// What of the output buffer is still to be handed out.
    pub(super) ready: Window,
    /// What of the input buffer is still to be taken.
    unread: Window,
    source: Source,
    member: Member,
    /// The inflate stream was reset and has not taken a byte since.
    untouched: bool,
    transparency: Transparency,
    /// The descriptor's position when the file was opened.
    origin: i64,
    /// The descriptor has no more bytes.
    pub(super) eof: bool,
    /// A read asked for more than there was.
    pub(super) past_end: bool,
}

impl Reader {
    pub(super) fn new(base: Base, gzip_only: bool) -> Reader {
        let origin = base.fd.seek(0, libc::SEEK_CUR).unwrap_or(0);
        Reader {
            base,
            buffers: None,
            ready: Window::default(),
            unread: Window::default(),
            source: Source::Unknown,
            member: Member::First,
            untouched: true,
            transparency: if gzip_only { Transparency::Refused } else { Transparency::Yes },
            origin,
            eof: false,
            past_end: false,
        }
    }

    /// Notes an error. After a fatal one nothing more is handed out, unless it only says that a
    /// non-blocking descriptor has to be asked again.
    pub(super) fn fail(&mut self, status: Status, reason: &[u8]) -> Stopped {
        self.base.fail(status, reason);
        self.stop_after(status)
    }

    /// Notes a failed read.
    pub(super) fn fail_errno(&mut self, errno: Errno) -> Stopped {
        self.base.fail_errno(errno);
        self.stop_after(Status::Errno)
    }

    fn fail_memory(&mut self) -> Stopped {
        self.base.fail_memory();
        self.stop_after(Status::MemError)
    }

    fn stop_after(&mut self, status: Status) -> Stopped {
        if status.is_fatal() && !self.base.stalled() {
            self.ready.clear();
        }
        Stopped
    }

    pub(super) fn has_buffers(&self) -> bool {
        self.buffers.is_some()
    }

    /// Whether nothing of the file is left to be turned into output.
    pub(super) fn is_exhausted(&self) -> bool {
        self.eof && self.unread.is_empty()
    }

    /// Whether the next bytes can be given without knowing what the file is.
    pub(super) fn is_undecided(&self) -> bool {
        self.source == Source::Unknown
    }

    /// Whether bytes come from the descriptor as they are.
    pub(super) fn is_plain(&self) -> bool {
        self.source == Source::Plain
    }

    /// Input that was read from the descriptor but not used, in bytes.
    pub(super) fn buffered_input(&self) -> usize {
        self.unread.len()
    }

    /// The output buffer's size; 0 before it is allocated.
    pub(super) fn capacity(&self) -> usize {
        self.buffers.as_ref().map_or(0, |buffers| buffers.output.len())
    }

    /// Bytes that can be handed out at once.
    pub(super) fn ready_bytes(&self) -> &[u8] {
        self.buffers.as_ref().map_or(&[], |buffers| &buffers.output[self.ready.range()])
    }

    /// Where `ready_bytes` start, for a caller that reads them later.
    pub(super) fn ready_start(&self) -> *mut u8 {
        self.buffers.as_ref().map_or(core::ptr::null_mut(), |buffers| {
            buffers.output.start().wrapping_add(self.ready.start)
        })
    }

    /// Takes `n` of the ready bytes as handed out.
    pub(super) fn take(&mut self, n: usize) {
        self.ready.advance(n);
        self.base.pos += n as i64;
    }

    /// Whether the file is handed out as it is (zlib.h, `gzdirect`); looks at its first bytes when
    /// that is not known.
    pub(super) fn direct(&mut self) -> bool {
        if self.source == Source::Unknown && self.ready.is_empty() {
            // An error is left in the file's state for the next read.
            let _ = self.look();
        }
        self.transparency == Transparency::Yes
    }

    /// Starts again at the offset where the file was opened.
    pub(super) fn rewind(&mut self) -> Option<()> {
        if self.base.status().is_fatal() {
            return None;
        }
        self.base.fd.seek(self.origin, libc::SEEK_SET)?;
        self.ready.clear();
        self.unread.clear();
        self.eof = false;
        self.past_end = false;
        self.source = Source::Unknown;
        self.member = Member::First;
        self.base.fd.stalled = false;
        self.base.skip = 0;
        self.base.pos = 0;
        self.base.error.clear();
        Some(())
    }

    /// Moves the descriptor of a plain file by `offset` bytes from the current position, dropping
    /// what is buffered; returns the new position.
    pub(super) fn seek_plain(&mut self, offset: i64) -> Option<i64> {
        let target = self.base.pos.checked_add(offset)?;
        let from_descriptor = offset.checked_sub(self.ready.len() as i64)?;
        self.base.fd.seek(from_descriptor, libc::SEEK_CUR)?;
        self.ready.clear();
        self.unread.clear();
        self.eof = false;
        self.past_end = false;
        self.base.skip = 0;
        self.base.error.clear();
        self.base.pos = target;
        Some(target)
    }

    /// Reads over what a seek put off, or to the end of the file.
    ///
    /// Afterwards nothing is ready that should have been read over, even when this fails: the
    /// gzgetc macro takes what is ready without asking.
    pub(super) fn skip(&mut self) -> Progress {
        let mut result = Ok(());
        while self.base.skip > 0 {
            if !self.ready.is_empty() {
                let n = usize::try_from(self.base.skip).unwrap_or(usize::MAX).min(self.ready.len());
                self.take(n);
                self.base.skip -= n as i64;
            } else if result.is_err() || self.is_exhausted() {
                return result;
            } else {
                // May bring some bytes and an error.
                result = self.fetch();
            }
        }
        result
    }

    /// Notes how a read from the descriptor ended.
    fn after_load(&mut self, got: usize, end: End) -> Progress {
        match end {
            End::Full => Ok(()),
            End::Eof => {
                self.eof = true;
                Ok(())
            }
            // What came before the stall is used first.
            End::Failed(_) if self.base.stalled() && got > 0 => Ok(()),
            End::Failed(errno) => Err(self.fail_errno(errno)),
        }
    }

    /// Reads from the descriptor to `dest`; returns the number of bytes, also after an error.
    fn load(&mut self, dest: Room<'_>) -> (usize, Progress) {
        let (got, end) = self.base.fd.fill(dest);
        (got, self.after_load(got, end))
    }

    /// Fills the input buffer as far as the file goes.
    fn refill(&mut self) -> Progress {
        if self.base.status().is_fatal() {
            return Err(Stopped);
        }
        let Some(buffers) = &mut self.buffers else { return Err(Stopped) };
        if self.eof {
            return Ok(());
        }
        buffers.input.copy_within(self.unread.range(), 0);
        let kept = self.unread.len();
        let (got, end) = self.base.fd.fill(Room::new(&mut buffers.input[kept..]));
        // Also when reading failed after some bytes: a caller that clears the error loses nothing.
        self.unread = Window { start: 0, end: kept + got };
        self.after_load(got, end)
    }

    /// Allocates the buffers and the inflate state if there are none yet.
    fn allocate(&mut self) -> Progress {
        if self.buffers.is_some() {
            return Ok(());
        }
        let size = self.base.buffer_size as usize;
        let buffers = (|| {
            Some(Buffers {
                input: Buffer::zeroed(size)?,
                output: Buffer::zeroed(size * 2)?,
                inflate: Inflate::new(GZIP_WINDOW_BITS).ok()?,
            })
        })();
        self.buffers = buffers;
        if self.buffers.is_some() { Ok(()) } else { Err(self.fail_memory()) }
    }

    /// Finds out how the next input is to be read. `source` stays [`Source::Unknown`] when there is
    /// none, or too little of it so far from a non-blocking descriptor.
    pub(super) fn look(&mut self) -> Progress {
        self.allocate()?;
        let refused = self.transparency == Transparency::Refused;
        if refused || self.member == Member::Certain {
            // The first member in mode G, or one that follows another.
            let first = self.member == Member::First;
            self.start_member(if first { Member::Certain } else { Member::Candidate });
            return Ok(());
        }
        self.refill()?;
        let Some(buffers) = &mut self.buffers else { return Err(Stopped) };
        let head = &buffers.input[self.unread.range()];
        if head.is_empty() || (self.base.stalled() && head.len() < 4) {
            return Ok(());
        }
        // The fixed bytes of a gzip header (RFC 1952, 2.3.1) and no reserved flag.
        if let [a, b, method, flags, ..] = head
            && [*a, *b] == gzip::MAGIC
            && gzip::flags([*method, *flags]).is_ok()
        {
            self.start_member(Member::Candidate);
            return Ok(());
        }
        // The output buffer is larger than what can be in the input buffer.
        buffers.output[..head.len()].copy_from_slice(head);
        self.ready = Window { start: 0, end: head.len() };
        self.unread.clear();
        self.source = Source::Plain;
        Ok(())
    }

    fn start_member(&mut self, member: Member) {
        if let Some(buffers) = &mut self.buffers {
            buffers.inflate.reset();
        }
        self.untouched = true;
        self.source = Source::Gzip;
        self.member = member;
        self.transparency = Transparency::No;
    }

    /// Gets more output into the output buffer, which must have been handed out. Without an error,
    /// none comes only when there is no more for now.
    pub(super) fn fetch(&mut self) -> Progress {
        loop {
            match self.source {
                Source::Unknown => {
                    self.look()?;
                    if self.source == Source::Unknown {
                        return Ok(());
                    }
                }
                Source::Plain => {
                    let Some(buffers) = &mut self.buffers else { return Err(Stopped) };
                    let (got, end) = self.base.fd.fill(Room::new(&mut buffers.output));
                    let result = self.after_load(got, end);
                    // What was read before an error is handed out before the error.
                    self.ready = Window { start: 0, end: got };
                    return result;
                }
                Source::Gzip => {
                    let (got, result) = self.decompress(None);
                    self.ready = Window { start: 0, end: got };
                    result?;
                }
            }
            if !self.ready.is_empty() || self.is_exhausted() {
                return Ok(());
            }
        }
    }

    /// Decompresses to `dest`, or to the output buffer when there is none, until it is full or the
    /// member ends; returns the number of bytes, also after an error.
    fn decompress(&mut self, mut dest: Option<Room<'_>>) -> (usize, Progress) {
        let mut produced = 0;
        loop {
            if self.unread.is_empty()
                && let Err(stopped) = self.refill()
            {
                return (produced, Err(stopped));
            }
            if self.unread.is_empty() {
                if !self.base.stalled() {
                    self.end_of_input();
                }
                return (produced, Ok(()));
            }
            let Some(buffers) = &mut self.buffers else { return (produced, Err(Stopped)) };
            let input = &buffers.input[self.unread.range()];
            let room = match &mut dest {
                Some(dest) => dest.first(usize::MAX),
                None => Room::new(&mut buffers.output[produced..]),
            };
            let len = room.len();
            let step = buffers.inflate.inflate(input, room, Flush::None);
            if let Some(dest) = &mut dest {
                dest.advance(step.produced);
            }
            self.unread.advance(step.consumed);
            self.untouched &= step.consumed == 0;
            produced += step.produced;
            if produced > 0 {
                self.member = Member::Certain;
            }
            match step.code {
                Code::StreamEnd => {
                    self.member = Member::Certain;
                    self.source = Source::Unknown;
                    return (produced, Ok(()));
                }
                Code::DataError => return (produced, self.corrupt()),
                Code::MemError => return (produced, Err(self.fail_memory())),
                Code::Ok | Code::BufError if step.consumed + step.produced > 0 => {}
                // No progress in spite of input and room, or an answer that gzip data cannot cause.
                _ => {
                    let reason = b"internal error: inflate stream corrupt";
                    return (produced, Err(self.fail(Status::StreamError, reason)));
                }
            }
            if step.produced == len {
                return (produced, Ok(()));
            }
        }
    }

    /// The input ended where a member was to go on, or the next one to begin.
    fn end_of_input(&mut self) {
        if self.member == Member::Candidate && self.untouched {
            // The last member was complete. Should the file grow, another one is looked for.
            self.member = Member::Certain;
            self.source = Source::Unknown;
        } else {
            self.fail(Status::BufError, b"unexpected end of file");
        }
    }

    /// The inflate stream found bytes that it cannot take.
    fn corrupt(&mut self) -> Progress {
        if self.member == Member::Candidate {
            // Trailing garbage: what is left of the file is passed over.
            self.unread.clear();
            self.eof = true;
            self.source = Source::Unknown;
            return Ok(());
        }
        let msg = self.buffers.as_ref().and_then(|buffers| buffers.inflate.msg());
        let reason = msg.map_or(&b"compressed data error"[..], |msg| msg.to_bytes());
        Err(self.fail(Status::DataError, reason))
    }

    /// Puts `byte` before the ready bytes.
    pub(super) fn push_back(&mut self, byte: u8) -> Progress {
        let Some(buffers) = &mut self.buffers else { return Err(Stopped) };
        let output = &mut buffers.output;
        if self.ready.is_empty() {
            // At the end, so that there is room for more.
            self.ready = Window { start: output.len(), end: output.len() };
        } else if self.ready.len() == output.len() {
            return Err(self.fail(Status::DataError, b"out of room to push characters"));
        } else if self.ready.start == 0 {
            let start = output.len() - self.ready.len();
            output.copy_within(self.ready.range(), start);
            self.ready = Window { start, end: output.len() };
        }
        self.ready.start -= 1;
        output[self.ready.start] = byte;
        self.base.pos -= 1;
        self.past_end = false;
        Ok(())
    }

    /// Frees everything and closes the descriptor (zlib.h, `gzclose_r`).
    pub(super) fn close(self) -> c_int {
        let truncated = self.base.status() == Status::BufError;
        match (self.base.fd.close(), truncated) {
            (false, _) => Status::Errno as c_int,
            (true, true) => Status::BufError as c_int,
            (true, false) => Status::Ok as c_int,
        }
    }
}

/// The operations.
impl Reader {
    /// Clears the last error; `None` when it is one that must be cleared by the caller.
    fn begin(&mut self) -> Option<()> {
        if self.base.status().is_fatal() && !self.base.stalled() {
            return None;
        }
        self.base.error.clear();
        Some(())
    }

    /// Fills `dest` as far as the file goes; returns the number of bytes. An error that comes after
    /// some bytes is kept for the next call.
    fn read_some(&mut self, mut dest: Room<'_>) -> usize {
        let len = dest.len();
        if dest.is_empty() || self.skip().is_err() {
            return 0;
        }
        let mut stop = false;
        while !dest.is_empty() && !stop {
            let room = dest.len().min(MAX_STEP);
            if !self.ready.is_empty() {
                let n = dest.put(self.ready_bytes());
                self.take(n);
                // Left behind by a fetch that brought some bytes first.
                stop = self.base.status() != Status::Ok;
            } else if self.is_exhausted() {
                break;
            } else if self.is_undecided() || room < self.capacity() {
                // Through the buffer, for the sake of the small reads that may follow.
                stop = self.fetch().is_err() && self.ready.is_empty();
            } else {
                let rest = dest.first(room);
                let (n, result) =
                    if self.is_plain() { self.load(rest) } else { self.decompress(Some(rest)) };
                self.base.pos += n as i64;
                dest.advance(n);
                stop = result.is_err();
            }
        }
        if !dest.is_empty() && self.eof {
            self.past_end = true;
        }
        len - dest.len()
    }

    /// zlib.h, `gzread`: the number of bytes read, or `None` for an error.
    pub(super) fn read(&mut self, dest: Room<'_>) -> Option<usize> {
        self.begin()?;
        let got = self.read_some(dest);
        if got == 0 {
            if self.base.status().is_fatal() {
                return None;
            }
            if self.base.stalled() {
                // Compressed bytes came, but not enough of them: this is not the end of the file.
                self.fail_errno(Errno::last());
                return None;
            }
        }
        Some(got)
    }

    /// Notes a request for more bytes than `gzread` can count.
    pub(super) fn refuse_read(&mut self, reason: &[u8]) {
        if self.begin().is_some() {
            self.fail(Status::StreamError, reason);
        }
    }

    /// zlib.h, `gzfread`: the number of bytes read, 0 also for an error.
    pub(super) fn read_items(&mut self, dest: Room<'_>) -> usize {
        match self.begin() {
            Some(()) => self.read_some(dest),
            None => 0,
        }
    }

    /// zlib.h, `gzgetc`: the next byte, or `None` at the end of the file or for an error.
    pub(super) fn get(&mut self) -> Option<u8> {
        self.begin()?;
        if let Some(&byte) = self.ready_bytes().first() {
            self.take(1);
            return Some(byte);
        }
        let mut byte = [0];
        (self.read_some(Room::new(&mut byte)) == 1).then_some(byte[0])
    }

    /// zlib.h, `gzungetc`: pushes `byte` back; without one, only carries out a pending seek. `None`
    /// when nothing was pushed.
    pub(super) fn unget(&mut self, byte: Option<u8>) -> Option<u8> {
        if self.is_undecided() && self.ready.is_empty() {
            // For the buffers; an error shows in `begin`.
            let _ = self.look();
        }
        self.begin()?;
        self.skip().ok()?;
        let byte = byte?;
        self.push_back(byte).ok()?;
        Some(byte)
    }

    /// zlib.h, `gzgets`: reads to `line` up to and with the next newline; returns the number of
    /// bytes, at least one, or `None` at the end of the file or for an error.
    pub(super) fn get_line(&mut self, mut line: Room<'_>) -> Option<usize> {
        let len = line.len();
        self.begin()?;
        self.skip().ok()?;
        while !line.is_empty() {
            if self.ready.is_empty() {
                if self.fetch().is_err() {
                    break;
                }
                if self.ready.is_empty() {
                    if self.eof {
                        self.past_end = true;
                        break;
                    }
                    // Too little for a header so far: ask the descriptor again.
                    continue;
                }
            }
            let ready = self.ready_bytes();
            let ready = &ready[..ready.len().min(line.len())];
            let newline = find_byte(b'\n', ready);
            let n = line.put(&ready[..newline.map_or(ready.len(), |at| at + 1)]);
            self.take(n);
            if newline.is_some() {
                break;
            }
        }
        let got = len - line.len();
        (got > 0).then_some(got)
    }
}

/// The index of the first `byte` in `bytes`.
fn find_byte(byte: u8, bytes: &[u8]) -> Option<usize> {
    let start = bytes.as_ptr();
    // SAFETY: memchr reads at most `bytes.len()` bytes.
    let at = unsafe { libc::memchr(start.cast(), byte.into(), bytes.len()) };
    (!at.is_null()).then(|| at.addr() - start.addr())
}

#[cfg(test)]
mod tests {
    use super::find_byte;

    #[test]
    fn the_first_match_is_found() {
        assert_eq!(find_byte(b'\n', b"ab\nc\n"), Some(2));
        assert_eq!(find_byte(b'\n', b"abc"), None);
        assert_eq!(find_byte(b'\n', b""), None);
    }
}
