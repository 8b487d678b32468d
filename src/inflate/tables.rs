//! Decoding tables of Huffman codes (RFC 1951, 3.2.2), built from code lengths.
//!
//! A table is looked up with the next bits of input, the first one lowest. Its first part, the
//! root, has an entry for each value of as many bits as [`LITERAL_ROOT`] or [`DISTANCE_ROOT`] say;
//! codes longer than that go on in a subtable, which the entry in the root points to.

/// Lengths of the longest codes.
pub(super) const MAX_BITS: usize = 15;
/// Bits that the root of the literal/length table is looked up with, at most.
pub(super) const LITERAL_ROOT: usize = 11;
/// Bits that the root of the distance table is looked up with.
pub(super) const DISTANCE_ROOT: usize = 8;

/// Entries that any code of 286 symbols takes with this root: zlib's `enough 286 11 15`.
pub(super) const LITERAL_ENTRIES: usize = 2342;
/// `enough 30 8 15`.
pub(super) const DISTANCE_ENTRIES: usize = 402;

/// An entry of the literal/length table.
///
/// | bits | |
/// |---|---|
/// | 0–7 | how many bits to drop, below 64: the whole code, and a length's extra bits |
/// | 8–11 | how many of them are before the extra bits; of a subtable, the bits of its index, which come behind those of bits 0–7 |
/// | 12–13 | how many literals it stands for, 0 to 2 |
/// | 14 | neither of the two: a subtable, the end of the block, or no code |
/// | 15 | a length, perhaps after a literal; or bit 14 |
/// | 16–23 | the first literal |
/// | 24–31 | the last literal, or the length without its extra bits, less 3 |
///
/// With bit 14, bits 16 to 29 are where a subtable begins, and 30 and 31 say which of the three.
pub(super) mod entry {
    /// It has something other than literals.
    pub const NOT_LITERAL: u32 = 1 << 15;
    /// A subtable, an end, or no code.
    pub const SPECIAL: u32 = 1 << 14;
    /// Of a special entry: the end of the block.
    pub const END: u32 = 1 << 30;
    /// Of a special entry: no code begins like this.
    pub const INVALID: u32 = 2 << 30;
    /// Both of the last two.
    pub const KIND: u32 = 3 << 30;

    #[inline(always)]
    pub const fn literals(entry: u32) -> u32 {
        entry >> 12 & 3
    }

    /// The bits before the extra bits, or a subtable's index bits.
    #[inline(always)]
    pub const fn code_bits(entry: u32) -> u32 {
        entry >> 8 & 15
    }

    #[inline(always)]
    pub const fn bits(entry: u32) -> u32 {
        entry & 63
    }

    /// The low bits of `word` that are an entry's: its code and the extra bits behind it.
    ///
    /// # Safety
    /// It is an entry of a table, so that bits 0 to 7 are below 64.
    #[inline(always)]
    pub const unsafe fn taken(word: u64, entry: u32) -> u64 {
        let count = entry & 0xff;
        // SAFETY: by the caller's word. One instruction less than with a mask, at each match.
        unsafe { core::hint::assert_unchecked(count < 64) };
        word & ((1 << count) - 1)
    }

    #[inline(always)]
    pub const fn is_subtable(entry: u32) -> bool {
        entry & (SPECIAL | KIND) == SPECIAL
    }

    #[inline(always)]
    pub const fn start(entry: u32) -> usize {
        (entry >> 16 & 0x3fff) as usize
    }
}

/// An entry of the distance table: bits 0 to 11 as in [`entry`], bit 15 for a subtable or no code,
/// and then bit 14 for no code; above, the distance without its extra bits, or where the subtable
/// begins.
pub(super) mod distance {
    pub const SPECIAL: u32 = 1 << 15;
    pub const INVALID: u32 = 1 << 14;
}

