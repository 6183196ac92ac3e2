//! What a page sends for 100 events, however fast they come: bytes after gzip, and requests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use tracking::{
    Component, Consent, Identity, Now, Outcome, Poll, Settings, Signal, Timestamp, Tracker,
    UserSecret,
};

const BUDGETS: &str = include_str!("../../../budgets.toml");
/// As in `static/sender.js`.
const PACK_FROM_BYTES: usize = 1_024;
const ANSWERED_AFTER_MS: u64 = 20;

fn at(ms: u64) -> Now {
    Now { wall: Timestamp(1_764_000_000_000 + ms), mono_ms: 1_000 + ms }
}

/// The same event as in `bench/ours`.
fn opened(n: u64) -> Signal {
    let details = format!(r#"{{"seq":"bevt{n:07}x","load_time_ms":12}}"#);
    Signal::Interacted {
        component: Component::new(format!("cmp-{}", n % 8), format!("cmp-{}", n % 8)),
        interaction_type: "opened".to_owned(),
        details: serde_json::value::RawValue::from_string(details).ok(),
    }
}

fn sent_bytes(body: &str) -> usize {
    if body.len() < PACK_FROM_BYTES {
        return body.len();
    }
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(body.as_bytes()).unwrap();
    packed.finish().unwrap().len()
}

/// Bytes per event and requests per 100 events, when they come `gap_ms` apart.
fn cost(gap_ms: u64) -> (u64, u64) {
    let mut random = fastrand::Rng::with_seed(7);
    let identity = Identity {
        user_id: UserSecret::new(1).user_id(),
        session: None,
        queue_prefix: "q/".to_owned(),
        random: Box::new(move || random.u128(..)),
    };
    let mut tracker = Tracker::new(Settings::default(), Consent::Pending);
    tracker.grant(identity, at(0));
    let (mut bytes, mut requests, mut recorded) = (0, 0, 0);
    let mut answer_due = None;
    for ms in 0..200_000 {
        while recorded < 100 && recorded * gap_ms <= ms {
            tracker.record(opened(recorded), at(ms));
            recorded += 1;
        }
        if let Some((batch, _)) = answer_due.take_if(|(_, due)| *due <= ms) {
            tracker.settle(batch, Outcome::Accepted, at(ms));
        }
        if let Poll::Send(batch) = tracker.poll(at(ms)) {
            bytes += sent_bytes(&batch.body(tracker.settings(), at(ms)));
            requests += 1;
            answer_due = Some((batch.id, ms + ANSWERED_AFTER_MS));
        }
    }
    let sent = tracker.stats().sent;
    assert_eq!((sent, tracker.queued()), (tracker.stats().recorded, 0));
    (bytes as u64 / sent, requests)
}

#[test]
fn a_hundred_events_stay_within_the_budgets_at_every_pace() {
    let budgets: toml::Table = BUDGETS.parse().unwrap();
    for (pace, gap_ms) in [("burst", 0), ("twenty_a_second", 50), ("one_a_second", 1_000)] {
        let (bytes, requests) = cost(gap_ms);
        println!("{pace}: {bytes} bytes per event, {requests} requests per 100 events");
        let budget = &budgets["wire"][pace];
        let of = |name: &str| u64::try_from(budget[name].as_integer().unwrap()).unwrap();
        assert!(bytes <= of("bytes_per_event"), "{pace}: {bytes} bytes per event");
        assert!(requests <= of("requests_per_100_events"), "{pace}: {requests} requests");
    }
}
