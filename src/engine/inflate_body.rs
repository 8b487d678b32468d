//! The raw data within a stream: the engine, and what it does otherwise than zlib put right.

use core::ffi::{CStr, c_long};
use core::mem::MaybeUninit;

use super::raw::RawInflate;
use super::{Allocator, Code, Flush, Io};

/// Bits of `data_type` (zlib.h, `inflate`).
const UNUSED_BITS: i32 = 63;
pub(super) const LAST_BLOCK: i32 = 64;
pub(super) const BLOCK_BEGINS: i32 = 128;
const TABLES_READ: i32 = 256;

/// Bytes of input that do not count as much for the engine, and are more than a code has.
const LITTLE_INPUT: u32 = 8;

/// The largest window, which the engine always has.
const WINDOW: usize = 1 << 15;

/// A raw decompressor whose answers are zlib's.
pub(super) struct Body {
    raw: RawInflate,
    /// 8..=15.
    window_bits: u32,
    data_type: i32,
    /// Whether there is a history: zlib makes its window only when it first needs one.
    has_window: bool,
    /// How much it is at most: at a stream's end the engine may have more than zlib.
    known: usize,
    /// How much at its end is not part of it.
    hidden: u32,
    /// Whether there are whole bytes in the bit buffer that were not input.
    primed: bool,
    /// The last bits that were put there, the latest at the top.
    inserted: u32,
    /// Whether the engine knows no more than its window's size.
    untouched: bool,
    /// An empty stored block's header has been shown, under [`Flush::Trees`], and its end has not.
    within_empty_block: bool,
}

impl Body {
    /// `window_bits` 8..=15.
    pub fn new(window_bits: u32, allocator: Allocator) -> Result<Body, Code> {
        Ok(Body {
            raw: RawInflate::new(window_bits as i32, allocator)?,
            window_bits,
            data_type: 0,
            has_window: false,
            known: usize::MAX,
            hidden: 0,
            primed: false,
            inserted: 0,
            untouched: true,
            within_empty_block: false,
        })
    }

    /// Decompresses what `io` holds; the code, and the error's text if there is one.
    pub fn run(&mut self, io: &mut Io<'_>, flush: Flush) -> (Code, Option<&'static CStr>) {
        let stops = matches!(flush, Flush::Block | Flush::Trees);
        if core::mem::take(&mut self.within_empty_block) && stops {
            self.data_type = (self.data_type & LAST_BLOCK) | BLOCK_BEGINS;
            return (Code::Ok, None);
        }
        let untouched = self.untouched;
        let before = io.reader();
        let code = if flush == Flush::Trees { self.trees(io) } else { self.plain(io, flush) };
        self.untouched &= io.avail_in == before.avail_in;
        let msg = self.raw.take_msg();
        if code != Code::DataError || msg != Some(RawInflate::MSG_LOST) {
            return (code, msg);
        }
        let found = if untouched { self.find_msg(before) } else { None };
        // Only this one of the three can happen where the codes are complete, as compressors'
        // dynamic ones are.
        (code, Some(found.unwrap_or(c"invalid distance too far back")))
    }

    fn plain(&mut self, io: &mut Io<'_>, flush: Flush) -> Code {
        // Where there is much input, the engine gives whole bytes of its bit buffer back to it.
        // Those that were put there by `prime` never came from it, so let them be used up first.
        if self.primed && io.avail_in > LITTLE_INPUT {
            let later = io.avail_in - LITTLE_INPUT;
            io.avail_in = LITTLE_INPUT;
            let code = self.engine(io, flush);
            let stopped = self.data_type & BLOCK_BEGINS != 0 || io.avail_in != 0;
            io.avail_in += later;
            if !matches!(code, Code::Ok | Code::BufError) || stopped {
                return code;
            }
        }
        self.engine(io, flush)
    }

    fn engine(&mut self, io: &mut Io<'_>, flush: Flush) -> Code {
        let code = self.raw.inflate(io, flush);
        // The engine says this of stored blocks that are being copied.
        self.data_type = self.raw.data_type() & !TABLES_READ;
        self.primed &= self.bits() >= 8;
        code
    }

