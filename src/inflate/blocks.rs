//! The blocks of a deflate stream (RFC 1951) as a state machine that can stop at any bit.
//!
//! Where it stops, what it takes and what it remembers are zlib's: `data_type`, `inflateMark` and
//! `avail_in` show them after each call.

mod lengths;
mod symbols;

use core::ffi::CStr;
use core::mem::MaybeUninit;

use super::bits::{Bits, Cursor};
use super::fast::Variants;
use super::tables::{self, Job, NoCode, Pair};
use super::window::Window;
use crate::codes::Flush;
use crate::io::Io;
use lengths::LENGTHS;

pub(super) use lengths::{ReadMany, Reader};

/// What comes next, named after what zlib.h's functions show of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Mode {
    /// A block's header, at which a call may have been asked to stop.
    Boundary,
    /// The same, and the call goes on.
    Header,
    /// A stored block's length and its complement.
    StoredLength,
    /// A stored block's bytes, of which none was asked for yet.
    StoredBegins,
    /// A stored block's bytes.
    Stored,
    /// How many lengths a dynamic block has.
    Counts,
    /// The lengths of the code for lengths.
    PrecodeLengths,
    /// The code lengths.
    CodeLengths,
    /// A block's first symbol, and a call may have been asked to stop there.
    SymbolsBegin,
    /// A literal, a length, or the block's end.
    Symbol,
    /// A length's extra bits.
    LengthExtra,
    /// A distance.
    Distance,
    /// A distance's extra bits.
    DistanceExtra,
    /// A match, or the rest of it, that waits for room.
    Match,
    /// A literal that waits for room.
    Literal,
}

/// Why [`Blocks::run`] came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// All input is used up.
    Input,
    /// All room is.
    Room,
    /// A point where the call was asked to stop.
    Asked,
    /// The last block has ended; the bit buffer is at a byte's beginning.
    End,
    /// The data is corrupt.
    Bad(&'static CStr),
}

/// What a run needs besides input and room.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    /// What lies before this is in the window.
    pub out_start: *mut u8,
    pub window: &'a Window,
    pub flush: Flush,
    /// The fast loop and the way to build tables.
    pub variants: &'a Variants,
}

/// Which of zlib's tables `inflateCodesUsed` counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Used {
    Nothing,
    /// The table of the code for lengths, with so many entries.
    Precode(u8),
    Literals,
    LiteralsAndDistances,
}

/// The current block's tables. Nothing in it has a value before it is built.
struct Tables {
    /// Code lengths: literals and lengths, then distances.
    lengths: MaybeUninit<[u8; LENGTHS]>,
    /// While lengths are read, the distance table's memory has the table of their code.
    pair: MaybeUninit<Pair<{ tables::LITERAL_ENTRIES }>>,
}

/// Where in the blocks a stream is.
pub(super) struct Blocks {
    pub bits: Bits,
    pub mode: Mode,
    /// The current block is the last one.
    pub last: bool,
    /// The current codes are the fixed ones.
    fixed: bool,
    /// The literal/length table has entries for two symbols.
    paired: bool,
    /// The block seems to be one of long matches.
    long: bool,
    /// Bits that the literal/length table is looked up with, or the code for lengths.
    root: u8,
    /// How many extra bits are still to be read.
    extra: u8,
    used: Used,
    /// What is left of a stored block or a match, a length so far, or a literal.
    length: u32,
    /// A match's distance so far.
    distance: u32,
    /// A match's whole length.
    whole: u32,
    /// How many bits the last symbol has, for [`Blocks::mark`]; -1 outside of codes.
    back: i32,
    literals: u16,
    distances: u16,
    precodes: u16,
    /// How many of the lengths are read.
    have: u16,
    /// Of the tables' block, where another one's header may have begun.
    built: (u16, u16),
    precode: [u8; 19],
    tables: Tables,
}

