//! Where things are in the workspace and under target/.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The workspace's root.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("this is tools/base")
}

/// What every command may write to: target/, or `CARGO_TARGET_DIR`.
pub fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}

/// A file below [`target`] that one process at a time has: until it is dropped, or the process ends
/// in whatever way. Waits for another's, and says so.
pub fn lock(name: &str) -> Result<File> {
    let path = target().join(name);
    fs::create_dir_all(path.parent().unwrap_or(&path))?;
    let file = File::create(&path).with_context(|| path.display().to_string())?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            eprintln!("waiting for another run, which has {}", path.display());
            file.lock()?;
        }
        Err(TryLockError::Error(error)) => return Err(error).context(path.display().to_string()),
    }
    Ok(file)
}

/// Where `cargo xtask install` puts things unless told otherwise.
pub fn default_prefix() -> PathBuf {
    target().join("prefix")
}

/// Whether a program of that name, or at that path, is there.
pub fn is_on_path(program: &str) -> bool {
    if program.contains('/') {
        return Path::new(program).exists();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}
