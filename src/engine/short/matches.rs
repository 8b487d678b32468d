//! The search for bytes that have occurred before, with chains of places that begin alike.

use super::SLACK;
use super::filled::Filled;
use super::huffman::{DISTANCES, END_OF_BLOCK, LITERALS};
use crate::engine::deflate_header::Effort;

/// The shortest and longest match of RFC 1951.
const SHORTEST: usize = 3;
const LONGEST: usize = 258;

/// RFC 1951's symbol of the shortest length.
const FIRST_LENGTH: usize = 257;

/// A literal, or a match: its length, and its distance in the upper half.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token(u32);

/// What a [`Token`] is.
pub(super) enum Meaning {
    Literal(u8),
    Match { length: Part, distance: Part },
}

/// One of RFC 1951's symbols for a range of numbers, with the bits that say which it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub symbol: usize,
    pub extra: u32,
    pub extra_bits: u32,
}

impl Token {
    pub fn meaning(self) -> Meaning {
        match self.0 >> 16 {
            0 => Meaning::Literal(self.0 as u8),
            distance => Meaning::Match {
                length: length_part(self.0 & 0xffff),
                distance: distance_part(distance),
            },
        }
    }
}

/// RFC 1951, 3.2.5: four symbols for each power of two from 8 on, one each for less.
fn length_part(len: u32) -> Part {
    if len == LONGEST as u32 {
        return Part { symbol: FIRST_LENGTH + 28, extra: 0, extra_bits: 0 };
    }
    let over = len - SHORTEST as u32;
    // The two bits below the highest choose among the four.
    let extra_bits = (over | 4).ilog2() - 2;
    let symbol = FIRST_LENGTH as u32 + 4 * extra_bits + (over >> extra_bits);
    Part { symbol: symbol as usize, extra: over & ((1 << extra_bits) - 1), extra_bits }
}

/// RFC 1951, 3.2.5: two symbols for each power of two from 4 on, one each for less.
fn distance_part(distance: u32) -> Part {
    let over = distance - 1;
    let extra_bits = (over | 2).ilog2() - 1;
    let symbol = 2 * extra_bits + (over >> extra_bits);
    Part { symbol: symbol as usize, extra: over & ((1 << extra_bits) - 1), extra_bits }
}

/// How often each symbol occurs.
pub(super) struct Counts {
    pub literals: [u16; LITERALS],
    pub distances: [u16; DISTANCES],
    /// All bits that follow symbols.
    pub extra_bits: usize,
}

