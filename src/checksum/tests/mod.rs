//! Every kernel that this CPU supports, called directly, against the definitions.

mod combine;
mod guarded;
mod reference;

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::kernel::{Dispatch, Kernel};
use super::{adler32, crc32};
use crate::testing::Random;
use guarded::Guarded;

/// A checksum: its kernels, its definition, start values worth trying.
struct Subject {
    name: &'static str,
    dispatch: &'static Dispatch,
    prefixes: fn(u32, &[u8]) -> Vec<u32>,
    starts: &'static [u32],
}

const CRC32: Subject = Subject {
    name: "crc32",
    dispatch: &crc32::DISPATCH,
    prefixes: reference::crc32_prefixes,
    starts: &[0, u32::MAX, 1, 0x8000_0000, 0x1234_5678],
};

const ADLER32: Subject = Subject {
    name: "adler32",
    dispatch: &adler32::DISPATCH,
    prefixes: reference::adler32_prefixes,
    // The usual start; both sums 0, at their largest, at the modulus and beyond it.
    starts: &[1, 0, 65520 << 16 | 65520, 65521 << 16 | 65521, u32::MAX, 0x1234_5678],
};

impl Subject {
    /// Runs `check` on every kernel that this CPU supports, and fails if one is wrong or left out.
    fn for_each_kernel(&self, what: &str, check: impl Fn(&Kernel, &dyn Fn(u32, &[u8]) -> u32)) {
        let kernels = self.dispatch.kernels();
        let (mut checked, mut wrong, mut missing) = (0, Vec::new(), Vec::new());
        for kernel in kernels {
            let Some(function) = kernel.function() else {
                missing.push(kernel.name());
                continue;
            };
            // One wrong kernel does not hide another.
            if catch_unwind(AssertUnwindSafe(|| check(kernel, &function))).is_err() {
                wrong.push(kernel.name());
            }
            checked += 1;
        }
        // Not println!, which the test harness would swallow: a kernel left out must be seen.
        let (name, total) = (self.name, kernels.len());
        let mut said = format!("{name}, {what}: {checked} of {total} kernels checked\n");
        if !missing.is_empty() {
            said += &format!("kernels not run: {}\n", missing.join(", "));
        }
        if !wrong.is_empty() {
            said += &format!("wrong kernels: {}\n", wrong.join(", "));
        }
        std::io::stdout().write_all(said.as_bytes()).unwrap();
        let expected = kernels.iter().filter(|k| cpu_can_run(k.name())).count();
        assert_eq!(checked, expected, "{name}: a kernel that this CPU can run was not run");
        assert!(wrong.is_empty(), "{name}, {what}: {} wrong", wrong.join(", "));
    }
}

/// What std's own detection says about a kernel, by name: independent of `cpu`.
#[cfg(target_arch = "x86_64")]
fn cpu_can_run(kernel: &str) -> bool {
    let (_, needs) = kernel.split_once(' ').expect("a kernel is named CHECKSUM NEEDS");
    needs.split('+').all(|need| match need {
        "portable" => true,
        "ssse3" => is_x86_feature_detected!("ssse3") && is_x86_feature_detected!("sse4.1"),
        "pclmulqdq" => is_x86_feature_detected!("pclmulqdq") && is_x86_feature_detected!("sse4.1"),
        "avx2" => is_x86_feature_detected!("avx2"),
        "vpclmulqdq" => is_x86_feature_detected!("vpclmulqdq"),
        "avxvnni" => is_x86_feature_detected!("avxvnni"),
        "avx512" => {
            is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
        }
        "gfni" => is_x86_feature_detected!("gfni"),
        "avx512vnni" => is_x86_feature_detected!("avx512vnni"),
        other => panic!("{kernel}: tell this test how to find out about {other}"),
    })
}

/// What std's own detection says about a kernel, by name: independent of `cpu`.
#[cfg(target_arch = "aarch64")]
fn cpu_can_run(kernel: &str) -> bool {
    use std::arch::is_aarch64_feature_detected;
    let (_, needs) = kernel.split_once(' ').expect("a kernel is named CHECKSUM NEEDS");
    needs.split('+').all(|need| match need {
        "portable" | "neon" => true,
        "crc" => is_aarch64_feature_detected!("crc"),
        "pmull" => is_aarch64_feature_detected!("pmull"),
        "eor3" => is_aarch64_feature_detected!("sha3"),
        "dotprod" => is_aarch64_feature_detected!("dotprod"),
        other => panic!("{kernel}: tell this test how to find out about {other}"),
    })
}

#[cfg(not(any(target_arch = "aarch64", target_arch = "x86_64")))]
fn cpu_can_run(kernel: &str) -> bool {
    kernel.ends_with("portable")
}

const SEED: u64 = 1;

const LENGTHS: usize = 1100;

/// Data that is worth trying: random, and bytes at their largest, which make the largest sums.
fn samples(length: usize) -> [Vec<u8>; 2] {
    [Random::new(SEED).bytes(length), vec![0xff; length]]
}

