//! Bits in deflate's order: from a byte's lowest up (RFC 1951, 3.1.1).

/// Writes to a slice that reaches eight bytes beyond what is written.
pub(super) struct BitWriter<'a> {
    to: &'a mut [u8],
    len: usize,
    bits: u64,
    /// How many of `bits` there are: up to 7 behind a flush.
    count: u32,
}

impl<'a> BitWriter<'a> {
    pub fn new(to: &'a mut [u8]) -> BitWriter<'a> {
        BitWriter { to, len: 0, bits: 0, count: 0 }
    }

    /// Adds the lowest `count` bits of `bits`, all others of which are 0. At most 56 between two
    /// flushes.
    #[inline(always)]
    pub fn put(&mut self, bits: u64, count: u32) {
        debug_assert!(self.count + count < 64 && bits >> count == 0);
        self.bits |= bits << self.count;
        self.count += count;
    }

    /// Makes room for another 32 bits.
    #[inline(always)]
    pub fn flush_if_long(&mut self) {
        if self.count >= 32 {
            self.flush();
        }
    }

    /// Writes all whole bytes.
    #[inline(always)]
    pub fn flush(&mut self) {
        self.to[self.len..][..8].copy_from_slice(&self.bits.to_le_bytes());
        let bytes = self.count / 8;
        self.len += bytes as usize;
        self.bits >>= bytes * 8;
        self.count %= 8;
    }

    /// Goes to a byte's end and writes what is behind the three first bits of a stored block.
    pub fn stored(&mut self, bytes: &[u8]) {
        self.flush();
        self.count = self.count.next_multiple_of(8);
        let len = bytes.len() as u16;
        self.put(len.into(), 16);
        self.put((!len).into(), 16);
        self.flush();
        self.to[self.len..][..bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    /// How many bytes there are with the one that was begun, and how many bits of it are used.
    pub fn finish(mut self) -> (usize, i32) {
        self.flush();
        match self.count {
            0 => (self.len, 8),
            used => (self.len + 1, used as i32),
        }
    }
}
