//! Runs in a child process, so that a crash is a finding and not the end.

use std::io::{Read, Write};
use std::os::fd::FromRawFd;

/// How a child ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// It returned without an error.
    Fine,
    /// It returned this error.
    Error(String),
    /// A signal killed it; what it had last reported.
    Killed { signal: i32, progress: u64 },
}

/// Reports how far a child is, for [`Ending::Killed`].
pub struct Progress(*mut u64);

impl Progress {
    /// Remembers `value`.
    pub fn set(&self, value: u64) {
        // SAFETY: the page is shared and stays mapped.
        unsafe { self.0.write_volatile(value) }
    }
}

/// As [`isolated`], without what the child says on stderr.
pub fn silent(seconds: u32, work: impl FnOnce() -> Result<(), String>) -> Ending {
    isolated(seconds, |_| {
        // SAFETY: plain system calls; a failure leaves stderr as it is.
        unsafe {
            let null = libc::open(c"/dev/null".as_ptr(), libc::O_WRONLY);
            libc::dup2(null, 2);
        }
        work()
    })
}

/// Runs `work` in a child process, killed after `seconds`.
pub fn isolated(seconds: u32, work: impl FnOnce(&Progress) -> Result<(), String>) -> Ending {
    let mut fds = [0; 2];
    // SAFETY: plain system calls; the child only runs `work` and leaves without unwinding into
    // this process's own clean-up.
    unsafe {
        let page = libc::mmap(
            std::ptr::null_mut(),
            8,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED | libc::MAP_ANONYMOUS,
            -1,
            0,
        );
        assert!(page != libc::MAP_FAILED && libc::pipe(fds.as_mut_ptr()) == 0);
        let progress = Progress(page.cast());
        let child = libc::fork();
        assert!(child >= 0, "fork");
        if child == 0 {
            libc::close(fds[0]);
            libc::alarm(seconds);
            let result = work(&progress);
            if let Err(error) = &result {
                let mut pipe = std::fs::File::from_raw_fd(fds[1]);
                pipe.write_all(error.as_bytes()).ok();
            }
            libc::_exit(if result.is_ok() { 0 } else { 1 });
        }
        libc::close(fds[1]);
        let mut text = String::new();
        std::fs::File::from_raw_fd(fds[0]).read_to_string(&mut text).ok();
        let mut status = 0;
        libc::waitpid(child, &mut status, 0);
        let last = progress.0.read_volatile();
        libc::munmap(page, 8);
        if libc::WIFSIGNALED(status) {
            return Ending::Killed { signal: libc::WTERMSIG(status), progress: last };
        }
        match libc::WEXITSTATUS(status) {
            0 => Ending::Fine,
            // A panic in the harness itself leaves with 101 and its text on stderr.
            status if text.is_empty() => Ending::Error(format!("exit status {status}")),
            _ => Ending::Error(text),
        }
    }
}
