//! The search for bytes that have occurred before, with chains of places that begin alike.

use core::mem::MaybeUninit;

use super::filled::{Filled, set_all};
use super::huffman::{DISTANCES, END_OF_BLOCK, LITERALS};
use crate::engine::deflate_header::Effort;

/// The shortest and longest match of RFC 1951.
const SHORTEST: usize = 3;
const LONGEST: usize = 258;

/// The most chains there may be.
pub(super) const MOST_HEADS: usize = 4096;

/// A literal, or a match: its length, and its distance in the upper half.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token(u32);

/// One of RFC 1951's symbols, with the bits that follow it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub symbol: usize,
    pub extra: u32,
    pub extra_bits: u32,
}

impl Token {
    fn literal(byte: u8) -> Token {
        Token(byte.into())
    }

    fn reference(found: Match) -> Token {
        Token((found.distance as u32) << 16 | found.len as u32)
    }

    /// The literal, or length and distance.
    pub fn parts(self) -> (Part, Option<Part>) {
        let (low, distance) = (self.0 & 0xffff, self.0 >> 16);
        match distance {
            0 => (Part { symbol: low as usize, extra: 0, extra_bits: 0 }, None),
            _ => (length_part(low), Some(distance_part(distance))),
        }
    }
}

/// RFC 1951, 3.2.5: four symbols for each power of two from 8 on, one each for less.
fn length_part(len: u32) -> Part {
    const FIRST: usize = 257;
    if len == LONGEST as u32 {
        return Part { symbol: FIRST + 28, extra: 0, extra_bits: 0 };
    }
    let over = len - SHORTEST as u32;
    let extra_bits = if over < 8 { 0 } else { over.ilog2() - 2 };
    let symbol = FIRST as u32 + 4 * extra_bits + (over >> extra_bits);
    Part { symbol: symbol as usize, extra: over & ((1 << extra_bits) - 1), extra_bits }
}

/// RFC 1951, 3.2.5: two symbols for each power of two from 4 on, one each for less.
fn distance_part(distance: u32) -> Part {
    let over = distance - 1;
    let extra_bits = if over < 4 { 0 } else { over.ilog2() - 1 };
    let symbol = 2 * extra_bits + (over >> extra_bits);
    Part { symbol: symbol as usize, extra: over & ((1 << extra_bits) - 1), extra_bits }
}

/// How often each symbol occurs.
pub(super) struct Counts {
    pub literals: [u16; LITERALS],
    pub distances: [u16; DISTANCES],
    extra_bits: usize,
}

impl Default for Counts {
    /// Nothing but the end of the block.
    fn default() -> Counts {
        let mut literals = [0; LITERALS];
        literals[END_OF_BLOCK] = 1;
        Counts { literals, distances: [0; DISTANCES], extra_bits: 0 }
    }
}

impl Counts {
    fn add(&mut self, token: Token) {
        let (first, distance) = token.parts();
        self.literals[first.symbol] += 1;
        if let Some(distance) = distance {
            self.distances[distance.symbol] += 1;
            self.extra_bits += (first.extra_bits + distance.extra_bits) as usize;
        }
    }

    /// All bits that follow symbols.
    pub fn extra_bits(&self) -> usize {
        self.extra_bits
    }
}

/// As many heads as suit an input of `len` bytes, all of them empty: a power of two.
pub(super) fn clear_heads(heads: &mut [MaybeUninit<u16>; MOST_HEADS], len: usize) -> &mut [u16] {
    let wanted = (2 * len).next_power_of_two().clamp(256, MOST_HEADS);
    set_all(&mut heads[..wanted], 0)
}

/// What was found at a place; a length of 0 is nothing.
#[derive(Clone, Copy, Default)]
struct Match {
    len: usize,
    distance: usize,
}

/// How long to search.
struct Limits {
    /// Places to look at.
    places: usize,
    /// A match of so many bytes is good enough.
    enough: usize,
    /// With a match shorter than this, the next place is tried too; 0 for never.
    hesitate: usize,
}

impl Limits {
    fn of(level: i32) -> Limits {
        let (places, enough, hesitate) = match level {
            ..=1 => (4, 16, 0),
            2 => (8, 32, 0),
            3 => (24, 48, 0),
            4 => (16, 32, 6),
            5 => (32, 64, 16),
            6 => (96, 128, 24),
            7 => (256, 160, 48),
            8 => (1024, LONGEST, 160),
            _ => (4096, LONGEST, LONGEST),
        };
        Limits { places, enough, hesitate }
    }
}

/// One pass over the input.
pub(super) struct Parser<'a, 'b> {
    /// The input with eight bytes behind it.
    pub padded: &'a [u8],
    /// The input's length.
    pub len: usize,
    /// For each hash, one more than the last place; 0 is none.
    pub heads: &'a mut [u16],
    /// For each place in order, what its head was before: the place before in its chain.
    pub chain: Filled<'a, u16>,
    /// How far back a match may be.
    pub reach: usize,
    /// The shortest match to look for, 3 or 4 bytes.
    pub shortest: usize,
    pub tokens: &'b mut Filled<'a, Token>,
    pub counts: &'b mut Counts,
}

impl Parser<'_, '_> {
    pub fn run(&mut self, effort: Effort) {
        // zlib.h's strategies.
        const FILTERED: i32 = 1;
        const HUFFMAN_ONLY: i32 = 2;
        const RLE: i32 = 3;
        let limits = Limits::of(effort.level);
        match effort.strategy {
            HUFFMAN_ONLY => (0..self.len).for_each(|at| self.literal(at)),
            RLE => self.runs(),
            // Small values of noise: what repeats by chance only costs.
            FILTERED => self.lazy(&limits, 6),
            _ if limits.hesitate == 0 => self.greedy(&limits),
            _ => self.lazy(&limits, self.shortest),
        }
    }

