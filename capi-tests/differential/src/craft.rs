//! Deflate blocks made bit by bit (RFC 1951), with what compressors never write: any code lengths,
//! distances beyond the window, lengths that contradict each other.

use std::ffi::c_int;

use crate::source::Source;

/// Bits in the order of RFC 1951: the first in the lowest bit.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: u32,
}

impl Bits {
    fn put(&mut self, value: u32, count: u32) {
        for i in 0..count {
            if self.used == 0 {
                self.bytes.push(0);
            }
            let last = self.bytes.last_mut().expect("a byte was just pushed");
            *last |= (((value >> i) & 1) as u8) << self.used;
            self.used = (self.used + 1) % 8;
        }
    }

    /// A Huffman code, whose first bit is its highest.
    fn code(&mut self, (code, len): (u32, u32)) {
        for i in (0..len).rev() {
            self.put(code >> i, 1);
        }
    }

    fn align(&mut self) {
        self.used = 0;
    }
}

/// The canonical codes of RFC 1951, 3.2.2, complete or not.
fn canonical(lengths: &[u32]) -> Vec<(u32, u32)> {
    let mut next = [0u32; 17];
    let mut code = 0u32;
    for len in 1..16 {
        let shorter = lengths.iter().filter(|l| **l == len - 1 && len > 1).count() as u32;
        code = code.wrapping_add(shorter) << 1;
        next[len as usize] = code;
    }
    lengths
        .iter()
        .map(|len| {
            let code = next[*len as usize];
            next[*len as usize] = code.wrapping_add(1);
            (code, *len)
        })
        .collect()
}

/// Lengths of a complete code of at most `count` symbols, by splitting leaves.
fn leaves(s: &mut Source, count: usize, max_bits: u32) -> Vec<u32> {
    let mut leaves = vec![0u32];
    let wanted = (s.length(count as u32) as usize).clamp(1, count);
    while leaves.len() < wanted {
        // Not by trying again: a fuzzer's bytes come to an end, and then the choice stays the same.
        let first = s.below(leaves.len() as u32) as usize;
        let mut from_there = (first..leaves.len()).chain(0..first);
        let Some(at) = from_there.find(|at| leaves[*at] < max_bits) else { break };
        leaves[at] += 1;
        leaves.push(leaves[at]);
    }
    leaves
}

/// Lengths of a code over `count` symbols, complete unless it was spoilt.
fn lengths(s: &mut Source, count: usize, max_bits: u32) -> Vec<u32> {
    let mut leaves = leaves(s, count, max_bits);
    if leaves.len() == 1 {
        leaves[0] = 1;
    }
    let mut all = vec![0; count];
    for len in leaves {
        let mut at = s.below(count as u32) as usize;
        while all[at] != 0 {
            at = (at + 1) % count;
        }
        all[at] = len;
    }
    if s.one_in(8) {
        let at = s.below(count as u32) as usize;
        all[at] = s.below(max_bits + 1);
    }
    all
}

/// Some blocks in a raw, zlib or gzip stream; `bits` becomes what they are made for.
pub fn blocks(s: &mut Source, bits: &mut c_int) -> Vec<u8> {
    let mut b = Bits::default();
    *bits = match s.below(3) {
        0 => {
            b.bytes.extend([0x78, 0x9c]);
            15
        }
        1 => {
            gzip_header(s, &mut b);
            31
        }
        _ => -15,
    };
    let count = s.range(1, 6);
    for i in 0..count {
        b.put(u32::from(i + 1 == count), 1);
        match s.below(12) {
            0..=2 => stored(s, &mut b),
            3..=5 => {
                b.put(1, 2);
                symbols(s, &mut b, &fixed_literals(), &canonical(&[5; 32]));
            }
            11 => b.put(3, 2),
            _ => dynamic(s, &mut b),
        }
    }
    let mut all = b.bytes;
    let tail = s.length(12) as usize;
    all.extend(s.fill(tail));
    all
}

/// The codes of fixed blocks (RFC 1951, 3.2.6).
fn fixed_literals() -> Vec<(u32, u32)> {
    let lengths: Vec<u32> = (0..288)
        .map(|n| match n {
            0..=143 => 8,
            144..=255 => 9,
            256..=279 => 7,
            _ => 8,
        })
        .collect();
    canonical(&lengths)
}

/// What a fixed block may hold.
#[derive(Clone, Copy, Debug)]
pub enum Symbol {
    /// Any of 0 to 287, without extra bits.
    Literal(usize),
    /// A match of three bytes.
    Match { distance: u32 },
}

/// A raw stream of one fixed block, its last.
pub fn fixed(symbols: &[Symbol]) -> Vec<u8> {
    let (literals, distances) = (fixed_literals(), canonical(&[5; 32]));
    let mut b = Bits::default();
    b.put(3, 3);
    for symbol in symbols {
        match *symbol {
            Symbol::Literal(value) => b.code(literals[value]),
            Symbol::Match { distance } => {
                b.code(literals[257]);
                // The last code that begins no later: its base, and what is left in extra bits.
                let base = |code: u32| match code {
                    0..4 => code + 1,
                    _ => ((2 + (code & 1)) << (code / 2 - 1)) + 1,
                };
                let code = (0..30).rev().find(|code| base(*code) <= distance).unwrap_or(0);
                b.code(distances[code as usize]);
                b.put(distance - base(code), (code / 2).saturating_sub(1));
            }
        }
    }
    b.bytes
}

fn stored(s: &mut Source, b: &mut Bits) {
    b.put(0, 2);
    b.align();
    let len = if s.one_in(3) { 0 } else { s.length(400) };
    let check = if s.one_in(12) { s.u32() } else { !len };
    b.put(len, 16);
    b.put(check, 16);
    b.bytes.extend(s.fill(len as usize));
}

