//! `cargo xtask package`: the source archive, and packages made from it as a distribution would.

pub mod checks;
pub mod chroot;
pub mod copyright;
pub mod deb;
pub mod foreign;
pub mod sbom;
pub mod tarball;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Subcommand;
use xshell::Shell;

use base::paths;

/// What `cargo xtask package` takes.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// A source archive with all crates in it, its bill of materials and its checksum
    Tarball,
    /// Debian packages, built offline from the archive in a clean root of a suite
    Deb {
        /// The Debian suite: sid, bookworm, …
        #[arg(long, default_value = "sid")]
        suite: String,
    },
    /// An RPM package, built from the archive by this machine's rpmbuild
    Rpm,
    /// An Arch package, built from the archive by this machine's makepkg
    Arch,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<ExitCode> {
    let sh = Shell::new()?;
    let archive = tarball::make(&sh, paths::root(), &folder()?)?;
    let made = match &args.what {
        What::Tarball => vec![archive.file, archive.sbom, archive.checksums],
        What::Deb { suite } => deb::build(&sh, &archive, suite)?,
        What::Rpm => foreign::rpm(&sh, &archive)?,
        What::Arch => foreign::arch(&sh, &archive)?,
    };
    for file in made {
        println!("{}", file.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// Where everything goes.
pub fn folder() -> Result<PathBuf> {
    let dir = paths::target().join("package");
    std::fs::create_dir_all(&dir).with_context(|| dir.display().to_string())?;
    // Builds have other folders: what is handed to them must not depend on where they are.
    std::path::absolute(dir).map_err(Into::into)
}
