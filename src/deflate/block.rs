//! One block: its symbols, how it is written best, and the writing.
//!
//! Symbols are kept in as much room as zlib has for them, three bytes each: the distance less 1 in
//! 15 bits, a bit for a match, then the literal or the length less 3. They are in the upper three
//! quarters of the pending buffer, and are overwritten from the buffer's start by the block that they
//! make. That never overtakes what is still to be read: a block that is not smaller with codes of its
//! own has the fixed ones, at most 31 bits a symbol, so that n symbols, n being less than a quarter of
//! the buffer, end at least 139 bits before it.

use super::codes::{
    DISTANCE_EXTRA, END, FIRST_LENGTH, FIXED_DISTANCES, FIXED_LENGTHS, LENGTH_CODE, LENGTH_EXTRA,
    LENGTH_SYMBOL, NO_DISTANCE, RUN_EXTRA, RUN_ORDER, distance_code,
};
use super::pending::Pending;
use super::tree::{self, Alphabet, DISTANCES, LENGTHS, LITERALS, Nodes, Size};

static LITERAL_ALPHABET: Alphabet =
    Alphabet { extra: (FIRST_LENGTH, &LENGTH_EXTRA), fixed: &FIXED_LENGTHS, longest: 15 };
static DISTANCE_ALPHABET: Alphabet =
    Alphabet { extra: (0, &DISTANCE_EXTRA), fixed: &FIXED_DISTANCES, longest: 15 };
static RUN_ALPHABET: Alphabet = Alphabet { extra: (0, &RUN_EXTRA), fixed: &[], longest: 7 };

/// The symbols of the current block, and how often each code occurs.
pub(super) struct Block {
    symbols: *mut u8,
    /// In bytes, as `end`.
    next: u32,
    /// Here the block is full: one symbol before the buffer's end.
    end: u32,
    literals: [u16; LITERALS],
    /// One more, for what is no distance.
    distances: [u16; DISTANCES + 1],
    /// How many matches the last block had, and how many bytes.
    last: (u32, u32),
    /// How many symbols the last block had.
    last_len: u32,
    scratch: Scratch,
}

/// Memory that is needed for one thing after the other.
union Scratch {
    nodes: core::mem::ManuallyDrop<Nodes>,
    codes: Codes,
}

/// A symbol's bytes.
const SYMBOL: usize = 3;
/// Tells a length from a literal.
const MATCH: u32 = 1 << 15;
/// Instead of a distance less 1: more than any window has room for.
const LITERAL: u32 = MATCH - 1;

impl Block {
    /// Sets up a block in the memory at `place`.
    ///
    /// # Safety
    /// `place` is valid for writes; `pending` is valid for as long as the block is used, and
    /// `symbols` is a quarter of its size.
    pub unsafe fn init(place: *mut Block, pending: &Pending, symbols: u32) {
        // SAFETY: the place is valid, and so is the scratch behind `symbols`, says the caller. It needs
        // no first value: whoever reads it has written it.
        unsafe {
            (&raw mut (*place).symbols).write(pending.buffer().add(symbols as usize));
            (&raw mut (*place).end).write((symbols - 1) * SYMBOL as u32);
            (&raw mut (*place).next).write(0);
            (&raw mut (*place).literals).write([0; LITERALS]);
            (&raw mut (*place).distances).write([0; DISTANCES + 1]);
            (&raw mut (*place).last).write((0, 0));
            (&raw mut (*place).last_len).write(0);
            (*place).clear();
        }
    }

    /// Starts a block.
    pub fn clear(&mut self) {
        self.next = 0;
        self.literals = [0; LITERALS];
        self.literals[END] = 1;
        self.distances = [0; DISTANCES + 1];
    }

    /// Where in the pending buffer the symbols are.
    pub fn offset(&self) -> usize {
        self.end as usize / SYMBOL + 1
    }

    /// How many symbols there are.
    pub fn len(&self) -> usize {
        self.next as usize / SYMBOL
    }

    pub fn is_empty(&self) -> bool {
        self.next == 0
    }

    /// How many matches there are in so many bytes: those of the block, or of the one before if
    /// that had more bytes than the block has yet.
    pub fn matches(&self, bytes: usize) -> (usize, usize) {
        let (matches, before) = self.last;
        if bytes < before as usize {
            return (matches as usize, before as usize);
        }
        (self.count_matches(), bytes)
    }

