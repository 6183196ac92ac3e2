//! Where commands run, what they see, and the log that keeps what they say.

use crate::process::{POLL, Process};
use anyhow::{Context, Result, bail};
use std::{
    env, fmt,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

const TAIL_LINES: usize = 30;

/// Ctrl-C or a termination signal arrived.
#[derive(Debug)]
pub struct Interrupted;

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}

pub struct Shell {
    pub root: PathBuf,
    pub target: PathBuf,
    stop: Arc<AtomicBool>,
}

impl Shell {
    pub fn new() -> Result<Self> {
        let manifest = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest.parent().context("xtask has no parent folder")?.to_path_buf();
        let target = env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| Ok(root.join("target")), |dir| std::path::absolute(PathBuf::from(dir)))
            .context("CARGO_TARGET_DIR")?;
        fs::create_dir_all(target.join("xtask")).context("creating the folder for logs")?;
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        ctrlc::set_handler(move || flag.store(true, Ordering::SeqCst)).context("signal handler")?;
        Ok(Self { root, target, stop })
    }

    pub fn log(&self, name: &str) -> PathBuf {
        self.target.join("xtask").join(format!("{name}.log"))
    }

    /// A command that runs in the repository and sees the same target folder as this process.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("CARGO_TERM_COLOR", "never")
            // trunk takes the value for an option and dies of it.
            .env_remove("NO_COLOR")
            .stdin(Stdio::null());
        command
    }

    pub fn cargo(&self) -> Command {
        self.command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
    }

    pub fn check_interrupt(&self) -> Result<()> {
        if self.stop.load(Ordering::SeqCst) { Err(Interrupted.into()) } else { Ok(()) }
    }

    /// Runs to the end with all output in the log; says whether it succeeded.
    pub fn succeeds(&self, log: &str, command: &mut Command) -> Result<bool> {
        self.check_interrupt()?;
        let path = self.log(log);
        let out = File::create(&path).with_context(|| format!("creating {}", path.display()))?;
        command.stderr(out.try_clone().context("log file")?).stdout(out);
        let mut child = Process::spawn(command)?;
        loop {
            if let Some(success) = child.ended()? {
                return Ok(success);
            }
            self.check_interrupt()?;
            thread::sleep(POLL);
        }
    }

    /// As `succeeds`, but a failure is an error with the log's tail and what to do about it.
    pub fn run(&self, log: &str, command: &mut Command, remedy: &str) -> Result<()> {
        let ok = self
            .succeeds(log, command)
            .with_context(|| remedy.to_owned())
            .map_err(keep_interrupt)?;
        if !ok {
            bail!("{}\n{remedy}", self.failure(log));
        }
        Ok(())
    }

    pub fn failure(&self, log: &str) -> String {
        let path = self.log(log);
        let text = fs::read(&path).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        format!("{log} failed, the end of {}:\n\n{}\n", path.display(), tail(&text, TAIL_LINES))
    }

    /// Waits a moment; an error when the person wants to stop.
    pub fn pause(&self) -> Result<()> {
        self.check_interrupt()?;
        thread::sleep(POLL);
        Ok(())
    }
}

fn keep_interrupt(error: anyhow::Error) -> anyhow::Error {
    if error.downcast_ref::<Interrupted>().is_some() { Interrupted.into() } else { error }
}

pub fn tail(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.trim_end().lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

/// Where a program is on PATH, with the endings that the platform gives to programs.
pub fn find_on_path(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).find_map(|dir| program_in(&dir, name))
}

pub fn program_in(dir: &Path, name: &str) -> Option<PathBuf> {
    let endings: &[&str] = if cfg!(windows) { &[".exe", ".cmd", ".bat"] } else { &[""] };
    endings.iter().map(|ending| dir.join(format!("{name}{ending}"))).find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_the_end() {
        assert_eq!(tail("a\nb\nc\n\n", 2), "b\nc");
        assert_eq!(tail("a", 5), "a");
        assert_eq!(tail("", 5), "");
    }

    #[test]
    fn an_interrupt_stays_one_under_context() {
        let error = anyhow::Error::from(Interrupted).context("more");
        assert!(keep_interrupt(error).is::<Interrupted>());
    }
}
