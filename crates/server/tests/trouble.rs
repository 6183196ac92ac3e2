//! What an operator hears when Loki does not take events: a real program, and receivers that misbehave.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use common::{
    entry,
    loki::{Loki, Mood},
    now_ms,
    program::{Running, command},
    request, visit,
};
use serde_json::Value;
use tracking::Record;

const PATIENCE: Duration = Duration::from_secs(60);
/// Longer than any of these tests: the receiver stays as it is.
const ALWAYS: usize = 100_000;

/// A server with its log in a file.
struct Told {
    server: Running,
    log: PathBuf,
}

impl Told {
    fn start(dir: &Path, loki: &str) -> Self {
        let log = dir.join("log");
        let file = std::fs::File::create(&log).unwrap();
        let server = Running::start_with(&dir.join("data"), |command| {
            command.env("LOKI_URL", loki).args(["--access-log", "off"]).stderr(file);
        });
        Self { server, log }
    }

    fn push(&self, records: &[Record]) {
        let body = request(&records.iter().map(entry).collect::<Vec<_>>());
        let answer = self.server.ask("POST /loki/api/v1/push", &body);
        assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
    }

    fn lines(&self) -> Vec<String> {
        let text = std::fs::read_to_string(&self.log).unwrap();
        text.lines().filter(|line| line.contains("outbox to loki")).map(str::to_owned).collect()
    }

    fn sink(&self) -> Value {
        let answer = self.server.ask("GET /api/sinks", "");
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str::<Value>(body).unwrap()[0].take()
    }

    async fn until<T>(&self, what: &str, find: impl Fn() -> Option<T>) -> T {
        let start = Instant::now();
        loop {
            if let Some(found) = find() {
                return found;
            }
            assert!(start.elapsed() < PATIENCE, "{what}: {} {:#?}", self.sink(), self.lines());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn counts(&self, line: &str) -> bool {
        self.server.ask("GET /metrics", "").lines().any(|its| its.starts_with(line))
    }
}

/// A receiver that always does so is told of once, and so is its end; the event waits and arrives.
async fn told_once(mood: Mood, status: u16, reason: &'static str, word: &'static str) {
    let dir = tempfile::tempdir().unwrap();
    let loki = Loki::start().await;
    loki.moods(vec![mood; ALWAYS]);
    let told = Told::start(dir.path(), &loki.address);
    told.push(&[visit(1, now_ms())]);
    told.until(reason, || (loki.headers().len() >= 3).then_some(())).await;
    let lines = told.lines();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].contains(word) && lines[0].contains(&format!("HTTP {status}")), "{lines:?}");
    let sink = told.sink();
    assert_eq!((&sink["waiting"], &sink["refused"]), (&1.into(), &0.into()), "{sink}");
    assert_eq!(
        (&sink["error"]["reason"], &sink["error"]["status"]),
        (&reason.into(), &status.into())
    );
    assert!(sink["error"]["since_ms"].as_u64().unwrap() > 0 && sink["error"]["until_ms"].is_null());
    assert!(
        told.counts(&format!("clm_outbox_failures_total{{sink=\"loki\",reason=\"{reason}\"}} "))
    );
    assert!(told.counts("clm_outbox_depth{sink=\"loki\"} 1"));
    loki.moods([]);
    loki.until(|entries| entries.len() == 1).await;
    let lines = told.until("its end", || Some(told.lines()).filter(|lines| lines.len() > 1)).await;
    assert!(lines.len() == 2 && lines[1].contains("it goes on after"), "{lines:#?}");
    told.until("until", || told.sink()["error"]["until_ms"].as_u64()).await;
}

macro_rules! told_once {
    ($($name:ident: $mood:expr, $status:literal, $reason:literal, $word:literal;)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            told_once($mood, $status, $reason, $word).await;
        }
    )*};
}