impl Blocks {
    /// Makes `place` the beginning of a stream. The tables get no values.
    ///
    /// # Safety
    /// `place` is valid for writes.
    pub unsafe fn init(place: *mut Blocks) {
        // SAFETY: the place is valid for writes, says the caller; only fields are written.
        unsafe {
            (&raw mut (*place).length).write(0);
            (&raw mut (*place).distance).write(0);
            (&raw mut (*place).whole).write(0);
            (&raw mut (*place).literals).write(0);
            (&raw mut (*place).distances).write(0);
            (&raw mut (*place).precodes).write(0);
            (&raw mut (*place).have).write(0);
            (&raw mut (*place).built).write((0, 0));
            (&raw mut (*place).precode).write([0; 19]);
            (&raw mut (*place).root).write(0);
            (&raw mut (*place).extra).write(0);
            (&raw mut (*place).bits).write(Bits::EMPTY);
            (&raw mut (*place).mode).write(Mode::Boundary);
            (&raw mut (*place).last).write(false);
            (&raw mut (*place).fixed).write(false);
            (&raw mut (*place).paired).write(false);
            (&raw mut (*place).long).write(false);
            (&raw mut (*place).used).write(Used::Nothing);
            (&raw mut (*place).back).write(-1);
        }
    }

    /// Starts a new stream.
    pub fn reset(&mut self) {
        self.bits = Bits::EMPTY;
        self.mode = Mode::Boundary;
        self.last = false;
        self.used = Used::Nothing;
        self.back = -1;
    }

    /// Reads blocks until one of [`Stop`]'s reasons.
    pub fn run(&mut self, io: &mut Io<'_>, around: &Around<'_>) -> Stop {
        let mut cursor = Cursor {
            next: io.next_in,
            end: io.next_in.wrapping_add(io.avail_in as usize),
            start: io.next_in,
            hold: self.bits.hold,
            bits: self.bits.count,
            out: io.next_out,
            out_end: io.next_out.wrapping_add(io.avail_out as usize),
            out_start: around.out_start,
        };
        let (stop, keep) = self.advance(&mut cursor, around, io.avail_in as usize);
        if stop != Stop::Input {
            cursor.give_back(keep);
        }
        debug_assert!(stop != Stop::Input || cursor.next == cursor.end);
        self.bits = Bits { hold: cursor.hold & ((1u64 << cursor.bits) - 1), count: cursor.bits };
        io.avail_in = cursor.input_left() as u32;
        io.next_in = cursor.next;
        io.avail_out = cursor.room() as u32;
        io.next_out = cursor.out;
        stop
    }

