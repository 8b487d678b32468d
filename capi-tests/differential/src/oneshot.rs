//! Whole buffers: `compress*`, `uncompress*`, the bounds, and the check values.

use std::ffi::{c_int, c_long, c_uint, c_ulong};
use std::ptr::{null, null_mut};

use crate::api::{Libraries, Zlib};
use crate::case::{At, Case, same, same_bytes};
use crate::data;
use crate::source::Source;
use crate::stream::code;

/// One thing to try.
#[derive(Clone, Debug)]
enum Op {
    /// Room is stock's bound for the level's output.
    Compress {
        data: Vec<u8>,
        level: c_int,
    },
    /// Room is less than what the output takes, by this.
    CompressShort {
        data: Vec<u8>,
        level: c_int,
        less: u32,
    },
    /// Any stream; room by its real size (or 1000) and this difference.
    Uncompress {
        stream: Vec<u8>,
        room: i32,
        wide: bool,
    },
    Nulls(u32),
    Bound(u64),
    Checks {
        data: Vec<u8>,
        start: u64,
        len: u64,
    },
}

/// A list of them.
#[derive(Clone, Debug)]
pub struct OneShotCase {
    ops: Vec<Op>,
}

impl Case for OneShotCase {
    fn generate(libraries: &Libraries, s: &mut Source) -> OneShotCase {
        let mut ops = Vec::new();
        for _ in 0..3 {
            let max = if s.one_in(6) { 300_000 } else { 3000 };
            let level = if s.one_in(10) { s.range(-3, 12) } else { s.range(-1, 9) };
            ops.push(match s.below(8) {
                0 | 1 => Op::Compress { data: data::data(s, max), level },
                2 => Op::CompressShort { data: data::data(s, max), level, less: s.length(max) + 1 },
                3..=5 => {
                    let maker = if s.one_in(2) { &libraries.ours } else { &libraries.stock };
                    let stream = data::stream(maker, s, b"dictionary", max).0;
                    let room = s.length(max) as i32;
                    let room = s.pick(&[0, 1, -1, room, -room]);
                    Op::Uncompress { stream, room, wide: s.one_in(2) }
                }
                6 => {
                    if s.one_in(2) {
                        Op::Nulls(s.below(40))
                    } else {
                        let any = (u64::from(s.u32()) << 32) | u64::from(s.u32());
                        Op::Bound(s.pick(&[any, any >> 40, u64::MAX - (any >> 50), u64::MAX]))
                    }
                }
                _ => Op::Checks {
                    data: data::data(s, max),
                    start: (u64::from(s.u32()) << 32) | u64::from(s.u32()),
                    len: (u64::from(s.u32()) << 32) | u64::from(s.u32()),
                },
            });
        }
        OneShotCase { ops }
    }

    fn run(&self, libraries: &Libraries) -> Result<(), String> {
        for (i, op) in self.ops.iter().enumerate() {
            run(op, libraries).at(|| format!("operation {i}"))?;
        }
        Ok(())
    }

    fn len(&self) -> usize {
        self.ops.len()
    }

    fn without(&self, operations: std::ops::Range<usize>) -> OneShotCase {
        let mut case = self.clone();
        case.ops.drain(operations);
        case
    }

    fn simpler(&self) -> Vec<OneShotCase> {
        let mut all = Vec::new();
        for (i, op) in self.ops.iter().enumerate() {
            let bytes = match op {
                Op::Compress { data, .. } | Op::CompressShort { data, .. } => data,
                Op::Uncompress { stream, .. } => stream,
                Op::Checks { data, .. } => data,
                Op::Nulls(_) | Op::Bound(_) => continue,
            };
            let mut cut = bytes.len() / 2;
            while cut > 0 {
                let mut case = self.clone();
                match &mut case.ops[i] {
                    Op::Compress { data, .. }
                    | Op::CompressShort { data, .. }
                    | Op::Checks { data, .. } => data.truncate(bytes.len() - cut),
                    Op::Uncompress { stream, .. } => stream.truncate(bytes.len() - cut),
                    Op::Nulls(_) | Op::Bound(_) => {}
                }
                all.push(case);
                cut /= 2;
            }
        }
        all
    }
}

