//! Every query and every alert against a real Loki that holds known events, compared with what
//! `insights` makes of the same events.
//!
//! `LOKI_TEST_URL=http://127.0.0.1:3100 cargo test -p logql --test loki`; without it, says so and
//! passes. Each run has a `job` of its own.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{
    collections::BTreeMap,
    io::Write,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use insights::Range;
use logql::{Expected, Panel, Scope, alert};
use serde_json::{Value, json};
use tracking::{
    Component, DropReason, ErrorKind, Event, EventId, Frozen, LabelMode, Record, SessionId,
    Timestamp, UserSecret,
    encode::body,
    event::{COMPONENT_LOADED, ENTRY, EXIT, HIDDEN},
};

const HOUR_MS: u64 = 3_600_000;

/// Sessions of known length on known components, all within the last 15 minutes.
struct Known {
    records: Vec<Record>,
    now_ms: u64,
}

impl Known {
    fn push(&mut self, session: u64, offset_ms: u64, component: &str, event: Event) {
        let n = self.records.len() as u64;
        self.records.push(Record {
            event_id: EventId(u128::from(n) + 1),
            timestamp: Timestamp(self.now_ms - 600_000 + session * 1_000 + offset_ms),
            // Two sessions each.
            user_id: UserSecret::new(u128::from(session / 2)).user_id(),
            session_id: SessionId::new(self.now_ms, u128::from(session) << 64),
            seq: n,
            component: Component::new(component, component.to_uppercase()),
            demo: false,
            event,
        });
    }

    /// Visits `path`, one component each 10 s; each visit is hidden for its second half.
    fn session(&mut self, session: u64, path: &[&str]) {
        let mut at_ms = 0;
        for (index, component) in path.iter().enumerate() {
            let before = index.checked_sub(1).map_or(ENTRY, |i| path[i]);
            let next = path.get(index + 1).copied();
            self.push(
                session,
                at_ms,
                component,
                Event::ComponentVisit {
                    url: String::new(),
                    referrer: String::new(),
                    visit_index: index as u64 + 1,
                    is_entry: index == 0,
                    prev_component: before.to_owned(),
                    prev_component_name: before.to_uppercase(),
                },
            );
            self.push(
                session,
                at_ms + 100,
                component,
                Event::ComponentInteraction {
                    interaction_type: COMPONENT_LOADED.to_owned(),
                    load_time_ms: Some(if *component == "slow" { 4_000 } else { 200 }),
                    details: None,
                },
            );
            let exit =
                |duration_ms, next: &str, is_last, session_elapsed_ms| Event::ComponentExit {
                    duration_ms,
                    next_component: next.to_owned(),
                    is_last,
                    session_elapsed_ms,
                };
            self.push(session, at_ms + 5_000, component, exit(5_000, HIDDEN, false, at_ms + 5_000));
            at_ms += 10_000;
            let last = next.is_none();
            self.push(
                session,
                at_ms - 1,
                component,
                exit(3_000, next.unwrap_or(EXIT), last, at_ms),
            );
        }
    }

    /// Somebody opened a component 40 minutes ago, and it breaks in the last 10.
    fn long_open(&mut self) {
        let ago_ms = |minutes: u64| minutes * 60_000;
        let begin = self.records.len();
        self.push(
            8,
            0,
            "open",
            Event::ComponentVisit {
                url: String::new(),
                referrer: String::new(),
                visit_index: 1,
                is_entry: true,
                prev_component: ENTRY.into(),
                prev_component_name: ENTRY.into(),
            },
        );
        self.push(
            8,
            0,
            "open",
            Event::ComponentExit {
                duration_ms: 25_000,
                next_component: HIDDEN.into(),
                is_last: false,
                session_elapsed_ms: 25_000,
            },
        );
        for record in &mut self.records[begin..] {
            record.timestamp = Timestamp(self.now_ms - ago_ms(40));
        }
        for n in 0..30 {
            let error = Event::ComponentError {
                error_kind: ErrorKind::Http,
                error_message: "502".into(),
                error_stack: String::new(),
                suppressed: 0,
            };
            self.push(8, n, "open", error);
        }
    }

