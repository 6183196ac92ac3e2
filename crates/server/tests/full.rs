//! The store at its limits: what is too old goes, what is not yet sent stays, and a store that can
//! take no more says so and is well again as soon as there is room.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use std::{fs, sync::Arc};

use axum::http::StatusCode;
use common::{Answer, Server, entry, now_ms, program::Running, request, server_with, visit};
use rusqlite::Connection;
use server::store::{Bound, Cut, Lane, Next, Outgoing, Report, Store};

const HOUR_MS: u64 = 3_600_000;
const SINK: &str = "stdout";

/// Visits `ids`, one per second from `from_ms` on.
fn visits(ids: std::ops::Range<u128>, from_ms: u64) -> String {
    let start = ids.start;
    let entries: Vec<_> = ids
        .map(|id| entry(&visit(id, from_ms + u64::try_from(id - start).unwrap() * 1_000)))
        .collect();
    request(&entries)
}

fn stored(server: &Server) -> i64 {
    let file = Connection::open(server.dir.path().join("data/events.db")).unwrap();
    file.query_row("SELECT COUNT(*) FROM events", [], |row| row.get(0)).unwrap()
}

/// The sink has had all up to `end`.
async fn hand_over(store: &Store, end: i64) {
    let cut = Cut { now_ms: now_ms(), max_bytes: 1, by_age: false, knows: Arc::new(|_| true) };
    store.next_batch(SINK, cut).await.unwrap();
    let batch = Outgoing { lane: Lane::Live { end }, events: Vec::new() };
    store.batch_done(SINK, &batch, Report::default(), now_ms()).await.unwrap();
}

async fn forget(store: &Store, before_ms: u64, unsent_before_ms: u64) -> (usize, usize) {
    let bound = Bound { before_ms, unsent_before_ms, sure_ms: None, sinks: vec![SINK] };
    let (mut steps, mut events) = (0, 0);
    loop {
        match store.forget_old(bound.clone()).await.unwrap() {
            0 => return (steps, events),
            some => (steps, events) = (steps + 1, events + some),
        }
    }
}

#[tokio::test]
async fn what_is_too_old_goes_in_small_steps_and_the_file_shrinks() {
    let server = server_with(|_, _| {});
    let (old_ms, new_ms) = (now_ms() - 5 * HOUR_MS, now_ms() - HOUR_MS);
    for batch in 0..8 {
        let answer = server.push(visits(batch * 500..(batch + 1) * 500, old_ms)).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text);
    }
    assert_eq!(server.push(visits(9_000..9_010, new_ms)).await.status, StatusCode::NO_CONTENT);
    let store = &server.store;
    let now = now_ms();
    hand_over(store, i64::MAX).await;
    let path = server.dir.path().join("data/events.db");
    let empty_log = || {
        Connection::open(&path)
            .unwrap()
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .unwrap();
        fs::metadata(&path).unwrap().len()
    };
    let before = empty_log();
    let (steps, events) = forget(store, now - 3 * HOUR_MS, 0).await;
    assert_eq!(events, 4_000);
    assert!(steps >= 8, "{steps}");
    assert_eq!(stored(&server), 10);
    assert_eq!(server.visits().await, 10);
    let after = empty_log();
    assert!(after * 4 < before, "{before} bytes became {after}");
}

#[tokio::test]
async fn what_no_sink_has_had_is_held_as_long_as_a_sink_would_take_it() {
    let server = server_with(|_, _| {});
    let now = now_ms();
    assert_eq!(server.push(visits(0..100, now - 5 * HOUR_MS)).await.status, StatusCode::NO_CONTENT);
    assert_eq!(
        server.push(visits(100..200, now - 4 * HOUR_MS)).await.status,
        StatusCode::NO_CONTENT
    );
    let store = &server.store;
    // The sink is through with the first fifty only.
    hand_over(store, 50).await;
    assert_eq!(forget(store, now - HOUR_MS, 0).await.1, 50);
    assert_eq!(stored(&server), 150);
    // Later no sink would take the first hundred any more.
    let (_, events) = forget(store, now - HOUR_MS, now - 4 * HOUR_MS).await;
    assert_eq!((events, stored(&server)), (50, 100));
}

