//! gzip files.