/// What an entry has before the code's length is added to it, for each symbol.
const LITERALS: [u32; 288] = {
    let mut all = [0; 288];
    let mut symbol = 0;
    while symbol < 256 {
        all[symbol] = (symbol as u32) << 16 | (symbol as u32) << 24 | 1 << 12;
        symbol += 1;
    }
    all[256] = entry::NOT_LITERAL | entry::SPECIAL | entry::END;
    let mut base = 3;
    while symbol < 284 {
        symbol += 1;
        let extra = length_extra(symbol);
        all[symbol] = entry::NOT_LITERAL | (base - 3) << 24 | extra;
        base += 1 << extra;
    }
    // 284's range would end at 258, which has a code of its own.
    all[285] = entry::NOT_LITERAL | (258 - 3) << 24;
    all[286] = entry::NOT_LITERAL | entry::SPECIAL | entry::INVALID;
    all[287] = all[286];
    all
};

/// Extra bits of the symbols 257 to 284.
const fn length_extra(symbol: usize) -> u32 {
    if symbol < 265 { 0 } else { (symbol as u32 - 261) / 4 }
}

const DISTANCES: [u32; 32] = {
    let mut all = [distance::SPECIAL | distance::INVALID; 32];
    let mut base = 1;
    let mut symbol = 0;
    while symbol < 30 {
        let extra = if symbol < 4 { 0 } else { symbol as u32 / 2 - 1 };
        all[symbol] = base << 16 | extra;
        base += 1 << extra;
        symbol += 1;
    }
    all
};

/// An entry of the table of the code for lengths: bits 0 to 11 as in [`entry`], bit 15 if it repeats
/// the length before; from bit 16 on how many lengths it stands for, without its extra bits, and
/// from bit 24 on the length.
pub(super) mod precode {
    pub const REPEATS: u32 = 1 << 15;

    #[inline(always)]
    pub const fn count(entry: u32) -> usize {
        (entry >> 16 & 0xff) as usize
    }
}

const PRECODES: [u32; 19] = {
    let mut all = [0; 19];
    let mut length = 0;
    while length < 16 {
        all[length] = (length as u32) << 24 | 1 << 16;
        length += 1;
    }
    all[16] = precode::REPEATS | 3 << 16 | 2;
    all[17] = 3 << 16 | 3;
    all[18] = 11 << 16 | 7;
    all
};

/// No code, of one bit.
const NO_LITERAL: u32 = entry::NOT_LITERAL | entry::SPECIAL | entry::INVALID | ONE_BIT;
const NO_DISTANCE: u32 = distance::SPECIAL | distance::INVALID | ONE_BIT;
/// What the length of a code of one bit adds to an entry.
const ONE_BIT: u32 = 0x101;

/// For each code length the symbols that have it, as a set of `64 * WORDS`.
pub(super) struct Lengths<const WORDS: usize> {
    sets: [[u64; WORDS]; MAX_BITS + 1],
    counts: [u32; MAX_BITS + 1],
}

/// A way to find the symbols of each length.
pub(super) trait Sort {
    /// Of `count` lengths up to 15; those from 64 times `WORDS` on do not count.
    ///
    /// # Safety
    /// `lengths` is readable for 64 times `WORDS` bytes, and has `count` lengths. The CPU has what
    /// the way needs.
    unsafe fn sort<const WORDS: usize>(lengths: *const u8, count: usize) -> Lengths<WORDS>;
}

/// One after the other, on any CPU.
pub(super) struct OneByOne;

impl Sort for OneByOne {
    #[inline(always)]
    unsafe fn sort<const WORDS: usize>(lengths: *const u8, count: usize) -> Lengths<WORDS> {
        // SAFETY: by the trait's contract.
        let lengths = unsafe { core::slice::from_raw_parts(lengths, count) };
        // In its own place from the start: put together at the end, it is on the stack twice.
        let mut found = Lengths { sets: [[0; WORDS]; MAX_BITS + 1], counts: [0; MAX_BITS + 1] };
        for (word, lengths) in lengths.chunks(64).enumerate().take(WORDS) {
            for (bit, length) in lengths.iter().enumerate() {
                let length = *length as usize & MAX_BITS;
                found.sets[length][word] |= 1 << bit;
                found.counts[length] += 1;
            }
        }
        found.counts[0] = 0;
        found
    }
}

