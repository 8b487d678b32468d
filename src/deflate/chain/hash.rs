//! Zlib's hash of three bytes.

/// The hash's parameters, which follow from memLevel.
///
/// Zlib computes it rolling; as its shift is at least a third of its bits, a byte is gone after
/// three more, so that it is a function of three bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hash {
    shift: u32,
    mask: u32,
}

impl Hash {
    /// A hash of `bits` bits, 8 to 16: memLevel and 7.
    pub fn new(bits: u32) -> Hash {
        assert!((8..=16).contains(&bits));
        Hash { shift: bits.div_ceil(3), mask: (1 << bits) - 1 }
    }

    /// How many hashes there are.
    #[inline(always)]
    pub fn count(self) -> usize {
        self.mask as usize + 1
    }

    /// The hash of the low three bytes.
    #[inline(always)]
    pub fn of(self, bytes: u32) -> usize {
        let (first, second, third) = (bytes & 0xff, bytes >> 8 & 0xff, bytes >> 16 & 0xff);
        (((first << self.shift ^ second) << self.shift ^ third) & self.mask) as usize
    }

    /// The hash at `pos`, of which three bytes are in the window.
    #[inline(always)]
    pub fn at(self, window: &[u8], pos: usize) -> usize {
        match window.get(pos..pos + 4) {
            Some(bytes) => self.of(u32::from_le_bytes(bytes.try_into().unwrap_or([0; 4]))),
            None => self.of_bytes(&window[pos..]),
        }
    }

    /// The hash of three bytes.
    #[inline(always)]
    pub fn of_bytes(self, bytes: &[u8]) -> usize {
        self.of(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], 0]))
    }

    /// The hash at each of `out.len()` positions of `bytes`, which has two more.
    #[inline(always)]
    pub fn of_each(self, bytes: &[u8], out: &mut [u16]) {
        if out.is_empty() {
            return;
        }
        let (firsts, seconds, thirds) = (bytes, &bytes[1..], &bytes[2..]);
        let places = firsts.iter().zip(seconds).zip(thirds);
        // In 16 bits, what the mask removes may leave at the top.
        let (shift, mask) = (self.shift, self.mask as u16);
        let mut step = |shift: u32| {
            for (out, ((&first, &second), &third)) in out.iter_mut().zip(places.clone()) {
                let pair = u16::from(first) << shift ^ u16::from(second);
                *out = (pair << shift ^ u16::from(third)) & mask;
            }
        };
        // With a constant the compiler multiplies or shifts whole vectors.
        match shift {
            3 => step(3),
            4 => step(4),
            5 => step(5),
            _ => step(6),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Zlib's rolling hash, over a byte more than three.
    #[test]
    fn is_the_rolling_one() {
        let mut bytes: Vec<u8> =
            (0..10_000u32).map(|i| (i.wrapping_mul(0x9e3779b1) >> 24) as u8).collect();
        bytes.extend([0, 255, 255, 255, 255, 0, 0]);
        for bits in 8..=16 {
            let hash = Hash::new(bits);
            assert_eq!(hash.count(), 1 << bits);
            let shift = bits.div_ceil(3);
            let mut rolling = 0;
            let mut each = vec![0; bytes.len() - 2];
            hash.of_each(&bytes, &mut each);
            for (i, &byte) in bytes.iter().enumerate() {
                rolling = (rolling << shift ^ u32::from(byte)) & ((1 << bits) - 1);
                if i >= 2 {
                    assert_eq!(hash.of_bytes(&bytes[i - 2..]), rolling as usize);
                    assert_eq!(usize::from(each[i - 2]), rolling as usize);
                }
            }
        }
    }
}
