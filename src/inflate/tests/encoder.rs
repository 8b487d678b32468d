//! Blocks made symbol by symbol, with the bytes that they stand for by RFC 1951's definition.

use crate::testing::Random;

/// Bits in RFC 1951's order.
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
            *self.bytes.last_mut().unwrap() |= ((value >> i & 1) as u8) << self.used;
            self.used = (self.used + 1) % 8;
        }
    }

    /// A Huffman code, whose first bit is its highest.
    fn code(&mut self, (code, length): (u32, u32)) {
        for i in (0..length).rev() {
            self.put(code >> i, 1);
        }
    }
}

/// RFC 1951, 3.2.2.
fn canonical(lengths: &[u32]) -> Vec<(u32, u32)> {
    let mut next = [0; 17];
    let mut code = 0;
    for length in 1..=15u32 {
        let shorter = lengths.iter().filter(|l| length > 1 && **l == length - 1).count() as u32;
        code = (code + shorter) << 1;
        next[length as usize] = code;
    }
    let mut take = |length: u32| {
        next[length as usize] += 1;
        (next[length as usize] - 1, length)
    };
    lengths.iter().map(|length| if *length == 0 { (0, 0) } else { take(*length) }).collect()
}

/// Lengths of a complete code of `symbols`, made by splitting codes at random: the fewer of them
/// are tried for each split, the more uneven.
fn lengths(random: &mut Random, count: usize, symbols: &[usize]) -> Vec<u32> {
    let mut leaves = vec![1, 1];
    let uneven = random.below(3);
    while leaves.len() < symbols.len() {
        let mut at = random.below(leaves.len());
        for _ in 0..uneven {
            let other = random.below(leaves.len());
            if leaves[other] > leaves[at] && leaves[other] < 15 {
                at = other;
            }
        }
        if leaves[at] < 15 {
            leaves[at] += 1;
            leaves.push(leaves[at]);
        }
    }
    let mut all = vec![0; count];
    for (symbol, length) in symbols.iter().zip(leaves) {
        all[*symbol] = length;
    }
    all
}

fn length_code(length: usize) -> (usize, u32, u32) {
    let mut base = 3;
    for symbol in 257..285 {
        let extra = if symbol < 265 { 0 } else { (symbol as u32 - 261) / 4 };
        if length < base + (1 << extra) && length < 258 {
            return (symbol, (length - base) as u32, extra);
        }
        base += 1 << extra;
    }
    (285, 0, 0)
}

fn distance_code(distance: usize) -> (usize, u32, u32) {
    let mut base = 1;
    for symbol in 0..30 {
        let extra = if symbol < 4 { 0 } else { symbol as u32 / 2 - 1 };
        if distance < base + (1 << extra) {
            return (symbol, (distance - base) as u32, extra);
        }
        base += 1 << extra;
    }
    unreachable!("a distance of {distance}")
}

/// A stream and what it stands for.
pub struct Stream {
    pub bytes: Vec<u8>,
    pub plain: Vec<u8>,
}

/// Some blocks, dynamic and fixed, of about `size` bytes each.
pub fn stream(random: &mut Random, blocks: usize, size: usize) -> Stream {
    stream_within(random, blocks, size, 1 << 15)
}

/// The same with no distance of more than `window`, and some that are hardly less.
pub fn stream_within(random: &mut Random, blocks: usize, size: usize, window: usize) -> Stream {
    let mut bits = Bits::default();
    let mut plain: Vec<u8> = Vec::new();
    for block in 0..blocks {
        bits.put(u32::from(block + 1 == blocks), 1);
        let letters = random.pick([4, 30, 200, 256]);
        // The decoder has a loop for blocks whose code for a length of 258 is short.
        let long = random.below(4) == 0;
        let (literals, distances) = if random.below(5) == 0 {
            bits.put(1, 2);
            let fixed = |n| match n {
                0..=143 => 8,
                144..=255 => 9,
                256..=279 => 7,
                _ => 8,
            };
            let lengths: Vec<u32> = (0..288).map(fixed).collect();
            (canonical(&lengths), canonical(&[5; 30]))
        } else {
            bits.put(2, 2);
            let mut symbols: Vec<usize> = (0..letters).chain(257..286).collect();
            for i in (1..symbols.len()).rev() {
                symbols.swap(i, random.below(i + 1));
            }
            let end = random.below(symbols.len());
            symbols.insert(end, 256);
            let all: Vec<usize> = (0..30).collect();
            let mut literals = lengths(random, 286, &symbols);
            if long {
                let shortest = symbols.iter().copied().min_by_key(|symbol| literals[*symbol]);
                literals.swap(285, shortest.unwrap());
            }
            let distances = lengths(random, 30, &all);
            header(random, &mut bits, &literals, &distances);
            (canonical(&literals), canonical(&distances))
        };
        let end = plain.len() + size;
        let matches = random.below(5);
        while plain.len() < end {
            if plain.is_empty() || random.below(5) >= matches {
                let literal = random.below(letters);
                bits.code(literals[literal]);
                plain.push(literal as u8);
                continue;
            }
            let most = plain.len().min(window).min(1 << random.pick([1, 4, 5, 9, 15]));
            let distance = match plain.len() >= window && random.below(8) == 0 {
                true => window - random.below(20),
                false => 1 + random.below(most),
            };
            let longest = random.pick([6, 30, 256]);
            let length = match long && random.below(3) == 0 {
                true => 258,
                false => 3 + random.below(longest),
            };
            let (symbol, value, extra) = length_code(length);
            bits.code(literals[symbol]);
            bits.put(value, extra);
            let (symbol, value, extra) = distance_code(distance);
            bits.code(distances[symbol]);
            bits.put(value, extra);
            for _ in 0..length {
                plain.push(plain[plain.len() - distance]);
            }
        }
        bits.code(literals[256]);
    }
    Stream { bytes: bits.bytes, plain }
}

