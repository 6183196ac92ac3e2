//! What analysts take for granted, asked of the server over HTTP.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{Server, entry, now_ms, request, server, server_with, visit};
use serde_json::{Value, json};
use tracking::{Component, ErrorKind, Event, Record};

async fn push(server: &Server, records: &[Record]) {
    let entries: Vec<_> = records.iter().map(entry).collect();
    let answer = server.push(request(&entries)).await;
    assert_eq!(answer.status, 204, "{}", answer.text);
}

async fn ask(server: &Server, question: &str) -> Value {
    let answer = server.get(&format!("/api/insights/{question}")).await;
    assert_eq!(answer.status, 200, "{question}: {}", answer.text);
    serde_json::from_str(&answer.text).unwrap()
}

/// A visit so many seconds ago; all of one session.
fn ago(id: u128, seconds: u64, component: &str) -> Record {
    let mut record = visit(id, now_ms() - seconds * 1_000);
    record.component = Component::new(component, component);
    record
}

#[tokio::test]
async fn the_window_of_a_funnel_may_begin_with_any_visit_to_its_first_step() {
    let server = server();
    let now = now_ms();
    let at = |id, seconds: u64, component: &str| Record {
        timestamp: tracking::Timestamp(now - seconds * 1_000),
        ..ago(id, seconds, component)
    };
    push(&server, &[at(1, 900, "a"), at(2, 620, "c"), at(3, 600, "a"), at(4, 590, "b")]).await;
    let funnel = ask(&server, "funnel?components=a,b&within=300000").await;
    let step = |component: &str, wait: Value| json!({ "component": component, "sessions": 1, "median_ms_from_previous": wait });
    assert_eq!(funnel, json!([step("a", Value::Null), step("b", json!(10_000))]));
}

#[tokio::test]
async fn latest_messages_are_different_ones_with_their_counts() {
    let server = server();
    let error = |id: u128, seconds, message: &str| Record {
        event: Event::ComponentError {
            error_kind: ErrorKind::Exception,
            error_message: message.to_owned(),
            error_stack: String::new(),
            suppressed: 0,
        },
        ..ago(id, seconds, "a")
    };
    let mut records: Vec<_> = (0..60).map(|n| error(n, 60 + n as u64, "always this")).collect();
    records.push(error(100, 10, "a new one"));
    records.push(error(101, 2_000, "an old one"));
    push(&server, &records).await;
    let errors = ask(&server, "errors").await;
    let message = |text: &str, errors: u64| json!({ "message": text, "errors": errors });
    assert_eq!(errors[0]["errors"], 62);
    assert_eq!(
        errors[0]["latest"],
        json!([message("a new one", 1), message("always this", 60), message("an old one", 1)])
    );
}

#[tokio::test]
async fn an_answer_has_a_bounded_number_of_rows_and_says_what_it_sums() {
    let server = server();
    let rows = insights::MAX_ROWS as u128 + 7;
    for some in
        (0..rows).map(|id| ago(id, 60, &format!("c{id:05}"))).collect::<Vec<_>>().chunks(400)
    {
        push(&server, some).await;
    }
    for (question, of) in [("visits", "visits"), ("time", "visits"), ("journey", "count")] {
        let answer = ask(&server, question).await;
        let answer = answer.as_array().unwrap();
        assert!(answer.len() <= insights::MAX_ROWS + 1, "{question}: {}", answer.len());
        let last = answer.last().unwrap();
        let is_folded = last["folded"].as_u64().unwrap();
        assert!(is_folded >= 7, "{question}: {last}");
        let sum: u64 = answer.iter().map(|row| row[of].as_u64().unwrap()).sum();
        // One session: its last visit leads out.
        let out = u64::from(question == "journey");
        assert_eq!(sum, rows as u64 + out, "{question}");
    }
    let popularity = ask(&server, "popularity?bucket=86400000").await;
    let most = popularity
        .as_array()
        .unwrap()
        .iter()
        .map(|bucket| bucket["visits"].as_object().unwrap().len());
    assert!(most.max().unwrap() <= insights::MAX_SERIES + 1);
}

/// A server whose registry has two components.
fn server_of_two() -> Server {
    server_with(|config, dir| {
        let registry = dir.join("two.json");
        let component = |hash: &str| json!({ "hash": hash, "name": hash.to_uppercase(), "concrete": { "implementation": "a.html" } });
        let two = json!({ "components": [component("a"), component("b")] });
        std::fs::write(&registry, two.to_string()).unwrap();
        config.registry = Some(registry);
    })
}

#[tokio::test]
async fn components_that_nobody_opened_are_the_least_popular() {
    let server = server_of_two();
    push(&server, &[ago(1, 60, "a"), ago(2, 50, "gone")]).await;
    let row = |hash: &str, name: &str, visits: u64| json!({ "component": hash, "name": name, "visits": visits });
    let all = json!([row("a", "a", 1), row("gone", "gone", 1), row("b", "B", 0)]);
    assert_eq!(ask(&server, "visits").await, all);
    assert_eq!(ask(&server, "visits?component=b").await, json!([row("b", "B", 0)]));
    assert_eq!(ask(&server, "visits?component=a").await, json!([row("a", "a", 1)]));
}

#[tokio::test]
async fn an_answer_says_which_components_it_asks_for_in_vain() {
    let server = server_of_two();
    for (question, note) in [
        ("visits?component=a", ""),
        ("errors?component=(dashboard),(other)", ""),
        ("visits?component=a,nope", "the registry has no component nope"),
        ("bounce?entry=nope", "the registry has no component nope"),
        ("funnel?components=a,zap,%C3%BC", "the registry has no component zap, \\u{fc}"),
    ] {
        let answer = server.get(&format!("/api/insights/{question}")).await;
        assert_eq!((answer.status.as_u16(), answer.header("clm-note")), (200, note), "{question}");
    }
    let answer = server.get("/api/insights/funnel?components=,,,").await;
    assert_eq!(answer.status, 400);
    assert!(answer.text.contains("parameter components must name"), "{}", answer.text);
}

#[tokio::test]
async fn a_component_that_nobody_knows_has_an_empty_answer() {
    let server = server_of_two();
    push(&server, &[ago(1, 60, "a")]).await;
    for (question, empty) in [
        ("visits", json!([])),
        ("exit-points", json!([])),
        ("journey", json!([])),
        ("bounce", json!({ "sessions": 0, "bounced": 0 })),
    ] {
        assert_eq!(ask(&server, &format!("{question}?component=nope")).await, empty, "{question}");
    }
}
