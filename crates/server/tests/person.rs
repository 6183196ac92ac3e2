//! What is stored of a person: given out, erased, and erased at Loki, through every failure.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    Json, Router,
    body::Body,
    extract::{Query, State},
    http::{HeaderMap, Request, StatusCode},
    response::{IntoResponse, Response},
    routing::get,
};
use common::{Answer, Server, entry, now_ms, request, server, server_with, visit};
use serde_json::{Value, json};
use server::{
    loki::{Loki, LokiSettings},
    person::work,
    store::Store,
};
use tracking::{Record, UserSecret};

const PATIENCE: Duration = Duration::from_secs(30);

fn secret(n: u128) -> String {
    UserSecret::new(n).to_hex()
}

fn visit_of(user: u128, id: u128) -> Record {
    Record { user_id: UserSecret::new(user).user_id(), ..visit(id, now_ms()) }
}

async fn push(server: &Server, records: &[Record]) -> Answer {
    server.push(request(&records.iter().map(entry).collect::<Vec<_>>())).await
}

async fn me(server: &Server, method: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().method(method).uri("/api/me").header("host", "localhost");
    for &(name, value) in headers {
        request = request.header(name, value);
    }
    server.send(request.body(Body::empty()).unwrap()).await
}

async fn export(server: &Server, user: u128) -> Value {
    let answer = me(server, "GET", &[("x-clm-user-secret", &secret(user))]).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(answer.header("cache-control"), "no-store");
    serde_json::from_str(&answer.text).unwrap_or_else(|e| panic!("{e}: {}", answer.text))
}

async fn erase(server: &Server, user: u128) -> (StatusCode, Value) {
    let answer = me(server, "DELETE", &[("x-clm-user-secret", &secret(user))]).await;
    (answer.status, serde_json::from_str(&answer.text).unwrap())
}

#[tokio::test]
async fn an_export_has_every_line_as_it_came_and_nobody_elses() {
    let server = server();
    let mine: Vec<_> = (0..1_203).map(|id| visit_of(1, id)).collect();
    assert_eq!(push(&server, &mine[..700]).await.status, StatusCode::NO_CONTENT);
    assert_eq!(push(&server, &[visit_of(2, 9_999)]).await.status, StatusCode::NO_CONTENT);
    assert_eq!(push(&server, &mine[700..]).await.status, StatusCode::NO_CONTENT);

    let file = export(&server, 1).await;
    assert_eq!(file["status"], "stored");
    assert_eq!(file["user_id"], UserSecret::new(1).user_id().as_str());
    let lines: Vec<String> = file["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            assert!(row["received_at"].as_u64().unwrap() <= now_ms());
            row["event"]["event_id"].as_str().unwrap().to_owned()
        })
        .collect();
    let expected: Vec<String> = mine.iter().map(|record| record.event_id.to_string()).collect();
    assert_eq!(lines, expected);

    // A page that is exactly full, and one that is empty.
    let full: Vec<_> = (10_000..10_500).map(|id| visit_of(3, id)).collect();
    assert_eq!(push(&server, &full).await.status, StatusCode::NO_CONTENT);
    assert_eq!(export(&server, 3).await["events"].as_array().unwrap().len(), 500);
    let nobody = export(&server, 4).await;
    assert_eq!((&nobody["status"], &nobody["events"]), (&json!("nothing stored"), &json!([])));
}

