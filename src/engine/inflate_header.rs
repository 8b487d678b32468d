//! What comes before the compressed data, byte by byte: zlib's and gzip's headers (RFC 1950 and
//! 1952), and the dictionary's id.

use super::Io;
use crate::checksum::crc32;
use crate::format::GzHeader;

/// Bits of `wrap`, as `inflateInit2`'s window bits ask for them.
pub(super) const WRAP_ZLIB: u8 = 1;
pub(super) const WRAP_GZIP: u8 = 2;
/// The check value is verified.
pub(super) const WRAP_CHECK: u8 = 4;

const DEFLATED: u32 = 8;
const FTEXT_BIT: u32 = 8;
const FHCRC: u32 = 0x0200;
const FEXTRA: u32 = 0x0400;
const FNAME: u32 = 0x0800;
const FCOMMENT: u32 = 0x1000;
const RESERVED: u32 = 0xe000;

/// The next thing that a header has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
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
pub(super) struct HeaderReader {
    pub field: Field,
    /// As wide as zlib's on 64 bits: primed bits may stand before a field's 32.
    hold: u64,
    bits: u32,
    /// How much of the extra field is missing, or of a string is stored.
    length: u32,
    /// -1 before the magic number, 0 for zlib, else gzip's method and flags.
    pub flags: i32,
    crc: u32,
    /// Where the caller wants a gzip header's fields, or null.
    pub head: *mut GzHeader,
}

/// `$reader` has `$bits` bits in its hold, or more input is needed.
macro_rules! need {
    ($reader:expr, $io:expr, $bits:expr) => {
        if !$reader.fill($io, $bits) {
            return Outcome::NeedInput;
        }
    };
}

impl HeaderReader {
    pub fn new() -> HeaderReader {
        HeaderReader {
            field: Field::Magic,
            hold: 0,
            bits: 0,
            length: 0,
            flags: -1,
            crc: 0,
            head: core::ptr::null_mut(),
        }
    }

    /// How many bits wait for the rest of a field.
    pub fn bits(&self) -> u32 {
        self.bits
    }

    /// The bits in hold, which stay there.
    pub fn peek(&self) -> u64 {
        self.hold
    }

    /// The crc32 of a gzip header so far.
    pub fn crc(&self) -> u32 {
        self.crc
    }

    /// Takes input until `bits` bits are there; whether they are.
    pub fn fill(&mut self, io: &mut Io<'_>, bits: u32) -> bool {
        while self.bits < bits {
            let Some(byte) = io.byte() else { return false };
            self.hold |= u64::from(byte) << self.bits;
            self.bits += 8;
        }
        true
    }

    /// Gives the bits in hold and empties it.
    pub fn take(&mut self) -> u64 {
        self.bits = 0;
        core::mem::take(&mut self.hold)
    }

    /// Takes `bits` of the bits in hold.
    pub fn skip_bits(&mut self, bits: u32) {
        self.hold >>= bits;
        self.bits -= bits;
    }

    /// Goes on with the `bits` bits that are left of data that was not a header.
    pub fn leave(&mut self, hold: u64, bits: u32) {
        (self.hold, self.bits) = (hold, bits);
    }

    /// Gives the whole bytes in hold and empties it.
    pub fn take_bytes(&mut self) -> impl Iterator<Item = u8> + use<> {
        let count = self.bits / 8;
        let odd = self.bits % 8;
        (self.take() >> odd).to_le_bytes().into_iter().take(count as usize)
    }

    /// Inserts bits in front of the input (zlib.h, `inflatePrime`); false if there is no room.
    pub fn prime(&mut self, bits: i32, value: i32) -> bool {
        if bits < 0 {
            self.take();
            return true;
        }
        if bits > 16 || self.bits + bits as u32 > 32 {
            return false;
        }
        if bits > 0 {
            self.hold |= u64::from(value as u32 & ((1 << bits) - 1)) << self.bits;
            self.bits += bits as u32;
        }
        true
    }

