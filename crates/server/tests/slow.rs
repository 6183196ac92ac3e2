//! Clients that take their time: each holds its place for a while only, and no longer than nobody else needs it.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    time::Duration,
};

use common::program::Running;

/// More than any time limit of the server.
const PATIENCE: Duration = Duration::from_secs(120);
const HALF_A_HEAD: &str = "GET /healthz HTTP/1.1\r\nhost: loc";
const HALF_A_PUSH: &str = "POST /loki/api/v1/push HTTP/1.1\r\nhost: localhost\r\n\
     content-type: application/json\r\ncontent-length: 100\r\n\r\n{\"streams\"";
const HEALTH: &str = "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";

fn with_one_place(dir: &tempfile::TempDir) -> Running {
    Running::start_with(dir.path(), |command| {
        command.args(["--max-connections", "1", "--access-log", "off"]);
    })
}

fn connect(server: &Running) -> TcpStream {
    let stream = TcpStream::connect(&server.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Waits until the server has closed; what it said before.
fn rest(mut stream: TcpStream) -> String {
    let mut text = String::new();
    match stream.read_to_string(&mut text) {
        Ok(_) => text,
        Err(error) if error.kind() == ErrorKind::ConnectionReset => text,
        Err(error) => panic!("still open: {error}"),
    }
}

/// Somebody else gets an answer, as soon as the place is free.
fn next_is_served(server: &Running) {
    let mut stream = connect(server);
    stream.write_all(HEALTH.as_bytes()).unwrap();
    let mut answer = [0; 15];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
}

#[test]
fn half_a_head() {
    let dir = tempfile::tempdir().unwrap();
    let server = with_one_place(&dir);
    let mut slow = connect(&server);
    slow.write_all(HALF_A_HEAD.as_bytes()).unwrap();
    next_is_served(&server);
    rest(slow);
}

#[test]
fn a_connection_that_says_nothing_more() {
    let dir = tempfile::tempdir().unwrap();
    let server = with_one_place(&dir);
    let mut slow = connect(&server);
    slow.write_all(HEALTH.as_bytes()).unwrap();
    next_is_served(&server);
    assert!(rest(slow).starts_with("HTTP/1.1 200 OK"));
}

#[test]
fn half_a_body() {
    let dir = tempfile::tempdir().unwrap();
    let server = with_one_place(&dir);
    let mut slow = connect(&server);
    slow.write_all(HALF_A_PUSH.as_bytes()).unwrap();
    next_is_served(&server);
    let answer = rest(slow);
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.ends_with("the body took too long\n"), "{answer}");
}

#[test]
fn answers_that_nobody_reads() {
    let dir = tempfile::tempdir().unwrap();
    let server = with_one_place(&dir);
    let mut slow = connect(&server);
    slow.set_nonblocking(true).unwrap();
    // Asks until neither side can send any more.
    let questions = HEALTH.repeat(1_000);
    let mut is_stuck = false;
    while !is_stuck {
        match slow.write(questions.as_bytes()) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                std::thread::sleep(Duration::from_secs(1));
                is_stuck = slow.write(questions.as_bytes()).is_err();
            }
            Err(error) => panic!("{error}"),
        }
    }
    next_is_served(&server);
}

/// Everybody else is served at once.
const AT_ONCE: Duration = Duration::from_secs(5);

fn with_all_places(dir: &tempfile::TempDir) -> Running {
    Running::start_with(dir.path(), |command| {
        command.args(["--access-log", "off"]);
    })
}

/// More connections than there are places, each with `beginning` and nothing more.
fn crowd(server: &Running, beginning: &str) -> Vec<TcpStream> {
    (0..1_100)
        .map(|_| {
            let mut slow = connect(server);
            // Who came first may be gone already.
            let _ = slow.write_all(beginning.as_bytes());
            slow
        })
        .collect()
}

#[test]
fn a_thousand_slow_clients_hold_up_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let server = with_all_places(&dir);
    for beginning in ["", HALF_A_HEAD, HEALTH, HALF_A_PUSH] {
        let crowd = crowd(&server, beginning);
        for id in 0..20 {
            let start = std::time::Instant::now();
            let answer = server.ask("POST /loki/api/v1/push", &common::one_visit(id));
            assert!(answer.starts_with("HTTP/1.1 204 "), "{beginning:?}: {answer}");
            assert!(start.elapsed() < AT_ONCE, "{beginning:?}: {:?}", start.elapsed());
        }
        drop(crowd);
    }
}

#[cfg(unix)]
#[test]
fn no_slow_client_delays_the_end() {
    for beginning in [HALF_A_HEAD, HALF_A_PUSH] {
        let dir = tempfile::tempdir().unwrap();
        let mut server = with_all_places(&dir);
        let mut slow = connect(&server);
        slow.write_all(beginning.as_bytes()).unwrap();
        next_is_served(&server);
        let start = std::time::Instant::now();
        end(&mut server);
        assert!(start.elapsed() < Duration::from_secs(3), "{beginning:?}: {:?}", start.elapsed());
        drop(slow);
    }
    // One that asks and does not read.
    let dir = tempfile::tempdir().unwrap();
    let mut server = with_all_places(&dir);
    let mut slow = connect(&server);
    slow.set_nonblocking(true).unwrap();
    let questions = HEALTH.repeat(1_000);
    let start = std::time::Instant::now();
    while slow.write(questions.as_bytes()).is_ok() || start.elapsed() < Duration::from_secs(1) {}
    let start = std::time::Instant::now();
    end(&mut server);
    assert!(start.elapsed() < Duration::from_secs(7), "{:?}", start.elapsed());
}

#[cfg(unix)]
fn end(server: &mut Running) {
    let id = server.child.id().to_string();
    assert!(
        std::process::Command::new("kill").args(["-s", "TERM", &id]).status().unwrap().success()
    );
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}
