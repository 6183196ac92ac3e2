//! Days of events into a Loki with its own limits: in the order in which they happened, on few streams, and
//! nobody waits for them. `LOKI_TEST_URL=http://127.0.0.1:3100` does the same with a real one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use common::{
    loki::{Loki as Double, Mood},
    now_ms, visit,
};
use proptest::prelude::*;
use server::{
    loki::{Loki, LokiSettings},
    observe::Metrics,
    outbox::{self, Sink},
    store::{Row, Standing, Store},
};
use simulate::{Plan, Simulation, bundle, places};
use tokio::task::JoinHandle;
use tracking::{Record, loki::PushRequest};

const HOUR_MS: u64 = 60 * 60 * 1_000;
const REGISTRY: &str = include_str!("../../../static/registry.json");

fn row(id: u128, timestamp_ms: u64) -> Row {
    let record = visit(id, timestamp_ms);
    Row { line: record.to_line().unwrap(), record }
}

struct Place {
    store: Store,
    loki: Loki,
    metrics: Metrics,
    _dir: tempfile::TempDir,
}

impl Place {
    fn new(url: String, job: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (store, _) = Store::open(dir.path()).unwrap();
        let loki = Loki::new(LokiSettings { job: job.into(), ..LokiSettings::new(url) }).unwrap();
        Self { store, loki, metrics: Metrics::default(), _dir: dir }
    }

    fn work(&self, knows: impl Fn(&str) -> bool + Send + Sync + 'static) -> JoinHandle<()> {
        let sink = Sink::loki(self.loki.clone(), knows);
        tokio::spawn(outbox::work(self.store.clone(), sink, self.metrics.clone()))
    }

    async fn standing(&self) -> Standing {
        self.store.standing(outbox::LOKI).await.unwrap()
    }