told_once! {
    a_redirect_is_not_followed: Mood::Say(301, "text/html", ""), 301, "redirect", "LOKI_URL";
    a_place_without_a_loki: Mood::Say(404, "text/plain", "404 page not found"), 404, "not_found", "LOKI_URL";
    too_much_at_once: Mood::Say(429, "text/plain", "ingestion rate limit exceeded"), 429, "rate_limit", "limits";
    a_server_that_fails: Mood::Answer(500, None), 500, "server_error", "Loki's own log";
    a_server_that_is_not_there: Mood::Answer(503, None), 503, "server_error", "Events wait";
    credentials_that_are_wrong: Mood::Answer(401, None), 401, "credentials", "LOKI_PASSWORD";
    a_login_page_takes_nothing: Mood::Say(200, "text/html", "<html>sign in"), 200, "not_loki", "something else";
    a_success_that_is_not_lokis: Mood::Say(202, "application/json", "{}"), 202, "not_loki", "something else";
    a_page_that_refuses_refuses_nothing:
        Mood::Say(400, "text/html", "<html><h1>400 The plain HTTP request was sent to HTTPS port</h1>"),
        400, "not_loki", "port for TLS";
    a_proxy_that_takes_less: Mood::Say(413, "text/html", "<html>413"), 413, "too_large", "1 MB";
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_be_reached_is_told_of_by_cause() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let plain = Loki::start().await;
    for (url, reason) in [
        (format!("http://{free}"), "connection_refused"),
        ("http://no-such-host.invalid:3100".to_owned(), "dns"),
        (plain.address.replace("http://", "https://"), "tls"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let told = Told::start(dir.path(), &url);
        told.push(&[visit(1, now_ms())]);
        told.until(reason, || (told.sink()["error"]["tries"].as_u64() >= Some(2)).then_some(()))
            .await;
        assert_eq!(told.sink()["error"]["reason"], reason);
        let lines = told.lines();
        assert!(lines.len() == 1 && lines[0].contains("cannot be reached"), "{lines:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_kind_of_trouble_is_told_too() {
    let dir = tempfile::tempdir().unwrap();
    let loki = Loki::start().await;
    let again = |status| Mood::Answer(status, Some(("retry-after", "0")));
    loki.moods([503, 503, 429, 429, 503, 429].map(again));
    let told = Told::start(dir.path(), &loki.address);
    told.push(&[visit(1, now_ms())]);
    loki.until(|entries| entries.len() == 1).await;
    let lines = told.until("its end", || Some(told.lines()).filter(|lines| lines.len() > 2)).await;
    assert_eq!(lines.len(), 3, "{lines:#?}");
    assert!(lines[0].contains("HTTP 503") && lines[1].contains("HTTP 429"), "{lines:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_ahead_of_lokis_clock_waits_for_its_time() {
    let dir = tempfile::tempdir().unwrap();
    let loki = Loki::start().await;
    loki.limit(|limits| limits.ahead_ms = 1_000);
    let told = Told::start(dir.path(), &loki.address);
    let records: Vec<_> = (0..40).map(|id| visit(id, now_ms() + 9_000)).collect();
    told.push(&records);
    told.push(&[visit(100, now_ms())]);
    // Those that are not do not wait for it.
    loki.until(|entries| entries.len() == 1).await;
    told.until("told", || (told.sink()["error"]["reason"] == "too_new").then_some(())).await;
    loki.until(|entries| entries.len() == 41).await;
    told.until("over", || told.sink()["error"]["until_ms"].as_u64()).await;
    assert_eq!((&told.sink()["refused"], &told.sink()["waiting"]), (&0.into(), &0.into()));
    // One line of it and one of its end, and few requests.
    assert_eq!(told.lines().len(), 2, "{:#?}", told.lines());
    assert!(loki.headers().len() < 20, "{}", loki.headers().len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_takes_nothing_holds_up_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let loki = Loki::start().await;
    loki.limit(|limits| limits.full = vec!["welcome".into()]);
    let told = Told::start(dir.path(), &loki.address);
    let other = |id| Record {
        component: tracking::event::Component::new("user-list", "User List"),
        ..visit(id, now_ms())
    };
    let mut records: Vec<_> = (0..10).map(|id| visit(id, now_ms())).collect();
    records.extend((10..20).map(other));
    told.push(&records);
    loki.until(|entries| entries.len() == 10).await;
    told.push(&[other(30)]);
    loki.until(|entries| entries.len() == 11).await;
    assert_eq!(told.sink()["error"]["reason"], "stream_limit");
    assert!(told.sink()["error"]["until_ms"].is_null());
    assert_eq!(told.sink()["waiting"], 10);
    // It is told whatever the others do, and nothing of it is lost.
    loki.limit(|limits| limits.full.clear());
    loki.until(|entries| entries.len() == 21).await;
    told.until("over", || told.sink()["error"]["until_ms"].as_u64()).await;
    assert_eq!(told.lines().len(), 2, "{:#?}", told.lines());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_can_be_sent_again() {
    let dir = tempfile::tempdir().unwrap();
    let loki = Loki::start().await;
    let records: Vec<_> = (0..8).map(|id| visit(id, now_ms())).collect();
    loki.poison(&records[3].event_id.to_string());
    let told = Told::start(dir.path(), &loki.address);
    told.push(&records);
    told.until("set aside", || (told.sink()["refused"] == 1).then_some(())).await;
    assert!(told.lines()[0].contains("retry-refused"), "{:#?}", told.lines());
    loki.poison("nothing is like this");
    // Beside the server, which goes on.
    let mut again = command(&dir.path().join("data"), "127.0.0.1:0");
    let output = again.args(["outbox", "retry-refused"]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said} {}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("1 event"), "{said}");
    loki.until(|entries| entries.len() == 8).await;
    told.until("none", || (told.sink()["refused"] == 0).then_some(())).await;
}
