//! The benches under `bench/`: what they need is built here, what they measure is measured there.

use crate::{
    browser,
    build::{self, Page},
    line::Line,
    page,
    shell::{Shell, find_on_path},
    tools::{self, Tools},
};
use anyhow::{Context, Result, ensure};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(clap::Subcommand)]
enum Bench {
    /// Our tracker beside others: size, time, bytes, requests, losses
    Trackers {
        /// Which ones; see bench/README.md
        #[arg(long, default_value = "ours seed faro posthog snowplow")]
        adapters: String,
        /// Which scenarios
        #[arg(
            long,
            default_value = "perf perfcon perfpace pace http500 down10 r429 close offclose"
        )]
        scenarios: String,
    },
    /// Our dashboard beside Yew's hello world: load, switch, layout, memory
    Page {
        /// Loads of each
        #[arg(long, default_value_t = 15)]
        rounds: u32,
    },
    /// What the server takes: batches of ten events from many connections, as fast as they are acknowledged
    Server {
        #[arg(long, default_value_t = 60)]
        seconds: u64,
        /// How many events at most
        #[arg(long)]
        events: Option<u64>,
        #[arg(long, default_value_t = 64)]
        connections: usize,
        /// Seconds between two rounds of all questions, asked beside it; 0 asks none
        #[arg(long, default_value_t = 0)]
        ask: u64,
    },
    /// How long the server takes for each answer on many events
    Insights {
        #[arg(long, default_value_t = 10_000_000)]
        events: u64,
        /// Kept and used again [default: below the folder of builds]
        #[arg(long)]
        data: Option<PathBuf>,
    },
}

pub fn run(shell: &Shell, args: &Args) -> Result<ExitCode> {
    match &args.bench {
        Bench::Server { seconds, events, connections, ask } => {
            let server = build::server(shell, &Page::Beside)?;
            let mut load = example(shell, "load")?;
            load.arg("--server").arg(server).arg("--seconds").arg(seconds.to_string());
            load.arg("--connections").arg(connections.to_string());
            load.arg("--ask").arg(ask.to_string());
            if let Some(events) = events {
                load.arg("--events").arg(events.to_string());
            }
            ensure!(load.status()?.success(), "the load failed");
        }
        Bench::Insights { events, data } => {
            let data = data.clone().unwrap_or_else(|| shell.target.join(format!("bench/{events}")));
            let server = build::server(shell, &Page::Beside)?;
            let mut insights = example(shell, "insights")?;
            insights.arg("--events").arg(events.to_string()).arg("--data").arg(data);
            insights.arg("--server").arg(server);
            ensure!(insights.status()?.success(), "the questions failed");
        }
        Bench::Trackers { adapters, scenarios } => {
            trackers(&Node::ensure(shell)?, adapters, scenarios)?;
        }
        Bench::Page { rounds } => our_page(&Node::ensure(shell)?, *rounds)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// One of the server's examples, built as the server is.
fn example(shell: &Shell, name: &str) -> Result<Command> {
    let line = Line::start(name);
    let mut cargo = shell.cargo();
    cargo.args([
        "build",
        "--release",
        "--package",
        "server",
        "--no-default-features",
        "--example",
        name,
    ]);
    line.finish(
        shell.run(&format!("bench-{name}"), &mut cargo, "See the compiler's message above."),
        "built",
    )?;
    let file = format!("{name}{}", env::consts::EXE_SUFFIX);
    Ok(shell.command(shell.target.join("release").join("examples").join(file)))
}

/// What the benches in a browser stand on.
struct Node<'a> {
    shell: &'a Shell,
    node: PathBuf,
    folder: PathBuf,
    chrome: PathBuf,
    tools: Tools,
}

impl<'a> Node<'a> {
    fn ensure(shell: &'a Shell) -> Result<Self> {
        let node = find_on_path("node")
            .context("the benches need node 20 or newer: install it from https://nodejs.org")?;
        let npm = find_on_path("npm").context("the benches need npm, which comes with node")?;
        let tools = tools::ensure(shell)?;
        let chrome = browser::ensure(shell)?.chrome;
        let folder = shell.root.join("bench");
        let line = Line::start("bench's packages");
        let mut install = shell.command(&npm);
        install.args(["ci", "--no-audit", "--no-fund"]).current_dir(&folder);
        line.finish(
            shell.run("bench-npm", &mut install, "npm needs the network the first time."),
            "there",
        )?;
        Ok(Self { shell, node, folder, chrome, tools })
    }

    /// Runs one of the scripts in `bench/lib`.
    fn run(&self, script: &str, change: impl FnOnce(&mut Command)) -> Result<()> {
        let mut command = self.shell.command(&self.node);
        command.arg(self.folder.join("lib").join(script)).current_dir(&self.folder);
        // Tables go into README.md as well.
        change(command.env("CHROME", &self.chrome).env("README", "1"));
        ensure!(command.status()?.success(), "bench/lib/{script} failed");
        Ok(())
    }
}

fn trackers(node: &Node<'_>, adapters: &str, scenarios: &str) -> Result<()> {
    if adapters.split_whitespace().any(|name| name == "ours") {
        let dist = node.folder.join("adapters").join("ours");
        trunk(node.shell, &node.tools, &node.folder.join("ours"), &dist)?;
    }
    let script = |name: &str| {
        node.run(name, |command| {
            command.env("ADAPTERS", adapters).env("SCENARIOS", scenarios);
        })
    };
    script("build.mjs")?;
    // The table shows what went well, also when something failed.
    let run = script("run.mjs");
    script("table.mjs")?;
    run
}

fn our_page(node: &Node<'_>, rounds: u32) -> Result<()> {
    let Node { shell, tools, folder, .. } = node;
    let hello = shell.target.join("bench").join("hello");
    trunk(shell, tools, &folder.join("hello"), &hello)?;
    page::compress(&hello)?;
    let ours = shell.target.join("e2e").join("dist");
    page::build(shell, tools, &ours, "page-e2e")?;
    let server = build::server(shell, &Page::Beside)?;
    node.run("page.mjs", |command| {
        command.arg(server).arg(hello).arg(ours).env("ROUNDS", rounds.to_string());
    })
}

/// Builds the page of one bench crate.
fn trunk(shell: &Shell, tools: &Tools, from: &Path, dist: &PathBuf) -> Result<()> {
    let name = from.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let line = Line::start(&format!("bench page, {name}"));
    fs::create_dir_all(dist).context("making the bench's folder")?;
    line.finish(page::trunk_in(shell, tools, from, dist, &format!("bench-{name}")), "built")
}