    /// The reason, and how many bits zlib would not give back though they are not used. `given` is
    /// the call's whole input.
    fn advance(&mut self, cursor: &mut Cursor, around: &Around<'_>, given: usize) -> (Stop, u32) {
        let Around { window, flush, .. } = *around;
        let stops = matches!(flush, Flush::Block | Flush::Trees);
        macro_rules! need {
            ($count:expr) => {
                if !cursor.need($count) {
                    return (Stop::Input, 0);
                }
            };
        }
        macro_rules! bad {
            ($text:expr) => {
                return (Stop::Bad($text), 0)
            };
        }
        loop {
            match self.mode {
                Mode::Boundary | Mode::Header => {
                    if self.mode == Mode::Boundary && stops {
                        return (Stop::Asked, 0);
                    }
                    if self.last {
                        cursor.skip(cursor.bits & 7);
                        return (Stop::End, 0);
                    }
                    need!(3);
                    self.last = cursor.peek(1) != 0;
                    let kind = cursor.peek(3) >> 1;
                    cursor.skip(3);
                    match kind {
                        0 => self.mode = Mode::StoredLength,
                        1 => {
                            self.fixed = true;
                            self.paired = false;
                            self.long = false;
                            self.root = tables::FIXED_ROOT as u8;
                            self.mode = Mode::SymbolsBegin;
                            if flush == Flush::Trees {
                                return (Stop::Asked, 0);
                            }
                        }
                        2 => self.mode = Mode::Counts,
                        _ => bad!(c"invalid block type"),
                    }
                }
                Mode::StoredLength => {
                    cursor.skip(cursor.bits & 7);
                    need!(32);
                    let word = cursor.hold as u32;
                    if word & 0xffff != !word >> 16 {
                        return (Stop::Bad(c"invalid stored block lengths"), 32);
                    }
                    self.length = word & 0xffff;
                    cursor.give_back(32);
                    (cursor.hold, cursor.bits) = (0, 0);
                    self.mode = Mode::StoredBegins;
                    if flush == Flush::Trees {
                        return (Stop::Asked, 0);
                    }
                }
                Mode::StoredBegins => self.mode = Mode::Stored,
                Mode::Stored => {
                    let copy = (self.length as usize).min(cursor.input_left()).min(cursor.room());
                    if self.length == 0 {
                        self.mode = Mode::Boundary;
                        continue;
                    }
                    if copy == 0 {
                        let empty = cursor.input_left() == 0;
                        return (if empty { Stop::Input } else { Stop::Room }, 0);
                    }
                    // SAFETY: so much input and room is there; they may overlap.
                    unsafe { core::ptr::copy(cursor.next, cursor.out, copy) };
                    cursor.next = cursor.next.wrapping_add(copy);
                    // None of these bytes went through the bit buffer.
                    cursor.start = cursor.next;
                    cursor.out = cursor.out.wrapping_add(copy);
                    self.length -= copy as u32;
                }
                Mode::Counts => {
                    need!(14);
                    self.literals = cursor.peek(5) as u16 + 257;
                    self.distances = (cursor.peek(10) >> 5) as u16 + 1;
                    self.precodes = (cursor.peek(14) >> 10) as u16 + 4;
                    cursor.skip(14);
                    if self.literals > 286 || self.distances > 30 {
                        bad!(c"too many length or distance symbols");
                    }
                    self.have = 0;
                    self.mode = Mode::PrecodeLengths;
                }
                Mode::PrecodeLengths => {
                    if !self.precode_lengths(cursor) {
                        return (Stop::Input, 0);
                    }
                    self.used = Used::Nothing;
                    let Some(root) = self.build_precode() else {
                        bad!(c"invalid code lengths set");
                    };
                    self.root = root as u8;
                    self.used = Used::Precode(1 << root);
                    self.have = 0;
                    self.mode = Mode::CodeLengths;
                }
                Mode::CodeLengths => {
                    match self.code_lengths(cursor, around.variants) {
                        Ok(true) => {}
                        Ok(false) => return (Stop::Input, 0),
                        Err((text, keep)) => return (Stop::Bad(text), keep),
                    }
                    // A caller that gives much at a time will go on with it.
                    let input = if self.last { cursor.input_left() } else { given };
                    if let Err(text) = self.build(around.variants, input) {
                        bad!(text);
                    }
                    self.fixed = false;
                    self.mode = Mode::SymbolsBegin;
                    if flush == Flush::Trees {
                        return (Stop::Asked, 0);
                    }
                }
                Mode::SymbolsBegin => self.mode = Mode::Symbol,
                Mode::Symbol => {
                    if let Some(stop) = self.symbols(cursor, around) {
                        return (stop, 0);
                    }
                }
                Mode::LengthExtra => {
                    need!(u32::from(self.extra));
                    self.length += cursor.peek(self.extra.into());
                    cursor.skip(self.extra.into());
                    self.back += i32::from(self.extra);
                    self.whole = self.length;
                    self.mode = Mode::Distance;
                }
                Mode::Distance => {
                    let (symbol, bits) = loop {
                        let (symbol, bits) = self.distance_at(cursor.hold);
                        if bits <= cursor.bits {
                            break (symbol, bits);
                        }
                        need!(cursor.bits + 1);
                    };
                    cursor.skip(bits);
                    self.back += bits as i32;
                    let Some((base, extra)) = symbol else { bad!(c"invalid distance code") };
                    self.distance = base;
                    self.extra = extra as u8;
                    self.mode = Mode::DistanceExtra;
                }
                Mode::DistanceExtra => {
                    need!(u32::from(self.extra));
                    self.distance += cursor.peek(self.extra.into());
                    cursor.skip(self.extra.into());
                    self.back += i32::from(self.extra);
                    self.mode = Mode::Match;
                }
                Mode::Match => {
                    if cursor.room() == 0 {
                        return (Stop::Room, 0);
                    }
                    if !self.is_in_reach(cursor, window) {
                        bad!(c"invalid distance too far back");
                    }
                    self.copy_match(cursor, around);
                }
                Mode::Literal => {
                    if cursor.room() == 0 {
                        return (Stop::Room, 0);
                    }
                    // SAFETY: there is room.
                    unsafe { cursor.out.write(self.length as u8) };
                    cursor.out = cursor.out.wrapping_add(1);
                    self.mode = Mode::Symbol;
                }
            }
        }
    }

