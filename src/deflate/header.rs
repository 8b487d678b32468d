//! What goes before and behind the compressed data (RFC 1950, RFC 1952).

use core::ffi::{CStr, c_char};

use super::strm::Strm;
use super::{Deflate, Status};
use crate::checksum::crc32;
use crate::codes::{DEFLATED, Strategy};
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

    /// The zlib header: CMF, FLG and, if there is history, its adler32 as the dictionary's.
    pub(super) fn zlib_header(&mut self, strm: &mut Strm<'_>) {
        let level = match self.level {
            _ if self.is_fastest() => 0,
            ..=5 => 1,
            6 => 2,
            _ => 3,
        };
        let window_bits = self.window.size().trailing_zeros() as u16;
        let mut header = (u16::from(DEFLATED) | (window_bits - 8) << 4) << 8 | level << 6;
        let dictionary = self.window.pos != 0;
        if dictionary {
            header |= u16::from(zlib::DICTIONARY);
        }
        header += zlib::CHECK - header % zlib::CHECK;
        self.pending.bytes(&header.to_be_bytes());
        if dictionary {
            self.pending.bytes(&(strm.adler as u32).to_be_bytes());
        }
        strm.adler = 1;
    }

    /// The XFL byte.
    fn gzip_flags(&self) -> u8 {
        match self.level {
            9 => 2,
            _ if self.is_fastest() => 4,
            _ => 0,
        }
    }

    /// The fixed part of the gzip header; what follows is for [`Deflate::gzip_fields`].
    ///
    /// # Safety
    /// The contract of `set_header` holds.
    pub(super) unsafe fn gzip_header(&mut self, strm: &mut Strm<'_>) {
        strm.adler = 0;
        let flags = self.gzip_flags();
        self.pending.bytes(&[gzip::MAGIC[0], gzip::MAGIC[1], DEFLATED]);
        // SAFETY: the caller keeps the header until it is written.
        let Some(head) = (unsafe { self.head.as_ref() }) else {
            self.pending.bytes(&[0, 0, 0, 0, 0, flags, gzip::UNIX]);
            self.status = Status::Busy;
            return;
        };
        let fields = u8::from(head.text != 0) * gzip::TEXT
            | u8::from(head.hcrc != 0) * gzip::CRC
            | u8::from(!head.extra.is_null()) * gzip::EXTRA
            | u8::from(!head.name.is_null()) * gzip::NAME
            | u8::from(!head.comment.is_null()) * gzip::COMMENT;
        self.pending.byte(fields);
        self.pending.bytes(&(head.time as u32).to_le_bytes());
        self.pending.bytes(&[flags, head.os as u8]);
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
            self.pending.bytes(&check.to_le_bytes());
            self.pending.bytes(&(strm.total_in as u32).to_le_bytes());
        } else {
            self.pending.bytes(&check.to_be_bytes());
        }
    }
}

/// How many bytes a gzip header's fields take beyond the fixed ten.
///
/// # Safety
/// `head` is null or as [`GzHeader`] says.
pub(super) unsafe fn gzip_fields_len(head: *const GzHeader) -> usize {
    // SAFETY: null, or as `GzHeader` says.
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
