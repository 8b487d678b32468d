//! Huffman codes: the fixed ones, those made for a block, and how the latter are sent (RFC 1951,
//! 3.2.2 and 3.2.5 to 3.2.7).

use super::bits::BitWriter;
use super::matches::Counts;

/// Literals, the end of the block, and lengths; two more have fixed codes and never occur.
pub(super) const LITERALS: usize = 288;
/// Distances; two more have fixed codes and never occur.
pub(super) const DISTANCES: usize = 32;
pub(super) const END_OF_BLOCK: usize = 256;

/// How many symbols may have codes in a block of its own.
const SENT_LITERALS: usize = 286;
const SENT_DISTANCES: usize = 30;
/// The symbols that send code lengths.
const LENGTH_SYMBOLS: usize = 19;
/// At most so many symbols send all code lengths: each one itself.
pub(super) const DYNAMIC_HEADER_MOST: usize = SENT_LITERALS + SENT_DISTANCES;

/// The longest code of literals and distances, and of the lengths of these.
const LONGEST: usize = 15;
const LONGEST_OF_LENGTHS: usize = 7;

/// A prefix code of `N` symbols.
#[derive(Clone)]
pub(super) struct Code<const N: usize> {
    /// For each symbol the bits in the order in which they are written, and above them how many
    /// there are: 0 for a symbol without a code. (RFC 1951 has codes begin at their highest bit.)
    entries: [u32; N],
}

/// What comes next of each length, in canonical codes of so many of each (RFC 1951, 3.2.2).
const fn first_of_length(of_length: &[u16; LONGEST + 1]) -> [u16; LONGEST + 1] {
    let mut next = [0; LONGEST + 1];
    let mut length = 1;
    while length < LONGEST {
        next[length + 1] = (next[length] + of_length[length]) * 2;
        length += 1;
    }
    next
}

/// The entry for a code that RFC 1951 would write as `code`.
const fn entry(code: u16, length: u8) -> u32 {
    (code.reverse_bits() >> (16 - length)) as u32 | (length as u32) << 16
}

impl<const N: usize> Code<N> {
    /// The code of these lengths, none of them 0.
    const fn from_lengths(lengths: [u8; N]) -> Code<N> {
        let mut of_length = [0; LONGEST + 1];
        let mut symbol = 0;
        while symbol < N {
            of_length[lengths[symbol] as usize] += 1;
            symbol += 1;
        }
        let mut next = first_of_length(&of_length);
        let mut entries = [0; N];
        symbol = 0;
        while symbol < N {
            let length = lengths[symbol];
            entries[symbol] = entry(next[length as usize], length);
            next[length as usize] += 1;
            symbol += 1;
        }
        Code { entries }
    }

    /// The best code for symbols that occur so often, of at most `longest` bits a symbol, and how
    /// many bits all of them take. Two have codes at least, as zlib does it: some readers want
    /// that.
    fn for_counts(counts: &[u16], longest: usize) -> (Code<N>, usize) {
        let mut entries = [0; N];
        let mut sorted = [0u32; N];
        let mut used = 0;
        for (symbol, &count) in counts.iter().enumerate() {
            // Written in any case: whether it stays is hard to foresee.
            sorted[used.min(N - 1)] = u32::from(count) << 16 | symbol as u32;
            used += usize::from(count != 0);
        }
        if used < 2 {
            let (only, times) = match used {
                0 => (0, 0),
                _ => (sorted[0] as usize & 0xffff, sorted[0] as usize >> 16),
            };
            let other = usize::from(only == 0);
            entries[only.min(other)] = entry(0, 1);
            entries[only.max(other)] = entry(1, 1);
            return (Code { entries }, times);
        }
        let symbols = sorted;
        let sorted = &mut sorted[..used];
        sorted.sort_unstable();
        let mut weights = [0u32; N];
        for (weight, entry) in weights.iter_mut().zip(&*sorted) {
            *weight = entry >> 16;
        }
        let of_length = lengths_by_merging(&mut weights[..used], longest);
        // The rarest symbols get the longest codes.
        let mut bits = 0;
        let mut rarest = sorted.iter();
        for length in (1..=longest).rev() {
            for symbol in rarest.by_ref().take(of_length[length].into()) {
                bits += (symbol >> 16) as usize * length;
                entries[*symbol as usize & 0xffff] = length as u32;
            }
        }
        // Codes of one length go by their symbols' order.
        let mut next = first_of_length(&of_length);
        for symbol in &symbols[..used] {
            let place = &mut entries[*symbol as usize & 0xffff];
            let length = *place as u8;
            *place = entry(next[usize::from(length)], length);
            next[usize::from(length)] += 1;
        }
        (Code { entries }, bits)
    }

    #[inline(always)]
    pub fn put(&self, writer: &mut BitWriter<'_>, symbol: usize) {
        let entry = self.entries[symbol];
        writer.put((entry & 0xffff).into(), entry >> 16);
    }

    fn length(&self, symbol: usize) -> u8 {
        (self.entries[symbol] >> 16) as u8
    }

