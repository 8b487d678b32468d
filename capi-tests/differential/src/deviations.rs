//! What differs from stock by name (docs/deviations.md): that it still does, and in the way that
//! is written there. One that no longer does comes off the list.

use std::ffi::{c_int, c_uint, c_ulong, c_void};

use crate::api::{Libraries, STREAM_SIZE, VERSION, Zlib};
use crate::craft::{Symbol, fixed};
use crate::data::{Shape, compressed};
use crate::source::Source;
use crate::stream::{ZStream, code, flush};

/// A named difference and the check of both sides.
pub type Deviation = (&'static str, fn(&Libraries) -> Result<(), String>);

/// All of them.
pub const ALL: [Deviation; 9] = [
    ("block-end", block_end),
    ("fast-message", fast_message),
    ("window", window),
    ("mark", mark),
    ("codes-used", codes_used),
    ("beyond-output", beyond_output),
    ("late-prime", late_prime),
    ("history-after-end", history_after_end),
    ("back-distance", back_distance),
];

struct Reader<'a> {
    zlib: &'a Zlib,
    strm: Box<ZStream>,
    room: Vec<u8>,
}

impl<'a> Reader<'a> {
    fn new(zlib: &'a Zlib, bits: c_int) -> Reader<'a> {
        let mut strm = Box::new(ZStream::new());
        assert_eq!(zlib.inflateInit2_(&mut *strm, bits, VERSION, STREAM_SIZE), code::OK);
        Reader { zlib, strm, room: vec![0xa5; 4096] }
    }

    fn read(&mut self, bytes: &[u8], room: u32) -> c_int {
        (self.strm.next_in, self.strm.avail_in) = (bytes.as_ptr(), bytes.len() as c_uint);
        (self.strm.next_out, self.strm.avail_out) = (self.room.as_mut_ptr(), room);
        self.zlib.inflate(&mut *self.strm, flush::NONE)
    }

    fn history(&mut self) -> c_uint {
        let mut len = 0;
        self.zlib.inflateGetDictionary(&mut *self.strm, std::ptr::null_mut(), &mut len);
        len
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        self.zlib.inflateEnd(&mut *self.strm);
    }
}

/// Both sides' values are what is written down.
fn both<T: PartialEq + std::fmt::Debug>(
    libraries: &Libraries,
    ours: T,
    stock: T,
    of: impl Fn(&Zlib) -> T,
) -> Result<(), String> {
    let got = (of(&libraries.ours), of(&libraries.stock));
    if got == (ours, stock) { Ok(()) } else { Err(format!("ours and stock are now {got:?}")) }
}

fn block_end(libraries: &Libraries) -> Result<(), String> {
    both(libraries, 0, 128, |zlib| {
        let mut reader = Reader::new(zlib, 15);
        reader.read(&[0x78, 0x9c, 0, 0, 0, 0xff, 0xff], 100);
        reader.strm.data_type
    })
}

fn fast_message(libraries: &Libraries) -> Result<(), String> {
    let mut symbols = vec![Symbol::Literal(b'a'.into()); 600];
    symbols[500] = Symbol::Literal(286);
    let stream = fixed(&symbols);
    let of = |first: usize| {
        let stream = &stream;
        move |zlib: &Zlib| {
            let mut reader = Reader::new(zlib, -15);
            reader.read(&stream[..first], 4000);
            let code = reader.read(&stream[first..], 4000);
            (code, reader.strm.msg())
        }
    };
    let right = (code::DATA_ERROR, Some("invalid literal/length code"));
    // In one call the text is found again.
    both(libraries, right, right, of(0))?;
    let other = (code::DATA_ERROR, Some("invalid distance too far back"));
    both(libraries, other, right, of(40))
}

fn window(libraries: &Libraries) -> Result<(), String> {
    let mut symbols = vec![Symbol::Literal(b'a'.into()); 1000];
    symbols.push(Symbol::Match { distance: 600 });
    symbols.push(Symbol::Literal(256));
    let stream = fixed(&symbols);
    let of = |bits| {
        let stream = &stream;
        move |zlib: &Zlib| {
            let mut reader = Reader::new(zlib, bits);
            reader.read(stream, 990);
            let left = reader.strm.avail_in as usize;
            reader.read(&stream[stream.len() - left..], 100)
        }
    };
    both(libraries, code::STREAM_END, code::STREAM_END, of(-15))?;
    both(libraries, code::STREAM_END, code::DATA_ERROR, of(-9))
}

fn mark(libraries: &Libraries) -> Result<(), String> {
    let stream = fixed(
        &[[Symbol::Literal(b'a'.into()); 40].as_slice(), &[Symbol::Match { distance: 40 }]]
            .concat(),
    );
    // Cut within the distance's extra bits.
    both(libraries, 7 << 16, 12 << 16, |zlib| {
        let mut reader = Reader::new(zlib, -15);
        reader.read(&stream[..stream.len() - 1], 100);
        zlib.inflateMark(&mut *reader.strm)
    })
}

fn codes_used(libraries: &Libraries) -> Result<(), String> {
    // A dynamic block, from a compressor.
    // Codes of more than nine bits, where the engine's first table is larger.
    let skewed: Vec<u8> = (0..13).flat_map(|i| vec![i; 1 << (13 - i)]).collect();
    let shape = Shape { window_bits: 15, level: 6, mem_level: 9, strategy: 2 };
    let mut once = Source::seed(0);
    let stream = loop {
        let stream = compressed(&libraries.stock, &mut once, &skewed, shape, &[]);
        if stream.len() < 6000 {
            break stream;
        }
    };
    let len = stream.len();
    let used = |zlib: &Zlib| {
        let mut reader = Reader::new(zlib, 15);
        reader.room = vec![0; 30_000];
        reader.read(&stream[..len - 6], 30_000);
        zlib.inflateCodesUsed(&mut *reader.strm)
    };
    let (ours, stock) = (used(&libraries.ours), used(&libraries.stock));
    if ours != stock { Ok(()) } else { Err(format!("both are now {ours}")) }
}

fn beyond_output(libraries: &Libraries) -> Result<(), String> {
    let mut symbols = vec![Symbol::Literal(b'a'.into()); 30];
    symbols.push(Symbol::Match { distance: 30 });
    symbols.push(Symbol::Literal(256));
    let stream = fixed(&symbols);
    let touched = |zlib: &Zlib| {
        let mut reader = Reader::new(zlib, -15);
        reader.read(&stream, 1000);
        // Never beyond the room.
        assert!(reader.room[1000..].iter().all(|byte| *byte == 0xa5));
        let written = reader.strm.total_out as usize;
        reader.room[written..1000].iter().any(|byte| *byte != 0xa5)
    };
    both(libraries, true, false, touched)
}

fn history_after_end(libraries: &Libraries) -> Result<(), String> {
    let data = vec![b'x'; 40_000];
    let mut stream = vec![0; 1000];
    let mut len = stream.len() as c_ulong;
    let source = data.as_ptr();
    libraries.stock.compress2(stream.as_mut_ptr(), &mut len, source, 40_000, 9);
    both(libraries, 32768 - 1000, 32768, |zlib| {
        let mut reader = Reader::new(zlib, 15);
        reader.room = vec![0; 50_000];
        reader.read(&stream[..len as usize], 39_000);
        let left = reader.strm.avail_in as usize;
        let rest = &stream[len as usize - left..len as usize];
        reader.read(rest, 10_000);
        reader.history()
    })
}

fn late_prime(libraries: &Libraries) -> Result<(), String> {
    let data: Vec<u8> = (0..100u32).map(|i| (i.wrapping_mul(i * 2654435) >> 11) as u8).collect();
    // Whether the bits come behind the stream, and not into it.
    both(libraries, true, false, |zlib| {
        let [whole, primed] = [false, true].map(|prime| {
            let mut strm = Box::new(ZStream::new());
            let z = &mut *strm;
            assert_eq!(zlib.deflateInit2_(z, 6, 8, -15, 8, 0, VERSION, STREAM_SIZE), code::OK);
            let mut room = [0; 300];
            (z.next_in, z.avail_in) = (data.as_ptr(), data.len() as c_uint);
            (z.next_out, z.avail_out) = (room.as_mut_ptr(), 10);
            assert_eq!(zlib.deflate(z, flush::FINISH), code::OK);
            if prime {
                assert_eq!(zlib.deflatePrime(z, 8, 0x55), code::OK);
            }
            z.avail_out = 290;
            assert_eq!(zlib.deflate(z, flush::FINISH), code::STREAM_END);
            let written = z.total_out as usize;
            zlib.deflateEnd(z);
            room[..written].to_vec()
        });
        primed == [whole, vec![0x55]].concat()
    })
}

fn back_distance(libraries: &Libraries) -> Result<(), String> {
    // The input in two pieces, behind each other.
    type Pieces<'a> = [&'a [u8]; 2];
    unsafe extern "C" fn give(desc: *mut c_void, place: *mut *const u8) -> c_uint {
        // SAFETY: the call below passes its pieces, and the library a place for the pointer.
        unsafe {
            let [first, second] = &mut *desc.cast::<Pieces<'_>>();
            *place = first.as_ptr();
            std::mem::replace(first, std::mem::take(second)).len() as c_uint
        }
    }
    unsafe extern "C" fn take(_: *mut c_void, _: *mut u8, _: c_uint) -> c_int {
        0
    }
    let mut symbols = vec![Symbol::Literal(b'a'.into()); 300];
    symbols.push(Symbol::Match { distance: 400 });
    symbols.extend([Symbol::Literal(b'a'.into()); 20]);
    symbols.push(Symbol::Literal(256));
    let stream = fixed(&symbols);
    both(libraries, code::DATA_ERROR, code::STREAM_END, |zlib| {
        let mut pieces: Pieces<'_> = stream.split_at(200).into();
        let desc: *mut c_void = std::ptr::from_mut(&mut pieces).cast();
        let mut window = vec![0; 1 << 15];
        let mut strm = Box::new(ZStream::new());
        let z = &mut *strm;
        let made = zlib.inflateBackInit_(z, 15, window.as_mut_ptr(), VERSION, STREAM_SIZE);
        assert_eq!(made, code::OK);
        let code = zlib.inflateBack(z, Some(give), desc, Some(take), desc);
        zlib.inflateBackEnd(z);
        code
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_that_is_written_down_has_a_check() {
        // Checked by the one-shot cases.
        let elsewhere = ["null-lengths"];
        let text = include_str!("../../../docs/deviations.md");
        let mut written: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("| ")?.split_once(" |").map(|(name, _)| name))
            .filter(|name| *name != "name" && !elsewhere.contains(name))
            .collect();
        let mut checked = ALL.map(|(name, _)| name);
        written.sort_unstable();
        checked.sort_unstable();
        assert_eq!(written, checked);
    }
}
