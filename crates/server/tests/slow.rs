//! Clients that take their time: each holds its place for a while only, here the only one there is.
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