fn dynamic(s: &mut Source, b: &mut Bits) {
    const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
    b.put(2, 2);
    // 287 and 288 literals and 31 and 32 distances are more than there are.
    let (literals, distances) = if s.one_in(20) { (288, 32) } else { (286, 30) };
    let literals = s.range(257, literals) as usize;
    let distances = s.range(1, distances) as usize;
    let mut lens = lengths(s, literals, 15);
    if !s.one_in(12) && lens[256] == 0 {
        // End of block must have a code; take another symbol's.
        if let Some(other) = (0..256).find(|i| lens[*i] != 0) {
            lens.swap(256, other);
        }
    }
    let dists = lengths(s, distances, 15);
    let mut code_lens = lengths(s, 19, 7);
    if !s.one_in(10) {
        // All that the lengths need, in a complete code: 13 of four bits, 6 of five.
        code_lens = (0..19).map(|i| if i < 13 { 4 } else { 5 }).collect();
    }
    let codes = canonical(&code_lens);
    b.put(literals as u32 - 257, 5);
    b.put(distances as u32 - 1, 5);
    b.put(15, 4);
    for symbol in ORDER {
        b.put(code_lens[symbol], 3);
    }
    let all: Vec<u32> = lens.iter().chain(&dists).copied().collect();
    let mut at = 0;
    while at < all.len() {
        let run = all[at..].iter().take_while(|l| **l == all[at]).count();
        if all[at] == 0 && run >= 11 && !s.one_in(6) {
            let count = run.min(138);
            b.code(codes[18]);
            b.put(count as u32 - 11, 7);
            at += count;
        } else if all[at] == 0 && run >= 3 && !s.one_in(3) {
            let count = run.min(10);
            b.code(codes[17]);
            b.put(count as u32 - 3, 3);
            at += count;
        } else if at > 0 && all[at - 1] == all[at] && run >= 3 && !s.one_in(3) {
            let count = run.min(6);
            b.code(codes[16]);
            b.put(count as u32 - 3, 2);
            at += count;
        } else {
            b.code(codes[all[at] as usize]);
            at += 1;
            if s.one_in(2000) {
                b.code(codes[16]);
                b.put(3, 2);
            }
        }
    }
    symbols(s, b, &canonical(&lens), &canonical(&dists));
}

/// Random symbols that have a code, then the end of the block.
fn symbols(s: &mut Source, b: &mut Bits, literals: &[(u32, u32)], distances: &[(u32, u32)]) {
    let coded = |codes: &[(u32, u32)]| -> Vec<usize> {
        (0..codes.len()).filter(|i| codes[*i].1 != 0).collect()
    };
    let (literal_symbols, distance_symbols) = (coded(literals), coded(distances));
    if literal_symbols.is_empty() {
        return;
    }
    let mut written = 0u32;
    let sane = !s.one_in(4);
    for _ in 0..s.length(3000) {
        let symbol = literal_symbols[s.below(literal_symbols.len() as u32) as usize];
        if symbol == 256 || (symbol > 256 && sane && written < 4) {
            continue;
        }
        if symbol > 285 && !s.one_in(30) {
            continue;
        }
        if symbol < 256 {
            b.code(literals[symbol]);
            written += 1;
            continue;
        }
        // A length that RFC 1951 gives extra bits to.
        let mut distance = None;
        for _ in 0..4 {
            let Some(at) = distance_symbols.get(s.below(distance_symbols.len() as u32) as usize)
            else {
                break;
            };
            let base =
                if *at < 4 { *at as u32 + 1 } else { (2 + (*at as u32 & 1)) << (*at / 2 - 1) };
            if !sane || base * 2 <= written + 1 {
                distance = Some(*at);
                break;
            }
        }
        if sane && distance.is_none() && !s.one_in(200) {
            continue;
        }
        b.code(literals[symbol]);
        let extra = match symbol {
            257..=264 | 285.. => 0,
            _ => (symbol as u32 - 261) / 4,
        };
        b.put(s.u32(), extra);
        written += 3;
        match distance {
            Some(at) => {
                b.code(distances[at]);
                let extra = if at < 4 { 0 } else { at as u32 / 2 - 1 };
                b.put(s.u32(), extra.min(13));
            }
            None => b.put(s.u32(), 7),
        }
    }
    if literals.get(256).is_some_and(|code| code.1 != 0) && !s.one_in(20) {
        b.code(literals[256]);
    }
}

/// A gzip header with random fields (RFC 1952); its crc is right only by chance.
fn gzip_header(s: &mut Source, b: &mut Bits) {
    let flags =
        if s.one_in(2) { 0 } else { s.pick(&[0u8, 1, 4, 8, 12, 16, 24, 28, 2, 30, 0x20, 0x80]) };
    b.bytes.extend([0x1f, 0x8b, 8, flags]);
    b.bytes.extend(s.fill(6));
    if flags & 4 != 0 {
        let len = s.length(300);
        b.bytes.extend((len as u16).to_le_bytes());
        b.bytes.extend(s.fill(len as usize));
    }
    for flag in [8, 16] {
        if flags & flag != 0 {
            let len = s.length(300) as usize;
            b.bytes.extend(s.fill(len).iter().map(|byte| byte | 1));
            b.bytes.push(0);
        }
    }
    if flags & 2 != 0 {
        b.bytes.extend(s.fill(2));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_made_even_when_the_bytes_end() {
        // Twenty-nine symbols are asked for, and then every choice is the first.
        let leaves = leaves(&mut Source::bytes(&[8, 1, 30]), 286, 15);
        assert_eq!(leaves.len(), 29);
        let kraft: u32 = leaves.iter().map(|len| 1 << (15 - len)).sum();
        assert_eq!(kraft, 1 << 15);
    }
}
