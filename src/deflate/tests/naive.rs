//! Blocks written the slow way, one bit at a time: what the block writer is compared with.
//!
//! RFC 1951 leaves open which code lengths a block has and how its lengths are sent. That is as in
//! zlib: Huffman's algorithm with a heap whose order is told in [`lengths`], and runs as long as
//! they can be.

use crate::deflate::tree::{DISTANCES, LENGTHS, LITERALS};

/// What a block is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Symbol {
    Literal(u8),
    Match { distance: usize, length: usize },
}

/// Bits in the order in which they are sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bits(pub Vec<bool>);

impl Bits {
    /// A number, its lowest bit first.
    pub fn number(&mut self, value: u64, count: u32) {
        self.0.extend((0..count).map(|bit| value >> bit & 1 == 1));
    }

    /// A code, its highest bit first.
    fn code(&mut self, (value, count): (u32, u32)) {
        self.0.extend((0..count).rev().map(|bit| value >> bit & 1 == 1));
    }

    /// Zeros to a whole byte.
    pub fn align(&mut self) {
        self.0.resize(self.0.len().next_multiple_of(8), false);
    }

    /// The whole bytes, and the bits behind them with their number.
    pub fn bytes(&self) -> (Vec<u8>, (u32, u32)) {
        let of = |bits: &[bool]| {
            bits.iter().enumerate().fold(0u32, |sum, (i, &bit)| sum | u32::from(bit) << i)
        };
        let (whole, rest) = self.0.as_chunks::<8>();
        (whole.iter().map(|bits| of(bits) as u8).collect(), (of(rest), rest.len() as u32))
    }
}

/// A value's code from a table of first values and numbers of extra bits, and its extra bits.
fn in_table(value: usize, firsts: &[(usize, u32)]) -> (usize, u64, u32) {
    let code = firsts.iter().rposition(|(first, _)| *first <= value).unwrap();
    (code, (value - firsts[code].0) as u64, firsts[code].1)
}

/// RFC 1951's table of lengths (section 3.2.5): 258 has a code of its own.
pub fn length_code(length: usize) -> (usize, u64, u32) {
    let mut firsts: Vec<(usize, u32)> = Vec::new();
    let mut first = 3;
    for code in 0..28u32 {
        let extra = (code / 4).saturating_sub(1);
        firsts.push((first, extra));
        first += 1 << extra;
    }
    firsts.push((258, 0));
    let (code, extra, bits) = in_table(length, &firsts);
    (code + 257, extra, bits)
}

/// RFC 1951's table of distances.
pub fn distance_code(distance: usize) -> (usize, u64, u32) {
    let mut firsts: Vec<(usize, u32)> = Vec::new();
    let mut first = 1;
    for code in 0..DISTANCES as u32 {
        let extra = (code / 2).saturating_sub(1);
        firsts.push((first, extra));
        first += 1 << extra;
    }
    in_table(distance, &firsts)
}

/// The lengths of the fixed codes for literals and lengths (section 3.2.6).
fn fixed_lengths() -> Vec<u8> {
    let of = |code| match code {
        0..=143 => 8,
        144..=255 => 9,
        256..=279 => 7,
        _ => 8,
    };
    (0..288).map(of).collect()
}

/// Codes from their lengths (section 3.2.2).
pub fn codes(lengths: &[u8]) -> Vec<(u32, u32)> {
    let mut next = 0;
    let mut codes = vec![(0, 0); lengths.len()];
    for bits in 1..=15 {
        next <<= 1;
        for (code, _) in lengths.iter().enumerate().filter(|(_, length)| **length == bits) {
            codes[code] = (next, bits.into());
            next += 1;
        }
    }
    codes
}

