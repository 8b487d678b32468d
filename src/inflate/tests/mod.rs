//! Each variant of the fast loop that this CPU supports, called directly, on streams whose bytes
//! are known by definition.

mod encoder;

use core::mem::MaybeUninit;

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::blocks::{Around, Blocks, Stop};
use super::fast::{VARIANTS, Variants};
use super::window::Window;
use super::*;
use crate::testing::{Random, fewer};
use encoder::Stream;

/// Runs `check` on every variant that this CPU supports, and fails if one is wrong or left out.
fn for_each_variant(what: &str, check: impl Fn(&Variants)) {
    let (mut checked, mut wrong, mut missing) = (0, Vec::new(), Vec::new());
    for variants in VARIANTS {
        if !crate::cpu::supported().has(variants.needs) {
            missing.push(variants.name);
            continue;
        }
        // One wrong variant does not hide another.
        if catch_unwind(AssertUnwindSafe(|| check(variants))).is_err() {
            wrong.push(variants.name);
        }
        checked += 1;
    }
    // Not println!, which the test harness would swallow: a variant left out must be seen.
    let mut said = format!("inflate, {what}: {checked} of {} variants checked\n", VARIANTS.len());
    if !missing.is_empty() {
        said += &format!("kernels not run: {}\n", missing.join(", "));
    }
    if !wrong.is_empty() {
        said += &format!("wrong kernels: {}\n", wrong.join(", "));
    }
    std::io::stdout().write_all(said.as_bytes()).unwrap();
    let expected = VARIANTS.iter().filter(|v| cpu_can_run(v.name)).count();
    assert_eq!(checked, expected, "a variant that this CPU can run was not run");
    assert!(wrong.is_empty(), "inflate, {what}: {} wrong", wrong.join(", "));
}

/// What std's own detection says about a variant, by name: independent of `cpu`.
fn cpu_can_run(name: &str) -> bool {
    match name {
        "inflate portable" => true,
        #[cfg(target_arch = "x86_64")]
        "inflate avx2" => {
            is_x86_feature_detected!("avx2")
                && is_x86_feature_detected!("bmi1")
                && is_x86_feature_detected!("bmi2")
                && is_x86_feature_detected!("popcnt")
        }
        other => panic!("{other}: tell this test how to find out about it"),
    }
}

/// What the room holds before; not the same everywhere, so that a byte put back at a wrong address is
/// seen.
fn unwritten(place: usize) -> u8 {
    (place * 37 + 11) as u8
}

/// Gives the stream in pieces of `give` bytes at most and takes its output in pieces of `room`.
fn decode(variants: &Variants, stream: &Stream, give: usize, room: usize) {
    let mut place = Box::new(MaybeUninit::<Blocks>::uninit());
    // SAFETY: the place is ours.
    let blocks = unsafe {
        Blocks::init(place.as_mut_ptr());
        place.assume_init_mut()
    };
    let mut window = Window::new(Allocator::LIBC);
    let mut plain = Vec::new();
    let mut rest: &[u8] = &stream.bytes;
    loop {
        let mut out: Vec<u8> = (0..room).map(unwritten).collect();
        // An allocation of its own, so that a checker sees a byte too far.
        let input = rest[..give.min(rest.len())].to_vec();
        let mut io = Io::new(&input, Room::new(&mut out));
        let out_start = io.next_out;
        let around = Around { out_start, window: &window, flush: Flush::None, variants };
        let stop = blocks.run(&mut io, &around);
        let (left, next_out) = (io.avail_in as usize, io.next_out);
        let written = room - io.avail_out as usize;
        rest = &rest[input.len() - left..];
        let mut behind = (written..).zip(&out[written..]);
        assert!(behind.all(|(at, byte)| *byte == unwritten(at)), "behind the output");
        // SAFETY: the output is not the window.
        assert!(unsafe { window.append(next_out, written, 15) });
        plain.extend_from_slice(&out[..written]);
        assert!(stream.plain.starts_with(&plain), "wrong bytes before {}", plain.len());
        match stop {
            Stop::End => break,
            Stop::Input if !rest.is_empty() => {}
            Stop::Room => {}
            stop => panic!("{stop:?} behind {} bytes", plain.len()),
        }
    }
    assert_eq!(plain.len(), stream.plain.len());
    assert!(rest.is_empty(), "{} bytes of input are left", rest.len());
}

