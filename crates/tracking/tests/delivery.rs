//! From the queue to the receiver: what leaves when, what is kept, what is given up.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, HashSet};

use tracking::{
    Batch, Component, Consent, DropReason, EventId, Frozen, Identity, LabelMode, Now, Outcome,
    Poll, Settings, Signal, StorageOp, StoredSession, Timestamp, Tracker, UserId, UserSecret,
    settings::HIDE_BUDGET_BYTES,
};

const START: u64 = 1_764_000_000_000;
const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const REFUSED: Outcome = Outcome::Rejected { status: 400 };

fn at(ms: u64) -> Now {
    Now { wall: Timestamp(START + ms), mono_ms: 1_000 + ms }
}

fn user() -> UserId {
    UserSecret::new(1).user_id()
}

fn identity(seed: u128, session: Option<StoredSession>) -> Identity {
    let mut n = seed << 100;
    Identity {
        user_id: user(),
        session,
        queue_prefix: format!("q/{seed}/"),
        random: Box::new(move || {
            n += 1 << 64;
            n
        }),
    }
}

fn tab(seed: u128, settings: Settings) -> Tracker {
    let mut tracker = Tracker::new(settings, Consent::Pending);
    tracker.grant(identity(seed, None), at(0));
    tracker
}

fn granted() -> Tracker {
    tab(1, Settings::default())
}

fn click(n: usize) -> Signal {
    Signal::Interacted {
        component: Component::new("a", "A"),
        interaction_type: format!("click {n}"),
        details: None,
    }
}

fn switch(hash: &str) -> Signal {
    Signal::Switched {
        demo: false,
        to: Component::new(hash, hash),
        url: "http://localhost/".into(),
        referrer: String::new(),
        visible: true,
    }
}

/// A tracker with `n` clicks (and a session_start in front) recorded at `ms`.
fn with_clicks(n: usize, ms: u64) -> Tracker {
    let mut tracker = granted();
    (0..n).for_each(|n| tracker.record(click(n), at(ms)));
    tracker
}

fn sent(tracker: &mut Tracker, ms: u64) -> Batch {
    match tracker.poll(at(ms)) {
        Poll::Send(batch) => batch,
        other => panic!("nothing leaves at {ms}: {other:?}"),
    }
}

/// When the next batch may leave, in milliseconds of `at`.
fn waits_until(tracker: &mut Tracker, ms: u64) -> u64 {
    match tracker.poll(at(ms)) {
        Poll::WaitUntil(until) => until - 1_000,
        other => panic!("no wait at {ms}: {other:?}"),
    }
}

fn ids(records: &[Frozen]) -> Vec<EventId> {
    records.iter().map(|record| record.event_id).collect()
}

fn dropped(tracker: &Tracker, reason: DropReason) -> u64 {
    tracker.stats().dropped.of(reason)
}

/// Drives `tracker` until its queue is empty; `answer` is the receiver.
fn drain(tracker: &mut Tracker, mut ms: u64, mut answer: impl FnMut(&Batch) -> Outcome) -> u64 {
    for _ in 0..10_000 {
        match tracker.poll(at(ms)) {
            Poll::Send(batch) => {
                let outcome = answer(&batch);
                tracker.settle(batch.id, outcome, at(ms));
            }
            _ if tracker.queued() == 0 => return ms,
            Poll::WaitUntil(until) => ms = (until - 1_000).max(ms + 1),
            Poll::Idle => panic!("{} events are stuck", tracker.queued()),
        }
    }
    panic!("the queue does not drain");
}

fn apply(storage: &mut BTreeMap<String, String>, ops: Vec<StorageOp>) {
    for op in ops {
        match op {
            StorageOp::Put { key, value } => assert!(storage.insert(key, value).is_none()),
            StorageOp::Remove { key } => assert!(storage.remove(&key).is_some()),
        }
    }
}

#[test]
fn a_retry_sends_the_very_same_bytes() {
    let mut tracker = with_clicks(12, 0);
    let settings = Settings::default();
    let first = sent(&mut tracker, 0);
    let body = |batch: &Batch, ms| batch.body(&settings, at(ms));
    tracker.settle(first.id, Outcome::Unreachable, at(10 * SECOND));
    let due = waits_until(&mut tracker, 10 * SECOND);
    let second = sent(&mut tracker, due);
    assert_ne!(first.id, second.id);
    assert_eq!(body(&first, 0), body(&second, due));
}