    /// Reads on. `wrap` says which formats are allowed; `wbits` is the window's size, taken from
    /// the header if zero.
    pub fn read(&mut self, io: &mut Io<'_>, wrap: u8, wbits: &mut u32) -> Outcome {
        // SAFETY: `Inflate::set_header`'s contract: null, or valid while the header is read.
        let mut head = unsafe { self.head.as_mut() };
        loop {
            match self.field {
                Field::Magic => {
                    need!(self, io, 16);
                    if wrap & WRAP_GZIP != 0 && self.hold == 0x8b1f {
                        if *wbits == 0 {
                            *wbits = 15;
                        }
                        self.crc = crc32(0, &[0x1f, 0x8b]);
                        self.take();
                        self.field = Field::Flags;
                        continue;
                    }
                    if let Some(head) = &mut head {
                        head.done = -1;
                    }
                    if let Some(outcome) = self.zlib(wrap, wbits) {
                        return outcome;
                    }
                }
                Field::Flags => {
                    need!(self, io, 16);
                    self.flags = self.hold as i32;
                    if self.hold as u32 & 0xff != DEFLATED {
                        return Outcome::Bad(c"unknown compression method");
                    }
                    if self.hold as u32 & RESERVED != 0 {
                        return Outcome::Bad(c"unknown header flags set");
                    }
                    if let Some(head) = &mut head {
                        head.text = ((self.hold >> FTEXT_BIT) & 1) as i32;
                    }
                    self.take_counted(2, wrap);
                    self.field = Field::Time;
                }
                Field::Time => {
                    need!(self, io, 32);
                    let time = self.take_counted(4, wrap);
                    if let Some(head) = &mut head {
                        head.time = time as core::ffi::c_ulong;
                    }
                    self.field = Field::Os;
                }
                Field::Os => {
                    need!(self, io, 16);
                    let value = self.take_counted(2, wrap);
                    if let Some(head) = &mut head {
                        head.xflags = (value & 0xff) as i32;
                        head.os = (value >> 8) as i32;
                    }
                    self.field = Field::ExtraLen;
                }
                Field::ExtraLen => {
                    self.length = 0;
                    if self.has(FEXTRA) {
                        need!(self, io, 16);
                        self.length = self.take_counted(2, wrap) as u32;
                        if let Some(head) = &mut head {
                            head.extra_len = self.length;
                        }
                    } else if let Some(head) = &mut head {
                        head.extra = core::ptr::null_mut();
                    }
                    self.field = Field::Extra;
                }
                Field::Extra => {
                    if !self.extra(io, wrap, head.as_deref_mut()) {
                        return Outcome::NeedInput;
                    }
                    self.field = Field::Name;
                }
                Field::Name => {
                    if !self.has(FNAME) {
                        if let Some(head) = &mut head {
                            head.name = core::ptr::null_mut();
                        }
                    } else {
                        let to = head.as_ref().map(|h| (h.name, h.name_max));
                        if !self.string(io, wrap, to) {
                            return Outcome::NeedInput;
                        }
                    }
                    self.length = 0;
                    self.field = Field::Comment;
                }
                Field::Comment => {
                    if !self.has(FCOMMENT) {
                        if let Some(head) = &mut head {
                            head.comment = core::ptr::null_mut();
                        }
                    } else {
                        let to = head.as_ref().map(|h| (h.comment, h.comm_max));
                        if !self.string(io, wrap, to) {
                            return Outcome::NeedInput;
                        }
                    }
                    self.field = Field::Crc;
                }
                Field::Crc => {
                    if self.has(FHCRC) {
                        need!(self, io, 16);
                        if wrap & WRAP_CHECK != 0 && self.hold != u64::from(self.crc & 0xffff) {
                            return Outcome::Bad(c"header crc mismatch");
                        }
                        self.take();
                    }
                    if let Some(head) = &mut head {
                        head.hcrc = (self.flags >> 9) & 1;
                        head.done = 1;
                    }
                    return Outcome::Complete;
                }
                Field::DictionaryId => {
                    need!(self, io, 32);
                    return Outcome::Dictionary((self.take() as u32).swap_bytes());
                }
            }
        }
    }

    fn has(&self, flag: u32) -> bool {
        self.flags as u32 & flag != 0
    }

    /// Reads the zlib header in hold; `None` if the dictionary's id comes next.
    fn zlib(&mut self, wrap: u8, wbits: &mut u32) -> Option<Outcome> {
        let (cmf, flg) = (self.hold as u32 & 0xff, self.hold >> 8);
        if wrap & WRAP_ZLIB == 0 || (u64::from(cmf << 8) + flg) % 31 != 0 {
            return Some(Outcome::Bad(c"incorrect header check"));
        }
        if cmf & 0xf != DEFLATED {
            return Some(Outcome::Bad(c"unknown compression method"));
        }
        let len = (cmf >> 4) + 8;
        self.hold >>= 4;
        self.bits -= 4;
        if *wbits == 0 {
            *wbits = len;
        }
        if len > 15 || len > *wbits {
            return Some(Outcome::Bad(c"invalid window size"));
        }
        self.flags = 0;
        let has_dictionary = self.hold & 0x200 != 0;
        self.take();
        if has_dictionary {
            self.field = Field::DictionaryId;
            return None;
        }
        Some(Outcome::Complete)
    }

    /// Takes the hold, which has `bytes` bytes of the header, and counts it into the header's crc.
    fn take_counted(&mut self, bytes: usize, wrap: u8) -> u64 {
        let value = self.take();
        self.count(&value.to_le_bytes()[..bytes], wrap);
        value
    }

    fn count(&mut self, bytes: &[u8], wrap: u8) {
        if self.has(FHCRC) && wrap & WRAP_CHECK != 0 {
            self.crc = crc32(self.crc, bytes);
        }
    }

    /// Reads of the extra field what there is; whether it is complete.
    fn extra(&mut self, io: &mut Io<'_>, wrap: u8, head: Option<&mut GzHeader>) -> bool {
        let copy = self.length.min(io.avail_in);
        let bytes = io.input(copy);
        if let Some(head) = head.filter(|head| !head.extra.is_null() && copy != 0) {
            let at = head.extra_len.wrapping_sub(self.length);
            if at < head.extra_max {
                let fits = (head.extra_max - at).min(copy) as usize;
                // SAFETY: the caller's field has `extra_max` bytes, of which these are within.
                unsafe { head.extra.add(at as usize).copy_from(bytes.as_ptr(), fits) };
            }
        }
        self.count(bytes, wrap);
        io.skip(copy);
        self.length -= copy;
        self.length == 0
    }

    /// Reads of a zero-terminated string what there is, storing what fits; whether it is complete.
    fn string(&mut self, io: &mut Io<'_>, wrap: u8, to: Option<(*mut u8, u32)>) -> bool {
        let input = io.input(io.avail_in);
        let end = input.iter().position(|byte| *byte == 0);
        let bytes = &input[..end.map_or(input.len(), |end| end + 1)];
        if let Some((text, max)) = to.filter(|(text, _)| !text.is_null()) {
            let fits = (max.saturating_sub(self.length) as usize).min(bytes.len());
            // SAFETY: the caller's field has `max` bytes, of which `length` are written.
            unsafe { text.add(self.length as usize).copy_from(bytes.as_ptr(), fits) };
            self.length += fits as u32;
        }
        self.count(bytes, wrap);
        io.skip(bytes.len() as u32);
        end.is_some()
    }
}
