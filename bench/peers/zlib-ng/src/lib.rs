//! zlib-ng's C code under zlib's names: the crate only makes rustc put it into this archive.

use libz_sys as _;
