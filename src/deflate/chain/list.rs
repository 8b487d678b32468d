//! Zlib's own structure: for each hash its newest position, for each position the one before it.

use core::ops::Range;

use super::bytes::{Here, move_down};
use super::hash::Hash;
use super::newest::ABSENT;
use super::{Best, Effort, MAX_MATCH, Match, Search, consider, limit, max_dist, may_begin};

/// The list, in memory that the stream has.
pub struct List<'a> {
    hash: Hash,
    /// By hash.
    head: &'a mut [u16],
    /// By position, modulo the window size.
    prev: &'a mut [u16],
}

/// How many positions it is worth while to clear by themselves.
pub const FEW: usize = 512;

/// How many hashes are computed at a time.
const GROUP: usize = 64;

impl<'a> List<'a> {
    /// `head` has an entry for each hash, `prev` one for each position of a window, of which there
    /// is a power of two.
    #[inline(always)]
    pub fn new(hash: Hash, head: &'a mut [u16], prev: &'a mut [u16]) -> List<'a> {
        assert!(head.len() == hash.count() && prev.len().is_power_of_two());
        List { hash, head, prev }
    }

    /// Inserts `pos`, three bytes of which are in the window; what was the newest position.
    #[inline(always)]
    pub fn insert(&mut self, window: &[u8], pos: usize) -> usize {
        debug_assert!(pos + 3 <= window.len());
        self.link(self.hash.at(window, pos), pos)
    }

    /// Makes `pos` the newest position of `hash`; what was it before.
    #[inline(always)]
    pub fn link(&mut self, hash: usize, pos: usize) -> usize {
        debug_assert!(hash < self.head.len());
        // SAFETY: a hash is below `Hash::count`, which is the length, as `new` has asserted.
        let head = unsafe { self.head.get_unchecked_mut(hash) };
        let before = core::mem::replace(head, pos as u16);
        let at = pos & (self.prev.len() - 1);
        // SAFETY: the length is a power of two, so the mask keeps below it.
        *unsafe { self.prev.get_unchecked_mut(at) } = before;
        usize::from(before)
    }

    /// Inserts the positions `from..to`, in order; `to + 2` bytes are in the window.
    #[inline(always)]
    pub fn insert_all(&mut self, window: &[u8], from: usize, to: usize) {
        if to - from >= GROUP {
            return self.insert_many(window, from, to);
        }
        for pos in from..to {
            self.insert(window, pos);
        }
    }

    #[inline(never)]
    fn insert_many(&mut self, window: &[u8], from: usize, to: usize) {
        let mut pos = from;
        let mut hashes = [0u16; GROUP];
        while pos + GROUP <= to {
            self.hash.of_each(&window[pos..pos + GROUP + 2], &mut hashes);
            for &hash in &hashes {
                self.link(usize::from(hash), pos);
                pos += 1;
            }
        }
        for pos in pos..to {
            self.insert(window, pos);
        }
    }

    /// How many positions a window has.
    #[inline(always)]
    pub fn window_size(&self) -> usize {
        self.prev.len()
    }

    /// Takes over from [`super::newest`], which has gone on from this list's heads: those of the
    /// positions `marked` that were inserted are the newest ones. What is before each is in the list.
    pub fn take_back(&mut self, window: &[u8], marked: Range<usize>) {
        let size = self.prev.len();
        for pos in marked.start.max(marked.end.saturating_sub(size))..marked.end {
            if self.prev[pos & (size - 1)] != ABSENT {
                self.head[self.hash.at(window, pos)] = pos as u16;
            }
        }
    }

    /// Forgets all positions.
    pub fn clear(&mut self) {
        self.head.fill(0);
    }

    /// Forgets all positions, as far as [`List::find`] at one of the positions `from..to` can tell;
    /// at most [`FEW`] of them, with `to + 2` bytes in the window. For so few, that is quicker than
    /// to clear the whole table. Until [`List::clear_rest`], only these may be inserted.
    pub fn clear_at(&mut self, window: &[u8], from: usize, to: usize) {
        let mut hashes = [0; FEW];
        let hashes = &mut hashes[..to - from];
        self.hash.of_each(&window[from..], hashes);
        for &hash in &*hashes {
            self.head[usize::from(hash)] = 0;
        }
    }

    /// After [`List::clear_at`] with the same `from` and `to`, and perhaps insertions: forgets what
    /// that has left.
    pub fn clear_rest(&mut self, window: &[u8], from: usize, to: usize) {
        assert!(to - from <= FEW);
        // The hashes are computed twice: to keep them as well would take a KiB more of the stack.
        let mut kept = [0; FEW];
        for (kept, pos) in kept.iter_mut().zip(from..to) {
            *kept = self.head[self.hash.at(window, pos)];
        }
        self.clear();
        for (kept, pos) in kept.iter().zip(from..to) {
            let hash = self.hash.at(window, pos);
            self.head[hash] = *kept;
        }
    }

    /// The window has moved down by half: so have all positions, and those that left it are none.
    pub fn slide(&mut self) {
        self.slide_heads();
        move_down(self.prev, self.prev.len());
    }

    /// [`List::slide`] for the newest position of each hash.
    pub fn slide_heads(&mut self) {
        move_down(self.head, self.prev.len());
    }

    /// [`List::slide`] for what is before each position, where some are marked [`ABSENT`].
    pub fn slide_prev(&mut self) {
        let by = self.prev.len() as u16;
        for position in &mut *self.prev {
            *position = if *position == ABSENT { ABSENT } else { position.saturating_sub(by) };
        }
    }

    /// The longest match, the nearest of these, that is longer than `search.best`, with `head` the
    /// newest position before `search.pos`, as [`List::insert`] gave it.
    #[inline(always)]
    pub fn find<const FULL: bool>(
        &self,
        window: &[u8],
        head: usize,
        search: &Search,
        effort: &Effort,
    ) -> Option<Match> {
        let max_dist = max_dist(self.prev.len());
        if !may_begin(search.pos, head, max_dist) {
            return None;
        }
        Links(self.prev).walk::<FULL>(window, head, max_dist, search, effort)
    }
}

