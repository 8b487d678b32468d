//! inflate of any bytes, in all formats: in one call and in pieces, with the same result.
#![no_main]

use differential::api::{STREAM_SIZE, VERSION, Zlib};
use differential::stream::{ZStream, code, flush};
use libfuzzer_sys::fuzz_target;

extern crate zcompat as _;

const BITS: [i32; 8] = [15, -15, 31, 47, 0, -8, 32, 10];

fuzz_target!(|data: &[u8]| {
    let [choice, pieces, stream @ ..] = data else { return };
    let zlib = Zlib::linked();
    let bits = BITS[usize::from(*choice) % BITS.len()];
    let how = [flush::NONE, flush::BLOCK, flush::TREES, flush::SYNC][usize::from(choice >> 3) % 4];
    let Some(whole) = inflate(&zlib, bits, stream, usize::MAX, 1 << 18, flush::NONE) else {
        return;
    };
    let (give, room) = (1 + usize::from(pieces & 15), 1 + usize::from(pieces >> 4) * 37);
    let Some(parts) = inflate(&zlib, bits, stream, give, room, how) else { return };
    // With a small window, how far back a distance may reach depends on the pieces.
    if bits.unsigned_abs() & 15 != 15 {
        return;
    }
    assert_eq!(whole.0, parts.0, "code of {bits} in pieces of {give} and {room}");
    assert!(whole.1 == parts.1, "output");
    if whole.0 == code::STREAM_END {
        assert_eq!(whole.2, parts.2, "bytes read");
    }
});

/// More calls than this are not worth the time.
const CALLS: usize = 2000;

/// The code, the output, and how many bytes were read; `None` if it takes too many calls.
fn inflate(
    zlib: &Zlib,
    bits: i32,
    stream: &[u8],
    give: usize,
    room: usize,
    how: i32,
) -> Option<(i32, Vec<u8>, usize)> {
    let mut strm = Box::new(ZStream::new());
    assert_eq!(zlib.inflateInit2_(&mut *strm, bits, VERSION, STREAM_SIZE), code::OK);
    let mut out = Vec::new();
    let mut at = 0;
    let mut calls = 0;
    let code = loop {
        calls += 1;
        // Exact allocations, so that a byte too far is seen.
        let input = stream[at..(at + give.min(stream.len() - at))].to_vec();
        let mut buffer = vec![0; room];
        (strm.next_in, strm.avail_in) = (input.as_ptr(), input.len() as u32);
        (strm.next_out, strm.avail_out) = (buffer.as_mut_ptr(), room as u32);
        let code = zlib.inflate(&mut *strm, how);
        let (read, written) =
            (input.len() - strm.avail_in as usize, room - strm.avail_out as usize);
        at += read;
        out.extend_from_slice(&buffer[..written]);
        let done = code != code::OK && code != code::BUF_ERROR;
        if done || (code == code::BUF_ERROR && at == stream.len()) || calls == CALLS {
            break code;
        }
        // A stop between blocks is no progress in bytes, and the next call goes on.
        if code == code::BUF_ERROR && read == 0 && written == 0 && how == flush::NONE {
            break code;
        }
    };
    // As in stock, the call that asks for a dictionary does not count what it read.
    if code != code::NEED_DICT {
        assert_eq!(strm.total_in, at as u64);
    }
    assert_eq!(strm.total_out, out.len() as u64);
    assert_eq!(zlib.inflateEnd(&mut *strm), code::OK);
    (calls < CALLS).then_some((code, out, at))
}
