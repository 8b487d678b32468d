//! Compression of a short input that is all there, to one deflate block (RFC 1951).
//!
//! The engine clears some 400 KB before it looks at the first byte; a message of 200 bytes is done
//! here long before. What is written has the same form and about the same size.

mod bits;
mod filled;
mod huffman;
mod matches;

use core::mem::MaybeUninit;

use self::bits::BitWriter;
use self::filled::{Filled, set_all, set_first};
use self::huffman::{Code, DYNAMIC_HEADER_MOST, DynamicHeader, FIXED_DISTANCES, FIXED_LITERALS};
use self::matches::{Counts, Meaning, Token};
use super::deflate_header::Effort;

/// The longest input, in bytes. Beyond this the engine, once started, is faster.
pub(super) const LIMIT: usize = 4096;

/// Up to here matches of three bytes are worth their codes. A power of two, as is [`LIMIT`].
const SMALL: usize = 128;

/// Bytes behind the input that may be read and behind the output that may be written: searching
/// and writing go eight bytes at a time.
const SLACK: usize = 8;

/// What a stored block adds to its bytes: three bits to a byte's end, and two lengths.
const STORED_HEADER: usize = 5;

/// The working memory: nothing in it need be initialised, and little of it is touched for a small
/// input.
#[repr(C)]
pub(super) struct Memory {
    heads: [MaybeUninit<u16>; LIMIT],
    chain: [MaybeUninit<u16>; LIMIT],
    tokens: [MaybeUninit<Token>; LIMIT],
    input: [MaybeUninit<u8>; LIMIT + SLACK],
    output: [MaybeUninit<u8>; LIMIT + STORED_HEADER + SLACK],
}

/// zlib.h's Z_BINARY and Z_TEXT.
const BINARY: i32 = 0;
const TEXT: i32 = 1;

/// What [`Memory::encode`] has made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Encoded {
    /// Bytes of output.
    pub len: usize,
    /// Bits in use in the last one, 1 to 8.
    pub last_bits: i32,
    /// zlib.h's `data_type`.
    pub data_type: i32,
}

impl Memory {
    /// Puts `bytes` behind the first `len` bytes of input. There is room for [`LIMIT`] in all.
    pub fn append(&mut self, len: usize, bytes: &[u8]) {
        self.input[len..LIMIT][..bytes.len()].write_copy_of_slice(bytes);
    }

    /// Puts `bytes` behind the first `len` bytes of input, of which those in front give way where
    /// there is too little room; how many there are then.
    ///
    /// # Safety
    /// `len` bytes have been appended.
    pub unsafe fn append_last(&mut self, len: usize, bytes: &[u8]) -> usize {
        let bytes = &bytes[bytes.len().saturating_sub(LIMIT)..];
        let kept = len.min(LIMIT - bytes.len());
        self.input.copy_within(len - kept..len, 0);
        self.append(kept, bytes);
        kept + bytes.len()
    }

    /// The first `len` bytes of input.
    ///
    /// # Safety
    /// So many have been appended.
    pub unsafe fn input(&self, len: usize) -> &[u8] {
        // SAFETY: by this function's own contract.
        unsafe { self.input[..len].assume_init_ref() }
    }

    /// The first `len` bytes of output.
    ///
    /// # Safety
    /// [`Memory::encode`] has said that there are so many.
    pub unsafe fn output(&self, len: usize) -> &[u8] {
        // SAFETY: by this function's own contract.
        unsafe { self.output[..len].assume_init_ref() }
    }

    /// Takes the first `len` bytes of input and of output from `other`.
    pub fn copy_from(&mut self, other: &Memory, input: usize, output: usize) {
        self.input[..input].copy_from_slice(&other.input[..input]);
        self.output[..output].copy_from_slice(&other.output[..output]);
    }

    /// Compresses the first `len` bytes of input to one last block, with matches of at most
    /// `reach` bytes back. `effort`'s level is 1 to 9.
    ///
    /// # Safety
    /// So many bytes have been appended.
    pub unsafe fn encode(&mut self, len: usize, effort: Effort, reach: usize) -> Encoded {
        if len <= SMALL {
            // SAFETY: the same contract.
            unsafe { self.encode_within::<SMALL, { SMALL + SLACK }>(len, effort, reach) }
        } else {
            // SAFETY: the same contract.
            unsafe { self.encode_within::<LIMIT, { LIMIT + SLACK }>(len, effort, reach) }
        }
    }

