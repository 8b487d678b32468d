//! Which of glibc's functions a library needs, and since when glibc has them.

use std::path::Path;

use anyhow::Result;
use link::elf::{Elf, Undefined};

/// A function that the loader looks for in glibc.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Needed {
    /// The version node's number: `GLIBC_2.31` as (2, 31).
    pub since: (u32, u32),
    /// The function's name.
    pub name: String,
    /// It may be absent: the library then does without.
    pub weak: bool,
}

/// The glibc of Debian 11, on which the libraries run when they are built there.
pub const OLDEST: (u32, u32) = (2, 31);

/// Those of `needed` that keep a library from running on [`OLDEST`], wherever it is built: not what
/// [`OLDEST`] has too, where a newer glibc gave it a new name or version.
pub fn too_new(needed: &[Needed]) -> Vec<&Needed> {
    let there = |name: &str| {
        // In libpthread and libdl until 2.34.
        name.starts_with("pthread_")
            || ["dlopen", "dlsym", "dlclose", "dlerror", "dladdr"].contains(&name)
            // Inline functions around __xstat64 and the like until 2.33.
            || ["stat64", "fstat64", "lstat64", "fstatat64"].contains(&name)
            // What libgcc calls in place of dl_iterate_phdr where glibc is 2.35 or newer.
            || name == "_dl_find_object"
    };
    needed.iter().filter(|n| n.since > OLDEST && !n.weak && !there(&n.name)).collect()
}

/// What the library in this file needs of glibc, the newest last.
///
/// # Errors
/// It is no shared library.
pub fn needed(file: &Path) -> Result<Vec<Needed>> {
    let undefined = Elf::read(file)?.undefined;
    let of_glibc = |symbol: Undefined| {
        let since = number(symbol.version.as_deref()?)?;
        Some(Needed { since, name: symbol.name, weak: symbol.weak })
    };
    let mut out: Vec<_> = undefined.into_iter().filter_map(of_glibc).collect();
    out.sort();
    Ok(out)
}

/// `GLIBC_2.2.5` as (2, 2).
fn number(node: &str) -> Option<(u32, u32)> {
    let mut parts = node.strip_prefix("GLIBC_")?.split('.').map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_numbers() {
        assert_eq!(number("GLIBC_2.2.5"), Some((2, 2)));
        assert_eq!(number("GLIBC_2.34"), Some((2, 34)));
        assert_eq!(number("GLIBC_PRIVATE"), None);
        assert_eq!(number("GCC_3.0"), None);
    }

    #[test]
    fn what_came_after_debian_11_is_found() {
        let needs = |since, name: &str, weak| Needed { since, name: name.into(), weak };
        let some = [
            needs((2, 14), "memcpy", false),
            needs((2, 33), "stat64", false),
            needs((2, 34), "pthread_create", false),
            needs((2, 36), "pidfd_open", true),
            needs((2, 36), "arc4random", false),
        ];
        assert_eq!(too_new(&some), [&some[4]]);
    }

    /// This very program is linked with glibc: what `readelf` tells of it is what is read here.
    #[test]
    fn a_program_of_this_machine_is_read() {
        let found = needed(&std::env::current_exe().unwrap()).unwrap();
        let main = found.iter().find(|n| n.name == "__libc_start_main").unwrap();
        assert!(!main.weak && main.since >= (2, 2));
        assert!(found.is_sorted());
    }
}