#[test]
fn streams_in_one_call() {
    for_each_variant("in one call", |variants| {
        let mut random = Random::new(1);
        for size in [10, 100, 1000, 20_000, 100_000] {
            let size = size.min(fewer(size, 100));
            for _ in 0..fewer(12, 1) {
                let stream = encoder::stream(&mut random, 4, size);
                decode(variants, &stream, usize::MAX, stream.plain.len() + 1000);
                decode(variants, &stream, usize::MAX, stream.plain.len());
            }
        }
    });
}

#[test]
fn streams_in_pieces() {
    for_each_variant("in pieces", |variants| {
        let mut random = Random::new(2);
        for _ in 0..fewer(60, 4) {
            let stream = encoder::stream(&mut random, 4, fewer(20_000, 60));
            let most = random.pick([50, 1000, 5000, 1 << 20]);
            let give = 20 + random.below(most);
            let most = random.pick([40, 700, 9000, 40_000]);
            let room = 1 + random.below(most);
            decode(variants, &stream, give, room);
        }
    });
}

/// Input that is often enough for a turn of the loop, but not for its wide reads.
#[test]
fn streams_in_small_pieces() {
    for_each_variant("in small pieces", |variants| {
        let mut random = Random::new(6);
        for give in (2..=20).step_by(fewer(1, 6)) {
            for _ in 0..fewer(3, 1) {
                let stream = encoder::stream(&mut random, 3, fewer(3000, 30));
                let room = random.pick([60, 400, 5000]);
                decode(variants, &stream, give, room);
                decode(variants, &stream, give, stream.plain.len());
            }
        }
    });
}

#[test]
fn streams_byte_by_byte() {
    for_each_variant("byte by byte", |variants| {
        let stream = encoder::stream(&mut Random::new(3), fewer(6, 1), fewer(700, 12));
        decode(variants, &stream, 1, 1);
        decode(variants, &stream, 1, 1000);
        decode(variants, &stream, 1000, 1);
    });
}

/// Room that reaches over the input: nothing may be written too far, not even for a moment.
#[test]
fn streams_in_place() {
    for_each_variant("in place", |variants| {
        let mut random = Random::new(4);
        for _ in 0..fewer(30, 3) {
            let stream = encoder::stream(&mut random, 3, fewer(3000, 60));
            let at = stream.plain.len();
            let mut buffer: Vec<u8> = (0..at).map(unwritten).collect();
            buffer.extend(&stream.bytes);
            let mut place = Box::new(MaybeUninit::<Blocks>::uninit());
            let start = buffer.as_mut_ptr();
            // SAFETY: the place is ours, and both pointers are within the buffer.
            let (blocks, mut io) = unsafe {
                Blocks::init(place.as_mut_ptr());
                let len = stream.bytes.len() as u32;
                let io = Io::from_raw(start.add(at), len, start, buffer.len() as u32);
                (place.assume_init_mut(), io)
            };
            let window = Window::new(Allocator::LIBC);
            let around = Around { out_start: start, window: &window, flush: Flush::None, variants };
            assert_eq!(blocks.run(&mut io, &around), Stop::End);
            assert!(buffer[..at] == stream.plain, "wrong bytes");
            assert!(buffer[at..] == stream.bytes, "the input was overwritten");
        }
    });
}

