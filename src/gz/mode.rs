//! What the mode string of `gzopen` and `gzdopen` asks for.

use core::ffi::c_int;

use crate::codes::{DEFAULT_LEVEL, Strategy};

/// What a file is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Read { gzip_only: bool },
    Write { append: bool, transparent: bool },
}

/// A mode string, understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mode {
    pub(super) access: Access,
    /// 0 to 9, or -1 for the default.
    pub(super) level: c_int,
    /// How matches are looked for.
    pub(super) strategy: Strategy,
    /// `x`: fail when the file exists.
    exclusive: bool,
    /// `e`: close on exec.
    pub(super) close_on_exec: bool,
    /// `N`: never wait for the descriptor.
    pub(super) nonblocking: bool,
}

impl Mode {
    /// Reads a mode string (zlib.h, `gzopen`). `None` when it has no `r`, `w` or `a`, or a `+`, or
    /// a `T` for reading, or a `G` for writing. The last of contradicting letters counts, unknown
    /// ones are passed over.
    pub(super) fn parse(text: &[u8]) -> Option<Mode> {
        let (mut verb, mut form) = (None, None);
        let mut level = DEFAULT_LEVEL;
        let mut strategy = Strategy::Default;
        let (mut exclusive, mut close_on_exec, mut nonblocking) = (false, false, false);
        for &letter in text {
            match letter {
                b'0'..=b'9' => level = c_int::from(letter - b'0'),
                b'r' | b'w' | b'a' => verb = Some(letter),
                b'G' | b'T' => form = Some(letter),
                b'f' => strategy = Strategy::Filtered,
                b'h' => strategy = Strategy::HuffmanOnly,
                b'R' => strategy = Strategy::Rle,
                b'F' => strategy = Strategy::Fixed,
                b'x' => exclusive = true,
                b'e' => close_on_exec = true,
                b'N' => nonblocking = true,
                b'+' => return None,
                _ => {}
            }
        }
        let access = match (verb?, form) {
            (b'r', Some(b'T')) | (b'w' | b'a', Some(b'G')) => return None,
            (b'r', form) => Access::Read { gzip_only: form.is_some() },
            (verb, form) => Access::Write { append: verb == b'a', transparent: form.is_some() },
        };
        Some(Mode { access, level, strategy, exclusive, close_on_exec, nonblocking })
    }

    /// The flags of open(2).
    pub(super) fn open_flags(&self) -> c_int {
        let mut flags = libc::O_LARGEFILE;
        flags |= match self.access {
            Access::Read { .. } => libc::O_RDONLY,
            Access::Write { append, .. } => {
                let end = if append { libc::O_APPEND } else { libc::O_TRUNC };
                let exclusive = if self.exclusive { libc::O_EXCL } else { 0 };
                libc::O_WRONLY | libc::O_CREAT | exclusive | end
            }
        };
        if self.close_on_exec {
            flags |= libc::O_CLOEXEC;
        }
        if self.nonblocking {
            flags |= libc::O_NONBLOCK;
        }
        flags
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(text: &str) -> Option<Access> {
        Mode::parse(text.as_bytes()).map(|mode| mode.access)
    }

    #[test]
    fn one_of_r_w_a_is_needed() {
        assert_eq!(access(""), None);
        assert_eq!(access("b9"), None);
        assert_eq!(access("rb"), Some(Access::Read { gzip_only: false }));
        assert_eq!(access("wb"), Some(Access::Write { append: false, transparent: false }));
        assert_eq!(access("ab"), Some(Access::Write { append: true, transparent: false }));
    }

    #[test]
    fn plus_is_refused_wherever_it_stands() {
        for text in ["+", "r+", "+w", "a+b"] {
            assert_eq!(access(text), None, "{text}");
        }
    }

    #[test]
    fn the_last_letter_of_a_kind_counts() {
        assert_eq!(access("rw"), Some(Access::Write { append: false, transparent: false }));
        assert_eq!(access("wTr"), None);
        assert_eq!(access("wGT"), Some(Access::Write { append: false, transparent: true }));
        assert_eq!(access("rTG"), Some(Access::Read { gzip_only: true }));
        let mode = Mode::parse(b"w19fhRF").unwrap();
        assert_eq!((mode.level, mode.strategy), (9, Strategy::Fixed));
    }

    #[test]
    fn g_only_reads_and_t_only_writes() {
        assert_eq!(access("rT"), None);
        assert_eq!(access("wG"), None);
        assert_eq!(access("aG"), None);
        assert_eq!(access("rG"), Some(Access::Read { gzip_only: true }));
        assert_eq!(access("aT"), Some(Access::Write { append: true, transparent: true }));
    }

    #[test]
    fn flags_of_open() {
        let flags = |text: &[u8]| Mode::parse(text).unwrap().open_flags() & !libc::O_LARGEFILE;
        let create = libc::O_WRONLY | libc::O_CREAT;
        assert_eq!(flags(b"rx"), libc::O_RDONLY);
        assert_eq!(flags(b"reN"), libc::O_RDONLY | libc::O_CLOEXEC | libc::O_NONBLOCK);
        assert_eq!(flags(b"w"), create | libc::O_TRUNC);
        assert_eq!(flags(b"wx"), create | libc::O_TRUNC | libc::O_EXCL);
        assert_eq!(flags(b"a"), create | libc::O_APPEND);
    }
}
