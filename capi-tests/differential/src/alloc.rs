//! Allocators that a C program might pass: counting, misaligned, failing.

use std::cell::{Cell, RefCell};
use std::ffi::{c_uint, c_void};

use crate::stream::ZStream;

/// How an [`Arena`] behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// The library's own default: no functions are passed.
    Default,
    /// As malloc, counted, with bytes that are not zero.
    Counting,
    /// As `Counting`, with addresses that are multiples of 8 and not of 16.
    EightAligned,
    /// As `Counting`, until the allocation of this number (from 0) and all after it fail.
    FailsFrom(u32),
    /// As `Counting`, but the allocation of this number (from 0) fails.
    FailsAt(u32),
}

/// What a library has been given by one allocator.
#[derive(Debug)]
pub struct Arena {
    manner: Manner,
    calls: Cell<u32>,
    /// What was asked for, in bytes, one request after another.
    requests: RefCell<Vec<usize>>,
    live: Cell<i64>,
    live_bytes: Cell<i64>,
    peak_bytes: Cell<i64>,
}

/// Before each block: its size, and a mark that tells it from others.
const HEADER: usize = 24;
const MARK: u64 = 0x7a63_6f6d_7061_7421;

impl Arena {
    /// An allocator that has given nothing yet.
    pub fn new(manner: Manner) -> Box<Arena> {
        Box::new(Arena {
            manner,
            calls: Cell::new(0),
            requests: RefCell::new(Vec::new()),
            live: Cell::new(0),
            live_bytes: Cell::new(0),
            peak_bytes: Cell::new(0),
        })
    }

    /// Makes it `strm`'s.
    pub fn install(&self, strm: &mut ZStream) {
        if self.manner != Manner::Default {
            strm.zalloc = Some(alloc);
            strm.zfree = Some(free);
            strm.opaque = std::ptr::from_ref(self).cast_mut().cast();
        }
    }

    /// Blocks that have not been given back.
    pub fn live(&self) -> i64 {
        self.live.get()
    }

    /// The most bytes that were out at one time.
    pub fn peak_bytes(&self) -> i64 {
        self.peak_bytes.get()
    }

    /// Allocations asked for so far.
    pub fn calls(&self) -> u32 {
        self.calls.get()
    }
}

/// Ours asks as often as stock, and never for more: callers set aside what stock needs.
///
/// # Errors
/// The first request that stock does not make.
pub fn same_memory([ours, stock]: &[Box<Arena>; 2]) -> Result<(), String> {
    let (ours, stock) = (ours.requests.borrow(), stock.requests.borrow());
    if ours.len() != stock.len() || ours.iter().zip(&*stock).any(|(a, b)| a > b) {
        return Err(format!("requests of memory: ours {ours:?}, stock {stock:?}"));
    }
    Ok(())
}

unsafe extern "C" fn alloc(opaque: *mut c_void, items: c_uint, size: c_uint) -> *mut c_void {
    // SAFETY: `install` has put an arena there, which outlives the stream.
    let arena = unsafe { &*opaque.cast::<Arena>() };
    let number = arena.calls.replace(arena.calls.get() + 1);
    let fails = match arena.manner {
        Manner::FailsFrom(n) => number >= n,
        Manner::FailsAt(n) => number == n,
        _ => false,
    };
    let bytes = items as usize * size as usize;
    arena.requests.borrow_mut().push(bytes);
    if fails {
        return std::ptr::null_mut();
    }
    // malloc gives multiples of 16; a header of 24 or 32 bytes makes it 8 or 0 modulo 16.
    let pad = if arena.manner == Manner::EightAligned { HEADER } else { HEADER + 8 };
    // SAFETY: the block has room for the header and what was asked for.
    unsafe {
        let block = libc::malloc(pad + bytes + 8).cast::<u8>();
        if block.is_null() {
            return std::ptr::null_mut();
        }
        let body = block.add(pad);
        std::ptr::write_bytes(body, 0xc5, bytes);
        body.sub(24).cast::<u64>().write(pad as u64);
        body.sub(16).cast::<u64>().write(bytes as u64);
        body.sub(8).cast::<u64>().write(MARK);
        body.add(bytes).cast::<u64>().write_unaligned(MARK);
        arena.live.set(arena.live.get() + 1);
        arena.live_bytes.set(arena.live_bytes.get() + bytes as i64);
        arena.peak_bytes.set(arena.peak_bytes.get().max(arena.live_bytes.get()));
        body.cast()
    }
}

unsafe extern "C" fn free(opaque: *mut c_void, address: *mut c_void) {
    // SAFETY: as in `alloc`; the address came from there, which the marks show.
    unsafe {
        let arena = &*opaque.cast::<Arena>();
        let body = address.cast::<u8>();
        assert!(!body.is_null(), "zfree of NULL");
        assert_eq!(body.sub(8).cast::<u64>().read(), MARK, "zfree of what zalloc did not give");
        let bytes = body.sub(16).cast::<u64>().read() as usize;
        assert_eq!(body.add(bytes).cast::<u64>().read_unaligned(), MARK, "written past the end");
        let pad = body.sub(24).cast::<u64>().read() as usize;
        body.sub(8).cast::<u64>().write(!MARK);
        arena.live.set(arena.live.get() - 1);
        arena.live_bytes.set(arena.live_bytes.get() - bytes as i64);
        libc::free(body.sub(pad).cast());
    }
}
