//! Age deletes, and a wrong clock does not: neither one that is ahead now nor one that was.
#![allow(clippy::unwrap_used)]

mod common;

use std::{fs, path::Path, thread, time::Instant};

use axum::{body::Body, extract::ConnectInfo, http::Request};
use common::{now_ms, program::Running, server, visit};
use rusqlite::Connection;
use server::store::{Bound, Row, Store};
use tracking::Record;

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

fn row(record: Record) -> Row {
    Row { line: record.to_line().unwrap(), record }
}

fn count(data: &Path, of: &str) -> i64 {
    let file = Connection::open(data.join("events.db")).unwrap();
    file.query_row(&format!("SELECT COUNT(*) FROM {of}"), [], |row| row.get(0)).unwrap()
}

fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + std::time::Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        thread::yield_now();
    }
}

/// A store whose server has last run so many days ago, with an event of that day and one that was too old then.
async fn asleep(data: &Path, days: u64) {
    let then_ms = now_ms() - days * DAY_MS;
    let (store, writer) = Store::open(data).unwrap();
    let rows = vec![row(visit(1, then_ms)), row(visit(2, then_ms - 31 * DAY_MS))];
    store.insert(rows, then_ms).await.unwrap();
    drop(store);
    writer.join();
}

fn start(data: &Path, log: &Path) -> Running {
    Running::start_with(data, |command| {
        let log = fs::File::options().create(true).append(true).open(log).unwrap();
        command.args(["--access-log", "off", "--retention-days", "30"]).stderr(log);
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumped_deletes_nothing_at_once() {
    for days in [2, 40, 3_000] {
        let dir = tempfile::tempdir().unwrap();
        let (data, log) = (dir.path().join("data"), dir.path().join("log"));
        asleep(&data, days).await;
        for start_of in 1..3 {
            let server = start(&data, &log);
            // What was too old by the old time goes: so somebody has looked at the clock.
            wait_for("what is too old goes", || {
                count(&data, "events WHERE event_id = x'00000000000000000000000000000002'") == 0
            });
            wait_for("a word", || {
                fs::read_to_string(&log).unwrap().matches("days ahead of what it was").count()
                    == start_of
            });
            // What comes with the new time does not confirm it.
            let answer = server.ask("POST /loki/api/v1/push", &common::one_visit(10));
            assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
        }
        assert_eq!(count(&data, "events"), 2, "{days} days");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_went_on_deletes() {
    let dir = tempfile::tempdir().unwrap();
    let (data, log) = (dir.path().join("data"), dir.path().join("log"));
    asleep(&data, 0).await;
    let server = start(&data, &log);
    wait_for("what is too old goes", || count(&data, "events") == 1);
    drop(server);
    assert!(!fs::read_to_string(&log).unwrap().contains("clock"));
}

#[tokio::test(flavor = "multi_thread")]
async fn notes_of_a_clock_that_was_ahead_do_not_keep_old_ones() {
    let dir = tempfile::tempdir().unwrap();
    let (data, log) = (dir.path().join("data"), dir.path().join("log"));
    drop(start(&data, &log));
    let file = Connection::open(data.join("events.db")).unwrap();
    file.execute_batch(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 700)
         INSERT INTO analytics (received_at, event, line) SELECT 2208988800000, 'x', '{}' FROM n;
         INSERT INTO analytics (received_at, event, line) VALUES (1000, 'old', '{}');",
    )
    .unwrap();
    drop(file);
    let server = start(&data, &log);
    wait_for("the old one goes", || count(&data, "analytics WHERE event = 'old'") == 0);
    // The others are as old as the day on which somebody noticed.
    wait_for("their date", || count(&data, "analytics WHERE received_at > 2200000000000") == 0);
    drop(server);
    assert_eq!(count(&data, "analytics"), 700);
}

#[tokio::test]
async fn what_a_clock_that_was_ahead_has_dated_goes_by_the_same_rule() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _writer) = Store::open(dir.path()).unwrap();
    let later_ms = now_ms() + 5_000 * DAY_MS;
    let rows = vec![row(visit(1, later_ms)), row(visit(2, now_ms()))];
    store.insert(rows, later_ms).await.unwrap();
    let forget = async |now_ms: u64, is_sure: bool| {
        let before_ms = now_ms - 30 * DAY_MS;
        let sure_ms = is_sure.then_some(now_ms);
        let bound = Bound { before_ms, unsent_before_ms: before_ms, sure_ms, sinks: Vec::new() };
        store.forget_old(bound).await.unwrap()
    };
    // Noticed today, gone in thirty days, as all that came today.
    assert_eq!(forget(now_ms(), false).await, 0);
    assert_eq!(forget(now_ms() + 29 * DAY_MS, false).await, 0);
    assert_eq!(forget(now_ms(), true).await, 0);
    assert_eq!(forget(now_ms() + 29 * DAY_MS, true).await, 0);
    assert_eq!(forget(now_ms() + 31 * DAY_MS, false).await, 1, "the one that was dated rightly");
    assert_eq!(forget(now_ms() + 31 * DAY_MS, true).await, 1);
    assert_eq!(count(dir.path(), "events"), 0);
}

#[tokio::test]
async fn pages_of_other_machines_tell_whether_the_clock_is_right() {
    let server = server();
    for (id, peer, sent_ms, counts) in [
        (1, "203.0.113.7", Some(now_ms()), (1, 0)),
        // The same machine has the same clock, and who says nothing tells nothing.
        (2, "127.0.0.1", Some(now_ms()), (1, 0)),
        (3, "203.0.113.7", None, (1, 0)),
        (4, "203.0.113.8", Some(now_ms() - 40 * DAY_MS), (1, 1)),
    ] {
        let sent = sent_ms.map_or(String::new(), |ms| format!("?sent={ms}"));
        let mut request = Request::post(format!("/loki/api/v1/push{sent}"))
            .header("host", "localhost")
            .header("content-type", "application/json")
            .body(Body::from(common::one_visit(id)))
            .unwrap();
        let peer = std::net::SocketAddr::new(peer.parse().unwrap(), 4711);
        request.extensions_mut().insert(ConnectInfo(peer));
        let answer = server.send(request).await;
        assert_eq!(answer.status, 204, "{}", answer.text);
        let witnesses = server.store.witnesses();
        assert_eq!((witnesses.agree, witnesses.differ), counts, "{id}");
    }
}
