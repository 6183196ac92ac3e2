//! Erasures of people whom nobody knows: they cost Loki nothing, leave nothing behind, and are limited.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::net::SocketAddr;

use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{Request, StatusCode},
};
use common::{Answer, Server, entry, loki::Loki as Double, now_ms, request, server_with, visit};
use serde_json::{Value, json};
use server::loki::{Loki, LokiSettings};
use tracking::{Record, SessionId, UserId, UserSecret};

const NEAR: &str = "127.0.0.1";

async fn erase(server: &Server, peer: &str, secret: &str) -> Answer {
    let request = Request::delete("/api/me").header("host", "localhost");
    let mut request = request.header("x-clm-user-secret", secret).body(Body::empty()).unwrap();
    let peer = SocketAddr::new(peer.parse().unwrap(), 4711);
    request.extensions_mut().insert(ConnectInfo(peer));
    server.send(request).await
}

fn secret(n: u128) -> String {
    UserSecret::new(n).to_hex()
}

fn count(server: &Server, sql: &str) -> i64 {
    let file = rusqlite::Connection::open(server.dir.path().join("data/events.db")).unwrap();
    file.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// A server that hands its events on to `double`, and its worker for erasures.
fn before(double: &Double, is_answered_by_loki: bool) -> (Server, tokio::task::JoinHandle<()>) {
    let loki = Loki::new(LokiSettings {
        settle: std::time::Duration::ZERO,
        look_again: std::time::Duration::from_millis(30),
        ..LokiSettings::new(double.address.clone())
    })
    .unwrap();
    let server = server_with(|config, _| {
        config.insights_from = is_answered_by_loki.then(|| loki.clone());
        config.loki = Some(loki.clone());
    });
    let worker = tokio::spawn(server::person::work(server.store.clone(), loki));
    (server, worker)
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_unknown_secrets_ask_nothing_of_loki_and_leave_no_row() {
    let double = Double::start().await;
    let (server, _worker) = before(&double, false);
    for n in 1..=4_000 {
        let answer = erase(&server, NEAR, &secret(n)).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        let gone: Value = serde_json::from_str(&answer.text).unwrap();
        assert_eq!((&gone["status"], &gone["events"]), (&json!("nothing stored"), &json!(0)));
    }
    assert_eq!(count(&server, "SELECT COUNT(*) FROM erased"), 0);
    // Somebody who is known comes through all the same, and is the only one that Loki hears of.
    let visit = Record { user_id: UserSecret::new(9_999).user_id(), ..visit(1, now_ms()) };
    assert_eq!(server.push(request(&[entry(&visit)])).await.status, StatusCode::NO_CONTENT);
    assert_eq!(erase(&server, NEAR, &secret(9_999)).await.status, StatusCode::ACCEPTED);
    let done = "SELECT COUNT(*) FROM erased WHERE at_loki = 'done'";
    while count(&server, done) == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(count(&server, "SELECT COUNT(*) FROM erased"), 1);
    let queries = double.deletions();
    assert_eq!(queries.len(), 2, "{queries:?}");
    assert!(queries.iter().all(|query| query.contains(visit.user_id.as_str())), "{queries:?}");
}

#[tokio::test]
async fn an_event_on_its_way_is_refused_although_nothing_was_stored_yet() {
    let server = server_with(|_, _| {});
    let user = UserSecret::new(1).user_id();
    assert_eq!(erase(&server, NEAR, &secret(1)).await.status, StatusCode::OK);
    let visit = Record { user_id: user, ..visit(1, now_ms()) };
    let answer = server.push(request(&[entry(&visit)])).await;
    assert!(answer.text.contains("the data of this user was erased"), "{}", answer.text);
    // What is remembered of strangers is bounded.
    for n in 2..=2_000 {
        assert_eq!(erase(&server, NEAR, &secret(n)).await.status, StatusCode::OK);
    }
    assert_eq!(server.push(request(&[entry(&visit)])).await.status, StatusCode::NO_CONTENT);
}

/// Where several servers hand on to one Loki, the one that is asked need not know the person.
#[tokio::test(flavor = "multi_thread")]
async fn whom_another_server_has_seen_is_erased_at_loki() {
    let double = Double::start().await;
    let (asked, _worker) = before(&double, true);
    let visit = Record { session_id: SessionId::new(now_ms(), 1), ..visit(1, now_ms()) };
    let user = visit.user_id.clone();
    double.hold(
        &[("job", "clm-frontend")],
        &[("user_id", user.as_str())],
        now_ms(),
        &visit.to_line().unwrap(),
    );
    assert_eq!(erase(&asked, NEAR, &secret(2)).await.status, StatusCode::OK);
    assert_eq!(count(&asked, "SELECT COUNT(*) FROM erased"), 0);
    let answer = erase(&asked, NEAR, &secret(1)).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text);
    double.fail(&[503]);
    let answer = erase(&asked, NEAR, &secret(3)).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.text.contains("Loki cannot be asked"), "{}", answer.text);
}

