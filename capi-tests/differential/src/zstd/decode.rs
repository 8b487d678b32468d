//! Decoding of frames of every format, whole, damaged and foreign, by every way in.

use std::ffi::c_int;

use super::api::{Code, Handle, InBuffer, OutBuffer, Zstd, Zstds};
use super::{Room, frame, parameter, same_code, same_value};
use crate::case::{At, Case};
use crate::data;
use crate::source::Source;

/// How the input gets in.
#[derive(Clone, Debug)]
enum Way {
    Decompress,
    Context,
    UsingDict,
    UsingDDict,
    /// Pieces of these lengths into room of these lengths, both over and over.
    Stream(Vec<(u32, u32)>),
    /// Block by block, without buffers of zstd's own.
    Blocks,
}

/// Where a dictionary is set before the first call.
#[derive(Clone, Copy, Debug)]
enum Dictionary {
    None,
    Load { method: c_int, kind: c_int },
    Refer,
    Prefix,
}

/// A decoding of some bytes, and of the same again in the same context.
#[derive(Clone, Debug)]
pub struct DecodeCase {
    bytes: Vec<u8>,
    dict: Vec<u8>,
    parameters: Vec<(c_int, c_int)>,
    dictionary: Dictionary,
    way: Way,
    room: usize,
    again: bool,
}

/// Raw content, or a dictionary as zstd's trainer makes it, perhaps damaged; empty half of the time.
pub fn dictionary(zstd: &Zstd, s: &mut Source) -> Vec<u8> {
    if s.one_in(2) {
        return Vec::new();
    }
    if s.one_in(2) {
        return data::data(s, 3000);
    }
    let sizes = vec![64; 200];
    let mut samples = data::data(s, 4000);
    samples.extend((0_u32..).map(|i| (i / 5 * i % 61) as u8).take(64 * 200));
    let mut dict = vec![0; 2000];
    let (start, room) = (dict.as_mut_ptr(), dict.len());
    let len = zstd.ZDICT_trainFromBuffer(start, room, samples.as_ptr(), sizes.as_ptr(), 200);
    if Code(len).is_error() {
        return samples[..100].to_vec();
    }
    dict.truncate(len);
    if s.one_in(6) {
        data::damage(s, &mut dict);
    }
    dict
}

impl Case<Zstds> for DecodeCase {
    fn generate(zstds: &Zstds, s: &mut Source) -> DecodeCase {
        let zstd = &zstds.stock;
        let dict = dictionary(zstd, s);
        let max = if s.one_in(40) { 300_000 } else { 8000 };
        let made_with: &[u8] = if s.one_in(5) { &[] } else { &dict };
        let bytes = frame::any(zstd, s, max, made_with);
        let mut parameters = Vec::new();
        while s.one_in(2) {
            let which = s.pick(&parameter::DECOMPRESSION);
            let bounds = zstd.ZSTD_dParam_getBounds(which);
            let value = match which {
                _ if bounds.lower > bounds.upper => 0,
                parameter::WINDOW_LOG_MAX => s.range(10, 24),
                _ => s.range(bounds.lower, bounds.upper.min(200_000)),
            };
            parameters.push((which, value));
        }
        let way = match s.below(10) {
            0 => Way::Decompress,
            1 => Way::Context,
            2 => Way::UsingDict,
            3 => Way::UsingDDict,
            4 => Way::Blocks,
            _ => {
                let large = s.one_in(2);
                let mut length = || s.length(if large { 70_000 } else { 40 });
                Way::Stream((0..5).map(|_| (length(), length())).collect())
            }
        };
        let dictionary = match s.below(6) {
            0 => Dictionary::None,
            1 => Dictionary::Refer,
            2 => Dictionary::Prefix,
            _ => Dictionary::Load { method: s.range(0, 1), kind: s.range(0, 2) },
        };
        let room = if s.one_in(3) { s.length(max) } else { 2 * max } as usize;
        DecodeCase { bytes, dict, parameters, dictionary, way, room, again: s.one_in(3) }
    }

