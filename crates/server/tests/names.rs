//! Anybody may name components: what the store keeps of them, and what answers cost, is bounded.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeSet;

use axum::http::StatusCode;
use common::{Server, entry, now_ms, over, request, server_with, visit};
use rusqlite::Connection;
use tracking::{Component, Event, Record, SessionId};

/// A visit to `hash`, coming from `from`; each of a session of its own.
fn visit_to(id: u128, hash: &str, name: &str, from: &str) -> Record {
    let mut record = visit(id, now_ms());
    record.session_id = SessionId::new(now_ms(), id << 64);
    record.component = Component::new(hash, name);
    if let Event::ComponentVisit { prev_component, prev_component_name, .. } = &mut record.event {
        from.clone_into(prev_component);
        from.clone_into(prev_component_name);
    }
    record
}

async fn push(server: &Server, records: &[Record]) {
    for some in records.chunks(900) {
        let entries: Vec<_> = some.iter().map(entry).collect();
        let answer = server.push(request(&entries)).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text);
    }
}

fn distinct(server: &Server, what: &str) -> BTreeSet<String> {
    let file = Connection::open(server.dir.path().join("data/events.db")).unwrap();
    let mut query = file.prepare(&format!("SELECT DISTINCT {what} FROM events")).unwrap();
    query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[tokio::test]
async fn a_hundred_thousand_names_are_a_thousand_and_one() {
    let dir = tempfile::tempdir().unwrap();
    let config = common::config(dir.path());
    let (server, writer) = over(dir, config);
    let records: Vec<_> = (0..100_000)
        .map(|id| visit_to(id, &format!("made-up-{id}"), &format!("{id}"), &format!("from-{id}")))
        .collect();
    push(&server, &records).await;
    let hashes = distinct(&server, "component_hash");
    let from = distinct(&server, "prev_component");
    assert!(hashes.union(&from).count() <= 1_001, "{} and {}", hashes.len(), from.len());
    assert!(distinct(&server, "component_name").len() <= 1_001);
    assert!(hashes.contains("(other)") && from.contains("(other)"));
    for question in ["visits", "journey", "paths", "popularity", "time", "exit-points"] {
        let answer = server.get(&format!("/api/insights/{question}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{question}: {}", answer.text);
        let rows = serde_json::from_str::<Vec<serde_json::Value>>(&answer.text).unwrap().len();
        assert!(rows <= 4_010, "{question}: {rows} rows");
    }
    assert_eq!(server.visits().await, 100_000);
    // What the registry knows stays itself.
    push(&server, &[visit_to(1 << 40, "user-list", "Users", "welcome")]).await;
    assert!(distinct(&server, "component_hash").contains("user-list"));
    assert!(distinct(&server, "prev_component").contains("welcome"));
    let metrics = server.get("/metrics").await.text;
    assert!(metrics.contains("clm_events_other_total "), "{metrics}");

    // A restart forgets nothing of it.
    let Server { dir, router, store } = server;
    drop((router, store));
    writer.join();
    let config = common::config(dir.path());
    let (server, _) = over(dir, config);
    push(&server, &[visit_to(2 << 40, "one-more", "One more", "one-more")]).await;
    assert!(!distinct(&server, "component_hash").contains("one-more"));
}

#[tokio::test]
async fn a_component_has_a_few_names() {
    let server = server_with(|_, _| {});
    let records: Vec<_> =
        (0..5_000).map(|id| visit_to(id, "welcome", &format!("Name {id}"), "(entry)")).collect();
    push(&server, &records).await;
    // And its hash, which stands for all others.
    assert_eq!(distinct(&server, "component_name").len(), 9);
    assert_eq!(server.visits().await, 5_000);
}

#[tokio::test]
async fn the_limit_is_a_setting() {
    let server = server_with(|config, _| config.max_unknown = 3);
    let records: Vec<_> =
        (0..10).map(|id| visit_to(id, &format!("made-up-{id}"), "A name", "(entry)")).collect();
    push(&server, &records).await;
    let hashes: Vec<_> = distinct(&server, "component_hash").into_iter().collect();
    assert_eq!(hashes, ["(other)", "made-up-0", "made-up-1", "made-up-2"]);
}