#[tokio::test]
async fn what_is_erased_is_gone_and_does_not_come_back() {
    let server = server();
    assert_eq!(
        push(&server, &[visit_of(1, 1), visit_of(1, 2), visit_of(2, 3)]).await.status,
        StatusCode::NO_CONTENT
    );
    let (status, gone) = erase(&server, 1).await;
    assert_eq!(
        (status, &gone["status"], &gone["events"]),
        (StatusCode::OK, &json!("erased"), &json!(2))
    );
    assert_eq!(server.visits().await, 1);

    // Later events: refused by name, and the others of the batch are stored.
    let answer = push(&server, &[visit_of(2, 4), visit_of(1, 5)]).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let says = "entry 1 of stream 0: the data of this user was erased\n1 refused, 1 taken\n";
    assert_eq!(answer.text, says);
    assert_eq!(server.visits().await, 2);

    let file = export(&server, 1).await;
    assert_eq!((&file["status"], &file["events"]), (&json!("erased"), &json!([])));
    assert_eq!(file["erased_at"], gone["erased_at"]);
    // Again is no mistake and keeps the day.
    let (status, again) = erase(&server, 1).await;
    assert_eq!((status, &again["events"]), (StatusCode::OK, &json!(0)));
    assert_eq!(again["erased_at"], gone["erased_at"]);
}

#[tokio::test]
async fn an_erasure_outlives_a_restart_and_leaves_nothing_in_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let start = || {
        let mut config = common::config(dir.path());
        config.data = dir.path().join("data");
        common::over(tempfile::tempdir().unwrap(), config)
    };
    let (server, writer) = start();
    let mut record = visit_of(1, 1);
    record.component.name = "Sesame, open".into();
    assert_eq!(push(&server, &[record.clone()]).await.status, StatusCode::NO_CONTENT);
    assert_eq!(erase(&server, 1).await.0, StatusCode::OK);
    for name in ["events.db", "events.db-wal"] {
        let bytes = std::fs::read(dir.path().join("data").join(name)).unwrap_or_default();
        let found = bytes.windows(12).any(|window| window == b"Sesame, open");
        assert!(!found, "{name}");
    }
    drop(server);
    writer.join();

    let (server, _writer) = start();
    assert_eq!(push(&server, &[record]).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(export(&server, 1).await["status"], "erased");
}

#[tokio::test]
async fn only_the_secret_proves_who_asks() {
    let server = server_with(|config, _| config.token = Some("operator".into()));
    assert_eq!(push(&server, &[visit_of(1, 1)]).await.status, StatusCode::NO_CONTENT);
    let (good, other) = (secret(1), secret(2));
    let id = UserSecret::new(1).user_id().as_str().to_owned();
    let upper = good.to_uppercase() + "A";
    for (headers, status) in [
        (vec![], StatusCode::UNAUTHORIZED),
        (vec![("authorization", "Bearer operator")], StatusCode::UNAUTHORIZED),
        (vec![("x-clm-user-secret", "")], StatusCode::BAD_REQUEST),
        (vec![("x-clm-user-secret", upper.as_str())], StatusCode::BAD_REQUEST),
        // The id is public; it proves nothing.
        (vec![("x-clm-user-secret", id.as_str())], StatusCode::BAD_REQUEST),
        (
            vec![("x-clm-user-secret", good.as_str()), ("x-clm-user-secret", other.as_str())],
            StatusCode::BAD_REQUEST,
        ),
        (
            vec![("x-clm-user-secret", other.as_str()), ("x-clm-user-id", id.as_str())],
            StatusCode::FORBIDDEN,
        ),
    ] {
        for method in ["GET", "DELETE"] {
            let answer = me(&server, method, &headers).await;
            assert_eq!(answer.status, status, "{method} {headers:?}: {}", answer.text);
            assert!(serde_json::from_str::<Value>(&answer.text).unwrap()["error"].is_string());
            assert!(!answer.text.contains(&good) && !answer.text.contains(&other));
        }
    }
    let in_address = format!("/api/me?secret={good}");
    let answer = server.get_with(&in_address, &[("x-clm-user-secret", &good)]).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(me(&server, "POST", &[]).await.status, StatusCode::METHOD_NOT_ALLOWED);
    // A stranger's erasure touches nothing of mine.
    assert_eq!(erase(&server, 2).await.1["events"], 0);
    let answer = me(&server, "GET", &[("x-clm-user-secret", &good), ("x-clm-user-id", &id)]).await;
    let file: Value = serde_json::from_str(&answer.text).unwrap();
    assert_eq!(file["events"].as_array().unwrap().len(), 1);
}

