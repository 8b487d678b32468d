//! What goes before and after the compressed data: zlib's two bytes and dictionary id, gzip's
//! header fields (RFC 1952), and the trailers of both.

use core::ffi::{CStr, c_char};

use super::Io;
use crate::checksum::{adler32, crc32};
use crate::format::GzHeader;

/// RFC 1952's code for Unix.
const OS_UNIX: u8 = 3;

/// A short run of bytes that waits for room.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pending {
    bytes: [u8; 16],
    start: u8,
    end: u8,
}

impl Pending {
    fn push(&mut self, bytes: &[u8]) {
        let end = self.end as usize;
        self.bytes[end..end + bytes.len()].copy_from_slice(bytes);
        self.end += bytes.len() as u8;
    }

    fn waiting(&self) -> &[u8] {
        &self.bytes[self.start as usize..self.end as usize]
    }

    pub fn len(&self) -> u32 {
        u32::from(self.end - self.start)
    }

    /// Writes what there is room for; whether that was all.
    pub fn flush(&mut self, io: &mut Io<'_>) -> bool {
        self.start += io.write(self.waiting()) as u8;
        self.start == self.end
    }

    pub fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
    }
}

/// How hard the compressor tries; both headers hint at it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effort {
    pub level: i32,
    pub strategy: i32,
}

/// Z_HUFFMAN_ONLY: from here on the strategies do not search.
const HUFFMAN_ONLY: i32 = 2;

impl Effort {
    fn is_fastest(self) -> bool {
        self.strategy >= HUFFMAN_ONLY || self.level < 2
    }

    /// Whether both need no block's end between them: zlib has three ways to compress, level 0,
    /// 1 to 3, and above.
    pub fn compresses_like(self, other: Effort) -> bool {
        let way = |level| match level {
            ..=0 => 0,
            1..=3 => 1,
            _ => 2,
        };
        self.strategy == other.strategy && way(self.level) == way(other.level)
    }

    /// FLEVEL of RFC 1950.
    fn flevel(self) -> u16 {
        match self.level {
            _ if self.is_fastest() => 0,
            ..=5 => 1,
            6 => 2,
            _ => 3,
        }
    }

    /// XFL of RFC 1952.
    fn xfl(self) -> u8 {
        match self.level {
            9 => 2,
            _ if self.is_fastest() => 4,
            _ => 0,
        }
    }
}

/// The zlib header (RFC 1950): CMF, FLG and, with a preset dictionary, its adler32.
pub(super) fn zlib(window_bits: u32, effort: Effort, dictionary: Option<u32>) -> Pending {
    const DEFLATED: u16 = 8;
    const FDICT: u16 = 0x20;
    let mut header = (DEFLATED | ((window_bits as u16 - 8) << 4)) << 8 | effort.flevel() << 6;
    if dictionary.is_some() {
        header |= FDICT;
    }
    header += 31 - header % 31;
    let mut pending = Pending::default();
    pending.push(&header.to_be_bytes());
    if let Some(id) = dictionary {
        pending.push(&id.to_be_bytes());
    }
    pending
}

/// A gzip header that is being written.
#[derive(Clone, Copy, Debug)]
pub(super) struct GzipWriter {
    field: Field,
    /// How much of the field's text is written.
    offset: usize,
    /// The fixed part, later the header's own crc.
    pending: Pending,
    crc: u32,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Field {
    Fixed,
    Extra,
    Name,
    Comment,
    Crc,
    Done,
}

impl GzipWriter {
    /// # Safety
    /// `head` is null or points to a header whose pointers are as [`GzHeader`] says.
    pub unsafe fn new(effort: Effort, head: *const GzHeader) -> GzipWriter {
        let mut pending = Pending::default();
        pending.push(&[31, 139, 8]);
        // SAFETY: by this function's own contract.
        match unsafe { head.as_ref() } {
            None => pending.push(&[0, 0, 0, 0, 0, effort.xfl(), OS_UNIX]),
            Some(head) => {
                let flags = u8::from(head.text != 0)
                    | u8::from(head.hcrc != 0) << 1
                    | u8::from(!head.extra.is_null()) << 2
                    | u8::from(!head.name.is_null()) << 3
                    | u8::from(!head.comment.is_null()) << 4;
                pending.push(&[flags]);
                pending.push(&(head.time as u32).to_le_bytes());
                pending.push(&[effort.xfl(), head.os as u8]);
                if !head.extra.is_null() {
                    pending.push(&(head.extra_len as u16).to_le_bytes());
                }
            }
        }
        let crc = crc32(0, pending.waiting());
        GzipWriter { field: Field::Fixed, offset: 0, pending, crc }
    }

