//! Long data in whole cache lines.

use super::kernel::Code;

/// From this length on. A load that lies in two lines costs little while both are in the first
/// cache; beyond that, each one waits for two. The two short calls cost some 10 ns.
pub(super) const FROM: usize = 32 << 10;

/// A line of all the CPUs that have kernels, in bytes: the widest vector too.
const LINE: usize = 64;

/// `long(start, data)`, of whole cache lines, for data of [`FROM`] bytes or more: what lies before
/// the first and behind the last, less than a line each, goes to `short`. That is a kernel with
/// narrower vectors: of one that came back here the compiler would make a loop.
///
/// # Safety
/// As `short` asks.
#[inline(always)]
pub(super) unsafe fn in_lines(
    start: u32,
    data: &[u8],
    short: Code,
    long: impl Fn(u32, &[u8]) -> u64,
) -> u64 {
    let (head, rest) = data.split_at(data.as_ptr().addr().wrapping_neg() % LINE);
    let (lines, tail) = rest.split_at(rest.len() / LINE * LINE);
    let mut value = start;
    if !head.is_empty() {
        // SAFETY: the CPU has what `short` needs, says the caller.
        value = unsafe { short(value, head) } as u32;
    }
    let all = long(value, lines);
    if tail.is_empty() {
        return all;
    }
    // SAFETY: the CPU has what `short` needs, says the caller.
    unsafe { short(all as u32, tail) }
}
