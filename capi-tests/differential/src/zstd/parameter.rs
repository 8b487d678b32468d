//! Parameters: what each object takes, holds and refuses, in any order, in and out of bounds.

use super::api::{CParams, FParams, Handle, InBuffer, OutBuffer, Params, Zstd, Zstds};
use super::{Room, same_code, same_value};
use crate::case::{At, Case};
use crate::source::Source;

pub const FORMAT: i32 = 10;
pub const LEVEL: i32 = 100;
pub const WINDOW_LOG: i32 = 101;
pub const HASH_LOG: i32 = 102;
pub const CHAIN_LOG: i32 = 103;
pub const SEARCH_LOG: i32 = 104;
pub const MIN_MATCH: i32 = 105;
pub const TARGET_LENGTH: i32 = 106;
pub const STRATEGY: i32 = 107;
pub const TARGET_BLOCK: i32 = 130;
pub const LDM: i32 = 160;
pub const LDM_HASH_LOG: i32 = 161;
pub const LDM_MIN_MATCH: i32 = 162;
pub const CONTENT_SIZE: i32 = 200;
pub const CHECKSUM: i32 = 201;
pub const DICT_ID: i32 = 202;
pub const WORKERS: i32 = 400;
pub const LITERALS: i32 = 1002;
pub const DELIMITERS: i32 = 1008;
pub const VALIDATE: i32 = 1009;
pub const SPLIT_AFTER: i32 = 1010;
pub const ROW_MATCH_FINDER: i32 = 1011;
pub const MAX_BLOCK: i32 = 1015;
pub const SPLITTER: i32 = 1017;

/// `ZSTD_cParameter`: every number that has a name, the experimental ones too.
pub const COMPRESSION: [i32; 42] = [
    FORMAT,
    LEVEL,
    WINDOW_LOG,
    HASH_LOG,
    CHAIN_LOG,
    SEARCH_LOG,
    MIN_MATCH,
    TARGET_LENGTH,
    STRATEGY,
    TARGET_BLOCK,
    LDM,
    LDM_HASH_LOG,
    LDM_MIN_MATCH,
    163,
    164,
    CONTENT_SIZE,
    CHECKSUM,
    DICT_ID,
    WORKERS,
    401,
    402,
    500,
    1000,
    1001,
    LITERALS,
    1003,
    1004,
    1005,
    1006,
    1007,
    DELIMITERS,
    VALIDATE,
    SPLIT_AFTER,
    ROW_MATCH_FINDER,
    1012,
    1013,
    1014,
    MAX_BLOCK,
    1016,
    SPLITTER,
    1018,
    99,
];

pub const WINDOW_LOG_MAX: i32 = 100;
pub const D_FORMAT: i32 = 1000;

/// `ZSTD_dParameter`: every number that has a name, and neighbours.
pub const DECOMPRESSION: [i32; 9] =
    [WINDOW_LOG_MAX, D_FORMAT, 1001, 1002, 1003, 1004, 1005, 1006, 101];

#[derive(Clone, Copy, Debug)]
enum Object {
    Context,
    Parameters,
}

#[derive(Clone, Copy, Debug)]
enum Op {
    Set(Object, i32, i32),
    Get(Object, i32),
    Reset(i32),
    ResetParameters,
    Init(i32),
    InitAdvanced(Params),
    Apply,
    SetC(CParams),
    SetF(FParams),
    SetAll(Params),
    Check(CParams),
    Adjust(CParams, u64, usize),
    Estimate,
    Pledge(u64),
    /// Some input into a stream: parameters cannot all be set from here on.
    Begin(u32),
    Compress(u32),
    DSet(i32, i32),
    DGet(i32),
    DReset(i32),
    DMaxWindow(usize),
    DFormat(i32),
}

/// A list of operations on one compression context, one set of parameters and one decompression
/// context.
#[derive(Clone, Debug)]
pub struct ParameterCase {
    ops: Vec<Op>,
}

