//! Frames, valid and hostile, of every format there ever was; and what can be asked about them.

use super::api::{Code, FrameHeader, Zstd, Zstds};
use super::{Room, parameter, same_code, same_value};
use crate::case::{At, Case};
use crate::data;
use crate::source::Source;

/// The formats' magic numbers: v0.1 to v0.8 (which is today's), and a dictionary's.
pub const MAGICS: [u32; 9] = [
    0x1eb5_2ffd,
    0xfd2f_b522,
    0xfd2f_b523,
    0xfd2f_b524,
    0xfd2f_b525,
    0xfd2f_b526,
    0xfd2f_b527,
    0xfd2f_b528,
    0xec30_a437,
];

const SKIPPABLE: u32 = 0x184d_2a50;

fn magic(s: &mut Source) -> [u8; 4] {
    let number = match s.below(8) {
        0..4 => s.pick(&MAGICS),
        4 => SKIPPABLE + s.below(16),
        // The neighbours of all of them.
        5 => 0xfd2f_b520 + s.below(16),
        6 => (SKIPPABLE - 2) + s.below(20),
        _ => s.u32(),
    };
    number.to_le_bytes()
}

/// A frame of one of the formats before today's, of blocks that are stored, one repeated byte, or
/// what pretends to be compressed.
fn legacy(s: &mut Source) -> Vec<u8> {
    let version = s.range(1, 7);
    let mut all = MAGICS[version as usize - 1].to_le_bytes().to_vec();
    // The window's size, and which fields follow.
    match version {
        4 => all.push(s.below(12) as u8),
        5 => {
            let sizes = if s.one_in(8) { 256 } else { 12 };
            all.push(s.below(sizes) as u8);
        }
        6 => {
            let size = s.below(4) as u8;
            all.push(size << 6 | s.below(10) as u8);
            let fields = [0, 1, 2, 8][usize::from(size)];
            let content = u64::from(s.length(5000));
            all.extend_from_slice(&content.to_le_bytes()[..fields]);
        }
        7 => {
            let (size, dict) = (s.below(4) as u8, if s.one_in(4) { s.below(4) as u8 } else { 0 });
            let (direct, check) = (s.below(2) as u8, s.below(2) as u8);
            all.push(size << 6 | direct << 5 | check << 2 | dict);
            if direct == 0 {
                all.push(s.below(80) as u8);
            }
            all.extend(s.fill([0, 1, 2, 4][usize::from(dict)]));
            let fields = [usize::from(direct), 2, 4, 8][usize::from(size)];
            let content = u64::from(s.length(5000));
            all.extend_from_slice(&content.to_le_bytes()[..fields]);
        }
        _ => {}
    }
    for _ in 0..s.below(4) {
        let len = s.length(3000);
        let kind = s.below(3);
        all.extend([(kind << 6 | len >> 16) as u8, (len >> 8) as u8, len as u8]);
        all.extend(s.fill(if kind == 2 { 1 } else { len as usize }));
    }
    if !s.one_in(5) {
        all.extend([0xc0, 0, 0]);
    }
    all
}

/// One of today's frames, as `zstd` makes it with any parameters.
pub fn compressed(zstd: &Zstd, s: &mut Source, max: u32, dict: &[u8]) -> Vec<u8> {
    let content = data::data(s, max);
    let cctx = zstd.ZSTD_createCCtx();
    zstd.ZSTD_CCtx_setParameter(cctx, parameter::LEVEL, s.range(-5, 12));
    for known in [parameter::CONTENT_SIZE, parameter::CHECKSUM, parameter::DICT_ID] {
        zstd.ZSTD_CCtx_setParameter(cctx, known, s.range(0, 1));
    }
    if s.one_in(3) {
        zstd.ZSTD_CCtx_setParameter(cctx, parameter::WINDOW_LOG, s.range(10, 20));
    }
    if s.one_in(3) {
        zstd.ZSTD_CCtx_setParameter(cctx, parameter::TARGET_BLOCK, s.range(1340, 9000));
    }
    if s.one_in(6) {
        zstd.ZSTD_CCtx_setParameter(cctx, parameter::FORMAT, 1);
    }
    if !dict.is_empty() {
        zstd.ZSTD_CCtx_loadDictionary(cctx, dict.as_ptr(), dict.len());
    }
    let mut out = vec![0; zstd.ZSTD_compressBound(content.len())];
    let (dst, room) = (out.as_mut_ptr(), out.len());
    let mut len = zstd.ZSTD_compress2(cctx, dst, room, content.as_ptr(), content.len());
    if Code(len).is_error() {
        // A damaged dictionary is refused.
        zstd.ZSTD_CCtx_reset(cctx, 3);
        len = zstd.ZSTD_compress2(cctx, dst, room, content.as_ptr(), content.len());
    }
    zstd.ZSTD_freeCCtx(cctx);
    assert!(!Code(len).is_error(), "stock cannot compress: {}", Code(len));
    out.truncate(len);
    out
}

