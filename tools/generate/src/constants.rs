//! `cargo xtask constants`: derives the numbers in src/checksum/crc32/constants.rs from the CRC
//! polynomial. docs/checksums.md says what each is for.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};

use base::paths;

/// What `cargo xtask constants` takes.
#[derive(clap::Args)]
pub struct Args {
    /// Write nothing; fail if the file is not what would be written
    #[arg(long)]
    check: bool,
}

/// x^32+x^26+x^23+x^22+x^16+x^12+x^11+x^10+x^8+x^7+x^5+x^4+x^2+x+1 (RFC 1952 section 8), highest
/// power in the highest bit.
const POLYNOMIAL: u128 = 0x1_04c1_1db7;

/// How many 16-byte steps the table of weights covers.
const WEIGHTS: u32 = 64;

/// Distances in bytes over which kernels fold: their strides.
const FOLDS: [u32; 3] = [128, 256, 384];

/// The 64-byte vectors that the widest kernel takes at once, and those of them that it folds with
/// bit matrices: four whose bytes are linearly independent modulo the polynomial, which
/// `matrices` checks. (No four at equal distances are.)
const LANES: u32 = 6;
const MATRIX_LANES: [u32; 4] = [0, 1, 3, 4];

/// Runs the command.
pub fn run(args: &Args) -> Result<ExitCode> {
    let path = path();
    let wanted = generate();
    if args.check {
        check(&path)?;
    } else {
        std::fs::write(&path, wanted).with_context(|| format!("{}", path.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Fails unless `path` holds what the generator writes.
pub fn check(path: &Path) -> Result<()> {
    let found = std::fs::read_to_string(path).with_context(|| format!("{}", path.display()))?;
    ensure!(
        found == generate(),
        "{} is not what the generator writes: run cargo xtask constants",
        path.display()
    );
    Ok(())
}

/// Where the constants are kept.
pub fn path() -> PathBuf {
    paths::root().join("src/checksum/crc32/constants.rs")
}

/// x^power modulo the polynomial.
fn x_to(power: u32) -> u128 {
    (0..power).fold(1, |p, _| {
        let p = p << 1;
        if p >> 32 != 0 { p ^ POLYNOMIAL } else { p }
    })
}

/// The quotient x^power / polynomial, for power < 128.
fn x_to_divided(power: u32) -> u128 {
    let (mut rest, mut quotient) = (1_u128 << power, 0);
    for shift in (0..=power - 32).rev() {
        if rest >> (shift + 32) & 1 != 0 {
            rest ^= POLYNOMIAL << shift;
            quotient |= 1 << shift;
        }
    }
    quotient
}

/// For each matrix lane of one step, what takes its bytes to each matrix lane of the next: GF2P8AFFINEQB
/// matrices.
///
/// A byte is a polynomial b of degree below 8 times some power of x. The remainders of the 32 bits
/// at one place of four lanes span all remainders, so that there is exactly one way to write b at
/// its place as a sum of four bytes in the lanes of the next step. Each depends on b linearly.
fn matrices() -> [[u64; 4]; 4] {
    // Powers as if the last lane of the next step were the data's end: bit 0 is x^7.
    let power = |lane: u32, bit: u32| 512 * (2 * LANES - 1 - lane) + 7 - bit;
    // The 32 target bits as columns, then each of the 32 source bits: solved all at once.
    let targets = MATRIX_LANES.iter().flat_map(|lane| (0..8).map(move |bit| (LANES + lane, bit)));
    let sources = MATRIX_LANES.iter().flat_map(|lane| (0..8).map(move |bit| (*lane, bit)));
    let columns: Vec<u128> = targets.chain(sources).map(|(l, b)| x_to(power(l, b))).collect();
    // Row r: coefficient of x^r in every column.
    let mut rows: Vec<u64> = (0..32)
        .map(|r| columns.iter().enumerate().map(|(c, v)| ((v >> r & 1) as u64) << c).sum())
        .collect();
    for column in 0..32 {
        let pivot = (column..32)
            .find(|&r| rows[r] >> column & 1 != 0)
            .expect("the lanes are independent: choose others");
        rows.swap(column, pivot);
        for r in (0..32).filter(|&r| r != column) {
            if rows[r] >> column & 1 != 0 {
                rows[r] ^= rows[column];
            }
        }
    }
    // Now row 8 j + i says which source bits go to bit i of target lane j. In a matrix operand, bit
    // i's row is byte 7 - i.
    let byte = |from: usize, to: usize, i: usize| (rows[8 * to + i] >> (32 + 8 * from)) & 0xff;
    let matrix = |from, to| (0..8).map(|i| byte(from, to, i) << (8 * (7 - i))).sum();
    std::array::from_fn(|from| std::array::from_fn(|to| matrix(from, to)))
}

/// A polynomial of degree below 64 as data has it: the highest power in bit 0.
fn reflect(polynomial: u128) -> u64 {
    u64::try_from(polynomial).expect("degree below 64").reverse_bits()
}

/// A residue times x^32, so that its 32 bits are the low half of the word.
fn residue(power: u32) -> u64 {
    reflect(x_to(power) << 32)
}

/// A word in hexadecimal, in groups of four digits.
fn hex(word: u64) -> String {
    let digits = format!("{word:016x}");
    let groups: Vec<&str> = (0..4).map(|i| &digits[4 * i..4 * i + 4]).collect();
    format!("0x{}", groups.join("_"))
}

/// The file.
fn generate() -> String {
    let mut out = String::from(
        "//! Numbers for carry-less multiplication, derived from the CRC polynomial: written by\n\
         //! `cargo xtask constants`, explained in docs/checksums.md. Do not edit.\n\n\
         use crate::checksum::aligned::Aligned;\n\n",
    );
    // A clmul of two words gives the product times x, since the top bit of its 128 is not used.
    out.push_str(
        "/// x^95 / P, rounded down: T times this, divided by x^63, is the quotient of T x^32 by P.\n",
    );
    writeln!(out, "pub const QUOTIENT: u64 = {};\n", hex(reflect(x_to_divided(95)))).unwrap();
    out.push_str(
        "/// (P - x^32) x^31: the quotient times this has the remainder in its third dword.\n",
    );
    let rest = (POLYNOMIAL ^ 1 << 32) << 31;
    writeln!(out, "pub const POLYNOMIAL: u64 = {};\n", hex(reflect(rest))).unwrap();

    for bytes in FOLDS {
        let bits = 8 * bytes;
        writeln!(
            out,
            "/// x^{} and x^{} modulo P: moves a chunk {bytes} bytes ahead.\n\
             pub const FOLD_{bytes}: [u64; 2] = [{}, {}];\n",
            bits + 31,
            bits - 33,
            hex(residue(bits + 31)),
            hex(residue(bits - 33))
        )
        .unwrap();
    }

    let lanes = MATRIX_LANES.map(|l| l.to_string()).join(", ");
    writeln!(
        out,
        "/// Bit matrices, as GF2P8AFFINEQB takes them, that move 64-byte vectors {LANES} places ahead:\n\
         /// those at {lanes} of one step to the same places of the next.\n\
         pub static MATRICES: [[u64; 4]; 4] = ["
    )
    .unwrap();
    for row in matrices() {
        writeln!(out, "    [{}],", row.map(hex).join(", ")).unwrap();
    }
    out.push_str("];\n\n");

    writeln!(
        out,
        "/// How many chunks [`WEIGHTS`] covers.\npub const WEIGHED: usize = {WEIGHTS};\n\n\
         /// x^(128 d + 95) and x^(128 d + 31) modulo P, for d = {} down to 0: what a chunk followed\n\
         /// by d chunks adds to the CRC, before the last division.\n\
         pub static WEIGHTS: Aligned<[[u64; 2]; WEIGHED]> = Aligned([",
        WEIGHTS - 1
    )
    .unwrap();
    for d in (0..WEIGHTS).rev() {
        let (high, low) = (residue(128 * d + 95), residue(128 * d + 31));
        writeln!(out, "    [{}, {}],", hex(high), hex(low)).unwrap();
    }
    out.push_str("]);\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers printed in Intel, "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ
    /// Instruction", 2009: reflected in 33 bits.
    #[test]
    fn agrees_with_the_paper() {
        let published = |p| reflect(p) >> 31;
        assert_eq!(published(x_to(4 * 128 + 32)), 0x1_5444_2bd4);
        assert_eq!(published(x_to(4 * 128 - 32)), 0x1_c6e4_1596);
        assert_eq!(published(x_to(128 + 32)), 0x1_7519_97d0);
        assert_eq!(published(x_to(128 - 32)), 0x0_ccaa_009e);
        assert_eq!(published(x_to_divided(64)), 0x1_f701_1641);
        assert_eq!(published(POLYNOMIAL), 0x1_db71_0641);
    }

    #[test]
    fn the_kept_file_is_what_the_generator_writes() {
        check(&path()).unwrap();
    }

    #[test]
    fn a_changed_file_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let changed = dir.path().join("constants.rs");
        std::fs::write(&changed, generate().replacen("0x", "0x1", 1)).unwrap();
        assert!(check(&changed).is_err());
    }
}
