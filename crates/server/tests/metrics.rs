//! `/metrics` counts what really happened, in words that name no person.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use std::sync::Arc;

use axum::http::StatusCode;
use common::{Server, entry, now_ms, one_visit, request, server, server_with, visit};
use server::store::{Cut, Next, Outgoing, Report};
use tracking::UserSecret;

async fn metrics(server: &Server) -> String {
    let answer = server.get("/metrics").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.header("content-type").starts_with("application/openmetrics-text"));
    assert!(answer.text.ends_with("# EOF\n"));
    answer.text
}

fn value(text: &str, name: &str) -> f64 {
    let line = text.lines().find(|line| line.rsplit_once(' ').is_some_and(|(key, _)| key == name));
    line.unwrap_or_else(|| panic!("no {name} in\n{text}"))
        .rsplit_once(' ')
        .unwrap()
        .1
        .parse()
        .unwrap()
}

#[tokio::test]
async fn each_event_is_counted_as_what_became_of_it() {
    let server = server();
    let now = now_ms();
    let good =
        |ids: std::ops::Range<u128>| ids.map(|id| entry(&visit(id, now))).collect::<Vec<_>>();
    assert_eq!(server.push(request(&good(0..7))).await.status, StatusCode::NO_CONTENT);
    // Three of them again, and two new ones.
    assert_eq!(server.push(request(&good(4..9))).await.status, StatusCode::NO_CONTENT);
    // One good, one bad.
    let mixed = [entry(&visit(50, now)), serde_json::json!(["1", "not an event"])];
    assert_eq!(server.push(request(&mixed)).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(server.push("{").await.status, StatusCode::BAD_REQUEST);
    let plain = server.push_with("x", &[("content-type", "text/plain")]).await;
    assert_eq!(plain.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);

    let text = metrics(&server).await;
    for (name, expected) in [
        ("clm_events_received_total", 14.0),
        ("clm_events_stored_total", 10.0),
        ("clm_events_duplicate_total", 3.0),
        ("clm_events_refused_total{reason=\"entry\"}", 1.0),
        ("clm_events_refused_total{reason=\"json\"}", 1.0),
        ("clm_events_refused_total{reason=\"content_type\"}", 1.0),
        ("clm_events_deleted_total", 0.0),
        ("clm_store_commit_seconds_count", 3.0),
        ("clm_http_request_seconds_count{route=\"/loki/api/v1/push\",status=\"204\"}", 2.0),
        ("clm_http_request_seconds_count{route=\"/loki/api/v1/push\",status=\"400\"}", 2.0),
    ] {
        assert_eq!(value(&text, name), expected, "{name}");
    }
    assert!(value(&text, "clm_store_size_bytes") > 10_000.0);
    assert!(value(&text, "clm_push_bytes_total") > 7_000.0);
    // No label comes from a client.
    assert_eq!(server.get("/api/zap-4711").await.status, StatusCode::NOT_FOUND);
    let text = metrics(&server).await;
    assert!(!text.contains("4711"), "{text}");
    assert!(!text.contains(visit(1, now).user_id.as_str()), "{text}");
}

#[tokio::test]
async fn events_of_an_erased_person_are_counted_as_refused() {
    let server = server();
    assert_eq!(server.push(one_visit(1)).await.status, StatusCode::NO_CONTENT);
    server.store.erase(UserSecret::new(1).user_id(), now_ms(), false).await.unwrap();
    assert_eq!(server.push(one_visit(2)).await.status, StatusCode::BAD_REQUEST);
    let text = metrics(&server).await;
    assert_eq!(value(&text, "clm_events_refused_total{reason=\"erased\"}"), 1.0);
    assert_eq!(value(&text, "clm_events_stored_total"), 1.0);
}

async fn next_batch(server: &Server) -> Outgoing {
    let cut =
        Cut { now_ms: now_ms(), max_bytes: usize::MAX, by_age: false, knows: Arc::new(|_| true) };
    match server.store.next_batch("stdout", cut).await.unwrap() {
        Next::Batch(batch) => batch,
        next => panic!("{next:?}"),
    }
}

#[tokio::test]
async fn the_outbox_tells_its_depth_and_age() {
    let server = server_with(|config, _| config.events_stdout = true);
    for id in 1..=3 {
        assert_eq!(server.push(one_visit(id)).await.status, StatusCode::NO_CONTENT);
    }
    let text = metrics(&server).await;
    assert_eq!(value(&text, "clm_outbox_depth{sink=\"stdout\"}"), 3.0);
    assert_eq!(value(&text, "clm_outbox_forwarded_total{sink=\"stdout\"}"), 0.0);

    let batch = next_batch(&server).await;
    let report = Report { forwarded: 2, too_old: 1, ..Report::default() };
    server.store.batch_done("stdout", &batch, report, now_ms()).await.unwrap();
    let text = metrics(&server).await;
    for (name, expected) in [
        ("clm_outbox_depth{sink=\"stdout\"}", 0.0),
        ("clm_outbox_age_seconds{sink=\"stdout\"}", 0.0),
        ("clm_outbox_forwarded_total{sink=\"stdout\"}", 2.0),
        ("clm_outbox_too_old_total{sink=\"stdout\"}", 1.0),
        ("clm_outbox_refused_total{sink=\"stdout\"}", 0.0),
    ] {
        assert_eq!(value(&text, name), expected, "{name}");
    }
}

#[tokio::test]
async fn the_live_page_hears_how_far_each_sink_is() {
    assert_eq!(server().get("/api/sinks").await.text, "[]");
    let server = server_with(|config, _| config.events_stdout = true);
    assert_eq!(server.push(one_visit(1)).await.status, StatusCode::NO_CONTENT);
    let told = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let sinks = told(&server.get("/api/sinks").await.text);
    assert_eq!((&sinks[0]["sink"], &sinks[0]["waiting"]), (&"stdout".into(), &1.into()));
    let batch = next_batch(&server).await;
    let report = Report { forwarded: 1, ..Report::default() };
    server.store.batch_done("stdout", &batch, report, now_ms()).await.unwrap();
    let sinks = told(&server.get("/api/sinks").await.text);
    assert_eq!((&sinks[0]["forwarded"], &sinks[0]["waiting"]), (&1.into(), &0.into()));
    let server = server_with(|config, _| config.token = Some("operator".into()));
    assert_eq!(server.get("/api/sinks").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn with_a_token_numbers_are_for_the_operator() {
    let server = server_with(|config, _| config.token = Some("operator".into()));
    assert_eq!(server.get("/metrics").await.status, StatusCode::UNAUTHORIZED);
    let headers = [("authorization", "Bearer operator")];
    assert_eq!(server.get_with("/metrics", &headers).await.status, StatusCode::OK);
    // Whoever watches over the process needs none.
    for path in ["/healthz", "/readyz"] {
        assert_eq!(server.get(path).await.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn a_scraper_that_asks_for_plain_text_gets_it() {
    let server = server();
    assert_eq!(server.push(one_visit(1)).await.status, StatusCode::NO_CONTENT);
    for accept in
        ["text/plain;version=0.0.4", "text/plain", "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"]
    {
        let answer = server.get_with("/metrics", &[("accept", accept)]).await;
        let kind = answer.header("content-type");
        assert!(kind.starts_with("text/plain; version=0.0.4"), "{accept}: {kind}");
        let text = answer.text;
        assert!(text.contains("# TYPE clm_events_received_total counter\n"), "{text}");
        assert_eq!(value(&text, "clm_events_received_total"), 1.0);
        for foreign in ["# EOF", "# UNIT"] {
            assert!(!text.contains(foreign), "{foreign} in {text}");
        }
        // Each sample belongs to a type that was declared before it.
        let mut declared = String::new();
        for line in text.lines() {
            match line.strip_prefix("# TYPE ") {
                Some(rest) => declared = rest.split(' ').next().unwrap().to_owned(),
                None if line.starts_with('#') => {}
                None => assert!(line.starts_with(&declared), "{line} after {declared}"),
            }
        }
    }
}