fn skippable(s: &mut Source) -> Vec<u8> {
    let len = s.length(300);
    let mut all = (SKIPPABLE + s.below(16)).to_le_bytes().to_vec();
    all.extend(if s.one_in(8) { s.u32() } else { len }.to_le_bytes());
    all.extend(s.fill(len as usize));
    all
}

/// Some frames one after another, of all kinds, perhaps damaged.
pub fn any(zstd: &Zstd, s: &mut Source, max: u32, dict: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    for _ in 0..=s.below(3) {
        match s.below(8) {
            0 => all.extend(legacy(s)),
            1 => all.extend(skippable(s)),
            2 => {
                all.extend(magic(s));
                let len = s.length(40) as usize;
                all.extend(s.fill(len));
            }
            _ => all.extend(compressed(zstd, s, max, dict)),
        }
    }
    if s.one_in(2) {
        data::damage(s, &mut all);
    }
    all
}

/// Questions about what some bytes are, and about each beginning of them.
#[derive(Clone, Debug)]
pub struct FrameCase {
    bytes: Vec<u8>,
}

/// Beginnings of up to this length are asked about one by one: more than the longest header.
const BEGINNINGS: usize = 24;

impl Case<Zstds> for FrameCase {
    fn generate(zstds: &Zstds, s: &mut Source) -> FrameCase {
        let bytes = match s.below(5) {
            0 => {
                let mut bytes = magic(s).to_vec();
                let len = s.length(30) as usize;
                bytes.extend(s.fill(len));
                bytes
            }
            1 => legacy(s),
            _ => any(&zstds.stock, s, 3000, &[]),
        };
        FrameCase { bytes }
    }

    fn run(&self, zstds: &Zstds) -> Result<(), String> {
        let short = 0..=self.bytes.len().min(BEGINNINGS);
        let longer = [self.bytes.len() / 2, self.bytes.len().saturating_sub(1), self.bytes.len()];
        for len in short.chain(longer) {
            // A copy, so that a checker sees a read behind it.
            let beginning = self.bytes[..len].to_vec();
            inspect(zstds, &beginning).at(|| format!("{len} of {} bytes", self.bytes.len()))?;
        }
        Ok(())
    }

    fn len(&self) -> usize {
        self.bytes.len()
    }

    fn without(&self, range: std::ops::Range<usize>) -> FrameCase {
        let mut bytes = self.bytes.clone();
        bytes.drain(range);
        FrameCase { bytes }
    }

    fn simpler(&self) -> Vec<FrameCase> {
        Vec::new()
    }
}

/// Asks both libraries everything about `bytes`.
fn inspect(zstds: &Zstds, bytes: &[u8]) -> Result<(), String> {
    let (src, len) = (bytes.as_ptr(), bytes.len());
    let both = zstds.each();
    macro_rules! value {
        ($($name:ident)*) => {
            $(same_value(stringify!($name), both.map(|z| z.$name(src, len)))?;)*
        };
    }
    macro_rules! code {
        ($($name:ident)*) => {
            $(same_code(stringify!($name), both.map(|z| z.$name(src, len)))?;)*
        };
    }
    value!(ZSTD_isFrame ZSTD_isSkippableFrame ZSTD_getFrameContentSize ZSTD_getDecompressedSize);
    value!(ZSTD_findDecompressedSize ZSTD_decompressBound ZSTD_getDictID_fromFrame);
    value!(ZSTD_getDictID_fromDict ZDICT_getDictID);
    code!(ZSTD_findFrameCompressedSize ZSTD_decompressionMargin ZSTD_estimateDStreamSize_fromFrame);
    code!(ZDICT_getDictHeaderSize);
    // It asserts this length.
    if len >= 5 {
        code!(ZSTD_frameHeaderSize);
    }
    for format in [0, 1] {
        let mut headers = [FrameHeader::default(); 2];
        let [ours, stock] = &mut headers;
        let codes = [
            zstds.ours.ZSTD_getFrameHeader_advanced(ours, src, len, format),
            zstds.stock.ZSTD_getFrameHeader_advanced(stock, src, len, format),
        ];
        same_code("ZSTD_getFrameHeader_advanced", codes)?;
        same_value("ZSTD_FrameHeader", headers)?;
    }
    let mut headers = [FrameHeader::default(); 2];
    let [ours, stock] = &mut headers;
    let codes = [
        zstds.ours.ZSTD_getFrameHeader(ours, src, len),
        zstds.stock.ZSTD_getFrameHeader(stock, src, len),
    ];
    same_code("ZSTD_getFrameHeader", codes)?;
    same_value("ZSTD_FrameHeader", headers)?;

    for room in [0, len.saturating_sub(9), len] {
        let mut rooms = Room::pair(room);
        let mut variants = [77; 2];
        let mut codes = [0; 2];
        for (i, z) in both.iter().enumerate() {
            let variant = &raw mut variants[i];
            codes[i] = z.ZSTD_readSkippableFrame(rooms[i].start(), room, variant, src, len);
        }
        let code = same_code("ZSTD_readSkippableFrame", codes)?;
        same_value("the variant", variants)?;
        let content = if code.is_error() { 0 } else { code.0 };
        Room::same("ZSTD_readSkippableFrame", &rooms, content)?;
    }
    Ok(())
}
