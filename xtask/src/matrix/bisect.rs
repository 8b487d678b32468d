//! Which target features a failure needs.

use anyhow::Result;

/// The smallest set found of `features` that must stay on for the failure to stay, when
/// `fails_without` tells whether it is there with the given ones switched off.
///
/// Zeller's delta debugging, on what is switched off: halves first, then smaller and smaller parts,
/// until no single feature can be spared. LLVM switches off what depends on a feature with it, which
/// only makes the set smaller.
pub fn narrow(
    features: &[String],
    mut fails_without: impl FnMut(&[String]) -> Result<bool>,
) -> Result<Vec<String>> {
    let mut needed: Vec<String> = features.to_vec();
    let mut off: Vec<String> = Vec::new();
    let mut part = needed.len().div_ceil(2);
    while part > 0 {
        let mut at = 0;
        while at < needed.len() {
            let end = (at + part).min(needed.len());
            let try_off: Vec<String> = off.iter().chain(&needed[at..end]).cloned().collect();
            if fails_without(&try_off)? {
                off = try_off;
                needed.drain(at..end);
            } else {
                at = end;
            }
        }
        part = if part == 1 { 0 } else { part.div_ceil(2) };
    }
    Ok(needed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|s| (*s).to_owned()).collect()
    }

    #[test]
    fn what_is_needed_stays() {
        let all: Vec<String> = (0..40).map(|i| format!("f{i}")).collect();
        let mut builds = 0;
        let needed = narrow(&all, |off| {
            builds += 1;
            Ok(!off.contains(&"f7".into()) && !off.contains(&"f31".into()))
        });
        assert_eq!(needed.unwrap(), names(&["f7", "f31"]));
        assert!(builds < 40, "{builds} builds");
    }

    #[test]
    fn a_failure_that_needs_nothing_narrows_to_nothing() {
        assert!(narrow(&names(&["a", "b"]), |_| Ok(true)).unwrap().is_empty());
    }
}