/// The code lengths that zlib chooses, at most `longest`, and the last code that is used. At least
/// two codes have one.
///
/// The heap is an array; a node is compared by frequency and then by the depth of its tree. What
/// sinks does so below a smaller node or, of the two below it, the right one if that is not larger.
pub fn lengths(frequencies: &[u16], longest: usize) -> (Vec<u8>, usize) {
    let mut frequencies: Vec<u32> = frequencies.iter().map(|f| u32::from(*f)).collect();
    let mut used: Vec<usize> = (0..frequencies.len()).filter(|&i| frequencies[i] != 0).collect();
    let mut last = used.last().copied();
    while used.len() < 2 {
        let extra = match last {
            None => 0,
            Some(last) if last < 2 => last + 1,
            Some(_) => 0,
        };
        last = Some(last.map_or(0, |last| last.max(extra)));
        frequencies[extra] = 1;
        used.push(extra);
    }
    // (frequency, depth, the leaves below)
    struct Tree {
        weight: (u32, u32),
        sons: Option<(usize, usize)>,
    }
    let mut nodes: Vec<Tree> =
        frequencies.iter().map(|&f| Tree { weight: (f, 0), sons: None }).collect();
    let mut heap = used;
    fn sink(heap: &mut [usize], nodes: &[Tree], mut at: usize) {
        loop {
            let (left, right) = (2 * at + 1, 2 * at + 2);
            let weight = |at: usize| nodes[heap[at]].weight;
            let mut smaller = left;
            if right < heap.len() && weight(right) <= weight(left) {
                smaller = right;
            }
            if smaller >= heap.len() || weight(at) <= weight(smaller) {
                return;
            }
            heap.swap(at, smaller);
            at = smaller;
        }
    }
    for at in (0..heap.len() / 2).rev() {
        sink(&mut heap, &nodes, at);
    }
    // The order in which nodes leave the heap decides which of them get the longest codes.
    let mut left_heap = Vec::new();
    while heap.len() > 1 {
        let first = heap.swap_remove(0);
        sink(&mut heap, &nodes, 0);
        let second = heap[0];
        left_heap.extend([first, second]);
        let weight = |node: usize| nodes[node].weight;
        let depth = weight(first).1.max(weight(second).1) + 1;
        let weight = (weight(first).0 + weight(second).0, depth);
        nodes.push(Tree { weight, sons: Some((first, second)) });
        heap[0] = nodes.len() - 1;
        sink(&mut heap, &nodes, 0);
    }
    // No node is deeper than `longest`; what would be is counted where it is cut off.
    let mut depths = vec![0usize; nodes.len()];
    let mut counts = vec![0usize; longest + 1];
    let mut too_deep = 0;
    for node in (0..nodes.len()).rev() {
        match nodes[node].sons {
            Some((first, second)) => {
                for son in [first, second] {
                    too_deep += usize::from(depths[node] == longest);
                    depths[son] = (depths[node] + 1).min(longest);
                }
            }
            None if nodes[node].weight.0 != 0 => counts[depths[node]] += 1,
            None => {}
        }
    }
    let repaired = too_deep > 0;
    while too_deep > 0 {
        let above = (1..longest).rev().find(|bits| counts[*bits] != 0).unwrap();
        counts[above] -= 1;
        counts[above + 1] += 2;
        counts[longest] -= 1;
        too_deep = too_deep.saturating_sub(2);
    }
    let mut all = vec![0u8; frequencies.len()];
    let by_rarity: Vec<usize> = left_heap.into_iter().filter(|&n| n < all.len()).collect();
    if repaired {
        let mut leaves = by_rarity.into_iter();
        for bits in (1..=longest).rev() {
            for leaf in leaves.by_ref().take(counts[bits]) {
                all[leaf] = bits as u8;
            }
        }
    } else {
        for leaf in by_rarity {
            all[leaf] = depths[leaf] as u8;
        }
    }
    (all, last.unwrap())
}

/// What is sent for code lengths (section 3.2.7): the code, its extra bits and their number. zlib
/// sends a length once before it repeats it, and repeats as much as one code can.
pub fn runs(lengths: &[u8]) -> Vec<(usize, u64, u32)> {
    let mut sent = Vec::new();
    let mut at = 0;
    let mut before = None;
    while at < lengths.len() {
        let length = lengths[at];
        let run = lengths[at..].iter().take_while(|l| **l == length).count();
        let most = match length {
            0 => 138,
            _ if before == Some(length) => 6,
            _ => 7,
        };
        let run = run.min(most);
        at += run;
        let first = usize::from(length != 0 && before != Some(length));
        match (length, run) {
            (0, 3..=10) => sent.push((17, run as u64 - 3, 3)),
            (0, 11..) => sent.push((18, run as u64 - 11, 7)),
            (1.., _) if run - first >= 3 => {
                sent.extend(vec![(length.into(), 0, 0); first]);
                sent.push((16, (run - first) as u64 - 3, 2));
            }
            _ => sent.extend(vec![(length.into(), 0, 0); run]),
        }
        before = Some(length);
    }
    sent
}