impl Default for Counts {
    /// Nothing but the end of the block.
    fn default() -> Counts {
        let mut literals = [0; LITERALS];
        literals[END_OF_BLOCK] = 1;
        Counts { literals, distances: [0; DISTANCES], extra_bits: 0 }
    }
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

/// One pass over the input, for one of at most `PLACES` bytes. `ROOM` is [`SLACK`] more.
///
/// Places are below `PLACES`, a power of two. Where that is said again by a mask, the compiler need
/// not check it.
pub(super) struct Parser<'a, 'b, const PLACES: usize, const ROOM: usize, const HEADS: usize> {
    /// The input, and zeros behind it.
    pub input: &'a [u8; ROOM],
    /// The input's length.
    pub len: usize,
    /// For each hash, one more than the last place; 0 is none.
    pub heads: &'a mut [u16; HEADS],
    /// For each place, what its head was before: the place before in its chain.
    pub chain: &'a mut [u16; PLACES],
    /// How far back a match may be.
    pub reach: usize,
    /// The shortest match to look for, 3 or 4 bytes.
    pub shortest: usize,
    pub tokens: &'b mut Filled<'a, Token>,
    pub counts: &'b mut Counts,
}

impl<const PLACES: usize, const ROOM: usize, const HEADS: usize>
    Parser<'_, '_, PLACES, ROOM, HEADS>
{
    const SIZES_FIT: () = assert!(
        PLACES.is_power_of_two() && HEADS.is_power_of_two() && ROOM == PLACES + SLACK && SLACK == 8
    );

    pub fn run(&mut self, effort: Effort) {
        // zlib.h's strategies.
        const FILTERED: i32 = 1;
        const HUFFMAN_ONLY: i32 = 2;
        const RLE: i32 = 3;
        const { Self::SIZES_FIT };
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

    #[inline(always)]
    fn literal(&mut self, at: usize) {
        let byte = self.input[at & (PLACES - 1)];
        self.counts.literals[usize::from(byte)] += 1;
        self.tokens.push(Token(byte.into()));
    }

    #[inline(always)]
    fn reference(&mut self, found: Match) {
        let (len, distance) = (found.len as u32, found.distance as u32);
        let parts = (length_part(len), distance_part(distance));
        self.counts.literals[parts.0.symbol] += 1;
        self.counts.distances[parts.1.symbol] += 1;
        self.counts.extra_bits += (parts.0.extra_bits + parts.1.extra_bits) as usize;
        self.tokens.push(Token(distance << 16 | len));
    }

    fn runs(&mut self) {
        let mut at = 0;
        while at < self.len {
            let len = if at == 0 { 0 } else { self.common(at - 1, at) };
            if len < SHORTEST {
                self.literal(at);
                at += 1;
            } else {
                self.reference(Match { len, distance: 1 });
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
                self.reference(found);
                self.insert_all(at + 1..at + found.len);
                at += found.len;
            }
        }
    }

    /// Takes a match only if the place behind does not begin a longer one.
    fn lazy(&mut self, limits: &Limits, shortest: usize) {
        let mut at = 0;
        while at < self.len {
            let last = self.insert(at);
            let mut held = self.search(at, last, limits, shortest - 1);
            if held.len == 0 {
                self.literal(at);
                at += 1;
                continue;
            }
            // A match is held while the next place has a longer one.
            while held.len < limits.hesitate && at + 1 < self.len {
                let last = self.insert(at + 1);
                let next = self.search(at + 1, last, limits, held.len);
                if next.len == 0 {
                    // That place is in its chain already.
                    break;
                }
                self.literal(at);
                at += 1;
                held = next;
            }
            self.reference(held);
            let end = at + held.len;
            let inserted = if held.len < limits.hesitate { at + 2 } else { at + 1 };
            self.insert_all(inserted..end);
            at = end;
        }
    }

    fn insert_all(&mut self, places: core::ops::Range<usize>) {
        for at in places {
            self.insert(at);
        }
    }

    #[inline(always)]
    fn four(&self, at: usize) -> u32 {
        let at = at & (PLACES - 1);
        u32::from_le_bytes(self.input[at..at + 4].try_into().expect("four bytes"))
    }

    #[inline(always)]
    fn eight(&self, at: usize) -> u64 {
        let at = at & (PLACES - 1);
        u64::from_le_bytes(self.input[at..at + 8].try_into().expect("eight bytes"))
    }

    /// Puts a place into its chain; one more than the place before it there, or 0.
    #[inline(always)]
    fn insert(&mut self, at: usize) -> u16 {
        // The last ones hash what is behind the input with them, which only wastes their place.
        let first = self.four(at) << (32 - 8 * self.shortest);
        // Knuth's multiplier: 2^32 by the golden ratio.
        let hash = first.wrapping_mul(0x9e37_79b1) >> (32 - const { HEADS.ilog2() });
        let last = core::mem::replace(&mut self.heads[hash as usize], at as u16 + 1);
        self.chain[at & (PLACES - 1)] = last;
        last
    }

    /// The longest match at `at` of more than `more_than` bytes, the nearest of these.
    #[inline(always)]
    fn search(&self, at: usize, last: u16, limits: &Limits, more_than: usize) -> Match {
        // Most places of a short input are the first of their kind.
        if last == 0 { Match::default() } else { self.follow(at, last, limits, more_than) }
    }

    fn follow(&self, at: usize, last: u16, limits: &Limits, more_than: usize) -> Match {
        let most = LONGEST.min(self.len - at);
        let enough = limits.enough.min(most);
        let mut best = Match::default();
        let mut longer_than = more_than;
        let mut next = usize::from(last);
        if longer_than >= most {
            return best;
        }
        for _ in 0..limits.places {
            let Some(from) = next.checked_sub(1) else { break };
            if at - from > self.reach {
                break;
            }
            if self.input[from + longer_than] == self.input[at + longer_than] {
                let len = self.common(from, at);
                if len > longer_than {
                    best = Match { len, distance: at - from };
                    longer_than = len;
                    if len >= enough {
                        break;
                    }
                }
            }
            next = usize::from(self.chain[from & (PLACES - 1)]);
        }
        best
    }

    /// How many bytes at `from` and at `at`, behind it, are the same.
    #[inline(always)]
    fn common(&self, from: usize, at: usize) -> usize {
        let most = LONGEST.min(self.len - at);
        let mut len = 0;
        while len < most {
            let differing = self.eight(from + len) ^ self.eight(at + len);
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
