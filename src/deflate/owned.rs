//! A compressor on memory of its own, for Rust callers: gzip files and whole buffers.

use super::config::Config;
use super::state::Deflate;
use super::strm::Strm;
use crate::alloc::{Allocator, Own};
use crate::codes::{Code, Flush};
use crate::io::{Io, Room, Step};

/// A compressor on memory of its own, with the caller's side of the stream.
pub struct Owned {
    deflate: Own<Deflate>,
    strm: Strm<'static>,
}

// SAFETY: nobody else refers to the state, nor to what its pointers lead to.
unsafe impl Send for Owned {}

impl Owned {
    /// # Errors
    /// [`Code::StreamError`] for parameters out of range, [`Code::MemError`].
    pub fn new(config: Config) -> Result<Owned, Code> {
        let mut strm = Strm::new(Io::empty());
        let deflate = Own::make(Code::MemError, |room| {
            Deflate::init(room, config, Allocator::LIBC, &mut strm)
        })?;
        Ok(Owned { deflate, strm })
    }

    fn with<R>(
        &mut self,
        io: Io<'_>,
        call: impl FnOnce(&mut Deflate, &mut Strm<'_>) -> R,
    ) -> (R, Step) {
        let (avail_in, avail_out) = (io.avail_in(), io.avail_out());
        let mut strm = Strm { io, ..self.strm };
        let result = call(&mut self.deflate, &mut strm);
        let step = strm.io.step_since(avail_in, avail_out, Code::Ok);
        self.strm = Strm { io: Io::empty(), ..strm };
        (result, step)
    }

    /// Compresses from `input` to `output`; see zlib.h, `deflate`. At most `u32::MAX` bytes of
    /// either are looked at.
    pub fn deflate(&mut self, input: &[u8], output: &mut [u8], flush: Flush) -> Step {
        self.run(Io::new(input, Room::new(output)), flush)
    }

    /// Compresses what `io` holds; see zlib.h, `deflate`.
    pub fn run(&mut self, io: Io<'_>, flush: Flush) -> Step {
        let (code, step) = self.with(io, |deflate, strm| deflate.deflate(strm, flush));
        Step { code, ..step }
    }

    /// Changes level and strategy; what that flushes goes to `output` (zlib.h, `deflateParams`).
    pub fn params(&mut self, level: i32, strategy: i32, output: &mut [u8]) -> Step {
        let io = Io::new(&[], Room::new(output));
        let (code, step) = self.with(io, |deflate, strm| deflate.params(strm, level, strategy));
        Step { code, ..step }
    }

    /// Starts a new stream with the same parameters.
    pub fn reset(&mut self) {
        self.with(Io::empty(), |deflate, strm| deflate.reset(strm));
    }
}
