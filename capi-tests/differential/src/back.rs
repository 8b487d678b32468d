//! `inflateBack` with callbacks that give and take in any sizes, and refuse at any time.

use std::ffi::{c_int, c_uint, c_void};
use std::ptr::{null, null_mut};

use crate::alloc::{Arena, Manner};
use crate::api::{Libraries, STREAM_SIZE, VERSION, Zlib};
use crate::case::{At, Case, same, same_bytes};
use crate::data;
use crate::source::Source;
use crate::stream::{ZStream, code};

/// A raw stream, how it is handed out, and when the callbacks refuse.
#[derive(Clone, Debug)]
pub struct BackCase {
    window_bits: c_int,
    manner: Manner,
    stream: Vec<u8>,
    runs: Vec<Run>,
}

/// One call of `inflateBack`.
#[derive(Clone, Copy, Debug)]
struct Run {
    /// Bytes that `next_in` has at the start; `None` is NULL.
    first: Option<u32>,
    /// Bytes that each call of the input callback gives.
    piece: u32,
    /// The call of the output callback that refuses.
    refuses_at: u32,
}

impl Case for BackCase {
    fn generate(libraries: &Libraries, s: &mut Source) -> BackCase {
        let maker = if s.one_in(2) { &libraries.ours } else { &libraries.stock };
        let max = if s.one_in(6) { 200_000 } else { 4000 };
        let stream = loop {
            let (stream, bits) = data::stream(maker, s, &[], max);
            // Only raw streams; the others are garbage to it, which is tried as well.
            if bits < 0 || s.one_in(6) || s.is_exhausted() {
                break stream;
            }
        };
        let mut window_bits = if s.one_in(8) { s.range(-20, 60) } else { 15 };
        let mut stream = stream;
        if s.one_in(4) {
            let shape = data::Shape { window_bits: -s.range(9, 14), ..data::Shape::any(s) };
            let data = data::data(s, max);
            stream = data::compressed(maker, s, &data, shape, &[]);
            window_bits = -shape.window_bits;
        }
        let mut run = || Run {
            first: (!s.one_in(3)).then(|| s.length(2000)),
            piece: s.length(5000) + u32::from(!s.one_in(10)),
            refuses_at: if s.one_in(6) { s.below(6) } else { u32::MAX },
        };
        let runs = vec![run(), run(), run()];
        BackCase {
            window_bits,
            manner: if s.one_in(3) { Manner::EightAligned } else { Manner::Counting },
            stream,
            runs,
        }
    }

    fn run(&self, libraries: &Libraries) -> Result<(), String> {
        let mut both = libraries.each().map(|zlib| Side::new(zlib, self));
        let [ours, stock] = &mut both;
        same("inflateBackInit", ours.init(self), stock.init(self))?;
        for (i, run) in self.runs.iter().enumerate() {
            let codes = (ours.back(*run), stock.back(*run));
            let place = || format!("run {i}, {run:?}, codes {codes:?}");
            let text = |side: &Side| format!("{:?}", side.strm.msg());
            // Deviation "back-distance": stock counts output twice and may read beyond it. What it
            // finds, ours finds, too, and no later.
            let too_far = Some("invalid distance too far back");
            if ours.strm.msg() == too_far
                && (stock.strm.msg() != too_far || ours.strm.next_in != stock.strm.next_in)
            {
                break;
            }
            let place = || format!("{}, {}", place(), text(stock));
            same("code", codes.0, codes.1).at(place)?;
            same("msg", text(ours), text(stock)).at(place)?;
            same("next_in", ours.next_in(self), stock.next_in(self)).at(place)?;
            same("avail_in", ours.strm.avail_in, stock.strm.avail_in).at(place)?;
            same("data given", ours.given, stock.given).at(place)?;
            same_bytes("output", &ours.out, &stock.out).at(place)?;
            if codes.0 == code::STREAM_ERROR {
                break;
            }
        }
        same("inflateBackEnd", ours.end(), stock.end())?;
        same("inflateBackEnd again", ours.end(), stock.end())?;
        same("blocks left by ours", ours.arena.live(), 0)?;
        same("bytes beyond the window", ours.guard_holds(), true)
    }

    fn len(&self) -> usize {
        self.runs.len()
    }

