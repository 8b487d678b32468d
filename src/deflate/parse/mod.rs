//! From input to symbols: each strategy's way through the window.

mod ahead;
mod common;
mod fast;
mod finder;
mod huffman;
mod rle;
mod sift;
mod slow;
mod stored;

pub(super) use common::Progress;
pub(super) use fast::fast;
pub(super) use huffman::huffman;
pub(super) use rle::rle;
pub(super) use slow::slow;
pub(super) use stored::stored;
