//! The parts of the block writer, each called directly, against the naive ones.

use super::naive::{self, Bits, Kind, Symbol};
use super::report::{Report, same};
use crate::deflate::block::Block;
use crate::deflate::codes::{
    DISTANCE_EXTRA, FIRST_LENGTH, FIXED_DISTANCES, FIXED_LENGTHS, LENGTH_CODE, LENGTH_EXTRA,
    LENGTH_SYMBOL, NO_DISTANCE, RUN_EXTRA, distance_code,
};
use crate::deflate::pending::Pending;
use crate::deflate::strm::Strm;
use crate::deflate::tree::{self, Alphabet, DISTANCES, LENGTHS, LITERALS, Nodes, Size};
use crate::deflate::window::MIN_LOOKAHEAD;
use crate::io::{Io, Room};
use crate::testing::{Random, fewer};

const PARTS: &[&str] = &[
    "deflate codes",
    "deflate tree",
    "deflate code bits",
    "deflate runs of lengths",
    "deflate block",
    "deflate stored choice",
    "deflate text",
    "deflate pending",
];

#[test]
fn every_part_of_the_block_writer() {
    let mut report = Report::new("block writer", PARTS);
    report.check("deflate codes", codes);
    report.check("deflate tree", trees);
    report.check("deflate code bits", code_bits);
    report.check("deflate runs of lengths", runs_of_lengths);
    report.check("deflate block", blocks);
    report.check("deflate stored choice", stored_or_not);
    report.check("deflate text", text);
    report.check("deflate pending", pending);
    report.conclude();
}

/// RFC 1951's tables, at every length and distance.
fn codes() -> Result<(), String> {
    for length in 3..=258 {
        let (code, _, extra) = naive::length_code(length);
        let found = (
            usize::from(LENGTH_SYMBOL[length - 3]),
            usize::from(LENGTH_CODE[length - 3]) + FIRST_LENGTH,
            u32::from(LENGTH_EXTRA[code - FIRST_LENGTH]),
        );
        same(found, (code, code, extra), || format!("length {length}"))?;
    }
    for distance in 1..=(1 << 15) - MIN_LOOKAHEAD {
        let (code, _, extra) = naive::distance_code(distance);
        let found = distance_code((distance - 1) as u16);
        let found = (usize::from(found), DISTANCE_EXTRA.get(usize::from(found)).copied());
        same(found, (code, Some(extra as u8)), || format!("distance {distance}"))?;
    }
    same(distance_code(0x7fff), NO_DISTANCE, || "no distance".into())
}

fn alphabets() -> [(Alphabet, usize); 3] {
    [
        (
            Alphabet { extra: (FIRST_LENGTH, &LENGTH_EXTRA), fixed: &FIXED_LENGTHS, longest: 15 },
            LITERALS,
        ),
        (Alphabet { extra: (0, &DISTANCE_EXTRA), fixed: &FIXED_DISTANCES, longest: 15 }, DISTANCES),
        (Alphabet { extra: (0, &RUN_EXTRA), fixed: &[], longest: 7 }, LENGTHS),
    ]
}

/// Frequencies of several kinds; their sum is what a block has at most.
fn frequencies(random: &mut Random, codes: usize) -> Vec<u16> {
    let mut all = vec![0u16; codes];
    let kind = random.below(5);
    let used = if random.one_in(4) { random.below(4) } else { 1 + random.below(codes) };
    let mut left = 32_000usize;
    for n in 0..used {
        let wanted = match kind {
            // Many that are equally frequent: the order decides.
            0 => 1 + random.below(2),
            1 => 1 + random.below(100),
            // Each as frequent as the two before: the deepest tree.
            2 => (1.618f64.powi(n as i32 % 20) / 2.2) as usize + 1,
            3 => 1 << (n % 14),
            _ => {
                let most = 2 << random.below(9);
                1 + random.below(most)
            }
        };
        let count = wanted.min(left);
        left -= count;
        all[if kind == 2 { n } else { random.below(codes) }] = count as u16;
    }
    all
}

