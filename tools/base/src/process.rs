//! Child processes with an end: every one has a limit and takes its own children with it.

use std::fs::File;
use std::io::{Read, Seek};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// What a command that came to its end left.
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// All that it wrote there.
    pub stdout: Vec<u8>,
    /// All that it wrote there.
    pub stderr: Vec<u8>,
}

impl Finished {
    /// The last lines of what it said, for a message.
    pub fn tail(&self) -> String {
        let both = [self.stdout.as_slice(), self.stderr.as_slice()].concat();
        let text = String::from_utf8_lossy(&both);
        let lines: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty()).collect();
        lines[lines.len().saturating_sub(12)..].join("\n")
    }
}

/// How a process ended, in words.
pub fn ending(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("killed by signal {signal}"),
        (None, None) => "unknown end".into(),
    }
}

/// Runs `command` to its end, whatever its exit code.
///
/// Output goes through files, so that a child which outlives its parent cannot hold a pipe open.
///
/// # Errors
/// The command cannot be started, or is not done within `limit` (it is then killed).
pub fn finish(command: &mut Command, limit: Duration) -> Result<Finished> {
    let name = command.get_program().to_string_lossy().into_owned();
    let (mut out, mut err) = (tempfile::tempfile()?, tempfile::tempfile()?);
    command.stdout(out.try_clone()?).stderr(err.try_clone()?);
    let mut group = Group::spawn(command)?;
    let end = Instant::now() + limit;
    let status = loop {
        if let Some(status) = group.child.try_wait()? {
            break status;
        }
        if Instant::now() >= end {
            let said = text(&mut err).unwrap_or_default();
            bail!("{name} is not done after {limit:?}: {}", said.trim());
        }
        sleep(Duration::from_millis(4));
    };
    let read = |file: &mut File| -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        file.rewind()?;
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    Ok(Finished { status, stdout: read(&mut out)?, stderr: read(&mut err)? })
}

fn text(file: &mut File) -> Result<String> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A process that runs until this is dropped: a server under test.
pub struct Server {
    group: Group,
    said: File,
}

impl Server {
    /// Starts it; what it prints is kept for [`Server::said`].
    pub fn start(command: &mut Command) -> Result<Server> {
        let said = tempfile::tempfile()?;
        command.stdin(Stdio::null()).stdout(said.try_clone()?).stderr(said.try_clone()?);
        Ok(Server { group: Group::spawn(command)?, said })
    }

    /// Waits until `ready` holds.
    ///
    /// # Errors
    /// The server ended by itself, or `ready` does not hold within 30 seconds.
    pub fn wait_until(&mut self, ready: impl Fn() -> bool) -> Result<()> {
        let end = Instant::now() + Duration::from_secs(30);
        while !ready() {
            if let Some(status) = self.group.child.try_wait()? {
                bail!("the server ended with {}: {}", ending(status), self.said()?.trim());
            }
            if Instant::now() >= end {
                bail!("the server does not answer: {}", self.said()?.trim());
            }
            sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Asks it to stop with `signal` and returns all that it printed.
    ///
    /// # Errors
    /// It is still there after 20 seconds (it is then killed).
    pub fn stop(mut self, signal: i32) -> Result<String> {
        // SAFETY: kill takes any numbers; the child has not been waited for, so its id is its own.
        unsafe { libc::kill(self.group.child.id() as i32, signal) };
        let end = Instant::now() + Duration::from_secs(20);
        while self.group.child.try_wait()?.is_none() {
            if Instant::now() >= end {
                bail!("the server does not stop: {}", self.said()?.trim());
            }
            sleep(Duration::from_millis(10));
        }
        self.said()
    }

    fn said(&mut self) -> Result<String> {
        text(&mut self.said)
    }
}

/// A child in a process group of its own; dropping it kills what is left of the group.
struct Group {
    child: Child,
}

impl Group {
    fn spawn(command: &mut Command) -> Result<Group> {
        let name = command.get_program().to_string_lossy().into_owned();
        command.process_group(0);
        // SAFETY: the closure runs between fork and exec and makes one async-signal-safe call.
        unsafe {
            command.pre_exec(|| {
                // This process may be killed before it can clean up.
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                Ok(())
            });
        }
        let child = command.spawn().with_context(|| format!("cannot run {name}"))?;
        Ok(Group { child })
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // SAFETY: kill takes any numbers. The group is ours: the child leads it, and its id is not
        // given to another while a member lives; with none left the call just fails.
        unsafe { libc::kill(-(self.child.id() as i32), libc::SIGKILL) };
        self.child.wait().ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_and_status_come_back() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo out; echo err >&2; exit 3"]);
        let done = finish(&mut command, Duration::from_secs(20)).unwrap();
        assert_eq!(done.status.code(), Some(3));
        assert_eq!(
            (done.stdout.as_slice(), done.stderr.as_slice()),
            (&b"out\n"[..], &b"err\n"[..])
        );
    }

    #[test]
    fn a_late_command_is_killed_with_its_children() {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 600 & echo $! >&2; wait"]);
        let error = finish(&mut command, Duration::from_millis(300)).err().unwrap().to_string();
        assert!(error.contains("not done"), "{error}");
        let pid = error.rsplit(' ').next().unwrap();
        let gone = || !std::path::Path::new("/proc").join(pid).join("exe").exists();
        let end = Instant::now() + Duration::from_secs(10);
        while !gone() && Instant::now() < end {
            sleep(Duration::from_millis(10));
        }
        assert!(gone(), "process {pid} is still there");
    }
}
