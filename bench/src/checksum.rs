//! crc32 and adler32 over buffers of many sizes.

use std::ffi::c_ulong;
use std::hint::black_box;

use bench::job::{Checksum, ChecksumFunction, ChecksumJob, Event, Loaded, ODD, Pace, Race};

use crate::data::Aligned;
use crate::race::{Entrant, race, timed};
use crate::{Emit, zlib_abi};
use drive::Object;
use drive::Random;

/// A checksum function of any of the libraries. Some take a 32-bit start value or length and
/// return 32 bits: each argument has a register of its own under the System V x86-64 and AAPCS64
/// conventions, of which such a callee reads the low half, so one type and one loop serve all;
/// results are cut to 32 bits.
type Function = unsafe extern "C" fn(c_ulong, *const u8, usize) -> c_ulong;

struct Contender<'a> {
    library: &'a str,
    function: Function,
}

/// Lengths of a row that mixes them, in a cycle long enough that no predictor learns it.
const MIXED_CALLS: usize = 1 << 14;

/// Does the job.
pub fn run(job: &ChecksumJob, pace: &Pace, emit: &mut Emit) -> Result<(), String> {
    let largest = job.sizes.iter().chain(&job.odd).chain(&job.mixed).copied().max().unwrap_or(0);
    let mut buffer = Aligned::new(largest + job.offset);
    Random::new(1).fill(buffer.bytes());
    let data = &buffer.bytes()[job.offset..];
    let mut moved = Aligned::new(largest + job.offset + ODD);
    moved.bytes()[job.offset + ODD..].copy_from_slice(data);
    let moved = &moved.bytes()[job.offset + ODD..];

    let checksums = [Checksum::Crc32, Checksum::Adler32];
    let asked: Vec<_> =
        checksums.into_iter().filter(|&c| job.functions.iter().any(|f| f.checksum == c)).collect();
    emit(Event::Races(asked.len() * (job.sizes.len() + job.odd.len() + job.mixed.len())));
    for checksum in asked {
        let contenders = load(&job.functions, checksum, emit);
        for &size in &job.sizes {
            let data = &data[..size];
            check(&contenders, checksum, data)?;
            emit(Event::Race(fixed(&contenders, checksum, data, job.chained, pace)?));
        }
        for &size in &job.odd {
            let data = &moved[..size];
            check(&contenders, checksum, data)?;
            let race = fixed(&contenders, checksum, data, job.chained, pace);
            emit(Event::Race(Race { data: format!("at offset {}", job.offset + ODD), ..race? }));
        }
        for &most in &job.mixed {
            emit(Event::Race(mixed(&contenders, checksum, &data[..most], pace)?));
        }
    }
    Ok(())
}

fn load<'a>(
    functions: &'a [ChecksumFunction],
    checksum: Checksum,
    emit: &mut Emit,
) -> Vec<Contender<'a>> {
    let mut contenders = Vec::new();
    for wanted in functions.iter().filter(|f| f.checksum == checksum) {
        let library = &wanted.library;
        let loaded = Object::open(&wanted.path).and_then(|object| {
            // SAFETY: the job names functions with zlib's arguments; see `Function` for widths.
            let function = unsafe { object.function::<Function>(&wanted.symbol)? };
            Ok((object, function))
        });
        match loaded {
            Ok((object, function)) => {
                emit(Event::Loaded(Loaded {
                    library: library.clone(),
                    file: object.file.display().to_string(),
                    says: zlib_abi::says(&object),
                }));
                contenders.push(Contender { library, function });
            }
            Err(reason) => emit(Event::LeftOut { library: library.clone(), reason }),
        }
    }
    contenders
}

fn start(checksum: Checksum) -> c_ulong {
    match checksum {
        Checksum::Crc32 => 0,
        Checksum::Adler32 => 1,
    }
}