/// A value near a bound, or any.
fn value(s: &mut Source, zstd: &Zstd, compression: bool, parameter: i32) -> i32 {
    let bounds = match compression {
        true => zstd.ZSTD_cParam_getBounds(parameter),
        false => zstd.ZSTD_dParam_getBounds(parameter),
    };
    match s.below(8) {
        0 => bounds.lower,
        1 => bounds.upper,
        2 => bounds.lower.wrapping_sub(1),
        3 => bounds.upper.wrapping_add(1),
        4 => s.pick(&[0, 1, -1, 2, 3, i32::MIN, i32::MAX]),
        5 => s.u32() as i32,
        _ if bounds.lower < bounds.upper => s.range(bounds.lower, bounds.upper),
        _ => s.range(-2, 40),
    }
}

fn parameter(s: &mut Source, known: &[i32]) -> i32 {
    if s.one_in(12) { s.u32() as i32 % 2000 } else { s.pick(known) }
}

fn cparams(s: &mut Source) -> CParams {
    let mut odd = |low: u32, high: u32| {
        if s.one_in(12) { s.below(200) } else { low + s.below(high - low + 1) }
    };
    CParams {
        window_log: odd(10, 31),
        chain_log: odd(6, 30),
        hash_log: odd(6, 30),
        search_log: odd(1, 30),
        min_match: odd(3, 7),
        target_length: odd(0, 1000),
        strategy: odd(1, 9) as i32,
    }
}

fn fparams(s: &mut Source) -> FParams {
    FParams { content_size: s.range(0, 2), checksum: s.range(-1, 1), no_dict_id: s.range(0, 2) }
}

fn params(s: &mut Source) -> Params {
    Params { c: cparams(s), f: fparams(s) }
}

fn op(s: &mut Source, zstd: &Zstd) -> Op {
    let object = if s.one_in(3) { Object::Parameters } else { Object::Context };
    match s.below(32) {
        0..12 => {
            let parameter = parameter(s, &COMPRESSION);
            Op::Set(object, parameter, value(s, zstd, true, parameter))
        }
        12..16 => Op::Get(object, parameter(s, &COMPRESSION)),
        16 => Op::Reset(s.range(0, 4)),
        17 => Op::ResetParameters,
        18 => Op::Init(s.range(-10, 25)),
        19 => Op::InitAdvanced(params(s)),
        20 => Op::Apply,
        21 => match s.below(3) {
            0 => Op::SetC(cparams(s)),
            1 => Op::SetF(fparams(s)),
            _ => Op::SetAll(params(s)),
        },
        22 => match s.below(2) {
            0 => Op::Check(cparams(s)),
            _ => Op::Adjust(cparams(s), u64::from(s.length(1 << 30)), s.length(100_000) as usize),
        },
        23 => Op::Estimate,
        24 => Op::Pledge(if s.one_in(3) { u64::MAX } else { u64::from(s.length(5000)) }),
        25 => Op::Begin(s.length(3000)),
        26 => Op::Compress(s.length(3000)),
        27 | 28 => {
            let parameter = parameter(s, &DECOMPRESSION);
            Op::DSet(parameter, value(s, zstd, false, parameter))
        }
        29 => Op::DGet(parameter(s, &DECOMPRESSION)),
        30 => Op::DReset(s.range(0, 4)),
        _ => match s.below(2) {
            // Cut where a size has 32 bits.
            0 => Op::DMaxWindow((1u64 << s.below(40)) as usize),
            _ => Op::DFormat(s.range(-1, 3)),
        },
    }
}

/// The objects of one library.
struct Objects {
    context: Handle,
    parameters: Handle,
    decompression: Handle,
    data: Vec<u8>,
}

impl Case<Zstds> for ParameterCase {
    fn generate(zstds: &Zstds, s: &mut Source) -> ParameterCase {
        let count = 1 + s.length(60);
        ParameterCase { ops: (0..count).map(|_| op(s, &zstds.stock)).collect() }
    }

