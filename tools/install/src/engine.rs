//! Whose code makes and reads deflate streams: docs/zlib-rs-engine.md.

use std::path::PathBuf;

use clap::ValueEnum;

use base::paths;

/// Whose stream functions libz has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum)]
pub enum Engine {
    /// Ours
    #[default]
    Own,
    /// zlib-rs's, as they are
    ZlibRs,
}

impl Engine {
    /// What `cargo cinstall` is told beside the usual.
    pub fn arguments(self) -> &'static [&'static str] {
        match self {
            Engine::Own => &[],
            Engine::ZlibRs => &["--features=libz/engine-zlib-rs"],
        }
    }

    /// Where `cargo xtask install` puts the libraries unless told otherwise.
    pub fn prefix(self) -> PathBuf {
        match self {
            Engine::Own => paths::default_prefix(),
            Engine::ZlibRs => paths::target().join("prefix-zlib-rs"),
        }
    }

    /// The end of names and command lines; empty for ours.
    pub fn suffix(self, before: &str) -> String {
        match self {
            Engine::Own => String::new(),
            Engine::ZlibRs => format!("{before}zlib-rs"),
        }
    }
}
