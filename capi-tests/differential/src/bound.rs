//! Data that does not compress, in the room that stock's bound promises.

use std::ffi::{c_int, c_uint, c_ulong};

use crate::api::{Libraries, STREAM_SIZE, VERSION, Zlib};
use crate::case::{Case, same};
use crate::data::{self, Shape};
use crate::source::Source;
use crate::stream::{ZStream, code, flush};

/// Data, parameters, and how the data is handed over.
#[derive(Clone, Debug)]
pub struct BoundCase {
    shape: Shape,
    data: Vec<u8>,
    /// Lengths of the pieces of input, and how each is flushed; the rest follows with Z_FINISH.
    pieces: Vec<(u32, c_int)>,
}

impl Case for BoundCase {
    fn generate(_: &Libraries, s: &mut Source) -> BoundCase {
        let max = if s.one_in(4) { 400_000 } else { 9000 };
        let len = s.length(max) as usize;
        let data = match s.below(7) {
            0 | 1 => s.fill(len),
            // Literals of nine bits in fixed blocks.
            2 => s.fill(len).iter().map(|byte| 144 + byte % 112).collect(),
            // Random, with matches that are not worth much.
            3 => {
                let mut random = s.fill(len);
                for at in (300..len).step_by(40) {
                    let from = at - 1 - s.below(250) as usize;
                    for i in 0..3.min(len - at) {
                        random[at + i] = random[from + i];
                    }
                }
                random
            }
            // Between random and not: a table of codes costs what it saves.
            4 => s.fill(len).iter().map(|byte| byte & 0x7f).collect(),
            5 => {
                let (low, high) = (s.u32() as u8, s.range(1, 255) as u8);
                s.fill(len).iter().map(|byte| if *byte < high { *byte } else { low }).collect()
            }
            _ => data::data(s, max),
        };
        let mut pieces = Vec::new();
        if s.one_in(2) {
            for _ in 0..s.below(6) {
                let how =
                    if s.one_in(2) { flush::NONE } else { s.range(flush::NONE, flush::BLOCK) };
                let how = if how == flush::FINISH { flush::SYNC } else { how };
                pieces.push((s.length(max), how));
            }
        }
        let mut shape = Shape::any(s);
        if shape.window_bits == 9 && s.one_in(2) {
            shape.window_bits = 8;
        }
        BoundCase { shape, data, pieces }
    }

    fn run(&self, libraries: &Libraries) -> Result<(), String> {
        let flushes = self.pieces.iter().filter(|piece| piece.1 != flush::NONE).count();
        let (ours, bounds) = self.made(&libraries.ours)?;
        let (stock, expected) = self.made(&libraries.stock)?;
        same("deflateBound", bounds, expected)?;
        if flushes == 0 {
            return if ours <= bounds {
                Ok(())
            } else {
                Err(format!("{} bytes became {ours}; bound {bounds}", self.data.len()))
            };
        }
        // A flush ends a block anywhere, and what zlib says of its cost is what stock's costs:
        // each piece on its own keeps to its bound, and an empty stored block goes behind.
        let mut allowed = 0;
        let mut left = self.data.len();
        for (len, how) in &self.pieces {
            let len = (*len as usize).min(left);
            left -= len;
            allowed += self.bound_of(libraries, len);
            if *how != flush::NONE {
                allowed += 5;
            }
        }
        allowed += self.bound_of(libraries, left);
        if ours > allowed.max(stock) {
            return Err(format!(
                "{} bytes became {ours} with {flushes} flushes; stock makes {stock} of them, \
                 {allowed} allowed",
                self.data.len()
            ));
        }
        Ok(())
    }

    fn len(&self) -> usize {
        self.pieces.len() + 1
    }

    fn without(&self, operations: std::ops::Range<usize>) -> BoundCase {
        let mut case = self.clone();
        case.pieces.drain(operations.start..operations.end.min(self.pieces.len()));
        case
    }

    fn simpler(&self) -> Vec<BoundCase> {
        let mut all = Vec::new();
        let mut cut = self.data.len() / 2;
        while cut > 0 {
            all.push(BoundCase { data: self.data[cut..].to_vec(), ..self.clone() });
            all.push(BoundCase {
                data: self.data[..self.data.len() - cut].to_vec(),
                ..self.clone()
            });
            cut /= 2;
        }
        all
    }
}

impl BoundCase {
    fn init(&self, zlib: &Zlib, strm: &mut ZStream) -> Result<(), String> {
        let Shape { window_bits, level, mem_level, strategy } = self.shape;
        let made = zlib.deflateInit2_(
            strm,
            level,
            8,
            window_bits,
            mem_level,
            strategy,
            VERSION,
            STREAM_SIZE,
        );
        same("deflateInit2", made, code::OK)
    }

    fn bound_of(&self, libraries: &Libraries, len: usize) -> usize {
        let mut strm = Box::new(ZStream::new());
        if self.init(&libraries.stock, &mut strm).is_err() {
            return 0;
        }
        let bound = libraries.stock.deflateBound(&mut *strm, len as c_ulong) as usize;
        libraries.stock.deflateEnd(&mut *strm);
        bound
    }

    /// The compressed length, and the bound that was promised for it.
    fn made(&self, zlib: &Zlib) -> Result<(usize, usize), String> {
        let mut strm = Box::new(ZStream::new());
        self.init(zlib, &mut strm)?;
        let bound = zlib.deflateBound(&mut *strm, self.data.len() as c_ulong) as usize;
        let mut out = vec![0; self.data.len() * 2 + 20_000];
        (strm.next_out, strm.avail_out) = (out.as_mut_ptr(), out.len() as c_uint);
        let mut rest = &self.data[..];
        for (len, how) in self.pieces.iter().copied().chain([(u32::MAX, flush::FINISH)]) {
            let (piece, later) = rest.split_at((len as usize).min(rest.len()));
            rest = later;
            (strm.next_in, strm.avail_in) = (piece.as_ptr(), piece.len() as c_uint);
            let code = zlib.deflate(&mut *strm, how);
            let wanted = if how == flush::FINISH { code::STREAM_END } else { code::OK };
            // Nothing to flush is no error here.
            if code != wanted && code != code::BUF_ERROR {
                return Err(format!("deflate with flush {how}: {code}"));
            }
        }
        let len = strm.total_out as usize;
        zlib.deflateEnd(&mut *strm);
        Ok((len, bound))
    }
}