fn trees() -> Result<(), String> {
    let mut random = Random::new(1);
    for (alphabet, codes) in alphabets() {
        let (first_extra, extra) = alphabet.extra;
        let extra =
            |code: usize| code.checked_sub(first_extra).map_or(0, |at| u64::from(extra[at]));
        for _ in 0..fewer(1500, 10) {
            let frequencies = frequencies(&mut random, codes);
            let (expected, expected_last) = naive::lengths(&frequencies, alphabet.longest);
            let mut lengths = vec![0xa5; codes];
            let mut forced = frequencies.clone();
            let mut nodes = Box::<Nodes>::new_uninit();
            let mut size = Size::default();
            // SAFETY: any bits are a valid `Nodes`.
            let nodes = unsafe {
                nodes.as_mut_ptr().write_bytes(0xa5, 1);
                nodes.assume_init_mut()
            };
            let last = tree::build(&alphabet, &mut forced, &mut lengths, nodes, &mut size);
            let context = || format!("longest {}, {frequencies:?}", alphabet.longest);
            same((&lengths, last), (&expected, expected_last), context)?;
            let bits = |of: &[u8]| {
                let each = frequencies
                    .iter()
                    .enumerate()
                    .map(|(code, count)| u64::from(*count) * (u64::from(of[code]) + extra(code)));
                each.sum::<u64>()
            };
            let fixed = if alphabet.fixed.is_empty() { 0 } else { bits(alphabet.fixed) };
            same((size.dynamic, size.fixed), (bits(&lengths), fixed), context)?;
        }
    }
    Ok(())
}

fn code_bits() -> Result<(), String> {
    let mut random = Random::new(2);
    for (alphabet, codes) in alphabets() {
        for _ in 0..fewer(300, 10) {
            let (lengths, _) = naive::lengths(&frequencies(&mut random, codes), alphabet.longest);
            let mut found = vec![(0, 0); codes];
            tree::assign(&lengths, |code, bits| {
                let count = u32::from(lengths[code]);
                found[code] = (u32::from(bits.reverse_bits() >> (16 - count)), count);
            });
            same(found, naive::codes(&lengths), || format!("{lengths:?}"))?;
        }
    }
    Ok(())
}

fn runs_of_lengths() -> Result<(), String> {
    let mut random = Random::new(3);
    for _ in 0..fewer(5000, 10) {
        let mut lengths = Vec::new();
        let most = 1 + random.below(LITERALS);
        while lengths.len() < most {
            let length = if random.one_in(2) { 0 } else { random.below(16) as u8 };
            let longest = random.pick([2, 9, 16, 300]);
            let run = 1 + random.below(longest);
            lengths.extend(vec![length; run.min(most - lengths.len())]);
        }
        let mut found = Vec::new();
        tree::run_lengths(&lengths, |code, extra| {
            found.push((code, extra.into(), RUN_EXTRA[code].into()));
        });
        same(found, naive::runs(&lengths), || format!("{lengths:?}"))?;
    }
    Ok(())
}

/// Symbols of several kinds, and the bytes that they could be stored as.
fn symbols(random: &mut Random, most: usize) -> (Vec<Symbol>, Vec<u8>) {
    let (literals, matches) = (1 + random.below(256), random.below(4));
    let count = if random.one_in(3) { most } else { random.below(most + 1) };
    let (mut symbols, mut bytes) = (Vec::new(), Vec::new());
    while symbols.len() < count {
        if random.below(4) < matches {
            let length = match random.below(3) {
                0 => 258,
                1 => 3 + random.below(10),
                _ => 3 + random.below(256),
            };
            // At most what a window of 32 KiB allows.
            let farthest = (1 << random.below(16)).min((1 << 15) - MIN_LOOKAHEAD);
            let distance = 1 + random.below(farthest);
            symbols.push(Symbol::Match { distance, length });
            bytes.extend(vec![0; length]);
        } else {
            let byte = (255 - random.below(literals)) as u8;
            symbols.push(Symbol::Literal(byte));
            bytes.push(byte);
        }
    }
    (symbols, bytes)
}

/// A block, and the pending buffer that it is in.
struct Writer {
    buffer: Vec<u8>,
    pending: Pending,
    block: Box<core::mem::MaybeUninit<Block>>,
}