    /// How many symbols there are up to the last one that has a code.
    fn used(&self) -> usize {
        self.entries.iter().rposition(|&entry| entry != 0).map_or(0, |last| last + 1)
    }
}

/// How many codes of each length the best code has, for two or more `weights` that ascend. These
/// are used up: Huffman's tree grows in their place (Moffat and Katajainen, "In-place calculation
/// of minimum-redundancy codes", 1995).
fn lengths_by_merging(weights: &mut [u32], longest: usize) -> [u16; LONGEST + 1] {
    let last = weights.len() - 1;
    // Inner nodes are made at the front, where the leaves have been used up; one that has got its
    // parent holds that instead of its weight.
    let (mut leaf, mut inner) = (0, 0);
    for node in 0..last {
        let mut weight = 0;
        for _ in 0..2 {
            if leaf > last || (inner < node && weights[inner] < weights[leaf]) {
                weight += core::mem::replace(&mut weights[inner], node as u32);
                inner += 1;
            } else {
                weight += weights[leaf];
                leaf += 1;
            }
        }
        weights[node] = weight;
    }
    // Each inner node's depth, from the root down, and with it how many there are at each.
    let mut inner_at = [0u16; 32];
    weights[last - 1] = 0;
    inner_at[0] = 1;
    for node in (0..last - 1).rev() {
        let depth = weights[weights[node] as usize] + 1;
        weights[node] = depth;
        inner_at[depth as usize] += 1;
    }
    // What is not an inner node is a leaf. Too deep ones go to the deepest allowed place.
    let mut of_length = [0u16; LONGEST + 1];
    let mut nodes = 1;
    for (depth, &inner) in inner_at.iter().enumerate() {
        of_length[depth.min(longest)] += nodes - inner;
        nodes = 2 * inner;
    }
    // That takes more than the whole of the code space, in units of its longest codes. Where a
    // leaf goes one deeper, there is room for one of the deepest beside it.
    let space = |(length, &count): (usize, &u16)| usize::from(count) << (longest - length);
    let mut taken: usize = of_length[..=longest].iter().enumerate().map(space).sum();
    while taken > 1 << longest {
        let from = (1..longest).rev().find(|&length| of_length[length] != 0).expect("a short code");
        of_length[from] -= 1;
        of_length[from + 1] += 2;
        of_length[longest] -= 1;
        taken -= 1;
    }
    of_length
}

/// The fixed codes (RFC 1951, 3.2.6).
pub(super) static FIXED_LITERALS: Code<LITERALS> = Code::from_lengths({
    let mut lengths = [8; LITERALS];
    let mut symbol = 144;
    while symbol < 280 {
        lengths[symbol] = if symbol < 256 { 9 } else { 7 };
        symbol += 1;
    }
    lengths
});
pub(super) static FIXED_DISTANCES: Code<DISTANCES> = Code::from_lengths([5; DISTANCES]);

/// The bits of all symbols in fixed codes.
pub(super) fn fixed_bits(counts: &Counts) -> usize {
    let sum = |counts: &[u16]| counts.iter().copied().map(usize::from).sum::<usize>();
    let literals = &counts.literals;
    let all = 8 * sum(literals) + sum(&literals[144..256]) - sum(&literals[256..280]);
    all + 5 * sum(&counts.distances)
}

/// A block's own codes, ready to be sent.
pub(super) struct DynamicHeader<'a> {
    pub literals: Code<LITERALS>,
    pub distances: Code<DISTANCES>,
    sent_literals: usize,
    sent_distances: usize,
    lengths: Code<LENGTH_SYMBOLS>,
    sent_lengths: usize,
    /// Symbols of code lengths, with the bits that follow them in the upper half.
    runs: &'a [u16],
    bits: usize,
}