const GUARD: usize = 32;

fn run(op: &Op, libraries: &Libraries) -> Result<(), String> {
    let Libraries { ours, stock } = libraries;
    match op {
        Op::Compress { data, level } => {
            let bound = stock.compressBound(data.len() as c_ulong) as usize;
            let a = compress(ours, data, bound, *level)?;
            let b = compress(stock, data, bound, *level)?;
            same("compress2 within stock's bound", a.0, b.0)?;
            if a.0 == code::OK {
                let (code, out, used) = uncompress(stock, &a.1, data.len(), true)?;
                same("stock's uncompress2_z of it", code, code::OK)?;
                same("what it reads", used, a.1.len())?;
                same_bytes("what it gives", &out, data)?;
            }
            Ok(())
        }
        Op::CompressShort { data, level, less } => {
            let bound = stock.compressBound(data.len() as c_ulong) as usize;
            let (code, made) = compress(ours, data, bound, *level)?;
            if code != code::OK {
                return same("an impossible level's code", code, code::STREAM_ERROR);
            }
            let room = made.len().saturating_sub(*less as usize);
            let (code, short) = compress(ours, data, room, *level)?;
            same("code without enough room", code, code::BUF_ERROR)?;
            // As with stock, what fits has been written.
            same("length without enough room", short.len(), room)
        }
        Op::Uncompress { stream, room, wide } => {
            let (code, out, _) = uncompress(stock, stream, 400_000, true)?;
            let size = if code == code::OK { out.len() as i32 } else { 1000 };
            let room = (size + room).max(0) as usize;
            let a = uncompress(ours, stream, room, *wide)?;
            let b = uncompress(stock, stream, room, *wide)?;
            let place = || format!("{} bytes to {room}", stream.len());
            same("uncompress2's code", a.0, b.0).at(place)?;
            same("uncompress2's used input", a.2, b.2).at(place)?;
            same_bytes("uncompress2's output", &a.1, &b.1).at(place)
        }
        Op::Nulls(which) => {
            let text = nulls(ours, *which);
            // Stock reads the lengths without a look at the pointer to them.
            let expected = match which / 4 {
                1 | 4 | 6 | 7 => None,
                _ => Some(nulls(stock, *which)),
            };
            match expected {
                Some(expected) => same(&format!("NULL in place {which}"), text, expected),
                None if text.starts_with("-2 ") => Ok(()),
                None => Err(format!("NULL in place {which}: {text}")),
            }
        }
        Op::Bound(len) => {
            let (long, wide) = (*len as c_ulong, *len as usize);
            same("compressBound", ours.compressBound(long), stock.compressBound(long))?;
            same("compressBound_z", ours.compressBound_z(wide), stock.compressBound_z(wide))?;
            let none = null_mut();
            same(
                "deflateBound of NULL",
                ours.deflateBound(none, long),
                stock.deflateBound(none, long),
            )
        }
        Op::Checks { data, start, len } => checks(libraries, data, *start, *len),
    }
}

fn compress(
    zlib: &Zlib,
    data: &[u8],
    room: usize,
    level: c_int,
) -> Result<(c_int, Vec<u8>), String> {
    let mut out = vec![0xa5; room + GUARD];
    let mut len = room;
    let code = zlib.compress2_z(out.as_mut_ptr(), &mut len, data.as_ptr(), data.len(), level);
    let mut again = vec![0xa5; room + GUARD];
    let mut narrow = room as c_ulong;
    let narrow_code = zlib.compress2(
        again.as_mut_ptr(),
        &mut narrow,
        data.as_ptr(),
        data.len() as c_ulong,
        level,
    );
    if (narrow_code, narrow as usize) != (code, len) || again != out {
        return Err("compress2 and compress2_z differ".into());
    }
    if out[room..] != [0xa5; GUARD] {
        return Err("bytes beyond the output were written".into());
    }
    out.truncate(len);
    Ok((code, out))
}

