//! Code lengths (RFC 1951 section 3.2.2), chosen exactly as zlib chooses them.
//!
//! Huffman's algorithm leaves open which of equally frequent nodes are joined first, and what to do
//! with lengths that a format does not allow. zlib's answers decide the bytes: a heap ordered by
//! frequency, then depth, in which a node sinks only below strictly smaller ones, and a repair that
//! moves leaves down from the next shorter length.

/// Literals, the end of a block, and lengths.
pub(super) const LITERALS: usize = 286;
/// Distances.
pub(super) const DISTANCES: usize = 30;
/// Codes for code lengths.
pub(super) const LENGTHS: usize = 19;

/// Memory for one tree at a time: the heap, and the nodes in the order in which they were joined.
pub(super) struct Nodes {
    heap: [u32; LITERALS + 2],
    joined: [u16; 2 * LITERALS],
}

/// A node of the heap: frequency, depth and number, so that the upper bits compare as zlib does.
#[derive(Clone, Copy)]
struct Node(u32);

const NUMBER_BITS: u32 = 10;
const DEPTH_BITS: u32 = 6;

impl Node {
    fn new(frequency: u32, depth: u32, number: usize) -> Node {
        // Frequencies add up to at most 2^15, so no tree is deeper than 22.
        debug_assert!(frequency < 1 << 16 && depth < 1 << DEPTH_BITS);
        Node((frequency << DEPTH_BITS | depth) << NUMBER_BITS | number as u32)
    }

    fn frequency(self) -> u32 {
        self.0 >> (NUMBER_BITS + DEPTH_BITS)
    }

    fn depth(self) -> u32 {
        self.0 >> NUMBER_BITS & ((1 << DEPTH_BITS) - 1)
    }

    fn number(self) -> usize {
        (self.0 & ((1 << NUMBER_BITS) - 1)) as usize
    }

    #[inline(always)]
    fn at_most(self, other: Node) -> bool {
        self.0 <= other.0 | ((1 << NUMBER_BITS) - 1)
    }
}