    /// How many matches the block has.
    pub fn count_matches(&self) -> usize {
        self.distances[..DISTANCES].iter().copied().map(usize::from).sum()
    }

    /// Whether more of the symbols are literals than are matches, by a little: of the block's, or of
    /// those of the one before if there are not many yet.
    pub fn mostly_literals(&self) -> bool {
        const MANY: usize = 1024;
        let (matches, symbols) = match self.len() {
            ..MANY => (self.last.0 as usize, self.last_len as usize),
            symbols => (self.count_matches(), symbols),
        };
        9 * matches < 4 * symbols
    }

    /// Takes over the symbols and counts of `other`, which is as large.
    pub fn copy_from(&mut self, other: &Block) {
        debug_assert_eq!(self.end, other.end);
        // SAFETY: both have room for as many symbols, in buffers of their own.
        unsafe {
            core::ptr::copy_nonoverlapping(other.symbols, self.symbols, other.next as usize);
        }
        self.next = other.next;
        self.literals = other.literals;
        self.distances = other.distances;
    }

    /// A way to add symbols without a look at the block each time; [`Block::put_back`] ends it.
    pub fn tally(&mut self) -> Tally {
        // SAFETY: both are within the memory for symbols.
        let (next, end) =
            unsafe { (self.symbols.add(self.next as usize), self.symbols.add(self.end as usize)) };
        Tally {
            next,
            end,
            literals: self.literals.as_mut_ptr(),
            distances: self.distances.as_mut_ptr(),
        }
    }

    /// Takes over the symbols that were added to `tally`, the last one that was made.
    pub fn put_back(&mut self, tally: &Tally) {
        self.next = (tally.next as usize - self.symbols as usize) as u32;
    }

    /// Adds a literal; whether the block is full now.
    #[inline]
    pub fn literal(&mut self, byte: u8) -> bool {
        let mut tally = self.tally();
        // SAFETY: a block is written when it is full, at the latest before the next symbol.
        let full = unsafe { tally.literal(byte) };
        self.put_back(&tally);
        full
    }

    /// Adds a match of `length` from 3 to 258; whether the block is full now.
    #[inline]
    pub fn matched(&mut self, distance: usize, length: usize) -> bool {
        let mut tally = self.tally();
        // SAFETY: the tally is this block's, to which there is a `&mut`, and it is not full.
        let full = unsafe { tally.matched(distance, length) };
        self.put_back(&tally);
        full
    }

    /// Whether the literals are text, as zlib guesses it: there are some beyond white space or
    /// control characters, and none of those that are not used in texts.
    pub fn is_text(&self) -> bool {
        const NEVER: u32 = 0xf3ff_c07f;
        let used = |byte: usize| self.literals[byte] != 0;
        if (0..32).any(|byte| NEVER >> byte & 1 != 0 && used(byte)) {
            return false;
        }
        used(9) || used(10) || used(13) || (32..256).any(used)
    }

