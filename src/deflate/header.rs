//! Writes what goes before and behind the compressed data, as far as there is room for it.

use super::state::{Deflate, Status};
use super::strm::Strm;
use crate::checksum::crc32;
use crate::codes::Strategy;
use crate::format::gzip::{self, GzHeader};
use crate::format::{Format, zlib};

/// A gzip header's text whose end is a NUL.
#[derive(Clone, Copy, PartialEq)]
enum Text {
    Name,
    Comment,
}

impl Deflate {
    fn is_fastest(&self) -> bool {
        self.strategy >= Strategy::HuffmanOnly || self.level < 2
    }

    /// The zlib header, and if there is history, its Adler-32 as the dictionary's.
    pub(super) fn zlib_header(&mut self, strm: &mut Strm<'_>) {
        let level = match self.level {
            _ if self.is_fastest() => 0,
            ..=5 => 1,
            6 => 2,
            _ => 3,
        };
        let window_bits = self.window.size().trailing_zeros();
        let dictionary = self.window.pos != 0;
        self.pending.bytes(&zlib::Header { window_bits, level, dictionary }.to_bytes());
        if dictionary {
            self.pending.bytes(&zlib::check_bytes(strm.adler as u32));
        }
        strm.adler = 1;
    }

    /// The gzip header up to the first field that it may have; these are for
    /// [`Deflate::gzip_fields`].
    ///
    /// # Safety
    /// The contract of `set_header` holds.
    pub(super) unsafe fn gzip_header(&mut self, strm: &mut Strm<'_>) {
        strm.adler = 0;
        let xflags = match self.level {
            9 => gzip::BEST,
            _ if self.is_fastest() => gzip::FASTEST,
            _ => 0,
        };
        // SAFETY: the caller keeps the header until it is written.
        let Some(head) = (unsafe { self.head.as_ref() }) else {
            let start = gzip::Start { flags: 0, time: 0, xflags, os: gzip::UNIX };
            self.pending.bytes(&start.to_bytes());
            self.status = Status::Busy;
            return;
        };
        let (time, os) = (head.time as u32, head.os as u8);
        let start = gzip::Start { flags: head.flags(), time, xflags, os };
        self.pending.bytes(&start.to_bytes());
        if !head.extra.is_null() {
            self.pending.bytes(&(head.extra_len as u16).to_le_bytes());
        }
        if head.hcrc != 0 {
            strm.adler = crc32(0, self.pending.waiting()).into();
        }
        self.field_index = 0;
        self.status = Status::Extra;
    }

    /// The gzip header's fields, as far as there is room; whether they are complete.
    ///
    /// # Safety
    /// The contract of `set_header` holds.
    pub(super) unsafe fn gzip_fields(&mut self, strm: &mut Strm<'_>) -> bool {
        // SAFETY: null, or the caller's. One who takes the header back while it is
        // being written gets no more of it.
        let Some(head) = (unsafe { self.head.as_ref() }) else {
            self.status = Status::Busy;
            return true;
        };
        // SAFETY: the caller's fields are as `GzHeader` says.
        unsafe {
            if self.status == Status::Extra {
                if !self.extra(strm, head) {
                    return false;
                }
                self.status = Status::Name;
            }
            if self.status == Status::Name {
                if !self.text(strm, head, Text::Name) {
                    return false;
                }
                self.status = Status::Comment;
            }
            if self.status == Status::Comment {
                if !self.text(strm, head, Text::Comment) {
                    return false;
                }
                self.status = Status::HeaderCrc;
            }
        }
        if head.hcrc != 0 {
            if self.pending.len() + 2 > self.pending.size() && !self.emptied(strm) {
                return false;
            }
            self.pending.bytes(&(strm.adler as u16).to_le_bytes());
            strm.adler = 0;
        }
        self.status = Status::Busy;
        true
    }

    /// Hands over all that waits, if there is room.
    fn emptied(&mut self, strm: &mut Strm<'_>) -> bool {
        self.pending.flush(strm);
        self.pending.len() == 0
    }

    /// Takes what was added to the pending buffer from `from` on into the header's check value.
    fn count_header(&mut self, strm: &mut Strm<'_>, head: &GzHeader, from: usize) {
        if head.hcrc != 0 && self.pending.len() > from {
            strm.adler = crc32(strm.adler as u32, self.pending.written_from(from)).into();
        }
    }

    /// # Safety
    /// The extra field of `head` has its length.
    unsafe fn extra(&mut self, strm: &mut Strm<'_>, head: &GzHeader) -> bool {
        if head.extra.is_null() {
            return true;
        }
        let mut from = self.pending.len();
        loop {
            // A caller who shortens the field in between gets what is left of it.
            let left = (head.extra_len as usize & 0xffff).saturating_sub(self.field_index);
            let room = self.pending.size() - self.pending.len();
            let n = left.min(room);
            // SAFETY: the field has its length, says the caller, and these bytes are within.
            unsafe { self.pending.copy(head.extra.add(self.field_index), n) };
            self.count_header(strm, head, from);
            if left <= room {
                self.field_index = 0;
                return true;
            }
            self.field_index += n;
            if !self.emptied(strm) {
                return false;
            }
            from = 0;
        }
    }

    /// # Safety
    /// The text of `head` ends in a NUL.
    unsafe fn text(&mut self, strm: &mut Strm<'_>, head: &GzHeader, which: Text) -> bool {
        let text = if which == Text::Name { head.name } else { head.comment };
        if text.is_null() {
            return true;
        }
        let mut from = self.pending.len();
        loop {
            if self.pending.len() == self.pending.size() {
                self.count_header(strm, head, from);
                if !self.emptied(strm) {
                    return false;
                }
                from = 0;
            }
            // SAFETY: no byte behind the NUL is asked for.
            let byte = unsafe { *text.add(self.field_index) };
            self.field_index += 1;
            self.pending.byte(byte);
            if byte == 0 {
                break;
            }
        }
        self.count_header(strm, head, from);
        if which == Text::Name {
            self.field_index = 0;
        }
        true
    }

    /// The check value and, for gzip, the length.
    pub(super) fn trailer(&mut self, strm: &Strm<'_>, format: Format) {
        let check = strm.adler as u32;
        if format == Format::Gzip {
            self.pending.bytes(&gzip::trailer(check, strm.total_in as u32));
        } else {
            self.pending.bytes(&zlib::check_bytes(check));
        }
    }
}
