//! What tells glibc's loader where to look first.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The file that names our folder. Its name is before that of any other in the folder, since the
/// first folder with a library wins.
pub const CONFIG: &str = "/etc/ld.so.conf.d/00-zcompat.conf";

/// The folder that the file names; none while the switch is off.
pub fn folder() -> Option<PathBuf> {
    named_in(&fs::read_to_string(CONFIG).ok()?)
}

fn named_in(text: &str) -> Option<PathBuf> {
    let line = text.lines().map(str::trim).find(|line| line.starts_with('/'))?;
    Some(line.into())
}

/// Names `folder` to the loader, or nothing.
///
/// # Errors
/// The file cannot be written, or `ldconfig` fails: then the file is as it was.
pub fn set(folder: Option<&Path>) -> Result<(), String> {
    let before = fs::read(CONFIG).ok();
    let text = folder.map(|folder| {
        format!(
            "# Written by `zcompat enable`; `zcompat disable` removes it.\n{}\n",
            folder.display()
        )
    });
    write(text.as_deref().map(str::as_bytes))?;
    if let Err(why) = ldconfig() {
        write(before.as_deref())?;
        return Err(why);
    }
    Ok(())
}

/// Puts the file in place by a rename: a power cut leaves the old or the new.
fn write(text: Option<&[u8]>) -> Result<(), String> {
    let fresh = format!("{CONFIG}.new");
    let done = match text {
        Some(text) => fs::write(&fresh, text).and_then(|()| fs::rename(&fresh, CONFIG)),
        None => match fs::remove_file(CONFIG) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            done => done,
        },
    };
    done.map_err(|error| {
        fs::remove_file(&fresh).ok();
        let advice = match error.kind() {
            ErrorKind::PermissionDenied => ": root can",
            ErrorKind::NotFound => ": this system has no glibc loader with such a folder",
            _ => "",
        };
        format!("{CONFIG} cannot be changed ({error}){advice}")
    })
}

fn ldconfig() -> Result<(), String> {
    // A user's PATH often lacks it, and so does that of a package manager's script.
    let program =
        ["/sbin/ldconfig", "/usr/bin/ldconfig"].into_iter().find(|p| Path::new(p).exists());
    let program = program.ok_or("this system has no ldconfig, which glibc's loader needs")?;
    let out = Command::new(program).output().map_err(|e| format!("{program}: {e}"))?;
    if out.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&out.stderr);
    Err(format!("{program} failed: {}", said.lines().last().unwrap_or("it says nothing")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_the_first_line_that_is_a_path() {
        assert_eq!(named_in("# why\n\n  /usr/lib/z/lib \n/other\n"), Some("/usr/lib/z/lib".into()));
        assert_eq!(named_in("# why\n"), None);
        assert_eq!(named_in(""), None);
    }
}
