//! A server of this checkout as a child process: started, waited for, ended with its owner.

use crate::{process::Process, shell::Shell};
use anyhow::{Context, Result, bail};
use std::{
    fs::File,
    io::{BufRead, BufReader, ErrorKind, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Stdio,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

const READY: &str = "listening on ";
const START: Duration = Duration::from_secs(60);

pub struct Options {
    pub port: u16,
    pub data: PathBuf,
    /// The built page; none where something else serves it.
    pub dist: Option<PathBuf>,
    /// The registry in place of the page's own.
    pub registry: Option<PathBuf>,
}

/// Starts `binary` and waits until it listens; the process and its address.
pub fn start(shell: &Shell, binary: &Path, options: &Options) -> Result<(Process, String)> {
    let Options { port, data, dist, registry } = options;
    let log = shell.log("server");
    let stderr = File::create(&log).with_context(|| format!("creating {}", log.display()))?;
    let mut command = shell.command(binary);
    command.arg("--listen").arg(SocketAddr::from((Ipv4Addr::LOCALHOST, *port)).to_string());
    command.arg("--data").arg(data);
    // A person looks at this terminal, not a log agent.
    command.args(["--access-log", "off"]);
    if let Some(dist) = dist {
        command.arg("--dist").arg(dist);
    }
    if let Some(file) = registry {
        command.arg("--registry").arg(file);
    }
    command.stdout(Stdio::piped()).stderr(stderr);
    let mut server = Process::spawn(&mut command)?;
    let address = wait_ready(shell, &mut server)?;
    Ok((server, address))
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
                "{}\nWhen it is about the port, choose another; when it is about the data, another folder with --data.",
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

/// Fails when something listens on `port` already; `flag` is what chooses another one.
pub fn free(port: u16, flag: &str) -> Result<()> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    // Where an address may be bound twice, only an answer tells.
    let answered =
        port != 0 && TcpStream::connect_timeout(&address, Duration::from_millis(300)).is_ok();
    let other = if port == 8090 { 8091 } else { 8090 };
    match TcpListener::bind(address) {
        Ok(_) if !answered => Ok(()),
        Err(error) if !answered && error.kind() != ErrorKind::AddrInUse => {
            bail!("port {port} cannot be used: {error}\nchoose another with {flag} {other}")
        }
        _ => bail!("port {port} is in use; choose another with {flag} {other}"),
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
        let message = free(port, "--port").unwrap_err().to_string();
        assert!(message.contains(&port.to_string()) && message.contains("--port"), "{message}");
        assert!(free(0, "--port").is_ok());
    }
}