    fn emit(&mut self, token: Token) {
        self.counts.add(token);
        self.tokens.push(token);
    }

    fn literal(&mut self, at: usize) {
        self.emit(Token::literal(self.padded[at]));
    }

    fn runs(&mut self) {
        let mut at = 0;
        while at < self.len {
            let len = if at == 0 { 0 } else { self.common(at - 1, at) };
            if len < SHORTEST {
                self.literal(at);
                at += 1;
            } else {
                self.emit(Token::reference(Match { len, distance: 1 }));
                at += len;
            }
        }
    }

    fn greedy(&mut self, limits: &Limits) {
        let mut at = 0;
        while at < self.len {
            let last = self.insert(at);
            let found = self.search(at, last, limits, self.shortest - 1);
            if found.len == 0 {
                self.literal(at);
                at += 1;
            } else {
                self.emit(Token::reference(found));
                self.insert_all(at + 1..at + found.len);
                at += found.len;
            }
        }
    }

    /// Takes a match only if the place behind does not begin a longer one.
    fn lazy(&mut self, limits: &Limits, shortest: usize) {
        let mut at = 0;
        // What begins one byte before `at`, whose literal has not been written.
        let mut before: Option<Match> = None;
        while at < self.len {
            let last = self.insert(at);
            let held = before.unwrap_or_default();
            let found = if held.len < limits.hesitate.max(1) {
                self.search(at, last, limits, held.len.max(shortest - 1))
            } else {
                Match::default()
            };
            match before {
                Some(held) if held.len != 0 && found.len == 0 => {
                    self.emit(Token::reference(held));
                    let end = at - 1 + held.len;
                    self.insert_all(at + 1..end);
                    at = end;
                    before = None;
                    continue;
                }
                Some(_) => self.literal(at - 1),
                None => {}
            }
            before = Some(found);
            at += 1;
        }
        if before.is_some() {
            // A match needs three bytes, so this is none.
            self.literal(at - 1);
        }
    }

    fn insert_all(&mut self, places: core::ops::Range<usize>) {
        for at in places {
            self.insert(at);
        }
    }

    /// Puts a place into its chain; one more than the place before it there, or 0.
    fn insert(&mut self, at: usize) -> u16 {
        // The last ones hash what is behind the input with them, which only wastes their place.
        let four = u32::from_le_bytes(self.padded[at..at + 4].try_into().expect("four bytes"));
        let first = four & (u32::MAX >> (32 - 8 * self.shortest));
        let shift = 32 - self.heads.len().ilog2();
        // Knuth's multiplier: 2^32 by the golden ratio.
        let hash = first.wrapping_mul(0x9e37_79b1) >> shift;
        let head = &mut self.heads[hash as usize];
        let last = core::mem::replace(head, at as u16 + 1);
        self.chain.push(last);
        last
    }

    /// The longest match at `at` of more than `more_than` bytes, the nearest of these.
    fn search(&self, at: usize, last: u16, limits: &Limits, more_than: usize) -> Match {
        let most = LONGEST.min(self.len - at);
        let enough = limits.enough.min(most);
        let mut best = Match::default();
        let mut longer_than = more_than;
        let mut next = last;
        if longer_than >= most {
            return best;
        }
        for _ in 0..limits.places {
            let Some(from) = (next as usize).checked_sub(1) else { break };
            if at - from > self.reach {
                break;
            }
            if self.padded[from + longer_than] == self.padded[at + longer_than] {
                let len = self.common(from, at);
                if len > longer_than {
                    best = Match { len, distance: at - from };
                    longer_than = len;
                    if len >= enough {
                        break;
                    }
                }
            }
            next = self.chain.as_slice()[from];
        }
        best
    }

    /// How many bytes at `from` and at `at`, behind it, are the same.
    fn common(&self, from: usize, at: usize) -> usize {
        let most = LONGEST.min(self.len - at);
        let eight = |place: usize| {
            u64::from_le_bytes(self.padded[place..place + 8].try_into().expect("eight bytes"))
        };
        let mut len = 0;
        while len < most {
            let differing = eight(from + len) ^ eight(at + len);
            if differing != 0 {
                return most.min(len + differing.trailing_zeros() as usize / 8);
            }
            len += 8;
        }
        most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tables of RFC 1951, 3.2.5: first value and extra bits of each symbol.
    #[test]
    fn symbols_are_those_of_the_rfc() {
        let lengths = [
            3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99,
            115, 131, 163, 195, 227, 258,
        ];
        for len in 3..=258 {
            let symbol = lengths.partition_point(|&first| first <= len) - 1;
            let part = length_part(len);
            assert_eq!(part.symbol, 257 + symbol, "length {len}");
            assert_eq!(part.extra, len - lengths[symbol], "length {len}");
            let bits = if symbol < 8 || symbol == 28 { 0 } else { symbol as u32 / 4 - 1 };
            assert_eq!(part.extra_bits, bits, "length {len}");
        }
        let distances = [
            1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025,
            1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577,
        ];
        for distance in 1..=32768 {
            let symbol = distances.partition_point(|&first| first <= distance) - 1;
            let part = distance_part(distance);
            assert_eq!(part.symbol, symbol, "distance {distance}");
            assert_eq!(part.extra, distance - distances[symbol], "distance {distance}");
            let bits = if symbol < 4 { 0 } else { symbol as u32 / 2 - 1 };
            assert_eq!(part.extra_bits, bits, "distance {distance}");
        }
    }
}