/// Loki's delete API as it was seen to behave, with failures on demand.
#[derive(Clone, Default)]
struct Double(Arc<Mutex<Deletions>>);

#[derive(Default)]
struct Deletions {
    /// Answers given in place of the real one, the last first.
    failures: Vec<u16>,
    requests: Vec<Vec<(String, String)>>,
    headers: HeaderMap,
    /// What the list says of everything asked for so far.
    status: &'static str,
    looks: usize,
}

impl Double {
    async fn start(&self) -> String {
        let router = Router::new()
            .route("/loki/api/v1/delete", get(Self::list).post(Self::take))
            .with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    async fn take(
        State(double): State<Self>,
        headers: HeaderMap,
        Query(query): Query<Vec<(String, String)>>,
    ) -> Response {
        let mut all = double.0.lock().unwrap();
        if let Some(failure) = all.failures.pop() {
            return StatusCode::from_u16(failure).unwrap().into_response();
        }
        all.headers = headers;
        all.requests.push(query);
        StatusCode::NO_CONTENT.into_response()
    }

    async fn list(State(double): State<Self>) -> Response {
        let mut all = double.0.lock().unwrap();
        all.looks += 1;
        if let Some(failure) = all.failures.pop() {
            return StatusCode::from_u16(failure).unwrap().into_response();
        }
        let status = all.status;
        if status == "lost" {
            return Json(Value::Null).into_response();
        }
        let get = |request: &[(String, String)], key: &str| {
            request.iter().find(|(name, _)| name == key).unwrap().1.clone()
        };
        let number = |text: String| text.parse::<f64>().unwrap();
        let rows = all.requests.iter().map(|request| {
            json!({ "request_id": "5a0b", "query": get(request, "query"), "status": status,
                "start_time": number(get(request, "start")), "end_time": number(get(request, "end")),
                "created_at": 1.0 })
        });
        Json(rows.collect::<Value>()).into_response()
    }

    fn set(&self, change: impl FnOnce(&mut Deletions)) {
        change(&mut self.0.lock().unwrap());
    }

    async fn until(&self, condition: impl Fn(&Deletions) -> bool) {
        until(async || condition(&self.0.lock().unwrap())).await;
    }
}

async fn until(condition: impl AsyncFn() -> bool) {
    let start = Instant::now();
    while !condition().await {
        assert!(start.elapsed() < PATIENCE, "waited in vain");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn loki(url: String) -> Loki {
    Loki::new(LokiSettings {
        username: Some("1234".into()),
        password: Some("key".into()),
        tenant: Some("us".into()),
        settle: Duration::ZERO,
        look_again: Duration::from_millis(30),
        ..LokiSettings::new(url)
    })
    .unwrap()
}

fn with_loki(loki: &Loki) -> (Server, tokio::task::JoinHandle<()>) {
    let dir = tempfile::tempdir().unwrap();
    let mut config = common::config(dir.path());
    config.loki = Some(loki.clone());
    let (server, _) = common::over(dir, config);
    let worker = tokio::spawn(work(server.store.clone(), loki.clone()));
    (server, worker)
}

async fn status(server: &Server, user: u128) -> String {
    export(server, user).await["status"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn erased_at_loki_is_said_when_loki_says_so_and_not_before() {
    let double = Double::default();
    double.set(|all| all.status = "received");
    let (server, _worker) = with_loki(&loki(double.start().await));
    assert_eq!(push(&server, &[visit_of(1, 1)]).await.status, StatusCode::NO_CONTENT);
    let before_s = now_ms() / 1_000;
    let (code, gone) = erase(&server, 1).await;
    assert_eq!((code, &gone["status"]), (StatusCode::ACCEPTED, &json!("pending at Loki")));
    assert_eq!(gone["events"], 1);

    double.until(|all| all.looks >= 3).await;
    assert_eq!(status(&server, 1).await, "pending at Loki");
    double.set(|all| all.status = "60% Complete");
    let looks = double.0.lock().unwrap().looks;
    double.until(|all| all.looks >= looks + 2).await;
    assert_eq!(status(&server, 1).await, "pending at Loki");
    double.set(|all| all.status = "processed");
    until(async || status(&server, 1).await == "erased").await;

    let all = double.0.lock().unwrap();
    let id = UserSecret::new(1).user_id();
    // Their events, and their lines of `/api/analytics` that an agent brought there.
    let [request, lines] = &all.requests[..] else { panic!("{:?}", all.requests) };
    let expected = format!("{{job=\"clm-server\"}} | json | user_id=\"{}\"", id.as_str());
    assert_eq!(lines[0], ("query".to_owned(), expected));
    assert_eq!(lines[1..], request[1..]);
    let [(_, query), (_, start), (_, end)] = &request[..] else { panic!("{request:?}") };
    assert_eq!(*query, format!("{{job=\"clm-frontend\"}} | user_id=\"{}\"", id.as_str()));
    let (start, end): (u64, u64) = (start.parse().unwrap(), end.parse().unwrap());
    assert!(before_s < end && end <= now_ms() / 1_000);
    assert_eq!(end - start, 366 * 86_400);
    assert_eq!(all.headers["authorization"], "Basic MTIzNDprZXk=");
    assert_eq!(all.headers["x-scope-orgid"], "us");
}

#[tokio::test]
async fn failures_of_loki_and_restarts_of_ours_only_delay_it() {
    let double = Double::default();
    double.set(|all| all.status = "lost");
    let dir = tempfile::tempdir().unwrap();
    let loki = loki(double.start().await);
    let (store, writer) = Store::open(dir.path()).unwrap();
    store.erase(UserSecret::new(1).user_id(), now_ms(), true).await.unwrap();
    let worker = tokio::spawn(work(store.clone(), loki.clone()));
    // Taken, and then unknown: after a while it is asked for again.
    double.until(|all| all.requests.len() >= 2).await;
    // Killed and started again in the middle.
    worker.abort();
    assert!(worker.await.is_err());
    drop(store);
    writer.join();
    double.set(|all| all.status = "received");
    let (store, _writer) = Store::open(dir.path()).unwrap();
    let _worker = tokio::spawn(work(store.clone(), loki));
    let looks = double.0.lock().unwrap().looks;
    double.until(|all| all.looks > looks).await;
    double.set(|all| all.status = "processed");
    let id = UserSecret::new(1).user_id();
    until(async || {
        let id = id.as_str().to_owned();
        let found = store.read(move |file| server::store::find_erasure(file, &id)).await.unwrap();
        found.unwrap().at_loki == server::store::AtLoki::Done
    })
    .await;
}

#[tokio::test]
async fn a_loki_that_refuses_or_is_away_is_asked_again_later() {
    // One that answers errors, and one that does not answer at all.
    let double = Double::default();
    double.set(|all| all.failures = vec![500; 1_000]);
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let away = format!("http://{}", taken.local_addr().unwrap());
    drop(taken);
    for url in [double.start().await, away] {
        let (server, _worker) = with_loki(&loki(url));
        assert_eq!(push(&server, &[visit_of(1, 1)]).await.status, StatusCode::NO_CONTENT);
        assert_eq!(erase(&server, 1).await.0, StatusCode::ACCEPTED);
        let file = rusqlite::Connection::open(server.dir.path().join("data/events.db")).unwrap();
        let asked = || -> (Option<i64>, i64, i64) {
            file.query_row("SELECT asked_at, tries, next_try FROM erased", [], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .unwrap()
        };
        until(async || asked().1 > 0).await;
        let (at, _, next) = asked();
        assert_eq!(at, None);
        assert!(next > i64::try_from(now_ms()).unwrap(), "it rests before the next try");
        assert_eq!(status(&server, 1).await, "pending at Loki");
    }
}
