use super::*;
use crate::engine::raw::tests::decompress;

fn compress(input: &[u8], effort: Effort, reach: usize) -> (Vec<u8>, Encoded) {
    let mut memory = Box::<Memory>::new_uninit();
    // SAFETY: nothing in it need be initialised; as many bytes are appended as are compressed.
    unsafe {
        let memory = memory.assume_init_mut();
        memory.append(0, input);
        let encoded = memory.encode(input.len(), effort, reach);
        (memory.output(encoded.len).to_vec(), encoded)
    }
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) as usize
    }
}

/// Data of many kinds: alphabets of 1 to 256 bytes, flat and steep, with repeats near and far.
fn sample(random: &mut Random, len: usize) -> Vec<u8> {
    let alphabet = 1 + random.next() % 256;
    let steep = random.next().is_multiple_of(2);
    let repeats = random.next() % 64;
    let mut data: Vec<u8> = Vec::with_capacity(len);
    while data.len() < len {
        if !data.is_empty() && random.next() % 64 < repeats {
            let from = random.next() % data.len();
            let count = 1 + random.next() % if random.next().is_multiple_of(8) { 600 } else { 12 };
            for at in from..from + count {
                data.push(data[at]);
            }
        } else {
            let value = random.next() % alphabet;
            let cut = if steep { 1 << (random.next() % 9) } else { 256 };
            data.push((value % cut) as u8);
        }
    }
    data.truncate(len);
    data
}

#[test]
fn everything_reads_back_within_a_stored_blocks_size() {
    let mut random = Random(7);
    for round in 0..4000 {
        let len = match round % 4 {
            0 => random.next() % 20,
            1 => random.next() % 300,
            2 => random.next() % (LIMIT + 1),
            _ => LIMIT - random.next() % 4,
        };
        let data = sample(&mut random, len);
        let effort =
            Effort { level: 1 + (random.next() % 9) as i32, strategy: (random.next() % 5) as i32 };
        let reach = [250, 762, 32506][random.next() % 3];
        let (compressed, encoded) = compress(&data, effort, reach);
        let what = format!("round {round}: {len} bytes, {effort:?}, reach {reach}");
        assert!(decompress(&compressed, len) == data, "{what}");
        assert!(compressed.len() <= len + STORED_HEADER, "{what}: {} bytes", compressed.len());
        assert!((1..=8).contains(&encoded.last_bits), "{what}");
        let beyond = compressed[encoded.len - 1].checked_shr(encoded.last_bits as u32);
        assert_eq!(beyond.unwrap_or(0), 0, "{what}: bits behind the last");
    }
}

#[test]
fn nothing_is_ten_bits() {
    let (compressed, encoded) = compress(&[], Effort { level: 6, strategy: 0 }, 32506);
    assert_eq!(compressed, [3, 0]);
    assert_eq!((encoded.last_bits, encoded.data_type), (2, BINARY));
}

#[test]
fn data_type_is_that_of_the_bytes_that_occur() {
    for byte in 0..=255u8 {
        let encoded = compress(&[byte; 40], Effort { level: 6, strategy: 0 }, 32506).1;
        let text = matches!(byte, 9 | 10 | 13 | 32..);
        assert_eq!(encoded.data_type, if text { TEXT } else { BINARY }, "byte {byte}");
        let both = compress(&[b'a', b'b', byte], Effort { level: 6, strategy: 0 }, 32506).1;
        let control = matches!(byte, 0..=6 | 14..=25 | 28..=31);
        assert_eq!(both.data_type, if control { BINARY } else { TEXT }, "byte {byte} in text");
    }
}

#[test]
fn matches_keep_to_their_reach() {
    // 300 bytes that come twice: with a reach of 250 nothing is found.
    let mut random = Random(1);
    let once: Vec<u8> = (0..300).map(|_| random.next() as u8).collect();
    let twice = [once.as_slice(), &once].concat();
    let effort = Effort { level: 9, strategy: 0 };
    assert!(compress(&twice, effort, 250).0.len() >= 600);
    assert!(compress(&twice, effort, 762).0.len() < 330);
}

#[test]
fn strategies_are_kept_to() {
    let runs = [[b'a'; 500], [b'b'; 500]].concat();
    let size = |strategy| compress(&runs, Effort { level: 6, strategy }, 32506).0.len();
    // A bit a byte, and the codes; runs; the fixed codes.
    assert!(size(2) >= 125);
    assert!(size(3) < 40);
    let (fixed, _) = compress(&runs, Effort { level: 6, strategy: 4 }, 32506);
    assert_eq!(fixed[0] & 7, 3, "not the last block, or not with fixed codes");
}
