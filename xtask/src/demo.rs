//! Builds the page and the server, starts the server, and opens the dashboard.

use crate::{
    build::{self, Page},
    line::Line,
    page, sample, server,
    shell::Shell,
    tools,
};
use anyhow::{Context, Result, bail};
use std::{env, path::PathBuf, process::ExitCode};

#[derive(clap::Args)]
pub struct Args {
    /// Where the dashboard answers on this machine
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Leave the browser alone
    #[arg(long)]
    no_open: bool,
    /// The folder for what the server stores [default: data]
    #[arg(long)]
    data: Option<PathBuf>,
    /// A registry of components in place of the one that comes with the page
    #[arg(long)]
    registry: Option<PathBuf>,
    /// Fill an empty store with a made-up month of 1000 people first
    #[arg(long)]
    sample: bool,
}

pub fn run(shell: &Shell, args: Args) -> Result<ExitCode> {
    server::free(args.port, "--port")?;
    let registry = args.registry.map(std::path::absolute).transpose().context("--registry")?;
    if let Some(file) = registry.as_ref().filter(|file| !file.is_file()) {
        bail!("--registry: there is no file {}", file.display());
    }
    let data = match args.data {
        Some(dir) => std::path::absolute(dir).context("--data")?,
        None => shell.root.join("data"),
    };

    let tools = tools::ensure(shell)?;
    let dist = shell.root.join("dist");
    page::build(shell, &tools, &dist, "page")?;
    let binary = build::server(shell, &Page::Beside)?;

    let line = Line::start("start");
    let options = server::Options { port: args.port, data, dist: Some(dist), registry };
    let started = server::start(shell, &binary, &options);
    let (mut server, address) = line.finish(started, "running")?;
    if args.sample {
        let line = Line::start("sample data");
        let filled = sample::fill(shell, &address);
        let outcome = match &filled {
            Ok(true) => "stored",
            Ok(false) => "not added, there are events already",
            Err(_) => "failed",
        };
        line.finish(filled, outcome)?;
    }

    println!(
        "\n  CLM Dashboard   {address}\n  Data            {}\n  Ctrl-C stops it.\n",
        options.data.display()
    );
    if !args.no_open && has_desktop() && open::that_detached(&address).is_err() {
        println!("  No browser could be opened; the address above works in any.");
    }
    loop {
        if server.ended()?.is_some() {
            bail!("the server ended by itself. {}", shell.failure("server"));
        }
        shell.pause()?;
    }
}

fn has_desktop() -> bool {
    let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    if cfg!(any(windows, target_os = "macos")) {
        !set("SSH_CONNECTION") && !set("CI")
    } else {
        set("DISPLAY") || set("WAYLAND_DISPLAY")
    }
}
