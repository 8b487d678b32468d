//! Timing in turns: A B C, then B C A, so that whatever disturbs the machine disturbs all alike.

use std::hint::black_box;
use std::time::{Duration, Instant};

use bench::job::{Pace, Timing};

/// Calibration stops doubling here: 2^26 calls of a nanosecond are well past any batch.
const MOST_CALLS: u64 = 1 << 26;

/// One library's part in a race.
pub struct Entrant<'a> {
    /// The library's name.
    pub library: &'a str,
    /// Makes this many calls.
    pub run: Box<dyn FnMut(u64) + 'a>,
    /// Bytes of compressed data, for the report.
    pub compressed: Option<usize>,
}

/// Runs the entrants in turns and returns their times in the same order.
pub fn race(entrants: &mut [Entrant<'_>], pace: &Pace) -> Vec<Timing> {
    let batch = Duration::from_micros(pace.batch_us);
    let calls: Vec<u64> = entrants.iter_mut().map(|e| calibrate(&mut e.run, batch)).collect();
    let budget = Duration::from_millis(pace.race_ms) * entrants.len() as u32;
    let mut readings: Vec<Vec<f64>> = vec![Vec::new(); entrants.len()];

    let began = Instant::now();
    let mut round = 0;
    while round < pace.min_rounds || began.elapsed() < budget {
        for turn in 0..entrants.len() {
            let who = (round + turn) % entrants.len();
            let took = time(&mut entrants[who].run, calls[who]);
            readings[who].push(took.as_nanos() as f64 / calls[who] as f64);
        }
        round += 1;
    }

    entrants
        .iter()
        .zip(readings)
        .zip(calls)
        .map(|((entrant, mut readings), calls)| {
            readings.sort_by(f64::total_cmp);
            Timing {
                library: entrant.library.to_owned(),
                best_ns: readings[0],
                median_ns: readings[readings.len() / 2],
                rounds: readings.len(),
                calls,
                compressed: entrant.compressed,
            }
        })
        .collect()
}

/// How many calls fill a batch; also the warm-up.
fn calibrate(run: &mut dyn FnMut(u64), batch: Duration) -> u64 {
    let mut calls = 1;
    loop {
        let took = time(run, calls);
        if took >= batch || calls >= MOST_CALLS {
            return calls;
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

fn time(run: &mut dyn FnMut(u64), calls: u64) -> Duration {
    let began = cpu_time();
    run(black_box(calls));
    cpu_time() - began
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
                run: Box::new(|calls| {
                    for call in 0..calls {
                        black_box(call);
                    }
                    count.set(count.get() + calls);
                }),
                compressed: None,
            })
            .collect();
        let times = race(&mut entrants, &pace);
        drop(entrants);
        for (timing, made) in times.iter().zip(&made) {
            assert_eq!(timing.rounds, times[0].rounds);
            assert!(timing.rounds >= 7);
            assert!(timing.best_ns > 0.0 && timing.best_ns <= timing.median_ns);
            assert!(made.get() >= timing.calls * timing.rounds as u64);
        }
    }
}