#[tokio::test]
async fn a_person_is_asked_about_ten_times_a_minute_also_from_this_machine() {
    let server = server_with(|config, _| config.person_rate = 10);
    for peer in [NEAR, "203.0.113.7"] {
        let mut taken = 0;
        for n in 1..=200 {
            // Not of the person who pushes below.
            let answer = erase(&server, peer, &secret(n + 1_000)).await;
            match answer.status {
                StatusCode::OK => taken += 1,
                status => {
                    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
                    let wait: u64 = answer.header("retry-after").parse().unwrap();
                    assert!((1..=7).contains(&wait), "{wait}");
                }
            }
        }
        assert!((10..20).contains(&taken), "{peer}: {taken}");
    }
    // Reading has the same limit, and pushes have nothing to do with it.
    let answer = server.get_with("/api/me", &[("x-clm-user-secret", &secret(1))]).await;
    assert_eq!(answer.status, StatusCode::OK, "whose address is not known shares the total");
    assert_eq!(server.push(common::one_visit(1)).await.status, StatusCode::NO_CONTENT);
    // All clients together have one too: a hundred, and some more for the time that this takes.
    let mut taken = 0;
    for n in 0..250 {
        let peer = format!("198.51.100.{n}");
        taken +=
            usize::from(erase(&server, &peer, &secret(n + 1_000)).await.status == StatusCode::OK);
    }
    assert!((50..120).contains(&taken), "{taken}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_client_told_of_a_person_is_theirs_to_erase_everywhere() {
    let double = Double::start().await;
    let (server, _worker) = before(&double, false);
    // As the client of the design text names its user; the agent brings the line to Loki.
    let name = "user_k3j4h5g6f";
    let user = UserId::of_name(name);
    let body = json!({ "event": "ping", "component": "c", "data": { "user_id": name } });
    let post = Request::post("/api/analytics")
        .header("host", "localhost")
        .header("content-type", "application/json");
    let answer = server.send(post.body(body.to_string().into()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let me = server.get_with("/api/me", &[("x-clm-user-secret", name)]).await;
    let file: Value = serde_json::from_str(&me.text).unwrap();
    let line = file["analytics"][0]["event"].to_string();
    assert!(!line.contains(name), "{line}");
    double.hold(&[("job", "clm-server"), ("event", "analytics")], &[], now_ms() - 1_000, &line);
    let other = line.replace(user.as_str(), UserId::of_name("user_of_another").as_str());
    double.hold(&[("job", "clm-server"), ("event", "analytics")], &[], now_ms() - 1_000, &other);
    assert_eq!(double.lines().len(), 2);

    let answer = erase(&server, NEAR, name).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text);
    let gone: Value = serde_json::from_str(&answer.text).unwrap();
    assert_eq!((&gone["analytics"], &gone["user_id"]), (&json!(1), &json!(user.as_str())));
    while double.lines().len() == 2 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(double.lines(), [other]);
    // A name that anybody guesses proves nothing.
    for guessed in ["user_1", "user_", "user_ABCDEFGHI", "anna"] {
        assert_eq!(erase(&server, NEAR, guessed).await.status, StatusCode::BAD_REQUEST);
    }
}
