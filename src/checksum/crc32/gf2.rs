//! Arithmetic on polynomials over GF(2) modulo the CRC polynomial
//! x^32+x^26+x^23+x^22+x^16+x^12+x^11+x^10+x^8+x^7+x^5+x^4+x^2+x+1 (RFC 1952 section 8).
//!
//! A polynomial of degree below 32 is a `u32` with the coefficient of x^31 in bit 0 and that of
//! x^0 in bit 31: the order in which the data's bits come.

/// The polynomial, without its x^32.
pub(super) const POLYNOMIAL: u32 = 0xedb8_8320;

/// x^0.
pub(super) const ONE: u32 = 1 << 31;

/// x^1.
const X: u32 = 1 << 30;

/// `a` times x.
pub(super) const fn times_x(a: u32) -> u32 {
    (a >> 1) ^ (POLYNOMIAL & (a & 1).wrapping_neg())
}

/// `a` divided by x: what times x is `a`.
#[cfg(any(test, target_arch = "aarch64", target_arch = "x86_64"))]
pub(super) const fn over_x(a: u32) -> u32 {
    // x^32 + ... + 1 is zero, so that it can be added where there is an x^0.
    if a & ONE != 0 { (a ^ POLYNOMIAL) << 1 | 1 } else { a << 1 }
}

/// `a` times `b`.
pub(super) const fn multiply(a: u32, mut b: u32) -> u32 {
    let mut product = 0;
    // One coefficient of `a` after the other, x^0 first, while `b` goes through its multiples.
    let mut bit = ONE;
    while bit != 0 {
        product ^= b & (((a & bit != 0) as u32).wrapping_neg());
        b = times_x(b);
        bit >>= 1;
    }
    product
}

/// x^(2^k) for k = 0 to 31. The sequence then starts over, since x^(2^32) = x.
static SQUARES: [u32; 32] = {
    let mut squares = [X; 32];
    let mut k = 1;
    while k < 32 {
        squares[k] = multiply(squares[k - 1], squares[k - 1]);
        k += 1;
    }
    squares
};

/// x^(8 * bytes).
pub(super) const fn x_to_the_bytes(bytes: u64) -> u32 {
    let mut power = ONE;
    let mut rest = bytes;
    // 8 = 2^3.
    let mut k = 3;
    while rest != 0 {
        if rest & 1 != 0 {
            power = multiply(SQUARES[k % 32], power);
        }
        rest >>= 1;
        k += 1;
    }
    power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x_has_the_full_order() {
        // The polynomial is primitive: squaring x 32 times comes back to x, not before.
        assert_eq!(multiply(SQUARES[31], SQUARES[31]), X);
        assert!(SQUARES[1..].iter().all(|&s| s != X));
        assert_eq!(multiply(ONE, 0x1234_5678), 0x1234_5678);
        for a in [ONE, X, 1, 0x1234_5678, 0x9abc_def1] {
            assert_eq!(times_x(over_x(a)), a);
        }
    }
}
