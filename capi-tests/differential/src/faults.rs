//! Memory that runs out at any time, processes that fork, threads that all begin at once.

use std::ffi::{c_int, c_uint};
use std::ptr::null_mut;

use crate::alloc::{Arena, Manner};
use crate::api::{Libraries, STREAM_SIZE, VERSION, Zlib};
use crate::case::{At, Case, same, same_bytes};
use crate::data::{self, Shape};
use crate::isolate::{Ending, isolated};
use crate::source::Source;
use crate::stream::{ZStream, code, flush};

/// What goes wrong.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// Each allocation in turn, in a whole life of a deflate stream with a copy.
    Deflate,
    /// The same for an inflate stream, with stops at each block.
    Inflate,
    /// The same for inflateBack.
    Back,
    /// A fork in the middle: both processes end the stream.
    Fork,
    /// As many threads as this, each with streams of its own, as the first use in a process.
    Threads(u32),
}

/// One of them, with data.
#[derive(Clone, Debug)]
pub struct FaultCase {
    fault: Fault,
    shape: Shape,
    data: Vec<u8>,
    at: usize,
}

impl Case for FaultCase {
    fn generate(_: &Libraries, s: &mut Source) -> FaultCase {
        let fault = match s.below(8) {
            0..=2 => Fault::Deflate,
            3 | 4 => Fault::Inflate,
            5 => Fault::Back,
            6 => Fault::Fork,
            _ => Fault::Threads(16),
        };
        let data = data::data(s, 60_000);
        let at = s.below(data.len() as u32 + 1) as usize;
        FaultCase { fault, shape: Shape::any(s), data, at }
    }

    fn run(&self, libraries: &Libraries) -> Result<(), String> {
        let in_turn = |life: &dyn Fn(&Arena) -> Result<(), String>| {
            // Stock's deflate has the most, five and as many for a copy.
            for n in 0..12 {
                for manner in [Manner::FailsAt(n), Manner::FailsFrom(n)] {
                    let arena = Arena::new(manner);
                    life(&arena).at(|| format!("{manner:?}"))?;
                    same("blocks left", arena.live(), 0).at(|| format!("{manner:?}"))?;
                }
            }
            Ok(())
        };
        match self.fault {
            Fault::Deflate => in_turn(&|arena| self.deflate_life(libraries, arena)),
            Fault::Inflate => {
                let mut s = Source::seed(self.at as u64);
                let stream =
                    data::compressed(&libraries.stock, &mut s, &self.data, self.shape, &[]);
                for n in 0..7 {
                    for manner in [Manner::FailsAt(n), Manner::FailsFrom(n)] {
                        let lives = libraries.each().map(|zlib| {
                            let arena = Arena::new(manner);
                            let life = self.inflate_life(zlib, &arena, &stream);
                            (life, arena.live(), arena.calls())
                        });
                        let place = || format!("{manner:?}");
                        let [(ours, live, calls), (stock, _, in_stock)] = lives;
                        same("allocations", calls, in_stock).at(place)?;
                        same("blocks left", live, 0).at(place)?;
                        same("answers", ours, stock).at(place)?;
                    }
                }
                Ok(())
            }
            Fault::Back => in_turn(&|arena| back_life(libraries, arena)),
            Fault::Fork => self.fork(libraries),
            Fault::Threads(count) => self.threads(libraries, count),
        }
    }

    fn len(&self) -> usize {
        1
    }

    fn without(&self, _: std::ops::Range<usize>) -> FaultCase {
        self.clone()
    }

    fn simpler(&self) -> Vec<FaultCase> {
        let half = self.data.len() / 2;
        if half == 0 {
            return Vec::new();
        }
        vec![FaultCase { data: self.data[..half].to_vec(), at: self.at.min(half), ..self.clone() }]
    }
}

impl FaultCase {
    fn init(&self, zlib: &Zlib, strm: &mut ZStream) -> c_int {
        let Shape { window_bits, level, mem_level, strategy } = self.shape;
        zlib.deflateInit2_(strm, level, 8, window_bits, mem_level, strategy, VERSION, STREAM_SIZE)
    }