#[test]
fn one_bad_event_is_isolated_and_the_rest_is_delivered() {
    for (events, bad) in [(1, 1), (2, 2), (10, 1), (10, 10), (37, 20), (150, 150)] {
        for status in [400, 413, 422] {
            let mut tracker = with_clicks(events, 0);
            let bad_id = tracker.recent().nth(bad).unwrap().event_id;
            let mut arrived = HashSet::new();
            let mut requests = 0;
            drain(&mut tracker, 0, |batch| {
                requests += 1;
                let ids = ids(&batch.records);
                if ids.contains(&bad_id) {
                    return Outcome::Rejected { status };
                }
                for record in batch.records.iter().filter(|r| r.event != "tracking_dropped") {
                    assert!(arrived.insert(record.event_id), "sent twice");
                }
                Outcome::Accepted
            });
            // All clicks but the bad one, and the session_start.
            assert_eq!(arrived.len(), events, "{events} {bad}");
            assert_eq!(dropped(&tracker, DropReason::Rejected), 1);
            assert!(requests < 25, "{requests} requests to isolate 1 of {events}");
        }
    }
}

#[test]
fn a_receiver_that_refuses_everything_costs_everything_once_and_no_endless_reports() {
    let mut tracker = with_clicks(20, 0);
    let mut requests = 0;
    drain(&mut tracker, 0, |_| {
        requests += 1;
        REFUSED
    });
    assert_eq!(dropped(&tracker, DropReason::Rejected), 21);
    assert!(requests < 60, "{requests}");
    // The report of the drops is refused as well: that is the end of it.
    tracker.record(click(0), at(HOUR));
    let mut reports = 0;
    drain(&mut tracker, HOUR, |batch| {
        let is_report = batch.records.iter().any(|r| r.event == "tracking_dropped");
        reports += usize::from(is_report);
        if is_report { REFUSED } else { Outcome::Accepted }
    });
    assert_eq!(reports, 1);
}

#[test]
fn refused_credentials_hold_everything_for_five_minutes() {
    for status in [401, 403] {
        let mut tracker = with_clicks(12, 0);
        let batch = sent(&mut tracker, 0);
        tracker.settle(batch.id, Outcome::Unauthorized { status }, at(100));
        tracker.record(click(99), at(200));
        assert!(tracker.farewell(at(300)).is_none());
        assert_eq!(waits_until(&mut tracker, 300), 100 + 5 * MINUTE);
        assert_eq!(tracker.queued(), 14);
        let batch = sent(&mut tracker, 100 + 5 * MINUTE);
        assert_eq!(batch.records.len(), 14);
        assert_eq!(tracker.snapshot(at(5 * MINUTE)).last_error.unwrap().status, Some(status));
    }
}

#[test]
fn retry_after_holds_new_events_the_farewell_and_an_online_event() {
    let mut tracker = with_clicks(12, 0);
    let batch = sent(&mut tracker, 0);
    let asked = Outcome::Retry { status: 429, retry_after_ms: Some(60_000) };
    tracker.settle(batch.id, asked, at(10));
    for ms in (100..60_010).step_by(990) {
        tracker.record(click(0), at(ms));
        tracker.wake(at(ms));
        assert!(tracker.farewell(at(ms)).is_none(), "{ms}");
        assert!(!matches!(tracker.poll(at(ms)), Poll::Send(_)), "{ms}");
    }
    let due = waits_until(&mut tracker, 60_010);
    assert!((60_011..60_010 + 15_300).contains(&due), "{due}");
    assert_eq!(sent(&mut tracker, due).records.len(), tracker.queued());
}

#[test]
fn the_success_of_a_farewell_does_not_end_a_wait_that_was_asked_for() {
    let mut tracker = with_clicks(12, 0);
    let ordinary = sent(&mut tracker, 0);
    tracker.record(click(1), at(1));
    let farewell = tracker.farewell(at(2)).unwrap();
    let asked = Outcome::Retry { status: 429, retry_after_ms: Some(60_000) };
    tracker.settle(ordinary.id, asked, at(10));
    tracker.settle(farewell.id, Outcome::Accepted, at(20));
    assert!(tracker.farewell(at(30)).is_none());
    tracker.wake(at(40));
    assert!(waits_until(&mut tracker, 50) > 60_010);
}

#[test]
fn coming_online_ends_a_wait_nobody_asked_for() {
    for outcome in [
        Outcome::Unreachable,
        Outcome::Intercepted { status: None },
        Outcome::Intercepted { status: Some(200) },
        Outcome::Retry { status: 503, retry_after_ms: None },
    ] {
        let mut tracker = with_clicks(12, 0);
        let (mut ms, mut failed_at) = (0, 0);
        for _ in 0..8 {
            let batch = sent(&mut tracker, ms);
            tracker.settle(batch.id, outcome, at(ms));
            failed_at = ms;
            ms = waits_until(&mut tracker, ms);
        }
        let soon = failed_at + Settings::default().send_gap_ms;
        assert!(ms > soon);
        tracker.wake(at(soon));
        sent(&mut tracker, soon);
    }
}

#[test]
fn waits_grow_and_stay_within_a_minute() {
    let mut tracker = with_clicks(1, 0);
    let mut longest = 0;
    let mut ms = 5 * SECOND;
    for _ in 0..200 {
        let batch = sent(&mut tracker, ms);
        tracker.settle(batch.id, Outcome::Unreachable, at(ms));
        let due = waits_until(&mut tracker, ms);
        assert!((ms + 250..=ms + MINUTE).contains(&due));
        longest = longest.max(due - ms);
        ms = due;
    }
    assert!(longest > 2 * SECOND, "{longest}");
    assert_eq!(tracker.stats().retried, 200);
}