    fn without(&self, operations: std::ops::Range<usize>) -> BackCase {
        let mut case = self.clone();
        case.runs.drain(operations);
        case
    }

    fn simpler(&self) -> Vec<BackCase> {
        let mut all = Vec::new();
        let mut cut = self.stream.len() / 2;
        while cut > 0 {
            let stream = self.stream[..self.stream.len() - cut].to_vec();
            all.push(BackCase { stream, ..self.clone() });
            cut /= 2;
        }
        all
    }
}

const GUARD: usize = 64;

struct Side<'a> {
    zlib: &'a Zlib,
    strm: Box<ZStream>,
    arena: Box<Arena>,
    window: Vec<u8>,
    stream: &'a [u8],
    given: usize,
    run: Run,
    calls: u32,
    out: Vec<u8>,
}

impl<'a> Side<'a> {
    fn new(zlib: &'a Zlib, case: &'a BackCase) -> Side<'a> {
        let window = vec![0x5a; (1 << 15) + GUARD];
        let run = Run { first: None, piece: 0, refuses_at: 0 };
        Side {
            zlib,
            strm: Box::default(),
            arena: Arena::new(case.manner),
            window,
            stream: &case.stream,
            given: 0,
            run,
            calls: 0,
            out: Vec::new(),
        }
    }

    fn init(&mut self, case: &BackCase) -> c_int {
        self.arena.install(&mut self.strm);
        let bits = case.window_bits;
        let window = self.window.as_mut_ptr();
        let refused = [
            self.zlib.inflateBackInit_(null_mut(), 15, window, VERSION, STREAM_SIZE),
            self.zlib.inflateBackInit_(&mut *self.strm, 15, null_mut(), VERSION, STREAM_SIZE),
            self.zlib.inflateBackInit_(&mut *self.strm, 15, window, VERSION, 1),
        ];
        let code = self.zlib.inflateBackInit_(&mut *self.strm, bits, window, VERSION, STREAM_SIZE);
        refused.iter().fold(code, |all, code| all * 10 + code)
    }

    fn back(&mut self, run: Run) -> c_int {
        self.run = run;
        self.calls = 0;
        let rest = &self.stream[self.given..];
        match run.first {
            Some(len) => {
                let len = (len as usize).min(rest.len());
                (self.strm.next_in, self.strm.avail_in) = (rest.as_ptr(), len as c_uint);
                self.given += len;
            }
            None => (self.strm.next_in, self.strm.avail_in) = (null(), 3),
        }
        let strm: *mut ZStream = &mut *self.strm;
        let zlib = *self.zlib;
        let this: *mut c_void = std::ptr::from_mut(self).cast();
        zlib.inflateBack(strm, Some(give), this, Some(take), this)
    }

    fn next_in(&self, case: &BackCase) -> i64 {
        match self.strm.next_in {
            pointer if pointer.is_null() => -1,
            pointer => pointer as i64 - case.stream.as_ptr() as i64,
        }
    }

    fn end(&mut self) -> c_int {
        self.zlib.inflateBackEnd(&mut *self.strm)
    }

    fn guard_holds(&self) -> bool {
        self.window[1 << 15..].iter().all(|byte| *byte == 0x5a)
    }
}

unsafe extern "C" fn give(desc: *mut c_void, place: *mut *const u8) -> c_uint {
    // SAFETY: `back` passes itself, and no reference to it is in use while the library runs.
    let side = unsafe { &mut *desc.cast::<Side<'_>>() };
    let rest = &side.stream[side.given..];
    let len = (side.run.piece as usize).min(rest.len());
    side.given += len;
    // SAFETY: the library passes a place for the pointer.
    unsafe { *place = rest.as_ptr() };
    len as c_uint
}

unsafe extern "C" fn take(desc: *mut c_void, bytes: *mut u8, len: c_uint) -> c_int {
    // SAFETY: as in `give`; the library passes bytes that it has written.
    let (side, bytes) =
        unsafe { (&mut *desc.cast::<Side<'_>>(), std::slice::from_raw_parts(bytes, len as usize)) };
    side.out.extend_from_slice(bytes);
    // The lengths are compared with the bytes.
    side.out.extend_from_slice(&len.to_le_bytes());
    side.calls += 1;
    c_int::from(side.calls > side.run.refuses_at)
}
