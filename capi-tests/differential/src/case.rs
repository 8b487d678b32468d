//! What all kinds of cases share: comparing, reporting, making smaller.

use std::fmt::{Debug, Display};

use crate::api::Libraries;
use crate::source::Source;
use crate::stream::ZStream;

/// A sequence of calls that both libraries, of zlib or of another kind, get.
pub trait Case<L = Libraries>: Debug + Clone {
    /// Makes one from a source of choices.
    fn generate(libraries: &L, source: &mut Source) -> Self;
    /// Runs it; an error is the first difference.
    ///
    /// # Errors
    /// What differs, with both values.
    fn run(&self, libraries: &L) -> Result<(), String>;
    /// How many operations it has.
    fn len(&self) -> usize;
    /// Whether it has no operations.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The same without the operations of a range.
    fn without(&self, operations: std::ops::Range<usize>) -> Self;
    /// Other smaller forms, the smallest first.
    fn simpler(&self) -> Vec<Self>;
}

/// An error unless both values are the same.
///
/// # Errors
/// The name and both values.
pub fn same<T: PartialEq + Display>(what: &str, ours: T, stock: T) -> Result<(), String> {
    if ours == stock { Ok(()) } else { Err(format!("{what}: ours {ours}, stock {stock}")) }
}

/// As [`same`], for all that a caller may see of two streams besides the buffers, but `except`.
///
/// # Errors
/// The first field that differs, with both values.
pub fn same_fields(ours: &ZStream, stock: &ZStream, except: &[&str]) -> Result<(), String> {
    for ((name, a), (_, b)) in ours.shown().into_iter().zip(stock.shown()) {
        if !except.contains(&name) {
            same(name, a, b)?;
        }
    }
    Ok(())
}

/// As [`same`], for bytes; the error names the first index.
///
/// # Errors
/// The first place where they differ.
pub fn same_bytes(what: &str, ours: &[u8], stock: &[u8]) -> Result<(), String> {
    if ours == stock {
        return Ok(());
    }
    let at =
        ours.iter().zip(stock).position(|(a, b)| a != b).unwrap_or(ours.len().min(stock.len()));
    let byte = |bytes: &[u8]| bytes.get(at).map_or("none".into(), |b| format!("{b:#04x}"));
    Err(format!(
        "{what} at {at} of {} and {}: ours {}, stock {}",
        ours.len(),
        stock.len(),
        byte(ours),
        byte(stock)
    ))
}

/// Adds where an error came from.
pub trait At<T> {
    /// Prefixes the error with `place`.
    ///
    /// # Errors
    /// The same, with its place.
    fn at(self, place: impl FnOnce() -> String) -> Result<T, String>;
}

impl<T> At<T> for Result<T, String> {
    fn at(self, place: impl FnOnce() -> String) -> Result<T, String> {
        self.map_err(|error| format!("{}: {error}", place()))
    }
}

/// Makes a failing case smaller for as long as `fails` says that it still does.
pub fn shrink<L, C: Case<L>>(case: C, fails: impl Fn(&C) -> bool) -> C {
    let mut best = case;
    let mut tries = 0;
    'again: while tries < 3000 {
        let mut step = best.len().max(1);
        while step > 0 {
            let mut at = 0;
            while at < best.len() {
                let candidate = best.without(at..(at + step).min(best.len()));
                tries += 1;
                if candidate.len() < best.len() && fails(&candidate) {
                    best = candidate;
                } else {
                    at += step;
                }
                if tries > 3000 {
                    return best;
                }
            }
            step /= 2;
        }
        for candidate in best.simpler() {
            tries += 1;
            if fails(&candidate) {
                best = candidate;
                continue 'again;
            }
        }
        return best;
    }
    best
}