    fn new(now_ms: u64) -> Self {
        let mut known = Self { records: Vec::new(), now_ms };
        for session in 0..8 {
            known.session(
                session,
                match session % 4 {
                    0 => &["home"],
                    1 => &["home", "slow"],
                    2 => &["home", "list", "slow"],
                    _ => &["list", "home", "list", "slow"],
                },
            );
        }
        for n in 0..6 {
            known.push(
                0,
                20_000 + n,
                "slow",
                Event::ComponentError {
                    error_kind: ErrorKind::Http,
                    error_message: "404".into(),
                    error_stack: String::new(),
                    suppressed: 0,
                },
            );
        }
        known.long_open();
        known.push(
            1,
            30_000,
            "(dashboard)",
            Event::TrackingDropped { dropped_reason: DropReason::QueueFull, dropped_count: 70 },
        );
        known
    }
}

struct Loki {
    client: reqwest::Client,
    url: String,
}

impl Loki {
    async fn push(&self, body: String) {
        let request = self.client.post(format!("{}/loki/api/v1/push", self.url));
        let request = request.header("content-type", "application/json").body(body);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 204, "{}", response.text().await.unwrap());
    }

    /// The series of an instant query, by the values of their labels.
    async fn ask(&self, query: &str, now_ms: u64) -> BTreeMap<String, f64> {
        let request = self
            .client
            .get(format!("{}/loki/api/v1/query", self.url))
            .query(&[("query", query), ("time", &format!("{now_ms}000000"))]);
        let response = request.send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "{query}\n{text}");
        let answer: Value = serde_json::from_str(&text).unwrap();
        let series = answer["data"]["result"].as_array().unwrap();
        series
            .iter()
            .map(|one| {
                let labels = one["metric"].as_object().unwrap().values();
                let labels: Vec<_> = labels.map(|v| v.as_str().unwrap().to_owned()).collect();
                (labels.join(" "), one["value"][1].as_str().unwrap().parse().unwrap())
            })
            .collect()
    }
}

fn close(a: &BTreeMap<String, f64>, b: &BTreeMap<String, f64>) -> bool {
    a.len() == b.len()
        && a.iter().zip(b).all(|((ka, va), (kb, vb))| ka == kb && (va - vb).abs() < 1e-6)
}

fn one(value: f64) -> BTreeMap<String, f64> {
    [(String::new(), value)].into()
}

