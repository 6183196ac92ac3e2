//! A page's clock may be wrong: its events are taken all the same, at the right time.
#![allow(clippy::unwrap_used)]

mod common;

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use common::{Answer, Server, entry, now_ms, request, server, server_with, visit};
use serde_json::Value;
use tracking::{DropReason, Event, Record, SessionId};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// A test may be slow, but not so slow.
const NEAR_MS: u64 = 20_000;

async fn push_sent(server: &Server, query: &str, entries: &[Value]) -> Answer {
    let request = Request::post(format!("/loki/api/v1/push{query}"))
        .header("host", "localhost")
        .header("content-type", "application/json")
        .body(Body::from(common::request(entries)))
        .unwrap();
    server.send(request).await
}

fn off(ms: u64, by: i64) -> u64 {
    ms.saturating_add_signed(by)
}

/// The stored lines in the order of their numbers.
fn lines(server: &Server) -> Vec<Value> {
    let file = rusqlite::Connection::open(server.dir.path().join("data/events.db")).unwrap();
    let mut query = file.prepare("SELECT timestamp, line FROM events ORDER BY seq").unwrap();
    let rows = query.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)));
    let lines = rows.unwrap().map(|row| {
        let (timestamp, line) = row.unwrap();
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["timestamp"], timestamp, "the row and its line differ");
        assert!(Record::from_line(&line.to_string()).is_ok());
        line
    });
    lines.collect()
}

fn numbered(seq: u64, at_ms: u64) -> Record {
    Record { seq, ..visit(u128::from(seq), at_ms) }
}

fn is_near(ms: &Value, expected: u64) -> bool {
    ms.as_u64().unwrap().abs_diff(expected) < NEAR_MS
}

#[tokio::test]
async fn events_of_a_wrong_clock_are_stored_at_the_right_time() {
    for by in [
        2 * MINUTE,
        11 * MINUTE,
        -11 * MINUTE,
        HOUR,
        -2 * HOUR,
        2 * HOUR,
        40 * DAY,
        -40 * DAY,
        400 * DAY,
        -20_000 * DAY,
    ] {
        let server = server();
        // An offline queue: a week, an hour and a moment old.
        let ages = [7 * DAY, HOUR, 5_000, 0];
        let page = off(now_ms(), by);
        let records: Vec<_> =
            (1..).zip(ages).map(|(seq, age)| numbered(seq, off(page, -age))).collect();
        let entries: Vec<_> = records.iter().map(entry).collect();
        let answer = push_sent(&server, &format!("?sent={page}"), &entries).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{by}: {}", answer.text);
        let told: i64 = answer.header("clm-clock-skew-ms").parse().unwrap();
        assert!(told.abs_diff(-by) < NEAR_MS, "{by}: {told}");
        let lines = lines(&server);
        assert_eq!(lines.len(), 4, "{by}");
        for ((line, record), age) in lines.iter().zip(&records).zip(ages) {
            assert!(is_near(&line["timestamp"], off(now_ms(), -age)), "{by}: {line}");
            assert_eq!(line["client_timestamp"], record.timestamp.0, "{by}");
        }
        // The distances are the page's own.
        let distance = |at: usize| {
            lines[at + 1]["timestamp"].as_i64().unwrap() - lines[at]["timestamp"].as_i64().unwrap()
        };
        assert_eq!([distance(0), distance(1), distance(2)], [7 * DAY - HOUR, HOUR - 5_000, 5_000]);
    }
}

#[tokio::test]
async fn a_small_difference_changes_nothing() {
    for by in [-50_000, -1_000, 0, 1_000, 50_000] {
        let server = server();
        let page = off(now_ms(), by);
        let record = numbered(1, page);
        let answer = push_sent(&server, &format!("?sent={page}"), &[entry(&record)]).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
        assert_eq!(answer.header("clm-clock-skew-ms"), "");
        let stored = &lines(&server)[0];
        let line = record.to_line().unwrap();
        assert_eq!(*stored, serde_json::from_str::<Value>(&line).unwrap());
    }
}

