//! Processes that end with the one who started them.

use anyhow::{Context, Result};
use std::{
    process::{Child, Command},
    time::Duration,
};

pub const POLL: Duration = Duration::from_millis(50);
/// From the polite request to end until the other kind.
#[cfg(unix)]
const GRACE: Duration = Duration::from_secs(5);

/// A child that does not outlive its owner: in its own process group on Unix, so that what it
/// started in turn ends too.
pub struct Process {
    child: Child,
    ended: bool,
}

impl Process {
    pub fn spawn(command: &mut Command) -> Result<Self> {
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        let program = command.get_program().to_string_lossy().into_owned();
        let child = command.spawn().with_context(|| format!("cannot start {program}"))?;
        Ok(Self { child, ended: false })
    }

    pub fn stdout(&mut self) -> Option<std::process::ChildStdout> {
        self.child.stdout.take()
    }

    /// `None` while it runs, else whether it succeeded.
    pub fn ended(&mut self) -> Result<Option<bool>> {
        let status = self.child.try_wait().context("waiting for a process")?;
        self.ended = status.is_some();
        Ok(status.map(|status| status.success()))
    }

    #[cfg(unix)]
    fn terminate(&mut self) {
        self.signal(nix::sys::signal::Signal::SIGTERM);
        let asked = std::time::Instant::now();
        while asked.elapsed() < GRACE {
            if matches!(self.ended(), Ok(Some(_)) | Err(_)) {
                return;
            }
            std::thread::sleep(POLL);
        }
        self.signal(nix::sys::signal::Signal::SIGKILL);
        let _ = self.child.wait();
    }

    #[cfg(unix)]
    fn signal(&self, signal: nix::sys::signal::Signal) {
        if let Ok(pid) = i32::try_from(self.child.id()) {
            // An error means that the group is gone already.
            let _ = nix::sys::signal::killpg(nix::unistd::Pid::from_raw(pid), signal);
        }
    }

    #[cfg(not(unix))]
    fn terminate(&mut self) {
        let _ = Command::new("taskkill")
            .args(["/T", "/F", "/PID", &self.child.id().to_string()])
            .output();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.ended {
            self.terminate();
        }
    }
}
