//! Timing in turns: A B C, then B C A, so that whatever disturbs the machine disturbs all alike.

use std::hash::{DefaultHasher, Hasher};
use std::hint::black_box;
use std::time::{Duration, Instant};

use bench::job::{Pace, Timing};
use serde::{Deserialize, Serialize};

/// Calibration stops doubling here: 2^26 calls of a nanosecond are well past any batch.
const MOST_CALLS: u64 = 1 << 26;

/// How many times longer than on an idle machine a race may take.
const BUSY: u32 = 4;

/// One library's part in a race.
pub struct Entrant<'a> {
    /// The library's name.
    pub library: &'a str,
    /// Makes this many calls and tells how much of a CPU they took.
    pub run: Run<'a>,
    /// What came out when it was tried, if that is compressed data.
    pub made: Option<Made>,
}

/// Makes a number of calls and tells how much of a CPU they took.
pub type Run<'a> = Box<dyn FnMut(u64) -> Result<Duration, String> + 'a>;

/// Compressed data, as a size and a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// Bytes.
    pub size: usize,
    /// A hash of them.
    pub hash: u64,
}

impl Made {
    /// That of `bytes`.
    pub fn of(bytes: &[u8]) -> Made {
        let mut hasher = DefaultHasher::new();
        hasher.write(bytes);
        Made { size: bytes.len(), hash: hasher.finish() }
    }
}

/// Runs the entrants in turns and returns their times in the same order.
pub fn race(entrants: &mut [Entrant<'_>], pace: &Pace) -> Result<Vec<Timing>, String> {
    let batch = Duration::from_micros(pace.batch_us);
    let budget = Duration::from_millis(pace.race_ms) * entrants.len() as u32;
    let began = Instant::now();
    let mut used = Duration::ZERO;
    let (mut calls, mut readings) = (Vec::new(), Vec::new());
    for entrant in &mut *entrants {
        let (number, took) = calibrate(&mut entrant.run, batch)?;
        used += took;
        calls.push(number);
        readings.push(vec![took.as_nanos() as f64 / number as f64]);
    }
    // Calibration was the first round.
    let mut round = 1;
    // The budget is CPU time, so that a busy machine costs no rounds; but not without end.
    while round < pace.min_rounds || (used < budget && began.elapsed() < budget * BUSY) {
        for turn in 0..entrants.len() {
            let who = (round + turn) % entrants.len();
            let took = (entrants[who].run)(calls[who])?;
            used += took;
            readings[who].push(took.as_nanos() as f64 / calls[who] as f64);
        }
        round += 1;
    }

    let timing = |((entrant, mut readings), calls): ((&Entrant<'_>, Vec<f64>), u64)| {
        readings.sort_by(f64::total_cmp);
        Timing {
            library: entrant.library.to_owned(),
            best_ns: readings[0],
            median_ns: readings[readings.len() / 2],
            rounds: readings.len(),
            calls,
            compressed: entrant.made.map(|made| made.size),
            same: None,
        }
    };
    Ok(entrants.iter().zip(readings).zip(calls).map(timing).collect())
}

/// How many calls fill a batch, and how long that many took; also the warm-up.
fn calibrate(run: &mut Run<'_>, batch: Duration) -> Result<(u64, Duration), String> {
    let mut calls = 1;
    loop {
        let took = run(calls)?;
        if took >= batch || calls >= MOST_CALLS {
            return Ok((calls, took));
        }
        // Straight to the mark once the reading means something.
        let scale = batch.as_secs_f64() / took.as_secs_f64().max(1e-9);
        calls = if took * 8 >= batch {
            ((calls as f64 * scale).ceil() as u64).max(calls + 1)
        } else {
            calls * 4
        };
    }
}

/// Times `run`, which makes as many calls as it is told.
pub fn timed<'a>(mut run: impl FnMut(u64) + 'a) -> Run<'a> {
    Box::new(move |calls| {
        let began = cpu_time();
        run(black_box(calls));
        Ok(cpu_time() - began)
    })
}

/// What this thread has used of a CPU: time that other work on the machine takes is not in it.
fn cpu_time() -> Duration {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` is writable.
    let code = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut now) };
    assert_eq!(code, 0, "Linux has this clock");
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entrant_runs_equally_often_and_calls_add_up() {
        let pace = Pace { batch_us: 10, race_ms: 1, min_rounds: 7 };
        let made: Vec<_> = (0..3).map(|_| std::cell::Cell::new(0_u64)).collect();
        let mut entrants: Vec<Entrant<'_>> = made
            .iter()
            .map(|count| Entrant {
                library: "x",
                run: timed(|calls| {
                    for call in 0..calls {
                        black_box(call);
                    }
                    count.set(count.get() + calls);
                }),
                made: None,
            })
            .collect();
        let times = race(&mut entrants, &pace).expect("no call fails");
        drop(entrants);
        for (timing, made) in times.iter().zip(&made) {
            assert_eq!(timing.rounds, times[0].rounds);
            assert!(timing.rounds >= 7);
            assert!(timing.best_ns > 0.0 && timing.best_ns <= timing.median_ns);
            assert!(made.get() >= timing.calls * timing.rounds as u64);
        }
    }
}