#[tokio::test]
async fn what_waits_for_loki_in_its_own_order_is_held_too() {
    let server = server_with(|_, _| {});
    let now = now_ms();
    assert_eq!(server.push(visits(0..10, now - 5 * HOUR_MS)).await.status, StatusCode::NO_CONTENT);
    let cut = Cut { now_ms: now, max_bytes: 1 << 20, by_age: true, knows: Arc::new(|_| true) };
    let store = &server.store;
    // The live lane is through with them: they stand in the other one.
    assert!(matches!(store.next_batch("loki", cut.clone()).await.unwrap(), Next::Sorted));
    let bound = |unsent_before_ms| Bound {
        before_ms: now - HOUR_MS,
        unsent_before_ms,
        sure_ms: None,
        sinks: vec!["loki"],
    };
    assert_eq!(store.forget_old(bound(0)).await.unwrap(), 0);
    assert_eq!(store.standing("loki").await.unwrap().waiting, 10);
    let Next::Batch(batch) = store.next_late("loki", cut).await.unwrap() else { panic!() };
    let report = Report { forwarded: batch.events.len(), ..Report::default() };
    store.batch_done("loki", &batch, report, now).await.unwrap();
    assert_eq!(store.forget_old(bound(0)).await.unwrap(), 10);
    assert_eq!(store.standing("loki").await.unwrap().waiting, 0);
}

/// Pushes until the answer is not 204; how many events were taken.
async fn fill(server: &Server, at_ms: u64) -> (i64, Answer) {
    let mut batch = 0;
    loop {
        let answer = server.push(visits(batch * 100..(batch + 1) * 100, at_ms)).await;
        if answer.status != StatusCode::NO_CONTENT {
            return (i64::try_from(batch * 100).unwrap(), answer);
        }
        batch += 1;
        assert!(batch < 1_000, "a store of 4 MB takes 100,000 events");
    }
}

#[tokio::test]
async fn a_full_store_takes_nothing_and_says_when_to_come_back() {
    let server = server_with(|config, _| config.max_store_bytes = 4 << 20);
    let old_ms = now_ms() - 5 * HOUR_MS;
    let (taken, refused) = fill(&server, old_ms).await;
    assert!(taken > 0);
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.header("retry-after"), "5");
    assert_eq!(refused.text, "the events cannot be stored at the moment\n");
    // All or nothing, and what is there can be read.
    assert_eq!(stored(&server), taken);
    assert_eq!(server.visits().await, u64::try_from(taken).unwrap());
    let ready = server.get("/readyz").await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE, "{}", ready.text);
    assert_eq!(ready.header("retry-after"), "5");
    assert_eq!(server.get("/healthz").await.status, StatusCode::OK);
    let metrics = server.get("/metrics").await.text;
    assert!(metrics.contains("clm_events_refused_total{reason=\"store\"} 1\n"), "{metrics}");

    // Age makes room, in the same process.
    let store = &server.store;
    let now = now_ms();
    hand_over(store, i64::MAX).await;
    assert!(forget(store, now - HOUR_MS, 0).await.1 > 0);
    assert_eq!(server.get("/readyz").await.status, StatusCode::OK);
    let answer = server.push(visits(500_000..500_010, now - 60_000)).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text);
    assert_eq!(server.visits().await, 10);
}

/// The system refuses to make any file longer than 4 MB: the disk is full for this program.
#[cfg(unix)]
#[test]
fn a_full_disk_is_no_lie_and_no_loss() {
    let dir = tempfile::tempdir().unwrap();
    let limited = |command: &mut std::process::Command| {
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", "trap '' XFSZ; ulimit -f 8192; exec \"$@\"", "sh"]);
        shell.arg(command.get_program()).args(command.get_args()).env_remove("CLM_API_TOKEN");
        *command = shell;
    };
    let server = Running::start_with(dir.path(), limited);
    let from_ms = now_ms() - HOUR_MS;
    let mut taken = 0;
    let refused = loop {
        let answer = server.ask("POST /loki/api/v1/push", &visits(taken..taken + 100, from_ms));
        if !answer.starts_with("HTTP/1.1 204 ") {
            break answer;
        }
        taken += 100;
        assert!(taken < 3_000, "4 MB take 3,000 events");
    };
    assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
    assert!(refused.contains("retry-after: 5"), "{refused}");
    assert!(server.ask("GET /readyz", "").starts_with("HTTP/1.1 503 "));
    assert!(server.ask("GET /healthz", "").starts_with("HTTP/1.1 200 "));
    drop(server);

    // With room again, all that was acknowledged is there, and more can come.
    let server = Running::start(dir.path());
    let answer = server.ask("GET /api/insights/summary", "");
    assert!(answer.contains(&format!("{{\"visits\":{taken},")), "{taken}: {answer}");
    let answer = server.ask("POST /loki/api/v1/push", &visits(taken..taken + 100, from_ms));
    assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
}
