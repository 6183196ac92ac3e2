//! What is taken in, what is refused, and in which words.

mod common;

use axum::http::StatusCode;
use common::{entry, gzip, now_ms, one_visit, request, server, visit};
use serde_json::json;

const JSON: (&str, &str) = ("content-type", "application/json");
const GZIP: (&str, &str) = ("content-encoding", "gzip");
const MEBIBYTE: usize = 1 << 20;

#[tokio::test]
async fn an_event_sent_twice_is_stored_once() {
    let server = server();
    let body = one_visit(1);
    for _ in 0..2 {
        assert_eq!(server.push(body.clone()).await.status, StatusCode::NO_CONTENT);
    }
    assert_eq!(server.visits().await, 1);
    assert_eq!(server.push(one_visit(2)).await.status, StatusCode::NO_CONTENT);
    assert_eq!(server.visits().await, 2);
}

#[tokio::test]
async fn a_bad_entry_is_named_and_the_good_ones_are_stored() {
    let server = server();
    let good = entry(&visit(1, now_ms()));
    let line = good[1].as_str().unwrap();
    let without_url = line.replace(r#""url":"http://localhost/","#, "");
    let body = json!({ "streams": [
        { "stream": { "event": "component_visit", "component": "welcome" }, "values": [good] },
        { "stream": {}, "values": [[good[0], without_url]] },
    ] });
    let answer = server.push(body.to_string()).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(answer.text, "entry 0 of stream 1: missing field url\n1 refused, 1 taken\n");
    assert_eq!(server.visits().await, 1);
}

#[tokio::test]
async fn each_thing_wrong_with_an_entry_is_said() {
    let server = server();
    let now_ms = now_ms();
    let good = entry(&visit(1, now_ms));
    let (ns, line) = (good[0].clone(), good[1].as_str().unwrap());
    let other_user = "0".repeat(64);
    let mut exit = visit(2, now_ms);
    exit.event = tracking::Event::ComponentExit {
        duration_ms: u64::MAX,
        next_component: "(exit)".into(),
        is_last: true,
        session_elapsed_ms: 0,
    };
    for (bad, says) in [
        (json!([ns, "x".repeat(20_000)]), "the line is over 16384 bytes"),
        (json!([ns, "{}"]), "not JSON of the expected shape"),
        (json!(["1", line]), "the entry's time differs from field timestamp"),
        (json!(["x", line]), "the entry's time differs from field timestamp"),
        (entry(&visit(1, now_ms - 31 * 86_400_000)), "timestamp is more than 30 days old"),
        (json!([ns, line, { "user_id": other_user }]), "label user_id differs from the line"),
        (json!([ns, line, { "component": "zap" }]), "label component differs from the line"),
        (entry(&exit), "too large a number in field duration_ms"),
    ] {
        let answer = server.push(request(&[bad])).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        let expected = format!("entry 0 of stream 0: {says}");
        assert!(answer.text.starts_with(&expected), "{}", answer.text);
    }
    assert_eq!(server.visits().await, 0);
    // The edges of what is allowed.
    let edges = [entry(&visit(3, now_ms + 9 * 60_000)), entry(&visit(4, now_ms - 29 * 86_400_000))];
    assert_eq!(server.push(request(&edges)).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn many_bad_entries_are_five_sentences_and_a_count() {
    let bad = vec![json!(["1", "{}"]); 9];
    let answer = server().push(request(&bad)).await;
    assert_eq!(answer.text.lines().count(), 6);
    assert!(answer.text.ends_with("\n9 refused, 0 taken\n"), "{}", answer.text);
}

#[tokio::test]
async fn gzip_is_unpacked_up_to_the_limit() {
    let server = server();
    let packed = gzip(one_visit(1).as_bytes());
    assert_eq!(server.push_with(packed, &[JSON, GZIP]).await.status, StatusCode::NO_CONTENT);
    assert_eq!(server.visits().await, 1);

    let bomb = gzip(&vec![b' '; 64 * MEBIBYTE]);
    assert!(bomb.len() < MEBIBYTE);
    let answer = server.push_with(bomb, &[JSON, GZIP]).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);

    let answer = server.push_with(one_visit(2), &[JSON, GZIP]).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn other_requests_get_the_status_that_tells_why() {
    let server = server();
    let padded = |size: usize| {
        let body = one_visit(7);
        let spaces = " ".repeat(size - body.len());
        body + &spaces
    };
    for (body, headers, status) in [
        (padded(MEBIBYTE), &[JSON][..], StatusCode::NO_CONTENT),
        (padded(MEBIBYTE + 1), &[JSON], StatusCode::PAYLOAD_TOO_LARGE),
        (one_visit(1), &[("content-type", "text/plain")], StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (one_visit(1), &[], StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (one_visit(1), &[JSON, ("content-encoding", "br")], StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (
            one_visit(8),
            &[("content-type", "Application/JSON; charset=utf-8")],
            StatusCode::NO_CONTENT,
        ),
        (r#"{"streams":[]}"#.into(), &[JSON], StatusCode::UNPROCESSABLE_ENTITY),
        (request(&[]), &[JSON], StatusCode::UNPROCESSABLE_ENTITY),
        ("{".into(), &[JSON], StatusCode::BAD_REQUEST),
        (
            r#"{"streams":[{"stream":{},"values":[[1,"x"]]}]}"#.into(),
            &[JSON],
            StatusCode::BAD_REQUEST,
        ),
        ("[".repeat(100_000), &[JSON], StatusCode::BAD_REQUEST),
    ] {
        let answer = server.push_with(body, headers).await;
        assert_eq!(answer.status, status, "{}", answer.text);
    }
    assert_eq!(server.visits().await, 2);
}

#[tokio::test]
async fn a_store_that_fails_asks_to_come_again() {
    let server = server();
    let file = rusqlite::Connection::open(server.dir.path().join("data/events.db")).unwrap();
    file.execute_batch("DROP TABLE events").unwrap();
    let answer = server.push(one_visit(1)).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.header("retry-after"), "5");
}

#[tokio::test]
async fn pushes_at_the_same_time_are_all_kept() {
    let server = std::sync::Arc::new(server());
    let pushes: Vec<_> = (0..100)
        .map(|id| {
            let server = server.clone();
            tokio::spawn(async move { server.push(one_visit(id)).await.status })
        })
        .collect();
    for push in pushes {
        assert_eq!(push.await.unwrap(), StatusCode::NO_CONTENT);
    }
    assert_eq!(server.visits().await, 100);
}