/// A library that computes something else is not a peer: every one must agree with the definition.
fn check(contenders: &[Contender<'_>], checksum: Checksum, data: &[u8]) -> Result<(), String> {
    let right = match checksum {
        Checksum::Crc32 => crc32(data),
        Checksum::Adler32 => adler32(data),
    };
    for contender in contenders {
        // SAFETY: `data` is as long as said.
        let got = unsafe { (contender.function)(start(checksum), data.as_ptr(), data.len()) };
        if got as u32 != right {
            return Err(format!(
                "{} of {} bytes: {} says {:08x}, right is {right:08x}",
                checksum.name(),
                data.len(),
                contender.library,
                got as u32,
            ));
        }
    }
    Ok(())
}

fn fixed(
    contenders: &[Contender<'_>],
    checksum: Checksum,
    data: &[u8],
    chained: bool,
    pace: &Pace,
) -> Result<Race, String> {
    let repeat = if chained { repeat_chained } else { repeat_independent };
    let mut entrants: Vec<Entrant<'_>> = contenders
        .iter()
        .map(|contender| Entrant {
            library: contender.library,
            run: timed(move |calls| repeat(contender.function, start(checksum), data, calls)),
            made: None,
        })
        .collect();
    Ok(Race {
        operation: checksum.name().to_owned(),
        data: "random".to_owned(),
        bytes: data.len(),
        times: race(&mut entrants, pace)?,
        ..Race::default()
    })
}

fn mixed(
    contenders: &[Contender<'_>],
    checksum: Checksum,
    data: &[u8],
    pace: &Pace,
) -> Result<Race, String> {
    let mut random = Random::new(2);
    let parts: Vec<&[u8]> = (0..MIXED_CALLS)
        .map(|_| {
            let length = 1 + random.below(data.len());
            let from = random.below(data.len() - length + 1);
            &data[from..from + length]
        })
        .collect();
    let parts = &parts;
    let mut entrants: Vec<Entrant<'_>> = contenders
        .iter()
        .map(|contender| Entrant {
            library: contender.library,
            run: {
                let mut at = 0;
                timed(move |calls| {
                    at = repeat_mixed(contender.function, start(checksum), parts, at, calls);
                })
            },
            made: None,
        })
        .collect();
    let mean = parts.iter().map(|p| p.len()).sum::<usize>() / parts.len();
    Ok(Race {
        operation: checksum.name().to_owned(),
        data: format!("lengths 1 to {}", data.len()),
        bytes: mean,
        times: race(&mut entrants, pace)?,
        ..Race::default()
    })
}

/// Calls that do not wait for each other, as over many small messages.
#[inline(never)]
fn repeat_independent(function: Function, start: c_ulong, data: &[u8], calls: u64) {
    for _ in 0..calls {
        // SAFETY: `data` is as long as said.
        black_box(unsafe { function(start, data.as_ptr(), data.len()) });
    }
}

/// Calls that each wait for the one before, as over one message in pieces.
#[inline(never)]
fn repeat_chained(function: Function, start: c_ulong, data: &[u8], calls: u64) {
    let mut value = start;
    for _ in 0..calls {
        // SAFETY: `data` is as long as said.
        value = c_ulong::from(unsafe { function(value, data.as_ptr(), data.len()) } as u32);
    }
    black_box(value);
}

/// Calls of lengths that cannot be predicted, from the `at`-th part on; returns where to go on.
#[inline(never)]
fn repeat_mixed(
    function: Function,
    start: c_ulong,
    parts: &[&[u8]],
    mut at: usize,
    calls: u64,
) -> usize {
    for _ in 0..calls {
        let part = parts[at % MIXED_CALLS];
        // SAFETY: a part is as long as said.
        black_box(unsafe { function(start, part.as_ptr(), part.len()) });
        at = at.wrapping_add(1);
    }
    at
}

/// RFC 1952, section 8, a bit at a time.
fn crc32(data: &[u8]) -> u32 {
    !data.iter().fold(!0, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 }
        })
    })
}

/// RFC 1950, section 9.
fn adler32(data: &[u8]) -> u32 {
    let (a, b) = data.iter().fold((1_u32, 0), |(a, b), &byte| {
        let a = (a + u32::from(byte)) % 65521;
        (a, (b + a) % 65521)
    });
    b << 16 | a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_give_the_published_check_values() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
    }
}