    async fn until(&self, what: &str, patience: Duration, condition: impl Fn(Standing) -> bool) {
        let start = Instant::now();
        while !condition(self.standing().await) {
            assert!(start.elapsed() < patience, "{what}: {:?}", self.standing().await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// The events of a body that a page would send.
fn rows(body: &str) -> Vec<Row> {
    let request: PushRequest<'_> = serde_json::from_str(body).unwrap();
    let entries = request.streams.into_iter().flat_map(|stream| stream.values);
    entries
        .map(|entry| Row {
            record: Record::from_line(&entry.line).unwrap(),
            line: entry.line.into_owned(),
        })
        .collect()
}

/// What a sample of so many people comes to, a day after the other.
fn sample(users: usize, days: u32) -> Vec<Vec<Row>> {
    let now = now_ms();
    let plan = Plan { users, days, seed: 7, end_ms: now - now % HOUR_MS };
    Simulation::new(plan, places(REGISTRY).unwrap())
        .map(|pushes| bundle(&pushes, 256 * 1024).iter().flat_map(|body| rows(body)).collect())
        .collect()
}

async fn drain(url: String, job: &str, days: Vec<Vec<Row>>) -> Place {
    let place = Place::new(url, job);
    let work = place.work(|_| true);
    for mut day in days {
        while !day.is_empty() {
            let rest = day.split_off(day.len().min(500));
            let rows = std::mem::replace(&mut day, rest);
            place.store.insert(rows, now_ms()).await.unwrap();
        }
    }
    place.until("the backlog sets off", Duration::from_secs(60), |at| at.forwarded > 0).await;
    // Somebody is on the dashboard meanwhile.
    let before = place.standing().await;
    assert!(before.waiting > 1_000, "too little for a backlog: {before:?}");
    let start = Instant::now();
    place.store.insert(vec![row(u128::MAX, now_ms())], now_ms()).await.unwrap();
    let live =
        format!(r#"{{job="{job}", late="", event="component_visit"}} |= "{:032x}""#, u128::MAX);
    loop {
        let now_ns = now_ms() * 1_000_000;
        let lines = place.loki.lines(&live, now_ns - 60_000_000_000, now_ns, 10).await.unwrap();
        if !lines.is_empty() {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "held up");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (took, after) = (start.elapsed(), place.standing().await);
    println!("a live event was at Loki after {took:?}, with {} events waiting", after.waiting);
    assert!(after.waiting > 0, "the backlog was gone already: {after:?}");
    place.until("all", Duration::from_secs(300), |at| at.waiting == 0).await;
    work.abort();
    let standing = place.standing().await;
    println!("{standing:?} in {:?}", start.elapsed());
    assert_eq!(standing.refused, 0);
    place
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backlog_of_days_needs_few_streams_and_holds_up_nobody() {
    let days = sample(150, 9);
    // Some pages send twice.
    let events: BTreeSet<_> = days.iter().flatten().map(|row| row.record.event_id.0).collect();
    let double = Double::start().await;
    let place = drain(double.address.clone(), "clm-frontend", days).await;
    let standing = place.standing().await;
    assert_eq!(standing.forwarded + standing.too_old, events.len() as u64 + 1);
    assert_eq!(double.answered().keys().collect::<Vec<_>>(), [&204], "{:?}", double.answered());
    let streams = double.streams().len();
    assert!(streams <= 200, "{streams} streams");
    let lines: BTreeSet<_> = double.entries().into_iter().map(|entry| entry[2].clone()).collect();
    assert_eq!((lines.len() as u64, double.entries().len()), (standing.forwarded, lines.len()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_loki_with_its_own_limits_takes_a_month() {
    let Some(url) = std::env::var("LOKI_TEST_URL").ok().filter(|url| !url.is_empty()) else {
        println!("skipped: a month into a real Loki: no LOKI_TEST_URL");
        return;
    };
    let job = format!("clm-test-{}", now_ms());
    let place = drain(url, &job, sample(1_000, 30)).await;
    let series = place.loki.series(&format!(r#"{{job="{job}"}}"#), now_ms()).await.unwrap();
    println!("{series} streams");
    assert!(series <= 200, "{series} streams");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_home_behind_the_backlog_goes_to_its_hour() {
    let double = Double::start().await;
    let place = Place::new(double.address.clone(), "clm-frontend");
    let now = now_ms();
    let _work = place.work(|_| true);
    place.store.insert(vec![row(1, now - 3 * HOUR_MS), row(2, now)], now).await.unwrap();
    place.until("both", Duration::from_secs(20), |at| at.waiting == 0).await;
    // One that the streams of the backlog can still take, and one that they have left behind.
    let rows = vec![row(3, now - 3 * HOUR_MS - HOUR_MS / 2), row(4, now - 6 * HOUR_MS)];
    place.store.insert(rows, now_ms()).await.unwrap();
    place.until("all", Duration::from_secs(20), |at| at.waiting == 0).await;
    let hour = ((now - 6 * HOUR_MS) / HOUR_MS).to_string();
    let late =
        |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap()["late"].clone();
    let mut labels: Vec<_> =
        double.entries().iter().map(|entry| (entry[1].clone(), late(&entry[0]))).collect();
    labels.sort_by(|a, b| a.0.cmp(&b.0));
    let labels: Vec<_> = labels.into_iter().map(|(_, late)| late).collect();
    assert_eq!(labels, [hour.into(), "backlog".into(), "backlog".into(), serde_json::Value::Null]);
    assert_eq!(double.answered().keys().collect::<Vec<_>>(), [&204]);
}

fn moods() -> impl Strategy<Value = Vec<Mood>> {
    let mood = prop_oneof![
        Just(Mood::KeepAndFail),
        Just(Mood::Answer(503, Some(("retry-after", "0")))),
        Just(Mood::Answer(429, Some(("retry-after", "0")))),
    ];
    prop::collection::vec(mood, 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, max_shrink_iters: 0, ..ProptestConfig::default() })]

    /// Whatever is old or new, known or not, and whenever it is stopped: everything is there, once.
    #[test]
    fn stopped_at_any_moment_nothing_is_lost_and_nothing_is_twice(
        ages in prop::collection::vec(prop_oneof![0..40_u64, 60..9_000_u64], 5..60),
        stops in prop::collection::vec((moods(), 0..4_usize, any::<bool>()), 1..5),
    ) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let double = Double::start().await;
            let place = Place::new(double.address.clone(), "clm-frontend");
            let now = now_ms();
            let rows: Vec<_> = (1..).zip(&ages).map(|(id, age)| row(id, now - age * 60_000)).collect();
            let mut lines: Vec<_> = rows.iter().map(|row| row.line.clone()).collect();
            let share = rows.len().div_ceil(stops.len());
            let mut rows = rows.into_iter();
            for (moods, requests, is_known) in stops {
                double.moods(moods);
                let some: Vec<_> = rows.by_ref().take(share).collect();
                place.store.insert(some, now_ms()).await.unwrap();
                let known = Arc::new(AtomicBool::new(is_known));
                let seen = double.headers().len();
                let work = place.work(move |_| known.load(Ordering::Relaxed));
                let start = Instant::now();
                while double.headers().len() < seen + requests && start.elapsed() < Duration::from_secs(4) {
                    tokio::task::yield_now().await;
                }
                // Between any two steps, as a kill would.
                work.abort();
                let _ = work.await;
            }
            double.moods([]);
            let work = place.work(|_| true);
            place.until("all", Duration::from_secs(60), |at| at.waiting == 0).await;
            work.abort();
            let mut streams: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for [stream, _, line, _] in double.entries() {
                streams.entry(line).or_default().push(stream);
            }
            streams.retain(|_, streams| streams.len() > 1);
            assert_eq!(streams, BTreeMap::new(), "events in two streams");
            let mut there: Vec<_> = double.entries().into_iter().map(|entry| entry[2].clone()).collect();
            there.sort();
            lines.sort();
            let too_old = place.standing().await.too_old;
            assert_eq!(too_old, 0);
            assert!(there == lines, "{} events are there, {} were stored", there.len(), lines.len());
        });
    }
}
