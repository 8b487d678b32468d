//! The run-time tiers of the checksums.

use anyhow::{Context, Result};

use crate::paths;

/// The names of all tiers, of every architecture, from the source that defines them.
pub fn names() -> Result<Vec<String>> {
    let path = paths::root().join("src/cpu/tier.rs");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let mut names: Vec<String> = Vec::new();
    for part in text.split("tier(").skip(1) {
        let Some(rest) = part.trim_start().strip_prefix("c\"") else { continue };
        let name = rest.split('"').next().unwrap_or_default().to_owned();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    anyhow::ensure!(names.iter().any(|n| n == "portable"), "{} defines no tiers", path.display());
    Ok(names)
}

/// The tiers that a library takes here: it ignores a name that it does not know or that this CPU
/// cannot do, and says so by reporting another. `report` asks for one and tells the tier in use; a
/// library without tiers has none.
pub fn available(report: impl Fn(&str) -> Result<Option<String>>) -> Result<Vec<String>> {
    let mut tiers = Vec::new();
    for name in names()? {
        if report(&name)?.as_deref() == Some(name.as_str()) {
            tiers.push(name);
        }
    }
    Ok(tiers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_names_the_tiers() {
        let names = names().unwrap();
        assert_eq!(names[0], "portable");
        assert!(names.len() > 5, "{names:?}");
        assert!(names.contains(&"avx512-vpclmulqdq-vnni".to_owned()));
    }

    #[test]
    fn a_tier_that_is_not_taken_is_not_run() {
        let tiers = available(|name| {
            Ok(Some(if name.starts_with("avx512") { "avx2" } else { name }.to_owned()))
        });
        let tiers = tiers.unwrap();
        assert!(
            tiers.contains(&"avx2".to_owned()) && !tiers.iter().any(|t| t.starts_with("avx512"))
        );
    }
}