#[tokio::test]
async fn a_clock_that_was_set_between_event_and_sending_loses_nothing() {
    let server = server();
    let now = now_ms();
    let entries: Vec<_> = [40 * DAY, HOUR, -5_000, i64::MAX]
        .into_iter()
        .zip(1..)
        .map(|(by, seq)| entry(&numbered(seq, off(now, by))))
        .chain([entry(&numbered(9, 3_600_000))])
        .collect();
    let answer = push_sent(&server, &format!("?sent={now}"), &entries).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text);
    for line in lines(&server) {
        assert!(is_near(&line["timestamp"], now), "{line}");
    }
}

#[tokio::test]
async fn a_page_that_does_not_say_when_it_sent_is_not_refused_for_its_clock() {
    let server = server();
    let now = now_ms();
    let entries = [numbered(1, off(now, HOUR - 5_000)), numbered(2, off(now, HOUR))];
    let answer = push_sent(&server, "", &entries.each_ref().map(entry)).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text);
    assert!(answer.header("clm-clock-skew-ms").starts_with('-'));
    let lines = lines(&server);
    assert!(is_near(&lines[1]["timestamp"], now));
    assert!(is_near(&lines[0]["timestamp"], now - 5_000));
    // A program with a right clock and an old event.
    let old = entry(&numbered(3, off(now, -3 * HOUR)));
    let answer = push_sent(&server, "", &[old]).await;
    assert_eq!((answer.status, answer.header("clm-clock-skew-ms")), (StatusCode::NO_CONTENT, ""));
}

#[tokio::test]
async fn what_is_too_old_on_the_right_clock_is_refused() {
    let server = server();
    let page = off(now_ms(), 11 * MINUTE);
    let (old, new) = (numbered(1, off(page, -31 * DAY)), numbered(2, page));
    let answer = push_sent(&server, &format!("?sent={page}"), &[entry(&old), entry(&new)]).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.text.starts_with("entry 0 of stream 0: timestamp is more than 30 days old"));
    assert!(
        !answer.header("clm-clock-skew-ms").is_empty(),
        "the page learns of its clock all the same"
    );
    assert_eq!(lines(&server).len(), 1);
}

#[tokio::test]
async fn every_kind_of_event_is_corrected_and_counted() {
    let server = server();
    let page = off(now_ms(), 3 * HOUR);
    let report = Record {
        event: Event::TrackingDropped { dropped_reason: DropReason::QueueFull, dropped_count: 4 },
        ..numbered(1, page)
    };
    let session_id = SessionId::new(page, 1);
    let start = Record {
        event: Event::SessionStart { previous_session_id: None },
        session_id,
        ..numbered(2, page)
    };
    let query = format!("?tenant=a&sent={page}");
    let answer = push_sent(&server, &query, &[entry(&report), entry(&start)]).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text);
    let lines = lines(&server);
    assert!(lines.iter().all(|line| is_near(&line["timestamp"], now_ms())));
    // An id is an id, whatever it is made of.
    assert_eq!(lines[1]["session_id"], format!("session_{page}_0000000000000000"));
    let metrics = server.get("/metrics").await.text;
    assert!(metrics.contains("clm_events_clock_corrected_total 2\n"), "{metrics}");
}

#[tokio::test]
async fn answers_count_a_corrected_event_where_it_belongs() {
    let server = server();
    let page = off(now_ms(), -2 * HOUR);
    let answer = push_sent(&server, &format!("?sent={page}"), &[entry(&numbered(1, page))]).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    let from = off(now_ms(), -10 * MINUTE);
    let to = off(now_ms(), MINUTE);
    let summary = server.get(&format!("/api/insights/summary?from={from}&to={to}")).await;
    let summary: Value = serde_json::from_str(&summary.text).unwrap();
    assert_eq!(summary["visits"], 1);
}

#[tokio::test]
async fn a_page_of_another_origin_may_read_how_wrong_its_clock_is() {
    let server =
        server_with(|config, _| config.origins = vec!["https://x.example".parse().unwrap()]);
    let page = off(now_ms(), HOUR);
    let answer = server
        .send(
            Request::post(format!("/loki/api/v1/push?sent={page}"))
                .header("host", "localhost")
                .header("origin", "https://x.example")
                .header("content-type", "application/json")
                .body(Body::from(request(&[entry(&numbered(1, page))])))
                .unwrap(),
        )
        .await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text);
    assert!(answer.header("access-control-expose-headers").contains("clm-clock-skew-ms"));
}
