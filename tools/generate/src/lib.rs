//! Files that are made from others: version scripts and export lists, C headers, constants.

pub mod abi;
pub mod checks;
pub mod constants;
pub mod headers;
