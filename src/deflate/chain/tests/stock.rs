//! What the finders are compared with: zlib's search step by step, and a parse that asks.

use crate::deflate::chain::{Effort, Match, Search};

/// zlib's search, with its storage.
pub struct Reference {
    shift: u32,
    mask: usize,
    w_size: usize,
    head: Vec<u16>,
    prev: Vec<u16>,
}

impl Reference {
    pub fn new(window_bits: u32, hash_bits: u32) -> Reference {
        Reference {
            shift: hash_bits.div_ceil(3),
            mask: (1 << hash_bits) - 1,
            w_size: 1 << window_bits,
            head: vec![0; 1 << hash_bits],
            prev: vec![0; 1 << window_bits],
        }
    }

    pub fn insert(&mut self, window: &[u8], pos: usize) -> usize {
        let hash = window[pos..pos + 3]
            .iter()
            .fold(0, |hash, &byte| (hash << self.shift ^ usize::from(byte)) & self.mask);
        let before = self.head[hash];
        self.prev[pos & (self.w_size - 1)] = before;
        self.head[hash] = pos as u16;
        before.into()
    }

    pub fn slide(&mut self) {
        let w_size = self.w_size as u16;
        for at in self.head.iter_mut().chain(&mut self.prev) {
            *at = at.saturating_sub(w_size);
        }
    }

    /// `max_chain`, `good`, `nice` as `deflateTune` has them. The result as zlib's: the new
    /// `match_length` and `match_start`.
    pub fn find(
        &self,
        window: &[u8],
        mut current: usize,
        search: &Search,
        (max_chain, good, nice): (u32, u32, u32),
    ) -> Option<Match> {
        let &Search { pos, lookahead, best: prev_length } = search;
        let max_dist = self.w_size - 262;
        if current == 0 || pos - current > max_dist {
            return None;
        }
        let limit = pos.saturating_sub(max_dist);
        let mut chain_length = max_chain;
        if prev_length >= good as usize {
            chain_length >>= 2;
        }
        let nice = if nice as usize > lookahead { lookahead } else { nice as usize };
        let mut best_len = prev_length;
        let mut start = 0;
        // What is behind the data does not count, so it may as well be different.
        let at = |base: usize, i: isize| {
            let index = (base as isize + i) as usize;
            if index < pos + lookahead {
                u16::from(window[index])
            } else {
                256 + (base == pos) as u16
            }
        };
        loop {
            let same = |i: isize| at(current, i) == at(pos, i);
            if same(best_len as isize) && same(best_len as isize - 1) && same(0) && same(1) {
                let len = (0..258).take_while(|&i| same(i)).count();
                assert!(len >= 3, "the hash says that the third is the same");
                if len > best_len {
                    start = current;
                    best_len = len;
                    if len >= nice {
                        break;
                    }
                }
            }
            current = self.prev[current & (self.w_size - 1)].into();
            chain_length = chain_length.wrapping_sub(1);
            if current <= limit || chain_length == 0 {
                break;
            }
        }
        (start != 0).then_some(Match { len: best_len, start })
    }
}

/// A level, or what `deflateTune` made of it.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    pub good: u32,
    pub lazy: u32,
    pub nice: u32,
    pub chain: u32,
    pub slow: bool,
}

/// zlib's levels 1 to 9.
pub const LEVELS: [Config; 9] = {
    const fn level(good: u32, lazy: u32, nice: u32, chain: u32, slow: bool) -> Config {
        Config { good, lazy, nice, chain, slow }
    }
    [
        level(4, 4, 8, 4, false),
        level(4, 5, 16, 8, false),
        level(4, 6, 32, 32, false),
        level(4, 4, 16, 16, true),
        level(8, 16, 32, 32, true),
        level(8, 16, 128, 128, true),
        level(8, 32, 128, 256, true),
        level(32, 128, 258, 1024, true),
        level(32, 258, 258, 4096, true),
    ]
};

impl Config {
    pub fn effort(&self) -> Effort {
        Effort::new(self.chain, self.good, self.nice)
    }

    pub fn tune(&self) -> (u32, u32, u32) {
        (self.chain, self.good, self.nice)
    }
}

/// What answers the parse below.
pub trait Finder {
    /// The window has slid down by half.
    fn slide(&mut self, window: &[u8]);
    /// Bytes have come, up to the end of `window`; the parse is at `pos`, and the positions from
    /// `next` on are not inserted yet.
    fn filled(&mut self, window: &[u8], next: usize, pos: usize);
    fn insert(&mut self, window: &[u8], from: usize, to: usize);
    fn insert_and_find(&mut self, window: &[u8], search: &Search) -> Option<Match>;
}