    fn run(&self, zstds: &Zstds) -> Result<(), String> {
        let both = zstds.each();
        let data: Vec<u8> = (0..3000_u32).map(|i| (i * i / 7 % 50) as u8).collect();
        let objects = both.map(|z| Objects {
            context: z.ZSTD_createCCtx(),
            parameters: z.ZSTD_createCCtxParams(),
            decompression: z.ZSTD_createDCtx(),
            data: data.clone(),
        });
        for (at, op) in self.ops.iter().enumerate() {
            run(zstds, &objects, *op).at(|| format!("operation {at}, {op:?}"))?;
        }
        for (z, o) in both.iter().zip(&objects) {
            z.ZSTD_freeCCtx(o.context);
            z.ZSTD_freeCCtxParams(o.parameters);
            z.ZSTD_freeDCtx(o.decompression);
        }
        Ok(())
    }

    fn len(&self) -> usize {
        self.ops.len()
    }

    fn without(&self, range: std::ops::Range<usize>) -> ParameterCase {
        let mut ops = self.ops.clone();
        ops.drain(range);
        ParameterCase { ops }
    }

    fn simpler(&self) -> Vec<ParameterCase> {
        Vec::new()
    }
}

/// Whether compressing now asks for no more memory than a test may: an explicit table for
/// long-distance matching is made as large as it says, whatever the input.
fn is_modest(zstd: &Zstd, context: Handle) -> bool {
    let get = |parameter| {
        let mut value = 0;
        zstd.ZSTD_CCtx_getParameter(context, parameter, &mut value);
        value
    };
    get(LDM) != 1 || get(LDM_HASH_LOG) <= 20
}

