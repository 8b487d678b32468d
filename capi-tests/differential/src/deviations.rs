//! What differs from stock by name (docs/deviations.md): that it still does, and in the way that
//! is written there. One that no longer does comes off the list.

use std::ffi::{c_int, c_uint, c_ulong};

use crate::api::{Libraries, STREAM_SIZE, VERSION, Zlib};
use crate::craft::{Symbol, fixed};
use crate::data::{Shape, compressed};
use crate::source::Source;
use crate::stream::{ZStream, code, flush};

/// A named difference and the check of both sides.
pub type Deviation = (&'static str, fn(&Libraries) -> Result<(), String>);

/// All of them.
pub const ALL: [Deviation; 8] = [
    ("block-end", block_end),
    ("fast-message", fast_message),
    ("window", window),
    ("mark", mark),
    ("codes-used", codes_used),
    ("beyond-output", beyond_output),
    ("late-prime", late_prime),
    ("history-after-end", history_after_end),
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

fn late_prime(libraries: &Libraries) -> Result<(), String> {
    both(libraries, code::BUF_ERROR, code::OK, |zlib| {
        let mut strm = Box::new(ZStream::new());
        let z = &mut *strm;
        assert_eq!(zlib.deflateInit2_(z, 6, 8, -15, 8, 0, VERSION, STREAM_SIZE), code::OK);
        let mut room = [0; 100];
        let z = &mut *strm;
        (z.next_out, z.avail_out) = (room.as_mut_ptr(), 100);
        zlib.deflate(z, flush::FINISH);
        let code = zlib.deflatePrime(z, 3, 0);
        zlib.deflateEnd(z);
        code
    })
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