    /// [`Memory::encode`] for at most `PLACES` bytes, in as little of the memory. There are as many
    /// chains as places.
    ///
    /// # Safety
    /// As for [`Memory::encode`].
    unsafe fn encode_within<const PLACES: usize, const ROOM: usize>(
        &mut self,
        len: usize,
        effort: Effort,
        reach: usize,
    ) -> Encoded {
        set_all(&mut self.input[len..ROOM], 0);
        // SAFETY: `len` bytes by this function's contract, the rest was just written.
        let input = unsafe { self.input[..ROOM].assume_init_ref() };
        let mut tokens = Filled::new(&mut self.tokens);
        let mut counts = Counts::default();
        matches::Parser::<PLACES, ROOM, PLACES> {
            input: input.first_chunk().expect("as many bytes"),
            len,
            heads: set_first(&mut self.heads, 0),
            chain: set_first(&mut self.chain, 0),
            reach,
            shortest: if PLACES == SMALL { 3 } else { 4 },
            tokens: &mut tokens,
            counts: &mut counts,
        }
        .run(effort);
        let data_type = counts.data_type();
        let output = set_all(&mut self.output[..len + STORED_HEADER + SLACK], 0);
        let mut writer = BitWriter::new(output);
        write_block(&mut writer, &input[..len], tokens.as_slice(), &counts, effort);
        let (len, last_bits) = writer.finish();
        Encoded { len, last_bits, data_type }
    }
}

impl Counts {
    /// What zlib takes the data for, by the bytes that occur: text has printable ones or line
    /// ends, and none of the control characters that text does not use.
    ///
    /// A byte's first occurrence is always a literal, so that the counts tell.
    fn data_type(&self) -> i32 {
        /// The control characters 0 to 6, 14 to 25, and 28 to 31.
        const NOT_IN_TEXT: u32 = 0xf3ff_c07f;
        let occurs = |byte: usize| self.literals[byte] != 0;
        if (0..32).any(|byte| NOT_IN_TEXT >> byte & 1 == 1 && occurs(byte)) {
            return BINARY;
        }
        let text = [9, 10, 13].into_iter().chain(32..256).any(occurs);
        if text { TEXT } else { BINARY }
    }
}

/// Writes the smallest of the three kinds of block that the strategy allows.
fn write_block(
    writer: &mut BitWriter<'_>,
    input: &[u8],
    tokens: &[Token],
    counts: &Counts,
    effort: Effort,
) {
    const FIXED: u64 = 1;
    const DYNAMIC: u64 = 2;
    /// No block with codes of its own is shorter: its counts take 14 bits, the first twelve of the
    /// lengths' lengths, of which one has 4 bits or less, 36, and two long runs of zeros 16.
    const LEAST_DYNAMIC: usize = 64;
    /// zlib.h's Z_FIXED.
    const ONLY_FIXED: i32 = 4;
    /// The three bits in front of a block that is the last.
    const fn last(kind: u64) -> u64 {
        kind << 1 | 1
    }

    let fixed_bits = 3 + huffman::fixed_bits(counts) + counts.extra_bits;
    let mut room = [0; DYNAMIC_HEADER_MOST];
    let may_pay = effort.strategy != ONLY_FIXED && fixed_bits > LEAST_DYNAMIC;
    let dynamic = may_pay.then(|| DynamicHeader::new(counts, &mut room));
    let dynamic_bits =
        dynamic.as_ref().map_or(usize::MAX, |header| 3 + header.bits() + counts.extra_bits);

    let best = fixed_bits.min(dynamic_bits).div_ceil(8);
    if input.len() + STORED_HEADER <= best {
        writer.put(last(0), 3);
        writer.stored(input);
    } else if let Some(header) = dynamic.filter(|_| dynamic_bits < fixed_bits) {
        writer.put(last(DYNAMIC), 3);
        header.write(writer);
        write_tokens(writer, tokens, &header.literals, &header.distances);
    } else {
        writer.put(last(FIXED), 3);
        write_tokens(writer, tokens, &FIXED_LITERALS, &FIXED_DISTANCES);
    }
}

fn write_tokens(
    writer: &mut BitWriter<'_>,
    tokens: &[Token],
    literals: &Code<{ huffman::LITERALS }>,
    distances: &Code<{ huffman::DISTANCES }>,
) {
    for token in tokens {
        match token.meaning() {
            Meaning::Literal(byte) => {
                literals.put(writer, byte.into());
                writer.flush_if_long();
            }
            Meaning::Match { length, distance } => {
                // Up to 15 and 5 bits, and 15 and 13.
                writer.flush();
                literals.put(writer, length.symbol);
                writer.put(length.extra.into(), length.extra_bits);
                distances.put(writer, distance.symbol);
                writer.put(distance.extra.into(), distance.extra_bits);
                writer.flush_if_long();
            }
        }
    }
    literals.put(writer, huffman::END_OF_BLOCK);
}

#[cfg(test)]
mod tests;