fn run(zstds: &Zstds, objects: &[Objects; 2], op: Op) -> Result<(), String> {
    let pairs = [(&zstds.ours, &objects[0]), (&zstds.stock, &objects[1])];
    let code = |call: &dyn Fn(&Zstd, &Objects) -> usize| {
        same_code("the code", pairs.map(|(z, o)| call(z, o)))
    };
    match op {
        Op::Set(Object::Context, parameter, value) => {
            code(&|z, o| z.ZSTD_CCtx_setParameter(o.context, parameter, value))?;
        }
        Op::Set(Object::Parameters, parameter, value) => {
            code(&|z, o| z.ZSTD_CCtxParams_setParameter(o.parameters, parameter, value))?;
        }
        Op::Get(object, parameter) => {
            let mut values = [-77; 2];
            let mut codes = [0; 2];
            for (i, (z, o)) in pairs.iter().enumerate() {
                let value = &raw mut values[i];
                codes[i] = match object {
                    Object::Context => z.ZSTD_CCtx_getParameter(o.context, parameter, value),
                    Object::Parameters => {
                        z.ZSTD_CCtxParams_getParameter(o.parameters, parameter, value)
                    }
                };
            }
            same_code("the code", codes)?;
            same_value("the value", values)?;
        }
        Op::Reset(directive) => {
            code(&|z, o| z.ZSTD_CCtx_reset(o.context, directive))?;
        }
        Op::ResetParameters => {
            code(&|z, o| z.ZSTD_CCtxParams_reset(o.parameters))?;
        }
        Op::Init(level) => {
            code(&|z, o| z.ZSTD_CCtxParams_init(o.parameters, level))?;
        }
        Op::InitAdvanced(params) => {
            code(&|z, o| z.ZSTD_CCtxParams_init_advanced(o.parameters, params))?;
        }
        Op::Apply => {
            code(&|z, o| z.ZSTD_CCtx_setParametersUsingCCtxParams(o.context, o.parameters))?;
        }
        Op::SetC(params) => {
            code(&|z, o| z.ZSTD_CCtx_setCParams(o.context, params))?;
        }
        Op::SetF(params) => {
            code(&|z, o| z.ZSTD_CCtx_setFParams(o.context, params))?;
        }
        Op::SetAll(params) => {
            code(&|z, o| z.ZSTD_CCtx_setParams(o.context, params))?;
        }
        Op::Check(params) => {
            code(&|z, _| z.ZSTD_checkCParams(params))?;
        }
        Op::Adjust(params, size, dict) => {
            same_value("ZSTD_adjustCParams", {
                pairs.map(|(z, _)| z.ZSTD_adjustCParams(params, size, dict))
            })?;
        }
        Op::Estimate => {
            // zstd divides by the shortest match of long-distance matching, which is 0 where
            // ZSTD_CCtxParams_init_advanced has chosen such matching by itself.
            let get = |parameter| {
                let mut value = 0;
                zstds.stock.ZSTD_CCtxParams_getParameter(
                    objects[1].parameters,
                    parameter,
                    &mut value,
                );
                value
            };
            if get(LDM) == 1 && get(LDM_MIN_MATCH) == 0 {
                return Ok(());
            }
            code(&|z, o| z.ZSTD_estimateCCtxSize_usingCCtxParams(o.parameters))?;
            code(&|z, o| z.ZSTD_estimateCStreamSize_usingCCtxParams(o.parameters))?;
        }
        Op::Pledge(size) => {
            code(&|z, o| z.ZSTD_CCtx_setPledgedSrcSize(o.context, size))?;
        }
        Op::Begin(len) | Op::Compress(len) => {
            if is_modest(&zstds.stock, objects[1].context) {
                compress(pairs, op, len as usize)?;
            }
        }
        Op::DSet(parameter, value) => {
            code(&|z, o| z.ZSTD_DCtx_setParameter(o.decompression, parameter, value))?;
        }
        Op::DGet(parameter) => {
            let mut values = [-77; 2];
            let mut codes = [0; 2];
            for (i, (z, o)) in pairs.iter().enumerate() {
                let value = &raw mut values[i];
                codes[i] = z.ZSTD_DCtx_getParameter(o.decompression, parameter, value);
            }
            same_code("the code", codes)?;
            same_value("the value", values)?;
        }
        Op::DReset(directive) => {
            code(&|z, o| z.ZSTD_DCtx_reset(o.decompression, directive))?;
        }
        Op::DMaxWindow(size) => {
            code(&|z, o| z.ZSTD_DCtx_setMaxWindowSize(o.decompression, size))?;
        }
        Op::DFormat(format) => {
            code(&|z, o| z.ZSTD_DCtx_setFormat(o.decompression, format))?;
        }
    }
    Ok(())
}

/// One frame with the parameters as they are, or the start of one. The content's size is known, so
/// that tables and window are no larger than it asks for.
fn compress(pairs: [(&Zstd, &Objects); 2], op: Op, len: usize) -> Result<(), String> {
    let room = 8000;
    let mut rooms = Room::pair(room);
    let mut codes = [0; 2];
    let mut written = [0; 2];
    for (i, (z, o)) in pairs.iter().enumerate() {
        if let Op::Compress(_) = op {
            let start = rooms[i].start();
            codes[i] = z.ZSTD_compress2(o.context, start, room, o.data.as_ptr(), len);
            written[i] = if super::Code(codes[i]).is_error() { 0 } else { codes[i] };
            continue;
        }
        // More than what comes now; refused once a frame has begun.
        z.ZSTD_CCtx_setPledgedSrcSize(o.context, 3000);
        let mut input = InBuffer { src: o.data.as_ptr(), size: len, pos: 0 };
        let mut output = OutBuffer { dst: rooms[i].start(), size: room, pos: 0 };
        codes[i] = z.ZSTD_compressStream2(o.context, &mut output, &mut input, 1);
        written[i] = output.pos;
    }
    same_code("the code", codes)?;
    same_value("the length", written)?;
    Room::same("compressed", &rooms, written[0])
}