fn every_length_and_alignment(subject: &Subject) {
    const ALIGNMENTS: usize = 64;
    let samples = samples(LENGTHS);
    let expected: Vec<Vec<Vec<u32>>> = samples
        .iter()
        .map(|data| subject.starts.iter().map(|&s| (subject.prefixes)(s, data)).collect())
        .collect();
    subject.for_each_kernel("every length and alignment", |kernel, function| {
        let mut buffer = vec![0_u8; LENGTHS + 2 * ALIGNMENTS];
        let base = buffer.as_ptr().align_offset(ALIGNMENTS);
        for (data, expected) in samples.iter().zip(&expected) {
            for alignment in 0..ALIGNMENTS {
                let place = &mut buffer[base + alignment..][..LENGTHS];
                place.copy_from_slice(data);
                for (&start, expected) in subject.starts.iter().zip(expected) {
                    for (length, &expected) in expected.iter().enumerate() {
                        let found = function(start, &place[..length]);
                        assert_eq!(
                            found,
                            expected,
                            "{} start {start:#x} length {length} alignment {alignment}",
                            kernel.name()
                        );
                    }
                }
            }
        }
    });
}

#[test]
fn crc32_every_length_and_alignment() {
    every_length_and_alignment(&CRC32);
}

#[test]
fn adler32_every_length_and_alignment() {
    every_length_and_alignment(&ADLER32);
}

/// Buffers that end, and buffers that begin, where reading faults.
fn at_guard_pages(subject: &Subject) {
    let data = Random::new(SEED).bytes(LENGTHS);
    let expected = (subject.prefixes)(1, &data);
    subject.for_each_kernel("guard pages", |kernel, function| {
        let mut pages = Guarded::new(LENGTHS);
        for (length, &expected) in expected.iter().enumerate() {
            let at_end = pages.at_end(&data[..length]);
            assert_eq!(function(1, at_end), expected, "{} length {length} at end", kernel.name());
            let at_start = pages.at_start(&data[..length]);
            assert_eq!(
                function(1, at_start),
                expected,
                "{} length {length} at start",
                kernel.name()
            );
        }
    });
}

#[test]
fn crc32_at_guard_pages() {
    at_guard_pages(&CRC32);
}

#[test]
fn adler32_at_guard_pages() {
    at_guard_pages(&ADLER32);
}

/// Lengths at and around those where kernels change their ways: multiples of 5552, powers of 2.
fn long_buffers(subject: &Subject) {
    const LONGEST: usize = 700_000;
    let around = |n: usize| [n - 1, n, n + 1, n + 15, n + 16, n + 17, n + 63];
    let mut random = Random::new(SEED);
    let mut lengths: Vec<usize> = (1..=8).flat_map(|k| around(5552 * k)).collect();
    lengths.extend((11..=19).flat_map(|k| around(1 << k)));
    lengths.extend((0..60).map(|_| random.below(LONGEST)));
    let samples = samples(LONGEST);
    let expected: Vec<(&[u8], u32, Vec<u32>)> = samples
        .iter()
        .flat_map(|data| subject.starts.iter().map(move |&start| (&data[..], start)))
        .map(|(data, start)| (data, start, (subject.prefixes)(start, data)))
        .collect();
    subject.for_each_kernel("long buffers", |kernel, function| {
        for (data, start, expected) in &expected {
            for &length in &lengths {
                let found = function(*start, &data[..length]);
                assert_eq!(found, expected[length], "{} length {length}", kernel.name());
                // Continued over a split, which also misaligns the second part.
                let split = length / 3;
                let found = function(function(*start, &data[..split]), &data[split..length]);
                assert_eq!(found, expected[length], "{} {split} of {length}", kernel.name());
            }
        }
    });
}

#[test]
fn crc32_long_buffers() {
    long_buffers(&CRC32);
}

#[test]
fn adler32_long_buffers() {
    long_buffers(&ADLER32);
}

/// The values that every other implementation publishes.
#[test]
fn known_values() {
    assert_eq!(super::crc32(0, b"123456789"), 0xcbf4_3926);
    assert_eq!(super::crc32(0, b""), 0);
    assert_eq!(super::adler32(1, b"Wikipedia"), 0x11e6_0398);
    assert_eq!(super::adler32(1, b""), 1);
}

/// What `crc32` and `adler32` call is the best that this CPU and `ZCOMPAT_CPU` allow.
#[test]
fn dispatch_settles_on_the_best_kernel() {
    // Several calls: while another thread detects, a call makes no choice.
    for subject in [CRC32, ADLER32] {
        let best = loop {
            subject.dispatch.call(1, b"x");
            if let Some(features) = crate::cpu::features() {
                break subject.dispatch.best(features);
            }
        };
        subject.dispatch.call(1, b"x");
        assert_eq!(subject.dispatch.in_use(), Some(best.name()));
    }
}
