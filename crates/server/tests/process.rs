//! The program itself: how it starts, what it refuses, and what is left when it dies.
#![allow(clippy::unwrap_used)]

mod common;

use common::program::{Running, command};
use std::{
    net::{TcpListener, TcpStream},
    process::{Command, Output},
};

fn refused(command: &mut Command) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = command.output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

#[test]
fn what_was_answered_survives_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    for round in 1..=3 {
        let mut server = Running::start(dir.path());
        let answer = server.ask("POST /loki/api/v1/push", &common::one_visit(round));
        assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
        server.child.kill().unwrap();
        server.child.wait().unwrap();

        let server = Running::start(dir.path());
        let answer = server.ask("GET /api/insights/summary", "");
        assert!(answer.contains(&format!("{{\"visits\":{round},")), "{answer}");
    }
}

#[test]
fn an_event_that_comes_again_with_a_corrected_time_is_stored_once() {
    let dir = tempfile::tempdir().unwrap();
    let first = common::visit(1, common::now_ms());
    let again = |skew_ms: i64| {
        let mut record = first.clone();
        record.timestamp.0 = record.timestamp.0.saturating_add_signed(skew_ms);
        common::request(&[common::entry(&record)])
    };
    let mut server = Running::start(dir.path());
    for skew_ms in [0, -1_500, 61_000, 0] {
        let answer = server.ask("POST /loki/api/v1/push", &again(skew_ms));
        assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
    }
    server.child.kill().unwrap();
    server.child.wait().unwrap();

    let server = Running::start(dir.path());
    let answer = server.ask("POST /loki/api/v1/push", &again(-90_000));
    assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
    // The same id of another session is another event.
    let mut other = first.clone();
    other.session_id = tracking::SessionId::new(2, 1);
    let other = common::request(&[common::entry(&other)]);
    let other = server.ask("POST /loki/api/v1/push", &other);
    assert!(other.starts_with("HTTP/1.1 204 "), "{other}");
    let answer = server.ask("GET /api/insights/summary", "");
    assert!(answer.contains("{\"visits\":2,"), "{answer}");
}

#[test]
fn what_was_erased_stays_erased_after_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    // A Loki that is away: the request to it waits and holds nothing up.
    let away = |command: &mut Command| {
        command.env("LOKI_URL", "http://127.0.0.1:9");
    };
    let mut server = Running::start_with(dir.path(), away);
    let answer = server.ask("POST /loki/api/v1/push", &common::one_visit(1));
    assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
    let proof = format!("x-clm-user-secret: {}\r\n", tracking::UserSecret::new(1).to_hex());
    let answer = server.ask_with("DELETE /api/me", &proof, "");
    assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");
    server.child.kill().unwrap();
    server.child.wait().unwrap();

    let mut server = Running::start_with(dir.path(), away);
    let answer = server.ask("POST /loki/api/v1/push", &common::one_visit(1));
    assert!(answer.contains("the data of this user was erased"), "{answer}");
    let answer = server.ask_with("GET /api/me", &proof, "");
    assert!(answer.contains("\"pending at Loki\"") && answer.contains("\"events\":[]"), "{answer}");
    let id = server.child.id().to_string();
    assert!(Command::new("kill").args(["-s", "TERM", &id]).status().unwrap().success());
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

#[test]
fn counts_that_went_wrong_are_rebuilt_by_one_command() {
    let dir = tempfile::tempdir().unwrap();
    let visits = |dir: &std::path::Path| {
        let answer = Running::start(dir).ask("GET /api/insights/summary?from=0", "");
        answer.rsplit_once("{\"visits\":").unwrap().1.split(',').next().unwrap().to_owned()
    };
    let server = Running::start(dir.path());
    let an_hour_ago = common::now_ms() - 2 * 3_600_000;
    let body = common::request(&[common::entry(&common::visit(1, an_hour_ago))]);
    assert!(server.ask("POST /loki/api/v1/push", &body).starts_with("HTTP/1.1 204 "));
    drop(server);
    let file = rusqlite::Connection::open(dir.path().join("events.db")).unwrap();
    file.execute("UPDATE sessions SET is_loose = 0", []).unwrap();
    assert_eq!(visits(dir.path()), "0");

    let Output { status, stdout, stderr } =
        command(dir.path(), "127.0.0.1:0").arg("--rebuild-counts").output().unwrap();
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    assert!(String::from_utf8_lossy(&stdout).contains("are those of its events again"));
    assert_eq!(visits(dir.path()), "1");
}

#[cfg(unix)]
#[test]
fn signals_end_it_in_peace() {
    for signal in ["TERM", "INT"] {
        let dir = tempfile::tempdir().unwrap();
        let mut server = Running::start(dir.path());
        // A connection that says nothing does not hold it up.
        let idle = TcpStream::connect(&server.address).unwrap();
        let id = server.child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
        assert_eq!(server.child.wait().unwrap().code(), Some(0), "{signal}");
        drop(idle);
    }
}