/// As with `inflateBack`, where the window is the output, round after round.
#[test]
fn streams_through_a_ring() {
    for_each_variant("through a ring", |variants| {
        let mut random = Random::new(8);
        for bits in [8, 9, 12, 15] {
            for _ in 0..fewer(20, 1) {
                let size = 1 << bits;
                let stream = encoder::stream_within(&mut random, 3, fewer(4 * size, 600), size);
                let mut ring: Vec<u8> = (0..size).map(unwritten).collect();
                let mut place = Box::new(MaybeUninit::<Blocks>::uninit());
                // SAFETY: the place is ours.
                let blocks = unsafe {
                    Blocks::init(place.as_mut_ptr());
                    place.assume_init_mut()
                };
                let start = ring.as_mut_ptr();
                let mut window = Window::around(start, size as u32, 0);
                let mut plain = Vec::new();
                let mut rest: &[u8] = &stream.bytes;
                loop {
                    // SAFETY: input and ring are as long as is said.
                    let mut io = unsafe {
                        Io::from_raw(rest.as_ptr(), rest.len() as u32, start, size as u32)
                    };
                    let around =
                        Around { out_start: start, window: &window, flush: Flush::None, variants };
                    let stop = blocks.run(&mut io, &around);
                    rest = &rest[rest.len() - io.avail_in as usize..];
                    // SAFETY: the ring has a value, and nothing else refers to it now.
                    let written =
                        unsafe { core::slice::from_raw_parts(start, size - io.avail_out as usize) };
                    plain.extend_from_slice(written);
                    assert!(stream.plain.starts_with(&plain), "wrong bytes before {}", plain.len());
                    match stop {
                        Stop::End => break,
                        Stop::Room => window.have = size as u32,
                        stop => panic!("{stop:?} behind {} bytes", plain.len()),
                    }
                }
                assert_eq!(plain.len(), stream.plain.len());
            }
        }
    });
}

/// A wrong length is no code, whichever way the lengths are sorted.
#[test]
fn codes_that_are_none() {
    use super::tables::{Job, NoCode, Pair};
    for_each_variant("bad codes", |variants| {
        let mut random = Random::new(5);
        let mut pair = MaybeUninit::<Pair<{ super::tables::LITERAL_ENTRIES }>>::uninit();
        for _ in 0..fewer(2000, 20) {
            let mut lengths = [0u8; 400];
            // 256 codes of eight bits, and 30 of five, which are two too few.
            let literals = 257 + random.below(30);
            lengths[..255].fill(8);
            lengths[256] = 8;
            let distances = 1 + random.below(30);
            lengths[literals] = 1;
            let fault = random.below(3);
            match fault {
                0 => lengths[random.below(257)] = 1 + random.below(7) as u8,
                1 => lengths[random.below(255)] = 0,
                _ => {}
            }
            let others = distances > 2 && random.below(2) == 0;
            if others {
                lengths[literals + 1..literals + distances].fill(1);
            }
            // SAFETY: any bits are a value; the array has room for wide reads.
            let built = unsafe {
                let pair = pair.assume_init_mut();
                (variants.build)(Job {
                    lengths: lengths.as_ptr(),
                    literals,
                    distances,
                    literal_table: &mut pair.literals,
                    distance_table: &mut pair.distances,
                    may_pair: true,
                })
            };
            let expected = match (fault, others) {
                (0 | 1, _) => Some(NoCode::Literals),
                (_, true) => Some(NoCode::Distances),
                _ => None,
            };
            assert_eq!(built.err(), expected, "fault {fault}");
        }
    });
}

/// A few megabytes that become more than 32 bits can count: too much for Miri, whatever the loop.
#[test]
#[cfg(not(miri))]
fn four_gibibytes_of_zeros() {
    let mut room = vec![0; 1 << 20];
    let crc = |length: u64| {
        let size = room.len() as u64;
        let whole = (0..length / size).fold(0, |crc, _| crc32(crc, &room));
        crc32(whole, &room[..(length % size) as usize])
    };
    let stream = encoder::zeros(crc);
    let mut inflate = OwnInflate::new(31).unwrap();
    let zeros = vec![0; 1 << 16];
    let mut total = 0u64;
    let mut give = |mut input: &[u8]| {
        loop {
            let step = inflate.inflate(input, Room::new(&mut room), Flush::None);
            input = &input[step.consumed..];
            total += step.produced as u64;
            // A full buffer may not have been all.
            if step.code != Code::Ok || (input.is_empty() && step.produced < room.len()) {
                return step.code;
            }
        }
    };
    assert_eq!(give(&stream.before), Code::Ok);
    let mut left = stream.zeros;
    while left != 0 {
        let piece = left.min(zeros.len());
        assert_eq!(give(&zeros[..piece]), Code::Ok);
        left -= piece;
    }
    assert_eq!(give(&stream.after), Code::StreamEnd);
    assert!(total > 1 << 32);
}
