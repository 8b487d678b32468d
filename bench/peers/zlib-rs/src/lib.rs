//! zlib-rs's C interface: libz-rs-sys exports it, this crate only makes a shared object of it.

use libz_rs_sys as _;
