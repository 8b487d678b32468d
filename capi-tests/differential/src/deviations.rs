//! What differs from stock by name (docs/deviations.md): that it still does, and in the way that
//! is written there. One that no longer does comes off the list.

use std::ffi::{c_int, c_uint, c_void};

use crate::api::{Libraries, STREAM_SIZE, VERSION, Zlib};
use crate::craft::{Symbol, fixed};
use crate::stream::{ZStream, code, flush};

/// A named difference and the check of both sides.
pub type Deviation = (&'static str, fn(&Libraries) -> Result<(), String>);

/// All of them.
pub const ALL: [Deviation; 5] = [
    ("late-prime", late_prime),
    ("kept-lookahead", kept_lookahead),
    ("kept-block", kept_block),
    ("kept-literal", kept_literal),
    ("back-distance", back_distance),
];

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

/// Bytes that do not repeat.
fn literals(count: u32) -> Vec<u8> {
    (0..count).map(|i| (i.wrapping_mul(i.wrapping_mul(2654435)) >> 11) as u8).collect()
}

fn late_prime(libraries: &Libraries) -> Result<(), String> {
    let data = literals(100);
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

/// How much is in front of each block of [`alloc`].
const FRONT: usize = 1 << 13;

/// Memory that has the byte at `opaque` in it, and in front of it as well.
unsafe extern "C" fn alloc(opaque: *mut c_void, items: c_uint, size: c_uint) -> *mut c_void {
    let len = FRONT + items as usize * size as usize;
    // SAFETY: the calls below pass a byte, and malloc takes any size.
    unsafe {
        let memory = libc::malloc(len);
        assert!(!memory.is_null());
        memory.cast::<u8>().write_bytes(opaque.cast::<u8>().read(), len);
        memory.byte_add(FRONT)
    }
}

unsafe extern "C" fn free(_: *mut c_void, memory: *mut c_void) {
    // SAFETY: it is from `alloc`, so that much behind what malloc gave.
    unsafe { libc::free(memory.byte_sub(FRONT)) };
}

/// Whether what `write` makes of a new stream depends on what the memory had in it: on stock alone.
fn stock_depends_on_memory(
    libraries: &Libraries,
    write: impl Fn(&Zlib, &mut ZStream),
) -> Result<(), String> {
    both(libraries, false, true, |zlib| depends_on_memory(|z| write(zlib, z)))
}

fn depends_on_memory(write: impl Fn(&mut ZStream)) -> bool {
    let [one, other] = [0x11u8, 0x77].map(|mut fill| {
        let mut strm = Box::new(ZStream::new());
        let z = &mut *strm;
        z.zalloc = Some(alloc);
        z.zfree = Some(free);
        z.opaque = (&raw mut fill).cast();
        let mut room = vec![0; 9000];
        (z.next_out, z.avail_out) = (room.as_mut_ptr(), 9000);
        write(z);
        room.truncate(z.total_out as usize);
        room
    });
    one != other
}

/// Bytes of eight values that hardly repeat.
fn letters(count: u32) -> Vec<u8> {
    (0..count).map(|i| b"abcdefgh"[((i * i) >> 3) as usize % 8]).collect()
}

fn kept_block(libraries: &Libraries) -> Result<(), String> {
    let data = letters(4000);
    stock_depends_on_memory(libraries, |zlib, z| {
        assert_eq!(zlib.deflateInit2_(z, 6, 8, -9, 8, 2, VERSION, STREAM_SIZE), code::OK);
        // One block, over more than its window's size.
        (z.next_in, z.avail_in) = (data.as_ptr(), 4000);
        assert_eq!(zlib.deflate(z, flush::NONE), code::OK);
        assert_eq!(zlib.deflateResetKeep(z), code::OK);
        assert_eq!(zlib.deflateParams(z, 0, 2), code::OK);
        assert_eq!(zlib.deflate(z, flush::FINISH), code::STREAM_END);
        zlib.deflateEnd(z);
    })
}

fn kept_lookahead(libraries: &Libraries) -> Result<(), String> {
    let data = letters(1000);
    stock_depends_on_memory(libraries, |zlib, z| {
        assert_eq!(zlib.deflateInit2_(z, 6, 8, -9, 1, 0, VERSION, STREAM_SIZE), code::OK);
        (z.next_in, z.avail_in) = (data.as_ptr(), 200);
        // Too little to be compressed yet; level 0 passes over it.
        assert_eq!(zlib.deflate(z, flush::NONE), code::OK);
        assert_eq!(zlib.deflateResetKeep(z), code::OK);
        assert_eq!(zlib.deflateParams(z, 0, 0), code::OK);
        z.avail_in = 300;
        assert_eq!(zlib.deflate(z, flush::NONE), code::OK);
        assert_eq!(zlib.deflateResetKeep(z), code::OK);
        assert_eq!(zlib.deflateParams(z, 6, 0), code::OK);
        assert_eq!(zlib.deflate(z, flush::FINISH), code::STREAM_END);
        zlib.deflateEnd(z);
    })
}

/// Of ours alone: stock reads 4 GiB behind its window.
fn kept_literal(libraries: &Libraries) -> Result<(), String> {
    let zlib = &libraries.ours;
    // Of 32 values, so that no block is stored: what is stored has no literal that is lost.
    let data: Vec<u8> = literals(4000).into_iter().map(|byte| byte % 32).collect();
    let mut strm = Box::new(ZStream::new());
    let z = &mut *strm;
    assert_eq!(zlib.deflateInit2_(z, 6, 8, -15, 8, 0, VERSION, STREAM_SIZE), code::OK);
    let mut room = vec![0; 5000];
    (z.next_in, z.avail_in) = (data.as_ptr(), 900);
    (z.next_out, z.avail_out) = (room.as_mut_ptr(), 5000);
    // A literal waits for what comes behind it, and input for more of it.
    assert_eq!(zlib.deflate(z, flush::NONE), code::OK);
    assert_eq!(zlib.deflateResetKeep(z), code::OK);
    // Z_RLE does not know of it, and the full flush empties the window.
    assert_eq!(zlib.deflateParams(z, 6, 3), code::OK);
    assert_eq!(zlib.deflate(z, flush::FULL), code::OK);
    assert_eq!(zlib.deflateParams(z, 6, 0), code::OK);
    z.avail_in = 3100;
    assert_eq!(zlib.deflate(z, flush::FINISH), code::STREAM_END);
    let len = z.total_out as usize;
    zlib.deflateEnd(z);
    let mut plain = vec![0; 5000];
    let z = &mut *strm;
    assert_eq!(zlib.inflateInit2_(z, -15, VERSION, STREAM_SIZE), code::OK);
    (z.next_in, z.avail_in) = (room.as_ptr(), len as c_uint);
    (z.next_out, z.avail_out) = (plain.as_mut_ptr(), 5000);
    assert_eq!(zlib.inflate(z, flush::FINISH), code::STREAM_END);
    plain.truncate(z.total_out as usize);
    zlib.inflateEnd(z);
    let wanted = [&[0], &data[900..]].concat();
    match plain.ends_with(&wanted) {
        true => Ok(()),
        false => Err(format!("ours is now {plain:?}")),
    }
}

fn back_distance(libraries: &Libraries) -> Result<(), String> {
    // The input in two pieces, behind each other.
    type Pieces<'a> = [&'a [u8]; 2];
    unsafe extern "C" fn give(desc: *mut c_void, place: *mut *const u8) -> c_uint {
        // SAFETY: the call below passes its pieces, and the library an address for the pointer.
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
        // Checked by the one-shot cases; the other two are stock reading or writing beyond its bounds.
        let elsewhere = ["null-lengths", "primed-bytes", "one-byte-window"];
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