impl List<'_> {
    /// Where zlib's search stops if `search.best` is the lookahead or more: it compares as many bytes
    /// and one, behind the input too, where `memory` ends before them with zeros.
    #[cold]
    pub fn find_beyond(
        &self,
        memory: &[u8],
        head: usize,
        search: &Search,
        effort: &Effort,
    ) -> Option<usize> {
        let byte = |at: usize| memory.get(at).copied().unwrap_or(0);
        let max_dist = max_dist(self.prev.len());
        let limit = limit(search.pos, max_dist);
        let mut candidate = head;
        for _ in 0..effort.budget(search.best) {
            let same = |&i: &usize| byte(candidate + i) == byte(search.pos + i);
            if (0..MAX_MATCH).take_while(same).count() > search.best {
                return Some(candidate);
            }
            candidate = Links(self.prev).before(candidate);
            if candidate <= limit || candidate >= search.pos {
                break;
            }
        }
        None
    }
}

/// For each position the one before it in its chain; how many positions there are, is a power of
/// two, modulo which they count.
pub(super) struct Links<'a>(pub &'a [u16]);

impl Links<'_> {
    /// The position before `candidate` in its chain.
    #[inline(always)]
    pub(super) fn before(&self, candidate: usize) -> usize {
        let at = candidate & (self.0.len() - 1);
        // SAFETY: the length is a power of two, so the mask keeps below it.
        usize::from(*unsafe { self.0.get_unchecked(at) })
    }

    /// The best match from `head` on, which is earlier than `search.pos` and may begin a chain.
    #[inline(always)]
    pub(super) fn walk<const FULL: bool>(
        &self,
        window: &[u8],
        head: usize,
        max_dist: usize,
        search: &Search,
        effort: &Effort,
    ) -> Option<Match> {
        let pos = search.pos;
        let mut best = Best::new::<FULL>(search, effort);
        assert!(head < pos);
        if (!FULL && best.cap < 8) || best.len < 2 {
            return self.walk_slowly(window, head, max_dist, search, effort);
        }
        if best.len >= best.cap {
            return None;
        }
        // SAFETY: `head` is before `pos`, and so is what follows, as is checked below. Offsets are
        // three less than a length that is not the longest possible, `cap`.
        let here = unsafe { Here::new(window, pos, best.cap) };
        let (mut candidate, mut left) = (head, effort.budget(search.best));
        // That it is before `pos`, and within the max distance, in one comparison.
        let first = limit(pos, max_dist) + 1;
        let span = pos - first;
        if best.len == 2 {
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
                candidate = self.before(candidate);
                left = left.wrapping_sub(1);
                if candidate.wrapping_sub(first) >= span || left == 0 {
                    return best.found();
                }
                if best.len > 2 {
                    break;
                }
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
            candidate = self.before(candidate);
            left = left.wrapping_sub(1);
            if candidate.wrapping_sub(first) >= span || left == 0 {
                return best.found();
            }
        }
    }

    #[cold]
    fn walk_slowly(
        &self,
        window: &[u8],
        head: usize,
        max_dist: usize,
        search: &Search,
        effort: &Effort,
    ) -> Option<Match> {
        let limit = limit(search.pos, max_dist);
        let mut best = Best::new::<false>(search, effort);
        let mut candidate = head;
        for _ in 0..effort.budget(search.best) {
            if consider(window, search.pos, candidate, &mut best) {
                break;
            }
            candidate = self.before(candidate);
            if candidate <= limit || candidate >= search.pos {
                break;
            }
        }
        best.found()
    }
}