/// All of one length at once, with 32-byte vectors. Only where AVX2 and POPCNT are.
#[cfg(target_arch = "x86_64")]
pub(super) struct ByVector;

#[cfg(target_arch = "x86_64")]
impl Sort for ByVector {
    #[inline(always)]
    unsafe fn sort<const WORDS: usize>(lengths: *const u8, count: usize) -> Lengths<WORDS> {
        use core::arch::x86_64::{
            _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_set1_epi8,
        };
        // SAFETY: by the trait's contract, for all loads.
        let vectors: [_; WORDS] = core::array::from_fn(|word| unsafe {
            let from = lengths.add(64 * word);
            (_mm256_loadu_si256(from.cast()), _mm256_loadu_si256(from.add(32).cast()))
        });
        let within: [u64; WORDS] = core::array::from_fn(|word| {
            let here = count.saturating_sub(64 * word);
            if here >= 64 { u64::MAX } else { (1 << here) - 1 }
        });
        let sets: [[u64; WORDS]; MAX_BITS + 1] = core::array::from_fn(|length| {
            // SAFETY: the CPU has AVX2, by the trait's contract.
            let same = |vector| unsafe {
                let wanted = _mm256_set1_epi8(length as i8);
                _mm256_movemask_epi8(_mm256_cmpeq_epi8(vector, wanted)) as u32
            };
            core::array::from_fn(|word| {
                let (low, high) = vectors[word];
                (u64::from(same(high)) << 32 | u64::from(same(low))) & within[word]
            })
        });
        let mut counts = sets.map(|sets| sets.iter().map(|set| set.count_ones()).sum());
        counts[0] = 0;
        Lengths { sets, counts }
    }
}

impl<const WORDS: usize> Lengths<WORDS> {
    /// The longest code's length; 0 if there is none.
    fn longest(&self) -> usize {
        (1..=MAX_BITS).rev().find(|length| self.counts[*length] != 0).unwrap_or(0)
    }

    /// How much of the codes' space is used, in codes of the longest length.
    fn used(&self) -> u32 {
        (1..=MAX_BITS).map(|length| self.counts[length] << (MAX_BITS - length)).sum()
    }

    /// The only symbol with a code of one bit.
    fn only(&self) -> Option<usize> {
        let place = self.sets[1].iter().position(|word| *word != 0)?;
        Some(64 * place + self.sets[1][place].trailing_zeros() as usize)
    }
}

/// How a code's space is filled.
enum Shape {
    /// No symbol has a code.
    Empty,
    /// One symbol has one, of one bit.
    Single(usize),
    Complete,
    /// What zlib refuses.
    Bad,
}

fn shape<const WORDS: usize>(lengths: &Lengths<WORDS>, longest: usize) -> Shape {
    let used = lengths.used();
    if longest == 0 {
        return Shape::Empty;
    }
    match lengths.only() {
        _ if used == 1 << MAX_BITS => Shape::Complete,
        Some(symbol) if longest == 1 && used < 1 << MAX_BITS => Shape::Single(symbol),
        _ => Shape::Bad,
    }
}

/// The literal/length table; how many bits its root is looked up with, or `None` if the lengths
/// are no code.
#[inline(always)]
pub(super) fn literals(table: &mut [u32; LITERAL_ENTRIES], lengths: &Lengths<5>) -> Option<usize> {
    let longest = lengths.longest();
    match shape(lengths, longest) {
        Shape::Complete => {
            let root = longest.min(LITERAL_ROOT);
            const LINK: u32 = entry::NOT_LITERAL | entry::SPECIAL;
            complete(table, lengths, &LITERALS, LINK, root, longest);
            Some(root)
        }
        Shape::Single(symbol) => {
            (table[0], table[1]) = (LITERALS[symbol] + ONE_BIT, NO_LITERAL);
            Some(1)
        }
        Shape::Empty | Shape::Bad => None,
    }
}

