//! One batch to Loki, however long that takes.

use std::time::Duration;

use tracking::{Timestamp, backoff, encode::Late};

use crate::{
    clock::now_ms,
    loki::{Failure, Loki, Pushed, Reason},
    observe::{Metrics, Of},
    outbox::{LOKI, part::Part},
    store::{Held, Outgoing, Refused, Report, Store, StoreError, Stored, Why},
};

/// Loki never takes what is older than seven days; the margin is for the way.
pub const TOO_OLD_MS: u64 = (7 * 24 - 1) * 60 * 60 * 1_000;
/// Characters of Loki's own words that are kept.
const REASON: usize = 300;

/// A batch on its way.
pub struct Delivery<'a> {
    pub store: &'a Store,
    pub loki: &'a Loki,
    pub metrics: &'a Metrics,
    parts: Vec<Part<'a>>,
    report: Report,
    /// Requests that came to nothing, one after the other.
    failures: u32,
}

impl<'a> Delivery<'a> {
    pub fn new(store: &'a Store, loki: &'a Loki, metrics: &'a Metrics) -> Self {
        let (parts, report) = (Vec::new(), Report::default());
        Self { store, loki, metrics, parts, report, failures: 0 }
    }

    /// Comes back when every event of the batch was accepted, refused for good, or waits by itself.
    pub async fn run(mut self, batch: &'a Outgoing) -> Report {
        self.parts = vec![Part::new(batch.events.iter().collect())];
        while let Some(mut part) = self.parts.pop() {
            // What was erased while Loki was away must not reach it any more.
            if let Err(failure) = self.forget(&mut part).await {
                tracing::error!("outbox to loki: {failure}");
                self.rest(None).await;
                self.parts.push(part);
                continue;
            }
            if part.events.is_empty() {
                continue;
            }
            match self.push(&part).await {
                Pushed::Accepted => self.accepted(&part),
                Pushed::Refused { status, said } => self.refused(part, status, &said).await,
                Pushed::Failed(failure) => self.failed(part, failure).await,
            }
        }
        self.report
    }

    async fn forget(&self, part: &mut Part<'_>) -> Result<(), StoreError> {
        let cursors = part.events.iter().map(|event| event.cursor).collect();
        let stored = self.store.still_stored(cursors).await?;
        part.events.retain(|event| stored.contains(&event.cursor));
        Ok(())
    }

    async fn push(&self, part: &Part<'_>) -> Pushed {
        match part.pack(self.loki.settings()) {
            Ok(body) => self.loki.push(body, Timestamp(now_ms())).await,
            Err(error) => Pushed::Failed(Failure::of(Reason::Connection, None, &error.to_string())),
        }
    }

    fn accepted(&mut self, part: &Part<'_>) {
        self.failures = 0;
        self.report.forwarded += part.events.len();
        self.metrics.troubles().well(LOKI, Of::Sink, now_ms());
    }

    /// Loki is there, but does not take all of it. What it has taken comes again as the same bytes, and stays
    /// once.
    async fn refused(&mut self, part: Part<'a>, status: u16, said: &str) {
        self.failures = 0;
        self.metrics.troubles().well(LOKI, Of::Sink, now_ms());
        let words = said.to_ascii_lowercase();
        if words.contains("too new") {
            self.too_new(part, status, said).await;
        } else if words.contains("too far behind") || words.contains("out of order") {
            self.behind(part, status, said, &words);
        } else if let [event] = part.events[..] {
            self.set_aside(event, status, said);
        } else {
            self.parts.extend(part.halves());
        }
    }

    /// If the oldest is ahead of Loki's clock, all are.
    async fn too_new(&mut self, part: Part<'a>, status: u16, said: &str) {
        let is_alone = part.events.len() == 1;
        let [others, oldest] = part.oldest_first();
        let taken = !is_alone && matches!(self.push(&oldest).await, Pushed::Accepted);
        if taken {
            self.accepted(&oldest);
            self.parts.extend(others.halves());
            return;
        }
        self.metrics.failed(LOKI, &Failure::of(Reason::TooNew, Some(status), said));
        self.hold(&part, Why::TooNew);
    }

    /// Its stream is more than an hour ahead.
    fn behind(&mut self, part: Part<'a>, status: u16, said: &str, words: &str) {
        let streams = part.by_stream(self.loki.settings().labels);
        let all = part.events.len();
        // Loki says so when it has taken none of a stream.
        let is_all = all == 1 || words.contains(&format!("total ignored: {all} out of {all} "));
        match part.events.first() {
            _ if streams.len() > 1 => self.parts.extend(streams),
            // It had a stream of its own already.
            Some(event) if all == 1 && matches!(event.late, Late::Hour(_)) => {
                self.set_aside(event, status, said);
            }
            Some(event) if is_all && !matches!(event.late, Late::Hour(_)) => {
                self.hold(&part, Why::Behind);
            }
            _ => self.parts.extend(part.halves()),
        }
    }

    fn set_aside(&mut self, event: &Stored, status: u16, said: &str) {
        self.metrics.failed(LOKI, &Failure::of(Reason::Refused, Some(status), said));
        let reason = said.chars().take(REASON).collect();
        self.report.refused.push(Refused { cursor: event.cursor, status, reason });
    }

    /// Nothing says that Loki will never take it.
    async fn failed(&mut self, part: Part<'a>, failure: Failure) {
        self.metrics.retried(LOKI);
        let labels = self.loki.settings().labels;
        match failure.reason {
            Reason::StreamLimit => {
                let parts = part.by_stream(labels);
                if parts.len() > 1 {
                    self.parts.extend(parts);
                    return;
                }
                self.metrics.failed(LOKI, &failure);
                self.hold(&part, Why::Stream);
            }
            Reason::TooLarge if part.events.len() > 1 => self.parts.extend(part.halves()),
            _ => {
                self.metrics.failed(LOKI, &failure);
                self.again(part, &failure).await;
            }
        }
    }

    /// The same once more, later. If it may be only about one of its streams, the others go on without it.
    async fn again(&mut self, mut part: Part<'a>, failure: &Failure) {
        let may_be_one = matches!(failure.reason, Reason::RateLimit)
            || failure.reason == Reason::ServerError && failure.status == Some(500);
        if part.waited == 0 {
            part.accepted = self.report.forwarded;
        }
        part.waited += 1;
        if may_be_one && part.waited > 1 {
            let parts = part.by_stream(self.loki.settings().labels);
            if parts.len() > 1 {
                self.parts.extend(parts);
                return;
            }
            if self.report.forwarded > part.accepted {
                self.hold(&part, Why::Stream);
                return;
            }
        }
        self.rest(failure.retry_after_ms).await;
        // Behind the others: one of them may be taken.
        self.parts.insert(0, part);
    }

    fn hold(&mut self, part: &Part<'_>, why: Why) {
        let held = part.events.iter().map(|event: &&Stored| Held {
            cursor: event.cursor,
            timestamp_ms: event.timestamp_ms,
            why,
            known: event.known,
            late: event.late,
        });
        self.report.held.extend(held);
    }

    async fn rest(&mut self, retry_after_ms: Option<u64>) {
        self.failures += 1;
        let wait_ms = retry_after_ms.map_or_else(
            || backoff::wait_ms(self.failures, random()),
            |ms| backoff::after_retry_after_ms(ms, random()),
        );
        tokio::time::sleep(Duration::from_millis(wait_ms)).await;
    }
}

/// Jitter need not be secret.
fn random() -> u128 {
    let mut bytes = [0; 16];
    let _ = getrandom::fill(&mut bytes);
    u128::from_ne_bytes(bytes)
}
