//! Which files of the two libraries the running processes map.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// What the processes map.
#[derive(Default)]
pub struct Running {
    /// Processes by the library file, each with its id and name. A file that is gone or replaced
    /// has the kernel's ` (deleted)` behind it.
    pub files: BTreeMap<String, Vec<(u32, String)>>,
    /// Processes that this user may not look into.
    pub unreadable: usize,
}

/// Reads a `/proc`.
///
/// # Errors
/// It cannot be read at all.
pub fn all(proc: &Path) -> Result<Running, String> {
    let mut out = Running::default();
    let entries = fs::read_dir(proc).map_err(|e| format!("{}: {e}", proc.display()))?;
    for entry in entries.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let name = fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
        // A process that has ended in the meantime has no name either.
        match fs::read(entry.path().join("maps")) {
            Ok(maps) => {
                for file in libraries(&String::from_utf8_lossy(&maps)) {
                    out.files.entry(file).or_default().push((pid, name.trim().to_owned()));
                }
            }
            Err(_) if name.is_empty() => {}
            Err(_) => out.unreadable += 1,
        }
    }
    for users in out.files.values_mut() {
        users.sort();
    }
    Ok(out)
}

/// The files of libz and libzstd in a `maps`, each once.
pub fn libraries(maps: &str) -> Vec<String> {
    let mut files: Vec<String> = Vec::new();
    for line in maps.lines() {
        // Address, rights, offset, device, inode; the path may hold spaces.
        let Some(start) = line.find('/') else { continue };
        let path = &line[start..];
        let name = path.rsplit('/').next().unwrap_or_default();
        let ours = ["libz.so.", "libzstd.so."].iter().any(|stem| name.starts_with(stem));
        if ours && !files.iter().any(|file| file == path) {
            files.push(path.to_owned());
        }
    }
    files
}

/// How many processes, and some of their names: `3: cron (12), sshd (7, 9)`.
pub fn names(users: &[(u32, String)]) -> String {
    const SHOWN: usize = 12;
    let mut by_name: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (pid, name) in users.iter().take(SHOWN) {
        by_name.entry(name).or_default().push(pid.to_string());
    }
    let shown: Vec<_> =
        by_name.iter().map(|(name, pids)| format!("{name} ({})", pids.join(", "))).collect();
    let more = if users.len() > SHOWN { ", …" } else { "" };
    format!("{}: {}{more}", users.len(), shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAPS: &str = "\
55d0-55d1 r--p 00000000 fe:00 12  /usr/bin/git
7f01-7f02 r--p 00000000 fe:00 13  /usr/lib/a folder/libz.so.1.3.2
7f02-7f03 r-xp 00001000 fe:00 13  /usr/lib/a folder/libz.so.1.3.2
7f04-7f05 r--p 00000000 fe:00 14  /usr/lib/libzstd.so.1.5.7 (deleted)
7f05-7f06 r--p 00000000 fe:00 15  /usr/lib/libzip.so.5
7f06-7f07 rw-p 00000000 00:00 0   [heap]
";

    #[test]
    fn libraries_are_found_in_maps() {
        assert_eq!(
            libraries(MAPS),
            ["/usr/lib/a folder/libz.so.1.3.2", "/usr/lib/libzstd.so.1.5.7 (deleted)"]
        );
    }

    #[test]
    fn a_folder_of_processes_is_read() {
        let dir = tempfile::tempdir().unwrap();
        for (pid, name, maps) in [("7", "git", MAPS), ("12", "sh", ""), ("self", "x", MAPS)] {
            let process = dir.path().join(pid);
            fs::create_dir(&process).unwrap();
            fs::write(process.join("comm"), format!("{name}\n")).unwrap();
            fs::write(process.join("maps"), maps).unwrap();
        }
        // One with a name, whose maps cannot be read.
        fs::create_dir(dir.path().join("9")).unwrap();
        fs::write(dir.path().join("9/comm"), "secret\n").unwrap();
        let running = all(dir.path()).unwrap();
        assert_eq!(running.unreadable, 1);
        assert_eq!(running.files.len(), 2);
        assert!(running.files.values().all(|users| users == &[(7, "git".to_owned())]));
    }

    #[test]
    fn names_are_counted_and_cut() {
        let users: Vec<_> = (1..=14).map(|pid| (pid, "sh".to_owned())).collect();
        assert_eq!(names(&users[..2]), "2: sh (1, 2)");
        assert_eq!(names(&users), "14: sh (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), …");
    }
}