impl Writer {
    fn new(symbols: usize) -> Writer {
        let mut buffer = vec![0xa5; symbols * 4];
        let mut block = Box::<Block>::new_uninit();
        // SAFETY: the buffer lives as long as both, and does not move when its vector does.
        let pending = unsafe {
            let pending = Pending::new(buffer.as_mut_ptr(), (symbols * 4) as u32);
            Block::init(block.as_mut_ptr(), &pending, symbols as u32);
            pending
        };
        Writer { buffer, pending, block }
    }

    /// Writes a block, and takes its bytes: with the bits behind them, all that was written.
    fn write(
        &mut self,
        symbols: &[Symbol],
        stored: Option<&[u8]>,
        len: usize,
        fixed_only: bool,
        last: bool,
    ) -> Result<Vec<u8>, String> {
        // SAFETY: `init` has made it.
        let block = unsafe { self.block.assume_init_mut() };
        let room = self.buffer.len() / 4 - 1;
        for (i, symbol) in symbols.iter().enumerate() {
            let full = match *symbol {
                Symbol::Literal(byte) => block.literal(byte),
                Symbol::Match { distance, length } => block.matched(distance, length),
            };
            same(full, i + 1 == room, || format!("full after {} of {room}", i + 1))?;
        }
        same(block.len(), symbols.len(), || "length of the block".into())?;
        let stored = stored.map(<[u8]>::as_ptr);
        block.write(&mut self.pending, stored, len, fixed_only, last);
        same((block.is_empty(), block.len()), (true, 0), || "the next block".into())?;
        let written = self.pending.waiting().to_vec();
        let mut taken = vec![0; written.len()];
        let mut strm = Strm::new(Io::new(&[], Room::new(&mut taken)));
        self.pending.flush(&mut strm);
        same(self.pending.len(), 0, || "left in the pending buffer".into())?;
        same(taken == written, true, || "what was handed over".into())?;
        Ok(written)
    }

    fn bits(&self) -> (u32, u32) {
        (self.pending.bits(), self.pending.bit_count())
    }
}

/// Blocks behind each other, as long as the bits of the one are not whole bytes.
fn blocks() -> Result<(), String> {
    let mut random = Random::new(4);
    let mut kinds = Vec::new();
    for size in [128, 512, fewer(4096, 512)] {
        for _ in 0..fewer(120, 6) {
            let mut writer = Writer::new(size);
            let (mut found, mut expected) = (Vec::new(), Bits::default());
            for n in 0..4 {
                let (symbols, bytes) = symbols(&mut random, size - 1);
                let may_store = random.one_in(2) && bytes.len() < 65_536;
                let stored = may_store.then_some(&bytes[..]);
                let (fixed_only, last) = (random.one_in(5), n == 3);
                kinds.push(naive::block(&mut expected, &symbols, stored, fixed_only, last));
                let len = bytes.len();
                found.extend(writer.write(&symbols, stored, len, fixed_only, last)?);
                let (bytes, bits) = expected.bytes();
                let context = || format!("block {n} of {} symbols, {:?}", symbols.len(), kinds);
                same(writer.bits(), bits, context)?;
                same(found == bytes, true, context)?;
            }
        }
    }
    for kind in [Kind::Stored, Kind::Fixed, Kind::Dynamic] {
        let count = kinds.iter().filter(|found| **found == kind).count();
        same(count > fewer(40, 3), true, || format!("only {count} are {kind:?}"))?;
    }
    Ok(())
}

/// At the border between the kinds of blocks: literals of 8 and 9 bits, so that storing is as long
/// as, or a byte longer or shorter than, the fixed codes.
fn stored_or_not() -> Result<(), String> {
    let (mut stored, mut other) = (0, 0);
    for few in (0..8).step_by(fewer(1, 3)) {
        for many in (0..40).step_by(fewer(1, 3)) {
            let bytes: Vec<u8> =
                (0..few).map(|n| n * 16).chain((0..many).map(|n| 144 + n * 2)).collect();
            let symbols: Vec<Symbol> = bytes.iter().map(|byte| Symbol::Literal(*byte)).collect();
            let mut expected = Bits::default();
            let kind = naive::block(&mut expected, &symbols, Some(&bytes), false, true);
            let mut writer = Writer::new(128);
            let found = writer.write(&symbols, Some(&bytes), bytes.len(), false, true)?;
            same(&found, &expected.bytes().0, || format!("{few} and {many}: {kind:?}"))?;
            if kind == Kind::Stored {
                stored += 1;
            } else {
                other += 1;
            }
        }
    }
    same(stored.min(other) > fewer(50, 4), true, || format!("{stored} stored, {other} not"))
}

