//! From the store to Loki: a real program, a real file, and a Loki that fails on purpose.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::path::Path;

use common::{
    entry,
    loki::{Loki, Mood},
    now_ms,
    program::Running,
    request, visit,
};
use serde_json::Value;
use tracking::Record;

const HOUR_MS: u64 = 60 * 60 * 1_000;

fn start(dir: &Path, loki: &Loki) -> Running {
    Running::start_with(dir, |command| {
        command.env("LOKI_URL", &loki.address).arg("--access-log").arg("off");
    })
}

fn push(server: &Running, records: &[Record]) {
    let body = request(&records.iter().map(entry).collect::<Vec<_>>());
    let answer = server.ask("POST /loki/api/v1/push", &body);
    assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
}

fn visits(ids: std::ops::Range<u128>) -> Vec<Record> {
    ids.map(|id| visit(id, now_ms())).collect()
}

/// What the file says of the outbox.
fn ask_file<T: rusqlite::types::FromSql>(dir: &Path, query: &str) -> T {
    let file = rusqlite::Connection::open(dir.join("events.db")).unwrap();
    file.query_row(query, [], |row| row.get(0)).unwrap()
}

async fn until_through(dir: &Path, last: i64) {
    let start = std::time::Instant::now();
    let through = "SELECT COALESCE(MAX(done), 0) - (SELECT COUNT(*) FROM outbox_late) FROM outbox";
    while ask_file::<i64>(dir, through) < last {
        assert!(start.elapsed() < std::time::Duration::from_secs(40), "the outbox is stuck");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_reach_loki_with_our_labels_and_ids_beside_the_line() {
    let dir = tempfile::tempdir().unwrap();
    let loki = Loki::start().await;
    let server = Running::start_with(dir.path(), |command| {
        command
            .env("LOKI_URL", format!("{}/loki/api/v1/push", loki.address))
            .env("LOKI_USERNAME", "me")
            .env("LOKI_PASSWORD", "hush")
            .env("LOKI_TENANT", "us");
    });
    let record = visit(7, now_ms());
    push(&server, std::slice::from_ref(&record));
    let entries = loki.until(|entries| !entries.is_empty()).await;
    let [labels, ns, line, metadata] = &entries[0];
    let labels: Value = serde_json::from_str(labels).unwrap();
    assert_eq!(
        labels,
        serde_json::json!({ "job": "clm-frontend", "service_name": "clm-frontend",
            "event": "component_visit", "component": "welcome" })
    );
    assert_eq!(*ns, record.timestamp.as_nanos().to_string());
    assert_eq!(*line, record.to_line().unwrap());
    let metadata: Value = serde_json::from_str(metadata).unwrap();
    assert_eq!(metadata["user_id"], record.user_id.as_str());
    assert_eq!(metadata["session_id"], record.session_id.as_str());
    let headers = &loki.headers()[0];
    assert_eq!(headers["authorization"], "Basic bWU6aHVzaA==");
    assert_eq!(headers["x-scope-orgid"], "us");
    assert_eq!(headers["content-encoding"], "gzip");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loki_that_fails_gets_the_same_bytes_again_and_keeps_them_once() {
    let dir = tempfile::tempdir().unwrap();
    let loki = Loki::start().await;
    loki.moods([
        Mood::Answer(500, None),
        Mood::KeepAndFail,
        Mood::Answer(429, Some(("Retry-After", "1"))),
        Mood::Answer(401, None),
        Mood::KeepAndFail,
    ]);
    let server = start(dir.path(), &loki);
    push(&server, &visits(0..50));
    until_through(dir.path(), 50).await;
    assert_eq!(loki.entries().len(), 50);
    assert!(loki.received() >= 150, "{}", loki.received());
    assert_eq!(ask_file::<i64>(dir.path(), "SELECT forwarded FROM outbox"), 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_entry_that_is_never_taken_is_set_aside_with_lokis_words() {
    let dir = tempfile::tempdir().unwrap();
    let loki = Loki::start().await;
    let records = visits(0..30);
    loki.poison(&records[17].event_id.to_string());
    let server = start(dir.path(), &loki);
    push(&server, &records);
    until_through(dir.path(), 30).await;
    assert_eq!(loki.entries().len(), 29);
    let refused = "SELECT cursor || ' ' || status || ' ' || reason FROM outbox_refused";
    assert_eq!(ask_file::<String>(dir.path(), refused), "18 400 max entry size exceeded");
    // It is still in the store.
    assert_eq!(ask_file::<i64>(dir.path(), "SELECT COUNT(*) FROM events"), 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn late_events_go_to_a_stream_of_their_own_and_old_ones_stay_here() {
    let dir = tempfile::tempdir().unwrap();
    let loki = Loki::start().await;
    let server = start(dir.path(), &loki);
    let now = now_ms();
    push(&server, &[visit(1, now)]);
    until_through(dir.path(), 1).await;
    let late = visit(2, now - 5 * HOUR_MS);
    push(&server, &[late.clone(), visit(3, now - 8 * 24 * HOUR_MS), visit(4, now)]);
    until_through(dir.path(), 4).await;
    let entries = loki.entries();
    assert_eq!(entries.len(), 3, "{entries:#?}");
    let of_late = entries.iter().find(|entry| entry[2] == late.to_line().unwrap()).unwrap();
    let labels: Value = serde_json::from_str(&of_late[0]).unwrap();
    assert_eq!(labels["late"], "backlog");
    assert_eq!(ask_file::<i64>(dir.path(), "SELECT too_old FROM outbox"), 1);
    assert_eq!(ask_file::<i64>(dir.path(), "SELECT COUNT(*) FROM outbox_refused"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_backlog_leaves_in_requests_under_one_megabyte() {
    let dir = tempfile::tempdir().unwrap();
    {
        // Nobody forwards yet.
        let server = Running::start(dir.path());
        for chunk in 0..10 {
            push(&server, &visits(chunk * 500..(chunk + 1) * 500));
        }
    }
    let loki = Loki::start().await;
    let _server = start(dir.path(), &loki);
    until_through(dir.path(), 5_000).await;
    assert_eq!(loki.entries().len(), 5_000);
    assert_eq!(loki.received(), 5_000);
    assert!(loki.largest() < 1_000_000, "{}", loki.largest());
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_nothing_is_lost_and_nothing_is_twice() {
    let dir = tempfile::tempdir().unwrap();
    let loki = Loki::start().await;
    let mut next: u128 = 0;
    for round in 0..6 {
        // Loki keeps what it gets and does not say so, or does: the kill comes in between.
        loki.moods([Mood::KeepAndFail, Mood::Answer(503, None)].into_iter().cycle().take(round));
        let mut server = start(dir.path(), &loki);
        for _ in 0..5 {
            push(&server, &visits(next..next + 20));
            next += 20;
        }
        let seen = loki.received();
        if round % 2 == 0 {
            loki.until(|_| loki.received() > seen || loki.received() >= 100).await;
        }
        server.child.kill().unwrap();
        server.child.wait().unwrap();
    }
    loki.moods([]);
    let _server = start(dir.path(), &loki);
    until_through(dir.path(), i64::try_from(next).unwrap()).await;
    let lines: std::collections::BTreeSet<_> =
        loki.entries().iter().map(|entry| entry[2].clone()).collect();
    assert_eq!(lines.len(), usize::try_from(next).unwrap(), "lost");
    assert_eq!(loki.entries().len(), lines.len(), "twice, with other bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_erased_while_loki_is_away_never_reaches_it() {
    let dir = tempfile::tempdir().unwrap();
    let loki = Loki::start().await;
    // Away until told otherwise, and quick to be asked again.
    loki.moods(vec![Mood::Answer(503, Some(("retry-after", "0"))); 100_000]);
    let server = start(dir.path(), &loki);
    let erased = tracking::UserSecret::new(1);
    let other = tracking::UserSecret::new(2).user_id();
    let mut records = visits(0..6);
    for record in &mut records[3..] {
        record.user_id = other.clone();
    }
    push(&server, &records);
    let start = std::time::Instant::now();
    while loki.headers().is_empty() {
        assert!(start.elapsed() < std::time::Duration::from_secs(40), "nothing was sent");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let proof = format!("x-clm-user-secret: {}\r\n", erased.to_hex());
    let answer = server.ask_with("DELETE /api/me", &proof, "");
    assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");
    loki.moods([]);
    until_through(dir.path(), 6).await;
    let entries = loki.entries();
    assert_eq!(entries.len(), 3, "{entries:#?}");
    for entry in entries {
        assert!(entry[2].contains(other.as_str()), "{entry:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_anybody_calls_a_component_is_no_label() {
    let dir = tempfile::tempdir().unwrap();
    let loki = Loki::start().await;
    let server = start(dir.path(), &loki);
    let now = now_ms();
    for some in 0..8 {
        let records: Vec<_> = (0..250)
            .map(|id| {
                let id = some * 250 + id;
                let hash = format!("made-up-{id}");
                let component = tracking::event::Component::new(&*hash, "Made up");
                // Some of it happened long ago.
                let age_ms = u64::try_from(id % 7).unwrap() * HOUR_MS;
                Record { component, ..visit(id, now - age_ms) }
            })
            .collect();
        push(&server, &records);
    }
    push(&server, &[visit(5_000, now)]);
    let entries = loki.until(|entries| entries.len() == 2_001).await;
    let components: std::collections::BTreeSet<_> = entries
        .iter()
        .map(|entry| {
            let labels: Value = serde_json::from_str(&entry[0]).unwrap();
            labels["component"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(components.into_iter().collect::<Vec<_>>(), ["(other)", "welcome"]);
    assert!(loki.streams().len() <= 3, "{:?}", loki.streams());
    // The line keeps what it said.
    assert!(entries.iter().any(|entry| entry[2].contains("made-up-7\"")));
}

#[test]
fn every_stored_event_is_one_line_of_stdout_when_asked() {
    use std::io::{BufRead, Read};
    let dir = tempfile::tempdir().unwrap();
    let mut server = Running::start_with(dir.path(), |command| {
        command.args(["--events-stdout", "--access-log", "off"]);
    });
    let records = visits(0..3);
    push(&server, &records);
    let told: Vec<_> = server.output.by_ref().lines().take(3).map(Result::unwrap).collect();
    let expected: Vec<_> = records.iter().map(|record| record.to_line().unwrap()).collect();
    assert_eq!(told, expected);
}