    pub fn pending(&self) -> u32 {
        self.pending.len()
    }

    /// Writes what there is room for; whether the header is complete.
    ///
    /// # Safety
    /// As for [`GzipWriter::new`], with the same `head`.
    pub unsafe fn flush(&mut self, io: &mut Io<'_>, head: *const GzHeader) -> bool {
        // SAFETY: by this function's own contract.
        let head = unsafe { head.as_ref() };
        loop {
            let done = match (self.field, head) {
                (Field::Done, _) => return true,
                (Field::Fixed | Field::Crc, _) => self.pending.flush(io),
                (Field::Extra, Some(head)) if !head.extra.is_null() => {
                    let len = (head.extra_len & 0xffff) as usize;
                    // SAFETY: the caller's extra field has its length.
                    let text = unsafe { core::slice::from_raw_parts(head.extra, len) };
                    self.text(io, text)
                }
                // SAFETY: the caller's name is null or zero-terminated.
                (Field::Name, Some(head)) => unsafe { self.string(io, head.name) },
                // SAFETY: the caller's comment is null or zero-terminated.
                (Field::Comment, Some(head)) => unsafe { self.string(io, head.comment) },
                (Field::Extra | Field::Name | Field::Comment, _) => true,
            };
            if !done {
                return false;
            }
            self.next(head);
        }
    }

    fn next(&mut self, head: Option<&GzHeader>) {
        self.offset = 0;
        self.field = match self.field {
            Field::Fixed => Field::Extra,
            Field::Extra => Field::Name,
            Field::Name => Field::Comment,
            Field::Comment => {
                if head.is_some_and(|head| head.hcrc != 0) {
                    self.pending.clear();
                    self.pending.push(&(self.crc as u16).to_le_bytes());
                    Field::Crc
                } else {
                    Field::Done
                }
            }
            Field::Crc | Field::Done => Field::Done,
        };
    }

    fn text(&mut self, io: &mut Io<'_>, text: &[u8]) -> bool {
        // A caller that shortens a field between two calls gets what is left of it.
        let rest = text.get(self.offset..).unwrap_or(&[]);
        let written = io.write(rest);
        self.crc = crc32(self.crc, &rest[..written]);
        self.offset += written;
        written == rest.len()
    }

    /// # Safety
    /// `text` is null or zero-terminated.
    unsafe fn string(&mut self, io: &mut Io<'_>, text: *const u8) -> bool {
        if text.is_null() {
            return true;
        }
        // SAFETY: by this function's own contract.
        let text = unsafe { CStr::from_ptr(text.cast::<c_char>()) };
        self.text(io, text.to_bytes_with_nul())
    }
}

/// How many bytes a gzip header's fields take beyond the fixed ten.
///
/// # Safety
/// As for [`GzipWriter::new`].
pub(super) unsafe fn gzip_fields_len(head: *const GzHeader) -> usize {
    // SAFETY: by this function's own contract.
    let Some(head) = (unsafe { head.as_ref() }) else { return 0 };
    let string = |text: *const u8| {
        if text.is_null() {
            return 0;
        }
        // SAFETY: names and comments are zero-terminated.
        unsafe { CStr::from_ptr(text.cast::<c_char>()) }.to_bytes_with_nul().len()
    };
    let extra = if head.extra.is_null() { 0 } else { 2 + head.extra_len as usize };
    let crc = if head.hcrc != 0 { 2 } else { 0 };
    extra + string(head.name) + string(head.comment) + crc
}

/// zlib's trailer: the adler32 of the data.
pub(super) fn zlib_trailer(check: u32) -> Pending {
    let mut pending = Pending::default();
    pending.push(&check.to_be_bytes());
    pending
}

/// gzip's trailer: the crc32 of the data and its length modulo 2³².
pub(super) fn gzip_trailer(check: u32, total_in: u32) -> Pending {
    let mut pending = Pending::default();
    pending.push(&check.to_le_bytes());
    pending.push(&total_in.to_le_bytes());
    pending
}

/// The check value of no data.
pub(super) fn initial_check(gzip: bool) -> u32 {
    if gzip { 0 } else { 1 }
}

/// Continues a check value over `data`.
pub(super) fn update_check(gzip: bool, check: u32, data: &[u8]) -> u32 {
    if gzip { crc32(check, data) } else { adler32(check, data) }
}
