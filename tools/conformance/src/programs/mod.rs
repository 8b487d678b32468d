//! `cargo xtask conformance programs`: a real job with each of some everyday programs.
//!
//! Each job runs on our libraries and on the system's: what one writes the other must read, and the
//! decoded content must be equal. Compressed bytes are compared by `cargo xtask conformance bytes`: the
//! system's libz need not be 1.3.2.

mod archives;
pub mod database;
pub mod development;
mod network;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use xshell::Shell;

use super::lab::{Lab, in_lab};
use super::{Common, Outcome, Report};
use base::debian;

/// What `cargo xtask conformance programs` takes.
#[derive(clap::Args, Default)]
pub struct Args {
    #[command(flatten)]
    common: Common,
}

struct Program {
    name: &'static str,
    packages: &'static [&'static str],
    /// Installing its package starts a service where systemd runs.
    server: bool,
    /// Which of the job's programs must have mapped which library.
    mapped: &'static [(&'static str, &'static str)],
    /// Returns what was done, in a few words.
    job: fn(&Lab) -> Result<String>,
}

const PROGRAMS: [Program; 11] = [
    Program {
        name: "git",
        packages: &["git"],
        server: false,
        mapped: &[("git", "libz")],
        job: development::git,
    },
    Program {
        name: "curl-nginx",
        packages: &["curl", "nginx", "zstd"],
        server: true,
        mapped: &[("curl", "libz"), ("nginx", "libz"), ("curl", "libzstd")],
        job: network::curl_and_nginx,
    },
    Program {
        name: "python3",
        packages: &["python3"],
        server: false,
        mapped: &[("python3", "libz")],
        job: development::python,
    },
    Program {
        name: "rsync",
        packages: &["rsync"],
        server: false,
        mapped: &[("rsync", "libz"), ("rsync", "libzstd")],
        job: network::rsync,
    },
    Program {
        name: "dpkg-deb",
        packages: &["dpkg", "binutils"],
        server: false,
        mapped: &[("dpkg-deb", "libz"), ("dpkg-deb", "libzstd")],
        job: archives::dpkg_deb,
    },
    Program {
        name: "qemu-img",
        packages: &["qemu-utils"],
        server: false,
        mapped: &[("qemu-img", "libz"), ("qemu-img", "libzstd")],
        job: archives::qemu_img,
    },
    Program {
        name: "sqlite3",
        packages: &["sqlite3"],
        server: false,
        mapped: &[("sqlite3", "libz")],
        job: archives::sqlite,
    },
    Program {
        name: "bsdtar",
        packages: &["libarchive-tools"],
        server: false,
        mapped: &[("bsdtar", "libz"), ("bsdtar", "libzstd")],
        job: archives::bsdtar,
    },
    Program {
        name: "squashfs",
        packages: &["squashfs-tools"],
        server: false,
        mapped: &[
            ("mksquashfs", "libz"),
            ("mksquashfs", "libzstd"),
            ("unsquashfs", "libz"),
            ("unsquashfs", "libzstd"),
        ],
        job: archives::squashfs,
    },
    Program {
        name: "gcc",
        packages: &["gcc", "libc6-dev", "binutils", "gdb"],
        server: false,
        mapped: &[
            ("as", "libz"),
            ("as", "libzstd"),
            ("ld.bfd", "libz"),
            ("ld.bfd", "libzstd"),
            ("readelf", "libz"),
            ("readelf", "libzstd"),
            ("objdump", "libzstd"),
            ("gdb", "libz"),
            ("gdb", "libzstd"),
        ],
        job: development::gcc,
    },
    Program {
        name: "postgresql",
        packages: &["postgresql"],
        server: true,
        mapped: &[
            ("postgres", "libz"),
            ("postgres", "libzstd"),
            ("pg_dump", "libz"),
            ("pg_restore", "libz"),
            ("pg_basebackup", "libzstd"),
        ],
        job: database::postgresql,
    },
];

/// The names of all jobs.
pub fn names() -> Vec<&'static str> {
    PROGRAMS.iter().map(|p| p.name).collect()
}

/// Runs the command.
pub fn run(args: &Args) -> Result<ExitCode> {
    args.common.run(&names(), |_| Ok(()), |(), sh, prefix, name| run_one(sh, prefix, name))
}

/// Runs the job called `name` on the libraries in `prefix`.
pub fn run_one(sh: &Shell, prefix: &Path, name: &str) -> Report {
    let program = PROGRAMS.iter().find(|p| p.name == name).expect("the name is one of names()");
    Report::of(program.name, || {
        if let Err(error) = install(sh, program.packages, program.server) {
            return (Outcome::Skipped(format!("{error:#}")), Vec::new());
        }
        in_lab(Lab::new(sh, prefix, program.server), |lab| {
            let what = (program.job)(lab)?;
            lab.prove(program.mapped)?;
            Ok(what)
        })
    })
}

/// Installs what a job needs; a server only where that does not start it.
pub fn install(sh: &Shell, packages: &[&str], server: bool) -> Result<()> {
    // apt would start the service on this user's machine, at its public address.
    let by_hand = server && Path::new("/run/systemd/system").exists();
    for package in packages {
        anyhow::ensure!(
            !by_hand || debian::is_installed(sh, package),
            "missing: {package}; installing it starts a service, so that is left to you"
        );
    }
    debian::install(sh, packages)
}
