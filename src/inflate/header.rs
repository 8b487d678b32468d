//! Reads what comes before the compressed data, which may arrive in any pieces: zlib's and gzip's
//! headers, and the dictionary's id.

use super::bits::Bits;
use crate::checksum::crc32;
use crate::format::gzip::{self, GzHeader};
use crate::format::zlib;
use crate::io::Io;

/// Bits of `wrap`, as `inflateInit2`'s window bits ask for them.
pub(super) const WRAP_ZLIB: u8 = 1;
pub(super) const WRAP_GZIP: u8 = 2;
/// The check value is verified.
pub(super) const WRAP_CHECK: u8 = 4;

/// The next thing that a header has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Magic,
    Flags,
    Time,
    Os,
    ExtraLen,
    Extra,
    Name,
    Comment,
    Crc,
    DictionaryId,
}

/// How reading the header ended for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// More input is needed.
    NeedInput,
    /// It is complete, and what it says is in the reader.
    Complete,
    /// The data needs the dictionary whose adler32 this is.
    Dictionary(u32),
    /// It is corrupt, for this reason.
    Bad(&'static core::ffi::CStr),
}

/// A header that is being read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    field: Field,
    /// How much of the extra field is missing, or of a string is stored.
    length: u32,
    /// -1 before the magic number, 0 for zlib, else gzip's method and flags.
    pub flags: i32,
    /// Where the caller wants a gzip header's fields, or null.
    pub head: *mut GzHeader,
}

/// What reading a header needs besides: all of it is shared with what follows.
pub(super) struct Context<'a> {
    pub bits: &'a mut Bits,
    /// The crc32 of a gzip header so far.
    pub check: &'a mut u32,
    /// The formats that are allowed.
    pub wrap: u8,
    /// The window's size, taken from the header if zero.
    pub window_bits: &'a mut u32,
}

/// `$bits` has `$count` bits, or more input is needed.
macro_rules! need {
    ($bits:expr, $io:expr, $count:expr) => {
        if !$bits.fill($io, $count) {
            return Outcome::NeedInput;
        }
    };
}

impl Header {
    pub fn new() -> Header {
        Header { field: Field::Magic, length: 0, flags: -1, head: core::ptr::null_mut() }
    }

    /// Whether nothing but the dictionary's id is missing.
    pub fn wants_dictionary_id(&self) -> bool {
        self.field == Field::DictionaryId
    }

    /// Reads on.
    pub fn read(&mut self, io: &mut Io<'_>, context: &mut Context<'_>) -> Outcome {
        // SAFETY: `Inflate::set_header`'s contract: null, or valid while the header is read.
        let mut head = unsafe { self.head.as_mut() };
        loop {
            match self.field {
                Field::Magic => {
                    need!(context.bits, io, 16);
                    if context.wrap & WRAP_GZIP != 0
                        && context.bits.hold == u64::from(u16::from_le_bytes(gzip::MAGIC))
                    {
                        if *context.window_bits == 0 {
                            *context.window_bits = 15;
                        }
                        *context.check = crc32(0, &gzip::MAGIC);
                        context.bits.take();
                        self.field = Field::Flags;
                        continue;
                    }
                    if let Some(head) = &mut head {
                        head.done = -1;
                    }
                    if let Some(outcome) = self.zlib(context) {
                        return outcome;
                    }
                }
                Field::Flags => {
                    need!(context.bits, io, 16);
                    self.flags = context.bits.hold as i32;
                    let flags = match gzip::flags((context.bits.hold as u16).to_le_bytes()) {
                        Ok(flags) => flags,
                        Err(text) => return Outcome::Bad(text),
                    };
                    if let Some(head) = &mut head {
                        head.text = i32::from(flags & gzip::TEXT != 0);
                    }
                    self.take_counted(2, context);
                    self.field = Field::Time;
                }
                Field::Time => {
                    need!(context.bits, io, 32);
                    let time = self.take_counted(4, context);
                    if let Some(head) = &mut head {
                        head.time = time as core::ffi::c_ulong;
                    }
                    self.field = Field::Os;
                }
                Field::Os => {
                    need!(context.bits, io, 16);
                    let value = self.take_counted(2, context);
                    if let Some(head) = &mut head {
                        head.xflags = (value & 0xff) as i32;
                        head.os = (value >> 8) as i32;
                    }
                    self.field = Field::ExtraLen;
                }
                Field::ExtraLen => {
                    self.length = 0;
                    if self.has(gzip::EXTRA) {
                        need!(context.bits, io, 16);
                        self.length = self.take_counted(2, context) as u32;
                        if let Some(head) = &mut head {
                            head.extra_len = self.length;
                        }
                    } else if let Some(head) = &mut head {
                        head.extra = core::ptr::null_mut();
                    }
                    self.field = Field::Extra;
                }
                Field::Extra => {
                    if !self.extra(io, context, head.as_deref_mut()) {
                        return Outcome::NeedInput;
                    }
                    self.field = Field::Name;
                }
                Field::Name => {
                    if !self.has(gzip::NAME) {
                        if let Some(head) = &mut head {
                            head.name = core::ptr::null_mut();
                        }
                    } else {
                        let to = head.as_ref().map(|h| (h.name, h.name_max));
                        if !self.string(io, context, to) {
                            return Outcome::NeedInput;
                        }
                    }
                    self.length = 0;
                    self.field = Field::Comment;
                }
                Field::Comment => {
                    if !self.has(gzip::COMMENT) {
                        if let Some(head) = &mut head {
                            head.comment = core::ptr::null_mut();
                        }
                    } else {
                        let to = head.as_ref().map(|h| (h.comment, h.comm_max));
                        if !self.string(io, context, to) {
                            return Outcome::NeedInput;
                        }
                    }
                    self.field = Field::Crc;
                }
                Field::Crc => {
                    if self.has(gzip::CRC) {
                        need!(context.bits, io, 16);
                        if context.wrap & WRAP_CHECK != 0
                            && context.bits.hold != u64::from(*context.check & 0xffff)
                        {
                            return Outcome::Bad(c"header crc mismatch");
                        }
                        context.bits.take();
                    }
                    if let Some(head) = &mut head {
                        head.hcrc = (self.flags >> 9) & 1;
                        head.done = 1;
                    }
                    return Outcome::Complete;
                }
                Field::DictionaryId => {
                    need!(context.bits, io, 32);
                    return Outcome::Dictionary((context.bits.take() as u32).swap_bytes());
                }
            }
        }
    }

