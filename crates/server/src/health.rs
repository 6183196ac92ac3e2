//! `--healthcheck`: asks a running server whether it lives, for a container that has no other program to ask.

use std::{
    io::{self, Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    time::Duration,
};

use thiserror::Error;

/// How long the server may take for each step.
const PATIENCE: Duration = Duration::from_secs(3);
const ASK: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

#[derive(Debug, Error)]
pub enum HealthError {
    #[error("the server does not answer at {0}: {1}")]
    Silent(SocketAddr, io::Error),
    #[error("what answers at {0} is not well, or not this server")]
    Unwell(SocketAddr),
}

/// # Errors
/// When the server that listens there does not say that it lives.
pub fn healthcheck(listen: SocketAddr) -> Result<(), HealthError> {
    let address = reachable(listen);
    let answer = ask(address).map_err(|error| HealthError::Silent(address, error))?;
    if answer.starts_with("HTTP/1.1 200 ") { Ok(()) } else { Err(HealthError::Unwell(address)) }
}

/// Who listens on all addresses is asked at this machine's own.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

fn ask(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(ASK)?;
    let mut answer = Vec::new();
    stream.take(4 << 10).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