/// Parses `data` as zlib does that gets it in `pieces` of so many bytes, each flushed if `flush`.
/// The tokens: a literal, or length and distance above.
pub fn parse(
    data: &[u8],
    window_bits: u32,
    config: &Config,
    piece: usize,
    flush: bool,
    finder: &mut impl Finder,
) -> Vec<u32> {
    let w_size = 1usize << window_bits;
    let mut window = vec![0; 2 * w_size];
    let mut state = State {
        pos: 0,
        end: 0,
        insert: 0,
        match_length: 2,
        match_start: 0,
        prev_length: 2,
        available: false,
    };
    let mut tokens = Vec::new();
    let mut pieces = data.chunks(piece.max(1)).peekable();
    while let Some(mut input) = pieces.next() {
        let flush = flush || pieces.peek().is_none();
        loop {
            // fill_window
            if state.pos >= w_size + w_size - 262 {
                window.copy_within(w_size.., 0);
                state.pos -= w_size;
                state.end -= w_size;
                state.match_start = state.match_start.wrapping_sub(w_size);
                finder.slide(&window[..state.end]);
            }
            let taken = input.len().min(2 * w_size - state.end);
            window[state.end..][..taken].copy_from_slice(&input[..taken]);
            input = &input[taken..];
            state.end += taken;
            let filled = &window[..state.end];
            let next = state.pos - state.insert;
            finder.filled(filled, next, state.pos);
            if state.end - next >= 3 {
                let to = state.pos.min(state.end - 2);
                finder.insert(filled, next, to);
                state.insert = state.pos - to;
            }
            let needed = if flush && input.is_empty() { 1 } else { 262 };
            if config.slow {
                slow(&mut state, filled, config, needed, finder, &mut tokens);
            } else {
                fast(&mut state, filled, config, needed, finder, &mut tokens);
            }
            if input.is_empty() && state.end - state.pos < needed {
                break;
            }
        }
        if flush {
            if state.available {
                tokens.push(window[state.pos - 1].into());
                state.available = false;
            }
            state.insert = state.pos.min(2);
        }
    }
    tokens
}

struct State {
    pos: usize,
    end: usize,
    insert: usize,
    match_length: usize,
    match_start: usize,
    prev_length: usize,
    available: bool,
}

/// deflate_fast.
fn fast(
    s: &mut State,
    window: &[u8],
    config: &Config,
    needed: usize,
    finder: &mut impl Finder,
    tokens: &mut Vec<u32>,
) {
    while s.end - s.pos >= needed {
        let lookahead = s.end - s.pos;
        let mut found = None;
        if lookahead >= 3 {
            found = finder
                .insert_and_find(window, &Search { pos: s.pos, lookahead, best: s.prev_length });
        }
        if let Some(Match { len, start }) = found {
            tokens.push((len << 16 | (s.pos - start)) as u32);
            let lookahead = lookahead - len;
            if len <= config.lazy as usize && lookahead >= 3 {
                finder.insert(window, s.pos + 1, s.pos + len);
            }
            s.pos += len;
        } else {
            tokens.push(window[s.pos].into());
            s.pos += 1;
        }
    }
}

/// deflate_slow.
fn slow(
    s: &mut State,
    window: &[u8],
    config: &Config,
    needed: usize,
    finder: &mut impl Finder,
    tokens: &mut Vec<u32>,
) {
    while s.end - s.pos >= needed {
        let lookahead = s.end - s.pos;
        s.prev_length = s.match_length;
        let prev_match = s.match_start;
        s.match_length = 2;
        if lookahead >= 3 {
            if s.prev_length < config.lazy as usize {
                let best = s.prev_length;
                if let Some(found) =
                    finder.insert_and_find(window, &Search { pos: s.pos, lookahead, best })
                {
                    s.match_length = found.len;
                    s.match_start = found.start;
                    if found.len == 3 && s.pos - found.start > 4096 {
                        s.match_length = 2;
                    }
                }
            } else {
                finder.insert(window, s.pos, s.pos + 1);
            }
        }
        if s.prev_length >= 3 && s.match_length <= s.prev_length {
            tokens.push((s.prev_length << 16 | (s.pos - 1 - prev_match)) as u32);
            let end = s.pos - 1 + s.prev_length;
            let to = end.min((s.end - 2).max(s.pos + 1));
            finder.insert(window, s.pos + 1, to.max(s.pos + 1));
            s.pos = end;
            s.available = false;
            s.match_length = 2;
        } else {
            if s.available {
                tokens.push(window[s.pos - 1].into());
            }
            s.available = true;
            s.pos += 1;
        }
    }
}