    fn has(&self, flag: u8) -> bool {
        self.flags >> 8 & i32::from(flag) != 0
    }

    /// Reads the zlib header in hold; `None` if the dictionary's id comes next.
    fn zlib(&mut self, context: &mut Context<'_>) -> Option<Outcome> {
        if context.wrap & WRAP_ZLIB == 0 {
            return Some(Outcome::Bad(c"incorrect header check"));
        }
        let header = match zlib::Header::parse(context.bits.hold) {
            Ok(header) => header,
            Err(text) => return Some(Outcome::Bad(text)),
        };
        // zlib has done with CMF's lower half here, which shows in `data_type`.
        context.bits.skip(4);

        if *context.window_bits == 0 {
            *context.window_bits = header.window_bits;
        }
        if header.window_bits > 15 || header.window_bits > *context.window_bits {
            return Some(Outcome::Bad(c"invalid window size"));
        }
        self.flags = 0;
        context.bits.take();
        if header.dictionary {
            self.field = Field::DictionaryId;
            return None;
        }
        Some(Outcome::Complete)
    }

    /// Takes the bits in hold, which has `bytes` bytes of the header, and counts it into the header's crc.
    fn take_counted(&self, bytes: usize, context: &mut Context<'_>) -> u64 {
        let value = context.bits.take();
        self.count(&value.to_le_bytes()[..bytes], context);
        value
    }

    fn count(&self, bytes: &[u8], context: &mut Context<'_>) {
        if self.has(gzip::CRC) && context.wrap & WRAP_CHECK != 0 {
            *context.check = crc32(*context.check, bytes);
        }
    }

    /// Reads of the extra field what there is; whether it is complete.
    fn extra(
        &mut self,
        io: &mut Io<'_>,
        context: &mut Context<'_>,
        head: Option<&mut GzHeader>,
    ) -> bool {
        let copy = self.length.min(io.avail_in);
        if let Some(head) = head.filter(|head| !head.extra.is_null() && copy != 0) {
            let at = head.extra_len.wrapping_sub(self.length);
            if at < head.extra_max {
                let fits = (head.extra_max - at).min(copy) as usize;
                // SAFETY: the caller's field has `extra_max` bytes, of which these are within, and
                // there are as many of input. The one may lie in the other.
                unsafe { head.extra.add(at as usize).copy_from(io.next_in(), fits) };
            }
        }
        self.count(io.input(copy), context);
        io.skip(copy);
        self.length -= copy;
        self.length == 0
    }

    /// Reads of a zero-terminated string what there is, storing what fits; whether it is complete.
    fn string(
        &mut self,
        io: &mut Io<'_>,
        context: &mut Context<'_>,
        to: Option<(*mut u8, u32)>,
    ) -> bool {
        let input = io.input(io.avail_in);
        let end = input.iter().position(|byte| *byte == 0);
        let len = end.map_or(io.avail_in, |end| end as u32 + 1);
        if let Some((text, max)) = to.filter(|(text, _)| !text.is_null()) {
            let fits = max.saturating_sub(self.length).min(len);
            // SAFETY: the caller's field has `max` bytes, of which `length` are written, and there
            // are as many of input. The one may lie in the other.
            unsafe { text.add(self.length as usize).copy_from(io.next_in(), fits as usize) };
            self.length += fits;
        }
        self.count(io.input(len), context);
        io.skip(len);
        end.is_some()
    }
}
