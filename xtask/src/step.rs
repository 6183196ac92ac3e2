//! One printed line per step; what a step's process says goes to a log.

use anyhow::{Context, Result, bail};
use std::{
    env, fmt,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

const POLL: Duration = Duration::from_millis(50);
const GRACE: Duration = Duration::from_secs(5);
const TAIL_LINES: usize = 30;
const LABEL_WIDTH: usize = 40;

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
    fn signal(&self, signal: nix::sys::signal::Signal) {
        if let Ok(pid) = i32::try_from(self.child.id()) {
            // An error means that the group is gone already.
            let _ = nix::sys::signal::killpg(nix::unistd::Pid::from_raw(pid), signal);
        }
    }

    fn terminate(&mut self) {
        #[cfg(unix)]
        {
            self.signal(nix::sys::signal::Signal::SIGTERM);
            let asked = Instant::now();
            while asked.elapsed() < GRACE {
                if matches!(self.ended(), Ok(Some(_)) | Err(_)) {
                    return;
                }
                thread::sleep(POLL);
            }
            self.signal(nix::sys::signal::Signal::SIGKILL);
        }
        #[cfg(not(unix))]
        {
            let _ = Command::new("taskkill")
                .args(["/T", "/F", "/PID", &self.child.id().to_string()])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
        self.ended = true;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.ended {
            self.terminate();
        }
    }
}

/// The line of a step: the label appears at once, the outcome when it is known.
pub struct Line {
    started: Instant,
    open: bool,
}

impl Line {
    pub fn start(label: &str) -> Self {
        print!("  {} ", dotted(label));
        let _ = io::stdout().flush();
        Self { started: Instant::now(), open: true }
    }

    pub fn note(&self, text: &str) {
        print!("{text} ");
        let _ = io::stdout().flush();
    }

    pub fn done(mut self, outcome: &str) {
        self.open = false;
        println!("{outcome} ({})", seconds(self.started.elapsed()));
    }

    /// Ends the line with the outcome of `work`.
    pub fn finish<T>(self, work: Result<T>, outcome: &str) -> Result<T> {
        match &work {
            Ok(_) => self.done(outcome),
            Err(error) if error.is::<Interrupted>() => {}
            Err(_) => self.done("failed"),
        }
        work
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if self.open {
            println!();
        }
    }
}

fn dotted(label: &str) -> String {
    let dots = LABEL_WIDTH.saturating_sub(label.chars().count() + 1).max(3);
    format!("{label} {}", ".".repeat(dots))
}

fn seconds(elapsed: Duration) -> String {
    format!("{:.1} s", elapsed.as_secs_f64())
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
    fn labels_line_up() {
        assert_eq!(dotted("trunk").chars().count(), LABEL_WIDTH);
        assert_eq!(dotted("wasm-bindgen 0.2.130").chars().count(), LABEL_WIDTH);
    }

    #[test]
    fn a_long_label_keeps_its_dots() {
        assert!(dotted(&"x".repeat(90)).ends_with("x ..."));
    }

    #[test]
    fn the_tail_is_the_end() {
        assert_eq!(tail("a\nb\nc\n\n", 2), "b\nc");
        assert_eq!(tail("a", 5), "a");
        assert_eq!(tail("", 5), "");
    }

    #[test]
    fn time_has_one_decimal() {
        assert_eq!(seconds(Duration::from_millis(1260)), "1.3 s");
    }

    #[test]
    fn an_interrupt_stays_one_under_context() {
        let error = anyhow::Error::from(Interrupted).context("more");
        assert!(keep_interrupt(error).is::<Interrupted>());
    }
}