    /// Builds the tables from the lengths; some `input` bytes follow them.
    fn build(&mut self, variants: &Variants, input: usize) -> Result<(), &'static CStr> {
        /// Below that, entries for two symbols are not looked up often enough.
        const MANY: usize = 1536;
        let Tables { lengths, pair } = &mut self.tables;
        // SAFETY: any bits are values of the types, and all lengths are read.
        let (lengths, pair) = unsafe { (lengths.assume_init_ref(), pair.assume_init_mut()) };
        if lengths[256] == 0 {
            return Err(c"invalid code -- missing end-of-block");
        }
        self.built = (self.literals, self.distances);
        let job = Job {
            lengths: lengths.as_ptr(),
            literals: self.literals.into(),
            distances: self.distances.into(),
            literal_table: &mut pair.literals,
            distance_table: &mut pair.distances,
            may_pair: input >= MANY,
        };
        // SAFETY: the array has room for wide reads, and the CPU what its variants need.
        match unsafe { (variants.build)(job) } {
            Ok(built) => {
                self.root = built.root as u8;
                self.paired = built.paired;
                self.long = built.long;
                self.used = Used::LiteralsAndDistances;
                Ok(())
            }
            Err(NoCode::Literals) => {
                self.used = Used::Nothing;
                Err(c"invalid literal/lengths set")
            }
            Err(NoCode::Distances) => {
                self.used = Used::Literals;
                Err(c"invalid distances set")
            }
        }
    }

    /// The distance of a match that waits for room, or 0.
    pub fn waiting_distance(&self) -> u32 {
        if self.mode == Mode::Match { self.distance } else { 0 }
    }

    /// zlib.h's `data_type`, without the last block's bit.
    pub fn stop_bits(&self) -> i32 {
        match self.mode {
            Mode::Boundary => 128,
            Mode::SymbolsBegin | Mode::StoredBegins => 256,
            _ => 0,
        }
    }

    /// How many bits the last symbol has, and how much of its match or stored block there is.
    pub fn mark(&self, in_blocks: bool) -> (i32, u32) {
        let bytes = match self.mode {
            Mode::Stored if in_blocks => self.length,
            Mode::Match if in_blocks => self.whole - self.length,
            _ => 0,
        };
        (self.back, bytes)
    }

    /// zlib.h's `inflateCodesUsed`.
    pub fn codes_used(&self) -> usize {
        /// The roots that zlib chooses.
        const LITERALS: usize = 9;
        const DISTANCES: usize = 6;
        let literals = usize::from(self.built.0);
        let of = |lengths: core::ops::Range<usize>, root| {
            // SAFETY: all of these were read before `used` became what it is, and stay until it
            // changes.
            let all = unsafe { self.tables.lengths.assume_init_ref() };
            tables::entries_in_zlib(&all[lengths], root)
        };
        match self.used {
            Used::Nothing => 0,
            Used::Precode(entries) => entries.into(),
            Used::Literals => of(0..literals, LITERALS),
            Used::LiteralsAndDistances => {
                let all = literals + usize::from(self.built.1);
                of(0..literals, LITERALS) + of(literals..all, DISTANCES)
            }
        }
    }
}