fn uncompress(
    zlib: &Zlib,
    stream: &[u8],
    room: usize,
    wide: bool,
) -> Result<(c_int, Vec<u8>, usize), String> {
    let mut out = vec![0xa5; room + GUARD];
    let (code, len, used) = if wide {
        let (mut len, mut used) = (room, stream.len());
        let code = zlib.uncompress2_z(out.as_mut_ptr(), &mut len, stream.as_ptr(), &mut used);
        (code, len, used)
    } else {
        let (mut len, mut used) = (room as c_ulong, stream.len() as c_ulong);
        let code = zlib.uncompress2(out.as_mut_ptr(), &mut len, stream.as_ptr(), &mut used);
        (code, len as usize, used as usize)
    };
    if out[room..] != [0xa5; GUARD] {
        return Err("bytes beyond the output were written".into());
    }
    if len > room {
        return Err(format!("length {len} is more than the room {room}"));
    }
    out.truncate(len);
    Ok((code, out, used))
}

/// Calls with NULL in one place or another; all that comes back, as one text.
fn nulls(z: &Zlib, which: u32) -> String {
    let mut out = [0u8; 100];
    let stream = [0x78u8, 0x9c, 0x4b, 0x04, 0x00, 0x00, 0x62, 0x00, 0x62];
    let mut len: c_ulong = if which & 1 == 0 { 100 } else { 0 };
    let mut wide = len as usize;
    let used: c_ulong = if which & 2 == 0 { 9 } else { 0 };
    let mut wide_used = used as usize;
    let (from_len, wide_from) = (used, wide_used);
    let to = out.as_mut_ptr();
    let from = stream.as_ptr();
    let code = match which / 4 {
        0 => z.compress(null_mut(), &mut len, from, from_len),
        1 => z.compress(to, null_mut(), from, from_len),
        2 => z.compress(to, &mut len, null(), from_len),
        3 => z.uncompress(null_mut(), &mut len, from, from_len),
        4 => z.uncompress(to, null_mut(), from, from_len),
        5 => z.uncompress(to, &mut len, null(), from_len),
        6 => z.uncompress2(to, &mut len, from, null_mut()),
        7 => z.uncompress2_z(to, &mut wide, from, null_mut()),
        8 => z.uncompress_z(null_mut(), &mut wide, from, wide_from),
        _ => z.uncompress2_z(to, &mut wide, null(), &mut wide_used),
    };
    if let 0 | 2 = which / 4 {
        // The bytes are ours; their number is compared elsewhere.
        return format!("{code}");
    }
    format!("{code} {len} {wide} {used} {wide_used}")
}

fn checks(libraries: &Libraries, data: &[u8], start: u64, len: u64) -> Result<(), String> {
    let Libraries { ours, stock } = libraries;
    let (pointer, size) = (data.as_ptr(), data.len() as c_uint);
    let far = (len >> (len & 63)) as i64;
    // Where C's long has 32 bits, its functions take and give less.
    let (start, near) = (start as c_ulong, far as c_long);
    let (first, second) = (start & 0xffff_ffff, len as c_ulong & 0xffff_ffff);
    let each = |z: &Zlib| {
        [
            ("crc32", z.crc32(start, pointer, size)),
            ("crc32_z", z.crc32_z(start, pointer, data.len())),
            ("adler32", z.adler32(first, pointer, size)),
            ("adler32_z", z.adler32_z(first, pointer, data.len())),
            ("crc32 of NULL", z.crc32(start, null(), 0)),
            ("adler32 of NULL", z.adler32(start, null(), 0)),
            ("crc32_combine", z.crc32_combine(first, second, near)),
            ("crc32_combine64", z.crc32_combine64(first, second, far)),
            ("adler32_combine", z.adler32_combine(first, second, near)),
            ("adler32_combine64", z.adler32_combine64(first, second, far)),
            ("crc32_combine_gen", z.crc32_combine_gen(near)),
            ("crc32_combine_gen64", z.crc32_combine_gen64(far)),
            ("crc32_combine_op", z.crc32_combine_op(first, second, z.crc32_combine_gen64(far))),
        ]
    };
    for ((name, a), (_, b)) in each(ours).into_iter().zip(each(stock)) {
        same(name, a, b)?;
    }
    Ok(())
}