    /// Writes the block to `pending`, which is empty, in the smallest way: stored, if `stored` has
    /// its bytes, with the fixed codes or with its own. A new block begins.
    ///
    /// `stored_len` is given even where the bytes are gone.
    pub fn write(
        &mut self,
        pending: &mut Pending,
        stored: Option<*const u8>,
        stored_len: usize,
        fixed_only: bool,
        last: bool,
    ) {
        self.last = (self.count_matches() as u32, stored_len as u32);
        self.last_len = self.len() as u32;
        let literals_only = self.distances.iter().all(|&count| count == 0);
        let start = self.symbols.cast_const();
        let symbols = start..start.wrapping_add(self.next as usize);
        let mut size = Size::default();
        let mut literals = [0u8; LITERALS];
        let mut distances = [0u8; DISTANCES];
        // SAFETY: any bits are a valid `Nodes`.
        let nodes = unsafe { &mut *self.scratch.nodes };
        let mut build = |alphabet: &Alphabet, frequencies: &mut [u16], lengths: &mut [u8]| {
            tree::build(alphabet, frequencies, lengths, nodes, &mut size)
        };
        let literal_codes = build(&LITERAL_ALPHABET, &mut self.literals, &mut literals) + 1;
        let distance_codes =
            build(&DISTANCE_ALPHABET, &mut self.distances[..DISTANCES], &mut distances) + 1;
        let literals = &literals[..];
        let distances = &distances[..];

        let mut run_counts = [0u16; LENGTHS];
        let mut runs = [0u8; LENGTHS];
        // Each run's code, and behind that its extra bits.
        let mut sequence = [0u16; LITERALS + DISTANCES];
        let mut sequence_len = 0;
        let mut add = |code: usize, extra: u32| {
            run_counts[code] += 1;
            sequence[sequence_len] = (code as u32 | extra << 8) as u16;
            sequence_len += 1;
        };
        tree::run_lengths(&literals[..literal_codes], &mut add);
        tree::run_lengths(&distances[..distance_codes], &mut add);
        let sequence = &sequence[..sequence_len];
        build(&RUN_ALPHABET, &mut run_counts, &mut runs);
        let used = |&rank: &usize| runs[usize::from(RUN_ORDER[rank])] != 0;
        let run_codes = (3..LENGTHS).rev().find(used).unwrap_or(3) + 1;
        size.dynamic = size.dynamic.wrapping_add(3 * run_codes as u64 + 5 + 5 + 4);

        let bytes = |bits: u64| bits.wrapping_add(3 + 7) >> 3;
        let fixed = bytes(size.fixed) <= bytes(size.dynamic) || fixed_only;
        let smallest = bytes(if fixed { size.fixed } else { size.dynamic });
        let header = u64::from(last);
        match stored {
            Some(window) if stored_len as u64 + 4 <= smallest => {
                pending.stored_header(stored_len as u16, last);
                // SAFETY: the caller's window has these bytes. They are fewer than the block would
                // have with codes, for which there is room.
                unsafe { pending.copy(window, stored_len) };
            }
            _ if fixed => {
                let mut bits = Bits::begin(pending);
                bits.add((1 << 1 | header, 3));
                // SAFETY: the block has room, and for 17 bytes more: see the module's text.
                unsafe { bits.write() };
                emit(symbols, literals_only, &mut bits, &FIXED);
                bits.end(pending);
            }
            _ => {
                let mut bits = Bits::begin(pending);
                bits.add((2 << 1 | header, 3));
                bits.add((literal_codes as u64 - 257, 5));
                bits.add((distance_codes as u64 - 1, 5));
                bits.add((run_codes as u64 - 4, 4));
                let mut run_bits = [0u16; LENGTHS];
                tree::assign(&runs, |code, bits| run_bits[code] = bits);
                // SAFETY: the block has room, and for 17 bytes more: see the module's text.
                unsafe {
                    bits.write();
                    for &code in &RUN_ORDER[..run_codes] {
                        bits.add((runs[usize::from(code)].into(), 3));
                        bits.write();
                    }
                    for &run in sequence {
                        let (code, extra) = (usize::from(run & 0xff), u64::from(run >> 8));
                        let count = u32::from(runs[code]);
                        bits.add((
                            u64::from(run_bits[code]) | extra << count,
                            count + u32::from(RUN_EXTRA[code]),
                        ));
                        bits.write();
                    }
                }
                // SAFETY: any bits are valid `Codes`, and the nodes are not needed any more.
                let codes = unsafe { &mut self.scratch.codes };
                codes.assign(literals, distances);
                emit(symbols, literals_only, &mut bits, codes);
                bits.end(pending);
            }
        }
        self.clear();
        if last {
            pending.align();
        }
    }
}

/// Writes the symbols in a range of the pending buffer, and the end of the block, to its start, where
/// `to` has less than 8 bits to write.
fn emit(symbols: core::ops::Range<*const u8>, literals_only: bool, to: &mut Bits, codes: &Codes) {
    // Where the compiler can keep it in registers.
    let mut bits = Bits { ..*to };
    debug_assert!(bits.count < 8);
    debug_assert!(bits.buffer.wrapping_add(bits.at + 8).cast_const() <= symbols.start);
    let mut next = symbols.start;
    let left = |next: *const u8| symbols.end as usize - next as usize;
    // SAFETY: symbols are read where `left` says that they are. The block has room, and for 17 bytes
    // more, as the module's text shows, so that eight bytes can be written.
    unsafe {
        if literals_only {
            // Three have at most 45 bits.
            while left(next) >= 3 * SYMBOL {
                // Of each, the last byte is the literal.
                let literal = |i| codes.literals[2 * usize::from(*next.add(SYMBOL * i + 2))];
                for entry in [literal(0), literal(1), literal(2)] {
                    bits.add(bits_of(entry));
                }
                bits.write();
                next = next.add(3 * SYMBOL);
            }
        }
        // There is one byte behind every symbol in the buffer.
        let symbol = |at: *const u8| codes.of(at.cast::<u32>().read_unaligned().to_le());
        while left(next) >= 2 * SYMBOL {
            let (first, second) = (symbol(next), symbol(next.add(SYMBOL)));
            next = next.add(2 * SYMBOL);
            bits.add(first);
            if first.1 + second.1 > 56 {
                bits.write();
            }
            bits.add(second);
            bits.write();
        }
        if left(next) != 0 {
            bits.add(symbol(next));
            bits.write();
        }
        bits.add(codes.end());
        bits.write();
    }
    *to = bits;
}

