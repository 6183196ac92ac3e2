//! Request lines in files of our own: a file a day, for nobody else to read, deleted in time, and erased with the
//! person that they tell of.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use common::{one_visit, program::Running};
use serde_json::Value;
use tracking::UserId;

const PATIENCE: Duration = Duration::from_secs(30);

fn start(dir: &Path) -> Running {
    Running::start_with(dir, |command| {
        command.args(["--access-log", "file"]);
    })
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(dir.join("logs"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "jsonl"))
        .collect();
    files.sort();
    files
}

/// The lines so far, once `condition` holds for them.
fn lines(dir: &Path, condition: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let start = Instant::now();
    loop {
        let text: String =
            files(dir).iter().map(|path| fs::read_to_string(path).unwrap()).collect();
        if text.ends_with('\n') {
            let lines: Vec<_> =
                text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            if condition(&lines) {
                return lines;
            }
        }
        assert!(start.elapsed() < PATIENCE, "{text}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_file_a_day_is_for_us_alone_and_ends_in_time() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    fs::create_dir_all(data.join("logs")).unwrap();
    let old = data.join("logs/requests-2020-01-01.jsonl");
    fs::write(&old, "{}\n").unwrap();
    let server = start(&data);
    assert!(!old.exists(), "older than 30 days at the start");
    assert!(server.ask("POST /loki/api/v1/push", &one_visit(1)).starts_with("HTTP/1.1 204 "));
    let found = lines(&data, |lines| !lines.is_empty());
    assert_eq!(found[0]["event"], "http_request");
    let [file] = &files(&data)[..] else { panic!("{:?}", files(&data)) };
    let name = file.file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with("requests-20") && name.len() == "requests-2026-01-01.jsonl".len());
    // So are the events and their log.
    for path in [file.clone(), data.join("events.db"), data.join("events.db-wal")] {
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", path.display());
    }
}

#[test]
fn the_folder_of_the_data_and_of_the_lines_is_ours_alone_when_we_make_it() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("new/data");
    let _server = start(&data);
    for folder in [data.clone(), data.join("logs")] {
        let mode = fs::metadata(&folder).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o700, "{}", folder.display());
    }
}

#[test]
fn who_is_erased_is_erased_from_the_lines_too() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path());
    let (mine, other) = ("user_k3j4h5g6f", "user_a1b2c3d4e");
    for name in [mine, other] {
        let body =
            format!(r#"{{"event":"ping","data":{{"user_id":"{name}","note":"of {name}"}}}}"#);
        assert!(server.ask("POST /api/analytics", &body).starts_with("HTTP/1.1 200 "));
    }
    lines(dir.path(), |lines| lines.len() == 4);
    let before: u64 = files(dir.path()).iter().map(|path| fs::metadata(path).unwrap().len()).sum();
    let proof = format!("x-clm-user-secret: {mine}\r\n");
    let answer = server.ask_with("DELETE /api/me", &proof, "");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let text: String = files(dir.path()).iter().map(|p| fs::read_to_string(p).unwrap()).collect();
    assert!(!text.contains(mine) && !text.contains(UserId::of_name(mine).as_str()), "{text}");
    assert!(text.contains(UserId::of_name(other).as_str()), "{text}");
    // An agent that reads on finds the next line where it was.
    assert!(text.len() as u64 >= before);
    let after = lines(dir.path(), |lines| lines.len() == 5);
    assert_eq!(after.iter().filter(|line| line["event"] == "analytics").count(), 1);
}

#[test]
fn no_sign_of_a_client_moves_a_cursor_or_begins_a_line() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path());
    server.ask_raw(
        "GET /a\u{9b}2J\u{202e}b HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         user-agent: c\u{85}\t{\"event\":\"outbox\"}\u{2028}\u{7f}d\r\n\r\n",
    );
    server.ask("GET /healthz", "");
    let found = lines(dir.path(), |lines| !lines.is_empty());
    assert!(found.iter().all(|line| line["event"] == "http_request"), "{found:?}");
    let text: String = files(dir.path()).iter().map(|p| fs::read_to_string(p).unwrap()).collect();
    let unsafe_sign =
        |c: &char| c.is_control() && *c != '\n' || matches!(c, '\u{2028}' | '\u{202e}');
    assert_eq!(text.chars().find(unsafe_sign), None, "{text:?}");
}

#[test]
fn a_folder_that_cannot_be_made_is_said_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("taken"), "").unwrap();
    let mut command = common::program::command(dir.path(), "127.0.0.1:0");
    command.args(["--access-log", "file", "--access-log-dir"]).arg(dir.path().join("taken/logs"));
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("access-log-dir"), "{text}");
}