    fn deflate_life(&self, libraries: &Libraries, arena: &Arena) -> Result<(), String> {
        let ours = &libraries.ours;
        let mut strm = Box::new(ZStream::new());
        arena.install(&mut strm);
        let code = self.init(ours, &mut strm);
        if code == code::MEM_ERROR {
            return dead(ours.deflateEnd(&mut *strm), &strm);
        }
        same("deflateInit2", code, code::OK)?;
        let (first, second) = self.data.split_at(self.at);
        let mut out = Vec::new();
        deflate_all(ours, &mut strm, first, flush::NONE, &mut out)?;
        let mut copy = Box::new(ZStream::new());
        let code = ours.deflateCopy(&mut *copy, &mut *strm);
        if code == code::OK {
            let mut other = out.clone();
            deflate_all(ours, &mut copy, second, flush::FINISH, &mut other)?;
            same("deflateEnd of the copy", ours.deflateEnd(&mut *copy), code::OK)?;
            self.reads_back(libraries, &other)?;
        } else {
            same("deflateCopy", code, code::MEM_ERROR)?;
            dead(ours.deflateEnd(&mut *copy), &copy)?;
        }
        // The stream itself is not touched by a copy that failed.
        deflate_all(ours, &mut strm, second, flush::FINISH, &mut out)?;
        same("deflateReset", ours.deflateReset(&mut *strm), code::OK)?;
        self.reads_back(libraries, &out)?;
        same("deflateEnd", ours.deflateEnd(&mut *strm), code::OK)
    }

    fn reads_back(&self, libraries: &Libraries, stream: &[u8]) -> Result<(), String> {
        let out = inflate_all(&libraries.stock, stream, self.shape.window_bits)?;
        same_bytes("reads back", &out, &self.data)
    }

    /// All answers in the life of an inflate stream with copies, as one text.
    fn inflate_life(&self, zlib: &Zlib, arena: &Arena, stream: &[u8]) -> String {
        let mut said = String::new();
        let mut strm = Box::new(ZStream::new());
        arena.install(&mut strm);
        let code = zlib.inflateInit2_(&mut *strm, self.shape.window_bits, VERSION, STREAM_SIZE);
        said += &format!("init {code} {} ", strm.state.is_null());
        let mut out = vec![0xa5; self.data.len() + 64];
        (strm.next_in, strm.avail_in) = (stream.as_ptr(), stream.len() as c_uint);
        (strm.next_out, strm.avail_out) = (out.as_mut_ptr(), out.len() as c_uint);
        let mut copies: Vec<Box<ZStream>> = Vec::new();
        for i in 0..10_000 {
            let how = if i % 3 == 0 { flush::NONE } else { flush::TREES };
            let room = strm.avail_out;
            strm.avail_out = room.min(700);
            let less = room - strm.avail_out;
            let code = zlib.inflate(&mut *strm, how);
            strm.avail_out += less;
            said += &format!("{code} {} {:?} ", strm.avail_in, strm.shown());
            if ![code::OK, code::BUF_ERROR].contains(&code) {
                break;
            }
            if i < 3 {
                let mut copy = Box::new(ZStream::new());
                let code = zlib.inflateCopy(&mut *copy, &mut *strm);
                said += &format!("copy {code} ");
                if code == code::OK {
                    copies.push(copy);
                }
            }
        }
        for mut copy in copies {
            // A copy goes on by itself, or has no memory to.
            let mut rest = vec![0; self.data.len() + 64];
            (copy.next_out, copy.avail_out) = (rest.as_mut_ptr(), rest.len() as c_uint);
            let code = zlib.inflate(&mut *copy, flush::FINISH);
            said += &format!("of a copy {code} {} {:?} ", copy.avail_in, copy.shown());
            said += &format!("{:x} ", zlib.crc32(0, rest.as_ptr(), rest.len() as c_uint));
            said += &format!("end {} ", zlib.inflateEnd(&mut *copy));
        }
        said += &format!("{:x} ", zlib.crc32(0, out.as_ptr(), out.len() as c_uint));
        said + &format!("end {}", zlib.inflateEnd(&mut *strm))
    }

    fn fork(&self, libraries: &Libraries) -> Result<(), String> {
        let ours = &libraries.ours;
        let mut strm = Box::new(ZStream::new());
        same("deflateInit2", self.init(ours, &mut strm), code::OK)?;
        let (first, second) = self.data.split_at(self.at);
        let mut out = Vec::new();
        deflate_all(ours, &mut strm, first, flush::NONE, &mut out)?;
        let mut finish = || {
            deflate_all(ours, &mut strm, second, flush::FINISH, &mut out)?;
            same("deflateEnd", ours.deflateEnd(&mut *strm), code::OK)?;
            self.reads_back(libraries, &out)
        };
        match isolated(20, |_| finish()) {
            Ending::Fine => finish(),
            other => Err(format!("in the child: {other:?}")),
        }
    }