    /// Decompresses up to the next block's end or the end of its header.
    ///
    /// The engine loses a stored block's length where it should stop behind it, and would take
    /// what follows for another. So its state before is kept, and where it ends at a stored block,
    /// the same input goes to that with a flush value that the engine gets right.
    fn trees(&mut self, io: &mut Io<'_>) -> Code {
        let mut kept = match self.raw.try_clone() {
            Ok(kept) => kept,
            Err(code) => return code,
        };
        let before = io.reader();
        let code = self.raw.inflate(io, Flush::Trees);
        self.data_type = self.raw.data_type();
        // A stored block's missing bytes are no sign that a header was just read.
        if self.data_type & TABLES_READ != 0 && self.raw.mark() & 0xffff != 0 {
            self.data_type &= !TABLES_READ;
        }
        if code != Code::Ok || !self.raw.sync_point() {
            return code;
        }
        let mut again = before;
        again.avail_in -= io.avail_in;
        // No room, so that nothing of the block is copied, but the engine wants a pointer.
        again.next_out = core::ptr::NonNull::dangling().as_ptr();
        kept.inflate(&mut again, Flush::Block);
        if kept.sync_point() {
            // The length is still to come.
            return code;
        }
        self.within_empty_block = kept.data_type() & BLOCK_BEGINS != 0;
        self.raw = kept;
        self.data_type = (self.raw.data_type() & LAST_BLOCK) | TABLES_READ;
        code
    }

