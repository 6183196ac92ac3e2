//! What events cost is measured: bodies as they came, lines as they are kept, streams as Loki would have them.
#![allow(clippy::unwrap_used)]

mod common;

use axum::http::StatusCode;
use common::{Server, entry, gzip, now_ms, request, server, server_with, visit};
use insights::{Assumed, Cost, Weight};
use server::loki::{Loki, LokiSettings};
use tracking::{LabelMode, SessionId};

const HOUR_MS: u64 = 60 * 60 * 1_000;

async fn cost(server: &Server, parameters: &str) -> Cost {
    let answer = server.get(&format!("/api/insights/cost{parameters}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    serde_json::from_str(&answer.text).unwrap()
}

#[tokio::test]
async fn an_empty_store_has_cost_nothing() {
    let measured = cost(&server(), "").await;
    assert_eq!((measured.events, measured.line_bytes, measured.streams), (0, 0, 0));
    assert_eq!(measured.sent, None);
    assert_eq!(Assumed::default().month(&measured), None);
}

#[tokio::test]
async fn bytes_are_those_that_came_and_those_that_are_kept() {
    let server = server();
    let now = now_ms();
    let visits: Vec<_> = (0..20).map(|id| visit(id, now)).collect();
    let body = gzip(request(&visits.iter().map(entry).collect::<Vec<_>>()).as_bytes());
    let headers = [("content-type", "application/json"), ("content-encoding", "gzip")];
    let sent = Weight { bytes: body.len() as u64, events: 20 };
    assert_eq!(server.push_with(body, &headers).await.status, StatusCode::NO_CONTENT);

    let measured = cost(&server, "").await;
    let line = visits[0].to_line().unwrap().len() as u64;
    assert!(measured.line_bytes.abs_diff(20 * line) < 40, "{measured:?}");
    assert_eq!((measured.events, measured.visits, measured.user_days), (20, 20, 1));
    assert_eq!((measured.streams, measured.late_streams), (1, Some(0)));
    assert_eq!(measured.sent, Some(sent));
    let file = measured.file.unwrap();
    assert_eq!(file.events, 20);
    assert!(file.bytes > measured.line_bytes);
}

#[tokio::test]
async fn the_range_and_the_filter_choose_what_is_weighed() {
    let server = server();
    let now = now_ms();
    let late = visit(1, now - 2 * HOUR_MS);
    server.push(request(&[entry(&late), entry(&visit(2, now))])).await;
    let measured = cost(&server, "").await;
    assert_eq!((measured.events, measured.streams, measured.late_streams), (2, 1, Some(1)));
    let measured = cost(&server, &format!("?from={}", now - HOUR_MS)).await;
    assert_eq!((measured.events, measured.late_streams), (1, Some(0)));
    assert_eq!(measured.file.unwrap().events, 2);
    assert_eq!(cost(&server, "?component=elsewhere").await.events, 0);
}

#[tokio::test]
async fn ids_as_labels_are_streams_and_no_metadata() {
    let server = server_with(|config, _| {
        let mut settings = LokiSettings::new("http://127.0.0.1:9".to_owned());
        settings.labels = LabelMode::Stream;
        config.loki = Some(Loki::new(settings).unwrap());
    });
    let now = now_ms();
    let mut other = visit(2, now);
    other.session_id = SessionId::new(2, 2);
    server.push(request(&[entry(&visit(1, now)), entry(&other)])).await;
    let measured = cost(&server, "").await;
    assert_eq!((measured.streams, measured.id_bytes), (2, 0));
}

#[tokio::test]
async fn a_wrong_question_is_told_what_is_wrong() {
    let answer = server().get("/api/insights/cost?zap=1").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.text.contains("zap"), "{}", answer.text);
}
