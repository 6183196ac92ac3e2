//! Builds the page and the server, starts the server, and opens the dashboard.

use crate::{
    build::{self, Page},
    line::Line,
    page,
    process::Process,
    sample,
    shell::Shell,
    tools,
};
use anyhow::{Context, Result, bail};
use std::{
    env,
    fs::File,
    io::{BufRead, BufReader, ErrorKind, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process::{ExitCode, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

const READY: &str = "listening on ";
const START: Duration = Duration::from_secs(60);

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
    free(args.port)?;
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
    let log = shell.log("server");
    let stderr = File::create(&log).with_context(|| format!("creating {}", log.display()))?;
    let mut command = shell.command(binary);
    command.arg("--listen").arg(SocketAddr::from((Ipv4Addr::LOCALHOST, args.port)).to_string());
    command.arg("--data").arg(&data).arg("--dist").arg(&dist);
    // A person looks at this terminal, not a log agent.
    command.args(["--access-log", "off"]);
    if let Some(file) = registry {
        command.arg("--registry").arg(file);
    }
    command.stdout(Stdio::piped()).stderr(stderr);
    let mut server = Process::spawn(&mut command)?;
    let address = wait_ready(shell, &mut server);
    let address = line.finish(address, "running")?;
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
        data.display()
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

fn wait_ready(shell: &Shell, server: &mut Process) -> Result<String> {
    let out = server.stdout().context("the server has no output")?;
    let mut log = File::create(shell.log("server-out")).context("creating a log")?;
    let (send, lines) = mpsc::channel();
    // Goes on reading after the address has come: a full pipe would stop the server.
    thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            let _ = writeln!(log, "{line}");
            let _ = send.send(line);
        }
    });
    let started = Instant::now();
    loop {
        if let Some(address) = lines.try_iter().find_map(|line| ready_address(&line)) {
            return Ok(address);
        }
        if server.ended()?.is_some() {
            bail!(
                "{}\nWhen it is about the port, choose another with --port; when it is about the data, another \
                 folder with --data.",
                shell.failure("server")
            );
        }
        if started.elapsed() > START {
            bail!(
                "the server has not answered for {} s. {}",
                START.as_secs(),
                shell.failure("server")
            );
        }
        shell.pause()?;
    }
}

fn ready_address(line: &str) -> Option<String> {
    let (_, address) = line.split_once(READY)?;
    let address = address.trim();
    (address.starts_with("http://")).then(|| address.to_owned())
}

fn free(port: u16) -> Result<()> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    // Where an address may be bound twice, only an answer tells.
    let answered =
        port != 0 && TcpStream::connect_timeout(&address, Duration::from_millis(300)).is_ok();
    let other = if port == 8080 { 8090 } else { 8080 };
    match TcpListener::bind(address) {
        Ok(_) if !answered => Ok(()),
        Err(error) if !answered && error.kind() != ErrorKind::AddrInUse => {
            bail!("port {port} cannot be used: {error}\nchoose another with --port {other}")
        }
        _ => bail!("port {port} is in use; choose another with --port {other}"),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_what_follows() {
        assert_eq!(
            ready_address("listening on http://127.0.0.1:8080/ ").as_deref(),
            Some("http://127.0.0.1:8080/")
        );
        assert_eq!(ready_address("opening the database"), None);
        assert_eq!(ready_address("not listening on purpose"), None);
    }

    #[test]
    fn a_taken_port_is_noticed() {
        let held = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = held.local_addr().unwrap().port();
        let message = free(port).unwrap_err().to_string();
        assert!(message.contains(&port.to_string()) && message.contains("--port"), "{message}");
        assert!(free(0).is_ok());
    }
}
