//! Data in which strings hardly ever occur again: whether it is such, and where they do.

use crate::deflate::chain::sieve::{self, Maybe, Sieve};
use crate::deflate::left::Sift;
use crate::deflate::state::Deflate;

/// How many strings are looked at to learn whether searches will find something.
const SAMPLE: usize = 1024;
/// The size of the table in which the sampled strings are counted.
const PLACES: usize = 2 * SAMPLE;

/// How much memory it needs, in entries.
pub(super) fn memory(s: &Deflate) -> usize {
    PLACES + sieve::memory(s.window.size())
}

impl Sift {
    /// Looks at what is ahead, if the window has got more bytes.
    pub fn look(&mut self, s: &Deflate, memory: &mut [u16]) {
        let (pos, end) = (s.window.pos, s.window.end());
        if self.seen_to != end {
            self.seen_to = end;
            if end - pos >= SAMPLE {
                let ahead = s.window.slice(pos, end);
                self.random = may_be_random(s) && !repeats(ahead, &mut memory[..PLACES]);
            }
        }
    }

    /// The window has moved down by half.
    pub fn slide(&mut self, s: &Deflate, memory: &mut [u16]) {
        self.seen_to = 0;
        let left = core::mem::take(&mut self.sieve);
        if self.random {
            let mut sieve = Sieve::again(&mut memory[PLACES..], s.window.size(), left);
            sieve.slide();
            self.sieve = sieve.left();
        }
    }

    /// Where there may be matches, if there are few.
    pub fn maybe<'a>(&mut self, s: &Deflate, memory: &'a mut [u16]) -> Option<Maybe<'a>> {
        if !self.random {
            return None;
        }
        let size = s.window.size();
        let mut sieve = Sieve::again(&mut memory[PLACES..], size, self.sieve.clone());
        sieve.fill(s.window.slice(0, s.window.end()), s.window.pos.saturating_sub(size));
        self.sieve = sieve.left();
        Some(sieve.into_maybe())
    }
}

/// Whether there are so few matches, as far as is known, that there may be hardly any.
fn may_be_random(s: &Deflate) -> bool {
    let (bytes, symbols) = (s.window.block().1, s.block.len());
    bytes < SAMPLE || bytes <= 2 * symbols
}

/// Whether strings of three bytes occur again within short distances: in random data they do not, and
/// its chains are so short that a list with a sieve is the quickest.
fn repeats(ahead: &[u8], places: &mut [u16]) -> bool {
    places.fill(0);
    let middle = (ahead.len() - SAMPLE) / 2;
    let mut left = SAMPLE / 16;
    for three in ahead[middle..middle + SAMPLE].windows(3) {
        let value = u32::from_le_bytes([three[0], three[1], three[2], 0]);
        let hash = value.wrapping_mul(0x9e37_79b1) >> 4;
        let place = &mut places[hash as usize / 65536 % PLACES];
        let tag = hash as u16 | 1;
        left -= usize::from(*place == tag);
        if left == 0 {
            return true;
        }
        *place = tag;
    }
    false
}
