//! Tables that vectors are loaded from.

/// A table from which whole vectors are loaded, at any element. Without the alignment, where the
/// linker puts it decides whether a load crosses two pages, which costs 15 ns each time.
#[repr(align(128))]
pub(super) struct Aligned<T>(pub(super) T);
