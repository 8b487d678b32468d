//! The formats around deflate data, for both directions.

mod gzip;

pub use gzip::GzHeader;
