//! crc32 and adler32.
