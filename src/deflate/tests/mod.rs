mod naive;
mod parts;
pub mod report;

use super::*;
use crate::alloc::Allocator;
use crate::codes::{Code, Flush};
use crate::inflate::OwnInflate;
use crate::io::{Io, Room};
use crate::testing::{Random, fewer};

fn config(level: i32) -> Config {
    Config { level, window_bits: -15, mem_level: 8, strategy: 0 }
}

/// All of `data` in one call.
fn compress(config: Config, data: &[u8]) -> Vec<u8> {
    let mut out = vec![0; data.len() + data.len() / 8 + 1000];
    let step = Owned::new(config).unwrap().deflate(data, &mut out, Flush::Finish);
    assert_eq!((step.code, step.consumed), (Code::StreamEnd, data.len()));
    out.truncate(step.produced);
    out
}

/// Compresses in calls of `piece` bytes, each with the flush that is given for its number, and one
/// more to finish.
fn compress_in_calls(
    level: i32,
    data: &[u8],
    piece: usize,
    mut flush: impl FnMut(usize) -> Flush,
) -> Vec<u8> {
    let mut deflate = Owned::new(config(level)).unwrap();
    let mut out = vec![0; data.len() + 50_000];
    let mut written = 0;
    for (call, chunk) in data.chunks(piece).enumerate() {
        let step = deflate.deflate(chunk, &mut out[written..], flush(call));
        assert_eq!((step.code, step.consumed), (Code::Ok, chunk.len()));
        written += step.produced;
    }
    let step = deflate.deflate(&[], &mut out[written..], Flush::Finish);
    assert_eq!(step.code, Code::StreamEnd);
    out.truncate(written + step.produced);
    out
}

fn decompress(window_bits: i32, stream: &[u8], len: usize) -> Vec<u8> {
    let mut out = vec![0; len + 1];
    let step =
        OwnInflate::new(window_bits).unwrap().inflate(stream, Room::new(&mut out), Flush::Finish);
    assert_eq!((step.code, step.consumed), (Code::StreamEnd, stream.len()));
    out.truncate(step.produced);
    out
}

/// Text with repeats, and noise in the middle.
fn data(len: usize) -> Vec<u8> {
    let mut random = Random::new(1);
    let mut data = Vec::new();
    while data.len() < len {
        let noise = data.len() > len / 2 && data.len() < len / 2 + len / 8;
        let farthest = data.len().min(30_000);
        if noise || farthest < 100 || random.one_in(4) {
            let count = 1 + random.below(9);
            data.extend(random.bytes(count));
        } else {
            let start = data.len() - (1 + random.below(farthest));
            for at in start..start + 3 + random.below(40) {
                data.push(data[at]);
            }
        }
    }
    data.truncate(len);
    data
}

#[test]
fn ruby_s_four_letters_take_24_bytes() {
    let gzip = Config { level: 6, window_bits: 31, mem_level: 8, strategy: 0 };
    assert_eq!(compress(gzip, b"bbbb").len(), 24);
}

#[test]
fn everything_reads_back() {
    let lengths = [0, 1, 2, 3, 4, 257, 258, 259, 700, 5000, 40_000, 70_000, 300_000];
    let sizes = [(15, 8), (9, 1), (9, 9), (12, 2)];
    // Under Miri: windows of 512 bytes, which slide.
    let (lengths, sizes) =
        if cfg!(miri) { (&[3, 1100][..], &sizes[1..2]) } else { (&lengths[..], &sizes[..]) };
    for &len in lengths {
        let data = data(len);
        for level in (0..=9).step_by(fewer(1, 3)) {
            for strategy in 0..=4 {
                for &(bits, mem_level) in sizes {
                    let config = Config { level, window_bits: bits, mem_level, strategy };
                    let stream = compress(config, &data);
                    assert!(decompress(15, &stream, len) == data, "{config:?}, {len} bytes");
                }
            }
        }
    }
}

/// What is compressed does not depend on how the input is cut, where levels search.
#[test]
fn pieces_give_the_same_bytes() {
    let data = data(fewer(250_000, 1100));
    for level in (1..=9).step_by(fewer(1, 4)) {
        let whole = compress(config(level), &data);
        for piece in [1, 999, 16_384, 100_000] {
            if piece > data.len() {
                continue;
            }
            let pieces = compress_in_calls(level, &data, piece, |_| Flush::None);
            assert!(pieces == whole, "level {level}, pieces of {piece}");
        }
    }
}