/// Code lengths as symbols of the code for lengths, each with its extra bits and their number;
/// whether a repeat is written as one is random.
fn repeats(random: &mut Random, lengths: &[u32]) -> Vec<(usize, u32, u32)> {
    let mut symbols = Vec::new();
    let mut at = 0;
    while at < lengths.len() {
        let length = lengths[at];
        let run = lengths[at..].iter().take_while(|other| **other == length).count();
        let repeats = at > 0 && lengths[at - 1] == length;
        // The shortest and the longest that a symbol stands for.
        let (symbol, least, most, extra) = match (length, random.below(4)) {
            (0, 1) if run >= 3 => (17, 3, 10, 3),
            (0, 2..) if run >= 11 => (18, 11, 138, 7),
            (_, 1..) if repeats && run >= 3 => (16, 3, 6, 2),
            _ => (length as usize, 1, 1, 0),
        };
        let most = run.min(most);
        // Mostly as many as can be.
        let count =
            if random.below(3) == 0 { least + random.below(most - least + 1) } else { most };
        symbols.push((symbol, (count - least) as u32, extra));
        at += count;
    }
    symbols
}

/// A dynamic block's header.
fn header(random: &mut Random, bits: &mut Bits, literals: &[u32], distances: &[u32]) {
    const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
    let all: Vec<u32> = literals.iter().chain(distances).copied().collect();
    let symbols = repeats(random, &all);
    // A complete code of those that occur, as even as can be.
    let occurs = |symbol: &usize| symbols.iter().any(|(other, ..)| other == symbol);
    let occurring: Vec<usize> = (0..19).filter(occurs).collect();
    assert!(occurring.len() > 1, "a literal and the end of the block have codes, most have none");
    let short = occurring.len().ilog2();
    let of_short = (2 << short) - occurring.len();
    let mut precode = [0; 19];
    for (place, symbol) in occurring.iter().enumerate() {
        precode[*symbol] = if place < of_short { short } else { short + 1 };
    }
    let count = ORDER.iter().rposition(|symbol| precode[*symbol] != 0).unwrap() + 1;
    bits.put(literals.len() as u32 - 257, 5);
    bits.put(distances.len() as u32 - 1, 5);
    bits.put(count.max(4) as u32 - 4, 4);
    for symbol in &ORDER[..count.max(4)] {
        bits.put(precode[*symbol], 3);
    }
    let codes = canonical(&precode);
    for (symbol, value, extra) in symbols {
        bits.code(codes[symbol]);
        bits.put(value, extra);
    }
}

/// A gzip stream of more than 4 GiB of zeros, in three parts; the second is so many zero bytes.
pub struct Zeros {
    pub before: Vec<u8>,
    pub zeros: usize,
    pub after: Vec<u8>,
}

pub fn zeros(crc: impl Fn(u64) -> u32) -> Zeros {
    let mut bits = Bits { bytes: vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3], used: 0 };
    bits.put(5, 3);
    // A match of 258 bytes at distance 1 is two zero bits.
    let mut literals = [0; 286];
    (literals[285], literals[0], literals[256]) = (1, 2, 2);
    header(&mut Random::new(7), &mut bits, &literals, &[1]);
    let literals = canonical(&literals);
    bits.code(literals[0]);
    let open = (8 - bits.used) % 8;
    bits.put(0, open);
    let zeros = 4_200_000;
    let mut after = Bits::default();
    after.put(0, open % 2);
    after.code(literals[256]);
    let matches = (open as usize).div_ceil(2) + 4 * zeros;
    let length = 1 + 258 * matches as u64;
    let mut after = after.bytes;
    after.extend(crc(length).to_le_bytes());
    after.extend((length as u32).to_le_bytes());
    Zeros { before: bits.bytes, zeros, after }
}
