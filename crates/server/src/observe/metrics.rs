//! `GET /metrics`: numbers for Prometheus. None of them names a person.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use insights::Weight;
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};

use crate::{
    clock::now_ms,
    loki::{Failure, LokiError},
    observe::{Troubles, exposition::Exposition},
    store::StoreError,
    web::App,
};

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Why {
    reason: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Whither {
    sink: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Failed {
    sink: &'static str,
    reason: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Asked {
    route: String,
    status: u16,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Ended {
    outcome: &'static str,
}

type Durations<L> = Family<L, Histogram, fn() -> Histogram>;

/// Clones count together.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    received: Counter,
    bytes_received: Counter,
    stored: Counter,
    duplicate: Counter,
    corrected: Counter,
    refused: Family<Why, Counter>,
    deleted: Counter,
    others: Counter,
    commit: Histogram,
    requests: Durations<Asked>,
    queries: Durations<Ended>,
    retried: Family<Whither, Counter>,
    failures: Family<Failed, Counter>,
    troubles: Troubles,
    forwarded: Family<Whither, Counter>,
    too_old: Family<Whither, Counter>,
    set_aside: Family<Whither, Counter>,
    waiting: Family<Whither, Gauge>,
    oldest: Family<Whither, Gauge>,
    bytes: Gauge<i64, AtomicI64>,
}

/// 0.5 ms to 8 s.
fn durations() -> Histogram {
    Histogram::new(exponential_buckets(0.0005, 2.0, 15))
}

impl Default for Metrics {
    fn default() -> Self {
        let mut all = Registry::with_prefix("clm");
        let received = Counter::default();
        all.register("events_received", "Events in push requests", received.clone());
        let bytes_received = Counter::default();
        let help = "Bodies of push requests as they came";
        all.register_with_unit("push", help, Unit::Bytes, bytes_received.clone());
        let stored = Counter::default();
        all.register("events_stored", "Events stored for the first time", stored.clone());
        let duplicate = Counter::default();
        all.register("events_duplicate", "Events that were stored already", duplicate.clone());
        let corrected = Counter::default();
        let help = "Events whose time was corrected because the page's clock is wrong";
        all.register("events_clock_corrected", help, corrected.clone());
        let refused = Family::default();
        all.register("events_refused", "Events not taken, by reason", refused.clone());
        let deleted = Counter::default();
        all.register("events_deleted", "Events deleted for their age", deleted.clone());
        let others = Counter::default();
        let help = "Events of components or names beyond those that are told apart";
        all.register("events_other", help, others.clone());
        let commit = durations();
        let help = "Time of one commit, which many requests share";
        all.register_with_unit("store_commit", help, Unit::Seconds, commit.clone());
        let requests = Durations::<Asked>::new_with_constructor(durations);
        let help = "Time to the head of the answer, by route and status";
        all.register_with_unit("http_request", help, Unit::Seconds, requests.clone());
        let queries = Durations::<Ended>::new_with_constructor(durations);
        let help = "Time of one query that an answer asked Loki for, by outcome";
        all.register_with_unit("loki_query", help, Unit::Seconds, queries.clone());
        let retried = Family::default();
        all.register("outbox_retried", "Batches that had to be sent again", retried.clone());
        let failures = Family::default();
        let help = "Requests to the sink that came to nothing, by reason";
        all.register("outbox_failures", help, failures.clone());
        let forwarded = Family::default();
        all.register("outbox_forwarded", "Events that the sink has taken", forwarded.clone());
        let too_old = Family::default();
        all.register("outbox_too_old", "Events older than the sink takes", too_old.clone());
        let set_aside = Family::default();
        all.register("outbox_refused", "Events that the sink refused for good", set_aside.clone());
        let waiting = Family::default();
        all.register("outbox_depth", "Events that wait for the sink", waiting.clone());
        let oldest = Family::default();
        let help = "How long the oldest of them has waited";
        all.register_with_unit("outbox_age", help, Unit::Seconds, oldest.clone());
        let bytes = Gauge::default();
        all.register_with_unit("store_size", "Size of the store", Unit::Bytes, bytes.clone());
        Self {
            registry: Arc::new(all),
            received,
            bytes_received,
            stored,
            duplicate,
            corrected,
            refused,
            deleted,
            others,
            commit,
            requests,
            queries,
            retried,
            failures,
            troubles: Troubles::default(),
            forwarded,
            too_old,
            set_aside,
            waiting,
            oldest,
            bytes,
        }
    }
}

impl Metrics {
    /// Events, good or bad, in a body of so many bytes.
    pub fn received(&self, events: usize, bytes: usize) {
        self.received.inc_by(events as u64);
        self.bytes_received.inc_by(bytes as u64);
    }

    /// All that was received; none as long as there was nothing.
    #[must_use]
    pub fn sent(&self) -> Option<Weight> {
        let (events, bytes) = (self.received.get(), self.bytes_received.get());
        (events > 0).then_some(Weight { bytes, events })
    }

    /// What became of the good ones.
    pub fn took(&self, events: usize, new: usize, erased: usize) {
        self.stored.inc_by(new as u64);
        self.duplicate.inc_by(events.saturating_sub(new + erased) as u64);
        if erased > 0 {
            self.refuse("erased", erased);
        }
    }

    /// Events that were put elsewhere in time.
    pub fn corrected(&self, events: usize) {
        self.corrected.inc_by(events as u64);
    }

    /// Events, or one whole request, that were not taken.
    pub fn refuse(&self, reason: &'static str, count: usize) {
        self.refused.get_or_create(&Why { reason }).inc_by(count as u64);
    }

    pub fn deleted(&self, events: usize) {
        self.deleted.inc_by(events as u64);
    }

    pub fn not_told_apart(&self, events: usize) {
        self.others.inc_by(events as u64);
    }

    pub fn committed(&self, took: Duration) {
        self.commit.observe(took.as_secs_f64());
    }

    pub fn retried(&self, sink: &'static str) {
        self.retried.get_or_create(&Whither { sink }).inc();
    }

    /// A request to `sink` came to nothing: counted, and told once.
    pub fn failed(&self, sink: &'static str, failure: &Failure) {
        let reason = failure.reason.as_str();
        self.failures.get_or_create(&Failed { sink, reason }).inc();
        self.troubles.failed(sink, failure, now_ms());
    }

    #[must_use]
    pub fn troubles(&self) -> &Troubles {
        &self.troubles
    }

    /// Waits for what was asked of Loki, and counts how that ended and how long it took.
    pub async fn of_loki<T>(
        &self,
        asked: impl Future<Output = Result<T, LokiError>>,
    ) -> Result<T, LokiError> {
        let start = Instant::now();
        let answer = asked.await;
        let outcome = match &answer {
            Ok(_) => "ok",
            Err(LokiError::Unreachable) => "unreachable",
            Err(_) => "failed",
        };
        self.queries.get_or_create(&Ended { outcome }).observe(start.elapsed().as_secs_f64());
        answer
    }

    pub(super) fn requested(&self, route: String, status: StatusCode, took: Duration) {
        let asked = Asked { route, status: status.as_u16() };
        self.requests.get_or_create(&asked).observe(took.as_secs_f64());
    }

    /// Takes what only the store knows, and writes all down.
    async fn text(&self, app: &App) -> Result<String, StoreError> {
        for sink in app.config.sinks() {
            let standing = app.store.standing(sink).await?;
            let sink = Whither { sink };
            let count = |family: &Family<Whither, Counter>, value: u64| {
                family.get_or_create(&sink).inner().store(value, Ordering::Relaxed);
            };
            count(&self.forwarded, standing.forwarded);
            count(&self.too_old, standing.too_old);
            count(&self.set_aside, standing.refused);
            self.waiting.get_or_create(&sink).set(signed(standing.waiting));
            self.oldest.get_or_create(&sink).set(signed(standing.age(now_ms()).as_secs()));
        }
        self.bytes.set(signed(app.store.bytes().await?));
        let mut text = String::new();
        // Writing to a text does not fail.
        let _ = encode(&mut text, &self.registry);
        Ok(text)
    }
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub async fn metrics(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    match app.metrics.text(&app).await {
        Ok(text) => Exposition::wanted(&headers).response(&text),
        Err(failure) => {
            tracing::error!("the numbers cannot be read: {failure}");
            (StatusCode::SERVICE_UNAVAILABLE, "the store cannot be read\n").into_response()
        }
    }
}