    fn threads(&self, libraries: &Libraries, count: u32) -> Result<(), String> {
        let work = |level: c_int| -> Result<(), String> {
            let ours = &libraries.ours;
            let mut strm = Box::new(ZStream::new());
            let case = FaultCase { shape: Shape { level, ..self.shape }, ..self.clone() };
            same("deflateInit2", case.init(ours, &mut strm), code::OK)?;
            let mut out = Vec::new();
            deflate_all(ours, &mut strm, &self.data, flush::FINISH, &mut out)?;
            same("deflateEnd", ours.deflateEnd(&mut *strm), code::OK)?;
            let read = inflate_all(ours, &out, self.shape.window_bits)?;
            same_bytes("reads back", &read, &self.data)?;
            let (start, len) = (self.data.as_ptr(), self.data.len());
            same("crc32", ours.crc32_z(0, start, len), libraries.stock.crc32_z(0, start, len))?;
            same("adler32", ours.adler32_z(1, start, len), libraries.stock.adler32_z(1, start, len))
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..count).map(|i| scope.spawn(move || work(i as c_int % 10))).collect();
            threads.into_iter().try_for_each(|thread| {
                thread.join().unwrap_or_else(|_| Err("a thread panicked".into()))
            })
        })
    }
}

/// A stream whose Init or Copy found no memory is none, and says so.
fn dead(end: c_int, strm: &ZStream) -> Result<(), String> {
    same("End without a stream", end, code::STREAM_ERROR)?;
    same("state is NULL", strm.state.is_null(), true)
}

fn back_life(libraries: &Libraries, arena: &Arena) -> Result<(), String> {
    let ours = &libraries.ours;
    let mut strm = Box::new(ZStream::new());
    arena.install(&mut strm);
    let mut window = vec![0; 1 << 15];
    let code = ours.inflateBackInit_(&mut *strm, 15, window.as_mut_ptr(), VERSION, STREAM_SIZE);
    if code == code::MEM_ERROR {
        return same("inflateBackEnd", ours.inflateBackEnd(&mut *strm), code::STREAM_ERROR);
    }
    same("inflateBackInit", code, code::OK)?;
    same("inflateBackEnd", ours.inflateBackEnd(&mut *strm), code::OK)
}

fn deflate_all(
    zlib: &Zlib,
    strm: &mut ZStream,
    data: &[u8],
    flush: c_int,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    (strm.next_in, strm.avail_in) = (data.as_ptr(), data.len() as c_uint);
    let mut buffer = vec![0; 1 << 14];
    loop {
        (strm.next_out, strm.avail_out) = (buffer.as_mut_ptr(), buffer.len() as c_uint);
        let code = zlib.deflate(strm, flush);
        out.extend_from_slice(&buffer[..buffer.len() - strm.avail_out as usize]);
        match code {
            code::STREAM_END => return Ok(()),
            code::OK | code::BUF_ERROR if strm.avail_out == 0 => {}
            code::OK | code::BUF_ERROR if flush != flush::FINISH => return Ok(()),
            code => return Err(format!("deflate: {code}")),
        }
    }
}

fn inflate_all(zlib: &Zlib, stream: &[u8], bits: c_int) -> Result<Vec<u8>, String> {
    let mut strm = Box::new(ZStream::new());
    same("inflateInit2", zlib.inflateInit2_(&mut *strm, bits, VERSION, STREAM_SIZE), code::OK)?;
    (strm.next_in, strm.avail_in) = (stream.as_ptr(), stream.len() as c_uint);
    let mut out = Vec::new();
    let mut buffer = vec![0; 1 << 16];
    let code = loop {
        (strm.next_out, strm.avail_out) = (buffer.as_mut_ptr(), buffer.len() as c_uint);
        let code = zlib.inflate(&mut *strm, flush::NONE);
        out.extend_from_slice(&buffer[..buffer.len() - strm.avail_out as usize]);
        if code != code::OK {
            break code;
        }
    };
    strm.next_out = null_mut();
    zlib.inflateEnd(&mut *strm);
    same("inflate", code, code::STREAM_END)?;
    Ok(out)
}