    fn run(&self, zstds: &Zstds) -> Result<(), String> {
        let both = zstds.each();
        let dctx = both.map(Zstd::ZSTD_createDCtx);
        let ddict = both.map(|z| z.ZSTD_createDDict(self.dict.as_ptr(), self.dict.len()));
        same_value("ZSTD_createDDict", ddict.map(|d| d.is_null()))?;
        same_code("ZSTD_sizeof_DDict", [0, 1].map(|i| both[i].ZSTD_sizeof_DDict(ddict[i])))?;
        same_value(
            "ZSTD_getDictID_fromDDict",
            [0, 1].map(|i| both[i].ZSTD_getDictID_fromDDict(ddict[i])),
        )?;
        // With several dictionaries zstd looks at the last frame's header before it has read one.
        same_code("an empty frame", [0, 1].map(|i| empty_frame(both[i], dctx[i])))?;
        for (which, value) in &self.parameters {
            let codes = [0, 1].map(|i| both[i].ZSTD_DCtx_setParameter(dctx[i], *which, *value));
            same_code("ZSTD_DCtx_setParameter", codes).at(|| format!("{which} = {value}"))?;
        }
        self.give_dictionary(both, dctx, ddict)?;
        for round in 0..=usize::from(self.again) {
            self.decode(both, dctx, ddict).at(|| format!("round {round}"))?;
            same_code("ZSTD_sizeof_DCtx", [0, 1].map(|i| both[i].ZSTD_sizeof_DCtx(dctx[i])))?;
        }
        for (i, z) in both.iter().enumerate() {
            z.ZSTD_freeDCtx(dctx[i]);
            z.ZSTD_freeDDict(ddict[i]);
        }
        Ok(())
    }

    fn len(&self) -> usize {
        self.bytes.len()
    }

    fn without(&self, range: std::ops::Range<usize>) -> DecodeCase {
        let mut case = self.clone();
        case.bytes.drain(range);
        case
    }

    fn simpler(&self) -> Vec<DecodeCase> {
        let mut all = Vec::new();
        if !self.dict.is_empty() {
            all.push(DecodeCase { dict: Vec::new(), ..self.clone() });
        }
        if !self.parameters.is_empty() {
            all.push(DecodeCase { parameters: Vec::new(), ..self.clone() });
        }
        if self.again {
            all.push(DecodeCase { again: false, ..self.clone() });
        }
        all
    }
}

fn empty_frame(zstd: &Zstd, dctx: Handle) -> usize {
    const FRAME: [u8; 9] = [0x28, 0xb5, 0x2f, 0xfd, 0x20, 0, 1, 0, 0];
    let mut byte = 0;
    zstd.ZSTD_decompressDCtx(dctx, &mut byte, 0, FRAME.as_ptr(), FRAME.len())
}

impl DecodeCase {
    fn give_dictionary(
        &self,
        both: [&Zstd; 2],
        dctx: [Handle; 2],
        ddict: [Handle; 2],
    ) -> Result<(), String> {
        let (dict, len) = (self.dict.as_ptr(), self.dict.len());
        let codes = [0, 1].map(|i| match self.dictionary {
            Dictionary::None => 0,
            Dictionary::Load { method, kind } => {
                both[i].ZSTD_DCtx_loadDictionary_advanced(dctx[i], dict, len, method, kind)
            }
            Dictionary::Refer => both[i].ZSTD_DCtx_refDDict(dctx[i], ddict[i]),
            Dictionary::Prefix => both[i].ZSTD_DCtx_refPrefix(dctx[i], dict, len),
        });
        same_code("the dictionary", codes).map(|_| ())
    }

