//! What Loki answers is what the store answers, byte for byte: with a double that holds what was really
//! sent, over real HTTP.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::time::Duration;

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use common::{
    entry, loki::Loki as Double, now_ms, program::Running, questions::all, request, server_with,
    visit,
};
use insights::{Filter, Range, testing};
use proptest::prelude::*;
use serde_json::Value;
use server::{
    answers::{Bounds, FromLoki, Question, Source, Subject, Unanswered},
    loki::{Loki, LokiSettings, Pushed},
    observe::Metrics,
    outbox::{self, Sink},
    person,
    store::{AtLoki, Row, Store, find_erasure},
};
use tempfile::TempDir;
use tracking::{
    Frozen, LabelMode, Record, Timestamp, UserSecret,
    encode::{self, Place},
};

const MINUTE_MS: u64 = 60_000;

fn connect(double: &Double, labels: LabelMode) -> Loki {
    Loki::new(LokiSettings { labels, ..LokiSettings::new(double.address.clone()) }).unwrap()
}

fn row(record: &Record) -> Row {
    Row { record: record.clone(), line: record.to_line().unwrap() }
}

/// Some components are in no registry: no label names them.
fn is_label(hash: &str) -> bool {
    !matches!(hash, "user-list" | "crash-test")
}

/// A store with `records`, all of them at Loki too, through the outbox.
async fn both(records: &[Record], loki: &Loki) -> (TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(dir.path()).unwrap();
    store.insert(records.iter().map(row).collect(), now_ms()).await.unwrap();
    let sink = Sink::loki(loki.clone(), is_label);
    let work = tokio::spawn(outbox::work(store.clone(), sink, Metrics::default()));
    while store.standing(outbox::LOKI).await.unwrap().waiting > 0 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    work.abort();
    (dir, store)
}

/// As if another server had forwarded them when they happened.
async fn in_time(records: &[Record], loki: &Loki) {
    let mut frozen: Vec<_> = records.iter().cloned().filter_map(Frozen::new).collect();
    frozen.sort_by_key(|record| record.timestamp);
    for record in frozen {
        let at = record.timestamp;
        let settings = loki.settings();
        let known = Place::of(&record, at);
        let component = if is_label(known.component) { known.component } else { encode::OTHER };
        let places = [Place { component, ..known }];
        let record = std::slice::from_ref(&record);
        let body = encode::body_at(record, &places, &settings.job, settings.labels);
        let pushed = loki.push(common::gzip(body.as_bytes()), at).await;
        assert!(matches!(pushed, Pushed::Accepted), "{pushed:?}");
    }
}

fn text(answer: Result<Vec<u8>, Unanswered>) -> String {
    String::from_utf8(answer.unwrap()).unwrap()
}