/// Bits on their way to the pending buffer.
struct Bits {
    bits: u64,
    count: u32,
    buffer: *mut u8,
    at: usize,
}

impl Bits {
    /// Goes on behind what is in the buffer.
    fn begin(pending: &mut Pending) -> Bits {
        Bits {
            bits: pending.bits().into(),
            count: pending.bit_count(),
            buffer: pending.buffer(),
            at: pending.len(),
        }
    }

    /// Gives the buffer back, when all whole bytes are written.
    fn end(self, pending: &mut Pending) {
        // SAFETY: they were all written, one behind the other.
        unsafe { pending.resume(self.at, self.bits as u32, self.count) };
    }

    /// At most 64 are kept; less than 8 are after [`Bits::write`].
    #[inline(always)]
    fn add(&mut self, (value, count): (u64, u32)) {
        self.bits |= value << self.count;
        self.count += count;
    }

    /// Writes the whole bytes.
    ///
    /// # Safety
    /// In the buffer, eight bytes can be written.
    #[inline(always)]
    unsafe fn write(&mut self) {
        // SAFETY: eight bytes can be written there, says the caller.
        unsafe { self.buffer.add(self.at).cast::<u64>().write_unaligned(self.bits.to_le()) };
        self.at += (self.count / 8) as usize;
        self.bits >>= self.count & !7;
        self.count &= 7;
    }
}

/// Adds symbols to a block.
pub(super) struct Tally {
    next: *mut u8,
    end: *mut u8,
    literals: *mut u16,
    distances: *mut u16,
}

impl Tally {
    /// # Safety
    /// The block is there, and nothing else uses it; it is not full.
    #[inline(always)]
    unsafe fn push(&mut self, symbol: u32, code: usize) -> bool {
        debug_assert!(self.next < self.end && code < LITERALS);
        // SAFETY: there is room for one symbol, and for a fourth byte, in the symbol that is never
        // used; `code` is one of the literals, the end or the lengths.
        unsafe {
            self.next.cast::<u32>().write_unaligned(symbol.to_le());
            self.next = self.next.add(SYMBOL);
            *self.literals.add(code) += 1;
        }
        self.next == self.end
    }

    /// Adds a literal; whether the block is full now.
    ///
    /// # Safety
    /// The block is there, and nothing else uses it; it is not full.
    #[inline(always)]
    pub unsafe fn literal(&mut self, byte: u8) -> bool {
        // SAFETY: the block is there and not full, says the caller.
        unsafe { self.push(u32::from(byte) << 16 | LITERAL, byte.into()) }
    }

    /// Adds a match of `length` from 3 to 258; whether the block is full now.
    ///
    /// # Safety
    /// As for [`Tally::literal`].
    #[inline(always)]
    pub unsafe fn matched(&mut self, distance: usize, length: usize) -> bool {
        let less_1 = distance.wrapping_sub(1) as u32 & LITERAL;
        let length = length.wrapping_sub(3) as u8;
        let code = usize::from(distance_code(less_1 as u16));
        // SAFETY: the block is there and not full, says the caller; a distance's code is at most
        // NO_DISTANCE, for which there is a count.
        unsafe {
            *self.distances.add(code) += 1;
            self.push(
                u32::from(length) << 16 | MATCH | less_1,
                LENGTH_SYMBOL[usize::from(length)].into(),
            )
        }
    }
}

/// A code's bits, with what follows it: how many they are in the low 8 bits, then the bits.
type Entry = u32;

const fn entry(value: u32, count: u32) -> Entry {
    value << 8 | count
}

/// The bits of an [`Entry`], and how many.
#[inline(always)]
fn bits_of(entry: Entry) -> (u64, u32) {
    (u64::from(entry >> 8), entry & 0xff)
}

