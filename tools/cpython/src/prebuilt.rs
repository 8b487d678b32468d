//! The interpreters that are already there, and Debian sid's, with the libraries slipped under.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use super::interpreter::{Interpreter, Libraries};
use base::debian::{self, Sid};

/// An interpreter, and how to run it on stock libraries and on ours.
pub struct Place {
    /// The interpreter.
    pub interpreter: Interpreter,
    /// The libraries that it is used with by itself.
    pub stock: Libraries,
    /// Ours, as it sees their folder.
    pub ours: Libraries,
}

/// Every interpreter found, on the libraries in `prefix` too; and which of sid's is not available, with why.
pub fn find(sh: &Shell, prefix: &Path) -> Result<(Vec<Place>, Vec<String>)> {
    let mut left_out = Vec::new();
    let mut places: Vec<Place> = system(sh, prefix).into_iter().collect();
    places.extend(pyenv(prefix));
    for version in ["3.14", "3.15"] {
        match sid(sh, version, prefix) {
            Ok(place) => places.push(place),
            Err(error) => left_out.push(format!("Debian sid's {version}: {error:#}")),
        }
    }
    anyhow::ensure!(!places.is_empty(), "no Python found: neither system's nor pyenv's nor sid's");
    Ok((places, left_out))
}

fn on_host(name: String, program: PathBuf, prefix: &Path) -> Place {
    Place {
        interpreter: Interpreter::host(name, program),
        stock: Libraries::Own,
        ours: Libraries::At(prefix.join("lib")),
    }
}

/// The system's python3, with its tests installed if that can be done.
pub fn system(sh: &Shell, prefix: &Path) -> Option<Place> {
    let program = PathBuf::from("/usr/bin/python3");
    if !program.exists() {
        return None;
    }
    let place = on_host("system python3".to_owned(), program, prefix);
    let (major, minor) = place.interpreter.version().ok()?;
    // Debian packages most of the tests apart.
    if let Err(error) = debian::install(sh, &[&format!("libpython{major}.{minor}-testsuite")]) {
        println!("system python3 may lack tests: {error:#}");
    }
    Some(place)
}

/// pyenv's interpreters, oldest first.
pub fn pyenv(prefix: &Path) -> Vec<Place> {
    let root = env::var_os("PYENV_ROOT")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".pyenv")));
    let Some(entries) = root.and_then(|r| fs::read_dir(r.join("versions")).ok()) else {
        return Vec::new();
    };
    let mut found: Vec<(Vec<u32>, Place)> = Vec::new();
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let program = ["bin/python3", "bin/python"]
            .iter()
            .map(|p| entry.path().join(p))
            .find(|program| program.exists());
        // A link among the versions, such as 3.11 to 3.11.7, is the same interpreter again.
        let Some(program) = program.filter(|_| !entry.path().is_symlink()) else { continue };
        let version = name.split('.').map_while(|n| n.parse().ok()).collect();
        found.push((version, on_host(format!("pyenv {name}"), program, prefix)));
    }
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    found.into_iter().map(|(_, place)| place).collect()
}

/// Debian sid's Python `version`, unpacked with all it needs and entered by chroot.
pub fn sid(sh: &Shell, version: &str, prefix: &Path) -> Result<Place> {
    let python = format!("python{version}");
    let root =
        Sid::open(sh)?.root(sh, &python, &[&python, &format!("libpython{version}-testsuite")])?;
    // What an installed Debian has and no package brings. Without localhost test_xmlrpc waits for
    // ever for a server that could not start; without root's name test_tarfile cannot be imported.
    for (file, text) in [
        ("etc/hosts", "127.0.0.1 localhost\n::1 localhost\n"),
        ("etc/nsswitch.conf", "hosts: files\npasswd: files\ngroup: files\n"),
        ("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"),
        ("etc/group", "root:x:0:\n"),
    ] {
        fs::write(root.join(file), text)?;
    }
    let libraries = PathBuf::from("/zcompat");
    copy_libraries(sh, prefix, &root.join("zcompat"))?;
    let place = Place {
        interpreter: Interpreter {
            name: format!("sid {version}"),
            program: Path::new("/usr/bin").join(&python),
            root: Some(root),
        },
        stock: Libraries::Own,
        ours: Libraries::At(libraries),
    };
    place
        .interpreter
        .version()
        .context("a chroot in a mount namespace of its own cannot be entered")?;
    Ok(place)
}

/// Copies the installed libraries to where an unpacked Debian sees them.
fn copy_libraries(sh: &Shell, prefix: &Path, to: &Path) -> Result<()> {
    let _ = fs::remove_dir_all(to);
    fs::create_dir_all(to)?;
    let from = prefix.join("lib");
    for entry in fs::read_dir(&from).with_context(|| format!("{}", from.display()))?.flatten() {
        let file = entry.path();
        if file.file_name().is_some_and(|n| n.to_string_lossy().contains(".so.")) {
            cmd!(sh, "cp -a {file} {to}").quiet().run()?;
        }
    }
    Ok(())
}