fn many<K: ToString>(values: impl IntoIterator<Item = (K, f64)>) -> BTreeMap<String, f64> {
    values.into_iter().map(|(key, value)| (key.to_string(), value)).collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts of a few dozen")]
fn f(count: u64) -> f64 {
    count as f64
}

/// What each panel must answer, from the pure definitions.
fn truth(known: &Known, job: &str) -> Vec<(Panel, BTreeMap<String, f64>)> {
    let records = &known.records;
    let range = Range { from_ms: known.now_ms - HOUR_MS, to_ms: known.now_ms + 1 };
    let visits = insights::visits(records, range, &[]);
    let total: u64 = visits.iter().map(|of| of.visits).sum();
    let bounce = insights::bounce(records, range);
    // Nobody has left what is still open: it has no exit.
    let has_ended = |component: &str| !component.eq_ignore_ascii_case("open");
    let flows = insights::journey(records, range, &[]);
    let named =
        |of: Vec<insights::ComponentVisits>| many(of.into_iter().map(|c| (c.name, f(c.visits))));
    vec![
        (Panel::TotalVisits, one(f(total))),
        (
            Panel::VisitsByComponent,
            many(visits.iter().map(|of| (of.component.clone(), f(of.visits)))),
        ),
        // Labels come in the order of their names: component, prev_component.
        (
            Panel::Journey,
            many(
                flows
                    .iter()
                    .filter(|flow| flow.to != EXIT)
                    .map(|flow| (format!("{} {}", flow.to, flow.from), f(flow.count))),
            ),
        ),
        (
            Panel::UserFlow,
            many(
                flows
                    .iter()
                    .filter(|flow| flow.from != ENTRY && (flow.to != EXIT || has_ended(&flow.from)))
                    .map(|flow| (format!("{} {}", flow.from, flow.to), f(flow.count))),
            ),
        ),
        (
            Panel::AverageTime,
            many(
                insights::time(records, range)
                    .into_iter()
                    .filter(|of| of.visits > 0)
                    .map(|of| (of.component, f(of.total_ms) / f(of.visits) / 1000.0)),
            ),
        ),
        (Panel::ActiveUsers, one(f(insights::active_users(records, range).users))),
        (Panel::Sessions, one(f(bounce.sessions))),
        (Panel::BounceRate, one(f(bounce.bounced) / f(bounce.sessions))),
        (Panel::EntryPoints, named(insights::entry_points(records, range))),
        (
            Panel::ExitPoints,
            named(
                insights::exit_points(records, range)
                    .into_iter()
                    .filter(|of| has_ended(&of.component))
                    .collect(),
            ),
        ),
        (
            Panel::Errors,
            many(
                insights::errors(records, range).into_iter().map(|of| (of.component, f(of.errors))),
            ),
        ),
        // Sessions take 10, 20, 30 and 40 s, two of each.
        (Panel::SessionAverage, one(25.0)),
        (Panel::SessionP95, [(job.to_owned(), 40.0)].into()),
        (Panel::SessionLength(10, Some(60)), one(8.0)),
        (Panel::Drops, many([("queue_full", 70.0)])),
        (Panel::LoadMedian, many([("home", 200.0), ("list", 200.0), ("slow", 4_000.0)])),
        (Panel::LoadAgainstExpectation, many([("home", 0.4), ("list", 0.4), ("slow", 8.0)])),
    ]
}

#[tokio::test]
async fn numbers_are_those_of_the_definitions() {
    let Some(url) = std::env::var("LOKI_TEST_URL").ok().filter(|url| !url.is_empty()) else {
        let _ = writeln!(std::io::stderr(), "\nskipped: queries against Loki: no LOKI_TEST_URL");
        return;
    };
    let _ = rustls::crypto::ring::default_provider().install_default();
    let loki = Loki { client: reqwest::Client::new(), url: url.trim_end_matches('/').to_owned() };
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now_ms = u64::try_from(since.as_millis()).unwrap();
    let job = format!("clm-test-{now_ms}");
    let known = Known::new(now_ms);
    let frozen: Vec<_> = known.records.iter().cloned().filter_map(Frozen::new).collect();
    loki.push(body(&frozen, &job, LabelMode::Metadata, Timestamp(now_ms))).await;

    let expected = ["home", "list", "slow"]
        .map(|component| Expected { component: component.into(), load_time_ms: 500 });
    let scope = Scope { expected: &expected, ..Scope::new(&job, HOUR_MS / 1000) };
    for (panel, truth) in truth(&known, &job) {
        let query = panel.query(&scope);
        let mut answer = loki.ask(&query, now_ms).await;
        // What was pushed is readable soon, not at once.
        for _ in 0..50 {
            if close(&answer, &truth) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
            answer = loki.ask(&query, now_ms).await;
        }
        assert!(close(&answer, &truth), "{panel:?}\n{query}\nsays {answer:?}\nnot  {truth:?}");
    }
    // The server's line, as Alloy ships it.
    let waiting = json!({ "event": alert::OUTBOX, "sink": job, "age_seconds": 900 });
    let line = json!({ "streams": [{
        "stream": { "job": "clm-server", "event": alert::OUTBOX },
        "values": [[format!("{now_ms}000000"), waiting.to_string()]],
    }] });
    loki.push(line.to_string()).await;
    // 6 errors for 6 visits of `slow`, 30 for none of `open` in the window; 8 times its expectation; 70 events given up; and silence
    // neither here nor at the page itself.
    let fires: BTreeMap<_, Vec<String>> = {
        let mut fires = BTreeMap::new();
        for alert in alert::all(&job, &expected) {
            let answer = loki.ask(&alert.expr, now_ms).await;
            fires.insert(alert.name, answer.into_keys().collect());
        }
        fires
    };
    let none: Vec<String> = Vec::new();
    assert_eq!(fires["ClmComponentErrors"], ["open", "slow"]);
    assert_eq!(fires["ClmSlowComponent"], ["slow"]);
    assert_eq!(fires["ClmEventsDropped"], ["queue_full"]);
    assert_eq!(fires["ClmNoEvents"], none);
    assert_eq!(fires["ClmEventsDoNotArrive"], none);
    assert_eq!(fires["ClmPageErrors"], none);
    assert!(fires["ClmOutboxWaits"].contains(&job), "{fires:?}");
    let nobody = alert::all(&format!("{job}-nobody"), &expected);
    let silent = nobody.iter().find(|alert| alert.name == "ClmNoEvents").unwrap();
    assert_eq!(loki.ask(&silent.expr, now_ms).await.len(), 1);
}