/// The order in which the lengths of the lengths' codes are sent (RFC 1951, 3.2.7).
const LENGTH_ORDER: [usize; LENGTH_SYMBOLS] =
    [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// The symbols of runs: the last length 3 to 6 times, 0 3 to 10 times, 0 11 to 138 times.
const REPEAT: u16 = 16;
const ZEROS: u16 = 17;
const MANY_ZEROS: u16 = 18;

/// How many bits follow a code length's symbol.
fn run_bits(symbol: u16) -> u32 {
    match symbol {
        REPEAT => 2,
        ZEROS => 3,
        MANY_ZEROS => 7,
        _ => 0,
    }
}

impl<'a> DynamicHeader<'a> {
    pub fn new(counts: &Counts, room: &'a mut [u16; DYNAMIC_HEADER_MOST]) -> DynamicHeader<'a> {
        let (literals, literal_bits) = Code::for_counts(&counts.literals[..SENT_LITERALS], LONGEST);
        let (distances, distance_bits) =
            Code::for_counts(&counts.distances[..SENT_DISTANCES], LONGEST);
        let sent_literals = literals.used();
        let sent_distances = distances.used();

        let mut all = [0; DYNAMIC_HEADER_MOST];
        let all = &mut all[..sent_literals + sent_distances];
        let entries = literals.entries[..sent_literals].iter();
        for (length, entry) in all.iter_mut().zip(entries.chain(&distances.entries)) {
            *length = (entry >> 16) as u8;
        }
        let runs = runs(all, room);

        let mut length_counts = [0; LENGTH_SYMBOLS];
        for run in runs {
            length_counts[usize::from(run & 0xff)] += 1;
        }
        let (lengths, length_bits) = Code::for_counts(&length_counts, LONGEST_OF_LENGTHS);
        let sent_lengths = LENGTH_ORDER
            .iter()
            .rposition(|&symbol| lengths.length(symbol) != 0)
            .map_or(4, |at| 4.max(at + 1));
        let following = (REPEAT..=MANY_ZEROS)
            .map(|symbol| {
                run_bits(symbol) as usize * usize::from(length_counts[usize::from(symbol)])
            })
            .sum::<usize>();
        let header = 5 + 5 + 4 + 3 * sent_lengths + length_bits + following;
        DynamicHeader {
            literals,
            distances,
            sent_literals,
            sent_distances,
            lengths,
            sent_lengths,
            runs,
            bits: header + literal_bits + distance_bits,
        }
    }

    /// The bits of the header and of all symbols, without those that follow symbols.
    pub fn bits(&self) -> usize {
        self.bits
    }

    pub fn write(&self, writer: &mut BitWriter<'_>) {
        writer.put(self.sent_literals as u64 - 257, 5);
        writer.put(self.sent_distances as u64 - 1, 5);
        writer.put(self.sent_lengths as u64 - 4, 4);
        writer.flush();
        for &symbol in &LENGTH_ORDER[..self.sent_lengths] {
            writer.put(self.lengths.length(symbol).into(), 3);
            writer.flush();
        }
        for run in self.runs {
            let symbol = run & 0xff;
            self.lengths.put(writer, symbol.into());
            writer.put(u64::from(run >> 8), run_bits(symbol));
            writer.flush();
        }
    }
}

/// The code lengths as symbols and runs of them.
fn runs<'a>(lengths: &[u8], room: &'a mut [u16; DYNAMIC_HEADER_MOST]) -> &'a [u16] {
    let mut len = 0;
    let mut push = |symbol: u16, following: usize| {
        room[len] = (following as u16) << 8 | symbol;
        len += 1;
    };
    for run in lengths.chunk_by(|a, b| a == b) {
        let length = run[0];
        let mut left = run.len();
        if length != 0 {
            push(length.into(), 0);
            left -= 1;
        }
        while left >= 3 {
            let (symbol, least, most) = match (length, left) {
                (0, 11..) => (MANY_ZEROS, 11, 138),
                (0, _) => (ZEROS, 3, 10),
                _ => (REPEAT, 3, 6),
            };
            let count = left.min(most);
            push(symbol, count - least);
            left -= count;
        }
        (0..left).for_each(|_| push(length.into(), 0));
    }
    &room[..len]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The space that codes take of all there is, in units of 2^-15.
    fn space(of_length: &[u16]) -> usize {
        of_length.iter().enumerate().skip(1).map(|(n, &count)| usize::from(count) << (15 - n)).sum()
    }

    #[test]
    fn code_lengths_fill_the_space_and_keep_to_the_limit() {
        // Fibonacci's numbers make the deepest tree there is.
        let mut deep = vec![1u32, 1];
        while deep.iter().sum::<u32>() < 60_000 {
            deep.push(deep[deep.len() - 1] + deep[deep.len() - 2]);
        }
        let flat = vec![7; 286];
        for weights in [deep, flat, vec![1, 1], vec![1, 2, 2, 3, 900]] {
            for longest in [LONGEST, LONGEST_OF_LENGTHS] {
                if weights.len() > 1 << longest {
                    continue;
                }
                let of_length = lengths_by_merging(&mut weights.clone(), longest);
                assert_eq!(of_length.iter().sum::<u16>() as usize, weights.len());
                assert_eq!(space(&of_length), 1 << 15, "{weights:?} in {longest} bits");
                assert!(of_length[longest + 1..].iter().all(|&count| count == 0));
            }
        }
    }

    #[test]
    fn lengths_are_huffmans() {
        // 1 1 2 3 5: depths 4 4 3 2 1.
        let of_length = lengths_by_merging(&mut [1, 1, 2, 3, 5], LONGEST);
        assert_eq!(of_length[..6], [0, 1, 1, 1, 2, 0]);
        let of_length = lengths_by_merging(&mut [1, 1, 1, 1], LONGEST);
        assert_eq!(of_length[..4], [0, 0, 4, 0]);
    }

    #[test]
    fn codes_are_those_of_the_rfcs_example() {
        // RFC 1951, 3.2.2: lengths 3 3 3 3 3 2 4 4.
        let code = Code::from_lengths([3, 3, 3, 3, 3, 2, 4, 4]);
        let forward: Vec<u32> = code
            .entries
            .iter()
            .map(|entry| (*entry as u16).reverse_bits() as u32 >> (16 - (entry >> 16)))
            .collect();
        assert_eq!(forward, [0b010, 0b011, 0b100, 0b101, 0b110, 0b00, 0b1110, 0b1111]);
    }
}
