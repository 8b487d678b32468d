//! Shared objects, each loaded on its own so that equal names in others do not interpose.

use std::ffi::{CStr, CString, c_void};
use std::fs;
use std::mem::{size_of, transmute_copy};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A loaded shared object; it stays loaded.
pub struct Object {
    handle: *mut c_void,
    /// The file, without symbolic links.
    pub file: PathBuf,
}

impl Object {
    /// Loads `path`. `RTLD_LOCAL` keeps its names out of the others' sight, and a path with a
    /// slash is loaded even if another file of the same soname is.
    pub fn open(path: &Path) -> Result<Object, String> {
        let file = fs::canonicalize(path).map_err(|e| format!("{}: {e}", path.display()))?;
        let name = CString::new(file.as_os_str().as_bytes()).map_err(|e| e.to_string())?;
        // SAFETY: `name` is a C string; what the object's initialisers do is the object's affair.
        let handle = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        if handle.is_null() {
            return Err(last_error());
        }
        Ok(Object { handle, file })
    }

    /// The function `name`, which must lie in this very file: a name found in a dependency or an
    /// interposed one would measure another library.
    ///
    /// # Safety
    /// `F` is the type of a pointer to a function with `name`'s C signature.
    pub unsafe fn function<F: Copy>(&self, name: &str) -> Result<F, String> {
        assert_eq!(size_of::<F>(), size_of::<*mut c_void>());
        let c_name = CString::new(name).map_err(|e| e.to_string())?;
        // SAFETY: the handle is open, the name a C string.
        let address = unsafe { libc::dlsym(self.handle, c_name.as_ptr()) };
        if address.is_null() {
            return Err(format!("{} has no {name}", self.file.display()));
        }
        let from = file_of(address)?;
        if from != self.file {
            return Err(format!("{name} of {} is {}'s", self.file.display(), from.display()));
        }
        // SAFETY: as the caller promises; a non-null address of pointer size.
        Ok(unsafe { transmute_copy(&address) })
    }
}

fn file_of(address: *mut c_void) -> Result<PathBuf, String> {
    // SAFETY: all-zero is a valid Dl_info.
    let mut info: libc::Dl_info = unsafe { std::mem::zeroed() };
    // SAFETY: `info` is writable; any address may be asked about.
    if unsafe { libc::dladdr(address, &raw mut info) } == 0 || info.dli_fname.is_null() {
        return Err("a function lies in no file".to_owned());
    }
    // SAFETY: dladdr succeeded, so the name is a C string of the loader's.
    let name = unsafe { CStr::from_ptr(info.dli_fname) };
    fs::canonicalize(Path::new(std::ffi::OsStr::from_bytes(name.to_bytes())))
        .map_err(|e| format!("{}: {e}", name.to_string_lossy()))
}

fn last_error() -> String {
    // SAFETY: dlerror returns null or a C string that lives until this thread's next dl call.
    let message = unsafe { libc::dlerror() };
    if message.is_null() {
        return "dlopen failed".to_owned();
    }
    // SAFETY: not null, and copied at once.
    unsafe { CStr::from_ptr(message) }.to_string_lossy().into_owned()
}
