//! A line for every request, and events from clients without our tracker.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::{
    io::{self, Write},
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{Request, StatusCode},
};
use common::{Answer, Server, now_ms, one_visit, server, server_with};
use serde_json::{Value, json};
use server::access::{Access, ClientIp};
use tracking::{SessionId, UserSecret};

/// What was written so far.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Paper {
    /// Waits for `count` whole lines.
    async fn lines(&self, count: usize) -> Vec<Value> {
        let start = Instant::now();
        loop {
            let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
            if text.lines().count() >= count && text.ends_with('\n') {
                return text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            }
            assert!(start.elapsed() < Duration::from_secs(30), "{text}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

fn with_log(client_ip: ClientIp) -> (Server, Paper) {
    let paper = Paper::default();
    let access = Access::to(paper.clone(), client_ip).unwrap();
    (server_with(|config, _| config.access = access), paper)
}

async fn post(server: &Server, body: impl Into<Body>) -> Answer {
    let request = Request::post("/api/analytics")
        .header("host", "localhost")
        .header("content-type", "application/json");
    server.send(request.body(body.into()).unwrap()).await
}

fn sentence(answer: &Answer) -> String {
    let value: Value = serde_json::from_str(&answer.text).unwrap();
    value["error"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_request_is_one_line_without_secrets() {
    let (server, paper) = with_log(ClientIp::Truncated);
    let long = format!("/{}", "x".repeat(3_000));
    let peer = ConnectInfo(SocketAddr::from(([203, 0, 113, 77], 4_711)));
    for path in ["/api/me?secret=SESAME", &long] {
        let request = Request::get(path)
            .header("host", "localhost")
            .header("user-agent", "curl\n\"/8".replace('\n', "\u{9}"))
            .header("referer", "https://me:SESAME@a.example/b?token=SESAME#SESAME")
            .header("authorization", "Bearer SESAME")
            .header("x-clm-user-secret", "SESAME")
            .extension(peer);
        server.send(request.body(Body::empty()).unwrap()).await;
    }
    assert_eq!(server.push(one_visit(1)).await.status, StatusCode::NO_CONTENT);
    let lines = paper.lines(3).await;
    let [refused, missing, pushed] = &lines[..] else { panic!("{lines:?}") };
    for line in [refused, missing] {
        let mut fields: Vec<_> = line.as_object().unwrap().keys().map(String::as_str).collect();
        fields.sort_unstable();
        assert_eq!(
            fields,
            [
                "duration_ms",
                "event",
                "ip",
                "level",
                "method",
                "path",
                "referrer",
                "request_id",
                "status",
                "timestamp",
                "user_agent"
            ]
        );
        assert_eq!(line["event"], "http_request");
        assert_eq!(line["method"], "GET");
        assert_eq!(line["user_agent"], "curl\u{9}\"/8");
        assert_eq!(line["referrer"], "https://a.example/b");
        assert_eq!(line["ip"], "203.0.113.0");
        assert!(line["duration_ms"].as_f64().unwrap() >= 0.0);
        assert!(line["timestamp"].as_u64().unwrap() <= now_ms());
    }
    assert_eq!((&refused["path"], &refused["status"]), (&json!("/api/me"), &json!(400)));
    assert_eq!((&refused["level"], &missing["status"]), (&json!("warn"), &json!(404)));
    assert_eq!(missing["path"].as_str().unwrap().len(), 256);
    assert_eq!((&pushed["method"], &pushed["status"]), (&json!("POST"), &json!(204)));
    assert!(pushed.get("ip").is_none(), "an unknown address is no address");
    assert!(!String::from_utf8_lossy(&paper.0.lock().unwrap()).contains("SESAME"));
}

#[tokio::test]
async fn a_reader_that_stops_holds_nothing_up_and_what_it_misses_is_counted() {
    /// Blocks until it is let go.
    struct Stuck(std::sync::mpsc::Receiver<()>, Paper);
    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.0.recv();
            self.1.write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (go, wait) = std::sync::mpsc::channel();
    let paper = Paper::default();
    let access = Access::to(Stuck(wait, paper.clone()), ClientIp::Off).unwrap();
    let server = server_with(|config, _| config.access = access);
    let requests = 6_000;
    for _ in 0..requests {
        assert_eq!(server.get("/healthz").await.status, StatusCode::OK);
    }
    drop(go);
    // One more, so that there is a line after those that were missed.
    server.get("/healthz").await;
    all_accounted_for(&paper, requests + 1).await;
}

/// Every request has a line or is counted as missed.
async fn all_accounted_for(paper: &Paper, requests: usize) {
    let start = Instant::now();
    loop {
        let text = String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<Value> =
            text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let written = lines.iter().filter(|line| line["event"] == "http_request").count();
        let missed: u64 = lines.iter().filter_map(|line| line["count"].as_u64()).sum();
        if written + usize::try_from(missed).unwrap() == requests && missed > 0 {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "{written} and {missed}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn an_analytics_event_is_stored_written_and_never_an_answer() {
    let (server, paper) = with_log(ClientIp::Off);
    let user = UserSecret::new(1).user_id().as_str().to_owned();
    let session = SessionId::new(5, 6).as_str().to_owned();
    let data = json!({
        "user_id": user, "session_id": session, "timestamp": 1, "event": "http_request",
        "level": "error", "component": "other", "data": { "deep": [1, 2.5, null] },
    });
    let body = json!({ "event": "component_visit", "component": "welcome", "data": data });
    let answer = post(&server, body.to_string()).await;
    assert_eq!((answer.status, &*answer.text), (StatusCode::OK, r#"{"success":true}"#));
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(post(&server, r#"{"event":"ping"}"#).await.status, StatusCode::OK);

    let lines = paper.lines(4).await;
    let told: Vec<_> = lines.iter().filter(|line| line["event"] != "http_request").collect();
    let [visit, ping] = &told[..] else { panic!("{lines:?}") };
    // Only our own word can become a label.
    assert_eq!((&visit["event"], &visit["name"]), (&json!("analytics"), &json!("component_visit")));
    assert_eq!(visit["component"], "welcome");
    assert_eq!((&visit["user_id"], &visit["session_id"]), (&json!(user), &json!(session)));
    assert_eq!((&visit["level"], &visit["data"]), (&json!("info"), &data));
    assert!(visit["timestamp"].as_u64().unwrap() > 1);
    assert_eq!((&ping["event"], &ping["name"]), (&json!("analytics"), &json!("ping")));
    assert_eq!(ping["data"], json!({}));
    // It looks like a visit and is none.
    assert_eq!(server.visits().await, 0);

    // It is the person's, to see and to erase.
    let secret = UserSecret::new(1).to_hex();
    let me = server.get_with("/api/me", &[("x-clm-user-secret", &secret)]).await;
    let file: Value = serde_json::from_str(&me.text).unwrap();
    assert_eq!(file["status"], "stored");
    assert_eq!(file["analytics"][0]["event"], **visit);
    let erase = Request::delete("/api/me").header("host", "localhost");
    let erase = erase.header("x-clm-user-secret", &secret).body(Body::empty()).unwrap();
    let gone: Value = serde_json::from_str(&server.send(erase).await.text).unwrap();
    assert_eq!((&gone["events"], &gone["analytics"]), (&json!(0), &json!(1)));
    let answer = post(&server, body.to_string()).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(sentence(&answer), "the data of this user was erased");
    assert_eq!(post(&server, r#"{"event":"ping"}"#).await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_is_wrong_with_an_analytics_event_is_said_without_repeating_it() {
    let server = server();
    let long = "S3CRET".repeat(100);
    let deep = format!(r#"{{"event":"e","data":{{"a":{}1{}}}}}"#, "[".repeat(500), "]".repeat(500));
    for (body, status, says) in [
        (String::new(), 400, "the body must be a JSON object"),
        ("[]".into(), 400, "the body must be a JSON object"),
        ("{".into(), 400, "the body must be a JSON object"),
        (r#"{"event":"e"} x"#.into(), 400, "the body must be a JSON object"),
        (r#"{"event":"e","S3CRET":1}"#.into(), 400, "the body must be a JSON object"),
        (r#"{"event":"e","event":"f"}"#.into(), 400, "the body must be a JSON object"),
        (r#"{"event":7}"#.into(), 400, "the body must be a JSON object"),
        (r#"{"event":"e","data":"S3CRET"}"#.into(), 400, "the body must be a JSON object"),
        (r#"{"event":"e","data":[]}"#.into(), 400, "the body must be a JSON object"),
        (deep, 400, "the body must be a JSON object"),
        (r#"{"component":"c"}"#.into(), 400, "the body must be a JSON object"),
        (r#"{"event":""}"#.into(), 400, "field event"),
        (r#"{"event":"S3CRET S3CRET"}"#.into(), 400, "field event"),
        (format!(r#"{{"event":"{long}"}}"#), 400, "field event"),
        (r#"{"event":"http_request"}"#.into(), 400, "field event names one of the server's"),
        (r#"{"event":"outbox"}"#.into(), 400, "field event names one of the server's"),
        (r#"{"event":"lines_missed"}"#.into(), 400, "field event names one of the server's"),
        (r#"{"event":"e","data":{"user_id":["S3CRET"]}}"#.into(), 400, "field data.user_id"),
        (r#"{"event":"e","component":""}"#.into(), 400, "field component"),
        (r#"{"event":"e","component":"a\nS3CRET"}"#.into(), 400, "field component"),
        (format!(r#"{{"event":"e","component":"{long}"}}"#), 400, "field component"),
        (
            format!(r#"{{"event":"e","data":{{"a":"{}"}}}}"#, "x".repeat(20_000)),
            413,
            "the body is over",
        ),
    ] {
        let answer = post(&server, body.clone()).await;
        assert_eq!(answer.status.as_u16(), status, "{body}: {}", answer.text);
        assert!(sentence(&answer).starts_with(says), "{body}: {}", answer.text);
        assert!(!answer.text.contains("S3CRET"), "{}", answer.text);
    }
    for headers in [
        &[("content-type", "text/plain")][..],
        &[],
        &[("content-type", "application/json"), ("content-encoding", "gzip")],
    ] {
        let mut request = Request::post("/api/analytics").header("host", "localhost");
        for &(name, value) in headers {
            request = request.header(name, value);
        }
        let answer = server.send(request.body(r#"{"event":"e"}"#.into()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    let file = rusqlite::Connection::open(server.dir.path().join("data/events.db")).unwrap();
    file.execute_batch("DROP TABLE analytics").unwrap();
    let answer = post(&server, r#"{"event":"e"}"#).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.header("retry-after"), "5");
}

/// What an alert in Loki reads.
#[tokio::test]
async fn what_waits_for_a_sink_is_a_line() {
    let paper = Paper::default();
    let access = Access::to(paper.clone(), ClientIp::Off).unwrap();
    let server = server();
    assert_eq!(server.push(one_visit(1)).await.status, StatusCode::NO_CONTENT);
    tokio::spawn(server::observe::pulse(server.store.clone(), access, vec!["loki"]));
    let [line] = &paper.lines(1).await[..] else { panic!() };
    assert_eq!(line["event"], logql::alert::OUTBOX);
    assert_eq!(line[logql::field::SINK], "loki");
    assert_eq!(line["depth"], 1);
    assert!(line[logql::field::AGE_SECONDS].as_u64().unwrap() < 60, "{line}");
}