/// The distance table; whether the lengths are a code.
#[inline(always)]
pub(super) fn distances(table: &mut [u32; DISTANCE_ENTRIES], lengths: &Lengths<1>) -> bool {
    let root = 1 << DISTANCE_ROOT;
    let longest = lengths.longest();
    match shape(lengths, longest) {
        Shape::Complete => {
            let bits = longest.min(DISTANCE_ROOT);
            complete(table, lengths, &DISTANCES, distance::SPECIAL, bits, longest);
            widen(table, bits, DISTANCE_ROOT);
        }
        Shape::Single(symbol) => {
            for pair in table[..root].chunks_exact_mut(2) {
                (pair[0], pair[1]) = (DISTANCES[symbol] + ONE_BIT, NO_DISTANCE);
            }
        }
        Shape::Empty => table[..root].fill(NO_DISTANCE),
        Shape::Bad => return false,
    }
    true
}

/// The table of the code for lengths; the bits that it is looked up with, or `None` if the lengths
/// are no code.
pub(super) fn precodes(table: &mut [u32; DISTANCE_ENTRIES], lengths: &Lengths<1>) -> Option<usize> {
    let longest = lengths.longest();
    match shape(lengths, longest) {
        Shape::Complete => {
            complete(table, lengths, &PRECODES, 0, longest, longest);
            Some(longest)
        }
        // As zlib has it: each bit is a length of zero, which can not end well.
        Shape::Empty => {
            (table[0], table[1]) = (PRECODES[0] + ONE_BIT, PRECODES[0] + ONE_BIT);
            Some(1)
        }
        Shape::Single(_) | Shape::Bad => None,
    }
}

/// Repeats the first `1 << from` entries up to `1 << to`. Without memcpy, whose calls took longer
/// than the copies.
#[inline(always)]
fn widen(table: &mut [u32], from: usize, to: usize) {
    const PIECE: usize = 8;
    let memory = core::ptr::from_mut(table) as *mut [core::mem::MaybeUninit<u32>];
    // SAFETY: the same entries. While a table is being filled, those of longer codes have no value
    // yet: that is copied as well, and a value written over it later.
    let table = unsafe { &mut *memory };
    for bits in from..to {
        let (filled, rest) = table.split_at_mut(1 << bits);
        let rest = &mut rest[..1 << bits];
        let mut pieces = rest.chunks_exact_mut(PIECE).zip(filled.chunks_exact(PIECE));
        for (to, from) in &mut pieces {
            to.copy_from_slice(from);
        }
        if 1 << bits < PIECE {
            for (to, from) in rest.iter_mut().zip(filled) {
                *to = *from;
            }
        }
    }
}

