//! Where a case's choices come from: a seed, or a fuzzer's bytes.

use drive::Random;

/// A source of choices.
#[derive(Debug)]
pub enum Source {
    /// A sequence of numbers.
    Seed(Random),
    /// Bytes that are used up one after another; zeros when there are none left.
    Bytes { bytes: Vec<u8>, at: usize },
}

impl Source {
    /// A source that makes the same choices for the same seed.
    pub fn seed(seed: u64) -> Source {
        Source::Seed(Random::new(seed))
    }

    /// A source that takes its choices from `bytes`.
    pub fn bytes(bytes: &[u8]) -> Source {
        Source::Bytes { bytes: bytes.to_vec(), at: 0 }
    }

    /// Whether all choices have been made.
    pub fn is_exhausted(&self) -> bool {
        matches!(self, Source::Bytes { bytes, at } if *at >= bytes.len())
    }

    fn next(&mut self, width: usize) -> u64 {
        match self {
            Source::Seed(random) => random.bits(),
            Source::Bytes { bytes, at } => {
                let end = (*at + width).min(bytes.len());
                let value = bytes[*at..end].iter().fold(0, |v, b| v << 8 | u64::from(*b));
                *at = end;
                value
            }
        }
    }

    /// Any 32-bit number.
    pub fn u32(&mut self) -> u32 {
        self.next(4) as u32
    }

    /// A number from 0 to `n - 1`.
    pub fn below(&mut self, n: u32) -> u32 {
        let width = match n {
            0..=1 => return 0,
            2..=256 => 1,
            257..=65536 => 2,
            _ => 4,
        };
        (self.next(width) % u64::from(n)) as u32
    }

    /// A number from `low` to `high`, both included.
    pub fn range(&mut self, low: i32, high: i32) -> i32 {
        low.wrapping_add(self.below(high.wrapping_sub(low) as u32 + 1) as i32)
    }

    /// True once in `n` times.
    pub fn one_in(&mut self, n: u32) -> bool {
        self.below(n) == 0
    }

    /// One of `choices`.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u32) as usize]
    }

    /// A length up to `max`, short ones as likely as long ones.
    pub fn length(&mut self, max: u32) -> u32 {
        let bits = 32 - max.leading_zeros();
        let limit = 1u64 << self.below(bits + 1);
        self.below(limit.min(u64::from(max)) as u32 + 1)
    }

    /// `len` random bytes.
    pub fn fill(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next(1) as u8).collect()
    }
}