async fn says_the_same(records: &[Record], ranges: &[Range], labels: LabelMode, start_ms: u64) {
    let double = Double::start().await;
    let loki = connect(&double, labels);
    // Some of those that come home late had arrived before, and nobody knew.
    in_time(&records[..records.len() / 4], &loki).await;
    let (_dir, store) = both(records, &loki).await;
    let bounds = Bounds { page: 300, ..Bounds::default() };
    let at_loki = FromLoki::new(loki, bounds, Metrics::default());
    for &range in ranges {
        for question in all(records, range, start_ms) {
            let answer = text(at_loki.answer(question.clone()).await);
            let stored = text(store.answer(question.clone()).await);
            assert_eq!(answer, stored, "{question:?}");
            assert_eq!(answer, text(Ok(question.defined(records).unwrap())), "{question:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]
    #[test]
    fn loki_and_the_store_say_the_same(
        (start_ms, records) in Just(now_ms() - 80 * MINUTE_MS)
            .prop_flat_map(|start_ms| (Just(start_ms), testing::records(start_ms, 70 * MINUTE_MS))),
        from in 0_u64..70 * MINUTE_MS,
        span_ms in 0_u64..70 * MINUTE_MS,
        edges in proptest::option::weighted(0.7, any::<[prop::sample::Index; 2]>()),
        is_old in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let mut ranges = vec![Range::new(0, now_ms() + MINUTE_MS)];
        if let Some(edges) = edges.filter(|_| !records.is_empty()) {
            // Events at the very edges: the first is in, the last is not.
            let mut edges = edges.map(|edge| edge.get(&records).timestamp.0);
            edges.sort_unstable();
            ranges.push(Range::new(edges[0], edges[1]));
        } else {
            ranges.push(Range::new(start_ms + from, start_ms + from + span_ms));
        }
        let labels = if is_old { LabelMode::Stream } else { LabelMode::Metadata };
        runtime.block_on(says_the_same(&records, &ranges, labels, start_ms));
    }
}

fn question(subject: Subject) -> Question {
    Question { subject, range: Range::new(0, now_ms() + MINUTE_MS), filter: Filter::default() }
}

fn source(loki: &Loki, page: usize, lines: usize) -> FromLoki {
    let bounds = Bounds { page, lines, ..Bounds::default() };
    FromLoki::new(loki.clone(), bounds, Metrics::default())
}

async fn sentence(response: Response) -> (StatusCode, String) {
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let said: Value = serde_json::from_slice(&body).unwrap();
    (status, said["error"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_one_moment_are_read_once_wherever_a_page_ends() {
    let double = Double::start().await;
    let loki = connect(&double, LabelMode::Metadata);
    // Three in each millisecond.
    let start_ms = now_ms() - MINUTE_MS;
    let records: Vec<_> = (0..20).map(|id| visit(id, start_ms + (id / 3) as u64)).collect();
    let (_dir, store) = both(&records, &loki).await;
    let expected = text(store.answer(question(Subject::Journey)).await);
    for page in 4..=21 {
        let answer = source(&loki, page, 100).answer(question(Subject::Journey)).await;
        assert_eq!(text(answer), expected, "{page}");
    }
    // Where a page is smaller than a moment, nobody is told less than there is.
    let answer = source(&loki, 3, 100).answer(question(Subject::Journey)).await;
    assert!(matches!(answer, Err(Unanswered::TooMany(100))), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_events_are_a_sentence_and_visits_are_counted_all_the_same() {
    let double = Double::start().await;
    let loki = connect(&double, LabelMode::Metadata);
    let start_ms = now_ms() - MINUTE_MS;
    let records: Vec<_> = (0..41).map(|id| visit(id, start_ms + id as u64)).collect();
    let (_dir, store) = both(&records, &loki).await;
    let source = source(&loki, 10, 40);
    let unanswered = source.answer(question(Subject::Bounce)).await.unwrap_err();
    assert_eq!(
        sentence(unanswered.into_response()).await,
        (
            StatusCode::UNPROCESSABLE_ENTITY,
            "that is over 40 events to read: choose a shorter time range or a narrower filter"
                .into()
        )
    );
    for subject in [Subject::Visits { known: Vec::new() }, Subject::EntryPoints] {
        let answer = text(source.answer(question(subject.clone())).await);
        assert_eq!(answer, text(store.answer(question(subject)).await));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_names_than_loki_counts_are_read() {
    let double = Double::start().await;
    let loki = connect(&double, LabelMode::Metadata);
    let start_ms = now_ms() - MINUTE_MS;
    let records: Vec<_> = (0..501)
        .map(|id| {
            let mut record = visit(id, start_ms + id as u64);
            record.component.hash = format!("hash-{id:04}");
            record.component.name = format!("name {id:04}");
            record
        })
        .collect();
    let (_dir, store) = both(&records, &loki).await;
    let answer = text(
        source(&loki, 5_000, 5_000).answer(question(Subject::Visits { known: Vec::new() })).await,
    );
    assert_eq!(answer, text(store.answer(question(Subject::Visits { known: Vec::new() })).await));
    assert!(answer.contains("name 0500"));
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_of_others_are_not_events() {
    let double = Double::start().await;
    let loki = connect(&double, LabelMode::Metadata);
    let now = now_ms();
    let (_dir, store) = both(&[visit(1, now)], &loki).await;
    let stream = serde_json::json!({ "streams": [{
        "stream": { "job": "clm-frontend", "event": "component_visit", "component": "welcome" },
        "values": [[(now * 1_000_000).to_string(), "hello"]],
    }] });
    let pushed = loki.push(common::gzip(stream.to_string().as_bytes()), Timestamp(now)).await;
    assert!(matches!(pushed, Pushed::Accepted), "{pushed:?}");
    for subject in [Subject::Visits { known: Vec::new() }, Subject::Summary] {
        let answer = text(source(&loki, 100, 100).answer(question(subject.clone())).await);
        assert_eq!(answer, text(store.answer(question(subject)).await));
    }
}

#[tokio::test]
async fn a_loki_that_cannot_be_used_is_a_clear_answer_that_tells_no_secret() {
    let double = Double::start().await;
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let away = format!("http://{}", taken.local_addr().unwrap());
    drop(taken);
    for (url, failure, status, says) in [
        (&away, 0, StatusCode::SERVICE_UNAVAILABLE, "Loki cannot be reached"),
        (&double.address, 401, StatusCode::BAD_GATEWAY, "Loki answers HTTP 401"),
        (&double.address, 400, StatusCode::BAD_GATEWAY, "Loki answers HTTP 400"),
        (&double.address, 500, StatusCode::BAD_GATEWAY, "Loki answers HTTP 500"),
    ] {
        double.fail(&[failure]);
        let loki = Loki::new(LokiSettings {
            username: Some("4711".into()),
            password: Some("pa55word".into()),
            ..LokiSettings::new(url.clone())
        })
        .unwrap();
        let server = server_with(|config, _| {
            config.loki = Some(loki.clone());
            config.insights_from = Some(loki);
        });
        let answer = server.get("/api/insights/summary").await;
        assert_eq!(answer.status, status, "{}", answer.text);
        let again = if status == StatusCode::SERVICE_UNAVAILABLE { "5" } else { "" };
        assert_eq!(answer.header("retry-after"), again);
        let expected = format!(
            "{{\"error\":\"the events are at Loki, and that cannot be used at the moment: {says}\"}}"
        );
        assert_eq!(answer.text, expected);
        // Events are taken all the same.
        assert_eq!(server.get("/readyz").await.status, StatusCode::OK);
        let metrics = server.get("/metrics").await.text;
        let outcome = if failure == 0 { "unreachable" } else { "failed" };
        let counted = format!("clm_loki_query_seconds_count{{outcome=\"{outcome}\"}} 1");
        assert!(metrics.contains(&counted), "{metrics}");
    }
    let last = double.headers().pop().unwrap();
    assert_eq!(last["authorization"], "Basic NDcxMTpwYTU1d29yZA==");
}

#[tokio::test(flavor = "multi_thread")]
async fn any_of_many_servers_answers_for_all() {
    let double = Double::start().await;
    let dirs = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let servers: Vec<_> = dirs
        .iter()
        .map(|dir| {
            Running::start_with(dir.path(), |command| {
                command
                    .args(["--access-log", "off", "--insights-from", "loki"])
                    .env("LOKI_URL", &double.address);
            })
        })
        .collect();
    let now = now_ms();
    for id in 0..30 {
        let server = &servers[(id % 3) as usize];
        let body = request(&[entry(&visit(id, now - id as u64))]);
        assert!(server.ask("POST /loki/api/v1/push", &body).starts_with("HTTP/1.1 204 "));
        // No answer came, so it is sent again, and comes to another one.
        if id % 5 == 0 {
            let other = &servers[((id + 1) % 3) as usize];
            assert!(other.ask("POST /loki/api/v1/push", &body).starts_with("HTTP/1.1 204 "));
        }
    }
    double.until(|entries| entries.len() == 30).await;
    for server in &servers {
        let answer = server.ask("GET /api/insights/summary", "");
        assert!(answer.contains("{\"visits\":30,\"sessions\":1,\"users\":1,"), "{answer}");
        let answer = server.ask("GET /api/insights/visits", "");
        assert!(
            answer.ends_with("[{\"component\":\"welcome\",\"name\":\"Welcome\",\"visits\":30}]"),
            "{answer}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_erased_at_one_server_is_erased_at_all() {
    let double = Double::start().await;
    let loki = Loki::new(LokiSettings {
        settle: Duration::ZERO,
        look_again: Duration::from_millis(30),
        ..LokiSettings::new(double.address.clone())
    })
    .unwrap();
    let of = |user: u128, id: u128| Record {
        user_id: UserSecret::new(user).user_id(),
        ..visit(id, now_ms())
    };
    let (_here, first) = both(&[of(1, 1), of(2, 2)], &loki).await;
    let (_there, second) = both(&[of(1, 3), of(2, 4)], &loki).await;
    for store in [&first, &second] {
        tokio::spawn(person::work(store.clone(), loki.clone()));
        tokio::spawn(person::follow(store.clone(), loki.clone()));
    }
    let erased = UserSecret::new(1).user_id();
    first.erase(erased.clone(), now_ms(), true).await.unwrap();
    loop {
        let id = erased.as_str().to_owned();
        let there = second.read(move |file| find_erasure(file, &id)).await.unwrap();
        if there.is_some_and(|erasure| erasure.at_loki == AtLoki::Done) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // What comes of them later is refused there too, and everybody else is as before.
    let later = second.insert(vec![row(&of(1, 5)), row(&of(2, 6))], now_ms()).await.unwrap();
    assert_eq!((later.erased, later.new), (vec![0], 1));
    let at_loki = source(&loki, 100, 100).answer(question(Subject::Summary)).await;
    assert!(text(at_loki).starts_with("{\"visits\":2,\"sessions\":1,\"users\":1,"));
}