/// What a call leaves in memory that the next one may find taken is made anew from the stream's own:
/// at level 1, in large calls, a list from a table of the newest positions.
#[test]
fn taken_memory_gives_the_same_bytes() {
    let data = data(fewer(500_000, 2000));
    for (piece, step) in [(20_000, 1), (150_000, 5)] {
        let piece = piece.min(data.len() / 3);
        for level in (1..=9).step_by(fewer(step, 4)) {
            let compress = |take: bool| {
                compress_in_calls(level, &data, piece, |call| {
                    if take && call % 3 == 2 {
                        compress(config(level), &data[..data.len() / 4]);
                    }
                    if call % 2 == 0 { Flush::Sync } else { Flush::None }
                })
            };
            let (left, taken) = (compress(false), compress(true));
            assert!(left == taken, "level {level}, pieces of {piece}");
            assert!(decompress(-15, &taken, data.len()) == data, "level {level}");
        }
    }
}

/// zlib's own requests: nginx has set aside as much.
#[test]
fn a_stream_asks_for_what_zlib_asks_for() {
    use core::ffi::{c_uint, c_void};
    unsafe extern "C" fn give(log: *mut c_void, items: c_uint, size: c_uint) -> *mut c_void {
        // SAFETY: the test passes its log, and malloc takes any size.
        unsafe {
            (*log.cast::<Vec<usize>>()).push((items * size) as usize);
            libc::malloc((items * size) as usize)
        }
    }
    unsafe extern "C" fn take(_: *mut c_void, address: *mut c_void) {
        // SAFETY: it came from malloc.
        unsafe { libc::free(address) };
    }
    for (window_bits, mem_level) in [(15, 8), (9, 1), (9, 9), (15, 9)] {
        let mut log = Vec::<usize>::new();
        // SAFETY: both functions may be called, with a log that outlives the stream.
        let allocator = unsafe { Allocator::new(give, take, (&raw mut log).cast()) };
        let mut place = Box::<Deflate>::new_uninit();
        let mut strm = Strm::new(Io::empty());
        let config = Config { level: 6, window_bits, mem_level, strategy: 0 };
        assert!(Deflate::init(&mut place, config, allocator, &mut strm).is_ok());
        // SAFETY: a state was made in it.
        unsafe { place.assume_init_drop() };
        let window = 2 << window_bits;
        assert_eq!(log, [window, window, 2 << (mem_level + 7), 4 << (mem_level + 6)]);
    }
}

/// The most that a call takes of the stack, at any level, with input large and small. Miri has a
/// stack of its own.
#[test]
#[cfg(not(miri))]
fn a_call_takes_little_stack() {
    const MOST: usize = 4096;
    let data = data(200_000);
    for level in 0..=9 {
        for len in [100, 2000, 200_000] {
            let used = stack::used(|| {
                compress(config(level), &data[..len]);
            });
            let without = stack::used(|| {
                let mut out = vec![0u8; len];
                out.copy_from_slice(&data[..len]);
                core::hint::black_box(out);
            });
            assert!(used <= without + MOST, "level {level}, {len} bytes: {used} and {without}");
        }
    }
}

/// How much of a thread's stack is written to.
#[cfg(not(miri))]
mod stack {
    use core::ffi::c_void;

    const SIZE: usize = 256 << 10;
    const PAINT: u8 = 0xa5;

    pub fn used(mut work: impl FnMut()) -> usize {
        extern "C" fn run<W: FnMut()>(work: *mut c_void) -> *mut c_void {
            // SAFETY: `used` passes its closure, which outlives the thread.
            unsafe { (*work.cast::<W>())() };
            core::ptr::null_mut()
        }
        fn entry<W: FnMut()>(_: &W) -> extern "C" fn(*mut c_void) -> *mut c_void {
            run::<W>
        }
        // SAFETY: the memory is the thread's until it is joined, and is as large as it is told.
        unsafe {
            let protection = libc::PROT_READ | libc::PROT_WRITE;
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
            let memory = libc::mmap(core::ptr::null_mut(), SIZE, protection, flags, -1, 0);
            assert_ne!(memory, libc::MAP_FAILED);
            memory.cast::<u8>().write_bytes(PAINT, SIZE);
            let mut attributes = core::mem::zeroed();
            assert_eq!(libc::pthread_attr_init(&mut attributes), 0);
            assert_eq!(libc::pthread_attr_setstack(&mut attributes, memory, SIZE), 0);
            let mut thread = core::mem::zeroed();
            let work_entry = entry(&work);
            let made =
                libc::pthread_create(&mut thread, &attributes, work_entry, (&raw mut work).cast());
            assert_eq!(made, 0);
            assert_eq!(libc::pthread_join(thread, core::ptr::null_mut()), 0);
            libc::pthread_attr_destroy(&mut attributes);
            let bytes = core::slice::from_raw_parts(memory.cast::<u8>(), SIZE);
            let untouched = bytes.iter().take_while(|&&byte| byte == PAINT).count();
            libc::munmap(memory, SIZE);
            SIZE - untouched
        }
    }
}