#[test]
fn one_request_is_in_flight_and_a_forgotten_one_is_given_up() {
    let mut tracker = with_clicks(12, 0);
    let batch = sent(&mut tracker, 0);
    (0..50).for_each(|n| tracker.record(click(n), at(SECOND)));
    assert_eq!(waits_until(&mut tracker, 14 * SECOND), 15 * SECOND);
    // The answer never comes, not even as an error.
    let due = waits_until(&mut tracker, 15 * SECOND);
    let again = sent(&mut tracker, due);
    assert_eq!(ids(&again.records)[..13], ids(&batch.records));
    // It comes after all, too late: ignored.
    tracker.settle(batch.id, Outcome::Accepted, at(due));
    assert_eq!(tracker.queued(), 63);
    tracker.settle(again.id, Outcome::Accepted, at(due));
    assert_eq!((tracker.queued(), tracker.stats().sent), (0, 63));
}

#[test]
fn an_ordinary_request_waits_for_the_farewell_to_be_answered() {
    let mut tracker = with_clicks(12, 0);
    let farewell = tracker.farewell(at(0)).unwrap();
    (0..20).for_each(|n| tracker.record(click(n), at(10)));
    assert_eq!(waits_until(&mut tracker, 20), 15 * SECOND);
    tracker.settle(farewell.id, Outcome::Accepted, at(30));
    assert_eq!(sent(&mut tracker, 30).records.len(), 20);
}

#[test]
fn a_backlog_leaves_in_large_batches_with_pauses() {
    let settings = Settings { max_batch_bytes: 20_000, ..Settings::default() };
    let mut tracker = tab(1, settings.clone());
    (0..300).for_each(|n| tracker.record(click(n), at(0)));
    let mut starts = Vec::new();
    let mut ms = 0;
    while tracker.queued() > 0 {
        let batch = sent(&mut tracker, ms);
        let body = batch.body(&settings, at(ms));
        assert!(body.len() <= 20_000, "{}", body.len());
        assert!(tracker.queued() == batch.records.len() || body.len() > 10_000, "{}", body.len());
        starts.push(ms);
        tracker.settle(batch.id, Outcome::Accepted, at(ms + 10));
        if tracker.queued() > 0 {
            ms = waits_until(&mut tracker, ms + 10);
        }
    }
    assert!(starts.len() > 5);
    let gap = settings.send_gap_ms;
    assert!(starts.windows(2).all(|two| two[1] == two[0] + gap), "{starts:?}");
}

#[test]
fn an_event_larger_than_a_batch_leaves_alone() {
    let settings = Settings { max_batch_bytes: 100, ..Settings::default() };
    let mut tracker = tab(1, settings);
    (0..3).for_each(|n| tracker.record(click(n), at(0)));
    drain(&mut tracker, 0, |batch| {
        assert_eq!(batch.records.len(), 1);
        Outcome::Accepted
    });
    assert_eq!(tracker.stats().batches_sent, 4);
}

#[test]
fn farewells_share_their_budget_with_what_is_still_in_flight() {
    let settings = Settings { job: "j\"".repeat(300), ..Settings::default() };
    let mut tracker = tab(1, settings.clone());
    for n in 0..400 {
        let component = Component::new(format!("c\u{1}{}", n % 40), "C");
        let interaction_type = "\"".repeat(100);
        tracker.record(
            Signal::Interacted { component, interaction_type, details: None },
            at(n * 45 * SECOND / 10),
        );
    }
    let now = 30 * MINUTE;
    let first = tracker.farewell(at(now)).unwrap();
    let second = tracker.farewell(at(now));
    let bytes = |batch: &Batch| batch.body(&settings, at(now + 2 * HOUR)).len();
    let total = bytes(&first) + second.as_ref().map_or(0, bytes);
    assert!(total <= HIDE_BUDGET_BYTES && total > HIDE_BUDGET_BYTES / 2, "{total}");
    assert!(tracker.farewell(at(now)).is_none());
    let StorageOp::Put { .. } = &tracker.storage_ops()[0] else { panic!("what stays is stored") };
    tracker.settle(first.id, Outcome::Accepted, at(now + 1));
    let third = tracker.farewell(at(now + 2)).unwrap();
    let twice = ids(&third.records).into_iter().find(|id| ids(&first.records).contains(id));
    assert_eq!(twice, None);
}