/// The code of distances: from the lowest bit on, how many bits it has (8 bits), how many with the
/// extra bits (8), the code (16), and which bits of the distance less 1 are the extra bits (16).
type Distances = u64;

const fn distances(code: u16, count: u32, extra: u32) -> Distances {
    let mask = (1 << extra) - 1;
    mask << 32 | (code as u64) << 16 | ((count + extra) as u64) << 8 | count as u64
}

/// The codes of a block: those of literals, of lengths with their extra bits, and of distances.
#[derive(Clone, Copy)]
struct Codes {
    /// By the upper bits of a symbol: at twice a byte that of the literal, and behind it that of
    /// the length less 3.
    literals: [Entry; 512],
    /// The last is a literal's: nothing.
    distances: [Distances; DISTANCES + 1],
    end: Entry,
}

const _: () = assert!(NO_DISTANCE as usize == DISTANCES);

impl Codes {
    fn assign(&mut self, literals: &[u8], distance_lengths: &[u8]) {
        self.end = 0;
        let mut length = 0;
        tree::assign(literals, |code, bits| {
            let count = u32::from(literals[code]);
            match code {
                0..END => self.literals[2 * code] = entry(bits.into(), count),
                END => self.end = entry(bits.into(), count),
                _ => {
                    let extra = u32::from(LENGTH_EXTRA[code - FIRST_LENGTH]);
                    // The lengths of a code, which are also those of the codes before it that
                    // are not used; they are overwritten or not looked up.
                    let wanted = (code - FIRST_LENGTH) as u8;
                    while usize::from(LENGTH_CODE[length]) < usize::from(wanted) {
                        length += 1;
                    }
                    let mut n = 0;
                    while length < 256 && LENGTH_CODE[length] == wanted {
                        let value = u32::from(bits) | n << count;
                        self.literals[2 * length + 1] = entry(value, count + extra);
                        n += 1;
                        length += 1;
                    }
                }
            }
        });
        tree::assign(distance_lengths, |code, bits| {
            let extra = u32::from(DISTANCE_EXTRA[code]);
            self.distances[code] = distances(bits, u32::from(distance_lengths[code]), extra);
        });
        self.distances[DISTANCES] = 0;
    }

    /// A symbol's bits, at most 48, and how many they are.
    #[inline(always)]
    fn of(&self, symbol: u32) -> (u64, u32) {
        let less_1 = symbol & LITERAL;
        let second = self.distances[usize::from(distance_code(less_1 as u16))];
        let extra_bits = u64::from(less_1) & second >> 32;
        let tail = second >> 16 & 0xffff | extra_bits << (second & 0xff);
        let (first, count) = bits_of(self.literals[(symbol >> 15 & 0x1ff) as usize]);
        (first | tail << count, count + (second >> 8 & 0xff) as u32)
    }

    fn end(&self) -> (u64, u32) {
        bits_of(self.end)
    }
}

/// The fixed codes.
static FIXED: Codes = {
    let mut codes = Codes { literals: [0; 512], distances: [0; DISTANCES + 1], end: entry(0, 7) };
    let mut byte = 0;
    while byte < 256 {
        codes.literals[2 * byte as usize] = if byte < 144 {
            entry((0x30 + byte as u8).reverse_bits() as u32, 8)
        } else {
            entry(((0x190 + byte - 144) as u16).reverse_bits() as u32 >> 7, 9)
        };
        byte += 1;
    }
    let mut length = 0;
    let mut n = 0;
    while length < 256 {
        let code = LENGTH_CODE[length] as u32;
        if length != 0 && LENGTH_CODE[length - 1] as u32 != code {
            n = 0;
        }
        let (bits, count) = if code < 23 {
            ((code as u8 + 1).reverse_bits() as u32 >> 1, 7)
        } else {
            ((0xc0 + code as u8 - 23).reverse_bits() as u32, 8)
        };
        codes.literals[2 * length + 1] =
            entry(bits | n << count, count + LENGTH_EXTRA[code as usize] as u32);
        n += 1;
        length += 1;
    }
    let mut code = 0;
    while code < DISTANCES {
        let bits = (code as u8).reverse_bits() as u16 >> 3;
        codes.distances[code] = distances(bits, 5, DISTANCE_EXTRA[code] as u32);
        code += 1;
    }
    codes
};
