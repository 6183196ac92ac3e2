//! One batch to Loki, however long that takes.

use std::{io::Write, time::Duration};

use flate2::{Compression, write::GzEncoder};
use tracking::{Frozen, Outcome, Timestamp, backoff, encode};

use crate::{
    clock::now_ms,
    loki::{Loki, LokiSettings, Pushed},
    observe::Metrics,
    outbox::LOKI,
    store::{Outgoing, Refused, Report, Store, Stored},
};

/// Loki never takes what is older than seven days; the margin is for the way.
pub const TOO_OLD_MS: u64 = (7 * 24 - 1) * 60 * 60 * 1_000;
/// Bytes of Loki's own words that are kept.
const REASON: usize = 300;

/// Some events, and the moment for which their labels are chosen.
struct Part<'a> {
    events: Vec<&'a Stored>,
    now_ms: u64,
}

/// Comes back when every event of the batch was accepted, refused for good, or is too old.
pub async fn deliver(store: &Store, loki: &Loki, metrics: &Metrics, batch: &Outgoing) -> Report {
    let (old, fresh): (Vec<_>, Vec<_>) =
        batch.events.iter().partition(|event| age_ms(event, now_ms()) > TOO_OLD_MS);
    let mut report = Report { too_old: old.len(), ..Report::default() };
    let mut parts = vec![Part { events: fresh, now_ms: batch.now_ms }];
    let mut failures = 0;
    while let Some(mut part) = parts.pop() {
        // What was erased while Loki was away must not reach it any more.
        match store.still_stored(batch.after, batch.end).await {
            Ok(stored) => part.events.retain(|event| stored.contains(&event.cursor)),
            Err(failure) => {
                tracing::error!("outbox to loki: {failure}");
                failures += 1;
                rest(backoff::wait_ms(failures, random())).await;
                parts.push(part);
                continue;
            }
        }
        if part.events.is_empty() {
            continue;
        }
        let Pushed { outcome, reason } = push(loki, &part).await;
        if !matches!(outcome, Outcome::Accepted | Outcome::Rejected { .. }) {
            metrics.retried(LOKI);
        }
        match outcome {
            Outcome::Accepted => {
                failures = 0;
                report.forwarded += part.events.len();
            }
            Outcome::Rejected { status } => split(part, status, &reason, &mut parts, &mut report),
            Outcome::Unauthorized { status } => {
                if failures == 0 {
                    tracing::error!(
                        "outbox to loki: HTTP {status}, events wait: check the credentials"
                    );
                }
                failures += 1;
                rest(backoff::wait_ms(failures, random())).await;
                parts.push(part);
            }
            Outcome::Retry { retry_after_ms, .. } => {
                failures += 1;
                let wait_ms = retry_after_ms.map_or_else(
                    || backoff::wait_ms(failures, random()),
                    |ms| backoff::after_retry_after_ms(ms, random()),
                );
                rest(wait_ms).await;
                parts.push(part);
            }
            Outcome::Unreachable => {
                failures += 1;
                rest(backoff::wait_ms(failures, random())).await;
                parts.push(part);
            }
        }
    }
    report
}

/// What has become late while Loki was away goes to a stream of its own. The rest is halved, until the
/// entry that will never be taken stands alone; what Loki has taken of it already comes again as
/// the same bytes, and stays once.
fn split<'a>(
    mut part: Part<'a>,
    status: u16,
    reason: &str,
    parts: &mut Vec<Part<'a>>,
    report: &mut Report,
) {
    let (then, now) = (part.now_ms, now_ms());
    let (late, still): (Vec<_>, Vec<_>) =
        part.events.into_iter().partition(|event| is_late(event, now) && !is_late(event, then));
    part.events = still;
    if !late.is_empty() {
        parts.push(part);
        parts.push(Part { events: late, now_ms: now });
        return;
    }
    if let [event] = part.events[..] {
        let reason = reason.chars().take(REASON).collect();
        report.refused.push(Refused { cursor: event.cursor, status, reason });
        return;
    }
    let second = part.events.split_off(part.events.len() / 2);
    parts.push(Part { events: second, now_ms: part.now_ms });
    parts.push(part);
}

fn age_ms(event: &Stored, now_ms: u64) -> u64 {
    now_ms.saturating_sub(event.timestamp_ms)
}

fn is_late(event: &Stored, now_ms: u64) -> bool {
    age_ms(event, now_ms) > encode::LATE_AFTER_MS
}

async fn push(loki: &Loki, part: &Part<'_>) -> Pushed {
    match pack(part, loki.settings()) {
        Ok(body) => loki.push(body, Timestamp(now_ms())).await,
        Err(error) => Pushed { outcome: Outcome::Unreachable, reason: error.to_string() },
    }
}

fn pack(part: &Part<'_>, settings: &LokiSettings) -> std::io::Result<Vec<u8>> {
    // Lines were checked before they were stored, so none is left out here.
    let records: Vec<_> =
        part.events.iter().filter_map(|event| Frozen::from_line(&event.line).ok()).collect();
    let now = Timestamp(part.now_ms);
    let body = encode::body(&records, &settings.job, settings.labels, now);
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(body.as_bytes())?;
    gzip.finish()
}

async fn rest(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

/// Jitter need not be secret.
fn random() -> u128 {
    let mut bytes = [0; 16];
    let _ = getrandom::fill(&mut bytes);
    u128::from_ne_bytes(bytes)
}
