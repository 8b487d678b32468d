//! Keeps to what the crate's text says: no module uses one that uses it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

type Uses = BTreeMap<String, BTreeSet<String>>;

#[test]
// Miri cannot see the files.
#[cfg(not(miri))]
fn no_circle() {
    let mut uses = Uses::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), None, &mut uses);
    assert!(uses["gz"].contains("io"), "nothing is read of {uses:?}");
    for module in uses.keys() {
        assert!(!uses_itself(module, &uses), "{module} is in a circle: {uses:#?}");
    }
    // That this can fail.
    uses.get_mut("codes").unwrap().insert("gz".into());
    assert!(uses_itself("io", &uses));
}

fn uses_itself(module: &str, uses: &Uses) -> bool {
    let mut reached: BTreeSet<&str> = uses[module].iter().map(String::as_str).collect();
    loop {
        let next = reached.iter().filter_map(|name| uses.get(*name)).flatten();
        let more: BTreeSet<&str> = next.map(String::as_str).chain(reached.clone()).collect();
        if more.len() == reached.len() {
            return reached.contains(module);
        }
        reached = more;
    }
}

/// Adds what the files of a folder use, without their tests. They belong to `module`, or each to the
/// one of its own name.
fn read(folder: &Path, module: Option<&str>, uses: &mut Uses) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let of = module.unwrap_or(&name);
        if ["lib", "tests", "layers"].contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() {
            read(&path, Some(of), uses);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
            let used = uses.entry(of.to_owned()).or_default();
            let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
            used.extend(lines.flat_map(named).filter(|other| other != of));
        }
    }
}

/// The modules that a line names: `crate::one::…`, or `crate::{one, two::…}`.
fn named(line: &str) -> Vec<String> {
    let word = |text: &str| -> String {
        text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
    };
    let after = line.split("crate::").skip(1);
    let names = after.flat_map(|rest| match rest.strip_prefix('{') {
        Some(list) => list.split([',', '}']).map(|name| word(name.trim())).collect(),
        None => vec![word(rest)],
    });
    // A macro or a type of the crate is no module.
    names.filter(|name| name.starts_with(|c: char| c.is_ascii_lowercase())).collect()
}
