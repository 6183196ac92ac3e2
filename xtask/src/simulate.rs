//! A believable month, sent to a running server through the endpoint that pages use.

use crate::{
    process::POLL,
    shell::{Interrupted, Shell},
};
use anyhow::{Context, Result, anyhow, bail};
use simulate::{Plan, Simulation, bundle, places};
use std::{
    fs,
    io::{self, IsTerminal, Write},
    process::ExitCode,
    sync::{Mutex, mpsc},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// Bytes of a request; the server takes 1 MB.
const BODY: usize = 256 * 1024;
/// Requests under way at once.
const SENDERS: usize = 4;
/// How often one request is tried, and how long it waits when the server does not say.
const TRIES: u32 = 30;
const WAIT: Duration = Duration::from_secs(2);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
const HOUR_MS: u64 = 60 * 60 * 1_000;
const BAR: usize = 30;

#[derive(clap::Args)]
pub struct Args {
    /// How many people there are
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    users: u32,
    /// How many days back it begins; a server takes nothing older than 30
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=30))]
    days: u32,
    /// Another number gives other people; the same one, within the hour, the same events
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// The server
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: String,
}

pub fn run(shell: &Shell, args: &Args) -> Result<ExitCode> {
    let registry = shell.root.join("static").join("registry.json");
    let registry =
        fs::read_to_string(&registry).with_context(|| format!("reading {}", registry.display()))?;
    let places = places(&registry).map_err(|why| anyhow!("static/registry.json: {why}"))?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970")?;
    let now_ms = u64::try_from(now.as_millis()).context("the clock is far ahead")?;
    let plan = Plan {
        users: usize::try_from(args.users).context("--users")?,
        days: args.days,
        seed: args.seed,
        end_ms: now_ms - now_ms % HOUR_MS,
    };
    send(shell, plan, Simulation::new(plan, places), &args.url)?;
    Ok(ExitCode::SUCCESS)
}

fn send(shell: &Shell, plan: Plan, mut simulation: Simulation, url: &str) -> Result<()> {
    let started = Instant::now();
    let url = format!("{}/loki/api/v1/push", url.trim_end_matches('/'));
    let (bodies, queue) = mpsc::sync_channel::<String>(SENDERS * 2);
    let queue = Mutex::new(queue);
    let mut requests = 0;
    thread::scope(|scope| -> Result<()> {
        let senders: Vec<_> = (0..SENDERS)
            .map(|_| {
                scope.spawn(|| -> Result<()> {
                    let agent = agent();
                    loop {
                        // Held only until one has come.
                        let body = queue.lock().map_err(|_| anyhow!("a sender failed"))?.recv();
                        let Ok(body) = body else { return Ok(()) };
                        push(shell, &agent, &url, &body)?;
                    }
                })
            })
            .collect();
        let mut bar = Bar::new(plan.days);
        'days: for pushes in simulation.by_ref() {
            requests += pushes.len();
            for body in bundle(&pushes, BODY) {
                let mut waiting = Some(body);
                while let Some(body) = waiting.take() {
                    // A sender ends early only when it failed.
                    if senders.iter().any(thread::ScopedJoinHandle::is_finished) {
                        break 'days;
                    }
                    match bodies.try_send(body) {
                        Ok(()) => {}
                        Err(mpsc::TrySendError::Full(body)) => {
                            waiting = Some(body);
                            thread::sleep(Duration::from_millis(5));
                        }
                        Err(mpsc::TrySendError::Disconnected(_)) => break 'days,
                    }
                }
            }
            bar.step();
        }
        drop(bodies);
        let mut result = Ok(());
        for sender in senders {
            let ended = sender.join().unwrap_or_else(|_| Err(anyhow!("a sender failed")));
            result = result.and(ended);
        }
        bar.end();
        result
    })?;
    let truth = simulation.truth();
    let visits: u64 = truth.visits().values().sum();
    println!(
        "  {} people, {} sessions, {visits} visits and {} errors in {} days;\n  what pages sent in {requests} requests \
         is stored ({:.1} s).",
        truth.users(),
        truth.sessions(),
        truth.errors(),
        plan.days,
        started.elapsed().as_secs_f64()
    );
    Ok(())
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(60)))
        .build()
        .new_agent()
}

/// Until the server has it; when it asks for patience, it gets that.
fn push(shell: &Shell, agent: &ureq::Agent, url: &str, body: &str) -> Result<()> {
    for _ in 0..TRIES {
        shell.check_interrupt()?;
        let request = agent.post(url).header("content-type", "application/json");
        let mut answer = request.send(body).with_context(|| {
            format!(
                "{url} does not answer; `cargo xtask demo` starts a server, --url names another"
            )
        })?;
        match answer.status().as_u16() {
            200..=299 => return Ok(()),
            429 | 503 => {
                let after = answer.headers().get("retry-after").and_then(|text| text.to_str().ok());
                pause(shell, wait(after))?;
            }
            status => {
                let text = answer.body_mut().read_to_string().unwrap_or_default();
                bail!("{url} answered {status}: {}", text.trim());
            }
        }
    }
    bail!("{url} has asked for patience {TRIES} times in a row")
}

fn wait(retry_after: Option<&str>) -> Duration {
    let seconds = retry_after.and_then(|text| text.trim().parse().ok());
    seconds.map_or(WAIT, Duration::from_secs).min(LONGEST_WAIT)
}

fn pause(shell: &Shell, wait: Duration) -> Result<(), anyhow::Error> {
    let until = Instant::now() + wait;
    while Instant::now() < until {
        shell.check_interrupt().map_err(|_| anyhow!(Interrupted))?;
        thread::sleep(POLL);
    }
    Ok(())
}

/// Days done, on a terminal.
struct Bar {
    done: u32,
    of: u32,
    shown: bool,
}

impl Bar {
    fn new(of: u32) -> Self {
        let bar = Self { done: 0, of, shown: io::stdout().is_terminal() };
        bar.draw();
        bar
    }

    fn step(&mut self) {
        self.done += 1;
        self.draw();
    }

    fn draw(&self) {
        if self.shown {
            print!("\r  {}", picture(self.done, self.of));
            let _ = io::stdout().flush();
        }
    }

    fn end(self) {
        if self.shown {
            println!();
        }
    }
}

fn picture(done: u32, of: u32) -> String {
    let full = BAR * done as usize / of.max(1) as usize;
    format!("[{}{}] day {done} of {of}", "#".repeat(full), ".".repeat(BAR.saturating_sub(full)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_fills() {
        assert_eq!(picture(0, 30), format!("[{}] day 0 of 30", ".".repeat(30)));
        assert_eq!(picture(15, 30), format!("[{}{}] day 15 of 30", "#".repeat(15), ".".repeat(15)));
        assert_eq!(picture(30, 30), format!("[{}] day 30 of 30", "#".repeat(30)));
    }

    #[test]
    fn the_server_says_how_long_to_wait() {
        assert_eq!(wait(Some("5")), Duration::from_secs(5));
        assert_eq!(wait(Some("5000")), LONGEST_WAIT);
        assert_eq!(wait(Some("soon")), WAIT);
        assert_eq!(wait(None), WAIT);
    }
}
