//! Which functions are only reached after asking the CPU, and so may use more than the target has.

/// Functions, by a part of their demangled name, with the features that they are guarded by.
///
/// A prefix of `=` asks for the whole name. What is not covered is reported; docs/matrix.md tells
/// how to add an entry: by reading the guard, not by silencing the report.
const CHOSEN: &[(&str, &[&str])] = &[];

/// Whether `function` is only reached on CPUs that have `feature`.
pub fn is_chosen_at_run_time(function: &str, feature: &str) -> bool {
    CHOSEN.iter().any(|(name, features)| {
        let here = match name.strip_prefix('=') {
            Some(whole) => function == whole,
            None => function.contains(name),
        };
        here && features.contains(&feature)
    })
}