/// Which bytes make a block text: zlib's doc/txtvsbin.txt says which.
fn text() -> Result<(), String> {
    for byte in (0..=255u8).step_by(fewer(1, 9)) {
        let forbidden = matches!(byte, 0..=6 | 14..=25 | 28..=31);
        let allowed = matches!(byte, 9 | 10 | 13 | 32..=255);
        for with in [None, Some(b'a'), Some(27), Some(0)] {
            let mut writer = Writer::new(128);
            // SAFETY: `init` has made it.
            let block = unsafe { writer.block.assume_init_mut() };
            block.literal(byte);
            with.map(|with| block.literal(with));
            let expected = match with {
                Some(0) => false,
                Some(b'a') => !forbidden,
                _ => !forbidden && allowed,
            };
            same(block.is_text(), expected, || format!("{byte} with {with:?}"))?;
        }
    }
    Ok(())
}

/// All that can be done with the pending buffer, in any order, beside a plain list of bits.
fn pending() -> Result<(), String> {
    const SIZE: usize = 512;
    let mut random = Random::new(5);
    for _ in 0..fewer(400, 10) {
        let mut buffer = vec![0xa5; SIZE];
        // SAFETY: the buffer lives as long.
        let mut pending = unsafe { Pending::new(buffer.as_mut_ptr(), SIZE as u32) };
        let (mut sent, mut taken, mut used) = (Bits::default(), Vec::<u8>::new(), 0);
        for _ in 0..60 {
            let waiting = sent.0.len() / 8 - taken.len();
            let before = taken.len();
            // What was handed over leaves room only once all is, or it is asked for.
            let room = SIZE - waiting - pending.handed_over().min(SIZE - waiting);
            match random.below(8) {
                _ if room < 80 => {}
                0 | 1 => {
                    let count = 1 + random.below(16) as u32;
                    let value = random.below(1 << count) as u32;
                    pending.send(value, count);
                    sent.number(value.into(), count);
                }
                2 => {
                    used = match sent.0.len() % 8 {
                        0 => 8,
                        bits => bits as u32,
                    };
                    pending.align();
                    sent.align();
                }
                3 => {
                    let (len, last) = (random.below(65_536) as u16, random.one_in(2));
                    pending.stored_header(len, last);
                    sent.number(last.into(), 3);
                    used = match sent.0.len() % 8 {
                        0 => 8,
                        bits => bits as u32,
                    };
                    sent.align();
                    sent.number(len.into(), 16);
                    sent.number((!len).into(), 16);
                }
                4 => {
                    pending.empty_fixed_block();
                    sent.number(1 << 1, 10);
                }
                5 if sent.0.len() % 8 == 0 => {
                    let bytes: Vec<u8> = (0..random.below(70)).map(|n| n as u8).collect();
                    pending.bytes(&bytes);
                    bytes.iter().for_each(|byte| sent.number(u64::from(*byte), 8));
                }
                6 => {
                    // Around where it is just enough, and anywhere.
                    let near = waiting + random.below(5);
                    let end = if random.one_in(2) { near } else { random.below(SIZE) };
                    same(pending.make_room(end), waiting + 2 <= end, || {
                        format!("{waiting} bytes below {end}")
                    })?;
                }
                _ => {}
            }
            if room < 80 || random.one_in(3) {
                let mut out = vec![0; if room < 80 { SIZE } else { random.below(60) }];
                let len = out.len();
                let mut strm = Strm::new(Io::new(&[], Room::new(&mut out)));
                pending.flush(&mut strm);
                let written = len - strm.io.avail_out() as usize;
                taken.extend(&out[..written]);
            }
            let (bytes, bits) = sent.bytes();
            let handed = taken.len() - before;
            let found = (pending.waiting(), (pending.bits(), pending.bit_count()), pending.used());
            same(found, (&bytes[taken.len()..], bits, used), || format!("{handed} handed over"))?;
            same(taken == bytes[..taken.len()], true, || "what was handed over".into())?;
        }
    }
    Ok(())
}
