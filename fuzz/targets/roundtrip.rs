//! deflate with any parameters and flushes, and inflate of it.
#![no_main]

use differential::api::{STREAM_SIZE, VERSION, Zlib};
use differential::data::{Shape, compressed};
use differential::source::Source;
use differential::stream::{ZStream, code, flush};
use libfuzzer_sys::fuzz_target;

extern crate zcompat as _;

fuzz_target!(|data: &[u8]| {
    let (choices, data) = data.split_at(data.len().min(24));
    let zlib = Zlib::linked();
    let mut s = Source::bytes(choices);
    let shape = Shape::any(&mut s);
    let dictionary = if s.one_in(4) { &data[..data.len() / 3] } else { &[] };
    let stream = compressed(&zlib, &mut s, data, shape, dictionary);
    let mut strm = Box::new(ZStream::new());
    let made = zlib.inflateInit2_(&mut *strm, shape.window_bits, VERSION, STREAM_SIZE);
    assert_eq!(made, code::OK);
    let set = |strm: &mut ZStream| {
        zlib.inflateSetDictionary(strm, dictionary.as_ptr(), dictionary.len() as u32)
    };
    if shape.window_bits < 0 && !dictionary.is_empty() {
        assert_eq!(set(&mut strm), code::OK);
    }
    let mut out = vec![0; data.len() + 1];
    (strm.next_in, strm.avail_in) = (stream.as_ptr(), stream.len() as u32);
    (strm.next_out, strm.avail_out) = (out.as_mut_ptr(), out.len() as u32);
    let mut result = zlib.inflate(&mut *strm, flush::NONE);
    if result == code::NEED_DICT {
        assert_eq!(set(&mut strm), code::OK);
        result = zlib.inflate(&mut *strm, flush::NONE);
    }
    assert_eq!(result, code::STREAM_END, "{shape:?}");
    assert_eq!(strm.avail_in, 0);
    assert!(out[..strm.total_out as usize] == *data);
    assert_eq!(zlib.inflateEnd(&mut *strm), code::OK);
});