/// What is special about one of the three alphabets.
pub(super) struct Alphabet {
    /// The first code with extra bits, and their number from there on.
    pub extra: (usize, &'static [u8]),
    /// The lengths of the fixed codes, if there are any.
    pub fixed: &'static [u8],
    /// No code may be longer.
    pub longest: usize,
}

/// The size of a block in bits, as far as it is known. Corrections may go below zero in between.
#[derive(Clone, Copy, Default)]
pub(super) struct Size {
    /// With codes made for it.
    pub dynamic: u64,
    /// With the fixed codes.
    pub fixed: u64,
}

/// Finds the code lengths for `frequencies`, adds the coded size to `size`, and gives the last code
/// that is used.
pub(super) fn build(
    alphabet: &Alphabet,
    frequencies: &mut [u16],
    lengths: &mut [u8],
    nodes: &mut Nodes,
    size: &mut Size,
) -> usize {
    let codes = frequencies.len();
    let heap = &mut nodes.heap;
    let mut count = 0;
    let mut last = None;
    lengths.fill(0);
    for (i, some) in frequencies.chunks(8).enumerate() {
        // In a small block, most codes are not used.
        if some == [0; 8] {
            continue;
        }
        for (code, &frequency) in (8 * i..).zip(some) {
            if frequency != 0 {
                count += 1;
                heap[count] = Node::new(frequency.into(), 0, code).0;
                last = Some(code);
            }
        }
    }
    // Readers want at least two codes.
    while count < 2 {
        let code = match last {
            None => 0,
            Some(code) if code < 2 => code + 1,
            Some(_) => 0,
        };
        if last.is_none_or(|last| last < 2) {
            last = Some(code);
        }
        frequencies[code] = 1;
        count += 1;
        heap[count] = Node::new(1, 0, code).0;
        size.dynamic = size.dynamic.wrapping_sub(1);
        if let Some(&fixed) = alphabet.fixed.get(code) {
            size.fixed = size.fixed.wrapping_sub(fixed.into());
        }
    }
    let last = last.unwrap_or(0);
    for place in (1..=count / 2).rev() {
        sink(heap, count, place);
    }
    // Join the two smallest until one is left. The k-th pair has node `codes + k` as its parent.
    let joined = &mut nodes.joined;
    let mut pairs = 0;
    while count >= 2 {
        let first = Node(heap[1]);
        heap[1] = heap[count];
        count -= 1;
        sink(heap, count, 1);
        let second = Node(heap[1]);
        joined[2 * pairs] = first.number() as u16;
        joined[2 * pairs + 1] = second.number() as u16;
        let frequency = first.frequency() + second.frequency();
        let depth = first.depth().max(second.depth()) + 1;
        heap[1] = Node::new(frequency, depth, codes + pairs).0;
        pairs += 1;
        sink(heap, count, 1);
    }
    // The heap is done with: its memory keeps the depths of the inner nodes.
    depths(alphabet, frequencies, lengths, &joined[..2 * pairs], heap, size);
    last
}

/// Moves the node at `place` down to where both sons are larger.
fn sink(heap: &mut [u32; LITERALS + 2], count: usize, mut place: usize) {
    let Some(heap) = heap.get_mut(..count + 1) else { return };
    let node = Node(heap[place]);
    let mut son = 2 * place;
    while let Some(&first) = heap.get(son) {
        let mut smaller = Node(first);
        if let Some(&second) = heap.get(son + 1)
            && Node(second).at_most(smaller)
        {
            smaller = Node(second);
            son += 1;
        }
        if node.at_most(smaller) {
            break;
        }
        heap[place] = smaller.0;
        place = son;
        son *= 2;
    }
    heap[place] = node.0;
}

/// From the joined pairs, the last of which is the root's, to lengths that are not too long.
fn depths(
    alphabet: &Alphabet,
    frequencies: &[u16],
    lengths: &mut [u8],
    joined: &[u16],
    inner: &mut [u32],
    size: &mut Size,
) {
    let codes = frequencies.len();
    let longest = alphabet.longest;
    let mut counts = [0u16; 16];
    let mut overflow = 0i32;
    let (first_extra, extra) = alphabet.extra;
    inner[joined.len() / 2 - 1] = 0;
    for (i, &node) in joined.iter().enumerate().rev() {
        let node = usize::from(node);
        let mut bits = inner[i / 2] as usize + 1;
        if bits > longest {
            bits = longest;
            overflow += 1;
        }
        if node >= codes {
            inner[node - codes] = bits as u32;
            continue;
        }
        lengths[node] = bits as u8;
        counts[bits] += 1;
        let extra = if node >= first_extra { u64::from(extra[node - first_extra]) } else { 0 };
        let frequency = u64::from(frequencies[node]);
        size.dynamic = size.dynamic.wrapping_add(frequency * (bits as u64 + extra));
        if let Some(&fixed) = alphabet.fixed.get(node) {
            size.fixed = size.fixed.wrapping_add(frequency * (u64::from(fixed) + extra));
        }
    }
    if overflow == 0 {
        return;
    }
    while overflow > 0 {
        let mut bits = longest - 1;
        while counts[bits] == 0 {
            bits -= 1;
        }
        // This leaf goes one down, and one of those that are too deep becomes its brother.
        counts[bits] -= 1;
        counts[bits + 1] += 2;
        counts[longest] -= 1;
        overflow -= 2;
    }
    // The rarest codes get the longest lengths.
    let mut leaves = joined.iter().map(|&node| usize::from(node)).filter(|&node| node < codes);
    for bits in (1..=longest).rev() {
        for leaf in leaves.by_ref().take(counts[bits].into()) {
            let change = (bits as u64).wrapping_sub(lengths[leaf].into());
            let frequency = u64::from(frequencies[leaf]);
            size.dynamic = size.dynamic.wrapping_add(change.wrapping_mul(frequency));
            lengths[leaf] = bits as u8;
        }
    }
}

/// Gives each code of a length other than zero its bits, first bit lowest.
pub(super) fn assign(lengths: &[u8], mut each: impl FnMut(usize, u16)) {
    let mut counts = [0u16; 16];
    for &length in lengths {
        counts[usize::from(length & 15)] += 1;
    }
    counts[0] = 0;
    let mut next = [0u16; 16];
    for bits in 1..16 {
        next[bits] = (next[bits - 1] + counts[bits - 1]) << 1;
    }
    for (code, &length) in lengths.iter().enumerate() {
        if length != 0 {
            let bits = &mut next[usize::from(length & 15)];
            each(code, bits.reverse_bits() >> (16 - length));
            *bits += 1;
        }
    }
}

/// Splits code lengths into the codes that a dynamic block's header sends for them (RFC 1951
/// section 3.2.7), each with its extra bits.
pub(super) fn run_lengths(lengths: &[u8], mut each: impl FnMut(usize, u32)) {
    const REPEAT: usize = 16;
    const ZEROS: usize = 17;
    const MANY_ZEROS: usize = 18;
    let mut previous = None;
    let mut rest = lengths;
    while let Some(&length) = rest.first() {
        // The most and the fewest equal lengths that make a run.
        let (most, fewest) = match length {
            0 => (138, 3),
            _ if previous == Some(length) => (6, 3),
            _ => (7, 4),
        };
        let run = equal(rest, length).min(most);
        rest = &rest[run..];
        let mut count = run as u32;
        if count < fewest {
            for _ in 0..count {
                each(length.into(), 0);
            }
        } else if length != 0 {
            if previous != Some(length) {
                each(length.into(), 0);
                count -= 1;
            }
            each(REPEAT, count - 3);
        } else if count <= 10 {
            each(ZEROS, count - 3);
        } else {
            each(MANY_ZEROS, count - 11);
        }
        previous = Some(length);
    }
}

/// How many lengths at the beginning are `length`, as the first is.
fn equal(lengths: &[u8], length: u8) -> usize {
    let mut count = 1;
    if lengths.get(1) != Some(&length) {
        return count;
    }
    // Many are only where codes are not used.
    while let Some(eight) = lengths.get(count..count + 8)
        && eight == [length; 8]
    {
        count += 8;
    }
    count + lengths[count..].iter().take_while(|&&next| next == length).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths_of(frequencies: &[u16], longest: usize) -> (Vec<u8>, usize) {
        let alphabet = Alphabet { extra: (usize::MAX, &[]), fixed: &[], longest };
        let mut nodes = Nodes { heap: [0; LITERALS + 2], joined: [0; 2 * LITERALS] };
        let mut lengths = vec![0; frequencies.len()];
        let mut size = Size::default();
        let mut forced = frequencies.to_vec();
        let last = build(&alphabet, &mut forced, &mut lengths, &mut nodes, &mut size);
        let bits = |(&f, &l): (&u16, &u8)| u64::from(f) * u64::from(l);
        assert_eq!(size.dynamic, frequencies.iter().zip(&lengths).map(bits).sum::<u64>());
        (lengths, last)
    }

    #[test]
    fn a_tree_has_at_least_two_codes() {
        assert_eq!(lengths_of(&[0, 0, 0, 0], 15), (vec![1, 1, 0, 0], 1));
        assert_eq!(lengths_of(&[0, 0, 0, 7], 15), (vec![1, 0, 0, 1], 3));
        assert_eq!(lengths_of(&[5, 0, 0, 0], 15), (vec![1, 1, 0, 0], 1));
    }

    #[test]
    fn too_long_codes_are_shortened_and_complete() {
        // Fibonacci's numbers make the deepest tree.
        let mut frequencies = vec![1u16, 1];
        while frequencies.len() < 19 {
            frequencies
                .push(frequencies[frequencies.len() - 1] + frequencies[frequencies.len() - 2]);
        }
        for longest in [7, 15] {
            let (lengths, _) = lengths_of(&frequencies, longest);
            assert!(lengths.iter().all(|&length| (1..=longest as u8).contains(&length)));
            let filled: u32 = lengths.iter().map(|&length| 1 << (15 - length)).sum();
            assert_eq!(filled, 1 << 15);
            assert!(lengths.is_sorted_by(|a, b| a >= b), "{lengths:?}");
        }
    }

    #[test]
    fn runs_of_lengths_are_those_of_the_rfc() {
        let runs = |lengths: &[u8]| {
            let mut runs = Vec::new();
            run_lengths(lengths, |code, extra| runs.push((code, extra)));
            runs
        };
        assert_eq!(runs(&[5; 4]), [(5, 0), (16, 0)]);
        assert_eq!(runs(&[5; 3]), [(5, 0), (5, 0), (5, 0)]);
        assert_eq!(runs(&[0; 2]), [(0, 0), (0, 0)]);
        assert_eq!(runs(&[0; 10]), [(17, 7)]);
        assert_eq!(runs(&[0; 140]), [(18, 127), (0, 0), (0, 0)]);
        assert_eq!(runs(&[3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 2]), [(3, 0), (16, 3), (16, 0), (2, 0)]);
    }
}
