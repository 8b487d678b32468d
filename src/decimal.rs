//! Numbers as text. `core::fmt` would add some kilobytes to the library that nothing else needs.

/// A number in decimal.
#[derive(Clone, Copy, Debug)]
pub struct Decimal {
    bytes: [u8; Decimal::LONGEST],
    start: usize,
}

impl Decimal {
    const LONGEST: usize = "-9223372036854775808".len();

    /// The shortest text of `number`.
    pub fn of(number: i64) -> Decimal {
        let mut out = Decimal { bytes: [b'0'; Decimal::LONGEST], start: Decimal::LONGEST };
        let mut rest = number.unsigned_abs();
        while rest != 0 || out.start == Decimal::LONGEST {
            out.push(b'0' + (rest % 10) as u8);
            rest /= 10;
        }
        if number < 0 {
            out.push(b'-');
        }
        out
    }

    /// The text.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or(&[])
    }

    /// In front of the others. No index here can panic: the panic handler itself writes numbers.
    fn push(&mut self, byte: u8) {
        self.start = self.start.saturating_sub(1);
        if let Some(place) = self.bytes.get_mut(self.start) {
            *place = byte;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_std_writes_them() {
        for number in [0, 7, -1, 10, 99, 100, -2_147_483_648, i64::MIN, i64::MAX] {
            assert_eq!(Decimal::of(number).as_bytes(), number.to_string().as_bytes());
        }
    }
}
