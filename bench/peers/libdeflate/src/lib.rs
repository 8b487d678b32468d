//! libdeflate's C code: the crate only makes rustc put it into this archive.

use libdeflate_sys as _;
