//! For every finder and every part of the block writer, copies with one wrong number, which the
//! tests that call it directly must notice.

use libtest_mimic::Trial;

use super::Extract;
use super::mutants::{Mutant, all_are_noticed, mutant};
use check::{PASSED, check};

/// The name that a test gives to what is wrong, and the wrong number.
const MUTANTS: &[Mutant] = &[
    mutant(
        "deflate list cleared in part",
        LIST,
        "head[hash] = *kept;",
        1,
        "head[hash] = *kept & !1;",
    ),
    // How many candidates are looked at, and where they are after the window has moved.
    mutant("deflate list", LIST, "|| left == 0 {", 2, "|| left == 1 {"),
    mutant("deflate list", BYTES, "saturating_sub(by as u16)", 1, "saturating_sub(by as u16 - 1)"),
    // Which of four candidates is taken, and what a list takes over from the table.
    mutant("deflate newest", NEWEST, "(len << 2 | (3 - i))", 1, "(len << 2 | i)"),
    mutant("deflate newest", NEWEST, "candidate > limit", 1, "candidate >= limit"),
    mutant("deflate newest", NEWEST, "four.0 << 16 | pos", 1, "four.0 << 32 | pos"),
    mutant(
        "deflate newest and list in turn",
        NEWEST,
        "[first..=last].fill(ABSENT)",
        1,
        "[first..last].fill(ABSENT)",
    ),
    mutant("deflate newest and list in turn", LIST, "] != ABSENT", 1, "] != ABSENT - 1"),
    mutant("deflate bulk", BULK, "head, self.to as u16", 1, "head, self.to as u16 + 1"),
    mutant("deflate bulk", BULK, "= upper.saturating_sub(by)", 1, "= upper.saturating_sub(by + 1)"),
    mutant("deflate bulk", HASH, "5 => step(5)", 1, "5 => step(4)"),
    mutant("deflate runs", RUNS, "near.count().min(budget)", 1, "near.count().min(budget + 1)"),
    mutant("deflate runs", RUNS, "sorted, self.w_size)", 1, "sorted, self.w_size + 1)"),
    mutant("deflate runs", HALF, "wrapping_add(rank)", 1, "wrapping_add(rank + 1)"),
    mutant("deflate runs", HALF, "before + i as u16", 1, "before + i as u16 + 1"),
    mutant("deflate runs", RUNS, "let other = best.len - 2", 1, "let other = best.len - 1"),
    mutant("deflate runs", RUNS, "run.to = last - nearest;", 1, "run.to = last - nearest - 1;"),
    mutant("deflate runs", RUNS, "(AHEAD - run.count())", 1, "(AHEAD + 1 - run.count())"),
    // Where there may be a match, and which candidates come together.
    mutant("deflate sieve", SIEVE, "0x1_0001 <<", 1, "0x1 <<"),
    mutant(
        "deflate sieve",
        SIEVE,
        "let lower = if self.swapped",
        1,
        "let lower = if !self.swapped",
    ),
    mutant("deflate quads", QUADS, "older << 16 | newest", 1, "older << 32 | newest"),
    mutant("deflate quads", QUADS, "&& left != 0", 1, "&& left != 1"),
    mutant(
        "deflate bulk",
        BULK,
        "(self.to + i).wrapping_sub(1)",
        1,
        "(self.to + i).wrapping_sub(2)",
    ),
    mutant("deflate bulk", CHAIN, "if FULL { MAX_MATCH }", 1, "if FULL { MAX_MATCH - 1 }"),
    mutant(
        "deflate list",
        BYTES,
        "if differing != 0 { differing.trailing_zeros() as usize / 8 }",
        1,
        "if differing != 0 { differing.trailing_zeros() as usize / 9 }",
    ),
    mutant("deflate codes", CODES, "codes[255] = 28;", 1, "codes[255] = 27;"),
    mutant("deflate codes", CODES, "if distance < 256 {", 1, "if distance < 255 {"),
    // Which of equally frequent nodes is joined first, and what becomes of codes too long.
    mutant("deflate tree", TREE, "if node.at_most(smaller) {", 1, "if !smaller.at_most(node) {"),
    mutant("deflate tree", TREE, "let mut bits = longest - 1;", 1, "let mut bits = longest - 2;"),
    mutant("deflate code bits", TREE, "counts[0] = 0;", 1, "counts[0] = 1;"),
    mutant("deflate runs of lengths", TREE, "=> (6, 3),", 1, "=> (7, 3),"),
    mutant(
        "deflate block",
        BLOCK,
        "u32::from(bits) | n << count",
        1,
        "u32::from(bits) | n << (count - 1)",
    ),
    mutant("deflate block", BLOCK, "0x190 + byte - 144", 1, "0x191 + byte - 144"),
    mutant(
        "deflate block",
        BLOCK,
        "bytes(size.fixed) <= bytes(size.dynamic)",
        1,
        "bytes(size.fixed) < bytes(size.dynamic)",
    ),
    mutant(
        "deflate stored choice",
        BLOCK,
        "stored_len as u64 + 4 <= smallest",
        1,
        "stored_len as u64 + 5 <= smallest",
    ),
    mutant("deflate block", BLOCK, "SYMBOL * i + 2", 1, "SYMBOL * i + 1"),
    mutant("deflate block", BLOCK, "first.1 + second.1 > 56", 1, "first.1 + second.1 > 66"),
    mutant("deflate text", BLOCK, "0xf3ff_c07f", 1, "0xf3ff_c03f"),
    mutant("deflate pending", PENDING, "self.bits >>= 8 * whole;", 1, "self.bits >>= 7 * whole;"),
    mutant("deflate pending", PENDING, "self.len() + 2 <= end", 1, "self.len() + 2 < end"),
    mutant(
        "deflate pending",
        PENDING,
        "if self.bit_count == 0 { 8 }",
        1,
        "if self.bit_count == 0 { 0 }",
    ),
];

const CHAIN: &str = "deflate/chain/mod.rs";
const LIST: &str = "deflate/chain/list.rs";
const NEWEST: &str = "deflate/chain/newest.rs";
const BULK: &str = "deflate/chain/bulk.rs";
const HALF: &str = "deflate/chain/half.rs";
const RUNS: &str = "deflate/chain/runs.rs";
const SIEVE: &str = "deflate/chain/sieve.rs";
const QUADS: &str = "deflate/chain/quads.rs";
const HASH: &str = "deflate/chain/hash.rs";
const BYTES: &str = "deflate/chain/bytes.rs";
const CODES: &str = "deflate/codes.rs";
const TREE: &str = "deflate/tree.rs";
const BLOCK: &str = "deflate/block.rs";
const PENDING: &str = "deflate/pending.rs";

/// The checks.
pub fn trials() -> Vec<Trial> {
    vec![check("deflate::mutants", || {
        let extract = Extract::of(&["deflate"])?;
        // By the shortest test that calls what is wrong.
        let test_of = |mutant: &Mutant| match mutant.kernel {
            "deflate list cleared in part" => "deflate::chain::tests::short_inputs_that_grow",
            _ if mutant.file.contains("/chain/") => {
                "deflate::chain::tests::at_every_window_and_table_size"
            }
            _ => "deflate::tests::parts::",
        };
        for mutants in MUTANTS.chunk_by(|a, b| test_of(a) == test_of(b)) {
            all_are_noticed(&extract, mutants, test_of(&mutants[0]), |_| String::new())?;
        }
        PASSED
    })]
}
