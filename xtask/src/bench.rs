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
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
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
        #[arg(long, default_value = "ours faro posthog snowplow")]
        adapters: String,
        /// Which scenarios
        #[arg(
            long,
            default_value = "perf perfcon perfpace pace http500 down10 r429 close offclose"
        )]
        scenarios: String,
    },
    /// Our dashboard beside Yew's hello world: load, switch, layout
    Page,
}

pub fn run(shell: &Shell, args: &Args) -> Result<ExitCode> {
    let node = find_on_path("node")
        .context("the benches need node 20 or newer: install it from https://nodejs.org")?;
    let npm = find_on_path("npm").context("the benches need npm, which comes with node")?;
    let tools = tools::ensure(shell)?;
    let chrome = browser::ensure(shell)?.chrome;
    let bench = shell.root.join("bench");
    let line = Line::start("bench's packages");
    let mut install = shell.command(&npm);
    install.args(["ci", "--no-audit", "--no-fund"]).current_dir(&bench);
    line.finish(
        shell.run("bench-npm", &mut install, "npm needs the network the first time."),
        "there",
    )?;

    let lib = |name: &str| {
        let mut command = shell.command(&node);
        command.arg(bench.join("lib").join(name)).current_dir(&bench).env("CHROME", &chrome);
        command
    };
    match &args.bench {
        Bench::Trackers { adapters, scenarios } => {
            if adapters.split_whitespace().any(|name| name == "ours") {
                trunk(shell, &tools, &bench.join("ours"), &bench.join("adapters").join("ours"))?;
            }
            for script in ["build.mjs", "run.mjs", "table.mjs"] {
                let mut command = lib(script);
                command.env("ADAPTERS", adapters).env("SCENARIOS", scenarios);
                ensure!(command.status()?.success(), "bench/lib/{script} failed");
            }
        }
        Bench::Page => {
            let hello = shell.target.join("bench").join("hello");
            trunk(shell, &tools, &bench.join("hello"), &hello)?;
            page::compress(&hello)?;
            let ours = shell.target.join("e2e").join("dist");
            page::build(shell, &tools, &ours, "page-e2e")?;
            let server = build::server(shell, &Page::Beside)?;
            let status = lib("page.mjs").arg(server).arg(hello).arg(ours).status()?;
            ensure!(status.success(), "bench/lib/page.mjs failed");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Builds the page of one bench crate.
fn trunk(shell: &Shell, tools: &Tools, from: &Path, dist: &PathBuf) -> Result<()> {
    let name = from.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let line = Line::start(&format!("bench page, {name}"));
    fs::create_dir_all(dist).context("making the bench's folder")?;
    line.finish(page::trunk_in(shell, tools, from, dist, &format!("bench-{name}")), "built")
}
