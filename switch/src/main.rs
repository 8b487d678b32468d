//! `zcompat enable | disable | status`: the two libraries before the system's, or not.
//!
//! glibc's loader looks into `ld.so.cache`, which `ldconfig` makes from the folders that
//! `ld.so.conf.d` names, in their order. One file there, first in the alphabet, is the whole switch.

mod fresh;
mod loader;
mod running;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use fresh::Answer;

/// Puts zcompat's libz and libzstd before the system's for every program, or takes them away.
#[derive(Parser)]
#[command(name = "zcompat", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Prove in a child process that the libraries work, then put them before the system's
    Enable {
        /// The folder that holds the libraries
        #[arg(long, value_name = "DIR", default_value = option_env!("ZCOMPAT_LIBDIR"))]
        libdir: PathBuf,
    },
    /// Return to the system's own libraries
    Disable,
    /// Which files a new process and each running one maps
    Status,
    /// Load both libraries as any program does, use them, and say which files they are
    #[command(hide = true)]
    Probe,
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Enable { libdir } => enable(&libdir),
        Command::Disable => disable(),
        Command::Status => status(),
        Command::Probe => fresh::probe(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("zcompat: {why}");
            ExitCode::FAILURE
        }
    }
}

fn enable(libdir: &Path) -> Result<(), String> {
    let libdir = libdir.canonicalize().map_err(|e| format!("{}: {e}", libdir.display()))?;
    let refused = |why: String| format!("not enabled: {why}");
    let ours = fresh::ask(Some(&libdir)).map_err(refused)?;
    are_ours(&ours, &libdir).map_err(refused)?;
    // Programs were linked with what is there now: none may miss a symbol.
    let present = fresh::ask(None).map_err(|why| {
        refused(format!("the libraries that are in use now cannot be compared: {why}"))
    })?;
    for (ours, present) in ours.iter().zip(&present) {
        fresh::covers(ours, present).map_err(refused)?;
    }

    let before = loader::folder();
    loader::set(Some(&libdir))?;
    let now = fresh::ask(None).and_then(|now| are_ours(&now, &libdir));
    if let Err(why) = now {
        loader::set(before.as_deref())?;
        return Err(refused(format!("{why}; everything is as it was")));
    }
    say(&format!("enabled: new processes map the libraries in {}\n", libdir.display()));
    Ok(())
}

/// That both libraries are zcompat's and come from `libdir` or a folder for better CPUs below it.
fn are_ours(answers: &[Answer], libdir: &Path) -> Result<(), String> {
    for answer in answers {
        if !answer.file.starts_with(libdir) {
            let file = answer.file.display();
            return Err(format!("{} is {file}, not from {}", answer.soname, libdir.display()));
        }
        if answer.zcompat.is_none() {
            return Err(format!("{} is no library of zcompat", answer.file.display()));
        }
    }
    Ok(())
}

fn disable() -> Result<(), String> {
    let Some(libdir) = loader::folder() else {
        say("disabled already\n");
        return Ok(());
    };
    loader::set(None)?;
    say("disabled: new processes map the system's libraries\n");
    // Something else may still name the folder: that is not ours to change.
    for answer in fresh::ask(None).unwrap_or_default() {
        if answer.file.starts_with(&libdir) {
            say(&format!("but {} is still {}\n", answer.soname, answer.file.display()));
        }
    }
    Ok(())
}

fn status() -> Result<(), String> {
    // A reader that has seen enough (`| head`) is no fault: the text is written in one piece.
    let mut text = match loader::folder() {
        Some(libdir) => format!("enabled: {} names {}\n", loader::CONFIG, libdir.display()),
        None => format!("disabled: there is no {}\n", loader::CONFIG),
    };
    text += "\na new process maps\n";
    for answer in fresh::ask(None)? {
        writeln!(text, "  {answer}").ok();
    }
    text += "\nrunning processes map\n";
    let running = running::all("/proc".as_ref())?;
    for (file, users) in &running.files {
        writeln!(text, "  {file}  {}", running::names(users)).ok();
    }
    if running.unreadable > 0 {
        writeln!(text, "  {} processes cannot be read by this user", running.unreadable).ok();
    }
    say(&text);
    Ok(())
}

/// Prints, for a reader that may be gone.
fn say(text: &str) {
    std::io::stdout().write_all(text.as_bytes()).ok();
}