    /// The text of the error that all of a stream, which is in `io`, leads to. The engine forgets
    /// it where it has much room; so here it has little.
    #[cold]
    fn find_msg(&self, mut io: Io<'_>) -> Option<&'static CStr> {
        const LITTLE: usize = 256;
        let mut raw = RawInflate::new(self.window_bits as i32, Allocator::LIBC).ok()?;
        let mut room = [0; LITTLE];
        loop {
            (io.next_out, io.avail_out) = (room.as_mut_ptr(), LITTLE as u32);
            match raw.inflate(&mut io, Flush::None) {
                Code::Ok if io.avail_out == 0 => {}
                Code::DataError => return raw.take_msg(),
                _ => return None,
            }
        }
    }

    /// The output of the last call belongs to the history.
    pub fn keep_output(&mut self) {
        self.has_window = true;
    }

    /// The last `len` bytes of output do not belong to the history.
    pub fn hide_output(&mut self, len: u32) {
        self.hidden = len;
    }

    /// As `data_type` of a `z_stream` shows it, after [`Body::run`].
    pub fn data_type(&self) -> i32 {
        self.data_type
    }

    /// How many bits of the last byte are left.
    pub fn bits(&self) -> u32 {
        (self.data_type & UNUSED_BITS) as u32
    }

    /// The whole bytes that wait in the bit buffer between two symbols, the next one lowest, and how
    /// many bits they are. The engine takes no byte of input before it needs a bit of it, so they
    /// are what was inserted last.
    pub fn whole_bytes(&self) -> (u64, u32) {
        let bits = self.bits() & !7;
        let bytes = u64::from(self.inserted).checked_shr(32 - bits).unwrap_or(0);
        (bytes, bits)
    }

    /// Starts anew, without history.
    pub fn reset(&mut self, window_bits: u32) {
        self.window_bits = window_bits;
        self.raw.reset(window_bits as i32);
        self.forget();
        self.restart();
    }

    /// Starts anew with the history, if there is one.
    pub fn reset_keep(&mut self) {
        if !self.has_window {
            return self.reset(self.window_bits);
        }
        if self.is_all_visible() {
            self.raw.reset_keep();
            self.restart();
        } else {
            let mut history = [MaybeUninit::uninit(); WINDOW];
            let history = self.visible(&mut history);
            self.reset(self.window_bits);
            self.set_dictionary(history);
        }
        self.untouched = false;
    }

    fn forget(&mut self) {
        (self.has_window, self.known, self.hidden) = (false, usize::MAX, 0);
    }

    fn restart(&mut self) {
        self.data_type = 0;
        self.primed = false;
        self.untouched = true;
        self.within_empty_block = false;
    }

    /// Skips input to the next full flush point.
    pub fn sync(&mut self, io: &mut Io<'_>) -> Code {
        let (bytes, bits) = self.whole_bytes();
        // The engine searches the waiting bytes, too, but where there are odd bits in front of them
        // it shifts them the wrong way.
        if bits != 0 && bits != self.bits() {
            self.raw.prime(-1, 0);
            for byte in bytes.to_le_bytes().into_iter().take(bits as usize / 8) {
                self.raw.prime(8, byte.into());
            }
        }
        let code = self.raw.sync(io);
        if code != Code::BufError {
            self.data_type &= !UNUSED_BITS;
        }
        self.within_empty_block = false;
        self.untouched = false;
        if code == Code::Ok {
            self.forget();
        }
        code
    }

    /// Whether the next thing to read is a stored block's length.
    pub fn sync_point(&mut self) -> bool {
        self.raw.sync_point()
    }

    /// Inserts bits in front of the input; negative forgets those in the bit buffer.
    pub fn prime(&mut self, bits: i32, value: i32) -> Code {
        self.untouched = false;
        let code = self.raw.prime(bits, value);
        if code == Code::Ok {
            let left = if bits < 0 { 0 } else { self.bits() as i32 + bits };
            self.data_type = (self.data_type & !UNUSED_BITS) | left;
            self.primed = left >= 8;
            if bits > 0 {
                self.inserted = self.inserted >> bits | (value as u32) << (32 - bits);
            }
        }
        code
    }

    /// Makes `dictionary` the latest history.
    pub fn set_dictionary(&mut self, dictionary: &[u8]) -> Code {
        self.untouched = false;
        // SAFETY: null asks for no bytes.
        let unknown = unsafe { self.raw.dictionary(core::ptr::null_mut()) } != 0;
        let code = self.raw.set_dictionary(dictionary);
        if code == Code::Ok {
            if !self.has_window && unknown {
                self.known = 0;
            }
            // The largest number stays what it is: there is no limit.
            self.known = self.known.saturating_add(dictionary.len());
            self.has_window = true;
        }
        code
    }

    /// The history's length; its bytes go to `to` unless that is null.
    ///
    /// # Safety
    /// `to` is null or has room for the window.
    pub unsafe fn dictionary(&self, to: *mut u8) -> u32 {
        if !self.has_window {
            return 0;
        }
        // SAFETY: null asks for no bytes.
        let len = unsafe { self.raw.dictionary(core::ptr::null_mut()) };
        if self.is_all_visible() && len <= 1 << self.window_bits {
            // SAFETY: it fits the window, for which there is room.
            return unsafe { self.raw.dictionary(to) };
        }
        let mut history = [MaybeUninit::uninit(); WINDOW];
        let history = self.visible(&mut history);
        if !to.is_null() {
            // SAFETY: it fits the window, for which there is room.
            unsafe { to.copy_from_nonoverlapping(history.as_ptr(), history.len()) };
        }
        history.len() as u32
    }

    /// The part of the engine's history that is zlib's: the engine's window is always the largest.
    fn visible<'a>(&self, place: &'a mut [MaybeUninit<u8>; WINDOW]) -> &'a [u8] {
        let place = place.as_mut_ptr().cast::<u8>();
        // SAFETY: the engine's window is no larger than the place, of which it fills in `len`.
        let all = unsafe {
            let len = self.raw.dictionary(place);
            core::slice::from_raw_parts(place, len as usize)
        };
        let all = &all[..all.len().saturating_sub(self.hidden as usize)];
        let most = self.known.min(1 << self.window_bits);
        &all[all.len().saturating_sub(most)..]
    }

    fn is_all_visible(&self) -> bool {
        self.hidden == 0 && self.known == usize::MAX
    }

    /// Where in the input the output comes from (zlib.h, `inflateMark`).
    pub fn mark(&self) -> c_long {
        // The engine forgets to set this where it has much room.
        if self.data_type & BLOCK_BEGINS != 0 {
            return -(1 << 16);
        }
        let mark = self.raw.mark();
        // Nothing of the block is copied yet.
        if self.data_type & TABLES_READ != 0 { mark & !0xffff } else { mark }
    }

    /// How much of the table space is in use.
    pub fn codes_used(&mut self) -> usize {
        self.raw.codes_used()
    }

    /// A second one that goes on from here.
    pub fn try_clone(&mut self, allocator: Allocator) -> Result<Body, Code> {
        self.raw.set_allocator(allocator);
        Ok(Body { raw: self.raw.try_clone()?, ..*self })
    }

    /// From here on memory is had from and given back to `allocator`.
    pub fn set_allocator(&mut self, allocator: Allocator) {
        self.raw.set_allocator(allocator);
    }
}