/// Fills the table of a complete code. `link` marks an entry that points to a subtable.
#[inline(always)]
fn complete<const WORDS: usize>(
    table: &mut [u32],
    lengths: &Lengths<WORDS>,
    symbols: &[u32],
    link: u32,
    root: usize,
    longest: usize,
) {
    // Codes of one length are consecutive numbers; each length begins at twice the number that the
    // one before ended with. The table has them with the first bit lowest.
    let mut code = 0u16;
    let mut filled = 0;
    for length in 1..=root {
        code <<= 1;
        if lengths.counts[length] == 0 {
            continue;
        }
        if filled == 0 {
            filled = length;
        }
        widen(table, filled, length);
        filled = length;
        let add = length as u32 * ONE_BIT;
        for (word, set) in lengths.sets[length].into_iter().enumerate() {
            let mut set = set;
            while set != 0 {
                let symbol = 64 * word + set.trailing_zeros() as usize;
                set &= set - 1;
                let index = reversed(code, length);
                debug_assert!(index < 1 << length && symbol < symbols.len());
                // SAFETY: a complete code has no more codes of a length than the length has
                // numbers, and the sets only have symbols that there are.
                unsafe { *table.get_unchecked_mut(index) = symbols.get_unchecked(symbol) + add };
                code = code.wrapping_add(1);
            }
        }
    }
    if filled == 0 {
        // All codes are longer than the root.
        filled = root;
    }
    widen(table, filled, root);

    let mask = (1 << root) - 1;
    let mut end = 1 << root;
    let (mut prefix, mut start) = (usize::MAX, 0);
    for length in root + 1..=longest {
        code <<= 1;
        let add = length as u32 * ONE_BIT;
        let mut left = lengths.counts[length];
        for (word, set) in lengths.sets[length].into_iter().enumerate() {
            let mut set = set;
            while set != 0 {
                let symbol = 64 * word + set.trailing_zeros() as usize;
                set &= set - 1;
                let index = reversed(code, length);
                if index & mask != prefix {
                    prefix = index & mask;
                    start = end;
                    let bits = subtable_bits(&lengths.counts, length, root, left, longest);
                    end += 1 << bits;
                    table[prefix] = (start as u32) << 16 | link | (bits as u32) << 8 | root as u32;
                }
                let mut place = start + (index >> root);
                while place < end {
                    table[place] = symbols[symbol] + add;
                    place += 1 << (length - root);
                }
                code = code.wrapping_add(1);
                left -= 1;
            }
        }
    }
}

/// How many bits a subtable is looked up with whose first code has `length` bits, when `left` codes
/// of that length are not placed yet: so many that it is full.
#[inline(always)]
fn subtable_bits(
    counts: &[u32; MAX_BITS + 1],
    length: usize,
    root: usize,
    left: u32,
    longest: usize,
) -> usize {
    let mut bits = length - root;
    let mut codes = left;
    while codes < 1 << bits && root + bits < longest {
        bits += 1;
        codes = (codes << 1) + counts[root + bits];
    }
    bits
}

#[inline(always)]
fn reversed(code: u16, length: usize) -> usize {
    /// Of one byte.
    const REVERSED: [u8; 256] = {
        let mut all = [0; 256];
        let mut byte = 0;
        while byte < 256 {
            all[byte] = (byte as u8).reverse_bits();
            byte += 1;
        }
        all
    };
    let (low, high) = (REVERSED[code as usize & 0xff], REVERSED[code as usize >> 8]);
    ((u16::from(low) << 8 | u16::from(high)) >> (16 - length)) as usize
}

/// What part of the root's entries [`pair`] would make entries for two symbols, in 65536ths.
#[inline(always)]
fn paired_part(lengths: &Lengths<5>, root: usize) -> u32 {
    // How much of the code's space literals have, and lengths, by the codes' length.
    let mut both = [0; MAX_BITS + 1];
    let mut literals = [0; MAX_BITS + 1];
    for length in 1..=root {
        let sets = &lengths.sets[length];
        literals[length] = sets[..4].iter().map(|set| set.count_ones()).sum::<u32>();
        let all = lengths.counts[length] - (sets[4] & 1) as u32;
        both[length] = both[length - 1] + (all << (MAX_BITS - length));
    }
    let part: u32 =
        (1..root).map(|length| (literals[length] * both[root - length]) >> length).sum();
    2 * part
}

/// Makes entries for two symbols of those whose codes fit the root together: a literal and another
/// one, or a length. In the table's upper part first, since both symbols' own entries are needed.
#[inline(always)]
pub(super) fn pair(table: &mut [u32; LITERAL_ENTRIES], root: usize) {
    for index in (0..1 << root).rev() {
        let first = table[index];
        if first & entry::NOT_LITERAL != 0 {
            continue;
        }
        let bits = entry::bits(first);
        let second = table[index >> bits];
        let fits = bits + entry::code_bits(second) <= root as u32;
        if fits && second & entry::SPECIAL == 0 && entry::literals(second) < 2 {
            table[index] = paired(first, second);
        }
    }
}