    fn decode(
        &self,
        both: [&Zstd; 2],
        dctx: [Handle; 2],
        ddict: [Handle; 2],
    ) -> Result<(), String> {
        let (src, len, room) = (self.bytes.as_ptr(), self.bytes.len(), self.room);
        let (dict, dict_len) = (self.dict.as_ptr(), self.dict.len());
        match &self.way {
            Way::Stream(pieces) => return self.stream(both, dctx, pieces),
            Way::Blocks => return self.blocks(both, dctx),
            _ => {}
        }
        let mut rooms = Room::pair(room);
        let mut codes = [0; 2];
        for (i, z) in both.iter().enumerate() {
            let (d, dst) = (dctx[i], rooms[i].start());
            codes[i] = match self.way {
                Way::Decompress => z.ZSTD_decompress(dst, room, src, len),
                Way::Context => z.ZSTD_decompressDCtx(d, dst, room, src, len),
                Way::UsingDict => {
                    z.ZSTD_decompress_usingDict(d, dst, room, src, len, dict, dict_len)
                }
                _ => z.ZSTD_decompress_usingDDict(d, dst, room, src, len, ddict[i]),
            };
        }
        let code = same_code("the code", codes)?;
        Room::same("decompressed", &rooms, if code.is_error() { 0 } else { code.0 })
    }

    fn stream(
        &self,
        both: [&Zstd; 2],
        dctx: [Handle; 2],
        pieces: &[(u32, u32)],
    ) -> Result<(), String> {
        let mut at = 0;
        let mut idle = 0;
        for (step, (give, room)) in pieces.iter().cycle().enumerate() {
            let size = (at + *give as usize).min(self.bytes.len());
            let room = *room as usize;
            let mut rooms = Room::pair(room);
            let mut codes = [0; 2];
            let mut positions = [(0, 0); 2];
            for (i, z) in both.iter().enumerate() {
                let mut input = InBuffer { src: self.bytes.as_ptr(), size, pos: at };
                let mut output = OutBuffer { dst: rooms[i].start(), size: room, pos: 0 };
                codes[i] = z.ZSTD_decompressStream(dctx[i], &mut output, &mut input);
                positions[i] = (input.pos, output.pos);
            }
            let place = || format!("step {step}, {at}..{size} into {room}");
            let code = same_code("the code", codes).at(place)?;
            same_value("the positions", positions).at(place)?;
            Room::same("decompressed", &rooms, positions[0].1).at(place)?;
            let moved = positions[0] != (at, 0);
            idle = if moved { 0 } else { idle + 1 };
            at = positions[0].0;
            // Twice behind an error, to see that it stays one; and no longer than anything moves.
            if (code.is_error() && idle > 1) || idle > 20 || step > 3000 {
                break;
            }
        }
        let codes = [0, 1].map(|i| both[i].ZSTD_DCtx_reset(dctx[i], 1));
        same_code("ZSTD_DCtx_reset", codes).map(|_| ())
    }

    fn blocks(&self, both: [&Zstd; 2], dctx: [Handle; 2]) -> Result<(), String> {
        let (dict, dict_len) = (self.dict.as_ptr(), self.dict.len());
        let codes = [0, 1].map(|i| both[i].ZSTD_decompressBegin_usingDict(dctx[i], dict, dict_len));
        if same_code("ZSTD_decompressBegin_usingDict", codes)?.is_error() {
            return Ok(());
        }
        // All of it in one piece, as the window has to be.
        let mut rooms = Room::pair(self.room);
        let (mut at, mut written) = (0_usize, 0);
        loop {
            let wants = [0, 1].map(|i| both[i].ZSTD_nextSrcSizeToDecompress(dctx[i]));
            let wants = same_code("ZSTD_nextSrcSizeToDecompress", wants)?.0;
            let kinds = [0, 1].map(|i| both[i].ZSTD_nextInputType(dctx[i]));
            same_value("ZSTD_nextInputType", kinds)?;
            let Some(piece) = self.bytes.get(at..at.saturating_add(wants)) else { break };
            if wants == 0 {
                break;
            }
            let piece = piece.as_ptr();
            let left = self.room - written;
            let mut codes = [0; 2];
            for (i, z) in both.iter().enumerate() {
                let dst = rooms[i].start().wrapping_add(written);
                codes[i] = z.ZSTD_decompressContinue(dctx[i], dst, left, piece, wants);
            }
            let code = same_code("ZSTD_decompressContinue", codes).at(|| format!("at {at}"))?;
            if code.is_error() {
                break;
            }
            at += wants;
            written += code.0;
        }
        Room::same("decompressed", &rooms, written)
    }
}
