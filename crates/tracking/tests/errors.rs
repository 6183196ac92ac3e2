//! Errors: scrubbed, limited when they repeat; and the embedder's look at every event.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{cell::RefCell, rc::Rc};

use serde_json::{Value, value::RawValue};
use tracking::{
    Component, Consent, DropReason, ErrorKind, Event, Identity, Now, Private, Settings, Signal,
    StorageOp, Timestamp, Tracker, UserSecret,
};

fn at(ms: u64) -> Now {
    Now { wall: Timestamp(1_764_000_000_000 + ms), mono_ms: 1_000 + ms }
}

fn identity() -> Identity {
    let mut n = 0_u128;
    Identity {
        user_id: UserSecret::new(1).user_id(),
        session: None,
        queue_prefix: "q/".into(),
        random: Box::new(move || {
            n += 1 << 64;
            n
        }),
    }
}

fn granted(settings: Settings) -> Tracker {
    let mut tracker = Tracker::new(settings, Consent::Pending);
    tracker.grant(identity(), at(0));
    tracker
}

fn failed(message: &str, stack: &str) -> Signal {
    Signal::Failed {
        component: Component::new("a", "A"),
        kind: ErrorKind::Exception,
        message: message.into(),
        stack: stack.into(),
    }
}

fn switched(url: &str) -> Signal {
    Signal::Switched {
        demo: false,
        to: Component::new("a", "A"),
        url: url.into(),
        referrer: "http://u:p@x.org/r?q=1".into(),
        visible: true,
    }
}

fn interacted(details: &str) -> Signal {
    Signal::Interacted {
        component: Component::new("a", "A"),
        interaction_type: "click".into(),
        details: Some(RawValue::from_string(details.into()).unwrap()),
    }
}

fn lines(tracker: &Tracker, event: &str) -> Vec<Value> {
    let lines = tracker.recent().map(|frozen| serde_json::from_str(&frozen.line).unwrap());
    lines.filter(|line: &Value| line["event"] == event).collect()
}

fn dropped(tracker: &Tracker, reason: DropReason) -> u64 {
    tracker.stats().dropped.of(reason)
}

#[test]
fn messages_stacks_and_urls_are_scrubbed_before_they_are_frozen() {
    let scrub = vec![Private::After("customer ".into())];
    let mut tracker = granted(Settings { scrub, ..Settings::default() });
    tracker.record(switched("http://x.org/p/jo@x.org?t=1"), at(0));
    tracker.record(failed("customer Jo, Bearer abc", "at f (http://x.org/a.js?v=1:2:3)"), at(1));
    let visit = &lines(&tracker, "component_visit")[0];
    assert_eq!(visit["url"], "http://x.org/p/<email>");
    assert_eq!(visit["referrer"], "http://<user>@x.org/r");
    let error = &lines(&tracker, "component_error")[0];
    assert_eq!(error["error_message"], "customer <private>, Bearer <token>");
    assert_eq!(error["error_stack"], "at f (http://x.org/a.js?<query>:2:3)");
    assert!(error.get("suppressed").is_none());
}

#[test]
fn settings_that_come_after_consent_scrub_too() {
    let mut tracker = granted(Settings::default());
    let scrub = vec![Private::Text("acme".into())];
    tracker.configure(Settings { scrub, ..Settings::default() });
    tracker.record(failed("ACME is down", ""), at(0));
    assert_eq!(lines(&tracker, "component_error")[0]["error_message"], "<private> is down");
}

#[test]
fn repeats_are_suppressed_and_counted_in_the_next_one() {
    let mut tracker = granted(Settings::default());
    for n in 0..1_000 {
        tracker.record(failed("again", ""), at(n));
    }
    assert_eq!(lines(&tracker, "component_error").len(), 10);
    assert_eq!(dropped(&tracker, DropReason::Repeated), 990);
    tracker.record(failed("again", ""), at(20_000));
    let last = lines(&tracker, "component_error").pop().unwrap();
    assert_eq!(last["suppressed"], 990);
    tracker.record(Signal::Closed, at(20_001));
    assert!(lines(&tracker, "tracking_dropped").is_empty(), "the errors have told already");
}

#[test]
fn what_a_closing_page_suppressed_is_told_on_closing() {
    let mut tracker = granted(Settings::default());
    for n in 0..15 {
        tracker.record(failed("again", ""), at(n));
    }
    tracker.record(Signal::Closed, at(20));
    let told = &lines(&tracker, "tracking_dropped")[0];
    assert_eq!((&told["dropped_reason"], &told["dropped_count"]), (&"repeated".into(), &5.into()));
}

#[test]
fn an_embedder_changes_and_drops_events_before_they_are_frozen() {
    let mut tracker = Tracker::new(Settings::default(), Consent::Pending);
    let seen = Rc::new(RefCell::new(Vec::new()));
    let log = seen.clone();
    tracker.set_before_record(Box::new(move |component, mut event| {
        log.borrow_mut().push(event.name());
        if let Event::ComponentError { error_message, .. } = &mut event {
            *error_message = "m".repeat(10_000);
        }
        (component.hash != "a" || event.name() != "component_interaction").then_some(event)
    }));
    tracker.record(failed("x", ""), at(0));
    tracker.grant(identity(), at(1));
    tracker.record(interacted("1"), at(2));
    assert_eq!(*seen.borrow(), ["session_start", "component_error", "component_interaction"]);
    let error = &lines(&tracker, "component_error")[0];
    assert_eq!(error["error_message"].as_str().unwrap().len(), 500, "limits hold behind the hook");
    assert_eq!(lines(&tracker, "component_interaction").len(), 0);
    assert_eq!(dropped(&tracker, DropReason::Filtered), 1);
    let seqs: Vec<_> = tracker.recent().map(|f| f.line.contains("\"seq\":2")).collect();
    assert_eq!(seqs, [false, true], "a dropped event leaves no gap");
}

#[test]
fn the_hook_outlives_a_withdrawn_consent() {
    let mut tracker = granted(Settings::default());
    tracker.set_before_record(Box::new(|_, event| {
        (event.name() != "component_error").then_some(event)
    }));
    tracker.revoke();
    tracker.grant(identity(), at(5));
    tracker.record(failed("x", ""), at(6));
    assert!(lines(&tracker, "component_error").is_empty());
}

#[test]
fn details_of_several_lines_are_stored_and_restored_as_one() {
    let mut tracker = granted(Settings::default());
    tracker.record(interacted("{\r\n\t\"a\": [1,\n2], \"b\": \"x\\ny\"\n}"), at(0));
    let StorageOp::Put { key, value } = tracker.storage_ops().remove(0) else { panic!() };
    let mut next = granted(Settings::default());
    next.adopt_chunk(&key, &value, at(10));
    assert_eq!((next.queued(), dropped(&next, DropReason::Corrupt)), (2, 0));
    let line = &lines(&tracker, "component_interaction")[0];
    assert_eq!(line["details"], serde_json::json!({"a": [1, 2], "b": "x\ny"}));
}