/// The entry for a literal's entry and the one of what follows.
#[inline(always)]
const fn paired(first: u32, second: u32) -> u32 {
    // Bits, code bits and literals add up; the first literal is the first's, all else the second's.
    const BITS: u32 = 0x0fff;
    const COUNT: u32 = 3 << 12;
    (second & !0x00ff_0000) + (first & (BITS | COUNT)) + (first & 0x00ff_0000)
}

/// As [`pair`], eight at once.
///
/// # Safety
/// The CPU has AVX2.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn pair_by_vector(table: &mut [u32; LITERAL_ENTRIES], root: usize) {
    use core::arch::x86_64::*;
    if root < 3 {
        return pair(table, root);
    }
    // SAFETY: vectors of the root are within the table, and so is what lies below a place in it.
    unsafe {
        let all = |value: u32| _mm256_set1_epi32(value as i32);
        let zero = _mm256_setzero_si256();
        let numbers = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
        let entries = table.as_mut_ptr();
        for start in (0..1usize << root).step_by(8).rev() {
            let place: *mut __m256i = entries.add(start).cast();
            let first = _mm256_loadu_si256(place);
            let literal =
                _mm256_cmpeq_epi32(_mm256_and_si256(first, all(entry::NOT_LITERAL)), zero);
            if _mm256_testz_si256(literal, literal) != 0 {
                continue;
            }
            let bits = _mm256_and_si256(first, all(0xff));
            let index = _mm256_srlv_epi32(_mm256_add_epi32(numbers, all(start as u32)), bits);
            let second = _mm256_mask_i32gather_epi32::<4>(first, entries.cast(), index, literal);
            let code_bits = _mm256_and_si256(_mm256_srli_epi32::<8>(second), all(15));
            let over = _mm256_cmpgt_epi32(_mm256_add_epi32(bits, code_bits), all(root as u32));
            let single = all(entry::SPECIAL | 2 << 12);
            let single = _mm256_cmpeq_epi32(_mm256_and_si256(second, single), zero);
            let fits = _mm256_andnot_si256(over, _mm256_and_si256(literal, single));
            let kept = _mm256_and_si256(second, all(!0x00ff_0000));
            let added = _mm256_and_si256(first, all(0x00ff_3fff));
            let both = _mm256_add_epi32(kept, added);
            _mm256_storeu_si256(place, _mm256_blendv_epi8(first, both, fits));
        }
    }
}

/// A block's code lengths, and the tables to build from them.
pub(super) struct Job<'a> {
    /// Literals and lengths, then distances; readable for 64 bytes behind the last.
    pub lengths: *const u8,
    pub literals: usize,
    pub distances: usize,
    pub literal_table: &'a mut [u32; LITERAL_ENTRIES],
    pub distance_table: &'a mut [u32; DISTANCE_ENTRIES],
    /// Much input follows, so that entries for two symbols can be worth it.
    pub may_pair: bool,
}

/// What was built.
pub(super) struct Built {
    /// Bits that the literal/length table is looked up with.
    pub root: usize,
    pub paired: bool,
    /// Most of the block's bytes may be in matches of the greatest length.
    pub long: bool,
}

/// The lengths are no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoCode {
    Literals,
    Distances,
}

