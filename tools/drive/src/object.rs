//! Shared objects, each loaded on its own so that equal names in others do not interpose.

use std::ffi::{CStr, c_int, c_void};
use std::fs;
use std::mem::{ManuallyDrop, size_of, transmute_copy};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};

/// A loaded shared object; it stays loaded.
pub struct Object {
    library: ManuallyDrop<Library>,
    /// The file, without symbolic links.
    pub file: PathBuf,
}

impl Object {
    /// Loads `path`. `RTLD_LOCAL` keeps its names out of the others' sight, and a path with a slash
    /// is loaded even if another file of the same soname is.
    ///
    /// # Errors
    /// The file is not there or cannot be loaded.
    pub fn open(path: &Path) -> Result<Object, String> {
        Object::open_with(path, 0)
    }

    /// The same with more of dlopen's flags.
    ///
    /// # Errors
    /// As [`Object::open`].
    pub fn open_with(path: &Path, flags: c_int) -> Result<Object, String> {
        let file = fs::canonicalize(path).map_err(|e| format!("{}: {e}", path.display()))?;
        // SAFETY: what the object's initialisers do is the object's affair.
        let library = unsafe { Library::open(Some(&file), RTLD_NOW | RTLD_LOCAL | flags) }
            .map_err(|e| e.to_string())?;
        // Functions that were handed out outlive any owner.
        Ok(Object { library: ManuallyDrop::new(library), file })
    }

    /// Whether it exports `name`.
    pub fn has(&self, name: &str) -> bool {
        self.address(name).is_ok()
    }

    /// The function `name`, which must lie in this very file: a name found in a dependency or an
    /// interposed one would be another library's.
    ///
    /// # Errors
    /// It is not exported, or lies in another file.
    ///
    /// # Safety
    /// `F` is the type of a pointer to a function with `name`'s C signature.
    pub unsafe fn function<F: Copy>(&self, name: &str) -> Result<F, String> {
        assert_eq!(size_of::<F>(), size_of::<*mut c_void>());
        let address = self.address(name)?;
        let from = file_of(address)?;
        if from != self.file {
            return Err(format!("{name} of {} is {}'s", self.file.display(), from.display()));
        }
        // SAFETY: as the caller promises; a non-null address of pointer size.
        Ok(unsafe { transmute_copy(&address) })
    }

    fn address(&self, name: &str) -> Result<*mut c_void, String> {
        // SAFETY: the symbol is only looked at as an address here.
        let symbol = unsafe { self.library.get::<*mut c_void>(name.as_bytes()) };
        match symbol.map(|symbol| symbol.into_raw()) {
            Ok(address) if !address.is_null() => Ok(address),
            _ => Err(format!("{} has no {name}", self.file.display())),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The C library, which every program here has loaded.
    fn libc_file() -> PathBuf {
        file_of(libc::getpid as *mut c_void).unwrap()
    }

    #[test]
    fn a_function_is_found_and_called() {
        let object = Object::open(&libc_file()).unwrap();
        assert!(object.has("getpid") && !object.has("no_such_function"));
        // SAFETY: getpid takes nothing and returns an int.
        let getpid = unsafe { object.function::<extern "C" fn() -> c_int>("getpid") }.unwrap();
        assert_eq!(getpid() as u32, std::process::id());
    }

    #[test]
    fn what_is_not_there_is_an_error() {
        assert!(Object::open(Path::new("/nonexistent/libz.so.1")).is_err());
        assert!(Object::open(Path::new("/proc/self/status")).is_err());
        let object = Object::open(&libc_file()).unwrap();
        // SAFETY: nothing is called.
        assert!(unsafe { object.function::<extern "C" fn()>("no_such_function") }.is_err());
    }
}
