//! Data to compress, and streams to decompress, valid and hostile.

use std::ffi::c_int;

use crate::api::{STREAM_SIZE, VERSION, Zlib};
use crate::craft;
use crate::source::Source;
use crate::stream::{ZStream, code, flush};

/// Data of some kind, up to `max` bytes.
pub fn data(s: &mut Source, max: u32) -> Vec<u8> {
    let len = s.length(max) as usize;
    match s.below(9) {
        0 => s.fill(len),
        1 => vec![s.u32() as u8; len],
        2 => text(s, len),
        3 => {
            let period = s.length(70_000) as usize + 1;
            let unit = s.fill(period.min(len));
            unit.iter().copied().cycle().take(if unit.is_empty() { 0 } else { len }).collect()
        }
        4 => {
            let letters = s.range(2, 20) as u32;
            (0..len).map(|_| b'a' + s.below(letters) as u8).collect()
        }
        5 => far_matches(s, len),
        6 => (0..len).map(|i| (i / 3) as u8 ^ if s.one_in(40) { 0x55 } else { 0 }).collect(),
        _ => {
            // Parts of different kinds, as in an archive.
            let mut all = Vec::new();
            while all.len() < len {
                let part = (s.length(max.min(20_000)) as usize + 1).min(len - all.len());
                let piece = match s.below(4) {
                    0 => s.fill(part),
                    1 => vec![0; part],
                    2 => text(s, part),
                    _ => far_matches(s, part),
                };
                all.extend(piece);
            }
            all
        }
    }
}

fn text(s: &mut Source, len: usize) -> Vec<u8> {
    const WORDS: [&str; 24] = [
        "the",
        "of",
        "and",
        "window",
        "length",
        "distance",
        "a",
        "in",
        "code",
        "block",
        "stream",
        "is",
        "to",
        "literal",
        "tree",
        "bit",
        "zlib",
        "\n",
        "byte",
        "that",
        "for",
        "compressed",
        "with",
        "data",
    ];
    let mut all = Vec::with_capacity(len + 16);
    while all.len() < len {
        all.extend(s.pick(&WORDS).as_bytes());
        all.push(if s.one_in(9) { b'.' } else { b' ' });
    }
    all.truncate(len);
    all
}

fn far_matches(s: &mut Source, len: usize) -> Vec<u8> {
    let mut all: Vec<u8> = Vec::with_capacity(len);
    while all.len() < len {
        if all.len() > 10 && !s.one_in(3) {
            let back = (s.length(33_000) as usize + 1).min(all.len());
            let count = s.length(300) as usize + 3;
            let from = all.len() - back;
            for i in 0..count {
                all.push(all[from + i]);
            }
        } else {
            let run = s.length(40) as usize + 1;
            all.extend(s.fill(run));
        }
    }
    all.truncate(len);
    all
}

/// How a stream was made.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// As `deflateInit2` takes it.
    pub window_bits: c_int,
    pub level: c_int,
    pub mem_level: c_int,
    pub strategy: c_int,
}

impl Shape {
    /// Parameters that every library takes.
    pub fn any(s: &mut Source) -> Shape {
        let bits = if s.one_in(2) { 15 } else { s.range(9, 15) };
        let window_bits = match s.below(3) {
            0 => bits,
            1 => -bits,
            _ => bits + 16,
        };
        Shape {
            window_bits,
            level: s.range(-1, 9),
            mem_level: if s.one_in(2) { 8 } else { s.range(1, 9) },
            strategy: if s.one_in(2) { 0 } else { s.range(0, 4) },
        }
    }
}

/// `data` compressed by `zlib`, with flushes at random positions.
pub fn compressed(
    zlib: &Zlib,
    s: &mut Source,
    data: &[u8],
    shape: Shape,
    dictionary: &[u8],
) -> Vec<u8> {
    let mut strm = ZStream::new();
    let strm = &raw mut strm;
    let Shape { window_bits, level, mem_level, strategy } = shape;
    let made =
        zlib.deflateInit2_(strm, level, 8, window_bits, mem_level, strategy, VERSION, STREAM_SIZE);
    assert_eq!(made, code::OK, "{shape:?}");
    if !dictionary.is_empty() && window_bits < 16 {
        zlib.deflateSetDictionary(strm, dictionary.as_ptr(), dictionary.len() as u32);
    }
    let mut out = Vec::new();
    let mut buffer = vec![0u8; 4096];
    let mut rest = data;
    loop {
        let piece = if s.one_in(4) { rest.len() } else { s.length(rest.len() as u32) as usize };
        let how = if piece == rest.len() {
            flush::FINISH
        } else {
            s.pick(&[0, 0, flush::PARTIAL, flush::SYNC, flush::FULL, flush::BLOCK])
        };
        // SAFETY: the stream is ours alone.
        let z = unsafe { &mut *strm };
        (z.next_in, z.avail_in) = (rest.as_ptr(), piece as u32);
        loop {
            // SAFETY: as above.
            let z = unsafe { &mut *strm };
            (z.next_out, z.avail_out) = (buffer.as_mut_ptr(), buffer.len() as u32);
            let code = zlib.deflate(strm, how);
            // SAFETY: as above.
            let room = unsafe { (*strm).avail_out } as usize;
            out.extend_from_slice(&buffer[..buffer.len() - room]);
            if code == code::STREAM_END || (room != 0 && how != flush::FINISH) || code < 0 {
                break;
            }
        }
        rest = &rest[piece..];
        if how == flush::FINISH {
            break;
        }
    }
    zlib.deflateEnd(strm);
    out
}

/// A stream to decompress, of the window bits that it was made for, perhaps corrupt.
pub fn stream(zlib: &Zlib, s: &mut Source, dictionary: &[u8], max: u32) -> (Vec<u8>, c_int) {
    let shape = Shape::any(s);
    let mut bits = shape.window_bits;
    let mut all = match s.below(8) {
        0 => craft::blocks(s, &mut bits),
        1 => {
            let len = s.length(600) as usize;
            let mut random = s.fill(len);
            if s.one_in(2) {
                bits = 15;
                random.splice(0..0, [0x78, 0x9c]);
            }
            random
        }
        _ => {
            let data = data(s, max);
            compressed(zlib, s, &data, shape, dictionary)
        }
    };
    if s.one_in(3) {
        damage(s, &mut all);
    }
    match s.below(6) {
        // Trailing garbage, or a second stream.
        0 => {
            let len = s.length(40) as usize;
            all.extend(s.fill(len));
        }
        1 => {
            let second = data(s, 2000);
            all.extend(compressed(zlib, s, &second, shape, &[]));
        }
        _ => {}
    }
    (all, bits)
}

/// Changes a few bytes.
pub fn damage(s: &mut Source, bytes: &mut Vec<u8>) {
    for _ in 0..=s.below(4) {
        let len = bytes.len() as u32;
        if len == 0 {
            return;
        }
        // Headers and the first tables are where most can go wrong.
        let at = if s.one_in(2) { s.below(len.min(40)) } else { s.below(len) } as usize;
        match s.below(6) {
            0 => bytes[at] = s.u32() as u8,
            1 => bytes[at] ^= 1 << s.below(8),
            2 => bytes.truncate(at),
            3 => bytes.insert(at, s.u32() as u8),
            4 => {
                bytes.remove(at);
            }
            _ => {
                let end = (at + s.length(30) as usize).min(bytes.len());
                bytes.drain(at..end);
            }
        }
    }
}