/// How a block was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Stored,
    Fixed,
    Dynamic,
}

/// Writes a block behind `bits`, in the way that zlib chooses: stored if `stored` is there and with
/// four bytes more not larger, with fixed codes if those are not larger than others.
pub fn block(
    bits: &mut Bits,
    symbols: &[Symbol],
    stored: Option<&[u8]>,
    fixed_only: bool,
    last: bool,
) -> Kind {
    let mut literal_counts = [0; LITERALS];
    let mut distance_counts = [0; DISTANCES];
    literal_counts[256] = 1;
    for symbol in symbols {
        match *symbol {
            Symbol::Literal(byte) => literal_counts[usize::from(byte)] += 1,
            Symbol::Match { distance, length } => {
                literal_counts[length_code(length).0] += 1;
                distance_counts[distance_code(distance).0] += 1;
            }
        }
    }
    let (literals, last_literal) = lengths(&literal_counts, 15);
    let (distances, last_distance) = lengths(&distance_counts, 15);
    let header = [runs(&literals[..=last_literal]), runs(&distances[..=last_distance])].concat();
    let mut run_counts = [0; LENGTHS];
    header.iter().for_each(|(code, ..)| run_counts[*code] += 1);
    let (run_lengths, _) = lengths(&run_counts, 7);
    const ORDER: [usize; LENGTHS] =
        [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
    let run_codes = ORDER.iter().rposition(|code| run_lengths[*code] != 0).unwrap().max(3) + 1;

    let mut dynamic = Bits::default();
    dynamic.number(u64::from(last) | 2 << 1, 3);
    dynamic.number(last_literal as u64 - 256, 5);
    dynamic.number(last_distance as u64, 5);
    dynamic.number(run_codes as u64 - 4, 4);
    ORDER[..run_codes].iter().for_each(|code| dynamic.number(run_lengths[*code].into(), 3));
    let of_runs = codes(&run_lengths);
    for (code, extra, count) in header {
        dynamic.code(of_runs[code]);
        dynamic.number(extra, count);
    }
    data(&mut dynamic, symbols, &codes(&literals), &codes(&distances));
    let mut fixed = Bits::default();
    fixed.number(u64::from(last) | 1 << 1, 3);
    data(&mut fixed, symbols, &codes(&fixed_lengths()), &codes(&[5; DISTANCES]));

    let bytes = |bits: &Bits| bits.0.len().div_ceil(8);
    let fixed_wins = bytes(&fixed) <= bytes(&dynamic) || fixed_only;
    let smaller = if fixed_wins { fixed } else { dynamic };
    match stored {
        Some(stored) if stored.len() + 4 <= bytes(&smaller) => {
            bits.number(last.into(), 3);
            bits.align();
            let len = stored.len() as u16;
            bits.number(len.into(), 16);
            bits.number((!len).into(), 16);
            stored.iter().for_each(|byte| bits.number(u64::from(*byte), 8));
            return Kind::Stored;
        }
        _ => bits.0.extend(smaller.0),
    }
    if last {
        bits.align();
    }
    if fixed_wins { Kind::Fixed } else { Kind::Dynamic }
}

fn data(bits: &mut Bits, symbols: &[Symbol], literals: &[(u32, u32)], distances: &[(u32, u32)]) {
    for symbol in symbols {
        match *symbol {
            Symbol::Literal(byte) => bits.code(literals[usize::from(byte)]),
            Symbol::Match { distance, length } => {
                let (code, extra, count) = length_code(length);
                bits.code(literals[code]);
                bits.number(extra, count);
                let (code, extra, count) = distance_code(distance);
                bits.code(distances[code]);
                bits.number(extra, count);
            }
        }
    }
    bits.code(literals[256]);
}