/// [`Job::build`] for one CPU tier.
pub(super) type Build = unsafe fn(Job<'_>) -> Result<Built, NoCode>;

/// Entries for two symbols cost a little at each length; where fewer than 9 % of the entries are
/// such, that is more than they bring.
const WORTH_PAIRING: u32 = 65536 * 9 / 100;

/// The longest code for a length of 258 that shows a block of long matches: one symbol in 16 is as
/// many bytes as 17 in each of the others.
const LONG: usize = 4;

impl Job<'_> {
    /// Builds both tables.
    ///
    /// # Safety
    /// `lengths` is as long as it says. The CPU has what `S` needs, and AVX2 with `VECTOR`.
    #[inline(always)]
    pub unsafe fn build<S: Sort, const VECTOR: bool>(self) -> Result<Built, NoCode> {
        // SAFETY: the lengths are there and the CPU has what `S` needs, says the caller.
        let lengths = unsafe { S::sort(self.lengths, self.literals) };
        let root = literals(self.literal_table, &lengths).ok_or(NoCode::Literals)?;
        let of_distances = self.lengths.wrapping_add(self.literals);
        // SAFETY: these lengths follow the others, says the caller, and the CPU is the same.
        let distance_lengths = unsafe { S::sort(of_distances, self.distances) };
        if !distances(self.distance_table, &distance_lengths) {
            return Err(NoCode::Distances);
        }
        let long = (1..=LONG).any(|bits| lengths.sets[bits][4] >> (285 - 256) & 1 != 0);
        let paired = self.may_pair && paired_part(&lengths, root) >= WORTH_PAIRING;
        #[cfg(target_arch = "x86_64")]
        if paired && VECTOR {
            // SAFETY: the CPU has AVX2, says the caller.
            unsafe { pair_by_vector(self.literal_table, root) };
            return Ok(Built { root, paired, long });
        }
        if paired {
            pair(self.literal_table, root);
        }
        Ok(Built { root, paired, long })
    }
}

/// How many entries zlib's tables take for a code that it accepts, with a root of `root` bits: what
/// `inflateCodesUsed` counts.
pub(super) fn entries_in_zlib(lengths: &[u8], root: usize) -> usize {
    let mut counts = [0u32; MAX_BITS + 1];
    for length in lengths {
        counts[*length as usize & MAX_BITS] += 1;
    }
    counts[0] = 0;
    let of = |length: &usize| counts[*length] != 0;
    let Some(longest) = (1..=MAX_BITS).rev().find(of) else { return 2 };
    let shortest = (1..=MAX_BITS).find(of).unwrap_or(longest);
    let root = root.min(longest).max(shortest);
    let mut entries = 1 << root;
    let mut code = 0u32;
    let mut prefix = u32::MAX;
    for length in 1..=longest {
        code <<= 1;
        for left in (1..=counts[length]).rev() {
            if length > root && code >> (length - root) != prefix {
                prefix = code >> (length - root);
                entries += 1 << subtable_bits(&counts, length, root, left, longest);
            }
            code += 1;
        }
    }
    entries
}

/// Both tables of a block. Together, so that the loop has one pointer to them.
#[repr(C)]
pub(super) struct Pair<const LITERALS: usize> {
    pub distances: [u32; DISTANCE_ENTRIES],
    pub literals: [u32; LITERALS],
}

/// A pair of any size: what does not depend on it comes first.
pub(super) type AnyPair = Pair<0>;

/// The longest fixed code.
pub(super) const FIXED_ROOT: usize = 9;

/// The tables of fixed blocks (RFC 1951, 3.2.6).
pub(super) static FIXED: Pair<{ 1 << FIXED_ROOT }> = Pair {
    literals: {
        let mut table = [0; 1 << FIXED_ROOT];
        let mut symbol = 0;
        while symbol < 288 {
            // RFC 1951's table of first codes.
            let (length, code) = match symbol {
                0..=143 => (8, 0x30 + symbol),
                144..=255 => (9, 0x190 + symbol - 144),
                256..=279 => (7, symbol - 256),
                _ => (8, 0xc0 + symbol - 280),
            };
            let mut place = (code as u16).reverse_bits() as usize >> (16 - length);
            while place < 1 << FIXED_ROOT {
                table[place] = LITERALS[symbol] + length as u32 * ONE_BIT;
                place += 1 << length;
            }
            symbol += 1;
        }
        table
    },
    distances: {
        let mut table = [0; DISTANCE_ENTRIES];
        let mut symbol = 0;
        while symbol < 32 {
            let mut place = (symbol as u16).reverse_bits() as usize >> (16 - 5);
            while place < 1 << DISTANCE_ROOT {
                table[place] = DISTANCES[symbol] + 5 * ONE_BIT;
                place += 1 << 5;
            }
            symbol += 1;
        }
        table
    },
};