#[test]
fn a_farewell_never_holds_what_is_in_flight() {
    let mut tracker = with_clicks(12, 0);
    let ordinary = sent(&mut tracker, 0);
    assert!(tracker.farewell(at(1)).is_none());
    tracker.record(click(1), at(2));
    let farewell = tracker.farewell(at(3)).unwrap();
    assert_eq!(farewell.records.len(), 1);
    // Aborted with its page that came back after all: both wait again, in their order.
    tracker.settle(farewell.id, Outcome::Unreachable, at(10));
    tracker.settle(ordinary.id, Outcome::Unreachable, at(10));
    let due = waits_until(&mut tracker, 10);
    let again = ids(&sent(&mut tracker, due).records);
    assert_eq!(again, [ids(&ordinary.records), ids(&farewell.records)].concat());
}

#[test]
fn a_full_queue_drops_the_oldest_counts_and_reports_them() {
    let settings = Settings { max_queue_events: 10, ..Settings::default() };
    let mut tracker = tab(1, settings);
    (0..8).for_each(|n| tracker.record(click(n), at(0)));
    let batch = sent(&mut tracker, 5 * SECOND);
    (8..30).for_each(|n| tracker.record(click(n), at(6 * SECOND)));
    assert_eq!((tracker.queued(), dropped(&tracker, DropReason::QueueFull)), (10, 21));
    // What is in flight is not dropped; of the rest only the newest is left.
    tracker.settle(batch.id, Outcome::Accepted, at(7 * SECOND));
    let left = sent(&mut tracker, 20 * SECOND);
    assert!(left.records[0].line.contains("click 29"));
    assert!(left.records[1].line.contains(r#""dropped_reason":"queue_full","dropped_count":21"#));
}

#[test]
fn what_an_operator_forgets_is_counted_gone_from_storage_and_reported() {
    let mut tracker = with_clicks(12, 0);
    let mut storage = BTreeMap::new();
    apply(&mut storage, tracker.storage_ops());
    let batch = sent(&mut tracker, 0);
    (12..15).for_each(|n| tracker.record(click(n), at(SECOND)));
    apply(&mut storage, tracker.storage_ops());
    tracker.pause(true);
    // What is in flight may arrive: it stays, and so does the chunk that it is stored in.
    tracker.forget();
    apply(&mut storage, tracker.storage_ops());
    assert_eq!((tracker.queued(), storage.len()), (13, 1));
    assert_eq!(tracker.places().filter(|(_, in_flight)| *in_flight).count(), 13);
    assert_eq!(dropped(&tracker, DropReason::Forgotten), 3);
    tracker.settle(batch.id, Outcome::Unreachable, at(2 * SECOND));
    tracker.forget();
    tracker.forget();
    apply(&mut storage, tracker.storage_ops());
    assert_eq!((tracker.queued(), storage.len()), (0, 0));
    assert_eq!(dropped(&tracker, DropReason::Forgotten), 16);
    tracker.pause(false);
    tracker.record(click(20), at(60 * SECOND));
    let mut lines = Vec::new();
    drain(&mut tracker, 60_000, |batch| {
        lines.extend(batch.records.iter().map(|record| record.line.to_string()));
        Outcome::Accepted
    });
    assert_eq!(lines.len(), 2);
    assert!(lines[1].contains(r#""dropped_reason":"forgotten","dropped_count":16"#), "{lines:?}");
}

#[test]
fn a_queue_is_bounded_in_bytes() {
    let settings = Settings { max_queue_bytes: 5_000, ..Settings::default() };
    let mut tracker = tab(1, settings);
    (0..100).for_each(|n| tracker.record(click(n), at(0)));
    assert!(tracker.queued_bytes() <= 5_000);
    assert_eq!(tracker.queued() as u64 + dropped(&tracker, DropReason::QueueFull), 101);
}

#[test]
fn a_report_of_drops_is_stored_when_the_page_hides_and_survives_a_full_queue() {
    // Newer clicks go before the report; a newer walk pushes it out, and its count is not forgotten.
    let newer: [fn(usize) -> Signal; 2] = [click, |n| switch(&format!("c{n}"))];
    for (newer, pushed_out) in newer.into_iter().zip([0, 1]) {
        let settings = Settings { max_queue_events: 5, ..Settings::default() };
        let mut tracker = tab(1, settings);
        (0..20).for_each(|n| tracker.record(click(n), at(0)));
        tracker.pause(true);
        assert!(tracker.farewell(at(1)).is_none());
        let StorageOp::Put { value, .. } = tracker.storage_ops().pop().unwrap() else { panic!() };
        assert!(value.contains(r#""dropped_count":16"#), "{value}");
        (0..5).for_each(|n| tracker.record(newer(n), at(2)));
        let recorded = tracker.stats().recorded - 1;
        tracker.pause(false);
        let (mut arrived, mut reported) = (0, 0);
        drain(&mut tracker, 10 * SECOND, |batch| {
            for record in &batch.records {
                match record.line.split_once("\"dropped_count\":") {
                    Some((_, count)) => {
                        reported += count.trim_end_matches('}').parse::<u64>().unwrap()
                    }
                    None => arrived += 1,
                }
            }
            Outcome::Accepted
        });
        assert_eq!(arrived + reported, recorded, "each event has arrived or is told as dropped");
        assert_eq!(dropped(&tracker, DropReason::QueueFull), reported + pushed_out);
    }
}

#[test]
fn an_accepted_chunk_is_removed_and_nothing_is_ever_rewritten() {
    let mut storage = BTreeMap::new();
    let mut tracker = granted();
    for n in 0..3 {
        tracker.record(click(n), at(0));
        apply(&mut storage, tracker.storage_ops());
    }
    assert_eq!(storage.len(), 3);
    assert_eq!(tracker.snapshot(at(0)).persisted, 4);
    drain(&mut tracker, 0, |_| Outcome::Accepted);
    apply(&mut storage, tracker.storage_ops());
    assert!(storage.is_empty());
}

#[test]
fn the_queue_of_a_dead_page_is_sent_with_the_same_bytes_in_the_same_order() {
    let mut storage = BTreeMap::new();
    let mut dead = tab(1, Settings::default());
    for n in 0..25 {
        dead.record(click(n), at(n as u64));
        apply(&mut storage, dead.storage_ops());
    }
    let lines: Vec<_> = dead.recent().map(|frozen| frozen.line.clone()).collect();
    let mut next = tab(2, Settings::default());
    let mut chunks: Vec<_> = storage.iter().collect();
    chunks.sort_by_key(|(key, _)| key.rsplit('/').next().unwrap().parse::<u64>().unwrap());
    chunks.iter().rev().for_each(|(key, value)| next.adopt_chunk(key, value, at(HOUR)));
    let batch = sent(&mut next, HOUR + 5 * SECOND);
    assert_eq!(batch.records.iter().map(|frozen| frozen.line.clone()).collect::<Vec<_>>(), lines);
    // Nothing is written again, nothing removed before it is accepted.
    assert!(next.storage_ops().is_empty());
    next.settle(batch.id, Outcome::Accepted, at(HOUR + 6 * SECOND));
    apply(&mut storage, next.storage_ops());
    assert!(storage.is_empty());
}

#[test]
fn what_storage_gives_back_is_not_trusted() {
    let good = {
        let mut other = tab(3, Settings::default());
        other.record(click(1), at(0));
        let StorageOp::Put { value, .. } = other.storage_ops().remove(0) else { panic!() };
        value
    };
    let foreign = good.replace(user().as_str(), UserSecret::new(9).user_id().as_str());
    let half = &good[..good.len() - 10];
    for (value, reason, lost, kept) in [
        ("", Some(DropReason::Corrupt), 1, 0),
        ("\u{0}\u{fffd}", Some(DropReason::Corrupt), 1, 0),
        ("{\"not\":\"ours\"}", Some(DropReason::Corrupt), 1, 0),
        ("0\nold", Some(DropReason::Corrupt), 1, 0),
        ("1", None, 0, 0),
        ("1\nnonsense", Some(DropReason::Corrupt), 1, 0),
        (half, Some(DropReason::Corrupt), 1, 1),
        (&foreign, Some(DropReason::Foreign), 2, 0),
        (&good, None, 0, 2),
    ] {
        let mut tracker = granted();
        tracker.adopt_chunk("k", value, at(0));
        assert_eq!(tracker.queued(), kept, "{value}");
        assert_eq!(reason.map_or(0, |reason| dropped(&tracker, reason)), lost, "{value}");
        let removed = tracker.storage_ops() == [StorageOp::Remove { key: "k".into() }];
        assert_eq!(removed, kept == 0, "{value}");
    }
    // A later version of ours in another tab: not ours to judge.
    let mut tracker = granted();
    tracker.adopt_chunk("k", "2\nwhatever", at(0));
    assert!(tracker.storage_ops().is_empty() && tracker.stats().dropped.total() == 0);
    // The same chunk twice is the same events.
    tracker.adopt_chunk("k", &good, at(0));
    tracker.adopt_chunk("k", &good, at(0));
    tracker.adopt_chunk("l", &good, at(0));
    assert_eq!(tracker.queued(), 2);
    assert_eq!(tracker.storage_ops(), [StorageOp::Remove { key: "l".into() }]);
}

#[test]
fn storage_that_refuses_is_asked_again_when_the_page_hides_or_room_was_made() {
    let mut tracker = granted();
    tracker.record(click(0), at(0));
    let ops = tracker.storage_ops();
    let StorageOp::Put { key, .. } = &ops[0] else { panic!() };
    tracker.storage_failed(key);
    assert_eq!((tracker.unstored(), tracker.snapshot(at(0)).storage_refused), (2, true));
    tracker.record(click(1), at(1));
    assert!(tracker.storage_ops().is_empty(), "not on every event");
    tracker.pause(true);
    tracker.farewell(at(2));
    let ops = tracker.storage_ops();
    let [StorageOp::Put { value, .. }] = &ops[..] else { panic!("{ops:?}") };
    assert_eq!(value.lines().count(), 4);
    assert_eq!(tracker.unstored(), 0);
}

#[test]
fn withdrawn_consent_ends_what_is_in_flight_and_a_later_one_starts_afresh() {
    let mut tracker = with_clicks(12, 0);
    let batch = sent(&mut tracker, 0);
    tracker.revoke();
    tracker.settle(batch.id, Outcome::Unreachable, at(1));
    tracker.record(click(0), at(2));
    assert_eq!((tracker.queued(), tracker.unstored(), tracker.stats().retried), (0, 0, 0));
    assert!(matches!(tracker.poll(at(HOUR)), Poll::Idle));
    assert!(tracker.farewell(at(HOUR)).is_none() && tracker.storage_ops().is_empty());
    tracker.grant(identity(7, None), at(HOUR));
    (0..12).for_each(|n| tracker.record(click(n), at(HOUR)));
    let fresh = sent(&mut tracker, HOUR);
    tracker.settle(batch.id, Outcome::Accepted, at(HOUR));
    assert_eq!(tracker.queued(), 13, "the old answer is not the new batch's");
    assert_ne!(fresh.id, batch.id);
}

#[test]
fn consent_given_twice_keeps_the_queue() {
    let mut tracker = with_clicks(3, 0);
    tracker.grant(identity(9, None), at(1));
    assert_eq!(tracker.queued(), 4);
}

#[test]
fn late_events_travel_in_a_stream_of_their_own_for_each_hour() {
    for mode in [LabelMode::Metadata, LabelMode::Stream] {
        let settings = Settings { labels: mode, ..Settings::default() };
        let mut tracker = tab(1, settings.clone());
        for minutes in [0, 45, 170] {
            tracker.record(click(0), at(minutes * MINUTE));
        }
        let batch = sent(&mut tracker, 171 * MINUTE);
        let request = batch.push_request(&settings, at(171 * MINUTE));
        let mut late: Vec<_> = request
            .streams
            .iter()
            .filter(|stream| stream.labels["event"] == "component_interaction")
            .map(|stream| stream.labels.get("late").map(ToString::to_string))
            .collect();
        late.sort();
        let hour = |minutes: u64| Some(((START / MINUTE + minutes) / 60).to_string());
        let mut expected = vec![None, hour(0), hour(45)];
        expected.dedup();
        assert_eq!(late, expected);
    }
}

#[test]
fn the_body_is_the_push_request_as_json() {
    for labels in [LabelMode::Metadata, LabelMode::Stream] {
        let settings = Settings { labels, job: "j\"\\\u{1}ü".into(), ..Settings::default() };
        let mut tracker = tab(1, settings.clone());
        for n in 0..30_u64 {
            let name = ["a", "b\"\n", "ü\\"][n as usize % 3];
            tracker.record(switch(name), at(n * 10 * MINUTE));
        }
        let batch = sent(&mut tracker, 5 * HOUR);
        let json = serde_json::to_string(&batch.push_request(&settings, at(5 * HOUR))).unwrap();
        let body = batch.body(&settings, at(5 * HOUR));
        let streams = |json: &str| {
            let request: serde_json::Value = serde_json::from_str(json).unwrap();
            let streams = request["streams"].as_array().unwrap().clone();
            let mut streams: Vec<_> = streams.iter().map(ToString::to_string).collect();
            streams.sort();
            streams
        };
        assert_eq!(body.len(), json.len());
        assert_eq!(streams(&body), streams(&json));
    }
}

fn session_of(tracker: &Tracker) -> StoredSession {
    tracker.stored_session().unwrap()
}

fn lines(tracker: &Tracker) -> Vec<serde_json::Value> {
    tracker.recent().map(|frozen| serde_json::from_str(&frozen.line).unwrap()).collect()
}

#[test]
fn a_session_that_another_tab_began_is_entered_with_a_visit_of_its_own() {
    let mut here = tab(1, Settings::default());
    here.record(switch("a"), at(0));
    let old = session_of(&here).id;
    let mut there = tab(2, Settings::default());
    there.record(switch("b"), at(40 * MINUTE));
    let new = session_of(&there).id;
    // Heard before this tab's own timer has ended the old session.
    here.adopt_session(session_of(&there), at(40 * MINUTE + 1));
    here.record(Signal::Alive, at(41 * MINUTE));
    let told: Vec<_> = lines(&here)
        .iter()
        .map(|line| (line["event"].clone(), line["session_id"].as_str() == Some(new.as_str())))
        .collect();
    assert_eq!(
        told,
        [
            ("session_start".into(), false),
            ("component_visit".into(), false),
            ("component_exit".into(), false),
            ("component_visit".into(), true)
        ]
    );
    let lines = lines(&here);
    assert_eq!(lines[2]["session_id"], old.as_str());
    assert_eq!(lines[2]["duration_ms"], 15 * MINUTE);
    assert_eq!((&lines[3]["visit_index"], &lines[3]["is_entry"]), (&2.into(), &false.into()));
    assert_eq!(lines[3]["prev_component"], "b");
}

#[test]
fn joining_a_session_is_no_sign_of_life() {
    let mut here = tab(1, Settings::default());
    here.record(switch("a"), at(0));
    let mut there = tab(2, Settings::default());
    there.adopt_session(session_of(&here), at(14 * MINUTE));
    assert_eq!(session_of(&there).last_alive, Timestamp(START));
    assert!(there.wants_session(at(15 * MINUTE)));
}

#[test]
fn a_session_that_cannot_be_ours_is_not_joined() {
    let mut tracker = granted();
    tracker.record(switch("a"), at(0));
    let ours = session_of(&tracker);
    let hour = |n: u64| Timestamp(START + n * HOUR);
    for strange in [
        StoredSession { version: 2, ..ours.clone() },
        StoredSession { visits: u64::MAX, ..ours.clone() },
        StoredSession { last_alive: hour(1), ..ours.clone() },
        StoredSession { started: hour(9), last_alive: hour(9), ..ours.clone() },
        StoredSession { started: Timestamp(u64::MAX), last_alive: Timestamp(u64::MAX), ..ours },
    ] {
        let mut tracker = Tracker::default();
        tracker.grant(identity(5, Some(strange.clone())), at(0));
        tracker.record(switch("b"), at(1));
        assert_ne!(session_of(&tracker).id, strange.id, "{strange:?}");
    }
}

#[test]
fn names_of_another_tabs_last_component_are_cut_to_what_a_server_takes() {
    let mut tracker = granted();
    tracker.record(switch("a"), at(0));
    let long = Some(("h".repeat(10_000), "n".repeat(10_000)));
    let stored = StoredSession { last_component: long, ..session_of(&tracker) };
    let mut next = Tracker::default();
    next.grant(identity(2, Some(stored)), at(1));
    next.record(switch("b"), at(2));
    let line = next.recent().last().unwrap().line.clone();
    assert!(tracking::Record::from_line(&line).is_ok());
}

#[test]
fn whatever_the_clocks_do_no_duration_is_longer_than_the_page_was_open() {
    use proptest::prelude::*;
    let step = (0_u64..3 * HOUR, 0_u64..3 * HOUR, -(HOUR as i64)..HOUR as i64, 0_u8..6);
    let mut runner = proptest::test_runner::TestRunner::default();
    runner
        .run(&proptest::collection::vec(step, 1..40), |steps| {
            let mut tracker = granted();
            let (mut mono, mut slept, mut jumped) = (0, 0, 0_i64);
            for (awake, asleep, jump, what) in steps {
                mono += awake;
                slept += if what % 2 == 0 { asleep } else { 0 };
                jumped += if what % 3 == 0 { jump } else { 0 };
                let wall = (START + mono + slept).saturating_add_signed(jumped);
                let now = Now { wall: Timestamp(wall), mono_ms: 1_000 + mono };
                match what {
                    0 => tracker.record(switch("a"), now),
                    1 => tracker.record(switch("b"), now),
                    2 => tracker.record(Signal::Alive, now),
                    3 => tracker.record(Signal::Hidden, now),
                    4 => tracker.record(Signal::Visible, now),
                    _ => drop(tracker.poll(now)),
                }
            }
            let total: u64 = lines(&tracker)
                .iter()
                .filter_map(|line| {
                    let elapsed = line["session_elapsed_ms"].as_u64()?;
                    assert!(elapsed <= 4 * HOUR);
                    line["duration_ms"].as_u64()
                })
                .sum();
            prop_assert!(total <= mono, "{} in {}", total, mono);
            Ok(())
        })
        .unwrap();
}

#[test]
fn the_snapshot_says_where_every_event_is() {
    let settings = Settings { max_queue_events: 15, ..Settings::default() };
    let mut tracker = tab(1, settings);
    (0..20).for_each(|n| tracker.record(click(n), at(0)));
    let now = tracker.snapshot(at(1));
    assert_eq!((now.recorded, now.queued, now.persisted, now.in_flight), (21, 15, 0, 0));
    assert_eq!((now.next_try_in_ms, now.last_error), (Some(0), None));
    tracker.storage_ops();
    let batch = sent(&mut tracker, 1);
    let now = tracker.snapshot(at(2));
    assert_eq!((now.persisted, now.in_flight, now.next_try_in_ms), (15, 15, None));
    let asked = Outcome::Retry { status: 429, retry_after_ms: Some(10_000) };
    tracker.settle(batch.id, asked, at(3));
    let now = tracker.snapshot(at(4));
    let error = now.last_error.unwrap();
    assert_eq!((error.status, error.at), (Some(429), Timestamp(START + 3)));
    assert!(now.next_try_in_ms.unwrap() > 10_000);
    assert_eq!(now.to_json(), serde_json::to_string(&now).unwrap());
    assert_eq!(Tracker::default().snapshot(at(0)).to_json().matches("null").count(), 2);
    let json = serde_json::to_value(&now).unwrap();
    assert_eq!(json["dropped"]["queue_full"], 6);
    assert_eq!(json["last_error"]["text"], "the server could not take events");
    assert_eq!((&json["consent"], &json["retried"]), (&"granted".into(), &1.into()));
    let after = drain(&mut tracker, 20 * SECOND, |_| Outcome::Accepted);
    let now = tracker.snapshot(at(after));
    // The report of the six is one more.
    assert_eq!((now.recorded, now.sent, now.queued, now.next_try_in_ms), (22, 16, 0, None));
}

#[test]
fn a_page_that_slept_forgets_what_is_stored_and_keeps_what_is_not() {
    let mut tracker = with_clicks(12, 0);
    assert_eq!(tracker.storage_ops().len(), 1);
    let batch = sent(&mut tracker, 0);
    (0..3).for_each(|n| tracker.record(click(n), at(1)));
    tracker.hand_over("r/".into());
    tracker.settle(batch.id, Outcome::Accepted, at(2));
    assert_eq!((tracker.queued(), tracker.unstored(), tracker.stats().sent), (3, 3, 0));
    let ops = tracker.storage_ops();
    let [StorageOp::Put { key, value }] = &ops[..] else { panic!("{ops:?}") };
    assert_eq!((key.starts_with("r/"), value.lines().count()), (true, 4));
    drain(&mut tracker, SECOND, |_| Outcome::Accepted);
    assert_eq!(tracker.queued_bytes(), 0);
}

fn noise(component: &str, n: usize, bytes: usize) -> Signal {
    let details = serde_json::value::RawValue::from_string(format!("\"{}\"", "x".repeat(bytes)));
    Signal::Interacted {
        component: Component::new(component, component),
        interaction_type: format!("noise {n}"),
        details: details.ok(),
    }
}

/// How often a text is part of what waits.
fn waiting_with(tracker: &mut Tracker, text: &str) -> usize {
    let mut found = 0;
    drain(tracker, HOUR, |batch| {
        found += batch.records.iter().filter(|record| record.line.contains(text)).count();
        Outcome::Accepted
    });
    found
}

#[test]
fn a_component_that_floods_loses_its_own_events_and_no_other() {
    // By number, and by weight.
    for (settings, bytes) in [
        (Settings { max_queue_events: 200, ..Settings::default() }, 0),
        (Settings { max_queue_bytes: 100_000, ..Settings::default() }, 4_000),
    ] {
        let mut tracker = tab(1, settings);
        for (hash, ms) in [("a", 0), ("b", 10), ("loud", 20)] {
            tracker.record(switch(hash), at(ms));
        }
        (0..20).for_each(|n| tracker.record(noise("quiet", n, 10), at(30)));
        (0..20_000).for_each(|n| tracker.record(noise("loud", n, bytes), at(40)));
        tracker.record(switch("c"), at(50));
        let mut seen = Vec::new();
        drain(&mut tracker, HOUR, |batch| {
            seen.extend(batch.records.iter().map(|record| record.line.clone()));
            Outcome::Accepted
        });
        let count = |text: &str| seen.iter().filter(|line| line.contains(text)).count();
        assert_eq!(count("\"event\":\"session_start\""), 1);
        assert_eq!(count("\"event\":\"component_visit\""), 4);
        assert_eq!(count("\"event\":\"component_exit\""), 4, "the last for it was idle");
        assert_eq!(count("\"component_hash\":\"quiet\""), 20);
        let dropped = usize::try_from(dropped(&tracker, DropReason::QueueFull)).unwrap();
        assert!(dropped > 19_000, "{dropped} of {bytes}");
        assert_eq!(count("\"interaction_type\":\"noise") + dropped, 20_020);
        assert_eq!(count("noise 19999\""), 1, "of a flood, the latest is left");
    }
}

#[test]
fn a_walk_that_is_too_long_keeps_its_beginning() {
    let mut tracker = tab(1, Settings { max_queue_events: 10, ..Settings::default() });
    (0..50).for_each(|n| tracker.record(switch(&format!("c{n}")), at(n)));
    assert_eq!(waiting_with(&mut tracker, "session_start"), 1);
}

#[test]
fn shares_are_right_after_a_sleep_and_after_taking_over() {
    let mut first = tab(1, Settings { max_queue_events: 50, ..Settings::default() });
    (0..10).for_each(|n| first.record(noise("loud", n, 0), at(0)));
    let mut storage = BTreeMap::new();
    apply(&mut storage, first.storage_ops());
    first.hand_over("q/new/".into());
    (0..200).for_each(|n| first.record(noise("loud", n, 0), at(1)));
    assert_eq!(first.queued(), 50);
    let mut second = tab(2, Settings { max_queue_events: 12, ..Settings::default() });
    storage.iter().for_each(|(key, value)| second.adopt_chunk(key, value, at(2)));
    (0..100).for_each(|n| second.record(noise("loud", n, 0), at(3)));
    second.record(switch("a"), at(4));
    assert_eq!(waiting_with(&mut second, "component_visit"), 1);
}