#[test]
fn a_taken_port_is_said_with_the_way_out() {
    let dir = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let (code, text) = refused(&mut command(dir.path(), &taken.local_addr().unwrap().to_string()));
    assert_eq!(code, Some(1));
    assert!(text.contains("is taken") && text.contains("--listen"), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn other_machines_need_a_token() {
    let dir = tempfile::tempdir().unwrap();
    for token in [None, Some("")] {
        let mut command = command(dir.path(), "0.0.0.0:0");
        command.envs(token.map(|token| ("CLM_API_TOKEN", token)));
        let (code, text) = refused(&mut command);
        assert_eq!(code, Some(1));
        assert!(text.contains("CLM_API_TOKEN"), "{text}");
    }
}

#[test]
fn a_file_from_the_future_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let file = rusqlite::Connection::open(dir.path().join("events.db")).unwrap();
    file.pragma_update(None, "user_version", 99).unwrap();
    let (code, text) = refused(&mut command(dir.path(), "127.0.0.1:0"));
    assert_eq!(code, Some(1));
    assert!(text.contains("newer version (99)"), "{text}");
}

#[test]
fn a_health_check_says_whether_the_server_lives() {
    let dir = tempfile::tempdir().unwrap();
    let server = Running::start(dir.path());
    let port = server.address.rsplit_once(':').unwrap().1.to_owned();
    let check = |listen: &str| command(dir.path(), listen).arg("--healthcheck").output().unwrap();
    for listen in [server.address.clone(), format!("0.0.0.0:{port}")] {
        let Output { status, stderr, .. } = check(&listen);
        assert!(status.success(), "{listen}: {}", String::from_utf8_lossy(&stderr));
    }
    let address = server.address.clone();
    drop(server);
    let Output { status, stderr, .. } = check(&address);
    assert_eq!(status.code(), Some(1));
    assert!(String::from_utf8_lossy(&stderr).contains("does not answer at"), "{stderr:?}");
}

#[test]
fn a_secret_with_a_line_break_at_its_end_is_the_secret() {
    let dir = tempfile::tempdir().unwrap();
    for end in ["", "\n", "\r\n"] {
        let server = Running::start_with(dir.path(), |command| {
            command.env("CLM_API_TOKEN", format!("s3cret-of-sixteen{end}"));
        });
        let bearer = "authorization: Bearer s3cret-of-sixteen\r\n";
        let answer = server.ask_with("GET /api/insights/summary", bearer, "");
        assert!(answer.starts_with("HTTP/1.1 200 "), "{end:?}: {answer}");
        assert!(server.ask("GET /metrics", "").starts_with("HTTP/1.1 401 "), "{end:?}");
    }
}

/// A receiver that hands out what it was sent as `Authorization`.
#[test]
fn lokis_password_loses_its_line_break_too() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let server = Running::start_with(dir.path(), |command| {
        command.env("LOKI_URL", url).env("LOKI_USERNAME", "u\n").env("LOKI_PASSWORD", "pw\n");
    });
    let answer = server.ask("POST /loki/api/v1/push", &common::one_visit(1));
    assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
    let (stream, _) = listener.accept().unwrap();
    let lines = std::io::BufRead::lines(std::io::BufReader::new(stream));
    let header = lines.map(Result::unwrap).find(|line| line.starts_with("authorization:"));
    assert_eq!(header.as_deref(), Some("authorization: Basic dTpwdw=="));
}

/// What Loki says of an entry is foreign text: it must not look like a line of ours, nor move the cursor.
#[test]
fn the_servers_own_log_has_one_line_for_each_thing_it_says() {
    use std::io::{Read, Write};
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let evil = "bad\r\n2026-01-01T00:00:00Z ERROR forged\u{1b}[2J\u{202e}\u{9b}31m";
    let answer = format!(
        "HTTP/1.1 400 Bad\r\ncontent-type: text/plain\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{evil}",
        evil.len()
    );
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut some = [0; 65_536];
            let _ = stream.read(&mut some);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    for format in ["text", "json"] {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("stderr");
        let server = Running::start_with(dir.path(), |command| {
            command.env("LOKI_URL", &url).args(["--log-format", format]);
            command.stderr(std::fs::File::create(&log).unwrap());
        });
        let answer = server.ask("POST /loki/api/v1/push", &common::one_visit(1));
        assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
        let start = std::time::Instant::now();
        let text = loop {
            let text = std::fs::read_to_string(&log).unwrap();
            if text.contains("forged") {
                break text;
            }
            assert!(start.elapsed() < std::time::Duration::from_secs(60), "{text}");
            std::thread::sleep(std::time::Duration::from_millis(50));
        };
        for line in text.lines() {
            assert!(!line.starts_with("2026-01-01T00:00:00Z ERROR forged"), "{text}");
        }
        let is_unsafe = |c: &char| c.is_control() && *c != '\n' || *c == '\u{202e}';
        assert_eq!(text.chars().find(is_unsafe), None, "{text:?}");
    }
}
