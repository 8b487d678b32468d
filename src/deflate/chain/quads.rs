//! Zlib's list, with the four positions before each side by side.
//!
//! A list is a chain of loads, each of which waits for the one before. Here, one load gives the next four
//! candidates, so that a long search waits a quarter as often. It works whichever positions are
//! inserted, but all of them through this: what is noted of a position is made from what was noted of
//! the one before it. The list is kept up to date, and is all that lasts.

use super::bytes::{Here, move_down};
use super::list::List;
use super::{Best, Effort, Match, Search, limit, max_dist, may_begin};

/// How many positions come in one load.
const FOUR: usize = 4;

/// A list, and for each of its positions the four before it in its chain.
pub struct Quads<'a> {
    list: List<'a>,
    /// By position modulo the window's size, the nearest lowest; 0 is none.
    before: &'a mut [[u16; FOUR]],
}

/// How much memory it needs, in entries.
pub fn memory(w_size: usize) -> usize {
    FOUR * w_size
}

/// The window has moved down by half; the list is moved by itself.
pub fn slide(memory: &mut [u16], w_size: usize) {
    move_down(&mut memory[..self::memory(w_size)], w_size);
}

/// Four positions, the nearest lowest.
#[inline(always)]
fn bits(four: [u16; FOUR]) -> u64 {
    let [a, b, c, d] = four.map(u64::from);
    a | b << 16 | c << 32 | d << 48
}

impl<'a> Quads<'a> {
    /// With what is in the memory, of which there is as much as [`memory`] says: what is there need not
    /// have any value if the list is empty.
    #[inline(always)]
    pub fn again(list: List<'a>, memory: &'a mut [u16]) -> Quads<'a> {
        let size = list.window_size();
        let before = &mut memory.as_chunks_mut().0[..size];
        Quads { list, before }
    }

    /// How many positions a window has.
    #[inline(always)]
    pub fn window_size(&self) -> usize {
        self.list.window_size()
    }

    #[inline(always)]
    fn get(&self, pos: usize) -> u64 {
        let at = pos & (self.before.len() - 1);
        // SAFETY: the length is a power of two, so the mask keeps below it.
        bits(*unsafe { self.before.get_unchecked(at) })
    }

    /// Inserts `pos`, three bytes of which are in the window; what was the newest position.
    #[inline(always)]
    pub fn insert(&mut self, window: &[u8], pos: usize) -> usize {
        let newest = self.list.insert(window, pos);
        let older = if newest == 0 { 0 } else { self.get(newest) };
        let four = older << 16 | newest as u64;
        let four = [0, 16, 32, 48].map(|by| (four >> by) as u16);
        let at = pos & (self.before.len() - 1);
        // SAFETY: as in `get`.
        *unsafe { self.before.get_unchecked_mut(at) } = four;
        newest
    }

    /// Inserts the positions `from..to`, in order; `to + 2` bytes are in the window.
    #[inline(always)]
    pub fn insert_all(&mut self, window: &[u8], from: usize, to: usize) {
        for pos in from..to {
            self.insert(window, pos);
        }
    }

    /// The longest match, the nearest of these, that is longer than `search.best`, with `head` the
    /// newest position before `search.pos`, as [`Quads::insert`] gave it.
    #[inline(always)]
    pub fn find<const FULL: bool>(
        &self,
        window: &[u8],
        head: usize,
        search: &Search,
        effort: &Effort,
    ) -> Option<Match> {
        let pos = search.pos;
        let max_dist = max_dist(self.window_size());
        if !may_begin(pos, head, max_dist) {
            return None;
        }
        let mut best = Best::new::<FULL>(search, effort);
        if (!FULL && best.cap < 8) || best.len != 2 {
            return self.list.find::<FULL>(window, head, search, effort);
        }
        assert!(head < pos);
        // SAFETY: `head` is before `pos`, and so is what follows, as is checked below. Offsets are
        // three less than a length that is not the longest possible, `cap`.
        let here = unsafe { Here::new(window, pos, best.cap) };
        let (mut candidate, mut left) = (head, effort.budget(search.best));
        let mut four = self.get(pos);
        // That it is before `pos`, and within the max distance, in one comparison.
        let first = limit(pos, max_dist) + 1;
        let span = pos - first;
        let mut next = |candidate: &mut usize| {
            four >>= 16;
            if four == 0 {
                four = self.get(*candidate);
            }
            *candidate = usize::from(four as u16);
            left = left.wrapping_sub(1);
            candidate.wrapping_sub(first) < span && left != 0
        };
        // Any match of three bytes or more will do.
        loop {
            let differing = here.differing(candidate);
            if differing & 0xff_ffff == 0 {
                best.len = here.common(candidate, differing);
                best.start = candidate;
                if best.len >= best.enough {
                    return best.found();
                }
            }
            if !next(&mut candidate) {
                return best.found();
            }
            if best.len > 2 {
                break;
            }
        }
        // A longer match has the last three bytes of the best, and one more.
        let mut offset = best.len - 3;
        let mut end = here.four(offset);
        loop {
            if here.has(candidate, offset, end) {
                let len = here.common(candidate, here.differing(candidate));
                if len > best.len {
                    best.len = len;
                    best.start = candidate;
                    if len >= best.enough {
                        return best.found();
                    }
                    offset = len - 3;
                    end = here.four(offset);
                }
            }
            if !next(&mut candidate) {
                return best.found();
            }
        }
    }
}
